/*
 * Plain words for codes. The words are fetched beside a page that shows them, kind by kind, and are no
 * part of its weight: `useLay('results')` of parts/lay.ts; then `layOf(concept)`, or <PlainWords>.
 */
import { language } from '../texts/area.ts';
import { list, title, type Coding, type Concept } from './fhir.ts';

export type LayKind = 'results' | 'problems' | 'medicines' | 'procedures' | 'vaccinations';

/* Codes ('L2823-3 S1000651000000109'), name, words, and for results the group. */
export type LayRow = readonly [codes: string, name: string, words: string, group?: string];

/* In another language: its name and, where there are any, its words, by the English name. */
export type LayWords = Readonly<Record<string, readonly [name: string, words?: string]>>;

export interface Lay {
    name: string;
    words: string;
    group: string;
    english: boolean; /* the words are English on a page of another language */
}

const PREFIX: Record<string, string> = {
    'http://loinc.org': 'L',
    'http://snomed.info/sct': 'S',
    'https://dmd.nhs.uk': 'S' /* its codes are concepts of SNOMED CT */,
    'http://www.nlm.nih.gov/research/umls/rxnorm': 'R',
    'http://hl7.org/fhir/sid/cvx': 'V',
};

const known = new Map<string, LayRow>();
const other = new Map<string, readonly [string, string?]>();

/* The same for a code that is in two files: whoever looks at a result means the result. */
export function addRows(rows: readonly LayRow[]): void {
    for (const row of rows) {
        for (const code of row[0].split(' ')) {
            if (!known.has(code)) {
                known.set(code, row);
            }
        }
    }
}

export function addWords(words: LayWords): void {
    Object.entries(words).forEach(([name, said]) => other.set(name, said));
}

/* Plain words for one code; undefined where there are none, or they were not fetched. */
export function lay(system: string | undefined, code: string | undefined): Lay | undefined {
    const prefix = PREFIX[system ?? ''];
    const row = prefix && code ? known.get(prefix + code) : undefined;
    if (!row) {
        return undefined;
    }
    const english = language() === 'en';
    const said = english ? undefined : other.get(row[1]);
    return {
        name: said?.[0] ?? row[1],
        words: said?.[1] ?? row[2],
        group: row[3] ?? '',
        english: !english && !said?.[1],
    };
}

/* Of the first coding that has any. */
export function layOf(concept: Concept | undefined | null): Lay | undefined {
    for (const c of list<Coding>(concept?.coding)) {
        const found = lay(c.system, c.code);
        if (found) {
            return found;
        }
    }
    return undefined;
}

/* What a reader knows it by: its plain name, else what the record calls it. */
export const plainTitle = (concept: Concept | undefined | null): string =>
    layOf(concept)?.name ?? title(concept);
