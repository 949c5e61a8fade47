/* The shapes of docs/identity.md, and what follows from them for a page. */
import { password as passwordTexts } from '../texts/password.ts';

export interface Role {
    code: string;
    name?: string;
    organisation?: string;
    organisation_name?: string;
}

export interface Account {
    id: string;
    name: string;
    kind: 'patient' | 'professional';
    patient?: string;
    person?: string; /* 'Practitioner/7': who they are in the directory or a record */
    roles?: Role[];
    role?: number;
    activities?: string[];
    strong?: boolean;
    passkeys?: number;
    has_password?: boolean;
    has_totp?: boolean;
    invited?: string; /* when somebody made an invitation beside the ways in that there are */
}

export interface Session {
    signed_in: boolean;
    csrf?: string;
    step?: 'done' | 'totp' | 'enrol';
    idle_seconds?: number;
    account?: Account;
    organisation?: { code: string; name: string };
    demo?: boolean;
    providers?: { name: string; words: string }[];
    offline?: boolean; /* the node was not asked: who was signed in when it answered last */
    version?: string;
}

export const mayDo = (session: Session, activity: string): boolean =>
    session.account?.activities?.includes(activity) ?? false;

/* Whether the role may open a record, or what is withheld of it, by saying why. */
export const mayOpen = (session: Session): boolean =>
    mayDo(session, 'claim-relationship') || mayDo(session, 'override');

export const isPatient = (session: Session): boolean => session.account?.kind === 'patient';

export const currentRole = (account: Account): Role | undefined =>
    account.roles?.[account.role ?? 0];

/* 'GP partner, Harbour Street Surgery' */
export function roleWords(role: Role | undefined): string {
    return role ? [role.name ?? role.code, role.organisation_name].filter(Boolean).join(', ') : '';
}

/* Whether the way in is at its end: no code to follow, nothing to set up first. */
export const isIn = (session: Session): boolean =>
    session.signed_in && (session.step ?? 'done') === 'done' && session.account !== undefined;

/* Those who look after the node, or review what happens in it. */
export const maySeeLocality = (session: Session): boolean =>
    ['manage-node', 'manage-people', 'review-overrides'].some((a) => mayDo(session, a));

/* Requests of patients wait for those who see records; feedback for those who look after the node. */
export const hasInbox = (session: Session): boolean =>
    mayDo(session, 'view-record') || mayDo(session, 'manage-node');

/* Where somebody lands: patients at their own record, carers at those of others, staff at their work. */
export function landing(session: Session): string {
    const account = session.account;
    if (account?.kind === 'patient') {
        return account.patient ? `#/patient/${account.patient}` : '#/helping';
    }
    if (mayDo(session, 'review-overrides') && !mayDo(session, 'write-record')) {
        return '#/reviews';
    }
    if (mayDo(session, 'manage-people') && !mayDo(session, 'view-record')) {
        return '#/people-and-roles';
    }
    return '#/find';
}

/* Minutes without a request after which the node ends a session. */
export const idleMinutes = (session: Session): number => (session.idle_seconds ?? 900) / 60;

/*
 * Where to go after signing in, of what an address brought: a page of this one, or the node's own
 * answer to an app. Anything else is '': nobody is sent elsewhere by a link.
 */
export function safeReturn(then: string, origin: string): string {
    if (!then || then.length > 4000 || /[\u0000-\u0020\\]/.test(then)) {
        return '';
    }
    if (then.startsWith('#/')) {
        return /^#\/(sign-in|invite)(\b|$)/.test(then) ? '' : then;
    }
    if (!then.startsWith('/') || then.startsWith('//')) {
        return '';
    }
    try {
        const url = new URL(then, origin);
        if (url.origin !== origin) {
            return '';
        }
        if (url.pathname === '/' && !url.search && url.hash.startsWith('#/')) {
            return safeReturn(url.hash, origin);
        }
        return url.pathname === '/oauth/authorize' ? url.pathname + url.search : '';
    } catch {
        return '';
    }
}

/* Where an app asks to be called back. A page of this node's own makes no such call. */
export function safeCallback(address: string): string {
    try {
        const url = new URL(address);
        const bad = [
            'javascript:',
            'data:',
            'blob:',
            'file:',
            'vbscript:',
            'about:',
            'filesystem:',
        ];
        return bad.includes(url.protocol) ? '' : url.href;
    } catch {
        return '';
    }
}

/* In groups of four, for reading aloud and typing. */
export const groupsOfFour = (secret: string): string =>
    (secret.replace(/\s/g, '').match(/.{1,4}/g) ?? []).join(' ');

/* What is wrong with a new password before it is sent; the node has the last word. */
export function passwordProblem(password: string, login = ''): string {
    const t = passwordTexts();
    const length = [...password].length;
    if (length < 12) {
        return t.short;
    }
    if (length > 128) {
        return t.long;
    }
    if (login && password.toLowerCase().includes(login.toLowerCase())) {
        return t.name;
    }
    return '';
}
