/*
 * Who is signed in on this page. Keeps the session's token for requests, knows when the node will end
 * the session for want of use, and tells other tabs of this browser, so that they agree.
 */
import { useLayoutEffect, useState } from 'preact/hooks';
import { inWords, json, Trouble, tryIn, watch } from './api.ts';
import { forgetRecord } from './load.ts';
import { idleMinutes, isIn, landing, safeReturn, type Session } from './model/account.ts';
import { go } from './router.ts';
import { AT_HOME } from './home.ts';
import { accessToken, forgetToken, giveBack, NotSignedIn, Refused } from './smart.ts';
import { trouble } from './texts/trouble.ts';

const NOBODY: Session = { signed_in: false };

let current: Session | null = null; /* null: not asked yet */
let usedAt = Date.now();
let over = ''; /* why the last session ended, to say on the page that follows */
const listeners = new Set<() => void>();
const tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel('kith') : null;

/* What is kept on this device (offline.ts) follows who is signed in. */
export interface SessionKeeper {
    begin(session: Session): Promise<void>;
    sessionKept(): Promise<Session | null>;
    forget(): Promise<void>;
}
let keeper: SessionKeeper | null = null;
export function keepSessionWith(k: SessionKeeper): void {
    keeper = k;
}

const tell = () => listeners.forEach((l) => l());

function end(why: string): void {
    const was = current?.signed_in;
    /* of the node, not of who was there */
    const { providers = [], demo = false } = current ?? {};
    current = { ...NOBODY, providers, demo };
    forgetRecord();
    forgetToken();
    if (was) {
        over = why;
    }
    tell();
}

if (tabs) {
    tabs.onmessage = (e: MessageEvent) => {
        if (e.data === 'used') {
            usedAt = Date.now();
            tell();
        } else if (e.data === 'ended' && current?.signed_in) {
            end(trouble().otherTab);
        } else if (e.data === 'changed') {
            void readSession().catch(() => undefined);
        }
    };
    /* Node's test runner would wait for an open channel. */
    (tabs as { unref?: () => void }).unref?.();
}

watch({
    csrf: () => current?.csrf ?? '',
    account: () => current?.account?.id ?? '',
    used: () => {
        if (current?.signed_in) {
            const quiet = Date.now() - usedAt > 5000;
            usedAt = Date.now();
            if (quiet) {
                tabs?.postMessage('used');
                tell();
            }
        }
    },
    ended: () => end(trouble().sessionOver),
    changed: () => void readSession().catch(() => undefined),
});

/* Takes an answer of /auth/ that says who is signed in now. */
export function takeSession(session: Session): Session {
    const before = current?.account;
    const now = session.account;
    const other = before?.id !== now?.id || before?.role !== now?.role;
    if (current && other) {
        forgetRecord();
        forgetToken();
    }
    current = session;
    usedAt = Date.now();
    if (session.signed_in) {
        over = '';
    }
    if (isIn(session) && !session.offline) {
        void keeper?.begin(session);
    }
    tell();
    return session;
}

/* Elsewhere there is no page of the node to ask: who it is says the token. What they may do says the
 * node, when they do it. */
async function elsewhere(): Promise<Session> {
    try {
        const { account: id, name, person } = await accessToken();
        const own = person.startsWith('Patient/');
        const account = {
            id,
            name,
            kind: own ? ('patient' as const) : ('professional' as const),
            ...(own ? { patient: person.slice('Patient/'.length) } : {}),
            activities: own ? [] : ['view-demographics', 'view-record', 'write-record'],
        };
        return { signed_in: true, step: 'done', account };
    } catch (e) {
        if (e instanceof Refused) {
            over = trouble().notLetIn;
        }
        if (e instanceof NotSignedIn || e instanceof Refused) {
            return NOBODY;
        }
        throw inWords(trouble().noAnswer);
    }
}

export async function readSession(): Promise<Session> {
    if (!AT_HOME) {
        return takeSession(await elsewhere());
    }
    try {
        return takeSession(await tryIn<Session>('/auth/session'));
    } catch (e) {
        const away = e instanceof Trouble && e.status === 0;
        const kept = away ? ((await keeper?.sessionKept()) ?? null) : null;
        if (!kept) {
            throw e;
        }
        return takeSession(kept);
    }
}

export const sessionNow = (): Session => current ?? NOBODY;
export const whyOver = (): string => over;

export function useSession(): Session | null {
    const [, turn] = useState(0);
    useLayoutEffect(() => {
        const changed = () => turn((n) => n + 1);
        listeners.add(changed);
        return () => {
            listeners.delete(changed);
        };
    }, []);
    return current;
}

/* The instant at which the node ends the session if nothing is asked of it. */
export const endsAt = (session: Session): number => usedAt + idleMinutes(session) * 60000;

export function ranOut(session: Session): void {
    end(trouble().unused(idleMinutes(session)));
}

export async function signOut(everywhere = false): Promise<void> {
    await keeper?.forget();
    if (!AT_HOME) {
        await giveBack();
        end(trouble().out);
        go('#/sign-in');
        return;
    }
    await json(everywhere ? '/auth/sign-out-everywhere' : '/auth/sign-out', {});
    tabs?.postMessage('ended');
    end(everywhere ? trouble().outEverywhere : trouble().out);
    go('#/sign-in');
}

/* Ends the session while the page is left for another one: there is no time for an answer. */
export function leaveAtOnce(): void {
    void fetch('/auth/sign-out', {
        method: 'POST',
        body: '{}',
        keepalive: true,
        headers: { 'content-type': 'application/json', 'x-kith-csrf': current?.csrf ?? '' },
    }).catch(() => undefined);
    void keeper?.forget();
    tabs?.postMessage('ended');
    forgetRecord();
    forgetToken();
}

const RETURN = 'kith-then';

/* Another service sends somebody back to the start: where they wanted to go waits in this tab. */
export function keepReturn(then: string): void {
    const wanted = safeReturn(then, location.origin);
    if (wanted) {
        sessionStorage.setItem(RETURN, wanted);
    } else {
        sessionStorage.removeItem(RETURN);
    }
}

export function takeReturn(): string {
    const then = sessionStorage.getItem(RETURN) ?? '';
    sessionStorage.removeItem(RETURN);
    return then;
}

/* After the last step of signing in: to where somebody wanted to go, or to where they land. */
export function entered(session: Session, then = ''): void {
    takeSession(session);
    if (!isIn(session)) {
        return;
    }
    tabs?.postMessage('changed');
    const wanted = safeReturn(then, location.origin);
    if (wanted.startsWith('/')) {
        location.assign(wanted);
    } else {
        go(wanted || landing(session));
    }
}

export async function actAs(role: number): Promise<void> {
    const session = takeSession(await json<Session>('/auth/role', { role }));
    tabs?.postMessage('changed');
    go(landing(session));
}
