import type { Same } from './area.ts';
import type { en } from './images.ts';

const KINDS: Record<string, string> = {
    CR: 'Pelydr-X',
    DX: 'Pelydr-X',
    RG: 'Pelydr-X',
    RF: 'Pelydr-X symudol',
    CT: 'Sgan CT (pelydrau-X o bob ochr)',
    MR: 'Sgan MRI (gyda magnetau)',
    US: 'Sgan uwchsain (gyda sŵn)',
    MG: 'Pelydr-X o’r fron (mamogram)',
    NM: 'Sgan gyda sylwedd ymbelydrol gwan',
    PT: 'Sgan PET (sut mae rhannau o’r corff yn gweithio)',
    BMD: 'Sgan dwysedd esgyrn',
    ECG: 'Olrhain y galon (ECG)',
    ES: 'Lluniau o gamera y tu mewn i’r corff',
    XC: 'Ffotograff',
    OP: 'Ffotograff o’r llygad',
    XA: 'Pelydr-X o bibellau gwaed',
    DXA: 'Sgan dwysedd esgyrn',
    IO: 'Pelydr-X o’r dannedd',
    PX: 'Pelydr-X o’r dannedd',
};

const cy: Same<typeof en> = {
    heading: 'Delweddau',
    intro: 'Pelydrau-X, sganiau a lluniau eraill o’ch corff.',
    notYet: 'Ni allwch agor y lluniau yma eto. Gallwch ddarllen beth a gafwyd. I weld llun, gofynnwch i’r lle a’i tynnodd.',
    none: 'Nid oes delweddau yn y cofnod hwn.',
    kind: (code: string, said: string) => KINDS[code] ?? (said || 'Delweddau'),
    what: 'Beth a wnaed',
    part: 'Rhan o’r corff',
    when: 'Pryd',
    where: 'Ble',
    pictures: 'Lluniau',
    found: 'Beth a gafwyd',
    report: (title: string) => `Darllen adroddiad ${title}`,
    noReport: 'Nid oes adroddiad eto.',
    notSaid: 'Heb ei gofnodi',
};

export default cy;
