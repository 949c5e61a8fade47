/* Starts an app about one person: it is told whose record is open here, and asks to be let in. */
import { json, Trouble } from '../api.ts';
import { isPatient, safeCallback } from '../model/account.ts';
import { Empty, Heading, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Button, Main, useAction, useLoaded } from '../parts/form.tsx';
import { PersonLinks } from '../parts/person.tsx';
import { WhoItIs } from '../parts/who-it-is.tsx';
import type { PageProps } from '../routes.ts';
import { apps as appTexts } from '../texts/apps.ts';

interface Startable {
    client: string;
    name: string;
    uri?: string;
}

export default function LaunchPage({ params, session }: PageProps) {
    const id = params.id!;
    const own = isPatient(session) && session.account?.patient === id;
    const t = appTexts();
    const title = own ? t.open : t.openForOther;
    useTitle(title);
    const action = useAction();
    const apps = useLoaded(
        (signal) =>
            json<{ apps?: Startable[] }>('/auth/launches', undefined, signal).then(
                (a) => a.apps ?? [],
            ),
        [id],
    );
    const start = (app: Startable) =>
        action.run(async () => {
            const made = await json<{ url?: string }>('/auth/launch', {
                client: app.client,
                patient: id,
            });
            const url = safeCallback(made.url ?? '');
            if (!url) {
                throw new Trouble(t.cannotOpen, t.cannotOpenAdvice);
            }
            location.assign(url);
        });
    return (
        <Main>
            <WhoItIs id={id} session={session} />
            <PersonLinks id={id} session={session} page="launch" />
            <Heading>{title}</Heading>
            <p>{t.openWords}</p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {apps.trouble ? <TroubleBox trouble={apps.trouble} again={apps.again} /> : null}
            {apps.value && !apps.value.length ? (
                <Empty>{t.openNone}</Empty>
            ) : null}
            {apps.value?.map((app) => (
                <section
                    class="k-card k-wide"
                    aria-labelledby={`app-${app.client}`}
                    key={app.client}
                >
                    <h2 class="nhsuk-heading-m" id={`app-${app.client}`}>
                        {app.name}
                    </h2>
                    {app.uri ? <p class="k-quiet k-break">{app.uri}</p> : null}
                    <Button busy={action.busy} click={() => void start(app)}>
                        {t.openIt}
                        <span class="nhsuk-u-visually-hidden"> {app.name}</span>
                    </Button>
                </section>
            ))}
        </Main>
    );
}
