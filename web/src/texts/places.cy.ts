import type { Same } from './area.ts';
import type { en } from './places.ts';

const cy: Same<typeof en> = {
    title: 'Ble mae fy nghofnod',
    theirs: 'Ble mae’r cofnod',
    intro: 'Nid yw eich cofnod mewn un storfa fawr. Mae pob lle sy’n gofalu amdanoch yn cadw ei ran ei hun. Mae’r dudalen hon yn gofyn i bob un ohonynt nawr.',
    introTheirs:
        'Nid yw’r cofnod mewn un storfa fawr. Mae pob sefydliad yn cadw ei ran ei hun. Mae’r dudalen hon yn gofyn i bob un ohonynt nawr.',
    here: '(rydych chi yma)',
    part: 'Efallai nad dyma’r cofnod cyfan',
    all: (n: number) =>
        n === 1 ? 'Mae’r cofnod i gyd gan y lle hwn.' : `Mae pob un o’r ${n} lle wedi ateb.`,
    some: (n: number, of: number) => `Mae ${n} o ${of} lle wedi ateb.`,
    again: 'Gofyn i bob lle eto',
    outcomes: {
        answered: 'Wedi ateb',
        'timed-out': 'Heb ateb mewn pryd',
        away: 'Ni ellir ei gyrraedd',
        refused: 'Wedi gwrthod',
        broken: 'Ni ellid defnyddio’r ateb',
    },
    keeps: 'Mae’n cadw:',
    keepsNothing: 'Nid yw’n cadw dim y cewch ei weld.',
    more: 'Mae ganddo fwy nag y gellid ei nôl ar unwaith.',
    withheld: 'Mae rhywbeth yno nad yw’n cael ei ddangos i chi.',
    unwitnessed: 'Nid oes sefydliad arall yn gwirio ei restr o bwy edrychodd.',
    see: 'Gweld beth mae’n ei gadw',
    seeAt: (place: string) => ` yn ${place}`,
    placesHeading: 'Lleoedd',
    timeline: 'Gweld y cyfan fel un llinell amser',
    couldNot: 'Nid oedd modd gofyn i leoedd eraill',
    onlyThis: 'Dim ond o’r lle hwn y daw’r hyn a welwch.',
    demo: {
        title: 'Rhowch gynnig arni: stopiwch un o’r lleoedd',
        lead: 'Arddangosiad yw hwn: mae pob un o’r sefydliadau hyn yn rhaglen ar wahân ar y peiriant hwn. Stopiwch un, a gweld beth mae’r dudalen hon yn ei ddweud wedyn. Mae’r lleill yn sylwi ar un sy’n cael ei ailgychwyn o fewn chwe eiliad.',
        here: '(yma)',
        runs: 'Yn rhedeg',
        stopped: 'Wedi stopio',
        stop: 'Stopio',
        start: 'Ailgychwyn',
    },
};

export default cy;
