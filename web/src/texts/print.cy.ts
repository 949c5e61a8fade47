import type { Same } from './area.ts';
import type { en } from './print.ts';

const cy: Same<typeof en> = {
    share: 'Rhannu hwn',
    print: 'Argraffu',
    large: 'Argraffu mewn llythrennau mawr',
};

export default cy;
