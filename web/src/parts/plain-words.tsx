/* What an entry is about, in plain words; nothing where there are none for its codes. */
import { list, type Concept, type Resource } from '../model/fhir.ts';
import { layOf, type LayKind } from '../model/lay.ts';
import type { RecordIndex } from '../model/record.ts';
import { useLay } from './lay.ts';

const KINDS: Record<string, LayKind> = {
    Observation: 'results',
    DiagnosticReport: 'results',
    Condition: 'problems',
    AllergyIntolerance: 'problems',
    Flag: 'problems',
    MedicationRequest: 'medicines',
    MedicationStatement: 'medicines',
    MedicationDispense: 'medicines',
    MedicationAdministration: 'medicines',
    Immunization: 'vaccinations',
    Procedure: 'procedures',
    ServiceRequest: 'procedures',
    Encounter: 'procedures',
    CarePlan: 'procedures',
};

const conceptOf = (index: RecordIndex, r: Resource): Concept | undefined =>
    r.code ??
    r.vaccineCode ??
    r.medicationCodeableConcept ??
    index.find(r.medicationReference, r)?.code ??
    list<Concept>(r.type ?? r.category)[0];

export function PlainWords({ index, res }: { index: RecordIndex; res: Resource }) {
    const kind = Object.hasOwn(KINDS, res.resourceType) ? KINDS[res.resourceType] : undefined;
    useLay(...(kind ? [kind] : []));
    const known = kind ? layOf(conceptOf(index, res)) : undefined;
    return known ? <p lang={known.english ? 'en' : undefined}>{known.words}</p> : null;
}
