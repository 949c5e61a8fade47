/*
 * Keys for what a clinic does all day: one letter, or g and a letter. Never while somebody types, nor with
 * Ctrl, Alt or the command key; and they can be switched off (WCAG 2.1.4). pages/keys.tsx tells of them.
 */
import { go } from './router.ts';
import type { en } from './texts/keys.ts';

const OFF = 'kith-keys'; /* of this device: 'off' */
const WAIT_MS = 1500;

export interface Key {
    keys: keyof typeof en.eachDoes; /* '/', 'g s' */
    record: boolean; /* needs an open record */
    run: (id: string) => void;
}

const page = (name: string) => (id: string) => go(`#/patient/${id}${name}`);

export const KEYS: readonly Key[] = [
    {
        keys: '/',
        record: false,
        run: () => {
            const box = document.getElementById('search');
            if (box) {
                box.focus();
            } else {
                go('#/find');
            }
        },
    },
    { keys: 'g f', record: false, run: () => go('#/find') },
    { keys: 'g s', record: true, run: page('') },
    { keys: 'g r', record: true, run: page('/results') },
    { keys: 'g t', record: true, run: page('/timeline') },
    { keys: 'g d', record: true, run: page('/details') },
    { keys: 'g w', record: true, run: page('/write') },
    { keys: 'n', record: true, run: page('/write/note') },
    { keys: '?', record: false, run: () => go('#/keys') },
];

export const areOn = (): boolean => localStorage.getItem(OFF) !== 'off';
export const turn = (on: boolean): void => localStorage.setItem(OFF, on ? 'on' : 'off');

const openRecord = (): string => /^#\/(?:patient|people)\/([^/?]+)/.exec(location.hash)?.[1] ?? '';

/* Where letters are words, or choose something of a list. */
const types = (target: EventTarget | null): boolean =>
    target instanceof HTMLElement &&
    (target.isContentEditable ||
        target.closest(
            'input, textarea, select, dialog, [role="listbox"], [role="application"]',
        ) !== null);

let listening = false;
let before = { key: '', at: 0 };

export function pressed(e: KeyboardEvent): void {
    if (
        e.ctrlKey ||
        e.altKey ||
        e.metaKey ||
        e.defaultPrevented ||
        e.isComposing ||
        types(e.target)
    ) {
        before = { key: '', at: 0 };
        return;
    }
    if (!areOn() || document.querySelector('dialog[open]')) {
        return;
    }
    const after = before.key === 'g' && Date.now() - before.at < WAIT_MS ? `g ${e.key}` : e.key;
    before = { key: after === 'g' ? 'g' : '', at: Date.now() };
    const found = KEYS.find((k) => k.keys === after);
    const id = openRecord();
    if (found && (!found.record || id)) {
        e.preventDefault();
        found.run(id);
    }
}

/* Once for the life of the page; whoever is no professional has no page that these lead to. */
export function listen(): void {
    if (!listening) {
        listening = true;
        addEventListener('keydown', pressed);
    }
}
