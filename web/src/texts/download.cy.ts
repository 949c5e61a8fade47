import type { Same } from './area.ts';
import type { en } from './download.ts';

const cy: Same<typeof en> = {
    heading: 'Lawrlwytho neu argraffu eich cofnod',
    headingOther: 'Lawrlwytho neu argraffu’r cofnod hwn',
    intro: 'Gallwch gadw popeth sydd gennym amdanoch mewn un ffeil. Chi biau hi.',
    introOther: 'Gallwch gadw popeth o’r cofnod hwn y cewch ei weld mewn un ffeil.',
    has: 'Beth sydd yn y ffeil',
    points: [
        'Tudalen y gallwch ei darllen mewn unrhyw borwr gwe, a’i hargraffu.',
        'Eich llythyrau, pob un gyda’r ffeil y daeth ynddi.',
        'Popeth fel data yn y ffurf y mae gwasanaethau iechyd yn ei defnyddio, fel y gall un arall ei ddarllen.',
    ],
    places: 'O ble y daw',
    all: 'Mae pob lle sy’n cadw rhan o’ch cofnod wedi ateb.',
    one: 'Dim ond y lle hwn sy’n cadw eich cofnod, hyd y gwyddom.',
    waiting: 'Rydym yn dal i ofyn i leoedd eraill.',
    missing: 'Nid yw’r lleoedd hyn yn y ffeil. Ni wnaethant ateb:',
    missingAdvice: 'Gallwch wneud y ffeil nawr, neu ddarllen y cofnod eto yn nes ymlaen.',
    couldNot: 'Nid oedd modd gofyn i leoedd eraill. Dim ond yr hyn a gedwir yma sydd yn y ffeil.',
    withheld: 'Nid yw rhai pethau ynddi: yr hyn y mae’n rhaid i rywun siarad â chi amdano yn gyntaf, a’r hyn a fyddai’n eich niweidio chi neu eraill.',
    careful: 'Cadwch hi’n ddiogel',
    carefulWords: 'Nid yw’r ffeil wedi’i chloi. Gall unrhyw un sydd â hi ei darllen. Peidiwch â’i chadw ar ddyfais y mae eraill yn ei defnyddio.',
    make: 'Gwneud fy ffeil',
    makeOther: 'Gwneud y ffeil',
    making: (n: number, of: number) => `Yn nôl llythyr ${n} o ${of}`,
    packing: 'Yn ei rhoi at ei gilydd',
    saved: (name: string, size: string) => `Cadwyd fel ${name} (${size}). Edrychwch yn eich lawrlwythiadau.`,
    lostOriginals: (n: number) =>
        n === 1
            ? 'Nid oedd modd nôl un gwreiddiol. Mae’r ffeil yn dweud pa un.'
            : `Nid oedd modd nôl ${n} gwreiddiol. Mae’r ffeil yn dweud pa rai.`,
    print: 'Argraffu',
    printIntro: 'I argraffu’r cyfan, agorwch “record.html” yn y ffeil. Gallwch hefyd argraffu tudalen o’ch cofnod yma:',
    printPages: 'Mae botwm ar bob un o’r tudalennau hyn i’w hargraffu, hefyd mewn llythrennau mawr.',
    fileTitle: (name: string) => `Cofnod iechyd ${name}`,
    fileMade: (when: string) => `Gwnaed ar ${when}.`,
    fileFrom: 'O:',
    fileMissing: 'Heb fod yn y ffeil hon, gan na wnaethant ateb:',
    fileLost: 'Gwreiddiol nad oedd modd ei nôl:',
    fileNames: (page: string, data: string, folder: string) =>
        `Mae ${page} i’w darllen a’i hargraffu. Data ar gyfer gwasanaeth iechyd arall yw ${data}. Mae eich llythyrau a’u gwreiddiol yn ${folder}.`,
};

export default cy;
