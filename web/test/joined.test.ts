import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, readJoined } from '../src/model/joined.ts';
import type { Bundle } from '../src/model/fhir.ts';

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

test('what looks alike stands together, and nothing is hidden', () => {
    const alike = [{ relation: 'kith-alike', url: '#alike-1' }];
    const joined = readJoined(
        bundle(
            both,
            [
                medicine('1', GP, alike),
                medicine('2', GP),
                medicine('1', HOSPITAL, [
                    ...alike,
                    { relation: 'kith-also', url: `${GP}/MedicationRequest/77` },
                ]),
            ],
            3,
        ),
    );
    assert.deepEqual(
        joined.items.map((i) => i.lines.map((l) => [l.entry.res.id, l.place, l.own, l.also])),
        [
            [
                ['1', 'Riverside', true, []],
                ['1', 'St Elsewhere', false, ['Riverside']],
            ],
            [['2', 'Riverside', true, []]],
        ],
    );
    assert.equal(joined.whole, true);
    assert.deepEqual(missing(joined), []);
});

test('a part is never taken for the whole', () => {
    for (const outcome of ['timed-out', 'away', 'refused', 'broken', 'something new']) {
        const joined = readJoined(bundle([both[0]!, place('X', HOSPITAL, outcome)], []));
        assert.equal(joined.whole, false);
        assert.deepEqual(
            missing(joined).map((p) => p.name),
            ['X'],
        );
    }
    assert.equal(readJoined(bundle(both, [])).whole, false);
    assert.equal(readJoined({ resourceType: 'Bundle', total: 0 }).whole, false);
    const withheld = place('X', HOSPITAL, 'answered', [{ url: 'withheld', valueBoolean: true }]);
    assert.equal(missing(readJoined(bundle([withheld], [], 0))).length, 1);
});

test('what else the node says is shown', () => {
    const note = { code: 'incomplete', details: { text: 'There may be more' } };
    assert.deepEqual(readJoined(bundle([...both, note], [])).notes, ['There may be more']);
});
