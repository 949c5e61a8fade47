/* Test results: what people find, what it means, what staff say; and the grid of staff. */

const main = (page) => page.innerText('main');
const heading = (page) => page.innerText('h1');
const headed = (w, page, words) => w.until(`the page is ${words}`, async () => (await heading(page)) === words);
const shows = (w, page, words) => w.until(`it shows ${words}`, async () => (await main(page)).includes(words));
const section = (page, id) => page.locator(`section[aria-labelledby="h-${id}"]`);

/* A test by its code in LOINC. */
const test = (code) => `#/patient/:me/result/${encodeURIComponent(`http://loinc.org|${code}`)}`;
const POTASSIUM = '2823-3';
const CHOLESTEROL = '14647-2';
const PRESSURE = '85354-9';

export async function patientSeesWhatAResultMeans(w) {
    const page = await w.open('demo-patient', '#/patient/:me/results');
    await headed(w, page, 'Results');
    await shows(w, page, 'Potassium');
    await w.accessible(page, 'results');
    await w.transcript(page, 'results');
    await page.click('a:has-text("Potassium")');
    await headed(w, page, 'Potassium');
    const said = await main(page);
    w.check('how it stands, without alarm', said.includes('A little high') && said.includes('a little above the usual range'), said);
    w.check('what it is', said.includes('A salt in your blood'), said);
    w.equal(
        'the number line says the same',
        await page.getAttribute('.k-line svg[role=img]', 'aria-label'),
        'Number line. The value is 5.4 mmol/L. Usual range: 3.5 to 5.3 mmol/L. This is a little above the usual range. Many people who are well have a result like this.',
    );
    w.check('nothing near the usual range is red', (await page.locator('.nhsuk-tag--red').count()) === 0);
    w.check('its official name stands small at the end', said.includes('Potassium [Moles/volume] in Serum or Plasma (2823-3)'));
    await w.accessible(page, 'a result');
    await w.transcript(page, 'a result');
}

export async function patientWaitsForACommentAndReadsAnother(w) {
    const page = await w.open('demo-patient', test(POTASSIUM), { width: 320, height: 640 });
    await shows(w, page, 'Waiting for a comment from');
    w.check('what to do when worried', (await main(page)).includes('If you are worried, contact them.'));
    await page.go(test(CHOLESTEROL));
    await shows(w, page, 'Nothing has to change now.');
    const comment = await section(page, 'comment').innerText();
    w.check('who said it, and when', /Dr .+, \d+ \w+ \d{4}/.test(comment), comment);
    w.check('and it does not wait', !comment.includes('Waiting'));
    await page.go('#/patient/:me/results?show=waiting');
    await shows(w, page, 'Sodium');
    w.check('what waits can be listed', !(await main(page)).includes('Total cholesterol'));
}

export async function patientFindsATestByAnyOfItsNames(w) {
    const page = await w.open('demo-patient', '#/patient/:me/results');
    await shows(w, page, 'Blood pressure');
    for (const [typed, name] of [['salt in your blood', 'Potassium'], ['serum sodium', 'Sodium'], ['BMI', 'Body mass index']]) {
        await page.fill('#results-filter', typed);
        await w.until(`${typed} finds ${name}`, async () => (await page.innerText('.k-list')).includes(name));
    }
    await page.fill('#results-filter', 'zzz');
    await shows(w, page, 'No test fits');
    await page.fill('#results-filter', '');
    await page.selectOption('#results-show', 'body');
    await w.until('one group alone', async () => {
        const heads = await page.locator('main h2').allInnerTexts();
        return heads.includes('Blood pressure, weight and more') && !heads.includes('Blood tests');
    });
    w.check('the address keeps it', page.url().includes('show=body'));
    await page.click('a:has-text("Blood pressure")');
    await headed(w, page, 'Blood pressure');
    await page.goBack();
    await w.until('and it is there on the way back', async () => (await page.inputValue('#results-show')) === 'body');
}

export async function patientComparesBloodPressuresOverTime(w) {
    const page = await w.open('demo-patient', test(PRESSURE));
    await headed(w, page, 'Blood pressure');
    await page.waitForSelector('.k-chart');
    w.equal('a line for each number', await page.locator('.k-chart__line').count(), 2);
    const label = await page.getAttribute('.k-chart svg[role=img]', 'aria-label');
    w.check('told in words too', /^\d+ values from .+: latest \d+\/\d+ mmHg, upper value .+, lower value .+/.test(label), label);
    const rows = page.locator('.k-values tbody tr');
    w.check('each value is in a table', (await rows.count()) === Number(label.match(/^\d+/)[0]), label);
    w.check('with its place', (await rows.first().innerText()).includes('Surgery'), await rows.first().innerText());
}

export async function patientReadsAReport(w) {
    const page = await w.open('demo-patient', '#/patient/:me/results');
    await section(page, 'reports').waitFor();
    await section(page, 'reports').locator('a').first().click();
    await w.until('a report', async () => (await heading(page)).startsWith('Kidney and salt tests, '));
    const rows = await section(page, 'in-report').locator('.k-list__name').allInnerTexts();
    w.equal('its results, in its order', rows.join(', '), 'Potassium, Sodium');
    await w.accessible(page, 'a report');
    await page.click('a:has-text("Sodium")');
    await headed(w, page, 'Sodium');
    w.check('a result leads back to its report', (await section(page, 'reports').innerText()).includes('Kidney and salt tests'));
}

export async function patientReadsResultsInWelsh(w) {
    const page = await w.open('demo-patient', '#/patient/:me/results', { fresh: true });
    await shows(w, page, 'Potassium');
    await page.click('.k-header__language');
    await shows(w, page, 'Potasiwm');
    w.check('groups too', (await main(page)).includes('Profion gwaed'));
    await page.click('a:has-text("Potasiwm")');
    await shows(w, page, 'Halen yn eich gwaed');
    w.check('and how it stands', (await main(page)).includes('Ychydig yn uchel'));
    await page.click('.k-header__language');
    await shows(w, page, 'A little high');
}

/* By keyboard alone, as somebody in a surgery does it many times a day. */
export async function doctorGoesThroughTheGridByKeyboard(w) {
    const patient = (await w.signedIn('demo-patient', 'gp')).account.patient;
    const page = await w.open('demo-gp', `#/patient/${patient}/results`);
    await headed(w, page, 'Results');
    await w.tabTo(page, 'Grid over time');
    await w.keys(page, 'Enter');
    await headed(w, page, 'Results over time');
    await page.waitForSelector('.k-grid-table td a');
    await w.accessible(page, 'results over time');
    await w.transcript(page, 'results over time');
    await w.tabTo(page, 'Show');
    await page.keyboard.type('Blood tests');
    await w.until('blood tests alone', async () => !(await page.innerText('.k-grid-table')).includes('Weight'));
    await w.tabTo(page, 'newest first'); /* the grid, which can be scrolled; behind it one stop for all that is in it */
    await w.keys(page, 'Tab');
    const now = () => page.evaluate(() => document.activeElement.textContent.trim());
    while ((await now()) !== 'Potassium') {
        const before = await now();
        await w.keys(page, 'ArrowDown');
        if (!w.check('the arrow goes down', (await now()) !== before, before)) {
            return;
        }
    }
    await w.keys(page, 'ArrowRight');
    w.check('the newest value, with its sign and in words', /^↑ 5\.4 High$/.test(await now()), await now());
    const place = await page.evaluate(() => {
        const cell = document.activeElement.getBoundingClientRect();
        const head = document.querySelector('.k-grid-table tbody th').getBoundingClientRect();
        return cell.left >= head.right - 1;
    });
    w.check('the first column does not cover it', place);
    await w.keys(page, 'Enter');
    await w.until('Enter opens it', () => page.url().includes('/entry/Observation/demo-potassium'));
}

export async function doctorSavesTheGridAsATable(w) {
    const patient = (await w.signedIn('demo-patient', 'gp')).account.patient;
    const page = await w.open('demo-gp', `#/patient/${patient}/results-grid`);
    await page.waitForSelector('.k-grid-table td a');
    await page.fill('#grid-filter', 'potassium');
    await w.until('one row', async () => (await page.locator('.k-grid-table tbody tr').count()) === 1);
    const saved = page.waitForEvent('download');
    await page.click('button:has-text("Save as a table")');
    const file = await saved;
    w.equal('its name', file.suggestedFilename(), 'results.csv');
    const chunks = [];
    for await (const chunk of await file.createReadStream()) {
        chunks.push(chunk);
    }
    const lines = Buffer.concat(chunks).toString('utf8').replace('\ufeff', '').trim().split('\r\n');
    w.equal('its head', lines[0], 'Test,Date,Value,Unit,Flag,Usual range,Where from');
    w.check('its newest value', /^Serum potassium,[^,]+,5\.4,mmol\/L,High,3\.5 to 5\.3 mmol\/L,/.test(lines[1]), lines[1]);
}
