/* What the tests of the page share: the node under test, the browser, checks and their count. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SKIP = 77;
const CHROMIUM = process.env.KITH_CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];
const packages = createRequire(fileURLToPath(new URL('../../web/package.json', import.meta.url)));

function skip(reason) {
    console.log(`SKIP: ${reason}`);
    process.exit(SKIP);
}

function need(name) {
    try {
        return packages(name);
    } catch {
        return skip(`${name} is missing: npm ci --prefix web`);
    }
}

/* An address, or a program to start a node with. */
export async function startNode(argument) {
    if (/^https?:/.test(argument ?? '')) {
        return { base: argument.replace(/\/+$/, ''), stop: async () => undefined };
    }
    if (!argument || !existsSync(argument)) {
        console.error('usage: run.mjs BASE_URL | run.mjs PATH/OF/kith');
        process.exit(2);
    }
    const dir = mkdtempSync(join(tmpdir(), 'kith-browser-'));
    const home = join(dir, 'node');
    const made = spawnSync(
        argument,
        ['init', home, '--organisation', 'Y90001', '--name', 'Browser test practice'],
        { encoding: 'utf8' },
    );
    if (made.status !== 0) {
        throw new Error(`kith init: ${made.stdout}${made.stderr}`);
    }
    const child = spawn(argument, ['serve', home, '--listen', '127.0.0.1:0'], {
        stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const base = await new Promise((done, failed) => {
        const timer = setTimeout(() => failed(new Error(`the node did not start: ${said}`)), 30000);
        const hear = (data) => {
            said += data;
            const m = /"address":"(http:[^"]+)"/.exec(said) ?? /at (http:\/\/[0-9.:]+)/.exec(said);
            if (m) {
                clearTimeout(timer);
                done(m[1]);
            }
        };
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.on('exit', (code) => failed(new Error(`the node ended with ${code}: ${said}`)));
    });
    return {
        base,
        stop: async () => {
            child.removeAllListeners('exit');
            const ended = new Promise((done) => child.on('exit', done));
            child.kill('SIGTERM');
            const code = await ended;
            rmSync(dir, { recursive: true, force: true });
            check('the node ends without fault', code === 0, `exit status ${code}`);
        },
    };
}

export async function startBrowser() {
    if (!existsSync(CHROMIUM)) {
        skip(`there is no ${CHROMIUM}; KITH_CHROMIUM names another`);
    }
    const { chromium } = need('playwright-core');
    axeSource = need('axe-core').source;
    return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

let axeSource = '';
let passed = 0;
let failed = 0;

export function check(what, good, detail = '') {
    if (good) {
        passed++;
        console.log(`ok    ${what}`);
    } else {
        failed++;
        console.log(
            `FAIL  ${what}${detail === '' ? '' : `\n      ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`}`,
        );
    }
    return good;
}

export const equal = (what, is, should) =>
    check(what, is === should, `is ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`);

/* A test that breaks off is one failure, and the next one runs. */
export async function attempt(what, body) {
    try {
        await body();
    } catch (e) {
        check(what, false, String(e?.stack ?? e).slice(0, 1500));
    }
}

export function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    return failed ? 1 : 0;
}

/* A tab that notes what must not happen: requests elsewhere, errors, violations of the policy. */
export async function openPage(browser, base, options = {}) {
    const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        locale: 'en-GB',
        ...options,
    });
    const page = await context.newPage();
    const bad = [];
    const origin = new URL(base).origin;
    page.on('request', (r) => {
        const url = r.url();
        if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) {
            bad.push(`request to ${url}`);
        }
    });
    page.on('pageerror', (e) => bad.push(`error: ${e.message}`));
    page.on('console', (m) => {
        if (m.type() === 'error' && !page.expectErrors) {
            bad.push(`console: ${m.text()}`);
        }
    });
    page.on('dialog', (d) => {
        bad.push(`dialog: ${d.message()}`);
        void d.dismiss();
    });
    page.bad = bad;
    page.go = async (hash) => {
        await page.goto('about:blank');
        await page.goto(`${base}/${hash}`);
    };
    return page;
}

const shots = process.env.KITH_BROWSER_SHOTS;

export async function shot(page, name, fullPage = true) {
    if (shots) {
        mkdirSync(shots, { recursive: true });
        await page.screenshot({ path: join(shots, `${name}.png`), fullPage });
    }
}

/* Axe, from outside the page's policy: nothing is added to the page for it. */
export async function accessible(page, what) {
    const found = await page.evaluate(async (source) => {
        if (!window.axe) {
            (0, eval)(source);
        }
        const result = await window.axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
            resultTypes: ['violations'],
        });
        return result.violations.map(
            (v) =>
                `${v.id}: ${v.nodes
                    .slice(0, 3)
                    .map((n) => n.html.slice(0, 160))
                    .join(' | ')}`,
        );
    }, axeSource);
    check(`${what}: no axe violation`, found.length === 0, found.join('\n      '));
}

export async function fits(page, what) {
    const [wide, room] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
    ]);
    check(`${what}: no sideways scrolling at ${room} px`, wide <= room, `${wide} > ${room}`);
}
