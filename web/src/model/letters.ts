/* Letters and documents of a record: who sent them, their words, and the files they came as. */
import { values } from '../texts/values.ts';
import { fromBase64 } from './bytes.ts';
import { sortTime } from './dates.ts';
import { list, localReference, title, type Resource } from './fhir.ts';
import { wrong, type RecordIndex } from './record.ts';
import { sourceOf } from './source.ts';

/* A file of a letter. `data` is in the entry itself; `binary` is asked for. */
export interface Original {
    type: string; /* media type */
    title: string;
    size: number; /* bytes; 0: not said */
    data: string; /* base64 */
    at: string; /* 'Binary/7', as its letter names it */
    binary: string; /* the same, where this node is asked for it */
    away: boolean; /* another place keeps it, and has not sent it along */
}

export interface Letter {
    res: Resource;
    title: string;
    kind: string;
    date: string;
    time: number;
    organisation: string;
    people: string;
    text: string; /* plain; '' when there is none */
    originals: Original[];
}

const media = (type: unknown): string =>
    typeof type === 'string' ? type.split(';')[0]!.trim().toLowerCase() : '';

export const isPicture = (o: Original): boolean => /^image\/(png|jpeg|gif|webp)$/.test(o.type);

const NAMES: Record<string, string> = {
    'application/pdf': 'PDF',
    'image/png': 'PNG',
    'image/jpeg': 'JPEG',
    'image/gif': 'GIF',
    'image/webp': 'WebP',
    'image/tiff': 'TIFF',
    'text/plain': 'text',
    'text/html': 'HTML',
    'application/rtf': 'RTF',
    'text/rtf': 'RTF',
    'application/msword': 'Word',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'Word',
};
export const formName = (o: Original): string =>
    NAMES[o.type] ?? (o.type ? o.type.replace(/^.*\//, '') : 'file');

const ENDINGS: Record<string, string> = {
    'application/pdf': 'pdf',
    'image/png': 'png',
    'image/jpeg': 'jpg',
    'image/gif': 'gif',
    'image/webp': 'webp',
    'image/tiff': 'tif',
    'text/plain': 'txt',
    'text/html': 'html',
    'application/rtf': 'rtf',
    'text/rtf': 'rtf',
    'application/msword': 'doc',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
};

/* A name for saving it that every system takes: '2026-10-20 Knee clinic letter.pdf'. */
export function fileName(o: Original, letter: Letter): string {
    const words = (o.title || letter.title)
        .replace(/[^\p{L}\p{N} ()-]+/gu, ' ')
        .replace(/ +/g, ' ')
        .trim()
        .slice(0, 80);
    const name = [letter.date.slice(0, 10), words || 'letter'].filter(Boolean).join(' ');
    return `${name}.${ENDINGS[o.type] ?? 'bin'}`;
}

/* '40 KB', '1.2 MB'; '' when it is not known. */
export function sizeWords(bytes: number): string {
    if (!bytes) {
        return '';
    }
    const kilo = bytes / 1024;
    return kilo < 1000
        ? `${Math.max(1, Math.round(kilo))} KB`
        : `${(kilo / 1024).toFixed(1).replace(/\.0$/, '')} MB`;
}

export function decoded(data: string): Uint8Array<ArrayBuffer> | null {
    try {
        return fromBase64(data.replace(/\s+/g, ''));
    } catch {
        return null;
    }
}

function attachments(r: Resource): any[] {
    /* of Media the content is the attachment itself */
    return [...list<any>(r.content).map((c) => c?.attachment ?? c), ...list<any>(r.presentedForm)].filter(
        (a) => a?.contentType || a?.url || a?.data,
    );
}

function originalOf(a: any, r: Resource, index: RecordIndex): Original {
    const { own, ods } = index.aboutOf(r);
    const data = typeof a.data === 'string' ? a.data : '';
    const at = localReference(a.url);
    const binary = /^Binary\//.test(at) ? at : '';
    const there = own ? undefined : index.byReference.get(binary.replace('/', `/${ods}~`));
    return {
        type: media(a.contentType),
        title: typeof a.title === 'string' ? a.title : '',
        size: Number(a.size) || (data ? Math.floor((data.length * 3) / 4) : 0),
        data: data || (typeof there?.data === 'string' ? there.data : ''),
        at: binary,
        binary: own ? binary : '',
        away: !own && !data && !there,
    };
}

function textOf(r: Resource): string {
    const texts = attachments(r)
        .filter((a) => media(a.contentType) === 'text/plain' && typeof a.data === 'string')
        .map((a) => decoded(a.data))
        .map((bytes) => (bytes ? new TextDecoder().decode(bytes).trim() : ''));
    return texts.filter(Boolean).join('\n\n');
}

export function letterOf(index: RecordIndex, res: Resource): Letter {
    const source = sourceOf(index, res);
    const kind = title(res.type);
    const date = res.date ?? res.context?.period?.start ?? '';
    const firstTitle = attachments(res).find((a) => a.title)?.title;
    return {
        res,
        title: res.description || firstTitle || kind || values().letter,
        kind,
        date: typeof date === 'string' ? date : '',
        time: sortTime(date),
        organisation: source.organisations[0] || index.aboutOf(res).place,
        people: source.people.slice(0, 2).join(', '),
        text: textOf(res),
        originals: attachments(res).map((a) => originalOf(a, res, index)),
    };
}

/* A letter that its writer and its reader both keep is one, where all of its words are the same. */
function eachOnce(index: RecordIndex, all: Letter[]): Letter[] {
    const found = new Map<string, Letter>();
    for (const l of all) {
        const { resourceType, id } = l.res;
        const key = l.text ? [l.date, l.title, l.text].join('\n') : `${resourceType}/${id ?? ''}`;
        const had = found.get(key);
        if (!had || (!index.aboutOf(had.res).own && index.aboutOf(l.res).own)) {
            found.set(key, l);
        }
    }
    return [...found.values()];
}

/* The files to offer beside the words: its text alone only where there is nothing else. */
export function filesOf(letter: Letter): Original[] {
    const others = letter.originals.filter((o) => o.type !== 'text/plain');
    return others.length ? others : letter.originals;
}

/* Newest first; what was withdrawn is not there. */
export function letters(index: RecordIndex): Letter[] {
    const last = (l: Letter) => (Number.isNaN(l.time) ? -Infinity : l.time);
    const all = index
        .of('DocumentReference')
        .filter((r) => !wrong(r) && r.docStatus !== 'entered-in-error' && r.status !== 'superseded')
        .map((r) => letterOf(index, r));
    return eachOnce(index, all).sort(
        (a, b) => last(b) - last(a) || a.title.localeCompare(b.title),
    );
}
