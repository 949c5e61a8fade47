/* How a medicine is taken, where the prescriber gave a structure and no words. */
import { area } from './area.ts';

export const en = {
    asNeeded: 'as needed',
    range: (low: string, high: string) => `${low} to ${high}`,
    /* 'twice a day', '3 times every 2 weeks' */
    timing: (times: number, period: number, unit: string) => {
        const how = times === 1 ? 'once' : times === 2 ? 'twice' : `${times} times`;
        const names: Record<string, string> = {
            s: 'second',
            min: 'minute',
            h: 'hour',
            d: 'day',
            wk: 'week',
            mo: 'month',
            a: 'year',
        };
        const name = names[unit] ?? unit;
        const each = unit === 'h' ? 'an' : 'a';
        return period === 1 ? `${how} ${each} ${name}` : `${how} every ${period} ${name}s`;
    },
};

export const dose = area(en, () => import('./dose.cy.ts'));
