/* A record of 3,000 entries. */
import { LONG } from './fixture.mjs';
import { check, equal, openPage } from './kit.mjs';

const LIMIT = Number(process.env.KITH_BROWSER_MS ?? 10000);

const watch = () => {
    const seen = (window.kithSeen = {});
    new MutationObserver(() => {
        for (const [name, selector] of [
            ['banner', '.k-banner'],
            ['content', '.k-item, .k-entry, .k-results'],
        ]) {
            if (!seen[name] && document.querySelector(selector)) {
                seen[name] = Math.round(performance.now());
            }
        }
    }).observe(document, { childList: true, subtree: true });
};

async function open(browser, base, tab) {
    const page = await openPage(browser, base);
    await page.addInitScript(watch);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    await page.goto(`${base}/#/patient/${LONG.id}${tab}`);
    await page.whole();
    const { metrics } = await session.send('Performance.getMetrics');
    const script = Math.round(1000 * metrics.find((m) => m.name === 'ScriptDuration').value);
    return { page, script, ...(await page.evaluate(() => window.kithSeen)) };
}

const settled = (page, text) =>
    page.waitForFunction(
        (t) => document.querySelector('.k-timeline__count').textContent.startsWith(t),
        text,
    );

export async function aLongRecordOpensAtOnce({ browser, base }) {
    for (const tab of ['', '/timeline']) {
        const { page, banner, content, script } = await open(browser, base, tab);
        console.log(
            `      ${tab || '/summary'}: banner ${banner} ms, content ${content} ms, script ${script} ms`,
        );
        check(
            `${LONG.entries} entries${tab}: there within ${LIMIT} ms`,
            content <= LIMIT,
            `${content} ms`,
        );
        check('who it is comes first', banner <= content);
        equal('nothing went wrong on the way', page.bad.join('; '), '');
        await page.context().close();
    }
}

export async function aLongTimelineStaysQuick({ browser, base }) {
    const { page } = await open(browser, base, '/timeline');
    await settled(page, '3,000 entries');
    const elements = await page.evaluate(() => document.querySelectorAll('*').length);
    check('not everything is in the page at once', elements < 4000, `${elements} elements`);
    const time = async (action, text) => {
        const started = Date.now();
        await action();
        await settled(page, text);
        return Date.now() - started;
    };
    const kind = await time(() => page.check('#kind-medicines'), '300 entries of');
    const words = await time(() => page.fill('#timeline-text', 'medicine 3'), '43 entries of');
    const clear = await time(() => page.click('text=Clear filters'), '3,000 entries');
    console.log(
        `      a kind ${kind} ms, words ${words} ms (120 of them waiting for more), clear ${clear} ms`,
    );
    check('filters answer within a second', Math.max(kind, words, clear) < 1000 + LIMIT / 5);
    const oldest = page.locator('.k-year__button').last();
    await oldest.focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() =>
        [...document.querySelectorAll('.k-year')].at(-1).querySelector('.k-entry'),
    );
    check('the oldest year opens', (await oldest.innerText()).startsWith('1996'));
    const first = page.locator('.k-year').last();
    const shown = await first.locator('.k-entry').count();
    check('some of it at a time', shown > 0 && shown <= 50, `${shown}`);
    const whole = Number((await oldest.innerText()).match(/(\d+) entries/)[1]);
    const more = first.locator('text=/^Show \\d+ more/');
    while (await more.count()) {
        await more.click();
    }
    await page.waitForFunction(
        (n) =>
            [...document.querySelectorAll('.k-year')].at(-1).querySelectorAll('.k-entry').length ===
            n,
        whole,
    );
    check('and then the rest', true);
    await page.context().close();
}
