/* Every page, narrow and wide, magnified, without colours of its own, on paper. */
import { EMPTY, GRACE, LONG } from './fixture.mjs';
import { accessible, check, equal, fits, openPage, shot } from './kit.mjs';

const WIDTHS = [
    [320, 640],
    [1280, 900],
];

const PAGES = [
    ['search', '#/', '#search'],
    ['found', '#/?q=zz', '.k-person'],
    ['nobody', '#/?q=zzqqnobody', '.k-inset'],
    ['summary', `#/patient/${GRACE.id}`, '.k-answered:has-text("Read at")'],
    ['results', `#/patient/${GRACE.id}/results`, '.k-answered:has-text("Read at")'],
    [
        'result',
        `#/patient/${GRACE.id}/result/${encodeURIComponent('http://loinc.org|59261-8')}`,
        '.k-chart',
    ],
    ['grid', `#/patient/${GRACE.id}/results-grid`, '.k-grid-table'],
    ['timeline', `#/patient/${GRACE.id}/timeline`, '.k-entry'],
    ['details', `#/patient/${GRACE.id}/details`, '.k-answered:has-text("Read at")'],
    ['entry', `#/patient/${GRACE.id}/entry/Encounter/browser-test-visit`, '.k-answered:has-text("Read at")'],
    ['empty', `#/patient/${EMPTY.id}`, '.k-answered:has-text("Read at")'],
    ['long', `#/patient/${LONG.id}`, '.k-answered:has-text("Read at")'],
    ['no-record', '#/patient/browser-test-nobody-at-all', '.nhsuk-error-summary'],
    ['no-page', '#/nowhere', 'h1'],
];

const openAll = (page) =>
    page.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));

export async function everyPageIsAccessibleAtEveryWidth({ browser, base }) {
    for (const [width, height] of WIDTHS) {
        const page = await openPage(browser, base, { viewport: { width, height } });
        page.expectErrors = true;
        for (const [name, hash, ready] of PAGES) {
            await page.go(hash);
            await page.waitForSelector(ready);
            await page.waitForTimeout(50);
            equal(`${name}: one main heading`, await page.locator('h1').count(), 1);
            await accessible(page, `${name} at ${width}`);
            await fits(page, name);
            await shot(page, `${name}-${width}`);
            if (['summary', 'timeline', 'entry'].includes(name)) {
                await openAll(page);
                await page.waitForTimeout(300);
                await accessible(page, `${name}, all opened, at ${width}`);
                await fits(page, `${name}, all opened`);
                await shot(page, `${name}-open-${width}`);
            }
        }
        await page.context().close();
    }
}

export async function fourTimesMagnified({ browser, base }) {
    const page = await openPage(browser, base, { viewport: { width: 320, height: 256 } });
    await page.go(`#/patient/${GRACE.id}/timeline`);
    await page.waitForSelector('.k-entry');
    await fits(page, 'timeline');
    check(
        'nothing stays in front of what is read',
        await page.evaluate(
            () => getComputedStyle(document.querySelector('.k-banner')).position !== 'sticky',
        ),
    );
    await page.context().close();
}

export async function largerText({ browser, base }) {
    const page = await openPage(browser, base, { viewport: { width: 1280, height: 900 } });
    await page.go(`#/patient/${GRACE.id}`);
    await page.whole();
    const before = await page.evaluate(
        () => document.querySelector('.k-item__title').getBoundingClientRect().height,
    );
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    const after = await page.evaluate(
        () => document.querySelector('.k-item__title').getBoundingClientRect().height,
    );
    check('text grows with the reader’s setting', after > before * 1.5, `${before} → ${after}`);
    await fits(page, 'text at 200 %');
    await shot(page, 'summary-large-text');
    await page.context().close();
}

export async function ownColoursAndStillness({ browser, base }) {
    const page = await openPage(browser, base, {
        forcedColors: 'active',
        reducedMotion: 'reduce',
        colorScheme: 'dark',
    });
    await page.go(`#/patient/${GRACE.id}`);
    await page.whole();
    check(
        'a trend can be seen in forced colours',
        await page.evaluate(() => {
            const spark = document.querySelector('.k-spark polyline');
            return (
                getComputedStyle(spark).stroke !== getComputedStyle(document.body).backgroundColor
            );
        }),
    );
    await shot(page, 'summary-forced-colours');
    await page.context().close();
}

export async function paper({ browser, base }) {
    const page = await openPage(browser, base);
    await page.go(`#/patient/${GRACE.id}`);
    await page.whole();
    await page.emulateMedia({ media: 'print' });
    const hidden = await page.evaluate(() =>
        ['.k-header', '.k-tabs', '.k-jump', '.k-footer', '.k-toggle'].every(
            (s) => getComputedStyle(document.querySelector(s)).display === 'none',
        ),
    );
    check('what cannot be pressed is not printed', hidden);
    check('who it is is printed', await page.locator('.k-banner').isVisible());
    await shot(page, 'summary-print');
    await page.context().close();
}
