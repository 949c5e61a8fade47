import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nhsNumberGroups, nhsNumberValid, tenDigits } from '../src/model/nhs-number.ts';
import { readQuery } from '../src/model/query.ts';

const now = { year: 2026, month: 11, day: 22 };
const NHS = 'https://fhir.nhs.uk/Id/nhs-number';

test('the check digit of an NHS number is checked', () => {
    for (const good of ['9434765919', '9990000018', '9434765870', '4010232137']) {
        assert.ok(nhsNumberValid(good), good);
    }
    /* the last: the check would have to be 10 */
    for (const bad of [
        '9434765918',
        '9343765919',
        '943476591',
        '94347659190',
        '',
        'abcdefghij',
        '9990000000',
    ]) {
        assert.ok(!nhsNumberValid(bad), bad);
    }
});

test('an NHS number is read with spaces and dashes and shown in three groups', () => {
    assert.equal(tenDigits(' 943 476 5919 '), '9434765919');
    assert.equal(tenDigits('943-476-5919'), '9434765919');
    assert.equal(tenDigits('943 476 591'), '');
    assert.equal(nhsNumberGroups('9434765919'), '943 476 5919');
    assert.equal(nhsNumberGroups('RW1'), 'RW1');
});

test('what is typed becomes search parameters', () => {
    const table: [string, [string, string][]][] = [
        ['smith', [['name', 'smith']]],
        [
            'SMITH, John',
            [
                ['name', 'SMITH'],
                ['name', 'John'],
            ],
        ],
        [
            'Mrs Grace Okafor-Llewellyn',
            [
                ['name', 'Grace'],
                ['name', 'Okafor-Llewellyn'],
            ],
        ],
        ["O'Brien", [['name', "O'Brien"]]],
        ['Wilderman619', [['name', 'Wilderman619']]],
        ['943 476 5919', [['identifier', `${NHS}|9434765919`]]],
        ['9434765919', [['identifier', `${NHS}|9434765919`]]],
        ['27/03/1962', [['birthdate', '1962-03-27']]],
        [
            'okafor born 27/03/1962',
            [
                ['birthdate', '1962-03-27'],
                ['name', 'okafor'],
            ],
        ],
        [
            'okafor 943-476-5919',
            [
                ['identifier', `${NHS}|9434765919`],
                ['name', 'okafor'],
            ],
        ],
        ['RW1-0099123', [['identifier', 'RW1-0099123']]],
        ['999-60-6628', [['identifier', '999-60-6628']]],
    ];
    for (const [typed, params] of table) {
        assert.deepEqual(readQuery(typed, now).params, params, typed);
    }
});

test('a number of ten digits with a wrong check digit is looked for and doubted', () => {
    const q = readQuery('943 476 5918', now);
    assert.deepEqual(q.params, [['identifier', '9434765918']]);
    assert.ok(q.hint.startsWith('943 476 5918 is not an NHS number'));
});

test('what cannot be looked for is told', () => {
    for (const typed of ['', '  ', 'Mrs', '31/02/1962', '01/01/2031', '!!']) {
        const q = readQuery(typed, now);
        assert.ok(q.problem, typed);
        assert.deepEqual(q.params, []);
    }
});

test('how it was understood is said', () => {
    assert.equal(readQuery('smith 27/3/62', now).said, 'called smith, born 27-Mar-1962');
    assert.equal(readQuery('smith 1962', now).said, 'called smith, born in 1962');
});
