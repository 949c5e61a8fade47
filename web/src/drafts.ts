/*
 * What somebody types is never lost: each form keeps its words on the device (vault.ts) while they are
 * typed, and has them again after a time-out, a crash, a closed window or a lost connection, until they
 * are sent or thrown away. A draft belongs to the account that wrote it.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { sessionNow } from './session.ts';
import { drop, dropAll, fetchKept, keep, listKept, type Kept } from './vault.ts';

const START = 'draft/';
const PAUSE_MS = 400;
const DAYS_MS = 30 * 24 * 3600 * 1000;

export interface Draft<T> {
    value: T;
    set: (value: T) => void;
    clear: () => void; /* it was sent, or is not wanted any more */
    found: number; /* when the words were typed that were found again; 0: none were */
    savedAt: number; /* when they were last kept; 0: not yet */
    ready: boolean; /* it is known whether there was one */
    broken: boolean; /* this device keeps nothing */
}

/*
 * `name` says which form, and about what: 'note/7', 'ask/Observation/5'. `empty` is what the form has
 * without a draft; it may come later (the entry that is edited), and counts until somebody types.
 */
export function useDraft<T>(name: string, empty: T): Draft<T> {
    const account = sessionNow().account?.id ?? '';
    const [typed, setTyped] = useState<T | null>(null);
    const [found, setFound] = useState(0);
    const [savedAt, setSavedAt] = useState(0);
    const [ready, setReady] = useState(false);
    const [broken, setBroken] = useState(false);
    const waiting = useRef<{ value: T; timer: ReturnType<typeof setTimeout> } | null>(null);
    const touched = useRef(false);

    const write = (value: T) => {
        waiting.current = null;
        void keep(account, START + name, value).then((kept) => {
            setBroken(!kept);
            setSavedAt(kept ? Date.now() : 0);
        });
    };
    const flush = () => {
        if (waiting.current) {
            clearTimeout(waiting.current.timer);
            write(waiting.current.value);
        }
    };

    useEffect(() => {
        let live = true;
        touched.current = false;
        setTyped(null);
        setFound(0);
        setReady(false);
        void fetchKept<T>(account, START + name).then((kept) => {
            if (!live) {
                return;
            }
            if (kept && !touched.current && Date.now() - kept.at < DAYS_MS) {
                setTyped(kept.value);
                setFound(kept.at);
            }
            setReady(true);
        });
        const hidden = () => document.visibilityState === 'hidden' && flush();
        addEventListener('pagehide', flush);
        document.addEventListener('visibilitychange', hidden);
        return () => {
            live = false;
            flush();
            removeEventListener('pagehide', flush);
            document.removeEventListener('visibilitychange', hidden);
        };
    }, [account, name]);

    return {
        value: typed ?? empty,
        set: (value) => {
            touched.current = true;
            setTyped(value);
            if (waiting.current) {
                clearTimeout(waiting.current.timer);
            }
            waiting.current = { value, timer: setTimeout(() => write(value), PAUSE_MS) };
        },
        clear: () => {
            if (waiting.current) {
                clearTimeout(waiting.current.timer);
                waiting.current = null;
            }
            touched.current = true;
            setTyped(null);
            setFound(0);
            setSavedAt(0);
            void drop(account, START + name);
        },
        found,
        savedAt,
        ready,
        broken,
    };
}

/* What waits to be sent, newest first, for whoever is signed in. */
export async function drafts(): Promise<Kept<unknown>[]> {
    const all = await listKept<unknown>(sessionNow().account?.id ?? '', START);
    return all
        .map((k) => ({ ...k, name: k.name.slice(START.length) }))
        .sort((a, b) => b.at - a.at);
}

/* When somebody signs out by themselves, what they have not sent goes with them. */
export const forgetDrafts = (account: string): Promise<void> => dropAll(START, account);
