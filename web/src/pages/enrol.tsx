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
import { enrol } from '../texts/enrol.ts';

/* Shown once: they are nowhere to be had again. */
export function RecoveryCodes({ codes, done }: { codes: string[]; done: () => void }) {
    const t = enrol();
    const [kept, setKept] = useState(false);
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const [copied, setCopied] = useState('');
    const copy = () =>
        navigator.clipboard
            ? navigator.clipboard.writeText(codes.join('\n')).then(
                  () => setCopied(t.copied),
                  () => setCopied(t.notCopied),
              )
            : setCopied(t.cannotCopy);
    return (
        <>
            <ErrorSummary problems={problems} turn={turn} />
            <Heading>{t.codesTitle}</Heading>
            <p>
                {t.codesLost} <strong>{t.codesOnce}</strong>. {t.codesKeep}
            </p>
            <p>{t.codesOnlyNow}</p>
            <ul class="k-codes" aria-label={t.codesLabel}>
                {codes.map((c) => (
                    <li>
                        <code>{c}</code>
                    </li>
                ))}
            </ul>
            <p>
                <Button kind="small" click={() => void copy()}>
                    {t.copy}
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
                            {t.kept}
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
                        setProblems({ kept: t.keptMissing });
                    }
                }}
            >
                {t.next}
            </Button>
        </>
    );
}

/* The steps themselves, for a page of their own and for the security page. */
export function SetUpCodes({ done }: { done: () => void }) {
    const t = enrol();
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
        const wrong = /^\d{6}$/.test(typed) ? '' : t.codeMissing;
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
                        setProblems({ code: t.codeWrong });
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
            <Heading>{t.title}</Heading>
            <ol class="nhsuk-list nhsuk-list--number">
                {t.steps.map((step) => (
                    <li>{step}</li>
                ))}
            </ol>
            {secret.value ? (
                <>
                    <QrPicture text={secret.value.uri} words={t.picture} />
                    <p>
                        {t.key} <code class="k-secret">{groupsOfFour(secret.value.secret)}</code>
                    </p>
                </>
            ) : (
                <p role="status">{t.making}</p>
            )}
            <TextField
                id="code"
                label={t.code}
                hint={t.codeHint}
                problem={problems.code}
                value={code}
                change={setCode}
                autocomplete="one-time-code"
                inputmode="numeric"
                narrow
            />
            <Button busy={action.busy}>{t.next}</Button>
        </form>
    );
}

export function EnrolPage({ then }: { then: string }) {
    const t = enrol();
    useTitle(t.title);
    return (
        <Main>
            <SetUpCodes done={() => void readSession().then((s) => entered(s, then))} />
            <p>
                <button type="button" class="k-link-button" onClick={() => void signOut()}>
                    {t.stop}
                </button>
            </p>
        </Main>
    );
}
