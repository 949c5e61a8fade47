/* What was measured or found, as words: the value[x] of Observation and its relatives. */
import { dose } from '../texts/dose.ts';
import { flags } from '../texts/flags.ts';
import { values } from '../texts/values.ts';
import { showDate, showDateTime, showPeriod } from './dates.ts';
import {
    hasCode,
    list,
    plain,
    sentence,
    title,
    words,
    type Quantity,
    type Resource,
} from './fhir.ts';

const UNITS: Record<string, string> = {
    'mm[Hg]': 'mmHg',
    Cel: '°C',
    'kg/m2': 'kg/m²',
    '1': '',
    '{score}': '',
    '{ScoreOf}': '',
    '{nominal}': '',
    '{#}': '',
    '{INR}': 'INR',
    '{beats}/min': 'beats/min',
    '{breaths}/min': 'breaths/min',
};
/* Codes that are shorter than the words beside them: UK Core fixes "millimeter of mercury". */
const SHORT = ['mm[Hg]', 'Cel', 'kg/m2', 'kg', 'g', 'm', 'cm', '%', '/min'];

const SUPER: Record<string, string> = { '3': '³', '6': '⁶', '9': '⁹', '12': '¹²' };

/* UCUM for readers: '10*9/L' → '×10⁹/L', 'mL/min/{1.73_m2}' → 'mL/min/1.73 m²'. */
export function showUnit(quantity: Quantity | undefined): string {
    const code = quantity?.code ?? '';
    const short = quantity?.system === 'http://unitsofmeasure.org' && SHORT.includes(code);
    const unit = short ? code : (quantity?.unit ?? code);
    if (unit in UNITS) {
        return UNITS[unit]!;
    }
    return unit
        .replace(/\b10\*(\d+)/g, (_, power: string) => `×10${SUPER[power] ?? `^${power}`}`)
        .replace(/\{?1\.73 ?_?m2\}?/g, '1.73 m²')
        .replace(/\[([^\]]*)\]/g, '$1')
        .replace(/\{([^}]*)\}/g, '$1')
        .replace(/\bug\b/g, 'µg')
        .replace(/\buL\b/g, 'µL')
        .replace(/\bumol\b/g, 'µmol');
}

export function showNumber(quantity: Quantity | undefined): string {
    const value = quantity?.value;
    if (value === undefined || value === null) {
        return '';
    }
    const comparator =
        { '<=': '≤', '>=': '≥' }[quantity?.comparator ?? ''] ?? quantity?.comparator ?? '';
    return `${comparator}${String(value).replace(/^-/, '−')}`;
}

export function showQuantity(quantity: Quantity | undefined): string {
    const value = showNumber(quantity);
    const unit = showUnit(quantity);
    return value && unit ? `${value}${unit === '%' ? '' : ' '}${unit}` : value;
}

export function numeric(quantity: Quantity | undefined): number {
    const n = quantity?.value === undefined ? NaN : Number(quantity.value);
    return Number.isFinite(n) ? n : NaN;
}

const PANEL_BP = ['85354-9', '55284-4', '75367002', '163020007'];
export const SYSTOLIC = ['8480-6', '271649006', '72313002', '399304008'];
export const DIASTOLIC = ['8462-4', '271650006', '1091811000000102', '400975005'];

export interface Value {
    text: string; /* with its unit */
    bare: string; /* without */
    unit: string;
    ucum: string; /* the unit as UCUM has it; '' where the entry does not say */
    numbers: number[]; /* what can be drawn: one, or systolic and diastolic; else none */
}

const none: Value = { text: '', bare: '', unit: '', ucum: '', numbers: [] };
export const ucumOf = (q: Quantity | undefined): string =>
    q?.system === 'http://unitsofmeasure.org' ? (q.code ?? '') : '';

function said(text: string): Value {
    return { ...none, text, bare: text };
}

function bloodPressure(o: Resource): Value | null {
    const parts = list<any>(o.component);
    const systolic = parts.find((c) => hasCode(c.code, ...SYSTOLIC))?.valueQuantity;
    const diastolic = parts.find((c) => hasCode(c.code, ...DIASTOLIC))?.valueQuantity;
    if (!systolic && !diastolic) {
        return null;
    }
    const bare = `${showNumber(systolic) || '–'}/${showNumber(diastolic) || '–'}`;
    const unit = showUnit(systolic ?? diastolic);
    const numbers = [numeric(systolic), numeric(diastolic)];
    return {
        text: `${bare} ${unit}`.trim(),
        bare,
        unit,
        ucum: ucumOf(systolic ?? diastolic),
        numbers: numbers.some(Number.isNaN) ? [] : numbers,
    };
}

/* The value of an Observation or of one component. */
export function simpleValue(o: any): Value {
    if (o.valueQuantity) {
        const n = numeric(o.valueQuantity);
        const exact = !Number.isNaN(n) && !o.valueQuantity.comparator;
        return {
            text: showQuantity(o.valueQuantity),
            bare: showNumber(o.valueQuantity),
            unit: showUnit(o.valueQuantity),
            ucum: ucumOf(o.valueQuantity),
            numbers: exact ? [n] : [],
        };
    }
    if (o.valueInteger !== undefined) {
        return { ...said(String(o.valueInteger)), numbers: [Number(o.valueInteger)] };
    }
    if (o.valueCodeableConcept) {
        return said(title(o.valueCodeableConcept));
    }
    if (o.valueString !== undefined) {
        return said(String(o.valueString));
    }
    if (o.valueBoolean !== undefined) {
        return said(o.valueBoolean ? values().yes : values().no);
    }
    if (o.valueDateTime) {
        return said(showDateTime(o.valueDateTime));
    }
    if (o.valueTime) {
        return said(String(o.valueTime));
    }
    if (o.valuePeriod) {
        return said(showPeriod(o.valuePeriod.start, o.valuePeriod.end));
    }
    if (o.valueRange) {
        const [low, high] = [showQuantity(o.valueRange.low), showQuantity(o.valueRange.high)];
        return said(low && high ? values().range(low, high, '') : low || high);
    }
    if (o.valueRatio) {
        return said(
            `${showQuantity(o.valueRatio.numerator)} : ${showQuantity(o.valueRatio.denominator)}`,
        );
    }
    if (o.valueSampledData) {
        return said(values().trace);
    }
    if (o.dataAbsentReason) {
        return said(values().noValue(words(o.dataAbsentReason)));
    }
    return none;
}

export function observationValue(o: Resource): Value {
    const parts = list<any>(o.component);
    if (parts.length && (hasCode(o.code, ...PANEL_BP) || parts.length === 2)) {
        const bp = bloodPressure(o);
        if (bp) {
            return bp;
        }
    }
    const own = simpleValue(o);
    const rest = parts
        .map((c) => [title(c.code), simpleValue(c).text].filter(Boolean).join(': '))
        .filter(Boolean)
        .join('; ');
    if (!rest) {
        return own;
    }
    return own.text ? { ...own, text: `${own.text} (${rest})` } : said(rest);
}

export interface Range {
    low: number;
    high: number;
    text: string;
}

/* The range that applies to everybody; ranges for certain people are told by their text only. */
export function referenceRange(o: Resource): Range | null {
    const ranges = list<any>(o.referenceRange);
    const r = ranges.find((x) => !x.type || hasCode(x.type, 'normal')) ?? ranges[0];
    if (!r) {
        return null;
    }
    const low = numeric(r.low);
    const high = numeric(r.high);
    const conditional = ranges.length > 1 || list(r.appliesTo).length > 0 || r.age;
    let text: string = r.text ?? '';
    if (!text) {
        const unit = showUnit(r.high ?? r.low);
        const a = showNumber(r.low);
        const b = showNumber(r.high);
        const of = unit ? ` ${unit}` : '';
        const t = values();
        text = a && b ? t.range(a, b, of) : a ? t.atLeast(a, of) : b ? t.atMost(b, of) : '';
    }
    return { low: conditional ? NaN : low, high: conditional ? NaN : high, text };
}

export interface Flag {
    text: string;
    tone: 'red' | 'orange' | 'blue' | 'grey' | 'green';
}

const RED = ['HH', 'HU', 'LL', 'LU', 'AA'];

/* What the laboratory said; where it said nothing, what its own range says. null: nothing to flag. */
export function resultFlag(o: Resource, value: Value): Flag | null {
    for (const concept of list<any>(o.interpretation)) {
        const code = statusOf(concept);
        const text = flags().codes[code];
        if (text) {
            return { text, tone: RED.includes(code) ? 'red' : 'orange' };
        }
        if (code) {
            return null;
        }
    }
    const range = referenceRange(o);
    const n = value.numbers.length === 1 ? value.numbers[0]! : NaN;
    if (range && n > range.high) {
        return { text: flags().above, tone: 'orange' };
    }
    if (range && n < range.low) {
        return { text: flags().below, tone: 'orange' };
    }
    return null;
}

function statusOf(concept: any): string {
    return list<any>(concept?.coding).find((c) => c.code)?.code ?? '';
}

/* Dose instructions: the text that the prescriber wrote, else what the structure says. */
export function dosage(resource: Resource): string {
    const parts = list<any>(resource.dosageInstruction ?? resource.dosage).map((d) => {
        if (d.text) {
            return String(d.text).trim();
        }
        const rate = list<any>(d.doseAndRate)[0] ?? d;
        const amount = rate.doseQuantity
            ? showQuantity(rate.doseQuantity)
            : rate.doseRange
              ? dose().range(showQuantity(rate.doseRange.low), showQuantity(rate.doseRange.high))
              : rate.dose?.value !== undefined
                ? showQuantity(rate.dose)
                : '';
        return [amount, timing(d.timing), d.asNeededBoolean ? dose().asNeeded : '', title(d.route)]
            .filter(Boolean)
            .join(', ');
    });
    return plain(parts.filter(Boolean).join('; '));
}

const UNITS_OF_TIME = ['s', 'min', 'h', 'd', 'wk', 'mo', 'a'];

export function timing(t: any): string {
    if (!t) {
        return '';
    }
    if (t.code) {
        return title(t.code);
    }
    const r = t.repeat;
    if (!r?.period || !UNITS_OF_TIME.includes(r.periodUnit)) {
        return list<any>(t.event)
            .map((e) => showDate(e))
            .join(', ');
    }
    return dose().timing(Number(r.frequency ?? 1), Number(r.period), r.periodUnit);
}

export { sentence };
