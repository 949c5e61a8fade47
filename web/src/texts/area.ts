/*
 * The catalogue of texts: one file an area (`home.ts`, English) and beside it its Welsh (`home.cy.ts`),
 * which has to have the same members, or the page does not compile. A page asks for its texts when it
 * draws: `const t = home();`. Welsh is fetched when somebody chooses it, area by area, with the pages
 * that use it; an area without Welsh is shown in English (the pages of staff).
 */

export type Language = 'en' | 'cy';

/* The same members with the same arguments, whatever the words. */
export type Same<T> = T extends (...given: infer A) => infer R
    ? (...given: A) => R extends string ? string : R
    : T extends string
      ? string
      : T extends readonly (infer E)[]
        ? readonly Same<E>[]
        : { readonly [K in keyof T]: Same<T[K]> };

interface Welsh {
    load: () => Promise<void>;
    loaded: boolean;
}

const STORED = 'kith-language';
const areas: Welsh[] = [];
let chosen: Language = 'en';

const stored = (): Storage | null => {
    try {
        return typeof localStorage === 'undefined' ? null : localStorage;
    } catch {
        return null; /* switched off in this browser */
    }
};

export const language = (): Language => chosen;

/* Fetches what the pages that are loaded need in the language that is chosen. */
export async function textsReady(): Promise<void> {
    if (chosen === 'cy') {
        await Promise.all(areas.filter((a) => !a.loaded).map((a) => a.load()));
    }
}

export async function setLanguage(wanted: Language): Promise<void> {
    const before = chosen;
    chosen = wanted;
    try {
        await textsReady();
    } catch (e) {
        chosen = before;
        throw e;
    }
    stored()?.setItem(STORED, wanted);
    if (typeof document !== 'undefined') {
        document.documentElement.lang = wanted === 'cy' ? 'cy' : 'en-GB';
    }
}

/* What was chosen on this device before; else Welsh for a browser that asks for it first. */
export function languageBefore(): Language {
    const before = stored()?.getItem(STORED);
    if (before === 'en' || before === 'cy') {
        return before;
    }
    return typeof navigator !== 'undefined' && /^cy\b/.test(navigator.language ?? '') ? 'cy' : 'en';
}

/* In English: '1 day', '1,200 days'. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
    `${n < 1000 ? n : n.toLocaleString('en-GB')} ${n === 1 ? one : many}`;

export function area<T extends object>(
    en: T,
    cy?: () => Promise<{ default: Same<T> }>,
): () => Same<T> {
    let welsh: Same<T> | null = null;
    if (cy) {
        const row: Welsh = {
            loaded: false,
            load: async () => {
                welsh = (await cy()).default;
                row.loaded = true;
            },
        };
        areas.push(row);
    }
    return () => (chosen === 'cy' && welsh ? welsh : (en as unknown as Same<T>));
}
