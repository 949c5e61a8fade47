import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvOf, daysWith, gridOf, gridSign } from '../src/model/grid.ts';
import { addRows } from '../src/model/lay.ts';
import { RecordIndex } from '../src/model/record.ts';
import { results, type Series } from '../src/model/series.ts';
import {
    commenter,
    comments,
    groupOf,
    isOutside,
    rangesDiffer,
    reports,
    reportsOf,
    waits,
} from '../src/model/result.ts';
import { bands, drawable, leftOut, trend } from '../src/model/trend.ts';
import type { Resource } from '../src/model/fhir.ts';
import { rows as layRows } from '../src/texts/lay-results.ts';

addRows(layRows);

const UCUM = 'http://unitsofmeasure.org';
const NOW = Date.parse('2026-03-20T12:00:00Z');
let serial = 0;
const q = (value: unknown, code = 'mmol/L') => ({ value, unit: code, code, system: UCUM });
const potassium = (date: string, value: unknown, more: object = {}, unit = 'mmol/L'): Resource => ({
    resourceType: 'Observation',
    id: `o${++serial}`,
    status: 'final',
    category: [{ coding: [{ code: 'laboratory' }] }],
    code: { coding: [{ system: 'http://loinc.org', code: '2823-3', display: 'Potassium in Serum' }] },
    effectiveDateTime: date,
    valueQuantity: q(value, unit),
    referenceRange: [{ low: q(3.5, unit), high: q(5.3, unit) }],
    ...more,
});
const report = (result: Resource[], more: object = {}): Resource => ({
    resourceType: 'DiagnosticReport',
    id: `r${++serial}`,
    status: 'final',
    code: { text: 'Kidney tests' },
    issued: '2026-03-11T10:00:00Z',
    effectiveDateTime: '2026-03-10',
    result: result.map((r) => ({ reference: `Observation/${r.id}` })),
    ...more,
});
function record(...all: Resource[]): RecordIndex {
    const index = new RecordIndex();
    index.add(all);
    return index;
}
const only = (index: RecordIndex): Series => results(index)[0]!;

test('a comment is what somebody wrote on a result or concluded in its report, with who and when', () => {
    const o = potassium('2026-03-10', 5.4, {
        note: [
            { text: 'Take it again in a week.', authorString: 'Dr A', time: '2026-03-12' },
            { text: '  ' },
            { text: 'Sample was old', authorReference: { reference: 'Practitioner/7' } },
        ],
        performer: [{ display: 'The laboratory' }],
    });
    const said = report([o], {
        conclusion: 'Nothing to do.',
        resultsInterpreter: [{ reference: 'Practitioner/7' }],
    });
    const index = record(o, said, { resourceType: 'Practitioner', id: '7', name: [{ text: 'Dr B' }] });
    const all = comments(index, only(index).points[0]!, reportsOf(index).get(o)!);
    assert.deepEqual(
        all.map((c) => [c.text, c.by, c.at]),
        [
            ['Take it again in a week.', 'Dr A', '2026-03-12'],
            ['Sample was old', 'Dr B', '2026-03-10'],
            ['Nothing to do.', 'Dr B', '2026-03-11T10:00:00Z'],
        ],
    );
});

test('a new result without a comment waits for one; other things do not', () => {
    const waiting = (o: Resource, within: Resource[] = []) => {
        const index = record(o, ...within);
        return waits(index, only(index).points[0]!, within, NOW);
    };
    const fresh = '2026-03-10T09:00:00Z';
    assert.ok(waiting(potassium(fresh, 4)));
    assert.ok(!waiting(potassium('2026-01-10', 4)), 'it is old');
    assert.ok(waiting(potassium('2026-01-10', 4, { issued: fresh })), 'but was sent lately');
    assert.ok(!waiting(potassium(fresh, 4, { note: [{ text: 'Fine' }] })), 'somebody has said something');
    const o = potassium(fresh, 4);
    assert.ok(!waiting(o, [report([o], { conclusion: 'Fine' })]));
    assert.ok(!waiting(potassium(fresh, 4, { category: [{ coding: [{ code: 'vital-signs' }] }] })), 'no test');
    assert.ok(!waiting(potassium(fresh, 4, { status: 'cancelled' })));
    assert.ok(!waiting(potassium(fresh, 4, { status: 'registered' })));
    assert.ok(waiting(potassium(fresh, 4, { status: 'preliminary' })));
});

test('who will comment is the practice of the person', () => {
    const index = record();
    const patient = { resourceType: 'Patient', generalPractitioner: [{ display: 'Harbour Street Surgery' }] };
    assert.equal(commenter(index, patient), 'Harbour Street Surgery');
    assert.equal(commenter(index, { resourceType: 'Patient', managingOrganization: { display: 'The trust' } }), 'The trust');
    assert.equal(commenter(index, { resourceType: 'Patient' }), '');
});

test('reports are newest first, without what was entered in error and without copies', () => {
    const a = report([], { effectiveDateTime: '2026-01-01' });
    const b = report([], { effectiveDateTime: '2026-02-01' });
    const wrong = report([], { status: 'entered-in-error' });
    const copy = report([], { effectiveDateTime: '2026-01-01' });
    const index = record(a, b, wrong, copy);
    const alike = [a, copy];
    const about = { place: 'Hospital', ods: 'H', own: false, also: [], alike, unwitnessed: false };
    index.tell(`DiagnosticReport/${a.id}`, about);
    index.tell(`DiagnosticReport/${copy.id}`, about);
    assert.deepEqual(reports(index).map((r) => r.id), [b.id, a.id]);
});

test('what two places keep of one measurement is one value; where they differ it is two', () => {
    const a = potassium('2026-03-10', 4);
    const b = potassium('2026-03-10', 4);
    const c = potassium('2026-03-10', 4.5);
    const index = record(a, b, c);
    const alike = [a, b, c];
    for (const r of alike) {
        index.tell(`Observation/${r.id}`, {
            place: `Place ${r.id}`, ods: '', own: false, also: [], alike, unwitnessed: false,
        });
    }
    const { points } = only(index);
    assert.deepEqual(points.map((p) => p.value.bare).sort(), ['4', '4.5']);
    assert.deepEqual(points.find((p) => p.value.bare === '4')!.also, [`Place ${b.id}`]);
});

test('results stand in the groups in which people look for them', () => {
    const group = (more: object) => groupOf(only(record(potassium('2026-03-10', 4, more))));
    assert.equal(group({}), 'blood');
    assert.equal(group({ code: { text: 'Cortisol in urine' } }), 'urine');
    assert.equal(group({ code: { text: 'Elastase in stool' } }), 'stool');
    assert.equal(group({ code: { text: 'Serum rhubarb' } }), 'blood');
    assert.equal(group({ code: { text: 'Grip' }, category: [{ coding: [{ code: 'vital-signs' }] }] }), 'body');
    assert.equal(group({ code: { text: 'Grip' } }), 'other');
    assert.ok(isOutside(only(record(potassium('2026-03-10', 9)))));
    assert.ok(!isOutside(only(record(potassium('2026-03-10', 4), potassium('2020-03-10', 9)))), 'only the newest counts');
});

test('values in another unit join the line only where that is exact', () => {
    const index = record(
        potassium('2026-03-10', 4.4),
        potassium('2026-02-10', 4200, { referenceRange: [{ low: q(3500, 'umol/L'), high: q(5300, 'umol/L') }] }, 'umol/L'),
        potassium('2026-01-10', 16, {}, 'mg/dL'),
        potassium('2025-12-10', 4.0, { status: 'cancelled' }),
        potassium('2025-11-10', 4.1),
    );
    const { points } = only(index);
    assert.deepEqual(drawable(points).map((p) => p.value.numbers[0]), [4.1, 4.2, 4.4]);
    assert.equal(leftOut(points), 1);
    assert.equal(
        trend(points, 100, 100)!.words,
        '3 values from 10-Nov-2025 to 10-Mar-2026: latest 4.4 mmol/L, lowest 4.1, highest 4.4',
    );
    const strips = bands(drawable(points), 100, 0);
    assert.deepEqual(strips.map((b) => [b.low, b.high]), [[3.5, 5.3]], 'ranges are put into the unit of the line');
    assert.ok(rangesDiffer(['3.5 to 5.3', '', '3.6 to 5.1']));
    assert.ok(!rangesDiffer(['3.5 to 5.3', '', '3.5 to 5.3']));
});

test('the usual range along a trend changes where the place gave another', () => {
    const narrow = { referenceRange: [{ low: q(3.6), high: q(5.0) }] };
    const index = record(
        potassium('2026-03-01', 4.4),
        potassium('2026-02-01', 4.2),
        potassium('2026-01-01', 4.1, narrow),
        potassium('2025-12-01', 4.1, { referenceRange: [] }),
    );
    const strips = bands(drawable(only(index).points), 1000, 0);
    assert.deepEqual(strips.map((b) => [b.low, b.high]), [[3.6, 5], [3.5, 5.3]]);
    assert.equal(strips[0]!.to, strips[1]!.from);
    assert.equal(strips[1]!.to, 1000);
});

test('the grid has a row for each test and a column for each day, newest first', () => {
    const urea = (date: string, value: number) =>
        potassium(date, value, { code: { coding: [{ system: 'http://loinc.org', code: '22664-7' }], text: 'Urea' } });
    const index = record(
        potassium('2026-03-10T09:00:00Z', 5.4),
        potassium('2026-03-10T17:00:00Z', 4.4),
        potassium('2026-01-10', 9),
        urea('2026-02-10', 5),
        urea('', 5),
    );
    const all = results(index);
    const grid = gridOf(all);
    assert.deepEqual(grid.days.map((d) => d.words), ['10-Mar-2026', '10-Feb-2026', '10-Jan-2026']);
    const k = all.find((s) => s.title === 'Potassium in Serum')!;
    assert.deepEqual(grid.cells.get(k)!.get('10-Mar-2026')!.map((p) => p.value.bare), ['4.4', '5.4']);
    assert.equal(gridSign(grid.cells.get(k)!.get('10-Jan-2026')![0]!), '↑');
    assert.deepEqual(daysWith(grid, [k]).map((d) => d.words), ['10-Mar-2026', '10-Jan-2026']);
});

test('the file of a grid has every value, and no formula', () => {
    const index = record(
        potassium('2026-03-10T09:00:00Z', 5.4, { code: { text: '=HYPERLINK("x")' } }),
        potassium('2026-03-11', -1, { code: { text: 'Base, excess' } }),
    );
    const words = { test: 'Test', date: 'Date', value: 'Value', unit: 'Unit', flag: 'Flag', range: 'Range', place: 'Place' };
    const csv = csvOf(results(index), words, () => ({ flag: 'High', range: '', place: '@trust' }));
    assert.deepEqual(csv.split('\r\n'), [
        'Test,Date,Value,Unit,Flag,Range,Place',
        '"Base, excess",2026-03-11,−1,mmol/L,High,,\'@trust',
        '"\'=HYPERLINK(""x"")",2026-03-10T09:00:00Z,5.4,mmol/L,High,,\'@trust',
        '',
    ]);
});
