import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodySite } from '../src/model/fhir.ts';
import { layOut, parseKeepingDigits } from '../src/model/digits.ts';
import {
    dosage,
    observationValue,
    referenceRange,
    resultFlag,
    showUnit,
    timing,
} from '../src/model/values.ts';

const quantity = (value: unknown, unit = 'mmol/L') => ({ valueQuantity: { value, unit } });
const observation = (more: object) => ({ resourceType: 'Observation', ...more });
const text = (more: object) => observationValue(observation(more)).text;

test('a decimal keeps its digits', () => {
    const parsed = parseKeepingDigits(
        '{"valueQuantity":{"value": 6.40 ,"unit":"x"},"n":6.40,"s":"\\"value\\": 6.40","low":{"value":1e3}}',
    ) as any;
    assert.equal(parsed.valueQuantity.value, '6.40');
    assert.equal(parsed.low.value, '1e3');
    assert.equal(parsed.n, 6.4);
    assert.equal(parsed.s, '"value": 6.40');
    assert.equal(text(parsed), '6.40 x');
    assert.throws(() => parseKeepingDigits('{'));
});

test('a raw record is laid out without a change', () => {
    const raw = '{"a":[1.0,{"b":"x,{y}\\""}],"c":{},"d":[ ]}';
    const out = layOut(raw);
    assert.equal(
        out,
        '{\n  "a": [\n    1.0,\n    {\n      "b": "x,{y}\\""\n    }\n  ],\n  "c": {},\n  "d": []\n}',
    );
    assert.deepEqual(JSON.parse(out), JSON.parse(raw));
});

test('values of every kind are put into words', () => {
    const table: [object, string][] = [
        [quantity('6.40'), '6.40 mmol/L'],
        [quantity(98, '%'), '98%'],
        [quantity(-2), '−2 mmol/L'],
        [{ valueQuantity: { value: 5, comparator: '<=', unit: 'mg/L' } }, '≤5 mg/L'],
        [quantity(3, '{score}'), '3'],
        [{ valueString: 'Clear' }, 'Clear'],
        [{ valueBoolean: false }, 'No'],
        [{ valueInteger: 0 }, '0'],
        [{ valueCodeableConcept: { text: 'Ex-smoker (finding)' } }, 'Ex-smoker'],
        [{ valueCodeableConcept: { coding: [{ code: '8517006', system: 'x' }] } }, '8517006'],
        [{ valueRange: { low: { value: 1 }, high: { value: 2 } } }, '1 to 2'],
        [{ valueRatio: { numerator: { value: 1 }, denominator: { value: 128 } } }, '1 : 128'],
        [{ valuePeriod: { start: '2020-01', end: '2020-02' } }, 'Jan-2020 to Feb-2020'],
        [{ dataAbsentReason: { text: 'Not asked' } }, 'No value: not asked'],
        [
            {
                component: [
                    { code: { text: 'A' }, valueInteger: 1 },
                    { code: { text: 'B' }, valueInteger: 2 },
                ],
            },
            'A: 1; B: 2',
        ],
        [{}, ''],
    ];
    for (const [more, shown] of table) {
        assert.equal(text(more), shown, JSON.stringify(more));
    }
});

test('blood pressure is one value of two numbers', () => {
    for (const [systolic, diastolic] of [
        ['8480-6', '8462-4'],
        ['271649006', '271650006'],
        ['72313002', '1091811000000102'],
    ]) {
        const v = observationValue(
            observation({
                component: [
                    {
                        code: { coding: [{ code: diastolic }] },
                        valueQuantity: { value: 80, code: 'mm[Hg]' },
                    },
                    {
                        code: { coding: [{ code: systolic }] },
                        valueQuantity: { value: 120, code: 'mm[Hg]' },
                    },
                ],
            }),
        );
        assert.equal(v.text, '120/80 mmHg');
        assert.deepEqual(v.numbers, [120, 80]);
    }
    const half = observationValue(
        observation({
            component: [
                { code: { coding: [{ code: '8480-6' }] }, valueQuantity: { value: 120 } },
                { code: { text: 'x' } },
            ],
        }),
    );
    assert.equal(half.bare, '120/–');
    assert.deepEqual(half.numbers, []);
});

test('units are written for readers', () => {
    const table: [string, string][] = [
        ['10*9/L', '×10⁹/L'],
        ['mm[Hg]', 'mmHg'],
        ['mL/min/{1.73_m2}', 'mL/min/1.73 m²'],
        ['Cel', '°C'],
        ['ug/L', 'µg/L'],
        ['1', ''],
    ];
    for (const [unit, shown] of table) {
        assert.equal(showUnit({ unit }), shown, unit);
    }
    const system = 'http://unitsofmeasure.org';
    assert.equal(showUnit({ unit: 'millimeter of mercury', system, code: 'mm[Hg]' }), 'mmHg');
    assert.equal(showUnit({ unit: 'tablet', system, code: '{tbl}' }), 'tablet');
});

test('a flag is what the laboratory said, else what its range says', () => {
    const range = { referenceRange: [{ low: { value: 3.5 }, high: { value: '5.3' } }] };
    const flag = (more: object) => {
        const o = observation(more);
        return resultFlag(o, observationValue(o))?.text ?? '';
    };
    assert.equal(
        flag({ ...quantity(6.8), interpretation: [{ coding: [{ code: 'HH' }] }] }),
        'Critically high',
    );
    assert.equal(
        flag({ ...quantity(6.8), ...range, interpretation: [{ coding: [{ code: 'N' }] }] }),
        '',
    );
    assert.equal(flag({ ...quantity(6.8), ...range }), 'Above range');
    assert.equal(flag({ ...quantity(3.4), ...range }), 'Below range');
    assert.equal(flag({ ...quantity(5.3), ...range }), '');
    assert.equal(
        flag({
            ...quantity(9),
            referenceRange: [{ high: { value: 5 }, appliesTo: [{ text: 'children' }] }],
        }),
        '',
    );
    assert.equal(flag(quantity(9)), '');
    assert.equal(referenceRange(observation(range))?.text, '3.5 to 5.3');
});

test('doses are read from text, else from their structure', () => {
    assert.equal(
        dosage({
            resourceType: 'MedicationRequest',
            dosageInstruction: [{ text: ' Take one ' }, { text: 'with food' }],
        }),
        'Take one; with food',
    );
    const structured = {
        doseAndRate: [{ doseQuantity: { value: 2, unit: 'tablets' } }],
        timing: { repeat: { frequency: 2, period: 1, periodUnit: 'd' } },
        asNeededBoolean: true,
    };
    assert.equal(
        dosage({ resourceType: 'MedicationRequest', dosageInstruction: [structured] }),
        '2 tablets, twice a day, as needed',
    );
    assert.equal(
        timing({ repeat: { frequency: 1, period: 8, periodUnit: 'h' } }),
        'once every 8 hours',
    );
    assert.equal(
        timing({ repeat: { frequency: 3, period: 1, periodUnit: 'wk' } }),
        '3 times a week',
    );
});

test('a part of the body is called what people call it', () => {
    assert.equal(bodySite({ text: 'Left upper arm structure (body structure)' }), 'Left upper arm');
    assert.equal(bodySite({ text: 'Left eye' }), 'Left eye');
    assert.equal(bodySite(null), '');
});
