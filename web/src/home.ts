/*
 * Which node this page is of: the one that serves it. Whoever hosts the portal elsewhere says in
 * index.html which node it opens, and as which registered app (docs/portal.md, "Hosted elsewhere").
 */
const said = (name: string): string =>
    typeof document === 'undefined'
        ? ''
        : (document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '');

const here = typeof location === 'undefined' ? '' : location.origin;

export const NODE = said('kith-node').replace(/\/+$/, '') || here;
export const CLIENT = said('kith-client') || 'kith-portal';
export const AT_HOME = NODE === here;
