/*
 * SMART Health Links (STU 1, "Construct a SMART Health Link Payload"): shlink:/ and base64url of a
 * JSON object. Behind the address of this node's page and a '#', it opens in any browser; no browser
 * sends what stands behind the '#', so the key stays with those who have the link.
 */
import { fromBase64url, toBase64url } from './bytes.ts';

export const LABEL_MOST = 80;
const URL_MOST = 128;

export interface HealthLink {
    url: string; /* of the manifest, or of the file where `flag` has U */
    key: string; /* 32 bytes, base64url */
    exp?: number; /* seconds since 1970 */
    flag?: string; /* L, P, U in this order */
    label?: string;
}

export const newKey = (): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(32));

export function writeLink(link: HealthLink): string {
    const payload = Object.fromEntries(
        (['url', 'flag', 'key', 'exp', 'label'] as const)
            .filter((name) => link[name])
            .map((name) => [name, link[name]]),
    );
    return `shlink:/${toBase64url(new TextEncoder().encode(JSON.stringify({ ...payload, v: 1 })))}`;
}

/* With the address of a page before it or without. null: no link that this page can read. */
export function readLink(text: string): HealthLink | null {
    const m = /(?:^|#)shlink:\/([A-Za-z0-9_-]+)$/.exec(text.trim());
    try {
        const p = JSON.parse(new TextDecoder().decode(fromBase64url(m?.[1] ?? '')));
        const good =
            typeof p.url === 'string' &&
            p.url.length <= URL_MOST &&
            /^https?:\/\//.test(p.url) &&
            typeof p.key === 'string' &&
            /^[A-Za-z0-9_-]{43}$/.test(p.key) &&
            (p.exp === undefined || typeof p.exp === 'number') &&
            (p.flag === undefined || (typeof p.flag === 'string' && /^[A-Z]*$/.test(p.flag))) &&
            (p.label === undefined || typeof p.label === 'string') &&
            (p.v === undefined || p.v === 1);
        return good
            ? {
                  url: p.url,
                  key: p.key,
                  ...(p.exp ? { exp: p.exp } : {}),
                  ...(p.flag ? { flag: p.flag } : {}),
                  ...(p.label ? { label: p.label.slice(0, LABEL_MOST) } : {}),
              }
            : null;
    } catch {
        return null;
    }
}

/* Where it opens: the page of the node that keeps it. */
export const pageOfLink = (origin: string, link: string): string => `${origin}/#${link}`;
