/* Results as a table of tests and days. */
import { showDate, sortTime } from './dates.ts';
import type { Point, Series } from './series.ts';
import { standing, type Standing } from './standing.ts';

export interface Day {
    key: string; /* '2025-03-09', or as much of it as is known */
    words: string;
    time: number;
}

export interface Grid {
    days: Day[]; /* newest first */
    cells: Map<Series, Map<string, Point[]>>; /* by the key of the day; newest first */
}

/* The day in London, by which one thing of one day comes under one head. */
const dayOf = (p: Point): Day => ({ key: showDate(p.date), words: showDate(p.date), time: sortTime(p.date) });

export function gridOf(all: readonly Series[]): Grid {
    const days = new Map<string, Day>();
    const cells: Grid['cells'] = new Map();
    for (const s of all) {
        const row = new Map<string, Point[]>();
        for (const p of s.points) {
            const day = dayOf(p);
            if (!day.key || Number.isNaN(day.time)) {
                continue;
            }
            const had = days.get(day.key);
            if (!had || day.time > had.time) {
                days.set(day.key, day);
            }
            row.set(day.key, [...(row.get(day.key) ?? []), p]);
        }
        if (row.size) {
            cells.set(s, row);
        }
    }
    return { days: [...days.values()].sort((a, b) => b.time - a.time), cells };
}

/* The days on which one of these has a value. */
export const daysWith = (grid: Grid, rows: readonly Series[]): Day[] =>
    grid.days.filter((d) => rows.some((s) => grid.cells.get(s)?.has(d.key)));

const SIGNS: Partial<Record<Standing, string>> = {
    littleHigh: '↑',
    high: '↑',
    veryHigh: '⇈',
    littleLow: '↓',
    low: '↓',
    veryLow: '⇊',
    unusual: '!',
    veryUnusual: '!!',
    found: '!',
};
export const gridSign = (p: Point): string => SIGNS[standing(p.res)] ?? '';

/* A cell of a file of commas: quoted where it must be, and never a formula for whatever opens it. */
function csvCell(text: string): string {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/* One line a value, so that nothing of a day with two values is lost. */
export function csvOf(
    rows: readonly Series[],
    words: { test: string; date: string; value: string; unit: string; flag: string; range: string; place: string },
    about: (p: Point) => { flag: string; range: string; place: string },
): string {
    const lines = [Object.values(words)];
    for (const s of rows) {
        for (const p of s.points) {
            const { flag, range, place } = about(p);
            lines.push([s.title, p.date, p.value.bare || p.value.text, p.value.unit, flag, range, place]);
        }
    }
    return lines.map((l) => l.map(csvCell).join(',')).join('\r\n') + '\r\n';
}
