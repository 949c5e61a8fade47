/* How the locality is (docs/locality.md, "In the node"), in words for those who look after it. */
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

const KIND_WORDS: Record<string, string> = {
    gp: 'GP practice',
    hospital: 'Hospital',
    council: 'Council',
    pharmacy: 'Pharmacy',
    platform: 'Platform that patients choose',
    other: 'Other organisation',
};
export const kindWords = (m: Member): string => KIND_WORDS[m.kind] ?? m.kind;

const ALARM_WORDS: Record<string, string> = {
    stranger: 'Somebody who is no member tried to ask',
    statement: 'A request that does not count',
    answer: 'An answer that cannot be used',
    receipt: 'An answer that does not fit its receipt',
    exchange: 'Only one side has recorded an access',
    manifest: 'A joined record is not what was signed',
    slow: 'A member’s answers come too late again and again',
    'stolen-certificate': 'A former key of a member is used',
    'wrong-certificate': 'Somebody else answers at a member’s address',
    'identity-conflict': 'It is not certain that two people are one',
    'record-asked-for': 'A practice has asked for a whole record, as the patient has registered there',
    'location-probe': 'Somebody tries to find out where people have records',
    'log-fork': 'A member shows two histories of its access log',
    'log-unproved': 'A member does not prove that its access log is one',
    'own-log-behind': 'The access log of this node was put back',
    'own-log-fork': 'The access log of this node has two histories',
    'own-log-key': 'The key of this node’s access log is not the one in the directory',
    'directory-fork': 'Two directories of one number',
    'directory-double': 'A member has signed two directories',
};
/* A kind without words here is shown as it is: nothing is left out. */
export const alarmWords = (kind: string): string => ALARM_WORDS[kind] ?? kind.replace(/-/g, ' ');

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
    if (!w.since) {
        return 'It has not witnessed this node’s access log yet';
    }
    return w.entries
        ? `As a witness it is ${w.entries.toLocaleString('en-GB')} ${w.entries === 1 ? 'entry' : 'entries'} behind, since ${when(w.since)}`
        : `It has witnessed all of this node’s access log, last at ${when(w.since)}`;
}

/* "3f9a61c0...: number 4, round 1; ...": the digits to sign with, and what would change. */
export function proposalParts(words: string): { digits: string; what: string } {
    const at = words.indexOf(':');
    return at > 0
        ? { digits: words.slice(0, at), what: words.slice(at + 1).trim() }
        : { digits: '', what: words };
}

export const membersOf = (s: State): Member[] => list<Member>(s.members);
