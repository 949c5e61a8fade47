/* Personal details: who somebody is, where they live, who is close to them. */
import { area } from './area.ts';

export const en = {
    title: 'Personal details',
    who: 'Who they are',
    whoYou: 'Who you are',
    name: 'Name',
    born: 'Born',
    died: 'Died',
    gender: 'Gender',
    sex: 'Sex at birth',
    nhsNumber: 'NHS number',
    ethnic: 'Ethnic group',
    relationship: 'Relationship',
    language: 'Language',
    preferred: ' (preferred)',
    interpreter: 'Interpreter',
    needed: 'Needed',
    notNeeded: 'Not needed',
    notRecorded: 'Not recorded',
    contact: 'Address and contact',
    noContact: 'No address or telephone number is recorded.',
    address: 'Address',
    oldAddress: 'Old address',
    tempAddress: 'Temporary address',
    gp: 'GP or care provider',
    family: 'Family, carers and contacts',
    aContact: 'Contact',
    aRelative: 'Family, friend or carer',
    none: 'None recorded.',
    appointments: 'Appointments',
    noDay: 'Day not recorded',
    source: 'Where these details come from',
};

export const details = area(en, () => import('./details.cy.ts'));
