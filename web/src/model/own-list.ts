/* What somebody has written into their own record, kind by kind, newest first. Pure. */
import { list, type Resource } from './fhir.ts';
import { isOwn } from './mark.ts';
import { isReading, kindOf, type OtherKind, type ReadingKind } from './own.ts';
import { wrong, type RecordIndex } from './record.ts';
import { pointOf, type Point } from './series.ts';

export interface OwnEntries {
    readings: Map<ReadingKind, Point[]>;
    others: Record<OtherKind, Resource[]>;
}

/* Of what several places have, this node's own counts. */
const isCopy = (index: RecordIndex, r: Resource): boolean => {
    const about = index.aboutOf(r);
    return !about.own && about.alike.some((other) => other !== r && index.aboutOf(other).own);
};

const newest = (r: Resource): string =>
    String(r.effectiveDateTime ?? r.recordedDate ?? r.dateAsserted ?? r.meta?.lastUpdated ?? '');

export function ownEntries(index: RecordIndex): OwnEntries {
    const readings = new Map<ReadingKind, Point[]>();
    const others: OwnEntries['others'] = {
        symptom: [],
        preference: [],
        medicine: [],
        allergy: [],
        contact: [],
    };
    const types = ['Observation', 'MedicationStatement', 'AllergyIntolerance', 'RelatedPerson'];
    for (const r of index.of(...types)) {
        const kind = isOwn(r) && !wrong(r) && !isCopy(index, r) ? kindOf(r) : null;
        if (kind && isReading(kind)) {
            readings.set(kind, [...(readings.get(kind) ?? []), pointOf(r)]);
        } else if (kind) {
            others[kind as OtherKind].push(r);
        }
    }
    readings.forEach((points) => points.sort((a, b) => b.time - a.time));
    Object.values(others).forEach((all) => all.sort((a, b) => newest(b).localeCompare(newest(a))));
    return { readings, others };
}

/* The text of the first note. */
export const noteOf = (r: Resource): string => String(list<any>(r.note)[0]?.text ?? '');
