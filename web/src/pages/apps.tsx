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
import { apps as appTexts } from '../texts/apps.ts';

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
    const t = appTexts();
    useTitle(t.title);
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
            setSaid(t.ended(app.name));
        });
    return (
        <Main>
            {isPatient(session) && session.account?.patient ? (
                <PersonLinks id={session.account.patient} session={session} page="apps" />
            ) : null}
            <Heading>{t.title}</Heading>
            <p>{t.intro}</p>
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {apps.trouble ? <TroubleBox trouble={apps.trouble} again={apps.again} /> : null}
            {apps.value && !apps.value.length ? <Empty>{t.none}</Empty> : null}
            {apps.value?.map((app) => (
                <section class="k-card k-wide" aria-labelledby={`app-${app.grant}`} key={app.grant}>
                    <h2 class="nhsuk-heading-m" id={`app-${app.grant}`}>
                        {app.name}
                    </h2>
                    <p>{t.can}</p>
                    <ul class="nhsuk-list nhsuk-list--bullet">
                        {app.scopes.map((s) => (
                            <li>{s.words || s.scope}</li>
                        ))}
                    </ul>
                    <p class="k-quiet">
                        {app.since ? `${t.since(showDate(app.since))} ` : ''}
                        {app.used ? t.used(showDate(app.used)) : t.notUsed}
                    </p>
                    <Button kind="secondary" click={() => setEnding(app)}>
                        {t.end}
                        <span class="nhsuk-u-visually-hidden">: {app.name}</span>
                    </Button>
                </section>
            ))}
            {ending ? (
                <Dialog
                    id="end-app"
                    title={t.endTitle(ending.name)}
                    close={() => setEnding(null)}
                >
                    <p>{t.endWords}</p>
                    <div class="k-buttons">
                        <Button
                            kind="warning"
                            click={() => {
                                const app = ending;
                                setEnding(null);
                                void end(app);
                            }}
                        >
                            {t.end}
                        </Button>
                        <Button kind="secondary" click={() => setEnding(null)}>
                            {t.keep}
                        </Button>
                    </div>
                </Dialog>
            ) : null}
        </Main>
    );
}
