import type { Same } from './area.ts';
import type { en } from './home.ts';

const cy: Same<typeof en> = {
    hello: (name: string) => (name ? `Helo, ${name}` : 'Helo'),
    recordOf: (name: string) => `Cofnod ${name}`,
    newTitle: 'Newydd ers i chi edrych ddiwethaf',
    lastLooked: (when: string) => `Edrychoch ddiwethaf ar ${when}.`,
    nothingNew: 'Nid oes dim newydd wedi dod ers hynny.',
    latest: 'Y diweddaraf yn eich cofnod',
    latestTheirs: 'Y diweddaraf yn y cofnod',
    allNew: 'Gweld popeth ar y llinell amser',
    emptyTitle: 'Nid oes dim wedi’i gofnodi eto',
    empty: 'Pan fydd rhywun sy’n gofalu amdanoch yn ysgrifennu rhywbeth, fe’i gwelwch yma.',
    todo: 'I chi wybod',
    waiting: (count: number) =>
        count === 1 ? 'Mae un cais yn aros am ateb' : `Mae ${count} cais yn aros am ateb`,
    offered: (when: string) => `Cynigiwyd apwyntiad i chi ar ${when}`,
    allergies: 'Alergeddau',
    cards: 'Eich cofnod',
    cardsTheirs: 'Y cofnod',
    reading: 'Yn darllen',
    appointment: 'Apwyntiad nesaf',
    noAppointment: 'Nid oes apwyntiad wedi’i drefnu.',
    results: 'Canlyniadau profion',
    noResults: 'Nid oes canlyniadau eto.',
    newest: (what: string, when: string) =>
        when ? `Diweddaraf: ${what}, ${when}` : `Diweddaraf: ${what}`,
    medicines: 'Meddyginiaethau',
    medicinesNow: (count: number) => `${count} meddyginiaeth nawr`,
    noMedicines: 'Dim meddyginiaethau nawr.',
    letters: 'Llythyrau a dogfennau',
    noLetters: 'Nid oes llythyrau eto.',
    messages: 'Negeseuon a cheisiadau',
    noMessages: 'Nid oes negeseuon eto.',
    looked: 'Pwy edrychodd',
    lookedBy: (name: string, when: string) => `${name}, ${when}`,
    nobodyLooked: 'Nid oes neb arall wedi edrych yn ddiweddar.',
    lookedUnknown: 'Gweld pwy sydd wedi edrych ar y cofnod hwn.',
    hidden: (kind: string) => `${kind}: agorwch i weld beth mae’n ei ddweud`,
};

export default cy;
