import type { Same } from './area.ts';
import type { en } from './dates.ts';

const cy: Same<typeof en> = {
    months: [
        'Ionawr',
        'Chwefror',
        'Mawrth',
        'Ebrill',
        'Mai',
        'Mehefin',
        'Gorffennaf',
        'Awst',
        'Medi',
        'Hydref',
        'Tachwedd',
        'Rhagfyr',
    ],
    short: ['Ion', 'Chwe', 'Maw', 'Ebr', 'Mai', 'Meh', 'Gor', 'Awst', 'Medi', 'Hyd', 'Tach', 'Rhag'],
    at: (day: string, time: string, words: boolean) =>
        words ? `${day} am ${time}` : `${day} ${time}`,
    span: (from: string, to: string) => `${from} i ${to}`,
    until: (to: string) => `tan ${to}`,
};

export default cy;
