/* The demonstration: one click for each part in its story, and where that leads. */
import { seedGrace, SURGERY } from './fixture.mjs';
import { accessible, check, equal, fits, openPage, shot, startNode } from './kit.mjs';
import { press } from './portal_kit.mjs';
import { story } from './story.mjs';

const SIZES = [
    ['1280', { width: 1280, height: 900 }],
    ['320', { width: 320, height: 640 }],
];
/* Whom the demonstration takes for the patient's GP. */
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
const OWN = ['access', 'sharing', 'proxies'];

async function looks(page, name) {
    for (const [way, size] of SIZES) {
        await page.setViewportSize(size);
        await page.mouse.move(0, 0);
        await page.waitForTimeout(50);
        await accessible(page, `${name} ${way}`);
        await fits(page, `${name} ${way}`);
        await shot(page, `${name}-${way}`);
    }
    await page.setViewportSize(SIZES[0][1]);
}

/* Nothing more comes: no word that says so stands on the page. */
const settled = async (page) => {
    await page.waitForLoadState('networkidle');
    await page.waitForSelector('h1');
};

async function enters(browser, base, { login, name }) {
    const page = await openPage(browser, base);
    page.expectErrors = true; /* asking who is there before anybody is */
    await page.go('#/sign-in');
    await page.waitForSelector('.k-demo');
    const words = `Sign in as ${name}`;
    await press(page, words, (at) => at.tag === 'BUTTON' && at.text === words);
    await page.waitForSelector('.k-me__name');
    await settled(page);
    check(`${login} is in`, !page.url().includes('sign-in'), page.url());
    equal(`${login}: no trouble`, await page.locator('.nhsuk-error-summary').count(), 0);
    await looks(page, login);
    return page;
}

async function theSignInPage(browser, base) {
    const page = await openPage(browser, base);
    page.expectErrors = true;
    await page.go('#/sign-in');
    await page.waitForSelector('.k-demo');
    await looks(page, 'demo-sign-in');
    await page.context().close();
}

async function thePart(browser, base, account) {
    const page = await enters(browser, base, account);
    const id = /patient\/([^/]+)/.exec(page.url())?.[1];
    for (const name of id && account.login === 'demo-patient' ? OWN : []) {
        await page.go(`#/people/${id}/${name}`);
        await settled(page);
        await looks(page, `${account.login}-${name}`);
    }
    if (account.login === 'demo-administrator') {
        const cards = page.locator('li.k-card', { hasText: 'demo-' });
        await cards.first().waitFor();
        const texts = await cards.allInnerTexts();
        check('each signs in', texts.every((t) => t.includes('Signs in with one click')), texts);
    }
    await page.context().close();
}

export async function everyPartIsEnteredByOneClick({ browser, program }) {
    const node = await startNode(program, seedGrace([...story(), gp]), undefined, ['--demo']);
    try {
        await theSignInPage(browser, node.base);
        const { accounts } = await (await fetch(`${node.base}/auth/demo`)).json();
        const logins = accounts.map((a) => a.login).join(' ');
        for (const part of ['patient', 'gp', 'reception', 'privacy', 'carer', 'administrator']) {
            check(`there is demo-${part}`, logins.includes(`demo-${part}`), logins);
        }
        for (const account of accounts) {
            await thePart(browser, node.base, account);
        }
    } finally {
        await node.stop();
    }
}
