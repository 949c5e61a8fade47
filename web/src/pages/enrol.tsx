/* Setting up the second step: the secret for an app, a first code, then the recovery codes. */
import { useState } from 'preact/hooks';
import { json, Trouble, tryIn } from '../api.ts';
import { groupsOfFour } from '../model/account.ts';
import { Heading, TroubleBox, useTitle } from '../parts/basic.tsx';
import {
    Button,
    ErrorSummary,
    Main,
    TextField,
    useAction,
    useLoaded,
    type Problems,
} from '../parts/form.tsx';
import { QrPicture } from '../parts/qr-picture.tsx';
import { entered, readSession, signOut } from '../session.ts';

/* Shown once: they are nowhere to be had again. */
export function RecoveryCodes({ codes, done }: { codes: string[]; done: () => void }) {
    const [kept, setKept] = useState(false);
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const [copied, setCopied] = useState('');
    const copy = () =>
        navigator.clipboard
            ? navigator.clipboard.writeText(codes.join('\n')).then(
                  () => setCopied('Copied'),
                  () => setCopied('The browser did not copy them. Write them down'),
              )
            : setCopied('The browser cannot copy them. Write them down');
    return (
        <>
            <ErrorSummary problems={problems} turn={turn} />
            <Heading>Your recovery codes</Heading>
            <p>
                If you lose your phone, each of these codes lets you in <strong>once</strong>. Write
                them down or print them. Keep them safe.
            </p>
            <p>We show them only now.</p>
            <ul class="k-codes" aria-label="Recovery codes">
                {codes.map((c) => (
                    <li>
                        <code>{c}</code>
                    </li>
                ))}
            </ul>
            <p>
                <Button kind="small" click={() => void copy()}>
                    Copy the codes
                </Button>{' '}
                <span role="status">{copied}</span>
            </p>
            <div class="nhsuk-form-group">
                <div class="nhsuk-checkboxes">
                    <div class="nhsuk-checkboxes__item">
                        <input
                            class="nhsuk-checkboxes__input"
                            id="kept"
                            type="checkbox"
                            checked={kept}
                            onChange={(e) => setKept(e.currentTarget.checked)}
                        />
                        <label class="nhsuk-label nhsuk-checkboxes__label" for="kept">
                            I have kept my codes
                        </label>
                    </div>
                </div>
            </div>
            <Button
                click={() => {
                    setTurn(turn + 1);
                    if (kept) {
                        done();
                    } else {
                        setProblems({ kept: 'Keep your codes first, then tick the box' });
                    }
                }}
            >
                Continue
            </Button>
        </>
    );
}

/* The steps themselves, for a page of their own and for the security page. */
export function SetUpCodes({ done }: { done: () => void }) {
    const secret = useLoaded(
        (_signal) => json<{ secret: string; uri: string }>('/auth/totp/new', {}),
        [],
    );
    const [code, setCode] = useState('');
    const [codes, setCodes] = useState<string[] | null>(null);
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const action = useAction();
    const submit = async (e: Event) => {
        e.preventDefault();
        const typed = code.replace(/\s/g, '');
        const wrong = /^\d{6}$/.test(typed) ? '' : 'Enter the 6 numbers that your app shows';
        setProblems(wrong ? { code: wrong } : {});
        if (!wrong) {
            await action.run(async () => {
                try {
                    const answer = await tryIn<{ recovery: string[] }>('/auth/totp/confirm', {
                        code: typed,
                    });
                    setCodes(answer.recovery ?? []);
                } catch (fault) {
                    if (fault instanceof Trouble && [400, 401, 403].includes(fault.status)) {
                        setProblems({
                            code: 'This code is not right. Enter the newest one',
                        });
                        throw new Trouble('', '', '', fault.status);
                    }
                    throw fault;
                }
            });
        }
        setTurn((n) => n + 1);
    };
    if (codes) {
        return <RecoveryCodes codes={codes} done={done} />;
    }
    if (secret.trouble) {
        return <TroubleBox trouble={secret.trouble} again={secret.again} />;
    }
    return (
        <form onSubmit={(e) => void submit(e)} noValidate>
            <ErrorSummary problems={problems} turn={turn} />
            {action.trouble?.heading ? <TroubleBox trouble={action.trouble} /> : null}
            <Heading>Set up an authenticator app</Heading>
            <ol class="nhsuk-list nhsuk-list--number">
                <li>Put an authenticator app on your phone, if you have none yet.</li>
                <li>With the app, scan the picture below. Or type in the key.</li>
                <li>Enter the 6 numbers that the app shows.</li>
            </ol>
            {secret.value ? (
                <>
                    <QrPicture
                    text={secret.value.uri}
                    words="QR code for your authenticator app. The key below says the same."
                />
                    <p>
                        Key: <code class="k-secret">{groupsOfFour(secret.value.secret)}</code>
                    </p>
                </>
            ) : (
                <p role="status">Making your key</p>
            )}
            <TextField
                id="code"
                label="Code"
                hint="The 6 numbers that the app shows now"
                problem={problems.code}
                value={code}
                change={setCode}
                autocomplete="one-time-code"
                inputmode="numeric"
                narrow
            />
            <Button busy={action.busy}>Continue</Button>
        </form>
    );
}

export function EnrolPage({ then }: { then: string }) {
    useTitle('Set up an authenticator app');
    return (
        <Main>
            <SetUpCodes done={() => void readSession().then((s) => entered(s, then))} />
            <p>
                <button type="button" class="k-link-button" onClick={() => void signOut()}>
                    Stop and sign out
                </button>
            </p>
        </Main>
    );
}
