/* What stands around a patient's pages: for whom somebody acts, whose record it is, and the menu beside. */
import type { ComponentChildren } from 'preact';
import { useRecord } from '../load.ts';
import { showDate } from '../model/dates.ts';
import type { Session } from '../model/account.ts';
import type { Resource } from '../model/fhir.ts';
import { nameOf, nhsNumber, plainName } from '../model/people.ts';
import { pageOf } from '../record-nav.ts';
import type { Route } from '../router.ts';
import { recordNav } from '../texts/record-nav.ts';
import { Acting } from './acting.tsx';
import { SideMenu } from './side-menu.tsx';

/* In one line: the person knows who they are, and this is to be sure that it is their record. */
function Whose({ patient }: { patient: Resource }) {
    const t = recordNav();
    return (
        <section class="k-whose" aria-label={t.whose}>
            <div class="nhsuk-width-container">
                <p>
                    <strong>{plainName(nameOf(patient))}</strong>
                    <span class="k-whose__born">
                        {t.born} {showDate(patient.birthDate) || t.notRecorded}
                    </span>
                    <span>
                        {t.nhsNumber} <span class="k-nowrap">{nhsNumber(patient) || t.notRecorded}</span>
                    </span>
                </p>
            </div>
        </section>
    );
}

export function Beside(props: {
    id: string;
    patient: Resource | null;
    session: Session;
    route: Route;
    children: ComponentChildren;
}) {
    const { id, patient, session, route } = props;
    return (
        <>
            {patient ? (
                <>
                    <Whose patient={patient} />
                    <Acting patient={patient} session={session} />
                </>
            ) : null}
            <div class="nhsuk-width-container k-beside">
                <SideMenu
                    id={id}
                    page={pageOf(route.path)}
                    at={JSON.stringify(route.params)}
                    session={session}
                />
                {props.children}
            </div>
        </>
    );
}

/* Around a page about a record that is not of it: who can see, who looked, apps. */
export function PersonFrame(props: {
    id: string;
    session: Session;
    route: Route;
    children: ComponentChildren;
}) {
    const { record } = useRecord(props.id, false, []);
    return <Beside {...props} patient={record.patient} />;
}
