import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
    groupsOfFour,
    landing,
    passwordProblem,
    safeCallback,
    safeReturn,
    type Session,
} from '../src/model/account.ts';
import { fromBase64, fromBase64url, fromHex, toBase64url } from '../src/model/bytes.ts';
import { readRoute } from '../src/router.ts';
import { PATHS } from '../src/routes.ts';

const HERE = 'https://node.example';

test('nobody is sent elsewhere after signing in', () => {
    const table: [string, string][] = [
        ['#/patient/a', '#/patient/a'],
        ['/#/consent/r1', '#/consent/r1'],
        ['/oauth/authorize?a=b&c=d', '/oauth/authorize?a=b&c=d'],
        ['', ''],
        ['//evil.example', ''],
        ['/\\evil.example', ''],
        ['https://evil.example', ''],
        ['javascript:alert(1)', ''],
        ['/fhir/Patient', ''],
        ['/oauth/authorize/../../auth', ''],
        ['/oauth/token?x', ''],
        ['/\t/evil.example', ''],
        ['#/sign-in?then=x', ''],
        ['#/invite/x', ''],
        ['/#evil', ''],
    ];
    for (const [then, to] of table) {
        assert.equal(safeReturn(then, HERE), to, then);
    }
});

test('an app is called back at its own address, and by no script', () => {
    assert.equal(safeCallback('https://app.example/cb?code=1'), 'https://app.example/cb?code=1');
    assert.equal(safeCallback('org.example.app:/cb'), 'org.example.app:/cb');
    for (const bad of ['javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x', '', 'x']) {
        assert.equal(safeCallback(bad), '', bad);
    }
});

test('each lands where their work is', () => {
    const made = (
        kind: 'patient' | 'professional',
        activities: string[],
        patient?: string,
    ): Session => ({
        signed_in: true,
        account: { id: '1', name: 'A', kind, activities, ...(patient ? { patient } : {}) },
    });
    assert.equal(landing(made('patient', [], 'p1')), '#/patient/p1');
    assert.equal(landing(made('patient', [])), '#/helping');
    assert.equal(landing(made('professional', ['view-record', 'write-record'])), '#/find');
    assert.equal(landing(made('professional', ['review-overrides', 'view-audit'])), '#/reviews');
    assert.equal(landing(made('professional', ['manage-people'])), '#/people-and-roles');
});

test('passwords and secrets', () => {
    assert.ok(passwordProblem('elevenchars'));
    assert.equal(passwordProblem('twelve chars'), '');
    assert.ok(passwordProblem('x'.repeat(129)));
    assert.ok(passwordProblem('my name is GRACE now', 'grace'));
    assert.equal(groupsOfFour('ABCDEFGHIJ'), 'ABCD EFGH IJ');
});

test('bytes are read in one form only', () => {
    assert.equal(toBase64url(Uint8Array.of(251, 255, 0)), '-_8A');
    assert.deepEqual([...fromBase64url('-_8A')], [251, 255, 0]);
    for (const bad of ['A', 'AA', 'AA=', 'AB==', 'AAB=', 'AA==A', 'AA-_', ' AAAA', 'AAAA\n']) {
        assert.throws(() => fromBase64(bad));
    }
    assert.throws(() => fromHex('0'));
    assert.throws(() => fromHex('0G'));
    assert.throws(() => fromBase64url('A+'));
});

test('addresses of the pages about access', () => {
    const page = (hash: string) => readRoute(hash, PATHS).path;
    assert.equal(page('#/people/p1/access'), 'people/:id/access');
    assert.equal(page('#/people/p1/sharing'), 'people/:id/sharing');
    assert.equal(page('#/people/p1/else'), 'unknown');
    assert.equal(page('#/people/p%2F1/access'), 'unknown');
    assert.equal(page('#/invite/abc_-1'), 'invite/:token');
    assert.equal(page('#/invite/..%2Fx'), 'unknown');
    assert.equal(page('#/consent/a/b'), 'unknown');
});
