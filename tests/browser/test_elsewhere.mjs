/* The portal, hosted by somebody else: the same files on another origin, as a registered app of the node. */
import { createServer } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import { GRACE } from './fixture.mjs';
import { accessible, check, equal, openPage } from './kit.mjs';
import { browserOf } from './people.mjs';
import { done, headed } from './portal_kit.mjs';

const DIST = new URL('../../web/dist/', import.meta.url);
const TYPES = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', html: 'text/html; charset=utf-8' };

async function host(node) {
    const names = new Set(readdirSync(DIST));
    const state = { client: '' };
    const server = createServer((request, reply) => {
        const path = new URL(request.url, 'http://x').pathname;
        const name = path === '/portal/' ? 'index.html' : path.replace(/^\/assets\//, '');
        if (!names.has(name)) {
            reply.writeHead(404).end();
            return;
        }
        let body = readFileSync(new URL(name, DIST));
        if (name === 'index.html') {
            body = String(body)
                .replace('name="kith-node" content=""', `name="kith-node" content="${node.base}"`)
                .replace('name="kith-client" content=""', `name="kith-client" content="${state.client}"`);
        }
        reply.writeHead(200, { 'content-type': TYPES[name.split('.').pop()] ?? 'text/plain' }).end(body);
    });
    await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    const base = `http://127.0.0.1:${server.address().port}`;
    state.client = JSON.parse(
        node.kith(
            'client', 'add', node.home, 'Other portal', '--json', '--kind', 'public', '--redirect', `${base}/portal/`,
            '--scope', 'openid fhirUser online_access user/*.cruds',
        ),
    ).client_id;
    return { base, stop: () => new Promise((ended) => (server.closeAllConnections(), server.close(ended))) };
}

export async function aPortalElsewhere({ browser, node, other: grace }) {
    const there = await host(node);
    const page = await openPage(browserOf(browser, grace), node.base, { others: [there.base] });
    page.expectErrors = true;
    await page.goto(`${there.base}/portal/#/patient/${GRACE.id}`);
    await headed(page, 'Sign in');
    await accessible(page, 'signing in at the node');
    await page.click('button:has-text("Go there to sign in")');
    await headed(page, 'Let Other portal in?');
    await page.click('button:text-is("Allow")');
    await page.waitForSelector('text=Amoxicillin');
    equal('back where it began, with nothing of the code', page.url(), `${there.base}/portal/#/patient/${GRACE.id}`);
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    check('nothing of the token is kept', !/token|verifier|[A-Za-z0-9_-]{43}/.test(kept), kept);
    /* a token that has ended is refreshed, once, without leaving the page */
    let refused = 0;
    const refreshed = [];
    page.on('request', (r) => {
        if (r.url() === `${node.base}/oauth/token`) {
            refreshed.push(r.postData());
        }
    });
    await page.route('**/fhir/**', (route) => {
        if (refused === 0 && route.request().method() === 'GET') {
            refused++;
            return route.fulfill({ status: 401, body: '{}', headers: { 'access-control-allow-origin': '*' } });
        }
        return route.continue();
    });
    await page.goto(`${there.base}/portal/#/people/${GRACE.id}/sharing`);
    await headed(page, 'Who can see my record');
    await page.waitForLoadState('networkidle');
    equal('one refresh', refreshed.filter((b) => b.includes('grant_type=refresh_token')).length, 1);
    equal('and no other', refreshed.length, 1);
    await page.goto(`${there.base}/portal/#/apps`);
    await page.waitForSelector('text=This is done where you have your account');
    await page.click('.k-me summary');
    await page.click('.k-me__menu button:has-text("Sign out")');
    await headed(page, 'Sign in');
    check('nothing of the record stays', !(await page.innerText('body')).includes('Amoxicillin'));
    await done(page);
    await there.stop();
}
