/* Letters and documents of a record, newest first: by whom, about what, and whether the words are here. */
import { useMemo, useState } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import { letters, type Letter } from '../model/letters.ts';
import { Empty, Heading } from '../parts/basic.tsx';
import { Button } from '../parts/form.tsx';
import { PrintButtons } from '../parts/print.tsx';
import { recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { letterTexts } from '../texts/letters.ts';

const AT_ONCE = 30;

function Row({ id, letter }: { id: string; letter: Letter }) {
    const t = letterTexts();
    const from = [letter.organisation, letter.people].filter(Boolean).join(', ');
    return (
        <tr class="nhsuk-table__row" role="row">
            <td class="nhsuk-table__cell k-nowrap" role="cell">
                <span class="nhsuk-table-responsive__heading" aria-hidden="true">
                    {t.date}
                </span>
                {showDate(letter.date) || t.notSaid}
            </td>
            <td class="nhsuk-table__cell" role="cell">
                <span class="nhsuk-table-responsive__heading" aria-hidden="true">
                    {t.letter}
                </span>
                <a href={recordHref(id, `letter/${letter.res.id ?? ''}`)}>{letter.title}</a>
            </td>
            <td class="nhsuk-table__cell" role="cell">
                <span class="nhsuk-table-responsive__heading" aria-hidden="true">
                    {t.from}
                </span>
                {from || t.notSaid}
            </td>
        </tr>
    );
}

export default function LettersPage({ record }: RecordPageProps) {
    const t = letterTexts();
    const all = useMemo(() => letters(record.index), [record.size, record.names]);
    const [shown, setShown] = useState(AT_ONCE);
    const rest = all.length - shown;
    return (
        <>
            <Heading>{t.heading}</Heading>
            <p>{t.intro}</p>
            <div class="k-actions">
                <PrintButtons />
            </div>
            {all.length ? (
                <table class="nhsuk-table-responsive k-letters" role="table">
                    <caption class="nhsuk-table__caption nhsuk-table__caption--s">{t.caption}</caption>
                    <thead class="nhsuk-table__head" role="rowgroup">
                        <tr role="row">
                            {[t.date, t.letter, t.from].map((words) => (
                                <th class="nhsuk-table__header" role="columnheader" scope="col">
                                    {words}
                                </th>
                            ))}
                        </tr>
                    </thead>
                    <tbody class="nhsuk-table__body" role="rowgroup">
                        {all.slice(0, shown).map((letter) => (
                            <Row id={record.id} letter={letter} key={letter.res.id} />
                        ))}
                    </tbody>
                </table>
            ) : (
                <Empty>
                    {t.none} {t.noneMore}
                </Empty>
            )}
            {rest > 0 ? (
                <Button kind="secondary" click={() => setShown(shown + AT_ONCE)}>
                    {t.more(Math.min(rest, AT_ONCE))}
                </Button>
            ) : null}
        </>
    );
}
