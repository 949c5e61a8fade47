/* The timeline as it is read: each thing once, by place, by year, what is to come first. */
import { timelineTexts } from '../texts/timeline.ts';
import type { Resource } from './fhir.ts';
import type { RecordIndex } from './record.ts';
import { KIND_ORDER, matches, type Entry, type Kind } from './timeline.ts';

/* What is one line of the timeline: an entry, and others that are likely the same thing. */
export interface Item {
    entry: Entry;
    others: Entry[];
    also: string[]; /* other places that have exactly the same */
}

/* Entries in their order, each thing once: the first one stands for those that are alike. */
export function items(entries: Entry[], index: RecordIndex): Item[] {
    const heads = new Map<Resource[], Item>();
    const out: Item[] = [];
    for (const entry of entries) {
        const { alike, also } = index.aboutOf(entry.res);
        const head = alike.length > 1 ? heads.get(alike) : undefined;
        if (head) {
            head.others.push(entry);
            head.also = [...new Set([...head.also, ...also])];
            continue;
        }
        const item: Item = { entry, others: [], also };
        out.push(item);
        if (alike.length > 1) {
            heads.set(alike, item);
        }
    }
    return out;
}

/* Which place keeps an entry: its name; `here` for this node, where nothing is said. */
export const placeOf = (e: Entry, index: RecordIndex, here: string): string =>
    index.aboutOf(e.res).place || here;

/* The names of all places that have the thing in this form or another, but for its own. */
export function alsoAt(item: Item, index: RecordIndex, here: string): string[] {
    const own = placeOf(item.entry, index, here);
    const names = [...item.also, ...item.others.map((e) => placeOf(e, index, here))];
    return [...new Set(names)].filter((n) => n !== own);
}

const OFF = new Set(['cancelled', 'noshow', 'revoked', 'rejected']);

/* What is still to come, the next one first; and what has been. */
export function upcoming(all: Item[], now: number): { next: Item[]; past: Item[] } {
    const ahead = (i: Item) =>
        i.entry.time > now && !i.entry.wrong && !OFF.has(String(i.entry.res.status));
    return { next: all.filter(ahead).reverse(), past: all.filter((i) => !ahead(i)) };
}

export interface Wanted {
    kinds: ReadonlySet<string>;
    places: ReadonlySet<string>;
    words: string[]; /* folded */
}

/* An item is wanted where one of its entries is. */
export function wanted(item: Item, w: Wanted, index: RecordIndex, here: string): boolean {
    return (
        (!w.kinds.size || w.kinds.has(item.entry.kind)) &&
        (!w.places.size ||
            w.places.has(placeOf(item.entry, index, here)) ||
            alsoAt(item, index, here).some((p) => w.places.has(p))) &&
        (!w.words.length || [item.entry, ...item.others].some((e) => matches(e, index, w.words)))
    );
}

export interface Year {
    year: number;
    label: string;
    items: Item[];
}

export function byYear(all: Item[]): Year[] {
    const out: Year[] = [];
    for (const item of all) {
        const { year } = item.entry;
        const label = Number.isNaN(year) ? timelineTexts().noDate : String(year);
        const last = out[out.length - 1];
        if (last?.label === label) {
            last.items.push(item);
        } else {
            out.push({ year, label, items: [item] });
        }
    }
    return out;
}

function counts<K>(all: K[]): Map<K, number> {
    const out = new Map<K, number>();
    all.forEach((k) => out.set(k, (out.get(k) ?? 0) + 1));
    return out;
}

export function kindCounts(all: Item[]): [Kind, number][] {
    const of = counts(all.map((i) => i.entry.kind));
    return KIND_ORDER.filter((k) => of.has(k)).map((k): [Kind, number] => [k, of.get(k)!]);
}

/* How many things each place keeps, most first; a thing that two places have counts for both. */
export function placeCounts(all: Item[], index: RecordIndex, here: string): [string, number][] {
    const names = all.flatMap((i) => [placeOf(i.entry, index, here), ...alsoAt(i, index, here)]);
    return [...counts(names)].sort((a, b) => b[1] - a[1]);
}
