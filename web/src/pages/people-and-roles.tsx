/* For administrators: who can sign in, in which roles; adding, inviting, stopping. */
import { useRef, useState } from 'preact/hooks';
import { json, Trouble } from '../api.ts';
import { showDateTime } from '../model/dates.ts';
import { nhsNumberValid, tenDigits } from '../model/nhs-number.ts';
import { Empty, Heading, Tag, TroubleBox, plural, useTitle } from '../parts/basic.tsx';
import { useFocused } from '../parts/focus.ts';
import {
    Button,
    Choices,
    ErrorSummary,
    Main,
    TextField,
    useAction,
    useLoaded,
    type Problems,
} from '../parts/form.tsx';

interface Person {
    id: string;
    name: string;
    login: string;
    kind: string;
    person?: string;
    patient?: string;
    disabled?: boolean;
    roles?: { code: string; name?: string; organisation?: string }[];
    passkeys?: number;
    has_totp?: boolean;
    providers?: number;
    demo?: boolean;
    invite?: string;
    expires?: string;
}

interface Roles {
    roles: { code: string; name: string; activities: string[] }[];
    activities: { code: string; words: string }[];
}

/* A link to hand over: shown once, because whoever has it can take the account. */
function InviteLink({ link, expires, name }: { link: string; expires: string; name: string }) {
    const [said, setSaid] = useState('');
    const field = useRef<HTMLInputElement>(null);
    const heading = useFocused<HTMLHeadingElement>([link]);
    const copy = () => {
        field.current?.select();
        if (!navigator.clipboard) {
            setSaid('The browser cannot copy it. Select it and copy it yourself');
            return;
        }
        navigator.clipboard.writeText(link).then(
            () => setSaid('Copied'),
            () => setSaid('The browser did not copy it. Select it and copy it yourself'),
        );
    };
    return (
        <section class="nhsuk-inset-text k-inset" aria-labelledby="invite-link-heading">
            <h3 class="nhsuk-heading-s" id="invite-link-heading" ref={heading} tabIndex={-1}>
                Invitation for {name}
            </h3>
            <p>
                Give this link to nobody else. It is shown only now, works once
                {expires ? `, and counts until ${showDateTime(expires)}` : ''}.
            </p>
            <label class="nhsuk-label" for="invite-link">
                Link
            </label>
            <input
                ref={field}
                class="nhsuk-input k-field"
                id="invite-link"
                readOnly
                value={link}
                onFocus={(e) => e.currentTarget.select()}
            />
            <p class="k-after">
                <Button kind="small" click={copy}>
                    Copy the link
                </Button>{' '}
                <span role="status">{said}</span>
            </p>
        </section>
    );
}

function RolePicker(props: {
    id: string;
    roles: Roles | null;
    chosen: string[];
    problem?: string | undefined;
    change: (codes: string[]) => void;
}) {
    const all = props.roles?.activities ?? [];
    const wordsOf = (code: string) => all.find((a) => a.code === code)?.words ?? code;
    return (
        <Choices
            id={props.id}
            question="Roles"
            hint="What each may do stands below it"
            many
            problem={props.problem}
            options={(props.roles?.roles ?? []).map((r) => ({
                value: r.code,
                label: r.name,
                hint: r.activities.map(wordsOf).join('; '),
            }))}
            chosen={props.chosen}
            change={props.change}
        />
    );
}

function AddForm(props: {
    roles: Roles | null;
    added: (name: string, invite: string, expires: string) => void;
    stop: () => void;
}) {
    const [name, setName] = useState('');
    const [login, setLogin] = useState('');
    const [kind, setKind] = useState('professional');
    const [number, setNumber] = useState('');
    const [person, setPerson] = useState('');
    const [roles, setRoles] = useState<string[]>([]);
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const heading = useFocused<HTMLHeadingElement>();
    const action = useAction();
    const submit = (e: Event) => {
        e.preventDefault();
        const isPatient = kind === 'patient';
        const digits = tenDigits(number);
        const found: Problems = {
            ...(name.trim() ? {} : { name: 'Enter the name' }),
            ...(login.trim() ? {} : { login: 'Enter a sign-in name' }),
            ...(isPatient && !nhsNumberValid(digits)
                ? { number: 'Enter an NHS number with 10 digits, like 999 000 0018' }
                : {}),
            ...(!isPatient && !roles.length ? { roles: 'Choose one role or more' } : {}),
            ...(person && !/^(Practitioner|RelatedPerson)\/[A-Za-z0-9.-]{1,64}$/.test(person.trim())
                ? { person: 'Enter it like Practitioner/123, or leave it empty' }
                : {}),
        };
        setProblems(found);
        setTurn(turn + 1);
        if (Object.keys(found).length) {
            return;
        }
        void action.run(async () => {
            const body = {
                name: name.trim(),
                login: login.trim(),
                kind,
                ...(isPatient ? { nhs_number: digits } : {}),
                ...(person.trim() ? { person: person.trim() } : {}),
                roles: isPatient ? [] : roles.map((code) => ({ code })),
            };
            try {
                const made = await json<{ invite: string; expires: string }>('/auth/people', body);
                props.added(body.name, made.invite, made.expires);
            } catch (fault) {
                if (fault instanceof Trouble && fault.status === 409) {
                    setProblems({ login: fault.detail || 'Somebody has this already' });
                    setTurn((n) => n + 1);
                    throw new Trouble('', '', '', 409);
                }
                throw fault;
            }
        });
    };
    return (
        <form class="k-card k-wide" onSubmit={submit} noValidate>
            <h2 class="nhsuk-heading-m" ref={heading} tabIndex={-1}>
                Add a person
            </h2>
            <ErrorSummary problems={problems} turn={turn} />
            {action.trouble?.heading ? <TroubleBox trouble={action.trouble} /> : null}
            <TextField
                id="name"
                label="Name"
                problem={problems.name}
                value={name}
                change={setName}
            />
            <TextField
                id="login"
                label="Sign-in name"
                hint="For example, an email address"
                problem={problems.login}
                value={login}
                change={setLogin}
            />
            <Choices
                id="kind"
                question="Who is it?"
                options={[
                    { value: 'professional', label: 'Somebody who works here' },
                    { value: 'patient', label: 'A patient, or somebody who acts for one' },
                ]}
                chosen={[kind]}
                change={([v]) => setKind(v!)}
            />
            {kind === 'patient' ? (
                <TextField
                    id="number"
                    label="NHS number"
                    problem={problems.number}
                    value={number}
                    change={setNumber}
                    inputmode="numeric"
                    narrow
                />
            ) : (
                <RolePicker
                    id="roles"
                    roles={props.roles}
                    chosen={roles}
                    problem={problems.roles}
                    change={setRoles}
                />
            )}
            <TextField
                id="person"
                label="Their entry here (optional)"
                hint="For example, Practitioner/123. Records then name them by it"
                problem={problems.person}
                value={person}
                change={setPerson}
            />
            <div class="k-buttons">
                <Button busy={action.busy}>Add and invite</Button>
                <Button kind="secondary" click={props.stop}>
                    Cancel
                </Button>
            </div>
        </form>
    );
}

function Item({ first, roles }: { first: Person; roles: Roles | null }) {
    const [person, setPerson] = useState(first);
    const [editing, setEditing] = useState(false);
    const [chosen, setChosen] = useState(person.roles?.map((r) => r.code) ?? []);
    const [link, setLink] = useState<{ link: string; expires: string } | null>(null);
    const [said, setSaid] = useState('');
    const action = useAction();
    const change = (body: object, words: string) =>
        action.run(async () => {
            const answer = await json<Person>(
                `/auth/people/${encodeURIComponent(person.id)}`,
                body,
            );
            setPerson({ ...person, ...answer });
            setLink(answer.invite ? { link: answer.invite, expires: answer.expires ?? '' } : null);
            setSaid(words);
            setEditing(false);
        });
    const named = <span class="nhsuk-u-visually-hidden">: {person.name}</span>;
    const ways = [
        person.passkeys ? plural(person.passkeys, 'passkey') : '',
        person.has_totp ? 'a password and a code' : '',
        person.providers ? 'another service' : '',
        person.demo ? 'one click, as this is a demo' : '',
    ].filter(Boolean);
    return (
        <li class="k-card k-wide">
            <h2 class="nhsuk-heading-s">
                {person.name} {person.disabled ? <Tag tone="red">Stopped</Tag> : null}
                {person.kind === 'patient' ? <Tag tone="blue">Patient</Tag> : null}
            </h2>
            <p class="k-break">{person.login}</p>
            {person.roles?.length ? (
                <p>{person.roles.map((r) => r.name ?? r.code).join(', ')}</p>
            ) : null}
            <p class="k-quiet">
                {ways.length ? `Signs in with ${ways.join(' or ')}` : 'Has not signed in yet'}
            </p>
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {link ? (
                <InviteLink link={link.link} expires={link.expires} name={person.name} />
            ) : null}
            {editing ? (
                <form
                    onSubmit={(e) => {
                        e.preventDefault();
                        void change(
                            { roles: chosen.map((code) => ({ code })) },
                            'The roles were changed',
                        );
                    }}
                >
                    <RolePicker
                        id={`roles-${person.id}`}
                        roles={roles}
                        chosen={chosen}
                        change={setChosen}
                    />
                    <div class="k-buttons">
                        <Button busy={action.busy}>Save the roles{named}</Button>
                        <Button kind="secondary" click={() => setEditing(false)}>
                            Cancel
                        </Button>
                    </div>
                </form>
            ) : (
                <div class="k-buttons">
                    {person.kind === 'patient' ? null : (
                        <Button kind="small" click={() => setEditing(true)}>
                            Change roles{named}
                        </Button>
                    )}
                    <Button kind="small" click={() => void change({ invite: true }, '')}>
                        New invitation{named}
                    </Button>
                    <Button
                        kind="small"
                        click={() =>
                            void change({ end_sessions: true }, 'They have been signed out')
                        }
                    >
                        Sign them out{named}
                    </Button>
                    <Button
                        kind="small"
                        click={() =>
                            void change(
                                { disabled: !person.disabled },
                                person.disabled
                                    ? 'They can sign in again'
                                    : 'They cannot sign in now',
                            )
                        }
                    >
                        {person.disabled ? 'Let them sign in' : 'Stop them signing in'}
                        {named}
                    </Button>
                </div>
            )}
        </li>
    );
}

export default function PeoplePage() {
    const [typed, setTyped] = useState('');
    const [asked, setAsked] = useState('');
    const [adding, setAdding] = useState(false);
    const [link, setLink] = useState<{ link: string; expires: string; name: string } | null>(null);
    useTitle('People and roles');
    const roles = useLoaded((signal) => json<Roles>('/auth/roles', undefined, signal), []);
    const people = useLoaded(
        (signal) =>
            json<{ people?: Person[] }>(
                `/auth/people?q=${encodeURIComponent(asked)}`,
                undefined,
                signal,
            ).then((a) => a.people ?? []),
        [asked],
    );
    return (
        <Main>
            <Heading>People and roles</Heading>
            {link ? <InviteLink {...link} /> : null}
            {roles.trouble ? <TroubleBox trouble={roles.trouble} again={roles.again} /> : null}
            {adding ? (
                <AddForm
                    roles={roles.value}
                    added={(name, invite, expires) => {
                        setAdding(false);
                        setLink({ link: invite, expires, name });
                        people.again();
                    }}
                    stop={() => setAdding(false)}
                />
            ) : (
                <Button click={() => setAdding(true)}>Add a person</Button>
            )}
            <form
                role="search"
                class="k-narrow"
                onSubmit={(e) => {
                    e.preventDefault();
                    setAsked(typed.trim());
                }}
            >
                <TextField
                    id="people-q"
                    label="Find by name or sign-in name"
                    value={typed}
                    change={setTyped}
                />
                <Button kind="secondary">Find</Button>
            </form>
            {people.trouble ? <TroubleBox trouble={people.trouble} again={people.again} /> : null}
            {people.value ? (
                <>
                    <p role="status" class="k-quiet">
                        {plural(people.value.length, 'person', 'people')}
                    </p>
                    {people.value.length ? (
                        <ul class="k-plain">
                            {people.value.map((p) => (
                                <Item first={p} roles={roles.value} key={p.id} />
                            ))}
                        </ul>
                    ) : (
                        <Empty>Nobody was found.</Empty>
                    )}
                </>
            ) : null}
        </Main>
    );
}
