/* What the home page tells of a record: what is new, what comes next, what waits. Pure. */
import { sortTime } from './dates.ts';
import { list, type Resource } from './fhir.ts';
import { isOverride, isProgram, type Look } from './looks.ts';
import { wrong, type RecordIndex } from './record.ts';
import { observationDate } from './series.ts';
import { entryOf, shown } from './timeline.ts';

/* Choices and permissions are on pages of their own, and who made them knows of them. */
const NOT_NEW = ['Consent', 'CareTeam', 'RelatedPerson'];

const newsOf = (index: RecordIndex): Resource[] =>
    shown(index).filter((r) => !NOT_NEW.includes(r.resourceType) && !wrong(r));

const changedAt = (r: Resource): number => Date.parse(r.meta?.lastUpdated ?? '') || 0;

/* Alike entries once. */
function onceEach(all: Resource[], index: RecordIndex): Resource[] {
    const seen = new Set<Resource>();
    return all.filter((r) => {
        const fresh = !seen.has(r);
        index.aboutOf(r).alike.forEach((x) => seen.add(x));
        return fresh;
    });
}

/* What was put into the record after somebody looked last, the newest first. */
export const newSince = (index: RecordIndex, before: number): Resource[] =>
    onceEach(
        newsOf(index)
            .filter((r) => changedAt(r) > before)
            .sort((a, b) => changedAt(b) - changedAt(a)),
        index,
    );

/* The newest entries by their own dates, for whoever comes for the first time. */
export function latest(index: RecordIndex, now: number): Resource[] {
    const dated = newsOf(index)
        .map((r) => ({ r, at: entryOf(r, index).time }))
        .filter(({ at }) => at <= now)
        .sort((a, b) => b.at - a.at);
    return onceEach(
        dated.map(({ r }) => r),
        index,
    );
}

/* About something that not everybody who can see the screen should read: its name waits for a press. */
export const isPrivate = (r: Resource): boolean =>
    list(r.meta?.security).some((c) => PRIVATE.includes(c.code ?? ''));
const PRIVATE = ['sealed', 'MH', 'SEX', 'HIV', 'SUD', 'VIO', 'GDIS', 'R', 'V'];

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
