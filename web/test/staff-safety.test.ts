import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordIndex } from '../src/model/record.ts';
import {
    ago,
    alerts,
    carers,
    coming,
    documents,
    foldedAllergies,
    needsOf,
    packages,
    recentResults,
    sourceAndAge,
} from '../src/model/safety.ts';

const today = { year: 2026, month: 11, day: 23 };
const at = Date.parse('2026-11-23T12:00:00Z');

test('how old something is', () => {
    const table: [string | undefined, string][] = [
        ['2026-11-23T08:00:00Z', 'today'],
        ['2026-11-22', 'yesterday'],
        ['2026-11-20', '3 days ago'],
        ['2026-11-01', '3 weeks ago'],
        ['2026-03-01', '8 months ago'],
        ['2019-03', '7 years ago'],
        ['2026', 'this year'],
        ['2025', '1 year ago'],
        ['2026-12-01', 'on 01-Dec-2026'],
        [undefined, ''],
        ['soon', ''],
    ];
    table.forEach(([date, should]) => assert.equal(ago(date, today), should, date));
});

const allergy = (id: string, text: string, more: object = {}) => ({
    resourceType: 'AllergyIntolerance',
    id,
    clinicalStatus: { coding: [{ code: 'active' }] },
    code: { coding: [{ system: 's', code: text }], text },
    ...more,
});

test('the same allergy of two places stands once, with what each says of it', () => {
    const index = new RecordIndex();
    index.add([
        allergy('1', 'Penicillin', { reaction: [{ manifestation: [{ text: 'Rash' }] }] }),
        allergy('Y~1', 'Penicillin', {
            criticality: 'high',
            reaction: [{ manifestation: [{ text: 'Anaphylaxis' }] }],
        }),
        allergy('2', 'Latex'),
    ]);
    const { active } = foldedAllergies(index);
    assert.deepEqual(
        active.map((a) => [a.title, a.reactions, a.criticality]),
        [
            ['Penicillin', 'Anaphylaxis; Rash', 'high'],
            ['Latex', '', ''],
        ],
    );
});

test('alerts are those that count now', () => {
    const flag = (id: string, status: string, period?: object) => ({
        resourceType: 'Flag',
        id,
        status,
        code: { text: id },
        ...(period ? { period } : {}),
    });
    const index = new RecordIndex();
    index.add([
        flag('now', 'active'),
        flag('last day', 'active', { end: '2026-11-23' }),
        flag('over', 'active', { end: '2026-11-21' }),
        flag('to come', 'active', { start: '2026-12-01' }),
        flag('off', 'inactive'),
    ]);
    assert.deepEqual(
        alerts(index, at)
            .map((a) => a.title)
            .sort(),
        ['last day', 'now'],
    );
});

test('who looks after somebody: their GP, teams that are active, relatives, with telephones', () => {
    const index = new RecordIndex();
    index.add([
        {
            resourceType: 'CareTeam',
            id: '1',
            status: 'active',
            name: 'Help at home',
            participant: [
                {
                    member: { reference: 'Practitioner/2', display: 'Mr Clarke' },
                    role: [{ text: 'Social worker' }],
                },
                { member: { reference: 'Patient/7', display: 'Themself' } },
                {
                    member: { reference: 'Practitioner/3', display: 'Gone' },
                    period: { end: '2020-01-01' },
                },
            ],
        },
        {
            resourceType: 'RelatedPerson',
            id: '4',
            name: [{ text: 'Bo Lee' }],
            relationship: [{ text: 'Daughter' }],
            telecom: [{ system: 'phone', value: '01632 1' }],
        },
        {
            resourceType: 'RelatedPerson',
            id: '9~Y2',
            name: [{ text: 'BO LEE' }],
            relationship: [{ text: 'daughter' }, { coding: [{ code: 'Carer' }] }],
            telecom: [{ system: 'phone', value: '01632 2' }],
        },
        { resourceType: 'RelatedPerson', id: '5', name: [{ text: 'Bo Lee' }], relationship: [{ text: 'Aunt' }] },
        { resourceType: 'RelatedPerson', id: '6', active: false, name: [{ text: 'Past' }] },
    ]);
    const patient = {
        resourceType: 'Patient',
        generalPractitioner: [{ reference: 'Practitioner/1', display: 'Dr Who' }],
        contact: [{ name: { text: 'Cy Lee' }, telecom: [{ system: 'email', value: 'c@l' }] }],
    };
    const directory = [
        {
            resourceType: 'PractitionerRole',
            practitioner: { reference: 'Practitioner/1' },
            organization: { reference: 'Organization/9' },
        },
        { resourceType: 'Organization', id: '9', telecom: [{ system: 'phone', value: '01632 9' }] },
    ];
    assert.deepEqual(
        carers(index, patient, directory, at).map((c) => [c.name, c.role, c.phone, c.team]),
        [
            ['Dr Who', 'GP', '01632 9', ''],
            ['Mr Clarke', 'Social worker', '', 'Help at home'],
            ['Bo Lee', 'Daughter, unpaid carer', '01632 1', ''],
            ['Bo Lee', 'Aunt', '', ''],
            ['Cy Lee', '', '', ''],
        ],
    );
});

test('what comes next, what runs, and what several places have stands once', () => {
    const index = new RecordIndex();
    const letter = (id: string) => ({
        resourceType: 'DocumentReference',
        id,
        status: 'current',
        date: '2026-01-01',
    });
    index.add([
        { resourceType: 'Appointment', id: '1', status: 'booked', start: '2026-12-01T09:00:00Z' },
        { resourceType: 'Appointment', id: '2', status: 'booked', start: '2026-11-20T09:00:00Z' },
        {
            resourceType: 'Appointment',
            id: '3',
            status: 'cancelled',
            start: '2026-12-01T09:00:00Z',
        },
        {
            resourceType: 'Task',
            id: '4',
            status: 'in-progress',
            code: { text: 'Adult social care package' },
        },
        {
            resourceType: 'Task',
            id: '5',
            status: 'completed',
            code: { text: 'Adult social care package' },
        },
        letter('6'),
        letter('Y~6'),
    ]);
    const [a, b] = [
        index.find({ reference: 'DocumentReference/6' })!,
        index.find({ reference: 'DocumentReference/Y~6' })!,
    ];
    const about = (place: string, own: boolean) => ({
        place,
        ods: '',
        own,
        also: [],
        alike: [a, b],
        unwitnessed: false,
    });
    index.tell('DocumentReference/6', about('Surgery', true));
    index.tell('DocumentReference/Y~6', about('Hospital', false));
    assert.deepEqual(
        coming(index, at).map((r) => r.id),
        ['1'],
    );
    assert.deepEqual(
        packages(index).map((r) => r.id),
        ['4'],
    );
    assert.deepEqual(
        documents(index).map((r) => r.id),
        ['6'],
    );
    assert.equal(sourceAndAge(index, a, today), 'Surgery, 10 months ago; also at Hospital');
});

test('results: all of six months, at least five kinds, abnormal first', () => {
    const index = new RecordIndex();
    for (let i = 0; i < 8; i++) {
        index.add([
            {
                resourceType: 'Observation',
                id: String(i),
                status: 'final',
                category: [{ coding: [{ code: 'laboratory' }] }],
                code: { text: `Test ${i}` },
                effectiveDateTime: i < 2 ? `2026-11-0${i + 1}` : '2020-01-01',
                valueQuantity: { value: String(i), unit: 'g' },
                ...(i === 4 ? { interpretation: [{ coding: [{ code: 'H' }] }] } : {}),
            },
        ]);
    }
    const shown = recentResults(index, at);
    assert.equal(shown.length, 5);
    assert.equal(shown[0]!.title, 'Test 4');
});

test('what to know before speaking with somebody', () => {
    assert.deepEqual(
        needsOf({ resourceType: 'Patient', communication: [{ language: { text: 'English' } }] }),
        [],
    );
    assert.deepEqual(
        needsOf({
            resourceType: 'Patient',
            extension: [
                {
                    url: 'http://hl7.org/fhir/StructureDefinition/individual-pronouns',
                    extension: [{ url: 'value', valueCodeableConcept: { text: 'they/them' } }],
                },
            ],
            communication: [
                {
                    extension: [
                        {
                            url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSCommunication',
                            extension: [{ url: 'interpreterRequired', valueBoolean: true }],
                        },
                    ],
                    language: { text: 'Polish' },
                },
            ],
        }),
        ['Pronouns: they/them', 'Speaks Polish: an interpreter is needed'],
    );
});
