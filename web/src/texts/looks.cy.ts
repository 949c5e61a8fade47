import type { Same } from './area.ts';
import type { en } from './looks.ts';

/* 'a', 'ac', 'a’ch' … as the word after it asks for, and that word as it is after it. */
function and(word: string): string {
    const joined = word
        .replace(/^eich /, 'a’ch ')
        .replace(/^eu /, 'a’u ')
        .replace(/^yr? /, 'a’r ');
    if (joined !== word) {
        return joined;
    }
    return /^[aeiouwyâêîôûŵŷ]/i.test(word) ? `ac ${word}` : `a ${word.replace(/^([cpt])(?!h)/, '$1h')}`;
}

const cy: Same<typeof en> = {
    classes: (own: boolean) => ({
        person: 'Edrychodd rhywun',
        self: own ? 'Edrychoch chi' : 'Edrychodd y claf',
        proxy: `Edrychodd rhywun sy’n gweithredu ar ${own ? 'eich' : 'eu'} rhan`,
        system: 'Gofynnodd rhaglen ohoni’i hun',
        prefetch: 'Gofynnodd rhaglen ymlaen llaw, ar gyfer rhywun nad oedd yno',
        legal: 'Dyletswydd gyfreithiol',
        'own-record': 'Edrychodd rhywun sy’n gweithio yma ar eu cofnod eu hunain',
        relative: own
            ? 'Edrychodd rhywun sy’n gweithredu ar eich rhan, neu yr ydych chi’n gweithredu ar eu rhan'
            : 'Edrychodd rhywun sy’n gweithredu ar ran y claf, neu y mae’r claf yn gweithredu ar eu rhan',
        colleague: 'Edrychodd rhywun ar gofnod cydweithiwr',
        link: `Agorodd rhywun ddolen a ${own ? 'wnaethoch chi' : 'wnaeth y claf'}`,
        erased: 'Dilëwyd geiriau’r eitem hon',
    }),
    kinds: (own: boolean) => ({
        read: 'Darllen',
        search: 'Chwilio am:',
        history: 'Darllen fersiynau cynharach o’r rhain:',
        create: 'Ychwanegu',
        update: 'Newid',
        delete: 'Dileu',
        operation: 'Darllen',
        export: `Cymryd copi o’${own ? 'ch' : 'u'} cofnod`,
        import: `Llwytho ${own ? 'eich' : 'eu'} cofnod`,
        refused: 'Ceisio edrych, a chael eu gwrthod',
        consent: `Newid pwy gaiff weld ${own ? 'eich' : 'eu'} cofnod`,
        seal: 'Selio neu ddad-selio rhan',
        override: 'Agor yr hyn a ddaliwyd yn ôl',
        claim: 'Dweud pam yr oedd rhaid edrych',
        review: 'Gwirio agoriad',
        proxy: `Newid pwy sy’n gweithredu ar ${own ? 'eich' : 'eu'} rhan`,
        token: 'Gadael ap i mewn',
        'token-revoked': 'Dod â mynediad ap i ben',
        launch: `Agor ${own ? 'eich' : 'eu'} cofnod o system arall`,
        account: own ? 'Newid sut rydych chi’n gallu mewngofnodi' : 'Newid sut maen nhw’n gallu mewngofnodi',
        erase: 'Dileu geiriau eitem o’r rhestr hon',
        asked: 'Gofyn i sefydliad arall',
        answered: 'Cael ateb gan sefydliad arall',
        gave: 'Darllen o sefydliad arall',
    }),
    types: (own: boolean) => ({
        Patient: own ? 'eich manylion' : 'eu manylion',
        Observation: 'canlyniadau profion neu fesuriadau',
        DiagnosticReport: 'adroddiadau profion',
        Condition: 'cyflyrau',
        AllergyIntolerance: 'alergeddau',
        MedicationRequest: 'meddyginiaethau',
        MedicationStatement: 'meddyginiaethau',
        MedicationDispense: 'meddyginiaethau',
        Immunization: 'brechiadau',
        Procedure: 'llawdriniaethau a thriniaethau',
        Encounter: 'ymweliadau',
        Appointment: 'apwyntiadau',
        DocumentReference: 'llythyrau a dogfennau',
        CarePlan: 'cynlluniau gofal',
        ServiceRequest: 'atgyfeiriadau a cheisiadau',
        Consent: `dewisiadau am ${own ? 'eich' : 'eu'} cofnod`,
        Communication: own ? 'negeseuon i chi' : 'negeseuon i’r claf',
        CareTeam: own ? 'timau sy’n gofalu amdanoch' : 'timau sy’n gofalu am y claf',
        RelatedPerson: 'teulu a gofalwyr',
        Task: 'tasgau i swyddog preifatrwydd',
        AuditEvent: 'y rhestr hon',
    }),
    operations: (own: boolean) => ({
        $everything: own ? 'eich cofnod' : 'eu cofnod',
        $joined: `${own ? 'eich' : 'eu'} cofnod o bob man`,
        $summary: `crynodeb o’${own ? 'ch' : 'u'} cofnod`,
        '$share-link': own ? 'yr hyn a rannoch â dolen' : 'yr hyn a rannwyd ganddynt â dolen',
        '$share-links': own ? 'eich dolenni' : 'eu dolenni',
        '$share-link-end': own ? 'dolen a wnaethoch chi' : 'dolen a wnaethant',
        places: `lle mae ${own ? 'gennych' : 'ganddynt'} gofnod`,
    }),
    purposes: (own: boolean) => ({
        TREAT: `ar gyfer ${own ? 'eich' : 'eu'} gofal`,
        ETREAT: 'mewn argyfwng',
        PATRQT: own ? 'am i chi ofyn' : 'am iddynt ofyn',
        FAMRQT: `am i’${own ? 'ch' : 'w'} teulu neu ofalwr ofyn`,
        HOPERAT: 'i redeg y gwasanaeth',
        HPAYMT: 'ar gyfer taliad',
        HRESCH: 'ar gyfer ymchwil',
        PUBHLTH: 'ar gyfer iechyd y cyhoedd',
        HLEGAL: 'am fod y gyfraith yn gofyn amdano',
        HCOMPL: 'i wirio sut y defnyddir cofnodion',
        SYSADMIN: 'i gadw’r system i redeg',
    }),
    relations: (own: boolean) => ({
        'no relationship': `nid oedd dim yma’n dweud eu bod yn gofalu ${own ? 'amdanoch' : 'am y claf'}`,
        'acts for the patient': own
            ? 'maent yn gweithredu ar eich rhan'
            : 'maent yn gweithredu ar ran y claf',
        'the patient is registered there': own
            ? 'rydych chi wedi’ch cofrestru yno'
            : 'mae’r claf wedi’i gofrestru yno',
        'the patient was referred there': own
            ? 'cawsoch eich atgyfeirio yno'
            : 'cafodd y claf ei atgyfeirio yno',
        'treats the patient, or did a short while ago': `maent yn ${own ? 'eich trin' : 'trin y claf'}, neu buont yn gwneud hynny ychydig yn ôl`,
        'in the care team': own ? 'maent yn eich tîm gofal' : 'maent yn y tîm gofal',
        'has an appointment with the patient': own
            ? 'mae gennych apwyntiad gyda nhw'
            : 'mae gan y claf apwyntiad gyda nhw',
        'the patient said so': own ? 'chi ddywedodd hynny' : 'y claf ddywedodd hynny',
        'said that it was needed, with a reason': 'dywedasant fod ei angen, gyda rheswm',
        'opened it in an emergency, with a reason': 'fe’i hagorwyd mewn argyfwng, gyda rheswm',
        'by their task': 'oherwydd eu tasg',
    }),
    reasons: {
        'best-interests': 'Mae er lles pennaf y claf',
        emergency: 'Argyfwng',
        'patient-asked': 'Gofynnodd y claf i mi',
        'handling-referral': 'Rwy’n delio ag atgyfeiriad neu gais',
        'public-interest': 'Mae’n diogelu pobl eraill',
        statute: 'Mae cyfraith yn gofyn amdano',
        'court-order': 'Gorchmynnodd llys hynny',
        other: 'Rheswm arall',
    },
    reasonsTold: (own: boolean) => ({
        'best-interests': own ? 'dyna oedd orau i chi' : 'dyna oedd orau i’r claf',
        emergency: 'roedd yn argyfwng',
        'patient-asked': own ? 'gofynnoch chi iddynt' : 'gofynnodd y claf iddynt',
        'handling-referral': 'roeddent yn delio ag atgyfeiriad',
        'public-interest': 'roedd yn diogelu pobl eraill',
        statute: 'mae cyfraith yn gofyn amdano',
        'court-order': 'gorchmynnodd llys hynny',
    }),
    somebody: 'Edrychodd rhywun',
    you: 'Chi',
    thePatient: 'Y claf',
    aProgram: 'Rhaglen',
    erased: 'Wedi’i ddileu',
    saidThey: (name: string) => `Rhywun a ddywedodd mai “${name}” ydyw`,
    notTold: 'Heb ei ddweud eto',
    noName: 'Enw heb ei nodi',
    noDay: 'Diwrnod heb ei nodi',
    times: (n: number) => `, ${n} gwaith`,
    and: (before: string, last: string) => `${before} ${and(last)}`,
    another: 'sefydliad arall',
    asked: (names: string, things: string) => `Gofyn i ${names} am: ${things}`,
    answered: (names: string, things: string) => `Cael ${things} gan ${names}`,
    gave: (things: string) => `Darllen ${things}, o sefydliad arall`,
    byLink: (link: string, own: boolean) => `Trwy ${own ? 'eich' : 'eu'} dolen “${link}”`,
    theySaid: (words: string) => `Dywedasant: ${words}`,
    columns: ['Pryd', 'Pwy', 'Rôl', 'Sefydliad', 'Pam', 'Beth', 'Math', 'Eitemau', 'Lle yn y log'],
};

export default cy;
