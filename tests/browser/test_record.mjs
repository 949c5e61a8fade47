import { GRACE, HOSTILE } from './fixture.mjs';
import { check, equal, openPage } from './kit.mjs';

const has = (what, text, ...parts) => {
    const missing = parts.filter((p) => !text.includes(p));
    check(what, missing.length === 0, `missing: ${missing.join(' | ')} in: ${text.slice(0, 600)}`);
};
const hasNot = (what, text, ...parts) => {
    const found = parts.filter((p) => text.includes(p));
    check(what, found.length === 0, `found: ${found.join(' | ')}`);
};
const section = (page, id) => page.locator(`section[aria-labelledby="h-${id}"]`);

export async function theSummaryIsRight({ browser, base }) {
    const page = await openPage(browser, base);
    await page.go(`#/patient/${GRACE.id}`);
    await page.whole();
    has(
        'the banner says who it is',
        await page.innerText('.k-banner'),
        'ZZOKAFOR-LLEWELLYN, Grace Adaeze (Mrs)',
        '27-Mar-1931',
        'Female',
        '999 000 0018',
        'Amoxicillin, Latex',
    );
    check('the title says who it is', (await page.title()).includes('ZZOKAFOR-LLEWELLYN'));

    const allergies = section(page, 'allergies');
    has(
        'allergies',
        await allergies.innerText(),
        '(2)',
        'Amoxicillin',
        'High risk',
        'Anaphylaxis',
        'recorded May-1999',
        'Latex',
        'Unconfirmed',
        'no longer active',
        'ruled out',
        'Sørensen',
    );
    hasNot(
        'what is over or withdrawn is not among them',
        await allergies.locator('> ul').innerText(),
        'milk',
        'Penicillin',
        'Shellfish',
    );
    hasNot(
        'what was entered in error is nowhere',
        await page.innerText('main'),
        'Shellfish',
        'Serum sodium',
    );
    await allergies.locator('summary').nth(1).click();
    has('ruled out ones can be opened', await allergies.innerText(), 'Penicillin');

    const problems = section(page, 'problems');
    has(
        'problems',
        await problems.innerText(),
        '(3)',
        'Type 2 diabetes mellitus',
        'since 11-Jun-2009',
        'Asthma',
        'Recurrence',
        'Provisional',
        '1 past problem',
        '1 ruled out',
        'Harbour Street Surgery',
    );
    hasNot('qualifiers of SNOMED are left out', await problems.innerText(), '(disorder)');
    has(
        'medicines',
        await section(page, 'medicines').innerText(),
        '(1)',
        'Metformin 500mg tablets',
        'Take TWO tablets twice a day',
        'On hold',
        'Apixaban',
        '1 medicine stopped',
    );
    has(
        'results',
        await section(page, 'results').innerText(),
        'Haemoglobin A1c',
        '64.50 mmol/mol',
        'Above range',
        '20 to 48 mmol/mol',
        '132/84 mmHg',
        '10-May-2025',
    );
    equal(
        'a trend is told in words too',
        await section(page, 'results')
            .locator('tr', { hasText: 'Haemoglobin A1c' })
            .locator('svg[role=img]')
            .getAttribute('aria-label'),
        '3 values from 10-May-2023 to 10-May-2025: latest 64.50 mmol/mol, lowest 48.0, highest 64.50',
    );
    await page.click('a:has-text("Haemoglobin A1c")');
    await page.waitForSelector('.k-values');
    equal('every value of a test is listed', await page.locator('.k-values tbody tr').count(), 3);
    has(
        'with its digits',
        await page.innerText('.k-values'),
        '48.0',
        '55',
        '64.50',
        '10-May-2023 08:30',
    );
    equal('nothing went wrong on the way', page.bad.join('; '), '');
    await page.context().close();
}

export async function whatIsHostileIsText({ browser, base }) {
    const page = await openPage(browser, base);
    for (const tab of ['', '/timeline', '/details']) {
        await page.go(`#/patient/${GRACE.id}${tab}`);
        await page.whole();
        check(`markup stays text${tab}`, (await page.innerText('main')).includes('<img src=x'));
        equal(`and makes no element${tab}`, await page.locator('main img').count(), 0);
    }
    await page.go(`#/patient/${GRACE.id}/timeline?q=letter`);
    await page.click('.k-entry__title a');
    await page.waitForSelector('.k-letter');
    has('a letter can be read', await page.innerText('.k-letter'), 'Dear Dr Sørensen', HOSTILE);
    await page.click('text=Show the raw record');
    await page.waitForSelector('.k-raw');
    has('the raw record is laid out', await page.innerText('.k-raw'), '\n  "status": "current"');
    check(
        'no script ran',
        !(await page.title()).includes('PWNED') && page.bad.length === 0,
        page.bad,
    );
    await page.context().close();
}

export async function theTimelineFilters({ browser, base }) {
    const page = await openPage(browser, base);
    await page.go(`#/patient/${GRACE.id}/timeline`);
    await page.waitForSelector('.k-entry');
    const count = () => page.textContent('.k-timeline__count');
    const all = Number((await count()).match(/\d+/)[0]);
    equal('everything is on it', all, 23);
    await page.locator('.k-filters__boxes').waitFor();
    const labels = await page.locator('#filters fieldset').first().locator('label').allInnerTexts();
    const sum = labels.reduce((n, l) => n + Number(l.match(/(\d+)\s*$/)[1]), 0);
    equal('the counts add up', sum, all);
    const years = await page.locator('.k-year__button').allInnerTexts();
    const numbers = years.map((y) => parseInt(y, 10)).filter((n) => !Number.isNaN(n));
    check(
        'years run backwards',
        numbers.every((y, i) => i === 0 || y < numbers[i - 1]) && numbers[0] === 2025,
        years,
    );
    check(
        'what was withdrawn is marked',
        (await page.locator('.k-entry--wrong').first().innerText()).includes('Entered in error'),
    );

    const counts = (words) =>
        page.waitForFunction(
            (w) => document.querySelector('.k-timeline__count').textContent.startsWith(w),
            words,
        );
    await page.check('#kind-medicines');
    await counts('3 entries of');
    check(
        'one kind',
        (await page.locator('.k-entry__kind').allTextContents()).every((t) => t.includes('Medicine')),
    );
    await page.check('#kind-vaccinations');
    await counts('4 entries of');
    check('two kinds', true);
    await page.fill('#timeline-text', 'METF');
    await counts('1 entry of');
    await page.waitForFunction(
        () => location.hash.includes('kind=medicines') && location.hash.includes('q=METF'),
    );
    check('the address keeps the filters', true);
    await page.fill('#timeline-text', 'sorensen');
    await counts('3 entries of');
    check('a source can be looked for, without its accents', true);
    await page.fill('#timeline-text', 'zzznothing');
    await page.waitForSelector('text=No entry fits');
    await page.click('text=Clear filters');
    await page.waitForFunction(
        (n) => document.querySelector('.k-timeline__count').textContent === `${n} entries`,
        all,
    );
    check('filters are cleared', true);

    const entry = page.locator('.k-entry', { hasText: 'Metformin' });
    has('an entry names its source', await entry.innerText(), 'Dr Åse Sørensen');
    await entry.locator('a').first().click();
    const source = section(page, 'source');
    await source.waitFor();
    has('its page tells more of it', await source.innerText(), 'Kept by', 'his place', 'Version', 'Last changed');
    await source.locator('text=Show the raw record').click();
    await page.locator('.k-raw').waitFor();
    has(
        'down to the raw record',
        await page.locator('.k-raw').innerText(),
        '"resourceType": "MedicationRequest"',
    );
    equal('nothing went wrong on the way', page.bad.join('; '), '');
    await page.context().close();
}

export async function detailsSayWhoItIs({ browser, base }) {
    const page = await openPage(browser, base);
    await page.go(`#/patient/${GRACE.id}/details`);
    await page.whole();
    await page.waitForSelector('text=Harbour Street Surgery');
    has(
        'details',
        await page.innerText('main'),
        '12 Harbour Street',
        'WX1 4AA',
        '01632 960983',
        'Known as',
        'Version',
    );
    await page.context().close();
}
