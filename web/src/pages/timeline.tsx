/* Everything in the record, from all places: what is to come, then by year, with filters. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isPatient } from '../model/account.ts';
import {
    byYear,
    items,
    kindCounts,
    placeCounts,
    upcoming,
    wanted,
    type Item,
    type Year,
} from '../model/items.ts';
import type { LayKind } from '../model/lay.ts';
import type { RecordIndex } from '../model/record.ts';
import { fold, type Entry, type Kind } from '../model/timeline.ts';
import { AskedPlaces } from '../parts/asked.tsx';
import { Chevron, Empty, Heading } from '../parts/basic.tsx';
import { Days, type Ctx } from '../parts/days.tsx';
import { useLay } from '../parts/lay.ts';
import { replaceQuery } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { timelineTexts } from '../texts/timeline.ts';
import { timelineOf } from '../timelines.ts';

/* Years are opened, newest first, until this many entries can be read; the rest at a press. */
const OPEN_AT_FIRST = 30;
const CHUNK = 50;
const STEP = 4; /* rows that a slow telephone draws without a pause that is felt */

const PLAIN: LayKind[] = ['results', 'problems', 'procedures', 'vaccinations'];

/* Grows to `most` by a few at a time, so that the page goes on answering while it is drawn. */
function useGrowing(most: number): number {
    const [now, setNow] = useState(Math.min(STEP, most));
    useEffect(() => {
        if (now >= most) {
            return undefined;
        }
        const frame = requestAnimationFrame(() => setNow(now + STEP));
        return () => cancelAnimationFrame(frame);
    }, [now, most]);
    return Math.min(now, most);
}

function OpenYear({ year, ctx }: { year: Year; ctx: Ctx }) {
    const [most, setMost] = useState(CHUNK);
    const shown = useGrowing(Math.min(most, year.items.length));
    const rest = year.items.length - most;
    return (
        <>
            <Days all={year.items.slice(0, shown)} ctx={ctx} />
            {rest > 0 ? (
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary nhsuk-button--small k-year__more"
                    onClick={() => setMost(most + CHUNK)}
                >
                    {timelineTexts().showMore(Math.min(CHUNK, rest), year.label)}
                </button>
            ) : null}
        </>
    );
}

function YearBlock(props: { year: Year; open: boolean; toggle: () => void; ctx: Ctx }) {
    const { year, open } = props;
    const body = `year-${year.label.replace(/\W+/g, '-')}`;
    return (
        <section class="k-year">
            <h2 class="k-year__heading">
                <button
                    type="button"
                    class="k-year__button"
                    aria-expanded={open}
                    aria-controls={body}
                    onClick={props.toggle}
                >
                    <Chevron />
                    <span>{year.label}</span>{' '}
                    <span class="k-count">
                        {timelineTexts().count(year.items.length, year.items.length, false)}
                    </span>
                </button>
            </h2>
            <div id={body} hidden={!open}>
                {open ? <OpenYear year={year} ctx={props.ctx} /> : null}
            </div>
        </section>
    );
}

function Boxes(props: {
    name: string;
    legend: string;
    rows: { key: string; words: string; count: number }[];
    chosen: ReadonlySet<string>;
    toggle: (key: string) => void;
}) {
    return (
        <fieldset class="nhsuk-fieldset">
            <legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s k-filters__legend">
                {props.legend}
            </legend>
            <div class="nhsuk-checkboxes nhsuk-checkboxes--small k-filters__kinds">
                {props.rows.map(({ key, words, count }) => {
                    const id = `${props.name}-${key.replace(/\W+/g, '-')}`;
                    return (
                        <div class="nhsuk-checkboxes__item" key={key}>
                            <input
                                class="nhsuk-checkboxes__input"
                                type="checkbox"
                                id={id}
                                checked={props.chosen.has(key)}
                                onChange={() => props.toggle(key)}
                            />
                            <label class="nhsuk-label nhsuk-checkboxes__label" for={id}>
                                {words} <span class="k-quiet">{count.toLocaleString('en-GB')}</span>
                            </label>
                        </div>
                    );
                })}
            </div>
        </fieldset>
    );
}

interface Chosen {
    kinds: ReadonlySet<string>;
    places: ReadonlySet<string>;
}

function flipped(set: ReadonlySet<string>, key: string): Set<string> {
    const next = new Set(set);
    if (!next.delete(key)) {
        next.add(key);
    }
    return next;
}

function Filters(props: {
    kinds: [Kind, number][];
    places: [string, number][];
    chosen: Chosen;
    choose: (chosen: Chosen) => void;
    text: string;
    type: (text: string) => void;
    clear: () => void;
    beside: boolean; /* a menu stands beside the page, so the filters wait for a press */
}) {
    const t = timelineTexts();
    const { chosen, choose } = props;
    const n = chosen.kinds.size + chosen.places.size;
    const [open, setOpen] = useState(() => n > 0 || matchMedia('(min-width: 61.875em)').matches && !props.beside);
    return (
        <form
            class="k-filters"
            role="search"
            aria-label={t.filter}
            onSubmit={(e) => e.preventDefault()}
        >
            <div class="nhsuk-form-group k-filters__text">
                <label class="nhsuk-label nhsuk-label--s" for="timeline-text">
                    {t.words}
                </label>
                <input
                    class="nhsuk-input"
                    id="timeline-text"
                    type="search"
                    autocomplete="off"
                    value={props.text}
                    onInput={(e) => props.type(e.currentTarget.value)}
                />
            </div>
            <button
                type="button"
                class="k-filters__toggle"
                aria-expanded={open}
                aria-controls="filters"
                onClick={() => setOpen(!open)}
            >
                <Chevron />
                {t.more}
                {n ? t.chosen(n) : ''}
            </button>
            <div class="k-filters__boxes" id="filters" hidden={!open}>
                <Boxes
                    name="kind"
                    legend={t.kind}
                    rows={props.kinds.map(([key, count]) => ({ key, words: t.kinds[key], count }))}
                    chosen={chosen.kinds}
                    toggle={(k) => choose({ ...chosen, kinds: flipped(chosen.kinds, k) })}
                />
                {props.places.length > 1 ? (
                    <Boxes
                        name="place"
                        legend={t.place}
                        rows={props.places.map(([key, count]) => ({ key, words: key, count }))}
                        chosen={chosen.places}
                        toggle={(p) => choose({ ...chosen, places: flipped(chosen.places, p) })}
                    />
                ) : null}
            </div>
            {n || props.text ? (
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary nhsuk-button--small k-filters__clear"
                    onClick={props.clear}
                >
                    {t.clear}
                </button>
            ) : null}
        </form>
    );
}

function openAtFirst(years: Year[]): Set<string> {
    const open = new Set<string>();
    let shown = 0;
    for (const y of years) {
        open.add(y.label);
        shown += Math.min(CHUNK, y.items.length);
        if (shown >= OPEN_AT_FIRST) {
            break;
        }
    }
    return open;
}

function Years({ all, ctx }: { all: Item[]; ctx: Ctx }) {
    const years = useMemo(() => byYear(all), [all]);
    /* What somebody opens or closes counts until the filters change. */
    const opened = useMemo(() => openAtFirst(years), [years]);
    const [turned, setTurned] = useState({ years, labels: new Set<string>() });
    const labels = turned.years === years ? turned.labels : new Set<string>();
    return (
        <>
            {years.map((y) => (
                <YearBlock
                    key={y.label}
                    year={y}
                    open={opened.has(y.label) !== labels.has(y.label)}
                    toggle={() => setTurned({ years, labels: flipped(labels, y.label) })}
                    ctx={ctx}
                />
            ))}
        </>
    );
}

const PAUSE_MS = 120;

/* The filters, which the address keeps; words count once somebody stops typing for a moment. */
function useFilters(query: URLSearchParams) {
    const [chosen, choose] = useState<Chosen>(() => ({
        kinds: new Set(query.getAll('kind')),
        places: new Set(query.getAll('place')),
    }));
    const [text, type] = useState(query.get('q') ?? '');
    const [used, setUsed] = useState(text);
    const timer = useRef(0);
    useEffect(() => {
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setUsed(text), PAUSE_MS) as unknown as number;
        return () => clearTimeout(timer.current);
    }, [text]);
    useEffect(() => {
        const q = new URLSearchParams();
        chosen.kinds.forEach((k) => q.append('kind', k));
        chosen.places.forEach((p) => q.append('place', p));
        if (used.trim()) {
            q.set('q', used.trim());
        }
        replaceQuery(q);
    }, [chosen, used]);
    const clear = () => {
        choose({ kinds: new Set(), places: new Set() });
        type('');
        document.getElementById('timeline-text')?.focus();
    };
    return { chosen, choose, text, type, used, clear };
}

interface Overview {
    all: Item[];
    kinds: [Kind, number][];
    places: [string, number][];
}
const overviews = new WeakMap<Entry[], Overview>();

/* Made once for a timeline: whoever comes back to the page does not wait for it. */
function lookOver(entries: Entry[], index: RecordIndex, here: string): Overview {
    let made = overviews.get(entries);
    if (!made) {
        const all = items(entries, index);
        made = { all, kinds: kindCounts(all), places: placeCounts(all, index, here) };
        overviews.set(entries, made);
    }
    return made;
}

export default function TimelinePage({ record, query, session }: RecordPageProps) {
    const t = timelineTexts();
    const { index } = record;
    const here = session.organisation?.name ?? '';
    const entries = timelineOf(record, useLay(...PLAIN));
    const { all, kinds, places } = lookOver(entries, index, here);
    const filters = useFilters(query);
    const { chosen, used } = filters;
    const shown = useMemo(() => {
        const words = fold(used).split(/\s+/).filter(Boolean);
        return all.filter((i) => wanted(i, { ...chosen, words }, index, here));
    }, [all, chosen, used]);
    const { next, past } = useMemo(() => upcoming(shown, Date.now()), [shown]);
    const ctx = useMemo(() => ({ id: record.id, index, here }), [record.id, index, all]);
    const filtered = chosen.kinds.size + chosen.places.size > 0 || used.trim() !== '';
    return (
        <>
            <Heading>{t.title}</Heading>
            <div class="k-timeline">
                <Filters kinds={kinds} places={places} beside={isPatient(session)} {...filters} />
                <div class="k-timeline__list">
                    <p class="k-timeline__count" role="status">
                        {t.count(shown.length, all.length, filtered)}
                    </p>
                    {shown.length === 0 ? (
                        <Empty>
                            {all.length ? t.noneFits : t.none} <AskedPlaces record={record} />
                        </Empty>
                    ) : null}
                    {next.length ? (
                        <section class="k-year" aria-labelledby="upcoming">
                            <h2 class="k-year__heading k-year__button" id="upcoming">
                                {t.upcoming}
                            </h2>
                            <Days all={next} ctx={ctx} />
                        </section>
                    ) : null}
                    <Years all={past} ctx={ctx} />
                </div>
            </div>
        </>
    );
}
