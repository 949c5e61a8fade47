/* "Who looked at my record": the entries of /audit/patient/{id}, in words, and as a file. */
import { civil, showDate, showDateTime } from './dates.ts';
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

const CLASS_WORDS: Record<string, string> = {
    person: 'Somebody looked',
    self: 'You looked',
    proxy: 'Somebody who acts for you looked',
    system: 'A program asked by itself',
    prefetch: 'A program asked ahead, for somebody who was not there',
    legal: 'A legal duty',
    'own-record': 'Somebody who works here looked at their own record',
    relative: 'Somebody looked who acts for you, or for whom you act',
    colleague: "Somebody looked at a colleague's record",
    link: 'Somebody opened a link that you made',
    erased: 'The words of this entry were erased',
};

const KIND_WORDS: Record<string, string> = {
    read: 'Read',
    search: 'Looked for',
    history: 'Read earlier versions of',
    create: 'Added',
    update: 'Changed',
    delete: 'Deleted',
    operation: 'Read',
    export: 'Took a copy of your record',
    import: 'Loaded your record',
    refused: 'Tried to look, and was refused',
    consent: 'Changed who may see your record',
    seal: 'Sealed or unsealed a part',
    override: 'Opened what was withheld',
    claim: 'Said why they had to look',
    review: 'Checked an opening',
    proxy: 'Changed who acts for you',
    token: 'Let an app in',
    'token-revoked': 'Ended the access of an app',
    launch: 'Opened your record from another system',
    account: 'Changed how you can sign in',
    erase: 'Erased the words of an entry of this list',
    asked: 'Asked another organisation',
    answered: 'Got an answer of another organisation',
    gave: 'Read from another organisation',
};

const PURPOSE_WORDS: Record<string, string> = {
    TREAT: 'for your care',
    ETREAT: 'in an emergency',
    PATRQT: 'because you asked',
    FAMRQT: 'because your family or carer asked',
    HOPERAT: 'to run the service',
    HPAYMT: 'for payment',
    HRESCH: 'for research',
    PUBHLTH: 'for public health',
    HLEGAL: 'because the law asks for it',
    HCOMPL: 'to check how records are used',
    SYSADMIN: 'to keep the system running',
};

/* What a patient calls an entry of this type; the rest goes by its own name. */
const TYPE_WORDS: Record<string, string> = {
    Patient: 'your details',
    Observation: 'test results or measurements',
    DiagnosticReport: 'test reports',
    Condition: 'conditions',
    AllergyIntolerance: 'allergies',
    MedicationRequest: 'medicines',
    MedicationStatement: 'medicines',
    MedicationDispense: 'medicines',
    Immunization: 'vaccinations',
    Procedure: 'operations and treatments',
    Encounter: 'visits',
    Appointment: 'appointments',
    DocumentReference: 'letters and documents',
    CarePlan: 'care plans',
    ServiceRequest: 'referrals and requests',
    Consent: 'choices about your record',
    Communication: 'messages to you',
    CareTeam: 'teams that look after you',
    RelatedPerson: 'family and carers',
    Task: 'tasks for a privacy officer',
    AuditEvent: 'this list',
};

/* Operations that are about more than one kind of entry. */
const OPERATION_WORDS: Record<string, string> = {
    $everything: 'your record',
    $joined: 'your record from all places',
    $summary: 'a summary of your record',
    '$share-link': 'what you shared by a link',
    '$share-links': 'your links',
    '$share-link-end': 'a link that you made',
    places: 'where you have a record',
};

/* What the node says where somebody had no tie to the patient. */
const RELATION_WORDS: Record<string, string> = {
    'no relationship': 'nothing here said that they look after you',
    'by their task': '',
};

/* The words of this page speak to the patient; others who read them are told of somebody else. */
export const told = (words: string, own: boolean): string =>
    own
        ? words
        : words
              .replace(/\bYou looked\b/g, 'The patient looked')
              .replace(/\byou (are|have|act|asked)\b/g, 'they $1')
              .replace(/\byour\b/g, 'their')
              .replace(/\byou\b/g, 'them');

/* The node speaks of a patient; the list speaks to them. */
const toThem = (relation: string): string =>
    (RELATION_WORDS[relation] ?? relation)
        .replace(/^the (?:patient|person) is /, 'you are ')
        .replace(/^acts for the (?:patient|person)$/, 'they act for you')
        .replace(/^the (?:patient|person) has /, 'you have ')
        .replace(/\bthe (?:patient|person)'s /g, 'your ');

/* Part of a record, as a patient calls it. */
export const partWords = (type: string): string =>
    capital(TYPE_WORDS[type] ?? typeWords(type).toLowerCase());

/* Reasons of $open and $claim; docs/access-operations.md. */
export const REASONS: { code: string; label: string; patient: string }[] = [
    {
        code: 'best-interests',
        label: 'It is in the best interests of the patient',
        patient: 'it was best for you',
    },
    { code: 'emergency', label: 'An emergency', patient: 'it was an emergency' },
    { code: 'patient-asked', label: 'The patient asked me to', patient: 'you asked them to' },
    {
        code: 'handling-referral',
        label: 'I handle a referral or a request',
        patient: 'they handled a referral',
    },
    {
        code: 'public-interest',
        label: 'It protects other people',
        patient: 'it protected other people',
    },
    { code: 'statute', label: 'A law asks for it', patient: 'a law asks for it' },
    { code: 'court-order', label: 'A court ordered it', patient: 'a court ordered it' },
    { code: 'other', label: 'Another reason', patient: '' },
];

/* Only what people did, or only what programs did. */
export const isProgram = (l: Look): boolean => ['system', 'prefetch'].includes(l.class);

export const isOverride = (l: Look): boolean => l.kind === 'override' || l.purpose === 'ETREAT';

export function instant(at: number | string | undefined): string {
    if (typeof at === 'number' && Number.isFinite(at) && Math.abs(at) < 8.64e15) {
        return new Date(at).toISOString();
    }
    return typeof at === 'string' ? at : '';
}

/* The time of day alone; '' where only the day is known. */
export const timeWords = (l: Look): string => civil(instant(l.at))?.time ?? '';
export const whenWords = (l: Look): string => showDateTime(instant(l.at));

/* `own`: who reads it is the patient. */
export const classWords = (l: Look, own = true): string =>
    told(CLASS_WORDS[l.class] ?? 'Somebody looked', own);

export function whoWords(l: Look, own = true): string {
    if (l.class === 'self') {
        return own ? 'You' : l.name || 'The patient';
    }
    if (isProgram(l)) {
        return l.client_name || l.name || 'A program';
    }
    if (l.class === 'erased') {
        return 'Erased';
    }
    if (l.class === 'link') {
        /* nobody has checked it */
        return `Somebody who said they are “${l.name ?? ''}”`;
    }
    return l.name || (l.class === 'legal' ? 'Not told yet' : l.client_name || 'Name not noted');
}

export const whatWords = (l: Look, own = true): string => told(whatToThem(l), own);

function whatToThem(l: Look): string {
    if (l.class === 'erased') {
        return '';
    }
    const kind = l.kind ?? 'read';
    const act = KIND_WORDS[kind] ?? sentence(kind);
    const whole = ['export', 'import', 'refused', 'consent', 'seal', 'override', 'claim', 'review'];
    const n = l.count && l.count > 1 ? `, ${l.count} times` : '';
    if (whole.includes(kind)) {
        return act + n;
    }
    const things = thingsOf(l.what ?? '');
    if (!things && !['read', 'search', 'operation', ...BETWEEN].includes(kind)) {
        return act + n;
    }
    return sentenceOf(l, act, things || 'your record') + n;
}

/* 'Observation/5', 'Patient/5/$everything', or the kinds of several: 'Observation, Condition' */
function thingsOf(what: string): string {
    const kinds = what
        .split(', ')
        .map((w) => (w.includes('$') ? w.slice(w.indexOf('$')) : w.split('/')[0]!));
    const known = kinds.every((k) => Object.hasOwn(OPERATION_WORDS, k) || /^[A-Z][A-Za-z]+$/.test(k));
    const things = kinds.map(
        (k) => OPERATION_WORDS[k] ?? TYPE_WORDS[k] ?? typeWords(k).toLowerCase(),
    );
    return known ? inARow([...new Set(things)]) : '';
}

/* 'this, that and the other' */
const inARow = (words: string[]): string =>
    words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : (words[0] ?? '');

/* Of what goes between organisations: the others. */
const BETWEEN = ['asked', 'answered', 'gave'];
function sentenceOf(l: Look, act: string, things: string): string {
    const names = inARow(l.peers ?? []) || 'another organisation';
    if (l.kind === 'search' && things === TYPE_WORDS.AuditEvent) {
        return `Read ${things}`;
    }
    return l.kind === 'asked'
        ? `Asked ${names} for ${things}`
        : l.kind === 'answered'
          ? `Got ${things} from ${names}`
          : l.kind === 'gave'
            ? `Read ${things}, from another organisation`
            : `${act} ${things}`;
}

/* 'For your care: you are registered here. They said: it was an emergency (found unconscious).' */
export function whyWords(l: Look, own = true): string {
    if (l.class === 'self') {
        return ''; /* nobody asks you why you read your own record */
    }
    if (l.class === 'link') {
        return told(`By your link “${l.reason ?? ''}”`, own);
    }
    const relation = own ? toThem(l.relation ?? '') : (l.relation ?? '');
    const purpose = told(PURPOSE_WORDS[l.purpose ?? ''] ?? '', own);
    const parts = [[purpose, relation].filter(Boolean).join(': ')];
    if (l.reason) {
        const [code = '', ...rest] = l.reason.split(/[:,;]?\s+/);
        const known = REASONS.find((r) => r.code === code);
        const words = known
            ? [told(known.patient, own), rest.join(' ')].filter(Boolean).join(': ')
            : l.reason;
        parts.push(`They said: ${words}`);
    }
    return parts.filter(Boolean).map(capital).join('. ');
}

/* A cell that a table program would take for a formula is made text. */
function cell(value: string): string {
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function asCsv(looks: Look[], own = true): string {
    const head = [
        'When',
        'Who',
        'Role',
        'Organisation',
        'Why',
        'What',
        'Kind',
        'Entries',
        'Place in the log',
    ];
    const rows = looks.map((l) => [
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
    return [head, ...rows].map((r) => r.map(cell).join(',')).join('\r\n') + '\r\n';
}

/* The days of the list, newest first, and what is in them, in the order of the list. */
export function byDay(looks: Look[]): [day: string, looks: Look[]][] {
    const days = new Map<string, Look[]>();
    for (const l of looks) {
        const day = showDate(instant(l.at)) || 'Day not noted';
        days.set(day, [...(days.get(day) ?? []), l]);
    }
    return [...days];
}
