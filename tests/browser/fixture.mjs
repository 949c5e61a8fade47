/*
 * Invented people made for the tests: one whose record has something of everything, also what is
 * hostile, one with nothing, and one with 3,000 entries. NHS numbers are of the range 999, which is
 * never issued.
 */
import { randomUUID } from 'node:crypto';

const NHS = 'https://fhir.nhs.uk/Id/nhs-number';
const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';
const SNOMED = 'http://snomed.info/sct';
const LOINC = 'http://loinc.org';
const CODES = 'http://terminology.hl7.org/CodeSystem/';

export const GRACE = { id: 'browser-test-grace', nhs: '9990000018', typed: '999 000 0018' };
export const SURGERY = { id: 'browser-test-surgery', ods: 'Y90001' };
export const EMPTY = { id: 'browser-test-empty' };
export const LONG = { id: 'browser-test-long', entries: 3000 };
export const HOSTILE = '<img src=x onerror=document.title="PWNED">';

const coded = (code, text, system = SNOMED) => ({
    coding: [{ system, code, display: text }],
    text,
});
const status = (system, code) => ({ coding: [{ system: CODES + system, code }] });
const local = (type, name) => `${type}/browser-test-${name}`;

/* A number whose digits are to arrive as they are written here. */
class Digits {
    constructor(text) {
        this.text = text;
    }

    toJSON() {
        return `\u0001${this.text}\u0001`;
    }
}
const text = (bundle) => JSON.stringify(bundle).replace(/"\\u0001([^"]*)\\u0001"/g, '$1');

function bundle(resources) {
    return text({
        resourceType: 'Bundle',
        type: 'transaction',
        entry: resources.map((resource) => ({
            fullUrl: `urn:uuid:${randomUUID()}`,
            resource,
            request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
        })),
    });
}

function grace() {
    const subject = { reference: `Patient/${GRACE.id}` };
    const encounter = { reference: local('Encounter', 'visit') };
    const doctor = { reference: local('Practitioner', 'doctor') };
    let serial = 0;
    const make = (resourceType, more) => ({
        resourceType,
        id: `browser-test-${++serial}`,
        ...more,
    });
    const allergy = (name, clinical, verification, more = {}) =>
        make('AllergyIntolerance', {
            ...(clinical
                ? { clinicalStatus: status('allergyintolerance-clinical', clinical) }
                : {}),
            verificationStatus: status('allergyintolerance-verification', verification),
            code: { text: name },
            patient: subject,
            recorder: doctor,
            encounter,
            ...more,
        });
    const condition = (name, clinical, verification, more = {}) =>
        make('Condition', {
            ...(clinical ? { clinicalStatus: status('condition-clinical', clinical) } : {}),
            verificationStatus: status('condition-ver-status', verification),
            code: { text: name },
            subject,
            encounter,
            ...more,
        });
    const medicine = (name, state, dose, authoredOn) =>
        make('MedicationRequest', {
            status: state,
            intent: 'order',
            medicationCodeableConcept: { text: name },
            subject,
            authoredOn,
            requester: doctor,
            dosageInstruction: [{ text: dose }],
        });
    const observation = (category, code, more) =>
        make('Observation', {
            status: 'final',
            category: [status('observation-category', category)],
            code,
            subject,
            performer: [doctor],
            ...more,
        });
    const hba1c = (date, value) =>
        observation('laboratory', coded('59261-8', 'Haemoglobin A1c', LOINC), {
            effectiveDateTime: date,
            valueQuantity: {
                value: new Digits(value),
                unit: 'mmol/mol',
                system: 'http://unitsofmeasure.org',
                code: 'mmol/mol',
            },
            referenceRange: [
                { low: { value: 20, unit: 'mmol/mol' }, high: { value: 48, unit: 'mmol/mol' } },
            ],
        });
    const pressure = (date, systolic, diastolic) =>
        observation('vital-signs', coded('85354-9', 'Blood pressure', LOINC), {
            effectiveDateTime: date,
            component: [
                {
                    code: coded('8480-6', 'Systolic', LOINC),
                    valueQuantity: { value: systolic, unit: 'mmHg' },
                },
                {
                    code: coded('8462-4', 'Diastolic', LOINC),
                    valueQuantity: { value: diastolic, unit: 'mmHg' },
                },
            ],
        });
    return [
        {
            resourceType: 'Organization',
            id: SURGERY.id,
            identifier: [{ system: ODS, value: SURGERY.ods }],
            name: 'Harbour Street Surgery',
        },
        {
            resourceType: 'Practitioner',
            id: 'browser-test-doctor',
            name: [{ family: 'Sørensen', given: ['Åse'], prefix: ['Dr'] }],
        },
        {
            resourceType: 'Patient',
            id: GRACE.id,
            identifier: [{ use: 'official', system: NHS, value: GRACE.nhs }],
            name: [
                {
                    use: 'official',
                    family: 'Zzokafor-Llewellyn',
                    given: ['Grace', 'Adaeze'],
                    prefix: ['Mrs'],
                },
                { use: 'nickname', text: HOSTILE, given: [HOSTILE] },
            ],
            gender: 'female',
            birthDate: '1931-03-27',
            telecom: [{ system: 'phone', value: '01632 960983', use: 'home' }],
            address: [
                {
                    use: 'home',
                    line: ['Flat 4, The Old Granary', '12 Harbour Street'],
                    city: 'Aldermarsh',
                    postalCode: 'WX1 4AA',
                },
            ],
            generalPractitioner: [{ reference: local('Organization', 'surgery') }],
        },
        {
            resourceType: 'Encounter',
            id: 'browser-test-visit',
            status: 'finished',
            class: { system: `${CODES}v3-ActCode`, code: 'AMB' },
            type: [{ text: 'Consultation' }],
            subject,
            period: { start: '2025-11-03T09:10:00Z', end: '2025-11-03T09:22:00Z' },
            participant: [{ individual: doctor }],
            serviceProvider: { reference: local('Organization', 'surgery') },
        },
        allergy('Amoxicillin', 'active', 'confirmed', {
            criticality: 'high',
            reaction: [{ manifestation: [{ text: 'Anaphylaxis' }] }],
            recordedDate: '1999-05',
        }),
        allergy('Latex', 'active', 'unconfirmed'),
        allergy("Cow's milk", 'resolved', 'confirmed'),
        allergy('Penicillin', 'inactive', 'refuted'),
        allergy('Shellfish', '', 'entered-in-error'),
        condition('Type 2 diabetes mellitus (disorder)', 'active', 'confirmed', {
            onsetDateTime: '2009-06-11',
        }),
        condition('Asthma', 'recurrence', 'confirmed', { onsetDateTime: '1975-04' }),
        condition(`Hostile ${HOSTILE} ${'unbroken'.repeat(60)}`, 'active', 'provisional', {
            onsetDateTime: '2001',
        }),
        condition('Fractured wrist', 'resolved', 'confirmed', {
            onsetDateTime: '2018-01-09',
            abatementDateTime: '2018-04-01',
        }),
        condition('Pulmonary embolism', 'inactive', 'refuted'),
        medicine('Metformin 500mg tablets', 'active', 'Take TWO tablets twice a day', '2025-10-01'),
        medicine('Simvastatin 40mg tablets', 'stopped', 'One at night', '2013-02-01'),
        medicine('Apixaban 5mg tablets', 'on-hold', 'One twice a day', '2025-11-03'),
        hba1c('2023-05-10T08:30:00+01:00', '48.0'),
        hba1c('2024-05-10T08:30:00+01:00', '55'),
        hba1c('2025-05-10T08:30:00+01:00', '64.50'),
        pressure('2024-05-10T08:30:00+01:00', 150, 92),
        pressure('2025-05-10T08:30:00+01:00', 132, 84),
        make('Observation', {
            status: 'entered-in-error',
            category: [status('observation-category', 'laboratory')],
            code: { text: 'Serum sodium' },
            subject,
            effectiveDateTime: '2025-11-03T10:00:00Z',
            valueQuantity: { value: 99, unit: 'mmol/L' },
        }),
        make('Immunization', {
            status: 'completed',
            vaccineCode: { text: 'Influenza vaccine' },
            patient: subject,
            occurrenceDateTime: '2025-10-02',
            lotNumber: 'AB123C',
        }),
        make('Procedure', {
            status: 'completed',
            code: { text: 'Colonoscopy' },
            subject,
            performedDateTime: '2019-07',
        }),
        make('DocumentReference', {
            status: 'current',
            type: { text: 'Letter' },
            description: `Letter ${HOSTILE}`,
            subject,
            date: '2025-11-05T11:00:00Z',
            content: [
                {
                    attachment: {
                        contentType: 'text/plain; charset=utf-8',
                        data: Buffer.from(`Dear Dr Sørensen,\n${HOSTILE}\nYours`).toString(
                            'base64',
                        ),
                    },
                },
            ],
        }),
    ];
}

function long() {
    const subject = { reference: `Patient/${LONG.id}` };
    const all = [
        {
            resourceType: 'Patient',
            id: LONG.id,
            name: [{ use: 'official', family: 'Zzlongrecord', given: ['Percival'] }],
            gender: 'male',
            birthDate: '1940-02-29',
            generalPractitioner: [{ reference: `Organization/${SURGERY.id}` }],
        },
    ];
    const tests = [
        'Sodium',
        'Potassium',
        'Urea',
        'Creatinine',
        'Haemoglobin',
        'Platelets',
        'White cells',
        'Albumin',
    ];
    for (let i = 0; all.length < LONG.entries + 1; i++) {
        const day = new Date(Date.UTC(1996, 0, 1 + Math.floor(i * 3.6)));
        const date = day.toISOString().slice(0, 10);
        const common = { id: `browser-test-long-${i}`, subject };
        if (i % 10 === 8) {
            all.push({
                resourceType: 'Encounter',
                ...common,
                status: 'finished',
                class: { system: `${CODES}v3-ActCode`, code: 'AMB' },
                period: { start: date, end: date },
            });
        } else if (i % 10 === 9) {
            all.push({
                resourceType: 'MedicationRequest',
                ...common,
                status: 'completed',
                intent: 'order',
                medicationCodeableConcept: { text: `Medicine ${i % 7}` },
                authoredOn: date,
            });
        } else {
            const name = tests[i % tests.length];
            all.push({
                resourceType: 'Observation',
                ...common,
                status: 'final',
                category: [status('observation-category', 'laboratory')],
                code: coded(`browser-test-${name.replace(' ', '-')}`, name, 'urn:browser-test'),
                effectiveDateTime: date,
                valueQuantity: { value: 100 + ((i * 37) % 41), unit: 'mmol/L' },
            });
        }
    }
    return all;
}

const registered = { generalPractitioner: [{ reference: `Organization/${SURGERY.id}` }] };

async function put(node, resources) {
    const reply = await fetch(`${node.base}/fhir`, {
        method: 'POST',
        headers: {
            'content-type': 'application/fhir+json',
            accept: 'application/fhir+json',
            authorization: `Bearer ${node.token}`,
        },
        body: bundle(resources),
    });
    if (!reply.ok) {
        throw new Error(
            `loading the test records: ${reply.status} ${(await reply.text()).slice(0, 2000)}`,
        );
    }
}

const lines = (resources) => resources.map((r) => `${text(r)}\n`).join('');

/* Who works there, and the place: a node has to know them before it serves. */
export const seed = () => lines(grace().slice(0, 2));

/* For a demonstration, which takes its people from what is there when it starts. */
export const seedGrace = (more = []) => lines([...grace(), ...more]);

export const loadGrace = (node, more = []) => put(node, [...grace(), ...more]);

export async function load(node) {
    await loadGrace(node);
    await put(node, [
        {
            resourceType: 'Patient',
            id: EMPTY.id,
            name: [{ use: 'official', text: 'Zzbaby of Nobody' }],
            birthDate: '2026',
            ...registered,
        },
    ]);
    const all = long();
    for (let at = 0; at < all.length; at += 500) {
        await put(node, all.slice(at, at + 500));
    }
}
