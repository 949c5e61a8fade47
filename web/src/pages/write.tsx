/* Writing something new in a record: which form, the form, and what is shown once more before it is saved. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useDraft } from '../drafts.ts';
import { forgetRecord, useRecord, type Part } from '../load.ts';
import { contactLine, contactPeople } from '../model/contacts.ts';
import { today } from '../model/dates.ts';
import {
    answered,
    answerText,
    asked,
    emptyForm,
    fieldsOf,
    formOf,
    problemsOf,
    templateOf,
    TEMPLATES,
    type Coded,
    type EntryForm,
    type Form,
    type Template,
} from '../model/entry-forms.ts';
import { KINDS, mayWrite } from '../model/entry-kinds.ts';
import { MEASURES } from '../model/measures.ts';
import { patientName } from '../model/people.ts';
import { foldedAllergies } from '../model/safety.ts';
import { Heading, useTitle } from '../parts/basic.tsx';
import { DraftNote } from '../parts/draft-note.tsx';
import { Answers, byId, EntryFields, fieldId } from '../parts/entry-fields.tsx';
import { Button, useForm } from '../parts/form.tsx';
import { lazy } from '../parts/lazy.tsx';
import { PeopleCheck } from '../parts/people-check.tsx';
import { go, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { write } from '../texts/write.ts';
import { saveNew, writingOf } from '../writing.ts';

interface Written {
    key: string; /* of this form: sent again, it is the same */
    form: Form;
}

function Choose({ id, session }: { id: string; session: RecordPageProps['session'] }) {
    const t = write();
    useTitle(t.title);
    const forms = KINDS.filter((f) => mayWrite(session, f));
    const notes = forms.some((f) => f.kind === 'note');
    return (
        <>
            <Heading>{t.title}</Heading>
            <ul class="k-choose">
                {forms.map((f) => (
                    <li key={f.kind}>
                        <a href={recordHref(id, `write/${f.kind}`)}>{f.title}</a>{' '}
                        <span class="k-quiet">{f.does}</span>
                    </li>
                ))}
            </ul>
            {notes ? (
                <>
                    <h2 class="nhsuk-heading-m">{t.templates}</h2>
                    <ul class="k-choose">
                        {TEMPLATES.map((one) => (
                            <li key={one.key}>
                                <a href={recordHref(id, `write/note?template=${one.key}`)}>
                                    {one.title}
                                </a>
                            </li>
                        ))}
                    </ul>
                </>
            ) : null}
        </>
    );
}

/* What is recorded, beside a medicine that is being written; and when it is the same substance. */
function AllergyCheck({ record, form }: { record: RecordPageProps['record']; form: Form }) {
    const t = write();
    const a = useMemo(() => foldedAllergies(record.index), [record.index, record.size]);
    const code = (form.code as Coded).coding?.code;
    const words = answerText(form.code).toLowerCase();
    const clash = a.active.find(
        (x) =>
            (code && x.res.code?.coding?.some((c: { code?: string }) => c.code === code)) ||
            (words && x.title.toLowerCase() === words),
    );
    return (
        <div class="nhsuk-inset-text k-inset">
            <p>
                <strong>{t.allergiesNow}:</strong>{' '}
                {a.active.length
                    ? a.active.map((x) => x.title).join(', ')
                    : a.none.length
                      ? t.noKnown
                      : t.noAllergies}
            </p>
            {clash ? (
                <p role="alert">
                    <strong class="nhsuk-error-message">{t.sameSubstance(clash.title)}</strong>
                </p>
            ) : null}
        </div>
    );
}

/* Of the few forms that are filled in again and again. */
const LastTime = lazy(() => import('../parts/last-time.tsx').then((m) => m.LastTime));

const PEOPLE: readonly Part[] = ['care'];
const NOTES: readonly Part[] = ['documents'];
const NOTHING: readonly Part[] = [];

/* What the form looks at besides what keeps somebody safe: whom the record names, or earlier notes. */
function useKnown(id: string, entry: EntryForm, template: Template | undefined) {
    const names = entry.kind === 'contact' || Boolean(template?.carer);
    const more = names ? PEOPLE : template?.again ? NOTES : NOTHING;
    const { record } = useRecord(id, true, more);
    const people = useMemo(
        () => (names ? contactPeople(record.index, record.patient) : []),
        [names, record.size],
    );
    return { record, people };
}

function EntryPage({ form: entry, ...props }: RecordPageProps & { form: EntryForm }) {
    const t = write();
    const { session, query } = props;
    const template = templateOf(query.get('template') ?? '');
    const { record, people } = useKnown(props.record.id, entry, template);
    const now = today();
    const fresh = useMemo<Written>(
        () => ({
            key: crypto.randomUUID(),
            form: emptyForm(entry, template, `${now.day}/${now.month}/${now.year}`),
        }),
        [entry, template],
    );
    const draft = useDraft<Written>(
        `write/${record.id}/${entry.kind}${template ? `/${template.key}` : ''}`,
        fresh,
    );
    const [checking, setChecking] = useState(false);
    const form = useForm();
    const title = template?.title ?? entry.title;
    useTitle(`${title}: ${record.patient ? patientName(record.patient) : ''}`);
    useEffect(() => document.getElementById('page-heading')?.focus(), [checking]);
    const { key, form: answers } = draft.value;
    const all = fieldsOf(entry, template, people.map(contactLine));
    const fields = asked(all, answers);

    const save = async () => {
        await saveNew(entry.kind, answered(answers, template, all), writingOf(session, record), key);
        draft.clear();
        forgetRecord();
        go(`${recordHref(record.id)}?saved=${entry.kind}`);
    };
    const submit = (e: Event) => {
        const wrong = byId(problemsOf(fields, answers, now));
        const measured = MEASURES.some((m) => answerText(answers[m.key]));
        if (entry.kind === 'observation' && !measured) {
            wrong[fieldId(MEASURES[0]!.key)] = t.nothing;
        }
        form.send(e, wrong, async () => {
            if (entry.confirm && !checking) {
                setChecking(true);
            } else {
                await save();
            }
        });
    };
    if (!draft.ready) {
        return <Heading>{title}</Heading>;
    }
    return (
        <>
            <p class="k-back">
                <a href={recordHref(record.id, 'write')}>{t.choose}</a>
            </p>
            <Heading>{checking ? t.check : title}</Heading>
            <form onSubmit={submit} noValidate class="k-write">
                {form.summary}
                {entry.kind === 'medicine' ? <AllergyCheck record={record} form={answers} /> : null}
                {entry.kind === 'contact' ? (
                    <PeopleCheck record={record} people={people} name={answerText(answers.name)} />
                ) : null}
                {template?.again ? (
                    <LastTime
                        record={record}
                        template={template}
                        untouched={JSON.stringify(answers) === JSON.stringify(fresh.form)}
                        start={(words) => draft.set({ key, form: { ...answers, ...words } })}
                    />
                ) : null}
                {checking ? (
                    <>
                        <p>
                            {t.checkHint}{' '}
                            <strong>{record.patient ? patientName(record.patient) : ''}</strong>.
                        </p>
                        <Answers fields={fields} form={answers} />
                    </>
                ) : (
                    <EntryFields
                        fields={fields}
                        form={answers}
                        problems={form.problems}
                        change={(next) => draft.set({ key, form: next })}
                    />
                )}
                {template?.carer ? (
                    <PeopleCheck
                        record={record}
                        people={people}
                        name={answerText(answers.carerName)}
                    />
                ) : null}
                <DraftNote draft={draft} />
                <div class="k-buttons">
                    <Button busy={form.busy}>{entry.confirm && !checking ? t.next : t.save}</Button>
                    {checking ? (
                        <Button kind="secondary" click={() => setChecking(false)}>
                            {t.change}
                        </Button>
                    ) : null}
                </div>
            </form>
        </>
    );
}

export default function WritePage(props: RecordPageProps) {
    const entry = formOf(props.params.kind ?? '');
    return entry && mayWrite(props.session, entry) ? (
        <EntryPage {...props} form={entry} key={`${entry.kind}/${props.query.get('template')}`} />
    ) : (
        <Choose id={props.record.id} session={props.session} />
    );
}
