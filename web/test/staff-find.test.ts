import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayQuery, slotsOf } from '../src/model/today.ts';
import { alikeIn } from '../src/model/twins.ts';

const person = (id: string, family: string, given: string, birthDate?: string) => ({
    resourceType: 'Patient',
    id,
    name: [{ family, given: [given] }],
    ...(birthDate ? { birthDate } : {}),
});

test('people who could be taken for one another are marked', () => {
    const like = alikeIn([
        person('1', 'Smith-Jones', 'Zoë', '1980-03-01'),
        person('2', 'SMITH JONES', 'Zoe', '1980-03-20'),
        person('3', 'Smith-Jones', 'Zoe', '1950-07-07'),
        person('4', 'Smith', 'Zoe', '1980-03-01'),
    ]);
    assert.deepEqual(
        [...like],
        [
            ['1', 'name-and-date'],
            ['2', 'name-and-date'],
            ['3', 'name'],
        ],
    );
});

test('birth dates are alike: the same day of another year, day and month swapped, one not known', () => {
    const pairs: [string | undefined, string, string][] = [
        ['1980-03-04', '1981-03-04', 'name-and-date'],
        ['1980-03-04', '1980-04-03', 'name-and-date'],
        [undefined, '1980-04-03', 'name-and-date'],
        ['1980-03', '1980-04-03', 'name-and-date'],
        ['1980-03-04', '1981-05-06', 'name'],
    ];
    for (const [a, b, should] of pairs) {
        const like = alikeIn([person('1', 'Lee', 'Ann', a), person('2', 'Lee', 'Ann', b)]);
        assert.equal(like.get('1'), should, `${a} ${b}`);
    }
});

test('who has no name is like nobody', () => {
    const nameless = (id: string) => ({ resourceType: 'Patient', id });
    assert.equal(alikeIn([nameless('1'), nameless('2')]).size, 0);
});

const appointment = (id: string, start: string, more: object = {}) => ({
    resourceType: 'Appointment',
    id,
    status: 'booked',
    start,
    participant: [
        { actor: { reference: 'https://node/fhir/Patient/7', display: 'Ann Lee' } },
        { actor: { reference: 'Practitioner/9', display: 'Dr Who' } },
    ],
    ...more,
});

test('the appointments of a day are those of London’s day, by time', () => {
    const summer = { year: 2026, month: 6, day: 30 };
    const slots = slotsOf(
        [
            appointment('late', '2026-06-30T22:59:00Z'),
            appointment('tomorrow', '2026-06-30T23:00:00Z'),
            appointment('first', '2026-06-29T23:00:00Z', { description: 'Asthma review' }),
            appointment('gone', '2026-06-30T10:00:00Z', { status: 'cancelled' }),
            appointment('nobody', '2026-06-30T10:00:00Z', { participant: [] }),
            person('7', 'Lee', 'Ann', '1980-01-01'),
        ],
        summer,
    );
    assert.deepEqual(
        slots.map((s) => [s.res.id, s.time, s.patient, s.reason, s.person?.id]),
        [
            ['first', '00:00', '7', 'Asthma review', '7'],
            ['late', '23:59', '7', '', '7'],
        ],
    );
    assert.deepEqual(slots[0]!.practitioners, ['Practitioner/9']);
});

test('what is asked for reaches over the day’s ends, whatever the clocks do', () => {
    const dates = dayQuery({ year: 2026, month: 3, day: 29 })
        .filter(([name]) => name === 'date')
        .map(([, value]) => value);
    assert.deepEqual(dates, ['ge2026-03-28T23:00:00.000Z', 'lt2026-03-30T01:00:00.000Z']);
});
