/*
 * Where the focus goes. It moves in the turn in which the page changes, never a moment later: somebody
 * who is quick has pressed the next key by then, and would lose their place or what they chose.
 */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { RefObject } from 'preact';

/* For what comes up: it has the focus as soon as it is there, and again when one of `on` changes. */
export function useFocused<T extends HTMLElement>(on: unknown[] = [], when = true): RefObject<T | null> {
    const at = useRef<T>(null);
    useLayoutEffect(() => {
        if (when) {
            at.current?.focus();
        }
    }, on);
    return at;
}

/* After the page has been drawn with what was just set. */
export const afterDrawing = (action: () => void): void => queueMicrotask(action);

/*
 * For what comes up after a wait: call it when the wait begins, and what it gives when it is over.
 * Whoever has gone on to something else in between keeps their place.
 */
export function waitingHere(): (to: () => HTMLElement | null | undefined) => void {
    const before = document.activeElement;
    return (to) =>
        afterDrawing(() => {
            const now = document.activeElement;
            if (!now || now === before || now === document.body) {
                to()?.focus();
            }
        });
}

/* The heading of a page takes the focus; of one that is still on its way, when it comes. */
let waiting: ReturnType<typeof waitingHere> | null = null;

export function focusHeading(): void {
    const heading = document.getElementById('page-heading');
    heading?.focus({ preventScroll: true });
    waiting = heading ? null : waitingHere();
}

export function takeFocus(heading: HTMLElement | null): void {
    waiting?.(() => heading);
    waiting = null;
}
