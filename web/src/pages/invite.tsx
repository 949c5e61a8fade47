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

interface Invite {
    name: string;
    kind: string;
    login: string;
    organisation_name: string;
    expires: string;
}

function Form({ token, invite, more }: { token: string; invite: Invite; more: () => void }) {
    const [login, setLogin] = useState(invite.login ?? '');
    const [way, setWay] = useState(passkeysWork() ? 'passkey' : 'password');
    const [password, setPassword] = useState('');
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
        const session = await tryIn<Session>(path, { login: login.trim(), password });
        takeSession(session);
        if (session.step === 'enrol') {
            more();
        } else {
            entered(session);
        }
    };
    const submit = async (e: Event) => {
        e.preventDefault();
        const weak = way === 'password' ? passwordProblem(password, login.trim()) : '';
        const found: Problems = {
            ...(login.trim() ? {} : { login: 'Enter a sign-in name' }),
            ...(weak ? { password: weak } : {}),
        };
        setProblems(found);
        if (!Object.keys(found).length) {
            await action.run(async () => {
                try {
                    await (way === 'passkey' ? byPasskey() : byPassword());
                } catch (fault) {
                    if (fault instanceof Trouble && fault.status === 409) {
                        setProblems({
                            login: 'Somebody has this sign-in name. Choose another one',
                        });
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
            <Heading>Welcome, {invite.name}</Heading>
            <p>
                {invite.organisation_name || 'This node'} invites you to{' '}
                {invite.kind === 'patient' ? 'see your record' : 'work with records'} here.
                {invite.expires
                    ? ` The invitation counts until ${showDateTime(invite.expires)}.`
                    : ''}
            </p>
            <TextField
                id="login"
                label="Sign-in name"
                hint="An email address is easy to remember"
                problem={problems.login}
                value={login}
                change={setLogin}
                autocomplete="username"
            />
            <Choices
                id="way"
                question="How do you want to sign in?"
                options={[
                    ...(passkeysWork()
                        ? [
                              {
                                  value: 'passkey',
                                  label: 'With a passkey',
                                  hint: 'Your fingerprint, face or PIN. The safest way, and nothing to remember',
                              },
                          ]
                        : []),
                    {
                        value: 'password',
                        label: 'With a password and a code',
                        hint: 'You need an authenticator app on a phone',
                    },
                ]}
                chosen={[way]}
                change={([v]) => setWay(v!)}
            />
            {way === 'password' ? (
                <PasswordField
                    id="password"
                    label="New password"
                    hint="12 characters or more. Three words that you can remember are good"
                    problem={problems.password}
                    value={password}
                    change={setPassword}
                    autocomplete="new-password"
                />
            ) : null}
            <Button busy={action.busy}>{way === 'passkey' ? 'Make a passkey' : 'Continue'}</Button>
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
    useTitle('Your invitation');
    if (more) {
        return <EnrolPage then="" />;
    }
    return (
        <Main>
            {invite.trouble ? (
                <>
                    <Heading>Your invitation</Heading>
                    <TroubleBox
                        trouble={
                            [404, 410].includes(invite.trouble.status)
                                ? new Trouble(
                                      'This invitation does not count any more',
                                      'It was used, or its time is over. Ask for a new one.',
                                  )
                                : invite.trouble
                        }
                    />
                    <p>
                        <a href="#/sign-in">Sign in</a>
                    </p>
                </>
            ) : invite.value ? (
                <Form token={token} invite={invite.value} more={() => setMore(true)} />
            ) : (
                <p role="status">Reading your invitation</p>
            )}
        </Main>
    );
}
