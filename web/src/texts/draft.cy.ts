import type { Same } from './area.ts';
import type { en } from './draft.ts';

const cy: Same<typeof en> = {
    found: (when: string) => `Dyma’ch geiriau o ${when}. Nid oeddech wedi’u hanfon.`,
    discard: 'Dechrau eto',
    saved: 'Wedi’i gadw ar y ddyfais hon',
    broken: 'Ni all y ddyfais hon gadw eich geiriau. Anfonwch nhw cyn i chi adael y dudalen hon.',
};

export default cy;
