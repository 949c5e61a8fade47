import type { Same } from './area.ts';
import type { en } from './dose.ts';

const cy: Same<typeof en> = {
    asNeeded: 'yn ôl yr angen',
    range: (low: string, high: string) => `${low} i ${high}`,
    timing: (times: number, period: number, unit: string) => {
        const how = times === 1 ? 'unwaith' : times === 2 ? 'ddwywaith' : `${times} gwaith`;
        const each: Record<string, string> = {
            s: 'yr eiliad',
            min: 'y funud',
            h: 'yr awr',
            d: 'y dydd',
            wk: 'yr wythnos',
            mo: 'y mis',
            a: 'y flwyddyn',
        };
        const names: Record<string, string> = {
            s: 'eiliad',
            min: 'munud',
            h: 'awr',
            d: 'diwrnod',
            wk: 'wythnos',
            mo: 'mis',
            a: 'blwyddyn',
        };
        return period === 1
            ? `${how} ${each[unit] ?? unit}`
            : `${how} bob ${period} ${names[unit] ?? unit}`;
    },
};

export default cy;
