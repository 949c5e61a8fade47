/* What the home page tells of a record: what is new, what comes next, what waits. Pure. */
import { sortTime } from './dates.ts';
import { list, type Resource } from './fhir.ts';
import { isOverride, isProgram, type Look } from './looks.ts';
import { observationDate, wrong, type RecordIndex } from './record.ts';
import { shown } from './timeline.ts';

/* Choices and permissions are on pages of their own, and who made them knows of them. */
const NOT_NEW = ['Consent', 'CareTeam', 'RelatedPerson'];

const newsOf = (index: RecordIndex): Resource[] =>
    shown(index).filter((r) => !NOT_NEW.includes(r.resourceType) && !wrong(r));

const changedAt = (r: Resource): number => Date.parse(r.meta?.lastUpdated ?? '') || 0;

/* What was put into the record after somebody looked last, the newest first; alike entries once. */
export function newSince(index: RecordIndex, before: number): Resource[] {
    const seen = new Set<Resource>();
    return newsOf(index)
        .filter((r) => changedAt(r) > before)
        .sort((a, b) => changedAt(b) - changedAt(a))
        .filter((r) => {
            const fresh = !seen.has(r);
            index.aboutOf(r).alike.forEach((x) => seen.add(x));
            return fresh;
        });
}

const when = (r: Resource): number =>
    sortTime(
        r.resourceType === 'Observation'
            ? observationDate(r)
            : (r.sent ?? r.received ?? r.authoredOn ?? r.date ?? r.effectiveDateTime ?? r.issued),
    ) || 0;

/* The newest entry of these types, and null where there is none. */
export const newestOf = (index: RecordIndex, ...types: string[]): Resource | null =>
    index
        .of(...types)
        .filter((r) => !wrong(r))
        .reduce<Resource | null>((best, r) => (!best || when(r) > when(best) ? r : best), null);

const OFF = ['cancelled', 'noshow', 'entered-in-error', 'fulfilled'];

/* Appointments still to come, the next one first: those that hold, and those that wait for a yes. */
export function appointments(
    index: RecordIndex,
    now: number,
): { booked: Resource[]; offered: Resource[] } {
    const ahead = index
        .of('Appointment')
        .filter((a) => sortTime(a.start) > now && !OFF.includes(a.status))
        .sort((a, b) => sortTime(a.start) - sortTime(b.start));
    const waits = (a: Resource) =>
        a.status === 'proposed' ||
        list<any>(a.participant).some(
            (p) => p.status === 'needs-action' && /Patient\//.test(p.actor?.reference ?? ''),
        );
    return { booked: ahead.filter((a) => !waits(a)), offered: ahead.filter(waits) };
}

const OPEN = ['requested', 'received', 'accepted', 'in-progress'];

/* What the person asked for, and nobody has answered. */
export const waiting = (index: RecordIndex): Resource[] =>
    index
        .of('Task')
        .filter((t) => OPEN.includes(t.status) && /Patient\//.test(t.requester?.reference ?? ''));

/* The newest look of a person who is not the one that asks. */
export const lastLook = (looks: Look[]): Look | null =>
    looks.find(
        (l) => (['person', 'proxy'].includes(l.class) || isOverride(l)) && !isProgram(l) && l.name,
    ) ?? null;
