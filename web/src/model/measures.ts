/* What is measured in a clinic: its codes (LOINC and SNOMED CT, as UK Core has vital signs), unit and bounds. */
import { entryForms } from '../texts/entry-forms.ts';
import type { Coding, Concept } from './fhir.ts';

export interface Measure {
    key: string;
    label: string; /* stands in the record, too */
    unit: string; /* as people write it */
    ucum: string;
    least: number; /* outside of these it is a slip of the finger */
    most: number;
    codes: Coding[];
    of?: string; /* the key of the panel that it is a part of */
}

const LOINC = 'http://loinc.org';
const SNOMED = 'http://snomed.info/sct';
const loinc = (code: string, display: string): Coding => ({ system: LOINC, code, display });
const snomed = (code: string, display: string): Coding => ({ system: SNOMED, code, display });

export const PANELS: Record<string, { label: string; codes: Coding[] }> = {
    bp: {
        label: 'Blood pressure',
        codes: [
            loinc('85354-9', 'Blood pressure panel with all children optional'),
            snomed('75367002', 'Blood pressure'),
        ],
    },
};

const one = (
    key: string,
    label: string,
    unit: string,
    ucum: string,
    least: number,
    most: number,
    codes: Coding[],
    of?: string,
): Measure => ({ key, label, unit, ucum, least, most, codes, ...(of ? { of } : {}) });

export const MEASURES: readonly Measure[] = [
    one(
        'systolic',
        'Systolic blood pressure',
        'mmHg',
        'mm[Hg]',
        40,
        300,
        [
            loinc('8480-6', 'Systolic blood pressure'),
            snomed('72313002', 'Systolic arterial pressure'),
        ],
        'bp',
    ),
    one(
        'diastolic',
        'Diastolic blood pressure',
        'mmHg',
        'mm[Hg]',
        20,
        200,
        [
            loinc('8462-4', 'Diastolic blood pressure'),
            snomed('1091811000000102', 'Diastolic arterial pressure'),
        ],
        'bp',
    ),
    one('pulse', 'Heart rate', 'beats a minute', '/min', 20, 300, [
        loinc('8867-4', 'Heart rate'),
        snomed('364075005', 'Heart rate'),
    ]),
    one('temperature', 'Temperature', '°C', 'Cel', 25, 45, [
        loinc('8310-5', 'Body temperature'),
        snomed('386725007', 'Body temperature'),
    ]),
    one('respiration', 'Breaths', 'a minute', '/min', 2, 100, [
        loinc('9279-1', 'Respiratory rate'),
        snomed('86290005', 'Respiratory rate'),
    ]),
    one('saturation', 'Oxygen saturation', '%', '%', 30, 100, [
        loinc('2708-6', 'Oxygen saturation in Arterial blood'),
        snomed('103228002', 'Hemoglobin saturation with oxygen'),
    ]),
    one('weight', 'Weight', 'kg', 'kg', 0.3, 500, [
        loinc('29463-7', 'Body weight'),
        snomed('27113001', 'Body weight'),
    ]),
    one('height', 'Height', 'cm', 'cm', 20, 260, [
        loinc('8302-2', 'Body height'),
        snomed('50373000', 'Body height measure'),
    ]),
    one('peakFlow', 'Peak flow', 'L/min', 'L/min', 30, 1000, [
        snomed('18491006', 'Peak expiratory flow rate'),
    ]),
];

export const measureOf = (key: string): Measure | undefined => MEASURES.find((m) => m.key === key);

export const conceptOf = (codes: Coding[], text: string): Concept => ({ coding: codes, text });

/* What is wrong with a number that somebody typed; '' for nothing. */
export function measureProblem(m: Measure, typed: string): string {
    const t = entryForms().wrong;
    const text = typed.trim().replace(',', '.');
    if (!text) {
        return '';
    }
    if (!/^\d{1,4}(\.\d{1,3})?$/.test(text)) {
        return t.number(m.label, Math.round((m.least + m.most) / 3));
    }
    const n = Number(text);
    return n < m.least || n > m.most
        ? t.between(m.label, m.least, m.most, m.unit)
        : '';
}
