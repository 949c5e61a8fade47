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
import { WhoItIs } from '../parts/who-it-is.tsx';
import { partyName } from '../model/choices.ts';
import { futureDay } from './choice.tsx';
import type { PageProps } from '../routes.ts';
import { common } from '../texts/common.ts';
import { proxies as texts } from '../texts/proxies.ts';
import { sharing } from '../texts/sharing.ts';

interface Proxy {
    id: string;
    person: Ref | null;
    functions: string[];
    basis: string;
    start: string;
    end: string;
    words: string;
}

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

function functionWords(code: string): string {
    const known: Readonly<Record<string, string>> = texts().functions;
    return known[code] ?? code;
}

function basisWords(p: Proxy): string {
    const known: Readonly<Record<string, { label: string }>> = texts().bases;
    return known[p.basis]?.label ?? p.words;
}

function Add(props: { id: string; added: (proxies: Proxy[]) => void; stop: () => void }) {
    const t = texts();
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
            ...(person ? {} : { person: t.whoMissing }),
            ...(functions.length ? {} : { functions: t.mayMissing }),
            ...(basis ? {} : { basis: t.whyMissing }),
            ...(end === null ? { until: sharing().untilWrong } : {}),
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
                <p>{t.noPeople}</p>
            </div>
        );
    }
    return (
        <form class="k-part" onSubmit={submit} noValidate>
            {form.summary}
            <Choices
                id="person"
                question={t.who}
                hint={t.whoHint}
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
                question={t.may}
                many
                problem={form.problems.functions}
                options={Object.entries(t.functions).map(([value, label]) => ({ value, label }))}
                chosen={functions}
                change={setFunctions}
            />
            <Choices
                id="basis"
                question={t.why}
                problem={form.problems.basis}
                options={Object.entries(t.bases).map(([value, words]) => ({ value, ...words }))}
                chosen={[basis]}
                change={([v]) => setBasis(v!)}
            />
            <TextField
                id="until"
                label={sharing().until}
                hint={sharing().untilHint}
                problem={form.problems.until}
                value={until}
                change={setUntil}
                narrow
            />
            <div class="k-buttons">
                <Button busy={form.busy}>{t.addDo}</Button>
                <Button kind="secondary" click={props.stop}>
                    {common().cancel}
                </Button>
            </div>
        </form>
    );
}

export default function ProxiesPage({ params, session }: PageProps) {
    const id = params.id!;
    const own = session.account?.patient === id;
    const t = texts();
    const title = t.title(own);
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
            setSaid(t.ended(partyName(p.person), own));
        });
    return (
        <Main>
            <WhoItIs id={id} session={session} />
            <PersonLinks id={id} session={session} page="proxies" />
            <Heading>{title}</Heading>
            <p>{t.lead(own)}</p>
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {proxies.trouble ? (
                <TroubleBox trouble={proxies.trouble} again={proxies.again} />
            ) : null}
            {proxies.value ? (
                <Section id="proxies" title={t.list} wide>
                    {proxies.value.length ? (
                        <ul class="k-items">
                            {proxies.value.map((p) => (
                                <li class="k-item k-row" key={p.id}>
                                    <div>
                                        <p class="k-item__title">{partyName(p.person)}</p>
                                        <p>{basisWords(p)}</p>
                                        <p>{p.functions.map(functionWords).join(', ')}</p>
                                        <p class="k-quiet">{showPeriod(p.start, p.end)}</p>
                                    </div>
                                    {change ? (
                                        <Button kind="small" click={() => setEnding(p)}>
                                            {t.end}
                                            <span class="nhsuk-u-visually-hidden">
                                                : {partyName(p.person)}
                                            </span>
                                        </Button>
                                    ) : null}
                                </li>
                            ))}
                        </ul>
                    ) : (
                        <Empty>{t.nobody(own)}</Empty>
                    )}
                    {adding ? (
                        <Add
                            id={id}
                            added={(all) => {
                                proxies.put(all);
                                setAdding(false);
                                setSaid(t.added);
                            }}
                            stop={() => setAdding(false)}
                        />
                    ) : change ? (
                        <p class="k-after">
                            <Button kind="secondary" click={() => setAdding(true)}>
                                {t.add}
                            </Button>
                        </p>
                    ) : null}
                </Section>
            ) : proxies.trouble ? null : (
                <p role="status">{t.reading}</p>
            )}
            {ending ? (
                <Dialog
                    id="end-proxy"
                    title={t.endQuestion(partyName(ending.person))}
                    close={() => setEnding(null)}
                >
                    <p>{t.endWords}</p>
                    <div class="k-buttons">
                        <Button
                            kind="warning"
                            click={() => {
                                const p = ending;
                                setEnding(null);
                                void end(p);
                            }}
                        >
                            {t.endDo}
                        </Button>
                        <Button kind="secondary" click={() => setEnding(null)}>
                            {t.keep}
                        </Button>
                    </div>
                </Dialog>
            ) : null}
        </Main>
    );
}
