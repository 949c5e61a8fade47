"""The portal as a SMART app: no consent, a token that lives as long as the session, and nothing by the cookie."""

import http.client
import json
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))

import kith
from kith import eq, ok, within
from test_access import Person, observation

people = {}


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


if __name__ == '__main__':
    kith.main(globals())
