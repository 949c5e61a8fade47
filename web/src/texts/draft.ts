/* What is said of words that are kept while they are typed. */
import { area } from './area.ts';

export const en = {
    found: (when: string) => `These are your words from ${when}. You had not sent them.`,
    discard: 'Start again',
    saved: 'Kept on this device',
    broken: 'This device cannot keep your words. Send them before you leave this page.',
};

export const draftTexts = area(en, () => import('./draft.cy.ts'));
