/* The names of the pages of a record, in its menu, and what stands around it. */
import { area } from './area.ts';

export const en = {
    record: 'Record',
    more: 'Menu',
    health: 'Your health',
    choices: 'Your choices',
    theirHealth: 'Their health',
    theirChoices: 'Their choices',
    home: 'Home',
    summary: 'Summary',
    timeline: 'Timeline',
    results: 'Test results',
    medicines: 'Medicines',
    conditions: 'Conditions',
    allergies: 'Allergies',
    vaccinations: 'Vaccinations',
    details: 'Personal details',
    details: 'Details',
    care: 'Care and support',
    aboutMe: 'About me',
    own: 'My own entries',
    entry: 'Entry',
    sharing: 'Who can see',
    access: 'Who looked',
    proxies: 'Who acts for me',
    theirProxies: 'Who acts for them',
    apps: 'Apps',
    joined: 'Where my record is',
    theirJoined: 'Where the record is',
    whose: 'Whose record this is',
    born: 'Born',
    nhsNumber: 'NHS number',
    notRecorded: 'Not recorded',
};

export const recordNav = area(en, () => import('./record-nav.cy.ts'));
