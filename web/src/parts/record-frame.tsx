/* The frame of a record: whose it is, where you are in it, who has answered, and one of its pages. */
import { useEffect, useState } from 'preact/hooks';
import type { ComponentType } from 'preact';
import { useRecord, type Loaded } from '../load.ts';
import { isPatient, mayDo, type Session } from '../model/account.ts';
import { patientName } from '../model/people.ts';
import { isAt, pageOf, PATIENT_NAV, STAFF_NAV } from '../record-nav.ts';
import { recordHref, type Route } from '../router.ts';
import type { PageProps, RecordPageProps, RecordRow } from '../routes.ts';
import { common } from '../texts/common.ts';
import { recordNav } from '../texts/record-nav.ts';
import { Answered, lacksSome } from './answered.tsx';
import { Banner } from './banner.tsx';
import { Heading, Status, TroubleBox, useTitle } from './basic.tsx';
import { PersonLinks } from './person.tsx';
import { Beside } from './person-frame.tsx';
import { NoCare, NotShown, PartOnly, WithheldBanner } from './withheld.tsx';

/* For professionals a row of tabs: one press from any page of the record to any other. */
function Tabs({ id, page }: { id: string; page: string }) {
    const t = recordNav();
    return (
        <nav class="k-tabs" aria-label={t.record}>
            <ul class="nhsuk-width-container k-tabs__list">
                {STAFF_NAV.map((row) => (
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
                <Heading>{record.patient ? recordNav().record : recordNav().notShown}</Heading>
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
    const here = record.done || (record.patient && props.row.ready?.(record, params));
    if (!here || !Page) {
        return <Loading />;
    }
    return (
        <>
            {isPatient(session) || mayDo(session, 'view-record') ? null : <PartOnly all />}
            <Page {...page} />
        </>
    );
}

/* Everything of the page itself; what may be missing is said before it, that nothing is, after it. */
function Main(props: FrameProps & { record: Loaded; again: () => void; bare: boolean }) {
    const { record, again, bare, session } = props;
    const person = isPatient(session);
    const first = !person || lacksSome(record);
    const page = pageOf(props.route.path);
    /* the page of all places says who has answered, and where a patient begins what is withheld */
    const who =
        record.done && !bare && page !== 'joined' ? (
            <Answered record={record} again={again} />
        ) : null;
    const withheld =
        record.done && record.withheld && !(person && page === '') ? (
            <WithheldBanner id={record.id} session={session} again={again} />
        ) : null;
    return (
        <main class="nhsuk-main-wrapper k-main" id="main" tabIndex={-1}>
            <Status>{record.done ? common().read : record.trouble ? '' : common().reading}</Status>
            {first ? who : null}
            {!person && record.done && !record.closed ? (
                <PersonLinks id={record.id} session={session} page="record" />
            ) : null}
            {person ? null : withheld}
            <Inside {...props} />
            {person ? withheld : null}
            {first ? null : who}
        </main>
    );
}

export function RecordFrame(props: FrameProps) {
    const { route, row, session, params } = props;
    const id = params.id!;
    const person = isPatient(session);
    const { record, again } = useRecord(id, !person, row.needs);
    const bare = record.closed || (!person && !seesHealth(session));
    const page = pageOf(route.path);
    const nav = (person ? PATIENT_NAV : STAFF_NAV).find((r) => isAt(r, page));
    const name = record.patient ? patientName(record.patient) : '';
    useTitle(
        [nav ? recordNav()[nav.words] : recordNav().record, name].filter(Boolean).join(': '),
    );
    const main = <Main {...props} record={record} again={again} bare={bare} />;
    if (person) {
        return (
            <Beside id={id} patient={record.patient} session={session} route={route}>
                {main}
            </Beside>
        );
    }
    return (
        <>
            {record.patient ? (
                <Banner
                    patient={record.patient}
                    index={record.index}
                    done={record.has.has('safety') || record.has.has('all')}
                    bare={bare}
                />
            ) : null}
            {bare || !record.patient ? null : <Tabs id={id} page={page} />}
            <div class="nhsuk-width-container">{main}</div>
        </>
    );
}
