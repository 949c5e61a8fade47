/* Entries that the patient wrote: the node marks them, and nobody else can (docs/policy.md). */
import { list, type Coding, type Resource } from './fhir.ts';

const ENTRY = 'https://kith.care/fhir/CodeSystem/entry';

export const isOwn = (r: Resource): boolean =>
    list<Coding>(r.meta?.tag).some((c) => c.system === ENTRY && c.code === 'own');
