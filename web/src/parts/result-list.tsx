/* Results as patients look for them: by group, each with its newest value. */
import { showDate } from '../model/dates.ts';
import { plainTitle } from '../model/lay.ts';
import type { Series } from '../model/series.ts';
import { resultHref } from '../router.ts';
import { results } from '../texts/results.ts';
import { PlainValue } from './result-value.tsx';

export function ResultList({ id, rows, waiting }: { id: string; rows: Series[]; waiting: ReadonlySet<Series> }) {
    const t = results();
    return (
        <ul class="k-list">
            {rows.map((s) => {
                const newest = s.points[0]!;
                return (
                    <li class="k-list__row" key={s.key}>
                        <span>
                            <a class="k-list__name" href={resultHref(id, s.key)}>
                                {plainTitle(newest.res.code) || s.title}
                            </a>
                            <span class="k-quiet k-block">
                                {showDate(newest.date) || t.noDate}
                                {waiting.has(s) ? `. ${t.waiting}` : null}
                            </span>
                        </span>
                        <PlainValue p={newest} />
                    </li>
                );
            })}
        </ul>
    );
}
