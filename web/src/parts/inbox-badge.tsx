/* How much waits in the inbox, beside its link; asked for after the page is there. */
import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../model/account.ts';
import { footTexts } from '../texts/foot.ts';

export function InboxBadge({ session }: { session: Session }) {
    const [count, setCount] = useState(0);
    useEffect(() => {
        let live = true;
        let stop = () => {};
        void import('../inbox.ts')
            .then((m) => {
                const look = () =>
                    void m.countWaiting(session).then(
                        (n) => live && setCount(n),
                        () => undefined, /* the page itself says what is wrong */
                    );
                if (live) {
                    stop = m.onInbox(look);
                    look();
                }
            })
            .catch(() => undefined);
        return () => {
            live = false;
            stop();
        };
    }, [session.account?.id, session.account?.role]);
    return count ? (
        <>
            {' '}
            <span class="k-badge" aria-hidden="true">
                {count > 99 ? '99+' : count}
            </span>
            <span class="nhsuk-u-visually-hidden">({footTexts().waiting(count)})</span>
        </>
    ) : null;
}
