/* More of Grace's record, and people of another practice, for the journeys on the real node. */
import { GRACE, SURGERY } from './fixture.mjs';

export const ANN = { id: 'browser-test-ann', nhs: '9434765919' }; /* as the provider knows her */
export const STRAY = { id: 'browser-test-stray', nhs: '9990000026' };
export const FERN = { id: 'browser-test-fern' };
const NHS = 'https://fhir.nhs.uk/Id/nhs-number';

export const story = () => [
    {
        resourceType: 'Condition',
        id: 'browser-test-mind',
        meta: {
            security: [
                { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'MH' },
            ],
        },
        code: { text: 'Depression' },
        subject: { reference: `Patient/${GRACE.id}` },
    },
    {
        resourceType: 'Patient',
        id: FERN.id,
        name: [{ use: 'official', family: 'Zzfirm', given: ['Fern'] }],
        birthDate: '1985-06-07',
        generalPractitioner: [{ reference: `Organization/${SURGERY.id}` }],
    },
    {
        resourceType: 'Condition',
        id: 'browser-test-fern-mind',
        meta: {
            security: [
                { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'MH' },
            ],
        },
        code: { text: 'Anxiety' },
        subject: { reference: `Patient/${FERN.id}` },
    },
    {
        resourceType: 'RelatedPerson',
        id: 'browser-test-ruth',
        active: true,
        patient: { reference: `Patient/${GRACE.id}` },
        relationship: [{ text: 'Daughter' }],
        name: [{ family: 'Llewellyn', given: ['Ruth'] }],
    },
    { resourceType: 'Organization', id: 'browser-test-island', name: 'Island Practice' },
    {
        resourceType: 'Practitioner',
        id: 'browser-test-officer',
        name: [{ family: 'Officer', given: ['Olive'] }],
    },
    {
        resourceType: 'Practitioner',
        id: 'browser-test-inspector',
        name: [{ family: 'Inspector', given: ['Ian'] }],
    },
    {
        resourceType: 'Patient',
        id: ANN.id,
        identifier: [{ system: NHS, value: ANN.nhs }],
        name: [{ use: 'official', family: 'Example', given: ['Ann'] }],
        birthDate: '1971-03-04',
    },
    {
        resourceType: 'Patient',
        id: STRAY.id,
        identifier: [{ system: NHS, value: STRAY.nhs }],
        name: [{ use: 'official', family: 'Zzstray', given: ['Tom'] }],
        birthDate: '1971-05-06',
        generalPractitioner: [{ reference: 'Organization/browser-test-island' }],
    },
    {
        resourceType: 'AllergyIntolerance',
        id: 'browser-test-peanut',
        clinicalStatus: {
            coding: [
                {
                    system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical',
                    code: 'active',
                },
            ],
        },
        code: { text: 'Peanut' },
        patient: { reference: `Patient/${STRAY.id}` },
    },
];
