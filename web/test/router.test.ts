import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPath } from '../src/api.ts';
import { entryHref, readRoute, recordHref, resultHref } from '../src/router.ts';

const route = (hash: string) => {
    const { query, ...rest } = readRoute(hash);
    return { ...rest, query: query.toString() };
};

test('addresses are read back as they were made', () => {
    assert.deepEqual(route(''), { page: 'home', query: '' });
    assert.deepEqual(route('#/?q=o%27brien'), { page: 'search', query: 'q=o%27brien' });
    assert.deepEqual(route(recordHref('a1')), {
        page: 'record',
        id: 'a1',
        tab: 'summary',
        query: '',
    });
    assert.deepEqual(route(`${recordHref('a1', 'timeline')}?kind=Results&q=a?b`), {
        page: 'record',
        id: 'a1',
        tab: 'timeline',
        query: 'kind=Results&q=a%3Fb',
    });
    const key = 'http://loinc.org|4548-4';
    assert.deepEqual(route(resultHref('a1', key)), { page: 'result', id: 'a1', key, query: '' });
    assert.deepEqual(route(entryHref('a1', { resourceType: 'Condition', id: 'c' })), {
        page: 'entry',
        id: 'a1',
        type: 'Condition',
        entry: 'c',
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
        '#/patient/a/result/%E0%A4%A',
    ]) {
        const found = readRoute(hash);
        assert.ok(
            found.page === 'unknown' || (found.page === 'result' && found.key === '%E0%A4%A'),
            hash,
        );
    }
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
