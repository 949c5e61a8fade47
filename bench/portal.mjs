/*
 * How quick the portal is on a slow telephone or an old clinic PC: the CPU throttled 4 x, a record of
 * 3,400 entries at two of the five places of the demonstration, in headless Chromium.
 *
 *   node bench/portal.mjs build/src/cli/kith       writes bench/results/portal-DATE-COMMIT.md
 *
 * In the same run a plain page of the same size (the same bytes of code, of data and of words, with no
 * work for the browser but to show them) is opened in the same way, and the rows of the timeline are
 * thrown in a page without code: what the portal adds to that is its own.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDemo, World } from '../tests/journeys/kit.mjs';

const SLOWER = 4;
const TURNS = 5;
const ENTRIES = 3400;
const SAFETY_MS = 1000;
const WHOLE_MS = 2000;
const ROUTE_MS = 200;
const TASK_MS = 50;
const PX_A_SECOND = 5000;
const THROWN_PX = 200000;
const THROWS = 3;

const root = fileURLToPath(new URL('..', import.meta.url));
const program = process.argv[2];
const { chromium } = createRequire(join(root, 'web/package.json'))('playwright-core');
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

/* --- the record ------------------------------------------------------------------------------- */

const TESTS = [
    ['2823-3', 'Potassium [Moles/volume] in Serum or Plasma', 'mmol/L', 3.5, 5.3],
    ['2951-2', 'Sodium [Moles/volume] in Serum or Plasma', 'mmol/L', 133, 146],
    ['14682-9', 'Creatinine [Moles/volume] in Serum or Plasma', 'umol/L', 49, 104],
    ['718-7', 'Hemoglobin [Mass/volume] in Blood', 'g/L', 120, 150],
    ['4548-4', 'Hemoglobin A1c/Hemoglobin.total in Blood', '%', 4, 6],
    ['29463-7', 'Body weight', 'kg', 50, 90],
    ['8867-4', 'Heart rate', '/min', 51, 90],
    ['2093-3', 'Cholesterol [Mass/volume] in Serum or Plasma', 'mmol/L', 3, 5],
];
const day = (n) => new Date(Date.now() - n * 36e5 * 24).toISOString().slice(0, 10);

function* entries(patient, count) {
    const subject = { reference: `Patient/${patient}` };
    for (let i = 0; i < count; i++) {
        const at = day(3 + i * 2);
        if (i % 7 === 0) {
            yield {
                resourceType: 'Encounter',
                status: 'finished',
                class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
                subject,
                period: { start: `${at}T09:00:00Z`, end: `${at}T09:12:00Z` },
            };
        } else if (i % 11 === 0) {
            yield {
                resourceType: 'MedicationRequest',
                status: i < 40 ? 'active' : 'completed',
                intent: 'order',
                medicationCodeableConcept: { text: `Medicine ${i % 9}` },
                subject,
                authoredOn: at,
                dosageInstruction: [{ text: 'Take one each morning' }],
            };
        } else if (i % 61 === 0) {
            yield {
                resourceType: 'DocumentReference',
                status: 'current',
                subject,
                date: `${at}T10:00:00Z`,
                description: `Letter ${i}`,
                content: [{ attachment: { contentType: 'text/plain', data: 'TGV0dGVy', title: `Letter ${i}` } }],
            };
        } else {
            const [code, display, unit, low, high] = TESTS[i % TESTS.length];
            yield {
                resourceType: 'Observation',
                status: 'final',
                category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }] }],
                code: { coding: [{ system: 'http://loinc.org', code, display }] },
                subject,
                effectiveDateTime: `${at}T08:30:00Z`,
                valueQuantity: { value: low + ((i * 37) % 100) * (high - low) * 0.012, unit, system: 'http://unitsofmeasure.org', code: unit },
                referenceRange: [{ low: { value: low, unit }, high: { value: high, unit } }],
            };
        }
    }
}

async function fill(demo, at, nhs, count) {
    const base = demo.places[at];
    const token = execFileSync(program, ['token', join(demo.folder, at)], { encoding: 'utf8' }).trim();
    const ask = async (path, body) => {
        const reply = await fetch(`${base}/fhir${path}`, {
            method: body ? 'POST' : 'GET',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
            ...(body ? { body: JSON.stringify(body) } : {}),
        });
        if (!reply.ok) {
            throw new Error(`${at}: ${reply.status} ${await reply.text()}`);
        }
        return reply.json();
    };
    const found = await ask(`/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`);
    const patient = found.entry[0].resource.id;
    const all = [...entries(patient, count)];
    for (let i = 0; i < all.length; i += 200) {
        const entry = all.slice(i, i + 200).map((resource) => ({
            resource,
            request: { method: 'POST', url: resource.resourceType },
        }));
        await ask('', { resourceType: 'Bundle', type: 'transaction', entry });
    }
    return patient;
}

/* --- what is looked at ------------------------------------------------------------------------ */

const watching = () => {
    const seen = (window.kithSeen = { tasks: [] });
    const marks = {
        /* the summary of professionals; a patient's home says allergies in one line */
        safety: () => document.querySelector('#h-allergies, .k-allergy-line'),
        /* all places have answered, and no card waits for its part */
        whole: () =>
            document.querySelector('.k-answered.k-foot') &&
            ![...document.querySelectorAll('main p')].some((p) => p.textContent.trim() === 'Reading'),
    };
    new MutationObserver(() => {
        for (const [name, is] of Object.entries(marks)) {
            if (!seen[name] && is()) {
                seen[name] = performance.now();
            }
        }
    }).observe(document, { childList: true, characterData: true, subtree: true, attributeFilter: ['class'] });
    new PerformanceObserver((list) => {
        seen.tasks.push(...list.getEntries().map((e) => [e.startTime, e.duration]));
    }).observe({ type: 'longtask', buffered: true });
};

async function slow(page, rate = SLOWER) {
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate });
}

/* From the address to the safety content, and to the whole page with what all places have. */
async function opened(w, who, hash) {
    const page = await w.open(who, '#/security');
    await page.goto('about:blank');
    await page.addInitScript(watching);
    await slow(page);
    await page.goto(`${page.base}/${hash}`);
    await page.waitForFunction(() => window.kithSeen?.whole && window.kithSeen.safety, null, { timeout: 60000 });
    const { safety, whole } = await page.evaluate(() => window.kithSeen);
    return { page, safety, whole };
}

/* From the press on a link until the page that it leads to is drawn: its heading, and what stands below it. */
async function routed(page, href, ready) {
    return page.evaluate(
        async ([to, selector]) => {
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            const link = document.querySelector(`a[href="${to}"]`);
            if (!link) {
                throw new Error(`no link to ${to}`);
            }
            const heading = document.querySelector('main h1');
            const before = heading?.textContent;
            const from = performance.now();
            link.click();
            for (;;) {
                await frame();
                const now = document.querySelector('main h1')?.textContent;
                if (now && now !== before && document.querySelector(`main ${selector}`)) {
                    await frame(); /* it has been painted */
                    return performance.now() - from;
                }
                if (performance.now() - from > 30000) {
                    throw new Error(`${to} did not come`);
                }
            }
        },
        [href, ready],
    );
}

/* The timeline with all of its years open and all of their entries shown; how many there are. */
async function unfolded(page) {
    await slow(page, 1); /* that is one press after the other, and not what is measured */
    for (let last = -1; ; ) {
        const rows = await page.evaluate(() => {
            document.querySelectorAll('.k-year__button[aria-expanded=false], .k-year__more').forEach((b) => b.click());
            return document.querySelectorAll('.k-entry').length;
        });
        if (rows === last) {
            break;
        }
        last = rows;
        await page.waitForTimeout(1500);
    }
    await slow(page);
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(1000);
    return page.evaluate(() => document.querySelectorAll('.k-entry').length);
}

/*
 * Every task of more than 50 ms while somebody throws the timeline from its top, seven screens a second, through
 * hundreds of screens. A callback in each frame has to be there: browsers tell of long tasks only where they ran
 * a script, and to draw is none.
 */
async function thrown(page) {
    const session = await page.context().newCDPSession(page);
    await session.send('HeapProfiler.collectGarbage'); /* of the opening, which is not what is measured */
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(1000);
    await page.evaluate(() => {
        window.kithSeen.tasks.length = 0;
        const frames = (window.kithSeen.frames = []);
        let last = performance.now();
        const frame = (now) => {
            frames.push(now - last);
            last = now;
            if (window.kithSeen.frames === frames) {
                requestAnimationFrame(frame);
            }
        };
        requestAnimationFrame(frame);
    });
    await session.send('Input.synthesizeScrollGesture', {
        x: 600,
        y: 500,
        yDistance: -THROWN_PX,
        speed: PX_A_SECOND,
        gestureSourceType: 'mouse',
    });
    const { tasks, frames, far } = await page.evaluate(() => ({ ...window.kithSeen, far: scrollY }));
    if (far < THROWN_PX * 0.9) {
        throw new Error(`the timeline went ${far} of ${THROWN_PX} px`);
    }
    frames.sort((a, b) => a - b);
    const at = (part) => Math.round(frames[Math.floor((frames.length - 1) * part)]);
    return {
        longest: Math.max(0, ...tasks.map(([, ms]) => ms)),
        over: tasks.length,
        frames: `${frames.length} frames, ${at(0.5)} ms from one to the next, ${at(0.99)} in 99 of 100, ${at(1)} at most`,
    };
}

/* What a page shows, as a page of its own without any code. */
async function still(page) {
    const url = `${page.base}/still-page-of-the-same-rows`;
    const html = await page.evaluate(() => {
        document.querySelectorAll('script').forEach((s) => s.remove());
        return document.documentElement.outerHTML;
    });
    await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html>${html}` }));
    await page.goto(url);
    await slow(page);
}

/* A page of the same bytes in which there is nothing to do: how long until its words are there. */
async function plain(w, bytes, words) {
    const page = await w.open('', '#/sign-in');
    const url = `${page.base}/plain-page-of-the-same-size`;
    const body = words.replace(/[<&]/g, ' ');
    const html = `<!doctype html><title>Plain</title><p>${body}</p><!--${'x'.repeat(Math.max(0, bytes - body.length))}--><p id="end">End</p>`;
    await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto('about:blank');
    await slow(page);
    await page.goto(url);
    await page.waitForSelector('#end');
    const ms = await page.evaluate(() => performance.now());
    await page.context().close();
    return ms;
}

/* --- a run ------------------------------------------------------------------------------------ */

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests'];
const browser = await chromium.launch({ executablePath: process.env.KITH_CHROMIUM ?? '/usr/bin/chromium-headless-shell', args: FLAGS });
const demo = await startDemo(program);
const load = loadavg()[0].toFixed(2);
const rows = [];
const row = (metric, most, ms, more = '') =>
    rows.push(`| ${metric} | ${most ? `≤ ${most} ms` : ''} | ${Math.round(ms)} ms${more} | ${most ? (ms <= most ? 'yes' : 'no') : ''} |`);

const closeAll = () => Promise.all(browser.contexts().map((c) => c.close()));

try {
    const w = new World(browser, demo);
    const first = await w.open('demo-patient', '#/security');
    const me = first.me;
    const token = execFileSync(program, ['token', join(demo.folder, 'gp')], { encoding: 'utf8' }).trim();
    const reply = await fetch(`${demo.places.gp}/fhir/Patient/${me}`, { headers: { authorization: `Bearer ${token}` } });
    const nhs = (await reply.json()).identifier.find((i) => i.system.endsWith('nhs-number')).value;
    await fill(demo, 'gp', nhs, Math.round(ENTRIES * 0.7));
    await fill(demo, 'hospital', nhs, Math.round(ENTRIES * 0.3));

    for (const [who, whose] of [
        ['demo-gp', 'a professional’s page'],
        ['demo-patient', 'a patient’s home'],
    ]) {
        const all = [];
        for (let i = 0; i < TURNS; i++) {
            await closeAll(); /* a throttled page costs the machine time as long as it is open */
            all.push(await opened(w, who, `#/patient/${me}`));
        }
        const spread = (name) => ` (${all.map((o) => Math.round(o[name])).sort((a, b) => a - b).join(', ')})`;
        row(`portal, CPU ÷ ${SLOWER}, ${ENTRIES} entries at two of five places: safety content of ${whose}`, SAFETY_MS, median(all.map((o) => o.safety)), spread('safety'));
        row(`portal: the whole first page of ${whose}, all places`, WHOLE_MS, median(all.map((o) => o.whole)), spread('whole'));
        const { page } = all.at(-1);
        const bytes = await page.evaluate(() =>
            performance.getEntriesByType('resource').reduce((n, e) => n + (e.decodedBodySize || 0), 0),
        );
        const same = [];
        const words = await page.innerText('body');
        for (let i = 0; i < TURNS; i++) {
            same.push(await plain(w, bytes, words));
        }
        row(`a plain page of the same ${Math.round(bytes / 1000)} kB`, 0, median(same));
        const id = `#/patient/${me}`;
        const there = [];
        for (const [to, ready] of [
            [`${id}/results`, '.k-card'],
            [`${id}/timeline`, '.k-entry'],
            [id, '#h-allergies, .k-allergy-line'],
            [`${id}/results`, '.k-card'],
            [`${id}/timeline`, '.k-entry'],
            [id, '#h-allergies, .k-allergy-line'],
            [`${id}/results`, '.k-card'],
            [`${id}/timeline`, '.k-entry'],
        ]) {
            there.push(await routed(page, to, ready));
            await page.waitForTimeout(1500);
        }
        row(`portal: from page to page (${whose}), each read before`, ROUTE_MS, median(there.slice(2)), ` (first visits ${there.slice(0, 2).map(Math.round).join(', ')}; then ${there.slice(2).map(Math.round).join(', ')})`);
        const many = await unfolded(page);
        const throwing = async (what, most) => {
            const throws = [];
            for (let i = 0; i < THROWS; i++) {
                throws.push(await thrown(page));
            }
            const each = throws.map((t) => `${t.over} longer than 50 ms, the longest ${Math.round(t.longest)}; ${t.frames}`);
            row(
                `${what}: longest task while a timeline of ${many} entries, all years open, is thrown ${THROWN_PX / 1000},000 px at ${PX_A_SECOND / 1000},000 px/s`,
                most,
                median(throws.map((t) => t.longest)),
                ` (${throws.length} throws: ${each.join(' / ')})`,
            );
        };
        await throwing(`portal, ${whose}`, TASK_MS);
        await still(page);
        await throwing('a plain page with the same rows', 0);
    }
} finally {
    await browser.close();
    await demo.stop();
}

const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
const commit = git('rev-parse', '--short=10', 'HEAD') + (git('status', '--porcelain', '-uno') ? '+changes' : '');
const now = new Date().toISOString();
const sizes = readFileSync(join(root, 'web/dist/sizes.txt'), 'utf8').trim().split('\n');
const pages = sizes.slice(1).map((l) => [l.split(' ')[0], Number(l.split(' ')[1])]).sort((a, b) => b[1] - a[1]);
const [, firstLoad] = sizes[0].match(/load (\d+)/);
rows.unshift(
    `| portal: first load, packed | ≤ 60 kB | ${(firstLoad / 1024).toFixed(1)} kB | ${firstLoad <= 61440 ? 'yes' : 'no'} |`,
    `| portal: the largest page beyond that, packed | ≤ 25 kB | ${(pages[0][1] / 1024).toFixed(1)} kB (${pages[0][0]}; ${pages.length} pages) | ${pages[0][1] <= 25600 ? 'yes' : 'no'} |`,
);
const report = `# Benchmark of the portal

- machine: ${cpus()[0].model}, ${cpus().length} cores; the browser, five nodes and this run on the same cores
- commit: ${commit}
- date: ${now.slice(0, 16).replace('T', ' ')} UTC; load average before: ${load}
- each figure is the median of ${TURNS} runs in one go, of ${THROWS} for what is thrown

| metric | target | measured | pass? |
|---|---|---|---|
${rows.join('\n')}
`;
console.log(report);
writeFileSync(join(root, `bench/results/portal-${now.slice(0, 10)}-${commit}.md`), report);
