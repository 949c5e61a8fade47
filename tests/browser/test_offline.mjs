/* Without a connection: what is kept on a device where somebody asked for it, and when it goes. */
import { GRACE } from './fixture.mjs';
import { accessible, check, equal, fits, openPage, shot } from './kit.mjs';
import { browserOf } from './people.mjs';

const HOME = `#/patient/${GRACE.id}`;
const OFFLINE = 'text=You are offline. This was read at';

/* What stands in the store of the browser: names, ages, and whether it can be read as it is. */
const stored = (page) =>
    page.evaluate(async () => {
        const db = await new Promise((done, failed) => {
            const r = indexedDB.open('kith');
            r.onsuccess = () => done(r.result);
            r.onerror = () => failed(r.error);
        });
        const all = (name) =>
            new Promise((done) => {
                const r = db.transaction(name).objectStore(name).getAll();
                r.onsuccess = () => done(r.result);
            });
        const [keys, things] = [await all('keys'), await all('things')];
        db.close();
        const text = (b) => new TextDecoder('latin1').decode(b);
        return {
            names: things.map((t) => t.name).filter((n) => n.startsWith('offline/')),
            open: things.filter((t) => /Amoxicillin|resourceType|Grace/.test(text(t.sealed))).length,
            extractable: keys.filter((k) => k.key.extractable).length,
            keys: keys.length,
        };
    });

const age = (page, ms) =>
    page.evaluate(async (by) => {
        const db = await new Promise((done) => {
            const r = indexedDB.open('kith');
            r.onsuccess = () => done(r.result);
        });
        await new Promise((done) => {
            const t = db.transaction('things', 'readwrite');
            const r = t.objectStore('things').openCursor();
            r.onsuccess = () => {
                if (r.result) {
                    r.result.update({ ...r.result.value, at: r.result.value.at - by });
                    r.result.continue();
                }
            };
            t.oncomplete = done;
        });
        db.close();
    }, ms);

async function until(page, what, fits) {
    for (let i = 0; i < 100; i++) {
        const now = await stored(page);
        if (fits(now)) {
            return now;
        }
        await page.waitForTimeout(100);
    }
    check(what, false, await stored(page));
    return stored(page);
}

/* All that the page has asked for is kept: nothing more has come for two seconds. */
async function settled(page) {
    for (let quiet = 0, had = -1; quiet < 20; ) {
        const { length } = (await stored(page)).names;
        quiet = length === had ? quiet + 1 : 0;
        had = length;
        await page.waitForTimeout(100);
    }
}

/* Grace turns it on, and opens her record. */
async function keeping(browser, node, grace) {
    const page = await openPage(browserOf(browser, grace), node.base);
    page.expectErrors = true;
    await page.goto(`${node.base}/${HOME}`);
    await page.waitForSelector('text=Amoxicillin');
    await page.goto(`${node.base}/#/offline`);
    await page.waitForSelector('text=This device keeps nothing.');
    equal('nothing is kept unless somebody asks for it', (await stored(page)).names.length, 0);
    await accessible(page, 'the choice');
    await shot(page, 'offline-choice');
    await page.click('button:has-text("Keep my record on this device")');
    await page.waitForSelector('text=It is on.');
    for (const hash of [`${HOME}/results`, HOME]) {
        await page.goto(`${node.base}/${hash}`);
        await page.waitForSelector('h1');
    }
    await page.waitForSelector('text=Amoxicillin');
    await until(page, 'the record is kept', (s) => s.names.some((n) => n.includes('$joined')));
    await settled(page);
    return page;
}

export async function readsWithoutAConnection({ browser, node, grace }) {
    const page = await keeping(browser, node, grace);
    const kept = await stored(page);
    equal('sealed: no word can be read', kept.open, 0);
    equal('no key can be taken out', kept.extractable, 0);
    check('there is a key', kept.keys > 0);
    await page.context().setOffline(true);
    await page.reload();
    await page.waitForSelector(OFFLINE);
    await page.waitForSelector('text=Amoxicillin');
    check('the record is there, and says when it was read', true);
    await shot(page, 'offline-record');
    await accessible(page, 'a record that was kept');
    await page.setViewportSize({ width: 320, height: 700 });
    await fits(page, 'a record that was kept');
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`${node.base}/${HOME}/results`);
    await page.waitForSelector(OFFLINE);
    check('and from page to page', (await page.innerText('#main')).length > 200);
    await page.goto(`${node.base}/#/people/${GRACE.id}/sharing`);
    await page.waitForSelector('.nhsuk-error-summary >> text=You are offline');
    check('what was never opened says so', true);
    await page.context().setOffline(false);
    await page.click('button:has-text("Try to connect")');
    await page.waitForSelector(OFFLINE, { state: 'detached' });
    check('connected again: the words are gone', true);
    /* after 12 hours */
    await age(page, 13 * 3600 * 1000);
    await page.context().setOffline(true);
    await page.goto(`${node.base}/${HOME}`);
    await page.reload();
    await page.waitForSelector('.nhsuk-error-summary');
    check('too old: not shown', !(await page.innerText('body')).includes('Amoxicillin'));
    await page.context().setOffline(false);
    await page.reload();
    await page.waitForSelector('text=Amoxicillin');
    /* signing out takes it away */
    await until(page, 'kept anew', (s) => s.names.some((n) => n.includes('$joined')));
    await page.click('.k-me summary');
    await page.click('.k-me__menu button:has-text("Sign out")');
    await page.waitForSelector('h1:has-text("Sign in")');
    const left = await until(page, 'signing out removes it', (s) => s.names.length === 0);
    equal('signing out removes it', left.names.join(' '), '');
    await page.context().setOffline(true);
    await page.goto(`${node.base}/${HOME}`);
    await page.reload();
    await page.waitForSelector('#main');
    await page.waitForTimeout(1000);
    check('nothing is left to read', !(await page.innerText('body')).includes('Amoxicillin'));
    await page.context().close();
}

export async function goesWhenSomebodyElseSignsIn({ browser, node, other, doctor }) {
    const page = await keeping(browser, node, other);
    await page.context().clearCookies();
    await page.context().addCookies(doctor.contextCookies());
    await page.goto(`${node.base}/#/find`);
    await page.reload();
    await page.waitForSelector('text=Dr Åse Sørensen');
    const left = await until(page, 'it goes', (s) => s.names.length === 0);
    equal('what was kept for the one before is gone', left.names.join(' '), '');
    await page.goto(`${node.base}/${HOME}`);
    await page.waitForSelector('text=Amoxicillin');
    await page.waitForLoadState('networkidle');
    equal('and nothing is kept for who did not ask for it', (await stored(page)).names.join(' '), '');
    await page.context().close();
}

/* The first half before the node ends, the second after. */
let waiting = null;
export async function keepsUntilTheNodeIsGone({ browser, node, other }) {
    waiting = await keeping(browser, node, other);
}

export async function theNodeIsGone() {
    await waiting.reload();
    await waiting.waitForSelector(OFFLINE);
    await waiting.waitForSelector('text=Amoxicillin');
    check('the node is gone: the record can be read', true);
    await waiting.context().close();
}
