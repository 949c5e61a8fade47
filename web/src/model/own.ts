/*
 * Entries that people write themselves: which kinds there are, and what each is in codes. What may
 * stand in such an entry is the node's to say: docs/policy.md, "Own entries".
 */
import { hasCode, list, type Concept, type Resource } from './fhir.ts';

export const LOINC = 'http://loinc.org';
export const SNOMED = 'http://snomed.info/sct';
export const HL7 = 'http://terminology.hl7.org/CodeSystem';
export const KITH = 'https://kith.care/fhir/CodeSystem';
export const UKCORE = 'https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation';

export const coded = (text: string, ...codings: [string, string, string][]): Concept => ({
    coding: codings.map(([system, code, display]) => ({ system, code, display })),
    text,
});

/* ---- readings ---- */

export type ReadingKind =
    | 'pressure'
    | 'weight'
    | 'glucose'
    | 'pulse'
    | 'oxygen'
    | 'temperature'
    | 'peakflow';
export const READING_KINDS: readonly ReadingKind[] = [
    'pressure',
    'weight',
    'glucose',
    'pulse',
    'oxygen',
    'temperature',
    'peakflow',
];

export interface Measure {
    field: string; /* of the form */
    code: Concept;
    unit: string; /* UK Core fixes the words of some */
    ucum: string;
    shown: string;
    least: number; /* nobody has less, or more: then a digit is wrong */
    most: number;
    digits: number; /* behind the point */
}
interface Reading {
    code: Concept;
    profile: string; /* '' none */
    measures: Measure[];
}

const one = (
    code: Concept,
    profile: string,
    unit: string,
    ucum: string,
    shown: string,
    least: number,
    most: number,
    digits: number,
): Reading => ({
    code,
    profile,
    measures: [{ field: 'value', code, unit, ucum, shown, least, most, digits }],
});
const mmHg = { unit: 'millimeter of mercury', ucum: 'mm[Hg]', shown: 'mmHg', digits: 0 };

export const READINGS: Record<ReadingKind, Reading> = {
    pressure: {
        code: coded(
            'Blood pressure',
            [LOINC, '85354-9', 'Blood pressure panel with all children optional'],
            [SNOMED, '75367002', 'Blood pressure'],
        ),
        profile: '-VitalSigns-BloodPressure',
        measures: [
            {
                field: 'high',
                code: coded(
                    'Systolic blood pressure',
                    [LOINC, '8480-6', 'Systolic blood pressure'],
                    [SNOMED, '72313002', 'Systolic arterial pressure'],
                ),
                least: 50,
                most: 280,
                ...mmHg,
            },
            {
                field: 'low',
                code: coded(
                    'Diastolic blood pressure',
                    [LOINC, '8462-4', 'Diastolic blood pressure'],
                    [SNOMED, '1091811000000102', 'Diastolic arterial pressure'],
                ),
                least: 30,
                most: 180,
                ...mmHg,
            },
        ],
    },
    weight: one(
        coded('Weight', [LOINC, '29463-7', 'Body weight'], [SNOMED, '27113001', 'Body weight']),
        '-VitalSigns-BodyWeight',
        'kilogram',
        'kg',
        'kg',
        1,
        400,
        1,
    ),
    glucose: one(
        coded('Blood sugar (glucose)', [LOINC, '15074-8', 'Glucose [Moles/volume] in Blood']),
        '',
        'millimoles per litre',
        'mmol/L',
        'mmol/L',
        0.5,
        50,
        1,
    ),
    pulse: one(
        coded('Pulse', [LOINC, '8867-4', 'Heart rate'], [SNOMED, '364075005', 'Heart rate']),
        '-VitalSigns-HeartRate',
        'per minute',
        '/min',
        'beats a minute',
        20,
        250,
        0,
    ),
    oxygen: one(
        coded(
            'Oxygen level',
            [LOINC, '2708-6', 'Oxygen saturation in Arterial blood'],
            [SNOMED, '103228002', 'Hemoglobin saturation with oxygen'],
        ),
        '-VitalSigns-OxygenSaturation',
        'percent',
        '%',
        '%',
        50,
        100,
        0,
    ),
    temperature: one(
        coded(
            'Temperature',
            [LOINC, '8310-5', 'Body temperature'],
            [SNOMED, '386725007', 'Body temperature'],
        ),
        '-VitalSigns-BodyTemperature',
        'degree Celsius',
        'Cel',
        '°C',
        30,
        45,
        1,
    ),
    peakflow: one(
        coded('Peak flow', [
            LOINC,
            '33452-4',
            'Maximum expiratory gas flow Respiratory system airway by Peak flow meter',
        ]),
        '',
        'litres per minute',
        'L/min',
        'litres a minute',
        20,
        900,
        0,
    ),
};

/* ---- symptoms and preferences ---- */

/* What is felt, by a key of the catalogue: SNOMED's code and its words. */
export const SYMPTOMS: Record<string, [string, string]> = {
    headache: ['25064002', 'Headache'],
    dizzy: ['404640003', 'Dizziness'],
    tired: ['84229001', 'Fatigue'],
    breathless: ['267036007', 'Dyspnea'],
    cough: ['49727002', 'Cough'],
    pain: ['22253000', 'Pain'],
    stomach: ['21522001', 'Abdominal pain'],
    back: ['161891005', 'Backache'],
    sick: ['422587007', 'Nausea'],
    rash: ['271807003', 'Eruption of skin'],
    sleep: ['193462001', 'Insomnia'],
    low: ['366979004', 'Depressed mood'],
    anxious: ['48694002', 'Anxiety'],
};
export const SEVERITIES: Record<string, [string, string]> = {
    mild: ['255604002', 'Mild'],
    moderate: ['6736007', 'Moderate'],
    severe: ['24484000', 'Severe'],
};
export const PREFERENCES: Record<string, string> = {
    name: 'What to call me',
    language: 'Language',
    information: 'How to give me information',
    adjustments: 'What makes care easier for me',
    other: 'Something else that I prefer',
};
export const RELATIONS: Record<string, [string, string]> = {
    SPS: ['SPS', 'spouse'],
    DOMPART: ['DOMPART', 'domestic partner'],
    CHILD: ['CHILD', 'child'],
    PRN: ['PRN', 'parent'],
    SIB: ['SIB', 'sibling'],
    FAMMEMB: ['FAMMEMB', 'family member'],
    FRND: ['FRND', 'unrelated friend'],
    NBOR: ['NBOR', 'neighbor'],
};

/* ---- kinds ---- */

export type OtherKind = 'symptom' | 'preference' | 'medicine' | 'allergy' | 'contact';
export type Kind = ReadingKind | OtherKind;
export const OTHER_KINDS: readonly OtherKind[] = [
    'symptom',
    'preference',
    'medicine',
    'allergy',
    'contact',
];
export const isReading = (kind: string): kind is ReadingKind =>
    (READING_KINDS as readonly string[]).includes(kind);
export const isKind = (kind: string): kind is Kind =>
    isReading(kind) || (OTHER_KINDS as readonly string[]).includes(kind);

export const firstCode = (c: Concept): string => c.coding![0]!.code!;
export const PREFERENCE = '95541-9';
export const PREFERENCE_SYSTEM = `${KITH}/preference`;

export const ofSystem = (c: Concept | undefined, system: string): string =>
    list(c?.coding).find((k) => k.system === system)?.code ?? '';

/* null: no form here writes such an entry (an app may have). */
export function kindOf(r: Resource): Kind | null {
    switch (r.resourceType) {
        case 'Observation': {
            const reading = READING_KINDS.find((k) => hasCode(r.code, firstCode(READINGS[k].code)));
            return reading ?? (hasCode(r.code, PREFERENCE) ? 'preference' : 'symptom');
        }
        case 'MedicationStatement':
            return 'medicine';
        case 'AllergyIntolerance':
            return 'allergy';
        case 'RelatedPerson':
            return 'contact';
        default:
            return null;
    }
}
