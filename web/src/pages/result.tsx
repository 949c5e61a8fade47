/* One test over time: the latest value, its trend, and each value with its source. */
import { useMemo, useState } from 'preact/hooks';
import { showDate, showDateTime } from '../model/dates.ts';
import { list, plain, typeWords, words, type Coding } from '../model/fhir.ts';
import { results } from '../model/record.ts';
import { sourceLine } from '../model/source.ts';
import { referenceRange } from '../model/values.ts';
import { Heading, plural } from '../parts/basic.tsx';
import { Label, PointValue } from '../parts/result-table.tsx';
import { Chart } from '../parts/trend.tsx';
import { entryHref, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';

const PAGE = 100;

export default function ResultPage({ record, params }: RecordPageProps) {
    const seriesKey = params.key!;
    const series = useMemo(
        () => results(record.index).find((s) => s.key === seriesKey),
        [record.size, seriesKey],
    );
    const [count, setCount] = useState(PAGE);
    const back = <a href={recordHref(record.id, 'results')}>All results</a>;
    if (!series) {
        return (
            <>
                <Heading>Result not found</Heading>
                <p>There is no such test in this record. {back}</p>
            </>
        );
    }
    const newest = series.points[0]!;
    const range = referenceRange(newest.res);
    const codes = list<Coding>(newest.res.code?.coding);
    return (
        <>
            <p class="k-back">{back}</p>
            <Heading>{series.title}</Heading>
            <p class="nhsuk-body-l k-latest">
                <PointValue p={newest} />{' '}
                <span class="k-nowrap">on {showDate(newest.date) || 'an unrecorded date'}</span>
            </p>
            {series.range ? <p>Reference range {series.range}</p> : null}
            <section class="k-card k-wide" aria-label="Trend and values">
                <Chart points={series.points} low={range?.low ?? NaN} high={range?.high ?? NaN} />
                <table role="table" class="nhsuk-table-responsive k-values">
                    <caption class="nhsuk-table__caption nhsuk-table__caption--s">
                        {plural(series.points.length, 'value')}, newest first
                    </caption>
                    <thead role="rowgroup" class="nhsuk-table__head">
                        <tr role="row">
                            <th role="columnheader" scope="col">
                                Date
                            </th>
                            <th role="columnheader" scope="col">
                                Value
                            </th>
                            <th role="columnheader" scope="col">
                                Source
                            </th>
                        </tr>
                    </thead>
                    <tbody class="nhsuk-table__body">
                        {series.points.slice(0, count).map((p) => (
                            <tr role="row" class="nhsuk-table__row">
                                <td role="cell" class="nhsuk-table__cell">
                                    <Label>Date</Label>
                                    <span class="k-cell">
                                        <a href={entryHref(record.id, p.res)}>
                                            {showDateTime(p.date) || 'Not recorded'}
                                        </a>
                                    </span>
                                </td>
                                <td role="cell" class="nhsuk-table__cell">
                                    <Label>Value</Label>
                                    <span class="k-cell">
                                        <PointValue p={p} />
                                    </span>
                                </td>
                                <td role="cell" class="nhsuk-table__cell">
                                    <Label>Source</Label>
                                    <span class="k-cell">
                                        {sourceLine(record.index, p.res) || 'Not recorded'}
                                    </span>
                                </td>
                            </tr>
                        ))}
                    </tbody>
                </table>
                {series.points.length > count ? (
                    <button
                        type="button"
                        class="nhsuk-button nhsuk-button--secondary"
                        onClick={() => setCount(count + PAGE)}
                    >
                        Show {Math.min(PAGE, series.points.length - count)} more
                    </button>
                ) : null}
            </section>
            {codes.length ? (
                <p class="k-quiet k-break">
                    {typeWords('Observation')} coded as{' '}
                    {codes
                        .map(
                            (c) =>
                                `${plain(c.display ?? words({ coding: [c] }))} (${c.code ?? '?'})`,
                        )
                        .join(', ')}
                </p>
            ) : null}
        </>
    );
}
