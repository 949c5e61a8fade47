import type { Same } from './area.ts';
import type { en } from './shared.ts';

const cy: Same<typeof en> = {
    heading: 'Rhannwyd rhywbeth gyda chi',
    label: (label: string) => `Ei enw yw “${label}”.`,
    intro: 'Rhannodd rhywun ran o’u cofnod iechyd gyda chi. Mae wedi’i gloi. Mae’r allwedd yn eich dolen.',
    until: (when: string) => `Gallwch ei agor tan ${when}.`,
    over: (when: string) => `Roedd modd agor y ddolen hon tan ${when}. Mae’r amser hwnnw ar ben.`,
    who: 'Pwy ydych chi?',
    whoHint: 'Eich enw, a ble rydych yn gweithio os ydych yn agor hwn ar gyfer eich gwaith. Bydd y sawl a’i rhannodd yn darllen hyn. Nid oes neb yn ei wirio.',
    whoMissing: 'Rhowch pwy ydych chi',
    passcode: 'Cod pas',
    passcodeHint: 'Y sawl a rannodd hwn a’i dewisodd. Gofynnwch iddynt os nad yw gennych.',
    passcodeMissing: 'Rhowch y cod pas',
    passcodeWrong: (left: number) =>
        left
            ? `Nid dyma’r cod pas. Gallwch roi cynnig arall arni ${left} gwaith`
            : 'Nid dyma’r cod pas, ac mae’r ddolen wedi dod i ben. Gofynnwch i’r person am un newydd',
    open: 'Ei agor',
    told: 'Cânt wybod pan fyddwch yn ei agor, a beth a ysgrifennoch yma.',
    bad: 'Nid yw’r ddolen hon yn gyflawn',
    badAdvice: 'Copïwch y ddolen gyfan, neu sganiwch y cod eto. Os nad yw hynny’n helpu, gofynnwch i’r person am un newydd.',
    elsewhere: 'Cedwir y ddolen hon yn rhywle arall',
    elsewhereAdvice: (host: string) => `Mae’n agor ar dudalen ${host}:`,
    elsewhereGo: (host: string) => `Ei hagor ar ${host}`,
    recordOf: (name: string) => `Rhannwyd gan ${name}`,
    born: 'Ganwyd',
    nhs: 'Rhif GIG',
    copy: (when: string) => `Dyma gopi a wnaethant ar ${when}. Nid yw’n newid pan fydd eu cofnod yn newid.`,
    part: 'Dyma’r rhan a ddewiswyd ganddynt, nid eu cofnod cyfan.',
    key: 'Cafodd ei ddatgloi yn y porwr hwn. Dim ond yn eich dolen y mae’r allwedd. Ni all y lle sy’n cadw’r copi ei ddarllen.',
    contents: 'Beth a rannwyd',
    empty: 'Nid oes dim ynddo y gall y dudalen hon ei ddangos.',
    originals: 'Ffeiliau',
    noAnswer: 'Nid yw’r lle sy’n cadw hwn yn ateb',
    noAnswerAdvice: 'Gwiriwch eich bod wedi’ch cysylltu, yna rhowch gynnig arall arni.',
    notOpen: 'Nid yw’r ddolen hon ar agor',
    notOpenAdvice: 'Mae ei hamser ar ben, neu mae’r person wedi’i therfynu. Gofynnwch iddynt am un newydd.',
    tooOften: 'Agorwyd y ddolen hon yn rhy aml yn y funud ddiwethaf',
    tooOftenAdvice: 'Arhoswch funud, yna rhowch gynnig arall arni.',
    notRead: 'Nid oedd modd agor hwn',
    notReadAdvice: 'Rhowch gynnig arall arni. Os yw’n parhau, gofynnwch i’r person am ddolen newydd.',
    wrongKey: 'Nid oedd modd datgloi hwn',
    wrongKeyAdvice: 'Efallai bod rhan o’r ddolen ar goll. Copïwch y ddolen gyfan, neu sganiwch y cod eto.',
};

export default cy;
