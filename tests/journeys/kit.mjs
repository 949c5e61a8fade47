/* What the journeys share: the demonstration, the browser, who is signed in, checks and their count. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const packages = createRequire(join(root, 'web/package.json'));
export const axeSource = () => packages('axe-core').source;

const PATIENCE_MS = 20000;
const START_MS = 180000;
const PEOPLE = 120;
const PLACES = ['gp', 'hospital', 'council', 'pharmacy', 'platform'];

const free = (host, port) =>
    new Promise((done) => {
        const s = createServer();
        s.once('error', () => done(false));
        s.listen(port, host, () => s.close(() => done(true)));
    });

/* Ten ports one after the other that nothing uses, on the hosts where the nodes will be. */
async function tenPorts() {
    for (let i = 0; i < 200; i++) {
        const from = 20000 + Math.floor(Math.random() * 3000) * 10;
        const all = await Promise.all(
            Array.from({ length: 10 }, (_, n) => free(`127.0.0.${Math.floor(n / 2) + 1}`, from + n)),
        );
        if (all.every(Boolean)) {
            return from;
        }
    }
    throw new Error('no ten free ports');
}

/* Starts the demonstration; `stop` ends it and takes its folder away. */
export async function startDemo(program) {
    const running = process.env.KITH_DEMO;
    const port = running ? Number(new URL(running).port) : await tenPorts();
    const places = Object.fromEntries(
        PLACES.map((name, i) => [name, `http://127.0.0.${i + 1}:${port + 2 * i}`]),
    );
    if (running) {
        return { places, folder: '', stop: async () => undefined };
    }
    const folder = mkdtempSync(join(tmpdir(), 'kith-journeys-'));
    const child = spawn(
        'python3',
        [join(root, 'tools/demo-locality'), program, join(folder, 'demo'), String(PEOPLE), `127.0.0.1:${port}`],
        { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    await new Promise((done, failed) => {
        const timer = setTimeout(() => failed(new Error(`the demonstration did not start: ${said}`)), START_MS);
        const hear = (data) => {
            said += data;
            if (said.includes('Ctrl-C')) {
                clearTimeout(timer);
                done();
            }
        };
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.on('exit', () => failed(new Error(`the demonstration has ended: ${said}`)));
    });
    return {
        places,
        folder: join(folder, 'demo'),
        stop: async () => {
            child.removeAllListeners('exit');
            const ended = new Promise((done) => child.on('exit', done));
            child.kill('SIGTERM');
            await ended;
            rmSync(folder, { recursive: true, force: true });
        },
    };
}

/* What a page of the portal may ask for: its own node, and nothing of another place. */
const VIEWS = [
    ['320 px', { width: 320, height: 640 }, 'none'],
    ['1280 px', { width: 1280, height: 900 }, 'none'],
    ['400 % zoom', { width: 320, height: 256 }, 'none'],
    ['forced colours', { width: 1280, height: 900 }, 'active'],
];

export class World {
    passed = 0;
    failed = 0;
    story = '';

    constructor(browser, demo) {
        this.browser = browser;
        this.demo = demo;
        this.states = new Map();
        this.contexts = [];
        this.looked = new Set(); /* addresses that accessible() was shown */
    }

    check(what, good, detail = '') {
        if (good) {
            this.passed++;
        } else {
            this.failed++;
            const more = typeof detail === 'string' ? detail : JSON.stringify(detail);
            console.log(`FAIL  ${this.story}: ${what}${more ? `\n      ${more}` : ''}`);
        }
        return Boolean(good);
    }

    equal(what, is, should) {
        return this.check(what, is === should, `is ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`);
    }

    /* Looks again until it is so. */
    async until(what, so, ms = PATIENCE_MS) {
        const end = Date.now() + ms;
        for (;;) {
            const good = await Promise.resolve(so()).catch(() => false);
            if (good || Date.now() > end) {
                return this.check(what, good);
            }
            await new Promise((done) => setTimeout(done, 100));
        }
    }

    /*
     * What other places have as well. A busy machine may leave one of them too little time: people ask
     * again then, and so does this.
     */
    async untilAsked(page, what, so) {
        return this.until(what, async () => {
            if (await so().catch(() => false)) {
                return true;
            }
            const again = page.getByRole('button', { name: 'Ask all places again' });
            if (await again.count()) {
                await again.first().click({ timeout: 1000 });
            }
            return false;
        }, 60000);
    }

    /* A session of somebody of the demonstration: made once for all stories of a file. */
    async signedIn(who, at, fresh) {
        const key = `${who} ${at}`;
        if (!fresh && this.states.has(key)) {
            return this.states.get(key);
        }
        const base = this.demo.places[at];
        const context = await this.browser.newContext();
        const reply = await context.request.post(`${base}/auth/demo`, {
            data: { login: who },
            headers: { origin: base },
        });
        if (!reply.ok()) {
            throw new Error(`${who} cannot enter at ${at}: ${await reply.text()}`);
        }
        const { account } = await reply.json();
        const made = { state: await context.storageState(), account };
        await context.close();
        if (!fresh) {
            this.states.set(key, made);
        }
        return made;
    }

    /*
     * A page of the portal, signed in as `who` ('' for nobody), at '#/patient/:me/results': ':me' is the
     * account's own record. `fresh`: a session of its own, for stories that end it. `page.bad` collects
     * errors of the page, and requests to anywhere but this node; it is checked when the story ends.
     */
    async open(who, hash, { at = 'gp', width = 1280, height = 900, fresh = false, ...more } = {}) {
        const base = this.demo.places[at];
        const known = who ? await this.signedIn(who, at, fresh) : null;
        const context = await this.browser.newContext({
            viewport: { width, height },
            locale: 'en-GB',
            ...(known ? { storageState: known.state } : {}),
            ...more,
        });
        this.contexts.push(context);
        const page = await context.newPage();
        page.setDefaultTimeout(PATIENCE_MS);
        page.base = base;
        page.me = known?.account?.patient ?? '';
        page.account = known?.account;
        page.bad = [];
        page.on('request', (r) => {
            if (!r.url().startsWith(`${base}/`) && !/^(data|blob):/.test(r.url())) {
                page.bad.push(`request to ${r.url()}`);
            }
        });
        page.on('pageerror', (e) => page.bad.push(`error: ${e.message}`));
        page.on('console', (m) => {
            /* what the network refuses is told to the person; the browser tells it here once more */
            if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) {
                page.bad.push(`console: ${m.text()}`);
            }
        });
        page.go = async (to) => {
            await page.goto('about:blank');
            await page.goto(`${base}/${to.replaceAll(':me', page.me)}`);
        };
        await page.go(hash);
        await page.waitForSelector('h1');
        return page;
    }

    /* Presses keys one after the other; a name of more than one letter in the keyboard's words. */
    async keys(page, ...names) {
        for (const name of names) {
            await page.keyboard.press(name);
        }
    }

    /* Moves with Tab until what has the focus says so; by keyboard alone people can do no better. */
    async tabTo(page, words, most = 80) {
        for (let i = 0; i < most; i++) {
            const said = await page.evaluate(() => {
                const e = document.activeElement;
                const label = e?.id ? document.querySelector(`label[for="${CSS.escape(e.id)}"]`) : null;
                return [e?.getAttribute('aria-label'), label?.textContent, e?.textContent]
                    .filter(Boolean)
                    .join(' ');
            });
            if (i > 0 && said.includes(words)) {
                return this.check(`the keyboard comes to ${words}`, true);
            }
            await page.keyboard.press('Tab');
        }
        return this.check(`the keyboard comes to ${words}`, false);
    }

    /* Axe finds nothing, and nothing has to be scrolled sideways: at 320 and 1280 px, 400 % zoom, in forced colours. */
    async accessible(page, what) {
        this.looked.add(new URL(page.url()).hash.replace(/^#\/?/, '').split('?')[0]);
        const before = page.viewportSize();
        for (const [view, size, forcedColors] of VIEWS) {
            await page.setViewportSize(size);
            await page.emulateMedia({ forcedColors });
            const found = await page.evaluate(async (source) => {
                window.scrollTo(0, 0); /* what stays in view while somebody scrolls lies over other things in passing */
                if (!window.axe) {
                    (0, eval)(source);
                }
                const { violations } = await window.axe.run(document, {
                    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
                    resultTypes: ['violations'],
                });
                return violations.map(
                    (v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`,
                );
            }, axeSource());
            this.check(`${what}, ${view}: no axe violation`, found.length === 0, found.join('\n      '));
            const [wide, room] = await page.evaluate(() => [
                document.documentElement.scrollWidth,
                document.documentElement.clientWidth,
            ]);
            this.check(`${what}, ${view}: no sideways scrolling`, wide <= room, `${wide} > ${room}`);
            await this.shot(page, `${what} ${view}`);
        }
        await page.emulateMedia({ forcedColors: 'none' });
        await page.setViewportSize(before);
    }

    async shot(page, name) {
        const folder = process.env.KITH_SHOTS;
        if (folder) {
            mkdirSync(folder, { recursive: true });
            const file = `${this.file}-${name}`.replace(/[^A-Za-z0-9]+/g, '-');
            await page.screenshot({ path: join(folder, `${file}.png`), fullPage: true });
        }
    }

    /*
     * What a screen reader is given of the page. Nothing that can be pressed is without a name, there is
     * one h1, and no level of headings is left out; written down where KITH_TRANSCRIPTS says, without the
     * addresses of links: nobody hears those.
     */
    async transcript(page, name) {
        const tree = await page.locator('body').ariaSnapshot();
        const lines = tree.split('\n');
        const nameless = lines.filter((l) => /^\s*- (link|button|textbox|combobox|checkbox|radio)(:|$|\s\[)/.test(l));
        this.check(`${name}: all that can be used has a name`, nameless.length === 0, nameless.join('; '));
        const levels = lines.flatMap((l) => /- heading .*\[level=(\d)\]/.exec(l)?.[1] ?? []).map(Number);
        this.equal(`${name}: one main heading`, levels.filter((n) => n === 1).length, 1);
        this.check(
            `${name}: no level of headings is left out`,
            levels.every((n, i) => n <= (levels[i - 1] ?? 1) + 1),
            levels.join(' '),
        );
        const folder = process.env.KITH_TRANSCRIPTS;
        if (folder) {
            mkdirSync(folder, { recursive: true });
            const heard = lines.filter((l) => !l.trimStart().startsWith('- /url:')).join('\n');
            writeFileSync(join(folder, `${name.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase()}.txt`), `${heard}\n`);
        }
        return tree;
    }

    /* The page without its session's own way: what the API says to the same person. */
    async api(page, path, init = {}) {
        return page.evaluate(
            async ([p, i]) => {
                const reply = await fetch(p, i);
                const text = await reply.text();
                return { status: reply.status, text };
            },
            [path, init],
        );
    }

    /* Stops or starts a node of the demonstration, as its page does: 'stop', 'run'. */
    async place(at, want) {
        const nodes = JSON.parse(readFileSync(join(this.demo.folder, 'control/nodes.json'), 'utf8')).nodes;
        const { ods } = nodes.find((n) => n.kind === at);
        writeFileSync(join(this.demo.folder, 'control', `${ods}.want`), want);
        await this.until(`${at} does ${want}`, () => {
            const now = JSON.parse(readFileSync(join(this.demo.folder, 'control/nodes.json'), 'utf8')).nodes;
            return now.find((n) => n.ods === ods).running === (want === 'run');
        });
    }

    async play(name, story) {
        this.story = name;
        const at = Date.now();
        const before = this.failed;
        try {
            await story(this);
        } catch (e) {
            const open = this.contexts.flatMap((c) => c.pages());
            const shown = await Promise.all(
                open.map((p) =>
                    p.innerText('body').then(
                        (t) => `${p.url()}: ${t.replace(/\s+/g, ' ').slice(0, 700)}`,
                        () => '',
                    ),
                ),
            );
            this.check('it goes to its end', false, [String(e?.stack ?? e).slice(0, 1200), ...shown].join('\n      '));
        }
        for (const context of this.contexts) {
            for (const page of context.pages()) {
                this.check('nothing goes wrong in the page', !page.bad?.length, page.bad?.join('\n      '));
            }
            await context.close();
        }
        this.contexts = [];
        console.log(`${this.failed === before ? 'ok   ' : 'FAIL '} ${name} (${((Date.now() - at) / 1000).toFixed(1)} s)`);
    }
}
