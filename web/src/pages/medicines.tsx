/* Medicines, with allergies first: what each is for, how to take it, who started it, how much there is. */
import { useMemo } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import { medicineFacts, notesOf, once, startOf, type Supply } from '../model/medicine-facts.ts';
import { allergies, medicines, type Medicine, type RecordIndex } from '../model/record.ts';
import { statusWords } from '../model/timeline.ts';
import { dosage } from '../model/values.ts';
import { AllergyLine } from '../parts/allergy-line.tsx';
import { AskedPlaces } from '../parts/asked.tsx';
import { Empty, Heading, More, Tag } from '../parts/basic.tsx';
import { Thing, Things, whoOf, type Fact, type ListCtx } from '../parts/health-list.tsx';
import type { RecordPageProps } from '../routes.ts';
import { common } from '../texts/common.ts';
import { lists } from '../texts/lists.ts';

function Warning({ index, id }: { index: RecordIndex; id: string }) {
    const t = lists();
    return allergies(index).active.length ? (
        <div class="nhsuk-warning-callout k-callout">
            <h2 class="nhsuk-warning-callout__label">
                <span class="nhsuk-u-visually-hidden">{common().important} </span>
                {t.allergyWarning}
            </h2>
            <AllergyLine index={index} id={id} />
        </div>
    ) : (
        <div class="nhsuk-inset-text k-inset">
            <AllergyLine index={index} id={id} />
        </div>
    );
}

function supplyWords(s: Supply): string {
    const t = lists();
    const words = { d: t.days, wk: t.weeks, mo: t.months };
    const length = s.count && s.unit ? words[s.unit](s.count) : '';
    const more = Number.isNaN(s.repeats) ? '' : t.repeats(s.repeats);
    return [t.supplyOf(s.amount, length), more].filter(Boolean).join('; ');
}

function Item({ m, also, ctx, now }: { m: Medicine; also: string[]; ctx: ListCtx; now: number }) {
    const t = lists();
    const { index } = ctx;
    const f = useMemo(() => medicineFacts(index, m.res, now), [m, index]);
    const current = ['active', 'intended'].includes(m.status);
    const line = (r: typeof m.res): string => t.by(showDate(startOf(r)), whoOf(index, r));
    const facts: Fact[] = [
        [t.forWhat, m.reason || (current ? t.notSaid : '')],
        [t.how, dosage(m.res) || (current ? t.notSaid : '')],
        [t.before, f.before],
        [t.started, line(f.oldest)],
        [t.last, f.newest === f.oldest ? '' : line(f.newest)],
        [t.handed, f.handedOut ? line(f.handedOut) : ''],
        [t.supply, current ? supplyWords(f.supply) : ''],
        [t.ended, current ? '' : showDate(m.ended)],
        [t.hold, m.status === 'on-hold' ? notesOf(m.res) : ''],
    ];
    return (
        <Thing
            ctx={ctx}
            res={m.res}
            title={m.title}
            also={also}
            facts={facts}
            tags={
                <>
                    {f.changed && current ? (
                        <Tag tone="orange">{t.changed(showDate(f.changed))}</Tag>
                    ) : null}
                    {f.isNew && current ? <Tag tone="blue">{t.isNew}</Tag> : null}
                    {current ? null : <Tag tone="grey">{statusWords(m.status)}</Tag>}
                </>
            }
        />
    );
}

export default function MedicinesPage({ record, session }: RecordPageProps) {
    const t = lists();
    const { index, id } = record;
    const own = session.account?.patient === id;
    const ctx = useMemo(
        () => ({ id, index, here: session.organisation?.name ?? '' }),
        [id, record.size, record.names],
    );
    const all = useMemo(() => medicines(index), [ctx]);
    const now = record.readAt;
    const group = (some: Medicine[]) => (
        <Things>
            {once(some, index).map(({ thing, also }) => (
                <Item m={thing} also={also} ctx={ctx} now={now} key={thing.res.id} />
            ))}
        </Things>
    );
    const any = all.current.length + all.onHold.length + all.stopped.length > 0;
    return (
        <>
            <Heading>{t.medicines}</Heading>
            <Warning index={index} id={id} />
            <h2 class="nhsuk-heading-m">{own ? t.medicinesNow : t.medicinesNowTheirs}</h2>
            {all.current.length ? (
                group(all.current)
            ) : (
                <Empty>
                    <strong>{any ? t.noMedicinesNow : t.noMedicines}</strong>{' '}
                    <AskedPlaces record={record} />
                </Empty>
            )}
            {all.onHold.length ? (
                <>
                    <h2 class="nhsuk-heading-m">{t.onHold}</h2>
                    {group(all.onHold)}
                </>
            ) : null}
            {all.stopped.length ? (
                <More summary={t.medicinesPast(all.stopped.length)}>{group(all.stopped)}</More>
            ) : null}
        </>
    );
}
