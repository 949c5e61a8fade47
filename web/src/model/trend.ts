/* The geometry and the words of a trend line. */
import { showDate } from './dates.ts';
import type { Point } from './record.ts';
import type { Value } from './values.ts';

export interface Trend {
    lines: string[]; /* polyline points of an SVG of the given size, one for each number of a value */
    last: [number, number][];
    words: string; /* the same for those who do not see it */
    top: string; /* the highest and the lowest value, with their digits */
    bottom: string;
    y: (n: number) => number;
    range: string; /* '48.0 to 64.50'; '132–150 / 83–92' for two numbers */
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

/* The values that can be drawn with the newest one: same unit, same shape, dated. Oldest first. */
export function drawable(points: Point[]): Point[] {
    const usable = points.filter(
        (p) => p.value.numbers.length > 0 && !Number.isNaN(p.time) && p.status !== 'Cancelled',
    );
    const newest = usable[0];
    return newest
        ? usable
              .filter(
                  (p) =>
                      p.value.unit === newest.value.unit &&
                      p.value.numbers.length === newest.value.numbers.length,
              )
              .reverse()
        : [];
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
    const range =
        series > 1
            ? spread('–').join(' / ')
            : (ends[0]!.min === ends[0]!.max ? 'all ' : '') + spread(' to ')[0];
    const said =
        series > 1
            ? `upper value ${spread(' to ')[0]}, lower value ${spread(' to ')[1]}`
            : range.startsWith('all ')
              ? range
              : `lowest ${bare(ends[0]!.low, 0)}, highest ${bare(ends[0]!.high, 0)}`;
    return {
        lines,
        last: ends.map((_, s): [number, number] => [
            round(x(last, used.length - 1)),
            round(y(last.value.numbers[s]!)),
        ]),
        words: `${used.length} values from ${showDate(first.date)} to ${showDate(last.date)}: latest ${last.value.bare}${unit}, ${said}`,
        top: bare(ends[0]!.high, 0),
        bottom: bare(ends[series - 1]!.low, series - 1),
        y,
        range,
    };
}
