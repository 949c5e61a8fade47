/* What a result means and what people say about it: the number line, plain words, comments, reports. */
import { showDate } from '../model/dates.ts';
import { layOf, plainTitle } from '../model/lay.ts';
import { commenter, reportDate, type Comment } from '../model/result.ts';
import type { RecordIndex } from '../model/record.ts';
import type { Point } from '../model/series.ts';
import { numberLines, standing } from '../model/standing.ts';
import { referenceRange } from '../model/values.ts';
import type { Resource } from '../model/fhir.ts';
import { recordHref } from '../router.ts';
import { results } from '../texts/results.ts';
import { More, Section } from './basic.tsx';
import { NumberLine, standingSays } from './number-line.tsx';
import { PlainWords } from './plain-words.tsx';
import { statusKey } from './result-value.tsx';

/* Where the value lies, in a picture and in words. */
export function Standing({ point }: { point: Point }) {
    const t = results();
    const lines = numberLines(point.res);
    const range = referenceRange(point.res)?.text;
    const said = standingSays(standing(point.res));
    return (
        <>
            {said ? <p>{lines.length || !range ? said : `${said} ${t.rangeIs(range)}.`}</p> : null}
            {lines.map((line) => (
                <NumberLine line={line} key={line.name} />
            ))}
            {lines.length ? (
                <p class="k-quiet">{t.rangeNote}</p>
            ) : said ? (
                <p class="k-quiet">{range ? t.rangeNote : t.marked}</p>
            ) : range ? (
                <p>{t.rangeIs(range)}</p>
            ) : point.value.numbers.length ? (
                <p class="k-quiet">{t.noRange}</p>
            ) : null}
        </>
    );
}

export function StatusNote({ point }: { point: Point }) {
    const status = statusKey(point);
    return status ? (
        <div class="nhsuk-inset-text k-inset">
            <p>{results().status[status]}</p>
        </div>
    ) : null;
}

export function About({ index, point, staff }: { index: RecordIndex; point: Point; staff: boolean }) {
    const t = results();
    return layOf(point.res.code) ? (
        <Section id="about" title={staff ? t.aboutStaff : t.about} wide>
            <PlainWords index={index} res={point.res} />
        </Section>
    ) : null;
}

function Said({ comment }: { comment: Comment }) {
    return (
        <blockquote class="k-said">
            <p class="k-lines">{comment.text}</p>
            <footer class="k-quiet">{results().by(comment.by, showDate(comment.at))}</footer>
        </blockquote>
    );
}

export function Comments(props: {
    index: RecordIndex;
    patient: Resource;
    now: Comment[]; /* on the newest value */
    before: Comment[];
    waits: boolean;
    person: boolean; /* patients are told what a new result is; staff know */
}) {
    const t = results();
    const { now, before } = props;
    const who = commenter(props.index, props.patient);
    return (
        <Section id="comment" title={t.comment} wide>
            {now.map((c) => (
                <Said comment={c} />
            ))}
            {now.length ? null : props.waits ? (
                <>
                    <p>
                        <strong>{who ? t.commentWaits(who) : t.commentWaitsNobody}</strong>
                    </p>
                    {props.person ? <p>{t.commentWaitsMore}</p> : null}
                </>
            ) : (
                <p>{t.commentNone}</p>
            )}
            {before.length ? (
                <More summary={t.older(before.length)}>
                    {before.map((c) => (
                        <Said comment={c} />
                    ))}
                </More>
            ) : null}
        </Section>
    );
}

export function InReports({ id, reports }: { id: string; reports: readonly Resource[] }) {
    const t = results();
    return reports.length ? (
        <Section id="reports" title={t.reportsOf} wide>
            <ul class="nhsuk-list k-list">
                {reports.map((r) => (
                    <li>
                        <a href={recordHref(id, `report/${r.id ?? ''}`)}>
                            {t.reportOn(plainTitle(r.code) || t.notRecorded, showDate(reportDate(r)))}
                        </a>
                    </li>
                ))}
            </ul>
        </Section>
    ) : null;
}
