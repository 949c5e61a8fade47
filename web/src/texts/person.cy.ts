import type { Same } from './area.ts';
import type { en } from './person.ts';

const cy: Same<typeof en> = {
    noName: 'Enw heb ei gofnodi',
    names: {
        nickname: 'Yn cael ei adnabod fel',
        maiden: 'Enw cyn priodi',
        old: 'Enw blaenorol',
        temp: 'Enw dros dro',
        official: 'Enw swyddogol',
        other: 'Enw arall',
    },
    number: 'Dynodwr',
    genders: { male: 'Gwryw', female: 'Benyw', other: 'Arall', unknown: 'Ddim yn hysbys' },
    notRecorded: 'Heb ei gofnodi',
    ways: {
        phone: 'Ffôn',
        fax: 'Ffacs',
        email: 'E-bost',
        pager: 'Galwr',
        url: 'Tudalen we',
        sms: 'Negeseuon testun',
        other: 'Arall',
    },
    contact: 'Cyswllt',
    uses: { home: 'cartref', work: 'gwaith', temp: 'am y tro', old: 'hen', mobile: 'symudol' },
};

export default cy;
