/* Bytes as text: base64url without padding (RFC 4648 section 5), and strict base64 (section 4). */

export function toBase64url(bytes: ArrayBuffer | Uint8Array): string {
    return toBase64(new Uint8Array(bytes))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replace(/=+$/, '');
}

function fromBinary(text: string): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
        out[i] = text.charCodeAt(i);
    }
    return out;
}

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
    if (!/^[A-Za-z0-9_-]*$/.test(text)) {
        throw new Error('not base64url');
    }
    return fromBinary(atob(text.replaceAll('-', '+').replaceAll('_', '/')));
}

export function toBase64(bytes: Uint8Array): string {
    let text = '';
    for (const b of bytes) {
        text += String.fromCharCode(b);
    }
    return btoa(text);
}

/* One text for one value: padding in place, and no bits after the last byte. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
        throw new Error('not base64');
    }
    const binary = atob(text);
    if (btoa(binary) !== text) {
        throw new Error('not base64 in its one form');
    }
    return fromBinary(binary);
}

export const hex = (bytes: Uint8Array): string =>
    [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
    if (!/^(?:[0-9a-f]{2})*$/.test(text)) {
        throw new Error('not lower-case hexadecimal');
    }
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((x, i) => x === b[i]);
}

export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of parts) {
        out.set(p, at);
        at += p.length;
    }
    return out;
}
