/* Who acts for a person: parents, carers, attorneys; what each may do, and until when. */
import { useState } from 'preact/hooks';
import { get, matchesOf, operate } from '../api.ts';
import { mayDo } from '../model/account.ts';
import { showPeriod } from '../model/dates.ts';
import { words, type Bundle, type Ref, type Resource } from '../model/fhir.ts';
import { groups, parameters } from '../model/params.ts';
import { patientName } from '../model/people.ts';
import { Empty, Heading, Section, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Dialog } from '../parts/dialog.tsx';
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
import { PersonLinks } from '../parts/person.tsx';
import { partyName } from '../model/choices.ts';
import { futureDay } from './choice.tsx';
import type { PageProps } from '../routes.ts';

interface Proxy {
    id: string;
    person: Ref | null;
    functions: string[];
    basis: string;
    start: string;
    end: string;
    words: string;
}

const FUNCTIONS = [
    { value: 'view', label: 'See the record' },
    { value: 'book', label: 'Book and change appointments' },
    { value: 'order', label: 'Order medicines again' },
    { value: 'message', label: 'Write messages' },
];
const BASES = [
    { value: 'carer', label: 'Carer, relative or friend', hint: 'Because the person wants it' },
    { value: 'parent', label: 'Parent', hint: 'For a child. It ends at the 16th birthday' },
    { value: 'attorney', label: 'Attorney', hint: 'By a lasting power of attorney for health' },
    { value: 'deputy', label: 'Deputy', hint: 'Named by a court' },
];

const readProxies = (p: Resource): Proxy[] =>
    groups(p, 'proxy').map((x) => ({
        id: x.text('id'),
        person: x.reference('person'),
        functions: x.texts('function'),
        basis: x.text('basis'),
        start: x.text('start'),
        end: x.text('end'),
        words: x.text('words'),
    }));

const functionWords = (code: string): string =>
    FUNCTIONS.find((f) => f.value === code)?.label ?? code;

function Add(props: { id: string; added: (proxies: Proxy[]) => void; stop: () => void }) {
    const path = `Patient/${encodeURIComponent(props.id)}`;
    const people = useLoaded(
        (signal) =>
            get<Bundle>(
                `RelatedPerson?patient=${encodeURIComponent(props.id)}&active=true&_count=50`,
                signal,
            ).then(matchesOf),
        [props.id],
    );
    const [person, setPerson] = useState('');
    const [functions, setFunctions] = useState<string[]>(['view']);
    const [basis, setBasis] = useState('');
    const [until, setUntil] = useState('');
    const form = useForm();
    const submit = (e: Event) => {
        const end = futureDay(until);
        const found: Problems = {
            ...(person ? {} : { person: 'Choose who will act' }),
            ...(functions.length ? {} : { functions: 'Choose what they may do' }),
            ...(basis ? {} : { basis: 'Choose why they act' }),
            ...(end === null
                ? { until: 'Enter a day that is still to come, like 27/03/2030' }
                : {}),
        };
        form.send(e, found, async () => {
            const input = parameters([
                ['person', 'Reference', { reference: person }],
                ...functions.map((f) => ['function', 'Code', f] as [string, string, string]),
                ['basis', 'Code', basis],
                ['end', 'DateTime', end],
            ]);
            props.added(readProxies(await operate(`${path}/$proxies`, input)));
        });
    };
    if (people.trouble) {
        return <TroubleBox trouble={people.trouble} again={people.again} />;
    }
    if (people.value && !people.value.length) {
        return (
            <div class="nhsuk-inset-text k-inset" role="status">
                <p>
                    Nobody is named in the record as a relative or carer. Ask the practice to add
                    the person first.
                </p>
            </div>
        );
    }
    return (
        <form class="k-part" onSubmit={submit} noValidate>
            {form.summary}
            <Choices
                id="person"
                question="Who?"
                hint="People who are named in the record"
                problem={form.problems.person}
                options={(people.value ?? []).map((r) => ({
                    value: `RelatedPerson/${r.id}`,
                    label: patientName(r),
                    hint: words(r.relationship?.[0]),
                }))}
                chosen={[person]}
                change={([v]) => setPerson(v!)}
            />
            <Choices
                id="functions"
                question="What may they do?"
                many
                problem={form.problems.functions}
                options={FUNCTIONS}
                chosen={functions}
                change={setFunctions}
            />
            <Choices
                id="basis"
                question="Why do they act?"
                problem={form.problems.basis}
                options={BASES}
                chosen={[basis]}
                change={([v]) => setBasis(v!)}
            />
            <TextField
                id="until"
                label="Until when? (optional)"
                hint="For example, 27/03/2030"
                problem={form.problems.until}
                value={until}
                change={setUntil}
                narrow
            />
            <div class="k-buttons">
                <Button busy={form.busy}>Let them act</Button>
                <Button kind="secondary" click={props.stop}>
                    Cancel
                </Button>
            </div>
        </form>
    );
}

export default function ProxiesPage({ params, session }: PageProps) {
    const id = params.id!;
    const own = session.account?.patient === id;
    const title = own ? 'Who acts for me' : 'Who acts for this person';
    const path = `Patient/${encodeURIComponent(id)}`;
    const [adding, setAdding] = useState(false);
    const [ending, setEnding] = useState<Proxy | null>(null);
    const [said, setSaid] = useState('');
    const action = useAction();
    useTitle(title);
    const proxies = useLoaded((signal) => get(`${path}/$proxies`, signal).then(readProxies), [id]);
    const change = own || mayDo(session, 'record-consent');
    const end = (p: Proxy) =>
        action.run(async () => {
            const input = parameters([['id', 'Id', p.id]]);
            proxies.put(readProxies(await operate(`${path}/$proxies-end`, input)));
            setSaid(`${partyName(p.person)} no longer acts ${own ? 'for you' : 'for them'}`);
        });
    return (
        <Main>
            <PersonLinks id={id} session={session} page="proxies" />
            <Heading>{title}</Heading>
            <p>
                A parent, carer or attorney can do things here for {own ? 'you' : 'this person'}.
                Each time they look is written down, too.
            </p>
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {proxies.trouble ? (
                <TroubleBox trouble={proxies.trouble} again={proxies.again} />
            ) : null}
            {proxies.value ? (
                <Section id="proxies" title="People who act" wide>
                    {proxies.value.length ? (
                        <ul class="k-items">
                            {proxies.value.map((p) => (
                                <li class="k-item k-row" key={p.id}>
                                    <div>
                                        <p class="k-item__title">{partyName(p.person)}</p>
                                        <p>{BASES.find((b) => b.value === p.basis)?.label ?? p.words}</p>
                                        <p>{p.functions.map(functionWords).join(', ')}</p>
                                        <p class="k-quiet">{showPeriod(p.start, p.end)}</p>
                                    </div>
                                    {change ? (
                                        <Button kind="small" click={() => setEnding(p)}>
                                            End this
                                            <span class="nhsuk-u-visually-hidden">
                                                : {partyName(p.person)}
                                            </span>
                                        </Button>
                                    ) : null}
                                </li>
                            ))}
                        </ul>
                    ) : (
                        <Empty>Nobody acts for {own ? 'you' : 'this person'}.</Empty>
                    )}
                    {adding ? (
                        <Add
                            id={id}
                            added={(all) => {
                                proxies.put(all);
                                setAdding(false);
                                setSaid('They can act now');
                            }}
                            stop={() => setAdding(false)}
                        />
                    ) : change ? (
                        <p class="k-after">
                            <Button kind="secondary" click={() => setAdding(true)}>
                                Let somebody act
                            </Button>
                        </p>
                    ) : null}
                </Section>
            ) : proxies.trouble ? null : (
                <p role="status">Reading who acts</p>
            )}
            {ending ? (
                <Dialog
                    id="end-proxy"
                    title={`End this for ${partyName(ending.person)}?`}
                    close={() => setEnding(null)}
                >
                    <p>It stops at once.</p>
                    <div class="k-buttons">
                        <Button
                            kind="warning"
                            click={() => {
                                const p = ending;
                                setEnding(null);
                                void end(p);
                            }}
                        >
                            End it
                        </Button>
                        <Button kind="secondary" click={() => setEnding(null)}>
                            Keep it
                        </Button>
                    </div>
                </Dialog>
            ) : null}
        </Main>
    );
}
