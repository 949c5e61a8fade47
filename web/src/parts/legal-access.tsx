/* A legal request: the law lets somebody see a record, and forbids to tell the person until a day. */
import { useState } from 'preact/hooks';
import { get, matchesOf, operate, Trouble } from '../api.ts';
import { showDateTime } from '../model/dates.ts';
import type { Bundle, Resource } from '../model/fhir.ts';
import { REASONS } from '../model/looks.ts';
import { NHS_NUMBER_SYSTEM, nhsNumberValid, tenDigits } from '../model/nhs-number.ts';
import { parameters, top } from '../model/params.ts';
import { nameOf, patientName, plainName } from '../model/people.ts';
import { futureDay } from '../pages/choice.tsx';
import { More } from './basic.tsx';
import { Button, Choices, HoursField, TextField, useForm, type Problems } from './form.tsx';

const LEGAL = ['court-order', 'statute', 'public-interest'];
const MOST = 20;

interface Found {
    patient: Resource;
    people: Resource[];
}

async function find(number: string, name: string): Promise<Found> {
    const ask = (type: string, ...pairs: [string, string][]) =>
        get<Bundle>(`${type}?${new URLSearchParams(pairs).toString()}`).then(matchesOf);
    const [patients, people] = await Promise.all([
        ask('Patient', ['identifier', `${NHS_NUMBER_SYSTEM}|${number}`], ['_count', '2']),
        ask('Practitioner', ['name', name], ['_count', String(MOST)]),
    ]);
    if (patients.length !== 1) {
        throw new Trouble('No record here has this NHS number', 'Check the number.');
    }
    if (!people.length) {
        throw new Trouble('Nobody of this name works here', 'Check the name.');
    }
    return { patient: patients[0]!, people };
}

/* Whose record, and who is to look. */
function Who({ found }: { found: (f: Found) => void }) {
    const [number, setNumber] = useState('');
    const [name, setName] = useState('');
    const form = useForm();
    const submit = (e: Event) => {
        const wrong: Problems = {
            ...(nhsNumberValid(tenDigits(number))
                ? {}
                : { 'legal-number': 'Enter the NHS number of the person, 10 digits' }),
            ...(name.trim() ? {} : { 'legal-name': 'Enter the name of who is to look' }),
        };
        form.send(e, wrong, async () => found(await find(tenDigits(number), name.trim())));
    };
    return (
        <form onSubmit={submit} noValidate>
            {form.summary}
            <TextField
                id="legal-number"
                label="NHS number of the record"
                problem={form.problems['legal-number']}
                value={number}
                change={setNumber}
                inputmode="numeric"
                narrow
            />
            <TextField
                id="legal-name"
                label="Who is to look?"
                hint="The name of somebody who works here. It cannot be you"
                problem={form.problems['legal-name']}
                value={name}
                change={setName}
            />
            <Button kind="secondary" busy={form.busy}>
                Find them
            </Button>
        </form>
    );
}

function Order(props: { found: Found; done: (words: string) => void; stop: () => void }) {
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
            ...(person ? {} : { 'legal-person': 'Choose who is to look' }),
            ...(reason ? {} : { 'legal-reason': 'Choose what lets them look' }),
            ...(words.trim() ? {} : { 'legal-words': 'Enter which order or law it is' }),
            ...(tell ? {} : { 'legal-day': 'Enter a day that is still to come, like 27/03/2030' }),
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
            props.done(`They may look until ${showDateTime(top(answer).text('until'))}`);
        });
    };
    return (
        <form onSubmit={submit} noValidate>
            {form.summary}
            <p>
                The record of <strong>{patientName(patient)}</strong>. This is written down with
                your name, and another privacy officer looks at it.
            </p>
            <Choices
                id="legal-person"
                question="Who is to look?"
                problem={form.problems['legal-person']}
                options={people.map((p) => ({
                    value: p.id ?? '',
                    label: plainName(nameOf(p)) || 'Name not noted',
                }))}
                chosen={[person]}
                change={([v]) => setPerson(v!)}
            />
            <Choices
                id="legal-reason"
                question="What lets them look?"
                problem={form.problems['legal-reason']}
                options={LEGAL.map((code) => ({
                    value: code,
                    label: REASONS.find((r) => r.code === code)?.label ?? code,
                }))}
                chosen={[reason]}
                change={([v]) => setReason(v!)}
            />
            <TextField
                id="legal-words"
                label="Which order or law?"
                hint="The second officer has to find it. The patient does not read this"
                problem={form.problems['legal-words']}
                value={words}
                change={setWords}
                long
                spellcheck
            />
            <TextField
                id="legal-day"
                label="From which day may the patient know?"
                hint="A day to come, like 27/03/2030, at most a year ahead. They are told on that day"
                problem={form.problems['legal-day']}
                value={day}
                change={setDay}
                narrow
            />
            <HoursField
                id="legal-hours"
                label="For how long may they look?"
                value={hours}
                change={setHours}
            />
            <div class="k-buttons">
                <Button kind="warning" busy={form.busy}>
                    Let them look
                </Button>
                <Button kind="secondary" click={props.stop}>
                    Cancel
                </Button>
            </div>
        </form>
    );
}

export function LegalAccess() {
    const [found, setFound] = useState<Found | null>(null);
    const [said, setSaid] = useState('');
    return (
        <More summary="A legal request to see a record">
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
