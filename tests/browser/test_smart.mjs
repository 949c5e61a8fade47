import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GRACE } from './fixture.mjs';
import { accessible, check, equal, openPage, shot } from './kit.mjs';
import { browserOf } from './people.mjs';
import { done, headed } from './portal_kit.mjs';

/* Each address of docs/portal.md, and the page itself. */
const OF_A_RECORD = [
    /^\/$/,
    /^\/assets\//,
    /^\/sw\.js$/,
    /^\/\.well-known\/smart-configuration$/,
    /^\/oauth\/(authorize|token)$/,
    /^\/fhir\//,
    /^\/audit\//,
];
const RECORD = /^\/(fhir|audit)\//;

/* Everything that is asked, with the fields that really went out. */
async function listen(page) {
    const asked = [];
    const client = await page.context().newCDPSession(page);
    await client.send('Network.enable');
    const urls = new Map();
    client.on('Network.requestWillBeSent', ({ requestId, request }) => {
        const url = new URL(request.url);
        if (/^http/.test(url.protocol)) {
            urls.set(requestId, { path: url.pathname, method: request.method });
            asked.push(urls.get(requestId));
        }
    });
    client.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) => {
        const one = urls.get(requestId); /* of what is broken off before it leaves there is none */
        const small = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));
        if (one) {
            one.cookie = small.cookie ?? '';
            one.bearer = /^Bearer (\S+)$/.exec(small.authorization ?? '')?.[1] ?? '';
        }
    });
    return asked;
}

const settled = (page) => page.waitForLoadState('networkidle');

export async function aRecordIsReadByTheTokenAlone({ browser, node, grace, doctor }) {
    for (const [who, own] of [
        [grace, true],
        [doctor, false],
    ]) {
        const page = await openPage(browserOf(browser, who), node.base);
        const asked = await listen(page);
        const pages = ['', '/results', '/timeline', '/details'].map((p) => `#/patient/${GRACE.id}${p}`);
        const about = (own ? ['access', 'sharing', 'proxies', 'joined'] : ['sharing', 'joined']).map(
            (p) => `#/people/${GRACE.id}/${p}`,
        );
        for (const hash of [...pages, ...about]) {
            await page.goto(`${node.base}/${hash}`);
            await page.waitForSelector('h1');
            await settled(page);
        }
        const elsewhere = asked.filter(
            (a) => !OF_A_RECORD.some((r) => r.test(a.path)) && a.path !== '/auth/session',
        );
        equal(`${who.login}: no private address`, elsewhere.map((a) => a.path).join(' '), '');
        const sessions = asked.filter((a) => a.path === '/auth/session').length;
        check(`${who.login}: who is signed in is asked once a load`, sessions <= 1, sessions);
        const record = asked.filter(
            (a) => RECORD.test(a.path) && a.path !== '/fhir/metadata' && a.bearer !== undefined,
        );
        check(`${who.login}: the record was asked for`, record.length > 5, record.length);
        equal(`${who.login}: no cookie goes there`, record.filter((a) => a.cookie).length, 0);
        const bare = record.filter((a) => !a.bearer && a.method !== 'OPTIONS').map((a) => a.path);
        equal(`${who.login}: each with the token`, bare.join(' '), '');
        const token = record[0]?.bearer ?? '';
        const kept = await page.evaluate(async () => {
            const names = (await indexedDB.databases()).map((d) => d.name);
            return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, names, location.href]);
        });
        check(`${who.login}: the token is kept nowhere`, token.length > 40 && !kept.includes(token), kept);
        await done(page);
    }
}

/* Two answers are waited for before the record is asked for: that of authorize, and that of token. */
export async function twoRoundsBeforeTheRecord({ browser, node, grace }) {
    const page = await openPage(browserOf(browser, grace), node.base);
    const asked = await listen(page);
    await page.goto(`${node.base}/#/patient/${GRACE.id}`);
    await page.waitForSelector('h1');
    await settled(page);
    const order = asked.map((a) => a.path);
    const at = (path) => order.findIndex((p) => p === path);
    const first = order.findIndex((p) => RECORD.test(p) && p !== '/fhir/metadata');
    check('where to ask, and the question itself, go out together', Math.abs(at('/oauth/authorize') - at('/.well-known/smart-configuration')) <= 3, order);
    check('then the token, then the record', at('/oauth/authorize') < at('/oauth/token') && at('/oauth/token') < first, order);
    equal('one token for all', order.filter((p) => p === '/oauth/token').length, 1);
    await done(page);
}

/* A token that has ended is renewed once, and what was asked is asked again; nobody notices. */
export async function aTokenThatEndedIsRenewed({ browser, node, doctor }) {
    const page = await openPage(browserOf(browser, doctor), node.base);
    page.expectErrors = true; /* the browser notes a 401 */
    await page.goto(`${node.base}/#/find`);
    await page.waitForSelector('h1');
    await settled(page);
    /* another role and back, behind the page's back: its token has ended, its session goes on */
    await doctor.json('POST', '/auth/role', { role: 1 });
    await doctor.json('POST', '/auth/role', { role: 0 });
    const asked = await listen(page);
    let refused = 0;
    await page.route('**/fhir/**', async (route) => {
        if (refused === 0) {
            refused++;
            await route.fulfill({ status: 401, body: '{}', contentType: 'application/fhir+json' });
        } else {
            await route.continue();
        }
    });
    await page.goto(`${node.base}/#/patient/${GRACE.id}`);
    await page.waitForSelector('text=Amoxicillin');
    await settled(page);
    equal('one renewal, however many waited', asked.filter((a) => a.path === '/oauth/token').length, 1);
    await done(page);
}

/* What is asked for one person is not sent for another, who has signed in meanwhile with this browser. */
export async function somebodyElseSignedIn({ browser, node, grace, doctor }) {
    const page = await openPage(browserOf(browser, doctor), node.base);
    page.expectErrors = true;
    await page.goto(`${node.base}/#/patient/${GRACE.id}`);
    await page.waitForSelector('text=Amoxicillin');
    await settled(page);
    await page.context().clearCookies();
    await page.context().addCookies(grace.contextCookies());
    const asked = await listen(page);
    await page.route('**/fhir/**', (route) =>
        route.request().headers().authorization
            ? route.fulfill({ status: 401, body: '{}', contentType: 'application/fhir+json' })
            : route.continue(),
    );
    await page.goto(`${node.base}/#/patient/${GRACE.id}/timeline`);
    await page.waitForFunction(() => document.body.innerText.includes('Grace Zzokafor'));
    check('the page is now of the other', true);
    check('one question of the first was refused', asked.some((a) => RECORD.test(a.path)));
    await done(page);
}

/* --- a signed link of another system --- */

const b64 = (data) => Buffer.from(data).toString('base64url');

function ward(node) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const file = join(node.home, '..', 'ward.jwks');
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'w', alg: 'ES256', use: 'sig' };
    writeFileSync(file, JSON.stringify({ keys: [jwk] }));
    const made = node.kith(
        'client', 'add', node.home, 'Ward board', '--json', '--kind', 'confidential', '--jwks', file,
        '--redirect', 'https://ward.example/cb', '--scope', 'openid launch',
    );
    rmSync(file);
    const iss = JSON.parse(made).client_id;
    return (claims) => {
        const whole = {
            iss,
            aud: `${node.base}/open`,
            exp: Math.floor(Date.now() / 1000) + 120,
            jti: randomBytes(9).toString('hex'),
            ...claims,
        };
        const plain = [{ alg: 'ES256', kid: 'w' }, whole].map((x) => b64(JSON.stringify(x))).join('.');
        const seal = sign('sha256', Buffer.from(plain), { key: privateKey, dsaEncoding: 'ieee-p1363' });
        return `${node.base}/open?link=${plain}.${b64(seal)}`;
    };
}

export async function openedFromAnotherSystem({ browser, node, doctor }) {
    const link = ward(node);
    const page = await openPage(browserOf(browser, doctor), node.base);
    const url = link({ nhs_number: GRACE.nhs });
    await page.goto(url);
    await page.waitForSelector('text=Amoxicillin');
    equal('the record of the patient', new URL(page.url()).hash, `#/patient/${GRACE.id}`);
    await page.reload();
    await page.waitForSelector('text=Amoxicillin');
    check('and again when the page is loaded anew', true);
    await page.goto('about:blank');
    await page.goto(url);
    await headed(page, 'could not be opened');
    await shot(page, 'opened-used');
    check('a used link says what to do', (await page.innerText('#main')).includes('open the record there once more'));
    await accessible(page, 'a used link');
    for (const [claims, words] of [
        [{ nhs_number: '9434765919' }, 'no record here of the person'],
        [{ nhs_number: GRACE.nhs, fhirUser: 'Practitioner/somebody' }, 'made for somebody else'],
    ]) {
        await page.goto('about:blank');
        await page.goto(link(claims));
        await headed(page, 'could not be opened');
        check(words, (await page.innerText('#main')).includes(words), await page.innerText('#main'));
    }
    await page.goto('about:blank');
    await page.goto(`${node.base}/#/launch?iss=${encodeURIComponent('https://evil.example/fhir')}&launch=x`);
    await headed(page, 'could not be opened');
    check('no other node is asked', (await page.innerText('#main')).includes('another node'));
    await done(page);
}

export async function signsInOnTheWay({ browser, node, doctor }) {
    const link = ward(node);
    const page = await openPage(browser, node.base);
    await page.goto(link({ nhs_number: GRACE.nhs }));
    await headed(page, 'Sign in');
    await page.context().addCookies(doctor.contextCookies());
    await page.reload();
    await page.waitForFunction((to) => location.hash === to, `#/patient/${GRACE.id}`);
    check('after signing in it leads to the record', true);
    await done(page);
}
