/* Medicines, with allergies first: what each is for, how to take it, who started it, how much there is. */
import { useMemo } from 'preact/hooks';
import { isPatient, type Session } from '../model/account.ts';
import { readsPlain, showDate } from '../model/dates.ts';
import { layOf } from '../model/lay.ts';
import { medicineFacts, notesOf, once, startOf, type Supply } from '../model/medicine-facts.ts';
import { allergies, medicines, type Medicine, type RecordIndex } from '../model/record.ts';
import { canBeRepeated } from '../model/requests.ts';
import { statusWords } from '../model/timeline.ts';
import { dosage } from '../model/values.ts';
import { AllergyLine } from '../parts/allergy-line.tsx';
import { askHref } from '../parts/ask.tsx';
import { AskedPlaces } from '../parts/asked.tsx';
import { Empty, Heading, More, Tag } from '../parts/basic.tsx';
import { Thing, Things, whoOf, type Fact, type ListCtx } from '../parts/health-list.tsx';
import { useLay } from '../parts/lay.ts';
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
            <AllergyLine index={index} id={id} named />
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

function Item(props: {
    m: Medicine;
    also: string[];
    ctx: ListCtx;
    now: number;
    session: Session;
}) {
    const { m, also, ctx, now, session } = props;
    const t = lists();
    const { index } = ctx;
    const f = useMemo(() => medicineFacts(index, m.res, now), [m, index]);
    const current = ['active', 'intended'].includes(m.status);
    const code = m.res.medicationCodeableConcept ?? index.find(m.res.medicationReference, m.res)?.code;
    const plain = readsPlain() ? layOf(code)?.words : '';
    const line = (r: typeof m.res): string => t.by(showDate(startOf(r)), whoOf(index, r));
    const facts: Fact[] = [
        [t.forWhat, m.reason || (current && !plain ? t.notSaid : '')],
        [t.what, plain],
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
        >
            {isPatient(session) && canBeRepeated(m.res) && index.aboutOf(m.res).own ? (
                <p class="k-last">
                    <a
                        class="nhsuk-button nhsuk-button--secondary nhsuk-button--small k-button-last"
                        href={askHref(ctx.id, 'repeat', m.res)}
                    >
                        {t.askMore}
                        <span class="nhsuk-u-visually-hidden">{t.openOf(m.title)}</span>
                    </a>
                </p>
            ) : null}
        </Thing>
    );
}

export default function MedicinesPage({ record, session }: RecordPageProps) {
    const t = lists();
    const { index, id } = record;
    useLay('medicines');
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
                <Item
                    m={thing}
                    also={also}
                    ctx={ctx}
                    now={now}
                    session={session}
                    key={thing.res.id}
                />
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
