/* Days, times and ages. */
import { area } from './area.ts';

export const en = {
    months: [
        'January',
        'February',
        'March',
        'April',
        'May',
        'June',
        'July',
        'August',
        'September',
        'October',
        'November',
        'December',
    ],
    short: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
    at: (day: string, time: string, words: boolean) => (words ? `${day} at ${time}` : `${day} ${time}`),
    span: (from: string, to: string) => `${from} to ${to}`,
    until: (to: string) => `until ${to}`,
};

export const dates = area(en, () => import('./dates.cy.ts'));
