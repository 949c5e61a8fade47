/* What stands in the foot and in the badge of the header. */
import { area } from './area.ts';

export const en = {
    feedback: 'Give feedback about this page',
    inbox: 'Inbox',
    waiting: (n: number) => `${n.toLocaleString('en-GB')} waiting`,
};

export const footTexts = area(en, () => import('./foot.cy.ts'));
