import type { Same } from './area.ts';
import type { en } from './who.ts';

const cy: Same<typeof en> = {
    noName: 'Enw heb ei gofnodi',
    names: {
        nickname: 'Enw cyfarwydd',
        maiden: 'Enw cyn priodi',
        old: 'Enw blaenorol',
        temp: 'Enw dros dro',
        official: 'Enw swyddogol',
    },
    otherName: 'Enw arall',
    identifier: 'Dynodydd',
    genders: {
        male: 'Gwryw',
        female: 'Benyw',
        other: 'Arall',
        unknown: 'Anhysbys',
    },
    notRecorded: 'Heb ei gofnodi',
    ways: {
        phone: 'Ffôn',
        email: 'E-bost',
        sms: 'Negeseuon testun',
        fax: 'Ffacs',
        pager: 'Galwr',
        other: 'Arall',
    },
    contact: 'Cyswllt',
    uses: {
        home: 'cartref',
        work: 'gwaith',
        temp: 'dros dro',
        old: 'hen',
        mobile: 'symudol',
    },
};

export default cy;
