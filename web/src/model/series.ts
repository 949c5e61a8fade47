/* The results of a record: each measurement with its values over time, what several places have once. Pure. */
import { language } from '../texts/area.ts';
import { values } from '../texts/values.ts';
import { sortTime } from './dates.ts';
import { conceptKey, list, statusCode, title, type Concept, type Resource } from './fhir.ts';
import { newestFirst, wrong, type RecordIndex } from './record.ts';
import { observationValue, referenceRange, resultFlag, type Flag, type Value } from './values.ts';

export interface Point {
    res: Resource;
    date: string;
    time: number;
    value: Value;
    flag: Flag | null;
    status: string; /* '' when final */
    also: string[]; /* other places that have the same */
}

export interface Series {
    key: string;
    title: string;
    group: 'Measurements' | 'Laboratory tests' | 'Other observations';
    points: Point[]; /* newest first */
    range: string; /* of the newest */
    time: number;
}

const groupOf = (o: Resource): Series['group'] => {
    const codes = list<Concept>(o.category).map(statusCode);
    return codes.includes('vital-signs')
        ? 'Measurements'
        : codes.includes('laboratory')
          ? 'Laboratory tests'
          : 'Other observations';
};

function statusWords(res: Resource): string {
    const known: Readonly<Record<string, string>> = values().statuses;
    return known[res.status ?? ''] ?? '';
}

export const observationDate = (o: Resource): string =>
    o.effectiveDateTime ?? o.effectiveInstant ?? o.effectivePeriod?.start ?? o.issued ?? '';

/* One value of an Observation, at its time. */
export function pointOf(res: Resource, value = observationValue(res)): Point {
    const date = observationDate(res);
    return {
        res,
        date,
        time: sortTime(date),
        value,
        flag: resultFlag(res, value),
        status: statusWords(res),
        also: [],
    };
}

/* What two places keep of one measurement counts once; where they differ, both are shown. */
function isCopy(index: RecordIndex, point: Point, taken: Map<Resource[], Point[]>): boolean {
    const { alike, place } = index.aboutOf(point.res);
    if (alike.length < 2) {
        return false;
    }
    const before = taken.get(alike) ?? [];
    const same = before.find((p) => p.value.text === point.value.text && p.time === point.time);
    if (same) {
        same.also.push(place);
    } else {
        taken.set(alike, [...before, point]);
    }
    return same !== undefined;
}

function seriesOf(index: RecordIndex): Series[] {
    const all = new Map<string, Series>();
    const taken = new Map<Resource[], Point[]>();
    for (const res of index.of('Observation')) {
        if (wrong(res)) {
            continue;
        }
        const value = observationValue(res);
        if (!value.text && !statusWords(res)) {
            continue;
        }
        const key = conceptKey(res.code) || `Observation/${res.id}`;
        const point = { ...pointOf(res, value), also: [...index.aboutOf(res).also] };
        if (isCopy(index, point, taken)) {
            continue;
        }
        const series = all.get(key);
        if (series) {
            series.points.push(point);
        } else {
            all.set(key, {
                key,
                title: title(res.code) || values().result,
                group: groupOf(res),
                points: [point],
                range: '',
                time: NaN,
            });
        }
    }
    for (const s of all.values()) {
        s.points.sort(newestFirst);
        const newest = s.points[0]!;
        s.time = newest.time;
        s.title = title(newest.res.code) || s.title;
        s.range = referenceRange(newest.res)?.text ?? '';
    }
    return [...all.values()].sort((a, b) => newestFirst(a, b) || a.title.localeCompare(b.title));
}

const made = new WeakMap<RecordIndex, { state: string; all: readonly Series[] }>();

/* The results of a record, put together once for each state of it. */
export function results(index: RecordIndex): readonly Series[] {
    const state = `${index.version} ${language()}`;
    let had = made.get(index);
    if (had?.state !== state) {
        had = { state, all: seriesOf(index) };
        made.set(index, had);
    }
    return had.all;
}
