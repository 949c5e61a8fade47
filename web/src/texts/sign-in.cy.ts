import type { Same } from './area.ts';
import type { en } from './sign-in.ts';

const cy: Same<typeof en> = {
    title: 'Mewngofnodi',
    notSignedIn: 'Nid ydych wedi mewngofnodi',
    faults: {
        forbidden:
            'Mae’r gwasanaeth arall yn gwybod pwy ydych, ond nid oes gennych gyfrif yma y caiff ei agor. Gofynnwch i’ch practis eich gwahodd.',
        failed: 'Ni allai’r gwasanaeth arall eich mewngofnodi. Ceisiwch eto.',
    },
    byPasskey: 'Gydag allwedd mynediad',
    byPasskeyWords:
        'Defnyddiwch eich olion bysedd, eich wyneb neu PIN eich dyfais. Dyma’r ffordd fwyaf diogel.',
    passkey: 'Mewngofnodi gydag allwedd mynediad',
    byPassword: 'Gyda chyfrinair',
    passwordInstead: 'Defnyddio cyfrinair yn lle hynny',
    login: 'Enw mewngofnodi',
    loginHint: 'Er enghraifft, eich cyfeiriad e-bost',
    loginMissing: 'Rhowch eich enw mewngofnodi',
    loginWrong: 'Nid yw’r enw mewngofnodi neu’r cyfrinair yn gywir',
    password: 'Cyfrinair',
    passwordMissing: 'Rhowch eich cyfrinair',
    next: 'Parhau',
    other: 'Mewngofnodi mewn ffordd arall',
    provider: (name: string) => `Parhau gyda ${name}`,
    keptAt: (host: string) => `Cedwir eich cofnod yn ${host}. Byddwch yn mewngofnodi yno, ac yn dod yn ôl yma.`,
    goThere: 'Mynd yno i fewngofnodi',
    noAccount: 'Dim cyfrif? Gofynnwch i’ch practis anfon gwahoddiad atoch.',
    codeTitle: 'Rhowch eich cod',
    code: 'Cod',
    codeHint: 'Y 6 rhif y mae eich ap dilysu yn eu dangos nawr',
    codeMissing: 'Rhowch y 6 rhif y mae eich ap yn eu dangos',
    codeWrong: 'Nid yw’r cod hwn yn gywir. Rhowch yr un diweddaraf',
    noApp: 'Ni allaf ddefnyddio fy ap',
    recoveryTitle: 'Cod adfer',
    recoveryHeading: 'Defnyddio cod adfer',
    recoveryHint:
        'Un o’r codau a ysgrifennoch i lawr, fel abcd-efgh-jkmn. Mae pob un yn gweithio unwaith',
    recoveryMissing: 'Rhowch un o’ch codau adfer',
    appInstead: 'Defnyddio eich ap yn lle hynny',
    somebodyElse: 'Mewngofnodi fel rhywun arall',
    demoTitle: 'Rhowch gynnig arni fel rhywun arall',
    demoWords: 'Arddangosiad yw hwn. Pobl ddychmygol yw pawb yma.',
    demoChoose: (place: string) =>
        `Dewiswch pwy yr hoffech fod${place ? ` yn ${place}` : ''}, a dilynwch eu stori.`,
    demoAs: (name: string) => `Mewngofnodi fel ${name}`,
};

export default cy;
