/* What people ask, as pages understand it: model/requests.ts, and the names of pages in feedback. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
    byDue,
    canBeAsked,
    canBeRepeated,
    isLate,
    isMail,
    nameOf,
    newestFirst,
    remarkOf,
    requestOf,
    workKind,
} from '../src/model/requests.ts';
import { parameters } from '../src/model/params.ts';
import { pageName } from '../src/router.ts';
import { en } from '../src/texts/requests.ts';
import cy from '../src/texts/requests.cy.ts';

const KIND = 'https://kith.care/fhir/CodeSystem/request-kind';
const OWN = 'https://kith.care/fhir/CodeSystem/';
const task = (more: object = {}, kind = 'correction'): any => ({
    resourceType: 'Task',
    id: 't',
    status: 'requested',
    code: { coding: [{ system: KIND, code: kind }], text: 'x' },
    description: 'It was not me',
    focus: { reference: 'Observation/5' },
    for: { reference: 'Patient/7' },
    authoredOn: '2026-11-01T10:00:00Z',
    lastModified: '2026-11-02T10:00:00Z',
    requester: { reference: 'Patient/7', display: 'Ada' },
    owner: { reference: 'Organization/1', display: 'Mill Lane Surgery' },
    restriction: { period: { end: '2026-11-29' } },
    ...more,
});

test('a request that waits', () => {
    const r = requestOf(task())!;
    assert.equal(r.kind, 'correction');
    assert.deepEqual([r.waits, r.withdrawn, r.patient, r.about], [true, false, '7', 'Observation/5']);
    assert.deepEqual([r.owner, r.due, r.by, r.words], ['Mill Lane Surgery', '2026-11-29', 'Ada', 'It was not me']);
});

test('one that was answered, with its history', () => {
    const r = requestOf(
        task({
            status: 'completed',
            output: [
                { type: { coding: [{ system: `${OWN}task-output`, code: 'outcome' }] }, valueCodeableConcept: { coding: [{ code: 'corrected' }] } },
                { type: { coding: [{ system: `${OWN}task-output`, code: 'words' }] }, valueString: 'Sorry' },
            ],
            note: [{ authorReference: { display: 'Dr Bell' }, time: '2026-11-02', text: 'Taken' }],
        }),
    )!;
    assert.deepEqual([r.waits, r.outcome, r.answer, r.answered], [false, 'corrected', 'Sorry', '2026-11-02T10:00:00Z']);
    assert.deepEqual(r.notes, [{ words: 'Taken', by: 'Dr Bell', at: '2026-11-02' }]);
});

test('what is none of these', () => {
    assert.equal(requestOf(task({ code: { coding: [{ system: 'urn:x', code: 'correction' }] } })), null);
    assert.equal(requestOf(task({}, 'gossip')), null);
    assert.equal(requestOf(task({ code: undefined })), null);
    assert.equal(requestOf({ resourceType: 'Observation' } as any), null);
    assert.equal(isMail(task()), false);
    assert.equal(isMail(task({ code: { coding: [{ system: `${OWN}mailbox`, code: 'inbox' }] } })), true);
    assert.equal(isMail(task({ code: { coding: [{ system: `${OWN}mailbox`, code: 'outbox' }] } })), false);
});

test('late after the day, not on it', () => {
    const r = requestOf(task())!;
    assert.equal(isLate(r, Date.parse('2026-11-29T23:00:00Z')), false);
    assert.equal(isLate(r, Date.parse('2026-11-30T00:00:00Z')), true);
    assert.equal(isLate(requestOf(task({ status: 'completed' }))!, Date.parse('2027-01-01')), false);
    assert.equal(isLate(requestOf(task({ restriction: undefined }))!, Date.parse('2027-01-01')), false);
});

test('in order of the day, or of what came last', () => {
    const day = (end: string) => requestOf(task({ restriction: { period: { end } } }))!;
    assert.deepEqual([day('2026-12-02'), day(''), day('2026-11-05')].sort(byDue).map((r) => r.due), ['2026-11-05', '2026-12-02', '']);
    const at = (lastModified: string) => requestOf(task({ status: 'completed', lastModified }))!;
    assert.deepEqual([at('2026-01-01'), at('2026-03-01')].sort(newestFirst).map((r) => r.answered), ['2026-03-01', '2026-01-01']);
});

test('what is said beside an entry', () => {
    const said: any = {
        resourceType: 'Communication',
        status: 'completed',
        category: [{ coding: [{ system: KIND, code: 'comment' }] }],
        about: [{ reference: 'Observation/5' }],
        sender: { display: 'Ada', reference: 'Patient/7' },
        payload: [{ contentString: 'I ran' }],
    };
    assert.deepEqual([remarkOf(said)!.words, remarkOf(said)!.about], ['I ran', 'Observation/5']);
    assert.equal(remarkOf({ ...said, status: 'entered-in-error' }), null);
    assert.equal(remarkOf({ ...said, category: [{ coding: [{ system: KIND, code: 'answer' }] }] }), null);
});

test('beside which entries', () => {
    assert.equal(canBeAsked({ resourceType: 'Observation' } as any), true);
    assert.equal(canBeAsked({ resourceType: 'Consent' } as any), false);
    assert.equal(canBeRepeated({ resourceType: 'MedicationRequest', status: 'active' } as any), true);
    assert.equal(canBeRepeated({ resourceType: 'MedicationRequest', status: 'stopped' } as any), false);
    assert.deepEqual(
        ['DiagnosticReport', 'DocumentReference', 'Condition'].map((resourceType) => workKind({ resourceType } as any)),
        ['result', 'letter', 'task'],
    );
    assert.equal(nameOf({ resourceType: 'DocumentReference', description: 'Clinic letter' } as any), 'Clinic letter');
    assert.equal(nameOf(undefined, 'Observation/5'), 'Observation');
});

test('feedback names the page, and nobody', () => {
    assert.equal(pageName('patient/b3546bd3-13c8-81ab/results'), 'results');
    assert.equal(pageName('patient/abc/entry/Observation/Y90001~7'), 'entry, Observation');
    assert.equal(pageName('patient/abc'), 'record');
    assert.equal(pageName('people/abc/access'), 'access');
    assert.equal(pageName('inbox'), 'inbox');
});

test('an operation without parameters has no empty list', () => {
    assert.deepEqual(parameters([]), { resourceType: 'Parameters' });
    assert.deepEqual(parameters([['words', 'String', '']]), { resourceType: 'Parameters' });
    assert.deepEqual(parameters([['kind', 'Code', 'task']]).parameter, [{ name: 'kind', valueCode: 'task' }]);
});

test('words of patients are short, and all there in Welsh', () => {
    assert.deepEqual(Object.keys(cy).sort(), Object.keys(en).sort());
    for (const text of Object.values(en).filter((t): t is string => typeof t === 'string')) {
        for (const sentence of text.split(/[.?!]\s/)) {
            assert.ok(sentence.split(/\s+/).length <= 22, sentence);
        }
    }
});
