/* Ways in and out, and the language. */

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
