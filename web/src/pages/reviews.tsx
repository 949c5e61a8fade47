/* The queue of the privacy officers: openings in an emergency, claims, questions of patients,
 * alarms about other members of the locality. */
import { useState } from 'preact/hooks';
import { get, matchesOf, nextPath, operate } from '../api.ts';
import { showDateTime } from '../model/dates.ts';
import { list, localReference, words, type Bundle, type Resource } from '../model/fhir.ts';
import { alarmWords } from '../model/locality.ts';
import { REASONS } from '../model/looks.ts';
import { parameters } from '../model/params.ts';
import { patientName } from '../model/people.ts';
import { CloseLooks } from '../parts/close-looks.tsx';
import { LegalAccess } from '../parts/legal-access.tsx';
import { Empty, Heading, Tag, TroubleBox, plural, useTitle } from '../parts/basic.tsx';
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

const KINDS = [
    'override-review',
    'claim-review',
    'legal-review',
    'account-review',
    'access-query',
    'identity-conflict',
    'locality-alarm',
];
const KIND_WORDS: Record<string, string> = {
    'override-review': 'Opened in an emergency',
    'claim-review': 'Said why they had to look',
    'legal-review': 'A legal request, told to the patient later',
    'account-review': 'A new way in to the account of a patient',
    'access-query': 'A patient does not recognise somebody',
    'identity-conflict': 'It is not certain that two people are one',
    'locality-alarm': 'An alarm about the locality',
};
const KIND_TONES: Record<string, string> = {
    'override-review': 'red',
    'claim-review': 'orange',
    'legal-review': 'purple',
    'account-review': 'orange',
    'access-query': 'blue',
    'identity-conflict': 'orange',
    'locality-alarm': 'red',
};
const OUTCOMES: Record<string, string> = {
    accepted: 'Accepted',
    concern: 'A concern was raised',
};

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

/* What was said: of the task itself, else of the Consent that it is about. */
function Reason({ task }: { task: Resource }) {
    const focus = localReference(task.focus?.reference);
    const coded = String(list<any>(task.reasonCode?.coding)[0]?.display ?? '');
    const told = [task.reasonCode?.text, task.description].map((t) => String(t ?? ''));
    const consent = useLoaded(
        (signal) => (focus.startsWith('Consent/') ? get(focus, signal) : Promise.resolve(null)),
        [focus],
    );
    const extension = list<any>(consent.value?.extension).find((e) =>
        String(e.url ?? '').endsWith('/consent-reason'),
    );
    const code = list<any>(extension?.valueCodeableConcept?.coding)[0]?.code;
    const reason = REASONS.find((r) => r.code === code)?.label;
    const text = String(extension?.valueCodeableConcept?.text ?? '');
    const period = consent.value?.provision?.period;
    const rows: [string, string][] = [
        ['Reason', reason ?? coded],
        ['In their words', [text, ...told].find((t) => t && t !== reason && t !== coded) ?? ''],
        ['From', showDateTime(period?.start)],
        ['Until', showDateTime(period?.end)],
        ...list<any>(task.note).map((n): [string, string] => ['Note', String(n.text ?? '')]),
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
    const [outcome, setOutcome] = useState('');
    const [text, setText] = useState('');
    const form = useForm();
    const alarm = kindOf(task) === 'locality-alarm';
    const id = (name: string) => `${name}-${task.id}`;
    const submit = (e: Event) => {
        const found: Problems = {
            ...(outcome ? {} : { [id('outcome')]: 'Choose what you decide' }),
            ...(!text.trim() && outcome === 'concern'
                ? { [id('words')]: 'Enter what the concern is' }
                : {}),
            ...(!text.trim() && kindOf(task) === 'access-query'
                ? { [id('words')]: 'Enter your answer to the patient' }
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
            done(OUTCOMES[outcome]!);
        });
    };
    return (
        <form onSubmit={submit} noValidate>
            {form.summary}
            <Choices
                id={id('outcome')}
                question="What do you decide?"
                problem={form.problems[id('outcome')]}
                options={[
                    {
                        value: 'accepted',
                        label: alarm ? 'It has been dealt with' : 'It was right',
                        hint: alarm ? 'Nothing more has to be done' : 'The patient sees this answer',
                    },
                    {
                        value: 'concern',
                        label: 'Raise a concern',
                        hint: 'It goes on to the people who look into misuse',
                    },
                ]}
                chosen={[outcome]}
                change={([v]) => setOutcome(v!)}
            />
            <TextField
                id={id('words')}
                label="Why?"
                hint={alarm ? 'Write what you found, and with whom you spoke' : 'The patient can read this'}
                problem={form.problems[id('words')]}
                value={text}
                change={setText}
                long
                spellcheck
            />
            <Button busy={form.busy}>Save</Button>
        </form>
    );
}

function Item({ task, open, done }: { task: Resource; open: boolean; done: (w: string) => void }) {
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
    const person = task.for?.display || found.value || 'a patient';
    const heading = `task-${task.id}`;
    const alarm = kind === 'locality-alarm';
    const who = alarm
        ? [alarmWords(String(task.code?.text ?? '')), task.focus?.identifier?.value]
              .filter(Boolean)
              .join(': ')
        : nameOf(task.requester) || 'Somebody';
    return (
        <li class="k-card k-wide">
            <h2 class="nhsuk-heading-s" id={heading}>
                {who}{' '}
                <Tag tone={KIND_TONES[kind] ?? 'grey'}>{KIND_WORDS[kind] ?? 'Review'}</Tag>
            </h2>
            <p>
                {alarm ? '' : `Record of ${person}, `}
                {showDateTime(alarm ? (task.lastModified ?? task.authoredOn) : task.authoredOn)}
            </p>
            {open ? null : (
                <p>
                    <strong>
                        {OUTCOMES[statusOf(task)] ?? words(task.businessStatus) ?? 'Done'}
                    </strong>
                </p>
            )}
            <Button kind="small" click={() => setShown(!shown)}>
                {shown ? 'Close' : 'Look at it'}
                <span class="nhsuk-u-visually-hidden">: {who}</span>
            </Button>
            {shown ? (
                <div class="k-part">
                    <Reason task={task} />
                    {patient ? (
                        <p>
                            <a href={`#/people/${patient}/access`}>See who looked at this record</a>
                        </p>
                    ) : null}
                    {open ? <Decide task={task} done={done} /> : null}
                </div>
            ) : null}
        </li>
    );
}

const statusOf = (task: Resource): string =>
    String(list<any>(task.businessStatus?.coding)[0]?.code ?? '');

export default function ReviewsPage() {
    const [which, setWhich] = useState('open');
    const [said, setSaid] = useState('');
    const more = useAction();
    useTitle('Reviews');
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
            <Heading>Reviews</Heading>
            <p>Look at each within a day. The patient is told that it was looked at.</p>
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            <Choices
                id="which"
                question="Show"
                options={[
                    { value: 'open', label: 'What is to be looked at' },
                    { value: 'done', label: 'What is done' },
                ]}
                chosen={[which]}
                change={([v]) => setWhich(v!)}
            />
            {which === 'open' ? <CloseLooks /> : null}
            {which === 'open' ? <LegalAccess /> : null}
            {loaded.trouble ? <TroubleBox trouble={loaded.trouble} again={loaded.again} /> : null}
            {page ? (
                <>
                    <p class="k-quiet" role="status">
                        {plural(page.tasks.length, 'case')}
                        {page.next ? ' and more' : ''}
                    </p>
                    {page.tasks.length ? (
                        <ul class="k-plain">
                            {page.tasks.map((t) => (
                                <Item
                                    key={t.id}
                                    task={t}
                                    open={which === 'open'}
                                    done={(w) => {
                                        setSaid(`Saved: ${w.toLowerCase()}`);
                                        loaded.put({
                                            ...page,
                                            tasks: page.tasks.filter((x) => x.id !== t.id),
                                        });
                                        document.getElementById('page-heading')?.focus();
                                    }}
                                />
                            ))}
                        </ul>
                    ) : (
                        <Empty>There is nothing to look at.</Empty>
                    )}
                    {more.trouble ? <TroubleBox trouble={more.trouble} /> : null}
                    {page.next ? (
                        <Button kind="secondary" busy={more.busy} click={() => void loadMore()}>
                            Show more
                        </Button>
                    ) : null}
                </>
            ) : null}
        </Main>
    );
}
