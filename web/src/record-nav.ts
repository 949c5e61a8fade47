/*
 * The pages of a record as its menu has them: one row a page. Patients have two groups beside the page,
 * their health and their choices; professionals have a row of tabs.
 */
import { aboutHref, recordHref, type About } from './router.ts';
import { recordNav } from './texts/record-nav.ts';

type Words = keyof ReturnType<typeof recordNav>;

export interface NavRow {
    page: string; /* below #/patient/{id}; '' where the record begins */
    words: Words; /* a text of texts/record-nav.ts */
    also?: readonly string[]; /* pages that lie below it: their first part */
    own?: boolean; /* who acts for somebody else has it not */
    in?: 'people' | 'account'; /* below #/people/{id} instead; of the account */
}

/* Your health. */
export const PATIENT_NAV: readonly NavRow[] = [
    { page: '', words: 'home' },
    { page: 'timeline', words: 'timeline', also: ['entry'] },
    { page: 'results', words: 'results', also: ['result', 'report'] },
    { page: 'medicines', words: 'medicines' },
    { page: 'conditions', words: 'conditions' },
    { page: 'allergies', words: 'allergies' },
    { page: 'vaccinations', words: 'vaccinations' },
    { page: 'letters', words: 'letters', also: ['letter'] },
    { page: 'images', words: 'images' },
    { page: 'care', words: 'care' },
    { page: 'about-me', words: 'aboutMe' },
    { page: 'own', words: 'own' },
    { page: 'requests', words: 'requests', also: ['ask'] },
    { page: 'details', words: 'details' },
];

/* Your choices. */
export const CHOICES_NAV: readonly NavRow[] = [
    { page: 'sharing', words: 'sharing', in: 'people' },
    { page: 'access', words: 'access', in: 'people' },
    { page: 'proxies', words: 'proxies', in: 'people' },
    { page: 'share', words: 'share', own: true },
    { page: 'download', words: 'download' },
    { page: 'apps', words: 'apps', in: 'account', own: true },
    { page: 'joined', words: 'joined', in: 'people' },
];

export const STAFF_NAV: readonly NavRow[] = [
    { page: '', words: 'summary', also: ['write', 'change'] },
    { page: 'results', words: 'results', also: ['result', 'report', 'results-grid'] },
    { page: 'timeline', words: 'timeline', also: ['entry'] },
    { page: 'letters', words: 'letters', also: ['letter'] },
    { page: 'images', words: 'images' },
    { page: 'care', words: 'care' },
    { page: 'about-me', words: 'aboutMe' },
    { page: 'details', words: 'details' },
];

export const navHref = (id: string, row: NavRow): string =>
    row.in === 'account'
        ? `#/${row.page}`
        : row.in === 'people'
          ? aboutHref(id, row.page as About)
          : recordHref(id, row.page);

export const isAt = (row: NavRow, page: string): boolean =>
    row.page === page || (row.also?.includes(page) ?? false);

/* The page of a path of routes.ts: 'result' of 'patient/:id/result/:key', 'apps' of 'apps'. */
export const pageOf = (path: string): string => {
    const [first = '', , page = ''] = path.split('/');
    return ['patient', 'people'].includes(first) ? page : first;
};
