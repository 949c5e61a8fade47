/*
 * Records that are joined from several real nodes, and the locality, in a real browser.
 *
 *   run_joined.mjs PATH/OF/kith
 *
 * KITH_BROWSER_SHOTS, KITH_CHROMIUM: as for run.mjs. Exit status 77: there is no browser.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { accessible, attempt, check, equal, finish, fits, openPage, shot, startBrowser } from './kit.mjs';
import { browserOf, person } from './people.mjs';

const program = process.argv[2];
const browser = await startBrowser();
const nodes = spawn('python3', [fileURLToPath(new URL('locality_nodes.py', import.meta.url)), program], {
    stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: nodes.stdout })[Symbol.asyncIterator]();

/* The next line that is an answer; what is told of checks goes by. */
async function answer() {
    for (;;) {
        const { value, done } = await lines.next();
        if (done) {
            throw new Error('the nodes have ended');
        }
        if (value.startsWith('{')) {
            return JSON.parse(value);
        }
        console.log(value);
    }
}
const tell = (word) => {
    nodes.stdin.write(`${word}\n`);
    return answer();
};

const WIDTHS = [320, 1280];

/* At both widths: nothing runs out of the page, axe finds nothing. */
async function looked(who, node, hash, ready, name, see) {
    for (const width of WIDTHS) {
        const page = await openPage(browserOf(browser, who), node.base, { viewport: { width, height: 900 } });
        await page.go(hash);
        await page.waitForSelector(ready, { timeout: 20000 });
        await see(await page.innerText('main'));
        await accessible(page, `${name} at ${width} px`);
        await fits(page, name);
        await shot(page, `${name}-${width}`);
        check(`${name}: nothing else is asked`, page.bad.length === 0, page.bad.join('\n'));
        await page.context().close();
    }
}

async function until(what, good) {
    for (let i = 0; i < 100; i++) {
        if (await good()) {
            return check(what, true);
        }
        await new Promise((r) => setTimeout(r, 200));
    }
    return check(what, false, 'within 20 s');
}

const isPart = (text) => text.includes('This may not be the whole record');

async function allAnswer({ node, doctor }) {
    await until('all places answer', async () => {
        const page = await openPage(browserOf(browser, doctor), node.base);
        await page.go(`#/people/${node.patient}/joined`);
        await page.waitForSelector('#h-places', { timeout: 20000 });
        const text = await page.innerText('main');
        await page.context().close();
        return !isPart(text) && node.names.every((n) => text.includes(n));
    });
}

async function joinedPages({ node, doctor, council }) {
    const hash = `#/people/${node.patient}/joined`;
    await looked(doctor, node, hash, '#h-places', 'joined-whole', (text) => {
        check('the whole is not called a part', !isPart(text), text.slice(0, 400));
        for (const name of node.names) {
            check(`${name} has answered`, text.includes(name), text.slice(0, 1500));
        }
    });
    await tell('stop');
    await looked(doctor, node, hash, '#h-places', 'joined-part', (text) => {
        check('it is said that something is missing', isPart(text), text.slice(0, 400));
        check('and who', text.includes(council), text.slice(0, 1500));
    });
}

/* One place by itself on the timeline, from the page that says what it keeps. */
async function onePlace({ node, doctor }) {
    const page = await openPage(browserOf(browser, doctor), node.base, { viewport: { width: 320, height: 900 } });
    await page.go(`#/people/${node.patient}/joined`);
    await page.waitForSelector('#h-places', { timeout: 20000 });
    await page.getByRole('link', { name: 'See all of it as one timeline' }).click();
    await page.waitForSelector('.k-entry', { timeout: 20000 });
    const count = () => page.textContent('.k-timeline__count');
    const all = Number((await count()).match(/\d+/)[0]);
    await page.go(`#/people/${node.patient}/joined`);
    await page.getByRole('link', { name: /^See what it keeps/ }).first().click({ timeout: 20000 });
    await page.waitForSelector('.k-entry', { timeout: 20000 });
    await until('one place by itself', async () => / of /.test(await count()));
    check('and its entries are fewer', Number((await count()).match(/\d+/)[0]) < all, `${await count()}`);
    await fits(page, 'one place');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await until('and all of them again', async () => Number((await count()).match(/\d+/)[0]) === all);
    await page.context().close();
}

async function localityPage({ node, officer, administrator, doctor, council }) {
    await tell('alarm');
    await tell('propose');
    const state = () => officer.json('GET', '/locality-state');
    await until('the node knows all of it', async () => {
        const s = await state();
        return s.alarms.length && s.proposals.length && s.members.some((m) => m.away);
    });
    for (const who of [officer, administrator]) {
        await looked(who, node, '#/locality', '#h-members', `locality-${who.login}`, (text) => {
            for (const words of [...node.names, `Away: ${council}`, 'Directory number 3', 'no member tried to ask', 'number 4']) {
                check(`it says ${words}`, text.includes(words), text.slice(0, 3000));
            }
            /* The hospital may or may not have caught up at this moment. */
            check('it says how far the other is as a witness', /As a witness it is \d|It has witnessed all of this node/.test(text), text.slice(0, 3000));
        });
    }
    const page = await openPage(browserOf(browser, doctor), node.base);
    await page.go('#/locality');
    await page.waitForFunction(() => document.body.innerText.includes('You may not see this page'));
    await page.context().close();
}

/* The alarm is a case, and is closed by keyboard. */
async function alarmIsReviewed({ node, officer }) {
    await looked(officer, node, '#/reviews', '.k-plain .k-card', 'reviews-alarm', (text) =>
        check('the alarm is there', text.includes('An alarm about the locality'), text.slice(0, 1500)),
    );
    const page = await openPage(browserOf(browser, officer), node.base);
    await page.go('#/reviews');
    await page.getByRole('button', { name: /Look at it ?: ?Somebody who is no member/ }).press('Enter');
    await page.getByLabel('It has been dealt with').press('Space');
    await page.getByLabel('Why?').fill('A wrong address was called');
    await accessible(page, 'the case of an alarm');
    await page.getByRole('button', { name: 'Save' }).press('Enter');
    await page.waitForFunction(() => document.body.innerText.includes('Saved: accepted'), undefined, { timeout: 20000 });
    check('nothing else is asked', page.bad.length === 0, page.bad.join('\n'));
    await page.context().close();
}

try {
    const node = await answer();
    node.kith = (...words) => spawnSync(program, words, { encoding: 'utf8' }).stdout;
    const staff = (login, name, role, ...more) => person(node, login, name, '--role', role, ...more);
    const all = {
        node,
        council: node.names[2],
        doctor: await staff('asoren', 'Dr Åse Sørensen', 'R8003', '--person', 'Practitioner/doctor'),
        officer: await staff('olive', 'Olive Officer', 'R0001'),
        administrator: await staff('ada', 'Ada Byron', 'K1004'),
    };
    for (const test of [allAnswer, onePlace, joinedPages, localityPage, alarmIsReviewed]) {
        await attempt(test.name, () => test(all));
    }
    equal('the nodes end without fault', (await tell('end')).failures, 0);
} finally {
    await browser.close();
    nodes.stdin.end();
}
process.exitCode = finish();
