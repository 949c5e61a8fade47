import type { Same } from './area.ts';
import type { en } from './foot.ts';

const cy: Same<typeof en> = {
    feedback: 'Rhoi adborth am y dudalen hon',
    inbox: 'Mewnflwch',
    waiting: (n: number) => `${n.toLocaleString('en-GB')} yn aros`,
};

export default cy;
