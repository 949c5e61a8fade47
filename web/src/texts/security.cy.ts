import type { Same } from './area.ts';
import type { en } from './security.ts';

const cy: Same<typeof en> = {
    title: 'Sut rydych yn mewngofnodi',
    invited: (when: string) =>
        `Gwnaeth rhywun wahoddiad ar ${when}. Gyda hwnnw, gellir ychwanegu ffordd newydd o fewngofnodi i’ch cyfrif.`,
    invitedAdvice:
        'Os na ofynnoch amdano, dywedwch wrthym. Tynnwch unrhyw allwedd isod nad ydych yn ei hadnabod.',
    passkeys: 'Allweddi mynediad',
    noPasskey: 'Nid oes gennych allwedd mynediad eto.',
    noPasskeys: 'Ni all y porwr hwn ddefnyddio allweddi mynediad.',
    added: (day: string) => `Ychwanegwyd ${day || 'ar ddiwrnod heb ei nodi'}`,
    used: (day: string) => `defnyddiwyd ddiwethaf ${day}`,
    everywhereTag: 'Ar eich holl ddyfeisiau',
    passkeyAdded: 'Ychwanegwyd yr allwedd mynediad',
    passkeyRemoved: (name: string) => `Tynnwyd ${name}`,
    passkeyRenamed: (name: string, to: string) => `Enw ${name} nawr yw ${to}`,
    addPasskey: 'Ychwanegu allwedd mynediad',
    makePasskey: 'Gwneud yr allwedd mynediad',
    passkeyName: 'Enw’r allwedd mynediad hon',
    passkeyNameHint: 'Er mwyn i chi ei hadnabod eto, fel enw eich ffôn',
    rename: 'Ailenwi',
    renameTitle: (name: string) => `Ailenwi ${name}`,
    newName: 'Enw newydd',
    nameMissing: 'Rhowch enw',
    saveName: 'Cadw’r enw',
    cancel: 'Canslo',
    remove: 'Tynnu',
    removeTitle: (name: string) => `Tynnu ${name}?`,
    removeWords: 'Ni allwch fewngofnodi gyda hi mwyach.',
    removeLast:
        'Dyma eich unig allwedd mynediad. Gwnewch yn siŵr y gallwch fewngofnodi o hyd gyda chyfrinair a chod.',
    keep: 'Ei chadw',
    password: 'Cyfrinair',
    passwordToday: 'Cyfrinair heddiw',
    passwordMissing: 'Rhowch eich cyfrinair heddiw',
    passwordSave: 'Cadw’r cyfrinair',
    passwordChanged: 'Newidiwyd eich cyfrinair',
    hasPassword: 'Mae gennych gyfrinair. Gydag ef mae angen cod bob tro.',
    noPassword: 'Nid oes gennych gyfrinair. Gydag allwedd mynediad nid oes angen un.',
    changePassword: 'Newid y cyfrinair',
    setPassword: 'Gosod cyfrinair',
    codes: 'Codau',
    hasCodes:
        'Mae ap dilysu wedi’i osod. Mae ei osod o’r newydd hefyd yn rhoi codau adfer newydd i chi; mae’r hen rai yn peidio â gweithio.',
    noCodes: 'Nid oes ap dilysu wedi’i osod. Dim ond gyda chyfrinair y mae angen un.',
    codesAnew: 'Gosod o’r newydd',
    setUpCodes: 'Gosod ap dilysu',
    back: 'Mynd yn ôl',
    everywhere: 'Allgofnodi ym mhobman',
    everywhereWords:
        'Defnyddiwch hwn os colloch ddyfais, neu os credwch fod rhywun arall wedi mewngofnodi. Mae’n eich allgofnodi ar bob dyfais, ac ar hon hefyd.',
};

export default cy;
