/* The whole way without a mouse. */
import { GRACE } from './fixture.mjs';
import { check, equal, openPage } from './kit.mjs';

const focused = (page) =>
    page.evaluate(() => {
        const e = document.activeElement;
        return {
            tag: e?.tagName ?? '',
            id: e?.id ?? '',
            text: (e?.textContent ?? '').trim().slice(0, 60),
        };
    });

/* Tab until the focus is where `reached` says; every stop on the way must be seen. */
async function tabTo(page, what, reached, limit = 60) {
    for (let i = 0; i < limit; i++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
            const e = document.activeElement;
            const box = e.getBoundingClientRect();
            const style = getComputedStyle(e);
            const label = e.matches('.nhsuk-checkboxes__input')
                ? getComputedStyle(e.nextElementSibling, '::before')
                : style;
            const sibling =
                e.matches('summary') && e.firstElementChild
                    ? getComputedStyle(e.firstElementChild)
                    : style;
            const marked = [style, label, sibling].some(
                (s) =>
                    s.boxShadow !== 'none' ||
                    (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0),
            );
            const banner = document.querySelector('.k-banner');
            const lid =
                banner && !banner.contains(e) && getComputedStyle(banner).position === 'sticky'
                    ? banner.getBoundingClientRect()
                    : { top: 0, bottom: 0 };
            const covered = box.top >= lid.top && box.bottom <= lid.bottom;
            return {
                tag: e.tagName,
                text: (e.textContent ?? '').trim(),
                id: e.id,
                href: e.getAttribute('href') ?? '',
                marked,
                seen: e.tagName === 'BODY' || (!covered && box.bottom > 0 && box.top < innerHeight),
            };
        });
        if (!at.marked && at.tag !== 'BODY') {
            check(`${what}: the focus can be seen on ${at.tag} ${at.text.slice(0, 40)}`, false);
        }
        if (!at.seen) {
            check(`${what}: nothing covers the focus on ${at.tag} ${at.text.slice(0, 40)}`, false);
        }
        if (reached(at)) {
            check(`${what}: reached by Tab`, true);
            return;
        }
    }
    check(`${what}: reached by Tab`, false, await focused(page));
}

export async function allIsReachedByKeyboard({ browser, base }) {
    const page = await openPage(browser, base);
    await page.go('#/');
    await page.waitForSelector('#search');
    await page.keyboard.press('Tab');
    equal(
        'the first stop skips to the content',
        (await focused(page)).text,
        'Skip to main content',
    );
    await page.keyboard.press('Enter');
    equal('and does', (await focused(page)).id, 'main');
    await tabTo(page, 'the search', (at) => at.id === 'search');
    await page.keyboard.type('zzokafor');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.k-person');
    await page.waitForFunction(() => document.activeElement?.id === 'found');
    check('what was found has the focus', true);
    await tabTo(page, 'the person', (at) => at.text.startsWith('ZZOKAFOR'));
    await page.keyboard.press('Enter');
    await page.whole();
    await page.waitForFunction(() => location.hash.includes('patient'));
    await tabTo(page, 'the timeline', (at) => at.text === 'Timeline');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.k-entry');
    await page.waitForFunction(() => document.activeElement?.id === 'page-heading');
    check('a new page has the focus on its heading', true);
    await tabTo(page, 'a filter', (at) => at.id === 'kind-medicines');
    await page.keyboard.press('Space');
    await page.waitForFunction(() =>
        document.querySelector('.k-timeline__count').textContent.startsWith('3 entries of'),
    );
    equal('the focus stays where it was', (await focused(page)).id, 'kind-medicines');
    await tabTo(page, 'a year', (at) => at.tag === 'BUTTON' && at.text.startsWith('2025'));
    const shown = await page.locator('.k-entry').count();
    await page.keyboard.press('Enter');
    await page.waitForFunction((n) => document.querySelectorAll('.k-entry').length < n, shown);
    await page.keyboard.press('Space');
    await page.waitForFunction((n) => document.querySelectorAll('.k-entry').length === n, shown);
    check('a year is closed and opened', true);
    await tabTo(page, 'an entry', (at) => at.tag === 'A' && at.href.includes('/entry/'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('#h-source');
    await page.waitForFunction(() => document.activeElement?.id === 'page-heading');
    check('an entry is opened', true);
    await tabTo(page, 'its raw record', (at) => at.tag === 'SUMMARY' && at.text.includes('raw record'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('.k-raw');
    check('down to the raw record', true);
    await page.go(`#/patient/${GRACE.id}`);
    await page.whole();
    await page.keyboard.press('?');
    await page.waitForSelector('.k-keys');
    await page.waitForFunction(() => document.activeElement?.id === 'page-heading');
    check('one key tells of the others', true);
    equal('nothing went wrong on the way', page.bad.join('; '), '');
    await page.context().close();
}
