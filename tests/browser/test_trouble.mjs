import { GRACE } from './fixture.mjs';
import { check, equal, openPage } from './kit.mjs';

export async function troubleIsToldAndCanBeTriedAgain({ browser, base }) {
    const page = await openPage(browser, base);
    page.expectErrors = true;
    await page.go('#/patient/browser-test-nobody-at-all');
    await page.waitForSelector('.nhsuk-error-summary');
    check(
        'an unknown person',
        (await page.innerText('main')).includes('There is no such record here'),
    );
    equal('leads back to the search', await page.locator('main a[href="#/find"]').count(), 1);
    await page.go('#/somewhere/else');
    check('an unknown page', (await page.innerText('h1')) === 'Page not found');
    await page.go(`#/patient/${GRACE.id}/entry/Condition/none`);
    await page.waitForSelector('text=Entry not found');
    await page.go(`#/patient/${GRACE.id}/result/none`);
    await page.waitForSelector('text=Result not found');
    check('unknown entries and results', true);

    let broken = true;
    const outcome = JSON.stringify({
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'error', code: 'exception', diagnostics: 'the disk <b>is</b> full' }],
    });
    await page.route('**/fhir/**', (route) =>
        broken
            ? route.fulfill({ status: 500, contentType: 'application/fhir+json', body: outcome })
            : route.continue(),
    );
    await page.go(`#/patient/${GRACE.id}`);
    await page.waitForSelector('.nhsuk-error-summary');
    check(
        'a fault of the node, in its words',
        (await page.innerText('.nhsuk-error-summary')).includes('the disk <b>is</b> full'),
    );
    broken = false;
    await page.click('button:has-text("Try again")');
    await page.whole();
    check('trying again helps', true);

    await page.unroute('**/fhir/**');
    await page.route('**/fhir/Patient?**', (route) => route.abort());
    await page.go('#/?q=zzokafor');
    await page.waitForSelector('.nhsuk-error-summary');
    check(
        'a node that does not answer',
        (await page.innerText('.nhsuk-error-summary')).includes('does not answer'),
    );
    await page.unroute('**/fhir/Patient?**');
    await page.click('button:has-text("Try again")');
    await page.waitForSelector('.k-person');
    check('trying again finds', true);

    await page.route('**/fhir/Patient?**', (route) =>
        route.fulfill({
            status: 200,
            contentType: 'application/fhir+json',
            body: '{"resourceType":',
        }),
    );
    await page.go('#/?q=zzokafor');
    await page.waitForSelector('text=something unreadable');
    check('an answer that breaks off', true);
    const faults = page.bad.filter((b) => b.startsWith('error:'));
    equal('the page itself did not fail', faults.join('; '), '');
    await page.context().close();
}

/* A page that was left must not come up late. */
export async function aSlowAnswerDoesNotOvertake({ browser, base }) {
    const page = await openPage(browser, base);
    await page.route('**/fhir/Patient?*zzlong*', async (route) => {
        await new Promise((done) => setTimeout(done, 600));
        await route.continue().catch(() => undefined);
    });
    await page.go('#/?q=zzlong');
    await page.evaluate(() => (location.hash = '#/?q=zzokafor'));
    await page.waitForSelector('.k-person');
    await page.waitForTimeout(900);
    const names = await page.locator('.k-person__name a').allTextContents();
    check(
        'only what was asked last is shown',
        names.length === 1 && names[0].startsWith('ZZOKAFOR'),
        names,
    );
    await page.context().close();
}
