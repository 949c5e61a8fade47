import type { Same } from './area.ts';
import type { en } from './withheld.ts';

const cy: Same<typeof en> = {
    title: 'Nid yw eich cofnod i gyd yn cael ei ddangos eto',
    some: 'Mae rhan o’ch cofnod nad yw’n cael ei dangos i chi eto.',
};

export default cy;
