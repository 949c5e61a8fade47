/* What people write themselves, and what of it professionals see. */

const heading = (page) => page.innerText('h1');
const main = (page) => page.innerText('main');
const fill = (page, field, value) => page.fill(`#own-${field}`, value);
const when = async (page, day, month, year, time) => {
    await fill(page, 'day', day);
    await fill(page, 'day-month', month);
    await fill(page, 'day-year', year);
    await fill(page, 'time', time);
};
const headed = (w, page, words) => w.until(`the page is ${words}`, async () => (await heading(page)).includes(words));
const says = (w, page, words) => w.until(`it says ${words}`, async () => (await main(page)).includes(words));

export async function patientAddsABloodPressure(w) {
    const page = await w.open('demo-patient', '#/patient/:me/own');
    await says(w, page, 'Blood pressure');
    await w.accessible(page, 'own entries');
    await w.transcript(page, 'own entries');
    await page.click('a:has-text("Add blood pressure")');
    await headed(w, page, 'Add blood pressure');
    await w.accessible(page, 'add a blood pressure');
    await page.click('button:has-text("Continue")');
    await says(w, page, 'Enter the upper number');
    await w.accessible(page, 'a blood pressure without numbers');
    await fill(page, 'high', '1300');
    await fill(page, 'low', '79');
    await page.click('button:has-text("Continue")');
    await says(w, page, 'from 50 to 280');
    await fill(page, 'high', '117');
    const yesterday = new Date(Date.now() - 24 * 3600 * 1000);
    const part = (name, how = 'numeric') =>
        yesterday.toLocaleDateString('en-GB', { timeZone: 'Europe/London', [name]: how });
    await when(page, part('day'), part('month'), part('year'), '08:30');
    await fill(page, 'note', 'Before breakfast at my sister’s');
    await page.click('button:has-text("Continue")');
    await headed(w, page, 'Check before you save');
    w.equal('the heading has the focus', await page.evaluate(() => document.activeElement?.tagName), 'H1');
    await w.accessible(page, 'check a blood pressure');
    await page.click('button:has-text("Save this entry")');
    await says(w, page, 'Your entry is saved');
    await page.click('a:has-text("blood pressure entries")');
    await headed(w, page, 'Blood pressure');
    await says(w, page, `${part('day')} ${part('month', 'long')} ${part('year')} at 08:30`);
    await w.accessible(page, 'blood pressures');
    w.check('with its value and note', /117\/79 mmHg/.test(await main(page)) && (await main(page)).includes('at my sister’s'));
}

export async function patientChangesAndRemovesAWeightByKeyboard(w) {
    const page = await w.open('demo-patient', '#/patient/:me/own/add/weight');
    await headed(w, page, 'Add weight');
    await w.tabTo(page, 'Your weight');
    await page.keyboard.type('81.7');
    await w.tabTo(page, 'Anything to add');
    await page.keyboard.type('Keyboard scales');
    await w.tabTo(page, 'Continue');
    await w.keys(page, 'Enter');
    await headed(w, page, 'Check before you save');
    await w.tabTo(page, 'Save this entry');
    await w.keys(page, 'Enter');
    await says(w, page, 'Your entry is saved');
    await page.go('#/patient/:me/own/readings/weight');
    await says(w, page, 'Keyboard scales');
    await page.click('tr:has-text("Keyboard scales") a');
    await headed(w, page, 'Change weight');
    w.equal('the form has the value', await page.inputValue('#own-value'), '81.7');
    await fill(page, 'value', '80.9');
    await page.click('button:has-text("Continue")');
    await page.click('button:has-text("Save this entry")');
    await says(w, page, 'Your entry is saved');
    await page.go('#/patient/:me/own/readings/weight');
    await says(w, page, '80.9 kg');
    await page.click('tr:has-text("Keyboard scales") a');
    await page.click('button:has-text("Remove this entry")');
    await page.click('button:has-text("Yes, remove it")');
    await says(w, page, 'Your entry is removed');
    await page.go('#/patient/:me/own/readings/weight');
    await headed(w, page, 'Weight');
    w.check('it is gone', !(await main(page)).includes('Keyboard scales'));
}

export async function patientSaysHowTheyFeelAndWhatTheyLike(w) {
    const page = await w.open('demo-patient', '#/patient/:me/own/add/symptom', { width: 320 });
    await headed(w, page, 'Add how you feel');
    await w.accessible(page, 'add how you feel');
    await page.check('input[value=other]');
    await fill(page, 'other', 'Pins and needles');
    await page.check('input[value=moderate]');
    await page.click('button:has-text("Continue")');
    await page.click('button:has-text("Save this entry")');
    await says(w, page, 'Pins and needles');
    for (const [kind, act] of [
        ['preference', async () => { await page.check('input[value=name]'); await fill(page, 'text', 'Please call me Sam'); }],
        ['medicine', async () => { await fill(page, 'what', 'Antacid tablets'); await page.check('input[value=yes]'); }],
        ['allergy', async () => { await fill(page, 'what', 'Wool next to my skin'); }],
        ['contact', async () => { await fill(page, 'name', 'Tom Next-Door'); await page.selectOption('#own-relation', 'NBOR'); await fill(page, 'phone', '01632 960222'); }],
    ]) {
        await page.go(`#/patient/:me/own/add/${kind}`);
        await page.waitForSelector('form');
        await w.accessible(page, `add ${kind}`);
        await act();
        await page.click('button:has-text("Continue")');
        await page.click('button:has-text("Save this entry")');
        await says(w, page, 'Your entry is saved');
    }
    const text = await main(page);
    for (const said of ['Please call me Sam', 'Antacid tablets', 'Wool next to my skin', 'Tom Next-Door', 'Neighbour']) {
        w.check(`the page has ${said}`, text.includes(said), text.slice(0, 300));
    }
}

/* Two windows of one person, or an app and a person. */
export async function patientFindsThatSomethingElseChangedIt(w) {
    const page = await w.open('demo-patient', '#/patient/:me/own/add/pulse');
    await page.waitForSelector('form');
    await fill(page, 'value', '61');
    await page.click('button:has-text("Continue")');
    await page.click('button:has-text("Save this entry")');
    await says(w, page, 'Pulse');
    const open = async (p) => {
        await p.go('#/patient/:me/own/readings/pulse');
        await p.click('tr a');
        await headed(w, p, 'Change pulse');
    };
    const other = await w.open('demo-patient', '#/patient/:me/own');
    await open(page);
    await open(other);
    await fill(page, 'value', '62');
    await fill(other, 'value', '63');
    await page.click('button:has-text("Continue")');
    await page.click('button:has-text("Save this entry")');
    await says(w, page, 'Your entry is saved');
    await other.click('button:has-text("Continue")');
    await other.click('button:has-text("Save this entry")');
    await headed(w, other, 'This entry was changed somewhere else');
    const both = await main(other);
    w.check('both are shown', both.includes('62') && both.includes('63'), both.slice(0, 400));
    await w.accessible(other, 'a conflict');
    await other.click('button:has-text("Keep what I typed")');
    await says(w, other, 'Your entry is saved');
    await other.go('#/patient/:me/own/readings/pulse');
    await says(w, other, '63');
}

export async function patientsWordsAreThereAfterTheWindowWasClosed(w) {
    const page = await w.open('demo-patient', '#/patient/:me/own/add/temperature');
    await page.waitForSelector('form');
    await fill(page, 'value', '37.2');
    await fill(page, 'note', 'Words that must not be lost');
    await says(w, page, 'Kept on this device');
    const context = page.context();
    const base = page.base;
    const me = page.me;
    await page.close();
    const again = await context.newPage();
    again.bad = [];
    await again.goto(`${base}/#/patient/${me}/own/add/temperature`);
    await w.until('the words are found again', async () => (await again.inputValue('#own-note')) === 'Words that must not be lost');
    await w.until('and it says so', async () => (await again.innerText('main')).includes('You had not sent them'));
    await again.click('.k-draft button');
    await w.until('or thrown away', async () => (await again.inputValue('#own-note')) === '');
}

/* The node has the entry, but its answer never came: sending it again makes no second one. */
export async function patientSavesOnceThoughTheAnswerIsLost(w) {
    const page = await w.open('demo-patient', '#/patient/:me/own/add/oxygen');
    await page.waitForSelector('form');
    await fill(page, 'value', '96');
    await page.click('button:has-text("Continue")');
    await headed(w, page, 'Check before you save');
    await page.route('**/fhir/Observation', async (route) => {
        await route.fetch();
        await route.abort();
    });
    await page.click('button:has-text("Save this entry")');
    await says(w, page, 'This service does not answer');
    await page.unroute('**/fhir/Observation');
    await page.click('dd button:has-text("Change")');
    await fill(page, 'value', '97');
    await page.click('button:has-text("Continue")');
    await page.click('button:has-text("Save this entry")');
    await says(w, page, 'Your entry is saved');
    await page.go('#/patient/:me/own/readings/oxygen');
    await says(w, page, '97%');
    await says(w, page, '1 entry');
}

export async function patientWritesAboutMe(w) {
    const page = await w.open('demo-patient', '#/patient/:me/about-me');
    await says(w, page, 'What is most important to me');
    await w.accessible(page, 'About me');
    await w.transcript(page, 'About me');
    await page.click('a:has-text("Change what I wrote")');
    await headed(w, page, 'Change what I wrote');
    await w.accessible(page, 'About me to write');
    const before = await page.inputValue('#about-important');
    w.check('what was written is there', before.includes('garden'), before);
    await page.fill('#about-important', `${before}\nAnd my dog, <b>Biscuit</b>.`);
    await says(w, page, 'Kept on this device');
    await page.click('button:has-text("Save")');
    await says(w, page, 'Saved.');
    await says(w, page, 'And my dog, <b>Biscuit</b>.');
}

export async function doctorReadsAboutMeAndMayNotChangeIt(w) {
    const patient = await w.open('demo-patient', '#/patient/:me/about-me');
    await says(w, patient, 'About me');
    const page = await w.open('demo-gp', `#/patient/${patient.me}/about-me`);
    await says(w, page, 'What is most important to me');
    await says(w, page, 'Written by the patient');
    w.equal('no way to write', await page.locator('a:has-text("Change what I wrote")').count(), 0);
    await page.go(`#/patient/${patient.me}/care`);
    await says(w, page, 'Written by the patient');
    await says(w, page, 'What is most important to me');
    await w.accessible(page, 'care for a doctor');
    await page.go(`#/patient/${patient.me}/own`);
    await says(w, page, 'Readings at home');
    w.equal('nothing to add there', await page.locator('main a:has-text("Add")').count(), 0);
}

export async function patientReadsPlansAndSupport(w) {
    const page = await w.open('demo-patient', '#/patient/:me/care');
    for (const said of [
        'Help to wash and dress', 'Every day at 08:00, for 45 minutes', 'Bluebell Home Care',
        'Every Monday, Wednesday and Friday, for 15 minutes', 'My care and support plan', 'To walk to choir and back by myself',
        'Happening now', 'Help at home', 'Ruth Ainsley',
    ]) {
        await says(w, page, said);
    }
    await w.accessible(page, 'care and support');
    await w.transcript(page, 'care and support');
}

export async function carerReadsButDoesNotWrite(w) {
    const patient = await w.open('demo-patient', '#/patient/:me/own');
    await says(w, patient, 'My own entries');
    const page = await w.open('demo-carer', `#/patient/${patient.me}/own`);
    await headed(w, page, 'What ');
    w.equal('no way to add', await page.locator('main a:has-text("Add")').count(), 0);
    await page.go(`#/patient/${patient.me}/own/add/weight`);
    await says(w, page, 'Only the person whose record this is can write here.');
}

/* Where the patient's record is brought together, they write as well; what is kept elsewhere is read there. */
export async function patientWritesAtTheirPlatform(w) {
    const page = await w.open('demo-patient', '#/patient/:me/own/readings/weight', { at: 'platform' });
    await headed(w, page, 'Weight');
    await says(w, page, 'Sign in there to change it');
    await page.go('#/patient/:me/own/add/weight');
    await page.waitForSelector('form');
    await fill(page, 'value', '78.8');
    await fill(page, 'note', 'Scales at the library');
    await page.click('button:has-text("Continue")');
    await page.click('button:has-text("Save this entry")');
    await says(w, page, 'Your entry is saved');
    await page.go('#/patient/:me/own/readings/weight');
    await says(w, page, 'Scales at the library');
    await w.until('this one can be changed here', async () => (await page.locator('tr:has-text("at the library") a').count()) === 1);
    const practice = await w.open('demo-patient', '#/patient/:me/own/readings/weight');
    await w.untilAsked(practice, 'the practice has it, too', async () =>
        (await main(practice)).includes('Scales at the library'),
    );
}
