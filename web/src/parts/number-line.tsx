/*
 * A value on a line with its usual range. Places along it are percentages, so words keep their size
 * however wide the page is. What it says stands in words beside it too.
 */
import type { NumberLine as Line, Standing } from '../model/standing.ts';
import { results } from '../texts/results.ts';
import { Tag } from './basic.tsx';

const TONES: Partial<Record<Standing, string>> = {
    usual: 'green',
    notFound: 'green',
    littleHigh: 'blue',
    littleLow: 'blue',
    high: 'orange',
    low: 'orange',
    unusual: 'orange',
    found: 'orange',
    veryHigh: 'red',
    veryLow: 'red',
    veryUnusual: 'red',
};

const SIGNS: Partial<Record<Standing, string>> = {
    littleHigh: '↑ ',
    high: '↑ ',
    veryHigh: '⇈ ',
    littleLow: '↓ ',
    low: '↓ ',
    veryLow: '⇊ ',
};

/* '' where it is not known how a value stands. */
export const standingWords = (s: Standing): string => (s === 'unknown' ? '' : results().standing[s]);
export const standingSays = (s: Standing): string => (s === 'unknown' ? '' : results().says[s]);
export const signOf = (s: Standing): string => SIGNS[s] ?? '';

/* In a list only what is not as usual has a colour, so that it can be found. */
export function StandingTag({ of: standing, quiet = false }: { of: Standing; quiet?: boolean }) {
    const words = standingWords(standing);
    return words && quiet && TONES[standing] === 'green' ? (
        <span class="k-quiet">{words}</span>
    ) : words ? (
        <Tag tone={TONES[standing] ?? 'grey'}>
            <span aria-hidden="true">{signOf(standing)}</span>
            {words}
        </Tag>
    ) : null;
}

const withUnit = (text: string, unit: string): string =>
    unit ? `${text}${unit === '%' ? '' : ' '}${unit}` : text;

export function rangeWords(line: Line): string {
    const t = results();
    const said =
        line.lowText && line.highText
            ? t.between(line.lowText, line.highText)
            : line.lowText
              ? t.atLeast(withUnit(line.lowText, line.unit))
              : t.atMost(withUnit(line.highText, line.unit));
    return line.lowText && line.highText ? withUnit(said, line.unit) : said;
}

/* Words near an end of the line lean inwards. */
const anchor = (at: number): 'start' | 'middle' | 'end' => (at < 18 ? 'start' : at > 82 ? 'end' : 'middle');

/* Two ends close together lean away from each other. */
function endAnchors(line: Line): ['start' | 'middle' | 'end', 'start' | 'middle' | 'end'] {
    const close = line.to - line.from < 22;
    return [
        line.from < 6 ? 'start' : close ? 'end' : 'middle',
        line.to > 94 ? 'end' : close && line.from >= 6 ? 'start' : 'middle',
    ];
}

/* A long number before a narrow range has no room; the words below the line have it. */
const hasRoom = (line: Line): boolean => line.to - line.from >= 22 || line.from > 3 * line.lowText.length;

function Mark({ line }: { line: Line }) {
    const at = `${line.at}%`;
    if (line.beyond) {
        return (
            <svg x={at} y="2.75em" class="k-line__mark" overflow="visible">
                <path d={line.beyond > 0 ? 'M-12-10L2 0L-12 10Z' : 'M12-10L-2 0L12 10Z'} />
            </svg>
        );
    }
    return line.standing === 'usual' ? (
        <circle class="k-line__mark" cx={at} cy="2.75em" r="0.56em" />
    ) : (
        <svg x={at} y="2.75em" class="k-line__mark" overflow="visible">
            <path d="M0-12L12 0L0 12L-12 0Z" />
        </svg>
    );
}

export function NumberLine({ line }: { line: Line }) {
    const t = results();
    const [lowAnchor, highAnchor] = endAnchors(line);
    const range = rangeWords(line);
    const value = withUnit(line.value, line.unit);
    return (
        <figure class="k-line">
            {line.name ? <figcaption class="k-line__name">{t[line.name]}</figcaption> : null}
            <svg
                class="k-line__drawing"
                width="100%"
                height="5em"
                role="img"
                aria-label={t.line(value, range, standingSays(line.standing))}
            >
                <rect class="k-line__all" x="0" y="2.25em" width="100%" height="1em" rx="0.5em" />
                <rect
                    class="k-line__range"
                    x={`${line.from}%`}
                    y="2.25em"
                    width={`${Math.max(0, line.to - line.from)}%`}
                    height="1em"
                />
                {line.lowText ? (
                    <>
                        <line class="k-line__end" x1={`${line.from}%`} x2={`${line.from}%`} y1="2em" y2="3.6em" />
                        {hasRoom(line) ? (
                            <text class="k-line__number" x={`${line.from}%`} y="4.7em" text-anchor={lowAnchor}>
                                {line.lowText}
                            </text>
                        ) : null}
                    </>
                ) : null}
                {line.highText ? (
                    <>
                        <line class="k-line__end" x1={`${line.to}%`} x2={`${line.to}%`} y1="2em" y2="3.6em" />
                        <text class="k-line__number" x={`${line.to}%`} y="4.7em" text-anchor={highAnchor}>
                            {line.highText}
                        </text>
                    </>
                ) : null}
                <text class="k-line__value" x={`${line.at}%`} y="1.4em" text-anchor={anchor(line.at)}>
                    {value}
                </text>
                <Mark line={line} />
            </svg>
            <p class="k-line__key">
                <span class="k-line__swatch" aria-hidden="true" /> {t.rangeIs(range)}
            </p>
            {line.beyond ? <p class="k-quiet">{line.beyond > 0 ? t.beyondHigh : t.beyondLow}</p> : null}
        </figure>
    );
}
