/* The names of the pages of a record, in its menu. */
import { area } from './area.ts';

export const en = {
    record: 'Record',
    more: 'All of my record',
    summary: 'Summary',
    timeline: 'Timeline',
    results: 'Test results',
    details: 'Details',
    entry: 'Entry',
};

export const recordNav = area(en, () => import('./record-nav.cy.ts'));
