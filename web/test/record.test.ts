import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '../src/model/fhir.ts';
import { allergies, medicines, problems, RecordIndex, vaccinations } from '../src/model/record.ts';
import { results } from '../src/model/series.ts';
import { missingNames, sourceLine } from '../src/model/source.ts';
import { byYear, items, kindCounts } from '../src/model/items.ts';
import { fold, matches, timeline } from '../src/model/timeline.ts';
import { trend } from '../src/model/trend.ts';

let serial = 0;
const make = (resourceType: string, more: object): Resource => ({
    resourceType,
    id: `r${++serial}`,
    ...more,
});
const status = (code: string) => ({ coding: [{ code }] });
const coded = (text: string) => ({ text, coding: [{ system: 's', code: text }] });
const record = (...all: Resource[]): RecordIndex => {
    const index = new RecordIndex();
    index.add(all);
    return index;
};
const titles = (all: { title: string }[]) => all.map((x) => x.title);

test('allergies are told apart by how they stand', () => {
    const a = allergies(
        record(
            make('AllergyIntolerance', { code: coded('Latex'), clinicalStatus: status('active') }),
            make('AllergyIntolerance', {
                code: coded('Amoxicillin'),
                clinicalStatus: status('active'),
                criticality: 'high',
            }),
            make('AllergyIntolerance', { code: coded('No status') }),
            make('AllergyIntolerance', { code: coded('Milk'), clinicalStatus: status('resolved') }),
            make('AllergyIntolerance', {
                code: coded('Nuts'),
                verificationStatus: status('refuted'),
            }),
            make('AllergyIntolerance', {
                code: coded('Mistake'),
                verificationStatus: status('entered-in-error'),
            }),
        ),
    );
    assert.deepEqual(titles(a.active), ['Amoxicillin', 'Latex', 'No status']);
    assert.deepEqual(titles(a.past), ['Milk']);
    assert.deepEqual(titles(a.ruledOut), ['Nuts']);
    assert.equal(a.none.length, 0);
});

test('no known allergies is not the same as no allergies recorded', () => {
    const said = allergies(
        record(
            make('AllergyIntolerance', {
                code: { coding: [{ code: '716186003' }] },
                clinicalStatus: status('active'),
            }),
        ),
    );
    assert.equal(said.none.length, 1);
    assert.equal(said.active.length, 0);
    assert.equal(allergies(record()).none.length, 0);
});

test('problems: active, past, ruled out; the same one is listed once', () => {
    const p = problems(
        record(
            make('Condition', {
                code: coded('Asthma'),
                clinicalStatus: status('active'),
                onsetDateTime: '1980',
            }),
            make('Condition', {
                code: coded('Sinusitis'),
                clinicalStatus: status('resolved'),
                onsetDateTime: '2010-01-01',
            }),
            make('Condition', {
                code: coded('Sinusitis'),
                clinicalStatus: status('resolved'),
                onsetDateTime: '2015-01-01',
                abatementDateTime: '2015-02-01',
            }),
            make('Condition', { code: coded('Abated'), abatementDateTime: '2001' }),
            make('Condition', { code: coded('No status') }),
            make('Condition', {
                code: coded('Embolism'),
                clinicalStatus: status('active'),
                verificationStatus: status('refuted'),
            }),
            make('Condition', {
                code: coded('Mistake'),
                verificationStatus: status('entered-in-error'),
            }),
        ),
    );
    assert.deepEqual(titles(p.active), ['Asthma', 'No status']);
    assert.equal(p.active[1]!.note, 'Status not recorded');
    assert.deepEqual(
        p.past.map((x) => [x.title, x.times, x.onset]),
        [
            ['Sinusitis', 2, '2015-01-01'],
            ['Abated', 1, ''],
        ],
    );
    assert.deepEqual(titles(p.ruledOut), ['Embolism']);
});

test('medicines: one line for each, current while any request of it is active', () => {
    const request = (name: string, state: string, authoredOn: string, more: object = {}) =>
        make('MedicationRequest', {
            medicationCodeableConcept: coded(name),
            status: state,
            intent: 'order',
            authoredOn,
            dosageInstruction: [{ text: authoredOn }],
            ...more,
        });
    const m = medicines(
        record(
            request('Metformin', 'completed', '2010-01-01'),
            request('Metformin', 'active', '2025-01-01'),
            request('Metformin', 'completed', '2025-06-01'),
            request('Simvastatin', 'stopped', '2013-01-01'),
            request('Apixaban', 'on-hold', '2025-01-01'),
            request('Mistake', 'entered-in-error', '2025-01-01'),
            request('Plan only', 'active', '2025-01-01', { intent: 'proposal' }),
            request('Not to be given', 'active', '2025-01-01', { doNotPerform: true }),
            make('MedicationRequest', {
                medicationReference: { reference: '#m' },
                contained: [{ resourceType: 'Medication', id: 'm', code: coded('Contained') }],
                status: 'active',
            }),
        ),
    );
    assert.deepEqual(
        m.current.map((x) => [x.title, x.issues, x.first, x.dose]),
        [
            ['Contained', 1, '', ''],
            ['Metformin', 3, '2010-01-01', '2025-01-01'],
        ],
    );
    assert.deepEqual(titles(m.stopped), ['Simvastatin']);
    assert.deepEqual(titles(m.onHold), ['Apixaban']);
});

const weight = (date: string, value: number | string, unit = 'kg') =>
    make('Observation', {
        status: 'final',
        code: coded('Weight'),
        category: [status('vital-signs')],
        effectiveDateTime: date,
        valueQuantity: { value, unit },
    });

test('results are series, newest first, without what was entered in error', () => {
    const r = results(
        record(
            weight('2020-01-01', '80.0'),
            weight('2022-01-01', '82.50'),
            weight('2021-01-01', 81),
            make('Observation', {
                status: 'entered-in-error',
                code: coded('Weight'),
                effectiveDateTime: '2023-01-01',
                valueQuantity: { value: 8 },
            }),
            make('Observation', {
                status: 'registered',
                code: coded('Culture'),
                category: [status('laboratory')],
                effectiveDateTime: '2024-01-01',
            }),
        ),
    );
    assert.deepEqual(
        r.map((s) => [s.title, s.group, s.points.length]),
        [
            ['Culture', 'Laboratory tests', 1],
            ['Weight', 'Measurements', 3],
        ],
    );
    assert.deepEqual(
        r[1]!.points.map((p) => p.value.text),
        ['82.50 kg', '81 kg', '80.0 kg'],
    );
    assert.equal(r[0]!.points[0]!.status, 'Waiting for the result');
});

test('a trend has words and leaves out other units', () => {
    const series = (...all: Resource[]) => results(record(...all))[0]!.points;
    const t = trend(
        series(
            weight('2020-01-01', '80.0'),
            weight('2021-01-01', 81),
            weight('2022-01-01', '82.50'),
            weight('2021-06-01', 180, 'lb'),
        ),
        108,
        28,
        4,
    )!;
    assert.equal(
        t.words,
        '3 values from 01-Jan-2020 to 01-Jan-2022: latest 82.50 kg, lowest 80.0, highest 82.50',
    );
    assert.equal(t.lines.length, 1);
    assert.deepEqual(
        t.lines[0]!.split(' ').map((p) => p.split(',').map(Number)),
        [
            [4, 24],
            [54.1, 16],
            [104, 4],
        ],
    );
    assert.equal(t.range, '80.0 to 82.50');
    assert.equal(trend(series(weight('2020-01-01', 80)), 100, 20), null);
    assert.equal(
        trend(series(weight('2020-01-01', 80), weight('2021-01-01', 80)), 100, 20)!.lines[0],
        '4,10 96,10',
    );
    assert.equal(
        trend(series(weight('2020-01-01', 80), weight('2020-01-01', 81)), 100, 20)!.last[0]![0],
        96,
    );
});

test('vaccinations that were not given are not among the given', () => {
    const v = vaccinations(
        record(
            make('Immunization', {
                status: 'completed',
                vaccineCode: coded('Flu'),
                occurrenceDateTime: '2025-10-01',
                lotNumber: 'A1',
            }),
            make('Immunization', {
                status: 'not-done',
                statusReason: { text: 'Declined' },
                vaccineCode: coded('PPV'),
            }),
        ),
    );
    assert.deepEqual(
        v.given.map((x) => [x.title, x.note]),
        [['Flu', 'batch A1']],
    );
    assert.deepEqual(
        v.notGiven.map((x) => [x.title, x.note]),
        [['PPV', 'Declined']],
    );
});

test('the source is who wrote it, else who saw the person, else the provenance', () => {
    const visit = {
        resourceType: 'Encounter',
        id: 'v',
        serviceProvider: { reference: 'Organization/o', display: 'Surgery' },
        participant: [{ individual: { reference: 'Practitioner/p', display: 'Dr P' } }],
    };
    const noted = make('Condition', { encounter: { reference: 'Encounter/v' } });
    const written = make('Condition', {
        recorder: { reference: 'Practitioner/q' },
        encounter: { reference: 'Encounter/v' },
    });
    const imported = make('Observation', {});
    const own = make('Observation', {
        performer: [{ reference: 'Patient/me', display: 'The person' }],
    });
    const index = record(
        visit,
        noted,
        written,
        imported,
        own,
        make('Provenance', {
            target: [{ reference: `Observation/${imported.id}` }],
            agent: [
                {
                    who: { display: 'Feed' },
                    onBehalfOf: { reference: 'Organization/l', display: 'Laboratory' },
                },
            ],
        }),
    );
    assert.equal(sourceLine(index, noted), 'Dr P, Surgery');
    assert.equal(sourceLine(index, imported), 'Feed, Laboratory');
    assert.equal(sourceLine(index, own), 'The person');
    assert.equal(sourceLine(index, written), 'Surgery');
    assert.deepEqual(
        [...missingNames(index)].map(([type, ids]) => [type, ...ids]),
        [['Practitioner', 'q']],
    );
    index.named(new Map([['Practitioner/q', 'Dr Q']]));
    assert.equal(sourceLine(index, written), 'Dr Q, Surgery');
    assert.equal(missingNames(index).size, 0);
});

test('the timeline holds everything that happened, by year, marked where withdrawn', () => {
    const index = record(
        make('Patient', {}),
        make('Provenance', {}),
        make('Organization', { name: 'x' }),
        weight('2020-01-01', 80),
        make('Condition', {
            code: coded('Mistake'),
            verificationStatus: status('entered-in-error'),
            onsetDateTime: '2021-05',
        }),
        make('Encounter', {
            status: 'finished',
            type: [coded('Visit')],
            period: { start: '2021-06-01T10:00:00Z' },
        }),
        make('Basic', { code: coded('Unheard of') }),
        make('Observation', { code: 'nonsense', component: 7, effectiveDateTime: 5 }),
    );
    const all = timeline(index);
    assert.deepEqual(
        byYear(items(all, index)).map((y) => [y.label, ...y.items.map((i) => i.entry.title)]),
        [
            ['2021', 'Visit', 'Mistake'],
            ['2020', 'Weight'],
            ['No date recorded', 'Measurement without a name', 'Unheard of'],
        ],
    );
    assert.deepEqual(
        all.filter((e) => e.wrong).map((e) => e.status),
        ['Entered in error'],
    );
    assert.deepEqual(kindCounts(items(all, index)), [
        ['visits', 1],
        ['conditions', 1],
        ['results', 2],
        ['other', 1],
    ]);
});

test('words are found whatever their case and accents', () => {
    const index = record(
        make('Condition', {
            code: coded('Ménière disease'),
            recorder: { display: 'Dr Åse Sørensen' },
        }),
    );
    const entry = timeline(index)[0]!;
    assert.ok(matches(entry, index, [fold('MENIERE'), fold('åse'), fold('sorensen')]));
    assert.ok(!matches(entry, index, ['asthma']));
    assert.ok(matches(entry, index, []));
});
