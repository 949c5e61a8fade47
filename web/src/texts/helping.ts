/* The people whose record a patient or carer may see. */
import { area } from './area.ts';

export const en = {
    title: 'People you help',
    intro: 'They, or the law, let you act for them. Each can see when you look.',
    nobody: 'There is nobody whose record you may see just now.',
};

export const helping = area(en, () => import('./helping.cy.ts'));
