import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endsOf, numberLines, standing } from '../src/model/standing.ts';
import { convert } from '../src/model/units.ts';

const UCUM = 'http://unitsofmeasure.org';
const q = (value: unknown, code = 'mmol/L') => ({ value, unit: code, code, system: UCUM });
const observation = (value: unknown, low?: unknown, high?: unknown, more: object = {}) =>
    ({
        resourceType: 'Observation',
        valueQuantity: q(value),
        ...(low === undefined && high === undefined
            ? {}
            : {
                  referenceRange: [
                      { ...(low === undefined ? {} : { low: q(low) }), ...(high === undefined ? {} : { high: q(high) }) },
                  ],
              }),
        ...more,
    }) as any;
const coded = (code: string) => ({ interpretation: [{ coding: [{ code }] }] });

test('units are made others only where that is exact', () => {
    const table: [number, string, string, number | null][] = [
        [5, 'mg/L', 'mg/dL', 0.5],
        [0.5, 'g/L', 'mg/dL', 50],
        [1, 'mmol/L', 'umol/L', 1000],
        [92, 'umol/L', 'mmol/L', 0.092],
        [1, 'm[IU]/L', '[IU]/L', 0.001],
        [70, 'kg', '[lb_av]', 154.3235835],
        [10, '[in_i]', 'cm', 25.4],
        [98.6, '[degF]', 'Cel', 37],
        [37, 'Cel', '[degF]', 98.6],
        [16, 'kPa', 'mm[Hg]', 120.0102009],
        [250, '10*9/L', '10*6/L', 250000],
        [250, '10*9/L', '10*3/uL', 250],
        [1, 'ug/L', 'ng/mL', 1],
        [6, 'mmol/L', 'mg/dL', null] /* depends on the substance */,
        [6, 'mmol/L', 'mmol/mol', null],
        [6, 'mmol/L', 'furlong', null],
        [6, 'constructor', 'toString', null],
        [4, '%', '%', 4],
    ];
    for (const [n, from, to, is] of table) {
        assert.equal(convert(n, from, to), is, `${n} ${from} in ${to}`);
    }
});

test('a value stands where the entry says, and nowhere else', () => {
    const table: [string, any, string][] = [
        ['inside', observation(4.4, 3.5, 5.3), 'usual'],
        ['on the end', observation('5.3', 3.5, 5.3), 'usual'],
        ['a tenth of the width above', observation(5.48, 3.5, 5.3), 'littleHigh'],
        ['more than that', observation(5.5, 3.5, 5.3), 'high'],
        ['a little below', observation(3.4, 3.5, 5.3), 'littleLow'],
        ['below', observation(3.0, 3.5, 5.3), 'low'],
        ['one end', observation(5.4, undefined, 5.0), 'littleHigh'],
        ['one end, far', observation(5.6, undefined, 5.0), 'high'],
        ['only a low end', observation(82, 90), 'littleLow'],
        ['no range', observation(7), 'unknown'],
        ['said to be high, a little on the line', observation(5.4, 3.5, 5.3, coded('H')), 'littleHigh'],
        ['said to be very high counts more than the line', observation(5.4, 3.5, 5.3, coded('HH')), 'veryHigh'],
        ['said to be normal counts more than the line', observation(9, 3.5, 5.3, coded('N')), 'usual'],
        ['said to be low without a range', observation(7, undefined, undefined, coded('L')), 'low'],
        ['positive', { valueCodeableConcept: { text: 'x' }, ...coded('POS') }, 'found'],
        ['negative', { valueCodeableConcept: { text: 'x' }, ...coded('NEG') }, 'notFound'],
        ['abnormal', { valueString: 'x', ...coded('A') }, 'unusual'],
        ['less than', observation(2, 3.5, 5.3, { valueQuantity: { ...q(2), comparator: '<' } }), 'unknown'],
        ['no value', { referenceRange: [{ low: q(1) }] }, 'unknown'],
    ];
    for (const [what, part, is] of table) {
        assert.equal(standing(part), is, what);
    }
});

test('a range counts when it is for everybody and in a unit that fits', () => {
    const range = (more: object) => ({ ...observation(50), referenceRange: [{ low: q(40), high: q(60), ...more }] });
    assert.ok(endsOf(range({})));
    assert.equal(endsOf(range({ appliesTo: [{ text: 'pregnant' }] })), null);
    assert.equal(endsOf(range({ age: { low: q(18, 'a') } })), null);
    assert.equal(endsOf({ ...observation(50), referenceRange: [{ low: q(1) }, { low: q(2) }] }), null);
    assert.ok(
        endsOf({
            ...observation(50),
            referenceRange: [{ type: { coding: [{ code: 'critical' }] }, low: q(1) }, { low: q(40), high: q(60) }],
        }),
        'a range of another type is not the usual one',
    );
    const other = { ...observation(50), referenceRange: [{ low: q(40000, 'umol/L'), high: q(60000, 'umol/L') }] };
    assert.equal(endsOf(other)?.low, 40);
    assert.equal(endsOf(other)?.lowText, '40');
    assert.equal(endsOf({ ...observation(50), referenceRange: [{ low: q(40, 'mg/dL') }] }), null, 'not exact');
    assert.equal(endsOf({ ...observation(50), referenceRange: [{ low: { value: 40 } }] })?.low, 40, 'no unit: that of the value');
});

test('the number line shows the range and the value', () => {
    const line = (value: unknown, low?: unknown, high?: unknown) => numberLines(observation(value, low, high))[0]!;
    const inside = line('4.40', '3.50', '5.30');
    assert.equal(inside.value, '4.40');
    assert.deepEqual([inside.lowText, inside.highText], ['3.50', '5.30']);
    assert.ok(inside.from < inside.at && inside.at < inside.to && inside.to < 100);
    assert.equal(inside.beyond, 0);
    const above = line(7, 3.5, 5.3);
    assert.ok(above.at > above.to && above.at < 100, 'the line reaches as far as the value');
    const far = line(50, 3.5, 5.3);
    assert.equal(far.at, 100);
    assert.equal(far.beyond, 1);
    assert.ok(far.to - far.from > 15, 'and the range can still be seen');
    const floor = line(0.5, 1, 1.3);
    assert.ok(floor.from > floor.at && floor.at >= 0);
    const most = line(12, undefined, 21);
    assert.deepEqual([most.from, most.lowText], [0, '']);
    const least = line(95, 90);
    assert.deepEqual([least.to, least.highText], [100, '']);
    const negative = line(-1.5, -1, 1);
    assert.ok(negative.at < negative.from && negative.at > 0);
    for (const l of [inside, above, far, floor, most, least, negative]) {
        assert.ok(l.from >= 0 && l.to <= 100 && l.from <= l.to && l.at >= 0 && l.at <= 100);
    }
    assert.deepEqual(numberLines(observation(4)), []);
    assert.deepEqual(numberLines(observation('x', 1, 2)), []);
});

test('a blood pressure has two lines where its parts have ranges', () => {
    const part = (code: string, value: number, low: number, high: number) => ({
        code: { coding: [{ code }] },
        valueQuantity: q(value, 'mm[Hg]'),
        referenceRange: [{ low: q(low, 'mm[Hg]'), high: q(high, 'mm[Hg]') }],
    });
    const lines = numberLines({
        resourceType: 'Observation',
        component: [part('8480-6', 150, 90, 140), part('8462-4', 80, 60, 90)],
    });
    assert.deepEqual(lines.map((l) => [l.name, l.standing]), [['upper', 'high'], ['lower', 'usual']]);
    assert.equal(lines[0]!.unit, 'mmHg');
});
