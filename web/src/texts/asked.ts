/* Which places were asked, where a list is empty. */
import { area } from './area.ts';

export const en = {
    asked: (places: string) => `These places were asked: ${places}.`,
    silent: (places: string) => `These did not answer, and may have something: ${places}.`,
    onlyHere: 'Only this place was asked. Others may have something.',
    stillAsking: 'The other places are still being asked.',
};

export const asked = area(en, () => import('./asked.cy.ts'));
