import type { Same } from './area.ts';
import type { en } from './values.ts';

const cy: Same<typeof en> = {
    yes: 'Ie',
    no: 'Na',
    trace: 'Olrhain a gofnodwyd',
    noValue: (why: string) => `Dim gwerth: ${why.toLowerCase()}`,
    range: (low: string, high: string, unit: string) => `${low} i ${high}${unit}`,
    atLeast: (low: string, unit: string) => `${low}${unit} neu fwy`,
    atMost: (high: string, unit: string) => `hyd at ${high}${unit}`,
    allergy: 'Sylwedd heb ei gofnodi',
    problem: 'Cyflwr heb enw',
    medicine: 'Meddyginiaeth heb enw',
    result: 'Prawf heb enw',
    vaccine: 'Brechlyn heb enw',
    doubts: {
        unconfirmed: 'Heb ei gadarnhau',
        provisional: 'Ddim yn sicr eto',
        differential: 'Un o sawl posibilrwydd',
    },
    courses: { recurrence: 'Wedi dod yn ôl', relapse: 'Wedi gwaethygu eto', remission: 'Mewn gwellhad' },
    noStatus: 'Heb gofnodi sut y mae',
    statuses: {
        registered: 'Yn aros am y canlyniad',
        preliminary: 'Ddim yn derfynol eto',
        amended: 'Newidiwyd wedyn',
        corrected: 'Wedi’i gywiro',
        cancelled: 'Wedi’i ganslo',
        unknown: 'Ni wyddys sut y mae',
    },
    letter: 'Llythyr',
    support: 'Cymorth',
    wrong: 'Cofnodwyd mewn camgymeriad',
    record: 'Cofnod',
    notShown: 'Nid yw’r cofnod yn cael ei ddangos',
};

export default cy;
