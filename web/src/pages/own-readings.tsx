/* One kind of reading over time: a picture, and every value with the way to change it. */
import { useMemo, useState } from 'preact/hooks';
import { showDateTime } from '../model/dates.ts';
import { noteOf, ownEntries } from '../model/own-list.ts';
import { isReading } from '../model/own.ts';
import { Empty, Heading } from '../parts/basic.tsx';
import { ChangeLink, isMine, ownHref } from '../parts/own.tsx';
import { Label } from '../parts/result-table.tsx';
import { Chart } from '../parts/trend.tsx';
import type { RecordPageProps } from '../routes.ts';
import { own } from '../texts/own.ts';

const PAGE = 20;

export default function OwnReadingsPage({ record, session, params }: RecordPageProps) {
    const t = own();
    const kind = params.kind!;
    const [count, setCount] = useState(PAGE);
    const points = useMemo(
        () => (isReading(kind) ? (ownEntries(record.index).readings.get(kind) ?? []) : []),
        [record.size, kind],
    );
    const mine = isMine(session, record.id);
    const shown = points.slice(0, count);
    const notes = shown.some((p) => noteOf(p.res));
    return (
        <>
            <p class="k-back">
                <a href={ownHref(record.id)}>{t.back}</a>
            </p>
            <Heading>{isReading(kind) ? t.kinds[kind] : t.notFound}</Heading>
            {mine && isReading(kind) ? (
                <p>
                    <a href={ownHref(record.id, `add/${kind}`)}>{t.add(t.aKind[kind]!)}</a>
                </p>
            ) : null}
            {points.length ? (
                <section class="k-card k-wide" aria-label={t.kinds[kind]}>
                    <Chart points={points} />
                    <table role="table" class="nhsuk-table-responsive k-values">
                        <caption class="nhsuk-table__caption nhsuk-table__caption--s">
                            {t.entries(points.length)}
                        </caption>
                        <thead role="rowgroup" class="nhsuk-table__head">
                            <tr role="row">
                                <th role="columnheader" scope="col">
                                    {t.date}
                                </th>
                                <th role="columnheader" scope="col">
                                    {t.value}
                                </th>
                                {notes ? (
                                    <th role="columnheader" scope="col">
                                        {t.note}
                                    </th>
                                ) : null}
                                {mine ? (
                                    <th role="columnheader" scope="col">
                                        {t.change}
                                    </th>
                                ) : null}
                            </tr>
                        </thead>
                        <tbody class="nhsuk-table__body">
                            {shown.map((p) => (
                                <tr role="row" class="nhsuk-table__row" key={p.res.id}>
                                    <td role="cell" class="nhsuk-table__cell">
                                        <Label>{t.date}</Label>
                                        <span class="k-cell">{showDateTime(p.date)}</span>
                                    </td>
                                    <td role="cell" class="nhsuk-table__cell">
                                        <Label>{t.value}</Label>
                                        <span class="k-cell">
                                            <strong>{p.value.text}</strong>
                                        </span>
                                    </td>
                                    {notes ? (
                                        <td role="cell" class="nhsuk-table__cell">
                                            {noteOf(p.res) ? <Label>{t.note}</Label> : null}
                                            <span class="k-cell k-break">{noteOf(p.res)}</span>
                                        </td>
                                    ) : null}
                                    {mine ? (
                                        <td role="cell" class="nhsuk-table__cell">
                                            <span class="k-cell">
                                                <ChangeLink
                                                    id={record.id}
                                                    res={p.res}
                                                    index={record.index}
                                                    what={`${p.value.text}, ${showDateTime(p.date)}`}
                                                    mine={mine}
                                                />
                                            </span>
                                        </td>
                                    ) : null}
                                </tr>
                            ))}
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
                </section>
            ) : (
                <Empty>{t.noneOfKind}</Empty>
            )}
        </>
    );
}
