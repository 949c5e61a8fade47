import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellsWithheld } from '../src/api.ts';
import { consequences, draftParameters, readSharing, type Draft } from '../src/model/choices.ts';
import { setLanguage } from '../src/texts/area.ts';
import { asCsv, byDay, whatWords, whoWords, whyWords, type Look } from '../src/model/looks.ts';

const draft = (more: Partial<Draft>): Draft => ({
    permit: false,
    firm: false,
    party: null,
    category: '',
    purpose: '',
    start: '',
    end: '',
    ...more,
});
const MH = [{ code: 'MH', words: 'mental health', count: 3 }];
const INFIRMARY = { reference: 'Organization/i', display: 'Aldermarsh Infirmary' };

test('what follows from a choice is said before it is made', () => {
    const table: [Partial<Draft>, string][] = [
        [{}, 'Nobody will see anything in your record.'],
        [{ party: INFIRMARY }, 'Aldermarsh Infirmary will not see anything in your record.'],
        [
            { party: INFIRMARY, category: 'MH' },
            'Aldermarsh Infirmary will not see the parts about mental health (3 now, and new ones).',
        ],
        [
            { category: 'HIV', purpose: 'HRESCH' },
            'Nobody will see the parts about HIV (none now, but new ones count too) for research.',
        ],
        [
            { permit: true, purpose: 'HRESCH', end: '2027-03-01' },
            'Everybody who looks after you will see your record for research, until 01-Mar-2027.',
        ],
    ];
    for (const [d, words] of table) {
        assert.equal(consequences(draft(d), MH)[0], words);
    }
    const firm = consequences(draft({ firm: true }), MH).join(' ');
    assert.ok(
        firm.includes('nobody can open it') && !firm.includes('a doctor or nurse can open it'),
    );
    const soft = consequences(draft({}), MH).join(' ');
    assert.ok(soft.includes('a doctor or nurse can open it'));
    assert.ok(
        !consequences(draft({ purpose: 'HRESCH' }), MH)
            .join(' ')
            .includes('emergency'),
    );
});

test('a choice goes as Parameters and comes back', () => {
    const p = draftParameters(draft({ party: INFIRMARY, category: 'MH', firm: true }));
    assert.deepEqual(p.parameter, [
        { name: 'permit', valueBoolean: false },
        { name: 'party', valueReference: { reference: 'Organization/i' } },
        { name: 'category', valueCode: 'MH' },
        { name: 'firm', valueBoolean: true },
    ]);
    const s = readSharing({
        resourceType: 'Parameters',
        parameter: [
            {
                name: 'choice',
                part: [
                    { name: 'id', valueId: 'c1' },
                    { name: 'permit', valueBoolean: true },
                    { name: 'party', valueReference: INFIRMARY },
                    { name: 'category', valueCoding: { code: 'MH' } },
                ],
            },
            {
                name: 'category',
                part: [
                    { name: 'code', valueCode: 'MH' },
                    { name: 'count', valueInteger: 2 },
                ],
            },
            { name: 'choice' },
        ],
    });
    assert.equal(s.choices[0]!.category, 'MH');
    assert.equal(s.choices[0]!.permit, true);
    assert.equal(s.choices[1]!.party, null);
    assert.equal(s.categories[0]!.count, 2);
    assert.deepEqual(readSharing({ resourceType: 'Parameters' }).choices, []);
});

const look = (more: Partial<Look>): Look => ({
    seq: [1],
    leaf: 1,
    at: Date.UTC(2026, 10, 20, 9, 12),
    class: 'person',
    kind: 'read',
    ...more,
});

test('an entry of the list in words', () => {
    assert.equal(
        whatWords(look({ what: 'Observation/5', count: 2 })),
        'Read test results or measurements, 2 times',
    );
    assert.equal(whatWords(look({ what: 'Patient/1' })), 'Read your details');
    assert.equal(whatWords(look({})), 'Read your record');
    /* The whole of it is more than "your details". */
    assert.equal(
        whatWords(look({ kind: 'operation', what: 'Patient/1/$joined' })),
        'Read your record from all places',
    );
    assert.equal(
        whatWords(look({ kind: 'operation', what: '$everything, Observation' })),
        'Read your record and test results or measurements',
    );
    assert.equal(whatWords(look({ kind: 'search', what: 'AuditEvent' })), 'Read this list');
    const reads: Look = look({ class: 'system', what: 'Condition, Observation' });
    delete reads.kind;
    assert.equal(whatWords(reads), 'Read conditions and test results or measurements');
    const peers = ['Quayside Pharmacy', 'My Record'];
    assert.equal(
        whatWords(look({ kind: 'asked', what: '$everything, places', peers, count: 3 })),
        'Asked Quayside Pharmacy and My Record for your record and where you have a record, 3 times',
    );
    assert.equal(
        whatWords(look({ kind: 'answered', what: 'Observation', peers })),
        'Got test results or measurements from Quayside Pharmacy and My Record',
    );
    assert.equal(
        whatWords(look({ kind: 'gave', what: '$everything' })),
        'Read your record, from another organisation',
    );
    assert.equal(whatWords(look({ kind: 'export' })), 'Took a copy of your record');
    assert.equal(
        whatWords(look({ kind: 'refused', what: 'Patient/1' })),
        'Tried to look, and was refused',
    );
    assert.equal(
        whoWords(look({ class: 'system', name: 'x', client_name: 'Reminders' })),
        'Reminders',
    );
    assert.equal(whoWords(look({ class: 'legal' })), 'Not told yet');
    const link = look({ class: 'link', name: 'Dr Shah', reason: 'For my dentist', purpose: 'PATRQT' });
    assert.equal(whoWords(link), 'Somebody who said they are “Dr Shah”');
    assert.equal(whyWords(link), 'By your link “For my dentist”');
    assert.equal(
        whyWords(look({ purpose: 'ETREAT', reason: 'emergency: found unconscious' })),
        'In an emergency. They said: it was an emergency: found unconscious',
    );
    assert.equal(whyWords(look({ reason: 'they asked' })), 'They said: they asked');
    const mine = look({ class: 'self', name: 'Grace', what: 'Patient/1' });
    assert.equal(whoWords(mine), 'You');
    assert.equal(whoWords(mine, false), 'Grace'); /* to a privacy officer it is not "you" */
    assert.equal(whatWords(mine, false), 'Read their details');
    const tie = { purpose: 'TREAT', relation: 'the patient is registered there' };
    assert.equal(whyWords(look(tie)), 'For your care: you are registered there');
    assert.equal(
        whyWords(look({ ...tie, reason: 'emergency: your patient fell' }), false),
        'For their care: the patient is registered there. They said: it was an emergency: your patient fell',
    );
});

test('whoever has chosen Welsh reads the list and the choices in Welsh', async () => {
    await setLanguage('cy');
    try {
        const both = look({ kind: 'operation', what: '$everything, Observation' });
        assert.equal(whatWords(both), 'Darllen eich cofnod a chanlyniadau profion neu fesuriadau');
        assert.equal(
            whatWords(look({ kind: 'asked', what: 'Condition, Patient' }), false),
            'Gofyn i sefydliad arall am: cyflyrau a’u manylion',
        );
        assert.equal(
            whyWords(look({ purpose: 'TREAT', relation: 'the patient is registered there' })),
            'Ar gyfer eich gofal: rydych chi wedi’ch cofrestru yno',
        );
        assert.equal(
            consequences(draft({ party: INFIRMARY }), MH)[0],
            'Ni fydd Aldermarsh Infirmary yn gweld dim yn eich cofnod.',
        );
    } finally {
        await setLanguage('en');
    }
});

test('a table cannot run a formula, and keeps commas and quotes', () => {
    const csv = asCsv([look({ name: '=HYPERLINK("x")', organisation_name: 'A, B' })]);
    assert.ok(csv.includes('"\'=HYPERLINK(""x"")"') && csv.includes('"A, B"'));
    assert.equal(csv.split('\r\n').length, 3);
});

test('days are those of London, and keep their order', () => {
    const late = look({ at: '2026-06-01T23:30:00Z' });
    const early = look({ at: '2026-06-01T10:00:00Z' });
    assert.deepEqual(
        byDay([late, early]).map(([day, l]) => [day, l.length]),
        [
            ['02-Jun-2026', 1],
            ['01-Jun-2026', 1],
        ],
    );
});

test('only an outcome that something was suppressed says that something is withheld', () => {
    const bundle = (code: string) => ({
        resourceType: 'Bundle',
        entry: [{ resource: { resourceType: 'OperationOutcome', issue: [{ code }] } }],
    });
    assert.equal(tellsWithheld(bundle('suppressed')), true);
    assert.equal(tellsWithheld(bundle('informational')), false);
    assert.equal(tellsWithheld({ resourceType: 'Bundle' }), false);
});
