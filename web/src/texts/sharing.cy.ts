import type { Same } from './area.ts';
import type { en } from './sharing.ts';

const cy: Same<typeof en> = {
    title: (own: boolean) => (own ? 'Pwy all weld fy nghofnod' : 'Pwy all weld y cofnod hwn'),
    reading: 'Yn darllen pwy all ei weld',
    somebody: 'Rhywun',
    everybody: 'Pawb',

    now: (own: boolean) => (own ? 'Pwy sy’n gofalu amdanoch nawr' : 'Pwy sy’n gofalu am y person hwn nawr'),
    nowLead: (own: boolean) =>
        `Dim ond pobl sydd â rheswm sy’n gallu gweld ${own ? 'eich' : 'y'} cofnod. Mae gan y rhain un.`,
    nowNone: 'Nid oes gan neb un nawr.',
    because: (own: boolean) => ({
        practice: own
            ? 'Eich practis meddyg teulu, am eich bod wedi’ch cofrestru yno'
            : 'Practis meddyg teulu’r person, am eu bod wedi’u cofrestru yno',
        registration: own ? 'Am mai nhw yw eich meddyg teulu' : 'Am mai nhw yw meddyg teulu’r person',
        referral: own ? 'Am eich bod wedi’ch atgyfeirio atynt' : 'Am fod y person wedi’i atgyfeirio atynt',
        admission: own
            ? 'Am eu bod yn gofalu amdanoch, neu wedi gwneud hynny ychydig yn ôl'
            : 'Am eu bod yn gofalu am y person, neu wedi gwneud hynny ychydig yn ôl',
        'care-team': own ? 'Am eu bod yn eich tîm gofal' : 'Am eu bod yn nhîm gofal y person',
        appointment: own
            ? 'Am fod gennych apwyntiad gyda nhw'
            : 'Am fod gan y person apwyntiad gyda nhw',
        grant: own ? 'Am mai chi ddywedodd hynny' : 'Am mai’r person ddywedodd hynny',
        claim: 'Am eu bod wedi ysgrifennu pam mae angen iddynt',
    }),
    opened: 'Agorwyd mewn argyfwng',
    openedWords: (own: boolean) => `Agorwyd ${own ? 'eich' : 'y'} cofnod, a oedd ar gau iddynt`,
    whoLooked: 'Gweld pwy sydd wedi edrych',

    choices: (own: boolean) => (own ? 'Eich dewisiadau' : 'Dewisiadau'),
    noChoice: (own: boolean) =>
        `${own ? 'Nid ydych wedi gwneud dewis eto. ' : 'Nid oes dewis wedi’i wneud. '}Gall pobl sy’n gofalu ${own ? 'amdanoch' : 'amdanynt'} weld y cofnod. Nid yw’n cael ei rannu ar gyfer ymchwil.`,
    shared: 'Yn cael ei rannu',
    notShared: 'Ddim yn cael ei rannu',
    firm: 'Nac mewn argyfwng chwaith.',
    end: 'Dod â’r dewis hwn i ben',
    endQuestion: 'Dod â’r dewis hwn i ben?',
    endPermit:
        'Os dewch ag ef i ben, dim ond yr hyn y maent yn ei weld hebddo y byddant yn ei weld. Mae’n cyfrif ar unwaith.',
    endRefusal:
        'Os dewch ag ef i ben, gallant weld hyn eto pan fyddant yn gofalu amdanoch. Mae’n cyfrif ar unwaith.',
    endDo: 'Dod ag ef i ben',
    keep: 'Ei gadw',
    ended: 'Mae’r dewis wedi dod i ben',
    saved: 'Cadwyd eich dewis',
    granted: 'Gallant weld y cofnod nawr',

    make: 'Gwneud dewis',
    permit: 'Beth ydych chi ei eisiau?',
    permitNo: 'Peidio â rhannu',
    permitYes: 'Rhannu',
    permitMissing: 'Dewiswch a ydych yn ei rannu ai peidio',
    party: 'Am bwy mae hwn?',
    partyMissing: 'Dewiswch am bwy mae hwn',
    find: 'Dod o hyd i le arall',
    findName: 'Enw’r ysbyty, y practis neu’r tîm',
    findDo: 'Dod o hyd',
    findMissing: 'Rhowch enw lle yn gyntaf',
    found: 'Ychwanegwyd at y rhestr uchod',
    notFound: 'Nid oes lle â’r enw hwn yma',
    category: 'Am beth mae hwn?',
    whole: 'Fy nghofnod cyfan',
    count: (n: number) => (n ? `${n} yn eich cofnod nawr` : 'Dim yn eich cofnod nawr'),
    categories: {
        MH: 'iechyd meddwl',
        SEX: 'iechyd rhywiol',
        HIV: 'HIV',
        SUD: 'alcohol a chyffuriau',
        VIO: 'trais a cham-drin',
        GDIS: 'cyflyrau sy’n rhedeg mewn teuluoedd',
        'social-care': 'gofal cymdeithasol',
    },
    purpose: 'Ar gyfer beth?',
    anyPurpose: 'Beth bynnag y diben',
    purposes: {
        TREAT: { label: 'Fy ngofal', hint: 'Gofalu amdanaf o ddydd i ddydd', so: 'ar gyfer eich gofal' },
        ETREAT: { label: 'Gofal brys', hint: 'Er enghraifft, mewn adran achosion brys', so: 'mewn argyfwng' },
        HOPERAT: {
            label: 'Rhedeg y gwasanaeth',
            hint: 'Er enghraifft, trefnu a chynllunio',
            so: 'i redeg y gwasanaeth',
        },
        HRESCH: { label: 'Ymchwil', hint: 'I ddysgu mwy am iechyd', so: 'ar gyfer ymchwil' },
    },
    firmQuestion: 'Ac mewn argyfwng?',
    firmDo: 'Peidio â’i agor mewn argyfwng chwaith',
    firmHint: 'Meddyliwch yn ofalus am hyn: gallai roi eich bywyd mewn perygl',
    until: 'Tan pryd? (gallwch adael hwn allan)',
    untilHint: 'Er enghraifft, 27/03/2030',
    untilEmpty: 'Er enghraifft, 27/03/2030. Gadewch ef yn wag os nad oes iddo ddiwedd',
    untilWrong: 'Rhowch ddiwrnod sydd eto i ddod, fel 27/03/2030',
    see: 'Gweld beth fyddai’n ei wneud',
    ifYouDo: 'Os gwnewch hyn',
    save: 'Cadw’r dewis hwn',
    again: 'Dechrau eto',

    nobody: 'Neb',
    yourTeams: 'pawb sy’n gofalu amdanoch',
    yourRecord: 'eich cofnod',
    anything: 'dim yn eich cofnod',
    parts: (about: string, n: number) =>
        `y rhannau am ${about} (${n ? `${n} nawr, a rhai newydd` : 'dim nawr, ond mae rhai newydd yn cyfrif hefyd'})`,
    sees: (who: string, what: string) => `Bydd ${who} yn gweld ${what}`,
    seesNot: (who: string, what: string) => `Ni fydd ${who} yn gweld ${what}`,
    nobodySees: (what: string) => `Ni fydd neb yn gweld ${what}`,
    fromDay: (day: string) => `o ${day}`,
    untilDay: (day: string) => `tan ${day}`,
    stillReason: 'Rhaid iddynt fod â rheswm dros edrych o hyd: rydych yn eu gofal.',
    endAtOnce: 'Gallwch ddod â hyn i ben ar unrhyw adeg. Mae’n stopio ar unwaith.',
    everyTeam: 'Mae hyn yn cyfrif ar gyfer pob tîm ac ysbyty yma. Gallwch chi ei weld o hyd.',
    askAgain: 'Efallai y byddant yn gofyn yr un cwestiynau i chi eto, neu’n gwneud prawf eto.',
    closed:
        'Hyd yn oed mewn argyfwng ni all neb ei agor. Os ydych yn rhy sâl i siarad, ni fydd yr adran achosion brys yn gwybod beth mae’n ei ddweud.',
    openable:
        'Mewn argyfwng gall meddyg neu nyrs ei agor. Rhaid iddynt ddweud pam, a byddwn yn dweud wrthych.',
    endChoice: 'Gallwch ddod â’r dewis hwn i ben ar unrhyw adeg.',

    grant: 'Gadael i rywun arall ei weld',
    grantLead:
        'Byddant yn ei weld fel pe baent yn gofalu amdanoch. Gallwch ddod â hynny i ben ar unrhyw adeg.',
    grantWho: 'Pwy gaiff ei weld?',
    grantMissing: 'Dewiswch pwy gaiff weld y cofnod',
    grantDo: 'Gadael iddynt ei weld',

    preview: 'Beth fyddent yn ei weld?',
    previewLead: (own: boolean) =>
        `Dewiswch rywun, a gwelwch ${own ? 'eich' : 'y'} cofnod fel y byddent hwy yn ei weld nawr.`,
    previewWho: 'Pwy?',
    previewDo: 'Dangos beth fyddent yn ei weld',
    people: {
        emergency: 'Adran achosion brys',
        opening: 'Adran achosion brys, pan fyddant yn ei agor mewn argyfwng',
        researcher: 'Ymchwilydd',
    },
    doctor: (place: string) => `Meddyg yn ${place}`,
    receptionist: (place: string) => `Derbynnydd yn ${place}`,
    nothing: (own: boolean) => {
        const none = `Ni fyddent yn gweld dim o’${own ? 'ch' : 'r'} cofnod`;
        return {
            activity: `${none}: nid yw pobl yn y rôl hon yn edrych ar gofnodion.`,
            relationship: `${none}: nid oes dim yn dweud eu bod yn gofalu ${own ? 'amdanoch' : 'am y person hwn'}.`,
            choice: `${none}: yn ôl yr hyn a ddewiswyd, nid yw’n cael ei rannu â nhw.`,
            seal: `${none}: mae wedi’i selio.`,
            scope: `${none}: ni chaiff eu hap ofyn amdano.`,
        };
    },
    whoOnly: (own: boolean) =>
        own
            ? 'Byddent yn gweld pwy ydych chi a sut i gysylltu â chi. Ni fyddent yn gweld dim o’ch cofnod, gan nad oes dim yn dweud eu bod yn gofalu amdanoch.'
            : 'Byddent yn gweld pwy yw’r person a sut i gysylltu â nhw. Ni fyddent yn gweld dim o’r cofnod, gan nad oes dim yn dweud eu bod yn gofalu amdanynt.',
    seenOf: (seen: number, all: number, own: boolean) =>
        `Byddent yn gweld ${seen} o’r ${all} eitem yn ${own ? 'eich' : 'y'} cofnod.`,
    caption: (who: string) => `Beth fyddai i’w weld: ${who}`,
    part: 'Rhan o’r cofnod',
    seen: 'I’w weld',
    notSeen: 'Ddim i’w weld',
};

export default cy;
