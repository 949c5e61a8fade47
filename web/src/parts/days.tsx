/*
 * Entries by day, of which there can be thousands: the browser draws those near the view. All of them are in
 * the page, so that the browser's own search finds them.
 */
import { useState } from 'preact/hooks';
import { civil, showDate, showPeriod } from '../model/dates.ts';
import { alsoAt, placeOf, type Item } from '../model/items.ts';
import type { RecordIndex } from '../model/record.ts';
import { sourceLine } from '../model/source.ts';
import type { Entry } from '../model/timeline.ts';
import { entryHref } from '../router.ts';
import { timelineTexts } from '../texts/timeline.ts';
import { Tag } from './basic.tsx';

export interface Ctx {
    id: string;
    index: RecordIndex;
    here: string; /* the name of this node's organisation */
}

const keyOf = ({ entry: { res } }: Item): string => `${res.resourceType}/${res.id ?? ''}`;

/* A button and not <details>: there can be one in each of thousands of rows, and its shadow tree is not free. */
function Alike({ others, ctx }: { others: Entry[]; ctx: Ctx }) {
    const [open, setOpen] = useState(false);
    const t = timelineTexts();
    const { id, index, here } = ctx;
    return (
        <>
            <button
                type="button"
                class="k-link-button k-entry__more"
                aria-expanded={open}
                onClick={() => setOpen(!open)}
            >
                {t.alike(others.length)}
            </button>
            {open ? (
                <ul class="k-entry__others">
                    {others.map((e) => (
                        <li>
                            <a href={entryHref(id, e.res)}>{e.title}</a>{' '}
                            {[showDate(e.start), t.from(placeOf(e, index, here))]
                                .filter(Boolean)
                                .join(', ')}
                        </li>
                    ))}
                </ul>
            ) : null}
        </>
    );
}

/* a value that stands beside its title */
const isShort = (e: Entry): boolean =>
    e.kind === 'results' && e.detail !== '' && e.detail.length < 40;

function Row({ item, ctx }: { item: Item; ctx: Ctx }) {
    const t = timelineTexts();
    const { index, here } = ctx;
    const e = item.entry;
    const time = civil(e.start)?.time;
    const until = e.end && showDate(e.end) !== showDate(e.start) ? showPeriod(e.start, e.end) : '';
    const short = isShort(e);
    const place = placeOf(e, index, here);
    const source = sourceLine(index, e.res);
    const also = alsoAt(item, index, here);
    return (
        <li class={`k-entry${e.wrong ? ' k-entry--wrong' : ''}`}>
            <p class="k-entry__kind">
                {t.one[e.kind]}
                {time ? <span class="k-entry__time"> {time}</span> : null}
            </p>
            <p class="k-entry__title">
                <a href={entryHref(ctx.id, e.res)}>{e.title}</a>
                {short ? <strong class="k-entry__value"> {e.detail}</strong> : null}{' '}
                {e.status ? <Tag tone={e.wrong ? 'red' : 'grey'}>{e.status}</Tag> : null}
            </p>
            {e.detail && !short ? <p class="k-entry__detail">{e.detail}</p> : null}
            {until ? <p class="k-entry__detail">{until}</p> : null}
            <p class="k-entry__source">
                {t.from(place)}
                {source && source !== place ? ` · ${source.replace(`, ${place}`, '')}` : ''}
            </p>
            {also.length ? <p class="k-entry__source">{t.also(also.join(', '))}</p> : null}
            {item.others.length ? <Alike others={item.others} ctx={ctx} /> : null}
        </li>
    );
}

/*
 * What comes into view is drawn in one go, so a block is short. The browser looks after each block whenever
 * somebody scrolls, so blocks stand on shelves: of those that are far away it looks after the shelf alone.
 */
const BLOCK = 3; /* rows at least, but for the last */
const MANY = 6; /* rows of one day that are a block of their own */
const SHELF = 24; /* blocks */

interface Day {
    label: string;
    items: Item[];
}

function daysOf(all: Item[]): Day[] {
    const days: Day[] = [];
    for (const item of all) {
        const label = showDate(item.entry.start) || timelineTexts().noDate;
        const last = days[days.length - 1];
        if (last?.label === label) {
            last.items.push(item);
        } else {
            days.push({ label, items: [item] });
        }
    }
    return days;
}

function blocksOf(days: Day[]): Day[][] {
    const blocks: Day[][] = [];
    let rows = BLOCK;
    for (const day of days) {
        if (rows >= BLOCK) {
            blocks.push([]);
            rows = 0;
        }
        blocks[blocks.length - 1]!.push(day);
        rows += day.items.length;
    }
    return blocks;
}

function inGroups<T>(all: T[], size: number): T[][] {
    const groups: T[][] = [];
    for (let i = 0; i < all.length; i += size) {
        groups.push(all.slice(i, i + size));
    }
    return groups;
}

/*
 * How high something will be, in rem, before it is drawn: as base.css has it where no line wraps. The bar
 * beside the page tells with it how much there is, and what is below does not move when it is drawn.
 */
const DAY = 2.73;
const ROW = 5.42;
const LINE = 1.45;
const SMALL_LINE = 1.27;
const BUTTON = 2;
const GAP = 0.5;

function rowHeight(item: Item, { index, here }: Ctx): number {
    const { entry, others } = item;
    return (
        ROW +
        (entry.detail && !isShort(entry) ? LINE : 0) +
        (alsoAt(item, index, here).length ? SMALL_LINE : 0) +
        (others.length ? BUTTON : 0)
    );
}

const sum = (all: number[]): number => all.reduce((a, b) => a + b, 0);
const rowsHeight = (all: Item[], ctx: Ctx): number =>
    sum(all.map((i) => rowHeight(i, ctx) + GAP)) - GAP;
const blockHeight = (days: Day[], ctx: Ctx): number =>
    sum(days.map((d) => DAY + rowsHeight(d.items, ctx)));

/* `auto`: once it has been drawn, the height that it had counts. */
const high = (rem: number) => ({ containIntrinsicBlockSize: `auto ${rem.toFixed(2)}rem` });

function Rows({ all, ctx, many }: { all: Item[]; ctx: Ctx; many: boolean }) {
    return (
        <ul
            class={many ? 'k-entries k-entries--many' : 'k-entries'}
            style={many ? high(rowsHeight(all, ctx) + GAP) : undefined}
        >
            {all.map((item) => (
                <Row item={item} ctx={ctx} key={keyOf(item)} />
            ))}
        </ul>
    );
}

function Block({ days, ctx }: { days: Day[]; ctx: Ctx }) {
    return (
        <ol class="k-days" style={high(blockHeight(days, ctx))}>
            {days.map((d) => (
                <li class="k-day" key={d.label}>
                    <h3 class="k-day__date">{d.label}</h3>
                    {inGroups(d.items, MANY).map((rows) => (
                        <Rows all={rows} ctx={ctx} many={d.items.length > MANY} key={keyOf(rows[0]!)} />
                    ))}
                </li>
            ))}
        </ol>
    );
}

export function Days({ all, ctx }: { all: Item[]; ctx: Ctx }) {
    return (
        <>
            {inGroups(blocksOf(daysOf(all)), SHELF).map((shelf) => (
                <div
                    class="k-shelf"
                    style={high(sum(shelf.map((days) => blockHeight(days, ctx))))}
                    key={shelf[0]![0]!.label}
                >
                    {shelf.map((days) => (
                        <Block days={days} ctx={ctx} key={days[0]!.label} />
                    ))}
                </div>
            ))}
        </>
    );
}
