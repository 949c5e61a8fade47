#!/usr/bin/env python3
"""Who may see a record, what is chosen about it, and who looked (docs/access-operations.md)."""
import base64
import hashlib
import hmac
import http.client
import json
import re
import struct
import time

import kith
from kith import eq, ok, run

TASK_KIND = 'https://kith.care/fhir/CodeSystem/task-kind'
MENTAL = {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'MH'}
people = {}


# --- people who sign in ---------------------------------------------------------------------------


def code_of(secret, at=None):
    """RFC 6238, six digits, SHA-1, 30 s."""
    key = base64.b32decode(secret + '=' * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack('>Q', int((at or time.time()) // 30)), hashlib.sha1).digest()
    at = digest[-1] & 15
    return '%06d' % ((struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000)


class Person:
    """An account with a session: password and one-time code, by an invitation."""

    def __init__(self, node, login, *options, invite=None):
        self.node, self.cookies, self.csrf = node, {}, ''
        said = invite or run('user', 'add', node.dir, login, '--login', login, *options).stdout
        token = re.search(r'/invite/([A-Za-z0-9_\-]+)', said)
        if not ok(token, login + ': invited', said):
            return
        self.csrf = self.json('GET', '/auth/session').get('csrf', '')
        session = self.json('POST', '/auth/invite/' + token[1], {'login': login, 'password': 'a long and quiet pass phrase ' + login})
        self.csrf = session.get('csrf', self.csrf)
        if session.get('step') == 'enrol':
            secret = self.json('POST', '/auth/totp/new', {})['secret']
            self.json('POST', '/auth/totp/confirm', {'code': code_of(secret)})
        session = self.json('GET', '/auth/session')
        self.csrf = session.get('csrf', '')
        ok(session.get('step') == 'done', login + ': signed in', session)

    token = ''

    def cookie(self):
        return '; '.join('%s=%s' % c for c in self.cookies.items())

    def renew(self):
        self.token = kith.portal_token(self.node.host, self.node.port, self.cookie())
        return self.token

    def headers(self):
        """The record opens to the token alone, the pages of the node to the cookie alone."""
        token = self.token or (self.cookies and self.renew())
        return {'Authorization': 'Bearer ' + token if token else None, 'Origin': 'http://%s:%d' % (self.node.host, self.node.port),
                'Sec-Fetch-Site': 'same-origin', 'X-Kith-CSRF': self.csrf,
                'Cookie': self.cookie() or None}

    def ask(self, method, path, body=None):
        """Addresses that are not FHIR's."""
        status, headers, got = self.ask_once(method, path, body)
        if path.startswith(('/auth/role', '/auth/sign', '/auth/totp', '/auth/pass')):
            self.token = ''
        elif status == 401 and self.token and self.renew():
            return self.ask_once(method, path, body)
        return status, headers, got

    def ask_once(self, method, path, body):
        connection = http.client.HTTPConnection(self.node.host, self.node.port, timeout=30)
        sent = {k: v for k, v in self.headers().items() if v}
        if body is not None:
            sent['Content-Type'] = 'application/json'
        connection.request(method, path, json.dumps(body) if body is not None else None, sent)
        got = connection.getresponse()
        body = got.read()
        for value in got.headers.get_all('Set-Cookie') or []:
            name, _, rest = value.partition('=')
            self.cookies[name] = rest.partition(';')[0]
        connection.close()
        return got.status, got.headers, body

    def json(self, method, path, body=None):
        status, _, got = self.ask(method, path, body)
        ok(status == 200, '%s %s: status' % (method, path), (status, got[:400]))
        return json.loads(got or b'{}')

    def request(self, method, path, body=None, **headers):
        """Of FHIR. As the portal does: a token that has ended is renewed, once."""
        for last in (False, True):
            sent = dict(self.headers(), **{k.replace('_', '-'): v for k, v in headers.items()})
            reply = self.node.request(method, path, body, headers=sent)
            if last or reply.status != 401 or not self.token or not self.renew():
                return reply

    def get(self, path):
        return self.request('GET', path)

    def post(self, path, **parameters):
        return self.request('POST', path, of(**parameters))


def of(**parameters):
    """Parameters: booleans, references (with a '/'), dates and codes by how they look; lists repeat."""
    all = []
    for name, values in parameters.items():
        name = name.replace('_', '-')
        for value in values if isinstance(values, list) else [values]:
            kind = ('valueBoolean' if isinstance(value, bool) else 'valueInteger' if isinstance(value, int)
                    else 'valueReference' if re.fullmatch(r'[A-Z]\w+/[\w\-]+', value)
                    else 'valueDateTime' if re.match(r'\d{4}-\d\d', value)
                    else 'valueString' if ' ' in value else 'valueCode')
            all.append({'name': name, kind: {'reference': value} if kind == 'valueReference' else value})
    return {'resourceType': 'Parameters', **({'parameter': all} if all else {})}


def parts(reply, name):
    """The parts of each parameter of a name, as dictionaries (a part that repeats keeps its first)."""
    found = []
    for p in reply.json.get('parameter', []):
        if p['name'] == name:
            one = {}
            for part in p.get('part', []):
                value = next((v for k, v in part.items() if k.startswith('value')), None)
                one.setdefault(part['name'], value)
            found.append(one or next((v for k, v in p.items() if k.startswith('value')), None))
    return found


def observation(id, patient, code, **more):
    return {'resourceType': 'Observation', 'id': id, 'status': 'final', 'subject': {'reference': 'Patient/' + patient},
            'code': {'coding': [{'system': 'http://loinc.org', 'code': code}]}, **more}


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery'})
    for id, name in (('gp', 'Shah'), ('stranger', 'Stone'), ('officer', 'Privacy')):
        node.create({'resourceType': 'Practitioner', 'id': id, 'name': [{'given': ['Amina'], 'family': name}]})
    node.create({'resourceType': 'Patient', 'id': 'p', 'birthDate': '1980-02-03', 'name': [{'family': 'Flow'}],
                 'identifier': [{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': '9990000018'}],
                 'generalPractitioner': [{'reference': 'Organization/surgery'}, {'reference': 'Practitioner/gp'}]})
    node.create(observation('plain', 'p', '8480-6'))
    node.create(observation('mind', 'p', '44249-1', meta={'security': [MENTAL]}))
    people['patient'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p', '--nhs-number', '9990000018')
    people['gp'] = Person(node, 'doctor-gp', '--person', 'Practitioner/gp', '--role', 'R8000')
    people['stranger'] = Person(node, 'doctor-stranger', '--person', 'Practitioner/stranger', '--role', 'R8000')
    people['officer'] = Person(node, 'privacy-officer', '--person', 'Practitioner/officer', '--role', 'R0001')


def test_sharing(node):
    me, gp = people['patient'], people['gp']
    r = me.get('Patient/p/$sharing')
    r.is_(200)
    words = [x['words'] for x in parts(r, 'relationship')]
    ok('Your GP practice, Kith Surgery, because you are registered there' in words, 'why the practice may see it', words)
    eq({x['code']: x['count'] for x in parts(r, 'category')}.get('MH'), 1, 'one entry about mental health')
    gp.get('Observation/mind').is_(200)
    people['stranger'].get('Patient/p/$sharing').refused(403)
    r = me.post('Patient/p/$sharing', permit=False, party='Practitioner/gp', category='MH')
    r.is_(200)
    choices = parts(r, 'choice')
    eq([(c['permit'], c['party']['reference'], c['category']['code']) for c in choices], [(False, 'Practitioner/gp', 'MH')], 'the choice')
    kith.within(choices[0]['words'], r'Shah may not see your record as far as it is about mental health', 'its words')
    gp.get('Observation/mind').refused(404)
    gp.get('Observation/plain').is_(200)
    me.post('Patient/p/$sharing-end', id=choices[0]['id']).is_(200)
    gp.get('Observation/mind').is_(200)
    me.post('Patient/p/$sharing', party='Practitioner/gp').refused(400, words='permit')
    me.post('Patient/p/$sharing', permit=True, firm=True).refused(400, words='firm')
    me.post('Patient/p/$sharing', permit=False, category='nothing').refused(400, words='category')
    me.post('Patient/p/$sharing', permit=False, party='Organization/nobody').refused(400, words='nobody here')
    me.post('Patient/p/$sharing', permit=False, end='2001-01-01').refused(400, words='past')
    me.post('Patient/p/$sharing', permit=False, wrong='MH').refused(400, words='no parameter')
    me.post('Patient/p/$sharing-end', id='no-such').refused(404)


def test_preview(node):
    me = people['patient']
    r = me.post('Patient/p/$preview', role='R8000', party='Practitioner/stranger')
    eq((parts(r, 'reads'), parts(r, 'missing')), ([False], ['relationship']), 'a stranger sees nothing')
    r = me.post('Patient/p/$preview', role='R8000', party='Practitioner/stranger', override=True)
    eq(parts(r, 'reads'), [True], 'after an emergency opening they do')
    seen = {x['type']: (x['seen'], x['withheld']) for x in parts(r, 'sees')}
    eq(seen.get('Observation'), (2, 0), 'and would see both')
    me.post('Patient/p/$preview', role='X').refused(400, words='role')
    people['stranger'].get('Observation/plain').refused(404)


def test_grant(node):
    me, stranger = people['patient'], people['stranger']
    me.post('Patient/p/$grant-access', party='Practitioner/stranger').is_(200)
    stranger.get('Observation/plain').is_(200)
    r = me.get('Patient/p/$sharing')
    ok(any(x['kind'] == 'grant' and x['party']['reference'] == 'Practitioner/stranger' for x in parts(r, 'relationship')), 'told of',
       r.body)
    consent = next(c for c in me.get('Patient/p/Consent').resources if c['category'][0]['coding'][0]['code'] == 'grant')
    me.post('Patient/p/$sharing-end', id=consent['id']).is_(200)
    stranger.get('Observation/plain').refused(404)


def test_member_whose_time_is_over(node):
    """Who was in a team is not let in by what names the team."""
    stranger = people['stranger']
    team = {'resourceType': 'CareTeam', 'id': 'over', 'status': 'active', 'subject': {'reference': 'Patient/p'}}
    member = {'member': {'reference': 'Practitioner/stranger'}}
    for period, status in (({'end': '2001-01-01'}, 404), ({'start': '2001-01-01'}, 200), ({'start': '2101-01-01'}, 404)):
        node.put('CareTeam/over', {**team, 'participant': [{**member, 'period': period}]})
        time.sleep(1.2)  # who somebody is besides is asked each second
        stranger.get('Observation/plain').is_(status, str(period))
    node.put('CareTeam/over', {**team, 'status': 'inactive'})


def test_emergency(node):
    me, stranger, officer = people['patient'], people['stranger'], people['officer']
    me.post('Patient/p/$open', reason='emergency').refused(403)
    stranger.post('Patient/p/$open', reason='nothing').refused(400, words='reason')
    stranger.post('Patient/p/$open', reason='other').refused(400, words='words')
    stranger.post('Patient/nobody/$open', reason='emergency').refused(404)
    stranger.get('Observation/plain').refused(404)
    r = stranger.post('Patient/p/$open', reason='emergency', words='unconscious in A and E')
    r.is_(200)
    ok(parts(r, 'until'), 'until when', r.body)
    stranger.get('Observation/plain').is_(200)
    ok(any('A privacy officer' in p['contentString'] and 'Amina' not in p.get('x', '') for c in me.get('Patient/p/Communication').resources
           for p in c['payload']), 'the patient is told')
    tasks = officer.get('Task?code=%s|override-review&status=requested' % TASK_KIND).resources
    eq(len(tasks), 1, 'one to review')
    eq(tasks[0]['focus']['reference'].split('/')[0], 'Consent', 'about the Consent')
    ok('unconscious' in tasks[0]['description'], 'the words are for the reviewers', tasks[0])
    for path in ('Task?patient=Patient/p', 'Consent?patient=Patient/p', 'Patient/p/Communication', 'AuditEvent?patient=Patient/p'):
        r = me.get(path)
        r.is_(200)
        ok('unconscious' not in str(r.body), 'and not for the patient: ' + path)
    stranger.post('Task/%s/$review' % tasks[0]['id'], outcome='accepted').refused(403)
    officer.post('Task/%s/$review' % tasks[0]['id'], outcome='concern').refused(400, words='explained')
    officer.post('Task/%s/$review' % tasks[0]['id'], outcome='concern', words='there was no emergency').is_(200)
    officer.post('Task/%s/$review' % tasks[0]['id'], outcome='accepted').refused(422, words='already')
    stranger.get('Observation/plain').refused(404)
    stranger.post('Patient/p/$claim', reason='handling-referral', hours=25).refused(400, words='24')
    stranger.post('Patient/p/$claim', reason='handling-referral', hours=1).is_(200)
    stranger.get('Observation/plain').is_(200)
    eq(len(officer.get('Task?code=%s|claim-review' % TASK_KIND).resources), 1, 'claims are reviewed, too')


def test_seal_and_release(node):
    me, gp = people['patient'], people['gp']
    me.post('Observation/plain/$seal', level='wrong').refused(400, words='level')
    me.post('Observation/plain/$seal', level='sealed').is_(200)
    gp.get('Observation/plain').refused(404)
    eq(parts(gp.get('Patient/p/$withheld'), 'withheld'), [True], 'staff are told that, not what')
    me.post('Observation/plain/$unseal').is_(200)
    gp.get('Observation/plain').is_(200)
    eq(parts(gp.get('Patient/p/$withheld'), 'withheld'), [False], 'nothing any more')
    me.post('Patient/p/$seal', level='sealed').refused(422)
    me.post('Observation/plain/$release').refused(403)
    soon = time.strftime('%Y-%m-%dT00:00:00Z', time.gmtime(time.time() + 5 * 86400))
    gp.post('Observation/plain/$release', hold=soon).refused(400, words='reason')
    gp.post('Observation/plain/$release', hold='2001-01-01', reason='to talk first').refused(400, words='to come')
    gp.post('Observation/plain/$release', hold=soon, reason='to talk about it first').is_(200)
    me.get('Observation/plain').refused(404)
    eq([h['until'] for h in parts(me.get('Patient/p/$withheld'), 'held')], [soon], 'the patient is told until when')
    gp.post('Observation/plain/$release').is_(200)
    me.get('Observation/plain').is_(200)


def test_proxies(node):
    me = people['patient']
    node.create({'resourceType': 'RelatedPerson', 'id': 'carer', 'patient': {'reference': 'Patient/p'}, 'name': [{'text': 'Joan Flow'}]})
    node.create({'resourceType': 'Patient', 'id': 'other'})
    node.create({'resourceType': 'RelatedPerson', 'id': 'foreign', 'patient': {'reference': 'Patient/other'}})
    me.post('Patient/p/$proxies', person='RelatedPerson/carer', function='view', basis='parent').refused(422, words='16th birthday')
    me.post('Patient/p/$proxies', person='RelatedPerson/foreign', function='view', basis='carer').refused(400, words='related')
    me.post('Patient/p/$proxies', person='Patient/p', function='view', basis='carer').refused(400, words='themself')
    me.post('Patient/p/$proxies', person='RelatedPerson/carer', function='fly', basis='carer').refused(400, words='function')
    me.post('Patient/p/$proxies', person='RelatedPerson/carer', basis='carer').refused(400, words='function')
    r = me.post('Patient/p/$proxies', person='RelatedPerson/carer', function=['view', 'book'], basis='carer')
    r.is_(200)
    eq([(p['person']['display'], p['active'], p['basis']) for p in parts(r, 'proxy')], [('Joan Flow', True, 'carer')], 'listed')
    r = me.post('Patient/p/$proxies-end', id=parts(r, 'proxy')[0]['id'])
    eq(parts(r, 'proxy'), [], 'ended')


def check_leaves_one_entry(me, gp, officer):
    """A check of the whole list reads all of it, and is one entry in it."""
    begun = me.json('GET', '/audit/check/p')
    total = int(re.search(r'^entries (\d+)$', begun['statement'], re.M).group(1))
    ticket = 'check=' + begun['check']
    seqs, proofs, before = [], 0, ''
    while True:
        piece = me.json('GET', '/audit/proofs/p?count=7&%s%s' % (ticket, before))
        for proof in piece['proofs']:
            extra = json.loads(base64.b64decode(proof.split('\n')[1].split(' ')[1]))
            seqs.append(extra['patient_seq'])
        proofs += 1
        if 'next' not in piece:
            break
        before = '&before=%d' % piece['next']
    eq(seqs, list(range(total, 0, -1)), 'all that the statement counts, and nothing that came after it')
    ok(proofs > 2, 'in pieces', proofs)
    listed = me.json('GET', '/audit/patient/p?count=200&' + ticket)
    eq(max(s for e in listed['entries'] for s in e['seq']), total, 'the list of a check ends where the check does')
    eq(listed['total'], total + 1, 'one entry for all of it')
    officer.json('GET', '/audit/check/p')
    for who, path in ((me, 'proofs/p'), (me, 'proofs/p?check=' + begun['check'][:-1] + '!'), (officer, 'proofs/p?' + ticket),
                      (officer, 'patient/p?' + ticket)):
        eq(who.ask('GET', '/audit/' + path)[0], 400, 'a ticket is only for who has it: ' + path[:20])
    for path in ('check/p', 'proofs/p?' + ticket):
        eq(gp.ask('GET', '/audit/' + path)[0], 403, 'not for staff: ' + path[:8])
        eq(me.ask('GET', '/audit/' + path.replace('/p', '/other'))[0], 403, 'nor of somebody else: ' + path[:8])


def test_log(node):
    me, gp, officer = people['patient'], people['gp'], people['officer']
    looks = me.json('GET', '/audit/patient/p?count=200')
    seqs = sorted(s for e in looks['entries'] for s in e['seq'])
    eq(seqs, list(range(1, looks['total'] + 1)), 'no gap from the first entry on')
    ok(any(e.get('name') and e['class'] == 'person' and e['kind'] == 'read' and e['count'] > 1 for e in looks['entries']),
       'the same person and kind together', looks['entries'][:5])
    ok({'override', 'claim', 'consent', 'seal', 'review', 'proxy'} <= {e.get('kind') for e in looks['entries']}, 'what was done is in it')
    eq(gp.ask('GET', '/audit/patient/p')[0], 403, 'not for staff')
    eq(gp.ask('GET', '/audit/patient/nobody')[0], 403, 'nor whether there is somebody')
    leaf = looks['entries'][-1]['leaf']
    status, headers, proof = me.ask('GET', '/audit/proof/%d' % leaf)
    ok(status == 200 and proof.startswith(b'c2sp.org/tlog-proof@v1\n'), 'a proof', proof[:200])
    eq(gp.ask('GET', '/audit/proof/%d' % leaf)[0], 404, 'for those who may see the entry')
    eq(me.ask('GET', '/audit/statement/p')[0], 200, 'a statement')
    check_leaves_one_entry(me, gp, officer)
    eq(officer.ask('GET', '/audit/patient/p')[0], 200, 'privacy officers see it')
    for path, cache in (('checkpoint', 'no-cache'), ('key', 'no-cache')):
        got = Stranger(node).ask('/audit/' + path)
        eq((got[0], got[1].get('Cache-Control')), (200, cache), path + ' is for anyone')
    eq(Stranger(node).ask('/audit/patient/p')[0], 401, 'the list is not')
    eq(Stranger(node).ask('/audit/tile/../checkpoint')[0], 404, 'no steps upwards')
    found = me.get('AuditEvent?action=R&_count=3')
    ok(found.resources and all(e['resourceType'] == 'AuditEvent' and e['action'] == 'R' for e in found.resources), 'as AuditEvents',
       found.body[:400])
    ok(found.link('next'), 'in pages', found.body[:400])
    first = {e['id'] for e in found.resources}
    ok(not first & {e['id'] for e in me.get(found.link('next')).resources}, 'that do not overlap')
    me.get('AuditEvent/%s' % found.resources[0]['id']).is_(200)
    gp.get('AuditEvent?patient=Patient/p').refused(403)
    me.get('AuditEvent?patient=Patient/other').refused(403)
    ok(officer.get('AuditEvent?patient=Patient/p').resources, 'for privacy officers')
    me.get('AuditEvent?wrong=1').refused(400, words='searched by')
    me.post('Patient/p/$query-access', leaf='999999', words='who was that').refused(404)
    me.post('Patient/p/$query-access', leaf=leaf, words='who was that').is_(200)
    task = officer.get('Task?code=%s|access-query&status=requested' % TASK_KIND).resources[0]
    officer.post('Task/%s/$review' % task['id'], outcome='accepted').refused(400, words='answer')
    officer.post('Task/%s/$review' % task['id'], outcome='accepted', words='that was your doctor').is_(200)
    ok(any('that was your doctor' in p['contentString'] for c in me.get('Patient/p/Communication').resources for p in c['payload']),
       'the answer reaches the patient')


def test_not_in_bundles(node):
    batch = {'resourceType': 'Bundle', 'type': 'batch', 'entry': [{'request': {'method': 'GET', 'url': 'Patient/p/$sharing'}}]}
    r = node.post('', batch)
    eq(r.json['entry'][0]['response']['status'][:3], '400', 'asked for by themselves')


class Stranger:
    """Nobody who has signed in."""

    def __init__(self, node):
        self.node = node

    def ask(self, path):
        connection = http.client.HTTPConnection(self.node.host, self.node.port, timeout=30)
        connection.putrequest('GET', path, skip_accept_encoding=True)
        connection.endheaders()
        got = connection.getresponse()
        body = got.read()
        connection.close()
        return got.status, got.headers, body


if __name__ == '__main__':
    kith.main(globals())
