/*
 * A ZIP archive (APPNOTE 6.3, method 0: stored), so that everything somebody takes away is one file.
 * Names are UTF-8. Not for archives of 4 GB and more.
 */
import { joined } from './bytes.ts';

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) {
        c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    }
    return c >>> 0;
});

export function crc32(bytes: Uint8Array): number {
    let c = 0xffffffff;
    for (const b of bytes) {
        c = TABLE[(c ^ b) & 0xff]! ^ (c >>> 8);
    }
    return (c ^ 0xffffffff) >>> 0;
}

export interface ZipFile {
    name: string; /* 'letters/a.pdf' */
    bytes: Uint8Array;
}

const little = (...fields: [value: number, length: number][]): Uint8Array => {
    const out: number[] = [];
    for (const [value, length] of fields) {
        for (let i = 0; i < length; i++) {
            out.push(Math.floor(value / 256 ** i) % 256);
        }
    }
    return Uint8Array.from(out);
};

/* Two files of one name would be one after unpacking: later ones get a number. */
function named(files: ZipFile[]): ZipFile[] {
    const taken = new Set<string>();
    return files.map((f) => {
        let { name } = f;
        for (let n = 2; taken.has(name.toLowerCase()); n++) {
            name = f.name.replace(/(\.[^./]*)?$/, ` (${n})$1`);
        }
        taken.add(name.toLowerCase());
        return { ...f, name };
    });
}

export function zip(files: ZipFile[], at: Date): Uint8Array<ArrayBuffer> {
    const time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1);
    const date = (Math.max(0, at.getFullYear() - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate();
    const parts: Uint8Array[] = [];
    const list: Uint8Array[] = [];
    let place = 0;
    for (const { name, bytes } of named(files)) {
        const words = new TextEncoder().encode(name);
        const common: [number, number][] = [
            [20, 2],
            [0x0800, 2],
            [0, 2],
            [time, 2],
            [date, 2],
            [crc32(bytes), 4],
            [bytes.length, 4],
            [bytes.length, 4],
            [words.length, 2],
            [0, 2],
        ];
        const head = little([0x04034b50, 4], ...common);
        parts.push(head, words, bytes);
        list.push(
            little([0x02014b50, 4], [20, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [place, 4]),
            words,
        );
        place += head.length + words.length + bytes.length;
    }
    const directory = joined(...list);
    const count = files.length;
    const end = little(
        [0x06054b50, 4],
        [0, 2],
        [0, 2],
        [count, 2],
        [count, 2],
        [directory.length, 4],
        [place, 4],
        [0, 2],
    );
    return joined(...parts, directory, end);
}
