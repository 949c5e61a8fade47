/* Every page about identity, access and the log: narrow, wide, magnified, in forced colours. */
import { GRACE } from './fixture.mjs';
import { accessible, check, equal, fits, openPage, shot } from './kit.mjs';
import { browserOf, invited } from './people.mjs';
import { asked } from './oauth_app.mjs';
import { STRAY } from './story.mjs';

const about = (page) => `#/people/${GRACE.id}/${page}`;
const clicks =
    (...all) =>
    async (page) => {
        for (const what of all) {
            await page.click(what);
        }
    };
const shown =
    (click, selector) =>
    async (page) => {
        await page.click(click);
        await page.waitForSelector(selector);
    };
const registered = 'text=because you are registered there';
const chosen = ['text=Make a choice', '#permit', '#party', '#category-2'];

/* name, who ('': not signed in), address, what shows that it is there, what to do then */
const PAGES = [
    ['sign-in', '', '#/sign-in', 'text=NHS login'],
    [
        'sign-in-password',
        '',
        '#/sign-in',
        'text=NHS login',
        clicks('text=Use a password instead', 'button:text-is("Continue")'),
    ],
    ['invite', '', '#/invite/INVITE', '#login', clicks('#way-2', 'text=Continue')],
    ['invite-over', '', '#/invite/nothing', '.nhsuk-error-summary'],
    [
        'security',
        'grace',
        '#/security',
        'text=You have no passkey yet',
        clicks('text=Change the password', 'text=Save the password'),
    ],
    ['enrol', 'grace', '#/security', 'text=Set up anew', shown('text=Set up anew', '.k-qr')],
    ['my-record', 'grace', `#/patient/${GRACE.id}`, '.k-answered:has-text("Read at")'],
    ['helping', 'grace', '#/helping', '.k-empty'],
    ['access', 'grace', about('access'), '.k-look', shown('text=Check the list', '#checked')],
    ['query', 'grace', about('access'), '.k-look', clicks('text=I don’t recognise this >> nth=0')],
    ['sharing', 'grace', about('sharing'), registered, shown('text=Show what they', '#previewed')],
    [
        'choice',
        'grace',
        about('sharing'),
        registered,
        clicks('text=Make a choice', '#permit', 'text=See what it would do'),
    ],
    [
        'consequences',
        'grace',
        about('sharing'),
        registered,
        clicks(...chosen, 'text=See what it would do'),
    ],
    ['grant', 'grace', about('sharing'), registered, clicks('text=Let somebody else see it')],
    [
        'proxies',
        'grace',
        about('proxies'),
        'text=Let somebody act',
        shown('text=Let somebody act', 'text=Ruth'),
    ],
    ['apps', 'grace', '#/apps', 'text=Heart Chart'],
    ['end-app', 'grace', '#/apps', 'text=Heart Chart', clicks('text=End its access')],
    ['launch', 'doctor', about('launch'), 'text=Heart Chart'],
    ['find', 'doctor', '#/', '#search', clicks('.k-me__name')],
    ['record', 'doctor', `#/patient/${GRACE.id}`, '.k-answered:has-text("Read at")'],
    [
        'glass',
        'doctor',
        `#/patient/${STRAY.id}`,
        'button:text("Say why you have to see it")',
        clicks('button:text("Say why you have to see it")', '#glass-way', 'text=See the record'),
    ],
    ['part', 'clerk', `#/patient/${GRACE.id}`, 'text=nothing about their health'],
    [
        'reviews',
        'officer',
        '#/reviews',
        '#which',
        async (page) => {
            await page.click('#which-2');
            await page.click('text=Look at it >> nth=0');
            await page.waitForSelector('text=In their words');
        },
    ],
    [
        'legal',
        'officer',
        '#/reviews',
        '#which',
        clicks('text=A legal request to see', 'text=Find them'),
    ],
    ['looked-at', 'officer', about('access'), '.k-look'],
    ['people', 'administrator', '#/', 'text=Olive', clicks('text=New invitation >> nth=0')],
    [
        'people-add',
        'administrator',
        '#/',
        'text=Olive',
        clicks('text=Add a person', 'text=Add and invite'),
    ],
    ['not-yours', 'administrator', '#/reviews', 'h1'],
];

const WAYS = [
    ['1280', { width: 1280, height: 900 }, 'none'],
    ['320', { width: 320, height: 640 }, 'none'],
    /* In light ones: axe takes a text's fill colour for what it was before the system's colours. */
    ['forced', { width: 1280, height: 900 }, 'active'],
];

/* One load in three looks. */
async function inThreeLooks(page, name) {
    for (const [way, size, forcedColors] of WAYS) {
        await page.setViewportSize(size);
        await page.emulateMedia({ forcedColors });
        await page.mouse.move(0, 0); /* a link under the pointer looks otherwise */
        await page.waitForTimeout(50);
        await accessible(page, `${name} ${way}`);
        await fits(page, `${name} ${way}`);
        await shot(page, `${name}-${way}`);
    }
    equal(`${name}: one main heading`, await page.locator('h1').count(), 1);
}

async function look({ browser, node, invite, ...all }, [name, who, hash, ready, then]) {
    const page = await openPage(who ? browserOf(browser, all[who]) : browser, node.base);
    page.expectErrors = true;
    await page.go(hash.replace('INVITE', invite));
    await page.waitForSelector(ready);
    await then?.(page);
    await inThreeLooks(page, name);
    const faults = page.bad.filter((b) => !b.startsWith('console:'));
    equal(`${name}: no fault`, faults.join('; '), '');
    await page.context().close();
}

export async function everyPageInThreeLooks(all) {
    const invite = invited(all.node, 'Ivy Invited', '--role', 'R8009');
    const page = await asked(all, all.grace); /* let in once more, so that there is an app to show */
    await inThreeLooks(page, 'consent');
    await page.click('button:text-is("Allow")');
    await page.waitForFunction(() => document.getElementById('said')?.textContent);
    await page.context().close();
    const waiting = [...PAGES];
    const worker = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
            await look({ ...all, invite }, next);
        }
    };
    await Promise.all([worker(), worker(), worker()]);
}

/* 1280 by 1024 at 400 %: dialogs, too, can be read to their end. */
export async function fourTimes({ browser, node, doctor }) {
    const viewport = { width: 320, height: 256 };
    const page = await openPage(browserOf(browser, doctor), node.base, { viewport });
    page.expectErrors = true;
    await page.go(`#/patient/${STRAY.id}`);
    await page.click('button:text("Say why you have to see it")');
    await page.waitForSelector('dialog[open]');
    await fits(page, 'dialog at 400 %');
    const last = page.locator('dialog button:has-text("Cancel")');
    await last.scrollIntoViewIfNeeded();
    const box = await last.boundingBox();
    check('its last button comes into view', box && box.y >= 0 && box.y + box.height <= 256, box);
    await page.context().close();
}
