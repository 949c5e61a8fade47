#!/usr/bin/env python3
"""Classes of access: legal requests, told of on a later day ($legal-access), and programs that ask ahead (docs/audit.md)."""
import base64
import hashlib
import http.client
import json
import re
import time
import urllib.parse

import kith
from kith import eq, ok, run
from test_access import TASK_KIND, Person, observation, parts

people = {}


def soon(seconds):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + seconds))


def test_people(node):
    for id in ('gp', 'officer', 'guardian'):
        node.create({'resourceType': 'Practitioner', 'id': id, 'name': [{'given': ['Amina'], 'family': id.title()}]})
    node.create({'resourceType': 'Patient', 'id': 'p', 'name': [{'family': 'Flow'}]})
    node.create(observation('plain', 'p', '8480-6'))
    people['patient'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p')
    people['gp'] = Person(node, 'doctor-gp', '--person', 'Practitioner/gp', '--role', 'R8000')
    people['officer'] = Person(node, 'privacy-officer', '--person', 'Practitioner/officer', '--role', 'R0001')
    people['guardian'] = Person(node, 'caldicott-guardian', '--person', 'Practitioner/guardian', '--role', 'R5105')


def looks():
    return people['patient'].json('GET', '/audit/patient/p')


def test_what_is_refused(node):
    gp, officer = people['gp'], people['officer']
    good = dict(person='Practitioner/gp', reason='court-order', words='order 17 of Westmere', disclose_after=soon(86400))
    gp.post('Patient/p/$legal-access', **good).refused(403, words='review-overrides')
    people['patient'].post('Patient/p/$legal-access', **good).refused(403)
    officer.post('Patient/nobody/$legal-access', **good).refused(404)
    for change, status, words in ((dict(person='Practitioner/officer'), 403, 'somebody else'), (dict(person='Practitioner/none'), 400, 'nobody here'),
                                  (dict(reason='emergency'), 400, 'court-order'), (dict(words=None), 400, 'which order'),
                                  (dict(disclose_after=None), 400, 'disclose-after'), (dict(disclose_after='2001-01-01'), 400, 'to come'),
                                  (dict(disclose_after=soon(400 * 86400)), 400, '366'), (dict(hours=25), 400, '24')):
        asked = {k: v for k, v in {**good, **change}.items() if v is not None}
        officer.post('Patient/p/$legal-access', **asked).refused(status, words=words)
    gp.get('Observation/plain').refused(404)


def test_told_later(node):
    me, gp, officer = people['patient'], people['gp'], people['officer']
    day = soon(7)
    looks()
    before = looks()['total']
    officer.post('Patient/p/$legal-access', person='Practitioner/gp', reason='court-order', words='order 17 of Westmere',
                 disclose_after=day, hours=1).is_(200)
    gp.get('Observation/plain').is_(200)
    gp.get('Observation?patient=p').is_(200)
    for path in ('Patient/p/Consent', 'Patient/p/Communication', 'Task?patient=Patient/p', 'AuditEvent?patient=Patient/p', 'Patient/p/$sharing',
                 'Patient/p/$everything'):
        r = me.get(path)
        r.is_(200)
        ok('court' not in str(r.body) and 'Westmere' not in str(r.body) and 'Practitioner/gp' not in str(r.body), 'not told yet: ' + path, r.body)
    told = looks()
    silent = [e for e in told['entries'] if e.get('disclose_after')]
    ok(told['total'] >= before + 5, 'and yet nothing is left out of the chain', told)
    ok(silent and all(e['class'] == 'legal' and 'name' not in e and 'what' not in e for e in silent), 'that something is there, and no more', silent)
    ok(len(parts(me.get('Patient/p/$withheld'), 'held')) >= 1, 'that something is held back, and until when')
    time.sleep(8)
    late = [e for e in looks()['entries'] if e['class'] == 'legal']
    ok({e.get('name') for e in late} >= {'doctor-gp'} and all(e.get('relation') == 'by a legal request' for e in late), 'told on the day', late)
    r = me.get('Patient/p/Communication')
    ok('because of a legal request' in str(r.body) and 'A court has ordered it' in str(r.body), 'in words, too', r.body)
    ok('Westmere' not in str(r.body), 'the words stay with the officers')
    newest = max(max(e['seq']) for e in late)
    gp.get('Observation/plain').is_(200)
    ok(any(max(e['seq']) > newest and e.get('name') == 'doctor-gp' for e in looks()['entries']), 'looks after that day are told of at once')


def test_second_officer(node):
    gp, officer, guardian = people['gp'], people['officer'], people['guardian']
    tasks = officer.get('Task?code=%s|legal-review&status=requested' % TASK_KIND).resources
    eq(len(tasks), 1, 'one to look at')
    ok('Westmere' in tasks[0]['description'], 'with the words', tasks[0])
    officer.post('Task/%s/$review' % tasks[0]['id'], outcome='accepted').refused(403, words='somebody else')
    guardian.post('Task/%s/$review' % tasks[0]['id'], outcome='concern', words='there is no such order').is_(200)
    gp.get('Observation/plain').refused(404)
    run('audit', 'verify', node.dir)


def test_asked_ahead(node):
    """An app that goes on when its person has gone is no person that looks."""
    node.create({'resourceType': 'CareTeam', 'status': 'active', 'subject': {'reference': 'Patient/p'},
                 'participant': [{'member': {'reference': 'Practitioner/gp'}}]})
    gp, verifier, back = people['gp'], 'v' * 43, 'https://app.example/cb'
    app = json.loads(run('client', 'add', node.dir, 'Ward list', '--kind', 'public', '--redirect', back, '--scope',
                         'offline_access user/Observation.rs', '--json').stdout)['client_id']
    asked = urllib.parse.urlencode({
        'response_type': 'code', 'client_id': app, 'redirect_uri': back, 'scope': 'offline_access user/Observation.rs', 'state': 's' * 22,
        'aud': 'http://%s:%d/fhir' % (node.host, node.port), 'code_challenge_method': 'S256',
        'code_challenge': base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip('=')})
    to = gp.ask('GET', '/oauth/authorize?' + asked)[1]['Location']
    got = gp.json('POST', '/auth/consent/' + re.search(r'#/consent/([\w\-]+)', to)[1], {'allow': True, 'scopes': ['offline_access', 'user/Observation.rs']})
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(got['redirect']).query))['code']

    def token(**fields):
        connection = http.client.HTTPConnection(node.host, node.port, timeout=30)
        connection.request('POST', '/oauth/token', urllib.parse.urlencode({'client_id': app, **fields}),
                           {'Content-Type': 'application/x-www-form-urlencoded'})
        return json.loads(connection.getresponse().read())

    def class_of_look(access):
        node.request('GET', 'Observation/plain', headers={'Authorization': 'Bearer ' + access}).is_(200)
        return next(e for e in looks()['entries'] if e.get('client_name') == 'Ward list' and e.get('what') == 'Observation/plain')['class']

    first = token(grant_type='authorization_code', code=code, redirect_uri=back, code_verifier=verifier)
    eq(class_of_look(first['access_token']), 'person', 'while the person is there')
    second = token(grant_type='refresh_token', refresh_token=first['refresh_token'])
    eq(class_of_look(second['access_token']), 'person', 'also after a refresh')
    gp.json('POST', '/auth/sign-out', {})
    third = token(grant_type='refresh_token', refresh_token=second['refresh_token'])
    eq(class_of_look(third['access_token']), 'prefetch', 'and when they have gone')
    row = next(e for e in looks()['entries'] if e['class'] == 'prefetch')
    eq((row.get('client_name'), row.get('name')), ('Ward list', 'doctor-gp'), 'with both names')


if __name__ == '__main__':
    kith.main(globals())
