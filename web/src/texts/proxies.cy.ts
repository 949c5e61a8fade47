import type { Same } from './area.ts';
import type { en } from './proxies.ts';

const cy: Same<typeof en> = {
    title: (own: boolean) =>
        own ? 'Pwy sy’n gweithredu ar fy rhan' : 'Pwy sy’n gweithredu ar ran y person hwn',
    lead: (own: boolean) =>
        `Gall rhiant, gofalwr neu atwrnai wneud pethau yma ar ${own ? 'eich rhan' : 'ran y person hwn'}. Caiff pob tro y maent yn edrych ei ysgrifennu hefyd.`,
    reading: 'Yn darllen pwy sy’n gweithredu',
    list: 'Pobl sy’n gweithredu',
    nobody: (own: boolean) => `Nid oes neb yn gweithredu ar ${own ? 'eich rhan' : 'ran y person hwn'}.`,
    add: 'Gadael i rywun weithredu',
    who: 'Pwy?',
    whoHint: 'Pobl sydd wedi’u henwi yn y cofnod',
    whoMissing: 'Dewiswch pwy fydd yn gweithredu',
    noPeople:
        'Nid oes neb wedi’i enwi yn y cofnod fel perthynas neu ofalwr. Gofynnwch i’r practis ychwanegu’r person yn gyntaf.',
    may: 'Beth gânt ei wneud?',
    mayMissing: 'Dewiswch beth gânt ei wneud',
    functions: {
        view: 'Gweld y cofnod',
        book: 'Trefnu a newid apwyntiadau',
        order: 'Archebu meddyginiaethau eto',
        message: 'Ysgrifennu negeseuon',
    },
    why: 'Pam maent yn gweithredu?',
    whyMissing: 'Dewiswch pam maent yn gweithredu',
    bases: {
        carer: { label: 'Gofalwr, perthynas neu ffrind', hint: 'Am fod y person eisiau hynny' },
        parent: { label: 'Rhiant', hint: 'Ar gyfer plentyn. Daw i ben ar y pen-blwydd yn 16 oed' },
        attorney: { label: 'Atwrnai', hint: 'Trwy atwrneiaeth arhosol ar gyfer iechyd' },
        deputy: { label: 'Dirprwy', hint: 'Wedi’i enwi gan lys' },
    },
    addDo: 'Gadael iddynt weithredu',
    added: 'Gallant weithredu nawr',
    end: 'Dod â hyn i ben',
    endQuestion: (name: string) => `Dod â hyn i ben ar gyfer ${name}?`,
    endWords: 'Mae’n stopio ar unwaith.',
    endDo: 'Dod ag ef i ben',
    keep: 'Ei gadw',
    ended: (name: string, own: boolean) =>
        `Nid yw ${name} yn gweithredu ar ${own ? 'eich' : 'eu'} rhan mwyach`,
};

export default cy;
