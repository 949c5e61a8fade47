/* Somebody let a new way in be added to this account: told for 30 days to whoever signs in. */
import { isIn, type Session } from '../model/account.ts';
import { showDateTime } from '../model/dates.ts';

export function Invited({ session }: { session: Session }) {
    const when = session.account?.invited;
    return isIn(session) && when ? (
        <div class="nhsuk-inset-text k-inset" id="invited">
            <p>
                An invitation to add a new way to sign in to your account was made on{' '}
                {showDateTime(when)}. If you did not ask for it, tell us, and remove any passkey
                below that you do not know.
            </p>
        </div>
    ) : null;
}
