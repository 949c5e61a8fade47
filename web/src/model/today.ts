/* The appointments of one day, as a list to work from. Pure. */
import { civil, sortTime, type Civil } from './dates.ts';
import { list, localReference, words, type Concept, type Ref, type Resource } from './fhir.ts';

export interface Slot {
    res: Resource;
    time: string; /* '09:30', in London */
    end: string;
    patient: string; /* id */
    person: Resource | undefined;
    name: string; /* as the appointment has it, for whose record is not shown */
    reason: string;
    status: string;
    practitioners: string[]; /* 'Practitioner/x' */
    with: string;
}

/* Between two instants, whatever the clocks do: from a day before to a day after, and then by London's day. */
export function dayQuery(now: Civil): [string, string][] {
    const noon = Date.UTC(now.year, (now.month ?? 1) - 1, now.day ?? 1, 12);
    const at = (hours: number) => new Date(noon + hours * 3600000).toISOString();
    return [
        ['date', `ge${at(-13)}`],
        ['date', `lt${at(13)}`],
        ['_sort', 'date'],
        ['_include', 'Appointment:patient'],
        ['_count', '200'],
    ];
}

const NOT_TODAY = ['cancelled', 'entered-in-error', 'proposed', 'waitlist'];

export function slotsOf(found: Resource[], now: Civil): Slot[] {
    const people = new Map(
        found.filter((r) => r.resourceType === 'Patient').map((p) => [`Patient/${p.id}`, p]),
    );
    const day = `${now.year}-${now.month}-${now.day}`;
    const slots: Slot[] = [];
    for (const res of found) {
        const start = civil(res.start);
        if (
            res.resourceType !== 'Appointment' ||
            NOT_TODAY.includes(res.status) ||
            !start ||
            `${start.year}-${start.month}-${start.day}` !== day
        ) {
            continue;
        }
        const actors = list<any>(res.participant)
            .map((p) => p.actor as Ref | undefined)
            .filter((a): a is Ref => Boolean(a));
        const of = (type: string) =>
            actors.filter((a) => localReference(a.reference).startsWith(`${type}/`));
        const who = of('Patient')[0];
        if (!who) {
            continue;
        }
        const reference = localReference(who.reference);
        slots.push({
            res,
            time: start.time ?? '',
            end: civil(res.end)?.time ?? '',
            patient: reference.split('/')[1]!,
            person: people.get(reference),
            name: who.display ?? '',
            reason:
                list<Concept>(res.reasonCode).map(words).filter(Boolean).join(', ') ||
                res.description ||
                '',
            status: res.status ?? '',
            practitioners: of('Practitioner').map((a) => localReference(a.reference)),
            with: of('Practitioner')
                .map((a) => a.display)
                .filter(Boolean)
                .join(', '),
        });
    }
    return slots.sort((a, b) => sortTime(a.res.start) - sortTime(b.res.start));
}
