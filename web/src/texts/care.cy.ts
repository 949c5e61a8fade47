import type { Same } from './area.ts';
import type { en } from './care.ts';

const cy: Same<typeof en> = {
    title: 'Gofal a chymorth',
    lead: 'Eich cynlluniau, y cymorth sydd wedi’i drefnu i chi, a’r bobl sy’n ei roi.',
    support: 'Cymorth sydd wedi’i drefnu',
    noSupport: 'Nid oes cymorth gartref nac yn eich bywyd bob dydd wedi’i drefnu yn y cofnod hwn.',
    noSupportStaff: 'Nid oes gofal cymdeithasol wedi’i drefnu yn y cofnod hwn.',
    plans: 'Cynlluniau',
    noPlans: 'Nid oes cynllun gofal yn y cofnod hwn nawr.',
    past: (n: number) => `${n} cynllun o’r blaen`,
    teams: 'Pobl sy’n gofalu amdanoch',
    teamsStaff: 'Tîm gofal',
    noTeams: 'Nid oes tîm gofal wedi’i enwi yn y cofnod hwn.',
    contacts: 'Pobl i gysylltu â nhw',
    noContacts: 'Nid oes neb i gysylltu â nhw wedi’i enwi yn y cofnod hwn.',
    addContactStaff: 'Ychwanegu cyswllt neu ofalwr',
    changeContact: 'Newid',
    carer: 'Yn gofalu amdanynt, yn ddi-dâl',
    carerYou: 'Yn gofalu amdanoch',
    addContact: 'Ychwanegu rhywun yn “Fy nghofnodion fy hun”',

    often: 'Pa mor aml',
    who: 'Pwy',
    from: 'O ba bryd',
    untilNow: (from: string) => `${from}, hyd nes y clywch yn wahanol`,
    ongoing: 'Heb ei ddweud',
    since: (day: string) => `o ${day}`,
    fromTo: (from: string, to: string) => `${from} i ${to}`,
    onHold: 'Wedi’i ohirio',

    goals: 'Beth rydych chi ei eisiau',
    goalsStaff: 'Nodau',
    ownWords: 'Yng ngeiriau’r person ei hun',
    due: (day: string) => `erbyn ${day}`,
    steps: 'Beth sy’n digwydd',
    planBy: (by: string, from: string, until: string) =>
        [by && `Gwnaed gyda ${by}`, from && `o ${from}`, until && `hyd ${until}`].filter(Boolean).join(', '),
    states: {
        'not-started': 'Heb ddechrau eto',
        scheduled: 'Wedi’i gynllunio',
        'in-progress': 'Yn digwydd nawr',
        'on-hold': 'Wedi’i ohirio',
        completed: 'Wedi’i wneud',
        cancelled: 'Wedi’i ganslo',
        stopped: 'Wedi’i stopio',
        revoked: 'Wedi’i stopio',
    },
    reached: 'Wedi’i gyrraedd',

    by: 'Ysgrifennwyd gan y claf',
    byYou: 'Ysgrifennwyd gennych chi',
    emergency: 'Ffonio mewn argyfwng',

    days: {
        mon: 'dydd Llun',
        tue: 'dydd Mawrth',
        wed: 'dydd Mercher',
        thu: 'dydd Iau',
        fri: 'dydd Gwener',
        sat: 'dydd Sadwrn',
        sun: 'dydd Sul',
    },
    and: 'a',
    each: { h: 'Bob awr', d: 'Bob dydd', wk: 'Bob wythnos', mo: 'Bob mis', a: 'Bob blwyddyn' },
    every: (n: number, unit: string) => `Bob ${n} ${({ h: 'awr', d: 'diwrnod', wk: 'wythnos', mo: 'mis', a: 'blynedd' } as Record<string, string>)[unit] ?? unit}`,
    times: (n: number, unit: string) =>
        `${n === 2 ? 'Dwywaith' : `${n} gwaith`} ${({ h: 'yr awr', d: 'y dydd', wk: 'yr wythnos', mo: 'y mis', a: 'y flwyddyn' } as Record<string, string>)[unit] ?? unit}`,
    at: (times: string) => `am ${times}`,
    everyDay: (days: string) => `Bob ${days}`,
    on: (days: string) => `ar ${days}`,
    long: (minutes: number) => (minutes % 60 === 0 ? `am ${minutes / 60} awr` : `am ${minutes} munud`),
};

export default cy;
