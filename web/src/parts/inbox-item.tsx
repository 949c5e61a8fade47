/* One thing of the inbox: what it is, whose, by when; and what can be done with it. */
import { useState } from 'preact/hooks';
import { get, operate } from '../api.ts';
import { useDraft } from '../drafts.ts';
import { inboxChanged, type Work } from '../inbox.ts';
import type { Session } from '../model/account.ts';
import { showDate, showDateTime } from '../model/dates.ts';
import { list, type Resource } from '../model/fhir.ts';
import { parameters } from '../model/params.ts';
import { patientName } from '../model/people.ts';
import { askedInMail, isLate, nameOf, OUTCOMES, WORDS_MOST, type Request } from '../model/requests.ts';
import { entryHref, recordHref } from '../router.ts';
import { inbox } from '../texts/inbox.ts';
import { Tag, TroubleBox } from './basic.tsx';
import { DraftNote } from './draft-note.tsx';
import { Button, Choices, TextField, useAction, useForm, useLoaded } from './form.tsx';
import { OwnerField } from './owner-field.tsx';

const TONES: Record<string, string> = {
    correction: 'orange',
    repeat: 'purple',
    question: 'blue',
    feedback: 'grey',
    result: 'green',
    letter: 'aqua-green',
    task: 'yellow',
};

interface ItemProps {
    r: Request;
    work: Work;
    session: Session;
    open: boolean;
    toggle: () => void;
    done: (words: string) => void;
}

const personOf = (r: Request, work: Work): string => {
    const known = work.known.get(`Patient/${r.patient}`);
    return known ? patientName(known) : r.byReference === `Patient/${r.patient}` ? r.by : '';
};

export const takeOver = (r: Request): Promise<Resource> =>
    operate(`Task/${r.res.id}/$take`, parameters([]));

function Fact({ label, children }: { label: string; children: preact.ComponentChildren }) {
    return (
        <div class="nhsuk-summary-list__row">
            <dt class="nhsuk-summary-list__key">{label}</dt>
            <dd class="nhsuk-summary-list__value k-break k-lines">{children}</dd>
        </div>
    );
}

function Facts({ r, work }: { r: Request; work: Work }) {
    const t = inbox();
    const entry = work.known.get(r.about);
    return (
        <dl class="nhsuk-summary-list k-facts">
            <Fact label={t.person}>
                {r.patient ? (
                    <a href={recordHref(r.patient)}>{personOf(r, work) || t.open}</a>
                ) : (
                    t.noPerson
                )}
            </Fact>
            {r.about ? (
                <Fact label={t.about}>
                    {entry ? (
                        <a href={entryHref(r.patient, entry)}>{nameOf(entry)}</a>
                    ) : (
                        nameOf(undefined, r.about)
                    )}
                </Fact>
            ) : null}
            {r.words ? <Fact label={t.words}>{r.words}</Fact> : null}
            {r.page ? <Fact label={t.page}>{r.page}</Fact> : null}
            <Fact label={t.askedBy}>{`${r.by}, ${showDateTime(r.asked)}`}</Fact>
            {r.notes.length ? (
                <Fact label={t.history}>
                    {r.notes.map((n) => `${showDateTime(n.at)} ${n.by}: ${n.words}`).join('\n')}
                </Fact>
            ) : null}
        </dl>
    );
}

function AnswerForm({ r, done }: { r: Request; done: (words: string) => void }) {
    const t = inbox();
    const outcomes = OUTCOMES[r.kind];
    const draft = useDraft(`answer/${r.res.id}`, { outcome: outcomes.length === 1 ? outcomes[0]! : '', words: '' });
    const form = useForm();
    const v = draft.value;
    const id = (name: string) => `${name}-${r.res.id}`;
    const staff = ['result', 'letter', 'task'].includes(r.kind);
    const submit = (e: Event) =>
        form.send(
            e,
            {
                ...(v.outcome ? {} : { [id('outcome')]: t.chooseOutcome }),
                ...(v.words.trim() || v.outcome === 'done' ? {} : { [id('words')]: t.needWords }),
            },
            async () => {
                await operate(
                    `Task/${r.res.id}/$answer`,
                    parameters([
                        ['outcome', 'Code', v.outcome],
                        ['words', 'String', v.words.trim()],
                    ]),
                );
                draft.clear();
                inboxChanged();
                done(t.answered);
            },
        );
    return (
        <form onSubmit={submit} noValidate>
            {form.summary}
            {outcomes.length > 1 ? (
                <Choices
                    id={id('outcome')}
                    question={t.outcome}
                    problem={form.problems[id('outcome')]}
                    options={outcomes.map((value) => ({ value, label: t.outcomes[value] }))}
                    chosen={[v.outcome]}
                    change={([outcome]) => draft.set({ ...v, outcome: outcome! })}
                />
            ) : null}
            <TextField
                id={id('words')}
                label={t.answer}
                hint={staff ? t.answerStaff : t.answerSeen}
                problem={form.problems[id('words')]}
                value={v.words}
                change={(words) => draft.set({ ...v, words })}
                long
                most={WORDS_MOST}
                spellcheck
            />
            <DraftNote draft={draft} />
            <Button busy={form.busy}>{t.answer}</Button>
        </form>
    );
}

function HandOver({ r, session, done }: { r: Request; session: Session; done: (words: string) => void }) {
    const t = inbox();
    const [shown, setShown] = useState(false);
    const [to, setTo] = useState('');
    const [words, setWords] = useState('');
    const form = useForm();
    const id = (name: string) => `${name}-${r.res.id}`;
    if (!shown) {
        return (
            <Button kind="secondary" click={() => setShown(true)}>
                {t.handOver}
            </Button>
        );
    }
    const submit = (e: Event) =>
        form.send(e, to ? {} : { [id('to')]: t.chooseOwner }, async () => {
            const after = await operate(
                `Task/${r.res.id}/$hand-over`,
                parameters([
                    ['to', 'Reference', { reference: to }],
                    ['words', 'String', words.trim()],
                ]),
            );
            inboxChanged();
            done(t.handed(String(after.owner?.display ?? to)));
        });
    return (
        <form onSubmit={submit} noValidate class="k-part">
            {form.summary}
            <OwnerField
                id={id('to')}
                label={t.handTo}
                session={session}
                value={to}
                first={{ value: '', label: t.chooseOwner }}
                problem={form.problems[id('to')]}
                change={setTo}
            />
            <TextField id={id('why')} label={t.why} value={words} change={setWords} long most={WORDS_MOST} spellcheck />
            <div class="k-buttons">
                <Button busy={form.busy}>{t.handOver}</Button>
                <Button kind="secondary" click={() => setShown(false)}>
                    {t.close}
                </Button>
            </div>
        </form>
    );
}

function Deal({ r, work, session, done }: ItemProps) {
    const t = inbox();
    const { busy, trouble, run } = useAction();
    const mine = work.mine.has(r.ownerReference);
    const alone = r.ownerReference === session.account?.person;
    const canTake = !alone && Boolean(session.account?.person);
    return (
        <>
            {trouble ? <TroubleBox trouble={trouble} /> : null}
            {mine ? <AnswerForm r={r} done={done} /> : <p>{t.notMine(r.owner)}</p>}
            <div class="k-buttons">
                {canTake ? (
                    <Button
                        kind="secondary"
                        busy={busy}
                        click={() =>
                            void run(() => takeOver(r)).then((ok) => {
                                if (ok) {
                                    inboxChanged();
                                    done(t.taken);
                                }
                            })
                        }
                    >
                        {t.take}
                    </Button>
                ) : null}
                {mine ? <HandOver r={r} session={session} done={done} /> : null}
            </div>
        </>
    );
}

export function InboxItem(props: ItemProps) {
    const { r, work, open, toggle } = props;
    const t = inbox();
    const late = isLate(r);
    const entry = work.known.get(r.about);
    const what = [personOf(r, work), entry ? nameOf(entry) : ''].filter(Boolean).join(', ');
    const words = r.words.length > 100 ? `${r.words.slice(0, 99)}…` : r.words;
    return (
        <li class="k-card k-wide k-inbox__item">
            <h2 class="k-inbox__head">
                <button
                    type="button"
                    class="k-inbox__button"
                    id={`item-${r.res.id}`}
                    data-item={r.res.id}
                    aria-expanded={open}
                    onClick={toggle}
                >
                    <Tag tone={TONES[r.kind] ?? 'grey'}>{t.kinds[r.kind]}</Tag>{' '}
                    <span class="k-inbox__what">{what || r.by || t.noPerson}</span>
                </button>
            </h2>
            {words && !open ? <p class="k-inbox__words k-break">{words}</p> : null}
            <p class="k-inbox__line">
                {late ? (
                    <>
                        <Tag tone="red">{t.overdue}</Tag>{' '}
                    </>
                ) : null}
                {t.due} {showDate(r.due)}. {t.owner}: {r.owner}.
                {r.internal ? ` ${t.internal}.` : ''}
            </p>
            {open ? (
                <div class="k-part">
                    <Facts r={r} work={work} />
                    <Deal {...props} />
                </div>
            ) : null}
        </li>
    );
}

/* The bundle of a message, which stands in a Binary. */
async function readMail(res: Resource, signal: AbortSignal): Promise<Resource | null> {
    const binary = await get(String(res.focus?.reference ?? ''), signal);
    try {
        const bytes = Uint8Array.from(atob(String(binary.data ?? '')), (c) => c.charCodeAt(0));
        return JSON.parse(new TextDecoder().decode(bytes)) as Resource;
    } catch {
        return null;
    }
}

/* What a patient asks at another organisation about an entry that is kept here. */
function AskedThere({ res, patient, done }: { res: Resource; patient: string; done: (words: string) => void }) {
    const t = inbox();
    const loaded = useLoaded((signal) => readMail(res, signal), [res.id]);
    const asked = askedInMail(loaded.value);
    if (loaded.trouble) {
        return <TroubleBox trouble={loaded.trouble} again={loaded.again} />;
    }
    if (!asked) {
        return null;
    }
    const r = asked.request;
    const [type = '', id = ''] = r.there.split('/');
    return (
        <>
            <dl class="nhsuk-summary-list k-facts">
                <Fact label={t.words}>{r.words}</Fact>
                <Fact label={t.askedBy}>{`${r.by}, ${showDateTime(r.asked)}`}</Fact>
                {patient && id ? (
                    <Fact label={t.about}>
                        <a href={entryHref(patient, { resourceType: type, id })}>
                            {nameOf(undefined, r.there)}
                        </a>
                    </Fact>
                ) : null}
            </dl>
            {patient && !asked.answers ? <AnswerForm r={{ ...r, res }} done={done} /> : null}
        </>
    );
}

/* A message of another organisation: it is dealt with by saying so. */
export function MailItem({ res, work, done }: { res: Resource; work: Work; done: (words: string) => void }) {
    const t = inbox();
    const { busy, trouble, run } = useAction();
    const patient = String(res.for?.reference ?? '').replace(/^Patient\//, '');
    const known = work.known.get(`Patient/${patient}`);
    const from = String(res.requester?.display ?? res.requester?.identifier?.value ?? '');
    const [shown, setShown] = useState(false);
    const workflow = list<any>(res.code?.coding).find((c) => /mail-workflow$/.test(c.system ?? ''))?.code;
    return (
        <li class="k-card k-wide k-inbox__item">
            <h2 class="nhsuk-heading-s">
                <Tag tone="aqua-green">{t.mail}</Tag> {t.workflows[String(workflow)] ?? ''} {t.mailFrom(from)}
            </h2>
            <p class="k-inbox__line">
                {showDateTime(res.authoredOn)}.{' '}
                {patient ? (
                    <a href={recordHref(patient)}>{known ? patientName(known) : t.open}</a>
                ) : (
                    t.mailUnknown
                )}
            </p>
            {workflow === 'request' ? (
                <Button kind="small" click={() => setShown(!shown)}>
                    {shown ? t.close : t.open}
                    <span class="nhsuk-u-visually-hidden"> ({from})</span>
                </Button>
            ) : null}
            {shown ? <AskedThere res={res} patient={patient} done={done} /> : null}
            {trouble ? <TroubleBox trouble={trouble} /> : null}
            <Button
                kind="small"
                busy={busy}
                click={() =>
                    void run(() => operate(`Task/${res.id}/$acknowledge`, parameters([]))).then((ok) => {
                        if (ok) {
                            inboxChanged();
                            done(t.acknowledged);
                        }
                    })
                }
            >
                {t.acknowledge}
                <span class="nhsuk-u-visually-hidden"> ({from})</span>
            </Button>
        </li>
    );
}
