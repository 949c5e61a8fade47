/*
 * The catalogue as a whole. An area has Welsh unless it is of staff alone, says nothing empty, is plain
 * where patients read it, and its Welsh is Welsh. A new area needs nothing here but Welsh; one of staff
 * is named in STAFF.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { readingAge, sentencesOf, wordsOf } from './reading.ts';

const STAFF = [
    'break-glass',
    'closed',
    'entry-forms',
    'entry-kinds',
    'find',
    'flags',
    'inbox',
    'keys',
    'locality',
    'opened',
    'people',
    'person',
    'results-grid',
    'reviews',
    'safety',
    'write',
];
/* What is not ours to word, or is of staff in an area of all. */
const NOT_OURS = [
    'common.locality',
    'about-me.headings.do-not' /* a heading of the standard */,
];
const AGE_MOST = 11;
const LABEL_MOST = 4; /* words; and a score of fewer than 30 words says little */
const WORDS_LEAST = 30;
const WORDS_MOST = 25; /* of a sentence; a name or date may stand in it */

/* What patients have no use for, and words that have a plainer one. */
const JARGON =
    /\b(FHIR|nodes?|custodians?|compartments?|resources?|servers?|JSON|API|URLs?|OAuth|tokens?|endpoints?|metadata|Observation|DiagnosticReport|null|undefined|NaN|utili[sz]e|commence|prior to|in order to|please|abnormal|adverse|contraindicated|practitioners?|clinicians?|encounters?|observations?|localit(y|ies))\b/i;

const files = readdirSync('src/texts').filter((f) => f.endsWith('.ts') && f !== 'area.ts' && !f.startsWith('lay-'));
const names = files.filter((f) => !f.endsWith('.cy.ts')).map((f) => f.slice(0, -3));

interface Text {
    at: string;
    said: string;
}

/* A text with a number or a name in it, as it may be said. */
function call(text: (...given: unknown[]) => unknown, given: unknown): unknown {
    try {
        return text(...Array.from({ length: Math.max(1, text.length) }, () => given));
    } catch {
        return undefined;
    }
}
const sound = (said: unknown): boolean =>
    said !== undefined && !/undefined|NaN|\[object|=>/.test(JSON.stringify(said) ?? 'undefined');

function textsOf(part: unknown, at: string): Text[] {
    if (typeof part === 'string') {
        return [{ at, said: part }];
    }
    if (typeof part === 'function') {
        const tries = [2, 'Ada', ['Ada', 'Bo'], 1, true].map((g) => call(part as () => unknown, g));
        const said = tries.filter(sound);
        assert.ok(said.length, `${at} says nothing sound: ${JSON.stringify(tries)}`);
        return textsOf(said[0], at);
    }
    if (part && typeof part === 'object') {
        return Object.entries(part).flatMap(([k, v]) => textsOf(v, at ? `${at}.${k}` : k));
    }
    return [];
}

const english = async (name: string): Promise<Text[]> =>
    textsOf((await import(`../src/texts/${name}.ts`)).en, '');
const hasWelsh = (name: string): boolean => files.includes(`${name}.cy.ts`);
const welsh = async (name: string): Promise<Text[]> =>
    textsOf((await import(`../src/texts/${name}.cy.ts`)).default, '');
const patients = names.filter((n) => !STAFF.includes(n));

test('every area is of patients, with Welsh, or named as one of staff', () => {
    assert.deepEqual(patients.filter((n) => !hasWelsh(n)), [], 'write its Welsh, or name it in STAFF of this test');
    assert.ok(names.length > 5);
});

test('no text is empty', async () => {
    for (const name of names) {
        const all = await english(name);
        assert.ok(all.length > 0, `${name} exports no texts as "en"`);
        assert.deepEqual(all.filter((t) => !t.said.trim()).map((t) => t.at), [], name);
        const cy = hasWelsh(name) ? await welsh(name) : [];
        assert.deepEqual(cy.filter((t) => !t.said.trim()).map((t) => t.at), [], `${name}.cy`);
    }
});

test('what patients read is without jargon', async () => {
    const bad: string[] = [];
    for (const name of patients) {
        (await english(name))
            .filter((t) => JARGON.test(t.said))
            .forEach((t) => bad.push(`${name}.${t.at}: ${t.said}`));
    }
    const left = NOT_OURS.filter((at) => !bad.some((b) => b.startsWith(`${at}:`)));
    assert.deepEqual(left, [], 'NOT_OURS names what is without jargon, or is gone');
    assert.deepEqual(bad.filter((b) => !NOT_OURS.some((at) => b.startsWith(`${at}:`))), []);
});

test('what patients read can be read at the age of 11, in short sentences', async () => {
    for (const name of patients) {
        const all = await english(name);
        /* a score is of sentences: labels of a word or two have none */
        const read = all.filter((t) => wordsOf(t.said).length >= LABEL_MOST);
        const text = read.map((t) => `${t.said.replace(/[.:]$/, '')}.`).join(' ');
        const age = wordsOf(text).length >= WORDS_LEAST ? readingAge(text) : 0;
        assert.ok(age <= AGE_MOST, `${name}: ${age.toFixed(1)} years`);
        const long = all
            .flatMap((t) => sentencesOf(t.said).map((s) => ({ ...t, said: s })))
            .filter((t) => wordsOf(t.said).length > WORDS_MOST);
        assert.deepEqual(long.map((t) => `${t.at}: ${t.said}`), [], name);
    }
});

test('Welsh is Welsh, and says as much', async () => {
    for (const name of patients) {
        const en = new Map((await english(name)).map((t) => [t.at, t.said]));
        const cy = await welsh(name);
        assert.deepEqual(cy.map((t) => t.at).sort(), [...en.keys()].sort(), name);
        /* names, numbers and signs are the same in both */
        const same = cy.filter((t) => t.said === en.get(t.at) && /[a-z]{3}.* .*[a-z]{3}/i.test(t.said));
        assert.deepEqual(same.map((t) => `${t.at}: ${t.said}`), [], name);
    }
});
