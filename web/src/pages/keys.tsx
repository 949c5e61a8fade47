/* The keys of the portal, and the switch that turns them off. */
import { useState } from 'preact/hooks';
import { areOn, KEYS, turn } from '../keys.ts';
import { Heading, useTitle } from '../parts/basic.tsx';
import { Button, Main } from '../parts/form.tsx';
import { keysTexts } from '../texts/keys.ts';

export default function KeysPage() {
    const t = keysTexts();
    const [on, setOn] = useState(areOn);
    useTitle(t.title);
    return (
        <Main>
            <Heading>{t.title}</Heading>
            <p>{t.intro}</p>
            <p role="status">
                <strong>{on ? t.on : t.off}</strong>
            </p>
            <Button
                kind="secondary"
                click={() => {
                    turn(!on);
                    setOn(!on);
                }}
            >
                {on ? t.turnOff : t.turnOn}
            </Button>
            <table class="k-keys">
                <caption class="nhsuk-table__caption nhsuk-table__caption--m">{t.list}</caption>
                <thead class="nhsuk-table__head">
                    <tr>
                        <th scope="col">{t.key}</th>
                        <th scope="col">{t.does}</th>
                    </tr>
                </thead>
                <tbody class="nhsuk-table__body">
                    {KEYS.map((k) => (
                        <tr class="nhsuk-table__row" key={k.keys}>
                            <td class="nhsuk-table__cell">
                                {k.keys.split(' ').map((one, i) => (
                                    <>
                                        {i ? t.then : ''}
                                        <kbd>{one}</kbd>
                                    </>
                                ))}
                            </td>
                            <td class="nhsuk-table__cell">
                                {t.eachDoes[k.keys]}
                                {k.record ? <span class="k-quiet"> {t.inRecord}</span> : null}
                            </td>
                        </tr>
                    ))}
                    {t.lists.map(([keys, does]) => (
                        <tr class="nhsuk-table__row" key={keys}>
                            <td class="nhsuk-table__cell">{keys}</td>
                            <td class="nhsuk-table__cell">{does}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </Main>
    );
}
