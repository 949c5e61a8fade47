/* Looks that are closer than work makes them: at one's own record, a relative's, a colleague's. */
import { get, matchesOf } from '../api.ts';
import { showDate } from '../model/dates.ts';
import { list, localReference, type Bundle, type Resource } from '../model/fhir.ts';
import { More, TroubleBox, plural } from './basic.tsx';
import { useLoaded } from './form.tsx';

const SYSTEM = 'https://kith.care/fhir/CodeSystem/audit-class';
const CLASSES: Record<string, string> = {
    'own-record': 'their own record',
    relative: 'the record of somebody they act for, or who acts for them',
    colleague: 'the record of a colleague',
};
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
        ['subtype', Object.keys(CLASSES).map((c) => `${SYSTEM}|${c}`).join(',')],
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
    const rows = new Map<string, Row>();
    for (const event of events) {
        const code = list<any>(event.subtype).find((c) => c.system === SYSTEM)?.code ?? '';
        const agent = list<any>(event.agent)[0];
        const who = String(agent?.name ?? agent?.who?.display ?? 'Somebody');
        const patient = patientOf(event).replace(/^Patient\//, '');
        const day = showDate(event.recorded);
        const key = [who, patient, code, day].join('\n');
        const row = rows.get(key) ?? { who, patient, what: CLASSES[code] ?? '', day, count: 0 };
        row.count++;
        rows.set(key, row);
    }
    return [...rows.values()];
}

export function CloseLooks() {
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
        <More summary={`Close to home in ${DAYS} days: ${plural(rows.length, 'case')}`}>
            <ul>
                {rows.map((r) => (
                    <li key={[r.who, r.patient, r.what, r.day].join('\n')}>
                        {r.who} looked at {r.what}, {r.day}
                        {r.count > 1 ? `, ${r.count} times` : ''}.{' '}
                        {r.patient ? (
                            <a href={`#/people/${encodeURIComponent(r.patient)}/access`}>
                                Who looked at this record
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
