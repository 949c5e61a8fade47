/* Above a page that was read before: since when, and what cannot be done. */
import { useOffline } from '../offline-state.ts';
import { offline } from '../texts/offline.ts';
import { Button } from './form.tsx';

function whenRead(at: number): string {
    const time = new Date(at).toLocaleTimeString('en-GB', {
        timeZone: 'Europe/London',
        hour: '2-digit',
        minute: '2-digit',
    });
    return time;
}

export function OfflineNote({ connect }: { connect: () => void }) {
    const { now, readAt } = useOffline();
    const t = offline();
    return (
        <div class="nhsuk-width-container" role="status">
            {now ? (
                <div class="nhsuk-inset-text k-inset k-offline">
                    <p>
                        <strong>{t.offline(whenRead(readAt))}</strong> {t.nothing}
                    </p>
                    <Button kind="small" click={connect}>
                        {t.tryAgain}
                    </Button>
                </div>
            ) : null}
        </div>
    );
}
