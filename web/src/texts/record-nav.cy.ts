import type { Same } from './area.ts';
import type { en } from './record-nav.ts';

const cy: Same<typeof en> = {
    record: 'Cofnod',
    more: 'Dewislen',
    health: 'Eich iechyd',
    choices: 'Eich dewisiadau',
    theirHealth: 'Eu hiechyd',
    theirChoices: 'Eu dewisiadau',
    home: 'Hafan',
    summary: 'Crynodeb',
    timeline: 'Llinell amser',
    results: 'Canlyniadau profion',
    medicines: 'Meddyginiaethau',
    conditions: 'Cyflyrau',
    allergies: 'Alergeddau',
    vaccinations: 'Brechiadau',
    details: 'Manylion personol',
    entry: 'Eitem',
    sharing: 'Pwy sy’n gallu gweld',
    access: 'Pwy sydd wedi edrych',
    proxies: 'Pwy sy’n gweithredu ar fy rhan',
    theirProxies: 'Pwy sy’n gweithredu ar eu rhan',
    apps: 'Apiau',
    joined: 'Ble mae fy nghofnod',
    theirJoined: 'Ble mae’r cofnod',
    whose: 'Cofnod pwy yw hwn',
    born: 'Ganwyd',
    nhsNumber: 'Rhif GIG',
    notRecorded: 'Heb ei gofnodi',
    details: 'Manylion',
    care: 'Gofal a chymorth',
    aboutMe: 'Amdanaf i',
    own: 'Fy nghofnodion fy hun',
    entry: 'Cofnod',
};

export default cy;
