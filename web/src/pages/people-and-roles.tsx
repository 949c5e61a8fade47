/* For administrators: who can sign in, in which roles; adding, inviting, stopping. */
import { useRef, useState } from 'preact/hooks';
import { json, Trouble } from '../api.ts';
import { showDateTime } from '../model/dates.ts';
import { nhsNumberValid, tenDigits } from '../model/nhs-number.ts';
import { Empty, Heading, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
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
import { people as peopleTexts } from '../texts/people.ts';

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
    const t = peopleTexts();
    const [said, setSaid] = useState('');
    const field = useRef<HTMLInputElement>(null);
    const heading = useFocused<HTMLHeadingElement>([link]);
    const copy = () => {
        field.current?.select();
        if (!navigator.clipboard) {
            setSaid(t.cannotCopy);
            return;
        }
        navigator.clipboard.writeText(link).then(
            () => setSaid(t.copied),
            () => setSaid(t.didNotCopy),
        );
    };
    return (
        <section class="nhsuk-inset-text k-inset" aria-labelledby="invite-link-heading">
            <h3 class="nhsuk-heading-s" id="invite-link-heading" ref={heading} tabIndex={-1}>
                {t.invitationFor(name)}
            </h3>
            <p>{t.giveLink(expires && showDateTime(expires))}</p>
            <label class="nhsuk-label" for="invite-link">
                {t.link}
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
                    {t.copy}
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
    const t = peopleTexts();
    const all = props.roles?.activities ?? [];
    const wordsOf = (code: string) => all.find((a) => a.code === code)?.words ?? code;
    return (
        <Choices
            id={props.id}
            question={t.roles}
            hint={t.rolesHint}
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
    const t = peopleTexts();
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
            ...(name.trim() ? {} : { name: t.needName }),
            ...(login.trim() ? {} : { login: t.needLogin }),
            ...(isPatient && !nhsNumberValid(digits)
                ? { number: t.needNumber }
                : {}),
            ...(!isPatient && !roles.length ? { roles: t.needRoles } : {}),
            ...(person && !/^(Practitioner|RelatedPerson)\/[A-Za-z0-9.-]{1,64}$/.test(person.trim())
                ? { person: t.entryWrong }
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
                    setProblems({ login: fault.detail || t.loginTaken });
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
                {t.add}
            </h2>
            <ErrorSummary problems={problems} turn={turn} />
            {action.trouble?.heading ? <TroubleBox trouble={action.trouble} /> : null}
            <TextField
                id="name"
                label={t.name}
                problem={problems.name}
                value={name}
                change={setName}
            />
            <TextField
                id="login"
                label={t.login}
                hint={t.loginHint}
                problem={problems.login}
                value={login}
                change={setLogin}
            />
            <Choices
                id="kind"
                question={t.kind}
                options={[
                    { value: 'professional', label: t.kindStaff },
                    { value: 'patient', label: t.kindPatient },
                ]}
                chosen={[kind]}
                change={([v]) => setKind(v!)}
            />
            {kind === 'patient' ? (
                <TextField
                    id="number"
                    label={t.number}
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
                label={t.entry}
                hint={t.entryHint}
                problem={problems.person}
                value={person}
                change={setPerson}
            />
            <div class="k-buttons">
                <Button busy={action.busy}>{t.addInvite}</Button>
                <Button kind="secondary" click={props.stop}>
                    {t.cancel}
                </Button>
            </div>
        </form>
    );
}

function Item({ first, roles }: { first: Person; roles: Roles | null }) {
    const t = peopleTexts();
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
        person.passkeys ? t.passkeys(person.passkeys) : '',
        person.has_totp ? t.password : '',
        person.providers ? t.otherService : '',
        person.demo ? t.oneClick : '',
    ].filter(Boolean);
    return (
        <li class="k-card k-wide">
            <h2 class="nhsuk-heading-s">
                {person.name} {person.disabled ? <Tag tone="red">{t.stopped}</Tag> : null}
                {person.kind === 'patient' ? <Tag tone="blue">{t.patient}</Tag> : null}
            </h2>
            <p class="k-break k-tight">{person.login}</p>
            {person.roles?.length ? (
                <p class="k-tight">{person.roles.map((r) => r.name ?? r.code).join(', ')}</p>
            ) : null}
            <p class="k-quiet">{t.signsInWith(ways)}</p>
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
                        void change({ roles: chosen.map((code) => ({ code })) }, t.rolesChanged);
                    }}
                >
                    <RolePicker
                        id={`roles-${person.id}`}
                        roles={roles}
                        chosen={chosen}
                        change={setChosen}
                    />
                    <div class="k-buttons">
                        <Button busy={action.busy}>
                            {t.saveRoles}
                            {named}
                        </Button>
                        <Button kind="secondary" click={() => setEditing(false)}>
                            {t.cancel}
                        </Button>
                    </div>
                </form>
            ) : (
                <div class="k-buttons">
                    {person.kind === 'patient' ? null : (
                        <Button kind="small" click={() => setEditing(true)}>
                            {t.changeRoles}
                            {named}
                        </Button>
                    )}
                    <Button kind="small" click={() => void change({ invite: true }, '')}>
                        {t.newInvitation}
                        {named}
                    </Button>
                    <Button
                        kind="small"
                        click={() => void change({ end_sessions: true }, t.signedOut)}
                    >
                        {t.signOut}
                        {named}
                    </Button>
                    <Button
                        kind="small"
                        click={() =>
                            void change(
                                { disabled: !person.disabled },
                                person.disabled ? t.letInNow : t.stoppedNow,
                            )
                        }
                    >
                        {person.disabled ? t.letIn : t.stop}
                        {named}
                    </Button>
                </div>
            )}
        </li>
    );
}

export default function PeoplePage() {
    const t = peopleTexts();
    const [typed, setTyped] = useState('');
    const [asked, setAsked] = useState('');
    const [adding, setAdding] = useState(false);
    const [link, setLink] = useState<{ link: string; expires: string; name: string } | null>(null);
    useTitle(t.title);
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
            <Heading>{t.title}</Heading>
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
                <Button click={() => setAdding(true)}>{t.add}</Button>
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
                    label={t.findBy}
                    value={typed}
                    change={setTyped}
                />
                <Button kind="secondary">{t.find}</Button>
            </form>
            {people.trouble ? <TroubleBox trouble={people.trouble} again={people.again} /> : null}
            {people.value ? (
                <>
                    <p role="status" class="k-quiet">
                        {t.people(people.value.length)}
                    </p>
                    {people.value.length ? (
                        <ul class="k-plain">
                            {people.value.map((p) => (
                                <Item first={p} roles={roles.value} key={p.id} />
                            ))}
                        </ul>
                    ) : (
                        <Empty>{t.nobody}</Empty>
                    )}
                </>
            ) : null}
        </Main>
    );
}
