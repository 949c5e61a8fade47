/* All tests and measurements, the latest of each. */
import { useMemo, useState } from 'preact/hooks';
import { results } from '../model/record.ts';
import { fold } from '../model/timeline.ts';
import { Empty, Heading, plural, Status } from '../parts/basic.tsx';
import { ResultTable } from '../parts/result-table.tsx';
import { PrintButtons } from '../parts/print.tsx';
import type { RecordPageProps } from '../routes.ts';

export default function ResultsPage({ record }: RecordPageProps) {
    const all = useMemo(() => results(record.index), [record.size]);
    const [typed, setTyped] = useState('');
    const wanted = fold(typed).split(/\s+/).filter(Boolean);
    const shown = all.filter((s) => wanted.every((w) => fold(s.title).includes(w)));
    const groups = ['Measurements', 'Laboratory tests', 'Other observations'] as const;
    return (
        <>
            <Heading>Results</Heading>
            <div class="k-actions">
                <PrintButtons />
            </div>
            {all.length > 8 ? (
                <div class="nhsuk-form-group k-filter-one">
                    <label class="nhsuk-label nhsuk-label--s" for="results-filter">
                        Find a test
                    </label>
                    <input
                        class="nhsuk-input"
                        id="results-filter"
                        type="search"
                        autocomplete="off"
                        value={typed}
                        onInput={(e) => setTyped(e.currentTarget.value)}
                    />
                </div>
            ) : null}
            <Status>{typed ? `${plural(shown.length, 'test')} shown` : ''}</Status>
            {all.length === 0 ? (
                <Empty>No results recorded.</Empty>
            ) : shown.length === 0 ? (
                <Empty>No test has this in its name. Try fewer letters.</Empty>
            ) : null}
            {groups.map((group) => {
                const rows = shown.filter((s) => s.group === group);
                return rows.length ? (
                    <section class="k-card k-wide" aria-label={group}>
                        <h2 class="nhsuk-heading-m k-card__heading">{group}</h2>
                        <ResultTable
                            id={record.id}
                            caption={plural(rows.length, 'test')}
                            rows={rows}
                        />
                    </section>
                ) : null;
            })}
        </>
    );
}
