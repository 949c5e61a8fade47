/* Feedback about a page: it goes to the people who run the node, and they can answer. */
import { useState } from 'preact/hooks';
import { get, matchesOf, operate } from '../api.ts';
import { useDraft } from '../drafts.ts';
import { isPatient } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import type { Bundle } from '../model/fhir.ts';
import { parameters } from '../model/params.ts';
import { newestFirst, requestOf, WORDS_MOST, type Request } from '../model/requests.ts';
import { Heading, Section, TroubleBox, useTitle } from '../parts/basic.tsx';
import { DraftNote } from '../parts/draft-note.tsx';
import { Button, Main, TextField, useForm, useLoaded } from '../parts/form.tsx';
import type { PageProps } from '../routes.ts';
import { requests } from '../texts/requests.ts';

function Mine({ path, turn }: { path: string; turn: number }) {
    const t = requests();
    const loaded = useLoaded((signal) => get<Bundle>(path, signal).then(matchesOf), [path, turn]);
    const all = (loaded.value ?? [])
        .map(requestOf)
        .filter((r): r is Request => r !== null && r.kind === 'feedback' && !r.withdrawn)
        .sort(newestFirst);
    if (loaded.trouble) {
        return <TroubleBox trouble={loaded.trouble} again={loaded.again} />;
    }
    return all.length ? (
        <Section id="before" title={t.feedbackMine} wide>
            <ul class="nhsuk-list">
                {all.map((r) => (
                    <li key={r.res.id} class="k-said-beside">
                        <p class="k-quiet">{showDate(r.asked)}</p>
                        <p class="k-lines k-break">{r.words}</p>
                        <p class="k-lines k-break">
                            {r.waits ? (
                                t.waitsWith(r.owner, showDate(r.due))
                            ) : (
                                <>
                                    <strong>{t.answer}:</strong> {r.answer}
                                </>
                            )}
                        </p>
                    </li>
                ))}
            </ul>
        </Section>
    ) : null;
}

export default function FeedbackPage({ session, query }: PageProps) {
    const t = requests();
    const page = (query.get('page') ?? '').slice(0, 100);
    const own = isPatient(session) ? session.account?.patient : undefined;
    const path = own ? `Patient/${own}/$ask` : '$ask';
    const draft = useDraft('feedback', { words: '', id: '' });
    const [turn, setTurn] = useState(0);
    const form = useForm();
    useTitle(t.feedbackTitle);
    const said = draft.value.words.trim();
    const submit = (e: Event) =>
        form.send(
            e,
            !said
                ? { 'feedback-words': t.needWords }
                : [...said].length > WORDS_MOST
                  ? { 'feedback-words': t.tooLong(WORDS_MOST.toLocaleString('en-GB')) }
                  : {},
            async () => {
                const id = draft.value.id || crypto.randomUUID();
                draft.set({ ...draft.value, id });
                await operate(
                    path,
                    parameters([
                        ['kind', 'Code', 'feedback'],
                        ['words', 'String', said],
                        ['page', 'String', page],
                        ['id', 'Id', id],
                    ]),
                );
                draft.clear();
                setTurn((n) => n + 1);
            },
        );
    return (
        <Main>
            <form onSubmit={submit} noValidate class="k-narrow">
                {form.summary}
                <Heading>{t.feedbackTitle}</Heading>
                <p role="status" class={turn ? 'k-said' : undefined}>
                    {turn ? t.feedbackSent : ''}
                </p>
                <p>{t.feedbackLead}</p>
                <p>{t.feedbackNot}</p>
                {page ? <p>{t.feedbackPage(page)}</p> : null}
                <TextField
                    id="feedback-words"
                    label={t.yourWords}
                    hint={t.feedbackHint}
                    problem={form.problems['feedback-words']}
                    value={draft.value.words}
                    change={(words) => draft.set({ ...draft.value, words })}
                    long
                    most={WORDS_MOST}
                    spellcheck
                />
                <DraftNote draft={draft} />
                <Button busy={form.busy}>{t.send}</Button>
            </form>
            <Mine path={path} turn={turn} />
        </Main>
    );
}
