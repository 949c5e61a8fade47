"""The demonstration: accounts that one click enters, and what each sees of the story. docs/identity.md, /auth/demo."""

import contextlib
import http.client
import json
import os

import kith
from kith import eq, ok, run

LOGINS = ['patient', 'gp', 'reception', 'privacy', 'hospital', 'carer', 'social', 'administrator']
DEPRESSION = 'Condition?code=35489007&patient='


class Person:
    def __init__(self, node, login):
        self.node, self.cookie, self.csrf = node, '', ''
        status, body = self.ask('POST', '/auth/demo', {'login': 'demo-' + login})
        eq(status, 200, 'one click signs in as ' + login)
        self.csrf, self.account = body['csrf'], body['account']

    def ask(self, method, path, body=None):
        c = http.client.HTTPConnection(self.node.host, self.node.port, timeout=60)
        headers = {'Sec-Fetch-Site': 'same-origin', 'X-Kith-CSRF': self.csrf, 'Cookie': self.cookie}
        if body:
            headers['Content-Type'] = 'application/json' if path.startswith('/auth') else 'application/fhir+json'
        c.request(method, path, json.dumps(body) if body else None, headers)
        r = c.getresponse()
        data = r.read()
        self.cookie = (r.getheader('Set-Cookie') or self.cookie).split(';')[0]
        c.close()
        return r.status, json.loads(data)

    def status(self, path):
        return self.ask('GET', '/fhir/' + path)[0]

    def total(self, query):
        status, body = self.ask('GET', '/fhir/' + query + '&_summary=count')
        return body['total'] if status == 200 else status


def everybody(node):
    people = {login: Person(node, login) for login in LOGINS}
    return people, people['patient'].account['patient']


def test_accounts(node):
    status, body = Person(node, 'patient').ask('GET', '/auth/demo')
    eq([a['login'] for a in body['accounts']], ['demo-' + l for l in LOGINS], 'accounts, in the order of the story')
    for a in body['accounts']:
        ok(a['name'] and len(a['words']) > 40 and '<' not in a['words'], 'words for ' + a['login'], a)
    people, _ = everybody(node)
    ok(people['hospital'].account['roles'][0]['organisation_name'], 'the name of another organisation is known')


def test_who_sees_what(node):
    people, patient = everybody(node)
    for path, expected in (
            ('Condition/demo-sealed', [200, 200, 403, 403, 404, 404, 404, 403]),
            ('Observation/demo-held', [404, 200, 403, 403, 404, 404, 200, 403])):
        eq([people[l].status(path) for l in LOGINS], expected, path)
    eq([people[l].total(DEPRESSION + patient) for l in LOGINS], [1, 1, 403, 403, 0, 1, 1, 403], 'mental health')
    eq(people['privacy'].total('Task?status=requested'), 1, 'the queue has the claim of last week')


def test_a_claim_does_not_open_what_was_refused(node):
    people, patient = everybody(node)
    doctor = people['hospital']
    reason = {'resourceType': 'Parameters', 'parameter': [{'name': 'reason', 'valueCode': 'handling-referral'}]}
    eq(doctor.ask('POST', '/fhir/Patient/%s/$claim' % patient, reason)[0], 200, 'a claim')
    ok(doctor.total('Condition?patient=' + patient) > 0, 'opens the record')
    eq(doctor.total(DEPRESSION + patient), 0, 'but not what the patient keeps from the hospital')


def test_a_restart_tells_nothing_twice(node):
    person = Person(node, 'patient')
    before = person.total('Consent?patient=' + person.account['patient'])
    node.stop()
    node.start()
    eq(person.total('Consent?patient=' + person.account['patient']), before, 'signed in still, and no further story')


def test_refused_where_somebody_may_be_real(node):
    with kith.scratch() as folder:
        home, file = os.path.join(folder, 'node'), os.path.join(folder, 'p.json')
        run('init', home, '--organisation', 'Y90010', '--name', 'Real')
        with open(file, 'w', encoding='utf-8') as f:
            json.dump({'resourceType': 'Patient', 'id': 'p', 'identifier': [
                {'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': '9434765919'}]}, f)
        run('import', home, file)
        said = run('serve', home, '--demo', '--listen', '127.0.0.1:0', status=3).stderr
        ok('real' in said, 'says why', said)


@contextlib.contextmanager
def served(patients):
    """A demonstration of its own, of so many people; 0: of nobody at all."""
    with kith.scratch() as folder:
        home, people = os.path.join(folder, 'node'), os.path.join(folder, 'people')
        run('init', home, '--organisation', 'Y90010', '--name', 'Harbour Street Surgery')
        if patients:
            run('synth', people, '--patients', str(patients), '--seed', '1')
            run('import', home, people, timeout=300)
        node = kith.Node(home, '--demo').start()
        try:
            yield node
        finally:
            node.finish()


def test_any_population(_):
    """The whole story wherever some patient has somebody."""
    for patients in (200, 12):
        with served(patients) as node:
            people, patient = everybody(node)  # the carer is among them
            eq([people[l].status('Condition/demo-sealed') for l in ('patient', 'gp', 'carer')], [200, 200, 404], 'a seal')
            eq([people[l].status('Observation/demo-held') for l in ('patient', 'gp', 'carer')], [404, 200, 404], 'a result is held')
            ok(people['carer'].total('Observation?patient=' + patient) > 0, 'the carer sees the record')
            eq(people['privacy'].total('Task?status=requested'), 1, 'a queue')
            ok('has no story' not in node.log(), 'nothing is missing', node.log())


def test_nobody_plays(_):
    with served(0) as node:
        accounts = Person(node, 'administrator').ask('GET', '/auth/demo')[1]['accounts']
        eq([a['login'] for a in accounts], ['demo-reception', 'demo-privacy', 'demo-administrator'], 'accounts')
        ok('has no story' in node.log() and '"patient, carer, gp' in node.log(), 'the node says who is missing', node.log())


def main():
    with kith.scratch() as folder:
        home, people = os.path.join(folder, 'node'), os.path.join(folder, 'people')
        run('synth', people, '--patients', '210', '--seed', '1')
        run('init', home, '--organisation', 'Y90010', '--name', 'Harbour Street Surgery')
        run('import', home, people, timeout=300)
        node = kith.Node(home, '--demo').start()
        try:
            for name, test in globals().items():
                if name.startswith('test_'):
                    kith.run_test(name, test, node)
        finally:
            node.finish()
    print('%d checks, %d failures' % (kith.checks, len(kith.failures)))
    raise SystemExit(1 if kith.failures else 0)


main()
