/* A trend as a small line. Its words are in the label, so nothing is told by the picture alone. */
import { useMemo } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import type { Point } from '../model/record.ts';
import { drawable, trend } from '../model/trend.ts';

const WIDTH = 140;
const HEIGHT = 36;

export function Sparkline({ points }: { points: Point[] }) {
    const t = useMemo(() => trend(points, WIDTH, HEIGHT), [points]);
    if (!t) {
        const n = points.filter((p) => p.value.text).length;
        return (
            <span class="k-quiet">
                {n === 0 ? 'No value yet' : n === 1 ? 'One value' : `${n} values`}
            </span>
        );
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

/*
 * The same, large: with its ends in words and the range that the laboratory gave. The drawing is
 * stretched to the room there is, the words are not.
 */
export function Chart({ points, low, high }: { points: Point[]; low: number; high: number }) {
    const width = 1000;
    const height = 200;
    const used = useMemo(() => drawable(points), [points]);
    const t = useMemo(() => trend(points, width, height, 12, [low, high]), [points, low, high]);
    if (!t) {
        return null;
    }
    const top = Number.isNaN(high) ? 0 : t.y(high);
    const foot = Number.isNaN(low) ? height : t.y(low);
    const band = !(Number.isNaN(low) && Number.isNaN(high)) && foot > top;
    return (
        <figure class="k-chart">
            <figcaption class="k-chart__words" aria-hidden="true">
                Highest {t.top}, lowest {t.bottom}
                {band ? <span class="k-chart__key">Reference range</span> : null}
            </figcaption>
            <svg
                viewBox={`0 0 ${width} ${height}`}
                preserveAspectRatio="none"
                role="img"
                aria-label={t.words}
            >
                {band ? (
                    <rect
                        class="k-chart__band"
                        x="0"
                        y={round(top)}
                        width={width}
                        height={round(foot - top)}
                    />
                ) : null}
                {t.lines.map((line) => (
                    <>
                        <polyline class="k-chart__line" points={line} />
                        {used.length <= 60 ? (
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
