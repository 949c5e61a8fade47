/* Addresses: '#/?q=…' and '#/patient/{id}/{tab}/{more}?…', so that the server serves one page only. */
import { useEffect, useState } from 'preact/hooks';

export const TABS = ['summary', 'results', 'timeline', 'details'] as const;
export type Tab = (typeof TABS)[number];

export type Route =
    | { page: 'search'; query: URLSearchParams }
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
        return { page: 'search', query };
    }
    const [first, id, tab, ...more] = parts;
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

export const resultHref = (id: string, key: string): string =>
    `#/patient/${id}/result/${encodeURIComponent(key)}`;

export const entryHref = (id: string, r: { resourceType: string; id?: string }): string =>
    `#/patient/${id}/entry/${r.resourceType}/${r.id ?? ''}`;

/* What a change of address must change for it to be another page: its path, not its query. */
export const pathOf = (hash: string): string => hash.split('?')[0]!.replace(/^#?\/?/, '');

export function useRoute(): Route {
    const [hash, setHash] = useState(location.hash);
    useEffect(() => {
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
