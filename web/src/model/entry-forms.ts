/*
 * The forms with which professionals write in a record: tables of facts. What becomes of an answer is in
 * entry-make.ts, how a stored entry becomes answers again in entry-read.ts.
 */
import { entryForms } from '../texts/entry-forms.ts';
import { findDate, sortTime, type Civil } from './dates.ts';
import { KINDS, type EntryKind, type Kind } from './entry-kinds.ts';
import type { Coding } from './fhir.ts';
import { measureOf, measureProblem, MEASURES } from './measures.ts';

/* What somebody chose of a list, or wrote: the words are kept in any case. */
export interface Coded {
    text: string;
    coding?: Coding;
}
export type Answer = string | Coded;
export type Form = Record<string, Answer>;

export type CodeSet = 'problem' | 'allergy' | 'reaction' | 'medicine' | 'staff';

export interface Field {
    name: string;
    label: string;
    hint?: string;
    is: 'coded' | 'text' | 'long' | 'date' | 'number' | 'phone' | 'choice';
    set?: CodeSet;
    options?: readonly [value: string, label: string][];
    required?: string; /* what is said where it is empty */
    when?: readonly [field: string, answer: string]; /* asked only where another field says so */
}

export interface EntryForm extends EntryKind {
    fields: readonly Field[];
}

/* The words of a field in the catalogue. */
interface Words {
    readonly label: string;
    readonly hint?: string;
    readonly required?: string;
    readonly options?: Readonly<Record<string, string>>;
}

/* These pages are in English alone: the tables are made once. */
const t = entryForms();

const field = (is: Field['is']) => (name: string, { options, ...words }: Words): Field => ({
    name,
    is,
    ...words,
    ...(options ? { options: Object.entries(options) } : {}),
});
const text = field('text');
const long = field('long');
const date = field('date');
const phone = field('phone');
const choice = field('choice');
const coded = (name: string, words: Words, set: CodeSet): Field => ({
    ...field('coded')(name, words),
    set,
});
const measures = (keys: readonly string[]): Field[] =>
    keys.map((key) => {
        const m = measureOf(key)!;
        return { name: key, label: `${m.label} (${m.unit})`, is: 'number' };
    });

export const SECTIONS = ['history', 'examination', 'plan', 'carer'] as const;
/* As they stand in the record, whatever the page says. */
export const SECTION_TITLES: Record<string, string> = {
    history: 'History',
    examination: 'Examination',
    plan: 'Plan',
    carer: 'Who looks after the person at home',
};

const FIELDS: Record<Kind, readonly Field[]> = {
    note: [
        coded('reason', t.note.reason, 'problem'),
        choice('visit', t.note.visit),
        long('history', t.note.history),
        long('examination', t.note.examination),
        long('plan', t.note.plan),
    ],
    problem: [
        coded('code', t.problem.code, 'problem'),
        text('said', t.problem.said),
        date('onset', t.problem.onset),
        choice('status', t.problem.status),
        choice('certainty', t.problem.certainty),
        date('end', t.problem.end),
        long('note', t.problem.note),
    ],
    allergy: [
        coded('code', t.allergy.code, 'allergy'),
        text('said', t.allergy.said),
        coded('reaction', t.allergy.reaction, 'reaction'),
        choice('severity', t.allergy.severity),
        choice('criticality', t.allergy.criticality),
        choice('certainty', t.allergy.certainty),
        choice('status', t.allergy.status),
        date('onset', t.allergy.onset),
        long('note', t.allergy.note),
    ],
    medicine: [
        coded('code', t.medicine.code, 'medicine'),
        text('product', t.medicine.product),
        text('dose', t.medicine.dose),
        coded('reason', t.medicine.reason, 'problem'),
        choice('status', t.medicine.status),
        date('start', t.medicine.start),
        date('end', t.medicine.end),
        long('note', t.medicine.note),
    ],
    observation: [
        date('when', t.observation.when),
        ...measures(MEASURES.map((m) => m.key)),
        long('note', t.observation.note),
    ],
    letter: [
        text('to', t.letter.to),
        text('title', t.letter.about),
        long('body', t.letter.body),
        choice('copy', t.letter.copy),
    ],
    task: [
        long('words', t.task.words),
        coded('owner', t.task.owner, 'staff'),
        date('due', t.task.due),
    ],
    contact: [
        text('name', t.contact.name),
        choice('relation', t.contact.relation),
        phone('phone', t.contact.phone),
        choice('carer', t.contact.carer),
        choice('emergency', t.contact.emergency),
    ],
};

export const FORMS: readonly EntryForm[] = KINDS.map((k) => ({ ...k, fields: FIELDS[k.kind] }));
export const formOf = (kind: string): EntryForm | undefined => FORMS.find((f) => f.kind === kind);
export const formOfType = (type: string): EntryForm | undefined =>
    FORMS.find((f) => f.types.includes(type));

/* ---- templates ---- */

export interface Template {
    key: string;
    title: string;
    measures: readonly string[];
    filled: Form;
    carer?: true; /* asks who looks after the person at home */
    again?: string; /* the visit is made again; the prompt that "About me" answers */
}

const { bp, asthma, minor, home, discharge, support } = t.templates;
export const TEMPLATES: readonly Template[] = [
    {
        key: 'bp',
        title: bp.title,
        measures: ['systolic', 'diastolic', 'pulse'],
        filled: { reason: { text: bp.title }, visit: 'AMB', plan: bp.plan },
    },
    {
        key: 'asthma',
        title: asthma.title,
        measures: ['peakFlow', 'saturation'],
        filled: {
            reason: { text: asthma.title },
            visit: 'AMB',
            history: asthma.history,
            examination: asthma.examination,
            plan: asthma.plan,
        },
    },
    {
        key: 'minor',
        title: minor.title,
        measures: ['temperature', 'pulse', 'respiration', 'saturation'],
        filled: {
            reason: { text: '' },
            visit: 'AMB',
            history: minor.history,
            plan: minor.plan,
        },
    },
    {
        key: 'home',
        title: home.title,
        measures: ['systolic', 'diastolic', 'pulse', 'temperature', 'saturation'],
        filled: { reason: { text: home.title }, visit: 'HH', history: home.history },
    },
    {
        key: 'discharge',
        title: discharge.title,
        measures: [],
        filled: {
            reason: { text: discharge.title },
            visit: 'IMP',
            history: discharge.history,
            plan: discharge.plan,
        },
        carer: true,
    },
    {
        key: 'support',
        title: support.title,
        measures: [],
        filled: {
            reason: { text: support.title },
            visit: 'HH',
            history: support.history,
            plan: support.plan,
        },
        again: support.matters,
    },
];

export const templateOf = (key: string): Template | undefined =>
    TEMPLATES.find((t) => t.key === key);

const SOMEBODY_NEW = 'new';

/* Who looks after the person: one of those in the record, somebody else, or nobody. */
function carerFields(people: readonly string[]): Field[] {
    const { who, choose, others, name, relation } = t.carer;
    const asIs = (words: string): [string, string] => [words, words];
    const when = ['carer', SOMEBODY_NEW] as const;
    return [
        {
            ...choice('carer', who),
            options: [
                ['', choose],
                ...people.map(asIs),
                [SOMEBODY_NEW, t.carer.new],
                ...others.map(asIs),
            ],
        },
        { ...text('carerName', name), when },
        { ...choice('carerRelation', relation), when },
        { ...phone('carerPhone', t.carer.phone), when },
    ];
}

/* In a note that is changed, whoever was said to look after the person is words. */
export const carerNotes: Field = long('carer', t.carer.notes);

/*
 * The fields of a form; a note has besides what its template measures and asks. `people`: whom the record
 * names, in a line each.
 */
export function fieldsOf(
    form: EntryForm,
    template: Template | undefined,
    people: readonly string[] = [],
): readonly Field[] {
    if (form.kind !== 'note' || !template) {
        return form.fields;
    }
    const plan = form.fields.length - 1;
    return [
        ...form.fields.slice(0, plan),
        ...measures(template.measures),
        ...form.fields.slice(plan),
        ...(template.carer ? carerFields(people) : []),
    ];
}

/* Those that the answers so far ask for. */
export const asked = (fields: readonly Field[], form: Form): readonly Field[] =>
    fields.filter((f) => !f.when || answerText(form[f.when[0]]) === f.when[1]);

/* What a form has before somebody types. */
export function emptyForm(form: EntryForm, template: Template | undefined, day: string): Form {
    const out: Form = {};
    for (const f of fieldsOf(form, template)) {
        out[f.name] =
            f.is === 'coded'
                ? { text: '' }
                : f.is === 'choice'
                  ? f.options![0]![0]
                  : f.is === 'date' && (f.name === 'when' || f.name === 'start')
                    ? day
                    : '';
    }
    return { ...out, ...template?.filled, ...(template ? { template: template.key } : {}) };
}

/* Without the template's prompts that nobody answered ('Smoking: ' says nothing), and what is not asked. */
export function answered(
    form: Form,
    template: Template | undefined,
    fields: readonly Field[] = [],
): Form {
    const out = { ...form };
    const wanted = asked(fields, form);
    fields.filter((f) => !wanted.includes(f)).forEach((f) => delete out[f.name]);
    for (const [name, filled] of Object.entries(template?.filled ?? {})) {
        const text = out[name];
        if (typeof filled !== 'string' || typeof text !== 'string' || !filled.includes(':')) {
            continue;
        }
        const prompts = filled.split('\n').map((line) => line.trim());
        const lines = text.split('\n');
        out[name] = lines
            .filter((line, i) => {
                const next = (lines[i + 1] ?? '').trim();
                const alone = !next || prompts.some((p) => next.startsWith(p));
                return !(prompts.includes(line.trim()) && alone);
            })
            .join('\n')
            .trim();
    }
    return out;
}

export const answerText = (a: Answer | undefined): string =>
    (typeof a === 'string' ? a : (a?.text ?? '')).trim();

const PHONE = /^(?=(?:.*\d){3})[+()\d\s-]{3,24}$/;

/* What is wrong with the answers, by field. */
export function problemsOf(
    fields: readonly Field[],
    form: Form,
    now: Civil,
): Record<string, string> {
    const out: Record<string, string> = {};
    for (const f of fields) {
        const said = answerText(form[f.name]);
        if (!said && f.required) {
            out[f.name] = f.required;
        } else if (f.set === 'staff' && said && !(form[f.name] as Coded).coding) {
            out[f.name] = t.wrong.owner;
        } else if (f.is === 'date' && said && !readDay(said, now)) {
            out[f.name] = t.wrong.date(said);
        } else if (
            f.name === 'due' &&
            said &&
            !(sortTime(readDay(said, now)) >= Date.UTC(now.year, now.month! - 1, now.day))
        ) {
            out[f.name] = t.wrong.toCome;
        } else if (f.is === 'phone' && said && !PHONE.test(said)) {
            out[f.name] = t.wrong.phone;
        } else if (f.is === 'number') {
            const wrong = measureProblem(measureOf(f.name)!, said);
            if (wrong) {
                out[f.name] = wrong;
            }
        }
    }
    const [top, bottom] = [form.systolic, form.diastolic].map(answerText);
    if (Boolean(top) !== Boolean(bottom)) {
        out[top ? 'diastolic' : 'systolic'] = t.wrong.bothNumbers;
    } else if (top && bottom && Number(top) <= Number(bottom) && !out.systolic && !out.diastolic) {
        out.systolic = t.wrong.higherFirst;
    }
    return out;
}

/* '2026-03-27', '2019-03', '2019'; '' for what is no date. */
export function readDay(typed: string, now: Civil): string {
    const text = typed.trim();
    if (/^(19|20)\d\d$/.test(text)) {
        return text;
    }
    const found = findDate(text, now);
    return found?.iso && found.matched.trim() === text ? found.iso : '';
}
