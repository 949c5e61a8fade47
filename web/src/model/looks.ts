/* "Who looked at my record": the entries of /audit/patient/{id}, in words, and as a file. */
import { looks } from '../texts/looks.ts';
import { civil, instant, showDate, showDateTime } from './dates.ts';
import { capital, sentence, typeWords } from './fhir.ts';

export interface Look {
    seq?: number[]; /* places in the patient's chain, newest first as the node sent them */
    leaves?: number[]; /* beside `seq` */
    leaf: number;
    at: number | string;
    class: string;
    kind?: string; /* none: a program has read in several ways */
    who?: string;
    name?: string;
    role_name?: string;
    organisation_name?: string;
    relation?: string;
    purpose?: string;
    reason?: string;
    what?: string;
    peers?: string[]; /* other organisations that were asked, or have answered */
    count?: number;
    client_name?: string;
    disclose_after?: number | string;
}

export interface Looks {
    total: number | null; /* null: how many there are is not told to a proxy */
    verified_size?: number | null;
    entries: Look[];
    next?: number | string;
}

/* Words by a code that the node has sent, which may be one that is not known here. */
const of = (table: Readonly<Record<string, string>>, code: string): string | undefined =>
    Object.hasOwn(table, code) ? table[code] : undefined;

const typeName = (type: string, own: boolean): string =>
    of(looks().types(own), type) ?? typeWords(type).toLowerCase();

/* Part of a record, as a patient calls it; the rest goes by its own name. */
export const partWords = (type: string, own: boolean): string => capital(typeName(type, own));

/* A reason of $open or $claim; docs/access-operations.md. */
export const reasonWords = (code: string): string | undefined => of(looks().reasons, code);

/* Only what people did, or only what programs did. */
export const isProgram = (l: Look): boolean => ['system', 'prefetch'].includes(l.class);

export const isOverride = (l: Look): boolean => l.kind === 'override' || l.purpose === 'ETREAT';

/* The time of day alone; '' where only the day is known. */
export const timeWords = (l: Look): string => civil(instant(l.at))?.time ?? '';
export const whenWords = (l: Look): string => showDateTime(instant(l.at));

/* `own`: who reads it is the patient. */
export const classWords = (l: Look, own = true): string =>
    of(looks().classes(own), l.class) ?? looks().somebody;

export function whoWords(l: Look, own = true): string {
    const t = looks();
    if (l.class === 'self') {
        return own ? t.you : l.name || t.thePatient;
    }
    if (isProgram(l)) {
        return l.client_name || l.name || t.aProgram;
    }
    if (l.class === 'erased') {
        return t.erased;
    }
    if (l.class === 'link') {
        return t.saidThey(l.name ?? ''); /* nobody has checked it */
    }
    return l.name || (l.class === 'legal' ? t.notTold : l.client_name || t.noName);
}

export function whatWords(l: Look, own = true): string {
    if (l.class === 'erased') {
        return '';
    }
    const t = looks();
    const kind = l.kind ?? 'read';
    const act = of(t.kinds(own), kind) ?? sentence(kind);
    const whole = ['export', 'import', 'refused', 'consent', 'seal', 'override', 'claim', 'review'];
    const n = l.count && l.count > 1 ? t.times(l.count) : '';
    if (whole.includes(kind)) {
        return act + n;
    }
    const things = thingsOf(l.what ?? '', own);
    if (!things && !['read', 'search', 'operation', ...BETWEEN].includes(kind)) {
        return act + n;
    }
    return sentenceOf(l, act, things || t.operations(own).$everything, own) + n;
}

/* 'Observation/5', 'Patient/5/$everything', or the kinds of several: 'Observation, Condition' */
function thingsOf(what: string, own: boolean): string {
    const operations = looks().operations(own);
    const kinds = what
        .split(', ')
        .map((w) => (w.includes('$') ? w.slice(w.indexOf('$')) : w.split('/')[0]!));
    const known = kinds.every((k) => Object.hasOwn(operations, k) || /^[A-Z][A-Za-z]+$/.test(k));
    const things = kinds.map((k) => of(operations, k) ?? typeName(k, own));
    return known ? inARow([...new Set(things)]) : '';
}

/* 'this, that and the other' */
const inARow = (words: string[]): string =>
    words.length > 1
        ? looks().and(words.slice(0, -1).join(', '), words.at(-1)!)
        : (words[0] ?? '');

/* Of what goes between organisations: the others. */
const BETWEEN = ['asked', 'answered', 'gave'];
function sentenceOf(l: Look, act: string, things: string, own: boolean): string {
    const t = looks();
    const names = inARow(l.peers ?? []) || t.another;
    if (l.kind === 'search' && things === t.types(own).AuditEvent) {
        return `${t.kinds(own).read} ${things}`;
    }
    return l.kind === 'asked'
        ? t.asked(names, things)
        : l.kind === 'answered'
          ? t.answered(names, things)
          : l.kind === 'gave'
            ? t.gave(things)
            : `${act} ${things}`;
}

/* To the patient it says nothing that it was somebody's task. */
const relationWords = (relation: string, own: boolean): string =>
    own && relation === 'by their task' ? '' : (of(looks().relations(own), relation) ?? relation);

/* 'For your care: you are registered here. They said: it was an emergency (found unconscious).' */
export function whyWords(l: Look, own = true): string {
    const t = looks();
    if (l.class === 'self') {
        return ''; /* nobody asks you why you read your own record */
    }
    if (l.class === 'link') {
        return t.byLink(l.reason ?? '', own);
    }
    const purpose = of(t.purposes(own), l.purpose ?? '');
    const parts = [[purpose, relationWords(l.relation ?? '', own)].filter(Boolean).join(': ')];
    if (l.reason) {
        const [code = '', ...rest] = l.reason.split(/[:,;]?\s+/);
        const words = Object.hasOwn(t.reasons, code)
            ? [of(t.reasonsTold(own), code), rest.join(' ')].filter(Boolean).join(': ')
            : l.reason;
        parts.push(t.theySaid(words));
    }
    return parts.filter(Boolean).map(capital).join('. ');
}

/* A cell that a table program would take for a formula is made text. */
function cell(value: string): string {
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function asCsv(all: Look[], own = true): string {
    const rows = all.map((l) => [
        whenWords(l),
        whoWords(l, own),
        l.role_name ?? '',
        l.organisation_name ?? '',
        whyWords(l, own),
        whatWords(l, own),
        classWords(l, own),
        l.seq?.join(' ') ?? '',
        (l.leaves ?? [l.leaf]).join(' '),
    ]);
    return [looks().columns, ...rows].map((r) => r.map(cell).join(',')).join('\r\n') + '\r\n';
}

/* The days of the list, newest first, and what is in them, in the order of the list. */
export function byDay(all: Look[]): [day: string, looks: Look[]][] {
    const days = new Map<string, Look[]>();
    for (const l of all) {
        const day = showDate(instant(l.at)) || looks().noDay;
        days.set(day, [...(days.get(day) ?? []), l]);
    }
    return [...days];
}
