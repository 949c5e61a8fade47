import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { addRows, lay, layOf, plainTitle, type LayRow } from '../src/model/lay.ts';
import { rows as medicines } from '../src/texts/lay-medicines.ts';
import { rows as problems } from '../src/texts/lay-problems.ts';
import { rows as procedures } from '../src/texts/lay-procedures.ts';
import { rows as results } from '../src/texts/lay-results.ts';
import { words as welsh } from '../src/texts/lay-results.cy.ts';
import { rows as vaccinations } from '../src/texts/lay-vaccinations.ts';
import { readingAge, sentencesOf, syllables, wordsOf } from './reading.ts';

const kinds: Record<string, readonly LayRow[]> = { results, problems, medicines, procedures, vaccinations };
const all = Object.values(kinds).flat();
Object.values(kinds).forEach(addRows);
const known = new Set(all.flatMap((r) => r[0].split(' ')));

const SYSTEMS: Record<string, string> = {
    snomed: 'http://snomed.info/sct',
    loinc: 'http://loinc.org',
    rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
    cvx: 'http://hl7.org/fhir/sid/cvx',
};

test('syllables are those of a dictionary', () => {
    const words: Record<string, number> = {
        a: 1, blood: 1, heart: 1, kidneys: 2, liver: 2, table: 2, tables: 2, moved: 1, wanted: 2, boxes: 2, pressure: 2,
        pushes: 2, oxygen: 3, body: 2, breathing: 2, illness: 2, vaccine: 2, people: 2, medicine: 2, diabetes: 4,
        usual: 3, carries: 2, allergy: 3, antibiotic: 5, muscle: 2, muscles: 2, muscled: 2, vessels: 2, germs: 1, score: 1,
        measles: 2, protein: 2, insulin: 3, operation: 4, react: 2, radio: 3, going: 2, sugar: 2, urine: 2, called: 1,
    };
    for (const [word, n] of Object.entries(words)) {
        assert.equal(syllables(word), n, word);
    }
    assert.equal(syllables('HIV'), 3);
    assert.equal(syllables('20'), 1);
});

test('the score is that of Flesch and Kincaid', () => {
    /* 6 words, 1 sentence, 6 syllables: 0.39 × 6 + 11.8 × 1 − 15.59 = −1.45, so the least that can be */
    assert.equal(readingAge('The cat sat on the mat.'), 5);
    /* 10 words, 13 syllables, 2 sentences: 0.39 × 5 + 11.8 × 1.3 − 15.59 = 1.70; and 5 */
    assert.equal(readingAge('Your liver makes it. It keeps water in blood vessels.').toFixed(2), '6.70');
    /* 12 words, 33 syllables, 1 sentence */
    assert.ok(
        readingAge(
            'Glycosylated haemoglobin concentration demonstrates retrospective glycaemic control; epidemiological investigations corroborate considerable prognostic significance.',
        ) > 20,
    );
    assert.equal(sentencesOf('One. Two? Three').length, 3);
    assert.equal(wordsOf('2 to 3 months, or so').length, 6);
});

test('every code of the 500 that people meet most often has plain words', () => {
    const rows = readFileSync('test/lay-top.tsv', 'utf8').trim().split('\n');
    assert.equal(rows.length, 500);
    const without = rows.filter((row) => {
        const [, , system, code] = row.split('\t');
        return !lay(SYSTEMS[system!], code);
    });
    assert.deepEqual(without, []);
});

test('every code of the invented population has plain words', () => {
    const folder = '../src/synth/';
    const source = readdirSync(folder)
        .filter((f) => /\.[ch]$/.test(f))
        .map((f) => readFileSync(folder + f, 'utf8'))
        .join('\n');
    const snomed = [...source.matchAll(/"(\d{6,18})"/g)].map((m) => `S${m[1]}`);
    const loinc = [...source.matchAll(/LOINC\(\s*"([\d-]+)"/g)].map((m) => `L${m[1]}`);
    const cvx = [...source.matchAll(/CVX\(\s*"(\d+)"/g)].map((m) => `V${m[1]}`);
    assert.ok(snomed.length > 150 && loinc.length > 40 && cvx.length > 10, 'the codes were not found');
    const missing = [...new Set([...snomed, ...loinc, ...cvx])].filter((c) => !known.has(c));
    assert.deepEqual(missing, []);
});

test('plain words can be read at the age of 11, in short sentences', () => {
    for (const [kind, rows] of Object.entries(kinds)) {
        const hard = rows.filter((r) => readingAge(r[2]) > 11).map((r) => `${r[1]}: ${r[2]}`);
        assert.deepEqual(hard, [], kind);
        const long = rows.flatMap((r) => sentencesOf(r[2])).filter((s) => wordsOf(s).length > 20);
        assert.deepEqual(long, [], kind);
        const age = readingAge(rows.map((r) => r[2]).join(' '));
        assert.ok(age <= 9, `${kind}: ${age.toFixed(1)}`);
    }
});

test('plain words say what a thing is, and nothing about what to do', () => {
    const advice = /\b(you (should|must|need to)|talk to|ask your|see (a|your) (doctor|gp)|do not (take|stop)|try to|normal|abnormal)\b/i;
    assert.deepEqual(all.filter((r) => advice.test(r[2]) && r[1] !== 'Do not try to restart the heart').map((r) => r[1]), []);
    for (const r of all) {
        assert.ok(/^[A-Z0-9]/.test(r[1]) && !/\.$/.test(r[1]) && r[1].length <= 50, r[1]);
        assert.ok(/[.]$/.test(r[2]) && r[2].length <= 200, r[2]);
        assert.ok(/^([LSRV]\d+(-\d)? ?)+$/.test(r[0]), r[0]);
    }
    assert.deepEqual(results.filter((r) => !r[3]).map((r) => r[1]), []);
});

test('a concept is known by any of its codes, else by its own words', () => {
    const both = {
        coding: [
            { system: 'urn:local', code: 'K' },
            { system: 'http://loinc.org', code: '2823-3', display: 'Potassium [Moles/volume] in Serum or Plasma' },
        ],
    };
    assert.equal(layOf(both)?.name, 'Potassium');
    assert.equal(layOf(both)?.group, 'blood');
    assert.equal(plainTitle({ text: 'Serum rhubarb (finding)' }), 'Serum rhubarb');
    assert.equal(lay('http://loinc.org', '386864001'), undefined, 'a code of another system');
    assert.equal(lay('https://dmd.nhs.uk', '386864001')?.name, 'Amlodipine');
    assert.equal(lay(undefined, undefined), undefined);
    assert.equal(layOf(null), undefined);
});

test('every test and answer has a Welsh name', () => {
    assert.deepEqual(results.filter((r) => !welsh[r[1]]?.[0]).map((r) => r[1]), []);
    const names = new Set(results.map((r) => r[1]));
    assert.deepEqual(Object.keys(welsh).filter((n) => !names.has(n)), []);
});
