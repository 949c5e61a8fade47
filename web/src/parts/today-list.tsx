/* The day's appointments: whom a professional will see, and whether they are here. */
import { useState } from 'preact/hooks';
import { get, matchesOf } from '../api.ts';
import type { Session } from '../model/account.ts';
import { today } from '../model/dates.ts';
import type { Bundle, Resource } from '../model/fhir.ts';
import { patientName } from '../model/people.ts';
import { dayQuery, slotsOf, type Slot } from '../model/today.ts';
import { alikeIn, type Likeness } from '../model/twins.ts';
import { recordHref } from '../router.ts';
import { find } from '../texts/find.ts';
import { bornLine } from './banner.tsx';
import { Empty, Tag, TroubleBox } from './basic.tsx';
import { AlikeTag } from './found-person.tsx';
import { useLoaded } from './form.tsx';
import { Label } from './result-table.tsx';

const TONES: Record<string, string> = { arrived: 'green', 'checked-in': 'green', noshow: 'red' };

function Row({ slot, like, all }: { slot: Slot; like: Likeness | undefined; all: boolean }) {
    const t = find();
    const state = t.states[slot.status] ?? slot.status;
    return (
        <tr role="row" class="nhsuk-table__row">
            <td role="cell" class="nhsuk-table__cell">
                <Label>{t.time}</Label>
                <strong>{slot.time}</strong>
            </td>
            <td role="cell" class="nhsuk-table__cell k-today__name">
                <Label>{t.name}</Label>
                <span class="k-cell">
                    <a href={recordHref(slot.patient)}>
                        {slot.person ? patientName(slot.person) : slot.name}
                    </a>
                    {slot.person ? (
                        <span class="k-quiet k-block">
                            {t.born} {bornLine(slot.person)}
                        </span>
                    ) : null}
                    <AlikeTag like={like} />
                </span>
            </td>
            <td role="cell" class="nhsuk-table__cell">
                <Label>{t.reason}</Label>
                <span class="k-cell">
                    {slot.reason || t.noReason}
                    {all && slot.with ? <span class="k-quiet k-block">{slot.with}</span> : null}
                </span>
            </td>
            <td role="cell" class="nhsuk-table__cell">
                <Label>{t.state}</Label>
                <Tag tone={TONES[slot.status] ?? 'grey'}>{state}</Tag>
            </td>
        </tr>
    );
}

function Table({ slots, all }: { slots: Slot[]; all: boolean }) {
    const t = find();
    const people = new Map(
        slots.filter((s) => s.person).map((s) => [s.patient, s.person as Resource]),
    );
    const like = alikeIn([...people.values()]);
    return (
        <table role="table" class="nhsuk-table-responsive k-today">
            <caption class="nhsuk-u-visually-hidden">{t.today}</caption>
            <thead role="rowgroup" class="nhsuk-table__head">
                <tr role="row">
                    {[t.time, t.name, t.reason, t.state].map((words) => (
                        <th role="columnheader" scope="col">
                            {words}
                        </th>
                    ))}
                </tr>
            </thead>
            <tbody class="nhsuk-table__body">
                {slots.map((s) => (
                    <Row slot={s} like={like.get(s.patient)} all={all} key={s.res.id} />
                ))}
            </tbody>
        </table>
    );
}

export function TodayList({ session }: { session: Session }) {
    const t = find();
    const now = today();
    const [wanted, setWanted] = useState<'yours' | 'all' | ''>('');
    const { value, trouble, again } = useLoaded(
        async (signal) =>
            slotsOf(
                matchesOf(
                    await get<Bundle>(`Appointment?${new URLSearchParams(dayQuery(now))}`, signal),
                ),
                now,
            ),
        [],
    );
    const me = session.account?.person ?? '';
    const yours = (value ?? []).filter((s) => s.practitioners.includes(me));
    const which = wanted || (yours.length ? 'yours' : 'all');
    const shown = which === 'yours' ? yours : (value ?? []);
    const choice = (kind: 'yours' | 'all', words: string) => (
        <button
            type="button"
            class="k-toggle__one"
            aria-pressed={which === kind}
            onClick={() => setWanted(kind)}
        >
            {words}
        </button>
    );
    return (
        <section aria-labelledby="today">
            <h2 class="nhsuk-heading-m" id="today" tabIndex={-1}>
                {t.today}
            </h2>
            {trouble ? <TroubleBox trouble={trouble} again={again} /> : null}
            {value && yours.length && yours.length < value.length ? (
                <div class="k-toggle" role="group" aria-label={t.whose}>
                    {choice('yours', t.yours(yours.length))}
                    {choice('all', t.all(value.length))}
                </div>
            ) : null}
            {shown.length ? (
                <Table slots={shown} all={which === 'all'} />
            ) : value ? (
                <Empty>{which === 'yours' ? t.noneYours : t.none}</Empty>
            ) : trouble ? null : (
                <p>{t.readingToday}</p>
            )}
        </section>
    );
}
