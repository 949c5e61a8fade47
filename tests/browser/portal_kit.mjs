/* What the tests of the portal's pages share: going through a page by keyboard, signing in. */
import { check, equal } from './kit.mjs';

/* Tab until the focus is on what fits; each stop must be marked and in view. */
export async function tabTo(page, what, fits, key = 'Tab', limit = 120) {
    for (let i = 0; i < limit; i++) {
        await page.keyboard.press(key);
        const at = await page.evaluate(async () => {
            await new Promise(requestAnimationFrame);
            const e = document.activeElement;
            const box = e.getBoundingClientRect();
            const label = e.matches('input[type=radio], input[type=checkbox]')
                ? getComputedStyle(e.nextElementSibling, '::before')
                : null;
            const inner = e.matches('summary') && e.firstElementChild;
            const marked = [getComputedStyle(e), label, inner && getComputedStyle(inner)].some(
                (s) =>
                    s &&
                    (s.boxShadow !== 'none' ||
                        (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0)),
            );
            return {
                tag: e.tagName,
                id: e.id,
                name: e.name ?? '',
                text: (e.textContent ?? '').trim(),
                value: e.value ?? '',
                marked,
                seen: e.tagName === 'BODY' || (box.bottom > 0 && box.top < innerHeight),
                large:
                    e.matches('a') || box.height === 0 || (box.height >= 23.5 && box.width >= 23.5),
            };
        });
        /* a heading that has just been given the focus needs no mark */
        if (!/^(BODY|H[1-3])$/.test(at.tag) && !(at.marked && at.seen && at.large)) {
            check(`${what}: ${at.tag} ${at.text.slice(0, 40)} is marked, seen, large`, false, at);
        }
        if (fits(at)) {
            return;
        }
    }
    check(`${what}: reached by keyboard`, false);
}
export const button = (text) => (at) => at.tag === 'BUTTON' && at.text.startsWith(text);
export const field = (id) => (at) => at.id === id;
export const press = async (page, what, fits) => {
    await tabTo(page, what, fits);
    await page.keyboard.press('Enter');
};
/* Tab reaches a group of radios at the one that is chosen, or its first; arrows go on from there. */
export const choose = async (page, what, id) => {
    const name = await page.evaluate((i) => {
        const e = document.getElementById(i);
        return e?.type === 'radio' ? e.name : '';
    }, id);
    await tabTo(page, what, (at) => at.id === id || (name !== '' && at.name === name));
    for (let i = 0; i < 20; i++) {
        const [checked, there] = await page.evaluate(
            (x) => [document.getElementById(x)?.checked, document.activeElement?.id === x],
            id,
        );
        if (checked) {
            return;
        }
        await page.keyboard.press(there ? 'Space' : 'ArrowDown');
    }
    check(`${what}: chosen by keyboard`, false);
};
export const said = (page, text) =>
    page.waitForFunction((t) => document.querySelector('#main').innerText.includes(t), text);
export const headed = (page, text) =>
    page.waitForFunction((t) => document.querySelector('h1')?.innerText.includes(t), text);
export const done = async (page) => {
    equal('nothing went wrong on the way', page.bad.join('; '), '');
    await page.context().close();
};

/* Chromium's own passkeys, without a dialog. */
export async function authenticator(page) {
    const client = await page.context().newCDPSession(page);
    await client.send('WebAuthn.enable');
    await client.send('WebAuthn.addVirtualAuthenticator', {
        options: {
            protocol: 'ctap2',
            transport: 'internal',
            hasResidentKey: true,
            hasUserVerification: true,
            isUserVerified: true,
            automaticPresenceSimulation: true,
        },
    });
    return client;
}

/* By Tab to the field; `anew`: in the place of what stands there. */
export async function typeIn(page, id, words, anew = false) {
    await tabTo(page, id, field(id));
    if (anew) {
        await page.keyboard.press('Control+A');
    }
    await page.keyboard.type(words);
}

export async function signOutByKeyboard(page) {
    await press(page, 'me', (at) => at.tag === 'SUMMARY' && at.text.startsWith('Signed in as'));
    await press(page, 'sign out', button('Sign out'));
    await headed(page, 'Sign in');
}

/* A form that is sent too early says what is missing, and takes the focus there. */
export async function refused(page, send, ...words) {
    await press(page, 'too early', send);
    for (const w of words) {
        await page.waitForSelector(`.nhsuk-error-summary >> text=${w}`);
    }
    const focused = await page.evaluate(() =>
        document.activeElement.classList.contains('nhsuk-error-summary'),
    );
    check(`what is missing has the focus: ${words.join(', ')}`, focused);
}
