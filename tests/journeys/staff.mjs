/* Professionals at the point of care: finding somebody, the record on one page, what is kept from them, writing. */

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const FHIR = 'application/fhir+json';

/* The FHIR interface with the token that the page itself has: what anybody with that role could ask. */
async function tokenOf(page, path = '#/find') {
    if (!page.token) {
        const asked = page.waitForRequest((r) => Boolean(r.headers().authorization));
        await page.go(path);
        page.token = (await asked).headers().authorization;
    }
    return page.token;
}

async function fhir(page, method, path, body, more = {}) {
    const reply = await page.context().request.fetch(`${page.base}/fhir/${path}`, {
        method,
        headers: { authorization: await tokenOf(page), 'content-type': FHIR, accept: FHIR, ...more },
        ...(body ? { data: JSON.stringify(body) } : {}),
    });
    const text = await reply.text();
    return { status: reply.status(), body: text ? JSON.parse(text) : null };
}

const matches = (bundle) =>
    (bundle.entry ?? []).filter((e) => e.search?.mode !== 'outcome').map((e) => e.resource);
const text = (page) => page.innerText('main');
const saved = (page, kind) => page.waitForURL(new RegExp(`saved=${kind}`));
const submit = (page) => page.click('.k-write button[type=submit]');

/* One of today's list that no other story of this file writes about, so that each finds its own words. */
async function somebody(page, row) {
    await page.go('#/find');
    await page.waitForSelector('.k-today tbody tr');
    const href = await page.locator('.k-today tbody tr a').nth(row).getAttribute('href');
    return href.split('/')[2];
}

export async function gpOpensSomebodyOfTodaysList(w) {
    const page = await w.open('demo-gp', '#/find');
    await page.waitForSelector('.k-today tbody tr');
    const rows = await page.locator('.k-today tbody tr').allInnerTexts();
    w.check('the day has appointments', rows.length > 5, rows.length);
    w.check(
        'each with a time, a name, a birth date, a reason and a state',
        rows.every((r) => /\d\d:\d\d/.test(r) && /[A-Z]{2,}, /.test(r) && /Born \d\d-/.test(r) && /Booked|Arrived|Seen/.test(r)),
        rows[0],
    );
    await w.accessible(page, 'find a person');
    const name = await page.locator('.k-today tbody tr a').first().innerText();
    await page.locator('.k-today tbody tr a').first().click();
    await page.waitForSelector('#h-allergies');
    w.check('the record is theirs', (await page.innerText('.k-banner__name')).includes(name), name);
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    await page.waitForSelector('.k-opened');
    w.check('who was opened is there again', (await page.innerText('.k-opened')).includes(name), name);
}

export async function receptionistTellsNamesakesApart(w) {
    const page = await w.open('demo-reception', '#/find');
    const family = `Zwilling${Array.from(String(Date.now()).slice(-6), (d) => 'abcdefghij'[d]).join('')}`;
    const person = (given, birthDate, number) => ({
        resourceType: 'Patient',
        active: true,
        identifier: [{ system: NHS_NUMBER, value: number }],
        name: [{ use: 'official', family, given: [given] }],
        gender: 'female',
        birthDate,
    });
    const numbers = [];
    for (const [given, born] of [['Anna', '1980-03-04'], ['Anna', '1980-04-03'], ['Berta', '1980-03-04']]) {
        numbers.push(nhsNumber());
        const made = await fhir(page, 'POST', 'Patient', person(given, born, numbers.at(-1)));
        w.equal(`${given} is registered`, made.status, 201);
    }
    await page.go('#/find');
    await page.fill('#search', family);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.k-person');
    const cards = await page.locator('.k-person').allInnerTexts();
    w.equal('three are found', cards.length, 3);
    w.equal(
        'the two who could be taken for one another are marked',
        cards.filter((c) => c.includes('same name and a birth date like this one')).length,
        2,
    );
    await w.accessible(page, 'people of one name');
    const groups = numbers[2].replace(/(...)(...)(....)/, '$1 $2 $3');
    await page.fill('#search', groups);
    await page.keyboard.press('Enter');
    await w.until('a number finds one person', async () => (await page.locator('.k-person').count()) === 1);
    const found = await text(page);
    w.check(
        'with name and birth date, and the word to check them',
        found.includes(family.toUpperCase()) && found.includes('04-Mar-1980') && found.includes('Check the name and the date of birth'),
        found,
    );
    const wrong = groups.slice(0, -1) + ((Number(groups.at(-1)) + 1) % 10);
    await page.fill('#search', wrong);
    await page.keyboard.press('Enter');
    await w.until('a slip in a number is told', async () => (await text(page)).includes('is not an NHS number'));
}

/* Numbers that begin with 999 are never issued. */
function nhsNumber() {
    for (;;) {
        const digits = `999${String(Math.floor(Math.random() * 1e6)).padStart(6, '0')}`;
        const sum = [...digits].reduce((n, d, i) => n + Number(d) * (10 - i), 0);
        const check = (11 - (sum % 11)) % 11;
        if (check < 10) {
            return digits + check;
        }
    }
}

export async function gpSeesWhatMattersFirst(w) {
    const page = await w.open('demo-gp', '#/find');
    const id = page.account.patient ?? (await patientOfTheStory(page));
    await page.go(`#/patient/${id}`);
    await page.waitForSelector('#h-allergies');
    const headings = await page.locator('main h2').allInnerTexts();
    w.check(
        'allergies stand first, then alerts, medicines, problems, results',
        ['Allergies', 'Alerts', 'Current medicines', 'Active problems', 'Latest results'].every((h, i) => headings[i]?.startsWith(h)),
        headings,
    );
    await w.until('all places have been asked', async () => /places? (have|holds)/.test(await page.innerText('.k-answered')));
    const shown = await text(page);
    w.check('an alert is there', shown.includes('Hard of hearing'), shown.slice(0, 600));
    w.check(
        'what nobody has recorded is not taken for what is not so',
        !/^None$/m.test(shown) && /No allergies recorded\.|No known allergies|Reaction/.test(shown),
    );
    await w.until('who looks after them comes with telephones', async () => /01632/.test(await page.innerText('section[aria-labelledby=h-team]')));
    const sources = await page.locator('.k-item__source').allInnerTexts();
    w.check('things say how old they are', sources.filter((s) => /ago|today|yesterday/.test(s)).length > 3, sources);
    await w.accessible(page, 'summary for professionals');
    await w.transcript(page, 'summary for professionals');
    await page.click('text=Compact');
    w.equal('it can be compact', await page.locator('.k-dense').count(), 1);
    await page.click('text=Compact');
    await page.evaluate(() => {
        window.print = () => {
            window.printed = document.querySelector('main').innerText;
            dispatchEvent(new Event('afterprint'));
        };
    });
    await page.click('text=Print pack');
    await w.until('the print pack says who printed it', async () => (await page.evaluate(() => window.printed ?? '')).includes('Printed by'));
}

async function patientOfTheStory(page) {
    const reply = await page.context().request.get(`${page.base}/auth/demo`);
    const { accounts } = await reply.json();
    const name = accounts.find((a) => a.login === 'demo-patient').name.split(' ').at(-1);
    const found = matches((await fhir(page, 'GET', `Patient?name=${encodeURIComponent(name)}&_count=50`)).body);
    const full = accounts.find((a) => a.login === 'demo-patient').name;
    return found.find((p) => p.name[0].text === full).id;
}

export async function socialWorkerIsToldThatSomethingIsWithheld(w) {
    const page = await w.open('demo-social', '#/find');
    await page.go(`#/patient/${await patientOfTheStory(page)}`);
    await page.waitForSelector('#withheld');
    w.check('never what it is', !/Chlamydia/i.test(await text(page)));
    w.equal('one press from what can be done', await page.locator('text=See what is withheld').count(), 1);
    await w.accessible(page, 'a record with something withheld');
    const links = await page.locator('.k-jump a').allInnerTexts();
    w.check('they may write notes', links.includes('Note') && links.includes('Task'), links);
    await page.go('#/find');
    await page.waitForSelector('h1');
}

/* Somebody whose record this professional does not see, and whom no other story opens. */
async function closedRecord(page) {
    const story = await patientOfTheStory(page);
    const found = matches((await fhir(page, 'GET', 'Patient?deceased=false&_count=60&_sort=birthdate')).body);
    for (const { id } of found) {
        if (id !== story && (await fhir(page, 'GET', `Patient/${id}/$withheld`)).status === 403) {
            return id;
        }
    }
    throw new Error('nobody here has a closed record');
}

export async function doctorOpensARecordInAnEmergency(w) {
    const page = await w.open('demo-hospital', '#/find', { at: 'hospital', fresh: true });
    await page.go(`#/patient/${await closedRecord(page)}`);
    await page.waitForSelector('text=Is this person in your care?');
    w.check('nothing of the record is said', !/No allergies recorded|No known allergies/.test(await text(page)));
    await page.click('button:has-text("Say why you have to see it")');
    await page.waitForSelector('dialog[open]');
    await page.check('input[name=glass-way][value=open]');
    await page.check('input[name=glass-reason][value=emergency]');
    await page.click('dialog button:has-text("See the record")');
    await page.waitForSelector('#h-allergies');
    await w.until('it is told how long it stays open', async () => /It closes in \d+ minutes/.test(await text(page)));
    await w.accessible(page, 'a record opened in an emergency');
}

export async function nurseOrGpWritesANoteFromATemplate(w) {
    const page = await w.open('demo-gp', '#/find');
    const id = await somebody(page, 0);
    await page.go(`#/patient/${id}/write`);
    await page.waitForSelector('text=Blood pressure check');
    await w.accessible(page, 'what can be written');
    await page.click('text=Blood pressure check');
    await page.waitForSelector('#entry-systolic');
    w.equal('the template has filled the reason', await page.inputValue('#entry-reason'), 'Blood pressure check');
    await page.fill('#entry-systolic', '152');
    await submit(page);
    await page.waitForSelector('.nhsuk-error-summary');
    w.check('what is missing is said', (await page.innerText('.nhsuk-error-summary')).includes('both numbers'));
    await w.accessible(page, 'a note with a problem');
    await page.fill('#entry-diastolic', '94');
    const words = `Sat down for five minutes ${Date.now()}`;
    const typed = Date.now();
    await page.fill('#entry-history', words);
    await w.until('the words are kept', async () => (await text(page)).includes('Kept on this device'));
    w.check('within five seconds', Date.now() - typed < 5000, Date.now() - typed);
    await submit(page);
    await saved(page, 'note');
    await w.until('it is said', async () => (await text(page)).includes('Saved: note'));
    await w.until('the reading is among the results', async () => (await text(page)).includes('152/94'));
    const notes = matches((await fhir(page, 'GET', `Composition?patient=${id}&_sort=-date&_count=5`)).body);
    const note = notes.find((n) => JSON.stringify(n.section).includes(words));
    w.check('the note is stored with its visit', Boolean(note?.encounter?.reference), note);
    w.check('a prompt that nobody answered is not', !JSON.stringify(note?.section).includes('Next check'));
    const readings = matches((await fhir(page, 'GET', `Observation?encounter=${note?.encounter?.reference}`)).body);
    w.equal('and both numbers are one reading of it', readings[0]?.component?.length, 2);
}

export async function gpCodesAnAllergyByKeyboardAlone(w) {
    const page = await w.open('demo-gp', '#/find');
    const id = await somebody(page, 1);
    const name = await page.locator('.k-today tbody tr a').nth(1).innerText();
    await w.keys(page, '/');
    await w.until('/ leads to the search box', () => page.evaluate(() => document.activeElement.id === 'search'));
    await w.keys(page, 'ArrowDown', 'ArrowDown');
    await w.until('the arrows lead to the second person', () => page.evaluate((n) => document.activeElement.textContent === n, name));
    await w.keys(page, 'Enter');
    await page.waitForSelector('#h-allergies');
    await w.keys(page, '?');
    await page.waitForSelector('.k-keys');
    await page.goBack();
    await page.waitForSelector('#h-allergies');
    await w.keys(page, 'g', 'w');
    await page.waitForSelector('.k-choose');
    await w.tabTo(page, 'Allergy');
    await w.keys(page, 'Enter');
    await page.waitForSelector('#entry-code');
    await w.tabTo(page, 'What are they allergic to?');
    await page.keyboard.type('flucl');
    await page.waitForSelector('#entry-code-list [role=option]');
    w.equal('letters are words while somebody types', await page.inputValue('#entry-code'), 'flucl');
    await w.keys(page, 'ArrowDown');
    const active = await page.getAttribute('#entry-code', 'aria-activedescendant');
    w.equal('what is chosen is said', await page.innerText(`#${active}`), 'Flucloxacillin');
    await w.accessible(page, 'suggestions');
    await page.focus('#entry-code');
    await w.keys(page, 'Enter');
    await w.until('it is coded', async () => (await page.innerText('#entry-code-state')).includes('387544009'));
    await w.tabTo(page, 'In the person’s own words');
    await page.keyboard.type('the flu tablets');
    await w.tabTo(page, 'What happens?');
    await page.keyboard.type('came out in lumps');
    await w.until('words without a code are kept as they are', async () => /your words are kept/.test(await page.innerText('#entry-reaction-state')));
    await w.tabTo(page, 'Continue');
    await w.keys(page, 'Enter');
    await w.until('it is shown once more', async () => (await text(page)).includes('Check before you save'));
    await w.accessible(page, 'check before you save');
    await w.tabTo(page, 'Save');
    await w.keys(page, 'Enter');
    await saved(page, 'allergy');
    await w.until('the banner has it', async () => (await page.innerText('.k-banner')).includes('Flucloxacillin'));
    const all = matches((await fhir(page, 'GET', `AllergyIntolerance?patient=${id}`)).body);
    const made = all.find((a) => a.code?.coding?.[0]?.code === '387544009');
    w.equal('what the person says stands beside the code', made?.extension?.[0]?.valueString, 'the flu tablets');
    w.check('what has no code has none', made?.reaction?.[0]?.manifestation?.[0]?.coding === undefined, made);

    await page.go(`#/patient/${id}/write/medicine`);
    await page.fill('#entry-code', 'flucl');
    await page.waitForSelector('#entry-code-list [role=option]');
    await page.click('#entry-code-list [role=option]');
    await w.until('the same substance as a medicine is told', async () => (await text(page)).includes('recorded as an allergy of this person'));
    await page.go('#/keys');
    await page.click('text=Turn single keys off');
    await w.keys(page, 'g', 'f');
    await page.waitForTimeout(200);
    w.check('keys that are off do nothing', page.url().endsWith('#/keys'), page.url());
    await w.accessible(page, 'keys');
    await page.click('text=Turn single keys on');
}

export async function twoPeopleChangeOneEntry(w) {
    const page = await w.open('demo-gp', '#/find');
    const id = await somebody(page, 2);
    await page.go(`#/patient/${id}/write/problem`);
    const problem = `Pain in the knee ${Date.now()}`;
    await page.fill('#entry-code', problem);
    await page.fill('#entry-note', 'At night');
    await submit(page);
    await saved(page, 'problem');
    const stored = matches((await fhir(page, 'GET', `Condition?patient=${id}&_count=100`)).body).find((c) => c.code.text === problem);
    await page.go(`#/patient/${id}/change/Condition/${stored.id}`);
    await page.waitForSelector('#entry-note');
    await page.fill('#entry-note', 'At night and in the morning');
    await page.fill('#entry-onset', 'March 2024');
    const theirs = await fhir(
        page,
        'PATCH',
        `Condition/${stored.id}`,
        [
            { op: 'add', path: '/note', value: [{ text: 'After sport' }] },
            { op: 'add', path: '/severity', value: { text: 'Mild' } },
            { op: 'add', path: '/verificationStatus', value: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'provisional' }] } },
        ],
        { 'content-type': 'application/json-patch+json', 'if-match': `W/"${stored.meta.versionId}"` },
    );
    w.equal('a colleague is quicker', theirs.status, 200);
    await submit(page);
    await page.waitForSelector('#conflict');
    const both = await page.innerText('.k-conflict');
    w.check('both versions are shown', both.includes('At night and in the morning') && both.includes('After sport') && both.includes('Provisional'), both);
    await w.accessible(page, 'two versions of an entry');
    await page.click('text=Save what I chose');
    await page.waitForSelector('.k-conflict .nhsuk-error-summary');
    await page.check('#conflict-note');
    await page.click('text=Save what I chose');
    await saved(page, 'problem');
    const now = (await fhir(page, 'GET', `Condition/${stored.id}`)).body;
    w.equal('what was chosen stands', now.note[0].text, 'At night and in the morning');
    w.equal('what only one changed, too', now.onsetDateTime, '2024-03');
    w.equal('and what only the other changed', now.verificationStatus.coding[0].code, 'provisional');
    w.equal('and what no form has', now.severity.text, 'Mild');
}

export async function sessionEndsInTheMiddleOfASentence(w) {
    const page = await w.open('demo-gp', '#/find', { fresh: true });
    const id = await somebody(page, 3);
    await page.go(`#/patient/${id}/write/note`);
    await page.waitForSelector('#entry-reason');
    const words = `Half a sentence that ${Date.now()}`;
    await page.fill('#entry-reason', words);
    await page.fill('#entry-plan', 'and more');
    await w.until('it is kept', async () => (await text(page)).includes('Kept on this device'));
    await page.context().clearCookies();
    /* the token in memory would live a little longer; the session's end takes it, too */
    await page.route('**/fhir/**', (route) => route.fulfill({ status: 401, contentType: FHIR, body: '{"resourceType":"OperationOutcome"}' }));
    await submit(page);
    await page.waitForSelector('.k-demo');
    await page.unroute('**/fhir/**');
    await page.click(`button:has-text("Sign in as ${page.account.name}")`);
    await page.waitForSelector('#entry-reason');
    await w.until('the words are there again', async () => (await page.inputValue('#entry-reason')) === words);
    w.check('it is said that they were not sent', (await text(page)).includes('You had not sent them'));
    await submit(page);
    await saved(page, 'note');
    page.token = '';
    const notes = matches((await fhir(page, 'GET', `Composition?patient=${id}&_count=50`)).body);
    w.equal('and are sent once', notes.filter((n) => n.title === words).length, 1);
}

export async function anAnswerThatIsLostWritesNothingTwice(w) {
    const page = await w.open('demo-gp', '#/find');
    const id = await somebody(page, 4);
    await page.go(`#/patient/${id}/write/task`);
    const words = `Ring the pharmacy ${Date.now()}`;
    await page.fill('#entry-words', words);
    await page.fill('#entry-owner', page.account.name.split(' ').at(-1));
    await page.waitForSelector('#entry-owner-list [role=option]');
    await submit(page);
    await page.waitForSelector('.nhsuk-error-summary');
    w.check('a task needs exactly one owner', (await page.innerText('.nhsuk-error-summary')).includes('a task has one owner'));
    await page.focus('#entry-owner');
    await w.keys(page, 'ArrowDown');
    await page.waitForSelector('#entry-owner-list [role=option]');
    await w.keys(page, 'ArrowDown', 'Enter');
    await w.until('somebody is chosen', async () => (await page.innerText('#entry-owner-state')).includes('Chosen'));
    let lost = 0;
    await page.route('**/$ask', async (route) => {
        await route.fetch();
        lost++;
        await route.abort();
    });
    await submit(page);
    await page.waitForSelector('text=This service does not answer');
    w.equal('the node has taken it, and nobody knows', lost, 1);
    w.equal('the words stand', await page.inputValue('#entry-words'), words);
    await page.unroute('**/$ask');
    await submit(page);
    await saved(page, 'task');
    const tasks = matches((await fhir(page, 'GET', `Task?patient=${id}&_count=100`)).body);
    w.equal('it is there once', tasks.filter((t) => t.description === words).length, 1);
    await page.go('#/inbox');
    await w.until('and in the inbox of whoever owns it', async () => (await text(page)).includes(words));
}

export async function theNodeRestartsWhileSomebodyWrites(w) {
    if (!w.demo.folder) {
        return; /* a demonstration that runs already is not stopped */
    }
    const page = await w.open('demo-social', '#/find', { at: 'council', fresh: true });
    const id = await somebody(page, 0);
    await page.go(`#/patient/${id}/write/note?template=support`);
    await page.waitForSelector('#entry-plan');
    const words = `Ramp at the back door ${Date.now()}`;
    await page.fill('#entry-plan', words);
    await w.until('it is kept', async () => (await text(page)).includes('Kept on this device'));
    await w.place('council', 'stop');
    await submit(page);
    await page.waitForSelector('.nhsuk-error-summary');
    w.check('it is said that the node does not answer', (await text(page)).includes('does not answer'));
    w.equal('the words stand', await page.inputValue('#entry-plan'), words);
    await w.place('council', 'run');
    await w.until('the node is back', async () => (await page.context().request.get(`${page.base}/fhir/metadata`)).ok());
    await page.go(`#/patient/${id}/write/note?template=support`);
    await w.until('the words are there again', async () => {
        if (await page.locator('.k-demo').count()) {
            await page.click(`button:has-text("Sign in as ${page.account.name}")`);
        }
        return (await page.inputValue('#entry-plan')) === words;
    });
    await submit(page);
    await saved(page, 'note');
}

export async function suggestionsComeAtOnce(w) {
    const page = await w.open('demo-gp', '#/find');
    const authorization = await tokenOf(page);
    const typed = ['as', 'ast', 'hy', 'hyp', 'di', 'dia', 'ch', 'ecz', 'mi', 'mig'];
    const urls = ['https://kith.care/fhir/ValueSet/pick-problem', 'http://snomed.info/sct?fhir_vs=ecl/<<404684003'];
    const ask = async (path) => {
        const at = performance.now();
        const reply = await fetch(`${page.base}/${path}`, { headers: { authorization, accept: FHIR } });
        await reply.text();
        return { ok: reply.status === 200, ms: performance.now() - at };
    };
    const most = (times) => times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)];
    /* what else the machine does meanwhile adds to both: beside each question stands one that costs nothing */
    let best = Infinity;
    let refused = 0;
    for (let round = 0; round < 6 && best > 50; round++) {
        const [asked, nothing] = [[], []];
        for (const url of urls) {
            for (const filter of typed) {
                const one = await ask(`fhir/ValueSet/$expand?${new URLSearchParams({ url, filter, count: '10' })}`);
                asked.push(one.ms);
                refused += one.ok ? 0 : 1;
                nothing.push((await ask('auth/session')).ms);
            }
        }
        best = Math.min(best, most(asked) - most(nothing));
    }
    w.equal('no question is refused', refused, 0);
    w.check('95 of 100 within 50 ms', best <= 50, `${best.toFixed(1)} ms`);
}

/* Whom the page of this place names as looking after somebody, with the telephones. */
const lookAfter = (page) => page.innerText('section[aria-labelledby=h-team]');
const everybody = async (page) => {
    const more = page.locator('section[aria-labelledby=h-team] button');
    if (await more.count()) {
        await more.first().click();
    }
};

/* The same person at another place, which has its own id for them. */
async function atThisPlace(page, patient) {
    const { value } = patient.identifier.find((i) => i.system === NHS_NUMBER);
    return matches((await fhir(page, 'GET', `Patient?identifier=${NHS_NUMBER}|${value}`)).body)[0].id;
}

export async function hospitalAsksWhoLooksAfterThemAtDischarge(w) {
    const ward = await w.open('demo-hospital', '#/find', { at: 'hospital' });
    const id = await somebody(ward, 0);
    const { body: patient } = await fhir(ward, 'GET', `Patient/${id}`);
    await ward.go(`#/patient/${id}/write`);
    await ward.click('text=Discharge from hospital');
    await ward.waitForSelector('#entry-carer');
    await ward.fill('#entry-plan', 'The practice is asked to look at the wound on Friday.');
    await submit(ward);
    await ward.waitForSelector('.nhsuk-error-summary');
    w.check(
        'nobody goes home before somebody has asked',
        (await ward.innerText('.nhsuk-error-summary')).includes('Choose who looks after the person at home'),
    );
    w.equal('who it is has not been asked yet', await ward.locator('#entry-carerName').count(), 0);
    await w.accessible(ward, 'a discharge without a carer');
    await ward.selectOption('#entry-carer', { label: 'Somebody who is not in this list' });
    const carer = `Mary Khan ${Date.now() % 100000}`;
    await ward.fill('#entry-carerName', carer);
    await ward.selectOption('#entry-carerRelation', { label: 'Daughter' });
    await ward.fill('#entry-carerPhone', '01632 960983');
    await w.accessible(ward, 'a discharge with somebody new');
    await submit(ward);
    await saved(ward, 'note');
    await w.until('the ward sees her', async () => {
        await everybody(ward);
        return (await lookAfter(ward)).includes(carer);
    });
    const notes = matches((await fhir(ward, 'GET', `Composition?patient=${id}&_sort=-date&_count=1`)).body);
    w.equal('it is a discharge summary', notes[0]?.type?.coding?.[0]?.code, '373942005');
    w.check('that names her', JSON.stringify(notes[0]?.section ?? '').includes(`${carer}, daughter, 01632 960983`), notes[0]?.section);
    const people = matches((await fhir(ward, 'GET', `RelatedPerson?patient=${id}&name=Mary`)).body);
    w.equal('she is one person', people.filter((p) => p.name[0].text === carer).length, 1);

    const gp = await w.open('demo-gp', '#/find');
    const here = await atThisPlace(gp, patient);
    await gp.go(`#/patient/${here}`);
    await w.untilAsked(gp, 'the practice sees her, with her telephone', async () => {
        await everybody(gp);
        const said = await lookAfter(gp);
        return said.includes(carer) && said.includes('unpaid carer') && said.includes('01632 960983');
    });
    await gp.go(`#/patient/${here}/write/note?template=discharge`);
    await w.untilAsked(gp, 'she need not be written down again', async () =>
        (await gp.locator('#entry-carer option').allInnerTexts()).includes(`${carer}, daughter`),
    );
}

export async function councilRecordsACarerWhomThePracticeSees(w) {
    const council = await w.open('demo-social', '#/find', { at: 'council' });
    const id = await somebody(council, 0);
    const { body: patient } = await fhir(council, 'GET', `Patient/${id}`);
    /* by way of a page that has read all there is */
    await council.go(`#/patient/${id}/timeline`);
    await council.waitForSelector('.k-timeline__count');
    await council.click('text=Care and support');
    await council.click('text=Add a contact or carer');
    await council.waitForSelector('#entry-name');
    await w.until('nobody is named yet', async () => (await text(council)).includes('in the record: nobody yet'));
    const name = `Omar Ferris ${Date.now() % 100000}`;
    await council.fill('#entry-name', name);
    await council.fill('#entry-phone', 'after six');
    await submit(council);
    await w.until('what is no telephone number is told', async () =>
        (await council.innerText('.nhsuk-error-summary')).includes('Enter a telephone number'),
    );
    await council.fill('#entry-phone', '01632 960417');
    await council.selectOption('#entry-relation', { label: 'Neighbour' });
    await council.selectOption('#entry-carer', { label: 'Yes' });
    await w.accessible(council, 'a new carer');
    await submit(council);
    await saved(council, 'contact');

    const gp = await w.open('demo-gp', '#/find');
    const here = await atThisPlace(gp, patient);
    await gp.go(`#/patient/${here}/care`);
    await w.untilAsked(gp, 'the practice sees them, with what they do', async () => {
        const said = await gp.innerText('section[aria-labelledby=h-contacts]');
        return said.includes(name) && said.includes('Looks after them, unpaid') && said.includes('01632 960417');
    });
    await gp.go(`#/patient/${here}/write/contact`);
    await gp.fill('#entry-name', name.toUpperCase());
    await w.untilAsked(gp, 'and is told not to write them down twice', async () => (await text(gp)).includes(`${name} is in the record already`));
    await w.accessible(gp, 'somebody who is in the record already');

    await council.go(`#/patient/${id}/care`);
    await council.click(`text=Change ${name}`);
    await council.waitForSelector('#entry-phone');
    await council.fill('#entry-phone', '01632 960418');
    await w.accessible(council, 'changing a contact');
    await submit(council);
    await saved(council, 'contact');
    const [person] = matches((await fhir(council, 'GET', `RelatedPerson?patient=${id}&name=Omar&_sort=-_lastUpdated`)).body);
    w.equal('the number is changed', person?.telecom?.[0]?.value, '01632 960418');
    w.check('and the rest is as it was', person?.relationship?.some((r) => r.coding?.[0]?.code === 'Carer'), person?.relationship);
}

export async function socialWorkerStartsAReviewFromWhatWasSaidLastTime(w) {
    const page = await w.open('demo-social', '#/find', { at: 'council' });
    const id = await somebody(page, 3);
    const form = `#/patient/${id}/write/note?template=support`;
    await page.go(form);
    await page.waitForSelector('#entry-history');
    const cats = `Her two cats ${Date.now() % 100000}`;
    await page.fill('#entry-history', `What matters to the person: ${cats}\nWhat goes well: Walks every day\nWhat is hard: \nCarer’s view: Tired`);
    await page.fill('#entry-plan', 'Who does what, by when: Bo asks about a stair lift, by June');
    await submit(page);
    await saved(page, 'note');

    await page.go(form);
    await page.click('text=Start from what was written then');
    await w.until('it is said whose words these are', async () => (await text(page)).includes('Ask whether they still hold'));
    w.check('the focus is where they are', await page.evaluate(() => document.activeElement.id === 'entry-history'));
    const history = await page.inputValue('#entry-history');
    w.check('what was said is there', history.includes(cats) && history.includes('Carer’s view: Tired'), history);
    w.check('what was not is asked again', /What is hard: *(\n|$)/.test(history), history);
    w.check('and who does what', (await page.inputValue('#entry-plan')).includes('a stair lift, by June'));
    await w.accessible(page, 'a review that starts from last time');
}
