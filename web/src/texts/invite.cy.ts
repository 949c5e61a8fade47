import type { Same } from './area.ts';
import type { en } from './invite.ts';

const cy: Same<typeof en> = {
    title: 'Eich gwahoddiad',
    reading: 'Yn darllen eich gwahoddiad',
    over: 'Nid yw’r gwahoddiad hwn yn cyfrif mwyach',
    overAdvice: 'Cafodd ei ddefnyddio, neu mae ei amser ar ben. Gofynnwch am un newydd.',
    signIn: 'Mewngofnodi',
    welcome: (name: string) => `Croeso, ${name}`,
    patient: (place: string) =>
        `Mae ${place || 'y wefan hon'} yn eich gwahodd i weld eich cofnod yma.`,
    staff: (place: string) =>
        `Mae ${place || 'y wefan hon'} yn eich gwahodd i weithio gyda chofnodion yma.`,
    until: (when: string) => `Mae’r gwahoddiad yn cyfrif tan ${when}.`,
    login: 'Enw mewngofnodi',
    loginHint: 'Mae cyfeiriad e-bost yn hawdd i’w gofio',
    loginMissing: 'Rhowch enw mewngofnodi',
    loginTaken: 'Mae gan rywun yr enw mewngofnodi hwn. Dewiswch un arall',
    way: 'Sut hoffech chi fewngofnodi?',
    byPasskey: 'Gydag allwedd mynediad',
    byPasskeyHint: 'Eich olion bysedd, wyneb neu PIN. Y ffordd fwyaf diogel, a dim i’w gofio',
    byPassword: 'Gyda chyfrinair a chod',
    byPasswordHint: 'Mae angen ap dilysu ar ffôn',
    makePasskey: 'Gwneud allwedd mynediad',
    next: 'Parhau',
};

export default cy;
