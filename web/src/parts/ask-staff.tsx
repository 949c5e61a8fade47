/* Staff ask each other: a result or a letter to look at, something to do, with one owner and a day. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { operate } from '../api.ts';
import { useDraft } from '../drafts.ts';
import { currentRole } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import type { Resource } from '../model/fhir.ts';
import { parameters } from '../model/params.ts';
import { idThere } from '../model/places.ts';
import { nameOf, requestOf, WORDS_MOST, WORK, type WorkKind } from '../model/requests.ts';
import { entryHref, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { inbox } from '../texts/inbox.ts';
import { requests } from '../texts/requests.ts';
import { Heading } from './basic.tsx';
import { DraftNote } from './draft-note.tsx';
import { Button, Choices, SelectField, TextField, useForm } from './form.tsx';
import { OwnerField } from './owner-field.tsx';

const DAY_MS = 24 * 3600 * 1000;

function Made({ made, back, entry }: { made: Resource; back: string; entry: boolean }) {
    const t = inbox();
    const r = requestOf(made)!;
    useLayoutEffect(() => document.getElementById('page-heading')?.focus(), []);
    return (
        <>
            <Heading>{t.made}</Heading>
            <p>{t.madeWords(r.owner, showDate(r.due))}</p>
            <ul class="nhsuk-list">
                <li>
                    <a href={back}>{entry ? requests().backToEntry : requests().backToRecord}</a>
                </li>
                <li>
                    <a href="#/inbox">{t.toInbox}</a>
                </li>
            </ul>
        </>
    );
}

export function AskStaff({ record, params, session }: RecordPageProps) {
    const t = inbox();
    const kind = params.kind as WorkKind;
    const res = params.type ? record.index.byReference.get(`${params.type}/${params.entry}`) : undefined;
    const draft = useDraft(`ask/${record.id}/${kind}/${params.type ?? ''}/${params.entry ?? ''}`, {
        words: '',
        to: '',
        days: '7',
        internal: false,
        id: '',
    });
    const [made, setMade] = useState<Resource | null>(null);
    const form = useForm();
    const away = res !== undefined && !record.index.aboutOf(res).own;
    const back = res ? entryHref(record.id, res) : recordHref(record.id);
    if (!WORK.includes(kind) || (params.type && !res) || away) {
        return (
            <>
                <Heading>{t.title}</Heading>
                <p>{params.type && !res ? requests().entryGone : requests().notAsked}</p>
                <p>
                    <a href={recordHref(record.id)}>{requests().backToRecord}</a>
                </p>
            </>
        );
    }
    if (made) {
        return <Made made={made} back={back} entry={res !== undefined} />;
    }
    const v = draft.value;
    const submit = (e: Event) =>
        form.send(e, kind === 'task' && !v.words.trim() ? { 'task-words': t.needTask } : {}, async () => {
            const id = v.id || crypto.randomUUID();
            draft.set({ ...v, id });
            const due = new Date(Date.now() + Number(v.days) * DAY_MS).toISOString().slice(0, 10);
            const answer = await operate(
                res ? `${res.resourceType}/${idThere(res.id ?? '')}/$ask` : `Patient/${record.id}/$ask`,
                parameters([
                    ['kind', 'Code', kind],
                    ['words', 'String', v.words.trim()],
                    ['to', 'Reference', v.to ? { reference: v.to } : null],
                    ['due', 'Date', due],
                    ['internal', 'Boolean', v.internal],
                    ['id', 'Id', id],
                ]),
            );
            draft.clear();
            setMade(answer);
        });
    return (
        <form onSubmit={submit} noValidate class="k-narrow">
            <p class="k-back">
                <a href={back}>{res ? requests().backToEntry : requests().backToRecord}</a>
            </p>
            {form.summary}
            <Heading>{t.newTitle[kind]}</Heading>
            {res ? <p>{t.newAbout(nameOf(res))}</p> : null}
            <TextField
                id="task-words"
                label={t.newWords}
                hint={kind === 'task' ? undefined : t.newWordsHint}
                problem={form.problems['task-words']}
                value={v.words}
                change={(words) => draft.set({ ...v, words })}
                long
                most={WORDS_MOST}
                spellcheck
            />
            <OwnerField
                id="task-owner"
                label={t.newOwner}
                session={session}
                value={v.to || (currentRole(session.account!)?.organisation ?? '')}
                change={(to) => draft.set({ ...v, to })}
            />
            <SelectField
                id="task-due"
                label={t.newDue}
                value={v.days}
                options={Object.entries(t.dueIn).map(([value, label]) => ({ value, label }))}
                change={(days) => draft.set({ ...v, days })}
            />
            <Choices
                id="task-internal"
                question={t.newInternal}
                options={[{ value: 'internal', label: t.hide }]}
                chosen={v.internal ? ['internal'] : []}
                change={(chosen) => draft.set({ ...v, internal: chosen.length > 0 })}
                many
            />
            <DraftNote draft={draft} />
            <Button busy={form.busy}>{t.make}</Button>
        </form>
    );
}
