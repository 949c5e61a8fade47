"""The demonstration: accounts that one click enters, and what each sees of the story. docs/identity.md, /auth/demo."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import types
import urllib.parse

import kith
import locality
from kith import eq, ok, run, within

LOGINS = ['patient', 'gp', 'reception', 'privacy', 'hospital', 'carer', 'social', 'administrator']
DEPRESSION = 'Condition?code=35489007&patient='


class Person:
    def __init__(self, node, login):
        self.node, self.cookie, self.csrf, self.token = node, '', '', ''
        status, body = self.ask('POST', '/auth/demo', {'login': 'demo-' + login})
        eq(status, 200, 'one click signs in as ' + login)
        self.csrf, self.account = body['csrf'], body['account']

    def ask(self, method, path, body=None):
        if not path.startswith(('/fhir', '/audit', '/locality-state')):
            return self.ask_once(method, path, body)
        self.token = self.token or self.renew()
        status, said = self.ask_once(method, path, body)
        return self.ask_once(method, path, body) if status == 401 and self.renew() else (status, said)

    def renew(self):
        self.token = kith.portal_token(self.node.host, self.node.port, self.cookie)
        return self.token

    def ask_once(self, method, path, body):
        c = http.client.HTTPConnection(self.node.host, self.node.port, timeout=60)
        headers = {'Sec-Fetch-Site': 'same-origin', 'X-Kith-CSRF': self.csrf, 'Cookie': self.cookie, 'Authorization': 'Bearer ' + self.token}
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


# --- five nodes ------------------------------------------------------------------------------------


TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools', 'demo-locality')
HOSPITAL = 'Y90001'


def said(person):
    """What the joined record says of its places, in words."""
    status, body = person.ask('GET', '/fhir/Patient/%s/$joined' % person.account['patient'])
    eq(status, 200, 'the joined record')
    return [i['details']['text'] for i in body['entry'][0]['resource']['issue']]


def spread(folder):
    """kith synth --spread: each entry at one place, or at those that both have it in life; nobody is lost."""
    one, all = os.path.join(folder, 'one'), os.path.join(folder, 'spread')
    run('synth', all, '--patients', '30', '--seed', '1', '--spread')
    run('synth', one, '--patients', '30', '--seed', '1', '--spread')
    found = {}
    for kind in ('gp', 'hospital', 'council', 'pharmacy', 'platform'):
        with open(os.path.join(all, kind, 'people-0001.ndjson'), encoding='utf-8') as f, open(os.path.join(one, kind, 'people-0001.ndjson'), encoding='utf-8') as g:
            text = f.read()
            eq(text, g.read(), 'the same seed gives the same bytes')
        for line in text.splitlines():
            resources = [e['resource'] for e in json.loads(line)['entry']]
            own = {'%s/%s' % (r['resourceType'], r['id']) for r in resources}
            person = next(r for r in resources if r['resourceType'] == 'Patient')
            found.setdefault(kind, {})[person['identifier'][0]['value']] = (person, resources)
            for reference in kith.re.findall(r'"reference":"((?:Patient|Encounter|Condition|Goal|CarePlan|Observation|MedicationRequest)/[^"]+)"', line):
                ok(reference in own, 'what is referred to by its address is there', (kind, reference))
    eq(len(found['gp']), 30, 'everybody is registered')
    for kind, people in found.items():
        for number, (person, resources) in people.items():
            at_gp = found['gp'][number][0]
            eq((person['name'], person['birthDate']), (at_gp['name'], at_gp['birthDate']), 'who it is, alike everywhere')
            ok(kind == 'gp' or person['id'] != at_gp['id'], 'under an id of its own')
    types = {kind: {r['resourceType'] for _, resources in people.values() for r in resources} for kind, people in found.items()}
    ok('MedicationDispense' in types['pharmacy'] and 'MedicationRequest' not in types['pharmacy'], 'what was handed over', types['pharmacy'])
    ok('DiagnosticReport' in types['hospital'] and 'DiagnosticReport' not in types['gp'], 'results are at the hospital', types['hospital'])
    eq(types['platform'], {'Patient', 'Observation'}, 'what people measure themselves')


def test_five_nodes(_):
    with kith.scratch() as folder:
        spread(folder)
        port = locality.free_port() // 20 * 20
        log = open(os.path.join(folder, 'log'), 'w+', encoding='utf-8')
        demo = subprocess.Popen([sys.executable, TOOL, kith.KITH, os.path.join(folder, 'demo'), '40', '127.0.0.1:%d' % port],
                                stdout=log, stderr=subprocess.STDOUT)
        try:
            words = lambda: open(log.name, encoding='utf-8').read()
            locality.until('all nodes serve', lambda: 'Open http' in words() or demo.poll() is not None)
            within(words(), r'My Wexshire Record +http://127', 'five addresses are printed')
            play(types.SimpleNamespace(host='127.0.0.1', port=port), folder)
        finally:
            demo.send_signal(signal.SIGTERM)
            eq(demo.wait(60), 0, 'it ends well')
            log.close()


def chosen(me, platform, places):
    """The patient has chosen the platform: it asks all of them, too, and has copies."""
    there = Person(platform, 'patient')
    locality.until('the platform is answered', lambda: said(there)[0].startswith('All') and len(said(there)) == places)
    def copies():
        return [p for p in me.ask('GET', '/fhir/Patient/%s/$sharing' % me.account['patient'])[1]['parameter'] if p['name'] == 'elsewhere']
    locality.until('the platform has copies', lambda: [p['part'][0]['valueCode'] for p in copies()] == ['Y90060'])


def closed(doctor, gp):
    """To whom the record is closed here, nobody else is asked about it."""
    people = [e['resource']['id'] for e in gp.ask('GET', '/fhir/Patient?_count=40')[1]['entry']]
    results = 'Observation?patient='
    patient = next(p for p in people if gp.total(results + p) and not doctor.total(results + p))
    status, body = doctor.ask('GET', '/fhir/Patient/%s/$joined' % patient)
    words = [i['details']['text'] for i in body['entry'][0]['resource']['issue']]
    within(words[0], 'closed to you, so no other place was asked', 'says why')
    eq((status, len(words), len({e['resource']['meta'].get('source') for e in body['entry'][1:]})), (200, 2, 1), 'what is here alone')


def carer(gp):
    """What a carer may see is known where the patient said so; nobody else is asked, least of all in the patient's name."""
    me, ryan = Person(gp, 'patient'), Person(gp, 'carer')
    status, body = ryan.ask('GET', '/fhir/Patient/%s/$joined' % me.account['patient'])
    words = [i['details']['text'] for i in body['entry'][0]['resource']['issue']]
    within(words[0], 'known here alone, so no other place was asked', 'says why')
    eq((status, len(words)), (200, 2), 'the part that is here')
    for host, port in (('127.0.0.2', gp.port + 2), ('127.0.0.5', gp.port + 8)):
        there = Person(types.SimpleNamespace(host=host, port=port), 'patient')
        log = json.dumps(there.ask('GET', '/audit/patient/%s?count=200' % there.account['patient'])[1])
        ok(ryan.account['name'] not in log, 'no other place has heard of the carer', host)


def list_is_right(there):
    """Who looked: a line says of each entry that it stands for what the log says (the page checks the same, and calls the list wrong)."""
    patient = there.account['patient']
    rows, query = [], 'count=200'
    while query:
        status, body = there.ask('GET', '/audit/patient/%s?%s' % (patient, query))
        eq(status, 200, 'the list')
        rows += body['entries']
        query = 'count=200&before=%s' % body['next'] if 'next' in body else ''
    check, before, seen = there.ask('GET', '/audit/check/' + patient)[1]['check'], 10 ** 9, 0
    while before > 1:
        proofs = there.ask('GET', '/audit/proofs/%s?before=%d&count=100&check=%s' % (patient, before, check))[1]['proofs']
        for proof in proofs:
            extra = json.loads(base64.b64decode(kith.re.search(r'(?m)^extra (.*)$', proof)[1]))
            before = extra['patient_seq']
            row = next((r for r in rows if before in r['seq']), None)
            if row and 'line' in extra:
                said = json.loads(extra['line'])
                for name in ('name', 'client_name', 'class', 'kind'):
                    ok(name not in row or row[name] == said.get(name), 'entry %d: %s' % (before, name), (row, said))
                seen += 1
        if not ok(proofs, 'proofs come'):
            break
    ok(seen > 5, 'entries with words', seen)


def whose_home(gp):
    """Where the patient has chosen to keep their list of places is told to whom it answers, or who may see that choice here."""
    patient = Person(gp, 'patient').account['patient']
    for login, named in (('reception', False), ('social', True), ('gp', True)):
        status, body = Person(gp, login).ask('GET', '/fhir/Patient/%s/$joined' % patient)
        eq((status, 'My Wexshire Record' in json.dumps(body)), (200, named), login)
        words = [i['details']['text'] for i in body['entry'][0]['resource']['issue']]
        eq(('total' in body, words[0].startswith('All')), (login == 'gp', login == 'gp'), 'and a part is no whole')
        ok('refused: refused' not in json.dumps(words), 'says why', words)
    eq(Person(gp, 'gp').status('Observation?patient=%s&_joined=true&_joined=false' % patient), 400, 'others are asked, or not')


APP = 'https://app.example/cb'


def app_token(kith_dir, me, scope):
    """What an app of the patient gets for these scopes."""
    client = json.loads(run('client', 'add', kith_dir, 'Steps ' + scope, '--json', '--kind', 'public', '--redirect', APP, '--scope', scope).stdout)
    verifier = 'v' * 43
    asked = {'response_type': 'code', 'client_id': client['client_id'], 'redirect_uri': APP, 'scope': scope, 'state': 's', 'code_challenge_method': 'S256',
             'aud': 'http://%s:%d/fhir' % (me.node.host, me.node.port),
             'code_challenge': base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b'=').decode()}
    c = http.client.HTTPConnection(me.node.host, me.node.port, timeout=60)
    c.request('GET', '/oauth/authorize?' + urllib.parse.urlencode(asked), None, {'Cookie': me.cookie, 'Sec-Fetch-Site': 'same-origin'})
    r = c.getresponse()
    request = r.getheader('Location').rpartition('/')[2]
    c.close()
    me.cookie = '; '.join([me.cookie.split(';')[0], *(v.split(';')[0] for v in r.headers.get_all('Set-Cookie') or [])])
    allowed = me.ask('POST', '/auth/consent/' + request, {'allow': True, 'scopes': scope.split(), 'patient': me.account['patient']})[1]
    within(json.dumps(allowed), 'redirect', 'the patient allows it')
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(allowed['redirect']).query)['code'][0]
    c = http.client.HTTPConnection(me.node.host, me.node.port, timeout=60)
    c.request('POST', '/oauth/token', urllib.parse.urlencode({'grant_type': 'authorization_code', 'code': code, 'redirect_uri': APP,
              'client_id': client['client_id'], 'code_verifier': verifier}), {'Content-Type': 'application/x-www-form-urlencoded'})
    token = json.load(c.getresponse())['access_token']
    c.close()
    return token


def narrow_app(gp, folder):
    """An app sees of other places no more than its scopes let through here."""
    me = Person(gp, 'patient')
    patient = me.account['patient']

    def joined(scope, path):
        c = http.client.HTTPConnection(gp.host, gp.port, timeout=60)
        c.request('GET', '/fhir/' + path, None, {'Authorization': 'Bearer ' + app_token(os.path.join(folder, 'demo', 'gp'), me, scope)})
        r = c.getresponse()
        body = json.load(r)
        c.close()
        eq(r.status, 200, path)
        return body['entry'][0]['resource']['issue'], {e['resource']['resourceType'] for e in body['entry'][1:]}
    whole, narrow = 'launch/patient patient/*.rs', 'launch/patient patient/Observation.rs patient/Patient.r'
    part = 'launch/patient patient/Observation.rs?category=laboratory patient/Patient.r'
    everything, observations = 'Patient/%s/$joined' % patient, 'Observation?patient=%s&_joined=true' % patient
    ok(len(joined(whole, everything)[1]) > 5, 'an app that may see all of it')
    said, found = joined(narrow, everything)
    eq((found, len(said) > 2), ({'Observation', 'Patient'}, True), 'two types, of all places')
    eq(joined(narrow, everything + '?_type=Observation,Condition')[1], {'Observation'}, 'nor what it asks for besides')
    for scope, path in ((part, everything), (part, observations), (narrow, everything + '?_type=Condition')):
        said, found = joined(scope, path)
        within(said[0]['details']['text'], 'the scopes of this app', 'says why')
        eq((len(said), found - {'Observation', 'Patient'}), (2, set()), 'and nobody else is asked')
    ok(len(joined(narrow, observations)[0]) > 2, 'a type that it sees whole is asked for everywhere')


def play(gp, folder):
    """A node is stopped by the page's button, and the page says what is missing."""
    me = Person(gp, 'patient')
    locality.until('several places answer', lambda: len(said(me)) > 2 and said(me)[0].startswith('All'))
    places = len(said(me))
    chosen(me, types.SimpleNamespace(host='127.0.0.5', port=gp.port + 8), places)
    closed(Person(gp, 'hospital'), Person(gp, 'gp'))
    carer(gp)
    whose_home(gp)
    for host, port in ((gp.host, gp.port), ('127.0.0.5', gp.port + 8)):
        list_is_right(Person(types.SimpleNamespace(host=host, port=port), 'patient'))
    narrow_app(gp, folder)
    status, body = me.ask('GET', '/auth/demo/nodes')
    eq((status, [n['running'] for n in body['nodes']]), (200, [True] * 5), 'five nodes')
    name = next(n['name'] for n in body['nodes'] if n['ods'] == HOSPITAL)
    ok(any(name in w for w in said(me)), 'the hospital has something', said(me))
    press(me, HOSPITAL, False)
    now = said(me)
    within(now[0], 'part', 'it is not the whole')
    within(next((w for w in now if name in w), ''), '(cannot be reached|did not answer in time).*missing', 'what is missing is named')
    press(me, HOSPITAL, True)
    locality.until('and all is there again', lambda: said(me)[0].startswith('All') and len(said(me)) == places)
    eq(me.ask('POST', '/auth/demo/nodes', {'ods': 'Y90010', 'running': False})[0], 403, 'a page does not stop its own node')
    eq(me.ask('POST', '/auth/demo/nodes', {'ods': '../nodes', 'running': False})[0], 404, 'nor what is no node')


def press(person, ods, running):
    eq(person.ask('POST', '/auth/demo/nodes', {'ods': ods, 'running': running})[0], 200, 'the button')
    locality.until('it has happened', lambda: next(n['running'] for n in person.ask('GET', '/auth/demo/nodes')[1]['nodes'] if n['ods'] == ods) == running)


def test_one_node_has_no_button(node):
    eq(Person(node, 'patient').ask('GET', '/auth/demo/nodes')[0], 404, 'nothing to stop')


def main():
    with kith.scratch() as folder:
        home, people = os.path.join(folder, 'node'), os.path.join(folder, 'people')
        run('synth', people, '--patients', '210', '--seed', '1')
        run('init', home, '--organisation', 'Y90010', '--name', 'Harbour Street Surgery')
        run('import', home, people, timeout=300)
        node = kith.Node(home, '--demo').start()
        try:
            for name, test in list(globals().items()):
                if name.startswith('test_'):
                    kith.run_test(name, test, node)
        finally:
            node.finish()
    print('%d checks, %d failures' % (kith.checks, len(kith.failures)))
    raise SystemExit(1 if kith.failures else 0)


main()
