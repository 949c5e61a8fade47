/* One test over time: what it is, where the latest value lies, what staff say, its trend, each value with its source. */
import { useMemo, useState } from 'preact/hooks';
import { isPatient } from '../model/account.ts';
import { showDate, showDateTime } from '../model/dates.ts';
import { list, plain, words, type Coding } from '../model/fhir.ts';
import { plainTitle } from '../model/lay.ts';
import type { RecordIndex } from '../model/record.ts';
import { results as allResults, type Point } from '../model/series.ts';
import { comments, isTest, rangesDiffer, reportsOf, waits } from '../model/result.ts';
import { sourceLine, sourceOf } from '../model/source.ts';
import { leftOut } from '../model/trend.ts';
import { referenceRange } from '../model/values.ts';
import { Heading, Section } from '../parts/basic.tsx';
import { layReady, useLay } from '../parts/lay.ts';
import { About, Comments, InReports, Standing, StatusNote } from '../parts/result-about.tsx';
import { Label, PointValue } from '../parts/result-table.tsx';
import { Bare, PlainValue } from '../parts/result-value.tsx';
import { StandingTag } from '../parts/number-line.tsx';
import { standing } from '../model/standing.ts';
import { Chart } from '../parts/trend.tsx';
import { entryHref, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { results } from '../texts/results.ts';

await layReady('results');

const PAGE = 100;

/* Who measured it and for which place, and who else keeps it. */
function Place({ index, point }: { index: RecordIndex; point: Point }) {
    const t = results();
    const said = sourceLine(index, point.res);
    const { own, place } = index.aboutOf(point.res);
    const kept = own && !sourceOf(index, point.res).organisations.length ? place : '';
    return (
        <>
            {[said, kept].filter(Boolean).join(', ') || t.notRecorded}
            {point.also.length ? (
                <span class="k-quiet k-block">{t.alsoAt(point.also.join(', '))}</span>
            ) : null}
        </>
    );
}

function Values(props: { id: string; index: RecordIndex; points: Point[]; person: boolean }) {
    const t = results();
    const [count, setCount] = useState(PAGE);
    const { points, index } = props;
    const differ = rangesDiffer(points.map((p) => referenceRange(p.res)?.text ?? ''));
    const heads = [t.date, t.value, ...(differ ? [t.range] : []), t.place];
    return (
        <>
            {differ ? <p class="k-quiet">{t.rangesDiffer}</p> : null}
            <table role="table" class="nhsuk-table-responsive k-values">
                <caption class="nhsuk-table__caption nhsuk-table__caption--s">{t.newest(points.length)}</caption>
                <thead role="rowgroup" class="nhsuk-table__head">
                    <tr role="row">
                        {heads.map((h) => (
                            <th role="columnheader" scope="col">
                                {h}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody class="nhsuk-table__body">
                    {points.slice(0, count).map((p) => {
                        const cells = [
                            <a href={entryHref(props.id, p.res)}>{showDateTime(p.date) || t.notRecorded}</a>,
                            props.person ? <PlainValue p={p} /> : <PointValue p={p} />,
                            ...(differ ? [referenceRange(p.res)?.text || '–'] : []),
                            <Place index={index} point={p} />,
                        ];
                        return (
                            <tr role="row" class="nhsuk-table__row">
                                {cells.map((cell, i) => (
                                    <td role="cell" class="nhsuk-table__cell">
                                        <Label>{heads[i]!}</Label>
                                        <span class="k-cell">{cell}</span>
                                    </td>
                                ))}
                            </tr>
                        );
                    })}
                </tbody>
            </table>
            {points.length > count ? (
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary"
                    onClick={() => setCount(count + PAGE)}
                >
                    {t.more(Math.min(PAGE, points.length - count))}
                </button>
            ) : null}
        </>
    );
}

export default function ResultPage({ record, session, params }: RecordPageProps) {
    const t = results();
    const { index } = record;
    const person = isPatient(session);
    useLay('results');
    const key = params.key!;
    const series = allResults(index).find((s) => s.key === key);
    const within = useMemo(() => reportsOf(index), [record.size]);
    if (!series) {
        return (
            <>
                <Heading>{t.notFoundTitle}</Heading>
                <p>
                    {t.notFoundWords} <a href={recordHref(record.id, 'results')}>{t.all}</a>
                </p>
            </>
        );
    }
    const [newest, ...older] = series.points as [Point, ...Point[]];
    const reports = within.get(newest.res) ?? [];
    const others = leftOut(series.points);
    const said = comments(index, newest, reports);
    const before = older.flatMap((p) => comments(index, p, within.get(p.res) ?? []));
    const codes = list<Coding>(newest.res.code?.coding);
    const name = person ? plainTitle(newest.res.code) || series.title : series.title;
    return (
        <>
            <p class="k-back">
                <a href={recordHref(record.id, 'results')}>{t.all}</a>
            </p>
            <Heading>{name}</Heading>
            <section class="k-card k-wide" aria-label={t.latest}>
                <p class="nhsuk-body-l k-latest">
                    {newest.value.text ? <Bare p={newest} /> : t.noNumber}{' '}
                    {newest.date ? t.on(showDate(newest.date)) : t.noDate}
                </p>
                <p class="k-latest">
                    <StandingTag of={standing(newest.res)} />
                </p>
                <StatusNote point={newest} />
                <Standing point={newest} />
                <p class="k-quiet">
                    <Place index={index} point={newest} />
                </p>
            </section>
            {said.length || before.length || isTest(newest.res, reports) ? (
                <Comments
                    index={index}
                    patient={record.patient!}
                    now={said}
                    before={before}
                    waits={waits(index, newest, reports, Date.now())}
                    person={person}
                />
            ) : null}
            <About index={index} point={newest} staff={!person} />
            <Section id="time" title={t.overTime} wide>
                <Chart points={series.points} />
                {others ? <p class="k-quiet">{t.otherUnits(others)}</p> : null}
                <Values id={record.id} index={index} points={series.points} person={person} />
            </Section>
            <InReports id={record.id} reports={reports} />
            {codes.length ? (
                <p class="k-quiet k-break">
                    {t.officialWords(
                        codes
                            .map((c) => `${plain(c.display ?? words({ coding: [c] }))} (${c.code ?? '?'})`)
                            .join(', '),
                    )}
                </p>
            ) : null}
            <p>
                <a href={entryHref(record.id, newest.res)}>{t.other}</a>
            </p>
        </>
    );
}
