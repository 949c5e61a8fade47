/* What somebody else would see of the record, as the node itself decides it. */
import { useRef, useState } from 'preact/hooks';
import { operate } from '../api.ts';
import { partyName, type Sharing } from '../model/choices.ts';
import { type Resource } from '../model/fhir.ts';
import { partWords } from '../model/looks.ts';
import { groups, parameters, top } from '../model/params.ts';
import { Section, TroubleBox } from '../parts/basic.tsx';
import { waitingHere } from '../parts/focus.ts';
import { Button, SelectField, useAction } from '../parts/form.tsx';
import { sharing as texts } from '../texts/sharing.ts';

interface Who {
    label: string;
    role: string;
    party: string;
    purpose: string;
    override: boolean;
}

/* Job roles of docs/policy.md: a doctor, a receptionist. */
function whoCanBeAsked(sharing: Sharing): Who[] {
    const places = sharing.relationships
        .filter((r) => r.party?.reference?.startsWith('Organization/'))
        .slice(0, 10);
    const t = texts();
    const doctor = { role: 'R8000', purpose: 'TREAT', override: false };
    return [
        { label: t.people.emergency, role: 'R8000', party: '', purpose: 'ETREAT', override: false },
        {
            label: t.people.opening,
            role: 'R8000',
            party: '',
            purpose: 'ETREAT',
            override: true,
        },
        ...places.flatMap((r) => [
            { ...doctor, label: t.doctor(partyName(r.party)), party: r.party!.reference! },
            {
                ...doctor,
                role: 'R8009',
                label: t.receptionist(partyName(r.party)),
                party: r.party!.reference!,
            },
        ]),
        { ...doctor, label: t.people.researcher, purpose: 'HRESCH', party: '' },
    ];
}

interface Row {
    of: string;
    type: string;
    seen: number;
    withheld: number;
}

/* How much it is in all, or why it is nothing. */
function seenWords(answer: Resource, rows: Row[], own: boolean): string {
    const t = texts();
    const all = top(answer);
    const seen = rows.reduce((n, r) => n + r.seen, 0);
    if (all.flag('reads')) {
        return t.seenOf(seen, rows.reduce((n, r) => n + r.withheld, seen), own);
    }
    const known: Readonly<Record<string, string>> = t.nothing(own);
    return seen ? t.whoOnly(own) : (known[all.text('missing')] ?? all.text('words'));
}

function Seen({ answer, who, own }: { answer: Resource; who: string; own: boolean }) {
    const t = texts();
    const rows = groups(answer, 'sees').map((s) => ({
        of: s.text('type'),
        type: partWords(s.text('type'), own),
        seen: s.number('seen'),
        withheld: s.number('withheld'),
    }));
    const nothing = !top(answer).flag('reads') || rows.every((r) => r.seen === 0 || r.of === 'Patient');
    return (
        <>
            <p>{seenWords(answer, rows, own)}</p>
            {nothing ? null : (
                <table class="nhsuk-table">
                    <caption class="nhsuk-table__caption nhsuk-table__caption--s">
                        {t.caption(who)}
                    </caption>
                    <thead class="nhsuk-table__head">
                        <tr class="nhsuk-table__row">
                            <th class="nhsuk-table__header" scope="col">
                                {t.part}
                            </th>
                            <th
                                class="nhsuk-table__header nhsuk-table__header--numeric"
                                scope="col"
                            >
                                {t.seen}
                            </th>
                            <th
                                class="nhsuk-table__header nhsuk-table__header--numeric"
                                scope="col"
                            >
                                {t.notSeen}
                            </th>
                        </tr>
                    </thead>
                    <tbody class="nhsuk-table__body">
                        {rows.map((r) => (
                            <tr class="nhsuk-table__row">
                                <th class="nhsuk-table__header" scope="row">
                                    {r.type}
                                </th>
                                <td class="nhsuk-table__cell nhsuk-table__cell--numeric">
                                    {r.seen}
                                </td>
                                <td class="nhsuk-table__cell nhsuk-table__cell--numeric">
                                    {r.withheld}
                                </td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
        </>
    );
}

export function Preview({ path, sharing, own }: { path: string; sharing: Sharing; own: boolean }) {
    const t = texts();
    const all = whoCanBeAsked(sharing);
    const [chosen, setChosen] = useState('0');
    const [shown, setShown] = useState<{ answer: Resource; who: string } | null>(null);
    const heading = useRef<HTMLHeadingElement>(null);
    const action = useAction();
    const ask = () =>
        action.run(async () => {
            const who = all[Number(chosen)] ?? all[0]!;
            const over = waitingHere();
            const answer = await operate(
                `${path}/$preview`,
                parameters([
                    ['role', 'Code', who.role],
                    ['party', 'Reference', who.party ? { reference: who.party } : null],
                    ['purpose', 'Code', who.purpose],
                    ['override', 'Boolean', who.override || null],
                ]),
            );
            setShown({ answer, who: who.label });
            over(() => heading.current);
        });
    return (
        <Section id="preview" title={t.preview} wide>
            <p>{t.previewLead(own)}</p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            <SelectField
                id="preview-who"
                label={t.previewWho}
                value={chosen}
                change={setChosen}
                options={all.map((w, i) => ({ value: String(i), label: w.label }))}
            />
            <Button kind="secondary" busy={action.busy} click={() => void ask()}>
                {t.previewDo}
            </Button>
            {shown ? (
                <div class="k-part">
                    <h3 class="nhsuk-heading-s" ref={heading} tabIndex={-1} id="previewed">
                        {shown.who}
                    </h3>
                    <Seen answer={shown.answer} who={shown.who} own={own} />
                </div>
            ) : null}
        </Section>
    );
}
