/* What of a record is not shown yet, for the person whose record it is. */
import { area } from './area.ts';

export const en = {
    title: 'Not all of your record is shown yet',
    some: 'A part of your record is not shown to you yet.',
    until: (day: string) => `Something is held back until ${day}. You will see it then.`,
    released: 'Something is held back until it is released to you.',
};

export const withheld = area(en, () => import('./withheld.cy.ts'));
