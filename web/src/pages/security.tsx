/* How somebody signs in: passkeys, password, the second step, and signing out everywhere. */
import { useState } from 'preact/hooks';
import { json, Trouble } from '../api.ts';
import { passwordProblem, type Session } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import { Empty, Heading, Section, Status, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Invited } from '../parts/invited.tsx';
import { afterDrawing } from '../parts/focus.ts';
import {
    Button,
    ErrorSummary,
    Main,
    PasswordField,
    TextField,
    useAction,
    useLoaded,
    type Problems,
} from '../parts/form.tsx';
import { deviceName, makePasskey, passkeysWork, type Passkey } from '../passkey.ts';
import { readSession, signOut } from '../session.ts';
import { SetUpCodes } from './enrol.tsx';
import type { PageProps } from '../routes.ts';

function RemoveDialog(props: {
    passkey: Passkey;
    last: boolean;
    close: () => void;
    remove: () => void;
}) {
    return (
        <Dialog id="remove" title={`Remove ${props.passkey.name}?`} close={props.close}>
            <p>You cannot sign in with it any more.</p>
            {props.last ? (
                <p>
                    It is your only passkey. Be sure that you can still sign in with a password and
                    a code.
                </p>
            ) : null}
            <div class="k-buttons">
                <Button kind="warning" click={props.remove}>
                    Remove
                </Button>
                <Button kind="secondary" click={props.close}>
                    Keep it
                </Button>
            </div>
        </Dialog>
    );
}

function RenameDialog(props: {
    passkey: Passkey;
    close: () => void;
    rename: (name: string) => void;
}) {
    const [name, setName] = useState(props.passkey.name);
    const [problem, setProblem] = useState('');
    return (
        <Dialog id="rename" title={`Rename ${props.passkey.name}`} close={props.close}>
            <form
                noValidate
                onSubmit={(e) => {
                    e.preventDefault();
                    if (name.trim()) {
                        props.rename(name.trim());
                    } else {
                        setProblem('Enter a name');
                        document.getElementById('new-name')?.focus();
                    }
                }}
            >
                <TextField
                    id="new-name"
                    label="New name"
                    problem={problem}
                    value={name}
                    change={setName}
                />
                <div class="k-buttons">
                    <Button>Save the name</Button>
                    <Button kind="secondary" click={props.close}>
                        Cancel
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}

function Passkeys({ session }: { session: Session }) {
    const [name, setName] = useState(deviceName());
    const [adding, setAdding] = useState(false);
    const [removing, setRemoving] = useState<Passkey | null>(null);
    const [renaming, setRenaming] = useState<Passkey | null>(null);
    const [said, setSaid] = useState('');
    const action = useAction();
    const keys = useLoaded(
        (signal) =>
            json<{ passkeys: Passkey[] }>('/auth/passkeys', undefined, signal).then(
                (a) => a.passkeys ?? [],
            ),
        [session.account?.id],
    );
    const add = () =>
        action.run(async () => {
            keys.put(await makePasskey(name.trim() || deviceName()));
            setAdding(false);
            setSaid('The passkey was added');
            await readSession();
        });
    const remove = (key: Passkey) =>
        action.run(async () => {
            const answer = await json<{ passkeys: Passkey[] }>('/auth/passkey/remove', {
                id: key.id,
            });
            keys.put(answer.passkeys ?? []);
            setSaid(`${key.name} was removed`);
            await readSession();
        });
    const rename = (key: Passkey, to: string) =>
        action.run(async () => {
            const body = { id: key.id, name: to };
            keys.put(
                (await json<{ passkeys: Passkey[] }>('/auth/passkey/rename', body)).passkeys ?? [],
            );
            setSaid(`${key.name} is now called ${to}`);
        });
    return (
        <Section id="passkeys" title="Passkeys" wide>
            <Status>{said}</Status>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {keys.trouble ? <TroubleBox trouble={keys.trouble} again={keys.again} /> : null}
            {keys.value && !keys.value.length ? <Empty>You have no passkey yet.</Empty> : null}
            {keys.value?.length ? (
                <ul class="k-items">
                    {keys.value.map((key) => (
                        <li class="k-item k-row" key={key.id}>
                            <div>
                                <p class="k-item__title">{key.name}</p>
                                <p class="k-quiet">
                                    Added {showDate(key.added) || 'on a day not noted'}
                                    {key.used ? `, last used ${showDate(key.used)}` : ''}{' '}
                                    {key.backed_up ? (
                                        <Tag tone="grey">On all your devices</Tag>
                                    ) : null}
                                </p>
                            </div>
                            <div class="k-buttons">
                                <Button kind="small" click={() => setRenaming(key)}>
                                    Rename<span class="nhsuk-u-visually-hidden"> {key.name}</span>
                                </Button>
                                <Button kind="small" click={() => setRemoving(key)}>
                                    Remove<span class="nhsuk-u-visually-hidden"> {key.name}</span>
                                </Button>
                            </div>
                        </li>
                    ))}
                </ul>
            ) : null}
            {!passkeysWork() ? (
                <p>This browser cannot use passkeys.</p>
            ) : adding ? (
                <form
                    class="k-narrow k-after"
                    onSubmit={(e) => {
                        e.preventDefault();
                        void add();
                    }}
                >
                    <TextField
                        id="passkey-name"
                        label="Name of this passkey"
                        hint="So that you know it again, like the name of your phone"
                        value={name}
                        change={setName}
                    />
                    <Button busy={action.busy}>Make the passkey</Button>
                </form>
            ) : (
                <p class="k-after">
                    <Button
                        kind="secondary"
                        click={() => {
                            setAdding(true);
                            afterDrawing(() =>
                                document.getElementById('passkey-name')?.focus(),
                            );
                        }}
                    >
                        Add a passkey
                    </Button>
                </p>
            )}
            {renaming ? (
                <RenameDialog
                    passkey={renaming}
                    close={() => setRenaming(null)}
                    rename={(to) => {
                        const key = renaming;
                        setRenaming(null);
                        void rename(key, to);
                    }}
                />
            ) : null}
            {removing ? (
                <RemoveDialog
                    passkey={removing}
                    last={keys.value?.length === 1}
                    close={() => setRemoving(null)}
                    remove={() => {
                        const key = removing;
                        setRemoving(null);
                        void remove(key);
                    }}
                />
            ) : null}
        </Section>
    );
}

function PasswordPart({ session }: { session: Session }) {
    const had = session.account?.has_password ?? false;
    const [open, setOpen] = useState(false);
    const [current, setCurrent] = useState('');
    const [next, setNext] = useState('');
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const [said, setSaid] = useState('');
    const action = useAction();
    const submit = async (e: Event) => {
        e.preventDefault();
        const weak = passwordProblem(next);
        const found: Problems = {
            ...(had && !current ? { current: 'Enter your password of today' } : {}),
            ...(weak ? { next: weak } : {}),
        };
        setProblems(found);
        if (!Object.keys(found).length) {
            const body = had ? { current, new: next } : { new: next };
            await action.run(async () => {
                try {
                    await json('/auth/password/set', body);
                } catch (fault) {
                    if (fault instanceof Trouble && [400, 403].includes(fault.status)) {
                        setProblems({ [had ? 'current' : 'next']: fault.detail || fault.heading });
                        throw new Trouble('', '', '', fault.status);
                    }
                    throw fault;
                }
                setCurrent('');
                setNext('');
                setOpen(false);
                setSaid('Your password was changed');
                await readSession();
            });
        }
        setTurn((n) => n + 1);
    };
    return (
        <Section id="password-part" title="Password" wide>
            <p role="status">{said}</p>
            {open ? (
                <form class="k-narrow" onSubmit={(e) => void submit(e)} noValidate>
                    <ErrorSummary problems={problems} turn={turn} />
                    {action.trouble?.heading ? <TroubleBox trouble={action.trouble} /> : null}
                    {had ? (
                        <PasswordField
                            id="current"
                            label="Password of today"
                            problem={problems.current}
                            value={current}
                            change={setCurrent}
                            autocomplete="current-password"
                        />
                    ) : null}
                    <PasswordField
                        id="next"
                        label="New password"
                        hint="12 characters or more. Three words that you can remember are good"
                        problem={problems.next}
                        value={next}
                        change={setNext}
                        autocomplete="new-password"
                    />
                    <Button busy={action.busy}>Save the password</Button>
                </form>
            ) : (
                <>
                    <p>
                        {had
                            ? 'You have a password. With it you need a code each time.'
                            : 'You have no password. With a passkey you need none.'}
                    </p>
                    <Button kind="secondary" click={() => setOpen(true)}>
                        {had ? 'Change the password' : 'Set a password'}
                    </Button>
                </>
            )}
        </Section>
    );
}

export default function SecurityPage({ session }: PageProps) {
    const [setting, setSetting] = useState(false);
    const action = useAction();
    useTitle('How you sign in');
    if (setting) {
        return (
            <Main>
                <SetUpCodes
                    done={() => {
                        setSetting(false);
                        void readSession();
                    }}
                />
                <p>
                    <button type="button" class="k-link-button" onClick={() => setSetting(false)}>
                        Go back
                    </button>
                </p>
            </Main>
        );
    }
    const has = session.account?.has_totp ?? false;
    return (
        <Main>
            <Heading>How you sign in</Heading>
            <Invited session={session} />
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <Passkeys session={session} />
            <PasswordPart session={session} />
            <Section id="codes" title="Codes" wide>
                <p>
                    {has
                        ? 'An authenticator app is set up. Setting it up anew also gives you new recovery codes; the old ones stop working.'
                        : 'No authenticator app is set up. You need one only with a password.'}
                </p>
                <Button kind="secondary" click={() => setSetting(true)}>
                    {has ? 'Set up anew' : 'Set up an authenticator app'}
                </Button>
            </Section>
            <Section id="everywhere" title="Sign out everywhere" wide>
                <p>
                    If you lost a device, or think that somebody else is signed in: this ends all
                    your sessions, on this device, too.
                </p>
                <Button
                    kind="warning"
                    busy={action.busy}
                    click={() => void action.run(() => signOut(true))}
                >
                    Sign out everywhere
                </Button>
            </Section>
        </Main>
    );
}
