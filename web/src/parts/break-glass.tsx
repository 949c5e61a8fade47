/* Opening what is withheld: by saying why the record has to be seen, or in an emergency. */
import { useState } from 'preact/hooks';
import { operate } from '../api.ts';
import { mayDo, type Session } from '../model/account.ts';
import { REASONS } from '../model/looks.ts';
import { parameters } from '../model/params.ts';
import { Dialog } from './dialog.tsx';
import { Button, Choices, HoursField, TextField, useForm, type Problems } from './form.tsx';

type Way = 'claim' | 'open';

export function BreakGlass(props: {
    patient: string;
    session: Session;
    close: () => void;
    opened: () => void;
}) {
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
            ...(way ? {} : { 'glass-way': 'Choose how you want to see the record' }),
            ...(reason ? {} : { 'glass-reason': 'Choose a reason' }),
            ...(reason === 'other' && !words.trim()
                ? { 'glass-words': 'Enter what the reason is' }
                : {}),
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
        <Dialog id="glass" title="See what is withheld" close={props.close}>
            <form onSubmit={submit} noValidate>
                {form.summary}
                <div class="nhsuk-inset-text k-inset">
                    <p>
                        This is written down with your name. The patient is told, and a privacy
                        officer looks at it.
                    </p>
                </div>
                {ways.length > 1 ? (
                    <Choices
                        id="glass-way"
                        question="How?"
                        problem={form.problems['glass-way']}
                        options={[
                            {
                                value: 'claim',
                                label: 'I look after this person',
                                hint: 'You see what somebody in your role sees. Choices of the patient still count',
                            },
                            {
                                value: 'open',
                                label: 'It is an emergency',
                                hint: 'For 60 minutes you also see what the patient does not share, and what is sealed',
                            },
                        ]}
                        chosen={[way]}
                        change={([v]) => setWay(v as Way)}
                    />
                ) : null}
                <Choices
                    id="glass-reason"
                    question="Why?"
                    problem={form.problems['glass-reason']}
                    options={REASONS.map((r) => ({ value: r.code, label: r.label }))}
                    chosen={[reason]}
                    change={([v]) => setReason(v!)}
                />
                <TextField
                    id="glass-words"
                    label={
                        reason === 'other' ? 'What is the reason?' : 'In your own words (optional)'
                    }
                    hint="Privacy officers read this. The patient reads the reason that you chose"
                    problem={form.problems['glass-words']}
                    value={words}
                    change={setWords}
                    long
                    spellcheck
                />
                {way === 'claim' ? (
                    <HoursField
                        id="glass-hours"
                        label="For how long?"
                        value={hours}
                        change={setHours}
                    />
                ) : null}
                <div class="k-buttons">
                    <Button kind="warning" busy={form.busy}>
                        See the record
                    </Button>
                    <Button kind="secondary" click={props.close}>
                        Cancel
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}
