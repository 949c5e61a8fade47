/*
 * For whoever has a link: nobody signs in. The page asks who opens it, fetches what is locked, and
 * unlocks it here; it keeps nothing of it.
 */
import { useMemo, useState } from 'preact/hooks';
import { showDate, showDateTime, writeDates } from '../model/dates.ts';
import { letters } from '../model/letters.ts';
import { nameOf, nhsNumber, plainName } from '../model/people.ts';
import { RecordIndex } from '../model/record.ts';
import { pageOfLink, readLink, writeLink, type HealthLink } from '../model/shlink.ts';
import { Heading, Section, useTitle } from '../parts/basic.tsx';
import { afterDrawing } from '../parts/focus.ts';
import { Button, Main, TextField, useForm, type Problems } from '../parts/form.tsx';
import { OriginalFile } from '../parts/original.tsx';
import { PrintButtons } from '../parts/print.tsx';
import { Readable } from '../parts/readable.tsx';
import type { PageProps } from '../routes.ts';
import { openLink, WrongPasscode, type Shared } from '../shared-links.ts';
import { sharedTexts } from '../texts/shared.ts';

const instant = (seconds: number): string => new Date(seconds * 1000).toISOString();

function Bad() {
    const t = sharedTexts();
    useTitle(t.bad);
    return (
        <Main>
            <Heading>{t.bad}</Heading>
            <p>{t.badAdvice}</p>
        </Main>
    );
}

/* A page asks no other site, so a link of another node opens there. */
function Elsewhere({ link }: { link: HealthLink }) {
    const t = sharedTexts();
    const { origin, host } = new URL(link.url);
    useTitle(t.elsewhere);
    return (
        <Main>
            <Heading>{t.elsewhere}</Heading>
            <p>{t.elsewhereAdvice(host)}</p>
            <p>
                <a href={pageOfLink(origin, writeLink(link))} rel="noreferrer">
                    {t.elsewhereGo(host)}
                </a>
            </p>
        </Main>
    );
}

function Locked({ link, opened }: { link: HealthLink; opened: (shared: Shared) => void }) {
    const t = sharedTexts();
    const [who, setWho] = useState('');
    const [passcode, setPasscode] = useState('');
    const [wrong, setWrong] = useState('');
    const form = useForm();
    const asksPasscode = link.flag?.includes('P') ?? false;
    const over = link.exp !== undefined && link.exp * 1000 <= Date.now();
    useTitle(t.heading);
    const problems = (): Problems => ({
        ...(who.trim() ? {} : { recipient: t.whoMissing }),
        ...(asksPasscode && !passcode ? { passcode: t.passcodeMissing } : {}),
    });
    const send = (e: Event) => {
        setWrong('');
        form.send(e, problems(), async () => {
            try {
                opened(await openLink(link, who.trim(), passcode));
            } catch (fault) {
                if (!(fault instanceof WrongPasscode)) {
                    throw fault;
                }
                setWrong(t.passcodeWrong(fault.left));
                afterDrawing(() => document.getElementById('passcode')?.focus());
            }
        });
    };
    return (
        <Main>
            {form.summary}
            <Heading>{t.heading}</Heading>
            {link.label ? <p class="k-break">{t.label(link.label)}</p> : null}
            <p>{t.intro}</p>
            {link.exp !== undefined ? (
                <p>{over ? t.over(showDateTime(instant(link.exp))) : t.until(showDateTime(instant(link.exp)))}</p>
            ) : null}
            <form onSubmit={send} noValidate>
                <TextField
                    id="recipient"
                    label={t.who}
                    hint={t.whoHint}
                    problem={form.problems.recipient}
                    value={who}
                    change={setWho}
                    autocomplete="name"
                />
                {asksPasscode ? (
                    <TextField
                        id="passcode"
                        label={t.passcode}
                        hint={t.passcodeHint}
                        problem={form.problems.passcode ?? (wrong || undefined)}
                        value={passcode}
                        change={setPasscode}
                        narrow
                    />
                ) : null}
                <p>{t.told}</p>
                <Button busy={form.busy}>{t.open}</Button>
            </form>
            <p role="status" class="nhsuk-u-visually-hidden">
                {wrong}
            </p>
        </Main>
    );
}

function Open({ link, shared }: { link: HealthLink; shared: Shared }) {
    const t = sharedTexts();
    const index = useMemo(() => {
        const made = new RecordIndex();
        made.add(shared.resources);
        return made;
    }, [shared]);
    const patient = index.of('Patient')[0];
    const name = patient ? plainName(nameOf(patient)) : '';
    const files = letters(index).flatMap((letter) =>
        letter.originals
            .filter((o) => o.type !== 'text/plain')
            .map((original) => ({ letter, original })),
    );
    const entries = index.all.filter((r) => r.resourceType !== 'Patient');
    useTitle(link.label ?? t.heading);
    return (
        <Main>
            <Heading>{name ? t.recordOf(name) : t.heading}</Heading>
            {link.label ? <p class="nhsuk-body-l k-break">{link.label}</p> : null}
            {patient ? (
                <p>
                    {[
                        patient.birthDate ? `${t.born} ${showDate(patient.birthDate)}` : '',
                        nhsNumber(patient) ? `${t.nhs} ${nhsNumber(patient)}` : '',
                    ]
                        .filter(Boolean)
                        .join(' · ')}
                </p>
            ) : null}
            <div class="nhsuk-inset-text k-inset">
                <p>
                    {shared.madeAt ? t.copy(showDateTime(shared.madeAt)) : ''} {t.part}
                </p>
                {link.exp ? <p>{t.until(showDateTime(instant(link.exp)))}</p> : null}
                <p>{t.key}</p>
            </div>
            <div class="k-actions">
                <PrintButtons />
            </div>
            <Section id="contents" title={t.contents} wide>
                {entries.length ? <Readable index={index} level={3} /> : <p>{t.empty}</p>}
            </Section>
            {files.length ? (
                <Section id="files" title={t.originals} wide>
                    {files.map(({ letter, original }) => (
                        <>
                            <h3 class="nhsuk-heading-s">{original.title || letter.title}</h3>
                            <OriginalFile original={original} letter={letter} />
                        </>
                    ))}
                </Section>
            ) : null}
        </Main>
    );
}

export default function SharedPage({ params }: PageProps) {
    writeDates('words'); /* as the person who shared it reads them */
    const link = readLink(`shlink:/${params.link ?? ''}`);
    const [shared, setShared] = useState<Shared | null>(null);
    if (!link) {
        return <Bad />;
    }
    if (new URL(link.url).origin !== location.origin) {
        return <Elsewhere link={link} />;
    }
    if (!shared) {
        const opened = (what: Shared) => {
            setShared(what);
            afterDrawing(() => document.getElementById('page-heading')?.focus());
        };
        return <Locked link={link} opened={opened} />;
    }
    return <Open link={link} shared={shared} />;
}
