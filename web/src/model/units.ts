/*
 * One unit as another, where UCUM makes it exact: prefixes of a gram, mole, litre, metre, pascal or
 * unit, in what is measured and in what it is measured per; and a few units with an exact size. Grams
 * are never made moles: that depends on the substance.
 */

const PREFIX: Record<string, number> = {
    k: 3, h: 2, da: 1, '': 0, d: -1, c: -2, m: -3, u: -6, n: -9, p: -12, f: -15,
};
const BASES = ['g', 'mol', 'L', 'm', 'Pa', 'U', '[IU]', 'eq', 'Hz', 'J', 'cal'];

interface Size {
    base: string;
    tens: number; /* a power of ten */
    times: number;
}

/* Exact by the tables of UCUM. */
const EXACT: Record<string, Size> = {
    '[lb_av]': { base: 'g', tens: 0, times: 453.59237 },
    '[oz_av]': { base: 'g', tens: 0, times: 28.349523125 },
    '[in_i]': { base: 'm', tens: 0, times: 0.0254 },
    '[ft_i]': { base: 'm', tens: 0, times: 0.3048 },
    'mm[Hg]': { base: 'Pa', tens: 0, times: 133.322 },
    '10*3': { base: '1', tens: 3, times: 1 },
    '10*6': { base: '1', tens: 6, times: 1 },
    '10*9': { base: '1', tens: 9, times: 1 },
    '10*12': { base: '1', tens: 12, times: 1 },
    '%': { base: '1', tens: -2, times: 1 },
    '1': { base: '1', tens: 0, times: 1 },
    min: { base: 's', tens: 0, times: 60 },
    h: { base: 's', tens: 0, times: 3600 },
    s: { base: 's', tens: 0, times: 1 },
};

function sizeOf(unit: string): Size | null {
    const plain = unit.replace(/\{[^}]*\}/g, '').replace(/\bl$/, 'L') || '1';
    if (Object.hasOwn(EXACT, plain)) {
        return EXACT[plain]!;
    }
    for (const base of BASES) {
        const prefix = plain.endsWith(base) ? plain.slice(0, -base.length) : null;
        if (prefix !== null && Object.hasOwn(PREFIX, prefix)) {
            return { base, tens: PREFIX[prefix]!, times: 1 };
        }
    }
    return null;
}

/* 'mg/dL' as ['g/L', how many tens, what times]. */
function whole(unit: string): Size | null {
    const parts = unit.split('/');
    if (parts.length > 2) {
        return null;
    }
    const [above, below] = parts.map(sizeOf);
    if (!above || below === null) {
        return null;
    }
    return below
        ? { base: `${above.base}/${below.base}`, tens: above.tens - below.tens, times: above.times / below.times }
        : above;
}

const round = (n: number): number => Number(n.toPrecision(10));

/* null: it cannot be said exactly. */
export function convert(n: number, from: string, to: string): number | null {
    if (from === to) {
        return n;
    }
    if (from === '[degF]' && to === 'Cel') {
        return round(((n - 32) * 5) / 9);
    }
    if (from === 'Cel' && to === '[degF]') {
        return round((n * 9) / 5 + 32);
    }
    const a = whole(from);
    const b = whole(to);
    if (!a || !b || a.base !== b.base) {
        return null;
    }
    return round(n * (a.times / b.times) * 10 ** (a.tens - b.tens));
}
