/*
 * Words stand in the catalogue (src/texts/), not in the pages and parts: what is drawn between tags, in a
 * label, a hint, a title or a message is asked of it. Read with the parser of TypeScript.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SyntaxKind, type Node } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';

const NAMES = /\b(Kith|NHS)\b/g; /* are the same in every language */
const TYPED = ['code', 'kbd']; /* what somebody types at a computer, in no language */

const LABELS =
    /^(alt|aria-(label|description|roledescription|valuetext)|caption|heading|hint|label|legend|note|placeholder|question|summary|title)$/;
const FACTS = /^(hint|label|title)$/; /* of an option; others are codes as often as words */
const SAYS = /^(setSaid|Trouble|useTitle)$/;
const JOINS = [
    SyntaxKind.AmpersandAmpersandToken,
    SyntaxKind.BarBarToken,
    SyntaxKind.PlusToken,
    SyntaxKind.QuestionQuestionToken,
];

/* The words in what an expression may come to: in either branch, and around what is put in. */
function wordsIn(e: Node | undefined): string[] {
    if (!e) {
        return [];
    }
    if (is.isStringLiteral(e) || is.isNoSubstitutionTemplateLiteral(e)) {
        return [e.text];
    }
    if (is.isTemplateExpression(e)) {
        const around = e.templateSpans.flatMap((s) => [...wordsIn(s.expression), s.literal.text]);
        return [e.head.text, ...around];
    }
    if (is.isConditionalExpression(e)) {
        return [...wordsIn(e.whenTrue), ...wordsIn(e.whenFalse)];
    }
    if (is.isBinaryExpression(e) && JOINS.includes(e.operatorToken.kind)) {
        return [...wordsIn(e.left), ...wordsIn(e.right)];
    }
    return is.isJsxExpression(e) || is.isParenthesizedExpression(e) ? wordsIn(e.expression) : [];
}

const typed = (parent: Node): boolean =>
    is.isJsxElement(parent) && TYPED.includes(parent.openingElement.tagName.getText());

/* What somebody reads of this part of a file, without what is inside it. */
function shown(n: Node): string[] {
    if (is.isJsxText(n)) {
        return typed(n.parent) ? [] : [n.text];
    }
    if (is.isJsxExpression(n)) {
        return is.isJsxAttribute(n.parent) ? [] : wordsIn(n);
    }
    if (is.isJsxAttribute(n)) {
        return LABELS.test(n.name.getText()) ? wordsIn(n.initializer) : [];
    }
    if (is.isPropertyAssignment(n)) {
        return FACTS.test(n.name.getText()) ? wordsIn(n.initializer) : [];
    }
    if (is.isCallExpression(n) || is.isNewExpression(n)) {
        return SAYS.test(n.expression.getText()) ? [...(n.arguments ?? [])].flatMap(wordsIn) : [];
    }
    return [];
}

function ownWords(n: Node): string[] {
    const own = shown(n)
        .filter((said) => /\p{L}/u.test(said.replace(NAMES, '')))
        .map((said) => said.replace(/\s+/g, ' ').trim());
    n.forEachChild((child) => {
        own.push(...ownWords(child));
    });
    return own;
}

/* The words that each file has of its own, by the name of the file. */
function wordsOf(files: Record<string, string>): Record<string, string[]> {
    const at = (name: string) => `/words/${name}`;
    const names = Object.keys(files);
    const config = {
        compilerOptions: { jsx: 'preserve', noLib: true, noResolve: true, types: [] },
        files: names,
    };
    const all = names.map((name) => [at(name), files[name]!]);
    const api = new API({
        cwd: '/words',
        fs: createVirtualFileSystem({
            ...Object.fromEntries(all),
            [at('tsconfig.json')]: JSON.stringify(config),
        }),
    });
    try {
        const [project] = api.updateSnapshot({ openProjects: [at('tsconfig.json')] }).getProjects();
        return Object.fromEntries(
            names.map((name) => [name, ownWords(project!.program.getSourceFile(at(name))!)]),
        );
    } finally {
        api.close();
    }
}

test('words of its own are found in a page, and only those', () => {
    const page = `
        const options = [{ value: 'yes', label: 'Say yes' }, { value: 'no', label: t.no }];
        export const Page = () => {
            useTitle('A title');
            return (
                <section class="k-card" aria-label="A section" id={\`one-\${id}\`}>
                    Some <b>bold</b> text, {t.known} {' · '} {kind === 'a' ? 'Either' : t.or}
                    {t.all[which === 'this' ? 'these' : 'those']} Kith, NHS
                    <Field label={\`About \${name}\`} hint={late ? 'Late' : undefined} unit="mmHg" />
                    <code>kith locality sign</code>
                    {save(() => setSaid(done || 'Not saved'))}
                </section>
            );
        };`;
    assert.deepEqual(wordsOf({ 'page.tsx': page })['page.tsx'], [
        'Say yes',
        'A title',
        'A section',
        'Some',
        'bold',
        'text,',
        'Either',
        'About',
        'Late',
        'Not saved',
    ]);
});

test('the words of pages and parts are in the catalogue', () => {
    const names = ['pages', 'parts']
        .flatMap((room) => readdirSync(`src/${room}`).map((f) => `${room}/${f}`))
        .filter((f) => f.endsWith('.tsx'));
    const files = names.map((name) => [name, readFileSync(`src/${name}`, 'utf8')]);
    const found = Object.entries(wordsOf(Object.fromEntries(files)));
    assert.equal(found.length, names.length);
    assert.deepEqual(
        found.filter(([, said]) => said.length),
        [],
        'move these words to src/texts/',
    );
});
