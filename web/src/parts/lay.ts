/* Fetches plain words for codes (model/lay.ts) beside a page that shows them. */
import { useEffect, useState } from 'preact/hooks';
import { addRows, addWords, type LayKind, type LayRow } from '../model/lay.ts';
import { language } from '../texts/area.ts';

const ROWS: Record<LayKind, () => Promise<{ rows: readonly LayRow[] }>> = {
    results: () => import('../texts/lay-results.ts'),
    problems: () => import('../texts/lay-problems.ts'),
    medicines: () => import('../texts/lay-medicines.ts'),
    procedures: () => import('../texts/lay-procedures.ts'),
    vaccinations: () => import('../texts/lay-vaccinations.ts'),
};

const asked = new Map<string, Promise<void>>();
const here = new Set<string>();

/* Once for each; what could not be fetched is asked for again by the next page. */
function fetched(name: string, load: () => Promise<void>): Promise<void> {
    let coming = asked.get(name);
    if (!coming) {
        coming = load().then(
            () => {
                here.add(name);
            },
            () => {
                asked.delete(name);
            },
        );
        asked.set(name, coming);
    }
    return coming;
}

const parts = (kinds: readonly LayKind[]): [string, () => Promise<void>][] => [
    ...kinds.map((kind): [string, () => Promise<void>] => [
        kind,
        async () => addRows((await ROWS[kind]()).rows),
    ]),
    ...(kinds.includes('results') && language() === 'cy'
        ? [
              [
                  'results.cy',
                  async () => addWords((await import('../texts/lay-results.cy.ts')).words),
              ] as [string, () => Promise<void>],
          ]
        : []),
];

/* For pages whose headings are such names: they come with the page, and do not change under its reader. */
export const layReady = (...kinds: LayKind[]): Promise<unknown> =>
    Promise.all(parts(kinds).map(([name, load]) => fetched(name, load)));

/*
 * Draws again when the words are here; until then, or where they cannot be fetched, things have the names
 * that the record gives them. Returns a number that changes with it, for useMemo.
 */
export function useLay(...kinds: LayKind[]): number {
    const [turn, setTurn] = useState(0);
    const wanted = parts(kinds);
    const missing = wanted.filter(([name]) => !here.has(name));
    const key = missing.map(([name]) => name).join(' ');
    useEffect(() => {
        let live = true;
        if (missing.length) {
            void Promise.all(missing.map(([name, load]) => fetched(name, load))).then(() => {
                if (live) {
                    setTurn((n) => n + 1);
                }
            });
        }
        return () => {
            live = false;
        };
    }, [key]);
    return turn + (language() === 'cy' ? 0.5 : 0);
}
