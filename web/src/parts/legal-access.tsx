/* A legal request: the law lets somebody see a record, and forbids to tell the person until a day. */
import { useState } from 'preact/hooks';
import { get, matchesOf, operate, Trouble } from '../api.ts';
import { showDateTime } from '../model/dates.ts';
import type { Bundle, Resource } from '../model/fhir.ts';
import { reasonWords } from '../model/looks.ts';
import { NHS_NUMBER_SYSTEM, nhsNumberValid, tenDigits } from '../model/nhs-number.ts';
import { parameters, top } from '../model/params.ts';
import { nameOf, patientName, plainName } from '../model/people.ts';
import { futureDay } from '../pages/choice.tsx';
import { reviews } from '../texts/reviews.ts';
import { More } from './basic.tsx';
import { Button, Choices, TextField, useForm, type Problems } from './form.tsx';
import { HoursField } from './hours-field.tsx';

const LEGAL = ['court-order', 'statute', 'public-interest'];
const MOST = 20;

interface Found {
    patient: Resource;
    people: Resource[];
}

async function find(number: string, name: string): Promise<Found> {
    const t = reviews().legal;
    const ask = (type: string, ...pairs: [string, string][]) =>
        get<Bundle>(`${type}?${new URLSearchParams(pairs).toString()}`).then(matchesOf);
    const [patients, people] = await Promise.all([
        ask('Patient', ['identifier', `${NHS_NUMBER_SYSTEM}|${number}`], ['_count', '2']),
        ask('Practitioner', ['name', name], ['_count', String(MOST)]),
    ]);
    if (patients.length !== 1) {
        throw new Trouble(t.noRecord, t.checkNumber);
    }
    if (!people.length) {
        throw new Trouble(t.noPerson, t.checkName);
    }
    return { patient: patients[0]!, people };
}

/* Whose record, and who is to look. */
function Who({ found }: { found: (f: Found) => void }) {
    const t = reviews().legal;
    const [number, setNumber] = useState('');
    const [name, setName] = useState('');
    const form = useForm();
    const submit = (e: Event) => {
        const wrong: Problems = {
            ...(nhsNumberValid(tenDigits(number)) ? {} : { 'legal-number': t.needNumber }),
            ...(name.trim() ? {} : { 'legal-name': t.needName }),
        };
        form.send(e, wrong, async () => found(await find(tenDigits(number), name.trim())));
    };
    return (
        <form onSubmit={submit} noValidate>
            {form.summary}
            <TextField
                id="legal-number"
                label={t.number}
                problem={form.problems['legal-number']}
                value={number}
                change={setNumber}
                inputmode="numeric"
                narrow
            />
            <TextField
                id="legal-name"
                label={t.who}
                hint={t.whoHint}
                problem={form.problems['legal-name']}
                value={name}
                change={setName}
            />
            <Button kind="secondary" busy={form.busy}>
                {t.find}
            </Button>
        </form>
    );
}

function Order(props: { found: Found; done: (words: string) => void; stop: () => void }) {
    const t = reviews().legal;
    const { patient, people } = props.found;
    const [person, setPerson] = useState(people.length === 1 ? (people[0]!.id ?? '') : '');
    const [reason, setReason] = useState('');
    const [words, setWords] = useState('');
    const [day, setDay] = useState('');
    const [hours, setHours] = useState('8');
    const form = useForm();
    const submit = (e: Event) => {
        const tell = futureDay(day);
        const wrong: Problems = {
            ...(person ? {} : { 'legal-person': t.needPerson }),
            ...(reason ? {} : { 'legal-reason': t.needWhat }),
            ...(words.trim() ? {} : { 'legal-words': t.needWhich }),
            ...(tell ? {} : { 'legal-day': t.needDay }),
        };
        form.send(e, wrong, async () => {
            const answer = await operate(
                `Patient/${encodeURIComponent(patient.id ?? '')}/$legal-access`,
                parameters([
                    ['person', 'Reference', { reference: `Practitioner/${person}` }],
                    ['reason', 'Code', reason],
                    ['words', 'String', words.trim()],
                    ['disclose-after', 'Date', tell],
                    ['hours', 'Integer', Number(hours)],
                ]),
            );
            props.done(t.until(showDateTime(top(answer).text('until'))));
        });
    };
    return (
        <form onSubmit={submit} noValidate>
            {form.summary}
            <p>
                {t.recordBefore} <strong>{patientName(patient)}</strong>
                {t.recordAfter}
            </p>
            <Choices
                id="legal-person"
                question={t.who}
                problem={form.problems['legal-person']}
                options={people.map((p) => ({
                    value: p.id ?? '',
                    label: plainName(nameOf(p)) || t.noName,
                }))}
                chosen={[person]}
                change={([v]) => setPerson(v!)}
            />
            <Choices
                id="legal-reason"
                question={t.what}
                problem={form.problems['legal-reason']}
                options={LEGAL.map((code) => ({
                    value: code,
                    label: reasonWords(code) ?? code,
                }))}
                chosen={[reason]}
                change={([v]) => setReason(v!)}
            />
            <TextField
                id="legal-words"
                label={t.which}
                hint={t.whichHint}
                problem={form.problems['legal-words']}
                value={words}
                change={setWords}
                long
                spellcheck
            />
            <TextField
                id="legal-day"
                label={t.day}
                hint={t.dayHint}
                problem={form.problems['legal-day']}
                value={day}
                change={setDay}
                narrow
            />
            <HoursField
                id="legal-hours"
                label={t.hours}
                value={hours}
                change={setHours}
            />
            <div class="k-buttons">
                <Button kind="warning" busy={form.busy}>
                    {t.let}
                </Button>
                <Button kind="secondary" click={props.stop}>
                    {t.cancel}
                </Button>
            </div>
        </form>
    );
}

export function LegalAccess() {
    const [found, setFound] = useState<Found | null>(null);
    const [said, setSaid] = useState('');
    return (
        <More summary={reviews().legal.title}>
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            {found ? (
                <Order
                    found={found}
                    stop={() => setFound(null)}
                    done={(words) => {
                        setFound(null);
                        setSaid(words);
                    }}
                />
            ) : (
                <Who
                    found={(f) => {
                        setSaid('');
                        setFound(f);
                    }}
                />
            )}
        </More>
    );
}
