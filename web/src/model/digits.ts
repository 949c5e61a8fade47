/*
 * JSON numbers whose digits matter. JSON.parse() makes 6.4 of 6.40, and a laboratory's precision is
 * lost. So the value of a Quantity is turned into a string before parsing: within a JSON text the
 * quotes of `"value":` can only be those of a member name, since a quote inside a string is escaped.
 */
const VALUE = /"value(Decimal)?"\s*:\s*(-?\d[0-9.eE+-]*)/g;

export function parseKeepingDigits(json: string): unknown {
    return JSON.parse(json.replace(VALUE, '"value$1":"$2"'));
}

/* Lays JSON out for reading without touching a number or an escape. Not a validator. */
export function layOut(json: string): string {
    let out = '';
    let depth = 0;
    const line = () => '\n' + '  '.repeat(depth);
    const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
    for (let m = token.exec(json); m; m = token.exec(json)) {
        const t = m[0];
        if (t === '{' || t === '[') {
            const empty = /^\s*[}\]]/.exec(json.slice(token.lastIndex, token.lastIndex + 80));
            if (empty) {
                out += t + empty[0].trim();
                token.lastIndex += empty[0].length;
            } else {
                depth++;
                out += t + line();
            }
        } else if (t === '}' || t === ']') {
            depth = Math.max(0, depth - 1);
            out += line() + t;
        } else if (t === ',') {
            out += t + line();
        } else if (t === ':') {
            out += ': ';
        } else {
            out += t;
        }
    }
    return out;
}

/* The elements of FHIR R4 whose `value` is a text: Identifier and ContactPoint. */
const TEXTS = /identifier$|^telecom$/i;

/* What parseKeepingDigits() has read, as JSON again, digit for digit. `within`: the name it stands under. */
export function writeKeepingDigits(value: unknown, within = ''): string {
    if (Array.isArray(value)) {
        return `[${value.map((v) => writeKeepingDigits(v, within)).join(',')}]`;
    }
    if (!value || typeof value !== 'object') {
        return JSON.stringify(value ?? null);
    }
    const members = Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([name, v]) => {
            const number =
                typeof v === 'string' &&
                (name === 'valueDecimal' || (name === 'value' && !TEXTS.test(within))) &&
                /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(v);
            return `${JSON.stringify(name)}:${number ? v : writeKeepingDigits(v, name)}`;
        });
    return `{${members.join(',')}}`;
}
