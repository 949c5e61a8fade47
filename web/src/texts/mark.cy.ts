import type { Same } from './area.ts';
import type { en } from './mark.ts';

const cy: Same<typeof en> = {
    own: 'Ysgrifennwyd gan y claf',
};

export default cy;
