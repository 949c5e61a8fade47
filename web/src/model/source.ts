/* Where an entry comes from: who wrote or did it, for which organisation. */
import { list, localReference, type Ref, type Resource } from './fhir.ts';
import { mark } from '../texts/mark.ts';
import { isOwn } from './mark.ts';
import type { RecordIndex, Source } from './record.ts';

export type { Source };

const AUTHOR_FIELDS = [
    'performer',
    'recorder',
    'asserter',
    'requester',
    'author',
    'authenticator',
    'sender',
    'informationSource',
    'source',
];
const PLACE_FIELDS = [
    'serviceProvider',
    'custodian',
    'managingOrganization',
    'performingOrganization',
    'provider',
    'insurer',
    'location',
];

/* A performer may be a reference or a wrapper around one (actor, individual). */
function references(value: unknown): Ref[] {
    return list<any>(value as any)
        .map((v) =>
            typeof v === 'object' && v
                ? v.reference || v.display
                    ? v
                    : (v.actor ?? v.individual ?? v.location ?? v.member)
                : undefined,
        )
        .filter((v): v is Ref => typeof v === 'object' && v !== null);
}

const isPlace = (ref: Ref): boolean =>
    /(^|\/)(Organization|Location|HealthcareService)[/?]/.test(ref.reference ?? '') ||
    ref.type === 'Organization';
const isPatient = (ref: Ref): boolean => /(^|\/)Patient[/?]/.test(ref.reference ?? '');

function sourceReferences(index: RecordIndex, r: Resource): { people: Ref[]; places: Ref[] } {
    const people: Ref[] = [];
    const places: Ref[] = [];
    const add = (refs: Ref[]) => {
        for (const ref of refs) {
            if (isPlace(ref)) {
                places.push(ref);
            } else {
                people.push(ref);
            }
        }
    };
    for (const field of AUTHOR_FIELDS) {
        add(references(r[field]));
    }
    for (const field of PLACE_FIELDS) {
        places.push(...references(r[field]).filter(isPlace));
    }
    if (r.resourceType === 'Encounter') {
        add(references(r.participant).filter((x) => !isPatient(x)));
    }
    if (!people.length || !places.length) {
        const visit = index.find(r.encounter ?? r.context?.encounter?.[0] ?? r.context, r);
        if (visit?.resourceType === 'Encounter' && visit !== r) {
            if (!places.length) {
                places.push(...references(visit.serviceProvider));
            }
            if (!people.length) {
                people.push(
                    ...references(visit.participant).filter((x) => !isPatient(x) && !isPlace(x)),
                );
            }
        }
    }
    if (!people.length && !places.length) {
        for (const p of index.provenanceOf(r)) {
            for (const agent of list<any>(p.agent)) {
                add(references(agent.who));
                places.push(...references(agent.onBehalfOf));
            }
        }
    }
    return { people, places };
}

export function sourceOf(index: RecordIndex, r: Resource): Source {
    const known = index.sources.get(r);
    if (known) {
        return known;
    }
    const source = makeSource(index, r);
    index.sources.set(r, source);
    return source;
}

function makeSource(index: RecordIndex, r: Resource): Source {
    if (isOwn(r)) {
        return { people: [mark().own], organisations: [] };
    }
    const { people, places } = sourceReferences(index, r);
    const names = (refs: Ref[]) => [
        ...new Set(refs.map((ref) => index.name(ref, r)).filter(Boolean)),
    ];
    const organisations = names(places);
    return { people: names(people).filter((p) => !organisations.includes(p)), organisations };
}

/* '' when the record does not say. */
export function sourceLine(index: RecordIndex, r: Resource): string {
    const s = sourceOf(index, r);
    const { own, place } = index.aboutOf(r);
    const organisations = s.organisations.length || own ? s.organisations : [place];
    return [...s.people.slice(0, 2), ...organisations.slice(0, 1)].join(', ');
}

/* The references whose names the page needs and has not got, by type. */
export function missingNames(index: RecordIndex): Map<string, Set<string>> {
    const out = new Map<string, Set<string>>();
    const want = (ref: Ref | undefined, from: Resource) => {
        const key = localReference(ref?.reference);
        /* the names of another place are not this node's to give */
        if (!key || key.includes('~') || index.name(ref, from) || index.names.has(key)) {
            return;
        }
        const [type, id] = key.split('/') as [string, string];
        const ids = out.get(type) ?? new Set<string>();
        ids.add(id);
        out.set(type, ids);
    };
    for (const r of index.all) {
        const { people, places } = sourceReferences(index, r);
        [...people, ...places].forEach((ref) => want(ref, r));
        if (r.medicationReference && !index.find(r.medicationReference, r)) {
            want(r.medicationReference, r);
        }
        if (r.resourceType === 'Patient') {
            references(r.generalPractitioner).forEach((ref) => want(ref, r));
            want(r.managingOrganization, r);
        }
    }
    return out;
}

/* The forms that answers cite, without a title so far. */
export function missingForms(index: RecordIndex): Set<string> {
    const urls = index.of('QuestionnaireResponse').map((r) => r.questionnaire);
    return new Set(
        urls.filter(
            (u): u is string => typeof u === 'string' && /^https?:/.test(u) && !index.names.has(u),
        ),
    );
}
