/* For whom somebody acts: a bar of its own colour above everything of a record that is not their own. */
import { isPatient, type Session } from '../model/account.ts';
import type { Resource } from '../model/fhir.ts';
import { nameOf, plainName } from '../model/people.ts';
import { recordHref } from '../router.ts';
import { acting } from '../texts/acting.ts';

export function Acting({ patient, session }: { patient: Resource; session: Session }) {
    const own = session.account?.patient;
    if (!isPatient(session) || own === patient.id) {
        return null;
    }
    const t = acting();
    return (
        <section class="k-acting" aria-label={t.label}>
            <div class="nhsuk-width-container k-acting__inner">
                <p class="k-acting__words">{t.words(plainName(nameOf(patient)))}</p>
                <p>{t.hint}</p>
                <p>
                    <a href={own ? recordHref(own) : '#/helping'}>{own ? t.stop : t.others}</a>
                </p>
            </div>
        </section>
    );
}
