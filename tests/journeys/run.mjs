/* Plays the journeys: README.md. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { startDemo, World } from './kit.mjs';

const SKIP = 77;
const AT_ONCE = 3;
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

function chromiumOf() {
    try {
        const packages = createRequire(new URL('../../web/package.json', import.meta.url));
        packages.resolve('axe-core');
        return packages('playwright-core').chromium;
    } catch {
        console.log('SKIP: the packages of web/ are missing: npm ci --prefix web');
        return process.exit(SKIP);
    }
}

const [program, ...wanted] = process.argv.slice(2);
if (!program || !existsSync(program)) {
    console.error('usage: run.mjs PATH/OF/kith [FILE[:STORY]...]');
    process.exit(2);
}
if (!existsSync(CHROMIUM)) {
    console.log(`SKIP: there is no ${CHROMIUM}; KITH_CHROMIUM names another`);
    process.exit(SKIP);
}

/* [file, story, function] of all that are wanted, file by file. */
async function stories() {
    const files = readdirSync(new URL('.', import.meta.url))
        .filter((f) => f.endsWith('.mjs') && f !== 'run.mjs' && f !== 'kit.mjs')
        .map((f) => f.slice(0, -4));
    const all = [];
    for (const file of files) {
        const here = wanted.filter((w) => w.split(':')[0] === file).map((w) => w.split(':')[1]);
        if (!wanted.length || here.length) {
            const found = Object.entries(await import(`./${file}.mjs`)).filter(
                ([name, story]) =>
                    typeof story === 'function' && (!wanted.length || here.includes(undefined) || here.includes(name)),
            );
            all.push([file, found]);
        }
    }
    return all;
}

const chromium = chromiumOf();
const files = await stories();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
const demo = await startDemo(program);
const worlds = [];
let played = 0;

async function worker() {
    for (let next = files.shift(); next; next = files.shift()) {
        const [file, found] = next;
        const world = new World(browser, demo);
        world.file = file;
        worlds.push(world);
        for (const [name, story] of found) {
            await world.play(`${file}: ${name}`, story);
            played++;
        }
    }
}

try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
} finally {
    await browser.close();
    await demo.stop();
}
/* Every page that the portal has was looked at: an address of routes.ts that no story showed is an error. */
function notLookedAt() {
    const routes = readFileSync(new URL('../../web/src/routes.ts', import.meta.url), 'utf8');
    const paths = [...new Set([...routes.matchAll(/path: '([^']*)'/g)].map((m) => m[1]))];
    const seen = worlds.flatMap((w) => [...w.looked]);
    return paths.filter((path) => {
        const parts = path.split('/').map((p) => (p.startsWith(':') ? '[^/]+' : p));
        const form = new RegExp(`^${parts.join('/')}$`);
        return !seen.some((s) => form.test(s));
    });
}
const missed = wanted.length ? [] : notLookedAt();
missed.forEach((path) => console.log(`FAIL  no story shows the page ${path} to w.accessible`));
const sum = (what) => worlds.reduce((n, w) => n + w[what], 0);
console.log(`${played} journeys: ${sum('passed')} checks passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') || missed.length || !played ? 1 : 0;
