import type { Same } from './area.ts';
import type { en } from './values.ts';

const cy: Same<typeof en> = {
    yes: 'Ie',
    no: 'Na',
    trace: 'Olrhain a gofnodwyd',
    noValue: (why: string) => `Dim gwerth: ${why.toLowerCase()}`,
    range: (low: string, high: string, unit: string) => `${low} i ${high}${unit}`,
    atLeast: (low: string, unit: string) => `${low}${unit} neu fwy`,
    atMost: (high: string, unit: string) => `hyd at ${high}${unit}`,
};

export default cy;
