/* Somebody let a new way in be added to this account: told for 30 days to whoever signs in. */
import { isIn, type Session } from '../model/account.ts';
import { showDateTime } from '../model/dates.ts';
import { security } from '../texts/security.ts';

export function Invited({ session }: { session: Session }) {
    const t = security();
    const when = session.account?.invited;
    return isIn(session) && when ? (
        <div class="nhsuk-inset-text k-inset" id="invited">
            <p>
                {t.invited(showDateTime(when))} {t.invitedAdvice}
            </p>
        </div>
    ) : null;
}
