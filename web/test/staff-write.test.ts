import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
    asked,
    answered,
    answerText,
    emptyForm,
    fieldsOf,
    formOf,
    FORMS,
    problemsOf,
    readDay,
    templateOf,
    TEMPLATES,
    type Form,
} from '../src/model/entry-forms.ts';
import { mayChange } from '../src/model/entry-kinds.ts';
import { compositionOf } from '../src/model/about-me.ts';
import { known } from '../src/model/last-time.ts';
import { RecordIndex } from '../src/model/record.ts';
import {
    printed,
    resourceOf,
    taskOf,
    transactionOf,
    type Writing,
} from '../src/model/entry-make.ts';
import {
    changes,
    differences,
    formFrom,
    merged,
    sameAnswer,
    textOfDiv,
} from '../src/model/entry-read.ts';
import { MEASURES, measureProblem } from '../src/model/measures.ts';
import type { Session } from '../src/model/account.ts';
import type { Resource } from '../src/model/fhir.ts';

const today = { year: 2026, month: 11, day: 23 };
const w: Writing = {
    patient: '7',
    patientName: 'Ann Lee',
    author: { reference: 'Practitioner/9', display: 'Dr Who' },
    organisation: { reference: 'Organization/1', display: 'Surgery' },
    at: '2026-11-23T09:00:00.000Z',
    today,
    prescribes: true,
};
let n = 0;
const uuid = () => `u${++n}`;
const filled = (kind: string, more: Form): Form => ({
    ...emptyForm(formOf(kind)!, undefined, '23/11/2026'),
    ...more,
});
const asthma = { system: 'http://snomed.info/sct', code: '195967001', display: 'Asthma' };
const wanted: [string, Form][] = [
    [
        'problem',
        {
            code: { text: 'Asthma', coding: asthma },
            said: 'tight chest',
            onset: 'March 2019',
            note: 'Mild',
        },
    ],
    [
        'allergy',
        {
            code: { text: 'bee stings' },
            reaction: { text: 'Rash' },
            severity: 'mild',
            criticality: 'low',
        },
    ],
    [
        'medicine',
        {
            code: { text: 'Amoxicillin' },
            product: '500mg capsules',
            dose: 'one a day',
            start: '1/2/2026',
        },
    ],
    [
        'contact',
        { name: 'Mary Khan', relation: 'DAUC', phone: '01632 960983', carer: 'yes', emergency: 'no' },
    ],
    ['letter', { to: 'The council', title: 'Housing', body: 'Žluťoučký <kůň> & "more"' }],
];

test('what a form writes reads as the same answers again', () => {
    for (const [kind, more] of wanted) {
        const form = filled(kind, more);
        const made = resourceOf(kind as never, form, w)!;
        const again = formFrom(kind as never, made);
        for (const [name, value] of Object.entries(more)) {
            const given = again[name];
            const is = answerText(given);
            const should =
                kind === 'medicine' && name === 'code'
                    ? 'Amoxicillin 500mg capsules'
                    : answerText(value);
            if (kind === 'medicine' && name === 'product') {
                continue; /* one text where there is no code that says where the substance ends */
            }
            assert.ok(sameAnswer(is, should, today), `${kind}.${name}: ${is}, not ${should}`);
        }
    }
});

test('a code stands beside the words, and words without one stay words', () => {
    const coded = resourceOf(
        'problem',
        filled('problem', { code: { text: 'wheezy', coding: asthma } }),
        w,
    )!;
    assert.deepEqual(coded.code, { coding: [asthma], text: 'wheezy' });
    const free = resourceOf('problem', filled('problem', { code: { text: 'wheezy' } }), w)!;
    assert.deepEqual(free.code, { text: 'wheezy' });
});

test('nothing empty is written: FHIR has no empty values', () => {
    const walk = (v: unknown, at: string): void => {
        assert.ok(v !== '' && v !== null && v !== undefined, at);
        if (Array.isArray(v)) {
            assert.ok(v.length, at);
        }
        if (typeof v === 'object') {
            Object.entries(v as object).forEach(([k, x]) => walk(x, `${at}.${k}`));
        }
    };
    for (const [kind, more] of wanted) {
        walk(transactionOf(kind as never, filled(kind, more), w, 'key', uuid), kind);
    }
});

test('a medicine is a prescription for those who prescribe, a statement for others', () => {
    const form = filled('medicine', { code: { text: 'X' }, dose: 'one' });
    assert.equal(resourceOf('medicine', form, w)!.resourceType, 'MedicationRequest');
    const nurse = resourceOf('medicine', form, { ...w, prescribes: false })!;
    assert.equal(nurse.resourceType, 'MedicationStatement');
    assert.equal(nurse.dosage[0].text, 'one');
});

test('a note is one transaction: what was said, the visit, what was measured; sent again it is the same', () => {
    const template = templateOf('bp')!;
    const form: Form = {
        ...emptyForm(formOf('note')!, template, '23/11/2026'),
        systolic: '142',
        diastolic: '88',
        pulse: '72',
        plan: 'See <soon> & call',
    };
    const bundle = transactionOf('note', form, w, 'key', uuid);
    const entries = bundle.entry as { fullUrl: string; resource: any; request: any }[];
    assert.deepEqual(
        entries.map((e) => e.resource.resourceType),
        ['Composition', 'Encounter', 'Observation', 'Observation'],
    );
    const visit = entries[1]!.fullUrl;
    assert.ok([0, 2, 3].every((i) => entries[i]!.resource.encounter.reference === visit));
    assert.equal(entries[2]!.resource.component.length, 2);
    assert.ok(entries[0]!.resource.section[0].text.div.includes('See &lt;soon&gt; &amp; call'));
    assert.deepEqual(
        entries.map((e) => decodeURIComponent(e.request.ifNoneExist)),
        entries.map((_, i) => `identifier=https://kith.care/fhir/NamingSystem/entry|key-${i}`),
    );
});

test('a task is asked for by name, so that it is there once, and has its owner', () => {
    const owner = { text: 'Dr Who', coding: { code: 'Practitioner/9' } };
    const asked = taskOf(filled('task', { words: 'Call', owner, due: '24/12/2026' }), 'key', today);
    assert.deepEqual(asked.parameter, [
        { name: 'kind', valueCode: 'task' },
        { name: 'words', valueString: 'Call' },
        { name: 'to', valueReference: { reference: 'Practitioner/9' } },
        { name: 'due', valueDate: '2026-12-24' },
        { name: 'id', valueString: 'key' },
    ]);
});

test('digits stay as they were typed, and numbers that are names stay text', () => {
    const form = filled('observation', { weight: '71,50' });
    const text = printed(resourceOf('observation', form, w)!);
    assert.ok(text.includes('"value":71.50,"unit":"kg"'), text);
    const named = printed({ identifier: [{ system: 's', value: '9990001234' }] });
    assert.ok(named.includes('"value":"9990001234"'));
});

test('prompts of a template that nobody answered are not written', () => {
    const template = templateOf('asthma')!;
    const form = answered(
        {
            history: 'Sleep disturbed: no\nSymptoms by day: \nActivity limited:\nstairs\nSmoking: ',
            plan: template.filled.plan!,
        },
        template,
    );
    assert.equal(form.history, 'Sleep disturbed: no\nActivity limited:\nstairs');
    assert.equal(form.plan, '');
});

test('what is wrong with the answers is said by field', () => {
    const said = (kind: string, form: Form) =>
        Object.keys(problemsOf(fieldsOf(formOf(kind)!, undefined), filled(kind, form), today));
    assert.deepEqual(said('problem', {}), ['code']);
    assert.deepEqual(said('problem', { code: { text: 'x' }, onset: 'soon' }), ['onset']);
    assert.deepEqual(said('task', { words: 'Call', owner: { text: 'Somebody' } }), ['owner']);
    const owner = { text: 'Dr Who', coding: { code: 'Practitioner/9' } };
    assert.deepEqual(said('task', { words: 'Call', owner, due: '22/11/2026' }), ['due']);
    assert.deepEqual(said('task', { words: 'Call', owner, due: '24/12/2026' }), []);
    assert.deepEqual(said('observation', { systolic: '120' }), ['diastolic']);
    assert.deepEqual(said('observation', { systolic: '80', diastolic: '120' }), ['systolic']);
    assert.deepEqual(said('observation', { temperature: '367' }), ['temperature']);
    assert.deepEqual(said('observation', { systolic: '142', diastolic: '88', weight: '71.5' }), []);
});

test('dates are read as people write them', () => {
    const table: [string, string][] = [
        ['27/3/2026', '2026-03-27'],
        ['27 March 2026', '2026-03-27'],
        ['March 2019', '2019-03'],
        ['2019', '2019'],
        ['31/2/2026', ''],
        ['last week', ''],
        ['27/3/2026 or so', ''],
    ];
    table.forEach(([typed, iso]) => assert.equal(readDay(typed, today), iso, typed));
});

test('every template fills fields that its form has, and measures what is known', () => {
    for (const t of TEMPLATES) {
        const names = fieldsOf(formOf('note')!, t).map((f) => f.name);
        Object.keys(t.filled).forEach((name) =>
            assert.ok(names.includes(name), `${t.key}.${name}`),
        );
        t.measures.forEach((m) =>
            assert.ok(
                MEASURES.some((x) => x.key === m),
                `${t.key}.${m}`,
            ),
        );
    }
    FORMS.forEach((f) => assert.ok(f.needs.length && f.fields.length, f.kind));
});

test('a number with a slip in it is told', () => {
    const pulse = MEASURES.find((m) => m.key === 'pulse')!;
    assert.equal(measureProblem(pulse, ''), '');
    assert.equal(measureProblem(pulse, '72'), '');
    assert.ok(measureProblem(pulse, '720').includes('between 20 and 300'));
    assert.ok(measureProblem(pulse, '7O').includes('as a number'));
});

const stored = {
    ...resourceOf('problem', filled('problem', { code: { text: 'Asthma', coding: asthma } }), w)!,
    id: '5',
    meta: { versionId: '3' },
    severity: { text: 'of another system' },
};

test('a change touches only what was changed', () => {
    const before = formFrom('problem', stored);
    const after = { ...before, status: 'inactive', note: 'Better' };
    const operations = changes('problem', stored, before, after, {
        ...w,
        at: '2027-01-01T00:00:00Z',
    });
    assert.deepEqual(operations.map((o) => o.path).sort(), ['/clinicalStatus', '/note']);
    assert.deepEqual(changes('problem', stored, before, before, w), []);
    const cleared = changes(
        'problem',
        { ...stored, onsetDateTime: '2019' },
        { ...before, onset: '2019' },
        before,
        w,
    );
    assert.deepEqual(cleared, [{ op: 'remove', path: '/onsetDateTime' }]);
});

test('what two people changed is joined; where both changed the same, somebody chooses', () => {
    const before: Form = { a: 'x', b: 'x', c: 'x', d: '1/2/2026' };
    const mine: Form = { a: 'mine', b: 'x', c: 'mine', d: '01/02/2026' };
    const theirs: Form = { a: 'x', b: 'theirs', c: 'theirs', d: '1/2/2026' };
    const all = differences(['a', 'b', 'c', 'd'], before, mine, theirs, today);
    assert.deepEqual(
        all.map((d) => [d.name, d.both]),
        [
            ['a', false],
            ['b', false],
            ['c', true],
        ],
    );
    assert.deepEqual(merged(mine, theirs, all, { c: 'mine' }, today), {
        a: 'mine',
        b: 'theirs',
        c: 'mine',
        d: '1/2/2026',
    });
    assert.equal(merged(mine, theirs, all, { c: 'theirs' }, today).c, 'theirs');
});

test('the text of a narrative comes without its marks', () => {
    assert.equal(
        textOfDiv('<div xmlns="x"><p>a &lt; b &amp; c</p><p>d&#8217;e&nbsp;f</p></div>'),
        'a < b & c\nd’e f',
    );
});

test('what a role may change', () => {
    const session = (...activities: string[]): Session => ({
        signed_in: true,
        account: { id: '1', name: 'x', kind: 'professional', activities },
    });
    const nurse = session('write-record', 'refer');
    assert.ok(mayChange(nurse, 'Condition') && mayChange(nurse, 'MedicationStatement'));
    assert.ok(!mayChange(nurse, 'MedicationRequest') && !mayChange(nurse, 'Consent'));
    assert.ok(mayChange(session('prescribe'), 'MedicationRequest'));
    assert.ok(!mayChange(session('prescribe'), 'MedicationStatement'));
    assert.ok(!mayChange(session('book', 'view-demographics'), 'Condition'));
});

const discharge = templateOf('discharge')!;
const leaving = (more: Form): Form => ({
    ...emptyForm(formOf('note')!, discharge, '23/11/2026'),
    ...more,
});
const dischargeFields = fieldsOf(formOf('note')!, discharge, ['Bo Lee, son']);
const entriesOf = (form: Form): Resource[] =>
    (
        transactionOf('note', answered(form, discharge, dischargeFields), w, 'key', uuid)
            .entry as { resource: Resource }[]
    ).map((e) => e.resource);

test('nobody is discharged before somebody has asked who looks after them', () => {
    const wrong = (form: Form) =>
        Object.keys(problemsOf(asked(dischargeFields, form), form, today));
    assert.deepEqual(wrong(leaving({})), ['carer']);
    assert.deepEqual(wrong(leaving({ carer: 'Bo Lee, son' })), []);
    assert.deepEqual(wrong(leaving({ carer: 'new' })), ['carerName']);
    assert.deepEqual(wrong(leaving({ carer: 'new', carerName: 'Mary', carerPhone: 'later' })), [
        'carerPhone',
    ]);
    const offered = dischargeFields.find((f) => f.name === 'carer')!.options!;
    assert.ok(offered.some(([, words]) => words === 'Bo Lee, son') && offered.length === 6);
    assert.ok(!fieldsOf(formOf('note')!, templateOf('bp')).some((f) => f.name === 'carer'));
});

test('whoever looks after somebody stands in the note, and in the record once', () => {
    const known = entriesOf(leaving({ carer: 'Bo Lee, son', carerName: 'typed before' }));
    assert.deepEqual(
        known.map((r) => r.resourceType),
        ['Composition', 'Encounter'],
    );
    assert.equal(known[0]!.type.coding[0].code, '373942005');
    assert.equal(formFrom('note', known[0]!).carer, 'Bo Lee, son');
    const mary = { carerName: 'Mary Khan', carerRelation: 'DAUC', carerPhone: '01632 960983' };
    const [note, , person, ...more] = entriesOf(leaving({ carer: 'new', ...mary }));
    assert.deepEqual(more, []);
    assert.equal(formFrom('note', note!).carer, 'Mary Khan, daughter, 01632 960983');
    assert.deepEqual(formFrom('contact', person!), {
        name: 'Mary Khan',
        relation: 'DAUC',
        phone: '01632 960983',
        carer: 'yes',
        emergency: 'no',
    });
    assert.equal(person!.patient.reference, 'Patient/7');
});

test('a change of a contact leaves what the form has no field for', () => {
    const of = (code: string) => ({ coding: [{ system: 'x/v3-RoleCode', code }] });
    const mail = { system: 'email', value: 'm@example.org' };
    const phone = { system: 'phone', value: '1234 ' };
    const person = {
        resourceType: 'RelatedPerson',
        name: [{ given: ['Mary'], family: 'Khan' }],
        relationship: [of('GUARD'), of('WIFE')],
        telecom: [mail, phone],
    };
    const before = formFrom('contact', person);
    assert.deepEqual(before, {
        name: 'Mary Khan',
        relation: 'WIFE',
        phone: '1234 ',
        carer: 'no',
        emergency: 'no',
    });
    assert.deepEqual(changes('contact', person, before, before, w), []);
    const after = { ...before, carer: 'yes', phone: '' };
    const made = changes('contact', person, before, after, w);
    assert.equal(made.length, 2);
    const value = (path: string) => made.find((o) => o.path === path)?.value as any[];
    assert.deepEqual(
        value('/relationship').map((c) => c.coding[0].code),
        ['WIFE', 'Carer', 'GUARD'],
    );
    assert.deepEqual(value('/telecom'), [mail]);
    const section = (title: string) => ({ title, text: { div: `<div>${title}</div>` } });
    const note = {
        resourceType: 'Composition',
        title: 'T',
        section: [section('Plan'), section('Theirs')],
    };
    const was = formFrom('note', note);
    const [changed] = changes('note', note, was, { ...was, plan: 'New' }, w);
    assert.deepEqual(
        (changed!.value as any[]).map((s) => s.title),
        ['Plan', 'Theirs'],
    );
});

const support = templateOf('support')!;
const prompts = [support.filled.history, support.filled.plan]
    .flatMap((text) => String(text).split('\n'))
    .filter(Boolean);

test('at a review of support all that was answered last time is there to start from', () => {
    assert.equal(prompts.length, 5);
    const note = (date: string, answers: readonly string[], more: object = {}): Resource => ({
        ...resourceOf(
            'note',
            answered(
                {
                    ...emptyForm(formOf('note')!, support, '23/11/2026'),
                    history: prompts
                        .slice(0, 4)
                        .map((p, i) => p + (answers[i] ?? ''))
                        .join('\n'),
                    plan: prompts[4]! + (answers[4] ?? ''),
                },
                support,
            ),
            w,
        )!,
        id: date,
        date,
        ...more,
    });
    const index = new RecordIndex();
    index.add([
        note('2026-05-01', ['Cats', 'Walks', 'Stairs', 'Tired', 'Bo, by June']),
        note('2026-08-01', ['Wrong'], { status: 'entered-in-error' }),
        note('2025-01-01', ['Old']),
        note('2026-09-01', ['Other'], { title: 'Something else' }),
    ]);
    const { words, about } = known(index, support)!;
    assert.equal(about, false);
    const lines = `${words.history}\n${words.plan}`.split('\n');
    const filled = prompts.filter((p) => lines.some((l) => l.startsWith(p) && l.length > p.length));
    assert.equal(filled.length, prompts.length, 'of the fields, filled');
    assert.ok(String(words.history).startsWith('What matters to the person: Cats\nWhat goes well: Walks'));

    const some = new RecordIndex();
    some.add([note('2026-05-01', ['Cats'])]);
    const text = String(known(some, support)!.words.history);
    assert.deepEqual(text.split('\n'), [
        'What matters to the person: Cats',
        'What goes well: ',
        'What is hard: ',
        'Carer’s view: ',
    ]);
    assert.equal(known(some, templateOf('asthma')!), null, 'how they breathe is asked anew');
});

test('at the first visit what the person says of themselves is there to start from', () => {
    const index = new RecordIndex();
    assert.equal(known(index, support), null);
    const own = { meta: { tag: [{ system: 'https://kith.care/fhir/CodeSystem/entry', code: 'own' }] } };
    index.add([{ ...compositionOf({ important: 'My choir\nand my cat' }, '7', null, 0), id: '1', ...own }]);
    const { words, about } = known(index, support)!;
    assert.ok(about);
    assert.ok(String(words.history).startsWith('What matters to the person: My choir and my cat\nWhat goes well: '));
});
