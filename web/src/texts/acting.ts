/* The bar that says for whom somebody acts. */
import { area } from './area.ts';

export const en = {
    label: 'Acting for someone else',
    words: (name: string) => `You are acting for ${name}`,
    hint: 'This is not your own record. They can see that you looked.',
    stop: 'Go back to your own record',
    others: 'People you help',
};

export const acting = area(en, () => import('./acting.cy.ts'));
