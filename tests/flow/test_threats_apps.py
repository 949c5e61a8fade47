#!/usr/bin/env python3
"""Browsers, apps and programs that try to get in, or to get more (docs/threats.md). Each test is an attack."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import secrets
import threading
import time
import urllib.parse

import kith
from kith import eq, ok, run
from oidc_provider import Key, b64
from test_access import Person, code_of, observation

BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
REDIRECT = 'https://app.example/cb'
state = {}


def send(node, method, path, body=None, **headers):
    """Without anything that is not said: (status, headers, body)."""
    source = (state['from'], 0) if 'from' in state else None  # failures count by address
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30, source_address=source)
    connection.request(method, path, body, {k.replace('_', '-'): v for k, v in headers.items() if v is not None})
    got = connection.getresponse()
    body = got.read()
    connection.close()
    return got.status, got.headers, body


def own(node):
    return 'http://%s:%d' % (node.host, node.port)


def form(node, path, fields, **headers):
    status, sent, body = send(node, 'POST', path, urllib.parse.urlencode(fields),
                              Content_Type='application/x-www-form-urlencoded', **headers)
    return status, json.loads(body or b'{}')


def client(node, name, *options):
    return json.loads(run('client', 'add', node.dir, name, '--json', *options).stdout)['client_id']


def assertion(node, header=None, key=None, **claims):
    """Right but for what is said."""
    key = key or state['key']
    whole = {'iss': state['lab'], 'sub': state['lab'], 'aud': own(node) + '/oauth/token', 'exp': int(time.time()) + 240,
             'jti': secrets.token_hex(12)}
    whole.update(claims)
    head = {'alg': 'ES256', 'typ': 'JWT', 'kid': key.jwk().get('kid')}
    head.update(header or {})
    plain = '%s.%s' % tuple(b64(json.dumps({k: v for k, v in x.items() if v is not None}).encode()) for x in (head, whole))
    return plain + '.' + b64(key.sign(plain.encode()))


def ask_token(node, jwt, scope='system/Observation.rs', **more):
    return form(node, '/oauth/token', {'grant_type': 'client_credentials', 'scope': scope, 'client_assertion_type': BEARER,
                                       'client_assertion': jwt, **more})


def test_setup(node):
    node.create({'resourceType': 'Practitioner', 'id': 'gp', 'name': [{'family': 'Shah'}]})
    node.create({'resourceType': 'Patient', 'id': 'p', 'birthDate': '1980-02-03',
                 'identifier': [{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': '9990000018'}],
                 'generalPractitioner': [{'reference': 'Practitioner/gp'}]})
    node.create({'resourceType': 'Patient', 'id': 'q'})
    node.create(observation('mine', 'p', '8480-6'))
    node.create(observation('theirs', 'q', '8480-6'))
    node.create({'resourceType': 'Condition', 'id': 'c', 'subject': {'reference': 'Patient/p'}})
    state['p'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p', '--nhs-number', '9990000018')
    state['gp'] = Person(node, 'doctor-gp', '--person', 'Practitioner/gp', '--role', 'R8000')
    state['key'] = Key('ES256')
    jwks = node.dir + '.jwks'
    with open(jwks, 'w', encoding='utf-8') as f:
        json.dump({'keys': [state['key'].jwk()]}, f)
    state['app'] = client(node, 'Steps', '--kind', 'public', '--redirect', REDIRECT, '--scope',
                          'openid launch/patient offline_access patient/Observation.rs')
    state['other'] = client(node, 'Other', '--kind', 'public', '--redirect', 'https://other.example/cb', '--scope', 'patient/Observation.rs')
    state['lab'] = client(node, 'Laboratory', '--kind', 'system', '--jwks', jwks, '--scope', 'system/Observation.rs')
    os.unlink(jwks)


# --- row 21: pages of other sites ------------------------------------------------------------------


def test_csrf(node):
    """A cookie opens no record, and changes nothing from another site or without the session's token."""
    me = state['p']
    cookie = me.headers()['Cookie']
    body = json.dumps({'resourceType': 'Appointment', 'status': 'proposed', 'participant': [
        {'actor': {'reference': 'Patient/p'}, 'status': 'accepted'}]})
    before = node.total('Appointment')
    good = {'Cookie': cookie, 'Content_Type': 'application/fhir+json', 'X_Kith_CSRF': me.csrf, 'Origin': own(node),
            'Sec_Fetch_Site': 'same-origin'}
    wrongs = [{'X_Kith_CSRF': None}, {'X_Kith_CSRF': 'x' * len(me.csrf)}, {'X_Kith_CSRF': ''}, {'Origin': 'https://evil.example'},
              {'Origin': 'null'}, {'Sec_Fetch_Site': 'cross-site'}, {'Sec_Fetch_Site': 'same-site'},
              {'Origin': None, 'Sec_Fetch_Site': None}, {'X_Kith_CSRF': state['gp'].csrf}]
    for wrong in wrongs:
        status, _, got = send(node, 'POST', '/auth/sign-out', '{}', **dict(good, Content_Type='application/json', **wrong))
        ok(status in (400, 401, 403), 'POST /auth with %s' % wrong, (status, got[:200]))
        for path in ('/auth/apps/revoke', '/auth/people', '/auth/role', '/auth/totp/new', '/auth/launch', '/auth/consent/x'):
            status, _, got = send(node, 'POST', path, '{}', **dict(good, Content_Type='application/json', **wrong))
            ok(status in (400, 401, 403, 404), 'POST %s with %s' % (path, wrong), (status, got[:200]))
    eq(me.json('GET', '/auth/session')['signed_in'], True, 'and nobody was signed out')
    for method in ('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'):
        for path in ('/fhir/Patient/p', '/fhir/Appointment', '/fhir/Patient/p/$everything', '/fhir', '/audit/patient/p', '/locality-state'):
            status, _, got = send(node, method, path, body if method[0] == 'P' else None, **good)
            ok(status in (401, 404, 405), '%s %s by the cookie of a session' % (method, path), (status, got[:200]))
    eq(node.total('Appointment'), before, 'nothing was stored')
    status, _, _ = send(node, 'POST', '/auth/sign-out', 'x=1', **dict(good, Content_Type='application/x-www-form-urlencoded'))
    ok(status in (400, 415), 'a form of another page is no JSON', status)
    for kind in ('text/plain', 'multipart/form-data; boundary=x'):
        bearer = me.headers()['Authorization']
        status, _, _ = send(node, 'POST', '/fhir/Appointment', body, Content_Type=kind, Authorization=bearer)
        eq(status, 415, 'nor a resource as ' + kind)


def test_login_csrf(node):
    """Nobody is signed in as somebody else by a page of another site."""
    for path, body in (('/auth/password', {'login': 'doctor-gp', 'password': 'a long and quiet pass phrase doctor-gp'}),
                       ('/auth/passkey/options', {'login': ''}), ('/auth/totp', {'code': '000000'})):
        for wrong in ({'Origin': 'https://evil.example'}, {'Sec_Fetch_Site': 'cross-site'}, {}):
            status, headers, got = send(node, 'POST', path, json.dumps(body), Content_Type='application/json', **wrong)
            ok(status in (401, 403) and not headers.get('Set-Cookie'), '%s from %s' % (path, wrong or 'nowhere'), (status, got[:200]))


def test_session_is_new(node):
    """Fixation: the cookie from before sign-in is no session after it; attributes; two of a name; another's."""
    me = Person.__new__(Person)
    me.node, me.cookies, me.csrf = node, {'kith': 'A' * 43}, ''
    got = me.ask('POST', '/auth/password', {'login': 'doctor-gp', 'password': 'a long and quiet pass phrase doctor-gp'})
    eq(got[0], 200, 'the password is right')
    cookie = got[1].get('Set-Cookie') or ''
    ok('A' * 43 not in cookie, 'a cookie of its own')
    first = me.cookies['kith']
    for word in ('HttpOnly', 'SameSite=', 'Path=/'):
        ok(word.lower() in cookie.lower(), 'cookie: ' + word, cookie.replace(first, '...'))
    ok('domain=' not in cookie.lower(), 'cookie: no domain')
    eq(send(node, 'GET', '/fhir/Patient/p', Cookie='kith=' + first)[0], 401, 'a password alone opens nothing')
    both = 'kith=%s; kith=%s' % (state['p'].cookies['kith'], state['p'].cookies['kith'])
    eq(send(node, 'GET', '/fhir/Patient/p', Cookie=both)[0], 401, 'of two cookies none counts')
    eq(send(node, 'GET', '/fhir/Patient/p', Cookie='kith=' + 'A' * 43)[0], 401, 'a made-up cookie')
    for value in ('', 'x' * 5000, '%00', '"' + state['p'].cookies['kith'] + '"'):
        eq(send(node, 'GET', '/fhir/Patient/p', Cookie='kith=' + value)[0], 401, 'a strange cookie')


def test_not_framed(node):
    """Clickjacking, scripts, sniffing, caches."""
    for path in ('/', '/auth/session', '/oauth/authorize?client_id=none', '/fhir/metadata'):
        _, headers, _ = send(node, 'GET', path)
        eq(headers.get('X-Content-Type-Options'), 'nosniff', path)
        policy = headers.get('Content-Security-Policy') or ''
        if (headers.get('Content-Type') or '').startswith('text/html'):
            for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
                ok(part in policy, '%s: %s' % (path, part), policy)
            ok('unsafe' not in policy, path + ': nothing unsafe', policy)
        if path.startswith(('/auth', '/oauth')):
            ok('no-store' in (headers.get('Cache-Control') or ''), path + ': kept by nobody', dict(headers))
    for origin in ('https://evil.example', 'null'):
        _, headers, _ = send(node, 'GET', '/auth/session', Origin=origin)
        eq((headers.get('Access-Control-Allow-Origin'), headers.get('Access-Control-Allow-Credentials')), (None, None), 'no page of ' + origin)


# --- guessing ------------------------------------------------------------------------------------


def sign_in(node, login, password, **more):
    return send(node, 'POST', '/auth/password', json.dumps({'login': login, 'password': password}),
                Content_Type='application/json', Origin=own(node), **more)


def test_unknown_name_is_like_wrong_password(node):
    """The same words, and about the same time."""
    times = {'doctor-gp': [], 'nobody-at-all': []}
    bodies = {}
    for _ in range(4):
        for login in times:
            start = time.monotonic()
            got = sign_in(node, login, 'wrong but long enough')
            times[login].append(time.monotonic() - start)
            bodies.setdefault(login, (got[0], got[2]))
    eq(bodies['doctor-gp'], bodies['nobody-at-all'], 'the same answer')
    ok(min(times['nobody-at-all']) > 0.3 * min(times['doctor-gp']), 'an unknown name costs as much', times)
    eq(send(node, 'POST', '/auth/passkey/options', '{"login":"doctor-gp"}', Content_Type='application/json', Origin=own(node))[2].count(b'"id"'),
       send(node, 'POST', '/auth/passkey/options', '{"login":"nobody"}', Content_Type='application/json', Origin=own(node))[2].count(b'"id"'),
       'no list of passkeys for a name')


def test_throttle(node):
    """Guessing is slowed; whoever is signed in already, and others, are not held up."""
    Person(node, 'victim', '--person', 'Practitioner/gp', '--role', 'R8000')
    answers = [sign_in(node, 'victim', 'wrong but long enough %d' % i) for i in range(8)]
    ok(any(a[0] == 429 for a in answers), 'slowed', [a[0] for a in answers])
    slowed = next(a for a in answers if a[0] == 429)
    ok(slowed[1].get('Retry-After') or 'seconds' in json.loads(slowed[2]), 'told for how long', slowed[2])
    eq(sign_in(node, 'victim', 'a long and quiet pass phrase victim')[0], 429, 'even with the right one, from there')
    eq(state['gp'].json('GET', '/auth/session')['signed_in'], True, 'others go on')
    eq(sign_in(node, 'patient-p', 'a long and quiet pass phrase patient-p')[0], 200, 'and sign in')


def test_second_factor_once(node):
    """A one-time code, a recovery code and an invitation are good once."""
    done = run('user', 'add', node.dir, 'once', '--login', 'once', '--person', 'Practitioner/gp', '--role', 'R8000')
    token = re.search(r'/invite/([A-Za-z0-9_\-]+)', done.stdout)[1]
    me = Person.__new__(Person)
    me.node, me.cookies, me.csrf = node, {}, ''
    me.csrf = me.json('GET', '/auth/session').get('csrf', '')
    given = {'login': 'once', 'password': 'a long and quiet pass phrase once'}
    me.csrf = me.json('POST', '/auth/invite/' + token, given)['csrf']
    ok(send(node, 'POST', '/auth/invite/' + token, json.dumps(given), Content_Type='application/json', Origin=own(node))[0] in (400, 401, 404, 409),
       'the invitation is used up')
    ok(send(node, 'GET', '/auth/invite/' + token)[0] in (400, 404), 'and tells nothing')
    secret = me.json('POST', '/auth/totp/new', {})['secret']
    code = code_of(secret)
    confirmed = me.json('POST', '/auth/totp/confirm', {'code': code})
    recovery = confirmed['recovery'][0]

    def again():
        other = Person.__new__(Person)
        other.node, other.cookies, other.csrf = node, {}, ''
        other.csrf = json.loads(other.ask('POST', '/auth/password', given)[2])['csrf']
        return other
    ok(again().ask('POST', '/auth/totp', {'code': code})[0] in (400, 401, 403), 'the same code of the same half minute')
    eq(again().ask('POST', '/auth/recovery', {'code': recovery})[0], 200, 'a recovery code')
    ok(again().ask('POST', '/auth/recovery', {'code': recovery})[0] in (400, 401, 403), 'once')
    half = again()
    for path in ('/fhir/Patient/p', '/auth/apps', '/auth/passkeys', '/auth/people'):
        ok(half.ask('GET', path)[0] in (401, 403), 'half-way in: ' + path)


# --- row 21: apps --------------------------------------------------------------------------------


def ask_for(node, verifier, **more):
    fields = {'response_type': 'code', 'client_id': state['app'], 'redirect_uri': REDIRECT, 'scope': 'launch/patient offline_access patient/Observation.rs',
              'state': 's', 'aud': own(node) + '/fhir', 'code_challenge_method': 'S256',
              'code_challenge': b64(hashlib.sha256(verifier.encode()).digest())}
    fields.update(more)
    return '/oauth/authorize?' + urllib.parse.urlencode({k: v for k, v in fields.items() if v is not None})


def consented(node, verifier, scopes=('launch/patient', 'offline_access', 'patient/Observation.rs')):
    """The code that the app gets."""
    me = state['p']
    status, headers, body = me.ask('GET', ask_for(node, verifier, prompt='consent'))
    request = re.search(r'#/consent/([A-Za-z0-9_\-]+)', headers.get('Location') or '')
    if not ok(request, 'asked for consent', (status, headers.get('Location'), body[:300])):
        return {}
    got = me.json('POST', '/auth/consent/' + request[1], {'allow': True, 'scopes': list(scopes), 'patient': 'p'})
    state['request'] = request[1]
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(got['redirect']).query))


def redeem(node, code, verifier, **more):
    fields = {'grant_type': 'authorization_code', 'client_id': state['app'], 'code': code, 'redirect_uri': REDIRECT, 'code_verifier': verifier}
    fields.update(more)
    return form(node, '/oauth/token', {k: v for k, v in fields.items() if v is not None})


def test_redirects(node):
    """Nothing is sent to an address that is not, character by character, one that was registered."""
    for address in ('https://app.example/cb/', 'https://app.example/cb?x=1', 'https://app.example/cb#x', 'https://APP.example/cb', 'http://app.example/cb',
                    'https://app.example.evil.example/cb', 'https://app.example@evil.example/cb', 'https://app.example/cb/../x',
                    'https://app.example:443/cb', 'https://other.example/cb', 'javascript:alert(1)', '//evil.example', '', None,
                    REDIRECT + '\r\nX-Injected: 1', REDIRECT + '%0d%0aX-Injected:1'):
        status, headers, body = state['p'].ask('GET', ask_for(node, 'v' * 43, redirect_uri=address))
        ok(status == 400 and not headers.get('Location') and not headers.get('X-Injected'), 'redirect_uri %r' % address, (status, dict(headers)))
    for wrong in ({'state': 'a\r\nSet-Cookie: x=1'}, {'state': 's' * 9000}, {'state': None}):
        status, headers, _ = state['p'].ask('GET', ask_for(node, 'v' * 43, **wrong))
        ok('x=1' not in (headers.get('Set-Cookie') or ''), 'no field is made by %s' % list(wrong), dict(headers))
    for path in ('/auth/external/none', '/auth/external/none/callback?code=1&state=2', '/auth/external/https:%2f%2fevil.example',
                 '//evil.example/', '/\\evil.example', '/auth/external/%0d%0aLocation:%20x'):
        _, headers, _ = send(node, 'GET', path)
        ok('evil.example' not in (headers.get('Location') or ''), 'no open redirect: ' + path, headers.get('Location'))


def test_pkce(node):
    """No downgrade: no challenge, plain, a short one; and the verifier is asked for."""
    for wrong in ({'code_challenge': None}, {'code_challenge_method': 'plain'}, {'code_challenge_method': None}, {'code_challenge': 'short'}):
        _, headers, body = state['p'].ask('GET', ask_for(node, 'v' * 43, **wrong))
        ok('error=invalid_request' in (headers.get('Location') or ''), 'refused: %s' % wrong, (headers.get('Location'), body[:200]))
    for verifier in (None, '', 'w' * 43, 'v' * 42):
        code = consented(node, 'v' * 43).get('code')
        status, got = redeem(node, code, verifier)
        ok(status == 400 and got.get('error') in ('invalid_grant', 'invalid_request'), 'verifier %r' % verifier, got)
        status, got = redeem(node, code, 'v' * 43)
        ok(status in (200, 400), 'then', got)


def test_code(node):
    """Mix-up, injection, replay: for this app, this address, once."""
    answer = consented(node, 'a' * 43)
    eq((answer.get('state'), answer.get('iss')), ('s', own(node)), 'state and iss come back')
    again = state['p'].ask('POST', '/auth/consent/' + state['request'], {'allow': True, 'scopes': ['patient/Observation.rs'], 'patient': 'p'})
    ok(again[0] in (400, 404, 409), 'a consent is given once', again[2][:200])
    for wrong in ({'client_id': state['other']}, {'redirect_uri': 'https://other.example/cb'}, {'redirect_uri': None}, {'client_id': None}):
        code = consented(node, 'a' * 43)['code']
        status, got = redeem(node, code, 'a' * 43, **wrong)
        ok(status in (400, 401) and 'access_token' not in got, 'code with %s' % wrong, got)
    code = consented(node, 'a' * 43)['code']
    results = kith.in_threads(6, lambda i: redeem(node, code, 'a' * 43)[0])
    eq(results.count(200), 1, 'of six at once one wins')
    code = consented(node, 'a' * 43)['code']
    status, first = redeem(node, code, 'a' * 43)
    eq(status, 200, 'the code is good once')
    eq(send(node, 'GET', '/fhir/Observation/mine', Authorization='Bearer ' + first['access_token'])[0], 200, 'and so is its token')
    eq(redeem(node, code, 'a' * 43)[1].get('error'), 'invalid_grant', 'twice it is not')
    eq(send(node, 'GET', '/fhir/Observation/mine', Authorization='Bearer ' + first['access_token'])[0], 401, 'and ends what came of the first')
    got = state['gp'].ask('GET', '/auth/consent/' + state['request'])
    ok(got[0] in (403, 404), "another person does not see, or answer, one's consent", got[2][:200])


def test_scopes_of_an_app(node):
    """Narrow scopes: this patient, this type, reading."""
    answer = consented(node, 'b' * 43)
    _, got = redeem(node, answer['code'], 'b' * 43)
    bearer = {'Authorization': 'Bearer ' + got['access_token']}
    eq(got['patient'], 'p', 'one patient')
    eq(send(node, 'GET', '/fhir/Observation/mine', **bearer)[0], 200, 'what it may')
    for method, path in (('GET', '/fhir/Condition/c'), ('GET', '/fhir/Condition'), ('GET', '/fhir/Patient/p'), ('GET', '/fhir/Consent'),
                         ('GET', '/fhir/Patient/p/$sharing'), ('GET', '/fhir/AuditEvent'), ('DELETE', '/fhir/Observation/mine'),
                         ('GET', '/audit/patient/p'), ('GET', '/fhir/$export'), ('POST', '/fhir/Patient/p/$open'), ('GET', '/fhir/_jobs/1')):
        status, _, body = send(node, method, path, '{"resourceType":"Parameters"}' if method == 'POST' else None,
                               Content_Type='application/fhir+json' if method == 'POST' else None, **bearer)
        ok(status in (401, 403, 404), '%s %s' % (method, path), (status, body[:200]))
    eq(send(node, 'GET', '/fhir/Observation/theirs', **bearer)[0], 404, 'nor another patient')
    status, _, body = send(node, 'GET', '/fhir/Observation?_include=Observation:subject&_revinclude=Condition:encounter', **bearer)
    ok(b'"resourceType":"Patient"' not in body and b'"resourceType":"Condition"' not in body, 'nor by includes', body[:300])
    status, _, body = send(node, 'GET', '/fhir/Observation?subject:Patient.birthdate=1980-02-03&_summary=count', **bearer)
    ok(status == 403 or json.loads(body).get('total', 0) == 0, 'nor by a chain through what it may not read', body[:300])
    for path in ('/auth/session', '/auth/apps', '/auth/people', '/auth/passkeys'):
        status, _, body = send(node, 'GET', path, **bearer)
        ok(status in (401, 403) or b'"signed_in":false' in body, 'a token is no session: ' + path, (status, body[:200]))
    for path in ('/fhir/Observation/mine?access_token=' + got['access_token'],):
        status, _, _ = send(node, 'GET', path)
        ok(status in (400, 401), 'no token in an address', status)
    status, _, _ = send(node, 'POST', '/fhir/Observation/_search', 'access_token=' + got['access_token'], Content_Type='application/x-www-form-urlencoded')
    ok(status in (400, 401), 'nor in a form', status)
    for scope in ('system/*.rs', 'user/*.cruds', 'patient/*.cruds launch/patient', 'patient/Condition.rs launch/patient'):
        _, headers, body = state['p'].ask('GET', ask_for(node, 'b' * 43, scope=scope))
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers.get('Location') or '').query)).get('code')
        given = redeem(node, code, 'b' * 43)[1].get('scope', '') if code else ''
        ok(not {s for s in given.split() if '/' in s} - {'launch/patient', 'patient/Observation.rs'}, 'no more than was registered: ' + scope, given)


def test_refresh(node):
    """Rotation; a second use ends the family; no more scope; no other client."""
    _, got = redeem(node, consented(node, 'c' * 43)['code'], 'c' * 43)
    fields = {'grant_type': 'refresh_token', 'client_id': state['app'], 'refresh_token': got['refresh_token']}
    status, more = form(node, '/oauth/token', dict(fields, scope='patient/Observation.rs patient/Condition.rs'))
    ok(status == 400 and 'access_token' not in more, 'no more scope', more)
    status, more = form(node, '/oauth/token', dict(fields, client_id=state['other']))
    ok(status in (400, 401), 'no other client', more)
    status, next = form(node, '/oauth/token', fields)
    eq(status, 200, 'a refresh')
    ok(next['refresh_token'] != got['refresh_token'], 'gives a new one')
    eq(form(node, '/oauth/token', fields)[0], 400, 'the old one is over')
    eq(form(node, '/oauth/token', dict(fields, refresh_token=next['refresh_token']))[0], 400, 'and so is the family')
    eq(send(node, 'GET', '/fhir/Observation/mine', Authorization='Bearer ' + next['access_token'])[0], 401, 'with its tokens')


def test_assertions(node):
    """alg confusion, none, wrong aud, iss, times, key; replay."""
    status, good = ask_token(node, assertion(node))
    eq(status, 200, 'the right one')
    state['system'] = good.get('access_token', '')
    ok(good.get('expires_in', 999) <= 300 and 'refresh_token' not in good, 'short, and not to be refreshed', sorted(good))
    now = int(time.time())
    stranger = Key('ES256')
    bad = {'aud': dict(aud='https://evil.example/oauth/token'), 'aud prefix': dict(aud=own(node) + '/oauth/token/'), 'iss': dict(iss='x'),
           'sub': dict(sub='x'), 'expired': dict(exp=now - 120), 'too far ahead': dict(exp=now + 3600), 'no exp': dict(exp=None),
           'no jti': dict(jti=None), 'not yet': dict(nbf=now + 600)}
    for i, (what, claims) in enumerate(bad.items()):
        state['from'] = '127.0.1.%d' % (i + 1)
        status, got = ask_token(node, assertion(node, **claims))
        ok(status in (400, 401) and got.get('error') == 'invalid_client', what, got)
    wrong = {'another key': assertion(node, key=stranger, header={'kid': state['key'].jwk().get('kid')}),
                      'alg none': assertion(node, header={'alg': 'none'}), 'none, no signature': assertion(node, header={'alg': 'none'}).rsplit('.', 1)[0] + '.',
                      'alg of another family': assertion(node, header={'alg': 'RS256'}), 'jwk in the header': assertion(node, key=stranger, header={'jwk': stranger.jwk(), 'kid': None}),
                      'jku': assertion(node, header={'jku': 'http://127.0.0.1:1/keys'}, key=stranger), 'x5u': assertion(node, header={'x5u': 'http://127.0.0.1:1/'}, key=stranger),
                      'crit': assertion(node, header={'crit': ['exp']}), 'no signature': assertion(node).rsplit('.', 1)[0] + '.',
                      'spaces': assertion(node) + ' ', 'nothing': 'a.b.c'}
    for i, (what, jwt) in enumerate(wrong.items()):
        state['from'] = '127.0.2.%d' % (i + 1)
        status, got = ask_token(node, jwt)
        ok(status in (400, 401) and 'access_token' not in got, what, got)
    plain = assertion(node).rsplit('.', 2)
    body = '%s.%s' % (b64(json.dumps({'alg': 'HS256', 'kid': state['key'].jwk().get('kid')}).encode()), plain[1])
    mac = hmac.new(json.dumps(state['key'].jwk()).encode(), body.encode(), hashlib.sha256).digest()
    state['from'] = '127.0.3.1'
    eq(ask_token(node, body + '.' + b64(mac))[1].get('error'), 'invalid_client', 'HS256 with the public key')
    del state['from']


def test_assertion_replay(node):
    jwt = assertion(node)
    eq(ask_token(node, jwt)[0], 200, 'once')
    eq(ask_token(node, jwt)[0] in (400, 401), True, 'twice it is refused')
    status, got = ask_token(node, assertion(node), scope='system/Patient.rs')
    ok('Patient' not in got.get('scope', ''), 'no more than was registered', got)


def test_backend(node):
    """A program: its scopes, no page, no session, no node."""
    bearer = {'Authorization': 'Bearer ' + state['system']}
    eq(send(node, 'GET', '/fhir/Observation/mine', **bearer)[0], 200, 'what it may')
    for method, path in (('GET', '/fhir/Patient/p'), ('DELETE', '/fhir/Observation/mine'), ('GET', '/fhir/AuditEvent'), ('POST', '/fhir/$reindex'),
                         ('GET', '/audit/patient/p'), ('POST', '/fhir/Patient/p/$open'), ('POST', '/fhir/Patient/p/$grant-access')):
        status, _, body = send(node, method, path, '{"resourceType":"Parameters"}' if method == 'POST' else None,
                               Content_Type='application/fhir+json' if method == 'POST' else None, **bearer)
        ok(status in (401, 403, 404), '%s %s' % (method, path), (status, body[:200]))


def test_introspection(node):
    """No oracle: nobody without proof asks; a stranger's token is a token that is none."""
    for fields in ({'token': state['system']}, {'token': state['system'], 'client_id': state['app']}, {'token': state['system'], 'client_id': state['lab']}):
        status, got = form(node, '/oauth/introspect', fields)
        ok(status in (400, 401, 429) and 'scope' not in got, 'without proof: %s' % sorted(fields), (status, got))
    status, got = form(node, '/oauth/revoke', {'token': state['system'], 'client_id': state['other']})
    eq(send(node, 'GET', '/fhir/Observation/mine', Authorization='Bearer ' + state['system'])[0], 200, 'nobody revokes what is not theirs')
    status, got = form(node, '/oauth/register', {'client_name': 'x'})
    ok(status in (400, 403, 404, 415), 'nobody registers unasked', (status, got))


def test_no_fetch(node):
    """Row 13: no address out of a request is fetched. A listener that is named everywhere hears nothing."""
    import socket
    heard = []
    listener = socket.create_server(('127.0.0.1', 0))
    listener.settimeout(0.2)
    over = threading.Event()

    def listen():
        while not over.is_set():
            try:
                heard.append(listener.accept()[1])
            except socket.timeout:
                pass
    thread = threading.Thread(target=listen)
    thread.start()
    url = 'http://127.0.0.1:%d/x' % listener.getsockname()[1]
    node.post('DocumentReference', {'resourceType': 'DocumentReference', 'status': 'current', 'subject': {'reference': 'Patient/p'},
                                    'content': [{'attachment': {'url': url, 'contentType': 'image/png'}}]})
    node.post('Observation', dict(new(observation('x', 'p', '1-8')), meta={'profile': [url]}, derivedFrom=[{'reference': url}]))
    node.post('Observation/$validate?profile=' + url, new(observation('x', 'p', '1-8')))
    node.post('Subscription', {'resourceType': 'Subscription', 'status': 'requested', 'reason': 'x', 'criteria': 'Patient?name=x',
                               'channel': {'type': 'rest-hook', 'endpoint': url}})
    node.post('ValueSet', {'resourceType': 'ValueSet', 'status': 'draft', 'url': url, 'compose': {'include': [{'valueSet': [url + '2'], 'system': url}]}})
    node.get('ValueSet/$expand?url=' + url)
    node.get('CodeSystem/$lookup?system=%s&code=x' % url)
    node.get('Observation?code:in=' + url)
    node.post('$import', {'resourceType': 'Parameters', 'parameter': [{'name': 'input', 'part': [{'name': 'url', 'valueUrl': url}]}]}, Prefer='respond-async')
    node.get('Patient?_profile=' + url)
    form(node, '/oauth/register', {'jwks_uri': url, 'logo_uri': url})
    send(node, 'POST', '/oauth/register', json.dumps({'client_name': 'x', 'redirect_uris': ['https://x.example/'], 'jwks_uri': url, 'logo_uri': url}),
         Content_Type='application/json')
    ask_token(node, assertion(node, header={'jku': url, 'x5u': url}))
    state['p'].ask('GET', ask_for(node, 'v' * 43, request_uri=url))
    send(node, 'GET', '/auth/external/' + urllib.parse.quote(url, safe=''))
    time.sleep(0.5)
    over.set()
    thread.join()
    listener.close()
    eq(heard, [], 'nobody was called')


def new(resource):
    return {k: v for k, v in resource.items() if k != 'id'}


def test_strange_bodies(node):
    """Row 16 at the other doors: duplicate names, depth, size, types."""
    deep = '[' * 5000 + ']' * 5000
    for path in ('/auth/password', '/auth/passkey/verify', '/auth/totp', '/oauth/register'):
        for body in ('{"login":"a","login":"b","password":"c"}', '{"login":{"a":1},"password":[]}', deep, '{"a":' * 3000 + '1' + '}' * 3000, '', 'null', '[]',
                     '{"login":"\\ud800","password":"x"}', '{"code":"1","x":1}', '{"login":"a\\u0000b","password":"x"}', ' ' * 20000, '\xff'):
            status, headers, got = send(node, 'POST', path, body.encode('latin-1'), Content_Type='application/json', Origin=own(node))
            ok(400 <= status < 500, '%s %r' % (path, body[:20]), (status, got[:200]))
            ok(len(got) < 2000 and not headers.get('Set-Cookie'), '%s %r: a short answer' % (path, body[:20]), got[:200])
    for body in ('grant_type=client_credentials&grant_type=refresh_token', 'grant_type=password&username=a&password=b', 'grant_type=implicit', '=', '&' * 5000,
                 'grant_type=%zz', 'grant_type=' + 'a' * 20000, 'grant_type=authorization_code&code=x&client_id=x&client_id=y'):
        status, _, got = send(node, 'POST', '/oauth/token', body, Content_Type='application/x-www-form-urlencoded')
        ok(400 <= status < 500 and b'access_token' not in got, 'token: ' + body[:30], (status, got[:200]))
    for method in ('GET', 'PUT', 'DELETE', 'PATCH', 'TRACE'):
        for path in ('/oauth/token', '/oauth/introspect', '/oauth/revoke', '/auth/password', '/auth/sign-out'):
            status, _, got = send(node, method, path)
            ok(status in (400, 401, 403, 404, 405, 415, 501), '%s %s' % (method, path), (status, got[:200]))


def test_host(node):
    """DNS rebinding: a name that is not this node's is answered nowhere."""
    for path in ('/fhir/Patient/p', '/auth/session', '/oauth/authorize?client_id=x', '/fhir/metadata', '/.well-known/smart-configuration'):
        status, headers, body = send(node, 'GET', path, Host='evil.example', Cookie=state['p'].headers()['Cookie'])
        ok(status >= 400 and b'evil.example/' not in body, path, (status, body[:200]))


def test_secrets_are_not_told(node):
    """Row 24: no token, code, cookie or password in the process's log or in metrics."""
    log = node.log() + send(node, 'GET', '/metrics')[2].decode()
    for canary in [state['system'], node.token, 'quiet pass phrase'] + [v for p in (state['p'], state['gp']) for v in list(p.cookies.values()) + [p.csrf]]:
        ok(canary and canary not in log, 'a secret', canary[:8])


if __name__ == '__main__':
    kith.main(globals())
