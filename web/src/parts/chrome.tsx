/* What is around every page: the header with who is signed in, the warning before the end, the foot. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import {
    hasInbox,
    isIn,
    isPatient,
    landing,
    mayDo,
    maySeeLocality,
    roleWords,
    type Session,
} from '../model/account.ts';
import { actAs, endsAt, ranOut, readSession, signOut } from '../session.ts';
import { asTrouble } from '../load.ts';
import { language, type Language } from '../texts/area.ts';
import { common } from '../texts/common.ts';
import { footTexts } from '../texts/foot.ts';
import { TroubleBox } from './basic.tsx';
import { Dialog } from './dialog.tsx';
import { FeedbackLink } from './feedback-link.tsx';
import { Button } from './form.tsx';
import { InboxBadge } from './inbox-badge.tsx';
import { QuickExit } from './quick-exit.tsx';
import type { Trouble } from '../api.ts';

const WARNING_MS = 2 * 60000;

function Mark() {
    return (
        <svg
            class="k-mark"
            viewBox="0 0 32 32"
            width="28"
            height="28"
            aria-hidden="true"
            focusable="false"
        >
            <circle cx="11" cy="16" r="9" fill="none" stroke="currentColor" stroke-width="3" />
            <circle cx="21" cy="16" r="9" fill="none" stroke="currentColor" stroke-width="3" />
        </svg>
    );
}

/* Who is signed in, the roles to choose from, and the way out. Escape closes it. */
function Me({ session, path }: { session: Session; path: string }) {
    const t = common();
    const box = useRef<HTMLDetailsElement>(null);
    const account = session.account!;
    const roles = account.roles ?? [];
    const now = account.role ?? 0;
    const close = () => {
        if (box.current) {
            box.current.open = false;
        }
    };
    /* in the turn in which the page changes: a moment later whoever is quick has opened it again */
    useLayoutEffect(close, [path, now]);
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const act = (action: () => Promise<unknown>) => {
        setTrouble(null);
        action().then(close, (e) => setTrouble(asTrouble(e)));
    };
    return (
        <details
            class="k-me"
            ref={box}
            onKeyDown={(e) => {
                if (e.key === 'Escape') {
                    close();
                    box.current?.querySelector('summary')?.focus();
                }
            }}
        >
            <summary class="k-me__name">
                <span class="nhsuk-u-visually-hidden">{t.signedInAs} </span>
                {account.name}
                {roles.length ? <span class="k-me__role">{roleWords(roles[now])}</span> : null}
            </summary>
            <div class="k-me__menu">
                {trouble ? <TroubleBox trouble={trouble} /> : null}
                {roles.length > 1 ? (
                    <>
                        <p id="roles-heading">
                            <strong>{t.otherRole}</strong>
                        </p>
                        <ul aria-labelledby="roles-heading">
                            {roles.map((r, i) =>
                                i === now ? null : (
                                    <li>
                                        <button
                                            type="button"
                                            class="k-link-button"
                                            onClick={() => act(() => actAs(i))}
                                        >
                                            {roleWords(r)}
                                        </button>
                                    </li>
                                ),
                            )}
                        </ul>
                    </>
                ) : null}
                <ul>
                    {isPatient(session) && account.patient ? (
                        <li>
                            <a href="#/helping" onClick={close}>
                                {t.helping}
                            </a>
                        </li>
                    ) : null}
                    <li>
                        <a href="#/security" onClick={close}>
                            {t.signingIn}
                        </a>
                    </li>
                    <li>
                        <a href="#/apps" onClick={close}>
                            {t.apps}
                        </a>
                    </li>
                    <li>
                        <a href="#/offline" onClick={close}>
                            {t.offline}
                        </a>
                    </li>
                    <li>
                        <button
                            type="button"
                            class="k-link-button"
                            onClick={() => act(() => signOut())}
                        >
                            {t.signOut}
                        </button>
                    </li>
                </ul>
            </div>
        </details>
    );
}

function linksOf(session: Session): [href: string, words: string][] {
    const t = common();
    const id = session.account?.patient;
    if (isPatient(session)) {
        /* the rest is in the menu of the record */
        return id ? [[`#/patient/${id}`, t.record]] : [['#/helping', t.helping]];
    }
    const out: [string, string][] = [];
    if (mayDo(session, 'view-demographics')) {
        out.push(['#/find', t.find]);
    }
    if (hasInbox(session)) {
        out.push(['#/inbox', footTexts().inbox]);
    }
    if (mayDo(session, 'review-overrides')) {
        out.push(['#/reviews', t.reviews]);
    }
    if (mayDo(session, 'manage-people')) {
        out.push(['#/people-and-roles', t.people]);
    }
    if (maySeeLocality(session)) {
        out.push(['#/locality', t.locality]);
    }
    return out;
}

function LanguageSwitch({ speak }: { speak: (wanted: Language) => void }) {
    const t = common();
    const other = language() === 'en' ? 'cy' : 'en';
    return (
        <button
            type="button"
            class="k-header__language"
            lang={other === 'cy' ? 'cy' : 'en-GB'}
            aria-label={t.welshLabel}
            onClick={() => speak(other)}
        >
            {t.welsh}
        </button>
    );
}

export function Header({
    session,
    path,
    speak,
}: {
    session: Session | null;
    path: string;
    speak: (wanted: Language) => void;
}) {
    const t = common();
    const known = session && isIn(session) ? session : null;
    const links = known ? linksOf(known) : [];
    const header = (
        <header class="nhsuk-header k-header">
            <div class="nhsuk-header__container nhsuk-width-container">
                <div class="nhsuk-header__service">
                    <a
                        class="nhsuk-header__service-name"
                        href={known ? landing(known) : '#/'}
                        aria-label={t.startLabel}
                    >
                        <Mark />
                        Kith
                    </a>
                </div>
                {links.length ? (
                    <nav class="k-header__links" aria-label={t.pages}>
                        <ul>
                            {links.map(([href, words]) => (
                                <li>
                                    <a
                                        class="k-header__link"
                                        href={href}
                                        aria-current={`#/${path}` === href ? 'page' : undefined}
                                    >
                                        {words}
                                        {href === '#/inbox' ? <InboxBadge session={known!} /> : null}
                                    </a>
                                </li>
                            ))}
                        </ul>
                    </nav>
                ) : null}
                <LanguageSwitch speak={speak} />
                {known ? <Me session={known} path={path} /> : null}
            </div>
        </header>
    );
    return (
        <>
            {header}
            {known && isPatient(known) ? <QuickExit /> : null}
        </>
    );
}

/* Two minutes before the node ends the session, it asks; then it is over, and nothing stays on view. */
export function Ending({ session }: { session: Session }) {
    const t = common();
    const [left, setLeft] = useState(Infinity);
    useEffect(() => {
        const look = () => {
            const rest = endsAt(session) - Date.now();
            setLeft(rest);
            if (rest <= 0) {
                ranOut(session);
            }
        };
        look();
        const timer = setInterval(look, 1000);
        document.addEventListener('visibilitychange', look);
        return () => {
            clearInterval(timer);
            document.removeEventListener('visibilitychange', look);
        };
    }, [session]);
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const stay = () => {
        setTrouble(null);
        readSession().then(
            (s) => setLeft(endsAt(s) - Date.now()),
            (e) => setTrouble(asTrouble(e)),
        );
    };
    if (left > WARNING_MS || left <= 0) {
        return null;
    }
    /* Said by the half minute: a count by the second would be read out without end. */
    const half = Math.max(1, Math.ceil(left / 30000));
    const time = t.halfMinutes[half - 1] ?? '';
    return (
        <Dialog id="ending" title={t.stillThere} close={stay} urgent>
            <p role="status">{t.endsIn(time)}</p>
            {trouble ? <TroubleBox trouble={trouble} /> : null}
            <div class="k-buttons">
                <Button click={stay}>{t.stay}</Button>
                <Button kind="secondary" click={() => void signOut().catch(() => ranOut(session))}>
                    {t.signOut}
                </Button>
            </div>
        </Dialog>
    );
}

export function Foot({ session, path }: { session: Session | null; path: string }) {
    const t = common();
    return (
        <footer class="k-footer">
            <div class="nhsuk-width-container">
                {session && isIn(session) ? (
                    <p>
                        <FeedbackLink path={path} />
                    </p>
                ) : null}
                <p>
                    {session?.organisation?.name ? `${session.organisation.name}. ` : ''}
                    {session?.demo ? `${t.demo} ` : ''}
                    <a href="/assets/licences.txt">{t.licences}</a>
                </p>
            </div>
        </footer>
    );
}
