/* One thing is asked, or said, about an entry or the record as a whole. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { operate } from '../api.ts';
import { useDraft } from '../drafts.ts';
import { isPatient } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import type { Resource } from '../model/fhir.ts';
import { parameters } from '../model/params.ts';
import { idThere } from '../model/places.ts';
import { ASKS, WORDS_MOST, nameOf, requestOf, type AskKind } from '../model/requests.ts';
import { DraftNote } from '../parts/draft-note.tsx';
import { Heading } from '../parts/basic.tsx';
import { Button, TextField, useForm } from '../parts/form.tsx';
import { entryHref, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { requests } from '../texts/requests.ts';
import { AskStaff } from '../parts/ask-staff.tsx';

interface Said {
    words: string;
    id: string; /* the same for every try to send it */
}

function Sent({ id, res, made }: { id: string; res: Resource | undefined; made: Resource }) {
    const t = requests();
    const r = requestOf(made);
    useLayoutEffect(() => document.getElementById('page-heading')?.focus(), []);
    return (
        <>
            <Heading>{r ? t.sentHeading : t.savedHeading}</Heading>
            <p>{r ? t.sentWords(r.owner, showDate(r.due)) : t.savedWords}</p>
            <ul class="nhsuk-list">
                {res ? (
                    <li>
                        <a href={entryHref(id, res)}>{t.backToEntry}</a>
                    </li>
                ) : null}
                <li>
                    <a href={recordHref(id, 'requests')}>{t.seeAll}</a>
                </li>
            </ul>
        </>
    );
}

const FORMS = {
    correction: ['correctionHeading', 'correctionLead', 'correctionHint'],
    comment: ['commentHeading', 'commentLead', 'commentHint'],
    repeat: ['repeatHeading', 'repeatLead', 'repeatHint'],
} as const;

function Words({ record, params }: RecordPageProps) {
    const t = requests();
    const kind = params.kind as AskKind;
    const index = record.index;
    const res = params.type ? index.byReference.get(`${params.type}/${params.entry}`) : undefined;
    const about = res ? index.aboutOf(res) : null;
    const away = about !== null && !about.own;
    const draft = useDraft<Said>(`ask/${record.id}/${kind}/${params.type ?? ''}/${params.entry ?? ''}`, {
        words: '',
        id: '',
    });
    const [made, setMade] = useState<Resource | null>(null);
    const form = useForm();
    const name = nameOf(res, params.type);
    const place = about?.place || t.elsewhereShort;
    if (made) {
        return <Sent id={record.id} res={res} made={made} />;
    }
    const said = draft.value.words.trim();
    const submit = (e: Event) => {
        const missing = !said && kind !== 'repeat';
        form.send(
            e,
            missing
                ? { 'ask-words': t.needWords }
                : [...said].length > WORDS_MOST
                  ? { 'ask-words': t.tooLong(WORDS_MOST.toLocaleString('en-GB')) }
                  : {},
            async () => {
                const id = draft.value.id || crypto.randomUUID();
                draft.set({ ...draft.value, id });
                const entry = res ? `${res.resourceType}/${idThere(res.id ?? '')}` : '';
                const answer = await operate(
                    entry && !away ? `${entry}/$ask` : `Patient/${record.id}/$ask`,
                    parameters([
                        ['kind', 'Code', kind],
                        ['words', 'String', said],
                        ['place', 'String', away ? about.ods : ''],
                        ['entry', 'Reference', away ? { reference: entry } : null],
                        ['id', 'Id', id],
                    ]),
                );
                draft.clear();
                setMade(answer);
            },
        );
    };
    const [heading, lead, hint] = (FORMS as Record<string, readonly string[]>)[kind] ?? [
        'questionHeading',
        'questionLead',
        'questionHint',
    ];
    const text = (key: string | undefined): string => {
        const words = (t as any)[key ?? ''];
        return typeof words === 'function' ? words(name) : String(words ?? '');
    };
    if (away && kind === 'comment') {
        return (
            <>
                <Heading>{text(heading)}</Heading>
                <p>{t.elsewhereSide(place)}</p>
                <p>
                    <a href={entryHref(record.id, res!)}>{t.backToEntry}</a>
                </p>
            </>
        );
    }
    return (
        <form onSubmit={submit} noValidate class="k-narrow">
            {res ? (
                <p class="k-back">
                    <a href={entryHref(record.id, res)}>{t.backToEntry}</a>
                </p>
            ) : null}
            {form.summary}
            <Heading>{text(heading)}</Heading>
            <p>{text(lead)}</p>
            {away ? (
                <div class="nhsuk-inset-text k-inset">
                    <p>{t.elsewhere(place)}</p>
                </div>
            ) : null}
            <TextField
                id="ask-words"
                label={t.yourWords}
                hint={text(hint)}
                problem={form.problems['ask-words']}
                value={draft.value.words}
                change={(words) => draft.set({ ...draft.value, words })}
                long
                most={WORDS_MOST}
                spellcheck
            />
            <DraftNote draft={draft} />
            <Button busy={form.busy}>{kind === 'comment' ? t.save : t.send}</Button>
        </form>
    );
}

export default function AskPage(props: RecordPageProps) {
    const t = requests();
    const { record, params, session } = props;
    const known = ASKS.includes(params.kind as AskKind) && params.kind !== 'feedback';
    const gone = params.type && !record.index.byReference.has(`${params.type}/${params.entry}`);
    const needsEntry = params.kind === 'comment' || params.kind === 'repeat';
    if (!isPatient(session)) {
        return <AskStaff {...props} />;
    }
    if (!known || gone || (needsEntry && !params.type)) {
        return (
            <>
                <Heading>{t.title}</Heading>
                <p>{gone ? t.entryGone : t.notAsked}</p>
                <p>
                    <a href={recordHref(record.id)}>{t.backToRecord}</a>
                </p>
            </>
        );
    }
    return <Words {...props} />;
}
