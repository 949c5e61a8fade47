/* An invitation: who it is for, then a passkey, or a password with an authenticator app. */
import { useState } from 'preact/hooks';
import { json, Trouble, tryIn } from '../api.ts';
import { passwordProblem, type Session } from '../model/account.ts';
import { showDateTime } from '../model/dates.ts';
import { Heading, TroubleBox, useTitle } from '../parts/basic.tsx';
import {
    Button,
    Choices,
    ErrorSummary,
    Main,
    PasswordField,
    TextField,
    useAction,
    useLoaded,
    type Problems,
} from '../parts/form.tsx';
import { deviceName, makePasskey, passkeysWork } from '../passkey.ts';
import { entered, readSession, takeSession } from '../session.ts';
import { EnrolPage } from './enrol.tsx';
import type { PageProps } from '../routes.ts';
import { invite as inviteTexts } from '../texts/invite.ts';
import { password } from '../texts/password.ts';

interface Invite {
    name: string;
    kind: string;
    login: string;
    organisation_name: string;
    expires: string;
}

function Form({ token, invite, more }: { token: string; invite: Invite; more: () => void }) {
    const t = inviteTexts();
    const p = password();
    const [login, setLogin] = useState(invite.login ?? '');
    const [way, setWay] = useState(passkeysWork() ? 'passkey' : 'password');
    const [typed, setTyped] = useState('');
    const [accepted, setAccepted] = useState(false);
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const action = useAction();
    const path = `/auth/invite/${encodeURIComponent(token)}`;
    const byPasskey = async () => {
        if (!accepted) {
            takeSession(await tryIn<Session>(path, { login: login.trim() }));
            setAccepted(true);
        }
        await makePasskey(deviceName());
        entered(await readSession());
    };
    const byPassword = async () => {
        const session = await tryIn<Session>(path, {
            login: login.trim(),
            password: typed,
        });
        takeSession(session);
        if (session.step === 'enrol') {
            more();
        } else {
            entered(session);
        }
    };
    const submit = async (e: Event) => {
        e.preventDefault();
        const weak = way === 'password' ? passwordProblem(typed, login.trim()) : '';
        const found: Problems = {
            ...(login.trim() ? {} : { login: t.loginMissing }),
            ...(weak ? { password: weak } : {}),
        };
        setProblems(found);
        if (!Object.keys(found).length) {
            await action.run(async () => {
                try {
                    await (way === 'passkey' ? byPasskey() : byPassword());
                } catch (fault) {
                    if (fault instanceof Trouble && fault.status === 409) {
                        setProblems({ login: t.loginTaken });
                        throw new Trouble('', '', '', 409);
                    }
                    throw fault;
                }
            });
        }
        setTurn((n) => n + 1);
    };
    return (
        <form onSubmit={(e) => void submit(e)} noValidate class="k-narrow">
            <ErrorSummary problems={problems} turn={turn} />
            {action.trouble?.heading ? <TroubleBox trouble={action.trouble} /> : null}
            <Heading>{t.welcome(invite.name)}</Heading>
            <p>
                {invite.kind === 'patient'
                    ? t.patient(invite.organisation_name)
                    : t.staff(invite.organisation_name)}{' '}
                {invite.expires ? t.until(showDateTime(invite.expires)) : ''}
            </p>
            <TextField
                id="login"
                label={t.login}
                hint={t.loginHint}
                problem={problems.login}
                value={login}
                change={setLogin}
                autocomplete="username"
            />
            <Choices
                id="way"
                question={t.way}
                options={[
                    ...(passkeysWork()
                        ? [
                              {
                                  value: 'passkey',
                                  label: t.byPasskey,
                                  hint: t.byPasskeyHint,
                              },
                          ]
                        : []),
                    {
                        value: 'password',
                        label: t.byPassword,
                        hint: t.byPasswordHint,
                    },
                ]}
                chosen={[way]}
                change={([v]) => setWay(v!)}
            />
            {way === 'password' ? (
                <PasswordField
                    id="password"
                    label={p.label}
                    hint={p.hint}
                    problem={problems.password}
                    value={typed}
                    change={setTyped}
                    autocomplete="new-password"
                />
            ) : null}
            <Button busy={action.busy}>{way === 'passkey' ? t.makePasskey : t.next}</Button>
        </form>
    );
}

export default function InvitePage({ params }: PageProps) {
    const token = params.token!;
    const [more, setMore] = useState(false);
    const invite = useLoaded(
        (signal) => json<Invite>(`/auth/invite/${encodeURIComponent(token)}`, undefined, signal),
        [token],
    );
    const t = inviteTexts();
    useTitle(t.title);
    if (more) {
        return <EnrolPage then="" />;
    }
    return (
        <Main>
            {invite.trouble ? (
                <>
                    <Heading>{t.title}</Heading>
                    <TroubleBox
                        trouble={
                            [404, 410].includes(invite.trouble.status)
                                ? new Trouble(t.over, t.overAdvice)
                                : invite.trouble
                        }
                    />
                    <p>
                        <a href="#/sign-in">{t.signIn}</a>
                    </p>
                </>
            ) : invite.value ? (
                <Form token={token} invite={invite.value} more={() => setMore(true)} />
            ) : (
                <p role="status">{t.reading}</p>
            )}
        </Main>
    );
}
