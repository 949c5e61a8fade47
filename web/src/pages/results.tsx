/* All tests and measurements, the latest of each: for patients in everyday groups, for staff as a table. */
import { useMemo, useState } from 'preact/hooks';
import { isPatient } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import { layOf, plainTitle } from '../model/lay.ts';
import { results as allResults, type Series } from '../model/series.ts';
import { groupOf, GROUPS, isOutside, reportDate, reports, reportsOf, waits } from '../model/result.ts';
import { fold } from '../model/timeline.ts';
import { Empty, Heading, Section, Status } from '../parts/basic.tsx';
import { SelectField } from '../parts/form.tsx';
import { layReady, useLay } from '../parts/lay.ts';
import { ResultList } from '../parts/result-list.tsx';
import { ResultTable } from '../parts/result-table.tsx';
import { ResultViews } from '../parts/result-views.tsx';
import { recordHref, replaceQuery } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { results } from '../texts/results.ts';

await layReady('results');

const REPORTS = 5;
const FEW = 8;

/* What somebody may type for a test: any of its names, or words of what it is. */
const saidOf = (s: Series): string => {
    const known = layOf(s.points[0]!.res.code);
    return fold([s.title, known?.name, known?.words].filter(Boolean).join(' '));
};

function NewReports({ record, groups }: { record: RecordPageProps['record']; groups: number }) {
    const t = results();
    const newest = useMemo(() => reports(record.index).slice(0, REPORTS), [record.size]);
    return newest.length && groups ? (
        <Section id="reports" title={t.reports} wide>
            <ul class="nhsuk-list k-list">
                {newest.map((r) => (
                    <li class="k-list__row">
                        <span>
                            <a class="k-list__name" href={recordHref(record.id, `report/${r.id ?? ''}`)}>
                                {plainTitle(r.code) || t.notRecorded}
                            </a>
                            <span class="k-quiet k-block">{showDate(reportDate(r)) || t.noDate}</span>
                        </span>
                    </li>
                ))}
            </ul>
        </Section>
    ) : null;
}

export default function ResultsPage({ record, session, query }: RecordPageProps) {
    const t = results();
    const person = isPatient(session);
    const ready = useLay('results');
    const all = allResults(record.index);
    const within = useMemo(() => reportsOf(record.index), [record.size]);
    const waiting = useMemo(() => {
        const now = Date.now();
        return new Set(
            all.filter((s) => waits(record.index, s.points[0]!, within.get(s.points[0]!.res) ?? [], now)),
        );
    }, [all]);
    const [typed, setTyped] = useState(query.get('q') ?? '');
    const [chosen, setChosen] = useState(query.get('show') ?? '');
    const keep = (q: string, show: string) => {
        setTyped(q);
        setChosen(show);
        replaceQuery(new URLSearchParams([...(q ? [['q', q]] : []), ...(show ? [['show', show]] : [])]));
    };
    const grouped = useMemo(() => new Map(all.map((s) => [s, groupOf(s)])), [all, ready]);
    const wanted = fold(typed).split(/\s+/).filter(Boolean);
    const shown = all.filter(
        (s) =>
            wanted.every((w) => saidOf(s).includes(w)) &&
            (!chosen ||
                grouped.get(s) === chosen ||
                (chosen === 'outside' && isOutside(s)) ||
                (chosen === 'waiting' && waiting.has(s))),
    );
    const has = GROUPS.filter((g) => all.some((s) => grouped.get(s) === g));
    return (
        <>
            <Heading>{t.title}</Heading>
            {person ? all.length ? <p>{t.intro}</p> : null : <ResultViews id={record.id} at="list" />}
            {all.length > FEW ? (
                <form class="k-find" role="search" onSubmit={(e) => e.preventDefault()}>
                    <div class="nhsuk-form-group k-filter-one">
                        <label class="nhsuk-label nhsuk-label--s" for="results-filter">
                            {t.find}
                        </label>
                        <div class="nhsuk-hint" id="results-filter-hint">
                            {t.findHint}
                        </div>
                        <input
                            class="nhsuk-input"
                            id="results-filter"
                            type="search"
                            autocomplete="off"
                            aria-describedby="results-filter-hint"
                            value={typed}
                            onInput={(e) => keep(e.currentTarget.value, chosen)}
                        />
                    </div>
                    <SelectField
                        id="results-show"
                        label={t.show}
                        value={chosen}
                        options={[
                            { value: '', label: t.everything },
                            { value: 'outside', label: t.outside },
                            { value: 'waiting', label: t.waiting },
                            ...has.map((g) => ({ value: g, label: t.groups[g] })),
                        ]}
                        change={(v) => keep(typed, v)}
                    />
                </form>
            ) : null}
            <Status>{typed || chosen ? t.shown(shown.length) : ''}</Status>
            {all.length === 0 ? (
                <Empty>{person ? t.none : t.noneStaff}</Empty>
            ) : shown.length === 0 ? (
                <Empty>{t.noneFit}</Empty>
            ) : null}
            {typed || chosen ? null : <NewReports record={record} groups={has.length} />}
            {has.map((group) => {
                const rows = shown.filter((s) => grouped.get(s) === group);
                return rows.length ? (
                    person ? (
                        <Section id={group} title={t.groups[group]} wide>
                            <ResultList id={record.id} rows={rows} waiting={waiting} />
                        </Section>
                    ) : (
                        <section class="k-card k-wide" aria-label={t.groups[group]}>
                            <h2 class="nhsuk-heading-m k-card__heading">{t.groups[group]}</h2>
                            <ResultTable id={record.id} caption={t.count(rows.length)} rows={rows} />
                        </section>
                    )
                ) : null;
            })}
        </>
    );
}
