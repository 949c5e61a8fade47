/* Every entry of a record as one line of a timeline: when, what kind, what, how it stands. */
import { sortTime, yearOf } from './dates.ts';
import {
    list,
    plain,
    sentence,
    statusCode,
    title,
    typeWords,
    type Concept,
    type Ref,
    type Resource,
} from './fhir.ts';
import { medicineName, observationDate, reasonOf, RecordIndex, wrong } from './record.ts';
import { sourceLine } from './source.ts';
import { dosage, observationValue } from './values.ts';

export interface Entry {
    res: Resource;
    kind: string; /* the filter it falls under */
    title: string;
    detail: string;
    status: string; /* worth saying; '' when as expected */
    start: string;
    end: string;
    time: number;
    year: number; /* NaN: no date recorded */
    wrong: boolean;
}

const KINDS: [string, string[]][] = [
    ['Visits and contacts', ['Encounter', 'EpisodeOfCare']],
    ['Appointments', ['Appointment', 'AppointmentResponse']],
    [
        'Problems',
        [
            'Condition',
            'ClinicalImpression',
            'FamilyMemberHistory',
            'RiskAssessment',
            'AdverseEvent',
            'DetectedIssue',
        ],
    ],
    ['Allergies', ['AllergyIntolerance']],
    [
        'Medicines',
        [
            'MedicationRequest',
            'MedicationStatement',
            'MedicationDispense',
            'MedicationAdministration',
            'NutritionOrder',
        ],
    ],
    ['Results', ['Observation', 'Specimen', 'MolecularSequence']],
    ['Reports', ['DiagnosticReport']],
    ['Procedures', ['Procedure']],
    ['Vaccinations', ['Immunization', 'ImmunizationRecommendation', 'ImmunizationEvaluation']],
    ['Documents', ['DocumentReference', 'DocumentManifest', 'Composition', 'List']],
    [
        'Referrals and requests',
        ['ServiceRequest', 'RequestGroup', 'DeviceRequest', 'SupplyRequest', 'VisionPrescription'],
    ],
    ['Care plans', ['CarePlan', 'CareTeam', 'Goal']],
    ['Forms', ['QuestionnaireResponse']],
    ['Images', ['ImagingStudy', 'Media', 'BodyStructure']],
    ['Alerts and consents', ['Flag', 'Consent']],
    ['Tasks and messages', ['Task', 'Communication', 'CommunicationRequest']],
    ['Equipment', ['Device', 'DeviceUseStatement', 'SupplyDelivery']],
    [
        'Budgets and claims',
        [
            'Account',
            'ChargeItem',
            'Claim',
            'ClaimResponse',
            'Coverage',
            'CoverageEligibilityRequest',
            'CoverageEligibilityResponse',
            'ExplanationOfBenefit',
            'Invoice',
            'PaymentNotice',
            'Contract',
            'EnrollmentRequest',
        ],
    ],
    ['People', ['RelatedPerson', 'Person', 'Group']],
];
export const KIND_ORDER: string[] = [...KINDS.map(([kind]) => kind), 'Other'];
const RANK = new Map(KIND_ORDER.map((kind, at): [string, number] => [kind, at]));
const KIND_OF = new Map<string, string>(
    KINDS.flatMap(([kind, types]) => types.map((t): [string, string] => [t, kind])),
);

/* Not things that happened to the person: the person, those who act, and records about records. */
const NOT_SHOWN = new Set([
    'Patient',
    'Practitioner',
    'PractitionerRole',
    'Organization',
    'Location',
    'HealthcareService',
    'Medication',
    'Substance',
    'Provenance',
    'AuditEvent',
    'Binary',
    'OperationOutcome',
    'Questionnaire',
    'Bundle',
    'Schedule',
    'Slot',
    'Endpoint',
]);

const EXPECTED = new Set([
    'active',
    'completed',
    'final',
    'finished',
    'current',
    'available',
    'booked',
    'fulfilled',
    'arrived',
    'confirmed',
    'accepted',
    'issued',
    'preparation',
    'in-progress-complete',
]);

const attachmentTitle = (a: any): string => a?.title ?? '';

interface Said {
    title: string;
    detail?: string;
    start?: string;
    end?: string;
    status?: string;
}

/* What a choice or a permission of Kith's kinds is called; others have words of their own. */
const CONSENT_WORDS: Record<string, string> = {
    sharing: 'A choice about who may see the record',
    grant: 'A permission to see the record',
    override: 'The record was opened in an emergency',
    claim: 'Somebody said that they need to see the record',
    proxy: 'A permission to act for the person',
    home: 'A choice of who brings the record together',
};
const kindOf = (consent: Resource): string =>
    list<Concept>(consent.category)
        .flatMap((c) => list<any>(c.coding))
        .find((c) => c.system === 'https://kith.care/fhir/CodeSystem/consent-kind')?.code ?? '';

const readers: Record<string, (r: Resource, index: RecordIndex) => Said> = {
    Encounter: (r, index) => ({
        title:
            title(list<Concept>(r.type)[0]) ||
            title(r.serviceType) ||
            CLASS_WORDS[r.class?.code ?? ''] ||
            'Visit',
        detail: [CLASS_WORDS[r.class?.code ?? ''] ?? r.class?.display, reasonOf(index, r)]
            .filter(Boolean)
            .join(': '),
        start: r.period?.start,
        end: r.period?.end,
    }),
    Appointment: (r, index) => ({
        title:
            r.description ||
            title(list<Concept>(r.serviceType)[0]) ||
            title(list<Concept>(r.specialty)[0]) ||
            'Appointment',
        detail: reasonOf(index, r),
        start: r.start ?? list<any>(r.requestedPeriod)[0]?.start ?? r.created,
        end: r.end,
        status: r.status,
    }),
    Condition: (r) => ({
        title: title(r.code) || 'Problem not named',
        detail: [sentence(statusCode(r.clinicalStatus)), title(r.severity)]
            .filter(Boolean)
            .join(', '),
        start: r.onsetDateTime ?? r.onsetPeriod?.start ?? r.recordedDate,
        end: r.abatementDateTime ?? r.abatementPeriod?.end,
        status: ['refuted', 'unconfirmed', 'provisional', 'differential'].includes(
            statusCode(r.verificationStatus),
        )
            ? statusCode(r.verificationStatus)
            : '',
    }),
    AllergyIntolerance: (r) => ({
        title: title(r.code) || 'Substance not recorded',
        detail: list<any>(r.reaction)
            .flatMap((x) => list<Concept>(x.manifestation).map(title))
            .join(', '),
        start: r.onsetDateTime ?? r.recordedDate,
        status:
            statusCode(r.verificationStatus) === 'refuted'
                ? 'refuted'
                : statusCode(r.clinicalStatus),
    }),
    Observation: (r) => {
        const v = observationValue(r);
        return {
            title: title(r.code) || 'Observation not named',
            detail: v.text,
            start: observationDate(r),
        };
    },
    DiagnosticReport: (r, index) => ({
        title: title(r.code) || 'Report',
        detail:
            r.conclusion ||
            list<Ref>(r.result)
                .slice(0, 4)
                .map((x) => index.find(x, r))
                .map((o) =>
                    o ? [title(o.code), observationValue(o).text].filter(Boolean).join(': ') : '',
                )
                .filter(Boolean)
                .join('; ') +
                (list(r.result).length > 4 ? `; and ${list(r.result).length - 4} more` : ''),
        start: r.effectiveDateTime ?? r.effectivePeriod?.start ?? r.issued,
    }),
    Procedure: (r, index) => ({
        title: title(r.code) || 'Procedure not named',
        detail: [reasonOf(index, r), title(r.outcome)].filter(Boolean).join('; '),
        start: r.performedDateTime ?? r.performedPeriod?.start,
        end: r.performedPeriod?.end,
    }),
    Immunization: (r) => ({
        title: title(r.vaccineCode) || 'Vaccine not named',
        detail: [r.occurrenceString, r.lotNumber ? `batch ${r.lotNumber}` : '', title(r.site)]
            .filter(Boolean)
            .join(', '),
        start: r.occurrenceDateTime ?? r.recorded,
    }),
    DocumentReference: (r) => ({
        title:
            r.description ||
            attachmentTitle(list<any>(r.content)[0]?.attachment) ||
            title(r.type) ||
            'Document',
        detail: r.description
            ? title(r.type)
            : list<Concept>(r.category)
                  .map(title)
                  .filter((t) => t !== title(r.type))
                  .join(', '),
        start: r.context?.period?.start ?? r.date,
    }),
    Composition: (r) => ({
        title: r.title || title(r.type) || 'Document',
        detail: list<any>(r.section)
            .map((s) => s.title)
            .filter(Boolean)
            .join(', '),
        start: r.date,
    }),
    MedicationRequest: (r, index) => ({
        title: medicineName(index, r),
        detail: [dosage(r), reasonOf(index, r)].filter(Boolean).join('; '),
        start: r.authoredOn,
    }),
    MedicationStatement: (r, index) => ({
        title: medicineName(index, r),
        detail: dosage(r),
        start: r.effectiveDateTime ?? r.effectivePeriod?.start ?? r.dateAsserted,
        end: r.effectivePeriod?.end,
    }),
    MedicationDispense: (r, index) => ({
        title: medicineName(index, r),
        detail: 'Dispensed',
        start: r.whenHandedOver ?? r.whenPrepared,
    }),
    MedicationAdministration: (r, index) => ({
        title: medicineName(index, r),
        detail: 'Given',
        start: r.effectiveDateTime ?? r.effectivePeriod?.start,
    }),
    CarePlan: (r) => ({
        title:
            r.title ||
            list<Concept>(r.category)
                .map(title)
                .filter((t) => t && t !== 'assess-plan')
                .join(', ') ||
            'Care plan',
        detail: list<any>(r.activity)
            .map((a) => title(a.detail?.code))
            .filter(Boolean)
            .join(', '),
        start: r.period?.start ?? r.created,
        end: r.period?.end,
    }),
    CareTeam: (r, index) => ({
        title: r.name || 'Care team',
        detail: list<any>(r.participant)
            .map((p) => index.name(p.member, r))
            .filter(Boolean)
            .join(', '),
        start: r.period?.start,
        end: r.period?.end,
    }),
    Goal: (r) => ({
        title: title(r.description) || 'Goal',
        start: r.startDate ?? r.statusDate,
        status: r.lifecycleStatus,
    }),
    ServiceRequest: (r, index) => ({
        title: title(r.code) || title(list<Concept>(r.category)[0]) || 'Request',
        detail: reasonOf(index, r),
        start: r.authoredOn ?? r.occurrenceDateTime ?? r.occurrencePeriod?.start,
    }),
    QuestionnaireResponse: (r, index) => ({
        title:
            index.names.get(r.questionnaire) ||
            list<any>(r._questionnaire?.extension).find((e) => e.valueString)?.valueString ||
            list<any>(r.item)[0]?.text ||
            'Form',
        detail: countAnswers(r) === 1 ? '1 answer' : `${countAnswers(r)} answers`,
        start: r.authored,
    }),
    ImagingStudy: (r) => ({
        title: r.description || title(list<Concept>(r.procedureCode)[0]) || 'Images',
        detail: [
            ...new Set(
                list<any>(r.series).map((s) =>
                    [s.modality?.display ?? s.modality?.code, s.bodySite?.display]
                        .filter(Boolean)
                        .map(plain)
                        .join(', '),
                ),
            ),
        ].join('; '),
        start: r.started,
    }),
    Flag: (r) => ({ title: title(r.code) || 'Alert', start: r.period?.start, end: r.period?.end }),
    Consent: (r) => ({
        title: CONSENT_WORDS[kindOf(r)] ?? (list<Concept>(r.category).map(title)[0] || 'Consent'),
        detail: [
            r.provision?.type === 'deny' ? 'Refused' : r.provision?.type ? 'Allowed' : '',
            ...list<any>(r.provision?.actor).map((a) => a.reference?.display),
        ]
            .filter(Boolean)
            .join(': '),
        start: r.dateTime,
    }),
    Task: (r) => ({
        title: title(r.code) || r.description || 'Task',
        detail: r.description,
        start: r.authoredOn ?? r.executionPeriod?.start,
        status: r.status,
    }),
    Communication: (r) => ({
        title: title(r.topic) || 'Message',
        detail: list<any>(r.payload)[0]?.contentString,
        start: r.sent ?? r.received,
    }),
    Device: (r) => ({
        title: title(r.type) || list<any>(r.deviceName)[0]?.name || 'Device',
        detail: '',
        start: r.manufactureDate,
    }),
    SupplyDelivery: (r) => ({
        title: title(r.suppliedItem?.itemCodeableConcept) || 'Supply',
        detail: 'Delivered',
        start: r.occurrenceDateTime ?? r.occurrencePeriod?.start,
    }),
    Claim: (r) => ({
        title: title(list<any>(r.item)[0]?.productOrService) || 'Claim',
        detail: 'Claim',
        start: r.billablePeriod?.start ?? r.created,
    }),
    ExplanationOfBenefit: (r) => ({
        title: title(list<any>(r.item)[0]?.productOrService) || 'Payment',
        detail: 'Payment of a claim',
        start: r.billablePeriod?.start ?? r.created,
    }),
    RelatedPerson: (r, index) => ({
        title: index.name({ reference: `RelatedPerson/${r.id}` }) || 'Related person',
        detail: list<Concept>(r.relationship).map(title).join(', '),
        start: r.period?.start,
        end: r.period?.end,
    }),
};

const CLASS_WORDS: Record<string, string> = {
    AMB: 'Outpatient or surgery',
    EMER: 'Emergency',
    IMP: 'Hospital stay',
    ACUTE: 'Hospital stay',
    NONAC: 'Hospital stay',
    SS: 'Short stay',
    HH: 'Home visit',
    VR: 'Remote (telephone or video)',
    OBSENC: 'Observation',
    PRENC: 'Before admission',
    FLD: 'In the field',
};

function countAnswers(r: Resource): number {
    let n = 0;
    const stack = list<any>(r.item).slice();
    while (stack.length) {
        const item = stack.pop();
        n += list(item?.answer).length;
        stack.push(...list<any>(item?.item));
    }
    return n;
}

const ANY_DATE = [
    'effectiveDateTime',
    'occurrenceDateTime',
    'performedDateTime',
    'date',
    'authoredOn',
    'created',
    'issued',
    'recordedDate',
    'recorded',
    'sent',
    'start',
];

function anything(r: Resource): Said {
    return {
        title:
            r.title ||
            title(r.code) ||
            title(list<Concept>(r.type)[0]) ||
            title(list<Concept>(r.category)[0]) ||
            r.description ||
            typeWords(r.resourceType),
        start: ANY_DATE.map((f) => r[f]).find((v) => typeof v === 'string') ?? r.period?.start,
        end: r.period?.end,
    };
}

function entry(r: Resource, index: RecordIndex): Entry {
    let said: Said;
    try {
        said = (readers[r.resourceType] ?? anything)(r, index);
    } catch {
        said = {
            title: `${typeWords(r.resourceType)} that could not be read: open the raw record`,
        };
    }
    const start = typeof said.start === 'string' ? said.start : '';
    const status = said.status ?? (typeof r.status === 'string' ? r.status : '');
    const isWrong = wrong(r);
    return {
        res: r,
        kind: KIND_OF.get(r.resourceType) ?? 'Other',
        title: String(said.title),
        detail: typeof said.detail === 'string' ? said.detail : '',
        status: isWrong ? 'Entered in error' : EXPECTED.has(status) ? '' : sentence(status),
        start,
        end: typeof said.end === 'string' ? said.end : '',
        time: sortTime(start),
        year: yearOf(start),
        wrong: isWrong,
    };
}

export const shown = (index: RecordIndex): Resource[] =>
    index.all.filter((r) => !NOT_SHOWN.has(r.resourceType));

/* Newest first; what has no date comes last. */
export function timeline(index: RecordIndex): Entry[] {
    const when = (e: Entry) => (Number.isNaN(e.time) ? -Infinity : e.time);
    return shown(index)
        .map((r) => entry(r, index))
        .sort((a, b) => {
            const x = when(a);
            const y = when(b);
            return x === y
                ? RANK.get(a.kind)! - RANK.get(b.kind)! ||
                      (a.title < b.title ? -1 : a.title > b.title ? 1 : 0)
                : y - x;
        });
}

const LETTERS: Record<string, string> = {
    ø: 'o',
    æ: 'ae',
    œ: 'oe',
    ß: 'ss',
    đ: 'd',
    ð: 'd',
    ł: 'l',
    ı: 'i',
    þ: 'th',
};

/* Every word must occur somewhere in the entry or its source; case and accents do not matter. */
export function fold(text: string): string {
    const lower = text.toLowerCase();
    if (/^[\x00-\x7f]*$/.test(lower)) {
        return lower;
    }
    return lower
        .normalize('NFD')
        .replace(/\p{M}+/gu, '')
        .replace(/[øæœßđðłıþ]/g, (c) => LETTERS[c]!);
}

const haystacks = new WeakMap<Entry, string>();

export function matches(e: Entry, index: RecordIndex, foldedWords: string[]): boolean {
    if (foldedWords.length === 0) {
        return true;
    }
    let hay = haystacks.get(e);
    if (hay === undefined) {
        hay = fold(
            [
                e.title,
                e.detail,
                e.kind,
                e.status,
                typeWords(e.res.resourceType),
                sourceLine(index, e.res),
            ].join(' '),
        );
        haystacks.set(e, hay);
    }
    return foldedWords.every((w) => hay.includes(w));
}

export interface Year {
    year: number;
    label: string;
    entries: Entry[];
}

export function byYear(entries: Entry[]): Year[] {
    const out: Year[] = [];
    for (const e of entries) {
        const label = Number.isNaN(e.year) ? 'No date recorded' : String(e.year);
        const last = out[out.length - 1];
        if (last?.label === label) {
            last.entries.push(e);
        } else {
            out.push({ year: e.year, label, entries: [e] });
        }
    }
    return out;
}

export function kindCounts(entries: Entry[]): [string, number][] {
    const counts = new Map<string, number>();
    for (const e of entries) {
        counts.set(e.kind, (counts.get(e.kind) ?? 0) + 1);
    }
    return KIND_ORDER.filter((k) => counts.has(k)).map((k): [string, number] => [
        k,
        counts.get(k)!,
    ]);
}
