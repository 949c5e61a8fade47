/*
 * Whose record a page is about, for staff: on those pages about a person that do not stand in the frame of
 * the record, where the banner is. Nothing of the record is read for it.
 */
import { get } from '../api.ts';
import { isPatient, type Session } from '../model/account.ts';
import { nhsNumber, patientName } from '../model/people.ts';
import { banner } from '../texts/banner.ts';
import { bornLine } from './banner.tsx';
import { useLoaded } from './form.tsx';

function Facts({ id }: { id: string }) {
    const t = banner();
    const { value: patient } = useLoaded(
        (signal) => get(`Patient/${encodeURIComponent(id)}`, signal),
        [id],
    );
    return patient ? (
        <section class="k-who" aria-label={t.patient}>
            <p>
                <strong>{patientName(patient)}</strong>
                <span>
                    {t.born} <strong class="k-nowrap">{bornLine(patient)}</strong>
                </span>
                <span>
                    {t.nhsNumber}{' '}
                    <strong class="k-nowrap">{nhsNumber(patient) || t.notRecorded}</strong>
                </span>
            </p>
        </section>
    ) : null;
}

/* Patients and who acts for them have it above the page. */
export function WhoItIs({ id, session }: { id: string; session: Session }) {
    return isPatient(session) ? null : <Facts id={id} />;
}
