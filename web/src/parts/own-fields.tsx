/* The questions of an own entry, kind by kind; and its answers in words, to check or to compare. */
import type { Problems } from './form.tsx';
import { Choices, SelectField, TextField } from './form.tsx';
import { DateField } from './date-field.tsx';
import { showDateTime } from '../model/dates.ts';
import { isTimed, type Typed } from '../model/own-form.ts';
import {
    isReading,
    PREFERENCES,
    READINGS,
    RELATIONS,
    SEVERITIES,
    SYMPTOMS,
    type Kind,
} from '../model/own.ts';
import { own } from '../texts/own.ts';
import { ownEdit } from '../texts/own-edit.ts';

export const fieldId = (field: string): string => `own-${field}`;

interface Props {
    kind: Kind;
    typed: Typed;
    change: (part: Typed) => void;
    problems: Problems;
}

const byKey = (keys: string[], words: Record<string, string>) =>
    keys.map((value) => ({ value, label: words[value]! }));

export function OwnFields({ kind, typed, change, problems }: Props) {
    const t = ownEdit();
    const names = own();
    const text = (field: string, label: string, more: object = {}) => (
        <TextField
            id={fieldId(field)}
            label={label}
            value={typed[field] ?? ''}
            change={(value) => change({ [field]: value })}
            problem={problems[fieldId(field)]}
            spellcheck
            {...more}
        />
    );
    const choice = (
        field: string,
        question: string,
        options: { value: string; label: string }[],
        hint?: string,
    ) => (
        <Choices
            id={fieldId(field)}
            question={question}
            hint={hint}
            options={options}
            chosen={typed[field] ? [typed[field]] : []}
            change={([value]) => change({ [field]: value! })}
            problem={problems[fieldId(field)]}
        />
    );
    const yesNo = [
        { value: 'yes', label: t.yes },
        { value: 'no', label: t.no },
    ];
    return (
        <>
            {isReading(kind)
                ? READINGS[kind].measures.map((m) =>
                      text(
                          m.field,
                          m.field === 'high' ? t.high : m.field === 'low' ? t.low : t.numbers[kind]!,
                          {
                              hint:
                                  m.field === 'high'
                                      ? t.highHint
                                      : m.field === 'low'
                                        ? t.lowHint
                                        : t.hints[kind],
                              inputmode: m.digits ? 'decimal' : 'numeric',
                              unit: m.shown,
                              narrow: true,
                              spellcheck: false,
                          },
                      ),
                  )
                : null}
            {kind === 'symptom' ? (
                <>
                    {choice('what', t.feel, byKey([...Object.keys(SYMPTOMS), 'other'], names.feels))}
                    {typed.what === 'other' ? text('other', t.feelOther) : null}
                    {choice('bad', t.bad, byKey(Object.keys(SEVERITIES), names.bads))}
                </>
            ) : null}
            {kind === 'preference' ? (
                <>
                    {choice('what', t.like, byKey(Object.keys(PREFERENCES), names.likes))}
                    {text('text', t.likeText, { hint: t.likeHint, long: true })}
                </>
            ) : null}
            {kind === 'medicine' ? (
                <>
                    {text('what', t.medicine, { hint: t.medicineHint })}
                    {text('dose', t.dose)}
                    {text('reason', t.reason)}
                    {choice('taking', t.taking, yesNo)}
                </>
            ) : null}
            {kind === 'allergy' ? (
                <>
                    {text('what', t.allergy, { hint: t.allergyHint })}
                    {text('reaction', t.reaction)}
                </>
            ) : null}
            {kind === 'contact' ? (
                <>
                    {text('name', t.name, { autocomplete: 'off' })}
                    <SelectField
                        id={fieldId('relation')}
                        label={t.relation}
                        problem={problems[fieldId('relation')]}
                        value={typed.relation ?? ''}
                        options={[
                            { value: '', label: '' },
                            ...byKey(Object.keys(RELATIONS), names.relations),
                        ]}
                        change={(relation) => change({ relation })}
                    />
                    {text('phone', t.phone, { inputmode: 'tel', spellcheck: false })}
                    {text('email', t.email, { inputmode: 'email', spellcheck: false })}
                    {choice('emergency', t.emergency, yesNo)}
                </>
            ) : null}
            {isTimed(kind) ? (
                <>
                    <DateField
                        id={fieldId('day')}
                        question={t.when}
                        hint={t.whenHint}
                        problem={problems[fieldId('day')]}
                        words={t}
                        value={{
                            day: typed.day ?? '',
                            month: typed.month ?? '',
                            year: typed.year ?? '',
                        }}
                        change={(part) => change(part as Typed)}
                    />
                    {text('time', t.time, {
                        hint: t.timeHint,
                        narrow: true,
                        spellcheck: false,
                    })}
                </>
            ) : null}
            {isTimed(kind) || kind === 'allergy' ? text('note', t.note, { long: true }) : null}
        </>
    );
}

const two = (s: string | undefined) => (s ?? '').trim().padStart(2, '0');

/* Question and answer, in the order of the form; `field` is where it is changed. */
export function answersOf(kind: Kind, typed: Typed): { field: string; label: string; value: string }[] {
    const t = ownEdit();
    const names = own();
    const out: { field: string; label: string; value: string }[] = [];
    /* that something may be left out is said where it is asked */
    const add = (field: string, label: string, value = typed[field] ?? '') =>
        out.push({ field, label: label.replace(/ \(.*\)$/, ''), value: value.trim() });
    const yes = (value: string | undefined) => (value === 'yes' ? t.yes : value === 'no' ? t.no : '');
    if (isReading(kind)) {
        for (const m of READINGS[kind].measures) {
            const label = m.field === 'high' ? t.high : m.field === 'low' ? t.low : t.numbers[kind]!;
            add(m.field, label, typed[m.field] ? `${typed[m.field]} ${m.shown}` : '');
        }
    } else if (kind === 'symptom') {
        const what = typed.what === 'other' ? typed.other : names.feels[typed.what ?? ''];
        add('what', t.feel, what ?? '');
        add('bad', t.bad, names.bads[typed.bad ?? ''] ?? '');
    } else if (kind === 'preference') {
        add('what', t.like, names.likes[typed.what ?? ''] ?? '');
        add('text', t.likeText);
    } else if (kind === 'medicine') {
        add('what', t.medicine);
        add('dose', t.dose);
        add('reason', t.reason);
        add('taking', t.taking, yes(typed.taking));
    } else if (kind === 'allergy') {
        add('what', t.allergy);
        add('reaction', t.reaction);
    } else {
        add('name', t.name);
        add('relation', t.relation, names.relations[typed.relation ?? ''] ?? '');
        add('phone', t.phone);
        add('email', t.email);
        add('emergency', t.emergency, yes(typed.emergency));
    }
    if (isTimed(kind)) {
        const day = `${typed.year}-${two(typed.month)}-${two(typed.day)}`;
        add('day', t.when, [showDateTime(day), (typed.time ?? '').trim()].filter(Boolean).join(', '));
    }
    if (isTimed(kind) || kind === 'allergy') {
        add('note', t.note);
    }
    return out;
}
