import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
    age,
    civil,
    findDate,
    showDate,
    showDateTime,
    showPeriod,
    showTimes,
    yearOf,
} from '../src/model/dates.ts';

const now = { year: 2026, month: 11, day: 22 };

test('a date is shown as precisely as it is known', () => {
    const table: [unknown, string][] = [
        ['1962-03-07', '07-Mar-1962'],
        ['1962-03', 'Mar-1962'],
        ['1962', '1962'],
        ['', ''],
        [undefined, ''],
        ['last week', ''],
        ['1962-13', ''],
        [{}, ''],
    ];
    for (const [value, shown] of table) {
        assert.equal(showDate(value), shown, String(value));
    }
});

test('a time of day is that of London, in summer, in winter and in 1970', () => {
    const table: [string, string][] = [
        ['2025-07-01T23:30:00Z', '02-Jul-2025 00:30'],
        ['2025-01-01T23:30:00Z', '01-Jan-2025 23:30'],
        ['2025-03-30T01:00:00Z', '30-Mar-2025 02:00'],
        ['2025-10-26T01:00:00Z', '26-Oct-2025 01:00'],
        ['2012-01-01T03:29:23+01:00', '01-Jan-2012 02:29'],
        ['1969-12-31T23:30:00Z', '01-Jan-1970 00:30'],
        ['2025-01-01', '01-Jan-2025'],
    ];
    for (const [value, shown] of table) {
        assert.equal(showDateTime(value), shown, value);
    }
});

test('the year of the timeline is the year that is shown', () => {
    for (const value of [
        '2025-12-31T23:59:59Z',
        '2026-01-01T00:30:00+01:00',
        '1969-12-31T23:30:00Z',
        '1971-12-31T23:30:00Z',
        '1980',
        '1980-06',
    ]) {
        assert.equal(yearOf(value), civil(value)!.year, value);
    }
    assert.ok(Number.isNaN(yearOf(undefined)));
});

test('a period names one day once', () => {
    assert.equal(showPeriod('2020-01-01', '2020-01-09'), '01-Jan-2020 to 09-Jan-2020');
    assert.equal(showPeriod('2020-01-01T09:00:00Z', '2020-01-01T10:00:00Z'), '01-Jan-2020');
    assert.equal(showPeriod(undefined, '2020'), 'until 2020');
    assert.equal(showPeriod(undefined, undefined), '');
    assert.equal(
        showTimes('2025-11-03T09:10:00Z', '2025-11-03T09:22:00Z'),
        '03-Nov-2025 09:10 to 09:22',
    );
    assert.equal(
        showTimes('2025-11-03T09:10:00Z', '2025-11-04T09:22:00Z'),
        '03-Nov-2025 09:10 to 04-Nov-2025 09:22',
    );
    assert.equal(showTimes('2025-11', '2025-12'), 'Nov-2025 to Dec-2025');
    assert.equal(showTimes('2025-11-03', undefined), '03-Nov-2025');
});

test('ages are written as the NHS writes them', () => {
    const table: [string, string][] = [
        ['2026-11-22', '0d'],
        ['2026-10-26', '27d'],
        ['2026-10-25', '4w'],
        ['2026-10-20', '4w 5d'],
        ['2025-11-23', '52w'],
        ['2025-11-22', '12m'],
        ['2025-09-20', '14m 2d'],
        ['2024-11-22', '2y'],
        ['2022-08-10', '4y 3m'],
        ['2008-11-23', '17y 11m'],
        ['2008-11-22', '18y'],
        ['1962-03-27', '64y'],
        ['1962-11-23', '63y'],
        ['2027-01-01', ''],
    ];
    for (const [born, shown] of table) {
        assert.equal(age(born, now), shown, born);
    }
});

test('the age of a partly known date of birth is a span where it may be two', () => {
    assert.equal(age('1960', now), '65–66y');
    assert.equal(age('1960-11', now), '65–66y');
    assert.equal(age('1960-03', now), '66y');
    assert.equal(age('1960-12', now), '65y');
    assert.equal(age('2026', now), 'under 1y');
    assert.equal(age('2027', now), '');
    assert.equal(age(undefined, now), '');
});

test('a date of birth is found however it is typed', () => {
    const table: [string, string][] = [
        ['27/03/1962', '1962-03-27'],
        ['27-3-1962', '1962-03-27'],
        ['27.03.62', '1962-03-27'],
        ['27 March 1962', '1962-03-27'],
        ['27-Mar-1962', '1962-03-27'],
        ['27th mar 62', '1962-03-27'],
        ['1962-03-27', '1962-03-27'],
        ['27031962', '1962-03-27'],
        ['smith 1/2/26', '2026-02-01'],
        ['smith 1/2/27', '1927-02-01'],
        ['March 1962', '1962-03'],
        ['smith 1962', '1962'],
        ['31/02/1962', ''],
        ['12/31/1962', ''],
    ];
    for (const [typed, iso] of table) {
        assert.equal(findDate(typed, now)?.iso, iso, typed);
    }
    for (const typed of [
        'smith',
        '485 777 3456',
        '999-60-6628',
        'RW1-0099123',
        'Wilderman619',
        '1/2/3/4',
    ]) {
        assert.equal(findDate(typed, now), null, typed);
    }
});
