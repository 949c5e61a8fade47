/* Who the record is about, as staff see it on every page of it; how births and deaths are said. */
import { area } from './area.ts';

export const en = {
    patient: 'Patient',
    died: 'Died',
    notInUse: 'Record not in use',
    born: 'Born',
    gender: 'Gender',
    nhsNumber: 'NHS No.',
    notRecorded: 'Not recorded',
    dayNotRecorded: 'Date not recorded',
    diedAged: (when: string, age: string) => (age ? `${when} (aged ${age})` : when),
    allergies: 'Allergies',
    andMore: (names: string, more: number) => (more > 0 ? `${names} and ${more} more` : names),
    noKnown: 'No known allergies',
    none: 'None recorded',
    notShown: 'Not shown to you',
    loading: 'Loading',
};

export const banner = area(en, () => import('./banner.cy.ts'));
