import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutMe, aboutWords, ABOUT_HEADINGS, compositionOf, textOf } from '../src/model/about-me.ts';
import { howOften, plans, support, teams } from '../src/model/care.ts';
import { contactPeople } from '../src/model/contacts.ts';
import type { Resource } from '../src/model/fhir.ts';
import { isOwn } from '../src/model/mark.ts';
import { emptyOf, KEYS, resourceOf, typedOf, wrongOf, type Typed } from '../src/model/own-form.ts';
import { ownEntries } from '../src/model/own-list.ts';
import { kindOf, OTHER_KINDS, READING_KINDS, READINGS, type Kind } from '../src/model/own.ts';
import { RecordIndex } from '../src/model/record.ts';
import { sourceLine } from '../src/model/source.ts';

const NOW = Date.parse('2026-07-03T12:00:00Z');
const TAG = { system: 'https://kith.care/fhir/CodeSystem/entry', code: 'own' };
const when = { day: '3', month: '7', year: '2026', time: '09:15' };
const good: Record<string, Typed> = {
    pressure: { high: '128', low: '82', ...when, note: 'After a walk' },
    weight: { value: '72.5', ...when },
    glucose: { value: '5,6', ...when },
    pulse: { value: '66', ...when },
    oxygen: { value: '97', ...when },
    temperature: { value: '36.8', ...when },
    peakflow: { value: '420', ...when },
    symptom: { what: 'headache', bad: 'mild', ...when, note: 'Behind the eyes' },
    preference: { what: 'name', text: 'Please call me Sam' },
    medicine: { what: 'Ibuprofen 200 mg', dose: 'One when it hurts', reason: 'Back', taking: 'yes' },
    allergy: { what: 'Plasters', reaction: 'Red skin', note: 'Since I was small' },
    contact: { name: 'Ruth Ainsley', relation: 'SIB', phone: '01632 960147', email: '', emergency: 'yes' },
};
const KINDS = [...READING_KINDS, ...OTHER_KINDS] as Kind[];
const record = (...all: Resource[]): RecordIndex => {
    const index = new RecordIndex();
    index.add(all.map((r, i) => ({ id: `r${i}`, ...r })));
    return index;
};

/* What the node refuses in an own entry: docs/policy.md. */
function speaksForPatientAlone(r: Resource): void {
    const text = JSON.stringify(r);
    for (const never of ['extension', 'interpretation', 'referenceRange', 'contained', 'assigner', 'device', 'encounter']) {
        assert.ok(!text.includes(`"${never}"`), `${r.resourceType} has ${never}`);
    }
    for (const [, reference] of text.matchAll(/"reference":"([^"]*)"/g)) {
        assert.equal(reference, 'Patient/p');
    }
}

test('each kind goes from the form to FHIR and back', () => {
    for (const kind of KINDS) {
        const typed = good[kind]!;
        assert.deepEqual(wrongOf(kind, typed, NOW), [], kind);
        const made = resourceOf(kind, typed, 'p', null, 'k', NOW);
        assert.equal(kindOf(made), kind);
        speaksForPatientAlone(made);
        assert.deepEqual(made.identifier, [{ system: KEYS, value: 'k' }]);
        const back = typedOf(kind, JSON.parse(JSON.stringify(made)));
        for (const [field, value] of Object.entries(typed)) {
            assert.equal(back[field] ?? '', value.replace(',', '.'), `${kind} ${field}`);
        }
    }
});

test('an entry that is changed keeps what the form has not', () => {
    const first = { ...resourceOf('weight', good.weight!, 'p', null, 'k', NOW), id: '7', identifier: [{ value: 'x' }], meta: { versionId: '2', tag: [TAG] } };
    const made = resourceOf('weight', { ...good.weight!, value: '73', note: 'new' }, 'p', first, '', NOW);
    assert.deepEqual([made.id, made.identifier, made.meta, made.status], ['7', first.identifier, first.meta, 'amended']);
    assert.equal(made.valueQuantity.value, 73);
    assert.equal(resourceOf('weight', { ...good.weight!, note: '' }, 'p', made, '', NOW).note, undefined);
});

test('times of day are those of London', () => {
    const at = (day: string, month: string, time: string) =>
        resourceOf('weight', { value: '70', day, month, year: '2026', time }, 'p', null, 'k', NOW).effectiveDateTime;
    assert.equal(at('3', '7', '09:15'), '2026-07-03T08:15:00Z');
    assert.equal(at('3', '1', '9:15'), '2026-01-03T09:15:00Z');
    assert.equal(at('3', '1', ''), '2026-01-03');
    assert.deepEqual(emptyOf('weight', NOW), { day: '3', month: '7', year: '2026', time: '13:00' });
    assert.deepEqual(emptyOf('medicine', NOW), {});
});

test('what is wrong is said of the field', () => {
    const of = (kind: Kind, part: Typed) =>
        wrongOf(kind, { ...good[kind]!, ...part }, NOW).map((w) => `${w.field} ${w.why}`);
    assert.deepEqual(of('pressure', { high: '' }), ['high missing']);
    assert.deepEqual(of('pressure', { high: '80', low: '90' }), ['low order']);
    assert.deepEqual(of('pressure', { high: '1200' }), ['high range']);
    assert.deepEqual(of('pressure', { high: '120.5' }), ['high digits']);
    assert.deepEqual(of('weight', { value: 'seventy' }), ['value number']);
    assert.deepEqual(of('weight', { value: '-5' }), ['value number']);
    assert.deepEqual(of('weight', { day: '31', month: '6' }), ['day date']);
    assert.deepEqual(of('weight', { day: '4' }), ['day future']);
    assert.deepEqual(of('weight', { day: '3', time: '' }), []);
    assert.deepEqual(of('weight', { day: '' }), ['day missing']);
    assert.deepEqual(of('weight', { time: '25:00' }), ['time time']);
    assert.deepEqual(of('symptom', { what: 'other' }), ['other missing']);
    assert.deepEqual(of('contact', { phone: '' }), ['phone missing']);
    assert.deepEqual(of('contact', { phone: '', email: 'r@example.org' }), []);
    assert.deepEqual(of('preference', { text: 'x'.repeat(1001) }), ['text long']);
});

test('readings carry both codes and the words that UK Core fixes', () => {
    const made = resourceOf('pressure', good.pressure!, 'p', null, 'k', NOW);
    assert.deepEqual(made.meta!.profile, ['https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BloodPressure']);
    assert.deepEqual(made.component.map((c: any) => [c.code.text, c.valueQuantity.unit, c.valueQuantity.code]), [
        ['Systolic blood pressure', 'millimeter of mercury', 'mm[Hg]'],
        ['Diastolic blood pressure', 'millimeter of mercury', 'mm[Hg]'],
    ]);
    for (const kind of READING_KINDS.filter((k) => READINGS[k].profile)) {
        assert.deepEqual(READINGS[kind].code.coding!.map((c) => c.system), ['http://loinc.org', 'http://snomed.info/sct']);
    }
});

test('only what the node has marked is an own entry', () => {
    const weight = resourceOf('weight', good.weight!, 'p', null, 'k', NOW);
    const marked = (r: Resource, more: object = {}): Resource => ({ ...r, ...more, meta: { tag: [TAG] } });
    assert.ok(isOwn(marked(weight)) && !isOwn(weight));
    const index = record(
        weight,
        marked(weight, { effectiveDateTime: '2026-01-01' }),
        marked(weight, { effectiveDateTime: '2026-02-01' }),
        marked(weight, { status: 'entered-in-error' }),
        marked(resourceOf('contact', good.contact!, 'p', null, 'k', NOW)),
    );
    assert.equal(sourceLine(index, index.all[1]!), 'Written by the patient');
    const { readings, others } = ownEntries(index);
    assert.deepEqual(readings.get('weight')!.map((p) => p.date), ['2026-02-01', '2026-01-01']);
    assert.equal(others.contact.length, 1);
    assert.equal(others.symptom.length, 0);
});

test('About me goes to a narrative and back, whatever is typed', () => {
    const words = { important: 'Tea & <b>cake</b>\n\n"Quiet"', 'do-not': 'Don’t hurry me &amp; knock', wellness: '  ' };
    const made = compositionOf(words, 'p', null, NOW);
    speaksForPatientAlone(made);
    assert.equal(made.section.length, 2);
    assert.ok(!made.section[0].text.div.includes('<b>'));
    assert.deepEqual(aboutWords(made), { important: 'Tea & <b>cake</b>\n\n"Quiet"', 'do-not': words['do-not'] });
    const other = { title: 'Mein Garten', text: { div: '<div><p>Rosen</p></div>' } };
    const again = compositionOf({ people: 'Ruth' }, 'p', { ...made, id: '1', section: [...made.section, other] }, NOW);
    assert.deepEqual(again.section.map((s: any) => s.title), ['People who are important to me', 'Mein Garten']);
    assert.deepEqual(aboutWords(again).more, [['Mein Garten', 'Rosen']]);
    assert.equal(textOf('<div><p>a<br/>b</p><p>c</p></div>'), 'a\nb\nc');
    const mine = { ...made, meta: { tag: [TAG] } };
    assert.equal(aboutMe(record(made)), undefined);
    assert.equal(aboutMe(record({ ...mine, date: '2025-01-01' }, { ...mine, date: '2026-01-01' }))!.date, '2026-01-01');
    assert.equal(ABOUT_HEADINGS.length, 7);
});

test('support, plans, teams and contacts in words', () => {
    const ref = (reference: string, display?: string) => ({ reference, display });
    const social = [{ text: 'Adult social care' }];
    const line = {
        resourceType: 'ServiceRequest', id: 'l', status: 'active', category: social, code: { text: 'Help to wash' },
        performer: [{ display: 'Bluebell' }],
        occurrenceTiming: { repeat: { boundsPeriod: { start: '2026-01-05' }, frequency: 3, period: 1, periodUnit: 'wk', dayOfWeek: ['mon'], timeOfDay: ['08:00:00'], duration: 1, durationUnit: 'h' } },
    };
    const index = record(
        line,
        { ...line, id: 'done', status: 'completed' },
        { resourceType: 'Task', id: 't', status: 'in-progress', code: { text: 'Adult social care package' }, description: 'Home care', input: [{ type: { text: 'Hours a week' }, valueDecimal: 12.5 }, { type: { text: 'Weekly cost' }, valueMoney: { value: 234 } }] },
        { resourceType: 'Goal', id: 'g', lifecycleStatus: 'active', description: { text: 'To walk' }, expressedBy: ref('Patient/p'), target: [{ dueDate: '2026-12-01' }] },
        { resourceType: 'CarePlan', id: 'c', status: 'active', title: 'Plan', period: { start: '2026-01-01', end: '2026-12-31' }, goal: [ref('Goal/g')], activity: [{ reference: ref('ServiceRequest/l') }, { detail: { status: 'completed', description: 'Class' } }] },
        { resourceType: 'CarePlan', id: 'old', status: 'active', title: 'Old', period: { start: '2020-01-01', end: '2020-12-31' } },
        { resourceType: 'CareTeam', id: 'ct', status: 'active', name: 'Team', participant: [{ role: [{ text: 'Nurse' }], member: ref('Practitioner/n', 'Ann Lee') }, { member: ref('Patient/p', 'Me') }] },
        { resourceType: 'RelatedPerson', id: 'rp', name: [{ text: 'Ruth' }], relationship: [{ text: 'sister' }, { coding: [{ code: 'C' }] }], telecom: [{ system: 'phone', value: '1' }], meta: { tag: [TAG] } },
    );
    const [first, second, ...none] = support(index);
    assert.deepEqual(none, []);
    assert.deepEqual([first!.what, first!.who, first!.from], ['Help to wash', ['Bluebell'], '2026-01-05']);
    assert.deepEqual(first!.often, { times: 3, period: 1, unit: 'wk', days: ['mon'], at: ['08:00'], minutes: 60, text: '' });
    assert.deepEqual(second!.facts, [['Hours a week', '12.5'], ['Weekly cost', '£234.00']]);
    const { current, past } = plans(index, '2026-07-03T12:00:00Z');
    assert.deepEqual([current.map((p) => p.title), past.map((p) => p.title)], [['Plan'], ['Old']]);
    assert.deepEqual(current[0]!.goals, [{ text: 'To walk', due: '2026-12-01', own: true, state: 'active' }]);
    assert.deepEqual(current[0]!.steps.map((s) => [s.text, s.state]), [['Help to wash', 'in-progress'], ['Class', 'completed']]);
    assert.deepEqual(teams(index)[0]!.members, [{ name: 'Ann Lee', role: 'Nurse' }]);
    assert.deepEqual(contactPeople(index, null), [{ key: 'RelatedPerson/rp', name: 'Ruth', relation: 'Sister', reach: [{ kind: 'phone', value: '1' }], carer: false, emergency: true, own: true }]);
    assert.equal(howOften(undefined), null);
});
