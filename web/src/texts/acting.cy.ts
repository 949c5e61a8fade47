import type { Same } from './area.ts';
import type { en } from './acting.ts';

const cy: Same<typeof en> = {
    label: 'Gweithredu dros rywun arall',
    words: (name: string) => `Rydych yn gweithredu dros ${name}`,
    hint: 'Nid eich cofnod chi yw hwn. Gallant weld eich bod wedi edrych.',
    stop: 'Mynd yn ôl i’ch cofnod eich hun',
    others: 'Pobl rydych chi’n eu helpu',
};

export default cy;
