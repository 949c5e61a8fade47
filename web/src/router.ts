/*
 * Addresses: '#/?q=…', '#/patient/{id}/{tab}/{more}?…', '#/people/{id}/{page}' and those of PLAIN
 * below, so that the server serves one page only.
 */
import { useLayoutEffect, useState } from 'preact/hooks';

export const TABS = ['summary', 'results', 'timeline', 'details'] as const;
export type Tab = (typeof TABS)[number];

/* Pages whose address is their name. */
export const PLAIN = [
    'sign-in',
    'security',
    'apps',
    'reviews',
    'people-and-roles',
    'find',
    'helping',
    'locality',
] as const;
/* Pages about the record of one person, who is not always the one that reads them. */
export const ABOUT = ['joined', 'access', 'sharing', 'proxies', 'launch'] as const;
export type About = (typeof ABOUT)[number];

export type Route =
    | { page: 'home'; query: URLSearchParams }
    | { page: 'search'; query: URLSearchParams }
    | {
          page:
              | 'sign-in'
              | 'security'
              | 'apps'
              | 'reviews'
              | 'people-and-roles'
              | 'helping'
              | 'locality';
          query: URLSearchParams;
      }
    | { page: 'invite' | 'consent'; id: string; query: URLSearchParams }
    | { page: About; id: string; query: URLSearchParams }
    | { page: 'record'; id: string; tab: Tab; query: URLSearchParams }
    | { page: 'result'; id: string; key: string; query: URLSearchParams }
    | { page: 'entry'; id: string; type: string; entry: string; query: URLSearchParams }
    | { page: 'unknown'; query: URLSearchParams };

function decoded(part: string): string {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

export function readRoute(hash: string): Route {
    const [path = '', search = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    const parts = path.split('/').filter(Boolean).map(decoded);
    if (parts.length === 0) {
        const asked = query.has('q') || query.has('everyone');
        return { page: asked ? 'search' : 'home', query };
    }
    const [first, id, tab, ...more] = parts;
    if (parts.length === 1 && (PLAIN as readonly string[]).includes(first!)) {
        const page = first as (typeof PLAIN)[number];
        return { page: page === 'find' ? 'search' : page, query };
    }
    if ((first === 'invite' || first === 'consent') && parts.length === 2) {
        /* a token: its letters, nothing that could lead elsewhere */
        return /^[A-Za-z0-9_.~-]{1,200}$/.test(id!)
            ? { page: first, id: id!, query }
            : { page: 'unknown', query };
    }
    if (
        first === 'people' &&
        parts.length === 3 &&
        /^[A-Za-z0-9.-]{1,64}$/.test(id!) &&
        (ABOUT as readonly string[]).includes(tab!)
    ) {
        return { page: tab as About, id: id!, query };
    }
    if (first !== 'patient' || !id || !/^[A-Za-z0-9.-]{1,64}$/.test(id)) {
        return { page: 'unknown', query };
    }
    if (tab === 'result' && more.length === 1) {
        return { page: 'result', id, key: more[0]!, query };
    }
    if (
        tab === 'entry' &&
        more.length === 2 &&
        /^[A-Za-z]+$/.test(more[0]!) &&
        /^[A-Za-z0-9.-]{1,64}$/.test(more[1]!)
    ) {
        return { page: 'entry', id, type: more[0]!, entry: more[1]!, query };
    }
    if (more.length || (tab && !(TABS as readonly string[]).includes(tab))) {
        return { page: 'unknown', query };
    }
    return { page: 'record', id, tab: (tab as Tab | undefined) ?? 'summary', query };
}

export function recordHref(id: string, tab: Tab = 'summary'): string {
    return `#/patient/${id}${tab === 'summary' ? '' : `/${tab}`}`;
}

export const aboutHref = (id: string, page: About): string => `#/people/${id}/${page}`;

export const resultHref = (id: string, key: string): string =>
    `#/patient/${id}/result/${encodeURIComponent(key)}`;

export const entryHref = (id: string, r: { resourceType: string; id?: string }): string =>
    `#/patient/${id}/entry/${r.resourceType}/${r.id ?? ''}`;

/* What a change of address must change for it to be another page: its path, not its query. */
export const pathOf = (hash: string): string => hash.split('?')[0]!.replace(/^#?\/?/, '');

export function useRoute(): Route {
    const [hash, setHash] = useState(location.hash);
    useLayoutEffect(() => {
        const changed = () => setHash(location.hash);
        addEventListener('hashchange', changed);
        return () => removeEventListener('hashchange', changed);
    }, []);
    return readRoute(hash);
}

export function go(hash: string): void {
    location.hash = hash;
}

/* Keeps the address up with filters without a step in the history for each key pressed. */
export function replaceQuery(query: URLSearchParams): void {
    const text = query.toString();
    history.replaceState(null, '', `${location.hash.split('?')[0]}${text ? `?${text}` : ''}`);
}
