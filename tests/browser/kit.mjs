/* What the tests of the page share: the node under test, the browser, checks and their count. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SKIP = 77;
const CHROMIUM = process.env.KITH_CHROMIUM ?? '/usr/bin/chromium-headless-shell';
const FLAGS = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
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

/* The file of a package of web/ that is imported, not required. */
export function where(name) {
    try {
        return packages.resolve(name);
    } catch {
        return skip(`${name} is missing: npm ci --prefix web`);
    }
}

/* Runs the program once; gives what it prints. */
function runner(program) {
    return (...words) => {
        const done = spawnSync(program, words, { encoding: 'utf8', timeout: 120000 });
        if (done.status !== 0) {
            throw new Error(`kith ${words[0]} ${words[1]}: ${done.stdout}${done.stderr}`);
        }
        return done.stdout;
    };
}

/* The address that the node tells; passkeys need a name in it, not numbers. */
function hearAddress(child) {
    let said = '';
    return new Promise((done, failed) => {
        const timer = setTimeout(() => failed(new Error(`the node did not start: ${said}`)), 60000);
        const hear = (data) => {
            said += data;
            const m = /"address":"http:\/\/[0-9.]+:(\d+)/.exec(said) ?? /at http:\/\/[0-9.]+:(\d+)/.exec(said);
            if (m) {
                clearTimeout(timer);
                done(`http://localhost:${m[1]}`);
            }
        };
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.on('exit', (code) => failed(new Error(`the node ended with ${code}: ${said}`)));
    });
}

/*
 * A node of its own: `home` is its folder, `token` the administrator's, `first` the link that init
 * prints. `seed` is NDJSON that is there before the node serves; so is what `prepare` does.
 * `options`: of `kith serve`.
 */
export async function startNode(program, seed = '', prepare = () => undefined, options = []) {
    if (!program || !existsSync(program)) {
        console.error('usage: PATH/OF/kith as the first argument');
        process.exit(2);
    }
    const kith = runner(program);
    const dir = mkdtempSync(join(tmpdir(), 'kith-browser-'));
    const home = join(dir, 'node');
    const made = kith('init', home, '--organisation', 'Y90001', '--name', 'Harbour Street Surgery');
    if (seed) {
        writeFileSync(join(dir, 'seed.ndjson'), seed);
        kith('import', home, join(dir, 'seed.ndjson'));
    }
    prepare(kith, home);
    const child = spawn(program, ['serve', home, '--listen', '127.0.0.1:0', ...options], {
        stdio: ['ignore', 'pipe', 'pipe'],
    });
    const base = await hearAddress(child);
    return {
        base,
        kith,
        home,
        token: kith('token', home).trim(),
        first: made,
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

/* Windows that are open; what they show helps to see why a test broke off. */
const open = [];
const textOf = (page) =>
    page.innerText('body').then(
        (t) => `${page.url()}: ${t.replace(/\s+/g, ' ').slice(0, 700)}`,
        () => '',
    );

/* A test that breaks off is one failure, and the next one runs. */
export async function attempt(what, body) {
    try {
        await body();
    } catch (e) {
        const shown = await Promise.all(open.filter((p) => !p.isClosed()).map(textOf));
        check(what, false, [String(e?.stack ?? e).slice(0, 1500), ...shown].join('\n      '));
    }
}

export function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    return failed ? 1 : 0;
}

/* A tab that notes what must not happen: requests elsewhere, errors, violations of the policy. */
export async function openPage(browser, base, options = {}) {
    const { others = [], ...more } = options;
    const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        locale: 'en-GB',
        ...more,
    });
    const page = await context.newPage();
    const bad = [];
    const origins = [base, ...others].map((o) => `${new URL(o).origin}/`);
    page.on('request', (r) => {
        const url = r.url();
        if (!origins.some((o) => url.startsWith(o)) && !/^(data|blob):/.test(url)) {
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
    open.push(page);
    page.on('close', () => open.splice(open.indexOf(page), 1));
    /* until all of a record that the page needs has been read, what comes after the first part too */
    page.whole = async () => {
        await page.waitForSelector('.k-answered:has-text("Read at")');
        await page.waitForFunction(
            () => ![...document.querySelectorAll('main p')].some((p) => p.textContent.trim() === 'Reading'),
        );
    };
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
        window.scrollTo(0, 0); /* what stays in view while somebody scrolls lies over other things in passing */
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
