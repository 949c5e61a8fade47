/* The fields of a form, drawn from its table; and its answers for reading. */
import {
    answerText,
    type Answer,
    type Coded,
    type Field,
    type Form,
} from '../model/entry-forms.ts';
import { write } from '../texts/write.ts';
import { CodedField } from './coded-field.tsx';
import { SelectField, TextField, type Problems } from './form.tsx';

const LONG_MOST = 30000;

export const fieldId = (name: string): string => `entry-${name}`;
export const byId = (problems: Record<string, string>): Problems =>
    Object.fromEntries(Object.entries(problems).map(([name, words]) => [fieldId(name), words]));

export function EntryFields(props: {
    fields: readonly Field[];
    form: Form;
    problems: Problems;
    change: (form: Form) => void;
}) {
    const put = (name: string) => (value: Answer) => props.change({ ...props.form, [name]: value });
    const one = (f: Field) => {
        const id = fieldId(f.name);
        const problem = props.problems[id];
        const value = props.form[f.name];
        const common = {
            id,
            label: f.label,
            problem,
            change: put(f.name),
            ...(f.hint ? { hint: f.hint } : {}),
        };
        if (f.is === 'coded') {
            return (
                <CodedField
                    key={f.name}
                    id={id}
                    field={f}
                    value={typeof value === 'object' ? value : ({ text: value ?? '' } as Coded)}
                    problem={problem}
                    change={put(f.name)}
                />
            );
        }
        const text = typeof value === 'string' ? value : '';
        return f.is === 'choice' ? (
            <SelectField
                key={f.name}
                {...common}
                value={text}
                options={f.options!.map(([v, label]) => ({ value: v, label }))}
            />
        ) : (
            <TextField
                key={f.name}
                {...common}
                value={text}
                narrow={f.is === 'number' || f.is === 'date' || f.is === 'phone'}
                long={f.is === 'long'}
                rows={f.name === 'body' ? 14 : f.name === 'note' ? 3 : 6}
                most={LONG_MOST}
                spellcheck={f.is === 'long' || f.is === 'text'}
                {...(f.is === 'number' ? { inputmode: 'numeric' as const } : {})}
                {...(f.is === 'phone' ? { inputmode: 'tel' as const } : {})}
            />
        );
    };
    /* numbers stand beside each other where there is room */
    const groups: Field[][] = [];
    for (const f of props.fields) {
        const last = groups.at(-1);
        if (last && f.is === 'number' && last[0]!.is === 'number') {
            last.push(f);
        } else {
            groups.push([f]);
        }
    }
    return (
        <>
            {groups.map((group) =>
                group[0]!.is === 'number' ? (
                    <div class="k-measures" key={group[0]!.name}>
                        {group.map(one)}
                    </div>
                ) : (
                    one(group[0]!)
                ),
            )}
        </>
    );
}

/* An answer as it is read: the label of a choice, the words of what is coded. */
export function shownAnswer(field: Field, value: Answer | undefined): string {
    const text = answerText(value);
    const label = field.options?.find(([v]) => v === text)?.[1];
    const code = typeof value === 'object' && field.set !== 'staff' ? value.coding?.code : '';
    return (label ?? text) + (code ? ` (${code})` : '');
}

export function Answers({ fields, form }: { fields: readonly Field[]; form: Form }) {
    const t = write();
    return (
        <dl class="nhsuk-summary-list k-facts">
            {fields.map((f) => (
                <div class="nhsuk-summary-list__row" key={f.name}>
                    <dt class="nhsuk-summary-list__key">{f.label}</dt>
                    <dd class="nhsuk-summary-list__value k-break k-lines">
                        {shownAnswer(f, form[f.name]) || t.empty}
                    </dd>
                </div>
            ))}
        </dl>
    );
}
