/*
 * QR codes (ISO/IEC 18004): bytes, error correction level M, versions 1 to 20, which is 666 bytes at
 * most. Enough for what an authenticator app reads, and for a link by which something is shared.
 */

/* By version: codewords of error correction a block, and the data codewords of each block. */
const BLOCKS: [ec: number, blocks: [count: number, data: number][]][] = [
    [10, [[1, 16]]],
    [16, [[1, 28]]],
    [26, [[1, 44]]],
    [18, [[2, 32]]],
    [24, [[2, 43]]],
    [16, [[4, 27]]],
    [18, [[4, 31]]],
    [
        22,
        [
            [2, 38],
            [2, 39],
        ],
    ],
    [
        22,
        [
            [3, 36],
            [2, 37],
        ],
    ],
    [
        26,
        [
            [4, 43],
            [1, 44],
        ],
    ],
    [30, [[1, 50], [4, 51]]],
    [22, [[6, 36], [2, 37]]],
    [22, [[8, 37], [1, 38]]],
    [24, [[4, 40], [5, 41]]],
    [24, [[5, 41], [5, 42]]],
    [28, [[7, 45], [3, 46]]],
    [28, [[10, 46], [1, 47]]],
    [26, [[9, 43], [4, 44]]],
    [26, [[3, 44], [11, 45]]],
    [26, [[3, 41], [13, 42]]],
];
const ALIGNMENT = [
    [],
    [18],
    [22],
    [26],
    [30],
    [34],
    [22, 38],
    [24, 42],
    [26, 46],
    [28, 50],
    [30, 54],
    [32, 58],
    [34, 62],
    [26, 46, 66],
    [26, 48, 70],
    [26, 50, 74],
    [30, 54, 78],
    [30, 56, 82],
    [30, 58, 86],
    [34, 62, 90],
];
const LEVEL_M = 0;

/* The field of 256 elements with x⁸+x⁴+x³+x²+1. */
const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
    EXP[i] = x;
    EXP[i + 255] = x;
    LOG[x] = i;
    x = (x << 1) ^ (x & 0x80 ? 0x11d : 0);
}
const times = (a: number, b: number): number => (a && b ? EXP[LOG[a]! + LOG[b]!]! : 0);

function correction(data: number[], length: number): number[] {
    let generator = [1];
    for (let i = 0; i < length; i++) {
        const next = [...generator, 0];
        generator.forEach((g, at) => (next[at + 1]! ^= times(g, EXP[i]!)));
        generator = next;
    }
    const rest = [...data, ...new Array<number>(length).fill(0)];
    for (let i = 0; i < data.length; i++) {
        const factor = rest[i]!;
        generator.forEach((g, at) => (rest[i + at]! ^= times(g, factor)));
    }
    return rest.slice(data.length);
}

const capacity = (version: number): number =>
    BLOCKS[version - 1]![1].reduce((n, [count, data]) => n + count * data, 0);

/* Mode, length, bytes, end and padding. */
function dataCodewords(bytes: Uint8Array, version: number): number[] {
    const bits: number[] = [];
    const put = (value: number, length: number) => {
        for (let i = length - 1; i >= 0; i--) {
            bits.push((value >> i) & 1);
        }
    };
    put(4, 4);
    put(bytes.length, version < 10 ? 8 : 16);
    bytes.forEach((b) => put(b, 8));
    const room = capacity(version) * 8;
    put(0, Math.min(4, room - bits.length));
    put(0, (8 - (bits.length % 8)) % 8);
    for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) {
        put(pad, 8);
    }
    const words: number[] = [];
    for (let i = 0; i < bits.length; i += 8) {
        words.push(bits.slice(i, i + 8).reduce((n, b) => n * 2 + b, 0));
    }
    return words;
}

/* Blocks with their correction, one codeword of each in turn. */
function interleaved(words: number[], version: number): number[] {
    const [ec, groups] = BLOCKS[version - 1]!;
    const blocks: number[][] = [];
    let at = 0;
    for (const [count, data] of groups) {
        for (let i = 0; i < count; i++) {
            blocks.push(words.slice(at, at + data));
            at += data;
        }
    }
    const out: number[] = [];
    const inTurn = (lists: number[][]) => {
        for (let i = 0; i < Math.max(...lists.map((l) => l.length)); i++) {
            lists.forEach((l) => i < l.length && out.push(l[i]!));
        }
    };
    inTurn(blocks);
    inTurn(blocks.map((b) => correction(b, ec)));
    return out;
}

class Picture {
    readonly dark: boolean[][];
    readonly fixed: boolean[][];

    constructor(readonly size: number) {
        const empty = () =>
            Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
        this.dark = empty();
        this.fixed = empty();
    }

    set(row: number, column: number, dark: boolean): void {
        if (row >= 0 && column >= 0 && row < this.size && column < this.size) {
            this.dark[row]![column] = dark;
            this.fixed[row]![column] = true;
        }
    }

    /* Squares within squares around a middle: finders and alignments. */
    rings(row: number, column: number, reach: number, dark: (ring: number) => boolean): void {
        for (let r = -reach; r <= reach; r++) {
            for (let c = -reach; c <= reach; c++) {
                this.set(row + r, column + c, dark(Math.max(Math.abs(r), Math.abs(c))));
            }
        }
    }
}

function fixedParts(version: number): Picture {
    const size = version * 4 + 17;
    const p = new Picture(size);
    for (let i = 0; i < size; i++) {
        p.set(6, i, i % 2 === 0);
        p.set(i, 6, i % 2 === 0);
    }
    for (const [r, c] of [
        [3, 3],
        [3, size - 4],
        [size - 4, 3],
    ] as const) {
        p.rings(r, c, 4, (ring) => ring !== 2 && ring !== 4);
    }
    const places = version > 1 ? [6, ...ALIGNMENT[version - 1]!] : [];
    const last = places.at(-1);
    for (const r of places) {
        for (const c of places) {
            const corner = (r === 6 && (c === 6 || c === last)) || (c === 6 && r === last);
            if (!corner) {
                p.rings(r, c, 2, (ring) => ring !== 1);
            }
        }
    }
    if (version >= 7) {
        const bits = (version << 12) | remainder(version, 12, 0x1f25);
        for (let i = 0; i < 18; i++) {
            const dark = ((bits >> i) & 1) === 1;
            p.set(Math.floor(i / 3), size - 11 + (i % 3), dark);
            p.set(size - 11 + (i % 3), Math.floor(i / 3), dark);
        }
    }
    format(p, 0);
    return p;
}

function remainder(value: number, length: number, polynomial: number): number {
    let rest = value;
    for (let i = 0; i < length; i++) {
        rest = (rest << 1) ^ ((rest >> (length - 1)) & 1 ? polynomial : 0);
    }
    return rest & ((1 << length) - 1);
}

/* Level and mask, twice. */
function format(p: Picture, mask: number): void {
    const value = (LEVEL_M << 3) | mask;
    const bits = ((value << 10) | remainder(value, 10, 0x537)) ^ 0x5412;
    const bit = (i: number) => ((bits >> i) & 1) === 1;
    for (let i = 0; i < 15; i++) {
        p.set(i < 6 ? i : i < 8 ? i + 1 : p.size - 15 + i, 8, bit(i));
        p.set(8, i < 8 ? p.size - 1 - i : i < 9 ? 7 : 14 - i, bit(i));
    }
    p.set(p.size - 8, 8, true);
}

const MASKS: ((r: number, c: number) => boolean)[] = [
    (r, c) => (r + c) % 2 === 0,
    (r) => r % 2 === 0,
    (_, c) => c % 3 === 0,
    (r, c) => (r + c) % 3 === 0,
    (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
    (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
    (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
    (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

/* Two columns at a time from the right, up and down in turn; the timing column is left out. */
function fill(p: Picture, words: number[], mask: number): void {
    let n = 0;
    let up = true;
    for (let right = p.size - 1; right > 0; right -= right === 8 ? 3 : 2) {
        for (let i = 0; i < p.size; i++) {
            const row = up ? p.size - 1 - i : i;
            for (const column of [right, right - 1]) {
                if (!p.fixed[row]![column]) {
                    const bit = n < words.length * 8 && (words[n >> 3]! >> (7 - (n & 7))) & 1;
                    p.dark[row]![column] = Boolean(bit) !== MASKS[mask]!(row, column);
                    n++;
                }
            }
        }
        up = !up;
    }
}

/* How hard a picture is to read: long runs, blocks, what looks like a finder, too dark or light. */
function penalty(dark: boolean[][]): number {
    const size = dark.length;
    const lines = [...dark, ...dark.map((_, c) => dark.map((row) => row[c]!))];
    let points = 0;
    for (const line of lines) {
        const text = line.map((d) => (d ? '1' : '0')).join('');
        for (const run of text.match(/0{5,}|1{5,}/g) ?? []) {
            points += run.length - 2;
        }
        points += 40 * [...text.matchAll(/(?=00001011101|10111010000)/g)].length;
    }
    for (let r = 0; r + 1 < size; r++) {
        for (let c = 0; c + 1 < size; c++) {
            const d = dark[r]![c];
            const same =
                d === dark[r]![c + 1] && d === dark[r + 1]![c] && d === dark[r + 1]![c + 1];
            points += same ? 3 : 0;
        }
    }
    const share = dark.flat().filter(Boolean).length / (size * size);
    return points + 10 * Math.floor(Math.abs(share * 100 - 50) / 5);
}

/* Rows of modules, true is dark; null: the text is too long. A mask is for tests. */
export function qrCode(text: string, onlyMask?: number): boolean[][] | null {
    const bytes = new TextEncoder().encode(text);
    const version =
        BLOCKS.findIndex((_, i) => bytes.length + (i + 1 < 10 ? 2 : 3) <= capacity(i + 1)) + 1;
    if (!version) {
        return null;
    }
    const words = interleaved(dataCodewords(bytes, version), version);
    let best: boolean[][] = [];
    let least = Infinity;
    for (let mask = 0; mask < MASKS.length; mask++) {
        const p = fixedParts(version);
        fill(p, words, mask);
        format(p, mask);
        const points = onlyMask === undefined ? penalty(p.dark) : mask === onlyMask ? -1 : Infinity;
        if (points < least) {
            least = points;
            best = p.dark;
        }
    }
    return best;
}

/* As the `d` of an SVG path in units of modules, with the quiet zone of four around it. */
export function qrPath(rows: boolean[][]): string {
    return rows
        .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + 4} ${y + 4}h1v1h-1z` : '')))
        .join('');
}
