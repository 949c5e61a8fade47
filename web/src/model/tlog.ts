/*
 * Checks proofs of the access log in the browser: code of its own, written from docs/audit.md and the
 * standards that it names (RFC 6962 section 2.1.1, C2SP signed-note, tlog-checkpoint, tlog-proof), so
 * that a fault of the node's code is not a fault here, too. What is not exactly in its form is refused.
 */
import { fromBase64, fromHex, joined, sameBytes } from './bytes.ts';

/* What is wrong with a proof, in words. */
export class ProofError extends Error {}

function fail(words: string): never {
    throw new ProofError(words);
}

const utf8 = new TextEncoder();
const HASH = 32;
const LEAF = 145;
const PROOF_MAX = 200000;
const ZERO = new Uint8Array(HASH);

export async function sha256(...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await crypto.subtle.digest('SHA-256', joined(...parts)));
}

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);
export const leafHash = (data: Uint8Array) => sha256(LEAF_PREFIX, data);
const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(NODE_PREFIX, left, right);

function bytes(text: string, length: number, what: string): Uint8Array<ArrayBuffer> {
    let out: Uint8Array<ArrayBuffer>;
    try {
        out = fromBase64(text);
    } catch {
        return fail(`${what} is not base64`);
    }
    return out.length === length ? out : fail(`${what} has ${out.length} bytes, not ${length}`);
}

/* A decimal in its one form, small enough to be exact here. */
function decimal(text: string, what: string): number {
    const n = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : NaN;
    return Number.isSafeInteger(n) ? n : fail(`${what} is not a number`);
}

/* The root that a leaf and its path give: RFC 9162 section 2.1.3.2. */
export async function rootOf(
    hash: Uint8Array,
    index: number,
    size: number,
    path: Uint8Array[],
): Promise<Uint8Array> {
    if (index >= size) {
        fail('the entry is beyond the end of the log');
    }
    let at = index;
    let last = size - 1;
    let root = hash;
    for (const sibling of path) {
        if (last === 0) {
            fail('the path is too long');
        }
        if (at % 2 === 1 || at === last) {
            root = await nodeHash(sibling, root);
            while (at % 2 === 0 && at !== 0) {
                at = at / 2;
                last = Math.floor(last / 2);
            }
        } else {
            root = await nodeHash(root, sibling);
        }
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
    }
    return last === 0 ? root : fail('the path is too short');
}

/* --- signed notes ------------------------------------------------------------------------------- */

export interface LogKey {
    name: string;
    id: Uint8Array;
    key: CryptoKey;
}

/* The browser has no Ed25519: nothing can be said about signatures then. */
export class NoEd25519 extends Error {}

/* '<origin>+<key id in hex>+<base64(0x01 || public key)>' */
export async function readKey(text: string): Promise<LogKey> {
    const m = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.replace(/\n$/, ''));
    if (!m) {
        return fail('the key of the log is not in its form');
    }
    const [, name, idHex, base64] = m as unknown as [string, string, string, string];
    const typed = bytes(base64, 33, 'the key of the log');
    if (typed[0] !== 1) {
        fail('the key of the log is of an unknown kind');
    }
    const id = fromHex(idHex);
    const should = (await sha256(utf8.encode(`${name}\n`), typed)).slice(0, 4);
    if (!sameBytes(id, should)) {
        fail('the key of the log does not fit its own number');
    }
    try {
        const key = await crypto.subtle.importKey('raw', typed.slice(1), 'Ed25519', false, [
            'verify',
        ]);
        return { name, id, key };
    } catch {
        throw new NoEd25519('this browser cannot check signatures of this kind');
    }
}

/* The text of a note that this key signed, by its lines. Signatures of others are passed over. */
export async function openNote(note: string, key: LogKey): Promise<string[]> {
    if (note.length > PROOF_MAX || /[\u0000-\u0009\u000b-\u001f]/.test(note)) {
        fail('the signed note is not in its form');
    }
    const cut = note.lastIndexOf('\n\n');
    if (cut < 0 || !note.endsWith('\n')) {
        fail('the note has no signature');
    }
    const text = note.slice(0, cut + 1);
    const lines = note.slice(cut + 2, -1).split('\n');
    if (lines.length > 64) {
        fail('the note has too many signatures');
    }
    let good = 0;
    for (const line of lines) {
        const m = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line);
        if (!m) {
            return fail('a signature is not in its form');
        }
        let signature: Uint8Array<ArrayBuffer>;
        try {
            signature = fromBase64(m[2]!);
        } catch {
            return fail('a signature is not base64');
        }
        if (m[1] !== key.name || !sameBytes(signature.slice(0, 4), key.id)) {
            continue;
        }
        const valid = await crypto.subtle.verify(
            'Ed25519',
            key.key,
            signature.slice(4),
            utf8.encode(text),
        );
        if (!valid) {
            fail('the signature of the log is wrong');
        }
        good++;
    }
    return good === 1 ? text.slice(0, -1).split('\n') : fail('the log did not sign this');
}

/* --- cosignatures (C2SP tlog-cosignature, version 1) --------------------------------------------- */

export interface Witness {
    name: string; /* of the key */
    words: string; /* for people */
    id: Uint8Array;
    key: CryptoKey;
}

/* A line each: '<name>+<key id in hex>+<base64(0x04 || public key)>', a space, words. */
export async function readWitnesses(text: string): Promise<Witness[]> {
    const witnesses: Witness[] = [];
    for (const line of text.split('\n').filter((l) => l !== '')) {
        const m = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)(?: (.*))?$/.exec(line);
        if (!m) {
            return fail('the key of a witness is not in its form');
        }
        const [, name, idHex, base64, words] = m as unknown as string[];
        const typed = bytes(base64!, 33, 'the key of a witness');
        const should = (await sha256(utf8.encode(`${name}\n`), typed)).slice(0, 4);
        if (typed[0] !== 4 || !sameBytes(fromHex(idHex!), should)) {
            fail('the key of a witness does not fit its own number');
        }
        try {
            const key = await crypto.subtle.importKey('raw', typed.slice(1), 'Ed25519', false, [
                'verify',
            ]);
            witnesses.push({ name: name!, words: words ?? name!, id: should, key });
        } catch {
            throw new NoEd25519('this browser cannot check signatures of this kind');
        }
    }
    return witnesses;
}

export interface Cosigned {
    witness: Witness;
    seconds: number; /* since 1970 */
}

/* Who of these has cosigned a note; a line of theirs that is wrong is an error. */
export async function cosignedBy(note: string, witnesses: Witness[]): Promise<Cosigned[]> {
    const cut = note.lastIndexOf('\n\n');
    const text = note.slice(0, cut + 1);
    const found: Cosigned[] = [];
    for (const line of note.slice(cut + 2).split('\n').slice(0, 64)) {
        const m = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line);
        const signature = m ? fromBase64(m[2]!) : new Uint8Array(0);
        const witness = witnesses.find(
            (w) => m?.[1] === w.name && sameBytes(signature.slice(0, 4), w.id),
        );
        if (!witness || found.some((f) => f.witness === witness)) {
            continue;
        }
        if (signature.length !== 76) {
            fail(`the cosignature of ${witness.words} is not in its form`);
        }
        const seconds = bigEndian(signature, 4, 'the time of a cosignature');
        const message = utf8.encode(`cosignature/v1\ntime ${seconds}\n${text}`);
        if (!(await crypto.subtle.verify('Ed25519', witness.key, signature.slice(12), message))) {
            fail(`the cosignature of ${witness.words} is wrong`);
        }
        found.push({ witness, seconds });
    }
    return found;
}

export interface Checkpoint {
    origin: string;
    size: number;
    root: Uint8Array;
}

export async function openCheckpoint(note: string, key: LogKey): Promise<Checkpoint> {
    const lines = await openNote(note, key);
    const [origin, size, root] = lines;
    if (lines.length !== 3 || origin !== key.name) {
        return fail('the checkpoint is not one of this log');
    }
    return {
        origin: key.name,
        size: decimal(size!, 'the size of the log'),
        root: bytes(root!, HASH, 'the root'),
    };
}

/* --- leaves and proofs -------------------------------------------------------------------------- */

export interface Leaf {
    minute: number;
    tag: Uint8Array;
    seq: number;
    before: Uint8Array; /* leaf hash of the entry before it in the patient's chain */
    commitment: Uint8Array;
    hash: Uint8Array;
}

function bigEndian(data: Uint8Array, at: number, what: string): number {
    const n = new DataView(data.buffer, data.byteOffset).getBigUint64(at);
    return n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : fail(`${what} is too large`);
}

export async function readLeaf(data: Uint8Array, origin: string): Promise<Leaf> {
    if (data.length !== LEAF || data[0] !== 1) {
        fail('the leaf is not in its form');
    }
    if (!sameBytes(data.slice(1, 33), await sha256(utf8.encode(origin)))) {
        fail('the leaf belongs to another log');
    }
    return {
        minute: bigEndian(data, 33, 'the time of the leaf'),
        tag: data.slice(41, 73),
        seq: bigEndian(data, 73, 'the number of the leaf'),
        before: data.slice(81, 113),
        commitment: data.slice(113, 145),
        hash: await leafHash(data),
    };
}

export interface Proven {
    index: number;
    checkpoint: Checkpoint;
    leaf: Leaf;
    line: string | null; /* null: its words have been erased */
    event: Record<string, unknown> | null;
}

interface Extra {
    v?: unknown;
    leaf?: unknown;
    patient_seq?: unknown;
    salt?: unknown;
    line?: unknown;
}

function readExtra(base64: string): Extra {
    try {
        const text = new TextDecoder('utf-8', { fatal: true }).decode(fromBase64(base64));
        const extra = JSON.parse(text) as Extra;
        const known = ['v', 'leaf', 'patient_seq', 'salt', 'line'];
        if (extra && extra.v === 1 && Object.keys(extra).every((k) => known.includes(k))) {
            return extra;
        }
    } catch {
        /* told below */
    }
    return fail('the words of the proof are not in their form');
}

/* The words that the leaf commits to. */
async function openCommitment(extra: Extra, leaf: Leaf): Promise<string | null> {
    if (extra.patient_seq !== leaf.seq) {
        fail('the number of the entry is not that of the leaf');
    }
    if (extra.salt === undefined && extra.line === undefined) {
        return null;
    }
    if (typeof extra.salt !== 'string' || typeof extra.line !== 'string') {
        return fail('the words of the proof are not in their form');
    }
    const salt = bytes(extra.salt, HASH, 'the salt');
    if (!sameBytes(await sha256(salt, utf8.encode(extra.line)), leaf.commitment)) {
        fail('the words are not those that the log holds');
    }
    return extra.line;
}

/* Steps 1 to 4 of docs/audit.md; ProofError says which of them failed. */
export async function checkProof(proof: string, key: LogKey): Promise<Proven> {
    if (proof.length > PROOF_MAX) {
        fail('the proof is too long');
    }
    const cut = proof.indexOf('\n\n');
    const [version, extraLine, indexLine, ...path] = proof.slice(0, cut).split('\n');
    if (cut < 0 || version !== 'c2sp.org/tlog-proof@v1') {
        fail('this is not a proof of a log');
    }
    if (!extraLine?.startsWith('extra ') || !indexLine?.startsWith('index ')) {
        return fail('the proof is not in its form');
    }
    if (path.length > 63) {
        fail('the path is too long');
    }
    const checkpoint = await openCheckpoint(proof.slice(cut + 2), key);
    const extra = readExtra(extraLine.slice(6));
    const data = bytes(typeof extra.leaf === 'string' ? extra.leaf : '', LEAF, 'the leaf');
    const leaf = await readLeaf(data, checkpoint.origin);
    const index = decimal(indexLine.slice(6), 'the place of the entry');
    const hashes = path.map((p) => bytes(p, HASH, 'a hash of the path'));
    const root = await rootOf(leaf.hash, index, checkpoint.size, hashes);
    if (!sameBytes(root, checkpoint.root)) {
        fail('the entry is not in the log');
    }
    const line = await openCommitment(extra, leaf);
    let event: Record<string, unknown> | null = null;
    if (line !== null) {
        try {
            event = JSON.parse(line) as Record<string, unknown>;
        } catch {
            fail('the words of the entry cannot be read');
        }
    }
    return { index, checkpoint, leaf, line, event };
}

/* --- the whole list ----------------------------------------------------------------------------- */

export interface Statement {
    origin: string;
    size: number;
    patient: string;
    tag: Uint8Array;
    entries: number;
    last: number; /* index of the newest; -1: there are none */
    lastHash: Uint8Array;
}

export async function openStatement(note: string, key: LogKey): Promise<Statement> {
    const lines = await openNote(note, key);
    const after = (at: number, word: string): string => {
        const line = lines[at] ?? '';
        return line.startsWith(`${word} `)
            ? line.slice(word.length + 1)
            : fail('the statement is not in its form');
    };
    if (
        lines.length !== 8 ||
        lines[0] !== 'kith.care/audit-statement/v1' ||
        lines[1] !== key.name
    ) {
        fail('the statement is not one of this log');
    }
    bytes(lines[3]!, HASH, 'the root');
    const [last = '', hash = ''] = after(7, 'last').split(' ');
    const entries = decimal(after(6, 'entries'), 'the number of entries');
    if ((entries === 0) !== (last === '-' && hash === '-')) {
        fail('the statement contradicts itself');
    }
    return {
        origin: key.name,
        size: decimal(lines[2]!, 'the size of the log'),
        patient: after(4, 'patient'),
        tag: bytes(after(5, 'tag'), HASH, 'the tag'),
        entries,
        last: entries ? decimal(last, 'the place of the newest entry') : -1,
        lastHash: entries ? bytes(hash, HASH, 'the newest entry') : ZERO,
    };
}

/* How far down a chain has been followed: the entry that has to come next, and its hash. */
export interface Link {
    number: number;
    hash: Uint8Array;
}

export const chainEnd = (s: Statement): Link => ({ number: s.entries, hash: s.lastHash });

/*
 * Whether entries, newest first, are what the statement says and join without a gap, from where the
 * last piece ended (`from`) down to the oldest that was brought. Number 0 of what it gives: down to
 * the first, so that nothing is missing at all.
 */
export function checkChain(
    statement: Statement,
    newestFirst: Proven[],
    from: Link = chainEnd(statement),
): Link {
    let { number, hash } = from;
    if (newestFirst.length > number) {
        fail('there are more entries than the log says');
    }
    for (const p of newestFirst) {
        if (p.checkpoint.origin !== statement.origin || !sameBytes(p.leaf.tag, statement.tag)) {
            fail(`entry ${p.leaf.seq} is not about this person`);
        }
        if (p.event && p.event.patient !== statement.patient) {
            fail(`entry ${p.leaf.seq} names another person`);
        }
        if (p.leaf.seq !== number) {
            fail(`entry ${number} is missing`);
        }
        const newest = number === statement.entries;
        if (!sameBytes(p.leaf.hash, hash) || (newest && p.index !== statement.last)) {
            fail(`entry ${number} does not join the one after it`);
        }
        hash = p.leaf.before;
        number--;
    }
    if (number === 0 && !sameBytes(hash, ZERO)) {
        fail('the first entry says that there is one before it');
    }
    return { number, hash };
}
