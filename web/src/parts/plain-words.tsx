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

/* `title`: what the page calls it; its plain name is said too where that is another. */
export function PlainWords({ index, res, title }: { index: RecordIndex; res: Resource; title?: string }) {
    const kind = Object.hasOwn(KINDS, res.resourceType) ? KINDS[res.resourceType] : undefined;
    useLay(...(kind ? [kind] : []));
    const known = kind ? layOf(conceptOf(index, res)) : undefined;
    const named = title !== undefined && known && !title.toLowerCase().includes(known.name.toLowerCase());
    return known ? (
        <p lang={known.english ? 'en' : undefined}>
            {named ? <strong>{known.name}: </strong> : null}
            {known.words}
        </p>
    ) : null;
}
