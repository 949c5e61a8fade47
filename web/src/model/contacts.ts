/*
 * People whom a record names as family, friends or carers: RelatedPerson, and the contacts in the Patient.
 * Who is named at several places is one person. Pure.
 */
import { hasCode, list, sentence, title, type Coding, type Concept, type Resource } from './fhir.ts';
import { isOwn } from './mark.ts';
import { plainName } from './people.ts';
import type { RecordIndex } from './record.ts';

export const CARER: Coding = {
    system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AdditionalPersonRelationshipRole',
    code: 'Carer',
    display: 'Carer of patient',
};
export const EMERGENCY: Coding = {
    system: 'http://terminology.hl7.org/CodeSystem/v2-0131',
    code: 'C',
    display: 'Emergency Contact',
};
export const isCarer = (c: Concept): boolean => hasCode(c, CARER.code!);
export const isEmergency = (c: Concept): boolean => hasCode(c, EMERGENCY.code!);

export interface ContactPerson {
    key: string; /* 'RelatedPerson/4', of this place where it has one; '' where the Patient names them */
    name: string;
    relation: string;
    reach: { kind: string; value: string }[];
    carer: boolean; /* looks after them, unpaid */
    emergency: boolean;
    own: boolean; /* the person wrote it down themselves */
}

const reachOf = (telecom: unknown) =>
    list<any>(telecom as any[])
        .filter((t) => t.value && t.use !== 'old')
        .map((t) => ({ kind: String(t.system ?? ''), value: String(t.value) }));

function personOf(r: any, key: string, own: boolean): ContactPerson {
    const all = list<Concept>(r.relationship);
    const relation = all
        .filter((c) => !isEmergency(c) && !isCarer(c))
        .map(title)
        .filter(Boolean)[0];
    return {
        key,
        name: plainName(list<any>(r.name)[0]) || '',
        relation: sentence(relation ?? ''),
        reach: reachOf(r.telecom),
        carer: all.some(isCarer),
        emergency: all.some(isEmergency),
        own,
    };
}

const same = (a: ContactPerson, b: ContactPerson): boolean =>
    a.name.toLowerCase() === b.name.toLowerCase() &&
    (!a.relation || !b.relation || a.relation.toLowerCase() === b.relation.toLowerCase());

export function contactPeople(index: RecordIndex, patient: Resource | null): ContactPerson[] {
    const elsewhere = (r: Resource) => Number((r.id ?? '').includes('~'));
    const related = index
        .of('RelatedPerson')
        .filter((r) => r.active !== false)
        .sort((a, b) => elsewhere(a) - elsewhere(b))
        .map((r) => personOf(r, `RelatedPerson/${r.id}`, isOwn(r)));
    const noted = list<any>(patient?.contact).map((c) => personOf(c, '', false));
    const out: ContactPerson[] = [];
    for (const one of [...related, ...noted].filter((c) => c.name)) {
        const had = out.find((x) => same(x, one));
        if (!had) {
            out.push(one);
            continue;
        }
        had.relation ||= one.relation;
        had.carer ||= one.carer;
        had.emergency ||= one.emergency;
        had.reach.push(...one.reach.filter((r) => !had.reach.some((x) => x.value === r.value)));
    }
    return out;
}

/* 'Mary Khan, daughter': in one line. */
export const contactLine = (c: ContactPerson): string =>
    [c.name, c.relation.charAt(0).toLowerCase() + c.relation.slice(1)].filter(Boolean).join(', ');
