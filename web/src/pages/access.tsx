/* Who looked at my record. */
import { useRef, useState } from 'preact/hooks';
import { json, operate } from '../api.ts';
import { checkList, type Checked } from '../check.ts';
import { isPatient, mayDo } from '../model/account.ts';
import { instant, showDate, today } from '../model/dates.ts';
import {
    asCsv,
    byDay,
    classWords,
    isOverride,
    isProgram,
    timeWords,
    whatWords,
    whenWords,
    whoWords,
    whyWords,
    type Look,
    type Looks,
} from '../model/looks.ts';
import { parameters } from '../model/params.ts';
import { NoEd25519, ProofError } from '../model/tlog.ts';
import { Empty, Heading, More, Status, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { FileButton, saveFile } from '../parts/file-button.tsx';
import { waitingHere } from '../parts/focus.ts';
import { Button, Choices, Main, TextField, useAction, useLoaded } from '../parts/form.tsx';
import { PersonLinks } from '../parts/person.tsx';
import { WhoItIs } from '../parts/who-it-is.tsx';
import type { PageProps } from '../routes.ts';
import { access } from '../texts/access.ts';
import { common } from '../texts/common.ts';

function QueryDialog(props: { look: Look; patient: string; close: () => void; sent: () => void }) {
    const t = access();
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
        <Dialog id="query" title={t.askTitle} close={props.close}>
            <p>
                {whoWords(props.look)}
                {props.look.organisation_name ? `, ${props.look.organisation_name}` : ''},{' '}
                {whenWords(props.look)}
            </p>
            <p>{t.askLead}</p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <TextField
                id="query-words"
                label={t.askWords}
                value={words}
                change={setWords}
                long
                spellcheck
            />
            <div class="k-buttons">
                <Button busy={action.busy} click={() => void send()}>
                    {t.ask}
                </Button>
                <Button kind="secondary" click={props.close}>
                    {common().cancel}
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
    const t = access();
    const why = whyWords(look, own);
    const hidden = look.disclose_after !== undefined && !look.name;
    const id = `who-${look.leaf}`;
    return (
        <li class="k-look">
            <p class="k-look__who" id={id}>
                <strong>{whoWords(look, own)}</strong>{' '}
                {isOverride(look) ? <Tag tone="red">{t.emergency}</Tag> : null}
                {look.kind === 'refused' ? <Tag tone="grey">{t.refused}</Tag> : null}
                {isProgram(look) ? <Tag tone="grey">{t.program}</Tag> : null}
                {look.class === 'proxy' ? <Tag tone="blue">{t.proxy(own)}</Tag> : null}
            </p>
            {look.role_name || look.organisation_name ? (
                <p>{[look.role_name, look.organisation_name].filter(Boolean).join(', ')}</p>
            ) : null}
            <p>
                {hidden ? t.waits(showDate(instant(look.disclose_after))) : whatWords(look, own)}
            </p>
            {why ? <p>{t.why(why)}</p> : null}
            <p class="k-quiet">
                {timeWords(look) ? `${t.at(timeWords(look))} ` : ''}
                {classWords(look, own)}
                {look.client_name && !isProgram(look) ? t.with(look.client_name) : ''}.
            </p>
            <p class="k-look__do">
                {ask && look.class !== 'self' ? (
                    <button
                        type="button"
                        class="k-link-button"
                        aria-describedby={id}
                        onClick={() => ask(look)}
                    >
                        {t.unknown}
                    </button>
                ) : null}
                {proofs ? (
                    <FileButton
                        path={`/audit/proof/${look.leaf}`}
                        name={`entry-${look.seq?.[0] ?? look.leaf}.tlog-proof`}
                        describedBy={id}
                    >
                        {t.proof}
                    </FileButton>
                ) : null}
            </p>
        </li>
    );
}

type Outcome = { good: boolean; heading: string; words: string };

function outcomeOf(checked: Checked): Outcome {
    const t = access();
    const silent = checked.silent ? ` ${t.silent(checked.silent)}` : '';
    return { good: true, heading: t.good, words: t.goodWords(checked.entries) + silent };
}

function failureOf(e: unknown): Outcome {
    const t = access();
    if (e instanceof NoEd25519) {
        return { good: false, heading: t.old, words: t.oldWords };
    }
    return e instanceof ProofError
        ? { good: false, heading: t.bad, words: t.badWords(e.message) }
        : { good: false, heading: t.stopped, words: t.stoppedWords };
}

function Check({ patient, looks }: { patient: string; looks: Look[] }) {
    const t = access();
    const [state, setState] = useState('');
    const [outcome, setOutcome] = useState<Outcome | null>(null);
    const heading = useRef<HTMLHeadingElement>(null);
    const run = async () => {
        if (state) {
            return;
        }
        const over = waitingHere();
        setOutcome(null);
        setState(t.checking);
        try {
            const signal = new AbortController().signal;
            const checked = await checkList(patient, looks, signal, (n, of) =>
                setState(t.checked(n, of)),
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
                {t.check}
            </h2>
            <p>{t.checkLead}</p>
            <Button kind="secondary" busy={state !== ''} click={() => void run()}>
                {t.checkDo}
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
            <More summary={t.how}>
                <p>{t.howWords}</p>
                <p>{t.without}</p>
                <ul class="nhsuk-list nhsuk-list--bullet">
                    <li>
                        <a href="/audit/key">{t.key}</a>
                    </li>
                    <li>
                        <a href="/audit/checkpoint">{t.sum}</a>
                    </li>
                </ul>
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
    const t = access();
    const title = t.title(me);
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
            setSaid(t.more(page.entries?.length ?? 0));
        });
    const now = today();
    return (
        <Main>
            <WhoItIs id={id} session={session} />
            <PersonLinks id={id} session={session} page="access" />
            <Heading>{title}</Heading>
            <Status>{said}</Status>
            <p>{t.lead(me)}</p>
            {list.trouble ? <TroubleBox trouble={list.trouble} again={list.again} /> : null}
            {list.value ? (
                <>
                    {places ? <Check patient={id} looks={looks} /> : null}
                    <Choices
                        id="filter"
                        question={t.show}
                        options={[
                            { value: 'all', label: t.all },
                            { value: 'people', label: t.people },
                            { value: 'programs', label: t.programs },
                        ]}
                        chosen={[filter]}
                        change={([v]) => setFilter(v!)}
                    />
                    <p role="status" class="k-quiet">
                        {t.lines(shown.length)}
                        {places ? t.ofAll(list.value.total ?? 0) : ''}
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
                    {!shown.length ? <Empty>{t.none}</Empty> : null}
                    {more.trouble ? <TroubleBox trouble={more.trouble} /> : null}
                    <div class="k-buttons">
                        {next ? (
                            <Button kind="secondary" busy={more.busy} click={() => void loadMore()}>
                                {t.older}
                            </Button>
                        ) : null}
                        <Button
                            kind="secondary"
                            click={() =>
                                saveFile(
                                    `${t.file}-${now.year}-${now.month}-${now.day}.csv`,
                                    new Blob([`\ufeff${asCsv(shown, me)}`], {
                                        type: 'text/csv;charset=utf-8',
                                    }),
                                )
                            }
                        >
                            {t.table}
                        </Button>
                    </div>
                </>
            ) : list.trouble ? null : (
                <p role="status">{t.reading}</p>
            )}
            {asking ? (
                <QueryDialog
                    look={asking}
                    patient={id}
                    close={() => setAsking(null)}
                    sent={() => {
                        setAsking(null);
                        setSaid(t.asked);
                    }}
                />
            ) : null}
        </Main>
    );
}
