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
        return <span class="k-quiet">One value</span>;
    }
    return (
        <span class="k-spark">
            <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t.words}>
                {t.lines.map((line) => (
                    <polyline points={line} fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-linecap="round" />
                ))}
                {t.last.map(([x, y]) => (
                    <circle cx={x} cy={y} r="3.5" fill="currentColor" />
                ))}
            </svg>
            <span class="k-spark__range" aria-hidden="true">
                {t.low === t.high ? `all ${t.low}` : `${t.low} to ${t.high}`}
            </span>
        </span>
    );
}

/* The same, large: with the ends of both axes and the range that the laboratory gave. */
export function Chart({ points, low, high }: { points: Point[]; low: number; high: number }) {
    const width = 720;
    const height = 240;
    const left = 64;
    const bottom = 28;
    const used = drawable(points);
    const t = useMemo(() => trend(points, width - left, height - bottom, 10), [points]);
    if (!t) {
        return null;
    }
    const values = used.flatMap((p) => p.value.numbers);
    const min = Math.min(...values);
    const max = Math.max(...values);
    const y = (n: number) => height - bottom - 10 - ((n - min) / (max - min)) * (height - bottom - 20);
    const inRange = (n: number) => !Number.isNaN(n) && n > min && n < max;
    const top = Number.isNaN(high) || high >= max ? 0 : y(high);
    const foot = Number.isNaN(low) || low <= min ? height - bottom : y(low);
    const band = max > min && (inRange(low) || inRange(high));
    return (
        <svg class="k-chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={t.words}>
            {band ? <rect class="k-chart__band" x={left} y={top} width={width - left} height={Math.max(0, foot - top)} /> : null}
            <path class="k-chart__axis" d={`M${left} 0V${height - bottom}H${width}`} fill="none" />
            <text x={left - 8} y={max > min ? 18 : (height - bottom) / 2} text-anchor="end">
                {max}
            </text>
            {max > min ? (
                <text x={left - 8} y={height - bottom - 6} text-anchor="end">
                    {min}
                </text>
            ) : null}
            <text x={left} y={height - 4}>
                {showDate(used[0]!.date)}
            </text>
            <text x={width} y={height - 4} text-anchor="end">
                {showDate(used[used.length - 1]!.date)}
            </text>
            <g transform={`translate(${left} 0)`} class="k-chart__line">
                {t.lines.map((line) => (
                    <>
                        <polyline points={line} fill="none" />
                        {used.length <= 60 ? line.split(' ').map((p) => <circle cx={p.split(',')[0]} cy={p.split(',')[1]} r="4" />) : null}
                    </>
                ))}
            </g>
        </svg>
    );
}
