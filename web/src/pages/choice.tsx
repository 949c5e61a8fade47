/* Making a choice about who may see the record, with what follows from it before it is saved. */
import { useState } from 'preact/hooks';
import { get, matchesOf, operate } from '../api.ts';
import { asTrouble } from '../load.ts';
import {
    consequences,
    categoryWords,
    draftParameters,
    partyName,
    PURPOSES,
    readSharing,
    type Draft,
    type Sharing,
} from '../model/choices.ts';
import { findDate, today } from '../model/dates.ts';
import { capital, type Bundle, type Ref } from '../model/fhir.ts';
import { parameters } from '../model/params.ts';
import { resourceName } from '../model/record.ts';
import { TroubleBox } from '../parts/basic.tsx';
import { useFocused } from '../parts/focus.ts';
import {
    Button,
    Choices,
    ErrorSummary,
    TextField,
    useAction,
    useForm,
    type Problems,
} from '../parts/form.tsx';
import type { Trouble } from '../api.ts';
import { common } from '../texts/common.ts';
import { sharing as texts } from '../texts/sharing.ts';

/* The teams and places that can be chosen: those who look after somebody, and what was looked for. */
function partiesOf(sharing: Sharing, found: Ref[]): Ref[] {
    const all = new Map<string, Ref>();
    for (const party of [...sharing.relationships.map((r) => r.party), ...found]) {
        if (party?.reference) {
            all.set(party.reference, party);
        }
    }
    return [...all.values()];
}

function PartyPicker(props: {
    id: string;
    question: string;
    sharing: Sharing;
    everybody: string; /* '': somebody has to be chosen */
    problem?: string | undefined;
    chosen: string;
    change: (value: string, party: Ref | null) => void;
}) {
    const t = texts();
    const [wanted, setWanted] = useState('');
    const [found, setFound] = useState<Ref[]>([]);
    const [said, setSaid] = useState('');
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const parties = partiesOf(props.sharing, found);
    const find = async () => {
        setTrouble(null);
        if (!wanted.trim()) {
            setSaid(t.findMissing);
            return;
        }
        try {
            const bundle = await get<Bundle>(
                `Organization?name=${encodeURIComponent(wanted.trim())}&_count=10`,
            );
            const refs = matchesOf(bundle).map((r) => ({
                reference: `${r.resourceType}/${r.id}`,
                display: resourceName(r) || r.id || '',
            }));
            setFound([...found, ...refs]);
            setSaid(refs.length ? t.found : t.notFound);
        } catch (e) {
            setTrouble(asTrouble(e));
        }
    };
    return (
        <>
            <Choices
                id={props.id}
                question={props.question}
                problem={props.problem}
                options={[
                    ...(props.everybody ? [{ value: '*', label: props.everybody }] : []),
                    ...parties.map((p) => ({ value: p.reference!, label: partyName(p) })),
                ]}
                chosen={[props.chosen]}
                change={([v]) => props.change(v!, parties.find((p) => p.reference === v) ?? null)}
            />
            <details class="nhsuk-details">
                <summary class="nhsuk-details__summary">
                    <span class="nhsuk-details__summary-text">{t.find}</span>
                </summary>
                <div class="nhsuk-details__text">
                    <TextField
                        id={`${props.id}-find`}
                        label={t.findName}
                        value={wanted}
                        change={setWanted}
                    />
                    <Button kind="small" click={() => void find()}>
                        {t.findDo}
                    </Button>
                    <p role="status">{said}</p>
                    {trouble ? <TroubleBox trouble={trouble} /> : null}
                </div>
            </details>
        </>
    );
}

/* '27/3/2027' → '2027-03-27'; '' for nothing; null for what is no day to come. */
export function futureDay(typed: string): string | null {
    if (!typed.trim()) {
        return '';
    }
    const iso = findDate(typed, today())?.iso ?? '';
    const t = today();
    const now = `${t.year}-${String(t.month).padStart(2, '0')}-${String(t.day).padStart(2, '0')}`;
    return iso.length === 10 && iso > now ? iso : null;
}

function Consequences({ draft, sharing }: { draft: Draft; sharing: Sharing }) {
    const heading = useFocused<HTMLHeadingElement>();
    const [first, ...rest] = consequences(draft, sharing.categories);
    return (
        <div class="nhsuk-inset-text k-inset" id="consequences">
            <h3 class="nhsuk-heading-s" ref={heading} tabIndex={-1}>
                {texts().ifYouDo}
            </h3>
            <p>
                <strong>{first}</strong>
            </p>
            <ul class="nhsuk-list nhsuk-list--bullet">
                {rest.map((line) => (
                    <li>{line}</li>
                ))}
            </ul>
        </div>
    );
}

const EMPTY: Draft = {
    permit: false,
    firm: false,
    party: null,
    category: '',
    purpose: '',
    start: '',
    end: '',
};

function Questions(props: {
    sharing: Sharing;
    draft: Draft;
    put: (draft: Draft) => void;
    ready: () => void;
    stop: () => void;
}) {
    const { draft, put, sharing } = props;
    const t = texts();
    const [permit, setPermit] = useState<string>('');
    const [party, setParty] = useState('');
    const [until, setUntil] = useState('');
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const submit = (e: Event) => {
        e.preventDefault();
        const end = futureDay(until);
        const found: Problems = {
            ...(permit ? {} : { permit: t.permitMissing }),
            ...(party ? {} : { party: t.partyMissing }),
            ...(end === null ? { until: t.untilWrong } : {}),
        };
        setProblems(found);
        setTurn(turn + 1);
        if (!Object.keys(found).length) {
            put({
                ...draft,
                permit: permit === 'yes',
                firm: draft.firm && permit === 'no',
                end: end ?? '',
            });
            props.ready();
        }
    };
    return (
        <form onSubmit={submit} noValidate>
            <ErrorSummary problems={problems} turn={turn} />
            <Choices
                id="permit"
                question={t.permit}
                problem={problems.permit}
                options={[
                    { value: 'no', label: t.permitNo },
                    { value: 'yes', label: t.permitYes },
                ]}
                chosen={[permit]}
                change={([v]) => setPermit(v!)}
            />
            <PartyPicker
                id="party"
                question={t.party}
                sharing={sharing}
                everybody={t.everybody}
                problem={problems.party}
                chosen={party}
                change={(v, p) => {
                    setParty(v);
                    put({ ...draft, party: p });
                }}
            />
            <Choices
                id="category"
                question={t.category}
                options={[
                    { value: '', label: t.whole },
                    ...sharing.categories.map((c) => ({
                        value: c.code,
                        label: capital(categoryWords(c.code, sharing.categories)),
                        hint: t.count(c.count),
                    })),
                ]}
                chosen={[draft.category]}
                change={([v]) => put({ ...draft, category: v! })}
            />
            <Choices
                id="purpose"
                question={t.purpose}
                options={[
                    { value: '', label: t.anyPurpose },
                    ...PURPOSES.map((code) => ({
                        value: code,
                        label: t.purposes[code].label,
                        hint: t.purposes[code].hint,
                    })),
                ]}
                chosen={[draft.purpose]}
                change={([v]) => put({ ...draft, purpose: v! })}
            />
            {permit === 'no' ? (
                <Choices
                    id="firm"
                    question={t.firmQuestion}
                    many
                    options={[
                        {
                            value: 'firm',
                            label: t.firmDo,
                            hint: t.firmHint,
                        },
                    ]}
                    chosen={draft.firm ? ['firm'] : []}
                    change={(v) => put({ ...draft, firm: v.length > 0 })}
                />
            ) : null}
            <TextField
                id="until"
                label={t.until}
                hint={t.untilEmpty}
                problem={problems.until}
                value={until}
                change={setUntil}
                narrow
            />
            <div class="k-buttons">
                <Button>{t.see}</Button>
                <Button kind="secondary" click={props.stop}>
                    {common().cancel}
                </Button>
            </div>
        </form>
    );
}

export function NewChoice(props: {
    path: string;
    sharing: Sharing;
    saved: (sharing: Sharing) => void;
    stop: () => void;
}) {
    const t = texts();
    const [draft, setDraft] = useState<Draft>(EMPTY);
    const [ready, setReady] = useState(false);
    const heading = useFocused<HTMLHeadingElement>([ready], !ready);
    const action = useAction();
    const save = () =>
        action.run(async () => {
            const answer = await operate(`${props.path}/$sharing`, draftParameters(draft));
            props.saved(readSharing(answer));
        });
    return (
        <div class="k-part">
            <h3 class="nhsuk-heading-s" ref={heading} tabIndex={-1}>
                {t.make}
            </h3>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {ready ? (
                <>
                    <Consequences draft={draft} sharing={props.sharing} />
                    <div class="k-buttons">
                        <Button busy={action.busy} click={() => void save()}>
                            {t.save}
                        </Button>
                        <Button
                            kind="secondary"
                            click={() => {
                                setDraft(EMPTY);
                                setReady(false);
                            }}
                        >
                            {t.again}
                        </Button>
                        <Button kind="secondary" click={props.stop}>
                            {common().cancel}
                        </Button>
                    </div>
                </>
            ) : (
                <Questions
                    sharing={props.sharing}
                    draft={draft}
                    put={setDraft}
                    ready={() => setReady(true)}
                    stop={props.stop}
                />
            )}
        </div>
    );
}

/* Somebody who has no reason of their own gets one by the patient's word. */
export function GrantForm(props: {
    path: string;
    sharing: Sharing;
    saved: (sharing: Sharing) => void;
    stop: () => void;
}) {
    const t = texts();
    const [chosen, setChosen] = useState('');
    const [until, setUntil] = useState('');
    const heading = useFocused<HTMLHeadingElement>();
    const form = useForm();
    const submit = (e: Event) => {
        const end = futureDay(until);
        const found: Problems = {
            ...(chosen ? {} : { grantee: t.grantMissing }),
            ...(end === null ? { 'grant-until': t.untilWrong } : {}),
        };
        form.send(e, found, async () => {
            const input = parameters([
                ['party', 'Reference', { reference: chosen }],
                ['end', 'DateTime', end],
            ]);
            props.saved(readSharing(await operate(`${props.path}/$grant-access`, input)));
        });
    };
    return (
        <form class="k-part" onSubmit={submit} noValidate>
            <h3 class="nhsuk-heading-s" ref={heading} tabIndex={-1}>
                {t.grant}
            </h3>
            {form.summary}
            <p>{t.grantLead}</p>
            <PartyPicker
                id="grantee"
                question={t.grantWho}
                sharing={props.sharing}
                everybody=""
                problem={form.problems.grantee}
                chosen={chosen}
                change={setChosen}
            />
            <TextField
                id="grant-until"
                label={t.until}
                hint={t.untilHint}
                problem={form.problems['grant-until']}
                value={until}
                change={setUntil}
                narrow
            />
            <div class="k-buttons">
                <Button busy={form.busy}>{t.grantDo}</Button>
                <Button kind="secondary" click={props.stop}>
                    {common().cancel}
                </Button>
            </div>
        </form>
    );
}
