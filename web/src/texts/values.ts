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
    allergy: 'Substance not recorded',
    problem: 'Problem not named',
    medicine: 'Medicine not named',
    result: 'Test not named',
    vaccine: 'Vaccine not named',
    doubts: {
        unconfirmed: 'Unconfirmed',
        provisional: 'Provisional',
        differential: 'One of several possible',
    },
    courses: { recurrence: 'Recurrence', relapse: 'Relapse', remission: 'In remission' },
    noStatus: 'Status not recorded',
    statuses: {
        registered: 'Waiting for the result',
        preliminary: 'Preliminary',
        amended: 'Amended',
        corrected: 'Corrected',
        cancelled: 'Cancelled',
        unknown: 'Status unknown',
    },
    letter: 'Letter',
    support: 'Support',
    wrong: 'Entered in error',
    record: 'Record',
    notShown: 'Record not shown',
};

export const values = area(en, () => import('./values.cy.ts'));
