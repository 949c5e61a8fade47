/* Ways in on a real node: passkey, password and codes, recovery code, invitation; by keyboard alone. */
import { GRACE } from './fixture.mjs';
import { accessible, check, equal, openPage } from './kit.mjs';
import { browserOf, codeOf, invited, person, tokenOf } from './people.mjs';
import { ANN } from './story.mjs';
import {
    authenticator,
    button,
    choose,
    field,
    headed,
    press,
    refused,
    said,
    signOutByKeyboard,
    tabTo,
    typeIn,
    done,
} from './portal_kit.mjs';

const exactly = (text) => (at) => at.tag === 'BUTTON' && at.text === text;
const PASSWORD = 'quiet harbour lantern 47';
const wrongFor = (secret) =>
    String((Number(codeOf(secret)) + 500001) % 1000000).padStart(6, '0');

/* The first administrator comes by the link of `kith init`, and makes a passkey. */
async function theFirstAdministratorMakesAPasskey({ browser, node, state }) {
    const page = await openPage(browser, node.base);
    await authenticator(page);
    await page.go(`#/invite/${tokenOf(node.first)}`);
    await headed(page, 'Welcome, Administrator');
    await typeIn(page, 'login', 'admin');
    await press(page, 'make', button('Make a passkey'));
    await headed(page, 'People and roles');
    await page.go('#/security');
    await page.waitForSelector('.k-item__title');
    await press(page, 'rename', button('Rename'));
    await page.waitForSelector('dialog[open]');
    await typeIn(page, 'new-name', 'Key on my ring', true);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.k-item__title:has-text("Key on my ring")');
    await page.go('#/security');
    await page.waitForSelector('.k-item__title:has-text("Key on my ring")');
    check('the node keeps the new name', true);
    await press(page, 'remove', button('Remove'));
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    check(
        'after Escape the focus is back on the button',
        await page.evaluate(() => document.activeElement.innerText.startsWith('Remove')),
    );
    await signOutByKeyboard(page);
    await press(page, 'passkey', button('Sign in with a passkey'));
    await headed(page, 'People and roles');
    check('the passkey lets in', true);
    state.admin = page;
    equal('nothing went wrong on the way', page.bad.join('; '), '');
}

/* Who was invited sets up a password and codes with the page, and comes in again by them. */
async function anInvitedPersonSetsUpPasswordAndCodes({ browser, node, state }) {
    const admin = state.admin;
    await admin.go('#/people-and-roles');
    await admin.waitForSelector('li.k-card');
    await press(admin, 'add', button('Add a person'));
    await admin.waitForFunction(() => document.activeElement?.tagName === 'H2');
    await refused(admin, button('Add and invite'), 'Enter the name');
    await typeIn(admin, 'name', 'Sam Reception');
    await typeIn(admin, 'login', 'sam');
    const id = await admin.evaluate(
        () => [...document.querySelectorAll('input[name=roles]')].find((i) => i.value === 'R8009').id,
    );
    await choose(admin, 'receptionist', id);
    await press(admin, 'add', button('Add and invite'));
    await admin.waitForSelector('#invite-link');
    const link = await admin.inputValue('#invite-link');

    const page = await openPage(browser, node.base);
    page.expectErrors = true;
    await page.goto(link);
    await headed(page, 'Welcome, Sam Reception');
    await choose(page, 'with a password', 'way-2');
    await typeIn(page, 'password', 'password1234');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.nhsuk-error-message, .nhsuk-error-summary');
    check('a common password is refused', (await page.innerText('main')).includes('password'));
    await typeIn(page, 'password', PASSWORD, true);
    await page.keyboard.press('Enter');
    await headed(page, 'Set up an authenticator app');
    const secret = (await page.innerText('.k-secret')).replace(/\s/g, '');
    equal('the key is in groups of four', secret.length % 4, 0);
    await page.waitForSelector('.k-qr');
    await typeIn(page, 'code', wrongFor(secret));
    await page.keyboard.press('Enter');
    await said(page, 'This code is not right');
    await typeIn(page, 'code', codeOf(secret), true);
    await page.keyboard.press('Enter');
    await headed(page, 'Your recovery codes');
    const recovery = await page.locator('.k-codes li').allInnerTexts();
    await refused(page, button('Continue'), 'Keep your codes first');
    await choose(page, 'kept', 'kept');
    await press(page, 'go on', button('Continue'));
    await headed(page, 'Find a person');
    await page.goto(link);
    await said(page, 'invitation');
    check('the link is used up', !(await page.innerText('h1')).includes('Welcome'));
    state.sam = { page, secret, recovery: recovery.map((r) => r.trim()) };
    await page.go('#/find');
    await signOutByKeyboard(page);
}

async function byPassword(page, login, password) {
    await press(page, 'password', button('Use a password'));
    await page.waitForFunction(() => document.activeElement?.id === 'login');
    await page.keyboard.type(login);
    await typeIn(page, 'password', password);
    await page.keyboard.press('Enter');
}

async function aPasswordThenACode({ state }) {
    const { page, secret } = state.sam;
    await page.go('#/security');
    await headed(page, 'Sign in');
    await press(page, 'password', button('Use a password'));
    await page.waitForFunction(() => document.activeElement?.id === 'login');
    await refused(page, button('Continue'), 'Enter your sign-in name');
    equal('two problems', await page.locator('.nhsuk-error-summary li').count(), 2);
    await press(page, 'a problem', (at) => at.text === 'Enter your sign-in name');
    equal('it leads to its field', await page.evaluate(() => document.activeElement.id), 'login');
    await page.reload();
    await headed(page, 'Sign in');
    await byPassword(page, 'sam', 'not the password 1');
    await said(page, 'not right');
    await typeIn(page, 'password', PASSWORD, true);
    await page.keyboard.press('Enter');
    await headed(page, 'Enter your code');
    await typeIn(page, 'code', wrongFor(secret));
    await page.keyboard.press('Enter');
    await said(page, 'not right');
    await typeIn(page, 'code', codeOf(secret, 1), true);
    await page.keyboard.press('Enter');
    await headed(page, 'How you sign in');
    check('to where it was going', page.url().endsWith('#/security'), page.url());
    await signOutByKeyboard(page);
}

async function aRecoveryCodeWorksOnce({ state }) {
    const { page, recovery } = state.sam;
    for (const again of [false, true]) {
        await page.go('#/sign-in');
        await byPassword(page, 'sam', PASSWORD);
        await headed(page, 'Enter your code');
        await press(page, 'other way', button('I cannot use my app'));
        await headed(page, 'Use a recovery code');
        await page.focus('#code');
        await page.keyboard.type(recovery[0]);
        await page.keyboard.press('Enter');
        if (again) {
            await said(page, 'not right');
            check('a recovery code is good once', true);
            await page.keyboard.press('Control+A');
            await typeIn(page, 'code', recovery[1], true);
            await page.keyboard.press('Enter');
        }
        await headed(page, 'Find a person');
        if (!again) {
            await signOutByKeyboard(page);
        }
    }
}

async function theAdministratorStopsSomebody({ state }) {
    const { admin, sam } = state;
    await admin.go('#/people-and-roles');
    await admin.waitForSelector('text=Sam Reception');
    await tabTo(admin, 'stop', (at) => at.text.startsWith('Stop them') && at.text.includes('Sam'));
    await admin.keyboard.press('Enter');
    await admin.locator('li', { hasText: 'Sam Reception' }).locator('text=Stopped').waitFor();
    await sam.page.evaluate(() => (location.hash = '#/security'));
    await headed(sam.page, 'Sign in');
    check('whose session ended at once', true);
    await byPassword(sam.page, 'sam', PASSWORD);
    await said(sam.page, 'not right');
    await sam.page.context().close();
    await done(admin);
}

/* One after the other: each begins where the one before ended. */
export async function fromTheFirstLinkToTheEnd(all) {
    const steps = [
        theFirstAdministratorMakesAPasskey,
        anInvitedPersonSetsUpPasswordAndCodes,
        aPasswordThenACode,
        aRecoveryCodeWorksOnce,
        theAdministratorStopsSomebody,
    ];
    for (const step of steps) {
        console.log(`--    ${step.name}`);
        await step(all);
    }
}

export async function theSessionSaysWhenItEnds({ browser, node, grace, doctor }) {
    const told = async (who) => (await who.json('GET', '/auth/session')).idle_seconds;
    equal('a patient has half an hour', await told(grace), 1800);
    equal('a professional a quarter', await told(doctor), 900);
    const page = await openPage(browser, node.base);
    await page.clock.install();
    await page.context().addCookies(doctor.contextCookies());
    await page.goto(`${node.base}/#/apps`);
    await page.waitForSelector('.k-empty, .k-wide');
    await page.clock.fastForward(13.5 * 60000);
    await page.waitForSelector('dialog[open]');
    await press(page, 'stay', button('Stay signed in'));
    await page.waitForSelector('dialog', { state: 'detached' });
    check('a professional is warned after 13 minutes', true);
    await page.clock.fastForward(13.5 * 60000);
    await page.waitForSelector('dialog[open]');
    let inside = true;
    for (let i = 0; i < 6; i++) {
        await page.keyboard.press('Tab');
        inside &&= await page.evaluate(
            () =>
                document.activeElement === document.body ||
                Boolean(document.activeElement.closest('dialog')),
        );
    }
    check('the focus stays in the dialog', inside);
    await page.clock.fastForward(2 * 60000);
    await headed(page, 'Sign in');
    await said(page, 'You were signed out because this page was not used for 15 minutes');
    check('and the way back is kept', page.url().includes(encodeURIComponent('#/apps')));
    await done(page);
}

export async function aSignInLeadsBack({ browser, node }) {
    const token = invited(node, 'Peter Patient', '--kind', 'patient', '--person', 'Patient/peter');
    const page = await openPage(browser, node.base);
    await authenticator(page);
    await page.go(`#/invite/${token}`);
    await headed(page, 'Welcome');
    page.expectErrors = true;
    await typeIn(page, 'login', 'grace');
    await press(page, 'make', button('Make a passkey'));
    await said(page, 'Somebody has this sign-in name');
    await typeIn(page, 'login', 'peter', true);
    await press(page, 'make', button('Make a passkey'));
    await page.waitForSelector('.k-me__name');
    await page.go('#/security');
    await page.waitForSelector('.k-item__title');
    await press(page, 'remove', button('Remove'));
    await page.waitForSelector('dialog[open]');
    await press(page, 'really', exactly('Remove'));
    await page.waitForSelector('.nhsuk-error-summary');
    check('the last way in stays', (await page.locator('.k-item__title').count()) === 1);
    await signOutByKeyboard(page);
    await page.go(`#/people/${GRACE.id}/sharing`);
    await headed(page, 'Sign in');
    await press(page, 'passkey', button('Sign in with a passkey'));
    await headed(page, 'Who can see this record');
    await page.waitForSelector('.nhsuk-error-summary');
    check('and there to what Peter may not see', !(await page.innerText('main')).includes('Harbour'));
    await tabTo(page, 'again', button('Try again'));
    check('the error says what to do', true);
    await page.context().close();
}

const nurse = (node, login, ...roles) =>
    person(
        node,
        login,
        'Nia Nurse',
        ...roles.flatMap((r) => ['--role', r]),
        ...['--person', 'Practitioner/browser-test-doctor'],
    );

export async function anEndedSessionLeavesNothingOnView({ browser, node }) {
    const who = await nurse(node, 'nia', 'R8000');
    const page = await openPage(browserOf(browser, who), node.base);
    page.expectErrors = true;
    for (const then of [
        '//evil.example/',
        'https://evil.example/',
        '/\\evil.example',
        'javascript:alert(1)',
    ]) {
        await page.go(`#/sign-in?then=${encodeURIComponent(then)}`);
        await headed(page, 'Find a person');
        check(`${then} is not followed`, page.url() === `${node.base}/#/find`, page.url());
    }
    await page.go(`#/patient/${GRACE.id}`);
    await page.whole();
    check('a record is on view', (await page.innerText('body')).includes('Amoxicillin'));
    await who.send('POST', '/auth/sign-out', {});
    await page.evaluate((id) => (location.hash = `#/people/${id}/sharing`), GRACE.id);
    await headed(page, 'Sign in');
    await said(page, 'You have been signed out');
    check('nothing of the record stays', !(await page.innerText('body')).includes('Amoxicillin'));
    await page.context().close();
}

/* Beside a password and codes; whoever has nothing else keeps it. */
export async function aPasskeyIsAddedAndRemoved({ browser, node }) {
    const who = await nurse(node, 'keyed', 'R8000');
    const page = await openPage(browserOf(browser, who), node.base);
    await authenticator(page);
    await page.go('#/security');
    await said(page, 'You have no passkey yet');
    await press(page, 'add', button('Add a passkey'));
    await page.waitForFunction(() => document.activeElement?.id === 'passkey-name');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('Spare key');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.k-item__title:has-text("Spare key")');
    await press(page, 'remove', button('Remove'));
    await page.waitForSelector('dialog[open] >> text=It is your only passkey');
    await press(page, 'really', exactly('Remove'));
    await said(page, 'You have no passkey yet');
    equal('the node has none', (await who.json('GET', '/auth/passkeys')).passkeys.length, 0);
    await done(page);
}

export async function anotherServiceLeadsBackToWhereItBegan({ browser, node, provider }) {
    const others = [provider.issuer];
    const page = await openPage(browser, node.base, { others });
    page.expectErrors = true; /* asking who is there before anybody is */
    await page.go(`#/people/${ANN.id}/access`);
    await headed(page, 'Sign in');
    await press(page, 'another service', (at) => at.text.includes('NHS login'));
    await headed(page, 'Who looked at my record');
    check('back to where it began', page.url().endsWith(`#/people/${ANN.id}/access`), page.url());
    await page.go('#/');
    await page.whole();
    check('and only once', page.url().endsWith(`#/patient/${ANN.id}`), page.url());
    await signOutByKeyboard(page);
    await said(page, 'You have signed out');
    await page.context().close();
}

/* Whoever has chosen Welsh signs in, and sees how they sign in, in Welsh. */
export async function theWaysInSpeakWelsh({ browser, node, stray }) {
    const page = await openPage(browser, node.base);
    page.expectErrors = true; /* asking who is there before anybody is */
    await page.addInitScript(() => localStorage.setItem('kith-language', 'cy'));
    await page.go('#/sign-in');
    await headed(page, 'Mewngofnodi');
    await page.getByRole('button', { name: 'Defnyddio cyfrinair yn lle hynny' }).click();
    await page.getByRole('button', { name: 'Parhau' }).click();
    await said(page, 'Rhowch eich enw mewngofnodi');
    await accessible(page, 'signing in, in Welsh');
    await page.context().addCookies(stray.contextCookies());
    for (const [hash, heading] of [
        ['#/security', 'Sut rydych yn mewngofnodi'],
        ['#/apps', 'Apiau'],
        ['#/helping', 'Pobl rydych chi’n eu helpu'],
    ]) {
        await page.go(hash);
        await headed(page, heading);
        equal(`${hash}: in Welsh`, await page.getAttribute('html', 'lang'), 'cy');
        await accessible(page, `${hash} in Welsh`);
    }
    await page.context().close();
}
