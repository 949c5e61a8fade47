/* Conditions: those somebody has now, of the past, and what turned out not to be so. */
import { useMemo } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import { list, statusCode, title, type Concept } from '../model/fhir.ts';
import { once } from '../model/medicine-facts.ts';
import { problems, type Problem } from '../model/record.ts';
import { statusWords } from '../model/timeline.ts';
import { AskedPlaces } from '../parts/asked.tsx';
import { Empty, Heading, More, Tag } from '../parts/basic.tsx';
import { Thing, Things, whoOf, type ListCtx } from '../parts/health-list.tsx';
import { useLay } from '../parts/lay.ts';
import type { RecordPageProps } from '../routes.ts';
import { lists } from '../texts/lists.ts';

const DOUBTFUL = ['unconfirmed', 'provisional', 'differential', 'refuted'];
const SAID = ['recurrence', 'relapse', 'remission', 'inactive', 'resolved'];

function Item({ p, also, ctx }: { p: Problem; also: string[]; ctx: ListCtx }) {
    const t = lists();
    const { res } = p;
    const doubt = statusCode(res.verificationStatus);
    const stands = statusCode(res.clinicalStatus);
    const onset = showDate(res.onsetDateTime ?? res.onsetPeriod?.start);
    return (
        <Thing
            ctx={ctx}
            res={res}
            title={p.title}
            concept={res.code}
            also={also}
            tags={
                <>
                    {DOUBTFUL.includes(doubt) ? <Tag tone="yellow">{statusWords(doubt)}</Tag> : null}
                    {SAID.includes(stands) ? <Tag tone="grey">{statusWords(stands)}</Tag> : null}
                </>
            }
            facts={[
                [t.since, onset],
                [t.until, showDate(p.end)],
                [t.severity, p.severity],
                [t.bodySite, list<Concept>(res.bodySite).map(title).join(', ')],
                [t.recorded, t.by(showDate(res.recordedDate), whoOf(ctx.index, res))],
                [t.times, p.times > 1 ? t.timesCount(p.times) : ''],
            ]}
        />
    );
}

export default function ConditionsPage({ record, session }: RecordPageProps) {
    const t = lists();
    const { index, id } = record;
    useLay('problems');
    const own = session.account?.patient === id;
    const ctx = useMemo(
        () => ({ id, index, here: session.organisation?.name ?? '' }),
        [id, record.size, record.names],
    );
    const all = useMemo(() => problems(index), [ctx]);
    const group = (some: Problem[]) => (
        <Things>
            {once(some, index).map(({ thing, also }) => (
                <Item p={thing} also={also} ctx={ctx} key={thing.res.id} />
            ))}
        </Things>
    );
    return (
        <>
            <Heading>{t.conditions}</Heading>
            <p>{t.conditionsHint}</p>
            <h2 class="nhsuk-heading-m">{own ? t.conditionsNow : t.conditionsNowTheirs}</h2>
            {all.active.length ? (
                group(all.active)
            ) : (
                <Empty>
                    <strong>{all.past.length ? t.noConditionsNow : t.noConditions}</strong>{' '}
                    <AskedPlaces record={record} />
                </Empty>
            )}
            {all.past.length ? (
                <More summary={t.conditionsPast(all.past.length)}>{group(all.past)}</More>
            ) : null}
            {all.ruledOut.length ? (
                <More summary={t.conditionsRuledOut(all.ruledOut.length)}>{group(all.ruledOut)}</More>
            ) : null}
        </>
    );
}
