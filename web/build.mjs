/*
 * node build.mjs        src → dist: index.html, app-HASH.js, app-HASH.css, favicon-HASH.svg, licences.txt
 * node build.mjs DIR    the same into another folder, which is new, or was made by this program
 * node build.mjs test   test/*.test.ts → node's test runner
 */
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
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

async function page(out) {
    if (existsSync(out) && readdirSync(out).length && !existsSync(join(out, '.stamp'))) {
        throw new Error(`${out} was not made by this program: name a new folder`);
    }
    const script = await build({
        ...common,
        entryPoints: ['src/main.tsx'],
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
                readFileSync(at('src/style.css'), 'utf8'),
            loader: 'css',
            resolveDir: here,
        },
        minify: true,
        target: ['chrome109', 'firefox109', 'safari16'],
        loader: { '.svg': 'dataurl' },
        write: false,
        legalComments: 'none',
    });
    const files = {
        'app.js': script.outputFiles[0].contents,
        'app.css': style.outputFiles[0].contents,
        'favicon.svg': readFileSync(at('src/favicon.svg')),
    };
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    let html = readFileSync(at('src/index.html'), 'utf8');
    for (const [name, bytes] of Object.entries(files)) {
        const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
        const hashed = name.replace('.', `-${hash}.`);
        writeFileSync(join(out, hashed), bytes);
        html = html.replace(`%${name}%`, `/assets/${hashed}`);
    }
    writeFileSync(join(out, 'licences.txt'), licences());
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
        target: 'node18',
        sourcemap: 'inline',
    });
    const files = readdirSync(out)
        .filter((f) => f.endsWith('.mjs'))
        .map((f) => join(out, f));
    const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], {
        stdio: 'inherit',
    });
    process.exitCode = run.status ?? 1;
}

const [what] = process.argv.slice(2);
await (what === 'test' ? test() : page(what ? resolve(what) : at('dist')));
