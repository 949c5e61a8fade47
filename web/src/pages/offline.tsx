/* Where somebody chooses that this device keeps the record that they read last. */
import { useState } from 'preact/hooks';
import { Trouble } from '../api.ts';
import { forgetRecord } from '../load.ts';
import { isKept, turnOff, turnOn } from '../offline.ts';
import { Heading, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Button, Main, useAction, useLoaded } from '../parts/form.tsx';
import type { PageProps } from '../routes.ts';
import { offline } from '../texts/offline.ts';

export default function OfflinePage({ session }: PageProps) {
    const t = offline();
    useTitle(t.title);
    const action = useAction();
    const [said, setSaid] = useState('');
    const on = useLoaded(() => isKept(session), [session.account?.id]);
    const choose = (wanted: boolean) =>
        action.run(async () => {
            setSaid('');
            if (wanted && !(await turnOn(session))) {
                throw new Trouble(t.cannot, t.cannotAdvice);
            }
            if (!wanted) {
                await turnOff(session);
            }
            /* what is open now is read anew, so that it is kept */
            forgetRecord();
            on.put(wanted);
            setSaid(wanted ? t.done : t.removed);
        });
    return (
        <Main>
            <Heading>{t.title}</Heading>
            <p>{t.what}</p>
            <ul>
                {t.rules.map((rule) => (
                    <li>{rule}</li>
                ))}
            </ul>
            <div class="nhsuk-inset-text k-inset">
                <p>{t.warning}</p>
            </div>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <p role="status">{said || (on.value === null ? '' : on.value ? t.isOn : t.isOff)}</p>
            {on.value === null ? null : (
                <Button
                    kind={on.value ? 'warning' : 'secondary'}
                    busy={action.busy}
                    click={() => void choose(!on.value)}
                >
                    {on.value ? t.off : t.on}
                </Button>
            )}
        </Main>
    );
}
