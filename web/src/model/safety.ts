/*
 * What a professional has to know of somebody before anything else, of the entries of all places:
 * alerts, who looks after them, the package of care, plans, letters, what comes next. Pure.
 */
import { safety } from '../texts/safety.ts';
import { contactPeople } from './contacts.ts';
import { civil, showDate, sortTime, type Civil } from './dates.ts';
import {
    conceptKey,
    list,
    localReference,
    title,
    words,
    type Concept,
    type Resource,
} from './fhir.ts';
import { allergies, wrong, type Allergy, type RecordIndex } from './record.ts';
import { observationDate, results, type Series } from './series.ts';
import { sourceLine } from './source.ts';

/* '3 days ago'; '' for what has no date. A partial date counts from its start. */
export function ago(value: unknown, now: Civil): string {
    const c = civil(value);
    if (!c) {
        return '';
    }
    const day = (d: Civil) => Date.UTC(d.year, (d.month ?? 1) - 1, d.day ?? 1) / 86400000;
    const days = Math.round(day(now) - day(c));
    const t = safety().ago;
    if (!c.month) {
        return now.year === c.year ? t.thisYear : t.years(now.year - c.year);
    }
    if (days < 0) {
        return t.on(showDate(value));
    }
    return days === 0
        ? t.today
        : days === 1
          ? t.yesterday
          : days < 14
            ? t.days(days)
            : days < 61
              ? t.weeks(Math.floor(days / 7))
              : days < 730
                ? t.months(Math.floor(days / 30.44))
                : t.years(Math.floor(days / 365.25));
}

/* When somebody wrote this down, as far as it says so. */
export const recordedAt = (r: Resource): string =>
    r.recordedDate ??
    r.authoredOn ??
    r.dateAsserted ??
    r.date ??
    (r.resourceType === 'Observation' ? observationDate(r) : undefined) ??
    r.created ??
    r.issued ??
    r.sent ??
    r.period?.start ??
    /* an appointment's day is not how old it is */
    (r.resourceType === 'Appointment' ? undefined : r.meta?.lastUpdated) ??
    '';

/* 'Dr Ann Lee, Harbour Street Surgery, 3 days ago; also at Aldermarsh Hospital' */
export function sourceAndAge(index: RecordIndex, r: Resource, now: Civil): string {
    const about = index.aboutOf(r);
    const others = about.alike
        .filter((x) => x !== r)
        .map((x) => index.aboutOf(x).place)
        .concat(about.also)
        .filter((place) => place && place !== about.place);
    const source = sourceLine(index, r) || about.place;
    const own = [source, ago(recordedAt(r), now)].filter(Boolean).join(', ');
    const also = [...new Set(others)].filter((place) => !source.includes(place)).join(', ');
    return also ? safety().alsoAt(own, also) : own;
}

/* One of those that are likely the same thing at several places: this node's own before others. */
function once(index: RecordIndex, all: Resource[]): Resource[] {
    const seen = new Set<Resource>();
    return all.filter((r) => {
        if (seen.has(r)) {
            return false;
        }
        index.aboutOf(r).alike.forEach((x) => seen.add(x));
        seen.add(r);
        return true;
    });
}

const running = (period: { start?: string; end?: string } | undefined, at: number): boolean => {
    const start = sortTime(period?.start);
    const end = sortTime(period?.end);
    /* a day that is the end is still part of it */
    return !(start > at) && !(end + 86400000 <= at);
};

const newest = (a: Resource, b: Resource): number =>
    (sortTime(recordedAt(b)) || 0) - (sortTime(recordedAt(a)) || 0);

/* ---- allergies ---- */

/* The same allergy of several places stands once, with what each says of it. */
export function foldedAllergies(index: RecordIndex): {
    active: Allergy[];
    none: Resource[];
    past: Allergy[];
    ruledOut: Allergy[];
} {
    const all = allergies(index);
    const fold = (some: Allergy[]) => {
        const byKey = new Map<string, Allergy>();
        for (const a of some) {
            const key = conceptKey(a.res.code) || a.title.toLowerCase();
            const had = byKey.get(key);
            if (!had) {
                byKey.set(key, { ...a });
                continue;
            }
            const said = new Set([had.reactions, a.reactions].filter(Boolean));
            had.reactions = [...said].join('; ');
            had.criticality =
                a.criticality === 'high' ? a.criticality : had.criticality || a.criticality;
            /* one that is sure is enough */
            had.doubt = had.doubt && a.doubt;
        }
        return [...byKey.values()];
    };
    return {
        active: fold(all.active).sort(
            (a, b) => Number(b.criticality === 'high') - Number(a.criticality === 'high'),
        ),
        none: once(index, all.none).slice(0, 1),
        past: fold(all.past),
        ruledOut: fold(all.ruledOut),
    };
}

/* ---- alerts ---- */

export interface Alert {
    res: Resource;
    title: string;
    kind: string;
    until: string;
}

export function alerts(index: RecordIndex, at: number): Alert[] {
    const flags = index
        .of('Flag')
        .filter((f) => !wrong(f) && f.status === 'active' && running(f.period, at));
    return once(index, flags)
        .sort(newest)
        .map((res) => ({
            res,
            title: title(res.code) || safety().alertWithoutWords,
            kind: list<Concept>(res.category).map(title).filter(Boolean).join(', '),
            until: res.period?.end ?? '',
        }));
}

/* ---- results ---- */

const RECENT_MS = 183 * 86400000;
const KINDS = 5;

/* Those of the last six months, or the newest five kinds where there are fewer. */
export function recentResults(index: RecordIndex, at: number): Series[] {
    const all = results(index).filter((s) => s.group !== 'Other observations');
    const recent = all.filter((s) => s.time > at - RECENT_MS);
    const some = recent.length >= KINDS ? recent : all.slice(0, KINDS);
    const flagged = (s: Series) => Number(Boolean(s.points[0]!.flag));
    return [...some].sort((a, b) => flagged(b) - flagged(a));
}

/* ---- who looks after them ---- */

export interface Carer {
    key: string; /* 'Practitioner/x', where there is one */
    name: string;
    role: string;
    phone: string;
    team: string;
}

const phoneOf = (r: Resource | undefined): string =>
    list<any>(r?.telecom).find((t) => t.system === 'phone' && t.value && t.use !== 'old')?.value ??
    '';

/* `directory`: roles, organisations and people whose telephones are known besides the record. */
export function carers(
    index: RecordIndex,
    patient: Resource | null,
    directory: Resource[],
    at: number,
): Carer[] {
    const out = new Map<string, Carer>();
    const phone = (reference: string): string => {
        const role = directory.find(
            (d) =>
                d.resourceType === 'PractitionerRole' &&
                localReference(d.practitioner?.reference) === reference,
        );
        const organisation = directory.find(
            (d) =>
                d.resourceType === 'Organization' &&
                `Organization/${d.id}` ===
                    localReference(role?.organization?.reference ?? reference),
        );
        return phoneOf(index.byReference.get(reference)) || phoneOf(role) || phoneOf(organisation);
    };
    const add = (ref: any, role: string, team: string) => {
        const key = localReference(ref?.reference);
        const name = index.name(ref);
        if (!name) {
            return;
        }
        const had = out.get(key || name);
        if (had) {
            had.role = had.role || role;
            had.team = had.team || team;
        } else {
            out.set(key || name, { key, name, role, phone: phone(key), team });
        }
    };
    list<any>(patient?.generalPractitioner).forEach((ref) =>
        add(ref, localReference(ref.reference).startsWith('Org') ? safety().practice : safety().gp, ''),
    );
    const teams = index
        .of('CareTeam')
        .filter((t) => t.status === 'active' && running(t.period, at));
    for (const team of once(index, teams)) {
        list<any>(team.participant)
            .filter((p) => running(p.period, at) && !/Patient\//.test(p.member?.reference ?? ''))
            .forEach((p) =>
                add(p.member, list<Concept>(p.role).map(title).join(', '), team.name ?? ''),
            );
    }
    const close = contactPeople(index, patient).sort((a, b) => Number(b.carer) - Number(a.carer));
    for (const c of close) {
        const key = c.key || c.name;
        const roles = [c.relation, c.carer ? safety().carer : '', c.emergency ? safety().emergency : ''];
        const role = roles.filter(Boolean).join(', ');
        const had = out.get(key);
        out.set(key, {
            key: c.key,
            name: c.name,
            role: had?.role || role,
            phone: c.reach.find((r) => r.kind === 'phone')?.value ?? '',
            team: had?.team ?? '',
        });
    }
    return [...out.values()];
}

/* ---- the package of care, plans, letters, what comes next ---- */

const OPEN_TASK = ['requested', 'received', 'accepted', 'ready', 'in-progress', 'on-hold'];

export const packages = (index: RecordIndex): Resource[] =>
    once(
        index,
        index
            .of('Task')
            .filter(
                (t) => /social care package/i.test(words(t.code)) && OPEN_TASK.includes(t.status),
            ),
    ).sort(newest);

export const plans = (index: RecordIndex, at: number): Resource[] =>
    once(
        index,
        index
            .of('CarePlan')
            .filter((p) => p.status === 'active' && p.intent === 'plan' && running(p.period, at)),
    ).sort(newest);

export const documents = (index: RecordIndex): Resource[] =>
    once(
        index,
        index
            .of('DocumentReference', 'Composition')
            .filter((d) => !wrong(d) && !['superseded'].includes(d.status)),
    ).sort(newest);

export const documentTitle = (d: Resource): string =>
    d.title || d.description || title(d.type) || safety().untitled;

export const coming = (index: RecordIndex, at: number): Resource[] =>
    once(
        index,
        index
            .of('Appointment')
            .filter(
                (a) =>
                    ['booked', 'pending', 'arrived', 'checked-in'].includes(a.status) &&
                    sortTime(a.end ?? a.start) > at,
            ),
    ).sort((a, b) => sortTime(a.start) - sortTime(b.start));

/* ---- what to know before speaking with them ---- */

const INTERPRETER = /interpreterRequired/i;

/* 'Pronouns: they/them', 'Speaks Polish: an interpreter is needed' */
export function needsOf(patient: Resource): string[] {
    const pronouns = list<any>(patient.extension).find((e) =>
        /individual-pronouns$/.test(e.url ?? ''),
    );
    const value = list<any>(pronouns?.extension).find((e) => e.url === 'value');
    const said = words(value?.valueCodeableConcept ?? pronouns?.valueCodeableConcept);
    const interpreter = [
        ...list<any>(patient.extension),
        ...list<any>(patient.communication).flatMap((c) => list<any>(c.extension)),
    ]
        .flatMap((e) => [e, ...list<any>(e.extension)])
        .some((e) => INTERPRETER.test(e.url ?? '') && e.valueBoolean === true);
    const languages = list<any>(patient.communication)
        .sort((a, b) => Number(Boolean(b.preferred)) - Number(Boolean(a.preferred)))
        .map((c) => title(c.language))
        .filter((words) => words && (interpreter || !/^English/.test(words)));
    const t = safety();
    const speaks = languages.length ? t.speaks(languages.join(', ')) : '';
    return [
        said ? t.pronouns(said) : '',
        speaks && interpreter ? t.speaksNeeds(speaks) : speaks,
        !speaks && interpreter ? t.needsInterpreter : '',
    ].filter(Boolean);
}
