/* The frame of a record: who it is, where you are in it, and one of its pages. */
import { Banner } from '../parts/banner.tsx';
import { PersonLinks } from '../parts/person.tsx';
import { NoCare, NotShown, PartOnly, WithheldBanner } from '../parts/withheld.tsx';
import { Heading, Status, TroubleBox, plural, useTitle } from '../parts/basic.tsx';
import { useRecord, type Loaded } from '../load.ts';
import { isPatient, mayDo, type Session } from '../model/account.ts';
import { patientName } from '../model/people.ts';
import { shown } from '../model/timeline.ts';
import { recordHref, type Route, type Tab } from '../router.ts';
import { DetailsPage } from './details.tsx';
import { EntryPage } from './entry.tsx';
import { ResultPage, ResultsPage } from './results.tsx';
import { SummaryPage } from './summary.tsx';
import { TimelinePage } from './timeline.tsx';

export type RecordRoute = Extract<Route, { page: 'record' | 'result' | 'entry' }>;

const TAB_WORDS: Record<Tab, string> = {
    summary: 'Summary',
    results: 'Results',
    timeline: 'Timeline',
    details: 'Details',
};

function tabOf(route: RecordRoute): Tab | '' {
    return route.page === 'record' ? route.tab : route.page === 'result' ? 'results' : '';
}

function Tabs({ route }: { route: RecordRoute }) {
    const current = tabOf(route);
    return (
        <nav class="k-tabs" aria-label="Record">
            <ul class="nhsuk-width-container k-tabs__list">
                {(Object.keys(TAB_WORDS) as Tab[]).map((tab) => (
                    <li>
                        <a
                            href={recordHref(route.id, tab)}
                            aria-current={
                                tab === current
                                    ? route.page === 'record'
                                        ? 'page'
                                        : 'true'
                                    : undefined
                            }
                        >
                            {TAB_WORDS[tab]}
                        </a>
                    </li>
                ))}
            </ul>
        </nav>
    );
}

/* Whether the role has to do with health at all; a receptionist's has not. */
const seesHealth = (session: Session): boolean =>
    ['view-record', 'view-medicines', 'research'].some((a) => mayDo(session, a));

function Page({ route, record }: { route: RecordRoute; record: Loaded }) {
    switch (route.page) {
        case 'result':
            return <ResultPage record={record} seriesKey={route.key} />;
        case 'entry':
            return <EntryPage record={record} type={route.type} id={route.entry} />;
        case 'record':
            switch (route.tab) {
                case 'results':
                    return <ResultsPage record={record} />;
                case 'timeline':
                    return <TimelinePage record={record} query={route.query} />;
                case 'details':
                    return <DetailsPage record={record} />;
                default:
                    return <SummaryPage record={record} />;
            }
    }
}

function Loading() {
    return (
        <div class="k-loading" aria-hidden="true">
            <div class="k-loading__bar" />
            <div class="k-loading__bar" />
            <div class="k-loading__bar" />
            <p>Reading the record</p>
        </div>
    );
}

function printedAt(record: Loaded): string {
    const when = new Date(record.readAt);
    return when.toLocaleString('en-GB', {
        timeZone: 'Europe/London',
        dateStyle: 'medium',
        timeStyle: 'short',
    });
}

export function RecordPage({ route, session }: { route: RecordRoute; session: Session }) {
    const { record, again } = useRecord(route.id, !isPatient(session));
    const narrow = !isPatient(session) && !seesHealth(session);
    const bare = record.closed || narrow; /* who the person is, and nothing else */
    const tab = tabOf(route);
    const name = record.patient ? patientName(record.patient) : '';
    useTitle([tab ? TAB_WORDS[tab] : 'Entry', name].filter(Boolean).join(': '));
    return (
        <div class="k-record">
            {record.patient ? (
                <Banner
                    patient={record.patient}
                    index={record.index}
                    done={record.done}
                    bare={bare}
                />
            ) : null}
            {bare || (record.trouble && !record.patient) ? null : <Tabs route={route} />}
            <div class="nhsuk-width-container">
                <main class="nhsuk-main-wrapper k-main" id="main" tabIndex={-1}>
                    <Status>
                        {record.done ? 'Record read' : record.trouble ? '' : 'Reading the record'}
                    </Status>
                    {isPatient(session) || (record.done && !record.closed) ? (
                        <PersonLinks id={route.id} session={session} page="record" />
                    ) : null}
                    {record.done && record.withheld ? (
                        <WithheldBanner id={route.id} session={session} again={again} />
                    ) : null}
                    {record.trouble ? (
                        <>
                            <Heading>{record.patient ? 'Record' : 'Record not shown'}</Heading>
                            <TroubleBox trouble={record.trouble} again={again} />
                            <NotShown
                                id={route.id}
                                session={session}
                                trouble={record.trouble}
                                again={again}
                            />
                            {mayDo(session, 'view-demographics') ? (
                                <p>
                                    <a href="#/find">Find a person</a>
                                </p>
                            ) : null}
                        </>
                    ) : record.done && bare ? (
                        <>
                            {narrow ? <PartOnly all={false} /> : null}
                            {!narrow ? (
                                <NoCare id={route.id} session={session} again={again} />
                            ) : null}
                            <DetailsPage record={record} bare />
                        </>
                    ) : record.done ? (
                        <>
                            {isPatient(session) || mayDo(session, 'view-record') ? null : (
                                <PartOnly all />
                            )}
                            <Page route={route} record={record} />
                        </>
                    ) : (
                        <Loading />
                    )}
                    {record.done ? (
                        <p class="k-quiet k-foot">
                            {bare
                                ? 'Read'
                                : `${plural(shown(record.index).length, 'entry', 'entries')}, read`}{' '}
                            from this node at {printedAt(record)}.{' '}
                            <button type="button" class="k-link-button" onClick={again}>
                                Read again
                            </button>
                        </p>
                    ) : null}
                </main>
            </div>
        </div>
    );
}
