/* One report of tests: its results with how each stands, what was concluded, and its own text. */
import { useMemo } from 'preact/hooks';
import { isPatient } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import { list, title, type Ref, type Resource } from '../model/fhir.ts';
import { plainTitle } from '../model/lay.ts';
import { results as allResults, type Point, type Series } from '../model/series.ts';
import { commentsOn, conclusionOf, reportDate, waits } from '../model/result.ts';
import { sourceLine } from '../model/source.ts';
import { Empty, Heading, Section } from '../parts/basic.tsx';
import { layReady, useLay } from '../parts/lay.ts';
import { Comments } from '../parts/result-about.tsx';
import { ResultList } from '../parts/result-list.tsx';
import { entryHref, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { results } from '../texts/results.ts';

await layReady('results');

const NONE: ReadonlySet<Series> = new Set();

/* The results of a report, each as of that day, in the report's own order. */
function rowsOf(record: RecordPageProps['record'], report: Resource): Series[] {
    const wanted = list<Ref>(report.result).map((r) => record.index.find(r, report));
    const at = (p: Point) => wanted.indexOf(p.res);
    return allResults(record.index)
        .flatMap((s) => s.points.filter((p) => at(p) >= 0).map((p) => ({ ...s, points: [p] })))
        .sort((a, b) => at(a.points[0]!) - at(b.points[0]!));
}

export default function ReportPage({ record, session, params }: RecordPageProps) {
    const t = results();
    const { index } = record;
    useLay('results');
    const report = index.byReference.get(`DiagnosticReport/${params.entry!}`);
    const rows = useMemo(() => (report ? rowsOf(record, report) : []), [record.size, report]);
    if (!report) {
        return (
            <>
                <Heading>{t.notFoundTitle}</Heading>
                <p>
                    {t.notFoundWords} <a href={recordHref(record.id, 'results')}>{t.all}</a>
                </p>
            </>
        );
    }
    const conclusion = conclusionOf(index, report);
    const said = [
        ...(conclusion ? [conclusion] : []),
        ...rows.flatMap((s) => commentsOn(index, s.points[0]!.res)),
    ];
    const person = isPatient(session);
    const name = person ? plainTitle(report.code) : title(report.code);
    return (
        <>
            <p class="k-back">
                <a href={recordHref(record.id, 'results')}>{t.all}</a>
            </p>
            <Heading>{t.reportOn(name || t.notRecorded, showDate(reportDate(report)))}</Heading>
            <p class="k-quiet">{sourceLine(index, report) || t.notRecorded}</p>
            <Comments
                index={index}
                patient={record.patient!}
                now={said}
                before={[]}
                waits={rows.some((s) => waits(index, s.points[0]!, [report], Date.now()))}
                person={person}
            />
            <Section id="in-report" title={t.reportResults} wide>
                {rows.length ? (
                    <ResultList id={record.id} rows={rows} waiting={NONE} />
                ) : (
                    <Empty>{t.reportNone}</Empty>
                )}
            </Section>
            <p>
                <a href={entryHref(record.id, report)}>{t.reportOpen}</a>
            </p>
        </>
    );
}
