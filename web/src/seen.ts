/*
 * When somebody looked at a record last, before this visit. This device knows it to the minute; where it
 * does not, another device may have been used, and the access log knows the day. What is kept here is
 * one time for each account and record, sealed like drafts (vault.ts).
 */
import { instant } from './model/dates.ts';
import type { Look } from './model/looks.ts';
import { fetchKept, keep } from './vault.ts';

interface Seen {
    before: number; /* the end of the visit before this one; 0: none is known */
    last: number;
}

const VISIT_MS = 30 * 60000; /* a longer pause makes it another visit */

/* What follows from what was kept. Pure. */
export function nextSeen(had: Seen | null, now: number): Seen {
    if (!had) {
        return { before: 0, last: now };
    }
    return { before: now - had.last > VISIT_MS ? had.last : had.before, last: now };
}

/* The newest look of the account on a day before today, of the access log. 0: none is in it. */
export function lookedBefore(looks: Look[], now: number): number {
    const day = (t: number) => new Date(t).toDateString();
    const own = looks
        .filter((l) => l.class === 'self')
        .map((l) => Date.parse(instant(l.at)))
        .filter((t) => t < now && day(t) !== day(now));
    return Math.max(0, ...own);
}

const asked = new Map<string, Promise<number>>();

/* Once while the page is open: what is new stays new until somebody comes again. */
export function visitBefore(account: string, record: string): Promise<number> {
    const name = `seen/${record}`;
    const key = `${account} ${record}`;
    let known = asked.get(key);
    if (!known) {
        known = fetchKept<Seen>(account, name).then((kept) => {
            const seen = nextSeen(kept?.value ?? null, Date.now());
            void keep(account, name, seen);
            return seen.before;
        });
        asked.set(key, known);
    }
    return known;
}
