import type { Same } from './area.ts';
import type { en } from './record-nav.ts';

const cy: Same<typeof en> = {
    record: 'Cofnod',
    more: 'Fy nghofnod i gyd',
    summary: 'Crynodeb',
    timeline: 'Llinell amser',
    results: 'Canlyniadau profion',
    details: 'Manylion',
    entry: 'Cofnod',
};

export default cy;
