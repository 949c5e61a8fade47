import type { Same } from './area.ts';
import type { en } from './details.ts';

const cy: Same<typeof en> = {
    title: 'Manylion personol',
    who: 'Pwy ydynt',
    whoYou: 'Pwy ydych chi',
    name: 'Enw',
    born: 'Ganwyd',
    died: 'Bu farw',
    gender: 'Rhywedd',
    sex: 'Rhyw adeg geni',
    nhsNumber: 'Rhif GIG',
    ethnic: 'Grŵp ethnig',
    relationship: 'Perthynas',
    language: 'Iaith',
    preferred: ' (dewis cyntaf)',
    interpreter: 'Cyfieithydd',
    needed: 'Ei angen',
    notNeeded: 'Dim ei angen',
    notRecorded: 'Heb ei gofnodi',
    contact: 'Cyfeiriad a chyswllt',
    noContact: 'Nid oes cyfeiriad na rhif ffôn wedi’i gofnodi.',
    address: 'Cyfeiriad',
    oldAddress: 'Hen gyfeiriad',
    tempAddress: 'Cyfeiriad dros dro',
    gp: 'Meddyg teulu neu ddarparwr gofal',
    family: 'Teulu, gofalwyr a chysylltiadau',
    aContact: 'Cyswllt',
    aRelative: 'Teulu, ffrind neu ofalwr',
    none: 'Dim wedi’i gofnodi.',
    appointments: 'Apwyntiadau',
    noDay: 'Diwrnod heb ei gofnodi',
    source: 'O ble daw’r manylion hyn',
};

export default cy;
