/* A trend as a line. Its words are in the label, so nothing is told by the picture alone. */
import { useMemo } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import type { Point } from '../model/series.ts';
import { endsOf } from '../model/standing.ts';
import { bands, drawable, trend } from '../model/trend.ts';
import { trends } from '../texts/trends.ts';

const WIDTH = 140;
const HEIGHT = 36;

export function Sparkline({ points }: { points: Point[] }) {
    const t = useMemo(() => trend(points, WIDTH, HEIGHT), [points]);
    if (!t) {
        const n = points.filter((p) => p.value.text).length;
        return <span class="k-quiet">{n === 0 ? trends().noValue : trends().values(n)}</span>;
    }
    return (
        <span class="k-spark">
            <svg
                width={WIDTH}
                height={HEIGHT}
                viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
                role="img"
                aria-label={t.words}
            >
                {t.lines.map((line) => (
                    <polyline
                        points={line}
                        fill="none"
                        stroke="currentColor"
                        stroke-width="2"
                        stroke-linejoin="round"
                        stroke-linecap="round"
                    />
                ))}
                {t.last.map(([x, y]) => (
                    <circle cx={x} cy={y} r="3.5" fill="currentColor" />
                ))}
            </svg>
            <span class="k-spark__range" aria-hidden="true">
                {t.range}
            </span>
        </span>
    );
}

const round = (n: number) => Math.round(n * 10) / 10;
const CHART_WIDTH = 1000;
const CHART_HEIGHT = 200;
const PAD = 12;
const DOTS_MOST = 60;

/*
 * The same, large: with its ends in words and the usual range that was given with each value. The drawing
 * is stretched to the room there is, the words are not.
 */
export function Chart({ points }: { points: Point[] }) {
    const words = trends();
    const used = useMemo(() => drawable(points), [points]);
    const ends = used.map((p) => endsOf(p.res)).filter((e) => e !== null);
    const include = used.length ? [...ends.map((e) => e.low), ...ends.map((e) => e.high)] : [];
    const t = useMemo(
        () => trend(points, CHART_WIDTH, CHART_HEIGHT, PAD, sameUnits(used) ? include : []),
        [points],
    );
    if (!t) {
        return null;
    }
    const strips = bands(used, CHART_WIDTH, PAD);
    const two = t.lines.length > 1;
    return (
        <figure class="k-chart">
            <figcaption class="k-chart__words" aria-hidden="true">
                {words.highest(t.top, t.bottom)}
                {strips.length ? <span class="k-chart__key">{words.range}</span> : null}
                {two ? (
                    <span class="k-chart__lines">
                        <span class="k-chart__one">{words.upper}</span>{' '}
                        <span class="k-chart__two">{words.lower}</span>
                    </span>
                ) : null}
            </figcaption>
            <svg
                viewBox={`0 0 ${CHART_WIDTH} ${CHART_HEIGHT}`}
                preserveAspectRatio="none"
                role="img"
                aria-label={t.words}
            >
                {strips.map((b) => {
                    const top = Number.isNaN(b.high) ? 0 : Math.max(0, t.y(b.high));
                    const foot = Number.isNaN(b.low) ? CHART_HEIGHT : Math.min(CHART_HEIGHT, t.y(b.low));
                    return (
                        <rect
                            class="k-chart__band"
                            x={round(b.from)}
                            y={round(top)}
                            width={round(b.to - b.from)}
                            height={round(Math.max(0, foot - top))}
                        />
                    );
                })}
                {t.lines.map((line, i) => (
                    <>
                        <polyline class={i ? 'k-chart__line k-chart__line--two' : 'k-chart__line'} points={line} />
                        {used.length <= DOTS_MOST ? (
                            <path
                                class="k-chart__points"
                                d={line
                                    .split(' ')
                                    .map((p) => `M${p}h0`)
                                    .join('')}
                            />
                        ) : null}
                    </>
                ))}
            </svg>
            <div class="k-chart__dates" aria-hidden="true">
                <span>{showDate(used[0]!.date)}</span>
                <span>{showDate(used[used.length - 1]!.date)}</span>
            </div>
        </figure>
    );
}

/* Where a value was put into another unit, the ends of its range are not on the scale of the drawing. */
const sameUnits = (used: Point[]): boolean => new Set(used.map((p) => p.value.ucum || p.value.unit)).size < 2;
