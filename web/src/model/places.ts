/*
 * The record of several places as one (docs/locality.md, "The joined record"), put into one index.
 * Ids are those of each place, so an entry of another place, and what it refers to, is renamed:
 * 'Observation/7' of Y90001 is 'Observation/Y90001~7' here. No id of FHIR has a '~'.
 */
import { answered } from '../texts/answered.ts';
import { language } from '../texts/area.ts';
import { list, words, type Bundle, type Resource } from './fhir.ts';
import type { About, RecordIndex } from './record.ts';

const PLACE = 'https://kith.care/fhir/StructureDefinition/joined-place';

export type Outcome = 'answered' | 'timed-out' | 'away' | 'refused' | 'broken';
const OUTCOMES: string[] = ['answered', 'timed-out', 'away', 'refused', 'broken'];

export interface Place {
    ods: string;
    name: string;
    base: string;
    outcome: Outcome;
    words: string; /* as the node says it */
    own: boolean;
    withheld: boolean;
    unwitnessed: boolean;
    more: boolean; /* it has more than was fetched */
}

export interface Answers {
    whole: boolean;
    summary: string;
    places: Place[];
    notes: string[]; /* what else the node says */
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
    const ods = String(value(ext, 'ods') ?? '');
    return {
        ods,
        name: String(value(ext, 'name') || ods || 'This organisation'),
        base: String(value(ext, 'base') ?? ''),
        /* what is not known is no answer */
        outcome: (OUTCOMES.includes(outcome) ? outcome : 'broken') as Outcome,
        words: words(issue.details),
        own: value(ext, 'own') === true,
        withheld: value(ext, 'withheld') === true,
        unwitnessed: value(ext, 'unwitnessed') === true,
        more: value(ext, 'more') === true,
    };
}

/* Who has answered, of the first page of a joined answer. */
export function answersOf(bundle: Bundle): Answers {
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
        summary: words(issues[0]?.details),
        places,
        notes,
    };
}

/* Of a record that may not be whole: the node's own words, which are English, or as much in ours. */
export function summaryWords(answers: Answers): string {
    const t = answered();
    return language() === 'en' && answers.summary
        ? `${answers.summary}.`
        : answers.places.length > 1
          ? t.maybePart
          : t.hereOnly;
}

/* What a place that has not answered means for the record. */
export function lackWords(place: Place): string {
    const t = answered();
    return language() === 'en' && place.words
        ? place.words
        : t.lacks(place.name, place.more ? t.more : t.outcomes[place.outcome]);
}

/* What is missing, place by place. */
export const missing = (answers: Answers): Place[] =>
    answers.places.filter((p) => p.outcome !== 'answered' || p.more);

/* Nobody else was asked, since nobody else may know: a node without neighbours, a person who acts for another. */
export const alone = (answers: Answers): boolean =>
    !answers.whole &&
    !answers.notes.length &&
    answers.places.every((p) => p.own && p.outcome === 'answered' && !p.more);

const WORST: Outcome[] = ['answered', 'refused', 'timed-out', 'away', 'broken'];

/* Two answers about parts of one record: whoever lacks in one lacks in both. */
export function together(a: Answers | null, b: Answers): Answers {
    if (!a) {
        return b;
    }
    const places = new Map(a.places.map((p) => [p.base, p]));
    for (const p of b.places) {
        const had = places.get(p.base);
        const worse = had && WORST.indexOf(had.outcome) > WORST.indexOf(p.outcome) ? had : p;
        places.set(p.base, {
            ...worse,
            withheld: p.withheld || (had?.withheld ?? false),
            more: p.more || (had?.more ?? false),
        });
    }
    return {
        whole: a.whole && b.whole,
        summary: a.whole ? b.summary : a.summary,
        places: [...places.values()],
        notes: [...new Set([...a.notes, ...b.notes])],
    };
}

const RELATIVE = /^([A-Z][A-Za-z]+\/)([A-Za-z0-9.-]{1,64})((?:\/_history\/[^/]+)?)$/;

/* Renames in place, since the resource was made for this page alone; its depth is the answer's. */
function rename(part: any, ods: string): void {
    if (Array.isArray(part)) {
        part.forEach((p) => rename(p, ods));
    } else if (part && typeof part === 'object') {
        for (const [name, v] of Object.entries(part)) {
            if (name === 'reference' && typeof v === 'string') {
                part.reference = v.replace(RELATIVE, `$1${ods}~$2$3`);
            } else if (v && typeof v === 'object') {
                rename(v, ods);
            }
        }
    }
}

/* The id that an entry has at the place that keeps it. */
export const idThere = (id: string): string => id.slice(id.indexOf('~') + 1);

/* 'https://node/fhir/Observation/5' → 'https://node/fhir' */
const baseOf = (url: string | undefined): string =>
    (url ?? '').replace(/\/[A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/, '');

/* Puts the entries of one page of a joined answer into the index. `groups`: of the pages before. */
export function takeJoined(
    index: RecordIndex,
    bundle: Bundle,
    answers: Answers,
    groups: Map<string, Resource[]>,
): void {
    const byBase = new Map(answers.places.map((p) => [p.base, p]));
    for (const e of list(bundle.entry)) {
        const r = e.resource;
        if (!r?.resourceType || e.search?.mode === 'outcome') {
            continue;
        }
        const place = byBase.get(r.meta?.source ?? '');
        const own = place?.own ?? false;
        if (!own) {
            const ods = place?.ods || 'elsewhere';
            rename(r, ods);
            r.id = `${ods}~${r.id ?? ''}`;
        }
        const links = list(e.link);
        const about: About = {
            place: place?.name ?? r.meta?.source ?? '',
            ods: place?.ods ?? '',
            own,
            also: links
                .filter((l) => l.relation === 'kith-also')
                .map((l) => byBase.get(baseOf(l.url))?.name ?? baseOf(l.url)),
            alike: [],
            unwitnessed: list(r.meta?.tag).some((t) => t.code === 'unwitnessed'),
        };
        const key = `${r.resourceType}/${r.id ?? ''}`;
        index.add([r]);
        index.tell(key, about);
        const alike = links.find((l) => l.relation === 'kith-alike')?.url ?? '';
        if (alike) {
            const group = groups.get(alike) ?? [];
            groups.set(alike, group);
            group.push(index.byReference.get(key)!);
            about.alike = group;
        }
    }
}
