/* A patient's own record: where they begin, its lists, its timeline, where it is kept. */

const text = (page) => page.innerText('main');
const read = (page) => page.waitForSelector('.k-foot');

async function whole(w, page) {
    await w.untilAsked(page, 'all four places answer', async () => {
        await read(page);
        return (await text(page)).includes('All 4 places have answered');
    });
}

export async function patientBeginsAtHome(w) {
    const page = await w.open('demo-patient', '#/patient/:me');
    await read(page);
    w.equal('it greets them', await page.innerText('h1'), 'Hello, Pietro');
    await w.until('what is held back is said, and until when', async () =>
        /Not all of your record is shown yet[\s\S]*held back until \d+ \w+ 20\d\d/.test(await text(page)),
    );
    w.check('allergies are told at once', /Allergies\. \w/.test(await text(page)), await text(page));
    const cards = await page.locator('.k-tiles h3').allInnerTexts();
    w.check('there are six cards at most', cards.length > 3 && cards.length <= 6, cards.join());
    await w.until('the next appointment is on one', async () =>
        /\d+ \w+ 20\d\d at \d\d:\d\d/.test(await page.locator('.k-tiles li').first().innerText()),
    );
    await w.until('who looked is on one', async () =>
        /\S+ \S+, \d+ \w+ 20\d\d/.test(await page.locator('.k-tiles li').last().innerText()),
    );
    w.check('a sealed entry is not named where others may see the screen', !/chlamydia/i.test(await text(page)));
    await w.accessible(page, 'home');
    await w.transcript(page, 'home of a patient');
}

export async function patientSeesWhatIsNewSinceTheLastVisit(w) {
    const page = await w.open('demo-patient', '#/patient/:me', { fresh: true });
    await read(page);
    await page.waitForSelector('#news');
    /* this device was used before, so long ago that all of the record is newer */
    await page.evaluate(
        async ([account, me]) => {
            const db = await new Promise((done) => {
                const r = indexedDB.open('kith');
                r.onsuccess = () => done(r.result);
            });
            const get = (store, key) =>
                new Promise((done) => {
                    const r = db.transaction(store).objectStore(store).get(key);
                    r.onsuccess = () => done(r.result);
                });
            const { key } = await get('keys', account);
            const name = `seen/${me}`;
            const iv = crypto.getRandomValues(new Uint8Array(12));
            const last = Date.now() - 48 * 3600000;
            const sealed = await crypto.subtle.encrypt(
                { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(JSON.stringify([account, name])) },
                key,
                new TextEncoder().encode(JSON.stringify({ before: 0, last })),
            );
            await new Promise((done) => {
                const t = db.transaction('things', 'readwrite');
                t.objectStore('things').put({ account, name, at: last, iv, sealed });
                t.oncomplete = done;
            });
        },
        [page.account.id, page.me],
    );
    await page.go('#/patient/:me');
    await w.until('it says when they looked last', async () =>
        /New since you last looked\s+You last looked on \d+ \w+ 20\d\d at/.test(await text(page)),
    );
    w.check('and what has come since', (await page.locator('.k-news li').count()) > 0);
    await page.reload();
    await w.until('a moment later it is still new', async () =>
        (await text(page)).includes('New since you last looked'),
    );
    await page.locator('.k-news a').first().click();
    await page.waitForSelector('#h-source');
    w.check('an entry says who keeps it', (await text(page)).includes('Kept by'));
}

export async function patientReadsTheListsOfTheirHealth(w) {
    const page = await w.open('demo-patient', '#/patient/:me/conditions');
    await read(page);
    await w.until('conditions say since when, and who wrote them down', async () =>
        /Since\s+\d+ \w+ 20\d\d\s+Recorded\s+\d+ \w+ 20\d\d, by Dr /.test(await text(page)),
    );
    await w.accessible(page, 'conditions');
    await page.go('#/patient/:me/medicines');
    await read(page);
    const body = await text(page);
    w.check('allergies stand before medicines', body.indexOf('Allergies') < body.indexOf('Medicines you take now'));
    const more = page.getByRole('link', { name: /^Ask for more/ }).first();
    w.check('more of a medicine can be asked for', (await more.getAttribute('href')).includes('/ask/repeat/Medication'));
    await page.getByText('medicines that have stopped').click();
    await w.until('what was taken says what for and how', async () =>
        /What it is for[\s\S]*How to take it[\s\S]*Started/.test(await text(page)),
    );
    await w.accessible(page, 'medicines');
    await page.go('#/patient/:me/allergies');
    await read(page);
    w.check('an allergy says who wrote it down', /Recorded\s+\d+ \w+ 20\d\d/.test(await text(page)), await text(page));
    await w.accessible(page, 'allergies');
    await page.go('#/patient/:me/vaccinations');
    await read(page);
    w.check('a vaccination has its batch', /Batch number\s+L\d+/.test(await text(page)));
    await w.accessible(page, 'vaccinations');
}

export async function patientGoesThroughTheTimeline(w) {
    const page = await w.open('demo-patient', '#/patient/:me/timeline');
    await whole(w, page);
    await page.waitForSelector('.k-entry');
    const count = () => page.textContent('.k-timeline__count');
    const all = Number((await count()).match(/\d+/)[0]);
    w.equal('what is to come is first', (await page.locator('.k-year h2, h2.k-year__heading').first().innerText()).trim(), 'Coming up');
    /* in one look: lines are added while the page is shown */
    const [lines, named] = await page.evaluate(() => [
        document.querySelectorAll('.k-entry').length,
        [...document.querySelectorAll('.k-entry__source')].filter((e) => e.textContent.includes('From ')).length,
    ]);
    w.equal('each line says which place it is from', named, lines);
    await w.until('a thing that several places have is one line', async () =>
        (await page.locator('.k-entry').allInnerTexts()).some((t) => /Also recorded at /.test(t) && /looks? the same/.test(t)),
    );
    await page.getByRole('button', { name: 'Filter by kind and place' }).click();
    await page.getByLabel(/^Quayside Pharmacy/).check();
    await w.until('one place by itself', async () => /^\d+ entr(y|ies) of /.test(await count()));
    const some = Number((await count()).match(/\d+/)[0]);
    w.check('is a part of it', some > 0 && some < all, `${some} of ${all}`);
    await page.getByLabel(/^Medicines/).check();
    await w.until('and one kind of that', async () => Number((await count()).match(/\d+/)[0]) <= some);
    await w.until('the address keeps both', () =>
        page.url().includes('kind=medicines') && page.url().includes('place=Quayside'),
    );
    await w.accessible(page, 'timeline with filters');
    await page.fill('#timeline-text', 'zzzz');
    await page.waitForSelector('text=No entry fits');
    w.check('nothing found says who was asked', (await text(page)).includes('These places were asked'));
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await w.until('all of it again', async () => (await count()) === `${all} entries`);
}

export async function patientSeesWhereTheRecordIs(w) {
    const page = await w.open('demo-patient', '#/people/:me/joined');
    await page.waitForSelector('#h-places');
    await w.untilAsked(page, 'four places answered', async () =>
        (await text(page)).includes('All 4 places have answered'),
    );
    await w.until('each says what it keeps', async () =>
        (await text(page)).split('It keeps: ').length === 5,
    );
    await w.accessible(page, 'where my record is');
    await page.getByRole('link', { name: 'See what it keeps at Quayside Pharmacy' }).click();
    await page.waitForSelector('.k-entry');
    w.check('the timeline shows that place alone', /^\d+ entries of /.test(await page.textContent('.k-timeline__count')));
}

export async function patientGoesRoundByKeyboardAlone(w) {
    const page = await w.open('demo-patient', '#/patient/:me', { width: 320, height: 640 });
    await read(page);
    await w.keys(page, 'Tab');
    await w.tabTo(page, 'Exit this page');
    await w.tabTo(page, 'Menu');
    w.equal('the menu is closed', await page.getAttribute('.k-side__button', 'aria-expanded'), 'false');
    await w.keys(page, 'Enter');
    await w.tabTo(page, 'Timeline');
    await w.keys(page, 'Enter');
    await w.until('the heading has the focus', () =>
        page.evaluate(() => document.activeElement?.id === 'page-heading' && document.activeElement.textContent === 'Timeline'),
    );
    w.equal('the menu is closed again', await page.getAttribute('.k-side__button', 'aria-expanded'), 'false');
    await page.waitForSelector('.k-entry');
    await w.tabTo(page, 'Search the timeline');
    await page.keyboard.type('weight');
    await w.until('words narrow it', async () => / of /.test(await page.textContent('.k-timeline__count')));
    await w.tabTo(page, 'Weight');
    await w.keys(page, 'Enter');
    await w.until('the entry has the focus', () =>
        page.evaluate(() => document.activeElement?.id === 'page-heading' && /weight/i.test(document.activeElement.textContent)),
    );
    const covered = await page.evaluate(() => {
        const exit = document.querySelector('.k-exit').getBoundingClientRect();
        const h1 = document.querySelector('h1').getBoundingClientRect();
        return exit.bottom > h1.top && exit.top < h1.bottom;
    });
    w.check('the way out covers nothing', !covered);
}

export async function carerActsForThePatient(w) {
    const page = await w.open('demo-carer', '#/helping');
    await page.getByRole('link', { name: /Pietro D.Angelo/ }).first().click();
    await page.waitForSelector('.k-acting');
    w.check('the bar says for whom', (await page.innerText('.k-acting')).includes("You are acting for Pietro D'Angelo"));
    w.check('the menu says whose record it is', (await page.innerText('.k-side')).includes('Their health'));
    await read(page);
    w.check('nothing hints at what is held back', !/held back|Not all of/.test(await text(page)), await text(page));
    await page.getByRole('link', { name: 'Who can see' }).click();
    await page.waitForFunction(() => document.querySelector('h1')?.textContent.includes('Who can see'));
    w.check('the bar stays on pages of choices', await page.locator('.k-acting').isVisible());
}

export async function patientReadsTheirRecordInWelsh(w) {
    const page = await w.open('demo-patient', '#/patient/:me/timeline', { fresh: true });
    await read(page);
    await page.click('.k-header__language');
    await w.until('the timeline is in Welsh', async () => (await page.innerText('h1')) === 'Llinell amser');
    await w.until('and its kinds', async () => (await text(page)).includes('Canlyniad'));
    for (const [to, words] of [
        ['#/patient/:me', 'Apwyntiad nesaf'],
        ['#/patient/:me/medicines', 'Meddyginiaethau rydych yn eu cymryd nawr'],
        ['#/patient/:me/conditions', 'Cofnodwyd'],
        ['#/people/:me/joined', 'Mae’n cadw'],
        ['#/people/:me/access', 'Edrychoch chi'],
        ['#/people/:me/sharing', 'Pwy sy’n gofalu amdanoch nawr'],
        ['#/people/:me/proxies', 'Pobl sy’n gweithredu'],
    ]) {
        await page.go(to);
        await w.until(`${to} is in Welsh`, async () => (await text(page)).includes(words));
    }
    await page.evaluate(() => localStorage.clear());
}
