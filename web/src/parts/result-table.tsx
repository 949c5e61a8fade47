/* Results in a table: the latest of each test, with its trend. */
import { showDate } from '../model/dates.ts';
import type { Point, Series } from '../model/series.ts';
import { resultHref } from '../router.ts';
import { results } from '../texts/results.ts';
import { Tag } from './basic.tsx';
import { Sparkline } from './trend.tsx';

export function PointValue({ p }: { p: Point }) {
    return (
        <>
            {p.value.text ? (
                <>
                    <strong>{p.value.bare}</strong>
                    {p.value.unit
                        ? p.value.unit === '%'
                            ? '%'
                            : ` ${p.value.unit}`
                        : p.value.text.startsWith(p.value.bare)
                          ? p.value.text.slice(p.value.bare.length)
                          : ` ${p.value.text}`}
                </>
            ) : null}{' '}
            {p.flag ? <Tag tone={p.flag.tone}>{p.flag.text}</Tag> : null}
            {p.status ? <Tag tone="grey">{p.status}</Tag> : null}
        </>
    );
}

export const Label = ({ children }: { children: string }) => (
    <span class="nhsuk-table-responsive__heading" aria-hidden="true">
        {children}{' '}
    </span>
);

export function ResultTable({
    id,
    caption,
    rows,
}: {
    id: string;
    caption: string;
    rows: Series[];
}) {
    const t = results();
    return (
        <table role="table" class="nhsuk-table-responsive k-results">
            <caption class="nhsuk-table__caption nhsuk-table__caption--s">{caption}</caption>
            <thead role="rowgroup" class="nhsuk-table__head">
                <tr role="row">
                    <th role="columnheader" scope="col">
                        {t.test}
                    </th>
                    <th role="columnheader" scope="col">
                        {t.latest}
                    </th>
                    <th role="columnheader" scope="col">
                        {t.date}
                    </th>
                    <th role="columnheader" scope="col">
                        {t.trend}
                    </th>
                </tr>
            </thead>
            <tbody class="nhsuk-table__body">
                {rows.map((s) => (
                    <tr role="row" class="nhsuk-table__row" key={s.key}>
                        <td role="cell" class="nhsuk-table__cell k-results__name">
                            <Label>{t.test}</Label>
                            <span class="k-cell">
                                <a href={resultHref(id, s.key)}>{s.title}</a>
                                {s.range ? (
                                    <span class="k-quiet k-block">{t.rangeShort(s.range)}</span>
                                ) : null}
                            </span>
                        </td>
                        <td role="cell" class="nhsuk-table__cell">
                            <Label>{t.latest}</Label>
                            <span class="k-cell">
                                <PointValue p={s.points[0]!} />
                            </span>
                        </td>
                        <td role="cell" class="nhsuk-table__cell k-results__date">
                            <Label>{t.date}</Label>
                            <span class="k-cell">
                                {showDate(s.points[0]!.date) || t.notRecorded}
                            </span>
                        </td>
                        <td role="cell" class="nhsuk-table__cell k-results__trend">
                            <Label>{t.trend}</Label>
                            <span class="k-cell">
                                <Sparkline points={s.points} />
                            </span>
                        </td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}
