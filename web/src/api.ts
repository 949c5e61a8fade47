/*
 * The only door to the server: what docs/portal.md lists. The record (/fhir, /audit) opens to the
 * access token alone (smart.ts), and no cookie goes there. The node's own pages (/auth/) have the
 * session's cookie; what changes something there carries the session's own token, too.
 */
import { AT_HOME, NODE } from './home.ts';
import { parseKeepingDigits } from './model/digits.ts';
import { list, words, type Bundle, type Resource } from './model/fhir.ts';
import { resourceName } from './model/record.ts';
import { accessToken, anotherToken, NotSignedIn, Refused } from './smart.ts';
import { trouble as texts } from './texts/trouble.ts';

const BASE = '/fhir/';

/* What went wrong, in words for the person at the screen. */
export class Trouble extends Error {
    constructor(
        readonly heading: string,
        readonly advice: string,
        readonly detail = '',
        readonly status = 0,
    ) {
        super(heading);
    }
}

function outcomeText(body: string): string {
    try {
        const outcome = JSON.parse(body) as Resource;
        return list<any>(outcome.issue)
            .map((i) => i.diagnostics || words(i.details) || i.code)
            .filter(Boolean)
            .join('. ');
    } catch {
        return '';
    }
}

/* The words of an error of /auth/: {"error","words","seconds"}. */
export interface AuthFault {
    error?: string;
    words?: string;
    seconds?: number;
}

function faultOf(body: string): AuthFault {
    try {
        const fault = JSON.parse(body) as AuthFault;
        return typeof fault?.error === 'string' ? fault : {};
    } catch {
        return {};
    }
}

/* Words of the catalogue, with what the node said and its status. */
export const inWords = (w: { heading: string; advice: string }, detail = '', status = 0): Trouble =>
    new Trouble(w.heading, w.advice, detail, status);

function refusal(status: number, body: string): Trouble {
    const t = texts();
    const known = {
        401: t.signedOut,
        403: t.notAllowed,
        404: t.notHere,
        410: t.deleted,
        412: t.changed,
        429: t.busy,
        503: t.busy,
    }[status];
    return inWords(
        known ?? (status >= 500 ? t.failed : t.refused),
        faultOf(body).words ?? outcomeText(body),
        status,
    );
}

/* What the session's keeper (session.ts) wants to know of every answer. */
export interface Watcher {
    csrf(): string;
    account(): string; /* '': not known yet */
    used(): void;
    ended(): void;
    changed(): void; /* somebody else has signed in with this browser */
}
let watcher: Watcher = {
    csrf: () => '',
    account: () => '',
    used: () => undefined,
    ended: () => undefined,
    changed: () => undefined,
};
export function watch(w: Watcher): void {
    watcher = w;
}

/* Keeps answers of the record for when there is no connection (offline.ts), where somebody wants that. */
export interface Keeper {
    take(path: string, body: string): void;
    find(path: string): Promise<string | null>;
    active(): boolean;
    connected(): void;
}
let keeper: Keeper | null = null;
export function keepWith(k: Keeper): void {
    keeper = k;
}

interface Asked {
    path: string; /* from the root of this node */
    accept: string;
    body?: unknown; /* as JSON, by POST */
    type?: string;
    method?: 'PUT' | 'PATCH' | 'DELETE'; /* left out: POST where there is a body, else GET */
    match?: string; /* the version that is changed or taken away */
    signal?: AbortSignal | undefined;
    quiet?: boolean; /* a 401 is an answer, not the end of the session */
}

/* What anybody may ask, also before signing in. */
const isOpen = (path: string) =>
    /^\/(fhir\/metadata|audit\/(key|checkpoint|witnesses|tile\/.*))([?#]|$)/.test(path);

/* What is asked for one person is never sent for another, who has signed in meanwhile. */
function sameAccount(account: string): void {
    if (watcher.account() && account !== watcher.account()) {
        watcher.changed();
        throw inWords(texts().another);
    }
}

async function withToken(path: string, init: RequestInit): Promise<Response> {
    const send = (value: string) =>
        fetch(NODE + path, { ...init, headers: { ...init.headers, authorization: `Bearer ${value}` } });
    const token = await accessToken();
    sameAccount(token.account);
    const response = await send(token.value);
    if (response.status !== 401) {
        return response;
    }
    const another = await anotherToken(token);
    sameAccount(another.account);
    return send(another.value);
}

async function send(asked: Asked): Promise<Response> {
    const { path } = asked;
    const own = path.startsWith('/auth/');
    const headers: Record<string, string> = { accept: asked.accept };
    const init: RequestInit = { headers, credentials: own ? 'same-origin' : 'omit' };
    if (asked.signal) {
        init.signal = asked.signal;
    }
    if (asked.body !== undefined) {
        init.method = 'POST';
        init.body = typeof asked.body === 'string' ? asked.body : JSON.stringify(asked.body);
        headers['content-type'] = asked.type ?? 'application/json';
    }
    if (asked.method) {
        init.method = asked.method;
    }
    if (asked.match) {
        headers['if-match'] = `W/"${asked.match}"`;
    }
    if (own && asked.body !== undefined && watcher.csrf()) {
        headers['x-kith-csrf'] = watcher.csrf();
    }
    if (own && !AT_HOME) {
        const { heading, advice } = texts().elsewhere;
        throw new Trouble(heading, advice(NODE));
    }
    return own || isOpen(path) ? fetch(NODE + path, init) : withToken(path, init);
}

/* Why there is no answer at all, in words. */
function noAnswer(e: unknown): unknown {
    if (e instanceof Trouble) {
        return e;
    }
    if (e instanceof NotSignedIn) {
        watcher.ended();
        return refusal(401, '');
    }
    if (e instanceof Refused) {
        return inWords(texts().notOpened, e.message);
    }
    return inWords(keeper?.active() ? texts().offline : texts().noAnswer);
}

async function ask<T>(asked: Asked, read: (r: Response) => Promise<T>): Promise<T> {
    const { signal } = asked;
    let response: Response;
    try {
        response = await send(asked);
    } catch (e) {
        throw signal?.aborted ? e : noAnswer(e);
    }
    keeper?.connected();
    if (response.status === 401 && !asked.quiet) {
        watcher.ended();
    } else {
        watcher.used();
    }
    try {
        if (response.ok) {
            return await read(response);
        }
        throw refusal(response.status, await response.text());
    } catch (e) {
        if (signal?.aborted || e instanceof Trouble) {
            throw e;
        }
        throw inWords(texts().brokeOff);
    }
}

/* A question about the record, and no change of it. */
const isRecord = ({ path, body, method }: Asked) =>
    body === undefined && !method && /^\/(fhir|audit)\//.test(path);

async function askText(asked: Asked): Promise<string> {
    try {
        const text = await ask(asked, (r) => r.text());
        if (keeper && isRecord(asked)) {
            keeper.take(asked.path, text);
        }
        return text;
    } catch (e) {
        const away = e instanceof Trouble && e.status === 0 && keeper && isRecord(asked);
        const kept = away ? await keeper!.find(asked.path) : null;
        if (kept === null) {
            throw e;
        }
        return kept;
    }
}

const FHIR = 'application/fhir+json';

export const getText = (path: string, signal?: AbortSignal): Promise<string> =>
    askText({ path: BASE + path, accept: FHIR, signal });

export async function get<T extends Resource = Resource>(
    path: string,
    signal?: AbortSignal,
    turn?: Promise<unknown>,
): Promise<T> {
    const body = await getText(path, signal);
    await turn;
    try {
        return parseKeepingDigits(body) as T;
    } catch {
        throw inWords(texts().unreadable);
    }
}

function parsed<T>(body: string): T {
    try {
        return JSON.parse(body || '{}') as T;
    } catch {
        throw inWords(texts().unreadable);
    }
}

/*
 * Makes an entry, or, where it has an id, changes it from the version that was read. A Trouble of
 * status 412 says that somebody has changed it meanwhile; nothing was written then.
 */
export const save = async (r: Resource): Promise<Resource> =>
    parsed(
        await askText({
            path: `${BASE}${r.resourceType}${r.id ? `/${r.id}` : ''}`,
            accept: FHIR,
            body: r,
            type: FHIR,
            ...(r.id ? { method: 'PUT', match: r.meta?.versionId ?? '' } : {}),
        }),
    );

/* Takes an entry away, as it was read. Its history stays. */
export const takeAway = async (r: Resource): Promise<void> => {
    await askText({
        path: `${BASE}${r.resourceType}/${r.id ?? ''}`,
        accept: FHIR,
        method: 'DELETE',
        match: r.meta?.versionId ?? '',
    });
};

/* An entry as it is now, with its numbers as JSON has them: for a form that will save() it. */
export const fresh = async (type: string, id: string, signal?: AbortSignal): Promise<Resource> =>
    parsed(await getText(`${type}/${encodeURIComponent(id)}`, signal));

/* Runs an operation of docs/access-operations.md: Parameters in, Parameters out. */
export const operate = async (path: string, input: Resource): Promise<Resource> =>
    parsed(await askText({ path: BASE + path, accept: FHIR, body: input, type: FHIR }));

/* Sends a transaction, as text: its digits stay as they were typed. */
export const transact = async (bundle: string): Promise<Bundle> =>
    parsed(await askText({ path: BASE, accept: FHIR, body: bundle, type: FHIR }));

/* Changes one version of an entry (JSON Patch); status 412 where there is a newer one by now. */
export const patch = async (path: string, version: string, operations: string): Promise<Resource> =>
    parsed(
        await askText({
            path: BASE + path,
            accept: FHIR,
            method: 'PATCH',
            match: version,
            body: operations,
            type: 'application/json-patch+json',
        }),
    );

/* An address of docs/identity.md or of the log; `body` makes it a POST. */
export const json = async <T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
    parsed(
        await askText({
            path,
            accept: 'application/json',
            signal,
            ...(body === undefined ? {} : { body }),
        }),
    );

/* The ways in answer 401 to a wrong code: that ends no session. */
export const tryIn = async <T>(path: string, body?: unknown): Promise<T> =>
    parsed(
        await askText({
            path,
            accept: 'application/json',
            quiet: true,
            ...(body === undefined ? {} : { body }),
        }),
    );

export const plainText = (path: string, signal?: AbortSignal): Promise<string> =>
    askText({ path, accept: 'text/plain, */*', signal });

/* A file of the record as it is: a link cannot bring the token with it. */
export const fileAt = (path: string, accept = '*/*', signal?: AbortSignal): Promise<Blob> =>
    ask({ path, accept, signal }, (r) => r.blob());

/* A page's `next` link, as a path below /fhir/. A link to another server is not followed. */
export function nextPath(bundle: Bundle): string {
    const url = list(bundle.link).find((l) => l.relation === 'next')?.url ?? '';
    const m = /^(?:https?:\/\/[^/]+)?(?:\/[^?]*?)?\/fhir\/?(.*)$/.exec(url);
    return m ? m[1]! : url.startsWith('?') ? url : '';
}

export function matchesOf(bundle: Bundle): Resource[] {
    return list(bundle.entry)
        .filter((e) => e.search?.mode !== 'outcome')
        .map((e) => e.resource)
        .filter((r): r is Resource => Boolean(r?.resourceType));
}

/* Whether the node says that there is more than it shows: an outcome that it suppressed something. */
export function tellsWithheld(bundle: Bundle): boolean {
    return list(bundle.entry).some(
        (e) =>
            e.resource?.resourceType === 'OperationOutcome' &&
            list<any>(e.resource.issue).some((i) => i.code === 'suppressed'),
    );
}

const PAGES_MAX = 200;

/* Everything of one person, page after page. It comes at once, but is not unpacked before `turn`. */
export async function everything(
    id: string,
    signal: AbortSignal,
    turn: Promise<unknown>,
    page: (resources: Resource[], withheld: boolean) => void,
): Promise<void> {
    let path = `Patient/${encodeURIComponent(id)}/$everything`;
    for (let n = 0; path && n < PAGES_MAX; n++) {
        const bundle = await get<Bundle>(path, signal, turn);
        page(matchesOf(bundle), tellsWithheld(bundle));
        const next = nextPath(bundle);
        path = next === path ? '' : next;
    }
}

const IDS_A_CALL = 40;

/* The names of people and places that the record only points at. What cannot be had stays unnamed. */
export async function fetchNames(
    wanted: Map<string, Set<string>>,
    names: Map<string, string>,
    signal: AbortSignal,
): Promise<number> {
    let found = 0;
    for (const [type, ids] of wanted) {
        const all = [...ids];
        for (let at = 0; at < all.length; at += IDS_A_CALL) {
            const some = all.slice(at, at + IDS_A_CALL);
            try {
                const bundle = await get<Bundle>(
                    `${type}?_id=${some.map(encodeURIComponent).join(',')}&_count=${IDS_A_CALL}`,
                    signal,
                );
                for (const r of matchesOf(bundle)) {
                    const name = resourceName(r);
                    if (name) {
                        names.set(`${r.resourceType}/${r.id}`, name);
                        found++;
                    }
                }
            } catch {
                if (signal.aborted) {
                    return found;
                }
            }
            some.forEach((id) => names.has(`${type}/${id}`) || names.set(`${type}/${id}`, ''));
        }
    }
    return found;
}

/* The titles of the forms that were filled in, by the canonical address that answers cite. */
export async function fetchForms(
    urls: Set<string>,
    names: Map<string, string>,
    signal: AbortSignal,
): Promise<number> {
    let found = 0;
    for (const url of urls) {
        names.set(url, '');
        try {
            const bundle = await get<Bundle>(
                `Questionnaire?url=${encodeURIComponent(url.split('|')[0]!)}&_count=1`,
                signal,
            );
            const form = matchesOf(bundle)[0];
            const title = String(form?.title ?? form?.name ?? '');
            names.set(url, title);
            found += title ? 1 : 0;
        } catch {
            if (signal.aborted) {
                return found;
            }
        }
    }
    return found;
}

let node: Promise<string> | null = null;

/* What this node calls itself; '' when it does not say. */
export function nodeName(): Promise<string> {
    node ??= get('metadata').then(
        (c) => String(c.implementation?.description ?? c.title ?? ''),
        () => '',
    );
    return node;
}
