/*
 * The portal as a SMART app: what it asks, with what, where its token is, and records that are opened from another
 * system; and what can be read of it without a connection (docs/portal.md).
 *
 *   run_smart.mjs PATH/OF/kith [NAME...]    NAME: only these tests
 *
 * KITH_CHROMIUM, KITH_BROWSER_SHOTS: as for run.mjs. Exit status 77: there is no browser.
 */
import { GRACE, loadGrace, seed } from './fixture.mjs';
import { attempt, finish, startBrowser, startNode } from './kit.mjs';
import { person } from './people.mjs';
import * as elsewhere from './test_elsewhere.mjs';
import * as offline from './test_offline.mjs';
import * as smart from './test_smart.mjs';

const only = process.argv.slice(3);
let stopped = false;
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
    /* with sessions of their own, as they sign out */
    const again = (login) =>
        person(
            node, login, 'Grace Zzokafor', '--kind', 'patient', '--person', `Patient/${GRACE.id}`,
        );
    const all = { browser, node, grace, doctor, other: await again('grace-2') };
    const { theNodeIsGone, ...kept } = offline;
    for (const [name, test] of Object.entries({ ...smart, ...elsewhere, ...kept })) {
        if (!only.length || only.includes(name)) {
            await attempt(name, () => test(all));
        }
    }
    await node.stop();
    stopped = true;
    if (!only.length || only.includes('theNodeIsGone')) {
        await attempt('theNodeIsGone', theNodeIsGone);
    }
} finally {
    await browser.close();
    if (!stopped) {
        await node.stop();
    }
}
process.exitCode = finish();
