/*
 * Entries by day, of which there can be thousands. All of them are in the page and laid out, so that the
 * browser's own search and a screen reader find them, and a throw through them finds nothing left to do.
 */
import { Component } from 'preact';
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

interface RowProps {
    item: Item;
    ctx: Ctx;
}

class Row extends Component<RowProps> {
    /* There can be thousands, and most are there already when some are added. */
    override shouldComponentUpdate({ item, ctx }: RowProps) {
        return item !== this.props.item || ctx !== this.props.ctx;
    }

    override render({ item, ctx }: RowProps) {
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
}

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

export function Days({ all, ctx }: { all: Item[]; ctx: Ctx }) {
    return (
        <ol class="k-days">
            {daysOf(all).map((d) => (
                <li class="k-day" key={d.label}>
                    <h3 class="k-day__date">{d.label}</h3>
                    <ul class="k-entries">
                        {d.items.map((item) => (
                            <Row item={item} ctx={ctx} key={keyOf(item)} />
                        ))}
                    </ul>
                </li>
            ))}
        </ol>
    );
}
