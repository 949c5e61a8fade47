/* Every entry of a record as one line of a timeline: when, what kind, what, how it stands. */
import { readsPlain, sortTime, yearOf } from './dates.ts';
import {
    bodySite,
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
import { plainTitle } from './lay.ts';
import { medicineName, reasonOf, RecordIndex, wrong } from './record.ts';
import { observationDate } from './series.ts';
import { sourceLine } from './source.ts';
import { timelineTexts, type en } from '../texts/timeline.ts';
import { dosage, observationValue } from './values.ts';

export type Kind = keyof typeof en.kinds;

export interface Entry {
    res: Resource;
    kind: Kind; /* the filter it falls under */
    title: string;
    detail: string;
    status: string; /* worth saying; '' when as expected */
    start: string;
    end: string;
    time: number;
    year: number; /* NaN: no date recorded */
    wrong: boolean;
}

const KINDS: [Kind, string[]][] = [
    ['visits', ['Encounter', 'EpisodeOfCare']],
    ['appointments', ['Appointment', 'AppointmentResponse']],
    [
        'conditions',
        [
            'Condition',
            'ClinicalImpression',
            'FamilyMemberHistory',
            'RiskAssessment',
            'AdverseEvent',
            'DetectedIssue',
        ],
    ],
    ['allergies', ['AllergyIntolerance']],
    [
        'medicines',
        [
            'MedicationRequest',
            'MedicationStatement',
            'MedicationDispense',
            'MedicationAdministration',
            'NutritionOrder',
        ],
    ],
    ['results', ['Observation', 'Specimen', 'MolecularSequence']],
    ['reports', ['DiagnosticReport']],
    ['procedures', ['Procedure']],
    ['vaccinations', ['Immunization', 'ImmunizationRecommendation', 'ImmunizationEvaluation']],
    ['documents', ['DocumentReference', 'DocumentManifest', 'Composition', 'List']],
    [
        'requests',
        ['ServiceRequest', 'RequestGroup', 'DeviceRequest', 'SupplyRequest', 'VisionPrescription'],
    ],
    ['plans', ['CarePlan', 'CareTeam', 'Goal']],
    ['forms', ['QuestionnaireResponse']],
    ['images', ['ImagingStudy', 'Media', 'BodyStructure']],
    ['alerts', ['Flag']],
    ['choices', ['Consent']],
    ['messages', ['Task', 'Communication', 'CommunicationRequest']],
    ['equipment', ['Device', 'DeviceUseStatement', 'SupplyDelivery']],
    [
        'money',
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
    ['people', ['RelatedPerson', 'Person', 'Group']],
];
export const KIND_ORDER: Kind[] = [...KINDS.map(([kind]) => kind), 'other'];
const RANK = new Map(KIND_ORDER.map((kind, at): [Kind, number] => [kind, at]));
const KIND_OF = new Map<string, Kind>(
    KINDS.flatMap(([kind, types]) => types.map((t): [string, Kind] => [t, kind])),
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

/* What a thing is called: by its plain name for patients, where the words have been fetched. */
export const called = (concept: Concept | undefined): string =>
    readsPlain() ? plainTitle(concept) : title(concept);

interface Said {
    title: string;
    detail?: string;
    start?: string;
    end?: string;
    status?: string;
}

/* What a choice or a permission of Kith's kinds is; others have words of their own. */
const kindOf = (consent: Resource): string =>
    list<Concept>(consent.category)
        .flatMap((c) => list<any>(c.coding))
        .find((c) => c.system === 'https://kith.care/fhir/CodeSystem/consent-kind')?.code ?? '';

const readers: Record<string, (r: Resource, index: RecordIndex) => Said> = {
    Encounter: (r, index) => ({
        title:
            title(list<Concept>(r.type)[0]) ||
            title(r.serviceType) ||
            visitWords(r.class?.code ?? '') ||
            unnamed(r),
        detail: [visitWords(r.class?.code ?? '') || r.class?.display, reasonOf(index, r)]
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
            unnamed(r),
        detail: reasonOf(index, r),
        start: r.start ?? list<any>(r.requestedPeriod)[0]?.start ?? r.created,
        end: r.end,
        status: r.status,
    }),
    Condition: (r) => ({
        title: called(r.code) || unnamed(r),
        detail: [statusWords(statusCode(r.clinicalStatus)), title(r.severity)]
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
        title: called(r.code) || unnamed(r),
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
            title: called(r.code) || unnamed(r),
            detail: v.text,
            start: observationDate(r),
        };
    },
    DiagnosticReport: (r, index) => ({
        title: called(r.code) || unnamed(r),
        detail:
            r.conclusion ||
            list<Ref>(r.result)
                .slice(0, 4)
                .map((x) => index.find(x, r))
                .map((o) =>
                    o ? [called(o.code), observationValue(o).text].filter(Boolean).join(': ') : '',
                )
                .filter(Boolean)
                .join('; ') +
                (list(r.result).length > 4 ? `; ${timelineTexts().andMore(list(r.result).length - 4)}` : ''),
        start: r.effectiveDateTime ?? r.effectivePeriod?.start ?? r.issued,
    }),
    Procedure: (r, index) => ({
        title: called(r.code) || unnamed(r),
        detail: [reasonOf(index, r), title(r.outcome)].filter(Boolean).join('; '),
        start: r.performedDateTime ?? r.performedPeriod?.start,
        end: r.performedPeriod?.end,
    }),
    Immunization: (r) => ({
        title: called(r.vaccineCode) || unnamed(r),
        detail: [r.occurrenceString, r.lotNumber ? timelineTexts().batch(String(r.lotNumber)) : '', bodySite(r.site)]
            .filter(Boolean)
            .join(', '),
        start: r.occurrenceDateTime ?? r.recorded,
    }),
    DocumentReference: (r) => ({
        title:
            r.description ||
            attachmentTitle(list<any>(r.content)[0]?.attachment) ||
            title(r.type) ||
            unnamed(r),
        detail: r.description
            ? title(r.type)
            : list<Concept>(r.category)
                  .map(title)
                  .filter((t) => t !== title(r.type))
                  .join(', '),
        start: r.context?.period?.start ?? r.date,
    }),
    Composition: (r) => ({
        title: r.title || title(r.type) || unnamed(r),
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
        detail: timelineTexts().dispensed,
        start: r.whenHandedOver ?? r.whenPrepared,
    }),
    MedicationAdministration: (r, index) => ({
        title: medicineName(index, r),
        detail: timelineTexts().given,
        start: r.effectiveDateTime ?? r.effectivePeriod?.start,
    }),
    CarePlan: (r) => ({
        title:
            r.title ||
            list<Concept>(r.category)
                .map(title)
                .filter((t) => t && t !== 'assess-plan')
                .join(', ') ||
            unnamed(r),
        detail: list<any>(r.activity)
            .map((a) => title(a.detail?.code))
            .filter(Boolean)
            .join(', '),
        start: r.period?.start ?? r.created,
        end: r.period?.end,
    }),
    CareTeam: (r, index) => ({
        title: r.name || unnamed(r),
        detail: list<any>(r.participant)
            .map((p) => index.name(p.member, r))
            .filter(Boolean)
            .join(', '),
        start: r.period?.start,
        end: r.period?.end,
    }),
    Goal: (r) => ({
        title: title(r.description) || unnamed(r),
        start: r.startDate ?? r.statusDate,
        status: r.lifecycleStatus,
    }),
    ServiceRequest: (r, index) => ({
        title: called(r.code) || title(list<Concept>(r.category)[0]) || unnamed(r),
        detail: reasonOf(index, r),
        start: r.authoredOn ?? r.occurrenceDateTime ?? r.occurrencePeriod?.start,
    }),
    QuestionnaireResponse: (r, index) => ({
        title:
            index.names.get(r.questionnaire) ||
            list<any>(r._questionnaire?.extension).find((e) => e.valueString)?.valueString ||
            list<any>(r.item)[0]?.text ||
            unnamed(r),
        detail: timelineTexts().answers(countAnswers(r)),
        start: r.authored,
    }),
    ImagingStudy: (r) => ({
        title: r.description || title(list<Concept>(r.procedureCode)[0]) || unnamed(r),
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
    Flag: (r) => ({ title: called(r.code) || unnamed(r), start: r.period?.start, end: r.period?.end }),
    Consent: (r) => ({
        title:
            (timelineTexts().consents as Record<string, string>)[kindOf(r)] ??
            (list<Concept>(r.category).map(title)[0] || unnamed(r)),
        detail: [
            r.provision?.type === 'deny'
                ? timelineTexts().refused
                : r.provision?.type
                  ? timelineTexts().allowed
                  : '',
            ...list<any>(r.provision?.actor).map((a) => a.reference?.display),
        ]
            .filter(Boolean)
            .join(': '),
        start: r.dateTime,
    }),
    Task: (r) => ({
        title: called(r.code) || r.description || unnamed(r),
        detail: r.description,
        start: r.authoredOn ?? r.executionPeriod?.start,
        status: r.status,
    }),
    Communication: (r) => ({
        title: title(r.topic) || unnamed(r),
        detail: list<any>(r.payload)[0]?.contentString,
        start: r.sent ?? r.received,
    }),
    Device: (r) => ({
        title: title(r.type) || list<any>(r.deviceName)[0]?.name || unnamed(r),
        detail: '',
        start: r.manufactureDate,
    }),
    SupplyDelivery: (r) => ({
        title: title(r.suppliedItem?.itemCodeableConcept) || unnamed(r),
        detail: timelineTexts().delivered,
        start: r.occurrenceDateTime ?? r.occurrencePeriod?.start,
    }),
    Claim: (r) => ({
        title: title(list<any>(r.item)[0]?.productOrService) || unnamed(r),
        detail: timelineTexts().claim,
        start: r.billablePeriod?.start ?? r.created,
    }),
    ExplanationOfBenefit: (r) => ({
        title: title(list<any>(r.item)[0]?.productOrService) || unnamed(r),
        detail: timelineTexts().payment,
        start: r.billablePeriod?.start ?? r.created,
    }),
    RelatedPerson: (r, index) => ({
        title: index.name({ reference: `RelatedPerson/${r.id}` }) || unnamed(r),
        detail: list<Concept>(r.relationship).map(title).join(', '),
        start: r.period?.start,
        end: r.period?.end,
    }),
};

/* 'AMB' → 'At a clinic or surgery' */
export const visitWords = (code: string): string =>
    (timelineTexts().visits as Record<string, string>)[code] ?? '';

const unnamed = (r: Resource): string =>
    (timelineTexts().unnamed as Record<string, string>)[r.resourceType] ?? typeWords(r.resourceType);

/* A status of FHIR as people say it. */
export const statusWords = (code: string | undefined): string =>
    (timelineTexts().status as Record<string, string>)[code ?? ''] ?? sentence(code);

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

export function entryOf(r: Resource, index: RecordIndex): Entry {
    let said: Said;
    try {
        said = (readers[r.resourceType] ?? anything)(r, index);
    } catch {
        said = {
            title: timelineTexts().unreadable,
        };
    }
    const start = typeof said.start === 'string' ? said.start : '';
    const status = said.status ?? (typeof r.status === 'string' ? r.status : '');
    const isWrong = wrong(r);
    return {
        res: r,
        kind: KIND_OF.get(r.resourceType) ?? 'other',
        title: String(said.title),
        detail: typeof said.detail === 'string' ? said.detail : '',
        status: isWrong ? timelineTexts().wrong : EXPECTED.has(status) ? '' : statusWords(status),
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
        .map((r) => entryOf(r, index))
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
                title(e.res.code ?? e.res.vaccineCode),
                e.detail,
                timelineTexts().kinds[e.kind],
                e.status,
                typeWords(e.res.resourceType),
                sourceLine(index, e.res),
                index.aboutOf(e.res).place,
            ].join(' '),
        );
        haystacks.set(e, hay);
    }
    return foldedWords.every((w) => hay.includes(w));
}
