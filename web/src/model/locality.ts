/* How the locality is (docs/locality.md, "In the node"), in words for those who look after it. */
import { locality } from '../texts/locality.ts';
import { list } from './fhir.ts';

export interface Member {
    ods: string;
    kind: string;
    name: string;
    url: string;
    away: boolean;
    witness?: { entries: number; since: string };
}
export interface Alarm {
    kind: string;
    member: string;
    words: string;
    first: string;
    last: string;
    count: number;
}
export interface State {
    none?: string; /* why there is no directory in force */
    name?: string;
    number?: number;
    quorum?: number;
    from?: string;
    until?: string;
    self?: string;
    members?: Member[];
    removed?: { ods: string; at: string; why: string }[];
    allies?: string[];
    proposals?: string[];
    alarms?: Alarm[];
}

export const kindWords = (m: Member): string => locality().kinds[m.kind] ?? m.kind;

/* A kind without words here is shown as it is: nothing is left out. */
export const alarmWords = (kind: string): string =>
    locality().alarmKinds[kind] ?? kind.replace(/-/g, ' ');

const DAY_MS = 86400000;
export function daysLeft(s: State, now: number): number {
    const end = Date.parse(s.until ?? '');
    return Number.isNaN(end) ? 0 : Math.max(0, Math.floor((end - now) / DAY_MS));
}
export const WARN_DAYS = 14;

/* How far a member is with the log of this node. */
export function witnessWords(m: Member, when: (instant: string) => string): string {
    const w = m.witness;
    if (!w) {
        return '';
    }
    const t = locality();
    if (!w.since) {
        return t.notWitnessed;
    }
    return w.entries ? t.witnessBehind(w.entries, when(w.since)) : t.witnessed(when(w.since));
}

/* "3f9a61c0...: number 4, round 1; ...": the digits to sign with, and what would change. */
export function proposalParts(words: string): { digits: string; what: string } {
    const at = words.indexOf(':');
    return at > 0
        ? { digits: words.slice(0, at), what: words.slice(at + 1).trim() }
        : { digits: '', what: words };
}

export const membersOf = (s: State): Member[] => list<Member>(s.members);
