/*
 * node build.mjs        src → dist: index.html, app-HASH.js and a piece for each page, app-HASH.css, favicon-HASH.svg,
 *                       sw.js, licences.txt; fails where what is fetched first, or for a page, is larger than its budget
 * node build.mjs DIR    the same into another folder, which is new, or was made by this program
 * node build.mjs test   test/*.test.ts → node's test runner
 */
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { slimDesignSystem } from './slim.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const at = (...parts) => join(here, ...parts);
const common = {
    absWorkingDir: here,
    bundle: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"' },
};

function sources(folder = at('src')) {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((f) => f.isFile() && /\.(tsx?|html)$/.test(f.name))
        .map((f) => readFileSync(join(f.parentPath ?? f.path, f.name), 'utf8'));
}

function licences() {
    return ['preact', 'nhsuk-frontend']
        .map((name) => {
            const { version, license } = JSON.parse(
                readFileSync(at('node_modules', name, 'package.json'), 'utf8'),
            );
            const files = readdirSync(at('node_modules', name));
            const file =
                files.find((f) => /^licen[cs]e/i.test(f)) ?? files.find((f) => /^readme/i.test(f));
            const text = readFileSync(at('node_modules', name, file), 'utf8');
            const words = /^readme/i.test(file)
                ? (/## Licence\s+([\s\S]*?)(?:\n## |$)/.exec(text)?.[1] ?? '')
                : text;
            return `${name} ${version} (${license})\n\n${words.trim()}\n`;
        })
        .join('\n----\n\n');
}

/* What may be fetched, in bytes as gzip packs them: before the first page shows, and for one page more. */
const FIRST_MOST = 60 * 1024;
const PAGE_MOST = 25 * 1024;

/* Which pieces are fetched at first, and the size of what each page adds to them. */
function weigh(script, css) {
    const { outputs } = script.metafile;
    const packed = new Map(
        script.outputFiles.map((f) => [basename(f.path), gzipSync(f.contents, { level: 9 }).length]),
    );
    const sum = (files) => [...files].reduce((n, f) => n + packed.get(basename(f)), 0);
    const pulled = (file, into = new Set()) => {
        if (!into.has(file)) {
            into.add(file);
            outputs[file].imports
                .filter((i) => i.kind === 'import-statement')
                .forEach((i) => pulled(i.path, into));
        }
        return into;
    };
    const app = Object.keys(outputs).find((f) => outputs[f].entryPoint === 'src/main.tsx');
    const first = pulled(app);
    const rows = [['first load', sum(first) + gzipSync(css, { level: 9 }).length, FIRST_MOST]];
    for (const [file, { entryPoint }] of Object.entries(outputs)) {
        if (entryPoint?.startsWith('src/pages/')) {
            const more = [...pulled(file)].filter((f) => !first.has(f));
            rows.push([basename(entryPoint, '.tsx'), sum(more), PAGE_MOST]);
        } else if (entryPoint?.startsWith('src/texts/lay-')) {
            rows.push([basename(entryPoint, '.ts'), sum(pulled(file)), PAGE_MOST]);
        }
    }
    const lines = (some) => some.map(([name, is, most]) => `${name} ${is} of ${most}\n`).join('');
    const heavy = rows.filter(([, is, most]) => is > most);
    if (heavy.length) {
        throw new Error(`more than the budget, in bytes packed:\n${lines(heavy)}`);
    }
    return { app: basename(app), first: [...first].map((f) => basename(f)), said: lines(rows) };
}

/* The worker knows the files of its build; another build is another worker. */
async function worker(files) {
    const made = await build({
        ...common,
        entryPoints: ['src/sw.ts'],
        minify: true,
        format: 'iife',
        target: ['es2022', 'safari16'],
        write: false,
        define: {
            FILES: JSON.stringify(files.map((f) => `/assets/${f}`)),
            BUILD: JSON.stringify(
                createHash('sha256').update(files.join(' ')).digest('hex').slice(0, 12),
            ),
        },
    });
    return made.outputFiles[0].contents;
}

async function page(out) {
    if (existsSync(out) && readdirSync(out).length && !existsSync(join(out, '.stamp'))) {
        throw new Error(`${out} was not made by this program: name a new folder`);
    }
    const script = await build({
        ...common,
        entryPoints: { app: 'src/main.tsx' },
        outdir: 'dist',
        entryNames: '[name]-[hash]',
        chunkNames: '[name]-[hash]',
        splitting: true,
        metafile: true,
        minify: true,
        format: 'esm',
        target: ['es2022', 'safari16'],
        write: false,
        legalComments: 'none',
    });
    const system = at('node_modules/nhsuk-frontend/dist/nhsuk');
    const design = readFileSync(join(system, 'nhsuk-frontend.css'), 'utf8').replaceAll(
        '/assets/images/',
        `${join(system, 'assets/images')}/`,
    );
    const style = await build({
        ...common,
        stdin: {
            contents:
                slimDesignSystem(design, sources().join('\n')) +
                readdirSync(at('src/styles'))
                    .sort()
                    .map((f) => readFileSync(at('src/styles', f), 'utf8'))
                    .join('\n'),
            loader: 'css',
            resolveDir: here,
        },
        minify: true,
        target: ['chrome109', 'firefox109', 'safari16'],
        loader: { '.svg': 'dataurl' },
        write: false,
        legalComments: 'none',
    });
    const css = style.outputFiles[0].contents;
    /* Of the pages without a script (src/plain/), by its plain name: the program that makes them knows no hash. */
    const plain = await build({
        ...common,
        entryPoints: ['src/plain.css'],
        outdir: 'dist',
        minify: true,
        write: false,
    });
    const { app, first, said } = weigh(script, css);
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    let html = readFileSync(at('src/index.html'), 'utf8');
    for (const f of script.outputFiles) {
        writeFileSync(join(out, basename(f.path)), f.contents);
    }
    for (const [name, bytes] of Object.entries({
        'app.css': css,
        'favicon.svg': readFileSync(at('src/favicon.svg')),
    })) {
        const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
        const hashed = name.replace('.', `-${hash}.`);
        writeFileSync(join(out, hashed), bytes);
        html = html.replace(`%${name}%`, `/assets/${hashed}`);
    }
    writeFileSync(join(out, 'plain.css'), plain.outputFiles[0].contents);
    const preload = first
        .filter((name) => name !== app)
        .map((name) => `<link rel="modulepreload" href="/assets/${name}">\n`)
        .join('');
    html = html.replace('%app.js%', `/assets/${app}`).replace('%preload%\n', preload);
    writeFileSync(join(out, 'sw.js'), await worker(readdirSync(out)));
    writeFileSync(join(out, 'licences.txt'), licences());
    writeFileSync(join(out, 'sizes.txt'), said);
    writeFileSync(join(out, 'index.html'), html);
    writeFileSync(join(out, '.stamp'), '');
}

async function test() {
    const out = at('node_modules/.cache/kith-test');
    rmSync(out, { recursive: true, force: true });
    await build({
        ...common,
        entryPoints: readdirSync(at('test'))
            .filter((f) => f.endsWith('.test.ts'))
            .map((f) => `test/${f}`),
        outdir: out,
        outExtension: { '.js': '.mjs' },
        platform: 'node',
        format: 'esm',
        external: ['typescript/*'],
        target: 'node18',
        sourcemap: 'inline',
    });
    const files = readdirSync(out)
        .filter((f) => f.endsWith('.mjs'))
        .map((f) => join(out, f));
    const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], {
        stdio: 'inherit',
        cwd: at('.'),
    });
    process.exitCode = run.status ?? 1;
}

const [what] = process.argv.slice(2);
await (what === 'test' ? test() : page(what ? resolve(what) : at('dist')));
