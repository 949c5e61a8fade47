/* What is said of entries that the patient wrote, wherever their source is. */
import { area } from './area.ts';

export const en = {
    own: 'Written by the patient',
};

export const mark = area(en, () => import('./mark.cy.ts'));
