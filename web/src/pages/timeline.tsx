/* Everything in the record, newest first, by year, with filters. Only what is open is in the page. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { timelineOf } from '../timelines.ts';
import { civil, showDate, showPeriod } from '../model/dates.ts';
import type { RecordIndex } from '../model/record.ts';
import { sourceLine } from '../model/source.ts';
import { byYear, fold, kindCounts, matches, type Entry, type Year } from '../model/timeline.ts';
import { Empty, Heading, plural, Tag } from '../parts/basic.tsx';
import { Raw, SourceList } from '../parts/source.tsx';
import { entryHref, replaceQuery } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';

/* Years are opened, newest first, until this many entries can be read; the rest at a press. */
const OPEN_AT_FIRST = 40;
const CHUNK = 100;

const TONES: Record<string, string> = {
    'Visits and contacts': 'blue',
    Appointments: 'blue',
    Problems: 'orange',
    Allergies: 'red',
    Medicines: 'purple',
    Results: 'green',
    Reports: 'aqua-green',
    Procedures: 'pink',
    Vaccinations: 'yellow',
};

const ONE: Record<string, string> = {
    'Visits and contacts': 'Visit',
    Appointments: 'Appointment',
    Problems: 'Problem',
    Allergies: 'Allergy',
    Medicines: 'Medicine',
    Results: 'Result',
    Reports: 'Report',
    Procedures: 'Procedure',
    Vaccinations: 'Vaccination',
    Documents: 'Document',
    'Referrals and requests': 'Request',
    'Care plans': 'Care plan',
    Forms: 'Form',
    Images: 'Images',
    'Alerts and consents': 'Alert',
    'Tasks and messages': 'Task',
    'Budgets and claims': 'Claim',
    People: 'Person',
};

function Row({ e, id, index }: { e: Entry; id: string; index: RecordIndex }) {
    const [open, setOpen] = useState(false);
    const source = sourceLine(index, e.res);
    const time = civil(e.start)?.time;
    const until = e.end && showDate(e.end) !== showDate(e.start) ? showPeriod(e.start, e.end) : '';
    return (
        <li class={`k-entry${e.wrong ? ' k-entry--wrong' : ''}`}>
            <div class="k-entry__kind">
                <Tag tone={TONES[e.kind] ?? 'grey'}>{ONE[e.kind] ?? e.kind}</Tag>
                {time ? <span class="k-entry__time">{time}</span> : null}
            </div>
            <div class="k-entry__body">
                <p class="k-entry__title">
                    <a href={entryHref(id, e.res)}>{e.title}</a>
                    {e.kind === 'Results' && e.detail && e.detail.length < 40 ? (
                        <strong class="k-entry__value"> {e.detail}</strong>
                    ) : null}{' '}
                    {e.time > Date.now() && !e.wrong ? <Tag tone="blue">Upcoming</Tag> : null}{' '}
                    {e.status ? <Tag tone={e.wrong ? 'red' : 'grey'}>{e.status}</Tag> : null}
                </p>
                {e.detail && !(e.kind === 'Results' && e.detail.length < 40) ? (
                    <p class="k-entry__detail">{e.detail}</p>
                ) : null}
                {until ? <p class="k-entry__detail">{until}</p> : null}
                <details
                    class="k-entry__source"
                    onToggle={(x) => setOpen((x.currentTarget as HTMLDetailsElement).open)}
                >
                    <summary>
                        <span>{source || 'Source not recorded'}</span>
                        <span class="nhsuk-u-visually-hidden">, source of {e.title}</span>
                    </summary>
                    {open ? (
                        <div class="k-entry__more">
                            <SourceList res={e.res} index={index} />
                            <Raw res={e.res} />
                        </div>
                    ) : null}
                </details>
            </div>
        </li>
    );
}

function Days({ entries, id, index }: { entries: Entry[]; id: string; index: RecordIndex }) {
    const days: { label: string; entries: Entry[] }[] = [];
    for (const e of entries) {
        const label = showDate(e.start) || 'No date recorded';
        const last = days[days.length - 1];
        if (last?.label === label) {
            last.entries.push(e);
        } else {
            days.push({ label, entries: [e] });
        }
    }
    return (
        <>
            {days.map((d) => (
                <section class="k-day" key={d.label}>
                    <h3 class="k-day__date">{d.label}</h3>
                    <ul class="k-entries">
                        {d.entries.map((e) => (
                            <Row
                                e={e}
                                id={id}
                                index={index}
                                key={`${e.res.resourceType}/${e.res.id ?? ''}`}
                            />
                        ))}
                    </ul>
                </section>
            ))}
        </>
    );
}

function YearBlock(props: {
    year: Year;
    open: boolean;
    toggle: () => void;
    id: string;
    index: RecordIndex;
}) {
    const { year, open } = props;
    const [count, setCount] = useState(CHUNK);
    const body = `year-${year.label.replace(/\W+/g, '-')}`;
    const rest = year.entries.length - count;
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
                    <svg
                        class="k-chevron"
                        viewBox="0 0 24 24"
                        width="20"
                        height="20"
                        aria-hidden="true"
                        focusable="false"
                    >
                        <path
                            d="M6 9l6 6 6-6"
                            fill="none"
                            stroke="currentColor"
                            stroke-width="3"
                            stroke-linecap="round"
                            stroke-linejoin="round"
                        />
                    </svg>
                    <span>{year.label}</span>{' '}
                    <span class="k-count">{plural(year.entries.length, 'entry', 'entries')}</span>
                </button>
            </h2>
            <div id={body} hidden={!open}>
                {open ? (
                    <Days
                        entries={year.entries.slice(0, count)}
                        id={props.id}
                        index={props.index}
                    />
                ) : null}
                {open && rest > 0 ? (
                    <button
                        type="button"
                        class="nhsuk-button nhsuk-button--secondary nhsuk-button--small k-year__more"
                        onClick={() => setCount(count + CHUNK)}
                    >
                        Show {Math.min(CHUNK, rest)} more of {year.label}
                    </button>
                ) : null}
            </div>
        </section>
    );
}

function Filters(props: {
    counts: [string, number][];
    kinds: Set<string>;
    toggle: (kind: string) => void;
    text: string;
    type: (text: string) => void;
    clear: () => void;
}) {
    const [open, setOpen] = useState(
        () => props.kinds.size > 0 || matchMedia('(min-width: 48.0625em)').matches,
    );
    const filtered = props.kinds.size > 0 || props.text !== '';
    return (
        <form
            class="k-filters"
            role="search"
            aria-label="Filter the timeline"
            onSubmit={(e) => e.preventDefault()}
        >
            <div class="nhsuk-form-group k-filters__text">
                <label class="nhsuk-label nhsuk-label--s" for="timeline-text">
                    Words in the timeline
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
                aria-controls="kinds"
                onClick={() => setOpen(!open)}
            >
                <svg
                    class="k-chevron"
                    viewBox="0 0 24 24"
                    width="20"
                    height="20"
                    aria-hidden="true"
                    focusable="false"
                >
                    <path
                        d="M6 9l6 6 6-6"
                        fill="none"
                        stroke="currentColor"
                        stroke-width="3"
                        stroke-linecap="round"
                        stroke-linejoin="round"
                    />
                </svg>
                Filter by kind{props.kinds.size ? ` (${props.kinds.size} chosen)` : ''}
            </button>
            <fieldset class="nhsuk-fieldset" id="kinds" hidden={!open}>
                <legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s k-filters__legend">
                    Kinds of entry
                </legend>
                <div class="nhsuk-checkboxes nhsuk-checkboxes--small k-filters__kinds">
                    {props.counts.map(([kind, n]) => {
                        const id = `kind-${kind.replace(/\W+/g, '-')}`;
                        return (
                            <div class="nhsuk-checkboxes__item" key={kind}>
                                <input
                                    class="nhsuk-checkboxes__input"
                                    type="checkbox"
                                    id={id}
                                    checked={props.kinds.has(kind)}
                                    onChange={() => props.toggle(kind)}
                                />
                                <label class="nhsuk-label nhsuk-checkboxes__label" for={id}>
                                    {kind} <span class="k-quiet">{n.toLocaleString('en-GB')}</span>
                                </label>
                            </div>
                        );
                    })}
                </div>
            </fieldset>
            {filtered ? (
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary nhsuk-button--small k-filters__clear"
                    onClick={props.clear}
                >
                    Clear filters
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
        shown += Math.min(CHUNK, y.entries.length);
        if (shown >= OPEN_AT_FIRST) {
            break;
        }
    }
    return open;
}

export default function TimelinePage({ record, query }: RecordPageProps) {
    const index = record.index;
    const all = useMemo(() => timelineOf(record), [record.size, record.names]);
    const counts = useMemo(() => kindCounts(all), [all]);
    const [kinds, setKinds] = useState(() => new Set(query.getAll('kind')));
    const [text, setText] = useState(query.get('q') ?? '');
    const [used, setUsed] = useState(text);
    const timer = useRef(0);
    useEffect(() => {
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setUsed(text), 120) as unknown as number;
        return () => clearTimeout(timer.current);
    }, [text]);
    useEffect(() => {
        const q = new URLSearchParams();
        kinds.forEach((k) => q.append('kind', k));
        if (used.trim()) {
            q.set('q', used.trim());
        }
        replaceQuery(q);
    }, [kinds, used]);

    const shown = useMemo(() => {
        const wanted = fold(used).split(/\s+/).filter(Boolean);
        return all.filter(
            (e) => (kinds.size === 0 || kinds.has(e.kind)) && matches(e, index, wanted),
        );
    }, [all, kinds, used]);
    const years = useMemo(() => byYear(shown), [shown]);
    /* What somebody opens or closes counts until the filters change. */
    const opened = useMemo(() => openAtFirst(years), [years]);
    const [turned, setTurned] = useState({ years, labels: new Set<string>() });
    const isOpen = (label: string) =>
        opened.has(label) !== (turned.years === years && turned.labels.has(label));
    const flip = (set: Set<string>, key: string): Set<string> => {
        const next = new Set(set);
        if (!next.delete(key)) {
            next.add(key);
        }
        return next;
    };
    const clear = () => {
        setKinds(new Set());
        setText('');
        document.getElementById('timeline-text')?.focus();
    };
    const filtered = kinds.size > 0 || used.trim() !== '';
    const count = filtered
        ? `${plural(shown.length, 'entry', 'entries')} of ${all.length.toLocaleString('en-GB')}`
        : plural(all.length, 'entry', 'entries');
    return (
        <>
            <Heading>Timeline</Heading>
            <div class="k-timeline">
                <Filters
                    counts={counts}
                    kinds={kinds}
                    toggle={(k) => setKinds((now) => flip(now, k))}
                    text={text}
                    type={setText}
                    clear={clear}
                />
                <div class="k-timeline__list">
                    <p class="k-timeline__count" role="status">
                        {count}
                    </p>
                    {shown.length === 0 ? (
                        <Empty>
                            {all.length === 0
                                ? 'This record has no entries yet.'
                                : 'No entry fits. Take a filter away, or use fewer words.'}
                        </Empty>
                    ) : null}
                    {years.map((y) => (
                        <YearBlock
                            key={y.label}
                            year={y}
                            open={isOpen(y.label)}
                            toggle={() =>
                                setTurned((now) => ({
                                    years,
                                    labels: flip(
                                        now.years === years ? now.labels : new Set(),
                                        y.label,
                                    ),
                                }))
                            }
                            id={record.id}
                            index={index}
                        />
                    ))}
                </div>
            </div>
        </>
    );
}
