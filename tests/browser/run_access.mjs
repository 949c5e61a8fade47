/*
 * Identity, access and the log with the page in a real browser and a real node, by keyboard alone.
 *
 *   run_access.mjs PATH/OF/kith [NAME...]    NAME: only these tests
 *
 * KITH_BROWSER_SHOTS, KITH_CHROMIUM, KITH_SMALL: as for run.mjs. Exit status 77: there is no browser.
 */
import { GRACE, loadGrace, seed } from './fixture.mjs';
import { attempt, finish, startBrowser, startNode } from './kit.mjs';
import { person } from './people.mjs';
import { startProvider } from './provider.mjs';
import { startApp } from './smart-app/server.mjs';
import { STRAY, story } from './story.mjs';
import * as access from './test_node_access.mjs';
import * as demo from './test_demo.mjs';
import * as apps from './test_node_apps.mjs';
import * as glass from './test_node_glass.mjs';
import * as list from './test_node_list.mjs';
import * as looks from './test_node_looks.mjs';
import * as plain from './test_node_plain.mjs';
import * as waysIn from './test_node_ways_in.mjs';

const small = process.env.KITH_SMALL === 'yes';
/* Of a lane one after the other, as they change what the next one finds; lanes at the same time. */
const LANES = small ? [[access], [apps]] : [[waysIn, list, demo, plain], [glass, access, apps, looks]];
const only = process.argv.slice(3);
const browser = await startBrowser();
const provider = await startProvider();
const node = await startNode(process.argv[2], seed(), provider.add);
await provider.know(node.base);
const app = await startApp();
const patient = (login, name, { id, nhs }) =>
    person(node, login, name, '--kind', 'patient', '--person', `Patient/${id}`, '--nhs-number', nhs);
const staff = (login, name, role, practitioner) =>
    person(node, login, name, '--role', role, '--person', `Practitioner/${practitioner}`);

async function lane(modules, all) {
    const tests = modules.flatMap(Object.entries);
    for (const [name, test] of tests) {
        if (!only.length || only.includes(name)) {
            const from = Date.now();
            await attempt(name, () => test(all));
            console.log(`--    ${name}: ${((Date.now() - from) / 1000).toFixed(1)} s`);
        }
    }
}

try {
    await loadGrace(node, story());
    const all = {
        browser,
        program: process.argv[2],
        node,
        app,
        provider,
        state: {},
        grace: await patient('grace', 'Grace Zzokafor', GRACE),
        stray: await patient('tom', 'Tom Zzstray', STRAY),
        doctor: await staff('doctor', 'Dr Åse Sørensen', 'R8000', 'browser-test-doctor'),
        officer: await staff('officer', 'Olive Officer', 'R0001', 'browser-test-officer'),
        clerk: await staff('clerk', 'Carl Clerk', 'R8009', 'browser-test-officer'),
        administrator: await staff('ada', 'Ada Byron', 'K1004', 'browser-test-officer'),
    };
    await Promise.all(LANES.map((modules) => lane(modules, all)));
} finally {
    await browser.close();
    await app.stop();
    await node.stop();
    await provider.stop();
}
process.exitCode = finish();
