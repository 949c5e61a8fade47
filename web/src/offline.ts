/*
 * The record that was read last, on this device, for when there is no connection: where somebody has
 * asked for it (docs/portal.md, "Without a connection"). The node's answers are kept as they came,
 * sealed (vault.ts), of one person at a time, for 12 hours; away from the node the same questions are
 * answered by them. Signing out, and whoever signs in next, takes them away. Nothing is written there.
 */
import { keepWith } from './api.ts';
import type { Session } from './model/account.ts';
import { connected, OFFLINE_FLAG, showedKept } from './offline-state.ts';
import { keepSessionWith } from './session.ts';
import { drop, dropAll, dropOlder, fetchKept, keep } from './vault.ts';

const START = 'offline/';
const CHOICE = 'keep-offline';
const DEVICE = 'device'; /* in the place of an account: who reads offline on this device */
const WHO = `${START}who`;
const HOUR_MS = 3600 * 1000;
export const KEPT_HOURS = 12;
const KEPT_MS = KEPT_HOURS * HOUR_MS;
const MOST = 12 * 1024 * 1024; /* characters of one answer */

let account = ''; /* for whom answers are kept; '': for nobody */
let person = ''; /* whose record they are of */

const nameOf = (path: string) => `${START}${person}/${path}`;
/* Whose record a question opens: the first of several may be answered last. */
const personOf = (path: string) =>
    /^\/fhir\/Patient\/([^/?]+)(?:$|\/\$(?:joined|everything)\b)/.exec(path)?.[1] ?? '';
const tooOld = (at: number) => Date.now() - at > KEPT_MS;

/* One after the other, so that what is taken away is not put back by what was on its way. */
let last: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work, work);
    last = done.catch(() => undefined);
    return done;
}

function take(path: string, body: string): void {
    if (body.length > MOST) {
        return;
    }
    void inTurn(async () => {
        const of = personOf(path);
        if (account && of && of !== person) {
            person = of;
            await dropAll(START, account);
        }
        if (account && person) {
            await keep(account, nameOf(path), body);
        }
    });
}

async function find(path: string): Promise<string | null> {
    person = personOf(path) || person;
    const kept = account ? await fetchKept<string>(account, nameOf(path)) : null;
    if (!kept || tooOld(kept.at)) {
        return null;
    }
    showedKept(kept.at);
    return kept.value;
}

/* Somebody is signed in at the node. */
async function begin(session: Session): Promise<void> {
    const id = session.account?.id ?? '';
    const before = await fetchKept<Session>(DEVICE, WHO);
    const was = before?.value.account;
    if (was && (was.id !== id || was.role !== session.account?.role)) {
        await dropAll(START);
    }
    await dropOlder(START, Date.now() - KEPT_MS);
    account = (await fetchKept(id, CHOICE)) ? id : '';
    if (account) {
        const { csrf: _, ...rest } = session;
        await keep(DEVICE, WHO, rest);
    }
}

/* Who was signed in when the node answered last. */
async function sessionKept(): Promise<Session | null> {
    const kept = await fetchKept<Session>(DEVICE, WHO);
    if (!kept || tooOld(kept.at)) {
        return null;
    }
    account = kept.value.account?.id ?? '';
    showedKept(kept.at);
    return { ...kept.value, offline: true };
}

const forget = (): Promise<void> =>
    inTurn(async () => {
        account = '';
        person = '';
        await dropAll(START);
    });

keepWith({ take, find, active: () => account !== '', connected });
keepSessionWith({ begin: (s) => inTurn(() => begin(s)), sessionKept, forget });
setInterval(() => void dropOlder(START, Date.now() - KEPT_MS), HOUR_MS);

/* --- the choice --------------------------------------------------------------------------------- */

export const isKept = async (session: Session): Promise<boolean> =>
    Boolean(await fetchKept(session.account?.id ?? '', CHOICE));

/* False: this browser cannot keep pages, or has no room. */
export async function turnOn(session: Session): Promise<boolean> {
    if (!('serviceWorker' in navigator)) {
        return false;
    }
    try {
        await navigator.serviceWorker.register('/sw.js');
        await navigator.serviceWorker.ready;
    } catch {
        return false;
    }
    const kept = await keep(session.account?.id ?? '', CHOICE, true);
    if (kept) {
        localStorage.setItem(OFFLINE_FLAG, 'on');
        await inTurn(() => begin(session));
    }
    return kept;
}

export async function turnOff(session: Session): Promise<void> {
    await forget();
    await drop(session.account?.id ?? '', CHOICE);
    localStorage.removeItem(OFFLINE_FLAG);
    const workers = await navigator.serviceWorker.getRegistrations();
    await Promise.all(workers.map((w) => w.unregister()));
    await Promise.all((await caches.keys()).map((name) => caches.delete(name)));
}
