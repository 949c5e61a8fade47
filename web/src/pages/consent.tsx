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
import { apps as appTexts } from '../texts/apps.ts';

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
    const t = appTexts();
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
                    hint: p.birthDate ? t.born(showDate(p.birthDate)) : '',
                })),
            );
        });
    return (
        <>
            <TextField
                id={found?.length ? 'patient-name' : 'patient'}
                label={t.whose}
                hint={t.whoseHint}
                problem={found?.length ? undefined : props.problem}
                value={name}
                change={setName}
            />
            <Button kind="small" click={() => void find()}>
                {t.find}
            </Button>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <p role="status">{found && !found.length ? t.nobody : ''}</p>
            {found?.length ? (
                <Choices
                    id="patient"
                    question={t.chooseOne}
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
    const t = appTexts();
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
                throw new Trouble(t.cannotOpen, t.cannotReturnAdvice);
            }
            location.assign(back);
        });
    const submit = (e: Event) => {
        e.preventDefault();
        const found: Problems = {
            ...(scopes.length ? {} : { scopes: t.wantsMissing }),
            ...(asked.needs_patient && !patient ? { patient: t.whoseMissing } : {}),
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
            <Heading>{t.letThisIn(asked.client.name)}</Heading>
            <p>
                {t.youAre(asked.account.name)} {t.theApp} <strong>{asked.client.name}</strong>
                {asked.client.uri ? <span class="k-break"> ({asked.client.uri})</span> : null}{' '}
                {t.asks}
            </p>
            {asked.patient?.name && asked.patient.id ? (
                <p>
                    {t.itSees} <strong>{asked.patient.name}</strong>.
                </p>
            ) : null}
            {asked.needs_patient && !asked.patient?.id ? (
                <PatientPicker chosen={patient} problem={problems.patient} change={setPatient} />
            ) : null}
            <Choices
                id="scopes"
                question={t.wants}
                hint={t.wantsHint}
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
                                    <Tag tone="orange">{t.writes}</Tag>
                                </>
                            ) : null}
                        </>
                    ),
                }))}
                chosen={scopes}
                change={setScopes}
            />
            {asked.offline ? (
                <p>{t.offline}</p>
            ) : null}
            <p>{t.notOurs}</p>
            <div class="k-buttons">
                <Button busy={action.busy}>{t.allow}</Button>
                <Button kind="secondary" busy={action.busy} click={() => void answer(false)}>
                    {t.deny}
                </Button>
            </div>
        </form>
    );
}

export default function ConsentPage({ params }: PageProps) {
    const id = params.token!;
    const t = appTexts();
    useTitle(t.letIn);
    const asked = useLoaded(
        (signal) => json<Asked>(`/auth/consent/${encodeURIComponent(id)}`, undefined, signal),
        [id],
    );
    return (
        <Main>
            {asked.trouble ? (
                <>
                    <Heading>{t.letIn}</Heading>
                    <TroubleBox
                        trouble={
                            asked.trouble.status === 404
                                ? new Trouble(t.tooLong, t.tooLongAdvice)
                                : asked.trouble
                        }
                    />
                </>
            ) : asked.value ? (
                <Form id={id} asked={asked.value} />
            ) : (
                <p role="status">{t.reading}</p>
            )}
        </Main>
    );
}
