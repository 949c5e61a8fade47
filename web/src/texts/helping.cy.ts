import type { Same } from './area.ts';
import type { en } from './helping.ts';

const cy: Same<typeof en> = {
    title: 'Pobl rydych chi’n eu helpu',
    intro: 'Maen nhw, neu’r gyfraith, yn gadael i chi weithredu ar eu rhan. Gall pob un weld pryd rydych yn edrych.',
    nobody: 'Nid oes neb y cewch weld eu cofnod ar hyn o bryd.',
};

export default cy;
