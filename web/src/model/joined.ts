/*
 * The record of several places as one (docs/locality.md, "The joined record"): who answered, who did
 * not, whose each entry is, and which are likely the same thing.
 */
import { list, words, type Bundle, type Resource } from './fhir.ts';
import { RecordIndex } from './record.ts';
import { kindCounts, timeline, type Entry } from './timeline.ts';

const PLACE = 'https://kith.care/fhir/StructureDefinition/joined-place';

export type Outcome = 'answered' | 'timed-out' | 'away' | 'refused' | 'broken';
const OUTCOMES: string[] = ['answered', 'timed-out', 'away', 'refused', 'broken'];

export interface Place {
    name: string;
    base: string;
    outcome: Outcome;
    words: string; /* as the node says it */
    entries: number;
    own: boolean;
    withheld: boolean;
    unwitnessed: boolean;
    more: boolean; /* it has more than was fetched */
}

export interface Line {
    entry: Entry;
    place: string; /* the name of its custodian */
    own: boolean;
    also: string[]; /* names of other places that have exactly the same */
    unwitnessed: boolean;
}

/* One line, or several that are likely the same thing. */
export interface Item {
    lines: Line[];
}

export interface Joined {
    whole: boolean;
    summary: string;
    places: Place[];
    notes: string[]; /* what else the node says */
    items: Item[]; /* newest first, as they came */
}

const value = (ext: any, url: string): any => {
    const found = list<any>(ext?.extension).find((x) => x.url === url) ?? {};
    const key = Object.keys(found).find((k) => k.startsWith('value'));
    return key ? found[key] : undefined;
};

function placeOf(issue: any): Place | null {
    const ext = list<any>(issue.extension).find((x) => x.url === PLACE);
    if (!ext) {
        return null;
    }
    const outcome = String(value(ext, 'outcome') ?? '');
    return {
        name: String(value(ext, 'name') || value(ext, 'ods') || 'This organisation'),
        base: String(value(ext, 'base') ?? ''),
        /* what is not known is no answer */
        outcome: (OUTCOMES.includes(outcome) ? outcome : 'broken') as Outcome,
        words: words(issue.details),
        entries: Number(value(ext, 'entries') ?? 0),
        own: value(ext, 'own') === true,
        withheld: value(ext, 'withheld') === true,
        unwitnessed: value(ext, 'unwitnessed') === true,
        more: value(ext, 'more') === true,
    };
}

/* 'https://node/fhir/Observation/5' → 'https://node/fhir' */
const baseOf = (url: string | undefined): string =>
    (url ?? '').replace(/\/[A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/, '');

const isUnwitnessed = (r: Resource): boolean =>
    list(r.meta?.tag).some((t) => t.code === 'unwitnessed');

/* Ids are those of each place: one index a place, so that references lead to its own entries. */
function lineOf(bundle: Bundle): Map<Resource, Entry> {
    const indexes = new Map<string, RecordIndex>();
    for (const e of list(bundle.entry)) {
        if (!e.resource || e.search?.mode === 'outcome') {
            continue;
        }
        const base = e.resource.meta?.source ?? '';
        const index = indexes.get(base) ?? new RecordIndex();
        indexes.set(base, index);
        index.add([e.resource]);
    }
    const lines = new Map<Resource, Entry>();
    for (const index of indexes.values()) {
        for (const entry of timeline(index)) {
            lines.set(entry.res, entry);
        }
    }
    return lines;
}

function readItems(bundle: Bundle, places: Place[]): Item[] {
    const lines = lineOf(bundle);
    const byBase = new Map(places.map((p) => [p.base, p]));
    const groups = new Map<string, Item>();
    const items: Item[] = [];
    for (const e of list(bundle.entry)) {
        const entry = e.resource ? lines.get(e.resource) : undefined;
        if (!entry) {
            continue;
        }
        const source = entry.res.meta?.source ?? '';
        const place = byBase.get(source);
        const links = list(e.link);
        const line: Line = {
            entry,
            place: place?.name ?? source,
            own: place?.own ?? false,
            also: links
                .filter((l) => l.relation === 'kith-also')
                .map((l) => byBase.get(baseOf(l.url))?.name ?? baseOf(l.url)),
            unwitnessed: isUnwitnessed(entry.res),
        };
        const alike = links.find((l) => l.relation === 'kith-alike')?.url ?? '';
        const had = alike ? groups.get(alike) : undefined;
        if (had) {
            had.lines.push(line);
            continue;
        }
        const item = { lines: [line] };
        items.push(item);
        if (alike) {
            groups.set(alike, item);
        }
    }
    return items;
}

export function readJoined(bundle: Bundle): Joined {
    const outcome = list(bundle.entry).find((e) => e.search?.mode === 'outcome')?.resource;
    const issues = list<any>(outcome?.issue);
    const places: Place[] = [];
    const notes: string[] = [];
    issues.slice(1).forEach((issue) => {
        const place = placeOf(issue);
        if (place) {
            places.push(place);
        } else if (words(issue.details)) {
            notes.push(words(issue.details));
        }
    });
    return {
        /* the node says it twice; both have to be so */
        whole: issues[0]?.code === 'informational' && bundle.total !== undefined,
        summary: words(issues[0]?.details) || 'The node does not say who has answered',
        places,
        notes,
        items: readItems(bundle, places),
    };
}

/* Of which kinds the items are, and how many of each: the first line tells for all of an item. */
export const kindOfItem = (item: Item): string => item.lines[0]!.entry.kind;
export const itemKinds = (items: Item[]): [string, number][] =>
    kindCounts(items.map((item) => item.lines[0]!.entry));

/* What is missing, place by place, for a warning. */
export const missing = (joined: Joined): Place[] =>
    joined.places.filter((p) => p.outcome !== 'answered' || p.more || p.withheld);

export const OUTCOME_WORDS: Record<Outcome, [words: string, tone: string]> = {
    answered: ['Answered', 'green'],
    'timed-out': ['Did not answer in time', 'orange'],
    away: ['Cannot be reached', 'orange'],
    refused: ['Refused', 'red'],
    broken: ['Answer could not be used', 'red'],
};
