/*
 * The page itself without a connection: its files, which say nothing about anybody. There only where
 * somebody keeps their record on this device (offline.ts). Nothing of /fhir, /audit or /auth passes here.
 */
declare const FILES: readonly string[]; /* of this build (build.mjs) */
declare const BUILD: string;

interface Waits extends Event {
    waitUntil(work: Promise<unknown>): void;
}
interface Fetches extends Event {
    request: Request;
    respondWith(answer: Promise<Response>): void;
}
const worker = self as unknown as {
    addEventListener(kind: 'install' | 'activate', act: (e: Waits) => void): void;
    addEventListener(kind: 'fetch', act: (e: Fetches) => void): void;
    skipWaiting(): Promise<void>;
    clients: { claim(): Promise<void> };
};

const STORE = `kith-${BUILD}`;
const PATIENCE_MS = 5000;

async function install(): Promise<void> {
    const store = await caches.open(STORE);
    await store.addAll(['/', ...FILES]);
    await worker.skipWaiting();
}

async function activate(): Promise<void> {
    const old = (await caches.keys()).filter((name) => name !== STORE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await worker.clients.claim();
}

const kept = async (path: string): Promise<Response | undefined> =>
    (await caches.open(STORE)).match(path, { ignoreVary: true });

/* The node's own page where it answers soon, else the one that is here. */
async function page(request: Request): Promise<Response> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
    try {
        return await fetch(request.url, { signal: stop.signal, credentials: 'same-origin' });
    } catch {
        return (await kept('/')) ?? Response.error();
    } finally {
        clearTimeout(timer);
    }
}

const file = async (request: Request): Promise<Response> =>
    (await kept(new URL(request.url).pathname)) ?? fetch(request);

worker.addEventListener('install', (e) => e.waitUntil(install()));
worker.addEventListener('activate', (e) => e.waitUntil(activate()));
worker.addEventListener('fetch', (e) => {
    const { method, mode, url } = e.request;
    const { origin, pathname } = new URL(url);
    if (method !== 'GET' || origin !== location.origin) {
        return;
    }
    if (mode === 'navigate' && pathname === '/') {
        e.respondWith(page(e.request));
    } else if (pathname.startsWith('/assets/')) {
        e.respondWith(file(e.request));
    }
});
