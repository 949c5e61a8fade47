/*
 * Everything as one file, made in this browser: to read, as data, and the letters as they came. The
 * page says what is in it and what is not.
 */
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { showDateTime } from '../model/dates.ts';
import { writeKeepingDigits } from '../model/digits.ts';
import { collection, wholeCopy } from '../model/extract.ts';
import { decoded, fileName, letters, sizeWords } from '../model/letters.ts';
import { nameOf, plainName } from '../model/people.ts';
import { missing } from '../model/places.ts';
import { zip, type ZipFile } from '../model/zip.ts';
import type { Loaded } from '../load.ts';
import { Heading, Section, TroubleBox } from '../parts/basic.tsx';
import { Button, useAction } from '../parts/form.tsx';
import { saveFile } from '../parts/file-button.tsx';
import { contentOf } from '../parts/original.tsx';
import { Readable } from '../parts/readable.tsx';
import { recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { language } from '../texts/area.ts';
import { downloadTexts } from '../texts/download.ts';
import { recordNav } from '../texts/record-nav.ts';

/* What is in the archive. */
const PAGE = 'record.html';
const DATA = 'record.json';
const LETTERS = 'letters';

const STYLE =
    'body{max-width:46rem;margin:1rem auto;padding:0 1rem;font:1.1rem/1.5 sans-serif;color:#212b32}' +
    'ul{padding:0;list-style:none}li{padding:.5rem 0;border-bottom:1px solid #aeb7bd}' +
    'p{margin:.2rem 0}.k-letter{white-space:pre-wrap}.k-item__source{color:#4c6272}';

const escaped = (text: string): string =>
    text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

interface Files {
    files: ZipFile[];
    lost: string[]; /* originals that could not be fetched */
}

/* Letters one by one: a node is not asked for all at once. */
async function letterFiles(record: Loaded, tell: (n: number, of: number) => void): Promise<Files> {
    const out: Files = { files: [], lost: [] };
    const all = letters(record.index);
    for (const [i, letter] of all.entries()) {
        tell(i + 1, all.length);
        for (const original of letter.originals) {
            const name = fileName(original, letter);
            try {
                const bytes = decoded(await contentOf(original));
                out.files.push({ name: `${LETTERS}/${name}`, bytes: bytes! });
            } catch {
                out.lost.push(`${name}${letter.organisation ? ` (${letter.organisation})` : ''}`);
            }
        }
    }
    return out;
}

function readablePage(record: Loaded, title: string, words: string[]): string {
    const box = document.createElement('div');
    render(<Readable index={record.index} />, box);
    const body = box.innerHTML;
    render(null, box);
    return (
        `<!doctype html><html lang="${language() === 'cy' ? 'cy' : 'en-GB'}"><meta charset="utf-8">` +
        `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">` +
        `<meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>` +
        `<style>${STYLE}</style><h1>${escaped(title)}</h1>` +
        words.map((w) => `<p>${escaped(w)}</p>`).join('') +
        body
    );
}

/* What stands at the beginning of it: when it was made, of what, and what is lacking. */
function aboutWords(record: Loaded, lost: string[], at: string): string[] {
    const t = downloadTexts();
    const places = record.answers?.places ?? [];
    const lacking = record.answers ? missing(record.answers) : [];
    const from = places.filter((p) => !lacking.includes(p)).map((p) => p.name);
    return [
        t.fileMade(showDateTime(at)),
        ...(from.length ? [`${t.fileFrom} ${from.join(', ')}.`] : []),
        ...(lacking.length ? [`${t.fileMissing} ${lacking.map((p) => p.name).join(', ')}.`] : []),
        ...(record.elsewhere ? [t.couldNot] : []),
        ...(lost.length ? [`${t.fileLost} ${lost.join('; ')}.`] : []),
    ];
}

async function makeFile(record: Loaded, tell: (words: string) => void) {
    const t = downloadTexts();
    const now = new Date();
    const { files, lost } = await letterFiles(record, (n, of) => tell(t.making(n, of)));
    tell(t.packing);
    const text = new TextEncoder();
    const title = t.fileTitle(record.patient ? plainName(nameOf(record.patient)) : '');
    const words = aboutWords(record, lost, now.toISOString());
    const data = collection(record.index.all.map(wholeCopy), `${location.origin}/fhir`, now.getTime());
    const bytes = zip(
        [
            {
                name: 'read me.txt',
                bytes: text.encode(
                    [title, ...words, t.fileNames(PAGE, DATA, LETTERS), ''].join('\r\n'),
                ),
            },
            { name: PAGE, bytes: text.encode(readablePage(record, title, words)) },
            { name: DATA, bytes: text.encode(writeKeepingDigits(data)) },
            ...files,
        ],
        now,
    );
    const name = `health record ${now.toISOString().slice(0, 10)}.zip`;
    saveFile(name, new Blob([bytes], { type: 'application/zip' }));
    return { name, size: sizeWords(bytes.length), lost: lost.length };
}

function Places({ record }: { record: Loaded }) {
    const t = downloadTexts();
    const lacking = record.answers ? missing(record.answers) : [];
    if (record.elsewhere) {
        return <p>{t.couldNot}</p>;
    }
    if (!record.answers || record.joining) {
        return <p role="status">{t.waiting}</p>;
    }
    return (
        <>
            {lacking.length ? (
                <>
                    <p>{t.missing}</p>
                    <ul class="nhsuk-list nhsuk-list--bullet">
                        {lacking.map((p) => (
                            <li key={p.base}>{p.name}</li>
                        ))}
                    </ul>
                    <p>{t.missingAdvice}</p>
                </>
            ) : (
                <p>{record.answers.places.length > 1 ? t.all : t.one}</p>
            )}
            {record.withheld ? <p>{t.withheld}</p> : null}
        </>
    );
}

export default function DownloadPage({ record, session }: RecordPageProps) {
    const t = downloadTexts();
    const nav = recordNav();
    const own = session.account?.patient === record.id;
    const action = useAction();
    const [progress, setProgress] = useState('');
    const [saved, setSaved] = useState('');
    const make = () =>
        action.run(async () => {
            setSaved('');
            try {
                const { name, size, lost } = await makeFile(record, setProgress);
                setSaved([t.saved(name, size), lost ? t.lostOriginals(lost) : ''].filter(Boolean).join(' '));
            } finally {
                setProgress('');
            }
        });
    const pages = [
        ['', nav.summary],
        ['results', nav.results],
        ['letters', nav.letters],
    ];
    return (
        <>
            <Heading>{own ? t.heading : t.headingOther}</Heading>
            <p>{own ? t.intro : t.introOther}</p>
            <Section id="has" title={t.has} wide>
                <ul class="nhsuk-list nhsuk-list--bullet">
                    {t.points.map((point) => (
                        <li>{point}</li>
                    ))}
                </ul>
            </Section>
            <Section id="places" title={t.places} wide>
                <Places record={record} />
            </Section>
            <Section id="careful" title={t.careful} wide>
                <p>{t.carefulWords}</p>
                <Button busy={action.busy} click={() => void make()}>
                    {own ? t.make : t.makeOther}
                </Button>
                <p role="status" class="k-said-line">
                    {progress || saved}
                </p>
                {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            </Section>
            <Section id="print" title={t.print} wide>
                <p>{t.printIntro}</p>
                <ul class="nhsuk-list nhsuk-list--bullet">
                    {pages.map(([page, words]) => (
                        <li key={page}>
                            <a href={recordHref(record.id, page)}>{words}</a>
                        </li>
                    ))}
                </ul>
                <p>{t.printPages}</p>
            </Section>
        </>
    );
}
