/* Passkeys: what the node asks, in the form that the browser wants, and back. */
import { inWords, json, Trouble, tryIn } from './api.ts';
import type { Session } from './model/account.ts';
import { fromBase64url, toBase64url } from './model/bytes.ts';
import { passkey } from './texts/passkey.ts';

interface Ceremony {
    ceremony: string;
    publicKey: Record<string, any>;
}

export interface Passkey {
    id: string;
    name: string;
    added?: string;
    used?: string;
    backed_up?: boolean;
}

export const passkeysWork = (): boolean =>
    typeof PublicKeyCredential === 'function' && Boolean(navigator.credentials);

const allowed = (list: any): any =>
    Array.isArray(list) ? list.map((c) => ({ ...c, id: fromBase64url(String(c.id)) })) : undefined;

/* What went wrong in the browser's own dialog, in words. */
function said(e: unknown, making: boolean): Trouble {
    if (e instanceof Trouble) {
        return e;
    }
    const name = e instanceof DOMException ? e.name : '';
    const t = passkey();
    if (name === 'InvalidStateError') {
        return inWords(t.already);
    }
    if (name === 'NotAllowedError' || name === 'AbortError') {
        return inWords(making ? t.notMade : t.notUsed);
    }
    return inWords(t.cannot, name);
}

export async function signInByPasskey(login: string): Promise<Session> {
    try {
        const { ceremony, publicKey } = await tryIn<Ceremony>('/auth/passkey/options', { login });
        const got = (await navigator.credentials.get({
            publicKey: {
                ...publicKey,
                challenge: fromBase64url(publicKey.challenge),
                allowCredentials: allowed(publicKey.allowCredentials) ?? [],
            },
        })) as PublicKeyCredential | null;
        if (!got) {
            throw new DOMException('', 'NotAllowedError');
        }
        const r = got.response as AuthenticatorAssertionResponse;
        return await tryIn<Session>('/auth/passkey/verify', {
            ceremony,
            credential: {
                id: got.id,
                type: got.type,
                response: {
                    clientDataJSON: toBase64url(r.clientDataJSON),
                    authenticatorData: toBase64url(r.authenticatorData),
                    signature: toBase64url(r.signature),
                    userHandle: r.userHandle ? toBase64url(r.userHandle) : '',
                },
            },
        });
    } catch (e) {
        throw said(e, false);
    }
}

export async function makePasskey(name: string): Promise<Passkey[]> {
    try {
        const { ceremony, publicKey } = await json<Ceremony>('/auth/passkey/new/options', {});
        const made = (await navigator.credentials.create({
            publicKey: {
                ...publicKey,
                challenge: fromBase64url(publicKey.challenge),
                user: { ...publicKey.user, id: fromBase64url(String(publicKey.user?.id)) },
                excludeCredentials: allowed(publicKey.excludeCredentials) ?? [],
            } as unknown as PublicKeyCredentialCreationOptions,
        })) as PublicKeyCredential | null;
        if (!made) {
            throw new DOMException('', 'NotAllowedError');
        }
        const r = made.response as AuthenticatorAttestationResponse;
        const answer = await json<{ passkeys: Passkey[] }>('/auth/passkey/new/verify', {
            ceremony,
            name,
            credential: {
                id: made.id,
                type: made.type,
                response: {
                    clientDataJSON: toBase64url(r.clientDataJSON),
                    attestationObject: toBase64url(r.attestationObject),
                },
            },
        });
        return answer.passkeys ?? [];
    } catch (e) {
        throw said(e, true);
    }
}

/* A name to begin with, of what the browser says it is. */
export function deviceName(agent = navigator.userAgent): string {
    const system = /iPhone|iPad|Android|Windows|Mac OS|CrOS|Linux/.exec(agent)?.[0] ?? '';
    const t = passkey();
    const known: Readonly<Record<string, string>> = t.devices;
    return system ? t.mine(known[system] ?? system) : t.device;
}
