/*
 * The portal as a SMART app (docs/portal.md): where the node is asked for an access token, and the
 * token itself, which is in memory and nowhere else. It ends with the session, so there is nothing to
 * refresh it with: another is asked for by the session of this browser, without leaving the page.
 */
import { toBase64url } from './model/bytes.ts';

const CLIENT = 'kith-portal';
const SCOPE = 'openid fhirUser user/*.cruds';
const EARLY_MS = 30000; /* so long before its end it is not used any more */

interface Addresses {
    issuer: string;
    authorization_endpoint: string;
    token_endpoint: string;
}

export interface Token {
    value: string;
    account: string; /* whose it is */
    patient: string; /* in context, of a launch; '': none */
    endsAt: number;
}

/* Nobody is signed in on this node with this browser, or no longer. */
export class NotSignedIn extends Error {}

const home = () => `${location.origin}/`;

let found: Promise<Addresses> | null = null;

function addresses(): Promise<Addresses> {
    found ??= fetch('/.well-known/smart-configuration', {
        credentials: 'omit',
        headers: { accept: 'application/json' },
    }).then(async (r) => {
        if (!r.ok) {
            throw new Error(`smart-configuration: ${r.status}`);
        }
        return (await r.json()) as Addresses;
    });
    found.catch(() => {
        found = null;
    });
    return found;
}

const random = () => toBase64url(crypto.getRandomValues(new Uint8Array(32)));

interface Begun {
    verifier: string;
    state: string;
    asked: URLSearchParams;
}

async function begin(launch: string): Promise<Begun> {
    const verifier = random();
    const state = random();
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
    const asked = new URLSearchParams({
        response_type: 'code',
        client_id: CLIENT,
        redirect_uri: home(),
        scope: launch ? `launch ${SCOPE}` : SCOPE,
        state,
        aud: `${location.origin}/fhir`,
        code_challenge: toBase64url(digest),
        code_challenge_method: 'S256',
        prompt: 'none',
        ...(launch ? { launch } : {}),
    });
    return { verifier, state, asked };
}

/* The answer to an authorisation request: where the browser was sent back to. */
async function answerOf(endpoint: string, { asked }: Begun): Promise<URL> {
    const response = await fetch(`${endpoint}?${asked}`, {
        mode: 'same-origin',
        credentials: 'same-origin',
        cache: 'no-store',
    });
    void response.body?.cancel();
    return new URL(response.url);
}

/* What was refused, as the error of OAuth has it: 'invalid_request' ... */
export class Refused extends Error {
    constructor(
        readonly error: string,
        readonly words: string,
    ) {
        super(words || error);
    }
}

function codeOf(back: URL, state: string, issuer: string): string {
    const said = back.searchParams;
    const here = back.origin + back.pathname === home();
    if (!here || said.get('state') !== state || said.get('iss') !== issuer) {
        throw new Error('the node sent an answer that is not to what was asked');
    }
    const error = said.get('error');
    if (error === 'login_required') {
        throw new NotSignedIn();
    }
    if (error) {
        throw new Refused(error, said.get('error_description') ?? '');
    }
    return said.get('code') ?? '';
}

/* The account of an ID token. It comes from the node itself, so that its signature says no more. */
function accountOf(idToken: string): string {
    const part = idToken.split('.')[1] ?? '';
    const padded = part.replaceAll('-', '+').replaceAll('_', '/');
    return String((JSON.parse(atob(padded)) as { sub?: string }).sub ?? '');
}

async function exchange(endpoint: string, code: string, { verifier }: Begun): Promise<Token> {
    const asked = Date.now();
    const response = await fetch(endpoint, {
        method: 'POST',
        credentials: 'omit',
        body: new URLSearchParams({
            grant_type: 'authorization_code',
            client_id: CLIENT,
            redirect_uri: home(),
            code,
            code_verifier: verifier,
        }),
    });
    const said = (await response.json()) as Record<string, string | number | undefined>;
    if (response.status === 400) {
        throw new NotSignedIn(); /* the session has ended between the two requests */
    }
    if (!response.ok) {
        throw new Refused(String(said.error ?? ''), String(said.error_description ?? ''));
    }
    return {
        value: String(said.access_token),
        account: accountOf(String(said.id_token)),
        patient: String(said.patient ?? ''),
        endsAt: asked + Number(said.expires_in) * 1000 - EARLY_MS,
    };
}

/*
 * Both at once: where the node says that it is asked, and the question where this node's own pages ask
 * it, so that a page waits for two answers and not for three.
 */
async function ask(launch: string): Promise<Token> {
    const where = addresses();
    const begun = await begin(launch);
    const usual = `${location.origin}/oauth/authorize`;
    const first = answerOf(usual, begun);
    first.catch(() => undefined);
    const { issuer, authorization_endpoint, token_endpoint } = await where;
    const back = await (authorization_endpoint === usual
        ? first
        : answerOf(authorization_endpoint, begun));
    return exchange(token_endpoint, codeOf(back, begun.state, issuer), begun);
}

/* --- the one that is in use -------------------------------------------------------------------- */

let token: Token | null = null;
let asking: Promise<Token> | null = null;
let turn = 0; /* grows when what is being asked for is not wanted any more */

export function forgetToken(): void {
    token = null;
    asking = null;
    turn++;
}

/* One question at a time, however many requests wait for its answer. */
function askOnce(): Promise<Token> {
    if (!asking) {
        const mine = turn;
        const asked = ask('').then((t) => {
            if (mine === turn) {
                token = t;
                asking = null;
            }
            return t;
        });
        asking = asked;
        asked.catch(() => {
            asking = asking === asked ? null : asking;
        });
    }
    return asking;
}

/* Rejects with NotSignedIn, Refused, or as fetch() does. */
export async function accessToken(): Promise<Token> {
    return token && token.endsAt > Date.now() ? token : askOnce();
}

/* The node took this one no more: another, once for all that were refused with it. */
export function anotherToken(refused: Token): Promise<Token> {
    if (token === refused) {
        token = null;
    }
    return accessToken();
}

/* Opened from another system: the token is of this launch, and says whose record it is about. */
export async function launched(launch: string): Promise<string> {
    const mine = ++turn;
    const t = await ask(launch);
    if (mine === turn) {
        token = t;
        asking = null;
    }
    return t.patient;
}
