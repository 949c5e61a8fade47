/*
 * The page in a real browser.
 *
 *   run.mjs PATH/OF/kith [NAME...]    starts a node of its own, with test records, and signs in as
 *                                     a doctor of its practice; NAME: only these tests
 *
 * KITH_BROWSER_SHOTS   a folder for pictures of every page
 * KITH_CHROMIUM        the browser (default /usr/bin/chromium-headless-shell)
 * KITH_BROWSER_MS      the most that opening a record of 3,000 entries may take (default 10000: a busy machine; bench/portal.mjs measures)
 * KITH_SMALL=yes       (with sanitizers) only what asks the node much: the page itself is the same in every build
 *
 * Exit status 77: there is no browser, or the packages of web/ are not installed.
 */
import { load, seed } from './fixture.mjs';
import { attempt, finish, startBrowser, startNode } from './kit.mjs';
import { browserOf, person } from './people.mjs';
import * as files from './test_files.mjs';
import * as find from './test_find.mjs';
import * as keyboard from './test_keyboard.mjs';
import * as looks from './test_looks.mjs';
import * as long from './test_long.mjs';
import * as record from './test_record.mjs';
import * as trouble from './test_trouble.mjs';

const asking = [files, find, record, trouble];
const modules = process.env.KITH_SMALL === 'yes' ? asking : [files, find, record, keyboard, trouble, long, looks];
const only = process.argv.slice(3);
const browser = await startBrowser();
const node = await startNode(process.argv[2], seed());
try {
    await load(node);
    const doctor = await person(
        node,
        'doctor',
        'Dr Åse Sørensen',
        '--role',
        'R8000',
        '--person',
        'Practitioner/browser-test-doctor',
    );
    for (const module of modules) {
        for (const [name, test] of Object.entries(module)) {
            if (!only.length || only.includes(name)) {
                await attempt(name, () =>
                    test({ browser: browserOf(browser, doctor), base: node.base }),
                );
            }
        }
    }
} finally {
    await browser.close();
    await node.stop();
}
process.exitCode = finish();
