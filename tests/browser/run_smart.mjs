/*
 * The portal as a SMART app: what it asks, with what, where its token is, and records that are opened from another
 * system (docs/portal.md).
 *
 *   run_smart.mjs PATH/OF/kith [NAME...]    NAME: only these tests
 *
 * KITH_CHROMIUM, KITH_BROWSER_SHOTS: as for run.mjs. Exit status 77: there is no browser.
 */
import { GRACE, loadGrace, seed } from './fixture.mjs';
import { attempt, finish, startBrowser, startNode } from './kit.mjs';
import { person } from './people.mjs';
import * as smart from './test_smart.mjs';

const only = process.argv.slice(3);
const browser = await startBrowser();
const node = await startNode(process.argv[2], seed());
try {
    await loadGrace(node);
    const grace = await person(
        node, 'grace', 'Grace Zzokafor', '--kind', 'patient', '--person', `Patient/${GRACE.id}`, '--nhs-number', GRACE.nhs,
    );
    const doctor = await person(
        node, 'doctor', 'Dr Åse Sørensen', '--role', 'R8000', '--role', 'R0001', '--person', 'Practitioner/browser-test-doctor',
    );
    for (const [name, test] of Object.entries(smart)) {
        if (!only.length || only.includes(name)) {
            await attempt(name, () => test({ browser, node, grace, doctor }));
        }
    }
} finally {
    await browser.close();
    await node.stop();
}
process.exitCode = finish();
