import { useMemo, useState } from 'preact/hooks';
import type { Loaded } from '../load.ts';
import { showDate, showDateTime } from '../model/dates.ts';
import { list, plain, typeWords, words, type Coding } from '../model/fhir.ts';
import { results, type Point, type Series } from '../model/record.ts';
import { fold } from '../model/timeline.ts';
import { sourceLine } from '../model/source.ts';
import { referenceRange } from '../model/values.ts';
import { Empty, Heading, plural, Status, Tag } from '../parts/basic.tsx';
import { Chart, Sparkline } from '../parts/trend.tsx';
import { entryHref, recordHref, resultHref } from '../router.ts';

function PointValue({ p }: { p: Point }) {
    return (
        <>
            {p.value.text ? (
                <>
                    <strong>{p.value.bare}</strong>
                    {p.value.unit
                        ? p.value.unit === '%'
                            ? '%'
                            : ` ${p.value.unit}`
                        : p.value.bare === p.value.text
                          ? ''
                          : ` ${p.value.text}`}
                </>
            ) : null}{' '}
            {p.flag ? <Tag tone={p.flag.tone}>{p.flag.text}</Tag> : null}
            {p.status ? <Tag tone="grey">{p.status}</Tag> : null}
        </>
    );
}

const Label = ({ children }: { children: string }) => (
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
    return (
        <table role="table" class="nhsuk-table-responsive k-results">
            <caption class="nhsuk-table__caption nhsuk-table__caption--s">{caption}</caption>
            <thead role="rowgroup" class="nhsuk-table__head">
                <tr role="row">
                    <th role="columnheader" scope="col">
                        Test
                    </th>
                    <th role="columnheader" scope="col">
                        Latest
                    </th>
                    <th role="columnheader" scope="col">
                        Date
                    </th>
                    <th role="columnheader" scope="col">
                        Trend
                    </th>
                </tr>
            </thead>
            <tbody class="nhsuk-table__body">
                {rows.map((s) => (
                    <tr role="row" class="nhsuk-table__row" key={s.key}>
                        <td role="cell" class="nhsuk-table__cell k-results__name">
                            <Label>Test</Label>
                            <span class="k-cell">
                                <a href={resultHref(id, s.key)}>{s.title}</a>
                                {s.range ? (
                                    <span class="k-quiet k-block">Range {s.range}</span>
                                ) : null}
                            </span>
                        </td>
                        <td role="cell" class="nhsuk-table__cell">
                            <Label>Latest</Label>
                            <span class="k-cell">
                                <PointValue p={s.points[0]!} />
                            </span>
                        </td>
                        <td role="cell" class="nhsuk-table__cell k-results__date">
                            <Label>Date</Label>
                            <span class="k-cell">
                                {showDate(s.points[0]!.date) || 'Not recorded'}
                            </span>
                        </td>
                        <td role="cell" class="nhsuk-table__cell k-results__trend">
                            <Label>Trend</Label>
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

export function ResultsPage({ record }: { record: Loaded }) {
    const all = useMemo(() => results(record.index), [record.index]);
    const [typed, setTyped] = useState('');
    const wanted = fold(typed).split(/\s+/).filter(Boolean);
    const shown = all.filter((s) => wanted.every((w) => fold(s.title).includes(w)));
    const groups = ['Measurements', 'Laboratory tests', 'Other observations'] as const;
    return (
        <>
            <Heading>Results</Heading>
            {all.length > 8 ? (
                <div class="nhsuk-form-group k-filter-one">
                    <label class="nhsuk-label nhsuk-label--s" for="results-filter">
                        Find a test
                    </label>
                    <input
                        class="nhsuk-input"
                        id="results-filter"
                        type="search"
                        autocomplete="off"
                        value={typed}
                        onInput={(e) => setTyped(e.currentTarget.value)}
                    />
                </div>
            ) : null}
            <Status>{typed ? `${plural(shown.length, 'test')} shown` : ''}</Status>
            {all.length === 0 ? (
                <Empty>No results recorded.</Empty>
            ) : shown.length === 0 ? (
                <Empty>No test has this in its name. Try fewer letters.</Empty>
            ) : null}
            {groups.map((group) => {
                const rows = shown.filter((s) => s.group === group);
                return rows.length ? (
                    <section class="k-card k-wide" aria-label={group}>
                        <h2 class="nhsuk-heading-m k-card__heading">{group}</h2>
                        <ResultTable
                            id={record.id}
                            caption={plural(rows.length, 'test')}
                            rows={rows}
                        />
                    </section>
                ) : null;
            })}
        </>
    );
}

const PAGE = 100;

export function ResultPage({ record, seriesKey }: { record: Loaded; seriesKey: string }) {
    const series = useMemo(
        () => results(record.index).find((s) => s.key === seriesKey),
        [record.index, seriesKey],
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
