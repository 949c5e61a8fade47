import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBase64, hex, joined, toBase64 } from '../src/model/bytes.ts';
import {
    checkChain,
    checkProof,
    leafHash,
    openCheckpoint,
    openStatement,
    readKey,
    rootOf,
    sha256,
    type Proven,
} from '../src/model/tlog.ts';
import vectors from './tlog-vectors.json';

/* Made by another program (Python) from docs/audit.md. */
const { key, proofs, statement, mine, checkpoint } = vectors;

const refused = async (what: string, body: () => Promise<unknown>): Promise<void> => {
    let words = '';
    try {
        await body();
    } catch (e) {
        words = (e as Error).message;
    }
    assert.ok(words, `taken: ${what}`);
};

test('every proof of a log that another program made is right', async () => {
    const k = await readKey(key);
    for (const [i, proof] of proofs.entries()) {
        const p = await checkProof(proof, k);
        assert.equal(p.index, i);
        assert.equal(p.checkpoint.size, vectors.size);
        assert.equal(p.event?.what, `Observation/${i}`);
    }
    assert.equal((await openCheckpoint(checkpoint, k)).size, vectors.size);
    const erased = await checkProof(vectors.erased, k);
    assert.equal(erased.line, null);
    assert.equal(erased.leaf.seq, 2);
});

test('a proof in which any bit of any character is flipped is refused, or says the same', async () => {
    const k = await readKey(key);
    const proof = proofs[4]!;
    const right = await checkProof(proof, k);
    let told = 0;
    for (let at = 0; at < proof.length; at++) {
        const bit = 1 << (at % 7);
        const bad = `${proof.slice(0, at)}${String.fromCharCode(proof.charCodeAt(at) ^ bit)}${proof.slice(at + 1)}`;
        try {
            await checkProof(bad, k);
            assert.ok(false, `taken with character ${at} (${JSON.stringify(proof[at])}) changed`);
        } catch (e) {
            told += (e as Error).message ? 1 : 0;
        }
    }
    assert.equal(told, proof.length);
    assert.ok(right.line);
});

test('every flipped bit of the words, the salt, the leaf and the path is refused', async () => {
    const k = await readKey(key);
    const [head, extraLine, ...rest] = proofs[4]!.split('\n');
    const extra = JSON.parse(new TextDecoder().decode(fromBase64(extraLine!.slice(6))));
    const made = (e: object) =>
        [head, `extra ${toBase64(new TextEncoder().encode(JSON.stringify(e)))}`, ...rest].join(
            '\n',
        );
    await checkProof(made(extra), k);
    for (const name of ['salt', 'leaf'] as const) {
        const bytes = fromBase64(extra[name]);
        for (let bit = 0; bit < bytes.length * 8; bit++) {
            const bad = bytes.slice();
            bad[bit >> 3]! ^= 1 << (bit & 7);
            await refused(`${name} bit ${bit}`, () =>
                checkProof(made({ ...extra, [name]: toBase64(bad) }), k),
            );
        }
    }
    for (const bad of [
        { ...extra, patient_seq: extra.patient_seq + 1 },
        { ...extra, line: extra.line.replace('Sørensen', 'Sorensen') },
        { ...extra, line: `${extra.line} ` },
        { ...extra, salt: undefined },
        { ...extra, line: undefined },
        { ...extra, v: 2 },
        { ...extra, more: 1 },
    ]) {
        await refused(JSON.stringify(bad), () => checkProof(made(bad), k));
    }
    for (let line = 1; rest[line]; line++) {
        const bytes = fromBase64(rest[line]!);
        for (let bit = 0; bit < 256; bit++) {
            const bad = bytes.slice();
            bad[bit >> 3]! ^= 1 << (bit & 7);
            const lines = rest.map((l, i) => (i === line ? toBase64(bad) : l));
            await refused(`path ${line} bit ${bit}`, () =>
                checkProof([head, extraLine, ...lines].join('\n'), k),
            );
        }
    }
});

test('a proof of another place, a longer or shorter path, another key is refused', async () => {
    const k = await readKey(key);
    const proof = proofs[4]!;
    const lines = proof.split('\n');
    const hashes = lines.slice(3, lines.indexOf(''));
    const cases: [string, string][] = [
        ['another place', proof.replace('index 4', 'index 5')],
        ['beyond the end', proof.replace('index 4', 'index 13')],
        ['leading zero', proof.replace('index 4', 'index 04')],
        ['a hash less', proof.replace(`${hashes.at(-1)}\n`, '')],
        ['a hash more', proof.replace(`${hashes[0]}\n`, `${hashes[0]}\n${hashes[0]}\n`)],
        ['swapped', proof.replace(`${hashes[0]}\n${hashes[1]}`, `${hashes[1]}\n${hashes[0]}`)],
        ['no signature', `${proof.slice(0, proof.indexOf('\u2014'))}`],
        ['two signatures', `${proof}${proof.slice(proof.indexOf('\u2014'))}`],
        ['text after', `${proof}x`],
        ['nothing', ''],
    ];
    for (const [what, bad] of cases) {
        await refused(what, () => checkProof(bad, k));
    }
    const pair = (await crypto.subtle.generateKey('Ed25519', true, [
        'sign',
        'verify',
    ])) as CryptoKeyPair;
    await refused('another key', () => checkProof(proof, { ...k, key: pair.publicKey }));
    for (const bad of [key.slice(0, -2), key.replace('Y90001', 'Y90002'), `${key}A`, 'x', '']) {
        await refused(`key ${bad}`, () => readKey(bad));
    }
});

test('the chain of a patient is whole, and what is missing or foreign is found', async () => {
    const k = await readKey(key);
    const s = await openStatement(statement, k);
    assert.equal(s.entries, mine.length);
    const chain: Proven[] = [];
    for (const i of [...mine].reverse()) {
        chain.push(await checkProof(proofs[i]!, k));
    }
    assert.equal(checkChain(s, chain).number, 0);
    const half = checkChain(s, chain.slice(0, 3));
    assert.equal(half.number, s.entries - 3);
    assert.equal(checkChain(s, chain.slice(3), half).number, 0);
    assert.throws(() => checkChain(s, chain.slice(4), half)); /* a gap between two pieces */
    assert.throws(() => checkChain(s, chain.slice(2), half)); /* the same entry twice */
    const other = await checkProof(proofs[2]!, k);
    for (let at = 0; at + 1 < chain.length; at++) {
        const without = chain.filter((_, i) => i !== at);
        assert.throws(() => checkChain(s, without));
        const swapped = [...chain];
        [swapped[at], swapped[at + 1]] = [swapped[at + 1]!, swapped[at]!];
        assert.throws(() => checkChain(s, swapped));
        assert.throws(() =>
            checkChain(
                s,
                chain.map((p, i) => (i === at ? other : p)),
            ),
        );
    }
    assert.throws(() => checkChain(s, [...chain, chain.at(-1)!]));
    const nobody = await openStatement(vectors.nobody, k);
    assert.equal(nobody.entries, 0);
    assert.equal(checkChain(nobody, []).number, 0);
    assert.throws(() => checkChain(nobody, [chain[0]!]));
});

test('a statement that was changed, or is none, is refused', async () => {
    const k = await readKey(key);
    for (let at = 0; at < statement.length; at++) {
        const bad = `${statement.slice(0, at)}${String.fromCharCode(statement.charCodeAt(at) ^ 1)}${statement.slice(at + 1)}`;
        await refused(`character ${at}`, () => openStatement(bad, k));
    }
    await refused('a checkpoint', () => openStatement(checkpoint, k));
    await refused('a statement as a checkpoint', () => openCheckpoint(statement, k));
});

test('roots of trees of every small size, from every leaf', async () => {
    const node = (a: Uint8Array, b: Uint8Array) => sha256(Uint8Array.of(1), a, b);
    const split = (n: number) => 2 ** Math.floor(Math.log2(n - 1));
    const root = async (l: Uint8Array[]): Promise<Uint8Array> =>
        l.length === 1
            ? l[0]!
            : node(await root(l.slice(0, split(l.length))), await root(l.slice(split(l.length))));
    const path = async (m: number, l: Uint8Array[]): Promise<Uint8Array[]> => {
        if (l.length === 1) {
            return [];
        }
        const k = split(l.length);
        return m < k
            ? [...(await path(m, l.slice(0, k))), await root(l.slice(k))]
            : [...(await path(m - k, l.slice(k))), await root(l.slice(0, k))];
    };
    const leaves: Uint8Array[] = [];
    for (let n = 1; n <= 20; n++) {
        leaves.push(await leafHash(Uint8Array.of(n)));
        const should = toBase64(await root(leaves));
        for (let m = 0; m < n; m++) {
            const p = await path(m, leaves);
            assert.equal(toBase64(await rootOf(leaves[m]!, m, n, p)), should);
            await refused('longer', () => rootOf(leaves[m]!, m, n, [...p, leaves[0]!]));
            if (p.length) {
                await refused('shorter', () => rootOf(leaves[m]!, m, n, p.slice(0, -1)));
            }
        }
        await refused('beyond', () => rootOf(leaves[0]!, n, n, []));
    }
});

/* A log of one leaf that signs whatever it is told to. */
async function liar() {
    const utf8 = new TextEncoder();
    const pair = (await crypto.subtle.generateKey('Ed25519', true, [
        'sign',
        'verify',
    ])) as CryptoKeyPair;
    const name = 'kith.care/log/LIAR';
    const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
    const typed = joined(Uint8Array.of(1), raw);
    const id = (await sha256(utf8.encode(`${name}\n`), typed)).slice(0, 4);
    const k = await readKey(`${name}+${hex(id)}+${toBase64(typed)}`);
    const note = async (text: string): Promise<string> => {
        const made = await crypto.subtle.sign('Ed25519', pair.privateKey, utf8.encode(text));
        return `${text}\n\u2014 ${name} ${toBase64(joined(id, new Uint8Array(made)))}\n`;
    };
    const proof = async (
        origin: string,
        checkpointOrigin: string,
        version = 1,
    ): Promise<string> => {
        const salt = new Uint8Array(32);
        const commitment = await sha256(salt, utf8.encode('{}'));
        const data = joined(
            Uint8Array.of(version),
            await sha256(utf8.encode(origin)),
            new Uint8Array(80),
            commitment,
        );
        const extra = {
            v: 1,
            leaf: toBase64(data),
            patient_seq: 0,
            salt: toBase64(salt),
            line: '{}',
        };
        const root = toBase64(await leafHash(data));
        return (
            `c2sp.org/tlog-proof@v1\nextra ${toBase64(utf8.encode(JSON.stringify(extra)))}\n` +
            `index 0\n\n${await note(`${checkpointOrigin}\n1\n${root}\n`)}`
        );
    };
    return { name, k, note, proof };
}

test('what the log itself signed is refused, too, where it is not in its form', async () => {
    const { name, k, note, proof } = await liar();
    assert.equal((await checkProof(await proof(name, name), k)).index, 0);
    const leafOfAnother = await proof('kith.care/log/OTHER', name);
    await refused('a leaf of another log', () => checkProof(leafOfAnother, k));
    const another = await proof(name, 'kith.care/log/OTHER');
    await refused('a checkpoint of another log', () => checkProof(another, k));
    const version = await proof(name, name, 2);
    await refused('a leaf of another version', () => checkProof(version, k));
    const hash = toBase64(new Uint8Array(32));
    const statementOf = (first: string, last: string) =>
        note(`${first}\n${name}\n1\n${hash}\npatient p\ntag ${hash}\nentries 1\nlast ${last}\n`);
    const good = await statementOf('kith.care/audit-statement/v1', `0 ${hash}`);
    assert.equal((await openStatement(good, k)).entries, 1);
    const next = await statementOf('kith.care/audit-statement/v2', `0 ${hash}`);
    await refused('another version', () => openStatement(next, k));
    const none = await statementOf('kith.care/audit-statement/v1', '- -');
    await refused('entries without a last one', () => openStatement(none, k));
});

test('each joint of a chain counts by itself', async () => {
    const k = await readKey(key);
    const s = await openStatement(statement, k);
    const chain: Proven[] = [];
    for (const i of [...mine].reverse()) {
        chain.push(await checkProof(proofs[i]!, k));
    }
    const other = new Uint8Array(32).fill(7);
    const last = chain.length - 1;
    const changes: [number, Partial<Proven['leaf']>][] = [
        [0, { seq: 99 }],
        [2, { seq: 1 }],
        [2, { tag: other }],
        [2, { hash: other }],
        [2, { before: other }],
        [last, { before: other }],
    ];
    for (const [at, change] of changes) {
        const bad = chain.map((p, i) => (i === at ? { ...p, leaf: { ...p.leaf, ...change } } : p));
        assert.throws(() => checkChain(s, bad));
    }
    assert.throws(() => checkChain(s, [{ ...chain[0]!, index: 0 }, ...chain.slice(1)]));
    const named = { ...chain[1]!, event: { ...chain[1]!.event, patient: 'p2' } };
    assert.throws(() => checkChain(s, [chain[0]!, named, ...chain.slice(2)]));
});
