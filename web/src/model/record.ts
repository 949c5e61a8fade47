/* One person's record, made of the bundles of Patient/{id}/$everything. Pure: no requests here. */
import { values } from '../texts/values.ts';
import { sortTime } from './dates.ts';
import {
    conceptKey,
    hasCode,
    list,
    localReference,
    statusCode,
    title,
    words,
    type Concept,
    type Ref,
    type Resource,
} from './fhir.ts';
import { plainName } from './people.ts';
import { dosage } from './values.ts';

export interface Source {
    people: string[];
    organisations: string[];
}

/* Which place keeps an entry, and which other entries say the same. */
export interface About {
    place: string; /* '' for this node, where nothing else is known */
    ods: string;
    own: boolean;
    also: string[]; /* names of other places that have exactly the same */
    alike: Resource[]; /* all that are likely the same thing, this one too */
    unwitnessed: boolean;
}
const OWN: About = { place: '', ods: '', own: true, also: [], alike: [], unwitnessed: false };

export class RecordIndex {
    readonly all: Resource[] = [];
    readonly byType = new Map<string, Resource[]>();
    readonly byReference = new Map<string, Resource>();
    /* What stands behind a reference to a person or place who is not in the bundle: fetched later. */
    readonly names = new Map<string, string>();
    /* See source.ts. Forgotten when more is known. */
    sources = new Map<Resource, Source>();
    /* What is known of an entry besides itself, by 'Type/id': see places.ts. */
    readonly about = new Map<string, About>();
    /* Grows whenever more is known. */
    version = 0;
    private provenance: Map<string, Resource[]> | null = null;

    /* How many of the entries that were read a place keeps. */
    entriesOf(ods: string): number {
        let n = 0;
        for (const about of this.about.values()) {
            n += about.ods === ods ? 1 : 0;
        }
        return n;
    }

    aboutOf(r: Resource): About {
        return this.about.get(`${r.resourceType}/${r.id ?? ''}`) ?? OWN;
    }

    add(resources: Resource[]): void {
        for (const r of resources) {
            const key = `${r.resourceType}/${r.id ?? ''}`;
            if (this.byReference.has(key)) {
                continue;
            }
            this.byReference.set(key, r);
            this.all.push(r);
            const same = this.byType.get(r.resourceType);
            if (same) {
                same.push(r);
            } else {
                this.byType.set(r.resourceType, [r]);
            }
        }
        this.provenance = null;
        this.sources.clear();
        this.version++;
    }

    tell(key: string, about: About): void {
        this.about.set(key, about);
        this.version++;
    }

    named(names: Map<string, string>): void {
        names.forEach((name, reference) => this.names.set(reference, name));
        this.sources.clear();
        this.version++;
    }

    of(...types: string[]): Resource[] {
        return types.flatMap((t) => this.byType.get(t) ?? []);
    }

    find(reference: Ref | undefined, from?: Resource): Resource | undefined {
        const text = reference?.reference;
        if (text?.startsWith('#')) {
            return list<Resource>(from?.contained).find((c) => `#${c.id}` === text);
        }
        return this.byReference.get(localReference(text));
    }

    /* The name behind a reference: what the record says, else what is known of the thing itself. */
    name(reference: Ref | undefined, from?: Resource): string {
        if (!reference) {
            return '';
        }
        const target = this.find(reference, from);
        return (
            reference.display?.trim() ||
            (target ? resourceName(target) : '') ||
            this.names.get(localReference(reference.reference)) ||
            ''
        );
    }

    provenanceOf(r: Resource): Resource[] {
        if (!this.provenance) {
            this.provenance = new Map();
            for (const p of this.of('Provenance')) {
                for (const target of list<Ref>(p.target)) {
                    const key = localReference(target.reference);
                    const had = this.provenance.get(key);
                    if (had) {
                        had.push(p);
                    } else {
                        this.provenance.set(key, [p]);
                    }
                }
            }
        }
        return this.provenance.get(`${r.resourceType}/${r.id ?? ''}`) ?? [];
    }
}

/* What a practitioner, organisation, place, medicine or the like is called. */
export function resourceName(r: Resource): string {
    if (r.resourceType === 'PractitionerRole') {
        return [r.practitioner?.display, list<Concept>(r.code).map(title)[0]]
            .filter(Boolean)
            .join(', ');
    }
    if (typeof r.name === 'string') {
        return r.name;
    }
    return (
        plainName(list<any>(r.name)[0]) ||
        title(r.code) ||
        title(list<any>(r.deviceName)[0]) ||
        title(r.type) ||
        ''
    );
}

export const wrong = (r: Resource): boolean =>
    r.status === 'entered-in-error' || statusCode(r.verificationStatus) === 'entered-in-error';

export const newestFirst = <T extends { time: number }>(a: T, b: T): number =>
    (Number.isNaN(b.time) ? -Infinity : b.time) - (Number.isNaN(a.time) ? -Infinity : a.time) || 0;

/* ---- allergies ---- */

export interface Allergy {
    res: Resource;
    title: string;
    reactions: string;
    criticality: string; /* 'high', 'low' or '' */
    doubt: string; /* 'Unconfirmed', or '' */
    time: number;
}

export interface Allergies {
    active: Allergy[];
    past: Allergy[];
    ruledOut: Allergy[];
    none: Resource[]; /* entries that say 'no known allergies' */
}

const NO_KNOWN = [
    '716186003',
    '409137002',
    '428607008',
    '429625007',
    '716220001',
    '1003774007',
    '428197003',
    '160244002',
    '64970000',
];

export function allergies(index: RecordIndex): Allergies {
    const out: Allergies = { active: [], past: [], ruledOut: [], none: [] };
    for (const res of index.of('AllergyIntolerance')) {
        if (wrong(res)) {
            continue;
        }
        const clinical = statusCode(res.clinicalStatus);
        const verified = statusCode(res.verificationStatus);
        const name =
            title(res.code) ||
            list<any>(res.reaction)
                .map((x) => title(x.substance))
                .find(Boolean) ||
            values().allergy;
        if (hasCode(res.code, ...NO_KNOWN) || /^no known .*allerg/i.test(name)) {
            if (clinical !== 'inactive' && clinical !== 'resolved' && verified !== 'refuted') {
                out.none.push(res);
            }
            continue;
        }
        const reactions = list<any>(res.reaction)
            .map((x) =>
                [list<Concept>(x.manifestation).map(title).join(', '), x.severity]
                    .filter(Boolean)
                    .join(', '),
            )
            .filter(Boolean)
            .join('; ');
        const item: Allergy = {
            res,
            title: name,
            reactions,
            criticality: ['high', 'low'].includes(res.criticality) ? res.criticality : '',
            doubt: verified === 'unconfirmed' || verified === 'presumed' ? values().doubts.unconfirmed : '',
            time: sortTime(res.onsetDateTime ?? res.recordedDate),
        };
        const where =
            verified === 'refuted'
                ? out.ruledOut
                : clinical === 'inactive' || clinical === 'resolved'
                  ? out.past
                  : out.active;
        where.push(item);
    }
    const risk = (a: Allergy) => (a.criticality === 'high' ? 0 : 1);
    out.active.sort((a, b) => risk(a) - risk(b) || a.title.localeCompare(b.title));
    out.past.sort(newestFirst);
    out.ruledOut.sort(newestFirst);
    return out;
}

/* ---- problems ---- */

export interface Problem {
    res: Resource; /* the newest entry of it */
    title: string;
    times: number; /* how many entries say the same */
    onset: string;
    end: string;
    note: string; /* 'Provisional', 'Recurrence', 'Status not recorded' … or '' */
    severity: string;
    time: number;
}

export interface Problems {
    active: Problem[];
    past: Problem[];
    ruledOut: Problem[];
}

const PAST = ['inactive', 'remission', 'resolved'];

function problem(res: Resource, isPast: boolean): Problem {
    const clinical = statusCode(res.clinicalStatus);
    const t = values();
    const doubts: Readonly<Record<string, string>> = t.doubts;
    const courses: Readonly<Record<string, string>> = t.courses;
    const notes = [
        doubts[statusCode(res.verificationStatus)],
        courses[clinical],
        !clinical && !isPast ? t.noStatus : '',
    ];
    const onset = res.onsetDateTime ?? res.onsetPeriod?.start ?? '';
    return {
        res,
        title: title(res.code) || t.problem,
        times: 1,
        onset: onset || res.recordedDate || '',
        end: res.abatementDateTime ?? res.abatementPeriod?.end ?? '',
        note: notes.filter(Boolean).join(', '),
        severity: title(res.severity),
        time: sortTime(onset || res.recordedDate),
    };
}

export function problems(index: RecordIndex): Problems {
    const lists = {
        active: new Map<string, Problem>(),
        past: new Map<string, Problem>(),
        ruledOut: new Map<string, Problem>(),
    };
    for (const res of index.of('Condition')) {
        if (wrong(res)) {
            continue;
        }
        const clinical = statusCode(res.clinicalStatus);
        const abated = Object.keys(res).some((k) => k.startsWith('abatement'));
        const isPast = PAST.includes(clinical) || (!clinical && abated);
        const where =
            statusCode(res.verificationStatus) === 'refuted'
                ? lists.ruledOut
                : isPast
                  ? lists.past
                  : lists.active;
        const item = problem(res, isPast);
        const key = `${conceptKey(res.code) || res.id}|${item.note}`;
        const had = where.get(key);
        if (!had) {
            where.set(key, item);
        } else {
            const newest = !(item.time < had.time) ? item : had;
            newest.times = had.times + 1;
            where.set(key, newest);
        }
    }
    const sorted = (m: Map<string, Problem>) => [...m.values()].sort(newestFirst);
    return {
        active: sorted(lists.active),
        past: sorted(lists.past),
        ruledOut: sorted(lists.ruledOut),
    };
}

/* ---- medicines ---- */

export interface Medicine {
    res: Resource; /* the newest entry of it */
    title: string;
    dose: string;
    reason: string;
    status: string;
    issues: number;
    first: string;
    last: string;
    ended: string;
    time: number;
}

export interface Medicines {
    current: Medicine[];
    onHold: Medicine[];
    stopped: Medicine[];
}

export function medicineName(index: RecordIndex, res: Resource): string {
    const target = index.find(res.medicationReference, res);
    return (
        title(res.medicationCodeableConcept) ||
        (target ? title(target.code) : '') ||
        index.name(res.medicationReference, res) ||
        values().medicine
    );
}

export function reasonOf(index: RecordIndex, res: Resource): string {
    const said = list<Concept>(res.reasonCode).map(title);
    const linked = list<Ref>(res.reasonReference).map((r) => index.name(r, res));
    return [...new Set([...said, ...linked].filter(Boolean))].join(', ');
}

const CURRENT = ['active', 'intended'];

export function medicines(index: RecordIndex): Medicines {
    const groups = new Map<string, { newest: Medicine; active: Medicine | null }>();
    for (const res of index.of('MedicationRequest', 'MedicationStatement')) {
        if (
            wrong(res) ||
            res.status === 'draft' ||
            res.doNotPerform === true ||
            ['proposal', 'option'].includes(res.intent)
        ) {
            continue;
        }
        const date =
            res.authoredOn ??
            res.effectiveDateTime ??
            res.effectivePeriod?.start ??
            res.dateAsserted ??
            '';
        const target = index.find(res.medicationReference, res);
        const item: Medicine = {
            res,
            title: medicineName(index, res),
            dose: dosage(res),
            reason: reasonOf(index, res),
            status: res.status ?? '',
            issues: 1,
            first: date,
            last: date,
            ended: res.effectivePeriod?.end ?? res.dispenseRequest?.validityPeriod?.end ?? '',
            time: sortTime(date),
        };
        const key =
            conceptKey(res.medicationCodeableConcept ?? target?.code) || item.title.toLowerCase();
        const isActive = CURRENT.includes(item.status);
        const group = groups.get(key);
        if (!group) {
            groups.set(key, { newest: item, active: isActive ? item : null });
            continue;
        }
        const newest = !(item.time < group.newest.time) ? item : group.newest;
        const older = newest === item ? group.newest : item;
        newest.issues = group.newest.issues + 1;
        newest.first = sortTime(older.first) < sortTime(newest.first) ? older.first : newest.first;
        group.newest = newest;
        if (isActive && !(group.active && item.time < group.active.time)) {
            group.active = item;
        }
    }
    const out: Medicines = { current: [], onHold: [], stopped: [] };
    for (const { newest, active } of groups.values()) {
        if (active) {
            out.current.push({
                ...active,
                issues: newest.issues,
                first: newest.first,
                last: newest.last,
            });
        } else {
            (newest.status === 'on-hold' ? out.onHold : out.stopped).push(newest);
        }
    }
    out.current.sort((a, b) => a.title.localeCompare(b.title));
    out.onHold.sort(newestFirst);
    out.stopped.sort(newestFirst);
    return out;
}

/* ---- vaccinations ---- */

export interface Vaccination {
    res: Resource;
    title: string;
    date: string;
    note: string;
    time: number;
}

export function vaccinations(index: RecordIndex): {
    given: Vaccination[];
    notGiven: Vaccination[];
} {
    const given: Vaccination[] = [];
    const notGiven: Vaccination[] = [];
    for (const res of index.of('Immunization')) {
        if (wrong(res)) {
            continue;
        }
        const procedure = list<any>(res.extension).find((e) =>
            /VaccinationProcedure$/.test(e.url ?? ''),
        );
        const dose = list<any>(res.protocolApplied)[0];
        const number = dose?.doseNumberPositiveInt ?? dose?.doseNumberString;
        const item: Vaccination = {
            res,
            title:
                title(res.vaccineCode) ||
                title(procedure?.valueCodeableConcept) ||
                values().vaccine,
            date: res.occurrenceDateTime ?? '',
            note: [
                number ? `dose ${number}` : '',
                res.occurrenceString ?? '',
                res.lotNumber ? `batch ${res.lotNumber}` : '',
                res.status === 'not-done' ? words(res.statusReason) : '',
            ]
                .filter(Boolean)
                .join(', '),
            time: sortTime(res.occurrenceDateTime ?? res.recorded),
        };
        (res.status === 'not-done' ? notGiven : given).push(item);
    }
    return { given: given.sort(newestFirst), notGiven: notGiven.sort(newestFirst) };
}
