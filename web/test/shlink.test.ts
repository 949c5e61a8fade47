import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBase64url, toBase64url } from '../src/model/bytes.ts';
import { decrypt, encrypt, NotReadable } from '../src/model/jwe.ts';
import { newKey, pageOfLink, readLink, writeLink } from '../src/model/shlink.ts';

/* The link of the specification's example ("Example SMART Health Link"). */
const EXAMPLE =
    'shlink:/eyJ1cmwiOiJodHRwczovL2Voci5leGFtcGxlLm9yZy9xci9ZOXh3a1VkdG1OOXd3b0pvTjNmZkpJaFgyVUd2Q0wxSm5sUFZOTDNrRFdNL20iLCJmbGFnIjoiTFAiLCJrZXkiOiJyeFRnWWxPYUtKUEZ0Y0VkMHFjY2VOOHdFVTRwOTRTcUF3SVdRZTZ1WDdRIiwibGFiZWwiOiJCYWNrLXRvLXNjaG9vbCBpbW11bml6YXRpb25zIGZvciBPbGl2ZXIgQnJvd24ifQ';

test('the example of the specification is read, with a page before it, too', () => {
    const should = {
        url: 'https://ehr.example.org/qr/Y9xwkUdtmN9wwoJoN3ffJIhX2UGvCL1JnlPVNL3kDWM/m',
        flag: 'LP',
        key: 'rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q',
        label: 'Back-to-school immunizations for Oliver Brown',
    };
    assert.deepEqual(readLink(EXAMPLE), should);
    assert.deepEqual(readLink(pageOfLink('https://viewer.example.org', EXAMPLE)), should);
});

test('a link comes back as it was written', () => {
    const link = {
        url: `https://node.example/shared/${'a'.repeat(43)}`,
        key: toBase64url(newKey()),
        exp: 1800000000,
        flag: 'P',
        label: 'Ar gyfer fy neintydd – ŵy',
    };
    assert.deepEqual(readLink(writeLink(link)), link);
    assert.deepEqual(readLink(writeLink({ url: link.url, key: link.key })), {
        url: link.url,
        key: link.key,
    });
});

test('what is no link is none', () => {
    const of = (p: unknown) => `shlink:/${toBase64url(new TextEncoder().encode(JSON.stringify(p)))}`;
    const good = { url: 'https://a.example/x', key: 'a'.repeat(43) };
    assert.ok(readLink(of(good)));
    for (const bad of [
        { ...good, url: 'javascript:alert(1)' },
        { ...good, url: `https://a.example/${'x'.repeat(128)}` },
        { ...good, key: 'short' },
        { ...good, v: 2 },
        { ...good, exp: 'soon' },
        { ...good, flag: '<b>' },
        { ...good, label: 7 },
        [],
        null,
    ]) {
        assert.equal(readLink(of(bad)), null, JSON.stringify(bad));
    }
    for (const bad of ['', 'shlink:/', 'shlink:/!!', 'https://a.example/#/patient/1', 'shlink:/bm8']) {
        assert.equal(readLink(bad), null, bad);
    }
});

/* RFC 7516 with alg dir: made by another program (Python's cryptography), key 0 to 31, nonce 0 to 11. */
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const PLAIN =
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiY3R5IjoiYXBwbGljYXRpb24vZmhpcitqc29uIn0..AAECAwQFBgcICQoL.PCCkfraKt2nuJMPywYxaV6GG5kCZHjEIGkvH63wEZZA7S9Xe26Rq7FaeXb7hRIpWzpzU9DT03odC.La1PjnG-8tJN8xV8DQi4Aw';
const ZIPPED =
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiY3R5IjoiYXBwbGljYXRpb24vZmhpcitqc29uIiwiemlwIjoiREVGIn0..AAECAwQFBgcICQoL.7FT8Uegr7TbHD5oinaEt39Hczxg5N5JXabW0T1alBbhFR4VpC5eGmBEmTOKnTXsAVPxSwvPgFcw_.667AM72RLqtMMBE51CqS3w';

test('files of another program are decrypted, packed or not', async () => {
    const text = '{"resourceType":"Patient","name":[{"text":"Siân Ŵyn"}]}';
    for (const jwe of [PLAIN, ZIPPED]) {
        assert.deepEqual(await decrypt(KEY, jwe), { text, type: 'application/fhir+json' });
    }
});

test('what is encrypted comes back, and looks different each time', async () => {
    const key = newKey();
    const text = JSON.stringify({ words: 'Iechyd da! '.repeat(5000) });
    const [one, two] = [await encrypt(key, text, 'application/fhir+json'), await encrypt(key, text, 'x')];
    assert.deepEqual(await decrypt(key, one), { text, type: 'application/fhir+json' });
    assert.notEqual(one, two);
    assert.notEqual(one.split('.')[2], two.split('.')[2], 'a nonce is used once');
    assert.equal(one.split('.')[1], '', 'no key goes along');
    const head = JSON.parse(new TextDecoder().decode(fromBase64url(one.split('.')[0]!)));
    assert.deepEqual(head, { alg: 'dir', enc: 'A256GCM', cty: 'application/fhir+json', zip: 'DEF' });
    assert.ok(one.length < text.length / 10, 'packed');
});

test('another key, and any change, is noticed', async () => {
    const key = newKey();
    const jwe = await encrypt(key, 'secret', 'text/plain');
    await assert.rejects(decrypt(newKey(), jwe), NotReadable);
    const parts = jwe.split('.');
    for (const at of [0, 2, 3, 4]) {
        const changed = [...parts];
        const part = changed[at]!;
        changed[at] = (part[0] === 'A' ? 'B' : 'A') + part.slice(1);
        await assert.rejects(decrypt(key, changed.join('.')), NotReadable, `part ${at}`);
    }
    for (const bad of ['', 'a.b.c', `${jwe}.x`, jwe.replace('..', '.AAAA.')]) {
        await assert.rejects(decrypt(key, bad), NotReadable, bad);
    }
});

test('a small file that would unpack to very much is not', async () => {
    const zeros = new Uint8Array(65 << 20);
    const key = newKey();
    const text = new TextDecoder().decode(zeros);
    await assert.rejects(decrypt(key, await encrypt(key, text, 'text/plain')), NotReadable);
});
