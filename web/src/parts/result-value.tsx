/* A value, with how it stands: for patients in their words, for staff as the laboratory flags it. */
import type { Point } from '../model/series.ts';
import { standing } from '../model/standing.ts';
import { layOf } from '../model/lay.ts';
import { results } from '../texts/results.ts';
import { Tag } from './basic.tsx';
import { StandingTag } from './number-line.tsx';

type StatusKey = keyof ReturnType<typeof results>['statusTag'];

export const statusKey = (p: Point): StatusKey | null =>
    Object.hasOwn(results().statusTag, p.res.status ?? '') ? (p.res.status as StatusKey) : null;

/* What was found, in everyday words where there are any: 'Never smoked'. */
const found = (p: Point): string =>
    (p.res.valueCodeableConcept ? layOf(p.res.valueCodeableConcept)?.name : '') || p.value.bare;

/* The number and its unit do not part; a long text may break. */
export function Bare({ p }: { p: Point }) {
    const { text, bare, unit } = p.value;
    if (!text) {
        return null;
    }
    return (
        <>
            <strong>{found(p)}</strong>
            {unit
                ? unit === '%'
                    ? '%'
                    : ` ${unit === '/min' ? results().aMinute : unit}`
                : text.startsWith(bare)
                  ? text.slice(bare.length)
                  : ` ${text}`}
        </>
    );
}

export function PlainValue({ p }: { p: Point }) {
    const status = statusKey(p);
    return (
        <>
            <span class="k-value">{p.value.text ? <Bare p={p} /> : null}</span>{' '}
            <span class="k-value">
                <StandingTag of={standing(p.res)} quiet />{' '}
                {status ? <Tag tone="grey">{results().statusTag[status]}</Tag> : null}
            </span>
        </>
    );
}
