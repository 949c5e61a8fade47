/* The app of smart-app/ as the node knows it, and a window in which it begins. */
import { openPage } from './kit.mjs';
import { browserOf } from './people.mjs';
import { headed } from './portal_kit.mjs';

export const SCOPE = 'openid fhirUser offline_access patient/Observation.rs patient/Condition.rs';

/* The app's id at the node; registered by whoever needs it first. */
export function registered(node, app, state) {
    state.client ??= register(node, app);
    return state.client;
}

function register(node, app) {
    const out = node.kith(
        ...['client', 'add', node.home, 'Heart Chart', '--json', '--kind', 'public'],
        ...['--redirect', `${app.base}/`, '--launch', `${app.base}/`, '--uri', app.base],
        ...['--scope', `launch launch/patient ${SCOPE}`],
    );
    return JSON.parse(out).client_id;
}

export async function started(browser, node, app, who, client) {
    const page = await openPage(browserOf(browser, who), node.base, { others: [app.base] });
    const asked = new URLSearchParams({ node: `${node.base}/fhir`, client, scope: SCOPE });
    await page.goto(`${app.base}/?${asked}`);
    return page;
}

/* At the question whether it is let in. */
export async function asked({ browser, node, app, state }, who) {
    const page = await started(browser, node, app, who, registered(node, app, state));
    await page.click('#connect');
    await headed(page, 'Let Heart Chart in?');
    return page;
}
