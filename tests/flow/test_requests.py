#!/usr/bin/env python3
"""People ask, somebody owns the answer (docs/requests.md)."""
import re
import time
import urllib.parse

import kith
import test_threats_apps as apps
from kith import bundle, entry, eq, ok
from test_access import Person, observation, of
from test_threats import as_, json_patch, ref

KIND = 'https://kith.care/fhir/CodeSystem/request-kind'
ODS = 'https://fhir.nhs.uk/Id/ods-organization-code'
INBOX = 'Task?code=%s|&status=requested,in-progress' % KIND
people = {}


def coded(kind):
    return {'coding': [{'system': KIND, 'code': kind}]}


def said(task, name):
    """A value of Task.output."""
    for o in task.get('output', []):
        if o['type']['coding'][0]['code'] == name:
            return o.get('valueString') or o['valueCodeableConcept']['coding'][0]['code']
    return None


def asks(who, path, **parameters):
    r = who.post(path + '/$ask', **parameters)
    r.is_(201)
    return r.json


def listed(who, path):
    r = who.get(path + '/$ask' if path else '$ask')
    r.is_(200)
    return r.json


def ids(b):
    return sorted(e['resource']['id'] for e in b.get('entry', []))


def day(ahead):
    return time.strftime('%Y-%m-%d', time.gmtime(time.time() + ahead * 86400))


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery', 'identifier': [{'system': ODS, 'value': 'Y90001'}]})
    node.create({'resourceType': 'Organization', 'id': 'trust', 'name': 'Trust'})
    node.stop()
    node.start()  # it finds its own organisation
    for id in ('gp', 'nurse', 'stranger', 'gone'):
        node.create({'resourceType': 'Practitioner', 'id': id, 'active': id != 'gone', 'name': [{'text': 'Dr ' + id.title()}]})
    node.create({'resourceType': 'CareTeam', 'id': 'team', 'status': 'active', 'name': 'Prescriptions', 'participant': [{'member': ref('Practitioner/nurse')}]})
    for id, who in (('p', 'surgery'), ('q', 'surgery'), ('away', 'trust'), ('gp-self', 'surgery')):
        node.create({'resourceType': 'Patient', 'id': id, 'birthDate': '1980-02-03', 'name': [{'family': id.title()}],
                     'generalPractitioner': [ref('Organization/' + who)]})
    node.create(observation('o', 'p', '8480-6'))
    node.create(observation('other', 'q', '8480-6'))
    node.create({'resourceType': 'MedicationRequest', 'id': 'm', 'status': 'active', 'intent': 'order', 'subject': ref('Patient/p'),
                 'medicationCodeableConcept': {'text': 'Salbutamol'}})
    node.create({'resourceType': 'DocumentReference', 'id': 'd', 'status': 'current', 'subject': ref('Patient/p'),
                 'content': [{'attachment': {'contentType': 'text/plain', 'data': 'aGVsbG8='}}]})
    for id, of_whom in (('carer', 'p'), ('friend', 'p')):
        node.create({'resourceType': 'RelatedPerson', 'id': id, 'patient': ref('Patient/' + of_whom), 'name': [{'text': id.title()}]})
        people[id] = Person(node, id, '--kind', 'patient', '--person', 'RelatedPerson/' + id)
    for id in ('p', 'q', 'gp-self'):
        people[id] = Person(node, 'patient-' + id, '--kind', 'patient', '--person', 'Patient/' + id)
    people['gp'] = Person(node, 'staff-gp', '--person', 'Practitioner/gp', '--role', 'R8000', '--own-record', 'Patient/gp-self')
    people['nurse'] = Person(node, 'staff-nurse', '--person', 'Practitioner/nurse', '--role', 'R8001')
    people['reader'] = Person(node, 'staff-reader', '--role', 'R8004')
    people['officer'] = Person(node, 'staff-officer', '--role', 'R0001')
    people['reception'] = Person(node, 'staff-reception', '--role', 'R8009')
    people['admin'] = Person(node, 'staff-admin', '--role', 'K1004')
    people['p'].post('Patient/p/$proxies', person='RelatedPerson/carer', function=['view', 'order'], basis='carer').is_(200)
    people['p'].post('Patient/p/$proxies', person='RelatedPerson/friend', function=['view', 'message'], basis='carer').is_(200)


# --- from the question to the answer ---------------------------------------------------------------


def test_correction(node):
    """Asked, owned, taken, answered, seen by whoever asked."""
    me, gp, nurse = people['p'], people['gp'], people['nurse']
    task = asks(me, 'Observation/o', kind='correction', words='This was not my blood pressure.', element='value')
    id = task['id']
    eq((task['status'], task['code']['coding'][0]['code']), ('requested', 'correction'), 'what it is')
    eq(task['owner'], {'reference': 'Organization/surgery', 'display': 'Kith Surgery'}, 'an owner from the first moment')
    eq((task['for'], task['focus']['reference'], task['requester']['reference']), (ref('Patient/p'), 'Observation/o', 'Patient/p'), 'about what, by whom')
    eq(task['restriction']['period']['end'], day(28), 'when it is due')
    eq(task['description'], 'This was not my blood pressure.', 'in their words')
    eq(task['input'][0]['valueString'], 'value', 'which part')
    eq(me.get('Task/' + id).json['description'], task['description'], 'the patient sees it')
    eq([t['id'] for t in gp.get(INBOX + '&owner=Organization/surgery').matches], [id], 'the inbox')
    people['officer'].get('Task/' + id).refused(404)
    eq(people['officer'].get(INBOX).matches, [], 'it is no matter of the privacy officers')
    # With the surgery: anybody of it may answer; one person may take it.
    r = gp.post('Task/%s/$take' % id)
    r.is_(200)
    eq((r.json['status'], r.json['owner']['reference']), ('in-progress', 'Practitioner/gp'), 'taken')
    nurse.post('Task/%s/$answer' % id, outcome='corrected', words='It is right now').refused(403, words='Take|take it over')
    nurse.post('Task/%s/$hand-over' % id, to='CareTeam/team').refused(403, words='take it over')
    gp.post('Task/%s/$hand-over' % id).refused(400, words='to whom')
    gp.post('Task/%s/$hand-over' % id, to='Organization/trust').refused(422, words='not your organisation')
    gp.post('Task/%s/$hand-over' % id, to='Practitioner/nobody').refused(404)
    gp.post('Task/%s/$hand-over' % id, to='Practitioner/gone').refused(422, words='not active')
    gp.post('Task/%s/$hand-over' % id, to='Patient/p').refused(400, words='to must be')
    r = gp.post('Task/%s/$hand-over' % id, to='CareTeam/team', words='You took the reading')
    r.is_(200)
    eq((r.json['status'], r.json['owner']), ('requested', {'reference': 'CareTeam/team', 'display': 'Prescriptions'}), 'with a team')
    eq([n['text'] for n in r.json['note']], ['Taken from Kith Surgery', 'Handed over from Dr Gp to Prescriptions: You took the reading'], 'what became of it')
    gp.post('Task/%s/$answer' % id, outcome='corrected', words='Put right').refused(403, words='Prescriptions')
    nurse.post('Task/%s/$answer' % id, words='Put right').refused(400, words='corrected not-changed')
    nurse.post('Task/%s/$answer' % id, outcome='answered', words='Put right').refused(400, words='corrected not-changed')
    nurse.post('Task/%s/$answer' % id, outcome='corrected').refused(400, words='words')
    me.post('Task/%s/$answer' % id, outcome='corrected', words='I say so').refused(403)
    as_(nurse, 'PUT', 'Observation/o', dict(node.get('Observation/o').json, status='corrected')).is_(200)
    r = nurse.post('Task/%s/$answer' % id, outcome='corrected', words='We mixed up two people. Sorry.')
    r.is_(200)
    eq((r.json['status'], said(r.json, 'outcome'), said(r.json, 'words')), ('completed', 'corrected', 'We mixed up two people. Sorry.'), 'answered')
    eq(r.json['owner']['reference'], 'CareTeam/team', 'one owner to the end')
    gp.post('Task/%s/$answer' % id, outcome='corrected', words='Again').refused(422, words='already')
    gp.post('Task/%s/$take' % id).refused(422, words='already')
    notice = [c for c in me.get('Communication?category=%s|answer' % KIND).matches]
    eq([c['payload'][0]['contentString'] for c in notice], ['It has been put right: We mixed up two people. Sorry.'], 'a notice')
    eq(notice[0]['about'], [ref('Task/' + id)], 'about the request')
    eq(people['carer'].get('Communication?category=%s|answer&patient=p' % KIND).matches, [], 'for whoever asked alone')
    eq(gp.get(INBOX).matches, [], 'nothing waits')
    log = me.ask('GET', '/audit/patient/p')[2].decode()
    ok('Task' in log and 'update' in log, 'it is in the log', log[:300])


def test_comment(node):
    """My side: beside the entry, for everybody who sees it."""
    me, gp = people['p'], people['gp']
    c = asks(me, 'Observation/o', kind='comment', words='I had just run up the stairs.')
    eq((c['resourceType'], c['about'], c['sender']['reference']), ('Communication', [ref('Observation/o')], 'Patient/p'), 'about the entry')
    ok(c['id'] in ids(listed(gp, 'Observation/o')), 'beside the entry')
    ok(c['id'] not in ids(listed(gp, 'MedicationRequest/m')), 'of this one alone')
    ok(c['id'] in ids(listed(people['carer'], 'Observation/o')), 'for proxies, too')
    gp.post('Communication/%s/$withdraw' % c['id']).refused(403, words='whoever')
    me.post('Communication/%s/$withdraw' % c['id']).is_(200)
    ok(c['id'] not in ids(listed(gp, 'Observation/o')), 'taken back')
    me.post('Communication/%s/$withdraw' % c['id']).refused(422, words='already')
    me.post('Patient/p/$ask', kind='comment', words='About nothing').refused(422, words='an entry')


def test_follows_the_entry(node):
    """What is said about an entry is seen where the entry is: also when a seal or a hold comes later."""
    me, gp = people['p'], people['gp']
    task = asks(me, 'Observation/o', kind='correction', words='Not mine.')['id']
    note = asks(me, 'Observation/o', kind='comment', words='My side.')['id']
    other = asks(me, 'Patient/p', kind='question', words='When do you open?')['id']
    seen = lambda who: [who.get('Task/' + task).status, who.get('Communication/' + note).status]
    eq(seen(gp), [200, 200], 'seen')
    me.post('Observation/o/$seal', level='sealed-and-locked').is_(200)
    eq(seen(gp), [404, 404], 'sealed with it')
    eq(seen(me), [200, 200], 'but for the patient')
    eq(ids(gp.get(INBOX).json), [other], 'nor by search')
    eq(ids(listed(gp, 'Patient/p')), sorted(set(ids(listed(gp, 'Patient/p'))) - {task, note}), 'nor in the list')
    gp.post('Task/%s/$answer' % task, outcome='corrected', words='x').refused(404)
    gp.get('Observation/o/$ask').refused(404)
    gp.post('Observation/o/$ask', kind='task', words='look at it').refused(404)
    for way in ('$seal', '$unseal', '$release'):
        me.post('Task/%s/%s' % (task, way), **({'level': 'sealed'} if way == '$seal' else {})).refused(422, words='not an entry')
    me.post('Observation/o/$unseal').is_(200)
    eq(seen(gp), [200, 200], 'open again')
    gp.post('Observation/o/$release', hold=day(5), reason='to talk first').is_(200)
    eq(seen(me), [404, 404], 'held back with it')
    gp.post('Observation/o/$release').is_(200)
    eq(seen(me), [200, 200], 'released')
    gone = node.create(observation('gone', 'p', '8480-6'))['id']
    last = asks(me, 'Observation/' + gone, kind='correction', words='Not mine.')['id']
    me.post('Observation/gone/$seal', level='sealed').is_(200)
    node.delete('Observation/gone').is_(204)
    gp.get('Task/' + last).refused(404)
    eq(me.get('Task/' + last).status, 200, 'deleted: as it was')
    for id in (other, task, last):
        me.post('Task/%s/$withdraw' % id).is_(200)
    me.post('Task/%s/$withdraw' % other).refused(422, words='already')


def test_repeat(node):
    """By the patient or a proxy for orders; once while it waits; five working days."""
    me, carer, friend, gp = people['p'], people['carer'], people['friend'], people['gp']
    me.post('Observation/o/$ask', kind='repeat').refused(422, words='MedicationRequest')
    friend.post('MedicationRequest/m/$ask', kind='repeat').refused(403, words='order')
    task = asks(carer, 'MedicationRequest/m', kind='repeat', id='one')
    eq(task['requester']['reference'], 'RelatedPerson/carer', 'who asked')
    due = time.mktime(time.strptime(task['restriction']['period']['end'], '%Y-%m-%d'))
    ok(time.localtime(due).tm_wday < 5 and day(5) <= task['restriction']['period']['end'] <= day(8), 'five working days', task['restriction'])
    me.post('MedicationRequest/m/$ask', kind='repeat').refused(409, words='already.*' + task['restriction']['period']['end'])
    ok(task['id'] in ids(listed(carer, 'Patient/p')), 'they see what they asked')
    ok(task['id'] not in ids(listed(friend, 'Patient/p')), 'and nobody else of the family')
    carer.get('Task/' + task['id']).refused(404)
    gp.post('Task/%s/$answer' % task['id'], outcome='done').is_(200)
    words = [c['payload'][0]['contentString'] for c in carer.get('Communication?patient=p&category=%s|answer' % KIND).matches]
    eq(words, ['Done'], 'the answer is for them')
    again = asks(carer, 'MedicationRequest/m', kind='repeat')
    carer.post('Task/%s/$withdraw' % again['id']).is_(200)
    me.post('MedicationRequest/m/$seal', level='sealed-and-locked').is_(200)
    me.post('MedicationRequest/m/$unseal').is_(200)


def test_once(node):
    """What is sent twice is made once, however it is sent."""
    me, friend = people['p'], people['friend']
    before = node.total('Task')
    first = asks(me, 'Patient/p', kind='question', words='Is this sent twice?', id='a-1')
    for words in ('Is this sent twice?', 'Other words'):
        r = me.post('Patient/p/$ask', kind='question', words=words, id='a-1')
        r.is_(200)
        eq((r.json['id'], r.json['description']), (first['id'], 'Is this sent twice?'), 'the first')
    got = kith.in_threads(4, lambda i: as_(people['q'], 'POST', 'Patient/q/$ask', of(kind='question', words='At once', id='b')))
    eq(len({r.json.get('id', r.body) for r in got}), 1, 'at once, too')
    eq(sorted(r.status for r in got)[-1], 201, 'made once')
    other = asks(friend, 'Patient/p', kind='question', words='By another person', id='a-1')
    ok(other['id'] != first['id'], 'another person has names of their own')
    eq(node.total('Task'), before + 3, 'three in all')
    me.post('Patient/p/$ask', kind='question', words='x y', id='no spaces').refused(400, words='letters')
    for id, who in ((first['id'], me), (other['id'], friend)):
        who.post('Task/%s/$withdraw' % id).is_(200)


def test_staff(node):
    """A result, a letter, something to do: with an owner, a day, and what the person need not see."""
    me, gp, nurse = people['p'], people['gp'], people['nurse']
    r = asks(gp, 'Observation/o', kind='result', to='Practitioner/nurse')
    eq((r['owner']['reference'], r['restriction']['period']['end']), ('Practitioner/nurse', day(7)), 'with the nurse')
    letter = asks(gp, 'DocumentReference/d', kind='letter', due=day(3))
    eq((letter['owner']['reference'], letter['restriction']['period']['end']), ('Organization/surgery', day(3)), 'with the surgery')
    todo = asks(gp, 'Patient/p', kind='task', words='Call the person', internal=True, to='CareTeam/team')
    eq([me.get('Task/' + t['id']).status for t in (r, letter, todo)], [200, 200, 404], 'the person sees the first two')
    eq(len(nurse.get(INBOX + '&owner=Practitioner/nurse,CareTeam/team,Organization/surgery').matches), 3 + len(people['q'].get(INBOX).matches), "own, own team's, own organisation's")
    nurse.post('Task/%s/$answer' % r['id'], outcome='done').is_(200)
    nurse.post('Task/%s/$answer' % todo['id'], outcome='not-done').refused(400, words='words')
    nurse.post('Task/%s/$answer' % todo['id'], outcome='not-done', words='No number').is_(200)
    gp.post('Task/%s/$answer' % letter['id'], outcome='done').is_(200)
    eq(me.get('Communication?category=%s|answer&about:missing=true' % KIND).status, 400, 'a search that there is not is refused')
    # Programs by scope; people who only read, and strangers, not.
    bearer = lambda scope: {'Authorization': 'Bearer ' + kith.token_of(node.dir, '--scope', scope)}
    made = node.post('Observation/o/$ask', of(kind='result'), **bearer('system/*.cruds'))
    made.is_(201)
    node.post('Observation/o/$ask', of(kind='result'), **bearer('system/*.rs')).refused(403, words='staff and programs')
    gp.post('Task/%s/$answer' % made.json['id'], outcome='done').is_(200)
    people['reader'].post('Observation/o/$ask', kind='task', words='x y').refused(403, words='staff')
    people['reception'].post('Patient/p/$ask', kind='task', words='x y').refused(403, words='staff')
    gp.post('Patient/away/$ask', kind='task', words='x y').refused(403, words='staff')
    gp.post('Patient/p/$ask', kind='task', words='x y', due='2001-01-01').refused(400, words='to come')
    gp.post('Patient/p/$ask', kind='task', words='x y', due=day(700)).refused(400, words='366')
    gp.post('Patient/p/$ask', kind='result').refused(422, words='Observation')
    me.post('Patient/p/$ask', kind='task', words='x y').refused(403, words='staff')
    me.post('Patient/p/$ask', kind='question', words='x y', to='Practitioner/gp').refused(400, words='for staff')


def test_feedback(node):
    """Of everybody, to those who look after the node, and answered."""
    me, gp, admin = people['p'], people['gp'], people['admin']
    mine = asks(me, 'Patient/p', kind='feedback', words='The chart is hard to read.', page='/record/results')
    eq([i['valueString'] for i in mine['input']], ['/record/results'], 'about which page')
    r = gp.post('$ask', kind='feedback', words='The inbox is slow.', page='/inbox')
    r.is_(201)
    ok('for' not in r.json, 'about nobody', r.json)
    gp.post('$ask', kind='question', words='x y').refused(422, words='only feedback')
    node.request('POST', '$ask', of(kind='feedback', words='x y'), headers={'Authorization': None}).refused(401)
    eq(ids(listed(admin, '')), sorted([mine['id'], r.json['id']]), 'all of it reaches who manages the node')
    eq(ids(listed(gp, '')), [r.json['id']], 'others see their own')
    eq(ids(listed(me, '')), [], 'theirs is in the record')
    admin.get('Task/' + mine['id']).refused(403)
    gp.post('Task/%s/$answer' % r.json['id'], outcome='answered', words='I know').refused(404)
    admin.post('Task/%s/$take' % mine['id']).refused(422, words='directory')
    admin.post('Task/%s/$answer' % mine['id'], outcome='answered', words='The next version has larger letters.').is_(200)
    admin.post('Task/%s/$answer' % r.json['id'], outcome='answered', words='It is faster now.').is_(200)
    eq(said(me.get('Task/' + mine['id']).json, 'words'), 'The next version has larger letters.', 'the patient reads the answer')
    back = {e['resource']['id']: e['resource'] for e in listed(gp, '')['entry']}
    eq(said(back[r.json['id']], 'words'), 'It is faster now.', 'and so does the GP')
    eq(admin.get('Patient/p').status, 403, 'they see no more of the record than before')
    log = me.ask('GET', '/audit/patient/p')[2].decode()
    ok('K1004' in log or 'staff-admin' in log or 'Administrator' in log, 'the patient sees who read it', log[:500])


# --- who may not ------------------------------------------------------------------------------------


def test_refused(node):
    """Other people, what is not there, and what is too long."""
    me, other, gp = people['p'], people['q'], people['gp']
    other.post('Patient/p/$ask', kind='question', words='x y').refused(404)
    other.post('Patient/none/$ask', kind='question', words='x y').refused(404)
    other.post('Observation/o/$ask', kind='correction', words='x y').refused(404)
    other.get('Patient/p/$ask').refused(404)
    gp.get('Patient/away/$ask').refused(403)
    people['reception'].get('Patient/p/$ask').refused(403)
    gp.post('Observation/o/$ask', kind='correction', words='x y').refused(403, words='person themself')
    people['carer'].post('Patient/p/$ask', kind='question', words='x y').refused(403, words='message')
    me.post('Observation/o/$ask').refused(400, words='kind')
    me.post('Observation/o/$ask', kind='complaint', words='x y').refused(400, code='code-invalid', words='correction')
    me.post('Observation/o/$ask', kind='correction').refused(400, words='words')
    me.post('Observation/o/$ask', kind='correction', words='a ' * 2001).refused(413, words='4000')
    asks(me, 'Patient/p', kind='question', words='é ' * 2000, id='long')
    me.post('Observation/o/$ask', kind='correction', words='x y', element='e' * 201).refused(413, words='200')
    me.post('Observation/o/$ask', kind='correction', words='x y', colour='red').refused(400, words='no parameter')
    me.post('Observation/none/$ask', kind='correction', words='x y').refused(404)
    me.post('Organization/surgery/$ask', kind='correction', words='x y').refused(422, words='not an entry')
    as_(me, 'POST', '', bundle('batch', entry('POST', 'Patient/p/$ask', of(kind='question', words='x y')))).is_(200)


def test_nobody_else_writes_them(node):
    """No update, patch, delete or label goes round the operations."""
    me, gp = people['p'], people['gp']
    task = asks(me, 'Patient/p', kind='question', words='Who may change this?')
    id = task['id']
    wanted = {'resourceType': 'Task', 'status': 'completed', 'intent': 'order', 'code': coded('correction'), 'for': ref('Patient/p')}
    as_(gp, 'POST', 'Task', wanted).refused(403, words='\\$ask')
    as_(gp, 'PUT', 'Task/' + id, dict(task, status='completed')).refused(403, words='\\$answer')
    as_(gp, 'PUT', 'Task/' + id, {k: v for k, v in dict(task, code={'text': 'x'}).items()}).refused(403)
    json_patch(gp, 'Task/' + id, {'op': 'replace', 'path': '/status', 'value': 'completed'}).refused(403)
    ok(as_(gp, 'DELETE', 'Task/' + id).status in (403, 405), 'not deleted')
    ok(as_(me, 'DELETE', 'Task/' + id).status in (403, 405), 'nor by the patient')
    comment = {'resourceType': 'Communication', 'status': 'completed', 'category': [coded('comment')], 'subject': ref('Patient/p'),
               'about': [ref('Observation/o')], 'sender': ref('Practitioner/gp')}
    for who in (me, gp):
        as_(who, 'POST', 'Communication', comment).refused(403, words='\\$ask')
    eq(node.get('Task/' + id).etag, 'W/"1"', 'untouched')
    plain = as_(gp, 'POST', 'Task', {'resourceType': 'Task', 'status': 'requested', 'intent': 'order', 'for': ref('Patient/p'), 'code': {'text': 'x'}})
    plain.is_(201)
    gp.post('Task/%s/$answer' % plain.json['id'], outcome='done').refused(422, words='none of the requests')
    me.post('Task/%s/$withdraw' % id).is_(200)


def test_own_record(node):
    """Nobody answers about their own record."""
    own, gp, nurse = people['gp-self'], people['gp'], people['nurse']
    id = asks(own, 'Patient/gp-self', kind='question', words='About myself')['id']
    for way, more in (('$take', {}), ('$answer', {'outcome': 'answered', 'words': 'As I like'}), ('$hand-over', {'to': 'Practitioner/nurse'})):
        gp.post('Task/%s/%s' % (id, way), **more).refused(403, words='somebody else')
    people['reader'].post('Task/%s/$take' % id).refused(403, words='write-record')
    nurse.post('Task/%s/$answer' % id, outcome='answered', words='As it is').is_(200)


def test_apps(node):
    """An app asks with the scope for it, and for its own person alone."""
    me = people['p']
    apps.state['app'] = apps.client(node, 'Asker', '--kind', 'public', '--redirect', apps.REDIRECT, '--scope',
                                    'launch/patient patient/Task.crs patient/Observation.rs')

    def bearer(scope):
        _, headers, body = me.ask('GET', apps.ask_for(node, 'v' * 43, scope=scope, prompt='consent'))
        request = re.search(r'#/consent/([A-Za-z0-9_\-]+)', headers.get('Location') or '')
        if not ok(request, 'asked for consent', (headers.get('Location'), body[:300])):
            return {}
        allowed = me.json('POST', '/auth/consent/' + request[1], {'allow': True, 'scopes': scope.split()})
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(allowed['redirect']).query))['code']
        return {'Authorization': 'Bearer ' + apps.redeem(node, code, 'v' * 43)[1]['access_token']}

    reads = bearer('launch/patient patient/Observation.rs')
    node.request('POST', 'Observation/o/$ask', of(kind='correction', words='By an app'), headers=reads).refused(403, words='Task.c')
    asks_too = bearer('launch/patient patient/Task.crs patient/Observation.rs')
    r = node.request('POST', 'Observation/o/$ask', of(kind='correction', words='By an app'), headers=asks_too)
    r.is_(201)
    node.request('POST', 'Observation/o/$ask', of(kind='comment', words='By an app'), headers=asks_too).refused(403, words='Communication.c')
    me.post('Task/%s/$withdraw' % r.json['id']).is_(200)


def test_a_hundred(node):
    """There is a bound to what waits, with words that help."""
    me = people['q']
    waiting = len(me.get(INBOX).matches)
    for i in range(100 - waiting):
        me.post('Patient/q/$ask', kind='question', words='Question %d' % i, id='q-%d' % i).is_(201)
    me.post('Patient/q/$ask', kind='question', words='One more').refused(429, words='withdraw')
    me.post('Observation/other/$ask', kind='comment', words='What needs no answer may be said').is_(201)
    me.post('Task/%s/$withdraw' % me.get(INBOX).matches[0]['id']).is_(200)
    me.post('Patient/q/$ask', kind='question', words='One more').is_(201)


if __name__ == '__main__':
    kith.main(globals())
