/* Looks that are closer than work makes them: at one's own record, a relative's, a colleague's. */
import { get, matchesOf } from '../api.ts';
import { showDate } from '../model/dates.ts';
import { list, localReference, type Bundle, type Resource } from '../model/fhir.ts';
import { reviews } from '../texts/reviews.ts';
import { More, TroubleBox } from './basic.tsx';
import { useLoaded } from './form.tsx';

const SYSTEM = 'https://kith.care/fhir/CodeSystem/audit-class';
const CLASSES = ['own-record', 'relative', 'colleague'];
const DAYS = 30;
const MOST = 200;

interface Row {
    who: string;
    patient: string;
    what: string;
    day: string;
    count: number;
}

function path(): string {
    const since = new Date(Date.now() - DAYS * 86400000).toISOString().slice(0, 10);
    const query = new URLSearchParams([
        ['subtype', CLASSES.map((c) => `${SYSTEM}|${c}`).join(',')],
        ['date', `ge${since}`],
        ['_count', String(MOST)],
    ]);
    return `AuditEvent?${query.toString()}`;
}

const patientOf = (event: Resource): string =>
    list<any>(event.entity)
        .map((e) => localReference(e.what?.reference))
        .find((r) => r.startsWith('Patient/')) ?? '';

/* One row for a person, a record and a day; newest first, as they come. */
function rowsOf(events: Resource[]): Row[] {
    const { closeLooks: t, somebody } = reviews();
    const rows = new Map<string, Row>();
    for (const event of events) {
        const code = list<any>(event.subtype).find((c) => c.system === SYSTEM)?.code ?? '';
        const agent = list<any>(event.agent)[0];
        const who = String(agent?.name ?? agent?.who?.display ?? somebody);
        const patient = patientOf(event).replace(/^Patient\//, '');
        const day = showDate(event.recorded);
        const key = [who, patient, code, day].join('\n');
        const row = rows.get(key) ?? { who, patient, what: t.classes[code] ?? '', day, count: 0 };
        row.count++;
        rows.set(key, row);
    }
    return [...rows.values()];
}

export function CloseLooks() {
    const t = reviews().closeLooks;
    const loaded = useLoaded(
        (signal) => get<Bundle>(path(), signal).then((b) => rowsOf(matchesOf(b))),
        [],
    );
    const rows = loaded.value;
    if (loaded.trouble) {
        return <TroubleBox trouble={loaded.trouble} again={loaded.again} />;
    }
    if (!rows?.length) {
        return null;
    }
    return (
        <More summary={t.summary(DAYS, rows.length)}>
            <ul>
                {rows.map((r) => (
                    <li key={[r.who, r.patient, r.what, r.day].join('\n')}>
                        {t.lookedAt(r.who, r.what, r.day)}
                        {r.count > 1 ? `, ${t.times(r.count)}` : ''}.{' '}
                        {r.patient ? (
                            <a href={`#/people/${encodeURIComponent(r.patient)}/access`}>
                                {t.whoLooked}
                                <span class="nhsuk-u-visually-hidden">
                                    : {r.who}, {r.day}
                                </span>
                            </a>
                        ) : null}
                    </li>
                ))}
            </ul>
        </More>
    );
}
