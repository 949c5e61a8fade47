/* Ways in and out, the language, and what an account has. */

const text = (page) => page.innerText('main');

export async function patientChoosesWelsh(w) {
    const page = await w.open('demo-patient', '#/patient/:me');
    await page.click('.k-header__language');
    await w.until('the page is in Welsh', async () => (await page.getAttribute('html', 'lang')) === 'cy');
    await w.until('the header is', async () => (await page.innerText('header')).includes('Fy nghofnod'));
    await page.reload();
    await w.until('it stays so', async () => (await page.innerText('header')).includes('Fy nghofnod'));
    await page.click('.k-header__language');
    await w.until('and back', async () => (await page.innerText('header')).includes('My record'));
}

export async function patientLeavesInAHurry(w) {
    const page = await w.open('demo-patient', '#/patient/:me', { fresh: true });
    await page.route('https://www.bbc.co.uk/**', (route) =>
        route.fulfill({ contentType: 'text/html', body: '<title>Weather</title>Rain' }),
    );
    await page.waitForSelector('.k-quick-exit');
    await w.keys(page, 'Shift', 'Shift', 'Shift');
    await w.until('another page is there', () => page.url().startsWith('https://www.bbc.co.uk/weather'));
    page.bad = [];
    await w.until('the session is over', async () => {
        const reply = await page.context().request.get(`${page.base}/auth/session`);
        return (await reply.json()).signed_in === false;
    });
    await page.goBack().catch(() => undefined);
    await page.waitForTimeout(500);
    w.check('going back shows nothing of the record', !(await page.innerText('body')).includes('Allerg'));
    page.bad = [];
}

export async function nobodyIsLetInWithoutSayingWho(w) {
    const page = await w.open('', '#/sign-in');
    await w.accessible(page, 'sign in');
    await page.getByRole('button', { name: 'Use a password instead' }).click();
    await page.locator('main form button[type=submit]').first().click();
    await page.waitForSelector('.nhsuk-error-summary');
    await w.accessible(page, 'sign in, with nothing typed');
    await page.go('#/patient/1/results');
    await w.until('a record leads to the way in, and back later', () => /sign-in\?then=.*results/.test(page.url()));
    for (const [hash, what, says] of [
        ['#/invite/none', 'an invitation that is none', /invitation|link/i],
        ['#/launch', 'opened from another system without a link', /link/i],
    ]) {
        await page.go(hash);
        await w.until(`${what}: it says so`, async () => says.test(await text(page)));
        await w.accessible(page, what);
    }
}

export async function patientLooksAfterTheirAccount(w) {
    const page = await w.open('demo-patient', '#/security');
    await w.until('ways in are listed', async () => /passkey/i.test(await text(page)));
    await w.accessible(page, 'ways in');
    await page.go('#/offline');
    await w.until('what is kept is said before it is kept', async () => /12 hours/.test(await text(page)));
    await w.accessible(page, 'use without a connection');
    await page.go('#/apps');
    await page.waitForSelector('main h1');
    await w.accessible(page, 'connected apps');
    await page.go('#/consent/none');
    await w.until('an app whose question has run out', async () => /app/i.test(await text(page)));
    await w.accessible(page, 'a question of an app that has run out');
}
