/* Whether what is shown was read before and kept on this device, and when. */
import { useLayoutEffect, useState } from 'preact/hooks';

/* Says that this device keeps something for when there is no connection: nothing about anybody. */
export const OFFLINE_FLAG = 'kith-offline';

interface Offline {
    now: boolean;
    readAt: number; /* of the oldest that is shown */
}

let state: Offline = { now: false, readAt: 0 };
const listeners = new Set<() => void>();

function change(next: Offline): void {
    if (next.now !== state.now || next.readAt !== state.readAt) {
        state = next;
        listeners.forEach((l) => l());
    }
}

/* The node has answered. */
export const connected = (): void => change({ now: false, readAt: 0 });

/* It has not, and what was kept at this time is shown in its place. */
export const showedKept = (at: number): void =>
    change({ now: true, readAt: state.readAt ? Math.min(state.readAt, at) : at });

/* When what comes now was read. */
export const readInstant = (): number => (state.now ? state.readAt : Date.now());

export function useOffline(): Offline {
    const [, turn] = useState(0);
    useLayoutEffect(() => {
        const changed = () => turn((n) => n + 1);
        listeners.add(changed);
        return () => {
            listeners.delete(changed);
        };
    }, []);
    return state;
}

/* Whether this device keeps anything; a browser may have no store for that. */
export function mayKeep(): boolean {
    try {
        return localStorage.getItem(OFFLINE_FLAG) === 'on';
    } catch {
        return false;
    }
}
