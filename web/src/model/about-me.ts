/*
 * "About me": what somebody says of themselves, under the headings of the PRSB's standard of that name.
 * A Composition of text alone. Pure.
 */
import { hasCode, list, type Resource } from './fhir.ts';
import { isOwn } from './mark.ts';
import { KITH } from './own.ts';
import { wrong, type RecordIndex } from './record.ts';

export const ABOUT_HEADINGS = [
    'important',
    'people',
    'communicate',
    'wellness',
    'do-not',
    'support',
    'worth-knowing',
] as const;
export type AboutHeading = (typeof ABOUT_HEADINGS)[number];
export type AboutWords = Partial<Record<AboutHeading, string>>;
export const ABOUT_MOST = 3000; /* letters under one heading */

/* As the standard has them, whatever the language of the page. */
const TITLES: Record<AboutHeading, string> = {
    important: 'What is most important to me',
    people: 'People who are important to me',
    communicate: 'How I communicate and how to communicate with me',
    wellness: 'My wellness',
    'do-not': 'Please do, and please do not',
    support: 'How and when to support me',
    'worth-knowing': 'Also worth knowing about me',
};

const SYSTEM = `${KITH}/about-me`;
const ESCAPES: [RegExp, string][] = [
    [/&/g, '&amp;'],
    [/</g, '&lt;'],
    [/>/g, '&gt;'],
];
const escape = (text: string): string =>
    ESCAPES.reduce((out, [from, to]) => out.replace(from, to), text);

/* Characters that XML has not are nothing that anybody typed. */
const typable = (text: string): string =>
    text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');

/* A paragraph a line, as it was typed. */
function divOf(text: string): string {
    const lines = typable(text).trim().split(/\r?\n/);
    const body = lines.map((l) => `<p>${escape(l.trim()) || '<br/>'}</p>`).join('');
    return `<div xmlns="http://www.w3.org/1999/xhtml">${body}</div>`;
}

/* The words of a narrative, without its elements. */
export function textOf(div: unknown): string {
    return String(div ?? '')
        .replace(/<p><br\s*\/?><\/p>/g, '\n')
        .replace(/<br\s*\/?>/g, '\n')
        .replace(/<\/(p|div|li|h\d|tr)>/g, '\n')
        .replace(/<[^>]*>/g, '')
        .replace(/&lt;/g, '<')
        .replace(/&gt;/g, '>')
        .replace(/&quot;/g, '"')
        .replace(/&(apos|#39);/g, "'")
        .replace(/&(nbsp|#160);/g, ' ')
        .replace(/&amp;/g, '&')
        .trim();
}

const headingOf = (section: any): AboutHeading | undefined =>
    ABOUT_HEADINGS.find(
        (h) =>
            list<any>(section.code?.coding).some((c) => c.system === SYSTEM && c.code === h) ||
            section.title === TITLES[h],
    );

/* What stands under each heading; sections under other headings are `more`. */
export function aboutWords(r: Resource | undefined): AboutWords & { more?: [string, string][] } {
    const out: AboutWords & { more?: [string, string][] } = {};
    for (const section of list<any>(r?.section)) {
        const heading = headingOf(section);
        const text = textOf(section.text?.div);
        if (heading) {
            out[heading] = [out[heading], text].filter(Boolean).join('\n');
        } else if (text) {
            out.more = [...(out.more ?? []), [String(section.title ?? ''), text]];
        }
    }
    return out;
}

export const hasWords = (words: AboutWords): boolean =>
    ABOUT_HEADINGS.some((h) => (words[h] ?? '').trim());

const isAbout = (r: Resource): boolean => hasCode(r.type, 'about-me') && isOwn(r) && !wrong(r);

/* The newest that the person wrote, and where it is kept. */
export function aboutMe(index: RecordIndex): Resource | undefined {
    return index
        .of('Composition')
        .filter(isAbout)
        .sort((a, b) => String(b.date ?? '').localeCompare(String(a.date ?? '')))[0];
}

export function compositionOf(
    words: AboutWords,
    patient: string,
    before: Resource | null,
    now = Date.now(),
): Resource {
    const me = { reference: `Patient/${patient}` };
    const headings = ABOUT_HEADINGS.filter((h) => (words[h] ?? '').trim());
    return {
        ...before,
        resourceType: 'Composition',
        status: before ? 'amended' : 'final',
        type: {
            coding: [{ system: `${KITH}/document-kind`, code: 'about-me', display: 'About me' }],
            text: 'About me',
        },
        subject: me,
        date: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
        author: [me],
        title: 'About me',
        section: [
            ...headings.map((h) => ({
                title: TITLES[h],
                code: { coding: [{ system: SYSTEM, code: h }] },
                text: { status: 'additional', div: divOf(words[h]!) },
            })),
            ...list<any>(before?.section).filter((s) => !headingOf(s)),
        ],
    };
}
