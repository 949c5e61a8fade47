/* All tests over time, for staff: tests down, days across, newest first; moved through with the arrow keys. */
import { useMemo, useRef, useState } from 'preact/hooks';
import { csvOf, daysWith, gridOf, gridSign, type Day, type Grid } from '../model/grid.ts';
import { plainTitle } from '../model/lay.ts';
import { results as allResults, type Point, type Series } from '../model/series.ts';
import { groupOf, GROUPS, type Group } from '../model/result.ts';
import { sourceLine } from '../model/source.ts';
import { OUTSIDE, standing } from '../model/standing.ts';
import { fold } from '../model/timeline.ts';
import { referenceRange } from '../model/values.ts';
import { Empty, Heading, Status } from '../parts/basic.tsx';
import { SelectField } from '../parts/form.tsx';
import { layReady, useLay } from '../parts/lay.ts';
import { standingWords } from '../parts/number-line.tsx';
import { ResultViews } from '../parts/result-views.tsx';
import { entryHref, resultHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { common } from '../texts/common.ts';
import { results } from '../texts/results.ts';
import { resultsGrid } from '../texts/results-grid.ts';

await layReady('results');

const DAYS = 20;

/* Short names: those of laboratories fill a line and more each. */
const nameOf = (s: Series): string => plainTitle(s.points[0]!.res.code) || s.title;
const flagOf = (p: Point): string => p.flag?.text || standingWords(standing(p.res));

function Cell({ id, points }: { id: string; points: Point[] }) {
    const t = resultsGrid();
    const p = points[0]!;
    const sign = gridSign(p);
    return (
        <a class={sign ? 'k-cell-link k-cell-link--out' : 'k-cell-link'} href={entryHref(id, p.res)} tabIndex={-1}>
            {sign ? <span aria-hidden="true">{sign} </span> : null}
            {p.value.bare || p.value.text || results().noNumber}
            {sign ? <span class="nhsuk-u-visually-hidden"> {flagOf(p)}</span> : null}
            {p.status ? <span class="k-block k-quiet">{p.status}</span> : null}
            {points.length > 1 ? <span class="k-block k-quiet">{t.more(points.length - 1)}</span> : null}
        </a>
    );
}

/* The links of the table, row by row: the names of tests and their values. */
const linksOf = (row: Element): HTMLElement[] => [...row.querySelectorAll<HTMLElement>('a')];
const columnOf = (link: Element): number => (link.closest('td, th') as HTMLTableCellElement).cellIndex;

/* Where an arrow leads: along the row, or to what is nearest in the next row. */
function nextLink(now: HTMLElement, key: string): HTMLElement | undefined {
    const row = now.closest('tr')!;
    const links = linksOf(row);
    const at = links.indexOf(now);
    if (key === 'ArrowRight') {
        return links[at + 1];
    }
    if (key === 'ArrowLeft') {
        return links[at - 1];
    }
    if (key === 'Home') {
        return links[0];
    }
    if (key === 'End') {
        return links[links.length - 1];
    }
    const other = key === 'ArrowDown' ? row.nextElementSibling : key === 'ArrowUp' ? row.previousElementSibling : null;
    if (!other) {
        return undefined;
    }
    const column = columnOf(now);
    return linksOf(other).sort((a, b) => Math.abs(columnOf(a) - column) - Math.abs(columnOf(b) - column))[0];
}

function Table({ id, grid, rows, days }: { id: string; grid: Grid; rows: Series[]; days: Day[] }) {
    const t = resultsGrid();
    const table = useRef<HTMLTableElement>(null);
    /* one stop for Tab: the link that was used last, else the first */
    const roam = (link: HTMLElement) => {
        table.current!.querySelectorAll('a').forEach((a) => (a.tabIndex = a === link ? 0 : -1));
    };
    const moved = (e: KeyboardEvent) => {
        const now = (e.target as HTMLElement).closest('a');
        const next = now && !e.ctrlKey && !e.metaKey && !e.altKey ? nextLink(now, e.key) : undefined;
        if (next) {
            e.preventDefault();
            next.focus();
        }
    };
    return (
        <div class="k-grid-scroll" role="region" aria-labelledby="grid-caption" tabIndex={0}>
            <table
                class="k-grid-table"
                ref={table}
                onKeyDown={moved}
                onFocusIn={(e) => {
                    const link = (e.target as HTMLElement).closest('a');
                    if (link) {
                        roam(link);
                    }
                }}
            >
                <caption id="grid-caption" class="nhsuk-u-visually-hidden">
                    {t.caption(rows.length, days.length)}
                </caption>
                <thead>
                    <tr>
                        <th scope="col">{t.test}</th>
                        {days.map((d) => (
                            <th scope="col" key={d.key}>
                                {d.words}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {rows.map((s, i) => (
                        <tr key={s.key}>
                            <th scope="row">
                                <a href={resultHref(id, s.key)} tabIndex={i ? -1 : 0}>
                                    {nameOf(s)}
                                </a>
                                <span class="k-quiet k-block">
                                    {s.range || s.points[0]!.value.unit}
                                </span>
                            </th>
                            {days.map((d) => {
                                const points = grid.cells.get(s)?.get(d.key);
                                return <td key={d.key}>{points ? <Cell id={id} points={points} /> : null}</td>;
                            })}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function saveAs(name: string, text: string): void {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export default function ResultsGridPage({ record }: RecordPageProps) {
    const t = resultsGrid();
    const r = results();
    const ready = useLay('results');
    const all = allResults(record.index);
    const grid = useMemo(() => gridOf(all), [all]);
    const groups = useMemo(() => new Map(all.map((s) => [s, groupOf(s)])), [all, ready]);
    const [typed, setTyped] = useState('');
    const [chosen, setChosen] = useState('');
    const [whole, setWhole] = useState(false);
    const wanted = fold(typed).split(/\s+/).filter(Boolean);
    const at = (s: Series) => GROUPS.indexOf(groups.get(s) as Group);
    const rows = [...grid.cells.keys()]
        .filter(
            (s) =>
                wanted.every((w) => fold(`${nameOf(s)} ${s.title}`).includes(w)) &&
                (!chosen ||
                    groups.get(s) === chosen ||
                    (chosen === 'outside' && s.points.some((p) => OUTSIDE.includes(standing(p.res))))),
        )
        .sort((a, b) => at(a) - at(b));
    const filled = daysWith(grid, rows);
    const days = whole ? filled : filled.slice(0, DAYS);
    const newer = rows.filter((s) => days.some((d) => grid.cells.get(s)?.has(d.key)));
    const save = () =>
        saveAs(
            `${t.file}.csv`,
            csvOf(
                rows,
                { test: r.test, date: r.date, value: r.value, unit: 'Unit', flag: 'Flag', range: r.range, place: r.place },
                (p) => ({
                    flag: flagOf(p),
                    range: referenceRange(p.res)?.text ?? '',
                    place: sourceLine(record.index, p.res),
                }),
            ),
        );
    return (
        <>
            <Heading>{t.title}</Heading>
            <ResultViews id={record.id} at="grid" />
            <form class="k-find k-print-not" role="search" onSubmit={(e) => e.preventDefault()}>
                <div class="nhsuk-form-group k-filter-one">
                    <label class="nhsuk-label nhsuk-label--s" for="grid-filter">
                        {t.find}
                    </label>
                    <input
                        class="nhsuk-input"
                        id="grid-filter"
                        type="search"
                        autocomplete="off"
                        value={typed}
                        onInput={(e) => setTyped(e.currentTarget.value)}
                    />
                </div>
                <SelectField
                    id="grid-show"
                    label={t.group}
                    value={chosen}
                    options={[
                        { value: '', label: t.everything },
                        { value: 'outside', label: t.outside },
                        ...GROUPS.filter((g) => [...groups.values()].includes(g)).map((g) => ({
                            value: g,
                            label: r.groups[g],
                        })),
                    ]}
                    change={setChosen}
                />
                {filled.length > DAYS ? (
                    <SelectField
                        id="grid-days"
                        label={t.days}
                        value={whole ? 'all' : ''}
                        options={[
                            { value: '', label: t.daysOf(DAYS) },
                            { value: 'all', label: t.daysAll(filled.length) },
                        ]}
                        change={(v) => setWhole(v === 'all')}
                    />
                ) : null}
            </form>
            <Status>{typed || chosen ? t.caption(newer.length, days.length) : ''}</Status>
            {grid.cells.size === 0 ? (
                <Empty>{t.none}</Empty>
            ) : rows.length === 0 ? (
                <Empty>{t.noneFit}</Empty>
            ) : (
                <>
                    <p class="k-quiet">{t.flags}</p>
                    <p class="k-quiet k-print-not">{t.hint}</p>
                    <Table id={record.id} grid={grid} rows={newer} days={days} />
                    {newer.length < rows.length ? <p>{t.older(rows.length - newer.length)}</p> : null}
                    <div class="k-buttons k-print-not">
                        <button type="button" class="nhsuk-button nhsuk-button--secondary" onClick={save}>
                            {t.save}
                        </button>
                        <button type="button" class="nhsuk-button nhsuk-button--secondary" onClick={() => print()}>
                            {common().print}
                        </button>
                    </div>
                </>
            )}
        </>
    );
}
