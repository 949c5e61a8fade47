import type { Same } from './area.ts';
import type { en } from './answered.ts';

const cy: Same<typeof en> = {
    asking: 'Yn gofyn i’r lleoedd eraill sy’n cadw rhan o’r cofnod hwn.',
    all: (n: number) =>
        n === 1
            ? 'Mae’r lle hwn yn cadw’r cofnod hwn i gyd.'
            : `Mae pob un o’r ${n} lle wedi ateb.`,
    some: (here: number, of: number) => `Mae ${here} o ${of} lle wedi ateb.`,
    part: 'Efallai bod rhannau o’r cofnod hwn ar goll',
    couldNot: 'Nid oedd modd gofyn i leoedd eraill',
    again: 'Gofyn i bob lle eto',
    places: 'O ble y daw’r cofnod hwn',
    outcomes: {
        answered: 'wedi ateb',
        'timed-out': 'heb ateb mewn pryd',
        away: 'ni ellir ei gyrraedd',
        refused: 'wedi gwrthod',
        broken: 'wedi anfon ateb na ellir ei ddefnyddio',
    },
    more: 'mae ganddo fwy nag y gellid ei nôl',
    maybePart: 'Gall hyn fod yn rhan o’r cofnod yn unig: nid oedd modd gofyn i bob lle.',
    hereOnly: 'Dyma’r hyn a gedwir yma yn unig.',
    lacks: (place: string, outcome: string) =>
        `${place}: ${outcome}. Gall yr hyn sydd ganddo fod ar goll yma`,
    here: '(yma)',
    readAt: (time: string) => `Darllenwyd am ${time}.`,
};

export default cy;
