/* Changing an entry of this node. Where somebody changed it meanwhile, both versions are shown and joined. */
import { useMemo, useRef, useState } from 'preact/hooks';
import { get, Trouble } from '../api.ts';
import { useDraft } from '../drafts.ts';
import { forgetRecord } from '../load.ts';
import { showDateTime, today } from '../model/dates.ts';
import {
    answerText,
    carerNotes,
    formOfType,
    problemsOf,
    type EntryForm,
    type Field,
    type Form,
} from '../model/entry-forms.ts';
import { mayChange } from '../model/entry-kinds.ts';
import { changes, differences, formFrom, merged } from '../model/entry-read.ts';
import type { Resource } from '../model/fhir.ts';
import { sourceLine } from '../model/source.ts';
import { Heading, useTitle } from '../parts/basic.tsx';
import { Conflict, type Chosen } from '../parts/conflict.tsx';
import { DraftNote } from '../parts/draft-note.tsx';
import { byId, EntryFields } from '../parts/entry-fields.tsx';
import { Button, useForm } from '../parts/form.tsx';
import { entryHref, go, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { write } from '../texts/write.ts';
import { saveChange, writingOf } from '../writing.ts';

interface Changed {
    base: Resource; /* the version that somebody began from */
    form: Form;
}

/* An observation has the field of what it measured; a note not where it was. */
function fieldsFor(entry: EntryForm, res: Resource): readonly Field[] {
    const has = formFrom(entry.kind, res);
    return entry.kind === 'observation'
        ? entry.fields.filter((f) => f.is !== 'number' || answerText(has[f.name]))
        : entry.kind === 'note'
          ? [...entry.fields, ...(answerText(has.carer) ? [carerNotes] : [])]
                .filter((f) => f.name !== 'visit')
                .map((f) => (f.name === 'reason' ? { ...f, is: 'text' as const } : f))
          : entry.kind === 'letter'
            ? entry.fields.filter((f) => f.name !== 'copy')
            : entry.fields;
}

/* A form of plain words, so that each field of the table has an answer. */
const answersOf = (entry: EntryForm, res: Resource): Form => {
    const form = formFrom(entry.kind, res);
    return entry.kind === 'note' ? { ...form, reason: answerText(form.reason) } : form;
};

function Editing(props: RecordPageProps & { entry: EntryForm; res: Resource }) {
    const t = write();
    const { record, session, entry, res } = props;
    const now = today();
    const fields = useMemo(() => fieldsFor(entry, res), [res]);
    const fresh = useMemo<Changed>(() => ({ base: res, form: answersOf(entry, res) }), [res]);
    const path = `${res.resourceType}/${res.id}`;
    const draft = useDraft<Changed>(`change/${path}`, fresh);
    const [theirs, setTheirs] = useState<Resource | null>(null);
    const [idle, setIdle] = useState(false);
    const form = useForm();
    const latest = useRef(draft.value);
    latest.current = draft.value;
    useTitle(t.editTitle(entry.title));

    const send = async (base: Resource, after: Form) => {
        const operations = changes(
            entry.kind,
            base,
            answersOf(entry, base),
            after,
            writingOf(session, record),
        );
        if (!operations.length) {
            setIdle(true);
            return;
        }
        try {
            await saveChange(path, base.meta?.versionId ?? '', operations);
        } catch (e) {
            if (e instanceof Trouble && e.status === 412) {
                setTheirs(await get(path));
                return;
            }
            throw e;
        }
        draft.clear();
        forgetRecord();
        go(`${recordHref(record.id)}?saved=${entry.kind}`);
    };
    const submit = (e: Event) => {
        const { base, form: answers } = latest.current;
        setIdle(false);
        form.send(e, byId(problemsOf(fields, answers, now)), () => send(base, answers));
    };
    if (!draft.ready) {
        return <Heading>{t.editTitle(entry.title)}</Heading>;
    }
    const { base, form: mine } = draft.value;
    if (theirs) {
        const other = answersOf(entry, theirs);
        const all = differences(
            fields.map((f) => f.name),
            answersOf(entry, base),
            mine,
            other,
            now,
        );
        const save = (chosen: Chosen) => {
            const joined = merged(mine, other, all, chosen, now);
            draft.set({ base: theirs, form: joined });
            form.send(new Event('submit'), {}, async () => {
                setTheirs(null);
                await send(theirs, joined);
            });
        };
        return (
            <>
                <Heading>{t.editTitle(entry.title)}</Heading>
                {form.summary}
                <Conflict
                    fields={fields}
                    all={all}
                    who={sourceLine(record.index, theirs)}
                    when={showDateTime(theirs.meta?.lastUpdated)}
                    busy={form.busy}
                    save={save}
                    leave={() => {
                        draft.clear();
                        forgetRecord();
                        go(entryHref(record.id, res));
                    }}
                />
            </>
        );
    }
    return (
        <>
            <p class="k-back">
                <a href={entryHref(record.id, res)}>{t.back}</a>
            </p>
            <Heading>{t.editTitle(entry.title)}</Heading>
            <form onSubmit={submit} noValidate class="k-write">
                {form.summary}
                {idle ? <p role="status">{t.nothingChanged}</p> : null}
                <EntryFields
                    fields={fields}
                    form={mine}
                    problems={form.problems}
                    change={(next) => draft.set({ base, form: next })}
                />
                <DraftNote draft={draft} />
                <div class="k-buttons">
                    <Button busy={form.busy}>{t.save}</Button>
                </div>
            </form>
        </>
    );
}

export default function ChangePage(props: RecordPageProps) {
    const t = write();
    const { record, params, session } = props;
    const type = params.type!;
    const entry = formOfType(type);
    const res = record.index.byReference.get(`${type}/${params.entry!}`);
    if (!entry || !res || params.entry!.includes('~')) {
        return (
            <>
                <Heading>{t.noSuchEntry}</Heading>
                <p>
                    {t.noSuchEntryAdvice} <a href={recordHref(record.id)}>{t.back}</a>.
                </p>
            </>
        );
    }
    if (!mayChange(session, type)) {
        return (
            <>
                <Heading>{t.editTitle(entry.title)}</Heading>
                <p>{t.notForYou}</p>
            </>
        );
    }
    return <Editing {...props} entry={entry} res={res} key={`${type}/${res.id}`} />;
}
