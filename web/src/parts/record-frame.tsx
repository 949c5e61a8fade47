/* The frame of a record: whose it is, where you are in it, who has answered, and one of its pages. */
import { useEffect, useState } from 'preact/hooks';
import type { ComponentType } from 'preact';
import { useRecord, type Loaded } from '../load.ts';
import { isPatient, mayDo, type Session } from '../model/account.ts';
import { patientName } from '../model/people.ts';
import { PATIENT_NAV, STAFF_NAV, type NavRow } from '../record-nav.ts';
import { recordHref, type Route } from '../router.ts';
import type { PageProps, RecordPageProps, RecordRow } from '../routes.ts';
import { common } from '../texts/common.ts';
import { recordNav } from '../texts/record-nav.ts';
import { Acting } from './acting.tsx';
import { Answered } from './answered.tsx';
import { Banner } from './banner.tsx';
import { Heading, Status, TroubleBox, useTitle } from './basic.tsx';
import { PersonLinks } from './person.tsx';
import { NoCare, NotShown, PartOnly, WithheldBanner } from './withheld.tsx';

/* The first part of a page's address below the person: 'result' of 'patient/:id/result/:key'. */
const pageOf = (route: Route): string => route.path.split('/')[2] ?? '';

const isAt = (row: NavRow, page: string): boolean =>
    row.page === page || (row.also?.includes(page) ?? false);

function Links({ id, page, rows }: { id: string; page: string; rows: readonly NavRow[] }) {
    const t = recordNav();
    return (
        <>
            {rows.map((row) => (
                <li key={row.page}>
                    <a
                        href={recordHref(id, row.page)}
                        aria-current={
                            row.page === page ? 'page' : isAt(row, page) ? 'true' : undefined
                        }
                    >
                        {t[row.words]}
                    </a>
                </li>
            ))}
        </>
    );
}

/* For professionals a row of tabs: one press from any page of the record to any other. */
function Tabs({ id, page }: { id: string; page: string }) {
    return (
        <nav class="k-tabs" aria-label={recordNav().record}>
            <ul class="nhsuk-width-container k-tabs__list">
                <Links id={id} page={page} rows={STAFF_NAV} />
            </ul>
        </nav>
    );
}

/* For patients a list beside the page; on a telephone behind one button, so that the page comes first. */
function SideMenu({ id, page }: { id: string; page: string }) {
    const [open, setOpen] = useState(false);
    useEffect(() => setOpen(false), [page]);
    return (
        <nav class="k-side" aria-label={recordNav().record}>
            <button
                type="button"
                class="k-side__button"
                aria-expanded={open}
                aria-controls="record-pages"
                onClick={() => setOpen(!open)}
            >
                {recordNav().more}
            </button>
            <ul class="k-side__list" id="record-pages" data-open={open ? '' : undefined}>
                <Links id={id} page={page} rows={PATIENT_NAV} />
            </ul>
        </nav>
    );
}

/* Whether the role has to do with health at all; a receptionist's has not. */
const seesHealth = (session: Session): boolean =>
    ['view-record', 'view-medicines', 'research'].some((a) => mayDo(session, a));

function Loading() {
    return (
        <div class="k-loading" aria-hidden="true">
            <div class="k-loading__bar" />
            <div class="k-loading__bar" />
            <div class="k-loading__bar" />
            <p>{common().reading}</p>
        </div>
    );
}

/* Who the person is, for whoever sees nothing else of the record. */
function Bare({ record }: { record: Loaded }) {
    const [Details, setDetails] = useState<ComponentType<{ record: Loaded; bare: boolean }> | null>(
        null,
    );
    useEffect(() => {
        void import('../pages/details.tsx').then((m) => setDetails(() => m.default));
    }, []);
    return Details ? <Details record={record} bare /> : <Loading />;
}

interface FrameProps extends PageProps {
    route: Route;
    row: RecordRow;
    Page: ComponentType<RecordPageProps> | null; /* null: its code is on its way */
}

function Inside(props: FrameProps & { record: Loaded; again: () => void }) {
    const { record, session, again, Page } = props;
    const id = record.id;
    const narrow = !isPatient(session) && !seesHealth(session);
    if (record.trouble) {
        return (
            <>
                <Heading>{record.patient ? 'Record' : 'Record not shown'}</Heading>
                <TroubleBox trouble={record.trouble} again={again} />
                <NotShown id={id} session={session} trouble={record.trouble} again={again} />
                {mayDo(session, 'view-demographics') ? (
                    <p>
                        <a href="#/find">{common().find}</a>
                    </p>
                ) : null}
            </>
        );
    }
    const { params, query } = props;
    const page = { session, params, query, record, again };
    if (record.patient && (narrow || record.closed)) {
        return (
            <>
                {narrow ? (
                    <PartOnly all={false} />
                ) : (
                    <NoCare id={id} session={session} again={again} />
                )}
                <Bare record={record} />
            </>
        );
    }
    if (!record.done || !Page) {
        return <Loading />;
    }
    return (
        <>
            {isPatient(session) || mayDo(session, 'view-record') ? null : <PartOnly all />}
            <Page {...page} />
        </>
    );
}

export function RecordFrame(props: FrameProps) {
    const { route, row, session, params } = props;
    const id = params.id!;
    const person = isPatient(session);
    const { record, again } = useRecord(id, !person, row.needs);
    const bare = record.closed || (!person && !seesHealth(session));
    const page = pageOf(route);
    const nav = (person ? PATIENT_NAV : STAFF_NAV).find((r) => isAt(r, page));
    const name = record.patient ? patientName(record.patient) : '';
    useTitle(
        [nav ? recordNav()[nav.words] : recordNav().record, name].filter(Boolean).join(': '),
    );
    const lost = record.trouble !== null && !record.patient;
    return (
        <div class="k-record">
            {record.patient ? (
                <>
                    <Acting patient={record.patient} session={session} />
                    <Banner
                        patient={record.patient}
                        index={record.index}
                        done={record.has.has('safety') || record.has.has('all')}
                        bare={bare}
                        small={person}
                    />
                </>
            ) : null}
            {bare || lost || person ? null : <Tabs id={id} page={page} />}
            <div class={`nhsuk-width-container${person && !lost ? ' k-beside' : ''}`}>
                {person && !lost ? <SideMenu id={id} page={page} /> : null}
                <main class="nhsuk-main-wrapper k-main" id="main" tabIndex={-1}>
                    <Status>
                        {record.done ? common().read : record.trouble ? '' : common().reading}
                    </Status>
                    {record.done && !bare ? <Answered record={record} again={again} /> : null}
                    {person || (record.done && !record.closed) ? (
                        <PersonLinks id={id} session={session} page="record" />
                    ) : null}
                    {record.done && record.withheld ? (
                        <WithheldBanner id={id} session={session} again={again} />
                    ) : null}
                    <Inside {...props} record={record} again={again} />
                </main>
            </div>
        </div>
    );
}
