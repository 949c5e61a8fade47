/*
 * Encryption of what is shared: JWE in compact form (RFC 7516) with a key that both sides have
 * already, {"alg":"dir","enc":"A256GCM"}, as SMART Health Links have it. By the browser's WebCrypto.
 */
import { fromBase64url, joined, toBase64url } from './bytes.ts';

const NONCE = 12;
const TAG = 16;
const MOST = 64 << 20; /* bytes that a packed text may become */

export class NotReadable extends Error {}

const key = (bytes: Uint8Array<ArrayBuffer>, use: 'encrypt' | 'decrypt') =>
    crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, [use]);

const through = async (
    bytes: Uint8Array<ArrayBuffer>,
    stream: ReadableWritablePair<Uint8Array, BufferSource>,
): Promise<Uint8Array<ArrayBuffer>> => {
    const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
    const parts: Uint8Array[] = [];
    let size = 0;
    for (;;) {
        const { value, done } = await reader.read();
        if (done) {
            return joined(...parts);
        }
        size += value.length;
        if (size > MOST) {
            await reader.cancel();
            throw new NotReadable('more than may be unpacked');
        }
        parts.push(value);
    }
};

/* `text` as a JWE; packed (zip: DEF) where the browser can. */
export async function encrypt(
    secret: Uint8Array<ArrayBuffer>,
    text: string,
    type: string,
): Promise<string> {
    const packs = typeof CompressionStream === 'function';
    const head = { alg: 'dir', enc: 'A256GCM', cty: type, ...(packs ? { zip: 'DEF' } : {}) };
    const header = toBase64url(new TextEncoder().encode(JSON.stringify(head)));
    const plain = new TextEncoder().encode(text);
    const body = packs ? await through(plain, new CompressionStream('deflate-raw')) : plain;
    const iv = crypto.getRandomValues(new Uint8Array(NONCE));
    const sealed = new Uint8Array(
        await crypto.subtle.encrypt(
            { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(header) },
            await key(secret, 'encrypt'),
            body,
        ),
    );
    const at = sealed.length - TAG;
    return [header, '', iv, sealed.subarray(0, at), sealed.subarray(at)]
        .map((part) => (typeof part === 'string' ? part : toBase64url(part)))
        .join('.');
}

/* Throws NotReadable: it is no such JWE, another key, or somebody has changed it. */
export async function decrypt(
    secret: Uint8Array<ArrayBuffer>,
    jwe: string,
): Promise<{ text: string; type: string }> {
    const parts = jwe.trim().split('.');
    try {
        const [header, none, iv, body, tag] = parts as [string, string, string, string, string];
        const head = JSON.parse(new TextDecoder().decode(fromBase64url(header)));
        const known = head.alg === 'dir' && head.enc === 'A256GCM' && (head.zip ?? 'DEF') === 'DEF';
        if (parts.length !== 5 || none !== '' || !known) {
            throw new NotReadable('not of this form');
        }
        const plain = new Uint8Array(
            await crypto.subtle.decrypt(
                {
                    name: 'AES-GCM',
                    iv: fromBase64url(iv),
                    additionalData: new TextEncoder().encode(header),
                },
                await key(secret, 'decrypt'),
                joined(fromBase64url(body), fromBase64url(tag)),
            ),
        );
        const bytes = head.zip ? await through(plain, new DecompressionStream('deflate-raw')) : plain;
        return {
            text: new TextDecoder('utf-8', { fatal: true }).decode(bytes),
            type: typeof head.cty === 'string' ? head.cty : '',
        };
    } catch (e) {
        throw e instanceof NotReadable ? e : new NotReadable(String(e));
    }
}
