/*
 * An app of the test's own, as docs/smart.md tells people to write one: a public client with PKCE.
 * Started by itself it uses the node that ?node= names; from a portal, the one that sends ?iss=.
 */
const query = new URLSearchParams(location.search);
const kept = (name, value) =>
    value === undefined ? sessionStorage.getItem(name) : sessionStorage.setItem(name, value);
const say = (words) => (document.getElementById('said').textContent = words);
const here = location.origin + location.pathname;

for (const name of ['node', 'client', 'scope']) {
    if (query.has(name)) {
        kept(name, query.get(name));
    }
}

const base64url = (bytes) =>
    btoa(String.fromCharCode(...bytes))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replace(/=+$/, '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function configuration() {
    const reply = await fetch(`${kept('node')}/.well-known/smart-configuration`);
    return reply.json();
}

async function connect(launch) {
    const { authorization_endpoint } = await configuration();
    const verifier = random();
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
    kept('verifier', verifier);
    kept('state', random());
    const asked = new URLSearchParams({
        response_type: 'code',
        client_id: kept('client'),
        redirect_uri: here,
        scope: `${launch ? 'launch' : 'launch/patient'} ${kept('scope')}`,
        state: kept('state'),
        aud: kept('node'),
        code_challenge: base64url(new Uint8Array(hash)),
        code_challenge_method: 'S256',
        ...(launch ? { launch } : {}),
    });
    location.assign(`${authorization_endpoint}?${asked}`);
}

async function token(fields) {
    const { token_endpoint } = await configuration();
    const reply = await fetch(token_endpoint, {
        method: 'POST',
        body: new URLSearchParams({ client_id: kept('client'), ...fields }),
    });
    const answer = await reply.json();
    if (!reply.ok) {
        say(`refused: ${answer.error}`);
        return false;
    }
    kept('token', answer.access_token);
    kept('patient', answer.patient ?? kept('patient') ?? '');
    if (answer.refresh_token) {
        kept('refresh', answer.refresh_token);
    }
    return true;
}

async function read() {
    document.getElementById('seen').replaceChildren();
    const reply = await fetch(`${kept('node')}/Observation?patient=${kept('patient')}&_count=50`, {
        headers: { authorization: `Bearer ${kept('token')}`, accept: 'application/fhir+json' },
    });
    if (!reply.ok) {
        say(`not read: ${reply.status}`);
        return;
    }
    const bundle = await reply.json();
    for (const { resource } of bundle.entry ?? []) {
        if (resource.resourceType === 'Observation') {
            const line = document.createElement('li');
            line.textContent = resource.code?.text ?? resource.code?.coding?.[0]?.display ?? '?';
            document.getElementById('seen').append(line);
        }
    }
    say(`read for ${kept('patient')}`);
}

async function calledBack() {
    const { issuer } = await configuration();
    if (query.get('state') !== kept('state') || query.get('iss') !== issuer) {
        say('this answer is not for me');
        return;
    }
    history.replaceState(null, '', location.pathname);
    if (query.has('error')) {
        say(`refused: ${query.get('error')}`);
        return;
    }
    const fields = {
        grant_type: 'authorization_code',
        code: query.get('code'),
        redirect_uri: here,
        code_verifier: kept('verifier'),
    };
    if (await token(fields)) {
        await read();
    }
}

document.getElementById('connect').onclick = () => connect('');
document.getElementById('read').onclick = read;
document.getElementById('refresh').onclick = async () => {
    if (await token({ grant_type: 'refresh_token', refresh_token: kept('refresh') })) {
        say('refreshed');
    }
};
if (query.has('launch')) {
    kept('node', query.get('iss'));
    await connect(query.get('launch'));
} else if (query.has('state')) {
    await calledBack();
}
