/* The queue of the privacy officers: openings in an emergency, claims, questions of patients,
 * alarms about other members of the locality. */
import { useState } from 'preact/hooks';
import { get, matchesOf, nextPath, operate } from '../api.ts';
import { showDateTime } from '../model/dates.ts';
import { list, localReference, words, type Bundle, type Resource } from '../model/fhir.ts';
import { alarmWords } from '../model/locality.ts';
import { reasonWords } from '../model/looks.ts';
import { parameters } from '../model/params.ts';
import { patientName } from '../model/people.ts';
import { CloseLooks } from '../parts/close-looks.tsx';
import { LegalAccess } from '../parts/legal-access.tsx';
import { Empty, Heading, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
import {
    Button,
    Choices,
    Main,
    TextField,
    useAction,
    useForm,
    useLoaded,
    type Problems,
} from '../parts/form.tsx';
import { reviews } from '../texts/reviews.ts';

const KIND_TONES: Record<string, string> = {
    'override-review': 'red',
    'claim-review': 'orange',
    'legal-review': 'purple',
    'account-review': 'orange',
    'access-query': 'blue',
    'identity-conflict': 'orange',
    'locality-alarm': 'red',
};
const KINDS = Object.keys(KIND_TONES);

function kindOf(task: Resource): string {
    const codes = list<any>(task.code?.coding).map((c) => String(c.code ?? ''));
    return codes.find((c) => KINDS.includes(c)) ?? '';
}

function pathFor(done: boolean): string {
    const query = new URLSearchParams([
        ['code', KINDS.join(',')],
        ['status', done ? 'completed' : 'requested,received,accepted,in-progress'],
        ['_sort', '-authored-on'],
        ['_count', '20'],
    ]);
    return `Task?${query.toString()}`;
}

const nameOf = (ref: any): string => String(ref?.display ?? ref?.reference ?? '');

/* The Consent that a task is about; of one about something else there is nothing more to read. */
function useConsent(task: Resource): { consent: Resource | null; read: boolean } {
    const focus = localReference(task.focus?.reference);
    const { value, trouble } = useLoaded<{ consent: Resource | null }>(
        async (signal) => ({
            consent: focus.startsWith('Consent/') ? await get(focus, signal) : null,
        }),
        [focus],
    );
    return { consent: value?.consent ?? null, read: value !== null || trouble !== null };
}

/* What was said: of the task itself, else of the Consent that it is about. */
function Reason({ task, consent }: { task: Resource; consent: Resource | null }) {
    const t = reviews();
    const coded = String(list<any>(task.reasonCode?.coding)[0]?.display ?? '');
    const told = [task.reasonCode?.text, task.description].map((said) => String(said ?? ''));
    const extension = list<any>(consent?.extension).find((e) =>
        String(e.url ?? '').endsWith('/consent-reason'),
    );
    const code = list<any>(extension?.valueCodeableConcept?.coding)[0]?.code;
    const reason = reasonWords(code);
    const text = String(extension?.valueCodeableConcept?.text ?? '');
    const period = consent?.provision?.period;
    const rows: [string, string][] = [
        [t.reason, reason ?? coded],
        [t.theirWords, [text, ...told].find((said) => said && said !== reason && said !== coded) ?? ''],
        [t.from, showDateTime(period?.start)],
        [t.until, showDateTime(period?.end)],
        ...list<any>(task.note).map((n): [string, string] => [t.note, String(n.text ?? '')]),
    ];
    return (
        <dl class="nhsuk-summary-list k-facts">
            {rows
                .filter(([, v]) => v)
                .map(([k, v]) => (
                    <div class="nhsuk-summary-list__row">
                        <dt class="nhsuk-summary-list__key">{k}</dt>
                        <dd class="nhsuk-summary-list__value k-break">{v}</dd>
                    </div>
                ))}
        </dl>
    );
}

function Decide({ task, done }: { task: Resource; done: (words: string) => void }) {
    const t = reviews();
    const [outcome, setOutcome] = useState('');
    const [text, setText] = useState('');
    const form = useForm();
    const alarm = kindOf(task) === 'locality-alarm';
    const id = (name: string) => `${name}-${task.id}`;
    const submit = (e: Event) => {
        const found: Problems = {
            ...(outcome ? {} : { [id('outcome')]: t.needDecision }),
            ...(!text.trim() && outcome === 'concern'
                ? { [id('words')]: t.needConcern }
                : {}),
            ...(!text.trim() && kindOf(task) === 'access-query'
                ? { [id('words')]: t.needAnswer }
                : {}),
        };
        form.send(e, found, async () => {
            await operate(
                `Task/${task.id}/$review`,
                parameters([
                    ['outcome', 'Code', outcome],
                    ['words', 'String', text.trim()],
                ]),
            );
            done(t.outcomes[outcome]!);
        });
    };
    return (
        <form onSubmit={submit} noValidate>
            {form.summary}
            <Choices
                id={id('outcome')}
                question={t.decide}
                problem={form.problems[id('outcome')]}
                options={[
                    {
                        value: 'accepted',
                        label: alarm ? t.dealtWith : t.wasRight,
                        hint: alarm ? t.dealtWithHint : t.wasRightHint,
                    },
                    {
                        value: 'concern',
                        label: t.raise,
                        hint: t.raiseHint,
                    },
                ]}
                chosen={[outcome]}
                change={([v]) => setOutcome(v!)}
            />
            <TextField
                id={id('words')}
                label={t.why}
                hint={alarm ? t.whyAlarm : t.whyHint}
                problem={form.problems[id('words')]}
                value={text}
                change={setText}
                long
                spellcheck
            />
            <Button busy={form.busy}>{t.save}</Button>
        </form>
    );
}

/* Nobody decides before the reason is there to read, nor has the form move away under their hands. */
function Looked(props: {
    task: Resource;
    patient: string;
    open: boolean;
    done: (w: string) => void;
}) {
    const { task, patient, open, done } = props;
    const { consent, read } = useConsent(task);
    return (
        <div class="k-part">
            {patient ? (
                <p>
                    <a href={`#/people/${patient}/access`}>{reviews().whoLooked}</a>
                </p>
            ) : null}
            {read ? (
                <>
                    <Reason task={task} consent={consent} />
                    {open ? <Decide task={task} done={done} /> : null}
                </>
            ) : (
                <p role="status">{reviews().reading}</p>
            )}
        </div>
    );
}

function Item({ task, open, done }: { task: Resource; open: boolean; done: (w: string) => void }) {
    const t = reviews();
    const [shown, setShown] = useState(false);
    const kind = kindOf(task);
    const patient = localReference(task.for?.reference).replace(/^Patient\//, '');
    const found = useLoaded(
        (signal) =>
            task.for?.display || !patient
                ? Promise.resolve('')
                : get(`Patient/${encodeURIComponent(patient)}`, signal).then(patientName),
        [task.id],
    );
    const person = task.for?.display || found.value || t.aPatient;
    const heading = `task-${task.id}`;
    const alarm = kind === 'locality-alarm';
    const who = alarm
        ? [alarmWords(String(task.code?.text ?? '')), task.focus?.identifier?.value]
              .filter(Boolean)
              .join(': ')
        : nameOf(task.requester) || t.somebody;
    return (
        <li class="k-card k-wide">
            <h2 class="nhsuk-heading-s" id={heading}>
                {who}{' '}
                <Tag tone={KIND_TONES[kind] ?? 'grey'}>{t.kinds[kind] ?? t.aReview}</Tag>
            </h2>
            <p>
                {alarm ? '' : `${t.recordOf(person)}, `}
                {showDateTime(alarm ? (task.lastModified ?? task.authoredOn) : task.authoredOn)}
            </p>
            {open ? null : (
                <p>
                    <strong>
                        {t.outcomes[statusOf(task)] ?? words(task.businessStatus) ?? t.isDone}
                    </strong>
                </p>
            )}
            <Button kind="small" click={() => setShown(!shown)}>
                {shown ? t.close : t.look}
                <span class="nhsuk-u-visually-hidden">: {who}</span>
            </Button>
            {shown ? <Looked task={task} patient={patient} open={open} done={done} /> : null}
        </li>
    );
}

const statusOf = (task: Resource): string =>
    String(list<any>(task.businessStatus?.coding)[0]?.code ?? '');

export default function ReviewsPage() {
    const t = reviews();
    const [which, setWhich] = useState('open');
    const [said, setSaid] = useState('');
    const more = useAction();
    useTitle(t.title);
    const loaded = useLoaded(
        (signal) =>
            get<Bundle>(pathFor(which === 'done'), signal).then((bundle) => ({
                tasks: matchesOf(bundle).filter((r) => r.resourceType === 'Task'),
                next: nextPath(bundle),
            })),
        [which],
    );
    const page = loaded.value;
    const loadMore = () =>
        more.run(async () => {
            const bundle = await get<Bundle>(page!.next);
            loaded.put({ tasks: [...page!.tasks, ...matchesOf(bundle)], next: nextPath(bundle) });
        });
    return (
        <Main>
            <Heading>{t.title}</Heading>
            <p>{t.lead}</p>
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            <Choices
                id="which"
                question={t.show}
                options={[
                    { value: 'open', label: t.open },
                    { value: 'done', label: t.done },
                ]}
                chosen={[which]}
                change={([v]) => setWhich(v!)}
            />
            {which === 'open' ? <CloseLooks /> : null}
            {which === 'open' ? <LegalAccess /> : null}
            {loaded.trouble ? <TroubleBox trouble={loaded.trouble} again={loaded.again} /> : null}
            {page ? (
                <>
                    <p class="k-quiet k-after" role="status">
                        {t.cases(page.tasks.length)}
                        {page.next ? ` ${t.andMore}` : ''}
                    </p>
                    {page.tasks.length ? (
                        <ul class="k-plain">
                            {page.tasks.map((task) => (
                                <Item
                                    key={task.id}
                                    task={task}
                                    open={which === 'open'}
                                    done={(w) => {
                                        setSaid(t.saved(w));
                                        loaded.put({
                                            ...page,
                                            tasks: page.tasks.filter((x) => x.id !== task.id),
                                        });
                                        document.getElementById('page-heading')?.focus();
                                    }}
                                />
                            ))}
                        </ul>
                    ) : (
                        <Empty>{t.none}</Empty>
                    )}
                    {more.trouble ? <TroubleBox trouble={more.trouble} /> : null}
                    {page.next ? (
                        <Button kind="secondary" busy={more.busy} click={() => void loadMore()}>
                            {t.more}
                        </Button>
                    ) : null}
                </>
            ) : null}
        </Main>
    );
}
