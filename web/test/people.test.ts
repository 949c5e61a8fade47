import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
    addressLines,
    died,
    nhsNumber,
    otherIdentifiers,
    otherNames,
    patientName,
} from '../src/model/people.ts';

const person = (more: object) => ({ resourceType: 'Patient', ...more });

test('a name is written surname first', () => {
    const table: [object[], string][] = [
        [
            [{ family: 'Okafor', given: ['Grace', 'Ada'], prefix: ['Mrs.'] }],
            'OKAFOR, Grace Ada (Mrs)',
        ],
        [[{ family: 'Şahin' }], 'ŞAHIN'],
        [[{ given: ['Madonna'] }], 'Madonna'],
        [[{ text: 'Baby of Nobody' }], 'Baby of Nobody'],
        [[], 'Name not recorded'],
        [
            [
                { use: 'old', family: 'Was' },
                { use: 'official', family: 'Is' },
            ],
            'IS',
        ],
        [
            [
                { use: 'official', family: 'Legal' },
                { use: 'usual', family: 'Usual' },
            ],
            'USUAL',
        ],
        [
            [
                { use: 'usual', family: 'Ended', period: { end: '2010' } },
                { use: 'official', family: 'Now' },
            ],
            'NOW',
        ],
    ];
    for (const [name, shown] of table) {
        assert.equal(patientName(person({ name })), shown);
    }
});

test('other names say what they are', () => {
    const p = person({
        name: [
            { use: 'official', family: 'A' },
            { use: 'maiden', family: 'B' },
            { use: 'nickname', given: ['C'] },
        ],
    });
    assert.deepEqual(otherNames(p), [
        { use: 'Maiden name', name: 'B' },
        { use: 'Known as', name: 'C' },
    ]);
});

test('the NHS number is told from other identifiers', () => {
    const p = person({
        identifier: [
            { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9434765919' },
            {
                system: 'https://hospital.example/mrn',
                value: 'X1',
                type: { text: 'Hospital number' },
            },
        ],
    });
    assert.equal(nhsNumber(p), '943 476 5919');
    assert.deepEqual(otherIdentifiers(p), [{ label: 'Hospital number', value: 'X1' }]);
});

test('an address loses what is said twice', () => {
    assert.deepEqual(
        addressLines({
            line: ['1 High St'],
            city: 'Town',
            district: 'Town',
            postalCode: 'AB1 2CD',
            country: 'GBR',
        }),
        ['1 High St', 'Town', 'AB1 2CD'],
    );
    assert.deepEqual(addressLines({ text: 'a\nb' }), ['a', 'b']);
    assert.deepEqual(addressLines(undefined), []);
});

test('dead, alive and dead without a date are three things', () => {
    assert.equal(died(person({})), undefined);
    assert.equal(died(person({ deceasedBoolean: false })), undefined);
    assert.equal(died(person({ deceasedBoolean: true })), '');
    assert.equal(died(person({ deceasedDateTime: '2012-01' })), 'Jan-2012');
});
