import type { Same } from './area.ts';
import type { en } from './banner.ts';

const cy: Same<typeof en> = {
    patient: 'Claf',
    died: 'Bu farw',
    notInUse: 'Cofnod heb ei ddefnyddio',
    born: 'Ganwyd',
    gender: 'Rhywedd',
    nhsNumber: 'Rhif GIG',
    notRecorded: 'Heb ei gofnodi',
    dayNotRecorded: 'Dyddiad heb ei gofnodi',
    diedAged: (when: string, age: string) => (age ? `${when} (oedran ${age})` : when),
    allergies: 'Alergeddau',
    andMore: (names: string, more: number) => (more > 0 ? `${names} a ${more} arall` : names),
    noKnown: 'Dim alergeddau hysbys',
    none: 'Dim wedi’u cofnodi',
    notShown: 'Ni ddangosir i chi',
    loading: 'Yn llwytho',
};

export default cy;
