/* What can be done with an entry, or a page, besides reading it. */
import { area } from './area.ts';

export const en = {
    share: 'Share this',
    print: 'Print',
    large: 'Print in large letters',
};

export const printTexts = area(en, () => import('./print.cy.ts'));
