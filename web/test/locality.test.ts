import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarmWords, daysLeft, proposalParts, witnessWords, type Member } from '../src/model/locality.ts';

const member = (more: Partial<Member>): Member => ({
    ods: 'Y90002',
    kind: 'hospital',
    name: 'Riverside Hospital',
    url: 'https://127.0.0.1:1',
    away: false,
    ...more,
});

test('how far a witness is', () => {
    const when = (t: string) => t;
    assert.equal(witnessWords(member({}), when), '');
    assert.equal(/not witnessed/.test(witnessWords(member({ witness: { entries: 3, since: '' } }), when)), true);
    assert.equal(/1 entry behind, since then/.test(witnessWords(member({ witness: { entries: 1, since: 'then' } }), when)), true);
    assert.equal(/1,200 entries behind/.test(witnessWords(member({ witness: { entries: 1200, since: 'then' } }), when)), true);
    assert.equal(/all of .* then/.test(witnessWords(member({ witness: { entries: 0, since: 'then' } }), when)), true);
});

test('days until the directory ends', () => {
    const now = Date.parse('2026-11-23T12:00:00Z');
    assert.equal(daysLeft({ until: '2026-11-25T11:00:00.000Z' }, now), 1);
    assert.equal(daysLeft({ until: '2026-11-20T11:00:00.000Z' }, now), 0);
    assert.equal(daysLeft({}, now), 0);
});

test('proposals and alarms in words', () => {
    assert.deepEqual(proposalParts('3f9a61c0: number 4, round 1; adds: X'), {
        digits: '3f9a61c0',
        what: 'number 4, round 1; adds: X',
    });
    assert.deepEqual(proposalParts('x'), { digits: '', what: 'x' });
    assert.equal(/no member/.test(alarmWords('stranger')), true);
    assert.equal(alarmWords('of-a-new-kind'), 'of a new kind');
});
