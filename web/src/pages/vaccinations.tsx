/* Vaccinations: what was given, what was not and why. */
import { useMemo } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import { bodySite, list, title, words, type Concept } from '../model/fhir.ts';
import { once } from '../model/medicine-facts.ts';
import { vaccinations, type Vaccination } from '../model/record.ts';
import { AskedPlaces } from '../parts/asked.tsx';
import { Empty, Heading, More } from '../parts/basic.tsx';
import { Thing, Things, whoOf, type ListCtx } from '../parts/health-list.tsx';
import { useLay } from '../parts/lay.ts';
import type { RecordPageProps } from '../routes.ts';
import { lists } from '../texts/lists.ts';

function Item({ v, also, ctx }: { v: Vaccination; also: string[]; ctx: ListCtx }) {
    const t = lists();
    const { res } = v;
    const dose = list<any>(res.protocolApplied)[0];
    return (
        <Thing
            ctx={ctx}
            res={res}
            title={v.title}
            concept={res.vaccineCode}
            also={also}
            facts={[
                [
                    t.given,
                    res.status === 'not-done'
                        ? ''
                        : t.by(
                              showDate(res.occurrenceDateTime) || (res.occurrenceString ?? ''),
                              whoOf(ctx.index, res),
                          ),
                ],
                [t.doseNumber, String(dose?.doseNumberPositiveInt ?? dose?.doseNumberString ?? '')],
                [t.bodySite, bodySite(res.site)],
                [t.batch, res.lotNumber ?? ''],
                [t.whyNot, res.status === 'not-done' ? words(res.statusReason) || t.notSaid : ''],
                [t.forWhat, list<any>(dose?.targetDisease).map((c: Concept) => title(c)).join(', ')],
            ]}
        />
    );
}

export default function VaccinationsPage({ record, session }: RecordPageProps) {
    const t = lists();
    const { index, id } = record;
    useLay('vaccinations');
    const own = session.account?.patient === id;
    const ctx = useMemo(
        () => ({ id, index, here: session.organisation?.name ?? '' }),
        [id, record.size, record.names],
    );
    const all = useMemo(() => vaccinations(index), [ctx]);
    const group = (some: Vaccination[]) => (
        <Things>
            {once(some, index).map(({ thing, also }) => (
                <Item v={thing} also={also} ctx={ctx} key={thing.res.id} />
            ))}
        </Things>
    );
    return (
        <>
            <Heading>{t.vaccinations}</Heading>
            {all.given.length ? (
                <>
                    <h2 class="nhsuk-heading-m">
                        {own ? t.vaccinationsGiven : t.vaccinationsGivenTheirs}
                    </h2>
                    {group(all.given)}
                </>
            ) : (
                <Empty>
                    <strong>{t.noVaccinations}</strong> <AskedPlaces record={record} />
                </Empty>
            )}
            {all.notGiven.length ? (
                <More summary={t.vaccinationsNot(all.notGiven.length)}>{group(all.notGiven)}</More>
            ) : null}
        </>
    );
}
