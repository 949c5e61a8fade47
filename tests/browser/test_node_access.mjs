/* What is chosen, opened, and proved about a record on a real node; by keyboard alone. */
import { GRACE } from './fixture.mjs';
import { check, equal, openPage } from './kit.mjs';
import { browserOf } from './people.mjs';
import { button, choose, done, field, headed, press, refused, said, tabTo, typeIn } from './portal_kit.mjs';

const about = (id, page) => `#/people/${id}/${page}`;
const as = (browser, node, who) => openPage(browserOf(browser, who), node.base);
const status = async (who, path) =>
    (await who.send('GET', `/fhir/${path}`, undefined, { accept: 'application/fhir+json' })).status;

export async function whatIsNotRecognisedIsAnswered({ browser, node, grace, officer }) {
    const page = await as(browser, node, grace);
    await page.go(about(GRACE.id, 'access'));
    await page.waitForSelector('.k-look');
    await press(page, 'query', button('I don’t recognise this'));
    await page.waitForSelector('dialog[open]');
    await typeIn(page, 'query-words', 'I was at the seaside');
    await press(page, 'ask', button('Ask the privacy officer'));
    await page.waitForSelector('dialog', { state: 'detached' });
    const queue = await as(browser, node, officer);
    await queue.go('#/');
    await headed(queue, 'Reviews');
    await press(queue, 'look', button('Look at it: Grace'));
    await queue.waitForSelector('.k-part form');
    await queue.waitForSelector('dt:text-is("In their words") + dd:text-is("I was at the seaside")');
    check('the words of the patient are shown as theirs', true);
    const id = await queue.evaluate(
        () => document.querySelector('input[type=radio][value=accepted]').id,
    );
    await choose(queue, 'right', id);
    await tabTo(queue, 'words', (at) => at.tag === 'TEXTAREA');
    await queue.keyboard.type('It was your own practice');
    await press(queue, 'save', (at) => at.tag === 'BUTTON' && at.text === 'Save');
    await said(queue, 'Saved: accepted');
    const got = await grace.json('GET', `/fhir/Communication?subject=Patient/${GRACE.id}`);
    check('the patient has the answer', JSON.stringify(got).includes('your own practice'), got);
    await done(queue);
    await done(page);
}

const preview = async (page) => {
    await tabTo(page, 'who', field('preview-who'));
    await press(page, 'preview', button('Show what they would see'));
    await page.waitForSelector('#previewed');
    await page.waitForFunction(() => document.activeElement?.id === 'previewed');
    return page.innerText('.k-part');
};

export async function aChoiceCountsOnTheNextRequest({ browser, node, grace, doctor }) {
    const entry = 'Condition/browser-test-mind';
    equal('the doctor sees it', await status(doctor, entry), 200);
    const page = await as(browser, node, grace);
    await page.go(about(GRACE.id, 'sharing'));
    await page.waitForSelector('text=because you are registered there');
    await tabTo(page, 'who', field('preview-who'));
    await page.selectOption('#preview-who', { label: 'A doctor at Harbour Street Surgery' });
    const before = await preview(page);
    await press(page, 'make', button('Make a choice'));
    const see = button('See what it would do');
    await refused(page, see, 'Choose if you share it or not', 'Choose who this is about');
    await choose(page, 'do not share', 'permit');
    await choose(page, 'everybody', 'party');
    const category = await page.evaluate(
        () =>
            [...document.querySelectorAll('input[name=category]')].find((i) => i.value === 'MH').id,
    );
    await choose(page, 'mental health', category);
    await typeIn(page, 'until', '27/03/2031', true);
    await press(page, 'see', see);
    await page.waitForSelector('#consequences');
    const follows = await page.innerText('#consequences');
    check(
        'what follows is said',
        /Nobody will see .* mental health .*until 27 March 2031/.test(follows) &&
            follows.includes('They may ask you the same questions again'),
        follows,
    );
    await press(page, 'save', button('Save this choice'));
    await said(page, 'Your choice was saved');
    equal('nothing on the next request', await status(doctor, entry), 404);
    const found = await doctor.json('GET', `/fhir/Condition?patient=${GRACE.id}&_count=100`);
    check('nor by searching', !JSON.stringify(found).includes('browser-test-mind'));
    const after = await preview(page);
    check('the preview changed', before !== after, { before, after });
    const told = await as(browser, node, doctor);
    await told.go(`#/patient/${GRACE.id}`);
    await told.whole();
    check(
        'the doctor is told that something is withheld',
        (await told.locator('.k-withheld').count()) === 1,
    );
    await done(told);
    await press(page, 'end', button('End this choice'));
    await page.waitForSelector('dialog[open]');
    await press(page, 'really', (at) => at.tag === 'BUTTON' && at.text === 'End it');
    await said(page, 'The choice has ended');
    equal('and back on the next', await status(doctor, entry), 200);
    await done(page);
}

export async function aProxyIsLetInAndOut({ browser, node, grace }) {
    const page = await as(browser, node, grace);
    await page.go(about(GRACE.id, 'proxies'));
    await press(page, 'add', button('Let somebody act'));
    await page.waitForSelector('text=Ruth');
    await choose(page, 'Ruth', 'person');
    await choose(page, 'book', 'functions-2');
    await choose(page, 'carer', 'basis');
    await press(page, 'save', button('Let them act'));
    await said(page, 'They can act now');
    const list = await grace.json('GET', `/fhir/Patient/${GRACE.id}/$proxies`);
    const kept = JSON.stringify(list);
    check('the node has it', kept.includes('browser-test-ruth') && kept.includes('"book"'), list);
    await press(page, 'end', button('End this'));
    await page.waitForSelector('dialog[open]');
    await press(page, 'really', (at) => at.tag === 'BUTTON' && at.text === 'End it');
    await said(page, 'no longer acts for you');
    await done(page);
}
