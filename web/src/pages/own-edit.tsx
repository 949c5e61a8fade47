/* An own entry is added, changed or taken away: the questions, a look before it is saved, and what to do
 * where it was changed somewhere else meanwhile. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { fresh, get, matchesOf, save, takeAway, Trouble } from '../api.ts';
import { useDraft } from '../drafts.ts';
import {
    emptyOf,
    KEYS,
    resourceOf,
    typedOf,
    typeOf,
    wrongOf,
    type Typed,
    type Wrong,
} from '../model/own-form.ts';
import { isKind, kindOf, type Kind } from '../model/own.ts';
import { isOwn } from '../model/mark.ts';
import type { Resource } from '../model/fhir.ts';
import { Heading, TroubleBox } from '../parts/basic.tsx';
import { DraftNote } from '../parts/draft-note.tsx';
import { Button, useAction, useForm, useLoaded, type Problems } from '../parts/form.tsx';
import { answersOf, fieldId, OwnFields } from '../parts/own-fields.tsx';
import { isMine, ownHref, Urgent } from '../parts/own.tsx';
import { go } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { own } from '../texts/own.ts';
import { ownEdit } from '../texts/own-edit.ts';

function wordsOf(w: Wrong): string {
    const t = ownEdit();
    switch (w.why) {
        case 'missing':
            return t.missing[w.field] ?? t.missing.value!;
        case 'range':
            return t.range(w.least!, w.most!);
        case 'digits':
            return t.digits(w.most!);
        case 'long':
            return t.long(w.most!);
        case 'time':
            return t.badTime;
        default:
            return t[w.why];
    }
}

const problemsOf = (wrong: Wrong[]): Problems =>
    Object.fromEntries(wrong.map((w) => [fieldId(w.field), wordsOf(w)]));

function Answers(props: { kind: Kind; typed: Typed; change?: (field: string) => void }) {
    const t = ownEdit();
    return (
        <dl class="nhsuk-summary-list">
            {answersOf(props.kind, props.typed).map(({ field, label, value }) => (
                <div class="nhsuk-summary-list__row" key={field}>
                    <dt class="nhsuk-summary-list__key">{label}</dt>
                    <dd class="nhsuk-summary-list__value k-break k-lines">{value || t.notGiven}</dd>
                    {props.change ? (
                        <dd class="nhsuk-summary-list__actions">
                            <button
                                type="button"
                                class="k-link-button k-own__change"
                                onClick={() => props.change!(field)}
                            >
                                {own().change}
                                <span class="nhsuk-u-visually-hidden"> {label}</span>
                            </button>
                        </dd>
                    ) : null}
                </div>
            ))}
        </dl>
    );
}

function Remove({ remove }: { remove: () => Promise<unknown> }) {
    const t = ownEdit();
    const [asked, setAsked] = useState(false);
    const { busy, trouble, run } = useAction();
    if (!asked) {
        return (
            <p class="k-foot">
                <button type="button" class="k-link-button" onClick={() => setAsked(true)}>
                    {t.remove}
                </button>
            </p>
        );
    }
    return (
        <div class="k-card" role="group" aria-labelledby="own-remove">
            {trouble ? <TroubleBox trouble={trouble} /> : null}
            <p id="own-remove">{t.removeSure}</p>
            <div class="k-buttons">
                <Button kind="warning" busy={busy} click={() => void run(remove)}>
                    {t.removeYes}
                </Button>
                <Button kind="secondary" click={() => setAsked(false)}>
                    {t.removeNo}
                </Button>
            </div>
        </div>
    );
}

/* Nothing that was typed is lost: whoever wrote both says which counts. */
function Conflict(props: {
    kind: Kind;
    typed: Typed;
    there: Resource | null; /* null: it was taken away */
    mine: () => Promise<unknown>;
    theirs: () => void;
}) {
    const t = ownEdit();
    const { busy, trouble, run } = useAction();
    return (
        <>
            <Heading>{props.there ? t.conflict : t.gone}</Heading>
            {trouble ? <TroubleBox trouble={trouble} /> : null}
            <p>{props.there ? t.conflictWords : t.goneWords}</p>
            <div class="k-grid">
                {props.there ? (
                    <section class="k-card" aria-labelledby="own-there">
                        <h2 class="nhsuk-heading-s" id="own-there">
                            {t.there}
                        </h2>
                        <Answers kind={props.kind} typed={typedOf(props.kind, props.there)} />
                        <Button kind="secondary" click={props.theirs}>
                            {t.keepTheirs}
                        </Button>
                    </section>
                ) : null}
                <section class="k-card" aria-labelledby="own-yours">
                    <h2 class="nhsuk-heading-s" id="own-yours">
                        {t.yours}
                    </h2>
                    <Answers kind={props.kind} typed={props.typed} />
                    <Button busy={busy} click={() => void run(props.mine)}>
                        {props.there ? t.keepMine : t.saveNew}
                    </Button>
                </section>
            </div>
        </>
    );
}

interface Words {
    typed: Typed;
    version: string; /* of the entry that it was typed over */
    key: string; /* of a new one, by which it is found if the answer to it is lost */
    tried: boolean; /* it was sent, and no answer is known */
}

/* What was sent before, if it has arrived: it is changed then, and not made twice. */
async function arrived(kind: Kind, key: string): Promise<Resource | null> {
    const type = typeOf(kind);
    const found = matchesOf(await get(`${type}?identifier=${encodeURIComponent(`${KEYS}|${key}`)}`))[0];
    return found ? fresh(type, found.id!) : null;
}

function Editor(props: { page: RecordPageProps; kind: Kind; before: Resource | null }) {
    const { page, kind } = props;
    const t = ownEdit();
    const id = page.record.id;
    const [before, setBefore] = useState(props.before);
    const [there, setThere] = useState<Resource | null | undefined>(undefined);
    const [step, setStep] = useState<'form' | 'check'>('form');
    const to = useRef('');
    const name = `own/${props.before ? `${props.before.resourceType}/${props.before.id}` : kind}`;
    const [start] = useState<Words>(() => ({
        typed: props.before ? typedOf(kind, props.before) : emptyOf(kind),
        version: props.before?.meta?.versionId ?? '',
        key: crypto.randomUUID(),
        tried: false,
    }));
    const draft = useDraft<Words>(name, start);
    const { typed } = draft.value;
    const check = useForm();
    const sending = useForm();

    /* words that were typed over an older version, before the page was left */
    useEffect(() => {
        if (draft.found && props.before && draft.value.version !== start.version) {
            setThere(props.before);
        }
    }, [draft.found]);
    useEffect(() => {
        const field = to.current && document.getElementById(fieldId(to.current));
        if (step === 'check' || field || there !== undefined) {
            (field || document.getElementById('page-heading'))?.focus();
        }
        to.current = '';
    }, [step, there]);

    const leave = (done: string) => {
        draft.clear();
        page.again();
        go(`${ownHref(id)}${done ? `?done=${done}` : ''}`);
    };
    const store = async (was: Resource | null) => {
        const { key, tried } = draft.value;
        const over = was ?? (tried ? await arrived(kind, key) : null);
        if (!over) {
            draft.set({ ...draft.value, tried: true });
        }
        try {
            await save(resourceOf(kind, typed, id, over, key));
        } catch (e) {
            if (!(e instanceof Trouble) || !over || ![404, 410, 412].includes(e.status)) {
                throw e;
            }
            const now = await fresh(over.resourceType, over.id!).catch((f) => {
                if (f instanceof Trouble && [404, 410].includes(f.status)) {
                    return null;
                }
                throw f;
            });
            setBefore(now);
            setThere(now);
            return;
        }
        leave('saved');
    };

    if (there !== undefined) {
        return (
            <Conflict
                kind={kind}
                typed={typed}
                there={there}
                mine={() => store(before)}
                theirs={() => leave('')}
            />
        );
    }
    if (step === 'check') {
        return (
            <>
                <Heading>{t.check}</Heading>
                <form onSubmit={(e) => sending.send(e, {}, () => store(before))} noValidate>
                    {sending.summary}
                    <Answers
                        kind={kind}
                        typed={typed}
                        change={(field) => {
                            to.current = field;
                            setStep('form');
                        }}
                    />
                    <Urgent />
                    <Button busy={sending.busy}>{sending.busy ? t.saving : t.save}</Button>
                </form>
            </>
        );
    }
    const what = own().aKind[kind]!;
    return (
        <>
            <Heading>{before ? t.changes(what) : t.adds(what)}</Heading>
            <form
                onSubmit={(e) =>
                    check.send(e, problemsOf(wrongOf(kind, typed)), async () => setStep('check'))
                }
                noValidate
            >
                {check.summary}
                <OwnFields
                    kind={kind}
                    typed={typed}
                    problems={check.problems}
                    change={(part) =>
                        draft.set({ ...draft.value, typed: { ...draft.value.typed, ...part } })
                    }
                />
                <DraftNote draft={draft} />
                <Button>{t.next}</Button>
            </form>
            {before ? (
                <Remove remove={() => takeAway(before).then(() => leave('removed'))} />
            ) : null}
        </>
    );
}

/* The entry as it is now, before anything of it is typed over. */
function Change({ page }: { page: RecordPageProps }) {
    const { type, entry } = page.params as { type: string; entry: string };
    const { value, trouble, again } = useLoaded((signal) => fresh(type, entry, signal), [type, entry]);
    if (trouble) {
        return (
            <>
                <Heading>{own().notFound}</Heading>
                <TroubleBox trouble={trouble} again={again} />
            </>
        );
    }
    const kind = value && isOwn(value) ? kindOf(value) : null;
    return value ? (
        kind ? (
            <Editor page={page} kind={kind} before={value} />
        ) : (
            <Heading>{own().notFound}</Heading>
        )
    ) : null;
}

export default function OwnEditPage(page: RecordPageProps) {
    const t = own();
    const { kind } = page.params;
    const id = page.record.id;
    return (
        <>
            <p class="k-back">
                <a href={ownHref(id)}>{t.back}</a>
            </p>
            {!isMine(page.session, id) ? (
                <>
                    <Heading>{t.notFound}</Heading>
                    <p>{t.onlyTheirs}</p>
                </>
            ) : kind === undefined ? (
                <Change page={page} key={page.params.entry} />
            ) : isKind(kind) ? (
                <Editor page={page} kind={kind} before={null} key={kind} />
            ) : (
                <Heading>{t.notFound}</Heading>
            )}
        </>
    );
}
