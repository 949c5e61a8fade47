/* Opening what is withheld: by saying why the record has to be seen, or in an emergency. */
import { useState } from 'preact/hooks';
import { operate } from '../api.ts';
import { mayDo, type Session } from '../model/account.ts';
import { parameters } from '../model/params.ts';
import { breakGlass } from '../texts/break-glass.ts';
import { looks } from '../texts/looks.ts';
import { Dialog } from './dialog.tsx';
import { Button, Choices, TextField, useForm, type Problems } from './form.tsx';
import { HoursField } from './hours-field.tsx';

type Way = 'claim' | 'open';

export function BreakGlass(props: {
    patient: string;
    session: Session;
    close: () => void;
    opened: () => void;
}) {
    const t = breakGlass();
    const ways: Way[] = [
        ...(mayDo(props.session, 'claim-relationship') ? (['claim'] as const) : []),
        ...(mayDo(props.session, 'override') ? (['open'] as const) : []),
    ];
    const [way, setWay] = useState<Way | ''>(ways.length === 1 ? ways[0]! : '');
    const [reason, setReason] = useState('');
    const [words, setWords] = useState('');
    const [hours, setHours] = useState('8');
    const form = useForm();
    const submit = (e: Event) => {
        const found: Problems = {
            ...(way ? {} : { 'glass-way': t.needHow }),
            ...(reason ? {} : { 'glass-reason': t.needWhy }),
            ...(reason === 'other' && !words.trim() ? { 'glass-words': t.needReason } : {}),
        };
        form.send(e, found, async () => {
            await operate(
                `Patient/${encodeURIComponent(props.patient)}/$${way}`,
                parameters([
                    ['reason', 'Code', reason],
                    ['words', 'String', words.trim()],
                    ['hours', 'Integer', way === 'claim' ? Number(hours) : null],
                ]),
            );
            props.opened();
        });
    };
    return (
        <Dialog id="glass" title={t.title} close={props.close}>
            <form onSubmit={submit} noValidate>
                {form.summary}
                <div class="nhsuk-inset-text k-inset">
                    <p>{t.told}</p>
                </div>
                {ways.length > 1 ? (
                    <Choices
                        id="glass-way"
                        question={t.how}
                        problem={form.problems['glass-way']}
                        options={[
                            {
                                value: 'claim',
                                label: t.claim,
                                hint: t.claimHint,
                            },
                            {
                                value: 'open',
                                label: t.open,
                                hint: t.openHint,
                            },
                        ]}
                        chosen={[way]}
                        change={([v]) => setWay(v as Way)}
                    />
                ) : null}
                <Choices
                    id="glass-reason"
                    question={t.why}
                    problem={form.problems['glass-reason']}
                    options={Object.entries(looks().reasons).map(([value, label]) => ({ value, label }))}
                    chosen={[reason]}
                    change={([v]) => setReason(v!)}
                />
                <TextField
                    id="glass-words"
                    label={reason === 'other' ? t.whatReason : t.ownWords}
                    hint={t.wordsHint}
                    problem={form.problems['glass-words']}
                    value={words}
                    change={setWords}
                    long
                    spellcheck
                />
                {way === 'claim' ? (
                    <HoursField
                        id="glass-hours"
                        label={t.forHowLong}
                        value={hours}
                        change={setHours}
                    />
                ) : null}
                <div class="k-buttons">
                    <Button kind="warning" busy={form.busy}>
                        {t.see}
                    </Button>
                    <Button kind="secondary" click={props.close}>
                        {t.cancel}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}
