/* The pages without a script: walked through in a browser that runs none, and looked at by axe in one that could. */
import { GRACE, seedGrace, SURGERY } from './fixture.mjs';
import { accessible, check, equal, fits, openPage, shot, startNode } from './kit.mjs';
import { story } from './story.mjs';

const SIZES = [
    ['1280', { width: 1280, height: 900 }],
    ['320', { width: 320, height: 640 }],
];
const gp = {
    resourceType: 'PractitionerRole',
    id: 'browser-test-gp',
    active: true,
    practitioner: { reference: 'Practitioner/browser-test-doctor', display: 'Dr Åse Sørensen' },
    organization: { reference: `Organization/${SURGERY.id}` },
    code: [
        {
            coding: [
                { system: 'https://fhir.nhs.uk/CodeSystem/HL7v3-SDSJobRoleName', code: 'R0260' },
            ],
        },
    ],
};

const heading = (page) => page.locator('h1').innerText();
const menu = (page) => page.getByRole('navigation', { name: 'Pages' });

/* From the front page, as whoever has no script comes: by links and buttons alone. */
async function signIn(browser, base, login) {
    const page = await openPage(browser, base, { javaScriptEnabled: false });
    await page.goto(`${base}/`);
    await page.getByRole('link', { name: 'Read your record without JavaScript' }).click();
    equal('the front page leads to the sign-in', await heading(page), 'Sign in');
    await page.locator(`form:has(input[value="${login}"]) button`).click();
    return page;
}

/* Follows each link of the menu; the addresses of what it has seen. */
async function readEverything(page) {
    const seen = [];
    const names = await menu(page).getByRole('link').allInnerTexts();
    for (const name of names) {
        await menu(page).getByRole('link', { name, exact: true }).click();
        check(`${name} opens`, (await page.locator('main').innerText()).length > 20, page.url());
        seen.push(page.url());
        const entry = page.locator('main td a');
        if (await entry.count()) {
            await entry.first().click();
            check(`an entry of ${name} opens`, /\/plain\/(result|report|letter)\//.test(page.url()), page.url());
            seen.push(page.url());
        }
    }
    return seen;
}

/* In a browser that runs scripts: the page has none, and axe comes from outside. */
async function look(page, url, name) {
    await page.goto(url);
    equal(`${name}: no script`, await page.evaluate(() => document.scripts.length), 0);
    for (const [way, size] of SIZES) {
        await page.setViewportSize(size);
        await accessible(page, `${name} ${way}`);
        await fits(page, `${name} ${way}`);
        await shot(page, `${name}-${way}`);
    }
}

async function lookAtAll(browser, base, from, seen, name) {
    const page = await openPage(browser, base);
    await page.context().addCookies(await from.context().cookies());
    for (const [i, url] of seen.entries()) {
        await look(page, url, `plain-${name}-${i}`);
    }
    await page.emulateMedia({ forcedColors: 'active' });
    await look(page, seen[0], `plain-${name}-forced-colours`);
    equal(`${name}: nothing that must not happen`, page.bad.join('\n'), '');
    await page.context().close();
}

async function aPatient(browser, base) {
    const page = await signIn(browser, base, 'demo-patient');
    equal('a patient lands at their record', await heading(page), 'Summary');
    const seen = await readEverything(page);
    await page.goto(`${base}/plain/looked`);
    check('who looked has their own looks', (await page.locator('main').innerText()).includes('You'));
    await page.getByRole('link', { name: 'Cymraeg' }).click();
    equal('in Welsh', await page.locator('html').getAttribute('lang'), 'cy');
    await page.getByRole('link', { name: 'English' }).click();
    await page.goto(`${base}/plain/nothing`);
    equal('an address that is none', await heading(page), 'Page not found');
    await lookAtAll(browser, base, page, [...seen, `${base}/plain/over`], 'patient');
    await page.getByRole('button', { name: 'Sign out' }).click();
    equal('out', await heading(page), 'Sign in');
    await page.context().close();
}

async function aDoctor(browser, base) {
    const page = await signIn(browser, base, 'demo-gp');
    await menu(page).getByRole('link', { name: 'Find a person' }).click();
    await page.getByRole('button', { name: 'Find a person' }).click();
    check('what is missing is said', (await page.locator('[role=alert]').innerText()).includes('Enter an NHS number'));
    await page.getByLabel('Last name').fill('Zzokafor');
    await page.getByLabel('Date of birth').fill('1 1 1900');
    await page.getByRole('button', { name: 'Find a person' }).click();
    check('nobody of that birth date', (await page.locator('main').innerText()).includes('Nobody was found here'));
    await page.getByLabel('Last name').fill('');
    await page.getByLabel('NHS number').fill(GRACE.nhs);
    await page.getByRole('button', { name: 'Find a person' }).click();
    await page.locator('.people a').click();
    equal('a doctor reads the record', await heading(page), 'Summary');
    await lookAtAll(browser, base, page, [`${base}/plain/`, `${base}/plain/find`, page.url()], 'doctor');
    await page.context().close();
}

export async function pagesWithoutAScript({ browser, program }) {
    const node = await startNode(program, seedGrace([...story(), gp]), undefined, ['--demo']);
    try {
        const page = await openPage(browser, node.base);
        await look(page, `${node.base}/plain/`, 'plain-sign-in');
        await page.getByRole('button', { name: 'Continue' }).click();
        equal('a name is missing', await page.getByLabel('Sign-in name').getAttribute('aria-invalid'), 'true');
        await accessible(page, 'plain-sign-in with a problem');
        await shot(page, 'plain-sign-in-problem');
        await page.context().close();
        await aPatient(browser, node.base);
        await aDoctor(browser, node.base);
    } finally {
        await node.stop();
    }
}
