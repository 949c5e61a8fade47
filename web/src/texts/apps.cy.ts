import type { Same } from './area.ts';
import type { en } from './apps.ts';

const cy: Same<typeof en> = {
    title: 'Apiau',
    intro: 'Gall yr apiau hyn ddefnyddio’r hyn sydd yma, am i chi adael iddynt.',
    none: 'Nid ydych wedi gadael unrhyw ap i mewn.',
    can: 'Gall:',
    since: (day: string) => `Ers ${day}.`,
    used: (day: string) => `Defnyddiwyd ddiwethaf ${day}.`,
    notUsed: 'Heb ei ddefnyddio eto.',
    end: 'Dod â’i fynediad i ben',
    endTitle: (name: string) => `Dod â mynediad ${name} i ben?`,
    endWords: 'Mae’n stopio ar unwaith. Gall yr ap gadw’r hyn y mae wedi’i ddarllen o’r blaen.',
    ended: (name: string) => `Ni all ${name} weld dim mwyach`,
    keep: 'Ei gadw',
    letIn: 'Gadael ap i mewn',
    letThisIn: (name: string) => `Gadael ${name} i mewn?`,
    tooLong: 'Cymerodd hyn yn rhy hir',
    tooLongAdvice: 'Ewch yn ôl i’r ap, a dechreuwch eto yno.',
    reading: 'Yn darllen beth mae’r ap ei eisiau',
    youAre: (name: string) => `Chi yw ${name}.`,
    theApp: 'Mae’r ap',
    asks: 'yn gofyn i chi ei adael i mewn.',
    itSees: 'Byddai’n gweld cofnod',
    whose: 'Cofnod pwy y caiff ei weld?',
    whoseHint: 'Rhowch enw, yna pwyswch Chwilio',
    whoseMissing: 'Dewiswch gofnod pwy y caiff ei weld',
    find: 'Chwilio',
    nobody: 'Ni chafwyd neb',
    chooseOne: 'Dewiswch un person',
    born: (day: string) => `Ganwyd ${day}`,
    wants: 'Mae eisiau:',
    wantsHint: 'Tynnwch y tic oddi ar yr hyn nad ydych ei eisiau',
    wantsMissing: 'Ticiwch un peth, neu dewiswch “Peidio â chaniatáu”',
    writes: 'Gall newid eich cofnod',
    offline: 'Gall wneud hyn hefyd pan nad ydych yn ei ddefnyddio, nes i chi ddod â hynny i ben.',
    notOurs:
        'Nid ni sy’n rhedeg yr ap hwn. Gall gadw’r hyn y mae’n ei ddarllen. Gallwch ddod â’i fynediad i ben ar unrhyw adeg, o dan “Apiau”.',
    allow: 'Caniatáu',
    deny: 'Peidio â chaniatáu',
    open: 'Agor ap',
    openForOther: 'Agor ap ar gyfer y person hwn',
    openWords:
        'Rydych yn gadael y dudalen hon. Dywedir wrth yr ap gofnod pwy sydd ar agor yma, a dim mwy nes i chi ei adael i mewn.',
    openNone: 'Ni ellir agor unrhyw ap o’r fan hon eto.',
    openIt: 'Agor',
    cannotOpen: 'Ni ellir agor yr ap',
    cannotOpenAdvice:
        'Nid yw ei gyfeiriad yn un y mae’r dudalen hon yn ei agor. Dywedwch wrth y bobl sy’n rhedeg y wefan hon.',
    cannotReturnAdvice:
        'Nid yw ei gyfeiriad yn un y mae’r dudalen hon yn ei agor. Caewch y dudalen hon.',
};

export default cy;
