import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPath } from '../src/api.ts';
import { entryHref, readRoute, recordHref, resultHref } from '../src/router.ts';
import { PATHS } from '../src/routes.ts';

const route = (hash: string) => {
    const { query, ...rest } = readRoute(hash, PATHS);
    return { ...rest, query: query.toString() };
};

test('addresses are read back as they were made', () => {
    assert.deepEqual(route(''), { path: '', params: {}, query: '' });
    assert.deepEqual(route('#/?q=o%27brien'), { path: 'find', params: {}, query: 'q=o%27brien' });
    assert.deepEqual(route(recordHref('a1')), {
        path: 'patient/:id',
        params: { id: 'a1' },
        query: '',
    });
    assert.deepEqual(route(`${recordHref('a1', 'timeline')}?kind=Results&q=a?b`), {
        path: 'patient/:id/timeline',
        params: { id: 'a1' },
        query: 'kind=Results&q=a%3Fb',
    });
    const key = 'http://loinc.org|4548-4';
    assert.deepEqual(route(resultHref('a1', key)), {
        path: 'patient/:id/result/:key',
        params: { id: 'a1', key },
        query: '',
    });
    assert.deepEqual(route(entryHref('a1', { resourceType: 'Condition', id: 'Y90001~c' })), {
        path: 'patient/:id/entry/:type/:entry',
        params: { id: 'a1', type: 'Condition', entry: 'Y90001~c' },
        query: '',
    });
});

test('what is no address is not guessed at', () => {
    for (const hash of [
        '#/patient',
        '#/patient/../x',
        '#/patient/a%2Fb',
        '#/patient/a/elsewhere',
        '#/patient/a/summary/x',
        '#/other',
        '#/patient/a/entry/x/y%2Fz',
    ]) {
        assert.equal(route(hash).path, 'unknown', hash);
    }
    assert.equal(route('#/patient/a/result/%E0%A4%A').params.key, '%E0%A4%A');
});

test('the next page is asked of this node only', () => {
    const next = (url: string) =>
        nextPath({ resourceType: 'Bundle', link: [{ relation: 'next', url }] });
    assert.equal(next('http://127.0.0.1:8080/fhir/Patient?_page=2'), 'Patient?_page=2');
    assert.equal(next('/fhir/Patient?_page=2'), 'Patient?_page=2');
    assert.equal(next('https://node.example/base/fhir?_getpages=abc'), '?_getpages=abc');
    assert.equal(next('https://elsewhere.example/other'), '');
    assert.equal(nextPath({ resourceType: 'Bundle' }), '');
});
