/* Who looked, who may see, who acts for whom; those who look after the node and review what was opened. */

const text = (page) => page.innerText('main');

export async function patientProvesWhoLooked(w) {
    const gp = await w.open('demo-gp', '#/find');
    const page = await w.open('demo-patient', '#/people/:me/access');
    const by = gp.account.name;
    const count = async () => (await page.locator('.k-looks li').filter({ hasText: by }).allInnerTexts()).join();
    await page.waitForSelector('.k-looks li');
    const before = await count();
    await gp.go(`#/patient/${page.me}`);
    await gp.waitForSelector('#h-allergies');
    const opened = Date.now();
    await w.until('the doctor who has just looked is on the list', async () => {
        await page.go('#/people/:me/access');
        await page.waitForSelector('.k-looks li');
        return (await count()) !== before;
    });
    w.check('within a minute', Date.now() - opened < 60000, Date.now() - opened);
    await w.accessible(page, 'who looked');
    await page.getByRole('button', { name: 'Check the list' }).click();
    await page.waitForSelector('#checked');
    w.equal('the browser has checked it', await page.locator('.k-good').count(), 1);
    w.equal('and says so where the reader is', await page.evaluate(() => document.activeElement.id), 'checked');
}

export async function patientSeesWhoCanSeeIt(w) {
    const page = await w.open('demo-patient', '#/people/:me/sharing');
    await page.waitForSelector('#h-relations');
    w.check('who looks after them is named, with a reason', /Harbour Street/.test(await text(page)), await text(page));
    await w.accessible(page, 'who can see');
    await page.getByRole('button', { name: 'Make a choice' }).click();
    await page.waitForSelector('input[name=permit]');
    await w.accessible(page, 'a choice');
}

export async function patientSeesWhoActsForThem(w) {
    const page = await w.open('demo-patient', '#/people/:me/proxies');
    await page.waitForSelector('#h-proxies');
    w.check('the carer is named', /carer|attorney|family/i.test(await text(page)), await text(page));
    await w.accessible(page, 'who acts for them');
    const carer = await w.open('demo-carer', '#/helping');
    await carer.waitForSelector('main .k-card');
    w.check('the carer sees for whom', /Pietro D.Angelo/.test(await text(carer)), await text(carer));
    await w.accessible(carer, 'people who are helped');
}

export async function gpOpensAnAppAndSeesTheDetails(w) {
    const page = await w.open('demo-gp', '#/find');
    await page.waitForSelector('.k-today tbody tr');
    const id = (await page.locator('.k-today tbody tr a').nth(3).getAttribute('href')).split('/')[2];
    await page.go(`#/patient/${id}/details`);
    await w.until('how to reach the person', async () => /telephone|phone|address/i.test(await text(page)));
    await w.accessible(page, 'personal details');
    await page.go(`#/people/${id}/launch`);
    await w.until('which apps there are', async () => /app/i.test(await text(page)));
    await w.until('whose record it is stands above it', async () => /NHS No\./.test(await page.innerText('.k-who')));
    await w.accessible(page, 'open an app');
}

export async function privacyOfficerReviewsWhatWasOpened(w) {
    const page = await w.open('demo-privacy', '#/reviews');
    await w.until('what waits is counted', async () => /\d+ cases?/.test(await text(page)));
    w.check('with who it was, and why', /Said why they had to look|emergency/i.test(await text(page)), await text(page));
    await w.accessible(page, 'reviews');
    let letGo;
    const held = new Promise((done) => (letGo = done));
    await page.route('**/fhir/Consent/**', async (route) => {
        await held;
        await route.continue();
    });
    const card = page.locator('.k-card').first();
    const choices = card.locator('input[type=radio]');
    await card.getByRole('button', { name: 'Look' }).click();
    await w.until('the reason is being read', async () => /Reading/.test(await card.innerText()));
    w.equal('nobody decides before it is there', await choices.count(), 0);
    letGo();
    await w.until('then they may', async () => (await choices.count()) > 0);
    w.check('with the reason before them', /Reason/.test(await card.innerText()), await card.innerText());
    await w.accessible(page, 'a decision about what was opened');
}

export async function administratorLooksAfterPeopleAndTheLocality(w) {
    const page = await w.open('demo-administrator', '#/people-and-roles');
    await w.until('people are listed', async () => /\d+ people/.test(await text(page)));
    await w.accessible(page, 'people and roles');
    await page.go('#/locality');
    await page.waitForSelector('#h-members');
    w.check('five members', /\(5\)/.test(await text(page)), await text(page));
    await w.accessible(page, 'the locality');
}
