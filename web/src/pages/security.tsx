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
import { password } from '../texts/password.ts';
import { security } from '../texts/security.ts';

function RemoveDialog(props: {
    passkey: Passkey;
    last: boolean;
    close: () => void;
    remove: () => void;
}) {
    const t = security();
    return (
        <Dialog id="remove" title={t.removeTitle(props.passkey.name)} close={props.close}>
            <p>{t.removeWords}</p>
            {props.last ? <p>{t.removeLast}</p> : null}
            <div class="k-buttons">
                <Button kind="warning" click={props.remove}>
                    {t.remove}
                </Button>
                <Button kind="secondary" click={props.close}>
                    {t.keep}
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
    const t = security();
    const [name, setName] = useState(props.passkey.name);
    const [problem, setProblem] = useState('');
    return (
        <Dialog id="rename" title={t.renameTitle(props.passkey.name)} close={props.close}>
            <form
                noValidate
                onSubmit={(e) => {
                    e.preventDefault();
                    if (name.trim()) {
                        props.rename(name.trim());
                    } else {
                        setProblem(t.nameMissing);
                        document.getElementById('new-name')?.focus();
                    }
                }}
            >
                <TextField
                    id="new-name"
                    label={t.newName}
                    problem={problem}
                    value={name}
                    change={setName}
                />
                <div class="k-buttons">
                    <Button>{t.saveName}</Button>
                    <Button kind="secondary" click={props.close}>
                        {t.cancel}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}

function Passkeys({ session }: { session: Session }) {
    const t = security();
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
            setSaid(t.passkeyAdded);
            await readSession();
        });
    const remove = (key: Passkey) =>
        action.run(async () => {
            const answer = await json<{ passkeys: Passkey[] }>('/auth/passkey/remove', {
                id: key.id,
            });
            keys.put(answer.passkeys ?? []);
            setSaid(t.passkeyRemoved(key.name));
            await readSession();
        });
    const rename = (key: Passkey, to: string) =>
        action.run(async () => {
            const body = { id: key.id, name: to };
            keys.put(
                (await json<{ passkeys: Passkey[] }>('/auth/passkey/rename', body)).passkeys ?? [],
            );
            setSaid(t.passkeyRenamed(key.name, to));
        });
    return (
        <Section id="passkeys" title={t.passkeys} wide>
            <Status>{said}</Status>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {keys.trouble ? <TroubleBox trouble={keys.trouble} again={keys.again} /> : null}
            {keys.value && !keys.value.length ? <Empty>{t.noPasskey}</Empty> : null}
            {keys.value?.length ? (
                <ul class="k-items">
                    {keys.value.map((key) => (
                        <li class="k-item k-row" key={key.id}>
                            <div>
                                <p class="k-item__title">{key.name}</p>
                                <p class="k-quiet">
                                    {t.added(showDate(key.added))}
                                    {key.used ? `, ${t.used(showDate(key.used))}` : ''}{' '}
                                    {key.backed_up ? (
                                        <Tag tone="grey">{t.everywhereTag}</Tag>
                                    ) : null}
                                </p>
                            </div>
                            <div class="k-buttons">
                                <Button kind="small" click={() => setRenaming(key)}>
                                    {t.rename}
                                    <span class="nhsuk-u-visually-hidden"> {key.name}</span>
                                </Button>
                                <Button kind="small" click={() => setRemoving(key)}>
                                    {t.remove}
                                    <span class="nhsuk-u-visually-hidden"> {key.name}</span>
                                </Button>
                            </div>
                        </li>
                    ))}
                </ul>
            ) : null}
            {!passkeysWork() ? (
                <p>{t.noPasskeys}</p>
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
                        label={t.passkeyName}
                        hint={t.passkeyNameHint}
                        value={name}
                        change={setName}
                    />
                    <Button busy={action.busy}>{t.makePasskey}</Button>
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
                        {t.addPasskey}
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
    const t = security();
    const p = password();
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
            ...(had && !current ? { current: t.passwordMissing } : {}),
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
                setSaid(t.passwordChanged);
                await readSession();
            });
        }
        setTurn((n) => n + 1);
    };
    return (
        <Section id="password-part" title={t.password} wide>
            <p role="status">{said}</p>
            {open ? (
                <form class="k-narrow" onSubmit={(e) => void submit(e)} noValidate>
                    <ErrorSummary problems={problems} turn={turn} />
                    {action.trouble?.heading ? <TroubleBox trouble={action.trouble} /> : null}
                    {had ? (
                        <PasswordField
                            id="current"
                            label={t.passwordToday}
                            problem={problems.current}
                            value={current}
                            change={setCurrent}
                            autocomplete="current-password"
                        />
                    ) : null}
                    <PasswordField
                        id="next"
                        label={p.label}
                        hint={p.hint}
                        problem={problems.next}
                        value={next}
                        change={setNext}
                        autocomplete="new-password"
                    />
                    <Button busy={action.busy}>{t.passwordSave}</Button>
                </form>
            ) : (
                <>
                    <p>{had ? t.hasPassword : t.noPassword}</p>
                    <Button kind="secondary" click={() => setOpen(true)}>
                        {had ? t.changePassword : t.setPassword}
                    </Button>
                </>
            )}
        </Section>
    );
}

export default function SecurityPage({ session }: PageProps) {
    const [setting, setSetting] = useState(false);
    const action = useAction();
    const t = security();
    useTitle(t.title);
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
                        {t.back}
                    </button>
                </p>
            </Main>
        );
    }
    const has = session.account?.has_totp ?? false;
    return (
        <Main>
            <Heading>{t.title}</Heading>
            <Invited session={session} />
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <Passkeys session={session} />
            <PasswordPart session={session} />
            <Section id="codes" title={t.codes} wide>
                <p>{has ? t.hasCodes : t.noCodes}</p>
                <Button kind="secondary" click={() => setSetting(true)}>
                    {has ? t.codesAnew : t.setUpCodes}
                </Button>
            </Section>
            <Section id="everywhere" title={t.everywhere} wide>
                <p>{t.everywhereWords}</p>
                <Button
                    kind="warning"
                    busy={action.busy}
                    click={() => void action.run(() => signOut(true))}
                >
                    {t.everywhere}
                </Button>
            </Section>
        </Main>
    );
}
