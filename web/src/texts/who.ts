/* What is said of somebody: their other names, their gender, how to reach them. */
import { area } from './area.ts';

export const en = {
    noName: 'Name not recorded',
    names: {
        nickname: 'Known as',
        maiden: 'Maiden name',
        old: 'Former name',
        temp: 'Temporary name',
        official: 'Official name',
    } as Record<string, string>,
    otherName: 'Other name',
    identifier: 'Identifier',
    genders: {
        male: 'Male',
        female: 'Female',
        other: 'Other',
        unknown: 'Unknown',
    } as Record<string, string>,
    notRecorded: 'Not recorded',
    ways: {
        phone: 'Phone',
        email: 'Email',
        sms: 'Text messages',
        fax: 'Fax',
        pager: 'Pager',
        other: 'Other',
    } as Record<string, string>,
    contact: 'Contact',
    uses: {
        home: 'home',
        work: 'work',
        temp: 'temp',
        old: 'old',
        mobile: 'mobile',
    } as Record<string, string>,
};

export const who = area(en, () => import('./who.cy.ts'));
