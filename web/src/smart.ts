/*
 * The portal as a SMART app (docs/portal.md): where the node is asked for an access token, and the
 * token itself, which is in memory and nowhere else. On the node's own origin it ends with the session,
 * so there is nothing to refresh it with: another is asked for by the session of this browser, without
 * leaving the page. Elsewhere the browser goes to the node and comes back, and a refresh token lasts as
 * long as the session there; it is in memory, too.
 */
import { AT_HOME, CLIENT, NODE } from './home.ts';
import { fromBase64url, toBase64url } from './model/bytes.ts';

const SCOPE = AT_HOME
    ? 'openid fhirUser user/*.cruds'
    : 'openid fhirUser online_access user/*.cruds';
const ASKED = 'kith-asked'; /* in this tab, while the browser is at the node */
const EARLY_MS = 30000; /* so long before its end it is not used any more */

interface Addresses {
    issuer: string;
    authorization_endpoint: string;
    token_endpoint: string;
}

export interface Token {
    value: string;
    account: string; /* whose it is */
    name: string;
    person: string; /* 'Patient/7', 'Practitioner/3' */
    refresh: string; /* '': none */
    patient: string; /* in context, of a launch; '': none */
    endsAt: number;
}

/* Nobody is signed in on this node with this browser, or no longer. */
export class NotSignedIn extends Error {}

const home = () => location.origin + (AT_HOME ? '/' : location.pathname);

let found: Promise<Addresses> | null = null;

function addresses(): Promise<Addresses> {
    found ??= fetch(`${NODE}/.well-known/smart-configuration`, {
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
        aud: `${NODE}/fhir`,
        code_challenge: toBase64url(digest),
        code_challenge_method: 'S256',
        ...(AT_HOME ? { prompt: 'none' } : {}),
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

/* What an ID token says. It comes from the node itself, so that its signature says no more. */
function claimsOf(idToken: string): { sub?: string; name?: string; fhirUser?: string } {
    const bytes = fromBase64url(idToken.split('.')[1] ?? '');
    return JSON.parse(new TextDecoder().decode(bytes)) as { sub?: string };
}

async function take(endpoint: string, form: Record<string, string>, before?: Token): Promise<Token> {
    const asked = Date.now();
    const response = await fetch(endpoint, {
        method: 'POST',
        credentials: 'omit',
        body: new URLSearchParams({ client_id: CLIENT, ...form }),
    });
    const said = (await response.json()) as Record<string, string | number | undefined>;
    if (response.status === 400) {
        throw new NotSignedIn(); /* the session has ended between the two requests */
    }
    if (!response.ok) {
        throw new Refused(String(said.error ?? ''), String(said.error_description ?? ''));
    }
    const who = said.id_token ? claimsOf(String(said.id_token)) : null;
    return {
        value: String(said.access_token),
        account: who?.sub ?? before?.account ?? '',
        name: who?.name ?? before?.name ?? '',
        person: who?.fhirUser?.split('/fhir/')[1] ?? before?.person ?? '',
        refresh: String(said.refresh_token ?? ''),
        patient: String(said.patient ?? ''),
        endsAt: asked + Number(said.expires_in) * 1000 - EARLY_MS,
    };
}

const exchange = (endpoint: string, code: string, verifier: string): Promise<Token> =>
    take(endpoint, {
        grant_type: 'authorization_code',
        redirect_uri: home(),
        code,
        code_verifier: verifier,
    });

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
    return exchange(token_endpoint, codeOf(back, begun.state, issuer), begun.verifier);
}

/* --- elsewhere ---------------------------------------------------------------------------------- */

interface Left {
    verifier: string;
    state: string;
    hash: string; /* where to go on */
}

/* Sends the browser to the node, which sends it back here. */
export async function goToNode(hash: string): Promise<void> {
    const { authorization_endpoint } = await addresses();
    const { verifier, state, asked } = await begin('');
    const left: Left = { verifier, state, hash };
    sessionStorage.setItem(ASKED, JSON.stringify(left));
    location.assign(`${authorization_endpoint}?${asked}`);
}

/* What the browser came back with, once. */
async function comeBack(): Promise<Token> {
    const left = JSON.parse(sessionStorage.getItem(ASKED) ?? 'null') as Left | null;
    const back = new URL(location.href);
    sessionStorage.removeItem(ASKED);
    if (!left || !back.searchParams.has('state')) {
        throw new NotSignedIn();
    }
    history.replaceState(null, '', home() + left.hash);
    dispatchEvent(new HashChangeEvent('hashchange')); /* which replaceState() does not tell */
    const { issuer, token_endpoint } = await addresses();
    return exchange(token_endpoint, codeOf(back, left.state, issuer), left.verifier);
}

async function askElsewhere(): Promise<Token> {
    if (!last?.refresh) {
        return comeBack();
    }
    const before = last;
    last = null; /* a refresh token is good once */
    const { token_endpoint } = await addresses();
    return take(token_endpoint, { grant_type: 'refresh_token', refresh_token: before.refresh }, before);
}

/* Ends what the node has given this page. */
export async function giveBack(): Promise<void> {
    const ended = last?.refresh ?? '';
    forgetToken();
    if (ended) {
        const body = new URLSearchParams({ client_id: CLIENT, token: ended });
        await fetch(`${NODE}/oauth/revoke`, { method: 'POST', credentials: 'omit', body });
    }
}

/* --- the one that is in use -------------------------------------------------------------------- */

let token: Token | null = null;
let last: Token | null = null; /* elsewhere: whose refresh token is good */
let asking: Promise<Token> | null = null;
let turn = 0; /* grows when what is being asked for is not wanted any more */

export function forgetToken(): void {
    token = null;
    last = null;
    asking = null;
    turn++;
}

/* One question at a time, however many requests wait for its answer. */
function askOnce(): Promise<Token> {
    if (!asking) {
        const mine = turn;
        const asked = (AT_HOME ? ask('') : askElsewhere()).then((t) => {
            if (mine === turn) {
                token = t;
                last = t;
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
