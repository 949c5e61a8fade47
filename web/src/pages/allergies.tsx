/* Allergies: what to, what happens, how sure it is; and whether anybody has said that there are none. */
import { useMemo } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import { list, statusCode, title, type Concept, type Resource } from '../model/fhir.ts';
import { once } from '../model/medicine-facts.ts';
import { allergies, type Allergy } from '../model/record.ts';
import { statusWords } from '../model/timeline.ts';
import { AskedPlaces } from '../parts/asked.tsx';
import { Empty, Heading, More, Tag } from '../parts/basic.tsx';
import { Thing, Things, whoOf, type Fact, type ListCtx } from '../parts/health-list.tsx';
import { useLay } from '../parts/lay.ts';
import type { RecordPageProps } from '../routes.ts';
import { lists } from '../texts/lists.ts';

function reactions(res: Resource): string {
    const words = lists().severities as Record<string, string>;
    return list<any>(res.reaction)
        .map((x) =>
            [list<Concept>(x.manifestation).map(title).join(', '), words[x.severity] ?? '']
                .filter(Boolean)
                .join(', '),
        )
        .filter(Boolean)
        .join('; ');
}

const factsOf = (res: Resource, ctx: ListCtx): Fact[] => {
    const t = lists();
    return [
        [t.reaction, reactions(res)],
        [t.risk, res.criticality === 'low' ? t.lowRisk : ''],
        [t.since, showDate(res.onsetDateTime ?? res.onsetPeriod?.start)],
        [t.recorded, t.by(showDate(res.recordedDate), whoOf(ctx.index, res))],
    ];
};

function Item({ a, also, ctx }: { a: Allergy; also: string[]; ctx: ListCtx }) {
    const doubt = statusCode(a.res.verificationStatus);
    return (
        <Thing
            ctx={ctx}
            res={a.res}
            title={a.title}
            concept={a.res.code}
            also={also}
            facts={factsOf(a.res, ctx)}
            tags={
                <>
                    {a.res.criticality === 'high' ? <Tag tone="red">{lists().highRisk}</Tag> : null}
                    {['unconfirmed', 'presumed', 'refuted'].includes(doubt) ? (
                        <Tag tone="yellow">{statusWords(doubt)}</Tag>
                    ) : null}
                </>
            }
        />
    );
}

export default function AllergiesPage({ record, session }: RecordPageProps) {
    const t = lists();
    const { index, id } = record;
    useLay('problems');
    const ctx = useMemo(
        () => ({ id, index, here: session.organisation?.name ?? '' }),
        [id, record.size, record.names],
    );
    const all = useMemo(() => allergies(index), [ctx]);
    const group = (some: Allergy[]) => (
        <Things>
            {once(some, index).map(({ thing, also }) => (
                <Item a={thing} also={also} ctx={ctx} key={thing.res.id} />
            ))}
        </Things>
    );
    const none = once(
        all.none.map((res) => ({ res })),
        index,
    );
    return (
        <>
            <Heading>{t.allergies}</Heading>
            {all.active.length ? (
                <>
                    <p>{t.allergiesHint}</p>
                    <h2 class="nhsuk-heading-m">{t.allergiesNow}</h2>
                    {group(all.active)}
                </>
            ) : none.length ? (
                <>
                    <h2 class="nhsuk-heading-m">{t.allergiesNow}</h2>
                    <Things>
                        {none.map(({ thing, also }) => (
                            <Thing
                                ctx={ctx}
                                res={thing.res}
                                title={title(thing.res.code)}
                                also={also}
                                facts={factsOf(thing.res, ctx)}
                            />
                        ))}
                    </Things>
                </>
            ) : (
                <Empty>
                    <strong>{t.noAllergies}</strong> {t.noneRecorded} <AskedPlaces record={record} />
                </Empty>
            )}
            {all.past.length ? (
                <More summary={t.allergiesPast(all.past.length)}>{group(all.past)}</More>
            ) : null}
            {all.ruledOut.length ? (
                <More summary={t.allergiesRuledOut(all.ruledOut.length)}>{group(all.ruledOut)}</More>
            ) : null}
        </>
    );
}
