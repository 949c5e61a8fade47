/* A SMART app at another origin: let in, used, refreshed, started from the portal, and ended. */
import { GRACE } from './fixture.mjs';
import { check, equal, openPage } from './kit.mjs';
import { registered, SCOPE, started } from './oauth_app.mjs';
import { browserOf } from './people.mjs';
import { button, choose, done, headed, press, said, tabTo } from './portal_kit.mjs';

const exactly = (text) => (at) => at.tag === 'BUTTON' && at.text === text;
const inApp = (page, words) =>
    page.waitForFunction((w) => document.getElementById('said')?.textContent.startsWith(w), words);
const seen = (page) => page.locator('#seen li').allInnerTexts();

export async function anAppIsLetInAndEnded({ browser, node, app, grace, state }) {
    const page = await started(browser, node, app, grace, registered(node, app, state));
    await page.click('#connect');
    await headed(page, 'Let Heart Chart in?');
    check(
        'in plain words',
        (await page.innerText('main')).includes('test results'),
        await page.innerText('main'),
    );
    const id = await page.evaluate(
        () =>
            [...document.querySelectorAll('input[name=scopes]')].find((i) =>
                i.value.startsWith('patient/Condition'),
            ).id,
    );
    await tabTo(page, 'conditions', (at) => at.id === id);
    await page.keyboard.press('Space');
    await press(page, 'allow', exactly('Allow'));
    await inApp(page, `read for ${GRACE.id}`);
    const names = await seen(page);
    check('it reads with its token', names.includes('Haemoglobin A1c'), names);
    const other = await page.evaluate(async () => {
        const reply = await fetch(`${sessionStorage.node}/Condition?patient=${sessionStorage.patient}`, {
            headers: { authorization: `Bearer ${sessionStorage.token}` },
        });
        return reply.status === 200 ? ((await reply.json()).entry ?? []).filter((e) => e.resource.resourceType === 'Condition').length : reply.status;
    });
    check('but not what was unticked', other === 0 || other === 403, other);
    await page.click('#refresh');
    await inApp(page, 'refreshed');
    await page.click('#read');
    await inApp(page, 'read for');

    const own = await openPage(browserOf(browser, grace), node.base);
    await own.go('#/apps');
    await own.waitForSelector('text=Heart Chart');
    await press(own, 'end', button('End its access'));
    await own.waitForSelector('dialog[open]');
    await press(own, 'really', exactly('End its access'));
    await said(own, 'You have let no app in');
    await done(own);
    page.expectErrors = true;
    await page.click('#read');
    await inApp(page, 'not read: 401');
    await page.click('#refresh');
    await inApp(page, 'refused: invalid_grant');
    check('its tokens have ended', true);
    const faults = page.bad.filter((b) => !b.startsWith('console:'));
    equal('nothing else went wrong', faults.join('; '), '');
    await page.context().close();
}

export async function noIsNo({ browser, node, app, grace, state }) {
    const page = await started(browser, node, app, grace, registered(node, app, state));
    await page.click('#connect');
    await headed(page, 'Let Heart Chart in?');
    await press(page, 'do not', button('Do not allow'));
    await inApp(page, 'refused: access_denied');
    check('the app is told no', true);
    await done(page);
}

export async function anAppIsStartedFromThePortal({ browser, node, app, doctor, state }) {
    const client = registered(node, app, state);
    const page = await openPage(browserOf(browser, doctor), node.base, { others: [app.base] });
    await page.go(`#/patient/${GRACE.id}`);
    await page.whole();
    await press(page, 'apps', (at) => at.tag === 'A' && at.text === 'Open an app');
    await headed(page, 'Open an app for this person');
    await page.context().addInitScript(
        ([origin, client, scope]) => {
            if (location.origin === origin && !sessionStorage.getItem('client')) {
                sessionStorage.setItem('client', client);
                sessionStorage.setItem('scope', scope);
            }
        },
        [app.base, client, SCOPE],
    );
    await press(page, 'open', button('Open'));
    await headed(page, 'Let Heart Chart in?');
    check('for this person', (await page.innerText('main')).includes('Zzokafor'));
    await press(page, 'allow', exactly('Allow'));
    await inApp(page, `read for ${GRACE.id}`);
    check('it reads', (await seen(page)).includes('Haemoglobin A1c'));
    await done(page);
}

export async function anAppWithoutALaunchAsksWhom({ browser, node, app, doctor, state }) {
    const page = await started(browser, node, app, doctor, registered(node, app, state));
    await page.click('#connect');
    await headed(page, 'Let Heart Chart in?');
    await press(page, 'allow', exactly('Allow'));
    await said(page, 'Choose whose record it may see');
    await tabTo(page, 'name', (at) => at.id === 'patient');
    await page.keyboard.type('zzokafor');
    await press(page, 'find', button('Find'));
    await page.waitForSelector('input[type=radio]#patient');
    await choose(page, 'Grace', 'patient');
    await press(page, 'allow', exactly('Allow'));
    await inApp(page, `read for ${GRACE.id}`);
    check('the doctor chose the record', true);
    await done(page);
}
