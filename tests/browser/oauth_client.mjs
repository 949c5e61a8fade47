/*
 * OAuth 2.1 and SMART's backend services with a client that is not of this project (oauth4webapi).
 *
 *   oauth_client.mjs PATH/OF/kith
 *
 * Needs no browser. Exit status 77: the packages of web/ are not installed.
 */
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GRACE, loadGrace, seed } from './fixture.mjs';
import { attempt, check, equal, finish, startNode, where } from './kit.mjs';
import { person } from './people.mjs';

const oauth = await import(pathToFileURL(where('oauth4webapi')));
const plain = { [oauth.allowInsecureRequests]: true }; /* http on loopback */
const REDIRECT = 'http://127.0.0.1:9/callback';
const SCOPE = 'openid fhirUser offline_access launch/patient patient/Observation.rs';
const node = await startNode(process.argv[2], seed());

const register = (name, ...options) =>
    JSON.parse(node.kith('client', 'add', node.home, name, '--json', ...options));

async function newKey(name) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const file = join(node.home, '..', `${name}.jwks.json`);
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: name, alg: 'ES256', use: 'sig' };
    writeFileSync(file, JSON.stringify({ keys: [jwk] }));
    const key = await webcrypto.subtle.importKey(
        'pkcs8',
        privateKey.export({ format: 'der', type: 'pkcs8' }),
        { name: 'ECDSA', namedCurve: 'P-256' },
        false,
        ['sign'],
    );
    return { file, auth: oauth.PrivateKeyJwt({ key, kid: name }) };
}

const fhir = (token, path) =>
    fetch(`${node.base}/fhir/${path}`, {
        headers: { authorization: `Bearer ${token}`, accept: 'application/fhir+json' },
    });

/* Whether what the library does is refused with this error of RFC 6749. */
async function refused(what, error, action) {
    const fault = await action().then(
        () => null,
        (e) => e,
    );
    equal(what, fault?.error ?? fault?.cause?.[0]?.parameters?.error ?? String(fault), error);
}

/* From the request to the tokens, as the person `who` allows it. */
async function granted({ as, who, client, auth, scope }) {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const nonce = oauth.generateRandomNonce();
    const url = new URL(as.authorization_endpoint);
    url.search = new URLSearchParams({
        response_type: 'code',
        client_id: client.client_id,
        redirect_uri: REDIRECT,
        scope,
        state,
        nonce,
        aud: `${node.base}/fhir`,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
    });
    const sent = await who.send('GET', url.pathname + url.search);
    const request = /#\/consent\/([^?]+)/.exec(sent.headers.get('location') ?? '')?.[1];
    const asked = await who.json('GET', `/auth/consent/${request}`);
    const { redirect } = await who.json('POST', `/auth/consent/${request}`, {
        allow: true,
        scopes: asked.scopes.map((s) => s.scope),
    });
    const back = oauth.validateAuthResponse(as, client, new URL(redirect), state);
    const exchange = () =>
        oauth.authorizationCodeGrantRequest(as, client, auth, back, REDIRECT, verifier, plain);
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, await exchange(), {
        expectedNonce: nonce,
        requireIdToken: true,
    });
    return { tokens, exchange };
}

async function configuration(all) {
    const issuer = new URL(node.base);
    const found = await oauth.discoveryRequest(issuer, plain);
    all.as = await oauth.processDiscoveryResponse(issuer, found);
    const smart = await (await fetch(`${node.base}/fhir/.well-known/smart-configuration`)).json();
    for (const name of ['authorization_endpoint', 'token_endpoint', 'revocation_endpoint']) {
        equal(`smart-configuration agrees about ${name}`, smart[name], all.as[name]);
    }
    for (const can of ['launch-standalone', 'launch-ehr', 'client-public', 'permission-v2']) {
        check(`it has the capability ${can}`, smart.capabilities.includes(can));
    }
    check('PKCE by S256 alone', smart.code_challenge_methods_supported.join() === 'S256');
}

async function aPublicAppGetsTokens(all) {
    const { as, who } = all;
    const made = register('Steps', '--kind', 'public', '--redirect', REDIRECT, '--scope', SCOPE);
    const client = { client_id: made.client_id };
    const auth = oauth.None();
    const { tokens, exchange } = await granted({ as, who, client, auth, scope: SCOPE });
    equal('with the patient', tokens.patient, GRACE.id);
    equal('and who it is', oauth.getValidatedIdTokenClaims(tokens).iss, as.issuer);
    equal('the token opens', (await fhir(tokens.access_token, 'Observation')).status, 200);
    equal('what it was asked for alone', (await fhir(tokens.access_token, 'Condition')).status, 403);

    const refresh = async (token) =>
        oauth.processRefreshTokenResponse(
            as,
            client,
            await oauth.refreshTokenGrantRequest(as, client, auth, token, plain),
        );
    const second = await refresh(tokens.refresh_token);
    check('refreshing gives another token', second.refresh_token !== tokens.refresh_token);
    equal('which opens', (await fhir(second.access_token, 'Observation')).status, 200);
    await refused('an old one is refused', 'invalid_grant', () => refresh(tokens.refresh_token));
    await refused('and ends the newest', 'invalid_grant', () => refresh(second.refresh_token));
    equal('with its access', (await fhir(second.access_token, 'Observation')).status, 401);

    const again = await granted({ as, who, client, auth, scope: SCOPE });
    await refused('a code is good once', 'invalid_grant', async () =>
        oauth.processAuthorizationCodeResponse(as, client, await again.exchange()),
    );
    equal(
        'and its second use ends what came of it',
        (await fhir(again.tokens.access_token, 'Observation')).status,
        401,
    );
    await refused('nor of a code that was used before', 'invalid_grant', async () =>
        oauth.processAuthorizationCodeResponse(as, client, await exchange()),
    );
}

async function aConfidentialAppAsksAndGivesBack(all) {
    const { as, who } = all;
    const { file, auth } = await newKey('board');
    const scope = 'openid offline_access launch/patient patient/Observation.rs';
    const made = register(
        'Board',
        ...['--kind', 'confidential', '--jwks', file],
        ...['--redirect', REDIRECT, '--scope', scope],
    );
    const client = { client_id: made.client_id };
    const { tokens } = await granted({ as, who, client, auth, scope });
    const ask = async (token) =>
        oauth.processIntrospectionResponse(
            as,
            client,
            await oauth.introspectionRequest(as, client, auth, token, plain),
        );
    const told = await ask(tokens.access_token);
    equal('introspection: it is good', told.active, true);
    equal('for whom', told.client_id, made.client_id);
    equal('about whom', told.patient, GRACE.id);
    equal('nothing about what is none', (await ask('no-such-token')).active, false);
    await oauth.processRevocationResponse(
        await oauth.revocationRequest(as, client, auth, tokens.refresh_token, plain),
    );
    equal('revoked', (await ask(tokens.access_token)).active, false);
    equal('at once', (await fhir(tokens.access_token, 'Observation')).status, 401);
    const other = await newKey('other');
    await refused("another's key is refused", 'invalid_client', async () =>
        oauth.processIntrospectionResponse(
            as,
            client,
            await oauth.introspectionRequest(as, client, other.auth, 'x', plain),
        ),
    );
}

async function aBackendServiceWorksByItself(all) {
    const { as } = all;
    const { file, auth } = await newKey('lab');
    const scope = 'system/Observation.rs';
    const made = register('Laboratory', '--kind', 'system', '--jwks', file, '--scope', scope);
    const client = { client_id: made.client_id };
    const ask = async (by, wanted) =>
        oauth.processClientCredentialsResponse(
            as,
            client,
            await oauth.clientCredentialsGrantRequest(
                as,
                client,
                by,
                new URLSearchParams({ scope: wanted }),
                plain,
            ),
        );
    const tokens = await ask(auth, scope);
    check('five minutes at most', tokens.expires_in <= 300, tokens.expires_in);
    check('no refresh token', tokens.refresh_token === undefined);
    equal('it reads', (await fhir(tokens.access_token, 'Observation')).status, 200);
    equal('nothing else', (await fhir(tokens.access_token, 'Patient')).status, 403);
    const other = await newKey('stranger');
    await refused("another's key is refused", 'invalid_client', () => ask(other.auth, scope));
    await refused('more than was registered', 'invalid_scope', () => ask(auth, 'system/Patient.rs'));
}

try {
    await loadGrace(node);
    const options = ['--kind', 'patient', '--person', `Patient/${GRACE.id}`];
    const all = { who: await person(node, 'grace', 'Grace', ...options, '--nhs-number', GRACE.nhs) };
    for (const test of [
        configuration,
        aPublicAppGetsTokens,
        aConfidentialAppAsksAndGivesBack,
        aBackendServiceWorksByItself,
    ]) {
        await attempt(test.name, () => test(all));
    }
} finally {
    await node.stop();
}
process.exitCode = finish();
