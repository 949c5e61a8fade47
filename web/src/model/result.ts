/* What is said about a result besides its value: comments, reports, and whether somebody should still say something. */
import { sortTime } from './dates.ts';
import { list, statusCode, type Ref, type Resource } from './fhir.ts';
import { layOf, plainTitle } from './lay.ts';
import { wrong, type RecordIndex } from './record.ts';
import { observationDate, type Point, type Series } from './series.ts';
import { sourceLine } from './source.ts';
import { OUTSIDE, standing } from './standing.ts';

export interface Comment {
    text: string;
    by: string; /* '' where the record does not say */
    at: string;
}

/* The reports that a result is part of, newest first. */
export function reportsOf(index: RecordIndex): Map<Resource, Resource[]> {
    const out = new Map<Resource, Resource[]>();
    for (const report of reports(index)) {
        for (const ref of list<Ref>(report.result)) {
            const res = index.find(ref, report);
            if (res) {
                out.set(res, [...(out.get(res) ?? []), report]);
            }
        }
    }
    return out;
}

export const reportDate = (r: Resource): string =>
    r.effectiveDateTime ?? r.effectivePeriod?.start ?? r.issued ?? '';

/* Newest first; what two places keep of one report counts once. */
export function reports(index: RecordIndex): Resource[] {
    const seen = new Set<Resource[]>();
    return index
        .of('DiagnosticReport')
        .filter((r) => {
            const { alike } = index.aboutOf(r);
            const copy = alike.length > 1 && seen.has(alike);
            seen.add(alike);
            return !wrong(r) && !copy;
        })
        .sort((a, b) => (sortTime(reportDate(b)) || 0) - (sortTime(reportDate(a)) || 0));
}

const names = (index: RecordIndex, refs: unknown, from: Resource): string =>
    [...new Set(list<Ref>(refs as Ref[]).map((r) => index.name(r, from)).filter(Boolean))].join(', ');

/* What people wrote about an Observation. */
export function commentsOn(index: RecordIndex, res: Resource): Comment[] {
    return list<any>(res.note)
        .filter((n) => typeof n.text === 'string' && n.text.trim())
        .map((n) => ({
            text: n.text.trim(),
            by: n.authorString ?? (names(index, n.authorReference, res) || sourceLine(index, res)),
            at: n.time ?? res.issued ?? observationDate(res),
        }));
}

/* What people concluded in a report. */
export function conclusionOf(index: RecordIndex, report: Resource): Comment | null {
    const codes = list<any>(report.conclusionCode).map(plainTitle).filter(Boolean).join('; ');
    const text = [report.conclusion?.trim(), codes].filter(Boolean).join(' ');
    return text
        ? {
              text,
              by: names(index, report.resultsInterpreter, report) || sourceLine(index, report),
              at: report.issued ?? reportDate(report),
          }
        : null;
}

export function comments(index: RecordIndex, point: Point, within: readonly Resource[]): Comment[] {
    return [
        ...commentsOn(index, point.res),
        ...within.map((r) => conclusionOf(index, r)).filter((c): c is Comment => c !== null),
    ];
}

const DAY_MS = 86400000;
const NEW_DAYS = 28; /* as long as an answer about a correction may take (docs/portal.md) */

/* A result of a laboratory, or of a report, about which people expect a word. */
export const isTest = (res: Resource, within: readonly Resource[]): boolean =>
    within.length > 0 || list<any>(res.category).some((c) => statusCode(c) === 'laboratory');

/* It is new, it has a result, and nobody has said anything about it yet. */
export function waits(
    index: RecordIndex,
    point: Point,
    within: readonly Resource[],
    now: number,
): boolean {
    const at = sortTime(point.res.issued ?? point.date);
    return (
        isTest(point.res, within) &&
        !['registered', 'cancelled'].includes(point.res.status ?? '') &&
        now - at < NEW_DAYS * DAY_MS &&
        comments(index, point, within).length === 0
    );
}

/* Who will say something: the practice, else the place that keeps the person's record. '' where nobody knows. */
export const commenter = (index: RecordIndex, patient: Resource): string =>
    names(index, patient.generalPractitioner, patient) || index.name(patient.managingOrganization, patient);

/* The groups in which people look for results, in the order in which they are shown. */
export const GROUPS = [
    'blood', 'body', 'urine', 'heart', 'lungs', 'stool', 'germs', 'allergy', 'mind', 'life', 'other', 'notes',
] as const;
export type Group = (typeof GROUPS)[number];

const SPECIMEN: [RegExp, Group][] = [
    [/urine/i, 'urine'],
    [/stool|faec|fec(es|al)/i, 'stool'],
    [/blood pressure|body (weight|height|temp)/i, 'body'],
    [/blood|serum|plasma/i, 'blood'],
];
const CATEGORY: Record<string, Group> = { 'vital-signs': 'body', 'social-history': 'life', survey: 'mind' };

/* By its plain words; where it has none, by what its own words and its category say. */
export function groupOf(series: Series): Group {
    const res = series.points[0]!.res;
    const known = layOf(res.code)?.group;
    if (known && (GROUPS as readonly string[]).includes(known)) {
        return known as Group;
    }
    const said = `${series.title} ${list<any>(res.code?.coding).map((c) => c.display ?? '').join(' ')}`;
    const specimen = SPECIMEN.find(([words]) => words.test(said));
    const category = list<any>(res.category).map((c) => CATEGORY[statusCode(c)]).find(Boolean);
    return specimen?.[1] ?? category ?? 'other';
}

export const isOutside = (series: Series): boolean => OUTSIDE.includes(standing(series.points[0]!.res));

/* Whether the places that measured have different usual ranges. */
export const rangesDiffer = (ranges: readonly string[]): boolean =>
    new Set(ranges.filter(Boolean)).size > 1;
