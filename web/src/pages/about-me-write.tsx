/* "About me" to write: a field a heading, kept on the device while it is typed. */
import { useEffect, useState } from 'preact/hooks';
import { fresh, save, Trouble } from '../api.ts';
import { useDraft } from '../drafts.ts';
import {
    ABOUT_HEADINGS,
    ABOUT_MOST,
    aboutMe,
    aboutWords,
    compositionOf,
    hasWords,
    type AboutWords,
} from '../model/about-me.ts';
import type { Resource } from '../model/fhir.ts';
import { Heading, TroubleBox } from '../parts/basic.tsx';
import { DraftNote } from '../parts/draft-note.tsx';
import { Button, useAction, useForm, useLoaded, type Problems } from '../parts/form.tsx';
import { isMine } from '../parts/own.tsx';
import { go, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { aboutMeTexts } from '../texts/about-me.ts';

const fieldId = (heading: string): string => `about-${heading}`;

function problemsOf(words: AboutWords): Problems {
    const t = aboutMeTexts();
    const out: Problems = {};
    if (!hasWords(words)) {
        out[fieldId(ABOUT_HEADINGS[0])] = t.empty;
    }
    for (const h of ABOUT_HEADINGS) {
        if ((words[h] ?? '').length > ABOUT_MOST) {
            out[fieldId(h)] = t.long(ABOUT_MOST);
        }
    }
    return out;
}

function Area(props: {
    heading: string;
    value: string;
    problem?: string | undefined;
    change: (value: string) => void;
}) {
    const t = aboutMeTexts();
    const id = fieldId(props.heading);
    return (
        <div class={`nhsuk-form-group${props.problem ? ' nhsuk-form-group--error' : ''}`}>
            <label class="nhsuk-label nhsuk-label--s" for={id}>
                {t.headings[props.heading]}
            </label>
            <div class="nhsuk-hint" id={`${id}-hint`}>
                {t.hints[props.heading]}
            </div>
            {props.problem ? (
                <span class="nhsuk-error-message" id={`${id}-error`}>
                    {props.problem}
                </span>
            ) : null}
            <textarea
                id={id}
                name={id}
                rows={Math.max(3, Math.min(12, props.value.split('\n').length + 1))}
                class={`nhsuk-textarea${props.problem ? ' nhsuk-textarea--error' : ''}`}
                aria-describedby={`${id}-hint${props.problem ? ` ${id}-error` : ''}`}
                value={props.value}
                onInput={(e) => props.change(e.currentTarget.value)}
            />
        </div>
    );
}

const differing = (a: AboutWords, b: AboutWords) =>
    ABOUT_HEADINGS.filter((h) => (a[h] ?? '').trim() !== (b[h] ?? '').trim());

function Conflict(props: {
    typed: AboutWords;
    there: AboutWords;
    mine: () => Promise<unknown>;
    theirs: () => void;
    both: () => void;
}) {
    const t = aboutMeTexts();
    const { busy, trouble, run } = useAction();
    return (
        <>
            <Heading>{t.conflict}</Heading>
            {trouble ? <TroubleBox trouble={trouble} /> : null}
            <p>{t.conflictWords}</p>
            {differing(props.typed, props.there).map((h) => (
                <section class="k-card k-wide" aria-labelledby={`conflict-${h}`} key={h}>
                    <h2 class="nhsuk-heading-s" id={`conflict-${h}`}>
                        {t.headings[h]}
                    </h2>
                    <h3 class="nhsuk-heading-xs">{t.there}</h3>
                    <p class="k-lines k-break">{props.there[h] || '–'}</p>
                    <h3 class="nhsuk-heading-xs">{t.yours}</h3>
                    <p class="k-lines k-break">{props.typed[h] || '–'}</p>
                </section>
            ))}
            <div class="k-buttons">
                <Button click={props.both}>{t.joinBoth}</Button>
                <Button kind="secondary" busy={busy} click={() => void run(props.mine)}>
                    {t.keepMine}
                </Button>
                <Button kind="secondary" click={props.theirs}>
                    {t.keepTheirs}
                </Button>
            </div>
        </>
    );
}

interface Words {
    words: AboutWords;
    version: string; /* of what it was typed over */
}

function Editor({ page, was }: { page: RecordPageProps; was: Resource | null }) {
    const t = aboutMeTexts();
    const id = page.record.id;
    const [before, setBefore] = useState(was);
    const [there, setThere] = useState<Resource | null>(null);
    const [start] = useState<Words>(() => ({
        words: aboutWords(was ?? undefined),
        version: was?.meta?.versionId ?? '',
    }));
    const draft = useDraft<Words>('about-me', start);
    const form = useForm();
    const { words } = draft.value;

    useEffect(() => {
        if (draft.found && was && draft.value.version !== start.version) {
            setThere(was);
        }
    }, [draft.found]);
    useEffect(() => {
        if (there) {
            document.getElementById('page-heading')?.focus();
        }
    }, [there]);

    const leave = (done: boolean) => {
        draft.clear();
        page.again();
        go(`${recordHref(id, 'about-me')}${done ? '?done=saved' : ''}`);
    };
    const store = async (over: Resource | null) => {
        try {
            await save(compositionOf(words, id, over));
        } catch (e) {
            if (!(e instanceof Trouble) || e.status !== 412 || !over) {
                throw e;
            }
            const now = await fresh('Composition', over.id!);
            setBefore(now);
            setThere(now);
            return;
        }
        leave(true);
    };

    if (there) {
        const others = aboutWords(there);
        return (
            <Conflict
                typed={words}
                there={others}
                mine={() => store(before)}
                theirs={() => leave(false)}
                both={() => {
                    const both: AboutWords = {};
                    for (const h of ABOUT_HEADINGS) {
                        const parts = [...new Set([others[h] ?? '', words[h] ?? ''].map((s) => s.trim()))];
                        both[h] = parts.filter(Boolean).join('\n');
                    }
                    draft.set({ words: both, version: there.meta?.versionId ?? '' });
                    setThere(null);
                }}
            />
        );
    }
    return (
        <>
            <Heading>{before ? t.change : t.write}</Heading>
            <p class="nhsuk-body-l">{t.lead}</p>
            <p>{t.seen}</p>
            <form onSubmit={(e) => form.send(e, problemsOf(words), () => store(before))} noValidate>
                {form.summary}
                {ABOUT_HEADINGS.map((h) => (
                    <Area
                        key={h}
                        heading={h}
                        value={words[h] ?? ''}
                        problem={form.problems[fieldId(h)]}
                        change={(value) =>
                            draft.set({ ...draft.value, words: { ...draft.value.words, [h]: value } })
                        }
                    />
                ))}
                <DraftNote draft={draft} />
                <Button busy={form.busy}>{form.busy ? t.saving : t.save}</Button>
            </form>
        </>
    );
}

/* What is there now, before anything of it is typed over. */
function Existing({ page, entry }: { page: RecordPageProps; entry: string }) {
    const { value, trouble, again } = useLoaded((s) => fresh('Composition', entry, s), [entry]);
    return trouble ? (
        <>
            <Heading>{aboutMeTexts().title}</Heading>
            <TroubleBox trouble={trouble} again={again} />
        </>
    ) : value ? (
        <Editor page={page} was={value} />
    ) : null;
}

export default function AboutMeWritePage(page: RecordPageProps) {
    const t = aboutMeTexts();
    const { record, session } = page;
    /* looked up once: what arrives later must not take the form away */
    const [res] = useState(() => aboutMe(record.index));
    const back = recordHref(record.id, 'about-me');
    const own = res && record.index.aboutOf(res).own;
    return (
        <>
            <p class="k-back">
                <a href={back}>{t.title}</a>
            </p>
            {!isMine(session, record.id) ? (
                <>
                    <Heading>{t.title}</Heading>
                    <p>{t.onlyTheirs}</p>
                </>
            ) : own ? (
                <Existing page={page} entry={res.id!} />
            ) : res ? (
                <>
                    <Heading>{t.title}</Heading>
                    <p>{t.at(record.index.aboutOf(res).place)}</p>
                </>
            ) : (
                <Editor page={page} was={null} />
            )}
        </>
    );
}
