/* Plans, support and teams as a page has them. Pure. */
import { values } from '../texts/values.ts';
import { list, sentence, title, words, type Concept, type Ref, type Resource } from './fhir.ts';
import { wrong, type RecordIndex } from './record.ts';

/* ---- how often ---- */

export interface HowOften {
    times: number; /* in a period; 0: not said */
    period: number;
    unit: string; /* h, d, wk, mo, a; '' not said */
    days: string[]; /* mon, tue ... */
    at: string[]; /* 08:00 */
    minutes: number; /* each time; 0: not said */
    text: string; /* what the timing itself says in words */
}

const MINUTES: Record<string, number> = { min: 1, h: 60 };

export function howOften(timing: any): HowOften | null {
    const r = timing?.repeat;
    const text = title(timing?.code);
    if (!r && !text) {
        return null;
    }
    return {
        times: Number(r?.frequency ?? (r?.period ? 1 : 0)),
        period: Number(r?.period ?? 0),
        unit: String(r?.periodUnit ?? ''),
        days: list<string>(r?.dayOfWeek),
        at: list<string>(r?.timeOfDay).map((t) => String(t).slice(0, 5)),
        minutes: Number(r?.duration ?? 0) * (MINUTES[r?.durationUnit] ?? 0),
        text,
    };
}

/* ---- support ---- */

export interface SupportLine {
    res: Resource;
    what: string;
    how: string; /* in the words of those who arranged it */
    often: HowOften | null;
    who: string[];
    from: string;
    until: string;
    facts: [string, string][]; /* 'Hours a week', '12.5' */
    waits: boolean; /* arranged, and on hold */
}

const SOCIAL = 'https://kith.care/fhir/CodeSystem/service-category';
const isSocial = (concepts: unknown): boolean =>
    list<Concept>(concepts as Concept[]).some(
        (c) =>
            list(c.coding).some((k) => k.system === SOCIAL && k.code === 'social-care') ||
            /social care/i.test(words(c)),
    );

function lineOfRequest(index: RecordIndex, r: Resource): SupportLine {
    const timing = r.occurrenceTiming;
    const period = timing?.repeat?.boundsPeriod ?? r.occurrencePeriod ?? {};
    return {
        res: r,
        what: title(r.code) || values().support,
        how: String(r.patientInstruction ?? ''),
        often: howOften(timing),
        who: list<Ref>(r.performer)
            .map((ref) => index.name(ref, r))
            .filter(Boolean),
        from: String(period.start ?? r.occurrenceDateTime ?? ''),
        until: String(period.end ?? ''),
        facts: [],
        waits: r.status === 'on-hold',
    };
}

const valueOf = (input: any): string =>
    input.valueMoney
        ? `£${Number(input.valueMoney.value).toLocaleString('en-GB', { minimumFractionDigits: 2 })}`
        : String(input.valueDecimal ?? input.valueInteger ?? input.valueString ?? '');

function lineOfTask(index: RecordIndex, r: Resource): SupportLine {
    return {
        res: r,
        what: String(r.description ?? '') || title(r.code),
        how: '',
        often: null,
        who: [index.name(r.owner, r)].filter(Boolean),
        from: String(r.executionPeriod?.start ?? ''),
        until: String(r.executionPeriod?.end ?? ''),
        facts: list<any>(r.input)
            .map((i): [string, string] => [words(i.type), valueOf(i)])
            .filter(([label, value]) => label && value),
        waits: r.status === 'on-hold',
    };
}

const byStart = (a: { from: string }, b: { from: string }) => b.from.localeCompare(a.from);

/* What is arranged now: orders of social care that repeat, and packages. */
export function support(index: RecordIndex): SupportLine[] {
    const now = (r: Resource) => ['active', 'on-hold', 'in-progress', 'accepted'].includes(r.status);
    const requests = index
        .of('ServiceRequest')
        .filter(
            (r) => now(r) && isSocial(r.category) && (r.occurrenceTiming || r.occurrencePeriod),
        )
        .map((r) => lineOfRequest(index, r));
    const packages = index
        .of('Task')
        .filter((r) => now(r) && /social care package/i.test(words(r.code)))
        .map((r) => lineOfTask(index, r));
    return [...requests.sort(byStart), ...packages.sort(byStart)];
}

/* ---- plans ---- */

export interface PlanGoal {
    text: string;
    due: string;
    own: boolean; /* what the person wants, in their own words */
    state: string;
}
export interface PlanStep {
    text: string;
    state: string; /* the code of its status */
    who: string[];
    from: string;
    often: HowOften | null;
}
export interface Plan {
    res: Resource;
    title: string;
    about: string;
    by: string;
    from: string;
    until: string;
    goals: PlanGoal[];
    steps: PlanStep[];
}

const isPatient = (ref: Ref | undefined): boolean =>
    /(^|\/)Patient\//.test(ref?.reference ?? '');

function goalsOf(index: RecordIndex, plan: Resource): PlanGoal[] {
    return list<Ref>(plan.goal)
        .map((ref) => index.find(ref, plan))
        .filter((g): g is Resource => g !== undefined && !wrong(g))
        .map((g) => ({
            text: title(g.description),
            due: String(list<any>(g.target)[0]?.dueDate ?? ''),
            own: isPatient(g.expressedBy),
            state: String(g.lifecycleStatus ?? ''),
        }))
        .filter((g) => g.text);
}

function stepOf(index: RecordIndex, plan: Resource, activity: any): PlanStep | null {
    const found = activity.reference ? index.find(activity.reference, plan) : undefined;
    if (found?.resourceType === 'ServiceRequest') {
        const line = lineOfRequest(index, found);
        return {
            text: line.what,
            state: found.status === 'active' ? 'in-progress' : String(found.status ?? ''),
            who: line.who,
            from: line.from,
            often: line.often,
        };
    }
    const d = activity.detail;
    const text = d?.description || title(d?.code) || activity.reference?.display || '';
    return text
        ? {
              text: String(text),
              state: String(d?.status ?? ''),
              who: list<Ref>(d?.performer)
                  .filter((ref) => !isPatient(ref))
                  .map((ref) => index.name(ref, plan))
                  .filter(Boolean),
              from: String(d?.scheduledPeriod?.start ?? ''),
              often: howOften(d?.scheduledTiming),
          }
        : null;
}

function planOf(index: RecordIndex, r: Resource): Plan {
    return {
        res: r,
        title: String(r.title ?? '') || list<Concept>(r.category).map(title)[0] || sentence('care-plan'),
        about: String(r.description ?? ''),
        by: index.name(r.author, r),
        from: String(r.period?.start ?? r.created ?? ''),
        until: String(r.period?.end ?? ''),
        goals: goalsOf(index, r),
        steps: list<any>(r.activity)
            .map((a) => stepOf(index, r, a))
            .filter((s): s is PlanStep => s !== null),
    };
}

export function plans(index: RecordIndex, now = new Date().toISOString()): { current: Plan[]; past: Plan[] } {
    const all = index
        .of('CarePlan')
        .filter((r) => !wrong(r) && r.intent !== 'proposal')
        .map((r) => planOf(index, r))
        .sort(byStart);
    const isNow = (p: Plan) =>
        ['active', 'on-hold', 'draft'].includes(p.res.status) && !(p.until && p.until < now.slice(0, p.until.length));
    return { current: all.filter(isNow), past: all.filter((p) => !isNow(p)) };
}

/* ---- people ---- */

export interface Member {
    name: string;
    role: string;
}
export interface Team {
    res: Resource;
    name: string;
    members: Member[];
}

export function teams(index: RecordIndex): Team[] {
    return index
        .of('CareTeam')
        .filter((r) => !wrong(r) && ['active', undefined].includes(r.status))
        .map((r) => ({
            res: r,
            name: String(r.name ?? '') || list<Concept>(r.category).map(title)[0] || '',
            members: list<any>(r.participant)
                .filter((p) => !isPatient(p.member))
                .map((p) => ({
                    name: index.name(p.member, r),
                    role: list<Concept>(p.role).map(title).filter(Boolean).join(', '),
                }))
                .filter((m) => m.name || m.role),
        }));
}
