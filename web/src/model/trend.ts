/* The geometry and the words of a trend line. */
import { trends } from '../texts/trends.ts';
import { showDate } from './dates.ts';
import type { Point } from './series.ts';
import { endsOf } from './standing.ts';
import { convert } from './units.ts';
import type { Value } from './values.ts';

export interface Trend {
    lines: string[]; /* polyline points of an SVG of the given size, one for each number of a value */
    last: [number, number][];
    words: string; /* the same for those who do not see it */
    top: string; /* the highest and the lowest value, with their digits */
    bottom: string;
    y: (n: number) => number;
    range: string; /* '48.0 to 64.50'; '132 to 150 / 83 to 92' for two numbers */
}

const extent = (
    points: Point[],
    at: number,
): { low: Value; high: Value; min: number; max: number } => {
    let low = points[0]!.value;
    let high = low;
    for (const p of points) {
        if (p.value.numbers[at]! < low.numbers[at]!) {
            low = p.value;
        }
        if (p.value.numbers[at]! > high.numbers[at]!) {
            high = p.value;
        }
    }
    return { low, high, min: low.numbers[at]!, max: high.numbers[at]! };
};

/* The numbers of a value in the unit of another; null where that cannot be said exactly. */
function numbersIn(value: Value, unit: Value): number[] | null {
    if (value.unit === unit.unit) {
        return value.numbers;
    }
    if (!value.ucum || !unit.ucum) {
        return null;
    }
    const made = value.numbers.map((n) => convert(n, value.ucum, unit.ucum));
    return made.every((n) => n !== null) ? (made as number[]) : null;
}

const drawableAtAll = (p: Point): boolean =>
    p.value.numbers.length > 0 && !Number.isNaN(p.time) && p.res.status !== 'cancelled';

/* The values that can be drawn with the newest one: its unit or one that is exact in it. Oldest first. */
export function drawable(points: Point[]): Point[] {
    const newest = points.find(drawableAtAll);
    const used: Point[] = [];
    for (const p of newest ? points : []) {
        const numbers = drawableAtAll(p) ? numbersIn(p.value, newest!.value) : null;
        if (numbers?.length === newest!.value.numbers.length) {
            used.push(
                numbers === p.value.numbers
                    ? p
                    : { ...p, value: { ...p.value, numbers, bare: numbers.join('/') } },
            );
        }
    }
    return used.reverse();
}

/* How many values have a number that is not in the line, since their unit is another one. */
export const leftOut = (points: Point[]): number =>
    points.filter(drawableAtAll).length - drawable(points).length;

/* A stretch of a trend in which one range counts: from and to as parts of its whole width. */
export interface Band {
    from: number;
    to: number;
    low: number;
    high: number;
}

/* The usual ranges along a trend: places have their own, and they change. */
export function bands(used: Point[], width: number, pad: number): Band[] {
    const first = used[0]?.time ?? 0;
    const span = (used[used.length - 1]?.time ?? 0) - first;
    if (span <= 0) {
        return [];
    }
    const unit = used[used.length - 1]!.value.ucum;
    const x = (time: number) => pad + ((time - first) / span) * (width - 2 * pad);
    const out: Band[] = [];
    used.forEach((p, i) => {
        const ends = endsOf(p.res);
        const from = i ? x((used[i - 1]!.time + p.time) / 2) : 0;
        const to = i < used.length - 1 ? x((used[i + 1]!.time + p.time) / 2) : width;
        const last = out[out.length - 1];
        const scale = (n: number) =>
            Number.isNaN(n) || p.value.ucum === unit ? n : (convert(n, p.value.ucum, unit) ?? NaN);
        const low = ends ? scale(ends.low) : NaN;
        const high = ends ? scale(ends.high) : NaN;
        if (Number.isNaN(low) && Number.isNaN(high)) {
            return;
        }
        if (last && last.to === from && Object.is(last.low, low) && Object.is(last.high, high)) {
            last.to = to;
        } else {
            out.push({ from, to, low, high });
        }
    });
    return out;
}

/*
 * null for fewer than two values: that is no trend. `include` are numbers that the height has to
 * show besides the values: the ends of a range.
 */
export function trend(
    points: Point[],
    width: number,
    height: number,
    pad = 4,
    include: number[] = [],
): Trend | null {
    const used = drawable(points);
    if (used.length < 2) {
        return null;
    }
    const first = used[0]!;
    const last = used[used.length - 1]!;
    const series = last.value.numbers.length;
    const ends = Array.from({ length: series }, (_, i) => extent(used, i));
    const extra = include.filter((n) => !Number.isNaN(n));
    const min = Math.min(...ends.map((e) => e.min), ...extra);
    const max = Math.max(...ends.map((e) => e.max), ...extra);
    const span = last.time - first.time;
    const x = (p: Point, i: number) =>
        pad + (span > 0 ? (p.time - first.time) / span : i / (used.length - 1)) * (width - 2 * pad);
    const y = (n: number) =>
        max > min ? height - pad - ((n - min) / (max - min)) * (height - 2 * pad) : height / 2;
    const round = (n: number) => Math.round(n * 10) / 10;
    const lines = ends.map((_, s) =>
        used.map((p, i) => `${round(x(p, i))},${round(y(p.value.numbers[s]!))}`).join(' '),
    );
    const unit = last.value.unit ? ` ${last.value.unit}` : '';
    const bare = (v: Value, at: number) => (series > 1 ? v.bare.split('/')[at] : v.bare) ?? '';
    const spread = (join: string) =>
        ends.map((e, i) =>
            e.min === e.max ? bare(e.low, i) : `${bare(e.low, i)}${join}${bare(e.high, i)}`,
        );
    const t = trends();
    const same = series === 1 && ends[0]!.min === ends[0]!.max;
    const range = same ? t.all(spread('')[0]!) : spread(t.to).join(' / ');
    const said =
        series > 1
            ? t.two(spread(t.to)[0]!, spread(t.to)[1]!)
            : same
              ? range
              : t.one(bare(ends[0]!.low, 0), bare(ends[0]!.high, 0));
    return {
        lines,
        last: ends.map((_, s): [number, number] => [
            round(x(last, used.length - 1)),
            round(y(last.value.numbers[s]!)),
        ]),
        words: t.words(used.length, showDate(first.date), showDate(last.date), `${last.value.bare}${unit}`, said),
        top: bare(ends[0]!.high, 0),
        bottom: bare(ends[series - 1]!.low, series - 1),
        y,
        range,
    };
}
