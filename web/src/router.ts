/*
 * Addresses: '#/patient/{id}/results?q=…'. All of them are rows of routes.ts; the server serves one
 * page only.
 */
import { useLayoutEffect, useState } from 'preact/hooks';

/* What an address says. `params` has what stands in the place of each ':name' of the row's path. */
export interface Route {
    path: string; /* of the row; '' for the start, 'unknown' for what is no page */
    params: Record<string, string>;
    query: URLSearchParams;
}

/* What may stand in an address: letters of ids, and of tokens; nothing that could lead elsewhere. */
const ALLOWED: Record<string, RegExp> = {
    id: /^[A-Za-z0-9.~-]{1,80}$/,
    entry: /^[A-Za-z0-9.~-]{1,80}$/,
    type: /^[A-Za-z]{1,60}$/,
    token: /^[A-Za-z0-9_.~-]{1,200}$/,
};

function decoded(part: string): string {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

function fit(row: string, parts: string[]): Record<string, string> | null {
    const names = row.split('/');
    if (names.length !== parts.length) {
        return null;
    }
    const params: Record<string, string> = {};
    for (const [i, name] of names.entries()) {
        const part = parts[i]!;
        if (!name.startsWith(':')) {
            if (name !== part) {
                return null;
            }
        } else if (part && (ALLOWED[name.slice(1)]?.test(part) ?? true)) {
            params[name.slice(1)] = part;
        } else {
            return null;
        }
    }
    return params;
}

/* The row of `paths` that an address is. The first one that fits counts. */
export function readRoute(hash: string, paths: readonly string[]): Route {
    const [path = '', search = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    const parts = path.split('/').filter(Boolean).map(decoded);
    if (parts.length === 0) {
        const asked = query.has('q') || query.has('everyone');
        return { path: asked ? 'find' : '', params: {}, query };
    }
    for (const row of paths) {
        const params = fit(row, parts);
        if (params) {
            return { path: row, params, query };
        }
    }
    return { path: 'unknown', params: {}, query };
}

/* A page of somebody's record: recordHref('7', 'results'). Without a page: where it begins. */
export const recordHref = (id: string, page = ''): string =>
    `#/patient/${id}${page ? `/${page}` : ''}`;

/* Pages about the record of one person, who is not always the one that reads them. */
export type About = 'joined' | 'access' | 'sharing' | 'proxies' | 'launch';
export const aboutHref = (id: string, page: About): string => `#/people/${id}/${page}`;

export const resultHref = (id: string, key: string): string =>
    `#/patient/${id}/result/${encodeURIComponent(key)}`;

export const entryHref = (id: string, r: { resourceType: string; id?: string }): string =>
    `#/patient/${id}/entry/${r.resourceType}/${r.id ?? ''}`;

/* What a page is called for those who read feedback about it: never whose record it was. */
export function pageName(path: string): string {
    const parts = path
        .split('/')
        .filter(
            (part, i, all) =>
                part && !/^(patient|people)$/.test(all[i - 1] ?? '') && !/[0-9~]/.test(part),
        );
    const [first, ...rest] = parts;
    const named = first === 'patient' || first === 'people' ? rest : parts;
    return (named.join(', ') || (first ? 'record' : '')).slice(0, 100);
}

export const changeHref = (id: string, r: { resourceType: string; id?: string }): string =>
    `#/patient/${id}/change/${r.resourceType}/${r.id ?? ''}`;

/* What a change of address must change for it to be another page: its path, not its query. */
export const pathOf = (hash: string): string => hash.split('?')[0]!.replace(/^#?\/?/, '');

export function useHash(): string {
    const [hash, setHash] = useState(location.hash);
    useLayoutEffect(() => {
        const changed = () => setHash(location.hash);
        addEventListener('hashchange', changed);
        return () => removeEventListener('hashchange', changed);
    }, []);
    return hash;
}

export function go(hash: string): void {
    location.hash = hash;
}

/* Keeps the address up with filters without a step in the history for each key pressed. */
export function replaceQuery(query: URLSearchParams): void {
    const text = query.toString();
    history.replaceState(null, '', `${location.hash.split('?')[0]}${text ? `?${text}` : ''}`);
}
