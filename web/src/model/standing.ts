/*
 * How a value stands to its usual range, and the number line that shows it. What counts as outside is
 * said by the entry alone: by its interpretation, else by its own range. "A little" is how it looks on
 * the line: within a tenth of the range's width beyond its end, where nobody called it more.
 */
import { hasCode, list, type Quantity, type Resource } from './fhir.ts';
import { convert } from './units.ts';
import { DIASTOLIC, numeric, showNumber, showUnit, SYSTOLIC, ucumOf } from './values.ts';

export type Standing =
    | 'usual'
    | 'littleHigh'
    | 'high'
    | 'veryHigh'
    | 'littleLow'
    | 'low'
    | 'veryLow'
    | 'unusual'
    | 'veryUnusual'
    | 'found'
    | 'notFound'
    | 'unknown';

const BY_CODE: Record<string, Standing> = {
    N: 'usual',
    H: 'high',
    HU: 'veryHigh',
    HH: 'veryHigh',
    '>': 'veryHigh',
    L: 'low',
    LU: 'veryLow',
    LL: 'veryLow',
    '<': 'veryLow',
    A: 'unusual',
    AA: 'veryUnusual',
    POS: 'found',
    DET: 'found',
    NEG: 'notFound',
    ND: 'notFound',
};

const LITTLE = 0.1 + 1e-9; /* what binary fractions add to a tenth does not count */

export interface Ends {
    low: number; /* NaN: no such end */
    high: number;
    lowText: string;
    highText: string;
}

/* The end of a range in the unit of the value; NaN where the units are not the same and cannot be made so. */
function endIn(end: Quantity | undefined, value: Quantity): number {
    const n = numeric(end);
    const from = ucumOf(end);
    const to = ucumOf(value);
    if (from && to && from !== to) {
        return convert(n, from, to) ?? NaN;
    }
    const bare = end?.unit === undefined && end?.code === undefined;
    return bare || (from && from === to) || showUnit(end) === showUnit(value) ? n : NaN;
}

/* The one usual range that counts for this person. Ranges for certain people are only told by their text. */
export function endsOf(part: any): Ends | null {
    const ranges = list<any>(part.referenceRange).filter((r) => !r.type || hasCode(r.type, 'normal'));
    const r = ranges[0];
    if (!r || ranges.length > 1 || list(r.appliesTo).length || r.age || !part.valueQuantity) {
        return null;
    }
    const low = endIn(r.low, part.valueQuantity);
    const high = endIn(r.high, part.valueQuantity);
    if (Number.isNaN(low) && Number.isNaN(high)) {
        return null;
    }
    const words = (n: number, q: Quantity | undefined) =>
        Number.isNaN(n) ? '' : numeric(q) === n ? showNumber(q) : String(n);
    return { low, high, lowText: words(low, r.low), highText: words(high, r.high) };
}

/* Above or below, and by more than a little? For a range with one end, a tenth of that end. */
function against(n: number, ends: Ends): Standing {
    const both = !Number.isNaN(ends.low) && !Number.isNaN(ends.high);
    const little = LITTLE * (both ? ends.high - ends.low : Math.abs(ends.high || ends.low));
    if (n > ends.high) {
        return n - ends.high <= little ? 'littleHigh' : 'high';
    }
    if (n < ends.low) {
        return ends.low - n <= little ? 'littleLow' : 'low';
    }
    return 'usual';
}

function coded(part: any): Standing | null {
    for (const concept of list<any>(part.interpretation)) {
        for (const c of list<any>(concept?.coding)) {
            if (Object.hasOwn(BY_CODE, c.code ?? '')) {
                return BY_CODE[c.code]!;
            }
        }
    }
    return null;
}

/* Of an Observation, or of one of its components. */
export function standing(part: any): Standing {
    const said = coded(part);
    const n = numeric(part.valueQuantity);
    const ends = endsOf(part);
    const exact = !Number.isNaN(n) && !part.valueQuantity?.comparator;
    const seen = ends && exact ? against(n, ends) : 'unknown';
    if (said === 'high' && seen === 'littleHigh') {
        return seen;
    }
    if (said === 'low' && seen === 'littleLow') {
        return seen;
    }
    return said ?? seen;
}

export const OUTSIDE: readonly Standing[] = [
    'littleHigh', 'high', 'veryHigh', 'littleLow', 'low', 'veryLow', 'unusual', 'veryUnusual', 'found',
];

export interface NumberLine {
    name: '' | 'upper' | 'lower'; /* of a blood pressure */
    from: number; /* where the range begins and ends, and where the value is: percent of the line's length */
    to: number;
    at: number;
    beyond: -1 | 0 | 1; /* the value lies beyond the end of what is drawn */
    value: string;
    lowText: string; /* '' where the range has no such end */
    highText: string;
    unit: string;
    standing: Standing;
}

const SIDE = 0.6; /* of the range's width is shown on each side of it */
const FARTHEST = 3; /* widths: what lies farther is drawn at the end, with an arrow */

function lineOf(part: any, name: NumberLine['name']): NumberLine | null {
    const ends = endsOf(part);
    const n = numeric(part.valueQuantity);
    if (!ends || Number.isNaN(n) || part.valueQuantity.comparator) {
        return null;
    }
    const { low, high } = ends;
    const noLow = Number.isNaN(low);
    const noHigh = Number.isNaN(high);
    const width = noLow || noHigh ? Math.abs(noLow ? high : low) || 1 : high - low || Math.abs(high) || 1;
    const least = noLow ? Math.min(0, high - width) : low - SIDE * width;
    const most = noHigh ? low + width : high + SIDE * width;
    const floor = (noLow ? high : low) >= 0 && n >= 0 ? 0 : -Infinity;
    const start = Math.max(floor, Math.max(Math.min(least, n - 0.1 * width), (noLow ? 0 : low) - FARTHEST * width));
    const end = Math.min(Math.max(most, n + 0.1 * width), (noHigh ? low : high) + FARTHEST * width);
    const percent = (x: number) =>
        Math.round(Math.min(1, Math.max(0, (x - start) / (end - start))) * 1000) / 10;
    return {
        name,
        from: noLow ? 0 : percent(low),
        to: noHigh ? 100 : percent(high),
        at: percent(n),
        beyond: n > end ? 1 : n < start ? -1 : 0,
        value: showNumber(part.valueQuantity),
        lowText: ends.lowText,
        highText: ends.highText,
        unit: showUnit(part.valueQuantity),
        standing: standing(part),
    };
}

/* One for a value; two for a blood pressure whose parts have ranges; none without numbers or ranges. */
export function numberLines(o: Resource): NumberLine[] {
    const parts = list<any>(o.component);
    const part = (codes: string[]) => parts.find((c) => hasCode(c.code, ...codes));
    const lines = o.valueQuantity
        ? [lineOf(o, '')]
        : [
              part(SYSTOLIC) ? lineOf(part(SYSTOLIC), 'upper') : null,
              part(DIASTOLIC) ? lineOf(part(DIASTOLIC), 'lower') : null,
          ];
    return lines.filter((l): l is NumberLine => l !== null);
}
