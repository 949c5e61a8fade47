/* The list of who looked, on a real node: what its lines say, and that nothing in it can be changed. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GRACE } from './fixture.mjs';
import { check, equal, openPage } from './kit.mjs';
import { browserOf, person } from './people.mjs';
import { button, choose, done, headed, press, tabTo } from './portal_kit.mjs';

const ADDRESS = `#/people/${GRACE.id}/access`;
const FHIR = { accept: 'application/fhir+json', 'content-type': 'application/fhir+json' };
const as = (browser, node, who) => openPage(browserOf(browser, who), node.base);
const status = async (who, path) => (await who.send('GET', `/fhir/${path}`, undefined, FHIR)).status;
const entries = async (who) => (await who.json('GET', `/audit/patient/${GRACE.id}?count=1`)).total;
const parameters = (...all) => ({
    resourceType: 'Parameters',
    parameter: all.map(([name, type, value]) => ({ name, [`value${type}`]: value })),
});
const operate = (who, name, ...all) =>
    who.json('POST', `/fhir/Patient/${GRACE.id}/$${name}`, parameters(...all), FHIR);

async function checked(page) {
    await press(page, 'check', button('Check the list'));
    await page.waitForSelector('#checked', { timeout: 60000 });
    return page.innerText('#checked');
}

export async function whoLookedIsCheckedInTheBrowser({ browser, node, grace, doctor }) {
    equal('the doctor reads it', await status(doctor, `Observation?patient=${GRACE.id}`), 200);
    const page = await as(browser, node, grace);
    await page.go('#/');
    await page.whole();
    await press(page, 'who looked', (at) => at.tag === 'A' && at.text === 'Who looked');
    await headed(page, 'Who looked at my record');
    await page.waitForSelector('.k-look');
    const text = await page.innerText('main');
    check(
        'who, role, organisation',
        text.includes('Dr Åse Sørensen') &&
            text.includes('Clinical practitioner, Harbour Street Surgery'),
        text.slice(0, 2500),
    );
    check('what', text.includes('test results or measurements'), text.slice(0, 2500));
    check('why', /Why: For your care/.test(text), text.slice(0, 2500));
    const before = await entries(grace);
    equal('real proofs hold', await checked(page), 'The list is complete and unchanged');
    check('the focus goes to what was found', await page.evaluate(() => document.activeElement.id === 'checked'));
    /* That of `before` itself, and the check's; a few more where the other lane looks at her meanwhile. Each proof for
       itself would be hundreds. */
    const more = (await entries(grace)) - before;
    check('a check is one entry', before > 100 && more >= 2 && more < 40, `${more} more than ${before}`);
    await choose(page, 'programs', 'filter-3');
    await page.waitForFunction(() => !document.querySelector('main').innerText.includes('You looked'));
    await choose(page, 'everything', 'filter');
    await tabTo(page, 'download', button('Download the proof'));
    const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.keyboard.press('Enter'),
    ]);
    const path = await file.path();
    check('it is a proof', readFileSync(path, 'utf8').startsWith('c2sp.org/tlog-proof@v1\n'));
    const key = join(node.home, '..', 'log.key');
    writeFileSync(key, node.kith('audit', 'key', join(node.home, 'audit')));
    node.kith('audit', 'verify', '--proof', path, '--key', key);
    check('kith audit verify takes it', true);
    await done(page);
}

const line = (proof, change) =>
    proof.replace(/^extra (.*)$/m, (_, b64) => {
        const extra = JSON.parse(Buffer.from(b64, 'base64'));
        return `extra ${Buffer.from(JSON.stringify(change(extra))).toString('base64')}`;
    });
const inList = (change) => [
    '**/audit/patient/*',
    (t) => {
        const list = JSON.parse(t);
        change(list.entries);
        return JSON.stringify(list);
    },
];
/* Of each piece the oldest: in the last one it is number 1. */
const inOldest = (change) => [
    '**/audit/proofs/*',
    (t) => {
        const piece = JSON.parse(t);
        piece.proofs.push(change(piece.proofs.pop()));
        return JSON.stringify(piece);
    },
];
const LIES = {
    'another name': ['**/audit/patient/*', (t) => t.replaceAll('Sørensen', 'Nobody')],
    'other words': inOldest((t) => line(t, (x) => ({ ...x, line: x.line?.replace('"v":1', '"v":2') }))),
    'another hash': inOldest((t) => t.replace(/^(index \d+\n)[A-Za-z0-9]/m, (_, i) => `${i}_`)),
    'another signature': inOldest((t) =>
        t.replace(/(— \S+ \S{40})(\S)/, (_, a, b) => a + (b === 'A' ? 'B' : 'A'))),
    'an entry left out': inList((all) => all.splice(1, 1)),
    'the newest left out': inList((all) => all.shift()),
    'the oldest left out': inList((all) => all.pop()),
    'an entry twice': inList((all) => all.push(all[0])),
    'another time': inList((all) => {
        const one = all.find((e) => e.seq?.length === 1) ?? all[0];
        one.at = typeof one.at === 'number' ? one.at - 864e5 : '2020-02-02T02:02:02Z';
    }),
    'a shorter chain': ['**/audit/check/*', (t) => t.replace(/entries (\d+)/, (_, n) => `entries ${n - 1}`)],
    'no proofs': ['**/audit/proofs/*', () => '{"proofs":[]}'],
};

/* What comes between the node and the browser changes one thing. */
export async function aTamperedProofIsFoundOut({ browser, node, grace, doctor }) {
    equal('the doctor reads it', await status(doctor, `Condition?patient=${GRACE.id}`), 200);
    const page = await as(browser, node, grace);
    page.expectErrors = true;
    await page.go(ADDRESS);
    await page.waitForSelector('.k-look');
    equal('without a lie', await checked(page), 'The list is complete and unchanged');
    for (const [what, [where, lie]] of Object.entries(LIES)) {
        await page.route(where, async (route) => {
            const reply = await route.fetch();
            await route.fulfill({ response: reply, body: lie(await reply.text()) });
        });
        await page.click('text=Check the list');
        await page.waitForSelector('#checked', { state: 'detached' });
        await page.waitForSelector('#checked', { timeout: 60000 });
        equal(`${what} is found`, await page.innerText('#checked'), 'The list is not right');
        await page.unroute(where);
    }
    await page.context().close();
}

/* The list on the page was changed, and what comes later was not. */
export async function whatStandsOnThePageIsCompared({ browser, node, grace, doctor }) {
    equal('the doctor reads it', await status(doctor, `Procedure?patient=${GRACE.id}`), 200);
    const page = await as(browser, node, grace);
    page.expectErrors = true;
    const [where, lie] = LIES['another name'];
    await page.route(where, async (route) => {
        const reply = await route.fetch();
        await route.fulfill({ response: reply, body: lie(await reply.text()) });
    });
    await page.go(ADDRESS);
    await page.waitForSelector('.k-look:has-text("Nobody")');
    await page.unroute(where);
    equal('the page is compared, too', await checked(page), 'The list is not right');
    await page.context().close();
}

/* However long the list is: to number 1, in pieces. */
export async function anOldEntryThatWasChangedIsFound({ browser, node, grace }) {
    for (let n = await entries(grace); n < 620; n += 20) {
        await Promise.all(
            Array.from({ length: 20 }, () => status(grace, `Patient/${GRACE.id}`)),
        );
    }
    const page = await as(browser, node, grace);
    page.expectErrors = true;
    await page.go(ADDRESS);
    await page.waitForSelector('.k-look');
    equal('a long list holds', await checked(page), 'The list is complete and unchanged');
    const words = await page.innerText('#checked + p');
    check('all of it was looked at', Number(/all (\d+) entries/.exec(words)?.[1]) > 600, words);
    const first = (t) => line(t, (x) => ({ ...x, line: x.line?.replace('"v":1', '"v":2') }));
    await page.route('**/audit/proofs/*', async (route) => {
        const reply = await route.fetch();
        const piece = JSON.parse(await reply.text());
        piece.proofs = piece.next ? piece.proofs : [...piece.proofs.slice(0, -1), first(piece.proofs.at(-1))];
        await route.fulfill({ response: reply, body: JSON.stringify(piece) });
    });
    equal('its very first entry is, too', await checked(page), 'The list is not right');
    await page.context().close();
}

/* --- what the lines say ---------------------------------------------------------------------------- */

/* A program that asks by itself: SMART's backend services. */
async function programReads(node) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const kid = randomUUID();
    const file = join(node.home, '..', 'counter.jwks.json');
    const key = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
    writeFileSync(file, JSON.stringify({ keys: [key] }));
    const scope = 'system/Observation.rs';
    const made = JSON.parse(
        node.kith(
            ...['client', 'add', node.home, 'Blood Counter', '--json', '--kind', 'system'],
            ...['--jwks', file, '--scope', scope],
        ),
    );
    const part = (v) => Buffer.from(JSON.stringify(v)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const signed = [
        part({ alg: 'ES256', typ: 'JWT', kid }),
        part({
            iss: made.client_id,
            sub: made.client_id,
            aud: `${node.base}/oauth/token`,
            exp: now + 240,
            jti: randomUUID(),
        }),
    ].join('.');
    const dsaEncoding = 'ieee-p1363';
    const mark = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding });
    const reply = await fetch(`${node.base}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
            grant_type: 'client_credentials',
            scope,
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: `${signed}.${mark.toString('base64url')}`,
        }),
    });
    const { access_token: token } = await reply.json();
    const read = await fetch(`${node.base}/fhir/Observation?patient=${GRACE.id}`, {
        headers: { ...FHIR, authorization: `Bearer ${token}` },
    });
    equal('the program reads', read.status, 200);
}

/* By a law that lets it be told on a later day only. */
async function courtReads(node, officer) {
    const inspector = await person(
        node,
        'inspector',
        'Ian Inspector',
        ...['--role', 'R8000', '--person', 'Practitioner/browser-test-inspector'],
    );
    const day = new Date(Date.now() + 7 * 864e5).toISOString().slice(0, 10);
    await operate(
        officer,
        'legal-access',
        ['person', 'Reference', { reference: 'Practitioner/browser-test-inspector' }],
        ['reason', 'Code', 'court-order'],
        ['words', 'String', 'Order 17'],
        ['disclose-after', 'Date', day],
    );
    equal('the inspector reads', await status(inspector, `Condition?patient=${GRACE.id}`), 200);
    return day;
}

export async function whatTheLinesSay({ browser, node, grace, officer }) {
    const ruth = await person(
        node,
        'ruth',
        'Ruth Llewellyn',
        ...['--kind', 'patient', '--person', 'RelatedPerson/browser-test-ruth'],
    );
    await operate(
        grace,
        'proxies',
        ['person', 'Reference', { reference: 'RelatedPerson/browser-test-ruth' }],
        ['function', 'Code', 'view'],
        ['basis', 'Code', 'carer'],
    );
    equal('Ruth reads', await status(ruth, `Observation?patient=${GRACE.id}`), 200);
    await programReads(node);
    await courtReads(node, officer);
    const page = await as(browser, node, grace);
    await page.go(ADDRESS);
    await page.waitForSelector('.k-look');
    const lineOf = (who) => page.locator('.k-look', { hasText: who }).first().innerText();
    const acting = await lineOf('Ruth Llewellyn');
    check('somebody who acts for you', acting.includes('Acts for you') && acting.includes('Looked for test results'), acting);
    const program = await lineOf('Blood Counter');
    check('a program', program.includes('Program') && program.includes('A program asked by itself'), program);
    const legal = await lineOf('Not told yet');
    check('a legal duty', legal.includes('A law lets this wait. You will see more from'), legal);
    check('tells no name', !(await page.innerText('main')).includes('Inspector'));
    equal('and the list holds', await checked(page), 'The list is complete and unchanged');
    await choose(page, 'programs', 'filter-3');
    await page.waitForFunction(() => !document.querySelector('main').innerText.includes('Ruth'));
    check('programs only', (await page.innerText('main')).includes('Blood Counter'));
    await done(page);
    await operate(grace, 'proxies-end', ['id', 'String', await proxyOf(grace)]);
}

async function proxyOf(grace) {
    const list = await grace.json('GET', `/fhir/Patient/${GRACE.id}/$proxies`, undefined, FHIR);
    const proxy = list.parameter.find((p) => p.name === 'proxy');
    return Object.entries(proxy.part.find((p) => p.name === 'id')).find(([k]) => k.startsWith('value'))[1];
}
