/* What people ask, and who owns the answer (docs/requests.md): Tasks, and what is said beside an entry. */
import { sortTime } from './dates.ts';
import { list, title, typeWords, type Coding, type Concept, type Resource } from './fhir.ts';
import { observationValue } from './values.ts';

export const REQUEST_KIND = 'https://kith.care/fhir/CodeSystem/request-kind';
export const MAILBOX = 'https://kith.care/fhir/CodeSystem/mailbox';
export const WORDS_MOST = 4000;

export type AskKind = 'correction' | 'comment' | 'repeat' | 'question' | 'feedback';
export type WorkKind = 'result' | 'letter' | 'task';
export type Kind = AskKind | WorkKind;
export const ASKS: readonly AskKind[] = ['correction', 'comment', 'repeat', 'question', 'feedback'];
export const WORK: readonly WorkKind[] = ['result', 'letter', 'task'];

/* What an answer may say, for each kind. */
export const OUTCOMES: Record<Kind, readonly string[]> = {
    correction: ['corrected', 'not-changed'],
    comment: [],
    repeat: ['done', 'refused'],
    question: ['answered'],
    feedback: ['answered'],
    result: ['done', 'not-done'],
    letter: ['done', 'not-done'],
    task: ['done', 'not-done'],
};

export interface Request {
    res: Resource;
    kind: Kind;
    words: string;
    about: string; /* 'Observation/5'; '': the record as a whole */
    patient: string; /* id; '': of nobody */
    asked: string;
    by: string; /* who asked */
    byReference: string;
    owner: string;
    ownerReference: string;
    due: string;
    waits: boolean;
    withdrawn: boolean;
    outcome: string;
    answer: string;
    answered: string; /* when */
    page: string; /* that feedback is about */
    notes: { words: string; by: string; at: string }[];
    internal: boolean;
    there: string; /* 'Observation/5' at the place that owns it; '': it is kept here */
    place: string; /* its ODS code */
}

const codeIn = (concepts: Concept[], system: string): string =>
    concepts
        .flatMap((c) => list<Coding>(c?.coding))
        .find((c) => c.system === system)?.code ?? '';

const named = (ref: any): string => String(ref?.display ?? ref?.reference ?? '');

const pick = (items: unknown, name: string): any =>
    list<any>(items as any).find((x) =>
        list<Coding>(x?.type?.coding).some((c) => c.code === name),
    );

/* null: it is none of these. */
export function requestOf(res: Resource): Request | null {
    const kind = codeIn(list<Concept>(res.code), REQUEST_KIND) as Kind;
    if (res.resourceType !== 'Task' || !(kind in OUTCOMES)) {
        return null;
    }
    return {
        res,
        kind,
        words: String(res.description ?? ''),
        about: String(res.focus?.reference ?? ''),
        patient: String(res.for?.reference ?? '').replace(/^Patient\//, ''),
        asked: String(res.authoredOn ?? ''),
        by: named(res.requester),
        byReference: String(res.requester?.reference ?? ''),
        owner: named(res.owner),
        ownerReference: String(res.owner?.reference ?? ''),
        due: String(res.restriction?.period?.end ?? '').slice(0, 10),
        waits: res.status === 'requested' || res.status === 'in-progress',
        withdrawn: res.status === 'cancelled',
        outcome: list<Coding>(pick(res.output, 'outcome')?.valueCodeableConcept?.coding)[0]?.code ?? '',
        answer: String(pick(res.output, 'words')?.valueString ?? ''),
        answered: res.status === 'completed' ? String(res.lastModified ?? '') : '',
        page: String(pick(res.input, 'page')?.valueString ?? ''),
        notes: list<any>(res.note).map((n) => ({
            words: String(n.text ?? ''),
            by: named(n.authorReference),
            at: String(n.time ?? ''),
        })),
        there: String(pick(res.input, 'entry')?.valueString ?? ''),
        place: String(res.owner?.identifier?.value ?? ''),
        internal: list<any>(res.meta?.security).some((c) => c.code === 'NOPAT'),
    };
}

/* Something said beside an entry. */
export interface Remark {
    res: Resource;
    words: string;
    about: string;
    by: string;
    byReference: string;
    at: string;
}

export function remarkOf(res: Resource): Remark | null {
    if (
        res.resourceType !== 'Communication' ||
        codeIn(list<Concept>(res.category), REQUEST_KIND) !== 'comment' ||
        res.status !== 'completed'
    ) {
        return null;
    }
    return {
        res,
        words: list<any>(res.payload)
            .map((p) => String(p.contentString ?? ''))
            .filter(Boolean)
            .join('\n'),
        about: String(list<any>(res.about)[0]?.reference ?? ''),
        by: named(res.sender),
        byReference: String(res.sender?.reference ?? ''),
        at: String(res.sent ?? ''),
    };
}

/* A message of another organisation that waits for somebody here. */
export const isMail = (res: Resource): boolean =>
    res.resourceType === 'Task' && codeIn(list<Concept>(res.code), MAILBOX) === 'inbox';

/* What a message of the workflow `request` asks, or answers; null: it is another message. */
export function askedInMail(bundle: Resource | null): { request: Request; answers: boolean } | null {
    const all = list<any>((bundle as any)?.entry).map((e) => e.resource as Resource);
    const header = all.find((r) => r?.resourceType === 'MessageHeader');
    const task = all.find((r) => r?.resourceType === 'Task');
    const request = task ? requestOf(task) : null;
    return request ? { request, answers: Boolean(header?.response) } : null;
}

/* The day itself still counts. */
export const isLate = (r: Request, now = Date.now()): boolean =>
    r.waits && Boolean(r.due) && Date.parse(r.due) + 24 * 3600 * 1000 <= now;

/* What is due first stands first; what has no day, last. */
export const byDue = (a: Request, b: Request): number =>
    (a.due || '9999').localeCompare(b.due || '9999') || sortTime(a.asked) - sortTime(b.asked) || 0;

export const newestFirst = (a: Request, b: Request): number =>
    (sortTime(b.answered || b.asked) || 0) - (sortTime(a.answered || a.asked) || 0);

/* What an entry is called where only the entry is known. */
export function nameOf(res: Resource | undefined, reference = ''): string {
    if (!res) {
        return typeWords(reference.split('/')[0] ?? '');
    }
    const concept = res.code ?? res.vaccineCode ?? res.medicationCodeableConcept ?? res.type;
    const name = title(Array.isArray(concept) ? concept[0] : concept);
    const value = res.resourceType === 'Observation' ? observationValue(res).text : '';
    const words = name || String(res.description ?? '') || typeWords(res.resourceType);
    return value ? `${words}: ${value}` : words;
}

/* Kinds of entries beside which people may say something. */
const NOT_ABOUT = ['Patient', 'Task', 'Communication', 'Consent', 'AuditEvent', 'Provenance'];
export const canBeAsked = (res: Resource): boolean => !NOT_ABOUT.includes(res.resourceType);

export const canBeRepeated = (res: Resource): boolean =>
    ['MedicationRequest', 'MedicationStatement'].includes(res.resourceType) &&
    ['active', 'completed', 'intended'].includes(String(res.status));

export const workKind = (res: Resource): WorkKind =>
    ['Observation', 'DiagnosticReport'].includes(res.resourceType)
        ? 'result'
        : ['DocumentReference', 'Composition', 'Communication'].includes(res.resourceType)
          ? 'letter'
          : 'task';
