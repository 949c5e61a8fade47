/*
 * What this page keeps on the device: by name, for one account, sealed (AES-GCM) with a key that the
 * browser holds and gives to nobody, so that the words are not in any file as they are. In IndexedDB:
 * 'keys' has the key of each account, 'things' what is kept. Where the browser has no such store
 * (private windows of some), nothing is kept, and nothing else breaks.
 */

const NAME = 'kith';
const VERSION = 1;

interface Row {
    account: string;
    name: string;
    at: number;
    iv: Uint8Array<ArrayBuffer>;
    sealed: ArrayBuffer;
}

export interface Kept<T> {
    name: string;
    at: number; /* when it was put */
    value: T;
}

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
    opened ??= new Promise((done, failed) => {
        const request = indexedDB.open(NAME, VERSION);
        request.onupgradeneeded = () => {
            request.result.createObjectStore('keys', { keyPath: 'account' });
            request.result
                .createObjectStore('things', { keyPath: ['account', 'name'] })
                .createIndex('account', 'account');
        };
        request.onsuccess = () => done(request.result);
        request.onerror = () => failed(request.error ?? new Error('the store does not open'));
        request.onblocked = () => failed(new Error('another tab holds an older store'));
    });
    opened.catch(() => {
        opened = null;
    });
    return opened;
}

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((done, failed) => {
        request.onsuccess = () => done(request.result);
        request.onerror = () => failed(request.error ?? new Error('the store failed'));
    });

async function keyOf(account: string): Promise<CryptoKey> {
    const db = await open();
    const had = await answer<{ key: CryptoKey } | undefined>(
        db.transaction('keys').objectStore('keys').get(account),
    );
    if (had) {
        return had.key;
    }
    const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
        'encrypt',
        'decrypt',
    ]);
    /* two tabs may make one at once: the first that is written is the one that counts */
    const keys = db.transaction('keys', 'readwrite').objectStore('keys');
    const before = await answer<{ key: CryptoKey } | undefined>(keys.get(account));
    if (before) {
        return before.key;
    }
    await answer(keys.add({ account, key: made }));
    return made;
}

const bound = (account: string, name: string): Uint8Array<ArrayBuffer> =>
    new TextEncoder().encode(JSON.stringify([account, name]));

/* Whether it was kept: a device may have no room, or no store. */
export async function keep(account: string, name: string, value: unknown): Promise<boolean> {
    try {
        const key = await keyOf(account);
        const iv = crypto.getRandomValues(new Uint8Array(12));
        const sealed = await crypto.subtle.encrypt(
            { name: 'AES-GCM', iv, additionalData: bound(account, name) },
            key,
            new TextEncoder().encode(JSON.stringify(value)),
        );
        const db = await open();
        const row: Row = { account, name, at: Date.now(), iv, sealed };
        await answer(db.transaction('things', 'readwrite').objectStore('things').put(row));
        return true;
    } catch {
        return false;
    }
}

async function unseal<T>(row: Row): Promise<Kept<T> | null> {
    try {
        const plain = await crypto.subtle.decrypt(
            { name: 'AES-GCM', iv: row.iv, additionalData: bound(row.account, row.name) },
            await keyOf(row.account),
            row.sealed,
        );
        const value = JSON.parse(new TextDecoder().decode(plain)) as T;
        return { name: row.name, at: row.at, value };
    } catch {
        return null; /* of a key that is gone: nobody can read it any more */
    }
}

export async function fetchKept<T>(account: string, name: string): Promise<Kept<T> | null> {
    try {
        const things = (await open()).transaction('things').objectStore('things');
        const row = await answer<Row | undefined>(things.get([account, name]));
        return row ? await unseal<T>(row) : null;
    } catch {
        return null;
    }
}

/* All that is kept for an account whose name begins so. */
export async function listKept<T>(account: string, start: string): Promise<Kept<T>[]> {
    try {
        const things = (await open()).transaction('things').objectStore('things');
        const rows = await answer<Row[]>(things.index('account').getAll(account));
        const kept = await Promise.all(
            rows.filter((r) => r.name.startsWith(start)).map((r) => unseal<T>(r)),
        );
        return kept.filter((k): k is Kept<T> => k !== null);
    } catch {
        return [];
    }
}

export async function drop(account: string, name: string): Promise<void> {
    try {
        const things = (await open()).transaction('things', 'readwrite').objectStore('things');
        await answer(things.delete([account, name]));
    } catch {
        /* what is not there need not be taken away */
    }
}

/* Takes away, of everybody, what was put before a time and whose name begins so. */
export async function dropOlder(start: string, before: number): Promise<void> {
    try {
        const things = (await open()).transaction('things', 'readwrite').objectStore('things');
        await new Promise<void>((done, failed) => {
            const walk = things.openCursor();
            walk.onerror = () => failed(walk.error ?? new Error('the store failed'));
            walk.onsuccess = () => {
                const at = walk.result;
                if (!at) {
                    done();
                    return;
                }
                const row = at.value as Row;
                if (row.name.startsWith(start) && row.at < before) {
                    at.delete();
                }
                at.continue();
            };
        });
    } catch {
        /* as above */
    }
}

/* Takes away all that is kept whose name begins so: of one account, or of everybody ('' for all). */
export async function dropAll(start: string, account?: string): Promise<void> {
    try {
        const things = (await open()).transaction('things', 'readwrite').objectStore('things');
        const keys = await answer(things.getAllKeys());
        await Promise.all(
            (keys as [string, string][])
                .filter(([a, n]) => (!account || a === account) && n.startsWith(start))
                .map((k) => answer(things.delete(k))),
        );
    } catch {
        /* as above */
    }
}
