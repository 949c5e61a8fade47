/*
 * The NHS design system's style sheet without what the page does not use: rules for classes that no
 * source names, and the web fonts, which would be fetched from elsewhere and are licensed to NHS
 * sites only. Written for that style sheet as it is published, not for any CSS.
 */

/* The end of the block whose '{' stands at `open`: the place of its '}'. */
function blockEnd(css, open) {
    let depth = 0;
    for (let i = open; i < css.length; i++) {
        const c = css[i];
        if (c === '"' || c === "'") {
            for (i++; css[i] !== c; i++) {
                if (css[i] === '\\') {
                    i++;
                }
            }
        } else if (c === '{') {
            depth++;
        } else if (c === '}' && --depth === 0) {
            return i;
        }
    }
    throw new Error('a block without an end in the style sheet');
}

/* Splits `a, b:not(c, d)` at its outer commas. */
function selectors(text) {
    const out = [];
    let depth = 0;
    let from = 0;
    for (let i = 0; i <= text.length; i++) {
        if (text[i] === '(' || text[i] === '[') {
            depth++;
        } else if (text[i] === ')' || text[i] === ']') {
            depth--;
        } else if (i === text.length || (text[i] === ',' && depth === 0)) {
            out.push(text.slice(from, i).trim());
            from = i + 1;
        }
    }
    return out;
}

export function slimDesignSystem(css, sources) {
    const named = new Set(sources.match(/nhsuk-[A-Za-z0-9_-]+/g));
    /* Made of parts in the sources: nhsuk-tag--${tone} */
    const families = [...(sources.matchAll(/(nhsuk-[A-Za-z0-9_-]+--)\$\{/g) ?? [])].map(
        (m) => m[1],
    );
    const dynamic = [...sources.matchAll(/nhsuk-tag\$\{/g)].length ? ['nhsuk-tag--'] : [];
    const used = (name) =>
        named.has(name) || [...families, ...dynamic].some((f) => name.startsWith(f));
    const wanted = (selector) =>
        (selector.replace(/:not\([^)]*\)/g, '').match(/\.(nhsuk-[A-Za-z0-9_-]+)/g) ?? []).every(
            (c) => used(c.slice(1)),
        );

    const slim = (text) => {
        let out = '';
        let at = 0;
        while (at < text.length) {
            const rest = text.slice(at);
            const space = /^(?:\s+|\/\*[\s\S]*?\*\/)/.exec(rest);
            if (space) {
                at += space[0].length;
                continue;
            }
            const statement = /^@[a-z-]+[^{};]*;/.exec(rest);
            if (statement) {
                out += `${statement[0]}\n`;
                at += statement[0].length;
                continue;
            }
            const open = text.indexOf('{', at);
            if (open < 0) {
                break;
            }
            const end = blockEnd(text, open);
            const head = text.slice(at, open).trim();
            const body = text.slice(open + 1, end);
            at = end + 1;
            if (head.startsWith('@font-face')) {
                continue;
            }
            if (/^@(media|supports)/.test(head)) {
                const inner = slim(body);
                out += inner.trim() ? `${head}{${inner}}\n` : '';
            } else if (head.startsWith('@')) {
                out += `${head}{${body}}\n`;
            } else {
                const kept = selectors(head).filter(wanted);
                out += kept.length ? `${kept.join(',')}{${body}}\n` : '';
            }
        }
        return out;
    };
    const out = slim(css).replace(/"Frutiger W01",\s*/g, '');
    if (/url\(\s*["']?(?:https?:)?\/\//.test(out)) {
        throw new Error('the style sheet would fetch something from another site');
    }
    return out;
}
