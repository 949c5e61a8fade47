import type { Same } from './area.ts';
import type { en } from './withheld.ts';

const cy: Same<typeof en> = {
    title: 'Nid yw eich cofnod i gyd yn cael ei ddangos eto',
    some: 'Mae rhan o’ch cofnod nad yw’n cael ei dangos i chi eto.',
    until: (day: string) => `Mae rhywbeth yn cael ei ddal yn ôl tan ${day}. Byddwch yn ei weld bryd hynny.`,
    released: 'Mae rhywbeth yn cael ei ddal yn ôl nes y caiff ei ryddhau i chi.',
};

export default cy;
