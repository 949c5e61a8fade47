/*
 * Links by which something is shared, as whoever has one opens them (docs/sharing-links.md): the only
 * door to /shared/. No session and no token goes along, and the key is not sent.
 */
import { Trouble } from './api.ts';
import { fromBase64url } from './model/bytes.ts';
import { parseKeepingDigits } from './model/digits.ts';
import { list, type Bundle, type Resource } from './model/fhir.ts';
import { decrypt, NotReadable } from './model/jwe.ts';
import type { HealthLink } from './model/shlink.ts';
import { sharedTexts } from './texts/shared.ts';

const RECIPIENT_MOST = 100;

/* A wrong passcode, or none; so many tries are left. */
export class WrongPasscode extends Error {
    constructor(readonly left: number) {
        super('wrong passcode');
    }
}

async function ask(url: string, body?: unknown): Promise<Response> {
    const t = sharedTexts();
    const init: RequestInit = { credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' };
    if (body !== undefined) {
        init.method = 'POST';
        init.headers = { 'content-type': 'application/json' };
        init.body = JSON.stringify(body);
    }
    let reply: Response;
    try {
        reply = await fetch(url, init);
    } catch {
        throw new Trouble(t.noAnswer, t.noAnswerAdvice);
    }
    if (reply.status === 404) {
        throw new Trouble(t.notOpen, t.notOpenAdvice, '', 404);
    }
    if (reply.status === 429) {
        throw new Trouble(t.tooOften, t.tooOftenAdvice, '', 429);
    }
    if (reply.status === 401 && body !== undefined) {
        const { remainingAttempts } = (await reply.json()) as { remainingAttempts?: number };
        throw new WrongPasscode(Number(remainingAttempts) || 0);
    }
    if (!reply.ok) {
        throw new Trouble(t.notRead, t.notReadAdvice, '', reply.status);
    }
    return reply;
}

interface Manifest {
    files?: { contentType?: string; embedded?: string; location?: string }[];
}

/* The encrypted files of a link. A file of another site is not asked for. */
async function filesOf(link: HealthLink, recipient: string, passcode: string): Promise<string[]> {
    if (link.flag?.includes('U')) {
        const reply = await ask(`${link.url}?recipient=${encodeURIComponent(recipient)}`);
        return [await reply.text()];
    }
    const asked = { recipient, ...(passcode ? { passcode } : {}) };
    const { files = [] } = (await (await ask(link.url, asked)).json()) as Manifest;
    const wanted = files.filter((f) => f.contentType?.startsWith('application/fhir+json'));
    return Promise.all(
        wanted.map(async (f) => {
            const at = f.location ?? '';
            if (!f.embedded && !at.startsWith(`${new URL(link.url).origin}/`)) {
                throw new Trouble(sharedTexts().notRead, sharedTexts().notReadAdvice);
            }
            return f.embedded ?? (await ask(at)).text();
        }),
    );
}

/* What was in a link, and when it was made ('' when that is not said). */
export interface Shared {
    resources: Resource[];
    madeAt: string;
}

/* Opens a link: what is in it, decrypted here. */
export async function openLink(
    link: HealthLink,
    recipient: string,
    passcode: string,
): Promise<Shared> {
    const t = sharedTexts();
    const locked = await filesOf(link, recipient.slice(0, RECIPIENT_MOST), passcode);
    const key = fromBase64url(link.key);
    try {
        const texts = await Promise.all(locked.map((f) => decrypt(key, f)));
        const files = texts.map(({ text }) => parseKeepingDigits(text) as Resource);
        return {
            madeAt: files.map((r) => r.timestamp).find((at) => typeof at === 'string') ?? '',
            resources: files
                .flatMap((r) =>
                    r.resourceType === 'Bundle'
                        ? list((r as Bundle).entry).map((e) => e.resource)
                        : [r],
                )
                .filter((r): r is Resource => typeof r?.resourceType === 'string'),
        };
    } catch (e) {
        if (e instanceof NotReadable || e instanceof SyntaxError) {
            throw new Trouble(t.wrongKey, t.wrongKeyAdvice);
        }
        throw e;
    }
}
