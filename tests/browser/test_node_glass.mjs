/* What is kept from staff: opened with a reason, in an emergency, or not even then; by keyboard alone. */
import { GRACE } from './fixture.mjs';
import { check, equal, openPage } from './kit.mjs';
import { browserOf, person } from './people.mjs';
import { button, choose, done, field, press, refused, said, tabTo, typeIn } from './portal_kit.mjs';
import { FERN, STRAY } from './story.mjs';

const about = (id, page) => `#/people/${id}/${page}`;
const as = (browser, node, who) => openPage(browserOf(browser, who), node.base);
const FHIR = { accept: 'application/fhir+json', 'content-type': 'application/fhir+json' };
const status = async (who, path) => (await who.send('GET', `/fhir/${path}`, undefined, FHIR)).status;
const radio = (page, name, value) =>
    page.evaluate(
        ([n, v]) => [...document.querySelectorAll(`input[name="${n}"]`)].find((i) => i.value === v).id,
        [name, value],
    );
const exactly = (text) => (at) => at.tag === 'BUTTON' && at.text === text;

export async function theGlassIsBrokenSeenAndReviewed({ browser, node, doctor, stray, officer }) {
    const page = await as(browser, node, doctor);
    page.expectErrors = true;
    await page.go(`#/patient/${STRAY.id}`);
    await page.waitForSelector('text=Is this person in your care?');
    const closed = await page.innerText('body');
    check('nothing is said to be not recorded', !/None recorded|No allergies|0 entries/.test(closed), closed);
    await press(page, 'say why', button('Say why you have to see it'));
    await page.waitForSelector('dialog[open]');
    await refused(
        page,
        button('See the record'),
        'Choose how you want to see the record',
        'Choose a reason',
    );
    await choose(page, 'emergency', 'glass-way-2');
    const reason = await page.evaluate(
        () =>
            [...document.querySelectorAll('input[name=glass-reason]')].find(
                (i) => i.value === 'emergency',
            ).id,
    );
    await choose(page, 'why', reason);
    await typeIn(page, 'glass-words', 'Found on the quay');
    await press(page, 'open', button('See the record'));
    await page.waitForSelector('text=Peanut');
    equal('nothing says that it is none of theirs', await page.locator('#not-shown').count(), 0);
    await page.context().close();

    const own = await as(browser, node, stray);
    await own.go(about(STRAY.id, 'access'));
    await own.waitForSelector('.k-look');
    const list = await own.innerText('main');
    check('the patient sees that', list.includes('Emergency') && list.includes('it was an emergency'), list);
    await own.go(about(STRAY.id, 'sharing'));
    await own.waitForSelector('text=Opened in an emergency');
    check('and who can see it now', (await own.innerText('main')).includes('Sørensen'));
    await done(own);

    const queue = await as(browser, node, officer);
    await queue.go('#/');
    await queue.waitForSelector('text=Opened in an emergency');
    await press(queue, 'look', button('Look at it'));
    await queue.waitForSelector('.k-part form');
    await queue.waitForSelector('dt:text-is("In their words") + dd:text-is("Found on the quay")');
    const save = (at) => at.tag === 'BUTTON' && at.text === 'Save';
    await refused(queue, save, 'Choose what you decide');
    const concern = await queue.evaluate(
        () => document.querySelector('input[type=radio][value=concern]').id,
    );
    await choose(queue, 'concern', concern);
    await refused(queue, save, 'Enter what the concern is');
    await tabTo(queue, 'words', (at) => at.tag === 'TEXTAREA');
    await queue.keyboard.type('Nobody was on the quay');
    await press(queue, 'save', save);
    await said(queue, 'Saved: a concern was raised');
    await choose(queue, 'done', 'which-2');
    await queue.waitForSelector('li >> text=A concern was raised');
    const peanut = 'AllergyIntolerance/browser-test-peanut';
    equal('what was opened is closed', await status(doctor, peanut), 404);
    await done(queue);
}

/* Fern keeps her mental health from everybody, and from those who open in an emergency, too. */
async function fernChoosesFirmly(browser, node) {
    const fern = await person(
        node,
        'fern',
        'Fern Zzfirm',
        ...['--kind', 'patient', '--person', `Patient/${FERN.id}`],
    );
    const page = await as(browser, node, fern);
    await page.go(about(FERN.id, 'sharing'));
    await page.waitForSelector('text=because you are registered there');
    await press(page, 'make', button('Make a choice'));
    await choose(page, 'do not share', 'permit');
    await choose(page, 'everybody', 'party');
    await choose(page, 'mental health', await radio(page, 'category', 'MH'));
    await tabTo(page, 'nor in an emergency', field('firm'));
    await page.keyboard.press('Space');
    await press(page, 'see', button('See what it would do'));
    await page.waitForSelector('#consequences');
    const follows = await page.innerText('#consequences');
    check('what a firm choice does is said', /emergency/.test(follows), follows);
    await press(page, 'save', button('Save this choice'));
    await said(page, 'Your choice was saved');
    return page;
}

async function aReasonIsGiven(page, way, words) {
    await press(page, 'open', button('See what is withheld'));
    await page.waitForSelector('dialog[open]');
    await choose(page, 'way', await radio(page, 'glass-way', way));
    await choose(page, 'reason', await radio(page, 'glass-reason', 'other'));
    await refused(page, button('See the record'), 'Enter what the reason is');
    await typeIn(page, 'glass-words', words);
    await press(page, 'go', button('See the record'));
    await page.waitForSelector('dialog', { state: 'detached' });
}

async function accepted(page, words) {
    await page.go('#/reviews');
    await page.waitForSelector('text=Record of');
    const item = page.locator('li.k-card', { hasText: 'Zzfirm' });
    await item.first().locator('button').first().focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector(`dt:text-is("In their words") + dd:text-is("${words}")`);
    await choose(page, 'right', await item.first().locator('input[value=accepted]').getAttribute('id'));
    await press(page, 'save', exactly('Save'));
    await said(page, 'Saved: accepted');
}

export async function aFirmChoiceHoldsWhateverIsSaid({ browser, node, doctor, officer }) {
    const mind = 'Condition/browser-test-fern-mind';
    equal('the doctor sees it', await status(doctor, mind), 200);
    const own = await fernChoosesFirmly(browser, node);
    equal('no more', await status(doctor, mind), 404);
    const page = await as(browser, node, doctor);
    page.expectErrors = true;
    await page.go(`#/patient/${FERN.id}`);
    await page.waitForSelector('.k-withheld');
    check('the doctor is told that there is more', (await page.innerText('.k-withheld')).includes('withheld'));
    await aReasonIsGiven(page, 'claim', 'She rang me this morning');
    equal('a claim does not open what the patient keeps', await status(doctor, mind), 404);
    await page.waitForSelector('.k-withheld');
    await aReasonIsGiven(page, 'open', 'She does not wake up');
    equal('nor an emergency, as she chose so', await status(doctor, mind), 404);
    await page.context().close();
    const queue = await as(browser, node, officer);
    await accepted(queue, 'She does not wake up');
    await accepted(queue, 'She rang me this morning');
    await done(queue);
    await press(own, 'end', button('End this choice'));
    await own.waitForSelector('dialog[open]');
    await press(own, 'really', exactly('End it'));
    await said(own, 'The choice has ended');
    equal('until she ends it', await status(doctor, mind), 200);
    await done(own);
}

/* --- a role ---------------------------------------------------------------------------------------- */

export async function aRoleHasItsOwnRightsAlone({ browser, node }) {
    const both = ['--role', 'R8000', '--role', 'R8009'];
    const who = await person(node, 'two-roles', 'Nia Nurse', ...both, '--person', 'Practitioner/browser-test-doctor');
    const page = await as(browser, node, who);
    page.expectErrors = true;
    await page.go('#/reviews');
    await page.waitForSelector('h1:text("You may not see this page")');
    await page.go(`#/patient/${GRACE.id}`);
    await page.whole();
    check('a clinician sees allergies', (await page.innerText('main')).includes('Amoxicillin'));
    const allergies = `AllergyIntolerance?patient=${GRACE.id}`;
    equal('and the node gives them', await status(who, allergies), 200);
    for (const [role, words, expected] of [
        ['Receptionist', 'nothing about their health', 403],
        ['Clinical practitioner', 'Amoxicillin', 200],
    ]) {
        await press(page, 'me', (at) => at.tag === 'SUMMARY' && at.text.includes('Nia'));
        await press(page, 'role', button(role));
        await page.waitForSelector(`.k-me__name:has-text("${role}")`);
        await page.waitForSelector('h1:text("Find a person")');
        equal(`${role}: the node agrees`, await status(who, allergies), expected);
        await page.go(`#/patient/${GRACE.id}`);
        await page.waitForSelector(`main:has-text("${words}")`);
        const text = await page.innerText('main');
        check(`${role}: ${words}`, text.includes(words), text.slice(0, 800));
        equal(`${role}: allergies`, text.includes('Amoxicillin'), expected === 200);
    }
    await page.context().close();
}
