/* Values of measurements and their ranges, where they have words. */
import { area } from './area.ts';

export const en = {
    yes: 'Yes',
    no: 'No',
    trace: 'A recorded trace',
    noValue: (why: string) => `No value: ${why.toLowerCase()}`,
    range: (low: string, high: string, unit: string) => `${low} to ${high}${unit}`,
    atLeast: (low: string, unit: string) => `${low}${unit} or more`,
    atMost: (high: string, unit: string) => `up to ${high}${unit}`,
};

export const values = area(en, () => import('./values.cy.ts'));
