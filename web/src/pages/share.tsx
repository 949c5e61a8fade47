/*
 * Sharing an entry, a summary or parts by a link: what, how long, for whom; what they will see; then the
 * link, once. It is locked in this browser, and the key goes nowhere but into the link.
 */
import { useMemo, useState } from 'preact/hooks';
import { get, operate, Trouble } from '../api.ts';
import { useDraft } from '../drafts.ts';
import { toBase64, toBase64url } from '../model/bytes.ts';
import { showDateTime } from '../model/dates.ts';
import { writeKeepingDigits } from '../model/digits.ts';
import { nothingOf, SHARE_PARTS, type SharePart } from '../model/extract.ts';
import type { Bundle, Resource } from '../model/fhir.ts';
import { encrypt } from '../model/jwe.ts';
import { letterOf } from '../model/letters.ts';
import { top } from '../model/params.ts';
import { RecordIndex, resourceName } from '../model/record.ts';
import {
    emptyParts,
    readLinks,
    sharedBundle,
    TIMES,
    wantedEntries,
    type Time,
    type Wanted,
} from '../model/share.ts';
import { LABEL_MOST, newKey, pageOfLink, writeLink } from '../model/shlink.ts';
import { DraftNote } from '../parts/draft-note.tsx';
import { Heading, Section, Status, TroubleBox } from '../parts/basic.tsx';
import { afterDrawing } from '../parts/focus.ts';
import { Button, Choices, TextField, useAction, useForm, useLoaded, type Problems } from '../parts/form.tsx';
import { LinkList } from '../parts/link-list.tsx';
import { contentOf } from '../parts/original.tsx';
import { QrPicture } from '../parts/qr-picture.tsx';
import { Readable } from '../parts/readable.tsx';
import type { RecordPageProps } from '../routes.ts';
import { timelineOf } from '../timelines.ts';
import { shareTexts } from '../texts/share.ts';

const FILE = 'application/fhir+json';
const BYTES_MOST = 5 * 1024 * 1024;

interface Typed extends Wanted {
    time: Time | '';
    label: string;
}

interface Made {
    id: string;
    link: string;
    until: string;
    passcode: boolean;
}

/* The letters' files, fetched for what is about to be shared. */
async function filesOf(index: RecordIndex, entries: Resource[]): Promise<Map<string, string>> {
    const files = new Map<string, string>();
    for (const r of entries.filter((e) => e.resourceType === 'DocumentReference')) {
        for (const original of letterOf(index, r).originals.filter((o) => o.at && !o.away)) {
            files.set(original.at, await contentOf(original));
        }
    }
    return files;
}

async function make(
    path: string,
    bundle: Bundle,
    asked: { label: string; words: string; time: Time; passcode: string },
): Promise<Made> {
    const t = shareTexts();
    const key = newKey();
    const jwe = await encrypt(key, writeKeepingDigits(bundle), FILE);
    if (jwe.length > BYTES_MOST) {
        throw new Trouble(t.large, t.largeAdvice);
    }
    const until = new Date(Date.now() + TIMES[asked.time] * 1000 - 1000);
    const reply = top(
        await operate(`${path}/$share-link`, {
            resourceType: 'Parameters',
            parameter: [
                { name: 'label', valueString: asked.label },
                { name: 'words', valueString: asked.words },
                { name: 'end', valueDateTime: until.toISOString() },
                ...(asked.passcode ? [{ name: 'passcode', valueString: asked.passcode }] : []),
                {
                    name: 'file',
                    part: [
                        { name: 'contentType', valueCode: FILE },
                        { name: 'jwe', valueBase64Binary: toBase64(new TextEncoder().encode(jwe)) },
                    ],
                },
            ],
        }),
    );
    const flag = reply.text('flag');
    const link = writeLink({
        url: reply.text('url'),
        key: toBase64url(key),
        exp: Math.floor(Date.parse(reply.text('end')) / 1000),
        label: asked.label,
        ...(flag ? { flag } : {}),
    });
    return {
        id: reply.text('id'),
        link: pageOfLink(location.origin, link),
        until: reply.text('end'),
        passcode: Boolean(asked.passcode),
    };
}

function Done({ made, end, another }: { made: Made; end: () => void; another: () => void }) {
    const t = shareTexts();
    const [said, setSaid] = useState('');
    const copy = () =>
        (navigator.clipboard?.writeText(made.link) ?? Promise.reject(new Error('none'))).then(
            () => setSaid(t.copied),
            () => setSaid(t.notCopied),
        );
    return (
        <Section id="done" title={t.done} wide>
            <p>{t.doneOnce}</p>
            <p>
                {t.until(showDateTime(made.until))} {made.passcode ? t.withPasscode : ''}
            </p>
            <QrPicture text={made.link} words={t.qr} side={330} />
            <div class="nhsuk-form-group">
                <label class="nhsuk-label nhsuk-label--s" for="made-link">
                    {t.link}
                </label>
                <textarea
                    id="made-link"
                    class="nhsuk-textarea k-break"
                    rows={4}
                    readOnly
                    value={made.link}
                    onFocus={(e) => e.currentTarget.select()}
                />
            </div>
            <p role="status" class="k-said-line">
                {said}
            </p>
            <div class="k-buttons">
                <Button click={() => void copy()}>{t.copy}</Button>
                <Button kind="warning" click={end}>
                    {t.endNow}
                </Button>
                <Button kind="secondary" click={another}>
                    {t.another}
                </Button>
            </div>
            <p>
                <a href={made.link} target="_blank" rel="noreferrer">
                    {t.open}
                </a>
            </p>
        </Section>
    );
}

function Preview({ bundle }: { bundle: Bundle }) {
    const t = shareTexts();
    const index = useMemo(() => {
        const made = new RecordIndex();
        made.add((bundle.entry ?? []).flatMap((e) => (e.resource ? [e.resource] : [])));
        return made;
    }, [bundle]);
    return (
        <Section id="preview" title={t.preview} wide>
            {index.all.length > 1 ? <Readable index={index} level={3} /> : <p>{t.previewNone}</p>}
        </Section>
    );
}

interface FormProps extends RecordPageProps {
    item: Resource | undefined;
    itemTitle: string;
    done: (made: Made) => void;
}

function ShareForm({ record, item, itemTitle, done }: FormProps) {
    const t = shareTexts();
    const { index } = record;
    const empty: Typed = { what: item ? 'item' : '', parts: [], time: '', label: '' };
    const draft = useDraft<Typed>(`share/${record.id}/${item?.id ?? ''}`, empty);
    const v = draft.value;
    const set = (more: Partial<Typed>) => draft.set({ ...v, ...more });
    const [passcode, setPasscode] = useState('');
    const form = useForm();
    const now = record.readAt || Date.now();
    const entries = useMemo(
        () => wantedEntries(index, v, item, now),
        [index, v.what, v.parts.join(), item, record.size],
    );
    const nothing = emptyParts(index, v, now).map((p) => nothingOf(t.partNames[p]));
    const bundleOf = (files: ReadonlyMap<string, string>, at: number): Bundle =>
        sharedBundle(
            index,
            record.patient!,
            [...entries, ...(entries.length ? nothing : [])],
            files,
            `${location.origin}/fhir`,
            at,
        );
    const bundle = useMemo(() => bundleOf(new Map(), now), [entries, record.names]);
    const words = (): string =>
        v.what === 'item'
            ? itemTitle
            : v.what === 'summary'
              ? t.summary
              : SHARE_PARTS.filter((p) => v.parts.includes(p))
                    .map((p) => t.partNames[p])
                    .join(', ');
    const problems = (): Problems => ({
        ...(v.what ? {} : { what: t.whatMissing }),
        ...(v.what === 'parts' && !v.parts.length ? { parts: t.partsMissing } : {}),
        ...(v.what && (v.what !== 'parts' || v.parts.length) && !entries.length
            ? { what: t.nothing }
            : {}),
        ...(v.time ? {} : { time: t.longMissing }),
        ...(!v.label.trim()
            ? { label: t.labelMissing }
            : [...v.label.trim()].length > LABEL_MOST
              ? { label: t.labelLong }
              : {}),
        ...(passcode && ([...passcode].length < 4 || [...passcode].length > 64)
            ? { passcode: t.passcodeShort }
            : {}),
    });
    const send = (e: Event) =>
        form.send(e, problems(), async () => {
            const whole = bundleOf(await filesOf(index, entries), Date.now());
            const asked = { label: v.label.trim(), words: words(), time: v.time as Time, passcode };
            const made = await make(`Patient/${encodeURIComponent(record.id)}`, whole, asked);
            draft.clear();
            done(made);
        });
    const whats = [
        ...(item ? [{ value: 'item', label: t.item(itemTitle) }] : []),
        { value: 'summary', label: t.summary, hint: t.summaryHint },
        { value: 'parts', label: t.some },
    ];
    return (
        <form onSubmit={send} noValidate>
            {form.summary}
            <DraftNote draft={draft} />
            <Choices
                id="what"
                question={t.what}
                problem={form.problems.what}
                options={whats}
                chosen={v.what ? [v.what] : []}
                change={([what]) => set({ what: what as Typed['what'] })}
                large
            />
            {v.what === 'parts' ? (
                <Choices
                    id="parts"
                    question={t.parts}
                    problem={form.problems.parts}
                    many
                    options={SHARE_PARTS.map((p) => ({
                        value: p,
                        label: t.partNames[p],
                        hint: p === 'results' ? t.resultsHint : undefined,
                    }))}
                    chosen={v.parts}
                    change={(parts) => set({ parts: parts as SharePart[] })}
                />
            ) : null}
            <Choices
                id="time"
                question={t.long}
                problem={form.problems.time}
                options={(Object.keys(TIMES) as Time[]).map((time) => ({
                    value: time,
                    label: t.times[time],
                }))}
                chosen={v.time ? [v.time] : []}
                change={([time]) => set({ time: time as Time })}
                large
            />
            <TextField
                id="label"
                label={t.label}
                hint={t.labelHint}
                problem={form.problems.label}
                value={v.label}
                change={(label) => set({ label })}
                spellcheck
            />
            <TextField
                id="passcode"
                label={t.passcode}
                hint={t.passcodeHint}
                problem={form.problems.passcode}
                value={passcode}
                change={setPasscode}
                narrow
            />
            {v.what ? <Preview bundle={bundle} /> : null}
            <Section id="points" title={t.consequences} wide>
                <ul class="nhsuk-list nhsuk-list--bullet">
                    {t.points.map((point) => (
                        <li>{point}</li>
                    ))}
                </ul>
            </Section>
            <Button busy={form.busy}>{t.make}</Button>
            <Status>{form.busy ? t.making : ''}</Status>
        </form>
    );
}

export default function SharePage(props: RecordPageProps) {
    const { record, session, query } = props;
    const t = shareTexts();
    const path = `Patient/${encodeURIComponent(record.id)}`;
    const own = session.account?.patient === record.id;
    const item = record.index.byReference.get(query.get('entry') ?? '');
    const itemTitle = item
        ? (timelineOf(record).find((e) => e.res === item)?.title ?? resourceName(item))
        : '';
    const [made, setMade] = useState<Made | null>(null);
    const [said, setSaid] = useState('');
    const action = useAction();
    const links = useLoaded(
        (signal) => (own ? get(`${path}/$share-links`, signal).then(readLinks) : Promise.resolve([])),
        [record.id, made?.id],
    );
    if (!own) {
        return (
            <>
                <Heading>{t.notYours}</Heading>
                <p>{t.notYoursAdvice}</p>
            </>
        );
    }
    const end = (id: string) =>
        void action.run(async () => {
            const reply = await operate(`${path}/$share-link-end`, {
                resourceType: 'Parameters',
                parameter: [{ name: 'id', valueId: id }],
            });
            links.put(readLinks(reply));
            setMade((m) => (m?.id === id ? null : m));
            setSaid(t.ended);
            afterDrawing(() => document.getElementById('h-links')?.focus());
        });
    const done = (what: Made) => {
        setMade(what);
        setSaid('');
        afterDrawing(() => document.getElementById('h-done')?.focus());
    };
    return (
        <>
            <Heading>{t.heading}</Heading>
            <p>{t.intro}</p>
            {said ? (
                <p class="k-said" role="status">
                    {said}
                </p>
            ) : (
                <Status>{''}</Status>
            )}
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {made ? (
                <Done made={made} end={() => end(made.id)} another={() => setMade(null)} />
            ) : (
                <ShareForm {...props} item={item} itemTitle={itemTitle} done={done} />
            )}
            <Section id="links" title={t.links} wide>
                {links.trouble ? (
                    <TroubleBox trouble={links.trouble} again={links.again} />
                ) : links.value ? (
                    <LinkList links={links.value} end={end} />
                ) : null}
            </Section>
        </>
    );
}
