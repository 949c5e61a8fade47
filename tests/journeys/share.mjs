/* Letters with their originals, images, sharing by a link, taking everything away, printing. */
import { readFileSync } from 'node:fs';

const words = (page, at = 'main') => page.innerText(at);

/* Presses what saves a file; its name and bytes. */
async function saved(page, press) {
    const [file] = await Promise.all([page.waitForEvent('download'), press()]);
    return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

export async function patientReadsALetterAndOpensTheOriginal(w) {
    const page = await w.open('demo-patient', '#/patient/:me/letters');
    await page.waitForSelector('table');
    w.check('letters say who sent them', (await words(page)).includes('Knee clinic letter'));
    await w.accessible(page, 'letters');
    await page.click('text=Knee clinic letter');
    await page.waitForSelector('h1:has-text("Knee clinic letter")');
    const text = await words(page);
    w.check('its words come first', text.indexOf('physiotherapist will call you') < text.indexOf('Open the original'));
    const { name, bytes } = await saved(page, () => page.click('button:has-text("Open the original (PDF")'));
    w.check('the original is saved under a name that says what it is', /^\d{4}-\d\d-\d\d Knee clinic letter.*\.pdf$/.test(name), name);
    w.check('it is a PDF', bytes.subarray(0, 5).toString() === '%PDF-' && bytes.subarray(-6).toString() === '%%EOF\n');
    w.check('and has the words', bytes.includes('physiotherapist'));
    await w.accessible(page, 'letter');
    await w.transcript(page, 'letter');
}

export async function patientSeesThePictureOfALetter(w) {
    const page = await w.open('demo-patient', '#/patient/:me/letter/demo-letter-ecg');
    await page.waitForSelector('img.k-picture');
    const size = await page.$eval('img.k-picture', (i) => i.decode().then(() => [i.naturalWidth, i.naturalHeight, i.alt]));
    w.check('the picture is drawn, and has words', size[0] === 800 && size[1] === 240 && size[2].length > 10, size);
    const { bytes } = await saved(page, () => page.click('button:has-text("Open the original (PNG")'));
    w.equal('its file is a PNG', bytes.subarray(1, 4).toString(), 'PNG');
}

export async function patientFindsTheirImages(w) {
    const page = await w.open('demo-patient', '#/patient/:me/images');
    await page.waitForSelector('.k-studies');
    const text = await words(page);
    for (const part of ['X-ray of the right knee', 'Knee', 'Mild wear', 'You cannot open the pictures here yet', 'There is no report yet']) {
        w.check(`it says ${part}`, text.includes(part));
    }
    await w.accessible(page, 'images');
    await page.click('a:has-text("Read the report of X-ray of the right knee")');
    await w.until('the report opens', async () => (await words(page)).includes('Mild wear of the joint'));
}

async function fillShare(page, { what, time = '1 day', label, passcode }) {
    await page.waitForSelector('#label');
    await page.check(`label:has-text("${what}")`);
    await page.check(`label:text-is("${time}")`);
    await page.fill('#label', label);
    if (passcode) {
        await page.fill('#passcode', passcode);
    }
}

const linkOf = async (page) => {
    await page.waitForSelector('#made-link');
    return page.inputValue('#made-link');
};

/* Somebody else, elsewhere, with no session. */
async function stranger(w, link) {
    const page = await w.open('', link.slice(link.indexOf('#')));
    page.asked = [];
    page.on('request', (r) => page.asked.push(`${r.url()} ${r.postData() ?? ''}`));
    return page;
}

export async function patientSharesASummaryWithTheirDentist(w) {
    const page = await w.open('demo-patient', '#/patient/:me/share');
    await page.waitForSelector('#label');
    await page.click('button:has-text("Make the link")');
    await page.waitForSelector('.nhsuk-error-summary');
    w.check('it says what is missing', (await words(page, '.nhsuk-error-summary')).includes('Enter who it is for'));
    await fillShare(page, { what: 'A summary', label: 'For my dentist' });
    await page.waitForSelector('#h-preview');
    const preview = await words(page, 'section[aria-labelledby="h-preview"]');
    w.check('it shows what they will see', preview.includes('Vaccinations'), preview.slice(0, 300));
    await w.accessible(page, 'share');
    await page.click('button:has-text("Make the link")');
    const link = await linkOf(page);
    w.check('the link opens at this node', link.startsWith(`${page.base}/#shlink:/`), link.slice(0, 80));
    w.check('there is a code to scan', await page.isVisible('svg.k-qr'));
    w.check('it is focused', (await page.evaluate(() => document.activeElement?.id)) === 'h-done');
    await w.accessible(page, 'link made');

    const other = await stranger(w, link);
    await other.waitForSelector('#recipient');
    w.check('whoever has it reads for whom it is', (await words(other)).includes('For my dentist'));
    await w.accessible(other, 'shared, locked');
    await other.fill('#recipient', 'Dr Tooth, Aldermarsh Dental');
    await other.click('button:has-text("Open it")');
    await other.waitForSelector('#h-contents');
    const seen = await words(other);
    const lacking = preview.split('\n').filter((l) => l && l !== 'What they will see' && !seen.includes(l));
    w.equal('they see what was previewed', lacking.join('; '), '');
    w.check('and nothing about a letter', !seen.includes('Knee clinic letter'));
    w.check('they are told that it is a copy, and until when', seen.includes('This is a copy') && seen.includes('You can open it until'));
    const key = JSON.parse(Buffer.from(link.split('shlink:/')[1], 'base64url').toString()).key;
    w.check('the key was never sent', other.asked.length > 0 && !other.asked.some((r) => r.includes(key)));
    await w.accessible(other, 'shared, open');
    await w.transcript(other, 'shared by a link');

    await page.go('#/patient/:me/share');
    await w.until('the list says who opened it', async () => {
        const list = await words(page, 'section[aria-labelledby="h-links"]');
        return list.includes('Opened once') && list.includes('Dr Tooth, Aldermarsh Dental');
    });
    await page.click('button:has-text("End this link")');
    await page.click('dialog button:has-text("End this link")');
    await w.until('it says that it has ended', async () => (await words(page)).includes('The link has ended'));
    const again = await stranger(w, link);
    await again.fill('#recipient', 'Dr Tooth');
    await again.click('button:has-text("Open it")');
    await w.until('nobody opens it any more', async () => (await words(again)).includes('This link is not open'));
    await page.go('#/people/:me/access');
    await w.until('the opening stands in the list of who looked', async () =>
        (await words(page)).includes('Dr Tooth, Aldermarsh Dental'));
}

export async function patientSharesOneLetterWithAPasscode(w) {
    const page = await w.open('demo-patient', '#/patient/:me/letter/demo-letter-knee');
    await page.click('a:has-text("Share this")');
    await fillShare(page, { what: 'Only this', time: '1 hour', label: 'For my physio', passcode: 'blue kite' });
    await page.click('button:has-text("Make the link")');
    const link = await linkOf(page);
    w.check('it says that they need the passcode', (await words(page)).includes('They need the passcode'));
    const other = await stranger(w, link);
    await other.fill('#recipient', 'Sam, physiotherapist');
    await other.fill('#passcode', 'red kite');
    await other.click('button:has-text("Open it")');
    await w.until('a wrong passcode says how many tries are left', async () => (await words(other)).includes('You can try 4 more times'));
    await other.fill('#passcode', 'blue kite');
    await w.keys(other, 'Enter');
    await w.until('the right one opens it', async () => (await words(other)).includes('physiotherapist will call you'));
    const { bytes } = await saved(other, () => other.click('button:has-text("Open the original (PDF")'));
    w.equal('with the file that it came as', bytes.subarray(0, 5).toString(), '%PDF-');
    await page.click('button:has-text("End this link now")');
    await w.until('it ends from where it was made', async () => (await words(page)).includes('The link has ended'));
}

export async function strangerHasHalfALink(w) {
    const page = await w.open('', '#shlink:/eyJ1cmwi');
    w.check('it says that the link is not complete', (await words(page)).includes('This link is not complete'));
    await w.accessible(page, 'half a link');
}

export async function carerCannotShareForSomebodyElse(w) {
    const patient = await w.signedIn('demo-patient', 'gp');
    const page = await w.open('demo-carer', `#/patient/${patient.account.patient}/share`);
    await w.until('it says why', async () => (await words(page)).includes('Only the person themself can share their record'));
    await page.go(`#/patient/${patient.account.patient}/letter/demo-letter-knee`);
    await page.waitForSelector('h1');
    w.equal('nor is there a link to it', await page.locator('a:has-text("Share this")').count(), 0);
}

/* The names and bytes in an archive whose files are stored as they are. */
function unzip(bytes) {
    const files = new Map();
    for (let at = 0; bytes.readUInt32LE(at) === 0x04034b50; ) {
        const size = bytes.readUInt32LE(at + 18);
        const name = bytes.readUInt16LE(at + 26);
        const from = at + 30 + name;
        files.set(bytes.subarray(at + 30, from).toString(), bytes.subarray(from, from + size));
        at = from + size;
    }
    return files;
}

export async function patientTakesEverythingAway(w) {
    const page = await w.open('demo-patient', '#/patient/:me/download');
    await page.waitForSelector('button:has-text("Make my file")');
    await w.until('it says who has answered', async () => /have answered|did not answer/.test(await words(page)));
    await w.accessible(page, 'download');
    const { name, bytes } = await saved(page, () => page.click('button:has-text("Make my file")'));
    w.check('it is one archive', /^health record \d{4}-\d\d-\d\d\.zip$/.test(name), name);
    const files = unzip(bytes);
    const data = JSON.parse(files.get('record.json').toString());
    const types = new Set(data.entry.map((e) => e.resource.resourceType));
    w.check('everything is in it as FHIR', ['Patient', 'Observation', 'DocumentReference', 'MedicationRequest'].every((t) => types.has(t)), [...types]);
    w.check('with ids that FHIR knows', data.entry.every((e) => /^[A-Za-z0-9.-]{1,64}$/.test(e.resource.id)));
    w.check('numbers are numbers', data.entry.every((e) => typeof (e.resource.valueQuantity?.value ?? 0) === 'number'));
    const html = files.get('record.html').toString();
    w.check('as a page to read, without scripts', html.includes('Knee clinic letter') && !/<script/i.test(html));
    const names = [...files.keys()];
    w.check('letters with their originals', names.some((n) => /^letters\/.*Knee clinic letter.*\.pdf$/.test(n)), names);
    w.check('and who has answered', files.get('read me.txt').toString().includes('From:'), files.get('read me.txt').toString());
    await w.until('the page says where it is', async () => (await words(page)).includes('Look in your downloads'));
}

export async function patientPrintsALetterInLargeLetters(w) {
    const page = await w.open('demo-patient', '#/patient/:me/letter/demo-letter-knee');
    await page.evaluate(() => {
        window.print = () => {
            window.printed = document.documentElement.dataset.print ?? 'as it is';
        };
    });
    await page.click('button:has-text("Print in large letters")');
    w.equal('it prints large', await page.evaluate(() => window.printed), 'large');
    await page.emulateMedia({ media: 'print' });
    const size = (at) => page.$eval(at, (e) => parseFloat(getComputedStyle(e).fontSize));
    w.equal('18 point', await size('.k-letter'), 24);
    for (const gone of ['header', '.k-side', '.k-actions', 'footer']) {
        w.equal(`${gone} is not printed`, await page.isVisible(gone), false);
    }
    w.check('the letter is', await page.isVisible('.k-letter'));
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    await page.click('h1', { force: true });
    w.check('and the page is as before', (await size('.k-letter')) < 24);
}

export async function patientSharesByKeyboardAlone(w) {
    const page = await w.open('demo-patient', '#/patient/:me/share');
    await page.waitForSelector('#label');
    await page.focus('#page-heading');
    await w.tabTo(page, 'A summary');
    await w.keys(page, 'Space');
    await w.tabTo(page, '1 hour');
    await w.keys(page, 'Space', 'ArrowDown');
    await w.tabTo(page, 'Who is it for?');
    await page.keyboard.type('By keyboard');
    await w.tabTo(page, 'Make the link');
    await w.keys(page, 'Enter');
    const link = await linkOf(page);
    const { exp, label } = JSON.parse(Buffer.from(link.split('shlink:/')[1], 'base64url').toString());
    w.equal('it has its label', label, 'By keyboard');
    w.check('and is open for a day', Math.abs(exp - Date.now() / 1000 - 86400) < 120, exp);
    await w.tabTo(page, 'End this link now');
    await w.keys(page, 'Enter');
    await w.until('it has ended', async () => (await words(page)).includes('The link has ended'));
    w.equal('the focus is at the list', await page.evaluate(() => document.activeElement?.id), 'h-links');
}

export async function patientReadsLettersInWelsh(w) {
    const page = await w.open('demo-patient', '#/patient/:me/letters');
    await page.click('.k-header__language');
    await w.until('the page is in Welsh', async () => (await words(page)).includes('Llythyrau a dogfennau'));
    await page.go('#/patient/:me/share');
    await w.until('so is sharing', async () => (await words(page)).includes('Beth hoffech chi ei rannu?'));
    await w.accessible(page, 'share in Welsh');
    await page.click('.k-header__language');
}
