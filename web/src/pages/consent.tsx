/* An app asks to be let in: who it is, what it wants in plain words, and whose record. */
import { useState } from 'preact/hooks';
import { get, json, matchesOf, Trouble } from '../api.ts';
import { safeCallback } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import type { Bundle } from '../model/fhir.ts';
import { patientName } from '../model/people.ts';
import { Heading, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
import {
    Button,
    Choices,
    ErrorSummary,
    Main,
    TextField,
    useAction,
    useLoaded,
    type Option,
    type Problems,
} from '../parts/form.tsx';
import type { PageProps } from '../routes.ts';

interface Asked {
    client: { id: string; name: string; uri?: string };
    account: { name: string };
    scopes: { scope: string; words: string; writes?: boolean; on?: boolean }[];
    needs_patient?: boolean;
    patient?: { id?: string; name?: string };
    offline?: boolean;
}

/* Whose record: found by name, as on the page "Find a person". */
function PatientPicker(props: {
    chosen: string;
    problem?: string | undefined;
    change: (id: string) => void;
}) {
    const [name, setName] = useState('');
    const [found, setFound] = useState<Option[] | null>(null);
    const action = useAction();
    const find = () =>
        action.run(async () => {
            const bundle = await get<Bundle>(
                `Patient?name=${encodeURIComponent(name.trim())}&_count=10&_sort=family,given`,
            );
            setFound(
                matchesOf(bundle).map((p) => ({
                    value: p.id ?? '',
                    label: patientName(p),
                    hint: p.birthDate ? `Born ${showDate(p.birthDate)}` : '',
                })),
            );
        });
    return (
        <>
            <TextField
                id={found?.length ? 'patient-name' : 'patient'}
                label="Whose record may it see?"
                hint="Enter a name, then press Find"
                problem={found?.length ? undefined : props.problem}
                value={name}
                change={setName}
            />
            <Button kind="small" click={() => void find()}>
                Find
            </Button>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <p role="status">{found && !found.length ? 'Nobody was found' : ''}</p>
            {found?.length ? (
                <Choices
                    id="patient"
                    question="Choose one person"
                    problem={props.problem}
                    options={found}
                    chosen={[props.chosen]}
                    change={([v]) => props.change(v!)}
                />
            ) : null}
        </>
    );
}

function Form({ id, asked }: { id: string; asked: Asked }) {
    const [scopes, setScopes] = useState(
        asked.scopes.filter((s) => s.on !== false).map((s) => s.scope),
    );
    const [patient, setPatient] = useState(asked.patient?.id ?? '');
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const action = useAction();
    const answer = (allow: boolean) =>
        action.run(async () => {
            const body = allow
                ? { allow, scopes, ...(patient ? { patient } : {}) }
                : { allow, scopes: [] };
            const reply = await json<{ redirect?: string }>(
                `/auth/consent/${encodeURIComponent(id)}`,
                body,
            );
            const back = safeCallback(reply.redirect ?? '');
            if (!back) {
                throw new Trouble(
                    'The app cannot be opened',
                    'Its address is not one that this page opens. Close this page.',
                );
            }
            location.assign(back);
        });
    const submit = (e: Event) => {
        e.preventDefault();
        const found: Problems = {
            ...(scopes.length ? {} : { scopes: 'Tick one thing, or choose “Do not allow”' }),
            ...(asked.needs_patient && !patient
                ? { patient: 'Choose whose record it may see' }
                : {}),
        };
        setProblems(found);
        setTurn(turn + 1);
        if (!Object.keys(found).length) {
            void answer(true);
        }
    };
    return (
        <form onSubmit={submit} noValidate class="k-narrow">
            <ErrorSummary problems={problems} turn={turn} />
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <Heading>Let {asked.client.name} in?</Heading>
            <p>
                You are {asked.account.name}. The app <strong>{asked.client.name}</strong>
                {asked.client.uri ? <span class="k-break"> ({asked.client.uri})</span> : null} asks
                you to let it in.
            </p>
            {asked.patient?.name && asked.patient.id ? (
                <p>
                    It would see the record of <strong>{asked.patient.name}</strong>.
                </p>
            ) : null}
            {asked.needs_patient && !asked.patient?.id ? (
                <PatientPicker chosen={patient} problem={problems.patient} change={setPatient} />
            ) : null}
            <Choices
                id="scopes"
                question="It wants to:"
                hint="Take away the tick from what you do not want"
                many
                problem={problems.scopes}
                options={asked.scopes.map((s) => ({
                    value: s.scope,
                    label: (
                        <>
                            {s.words || s.scope}
                            {s.writes ? (
                                <>
                                    {' '}
                                    <Tag tone="orange">Can change your record</Tag>
                                </>
                            ) : null}
                        </>
                    ),
                }))}
                chosen={scopes}
                change={setScopes}
            />
            {asked.offline ? (
                <p>It can do this also when you do not use it, until you end that.</p>
            ) : null}
            <p>
                We do not run this app. What it reads, it may keep. You can end its access at any
                time, under “Apps”.
            </p>
            <div class="k-buttons">
                <Button busy={action.busy}>Allow</Button>
                <Button kind="secondary" busy={action.busy} click={() => void answer(false)}>
                    Do not allow
                </Button>
            </div>
        </form>
    );
}

export default function ConsentPage({ params }: PageProps) {
    const id = params.token!;
    useTitle('Let an app in');
    const asked = useLoaded(
        (signal) => json<Asked>(`/auth/consent/${encodeURIComponent(id)}`, undefined, signal),
        [id],
    );
    return (
        <Main>
            {asked.trouble ? (
                <>
                    <Heading>Let an app in</Heading>
                    <TroubleBox
                        trouble={
                            asked.trouble.status === 404
                                ? new Trouble(
                                      'This took too long',
                                      'Go back to the app, and start again there.',
                                  )
                                : asked.trouble
                        }
                    />
                </>
            ) : asked.value ? (
                <Form id={id} asked={asked.value} />
            ) : (
                <p role="status">Reading what the app wants</p>
            )}
        </Main>
    );
}
