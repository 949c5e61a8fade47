"""The portal as a SMART app: no consent, a token that lives as long as the session, and nothing by the cookie."""

import base64
import hashlib
import http.client
import json
import os
import secrets
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))

import kith
from kith import eq, ok, run, within
from oidc_provider import Key
from test_access import Person, observation

people = {}
state = {}


def send(node, method, path, body=None, **headers):
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30)
    connection.request(method, path, body, {k.replace('_', '-'): v for k, v in headers.items() if v is not None})
    got = connection.getresponse()
    body = got.read()
    connection.close()
    return got.status, got.headers, body


def own(node):
    return 'http://%s:%d' % (node.host, node.port)


def opens(node, path, token, **headers):
    return send(node, 'GET', path, Authorization='Bearer ' + token, **headers)[0]


def test_setup(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery'})
    node.create({'resourceType': 'Practitioner', 'id': 'gp', 'name': [{'family': 'Shah'}]})
    node.create({'resourceType': 'Patient', 'id': 'p', 'birthDate': '1980-02-03', 'name': [{'family': 'Flow'}],
                 'identifier': [{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': '9990000018'}],
                 'generalPractitioner': [{'reference': 'Practitioner/gp'}]})
    node.create({'resourceType': 'Patient', 'id': 'q'})
    node.create(observation('mine', 'p', '8480-6'))
    people['p'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p', '--nhs-number', '9990000018')
    people['gp'] = Person(node, 'doctor-gp', '--person', 'Practitioner/gp', '--role', 'R8000', '--role', 'R8008')


def test_what_smart_configuration_says(node):
    """The addresses that the portal asks stand where any app finds them, for pages of any origin."""
    status, headers, body = send(node, 'GET', '/.well-known/smart-configuration', Origin='https://rival.example')
    eq((status, headers.get('Access-Control-Allow-Origin')), (200, '*'), 'open to all')
    said = json.loads(body)
    eq(said['authorization_endpoint'], own(node) + '/oauth/authorize', 'where to ask')
    eq(said['token_endpoint'], own(node) + '/oauth/token', 'where the token comes from')


def test_only_the_token_opens(node):
    me = people['p']
    token, cookie = me.renew(), me.cookie()
    for path in ('/fhir/Patient/p', '/fhir/Observation?patient=p', '/audit/patient/p'):
        eq(opens(node, path, token), 200, path + ' by the token')
        eq(send(node, 'GET', path, Cookie=cookie)[0], 401, path + ' by the cookie')
        eq(opens(node, path, 'A' * 98, Cookie=cookie), 401, path + ': a cookie mends no wrong token')
    eq(opens(node, '/fhir/Patient/q', token), 404, 'and nobody else\'s')
    for path in ('/auth/passkeys', '/auth/apps'):
        ok(opens(node, path, token) in (401, 403), path + ' is for the node\'s own page')
    eq(json.loads(send(node, 'GET', '/auth/session', Authorization='Bearer ' + token)[2])['signed_in'], False, 'a token is no session')


def test_log(node):
    """The log tells of people, not of the page that they use; a token alone leaves no entry."""
    me = people['p']
    before = me.json('GET', '/audit/patient/p?count=1')['total']
    for _ in range(3):
        ok(me.renew(), 'a token')
    eq(me.json('GET', '/audit/patient/p?count=1')['total'], before + 1, 'this look alone')
    me.get('Observation/mine').is_(200)
    entry = me.json('GET', '/audit/patient/p')['entries'][0]
    eq((entry['class'], entry.get('client_name')), ('self', None), 'their own look, by no app')
    eq(me.json('GET', '/auth/apps')['apps'], [], 'it is not among the apps')


def test_ends_with_the_session(node):
    me = Person.__new__(Person)
    me.node, me.cookies, me.csrf = node, {}, ''
    first = people['gp']
    token = first.renew()
    eq(opens(node, '/fhir/Patient/p', token), 200, 'it opens')
    first.json('POST', '/auth/role', {'role': 1})
    eq(opens(node, '/fhir/Patient/p', token), 401, 'another role: it has ended')
    again = first.renew()
    ok(again and opens(node, '/fhir/metadata', again) == 200, 'another one is there at once')
    eq(opens(node, '/audit/patient/p', again) in (200, 403), True, 'in that role')
    first.json('POST', '/auth/role', {'role': 0})
    token = first.renew()
    eq(opens(node, '/fhir/Patient/p', token), 200, 'back again')
    first.json('POST', '/auth/sign-out', {})
    eq(opens(node, '/fhir/Patient/p', token), 401, 'signed out: it has ended')
    eq(first.renew(), '', 'and there is no other')


def test_nothing_in_it_can_be_changed(node):
    token = people['p'].renew()
    for i in range(0, len(token), 7):
        other = token[:i] + ('A' if token[i] != 'A' else 'B') + token[i + 1:]
        eq(opens(node, '/fhir/Patient/p', other), 401, 'character %d' % i)


def test_of_another_site(node):
    """A page elsewhere gets neither a code nor, with a token of its own, a cookie's help."""
    cookie = people['p'].cookie()
    asked = urllib.parse.urlencode({
        'response_type': 'code', 'client_id': 'kith-portal', 'redirect_uri': own(node) + '/', 'scope': 'user/*.cruds', 'state': 's',
        'aud': own(node) + '/fhir', 'code_challenge': 'c' * 43, 'code_challenge_method': 'S256', 'prompt': 'none'})
    for site in ('cross-site', 'same-site'):
        status, headers, _ = send(node, 'GET', '/oauth/authorize?' + asked, Cookie=cookie, Sec_Fetch_Site=site)
        within(headers.get('Location') or '', 'error=login_required', site)
        ok('code=' not in headers.get('Location'), site + ': no code')
    status, headers, _ = send(node, 'GET', '/oauth/authorize?' + asked, Cookie=cookie, Sec_Fetch_Site='same-origin')
    ok(headers.get('Location').startswith(own(node) + '/?code='), 'the node\'s own page has one', headers.get('Location'))
    eq(headers.get('Access-Control-Allow-Origin'), None, 'that nobody else can read')
    for redirect in ('https://evil.example/', own(node), own(node) + '/x'):
        wrong = asked.replace(urllib.parse.quote_plus(own(node) + '/') + '&scope', urllib.parse.quote_plus(redirect) + '&scope')
        eq(send(node, 'GET', '/oauth/authorize?' + wrong, Cookie=cookie)[0], 400, 'to ' + redirect)


def test_other_origins(node):
    """What apps in a browser ask answers to every origin, without credentials; the rest to none."""
    token = people['p'].renew()
    site = 'https://rival.example'
    for path in ('/fhir/Patient/p', '/audit/patient/p', '/audit/check/p', '/audit/key', '/fhir/Patient/none'):
        _, headers, _ = send(node, 'GET', path, Origin=site, Authorization='Bearer ' + token)
        eq((headers.get_all('Access-Control-Allow-Origin'), headers.get('Access-Control-Allow-Credentials')), (['*'], None), path)
        status, headers, _ = send(node, 'OPTIONS', path, Origin=site, Access_Control_Request_Method='GET',
                                  Access_Control_Request_Headers='authorization')
        eq((status, headers.get_all('Access-Control-Allow-Origin')), (204, ['*']), path + ': asked beforehand')
        within(headers.get('Access-Control-Allow-Headers') or '', 'authorization', path)
    for path in ('/auth/session', '/auth/apps', '/oauth/authorize?client_id=kith-portal', '/oauth/introspect', '/auth/demo'):
        for method in ('GET', 'OPTIONS', 'POST'):
            _, headers, _ = send(node, method, path, Origin=site, Cookie=people['p'].cookie())
            eq(headers.get('Access-Control-Allow-Origin'), None, '%s %s' % (method, path))


# --- a signed link of another system ---------------------------------------------------------------


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def link(node, key=None, header=None, **claims):
    """Right but for what is said."""
    key = key or state['key']
    whole = {'iss': state['ward'], 'aud': own(node) + '/open', 'exp': int(time.time()) + 120, 'jti': secrets.token_hex(12),
             'nhs_number': '9990000018', **claims}
    head = {'alg': 'ES256', 'kid': key.jwk().get('kid'), **(header or {})}
    plain = '%s.%s' % tuple(b64(json.dumps({k: v for k, v in x.items() if v is not None}).encode()) for x in (head, whole))
    return plain + '.' + b64(key.sign(plain.encode()))


def opened(node, jws, method='GET'):
    """Where the browser is sent: the parameters of the portal's page."""
    form = urllib.parse.urlencode({'link': jws})
    if method == 'GET':
        status, headers, _ = send(node, 'GET', '/open?' + form)
    else:
        status, headers, _ = send(node, 'POST', '/open', form, Content_Type='application/x-www-form-urlencoded',
                                  Origin='https://ward.example', Sec_Fetch_Site='cross-site')
    eq((status, headers.get('Referrer-Policy')), (303, 'no-referrer'), 'the page says it, not an error of the browser')
    page, _, query = (headers.get('Location') or '').partition('?')
    eq(page, own(node) + '/#/launch', 'the page of the portal')
    return dict(urllib.parse.parse_qsl(query))


def redeem(node, who, launch):
    """As the portal does: the answer of authorize, and of the token where there is a code."""
    verifier = secrets.token_urlsafe(32)
    app = {'client_id': 'kith-portal', 'redirect_uri': own(node) + '/'}
    asked = urllib.parse.urlencode({
        **app, 'response_type': 'code', 'scope': 'launch user/*.cruds', 'state': 's', 'aud': own(node) + '/fhir', 'prompt': 'none',
        'code_challenge': b64(hashlib.sha256(verifier.encode()).digest()), 'code_challenge_method': 'S256', 'launch': launch})
    _, headers, _ = send(node, 'GET', '/oauth/authorize?' + asked, Cookie=who.cookie(), Sec_Fetch_Site='same-origin')
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers.get('Location')).query))
    if 'code' not in back:
        return back
    _, _, body = send(node, 'POST', '/oauth/token', urllib.parse.urlencode(
        {**app, 'grant_type': 'authorization_code', 'code': back['code'], 'code_verifier': verifier}),
        Content_Type='application/x-www-form-urlencoded')
    return json.loads(body)


def test_link_setup(node):
    state['key'], state['stranger'] = Key('ES256'), Key('ES256')
    jwks = node.dir + '.jwks'
    with open(jwks, 'w', encoding='utf-8') as f:
        json.dump({'keys': [state['key'].jwk()]}, f)
    add = lambda name, kind, scope, *more: json.loads(run(
        'client', 'add', node.dir, name, '--json', '--kind', kind, '--jwks', jwks, '--scope', scope, *more).stdout)['client_id']
    state['ward'] = add('Ward board', 'confidential', 'openid launch', '--redirect', 'https://ward.example/cb')
    state['no-launch'] = add('Rota', 'confidential', 'openid', '--redirect', 'https://rota.example/cb')
    state['system'] = add('Laboratory', 'system', 'system/Observation.rs')
    os.unlink(jwks)
    people['gp'] = Person(node, 'doctor-again', '--person', 'Practitioner/gp', '--role', 'R8000')


def test_link_opens_the_record(node):
    gp, me = people['gp'], people['p']
    for method in ('GET', 'POST'):
        said = opened(node, link(node), method)
        eq(said.get('iss'), own(node) + '/fhir', method + ': an EHR launch of the portal')
        got = redeem(node, gp, said['launch'])
        eq(got.get('patient'), 'p', method + ': in the context of the patient')
        eq(opens(node, '/fhir/Observation/mine', got['access_token']), 200, method + ': the token reads what they may')
        eq(opens(node, '/fhir/Patient/q', got['access_token']), gp.get('Patient/q').status, method + ': no more, and no less')
    entry = next(e for e in me.json('GET', '/audit/patient/p')['entries'] if e['kind'] == 'launch')
    eq((entry['who'], entry['client_name']), ('Practitioner/gp', 'Ward board'), 'the patient sees who, and from where')
    eq(redeem(node, gp, opened(node, link(node, nhs_number=None, patient='p'))['launch']).get('patient'), 'p', 'by the id, too')
    for who in ('Practitioner/gp', own(node) + '/fhir/Practitioner/gp'):
        eq(redeem(node, gp, opened(node, link(node, fhirUser=who))['launch']).get('patient'), 'p', 'made for ' + who)


def test_link_gives_nothing(node):
    """It is no sign-in, opens no record to whom it is closed, and is for one who is there."""
    gp, me = people['gp'], people['p']
    nobody = Person.__new__(Person)
    nobody.node, nobody.cookies, nobody.csrf = node, {}, ''
    launch = opened(node, link(node))['launch']
    eq(redeem(node, nobody, launch).get('error'), 'login_required', 'nobody is signed in')
    eq(redeem(node, gp, launch).get('error'), 'invalid_request', 'a launch is good once')
    got = redeem(node, me, opened(node, link(node, nhs_number=None, patient='q'))['launch'])
    eq((got.get('error'), got.get('error_description')), ('access_denied', 'no_patient'), 'a patient does not learn of another')
    for missing in ({'nhs_number': '9434765919'}, {'nhs_number': None, 'patient': 'none'}, {'nhs_number': None, 'patient': '../x'}):
        eq(redeem(node, gp, opened(node, link(node, **missing))['launch']).get('error_description'), 'no_patient', 'nobody of that number')
    got = redeem(node, me, opened(node, link(node, fhirUser='Practitioner/gp'))['launch'])
    eq((got.get('error'), got.get('error_description')), ('access_denied', 'other_person'), 'made for somebody else')


def test_link_refused(node):
    once = link(node)
    ok('launch' in opened(node, once), 'good')
    now = int(time.time())
    wrongs = [('used', once), ('none', ''), ('no JWS', 'x'), ('another key', link(node, key=state['stranger'])),
              ('expired', link(node, exp=now - 60)), ('too long', link(node, exp=now + 900)), ('no end', link(node, exp=None)),
              ('for another node', link(node, aud='https://other.example/open')), ('for the token endpoint', link(node, aud=own(node) + '/oauth/token')),
              ('the issuer', link(node, aud=own(node))), ('no jti', link(node, jti=None)), ('nobody', link(node, nhs_number=None)),
              ('both', link(node, patient='p')), ('a number', link(node, nhs_number=9990000018)), ('long', link(node, nhs_number='9' * 300)),
              ('of a stranger', link(node, iss='nobody')), ('of a system', link(node, iss=state['system'])),
              ('without the scope', link(node, iss=state['no-launch'])), ('of the portal', link(node, iss='kith-portal')),
              ('no algorithm', link(node, header={'alg': 'none'})), ('a key in the header', link(node, key=state['stranger'], header={'jwk': state['stranger'].jwk()}))]
    for what, jws in wrongs[:4]:
        eq(opened(node, jws), {'error': 'link'}, what)
    # After five of an address it has to wait: each of the rest from one of its own.
    for i, (what, jws) in enumerate(wrongs[4:]):
        status, headers, _ = from_address(node, '127.0.0.%d' % (10 + i), '/open?' + urllib.parse.urlencode({'link': jws}))
        eq((status, headers.get('Location')), (303, own(node) + '/#/launch?error=link'), what)
    for _ in range(8):
        last = opened(node, 'x')
    eq(last, {'error': 'busy'}, 'who tries again and again has to wait')
    run('client', 'disable', node.dir, state['ward'])
    status, headers, _ = from_address(node, '127.0.0.90', '/open?' + urllib.parse.urlencode({'link': link(node)}))
    eq(headers.get('Location'), own(node) + '/#/launch?error=link', 'a client that was turned off')


def from_address(node, address, path):
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30, source_address=(address, 0))
    connection.request('GET', path)
    got = connection.getresponse()
    got.read()
    connection.close()
    return got.status, got.headers, b''


if __name__ == '__main__':
    kith.main(globals())
