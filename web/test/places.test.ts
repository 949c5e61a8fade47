import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bundle, Resource } from '../src/model/fhir.ts';
import { alsoAt, items, kindCounts, placeCounts, upcoming, wanted } from '../src/model/items.ts';
import { answersOf, missing, takeJoined } from '../src/model/places.ts';
import { RecordIndex } from '../src/model/record.ts';
import { timeline } from '../src/model/timeline.ts';

const GP = 'https://gp.example/fhir';
const HOSPITAL = 'https://hospital.example/fhir';

const place = (name: string, base: string, outcome: string, more: object[] = []) => ({
    severity: 'information',
    code: 'informational',
    details: { text: `${name} said something` },
    extension: [
        {
            url: 'https://kith.care/fhir/StructureDefinition/joined-place',
            extension: [
                { url: 'outcome', valueCode: outcome },
                { url: 'name', valueString: name },
                { url: 'base', valueUrl: base },
                { url: 'ods', valueString: base === GP ? 'Y1' : 'Y9' },
                { url: 'entries', valueUnsignedInt: 2 },
                { url: 'own', valueBoolean: base === GP },
                ...more,
            ],
        },
    ],
});

const medicine = (id: string, source: string, link: object[] = []) => ({
    fullUrl: `${source}/MedicationRequest/${id}`,
    link: link as { relation?: string; url?: string }[],
    resource: {
        resourceType: 'MedicationRequest',
        id,
        meta: { source },
        status: 'active',
        medicationCodeableConcept: { text: 'Amlodipine' },
        authoredOn: '2026-01-10',
    },
    search: { mode: 'match' },
});

const bundle = (places: object[], entries: object[], total?: number): Bundle => ({
    resourceType: 'Bundle',
    ...(total === undefined ? {} : { total }),
    entry: [
        {
            resource: {
                resourceType: 'OperationOutcome',
                issue: [
                    {
                        code: total === undefined ? 'incomplete' : 'informational',
                        details: { text: 'The summary' },
                    },
                    ...places,
                ],
            },
            search: { mode: 'outcome' },
        },
        ...(entries as any[]),
    ],
});

const both = [place('Riverside', GP, 'answered'), place('St Elsewhere', HOSPITAL, 'answered')];

function joined(entries: object[]): RecordIndex {
    const index = new RecordIndex();
    const b = bundle(both, entries, entries.length);
    takeJoined(index, b, answersOf(b), new Map<string, Resource[]>());
    return index;
}

const alike = [{ relation: 'kith-alike', url: '#alike-1' }];

test('what looks alike stands together once, and nothing is hidden', () => {
    const index = joined([
        medicine('1', GP, alike),
        medicine('2', GP),
        medicine('1', HOSPITAL, [
            ...alike,
            { relation: 'kith-also', url: `${GP}/MedicationRequest/77` },
        ]),
    ]);
    const all = items(timeline(index), index);
    assert.deepEqual(
        all
            .map((i) => [i.entry.res.id, i.others.map((e) => e.res.id), alsoAt(i, index, 'Riverside')])
            .sort(),
        [
            ['1', ['Y9~1'], ['St Elsewhere']],
            ['2', [], []],
        ],
    );
    assert.deepEqual(kindCounts(all), [['medicines', 2]]);
    assert.deepEqual(placeCounts(all, index, 'Riverside'), [
        ['Riverside', 2],
        ['St Elsewhere', 1],
    ]);
    const at = (place: string) =>
        all.filter((i) =>
            wanted(i, { kinds: new Set(), places: new Set([place]), words: [] }, index, 'Riverside'),
        ).length;
    assert.deepEqual([at('Riverside'), at('St Elsewhere'), at('Nowhere')], [2, 1, 0]);
});

test('what is to come stands first, the next one at the top; what was called off does not', () => {
    const appointment = (id: string, start: string, status = 'booked') => ({
        resource: { resourceType: 'Appointment', id, status, start, meta: { source: GP } },
        search: { mode: 'match' },
    });
    const index = joined([
        appointment('later', '2026-03-01T10:00:00Z'),
        appointment('sooner', '2026-02-01T10:00:00Z'),
        appointment('off', '2026-02-15T10:00:00Z', 'cancelled'),
        appointment('past', '2025-02-01T10:00:00Z', 'fulfilled'),
    ]);
    const { next, past } = upcoming(items(timeline(index), index), Date.parse('2026-01-01'));
    assert.deepEqual(next.map((i) => i.entry.res.id), ['sooner', 'later']);
    assert.deepEqual(past.map((i) => i.entry.res.id), ['off', 'past']);
});

test('a part is never taken for the whole', () => {
    for (const outcome of ['timed-out', 'away', 'refused', 'broken', 'something new']) {
        const answers = answersOf(bundle([both[0]!, place('X', HOSPITAL, outcome)], []));
        assert.equal(answers.whole, false);
        assert.deepEqual(
            missing(answers).map((p) => p.name),
            ['X'],
        );
    }
    assert.equal(answersOf(bundle(both, [])).whole, false);
    assert.equal(answersOf({ resourceType: 'Bundle', total: 0 }).whole, false);
    const withheld = place('X', HOSPITAL, 'answered', [{ url: 'withheld', valueBoolean: true }]);
    assert.equal(answersOf(bundle([withheld], [], 0)).places[0]!.withheld, true);
});

test('what else the node says is shown', () => {
    const note = { code: 'incomplete', details: { text: 'There may be more' } };
    assert.deepEqual(answersOf(bundle([...both, note], [])).notes, ['There may be more']);
});
