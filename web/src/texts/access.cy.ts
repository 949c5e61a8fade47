import type { Same } from './area.ts';
import type { en } from './access.ts';

const entries = (n: number) => `${n.toLocaleString('en-GB')} eitem`;

const cy: Same<typeof en> = {
    title: (own: boolean) => (own ? 'Pwy edrychodd ar fy nghofnod' : 'Pwy edrychodd ar y cofnod hwn'),
    lead: (own: boolean) =>
        own
            ? 'Bob tro y bydd rhywun yn gweld eich cofnod, caiff ei ysgrifennu yma. Ni allwn ei dynnu oddi yma wedyn.'
            : 'Bob tro y bydd rhywun yn gweld y cofnod hwn, caiff ei ysgrifennu yma.',
    emergency: 'Argyfwng',
    refused: 'Gwrthodwyd',
    program: 'Rhaglen',
    proxy: (own: boolean) => `Yn gweithredu ar ${own ? 'eich' : 'eu'} rhan`,
    waits: (until: string) => `Mae cyfraith yn gadael i hyn aros. Byddwch yn gweld mwy o ${until}.`,
    why: (why: string) => `Pam: ${why}`,
    at: (time: string) => `Am ${time}.`,
    with: (program: string) => `, gyda ${program}`,
    unknown: 'Nid wyf yn adnabod hwn',
    proof: 'Lawrlwytho’r prawf',

    askTitle: 'Nid ydych yn adnabod hwn',
    askLead: 'Bydd swyddog preifatrwydd yn edrych i mewn iddo. Byddwch yn cael ateb.',
    askWords: 'A oes rhywbeth y dylem ei wybod? (gallwch adael hwn allan)',
    ask: 'Gofyn i’r swyddog preifatrwydd',
    asked: 'Anfonwyd eich cwestiwn at y swyddog preifatrwydd',

    check: 'Gwirio’r rhestr hon',
    checkLead: 'Ni all neb newid na chuddio eitem heb i hynny ddod i’r golwg. Gall eich porwr wirio hynny ei hun.',
    checkDo: 'Gwirio’r rhestr',
    checking: 'Yn gwirio',
    checked: (n: number, of: number) => `Gwiriwyd ${n} o ${of}`,
    good: 'Mae’r rhestr yn gyflawn a heb ei newid',
    goodWords: (n: number) =>
        `Gwiriwyd y cyfan: ${entries(n)}, o’r gyntaf i’r ddiweddaraf. Nid oes yr un ar goll, ac ni newidiwyd yr un.`,
    silent: (n: number) => `Heb eiriau: ${entries(n)}. Fe’u dilëwyd, neu ni chânt eu dweud eto.`,
    old: 'Ni all y porwr hwn wirio’r rhestr',
    oldWords:
        'Mae’n rhy hen ar gyfer y math o lofnod sydd gan y rhestr. Defnyddiwch borwr mwy newydd, neu lawrlwythwch y profion.',
    bad: 'Nid yw’r rhestr yn gywir',
    badWords: (why: string) => `Methodd y gwiriad: ${why}. Dywedwch wrth eich practis neu ysbyty, a chadwch y dudalen hon.`,
    stopped: 'Nid oedd modd gorffen y gwiriad',
    stoppedWords: 'Ni chawsom yr ateb sydd ei angen arnom. Rhowch gynnig arall arni.',
    how: 'Sut mae’n gweithio?',
    howWords:
        'Bob tro y bydd rhywun yn edrych, ysgrifennir eitem â rhif: 1, 2, 3 ac yn y blaen. Mae symiau’n cysylltu’r eitemau i gyd, fel dolenni cadwyn, ac fe’u llofnodir. Pe bai un yn cael ei thynnu neu ei newid, ni fyddai’r symiau’n cyd-fynd mwyach.',
    without: 'Lawrlwythwch brawf i’w wirio hebom ni. Gallwch hefyd ddefnyddio’r hyn sy’n gyhoeddus:',
    key: 'Yr allwedd',
    sum: 'Y swm diweddaraf a lofnodwyd',

    show: 'Dangos',
    all: 'Popeth',
    people: 'Pobl yn unig',
    programs: 'Rhaglenni yn unig',
    lines: (n: number) => `${n.toLocaleString('en-GB')} llinell yma`,
    ofAll: (n: number) => `, o ${entries(n)} i gyd`,
    more: (n: number) => `${entries(n)} arall`,
    none: 'Nid oes dim yma.',
    older: 'Dangos eitemau hŷn',
    table: 'Lawrlwytho fel tabl (CSV)',
    file: 'pwy-edrychodd',
    reading: 'Yn darllen y rhestr',
};

export default cy;
