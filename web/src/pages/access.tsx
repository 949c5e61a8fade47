/* Who looked at my record. */
import { useRef, useState } from 'preact/hooks';
import { json, operate } from '../api.ts';
import { checkList, type Checked } from '../check.ts';
import { isPatient, mayDo } from '../model/account.ts';
import { today } from '../model/dates.ts';
import {
    asCsv,
    byDay,
    classWords,
    instant,
    isOverride,
    isProgram,
    timeWords,
    told,
    whatWords,
    whenWords,
    whoWords,
    whyWords,
    type Look,
    type Looks,
} from '../model/looks.ts';
import { showDate } from '../model/dates.ts';
import { parameters } from '../model/params.ts';
import { NoEd25519, ProofError } from '../model/tlog.ts';
import {
    Empty,
    Heading,
    More,
    Status,
    Tag,
    TroubleBox,
    plural,
    useTitle,
} from '../parts/basic.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { FileButton, saveFile } from '../parts/file-button.tsx';
import { waitingHere } from '../parts/focus.ts';
import { Button, Choices, Main, TextField, useAction, useLoaded } from '../parts/form.tsx';
import { PersonLinks } from '../parts/person.tsx';
import type { PageProps } from '../routes.ts';

function QueryDialog(props: { look: Look; patient: string; close: () => void; sent: () => void }) {
    const [words, setWords] = useState('');
    const action = useAction();
    const send = () =>
        action.run(async () => {
            await operate(
                `Patient/${props.patient}/$query-access`,
                parameters([
                    ['leaf', 'String', String(props.look.leaf)],
                    ['words', 'String', words.trim()],
                ]),
            );
            props.sent();
        });
    return (
        <Dialog id="query" title="You do not recognise this" close={props.close}>
            <p>
                {whoWords(props.look)}
                {props.look.organisation_name ? `, ${props.look.organisation_name}` : ''},{' '}
                {whenWords(props.look)}
            </p>
            <p>A privacy officer will look into it. You will get an answer.</p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <TextField
                id="query-words"
                label="Is there something that we should know? (optional)"
                value={words}
                change={setWords}
                long
                spellcheck
            />
            <div class="k-buttons">
                <Button busy={action.busy} click={() => void send()}>
                    Ask the privacy officer
                </Button>
                <Button kind="secondary" click={props.close}>
                    Cancel
                </Button>
            </div>
        </Dialog>
    );
}

function Entry({
    look,
    own,
    ask,
    proofs,
}: {
    look: Look;
    own: boolean;
    ask: ((l: Look) => void) | null;
    proofs: boolean;
}) {
    const why = whyWords(look, own);
    const hidden = look.disclose_after !== undefined && !look.name;
    const id = `who-${look.leaf}`;
    return (
        <li class="k-look">
            <p class="k-look__who" id={id}>
                <strong>{whoWords(look, own)}</strong>{' '}
                {isOverride(look) ? <Tag tone="red">Emergency</Tag> : null}
                {look.kind === 'refused' ? <Tag tone="grey">Refused</Tag> : null}
                {isProgram(look) ? <Tag tone="grey">Program</Tag> : null}
                {look.class === 'proxy' ? <Tag tone="blue">{told('Acts for you', own)}</Tag> : null}
            </p>
            {look.role_name || look.organisation_name ? (
                <p>{[look.role_name, look.organisation_name].filter(Boolean).join(', ')}</p>
            ) : null}
            {hidden ? (
                <p>
                    A law lets this wait. You will see more from{' '}
                    {showDate(instant(look.disclose_after))}.
                </p>
            ) : (
                <p>{whatWords(look, own)}</p>
            )}
            {why ? <p>Why: {why}</p> : null}
            <p class="k-quiet">
                {timeWords(look) ? `At ${timeWords(look)}. ` : ''}
                {classWords(look, own)}
                {look.client_name && !isProgram(look) ? `, with ${look.client_name}` : ''}.
            </p>
            <p class="k-look__do">
                {ask && look.class !== 'self' ? (
                    <button
                        type="button"
                        class="k-link-button"
                        aria-describedby={id}
                        onClick={() => ask(look)}
                    >
                        I don’t recognise this
                    </button>
                ) : null}
                {proofs ? (
                    <FileButton
                        path={`/audit/proof/${look.leaf}`}
                        name={`entry-${look.seq?.[0] ?? look.leaf}.tlog-proof`}
                        describedBy={id}
                    >
                        Download the proof
                    </FileButton>
                ) : null}
            </p>
        </li>
    );
}

type Outcome = { good: boolean; heading: string; words: string };

function outcomeOf(checked: Checked): Outcome {
    const silent = checked.silent
        ? ` ${plural(checked.silent, 'entry has', 'entries have')} no words: erased, or not told yet.`
        : '';
    return {
        good: true,
        heading: 'The list is complete and unchanged',
        words: `We checked all ${plural(checked.entries, 'entry', 'entries')}, from the first to the newest. None is missing, and none was changed.${silent}`,
    };
}

function failureOf(e: unknown): Outcome {
    if (e instanceof NoEd25519) {
        return {
            good: false,
            heading: 'This browser cannot check the list',
            words: 'It is too old for the kind of signature that the list has. Use a newer browser, or download the proofs.',
        };
    }
    if (e instanceof ProofError) {
        return {
            good: false,
            heading: 'The list is not right',
            words: `The check failed: ${e.message}. Tell your practice or hospital, and keep this page.`,
        };
    }
    return {
        good: false,
        heading: 'The check could not end',
        words: 'The node did not answer as it should. Try again.',
    };
}

function Check({ patient, looks }: { patient: string; looks: Look[] }) {
    const [state, setState] = useState('');
    const [outcome, setOutcome] = useState<Outcome | null>(null);
    const heading = useRef<HTMLHeadingElement>(null);
    const run = async () => {
        if (state) {
            return;
        }
        const over = waitingHere();
        setOutcome(null);
        setState('Checking');
        try {
            const signal = new AbortController().signal;
            const checked = await checkList(patient, looks, signal, (n, of) =>
                setState(`Checked ${n} of ${of}`),
            );
            setOutcome(outcomeOf(checked));
        } catch (e) {
            setOutcome(failureOf(e));
        }
        setState('');
        over(() => heading.current);
    };
    return (
        <section aria-labelledby="check" class="k-card k-check">
            <h2 class="nhsuk-heading-m" id="check">
                Check this list
            </h2>
            <p>
                Nobody can change or hide an entry without being found out. Your browser can check
                that itself.
            </p>
            <Button kind="secondary" busy={state !== ''} click={() => void run()}>
                Check the list
            </Button>
            <p role="status">{state}</p>
            {outcome ? (
                <div class={outcome.good ? 'k-good' : 'k-bad'}>
                    <h3 class="nhsuk-heading-s" ref={heading} tabIndex={-1} id="checked">
                        {outcome.heading}
                    </h3>
                    <p>{outcome.words}</p>
                </div>
            ) : null}
            <More summary="How does it work?">
                <p>
                    Each time somebody looks, the node writes a numbered entry: 1, 2, 3 and so on.
                    All entries are joined by sums, like links of a chain, and signed. If one were
                    taken out or changed, the sums would not fit any more.
                </p>
                <p>
                    Download a proof to check it without us. <a href="/audit/key">The key</a> and{' '}
                    <a href="/audit/checkpoint">the newest signed sum</a> are public.
                </p>
            </More>
        </section>
    );
}

export default function AccessPage({ params, session }: PageProps) {
    const id = params.id!;
    const own = isPatient(session);
    const [filter, setFilter] = useState('all');
    const [asking, setAsking] = useState<Look | null>(null);
    const [said, setSaid] = useState('');
    const more = useAction();
    const me = own && session.account?.patient === id;
    const title = me ? 'Who looked at my record' : 'Who looked at this record';
    useTitle(title);
    const path = `/audit/patient/${encodeURIComponent(id)}?count=50`;
    const list = useLoaded((signal) => json<Looks>(path, undefined, signal), [id]);
    const looks = list.value?.entries ?? [];
    const shown = looks.filter((l) => filter === 'all' || isProgram(l) === (filter === 'programs'));
    const next = list.value?.next;
    /* Somebody who acts for a patient is not told how much there is that they do not see. */
    const places = list.value?.total !== null;
    const loadMore = () =>
        more.run(async () => {
            const page = await json<Looks>(`${path}&before=${encodeURIComponent(next!)}`);
            list.put({ ...page, entries: [...looks, ...(page.entries ?? [])] });
            setSaid(`${plural(page.entries?.length ?? 0, 'entry', 'entries')} more`);
        });
    const t = today();
    return (
        <Main>
            <PersonLinks id={id} session={session} page="access" />
            <Heading>{title}</Heading>
            <Status>{said}</Status>
            <p>
                {me
                    ? 'Each time somebody sees your record, it is written down here. We cannot take it away again.'
                    : 'Each time somebody sees this record, it is written down here.'}
            </p>
            {list.trouble ? <TroubleBox trouble={list.trouble} again={list.again} /> : null}
            {list.value ? (
                <>
                    {places ? <Check patient={id} looks={looks} /> : null}
                    <Choices
                        id="filter"
                        question="Show"
                        options={[
                            { value: 'all', label: 'Everything' },
                            { value: 'people', label: 'People only' },
                            { value: 'programs', label: 'Programs only' },
                        ]}
                        chosen={[filter]}
                        change={([v]) => setFilter(v!)}
                    />
                    <p role="status" class="k-quiet">
                        {plural(shown.length, 'line', 'lines')} here
                        {places
                            ? `, of ${plural(list.value.total ?? 0, 'entry', 'entries')} in all`
                            : ''}
                    </p>
                    {byDay(shown).map(([day, ofDay]) => (
                        <section class="k-card k-wide" aria-labelledby={`day-${day}`}>
                            <h2 class="nhsuk-heading-s" id={`day-${day}`}>
                                {day}
                            </h2>
                            <ul class="k-looks">
                                {ofDay.map((l) => (
                                    <Entry
                                        look={l}
                                        key={l.leaf}
                                        own={me}
                                        proofs={places}
                                        ask={
                                            own || !mayDo(session, 'view-audit') ? setAsking : null
                                        }
                                    />
                                ))}
                            </ul>
                        </section>
                    ))}
                    {!shown.length ? <Empty>There is nothing here.</Empty> : null}
                    {more.trouble ? <TroubleBox trouble={more.trouble} /> : null}
                    <div class="k-buttons">
                        {next ? (
                            <Button kind="secondary" busy={more.busy} click={() => void loadMore()}>
                                Show older entries
                            </Button>
                        ) : null}
                        <Button
                            kind="secondary"
                            click={() =>
                                saveFile(
                                    `who-looked-${t.year}-${t.month}-${t.day}.csv`,
                                    new Blob([`\ufeff${asCsv(shown, me)}`], {
                                        type: 'text/csv;charset=utf-8',
                                    }),
                                )
                            }
                        >
                            Download as a table (CSV)
                        </Button>
                    </div>
                </>
            ) : list.trouble ? null : (
                <p role="status">Reading the list</p>
            )}
            {asking ? (
                <QueryDialog
                    look={asking}
                    patient={id}
                    close={() => setAsking(null)}
                    sent={() => {
                        setAsking(null);
                        setSaid('Your question was sent to the privacy officer');
                    }}
                />
            ) : null}
        </Main>
    );
}
