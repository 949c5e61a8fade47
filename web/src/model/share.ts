/* Links that somebody has made, and what goes into one. */
import { list, localReference, type Bundle, type Resource } from './fhir.ts';
import {
    collection,
    entriesOf,
    plainCopy,
    plainPatient,
    SHARE_PARTS,
    SUMMARY,
    withParts,
    type SharePart,
} from './extract.ts';
import { groups } from './params.ts';
import type { RecordIndex } from './record.ts';

export interface SharedLink {
    id: string;
    label: string;
    words: string;
    start: string;
    end: string;
    ended: string; /* by the person, before its time; '' */
    open: boolean;
    passcode: boolean;
    triesLeft: number;
    opened: number;
    last: string;
    lastBy: string;
}

export const readLinks = (parameters: Resource): SharedLink[] =>
    groups(parameters, 'link').map((p) => ({
        id: p.text('id'),
        label: p.text('label'),
        words: p.text('words'),
        start: p.text('start'),
        end: p.text('end'),
        ended: p.text('ended'),
        open: p.flag('open'),
        passcode: p.flag('passcode'),
        triesLeft: p.number('tries-left'),
        opened: p.number('opened'),
        last: p.text('last'),
        lastBy: p.text('last-by'),
    }));

export const TIMES = { hour: 3600, day: 86400, week: 7 * 86400, month: 30 * 86400 } as const;
export type Time = keyof typeof TIMES;

export interface Wanted {
    what: 'item' | 'summary' | 'parts' | '';
    parts: SharePart[];
}

/* The entries that are wanted, each once, with what they are made of. */
export function wantedEntries(
    index: RecordIndex,
    wanted: Wanted,
    item: Resource | undefined,
    now: number,
): Resource[] {
    if (wanted.what === 'item') {
        return item ? withParts(index, [item]) : [];
    }
    const brief = wanted.what === 'summary';
    const parts = brief ? SUMMARY : SHARE_PARTS.filter((p) => wanted.parts.includes(p));
    return wanted.what ? withParts(index, parts.flatMap((p) => entriesOf(index, p, brief, now))) : [];
}

/* The parts that are wanted and of which there is nothing. */
export function emptyParts(index: RecordIndex, wanted: Wanted, now: number): SharePart[] {
    const brief = wanted.what === 'summary';
    const parts = brief ? SUMMARY : wanted.what === 'parts' ? wanted.parts : [];
    return parts.filter((p) => !entriesOf(index, p, brief, now).length);
}

/* A letter's files (by `at` of their originals) stand in its entry, since nobody who has a link may
 * ask for them. */
export function withOriginals(r: Resource, files: ReadonlyMap<string, string>): Resource {
    if (r.resourceType !== 'DocumentReference') {
        return r;
    }
    const content = list<any>(r.content).map((c) => {
        const { url, ...attachment } = c.attachment ?? {};
        const data = files.get(localReference(url)) ?? attachment.data;
        return { ...c, attachment: { ...attachment, ...(data ? { data } : {}) } };
    });
    return { ...r, content };
}

export function sharedBundle(
    index: RecordIndex,
    patient: Resource,
    entries: Resource[],
    files: ReadonlyMap<string, string>,
    base: string,
    now: number,
): Bundle {
    return collection(
        [
            plainPatient(patient),
            ...entries.map((r) => plainCopy(index, withOriginals(r, files), r)),
        ],
        base,
        now,
    );
}
