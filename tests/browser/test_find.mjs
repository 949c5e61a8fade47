import { EMPTY, GRACE } from './fixture.mjs';
import { check, equal, openPage } from './kit.mjs';

const find = async (page, typed) => {
    await page.fill('#search', typed);
    await page.keyboard.press('Enter');
    // A hint about the words stands there at once; an answer is people, or advice where there is nobody.
    await page.waitForSelector('#found, .k-inset ul, .nhsuk-error-summary');
};
const name = 'ZZOKAFOR-LLEWELLYN, Grace Adaeze (Mrs)';

export async function peopleAreFound({ browser, base }) {
    const page = await openPage(browser, base);
    const ways = [
        ['the start of a surname', 'zzokaf'],
        ['surname and given name', 'Zzokafor-Llewellyn, Grace'],
        ['the other way round, with a title', 'Mrs Grace Zzokafor'],
        ['an NHS number with spaces', GRACE.typed],
        ['an NHS number without', GRACE.nhs],
        ['name and date of birth', 'zzokafor 27/03/1931'],
        ['name and date in words', 'zzokafor 27 March 1931'],
    ];
    for (const [what, typed] of ways) {
        await page.go('#/');
        await find(page, typed);
        const first = await page.locator('.k-person__name a').allTextContents();
        check(`found by ${what}`, first.length === 1 && first[0] === name, first);
    }
    const card = await page.locator('.k-person').first().innerText();
    check(
        'the card says who it is',
        ['27-Mar-1931 (', 'Female', '999 000 0018', 'WX1 4AA'].every((t) => card.includes(t)),
        card,
    );
    await page.go('#/');
    await find(page, '27/03/1931');
    check(
        'found by date of birth alone',
        (await page.locator('.k-person__name a').allTextContents()).includes(name),
    );
    equal('nothing went wrong on the way', page.bad.join('; '), '');
    await page.context().close();
}

export async function searchesThatFindNothingHelp({ browser, base }) {
    const page = await openPage(browser, base);
    await page.go('#/');
    await page.click('.k-search__button');
    await page.waitForSelector('.nhsuk-error-summary');
    check(
        'an empty search says what to enter',
        (await page.textContent('.nhsuk-error-summary')).includes('Enter a name'),
    );
    check(
        'the problem has the focus',
        await page.evaluate(() =>
            document.activeElement?.classList.contains('nhsuk-error-summary'),
        ),
    );
    check('its title says so', (await page.title()).startsWith('Error'));
    await page.click('.nhsuk-error-summary a');
    equal(
        'its link leads to the field',
        await page.evaluate(() => document.activeElement?.id),
        'search',
    );

    await find(page, '31/02/1962');
    check(
        'a day that is none is told',
        (await page.textContent('.nhsuk-error-summary')).includes('31/02/1962 is not a date'),
    );
    await page.go('#/');
    await find(page, '999 000 0019');
    check(
        'a wrong NHS number is told',
        (await page.textContent('.k-inset')).includes('is not an NHS number'),
    );
    await page.go('#/');
    await find(page, 'Zzqqnobody');
    const nothing = await page.textContent('.k-inset');
    check(
        'nobody found says what to try',
        nothing.includes('Nobody called Zzqqnobody') && nothing.includes('first letters'),
        nothing,
    );
    await page.context().close();
}

export async function resultsComeInPagesAndBackReturnsToThem({ browser, base }) {
    const page = await openPage(browser, base);
    await page.go('#/');
    await page.click('text=Show everyone on this node');
    await page.waitForSelector('.k-person');
    const total = Number((await page.textContent('#found')).replace(/,/g, '').match(/^\d+/)[0]);
    const more = page.locator('text=Show more people');
    if (total > 20) {
        const before = await page.locator('.k-person').count();
        await more.click();
        await page.waitForFunction(
            (n) => document.querySelectorAll('.k-person').length > n,
            before,
        );
        const links = await page
            .locator('.k-person__name a')
            .evaluateAll((all) => all.map((a) => a.href));
        equal('more people are other people', new Set(links).size, links.length);
        check(
            'the focus is on the first new one',
            await page.evaluate(
                (n) => document.activeElement === document.querySelectorAll('.k-person__name a')[n],
                before,
            ),
        );
    } else {
        check('few people are on one page', (await more.count()) === 0);
    }
    await page.go('#/?q=zzokafor');
    await page.click('.k-person__name a');
    await page.waitForSelector('.k-banner');
    await page.goBack();
    await page.waitForSelector('.k-person');
    equal('back returns to what was asked', await page.inputValue('#search'), 'zzokafor');
    await page.go(`#/patient/${EMPTY.id}`);
    await page.whole();
    const text = await page.innerText('main');
    for (const words of [
        'No allergies recorded',
        'No alerts recorded',
        'No current medicines recorded',
        'No active problems recorded',
        'No results recorded',
    ]) {
        check(`an empty record says: ${words}`, text.includes(words));
    }
    check('a year of birth stays a year', /Born\s+2026/.test(await page.innerText('.k-banner')));
    equal('nothing went wrong on the way', page.bad.join('; '), '');
    await page.context().close();
}
