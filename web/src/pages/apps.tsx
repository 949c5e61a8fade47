/* Apps that somebody let in. */
import { useState } from 'preact/hooks';
import { json } from '../api.ts';
import { isPatient } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import { Empty, Heading, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Button, Main, useAction, useLoaded } from '../parts/form.tsx';
import { PersonLinks } from '../parts/person.tsx';
import type { PageProps } from '../routes.ts';

interface App {
    grant: string;
    client: string;
    name: string;
    uri?: string;
    scopes: { scope: string; words: string }[];
    since?: string;
    used?: string;
    patient?: string;
}

const listOf = (a: { apps?: App[] }): App[] => a.apps ?? [];

export default function AppsPage({ session }: PageProps) {
    useTitle('Apps');
    const [ending, setEnding] = useState<App | null>(null);
    const [said, setSaid] = useState('');
    const action = useAction();
    const apps = useLoaded(
        (signal) => json<{ apps?: App[] }>('/auth/apps', undefined, signal).then(listOf),
        [session.account?.id],
    );
    const end = (app: App) =>
        action.run(async () => {
            apps.put(listOf(await json('/auth/apps/revoke', { grant: app.grant })));
            setSaid(`${app.name} can no longer see anything`);
        });
    return (
        <Main>
            {isPatient(session) && session.account?.patient ? (
                <PersonLinks id={session.account.patient} session={session} page="apps" />
            ) : null}
            <Heading>Apps</Heading>
            <p>These apps can use what is here, because you let them.</p>
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {apps.trouble ? <TroubleBox trouble={apps.trouble} again={apps.again} /> : null}
            {apps.value && !apps.value.length ? <Empty>You have let no app in.</Empty> : null}
            {apps.value?.map((app) => (
                <section class="k-card k-wide" aria-labelledby={`app-${app.grant}`} key={app.grant}>
                    <h2 class="nhsuk-heading-m" id={`app-${app.grant}`}>
                        {app.name}
                    </h2>
                    <p>It can:</p>
                    <ul class="nhsuk-list nhsuk-list--bullet">
                        {app.scopes.map((s) => (
                            <li>{s.words || s.scope}</li>
                        ))}
                    </ul>
                    <p class="k-quiet">
                        {app.since ? `Since ${showDate(app.since)}. ` : ''}
                        {app.used ? `Last used ${showDate(app.used)}.` : 'Not used yet.'}
                    </p>
                    <Button kind="secondary" click={() => setEnding(app)}>
                        End its access<span class="nhsuk-u-visually-hidden">: {app.name}</span>
                    </Button>
                </section>
            ))}
            {ending ? (
                <Dialog
                    id="end-app"
                    title={`End the access of ${ending.name}?`}
                    close={() => setEnding(null)}
                >
                    <p>It stops at once. The app may still hold what it has read before.</p>
                    <div class="k-buttons">
                        <Button
                            kind="warning"
                            click={() => {
                                const app = ending;
                                setEnding(null);
                                void end(app);
                            }}
                        >
                            End its access
                        </Button>
                        <Button kind="secondary" click={() => setEnding(null)}>
                            Keep it
                        </Button>
                    </div>
                </Dialog>
            ) : null}
        </Main>
    );
}
