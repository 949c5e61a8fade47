/* The pages of a record as its menu has them: one row a page, for patients, for staff, or for both. */
import { recordNav } from './texts/record-nav.ts';

type Words = keyof ReturnType<typeof recordNav>;

export interface NavRow {
    page: string; /* below #/patient/{id}; '' where the record begins */
    words: Words; /* a text of texts/record-nav.ts */
    also?: readonly string[]; /* pages that lie below it: their first part */
}

export const PATIENT_NAV: readonly NavRow[] = [
    { page: '', words: 'summary' },
    { page: 'timeline', words: 'timeline', also: ['entry'] },
    { page: 'results', words: 'results', also: ['result'] },
    { page: 'details', words: 'details' },
];

export const STAFF_NAV: readonly NavRow[] = [
    { page: '', words: 'summary' },
    { page: 'results', words: 'results', also: ['result'] },
    { page: 'timeline', words: 'timeline', also: ['entry'] },
    { page: 'details', words: 'details' },
];
