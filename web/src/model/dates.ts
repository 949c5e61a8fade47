/*
 * Dates of FHIR (dateTime, date, instant; to the year, month, day or second) for British readers.
 * A partial date stays partial. A time of day is shown in London's time, whatever its offset.
 */

import { dates } from '../texts/dates.ts';

/* How days are written: '3 March 1962' as people say it, or '03-Mar-1962' as the NHS has it for staff. */
export type DateForm = 'words' | 'short';
let form: DateForm = 'short';
export function writeDates(as: DateForm): void {
    form = as;
}

/* Whether who reads is a patient: they have days, and names of things, as people say them. */
export const readsPlain = (): boolean => form === 'words';

const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(T.*)?)?)?$/;

const london = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/London',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
});

export interface Civil {
    year: number;
    month?: number;
    day?: number;
    time?: string;
}

const cache = new Map<string, Civil | null>();

function read(value: string): Civil | null {
    const m = DATE.exec(value);
    if (!m) {
        return null;
    }
    if (m[4]) {
        const instant = Date.parse(value);
        if (Number.isNaN(instant)) {
            return null;
        }
        const parts: Record<string, string> = {};
        for (const p of london.formatToParts(instant)) {
            parts[p.type] = p.value;
        }
        return {
            year: Number(parts.year),
            month: Number(parts.month),
            day: Number(parts.day),
            time: `${parts.hour}:${parts.minute}`,
        };
    }
    const month = m[2] ? Number(m[2]) : undefined;
    if (month !== undefined && (month < 1 || month > 12)) {
        return null;
    }
    return { year: Number(m[1]), month, day: m[3] ? Number(m[3]) : undefined };
}

/* The calendar day in London, as far as it is known; null for what is no date. */
export function civil(value: unknown): Civil | null {
    if (typeof value !== 'string') {
        return null;
    }
    let c = cache.get(value);
    if (c === undefined) {
        c = read(value);
        if (cache.size > 20000) {
            cache.clear();
        }
        cache.set(value, c);
    }
    return c;
}

/* The day as far as it is known; '' for what is no date. Never a form that could be misread. */
export function showDate(value: unknown): string {
    const c = civil(value);
    if (!c) {
        return '';
    }
    const t = dates();
    const month = c.month ? (form === 'words' ? t.months : t.short)[c.month - 1] : '';
    if (!month) {
        return String(c.year);
    }
    const between = form === 'words' ? ' ' : '-';
    const day = c.day ? String(c.day).padStart(form === 'words' ? 1 : 2, '0') : '';
    return [day, month, c.year].filter(Boolean).join(between);
}

/* As showDate(), with the time of day where there is one. */
export function showDateTime(value: unknown): string {
    const time = civil(value)?.time;
    return time ? dates().at(showDate(value), time, form === 'words') : showDate(value);
}

/* '03-Mar-2020 to 09-Mar-2020'; one date where both ends fall on the same day. */
export function showPeriod(start: unknown, end: unknown): string {
    const from = showDate(start);
    const to = showDate(end);
    if (from && to) {
        return from === to ? from : dates().span(from, to);
    }
    return from ? from : to ? dates().until(to) : '';
}

/* As showPeriod(), with times of day: '03-Nov-2025 09:10 to 09:22' within one day. */
export function showTimes(start: unknown, end: unknown): string {
    const from = showDateTime(start);
    const to = showDateTime(end);
    if (!from || !to || from === to) {
        return from || (to ? dates().until(to) : '');
    }
    const sameDay = showDate(start) === showDate(end) && civil(end)?.day;
    return dates().span(from, sameDay ? (civil(end)?.time ?? to) : to);
}

/* An instant as FHIR has it, of one that may be in milliseconds; '' for what is none. */
export function instant(at: number | string | undefined): string {
    if (typeof at === 'number' && Number.isFinite(at) && Math.abs(at) < 8.64e15) {
        return new Date(at).toISOString();
    }
    return typeof at === 'string' ? at : '';
}

/* Milliseconds for ordering; a partial date counts from its start. NaN for what is no date. */
export function sortTime(value: unknown): number {
    return typeof value === 'string' && DATE.test(value) ? Date.parse(value) : NaN;
}

/* The year in London. Near midnight only New Year matters, and then London keeps GMT but 1968-71. */
export function yearOf(value: unknown): number {
    const t = sortTime(value);
    if (Number.isNaN(t)) {
        return NaN;
    }
    if (typeof value === 'string' && value.length <= 10) {
        return Number(value.slice(0, 4));
    }
    const bst = t >= Date.UTC(1968, 1, 18) && t < Date.UTC(1971, 9, 31, 2) ? 3600000 : 0;
    return new Date(t + bst).getUTCFullYear();
}

export function today(now = Date.now()): Civil {
    return civil(new Date(now).toISOString()) as Civil;
}

function days(c: Civil): number {
    return Date.UTC(c.year, (c.month ?? 1) - 1, c.day ?? 1) / 86400000;
}

/*
 * The age as the NHS writes it: 12d, 7w 3d, 14m 2d, 4y 3m, 59y; for a partial date of birth the two
 * ages it may be ('59–60y').
 */
export function age(born: unknown, at: Civil): string {
    const b = civil(born);
    if (!b) {
        return '';
    }
    if (!b.month || !b.day) {
        const most = at.year - b.year - (b.month && (at.month ?? 12) < b.month ? 1 : 0);
        const least = b.month && at.month && at.month !== b.month ? most : most - 1;
        if (most < 0) {
            return '';
        }
        return most === 0 ? 'under 1y' : least < most ? `${least}–${most}y` : `${most}y`;
    }
    const total = days(at) - days(b);
    if (total < 0) {
        return '';
    }
    const atDay = at.day ?? 1;
    const months = (at.year - b.year) * 12 + ((at.month ?? 1) - b.month) - (atDay < b.day ? 1 : 0);
    if (total < 28) {
        return `${total}d`;
    }
    if (months < 12) {
        const rest = total % 7;
        return `${Math.floor(total / 7)}w${rest ? ` ${rest}d` : ''}`;
    }
    if (months < 24) {
        const since = Date.UTC(b.year, b.month - 1 + months, b.day) / 86400000;
        const rest = Math.max(0, days(at) - since);
        return `${months}m${rest ? ` ${rest}d` : ''}`;
    }
    const years = Math.floor(months / 12);
    return years < 18 && months % 12 ? `${years}y ${months % 12}m` : `${years}y`;
}

const MONTH_NAMES = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';
const NUMERIC = /(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?![\d/.-])/;
const NAMED = new RegExp(
    `(?<!\\d)(\\d{1,2})(?:st|nd|rd|th)?[\\s/.-]*(${MONTH_NAMES})[a-z]*[\\s/.,-]*(\\d{4}|\\d{2})(?!\\d)`,
    'i',
);
const ISO = /(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)/;
const EIGHT = /(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)/;
const MONTH_YEAR = new RegExp(`(?<![\\w])(${MONTH_NAMES})[a-z]*[\\s/.,-]*(\\d{4})(?!\\d)`, 'i');
const YEAR = /(?<![\d/.-])((?:18|19|20)\d{2})(?![\d/.-])/;

function fullYear(typed: string, now: Civil): number {
    if (typed.length === 4) {
        return Number(typed);
    }
    const this2 = now.year % 100;
    const century = now.year - this2;
    return Number(typed) <= this2 ? century + Number(typed) : century - 100 + Number(typed);
}

function real(year: number, month: number, day: number): boolean {
    const d = new Date(Date.UTC(year, month - 1, day));
    return d.getUTCMonth() === month - 1 && d.getUTCDate() === day;
}

export interface TypedDate {
    iso: string; /* as precise as it was typed: 1962-03-04, 1962-03 or 1962; '' for no such day */
    matched: string; /* what of the text was the date */
}

/* Finds a date of birth in what somebody typed. Day before month; null when there is none. */
export function findDate(typed: string, now: Civil): TypedDate | null {
    const pad = (n: number) => String(n).padStart(2, '0');
    const made = (y: number, m: number, d: number, matched: string): TypedDate => ({
        iso: real(y, m, d) ? `${y}-${pad(m)}-${pad(d)}` : '',
        matched,
    });
    const monthOf = (name: string) =>
        MONTH_NAMES.split('|').indexOf(name.slice(0, 3).toLowerCase()) + 1;
    let m = ISO.exec(typed);
    if (m) {
        return made(Number(m[1]), Number(m[2]), Number(m[3]), m[0]);
    }
    m = NAMED.exec(typed);
    if (m) {
        return made(fullYear(m[3]!, now), monthOf(m[2]!), Number(m[1]), m[0]);
    }
    m = NUMERIC.exec(typed) ?? EIGHT.exec(typed);
    if (m) {
        return made(fullYear(m[3]!, now), Number(m[2]), Number(m[1]), m[0]);
    }
    m = MONTH_YEAR.exec(typed);
    if (m) {
        return { iso: `${m[2]}-${pad(monthOf(m[1]!))}`, matched: m[0] };
    }
    m = YEAR.exec(typed);
    return m ? { iso: m[1]!, matched: m[0] } : null;
}
