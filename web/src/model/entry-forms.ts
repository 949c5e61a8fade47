/*
 * The forms with which professionals write in a record: tables of facts. What becomes of an answer is in
 * entry-make.ts, how a stored entry becomes answers again in entry-read.ts.
 */
import { mayDo, type Session } from './account.ts';
import { findDate, sortTime, type Civil } from './dates.ts';
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
    is: 'coded' | 'text' | 'long' | 'date' | 'number' | 'choice';
    set?: CodeSet;
    options?: readonly [value: string, label: string][];
    required?: string; /* what is said where it is empty */
}

export type Kind = 'note' | 'problem' | 'allergy' | 'medicine' | 'observation' | 'letter' | 'task';

export interface EntryForm {
    kind: Kind;
    title: string;
    does: string;
    needs: readonly string[]; /* one of these activities */
    types: readonly string[]; /* of resources that it can change */
    fields: readonly Field[];
    confirm?: boolean; /* shown once more before it is saved */
}

const coded = (
    name: string,
    label: string,
    set: CodeSet,
    required: string,
    hint: string,
): Field => ({
    name,
    label,
    is: 'coded',
    set,
    required,
    hint,
});
const text = (name: string, label: string, hint = ''): Field => ({ name, label, is: 'text', hint });
const long = (name: string, label: string, hint = ''): Field => ({ name, label, is: 'long', hint });
const date = (
    name: string,
    label: string,
    hint = 'For example, 27/3/2026, March 2019 or 2019',
): Field => ({
    name,
    label,
    is: 'date',
    hint,
});
const choice = (name: string, label: string, options: readonly [string, string][]): Field => ({
    name,
    label,
    is: 'choice',
    options,
});
const measures = (keys: readonly string[]): Field[] =>
    keys.map((key) => {
        const m = measureOf(key)!;
        return { name: key, label: `${m.label} (${m.unit})`, is: 'number' };
    });

const SAID = text('said', 'In the person’s own words', 'As they say it. Kept beside the code');
const NOTE = long('note', 'Note');

export const SECTIONS = ['history', 'examination', 'plan'] as const;
export const SECTION_TITLES: Record<string, string> = {
    history: 'History',
    examination: 'Examination',
    plan: 'Plan',
};

export const FORMS: readonly EntryForm[] = [
    {
        kind: 'note',
        title: 'Note',
        does: 'of a consultation or a visit, with what you measured',
        needs: ['write-record'],
        types: ['Composition'],
        fields: [
            coded(
                'reason',
                'Reason',
                'problem',
                'Enter why you saw the person',
                'Type a few letters, then choose, or leave your own words',
            ),
            choice('visit', 'Where', [
                ['AMB', 'Face to face'],
                ['VR', 'By telephone or video'],
                ['HH', 'At home'],
                ['IMP', 'On a ward'],
                ['EMER', 'In A&E'],
            ]),
            long('history', 'History'),
            long('examination', 'Examination'),
            long('plan', 'Plan'),
        ],
    },
    {
        kind: 'problem',
        title: 'Problem',
        does: 'a condition or a symptom',
        needs: ['write-record'],
        types: ['Condition'],
        fields: [
            coded(
                'code',
                'Problem',
                'problem',
                'Enter the problem',
                'Type a few letters, then choose, or leave your own words',
            ),
            SAID,
            date('onset', 'When it began'),
            choice('status', 'Is it active?', [
                ['active', 'Active'],
                ['inactive', 'Not active now'],
                ['resolved', 'Over'],
            ]),
            choice('certainty', 'How sure is it?', [
                ['confirmed', 'Confirmed'],
                ['provisional', 'Provisional'],
                ['differential', 'One of several possible'],
                ['refuted', 'Ruled out'],
            ]),
            date('end', 'When it was over'),
            NOTE,
        ],
    },
    {
        kind: 'allergy',
        title: 'Allergy',
        does: 'or intolerance, or that there is none',
        needs: ['write-record'],
        types: ['AllergyIntolerance'],
        confirm: true,
        fields: [
            coded(
                'code',
                'What are they allergic to?',
                'allergy',
                'Enter what the person is allergic to',
                'Type a few letters, then choose, or leave your own words. For none: No known allergy',
            ),
            SAID,
            {
                name: 'reaction',
                label: 'What happens?',
                is: 'coded',
                set: 'reaction',
                hint: 'For example, rash',
            },
            choice('severity', 'How bad was it?', [
                ['', 'Not known'],
                ['mild', 'Mild'],
                ['moderate', 'Moderate'],
                ['severe', 'Severe'],
            ]),
            choice('criticality', 'How dangerous could it be?', [
                ['', 'Not known'],
                ['low', 'Low risk'],
                ['high', 'High risk'],
            ]),
            choice('certainty', 'How sure is it?', [
                ['confirmed', 'Confirmed'],
                ['unconfirmed', 'Not confirmed'],
                ['refuted', 'Ruled out'],
            ]),
            choice('status', 'Is it active?', [
                ['active', 'Active'],
                ['inactive', 'Not active now'],
                ['resolved', 'Over'],
            ]),
            date('onset', 'When it was first noticed'),
            NOTE,
        ],
    },
    {
        kind: 'medicine',
        title: 'Medicine',
        does: 'that the person takes, or is to take',
        needs: ['prescribe', 'write-record'],
        types: ['MedicationRequest', 'MedicationStatement'],
        confirm: true,
        fields: [
            coded(
                'code',
                'Medicine',
                'medicine',
                'Enter the medicine',
                'Type a few letters, then choose, or leave your own words',
            ),
            text('product', 'Strength and form', 'For example, 500mg capsules'),
            {
                ...text(
                    'dose',
                    'How to take it',
                    'As the person reads it: take one capsule three times a day',
                ),
                required: 'Enter how to take it',
            },
            { name: 'reason', label: 'What it is for', is: 'coded', set: 'problem' },
            choice('status', 'Does the person take it?', [
                ['active', 'Yes'],
                ['on-hold', 'On hold'],
                ['stopped', 'Stopped'],
                ['completed', 'Finished'],
            ]),
            date('start', 'From'),
            date('end', 'Until'),
            NOTE,
        ],
    },
    {
        kind: 'observation',
        title: 'Observation',
        does: 'blood pressure, weight and other measurements',
        needs: ['write-record'],
        types: ['Observation'],
        fields: [date('when', 'Day'), ...measures(MEASURES.map((m) => m.key)), NOTE],
    },
    {
        kind: 'letter',
        title: 'Letter',
        does: 'kept in the record, with a copy for the person',
        needs: ['write-record'],
        types: ['DocumentReference'],
        fields: [
            { ...text('to', 'To'), required: 'Enter whom the letter is to' },
            { ...text('title', 'About'), required: 'Enter what the letter is about' },
            {
                ...long('body', 'Letter', 'The person may read it: write so that they can'),
                required: 'Write the letter',
            },
            choice('copy', 'Tell the person that there is a letter?', [
                ['yes', 'Yes'],
                ['no', 'No'],
            ]),
        ],
    },
    {
        kind: 'task',
        title: 'Task',
        does: 'for one person, who then owns it',
        needs: ['write-record'],
        types: [] /* a task changes hands and is answered by operations: docs/requests.md */,
        fields: [
            { ...long('words', 'What is to be done'), required: 'Enter what is to be done' },
            coded(
                'owner',
                'Who does it',
                'staff',
                'Choose who does it',
                'Type the name of a colleague, then choose',
            ),
            date('due', 'By when', 'A day to come, for example 24/12/2026. Left out: in 7 days'),
        ],
    },
];

export const formOf = (kind: string): EntryForm | undefined => FORMS.find((f) => f.kind === kind);
export const formOfType = (type: string): EntryForm | undefined =>
    FORMS.find((f) => f.types.includes(type));

export const mayWrite = (session: Session, form: EntryForm): boolean =>
    form.needs.some((a) => mayDo(session, a));

/* Whether this role may change an entry of this type: prescriptions are for prescribers. */
export const mayChange = (session: Session, type: string): boolean => {
    const form = formOfType(type);
    return (
        Boolean(form && mayWrite(session, form)) &&
        (type !== 'MedicationRequest' || mayDo(session, 'prescribe')) &&
        (type === 'MedicationRequest' || mayDo(session, 'write-record'))
    );
};

/* ---- templates ---- */

export interface Template {
    key: string;
    title: string;
    measures: readonly string[];
    filled: Form;
}

export const TEMPLATES: readonly Template[] = [
    {
        key: 'bp',
        title: 'Blood pressure check',
        measures: ['systolic', 'diastolic', 'pulse'],
        filled: {
            reason: { text: 'Blood pressure check' },
            visit: 'AMB',
            plan: 'Next check: ',
        },
    },
    {
        key: 'asthma',
        title: 'Asthma review',
        measures: ['peakFlow', 'saturation'],
        filled: {
            reason: { text: 'Asthma review' },
            visit: 'AMB',
            history:
                'Sleep disturbed: \nSymptoms by day: \nActivity limited: \nReliever used each week: \nSmoking: ',
            examination: 'Inhaler technique: ',
            plan: 'Personal asthma plan: \nNext review: ',
        },
    },
    {
        key: 'minor',
        title: 'Minor illness',
        measures: ['temperature', 'pulse', 'respiration', 'saturation'],
        filled: {
            reason: { text: '' },
            visit: 'AMB',
            history: 'Since: \nTried so far: ',
            plan: 'Advice: \nCome back if: ',
        },
    },
    {
        key: 'home',
        title: 'Home visit',
        measures: ['systolic', 'diastolic', 'pulse', 'temperature', 'saturation'],
        filled: {
            reason: { text: 'Home visit' },
            visit: 'HH',
            history: 'Who was there: \nHow the person manages at home: ',
        },
    },
    {
        key: 'support',
        title: 'Care and support visit',
        measures: [],
        filled: {
            reason: { text: 'Care and support visit' },
            visit: 'HH',
            history:
                'What matters to the person: \nWhat goes well: \nWhat is hard: \nCarer’s view: ',
            plan: 'Who does what, by when: ',
        },
    },
];

export const templateOf = (key: string): Template | undefined =>
    TEMPLATES.find((t) => t.key === key);

/* The fields of a form; a note has besides what its template measures. */
export function fieldsOf(form: EntryForm, template: Template | undefined): readonly Field[] {
    if (form.kind !== 'note' || !template) {
        return form.fields;
    }
    const plan = form.fields.length - 1;
    return [
        ...form.fields.slice(0, plan),
        ...measures(template.measures),
        ...form.fields.slice(plan),
    ];
}

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
    return { ...out, ...template?.filled };
}

/* Without the template's prompts that nobody answered: 'Smoking: ' says nothing. */
export function answered(form: Form, template: Template | undefined): Form {
    const out = { ...form };
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
            out[f.name] = 'Choose one of the people in the list: a task has one owner';
        } else if (f.is === 'date' && said && !readDay(said, now)) {
            out[f.name] = `${said} is not a date. Enter it like 27/3/2026, March 2019 or 2019`;
        } else if (
            f.name === 'due' &&
            said &&
            !(sortTime(readDay(said, now)) >= Date.UTC(now.year, now.month! - 1, now.day))
        ) {
            out[f.name] = 'Enter a day to come';
        } else if (f.is === 'number') {
            const wrong = measureProblem(measureOf(f.name)!, said);
            if (wrong) {
                out[f.name] = wrong;
            }
        }
    }
    const [top, bottom] = [form.systolic, form.diastolic].map(answerText);
    if (Boolean(top) !== Boolean(bottom)) {
        out[top ? 'diastolic' : 'systolic'] = 'Enter both numbers of the blood pressure';
    } else if (top && bottom && Number(top) <= Number(bottom) && !out.systolic && !out.diastolic) {
        out.systolic = 'The first number of a blood pressure is the higher one';
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
