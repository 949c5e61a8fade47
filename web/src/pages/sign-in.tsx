/* The ways in: a passkey first; a password and a code; another service; demo accounts. */
import { useEffect, useState } from 'preact/hooks';
import { Trouble, tryIn } from '../api.ts';
import { AT_HOME, NODE } from '../home.ts';
import { isIn, safeReturn, type Session } from '../model/account.ts';
import { Heading, TroubleBox, useTitle } from '../parts/basic.tsx';
import { afterDrawing } from '../parts/focus.ts';
import {
    Button,
    ErrorSummary,
    Main,
    PasswordField,
    TextField,
    useAction,
    type Problems,
} from '../parts/form.tsx';
import { passkeysWork, signInByPasskey } from '../passkey.ts';
import { entered, keepReturn, sessionNow, signOut, useSession, whyOver } from '../session.ts';
import { goToNode } from '../smart.ts';
import { EnrolPage } from './enrol.tsx';
import type { PageProps } from '../routes.ts';
import { signIn } from '../texts/sign-in.ts';

interface DemoAccount {
    login: string;
    name: string;
    words: string;
}

function Demo({ then }: { then: string }) {
    const [accounts, setAccounts] = useState<DemoAccount[]>([]);
    const action = useAction();
    const t = signIn();
    const organisation = sessionNow().organisation?.name;
    useEffect(() => {
        let live = true;
        tryIn<{ accounts?: DemoAccount[] }>('/auth/demo').then(
            (a) => live && setAccounts(a.accounts ?? []),
            () => undefined,
        );
        return () => {
            live = false;
        };
    }, []);
    if (!accounts.length) {
        return null;
    }
    return (
        <section aria-labelledby="demo">
            <h2 class="nhsuk-heading-m" id="demo">
                {t.demoTitle}
            </h2>
            <p>
                {t.demoWords} {t.demoChoose(organisation ?? '')}
            </p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <ul class="k-demo">
                {accounts.map((a, i) => (
                    <li class="k-card">
                        <h3 class="nhsuk-heading-s">{a.name}</h3>
                        <p id={`demo-${i}`}>{a.words}</p>
                        <button
                            type="button"
                            class="nhsuk-button nhsuk-button--small k-button-last"
                            aria-describedby={`demo-${i}`}
                            onClick={() =>
                                void action.run(async () =>
                                    entered(
                                        await tryIn<Session>('/auth/demo', { login: a.login }),
                                        then,
                                    ),
                                )
                            }
                        >
                            {t.demoAs(a.name)}
                        </button>
                    </li>
                ))}
            </ul>
        </section>
    );
}

function Password({ then }: { then: string }) {
    const t = signIn();
    const [login, setLogin] = useState('');
    const [password, setPassword] = useState('');
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const action = useAction();
    const submit = async (e: Event) => {
        e.preventDefault();
        const found: Problems = {
            ...(login.trim() ? {} : { login: t.loginMissing }),
            ...(password ? {} : { password: t.passwordMissing }),
        };
        setProblems(found);
        if (!Object.keys(found).length) {
            const body = { login: login.trim(), password };
            await action.run(async () =>
                entered(await tryIn<Session>('/auth/password', body).catch(refused), then),
            );
        }
        setTurn((n) => n + 1);
    };
    /* A wrong name and a wrong password are told in the same words. */
    const refused = (fault: unknown): never => {
        if (fault instanceof Trouble && fault.status === 401) {
            setProblems({ login: fault.detail || t.loginWrong });
            setPassword('');
            throw new Trouble('', '', '', 401);
        }
        throw fault;
    };
    return (
        <form onSubmit={(e) => void submit(e)} noValidate class="k-narrow">
            <ErrorSummary problems={problems} turn={turn} />
            {action.trouble?.heading ? <TroubleBox trouble={action.trouble} /> : null}
            <TextField
                id="login"
                label={t.login}
                hint={t.loginHint}
                problem={problems.login}
                value={login}
                change={setLogin}
                autocomplete="username webauthn"
            />
            <PasswordField
                id="password"
                label={t.password}
                problem={problems.password}
                value={password}
                change={setPassword}
                autocomplete="current-password"
            />
            <Button kind="secondary" busy={action.busy}>
                {t.next}
            </Button>
        </form>
    );
}

/* The second step: a code of an app, or one of the codes that were kept for a bad day. */
function Code({ then }: { then: string }) {
    const t = signIn();
    const [recovery, setRecovery] = useState(false);
    const [code, setCode] = useState('');
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const action = useAction();
    useTitle(recovery ? t.recoveryTitle : t.codeTitle);
    const submit = async (e: Event) => {
        e.preventDefault();
        const typed = code.replace(/\s/g, '');
        const wrong = recovery
            ? typed
                ? ''
                : t.recoveryMissing
            : /^\d{6}$/.test(typed)
              ? ''
              : t.codeMissing;
        setProblems(wrong ? { code: wrong } : {});
        if (!wrong) {
            await action.run(async () => {
                try {
                    const path = recovery ? '/auth/recovery' : '/auth/totp';
                    entered(await tryIn<Session>(path, { code: typed }), then);
                } catch (fault) {
                    if (fault instanceof Trouble && fault.status === 401) {
                        setProblems({ code: fault.detail || t.codeWrong });
                        throw new Trouble('', '', '', 401);
                    }
                    throw fault;
                }
            });
        }
        setTurn((n) => n + 1);
    };
    return (
        <Main>
            <form onSubmit={(e) => void submit(e)} noValidate class="k-narrow">
                <ErrorSummary problems={problems} turn={turn} />
                {action.trouble?.heading ? <TroubleBox trouble={action.trouble} /> : null}
                <Heading>{recovery ? t.recoveryHeading : t.codeTitle}</Heading>
                <TextField
                    id="code"
                    label={recovery ? t.recoveryTitle : t.code}
                    hint={recovery ? t.recoveryHint : t.codeHint}
                    problem={problems.code}
                    value={code}
                    change={setCode}
                    autocomplete={recovery ? 'off' : 'one-time-code'}
                    inputmode={recovery ? 'text' : 'numeric'}
                    narrow
                />
                <Button busy={action.busy}>{t.title}</Button>
            </form>
            <p>
                <button
                    type="button"
                    class="k-link-button"
                    onClick={() => {
                        setRecovery(!recovery);
                        setCode('');
                        setProblems({});
                    }}
                >
                    {recovery ? t.appInstead : t.noApp}
                </button>
            </p>
            <p>
                <button type="button" class="k-link-button" onClick={() => void signOut()}>
                    {t.somebodyElse}
                </button>
            </p>
        </Main>
    );
}

function External({ then }: { then: string }) {
    const t = signIn();
    const providers = sessionNow().providers ?? [];
    if (!providers.length) {
        return null;
    }
    return (
        <section aria-labelledby="other">
            <h2 class="nhsuk-heading-m" id="other">
                {t.other}
            </h2>
            <ul class="nhsuk-list">
                {providers.map((p) => (
                    <li>
                        <a
                            class="nhsuk-button nhsuk-button--secondary"
                            role="button"
                            draggable={false}
                            href={`/auth/external/${encodeURIComponent(p.name)}`}
                            onClick={() => keepReturn(then)}
                        >
                            {p.words || t.provider(p.name)}
                        </a>
                    </li>
                ))}
            </ul>
        </section>
    );
}

function Start({ query }: { query: URLSearchParams }) {
    const then = query.get('then') ?? '';
    const t = signIn();
    const [byPassword, setByPassword] = useState(!passkeysWork());
    const action = useAction();
    const error = query.get('error');
    const over = whyOver();
    useTitle(t.title);
    return (
        <Main>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {error ? (
                <TroubleBox
                    trouble={
                        new Trouble(
                            t.notSignedIn,
                            error === 'forbidden' ? t.faults.forbidden : t.faults.failed,
                        )
                    }
                />
            ) : null}
            <Heading>{t.title}</Heading>
            {over ? (
                <div class="nhsuk-inset-text k-inset" role="status">
                    <p>{over}</p>
                </div>
            ) : null}
            {passkeysWork() ? (
                <section aria-labelledby="by-passkey">
                    <h2 class="nhsuk-heading-m" id="by-passkey">
                        {t.byPasskey}
                    </h2>
                    <p>{t.byPasskeyWords}</p>
                    <Button
                        busy={action.busy}
                        id="passkey"
                        click={() =>
                            void action.run(async () => entered(await signInByPasskey(''), then))
                        }
                    >
                        {t.passkey}
                    </Button>
                </section>
            ) : null}
            {byPassword ? (
                <section aria-labelledby="by-password">
                    <h2 class="nhsuk-heading-m" id="by-password" tabIndex={-1}>
                        {t.byPassword}
                    </h2>
                    <Password then={then} />
                </section>
            ) : (
                <p>
                    <button
                        type="button"
                        class="k-link-button"
                        onClick={() => {
                            setByPassword(true);
                            afterDrawing(() => document.getElementById('login')?.focus());
                        }}
                    >
                        {t.passwordInstead}
                    </button>
                </p>
            )}
            <External then={then} />
            {sessionNow().demo ? <Demo then={then} /> : null}
            <p class="k-quiet">{t.noAccount}</p>
        </Main>
    );
}

/* A portal elsewhere: people sign in at the node, and come back. */
function AtNode({ then }: { then: string }) {
    const t = signIn();
    useTitle(t.title);
    const action = useAction();
    const over = whyOver();
    return (
        <Main>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <Heading>{t.title}</Heading>
            {over ? <p role="status">{over}</p> : null}
            <p>{t.keptAt(new URL(NODE).host)}</p>
            <Button busy={action.busy} click={() => void action.run(() => goToNode(then || '#/'))}>
                {t.goThere}
            </Button>
        </Main>
    );
}

export default function SignInPage({ query }: PageProps) {
    const session = useSession();
    const then = safeReturn(query.get('then') ?? '', location.origin);
    const done = session ? isIn(session) : false;
    useEffect(() => {
        if (session && done) {
            entered(session, then);
        }
    }, [done]);
    if (!AT_HOME) {
        return <AtNode then={then} />;
    }
    if (session?.signed_in && session.step === 'totp') {
        return <Code then={then} />;
    }
    if (session?.signed_in && session.step === 'enrol') {
        return <EnrolPage then={then} />;
    }
    return <Start query={query} />;
}
