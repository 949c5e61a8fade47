#!/usr/bin/env python3
"""People who try to see, or to change, what is not theirs (docs/threats.md). Each test is an attack."""
import http.client
import json
import re
import socket
import time

import kith
from kith import bundle, entry, eq, ok
from test_access import MENTAL, TASK_KIND, Person, observation, of, parts

KIND = 'https://kith.care/fhir/CodeSystem/consent-kind'
LABEL = 'https://kith.care/fhir/CodeSystem/label'
RECIPIENT = {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'code': 'IRCP'}]}
CANARY, NHS = 'Zyxcanary', '9990000026'
people = {}


def ref(name):
    return {'reference': name}


def consent(kind, patient, party, permit=True, **more):
    """A Consent as the operations write it."""
    return {'resourceType': 'Consent', 'status': 'active', 'patient': ref('Patient/' + patient), 'dateTime': '2026-01-01',
            'scope': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/consentscope', 'code': 'patient-privacy'}]},
            'category': [{'coding': [{'system': KIND, 'code': kind}]}], 'policyRule': {'text': 'as said'},
            'provision': {'type': 'permit' if permit else 'deny', 'actor': [{'role': RECIPIENT, 'reference': ref(party)}]}, **more}


def as_(person, method, path, body=None, **headers):
    return person.request(method, path, body, **headers)


def new_observation(patient, code):
    return {k: v for k, v in observation('x', patient, code).items() if k != 'id'}


def json_patch(person, name, *changes):
    return as_(person, 'PATCH', name, list(changes), Content_Type='application/json-patch+json')


def chain_length(patient):
    """How many entries the log has about a patient: to ask makes one, too."""
    return people['officer'].json('GET', '/audit/patient/%s?count=1' % patient)['total']


def entries_of(practitioner):
    return len(people['officer'].get('AuditEvent?agent=%s&_count=1000' % practitioner).resources)


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery'})
    for id in ('gp', 'stranger', 'desk', 'officer', 'two'):
        node.create({'resourceType': 'Practitioner', 'id': id, 'name': [{'family': id.title()}]})
    for id, number, more in (('p', '9990000018', {'generalPractitioner': [ref('Practitioner/gp')]}), ('q', NHS, {})):
        node.create({'resourceType': 'Patient', 'id': id, 'birthDate': '1980-02-03', 'name': [{'family': CANARY if id == 'q' else 'Known'}],
                     'identifier': [{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': number}], **more})
        node.create(observation(id + '-plain', id, '8480-6'))
        node.create(observation(id + '-mind', id, '44249-1', meta={'security': [MENTAL]}))
    node.create({'resourceType': 'CareTeam', 'id': 'team', 'status': 'active', 'name': 'Clinic',
                 'participant': [{'member': ref('Practitioner/two')}]})
    node.create(observation('sealed', 'p', '8462-4'))
    people['p'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p', '--nhs-number', '9990000018')
    people['q'] = Person(node, 'patient-q', '--kind', 'patient', '--person', 'Patient/q', '--nhs-number', NHS)
    for name, role in (('gp', 'R8000'), ('stranger', 'R8000'), ('desk', 'R8009'), ('officer', 'R0001'), ('two', 'R8000')):
        people[name] = Person(node, 'staff-' + name, '--person', 'Practitioner/' + name, '--role', role)
    people['p'].post('Observation/sealed/$seal', level='sealed', team='CareTeam/team').is_(200)


# --- row 23: who makes their own relationship -----------------------------------------------------


def test_no_relationship_of_ones_own(node):
    """A clinician without relationship writes none, in any form that policy reads."""
    me = people['stranger']
    as_(me, 'GET', 'Observation/q-plain').refused(404)
    mine = ref('Practitioner/stranger')
    writes = [
        {'resourceType': 'CareTeam', 'status': 'active', 'subject': ref('Patient/q'), 'participant': [{'member': mine}]},
        {'resourceType': 'EpisodeOfCare', 'status': 'active', 'patient': ref('Patient/q'), 'careManager': mine},
        {'resourceType': 'Encounter', 'status': 'in-progress', 'subject': ref('Patient/q'), 'participant': [{'individual': mine}],
         'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'AMB'}},
        {'resourceType': 'ServiceRequest', 'status': 'active', 'intent': 'order', 'subject': ref('Patient/q'), 'requester': mine},
        {'resourceType': 'Appointment', 'status': 'booked', 'start': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
         'end': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 60)),
         'participant': [{'actor': ref('Patient/q'), 'status': 'accepted'}, {'actor': mine, 'status': 'accepted'}]},
        consent('grant', 'q', 'Practitioner/stranger'), consent('claim', 'q', 'Practitioner/stranger'),
        consent('override', 'q', 'Practitioner/stranger'), consent('sharing', 'q', 'Practitioner/stranger'),
    ]
    for r in writes:
        as_(me, 'POST', r['resourceType'], r).refused(403)
        got = as_(me, 'POST', '', bundle('batch', entry('POST', r['resourceType'], r)))
        ok(got.json['entry'][0]['response']['status'].startswith('403'), 'nor in a batch: ' + r['resourceType'], got.body[:300])
        as_(me, 'POST', '', bundle('transaction', entry('POST', r['resourceType'], r))).refused(403)
    patient = node.get('Patient/q').json
    patient['generalPractitioner'] = [mine]
    as_(me, 'PUT', 'Patient/q', patient).refused(403)
    json_patch(me, 'Patient/q', {'op': 'add', 'path': '/generalPractitioner', 'value': [mine]}).refused(403)
    as_(me, 'GET', 'Observation/q-plain').refused(404)
    two = bundle('transaction', entry('POST', 'CareTeam', writes[0]), entry('GET', 'Practitioner/gp'))
    as_(me, 'POST', '', two).refused(403)
    eq(node.total('CareTeam?subject=Patient/q'), 0, 'nothing was written')


def test_two_patients_in_one_entry(node):
    """An entry of a patient whom I look after says nothing of another patient."""
    gp = people['gp']
    now = time.time()
    stamp = lambda s: time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(now + s))
    both = {'resourceType': 'Appointment', 'status': 'booked', 'start': stamp(0), 'end': stamp(60),
            'participant': [{'actor': ref(x), 'status': 'accepted'} for x in ('Patient/p', 'Patient/q', 'Practitioner/gp')]}
    as_(gp, 'POST', 'Appointment', both)
    team = {'resourceType': 'CareTeam', 'status': 'active', 'subject': ref('Patient/p'), 'encounter': ref('Encounter/none'),
            'participant': [{'member': ref('Practitioner/gp')}, {'member': ref('Patient/q')}]}
    as_(gp, 'POST', 'CareTeam', team)
    contained = dict(team, subject=ref('#q'), contained=[{'resourceType': 'Patient', 'id': 'q'}])
    as_(gp, 'POST', 'CareTeam', contained)
    as_(gp, 'GET', 'Observation/q-plain').refused(404)
    eq(as_(gp, 'GET', 'Observation?subject=Patient/q&_summary=count').json['total'], 0, 'and finds nothing')


def test_claim_does_not_become_lasting(node):
    """What was claimed or opened in an emergency ends when it was said to end."""
    me = people['stranger']
    as_(me, 'POST', 'Patient/q/$claim', of(reason='handling-referral', hours=1)).is_(200)
    as_(me, 'GET', 'Observation/q-plain').is_(200)
    mine = ref('Practitioner/stranger')
    for r in ({'resourceType': 'CareTeam', 'status': 'active', 'subject': ref('Patient/q'), 'participant': [{'member': mine}]},
              {'resourceType': 'ServiceRequest', 'status': 'active', 'intent': 'order', 'subject': ref('Patient/q'), 'requester': mine},
              {'resourceType': 'EpisodeOfCare', 'status': 'active', 'patient': ref('Patient/q'), 'careManager': mine},
              consent('grant', 'q', 'Practitioner/stranger'), consent('claim', 'q', 'Practitioner/stranger'),
              consent('override', 'q', 'Practitioner/stranger')):
        as_(me, 'POST', r['resourceType'], r).refused(403)
    json_patch(me, 'Patient/q', {'op': 'add', 'path': '/generalPractitioner', 'value': [mine]}).refused(403)
    as_(me, 'POST', 'Observation', new_observation('q', '8867-4')).is_(201)  # care goes on
    task = next(t for t in people['officer'].get('Task?code=%s|claim-review&status=requested' % TASK_KIND).resources
                if t['for']['reference'] == 'Patient/q')
    people['officer'].post('Task/%s/$review' % task['id'], outcome='concern', words='no such referral').is_(200)
    as_(me, 'GET', 'Observation/q-plain').refused(404)


def test_override_only_with_alert(node):
    """A GP does not open what is sealed by writing the emergency down."""
    gp = people['gp']
    as_(gp, 'GET', 'Observation/sealed').refused(404)
    for kind in ('override', 'claim', 'grant'):
        as_(gp, 'POST', 'Consent', consent(kind, 'p', 'Practitioner/gp')).refused(403)
    as_(gp, 'POST', 'Consent', consent('proxy', 'p', 'Patient/q')).refused(403)
    as_(gp, 'GET', 'Observation/sealed').refused(404)


def test_team_of_ones_own(node):
    """Nobody joins the team that a seal names."""
    gp = people['gp']
    as_(people['two'], 'GET', 'CareTeam/team').is_(200)
    joined = {'resourceType': 'CareTeam', 'id': 'team', 'status': 'active',
              'participant': [{'member': ref('Practitioner/two')}, {'member': ref('Practitioner/gp')}]}
    as_(gp, 'PUT', 'CareTeam/team', joined).refused(403)
    json_patch(gp, 'CareTeam/team', {'op': 'add', 'path': '/participant/-', 'value': {'member': ref('Practitioner/gp')}}).refused(403)
    as_(gp, 'DELETE', 'CareTeam/team')
    as_(gp, 'PUT', 'CareTeam/team', joined).refused(403)
    for r in ({'resourceType': 'PractitionerRole', 'practitioner': ref('Practitioner/gp')}, {'resourceType': 'Practitioner'},
              {'resourceType': 'Organization', 'name': 'mine'}):
        as_(gp, 'POST', r['resourceType'], r).refused(403)
        as_(people['desk'], 'POST', r['resourceType'], r).refused(403)
    time.sleep(1.1)  # who somebody is besides is asked for again each second
    as_(gp, 'GET', 'Observation/sealed').refused(404)


def test_patients_refusals_stand(node):
    """What the patient refused is not taken away by whom it is about."""
    me, gp = people['p'], people['gp']
    r = me.post('Patient/p/$sharing', permit=False, party='Practitioner/gp', category='MH')
    id = parts(r, 'choice')[0]['id']
    stored = node.get('Consent/' + id).json
    as_(gp, 'PUT', 'Consent/' + id, dict(stored, status='inactive'))
    as_(gp, 'DELETE', 'Consent/' + id)
    json_patch(gp, 'Consent/' + id, {'op': 'replace', 'path': '/status', 'value': 'rejected'})
    as_(gp, 'POST', 'Consent', consent('sharing', 'p', 'Practitioner/gp')).refused(403)
    as_(gp, 'GET', 'Observation/p-mind').refused(404)
    me.post('Patient/p/$sharing-end', id=id).is_(200)
    as_(gp, 'GET', 'Observation/p-mind').is_(200)


# --- rows 5 to 8: labels, moving, bundles, conditions ----------------------------------------------


def test_labels_by_hand(node):
    """Labels are set and taken off only by those whose activity it is."""
    me, gp, desk = people['p'], people['gp'], people['desk']
    meta = lambda *codes: {'resourceType': 'Parameters', 'parameter': [
        {'name': 'meta', 'valueMeta': {'security': [{'system': LABEL, 'code': c} for c in codes]}}]}
    node.create({'resourceType': 'Practitioner', 'id': 'nurse'})
    people['nurse'] = Person(node, 'staff-nurse', '--person', 'Practitioner/nurse', '--role', 'R8001')
    node.create({'resourceType': 'CareTeam', 'id': 'ward', 'status': 'active', 'subject': ref('Patient/p'),
                 'participant': [{'member': ref('Practitioner/nurse')}]})
    nurse = people['nurse']  # may seal, may not safeguard
    as_(nurse, 'GET', 'Observation/p-plain').is_(200)
    as_(nurse, 'POST', 'Observation/p-plain/$meta-add', meta('safeguarding')).refused(403)
    json_patch(nurse, 'Observation/p-plain', {'op': 'add', 'path': '/meta/security',
                                                 'value': [{'system': LABEL, 'code': 'protects-from'}]}).refused(403)
    labelled = dict(node.get('Observation/p-plain').json, meta={'security': [{'system': LABEL, 'code': 'safeguarding'}]})
    as_(nurse, 'PUT', 'Observation/p-plain', labelled).refused(403)
    as_(me, 'POST', 'Observation/p-plain/$meta-add', meta('sealed')).refused(403)
    as_(desk, 'POST', 'Patient/p/$meta-add', meta('sealed')).refused(403)
    as_(gp, 'POST', 'Observation/sealed/$meta-delete', meta('sealed')).refused(404)
    as_(nurse, 'POST', 'Observation/sealed/$meta-delete', meta('sealed')).refused(404)
    as_(gp, 'GET', 'Observation/p-plain').is_(200)
    eq(node.get('Observation/p-plain').json['meta'].get('security'), None, 'nothing was labelled')


def test_moving(node):
    """An entry goes into another record only by those who may write both, and out of none unseen."""
    gp = people['gp']
    moved = dict(node.get('Observation/p-plain').json, subject=ref('Patient/q'))
    as_(gp, 'PUT', 'Observation/p-plain', moved).refused(403)
    json_patch(gp, 'Observation/p-plain', {'op': 'replace', 'path': '/subject/reference', 'value': 'Patient/q'}).refused(403)
    taken = dict(observation('q-plain', 'p', '8480-6'))
    as_(gp, 'PUT', 'Observation/q-plain', taken).refused(404)
    eq(node.get('Observation/q-plain').json['subject'], ref('Patient/q'), 'where it was')
    as_(gp, 'PUT', 'Observation/q-new', observation('q-new', 'q', '8480-6'))
    node.get('Observation/q-new').refused(404)


def test_bundles_and_conditions(node):
    """An entry of a bundle has no more rights than it has alone; what is hidden matches nothing."""
    gp = people['gp']
    hidden = entry('GET', 'Observation/q-plain')
    for type in ('batch', 'transaction'):
        got = as_(gp, 'POST', '', bundle(type, entry('GET', 'Observation/p-plain'), hidden))
        ok(CANARY not in got.body.decode(), type, got.body[:300])
        ok('q-plain' not in json.dumps([e.get('resource') for e in got.json.get('entry', [])]), 'no hidden entry in a ' + type)
    made = {'resourceType': 'Observation', 'status': 'final', 'subject': ref('Patient?family=' + CANARY),
            'code': {'text': 'x'}}
    as_(gp, 'POST', '', bundle('transaction', entry('POST', 'Observation', made, 'urn:uuid:6f2b7d3c-3e7f-4a0e-9d55-0e4f5d1b2c3d')))
    eq(node.total('Observation?subject=Patient/q&code:text=x'), 0, 'nothing in the other record')
    before = node.get('Observation/q-plain').etag
    for method, path, body in (('DELETE', 'Observation?_id=q-plain', None),
                               ('PUT', 'Observation?_id=q-plain', new_observation('p', '1-8')),
                               ('DELETE', 'Observation?subject=Patient/q', None)):
        as_(gp, method, path, body)
    eq(node.get('Observation/q-plain').etag, before, 'untouched by conditional writes')


def test_direct_forging(node):
    """Nobody writes the log, or that others have written something; definitions are the administrators'."""
    for name in ('gp', 'desk', 'p', 'officer'):
        me = people[name]
        event = {'resourceType': 'AuditEvent', 'type': {'code': 'rest'}, 'recorded': '2026-01-01T00:00:00Z',
                 'agent': [{'requestor': True}], 'source': {'observer': {'display': 'x'}}}
        as_(me, 'POST', 'AuditEvent', event).refused(403)
        for r in ({'resourceType': 'SearchParameter', 'url': 'http://x', 'name': 'x', 'status': 'active', 'description': 'x',
                   'code': 'x', 'base': ['Patient'], 'type': 'string', 'expression': 'Patient.name'},
                  {'resourceType': 'ValueSet', 'status': 'active'}, {'resourceType': 'CodeSystem', 'status': 'active', 'content': 'complete'},
                  {'resourceType': 'StructureDefinition', 'url': 'http://x', 'name': 'x', 'status': 'active', 'kind': 'resource',
                   'abstract': False, 'type': 'Patient'},
                  {'resourceType': 'Subscription', 'status': 'requested', 'reason': 'x', 'criteria': 'Patient?',
                   'channel': {'type': 'rest-hook', 'endpoint': 'http://127.0.0.1:1/'}}):
            as_(me, 'POST', r['resourceType'], r).refused(403)
        for method, path in (('GET', '$export'), ('GET', 'Patient/$export'), ('POST', '$reindex'), ('POST', '$import')):
            got = as_(me, method, path, {'resourceType': 'Parameters'} if method == 'POST' else None, Prefer='respond-async',
                      Accept='application/fhir+json')
            ok(got.status in (403, 404), '%s: %s %s' % (name, method, path), (got.status, got.body[:200]))
    as_(people['p'], 'POST', 'Provenance', {'resourceType': 'Provenance', 'target': [ref('Patient/p')], 'recorded': '2026-01-01T00:00:00Z',
                                            'agent': [{'who': ref('Practitioner/gp')}]}).refused(403)


def test_sweep_of_anothers_record(node):
    """Each way of asking about a patient who is none of mine tells nothing of the record."""
    ways = ['Patient/q/$everything', 'Patient/q/$summary', 'Patient/q/Observation', 'Patient/q/*', 'Observation?patient=q',
            'Observation?subject:Patient.family=' + CANARY, 'Observation?_has:Provenance:target:_id=1&subject=Patient/q',
            'Observation?_filter=subject eq Patient/q', 'Observation?_id=q-plain,q-mind', 'Observation?_id=q-plain&_include=Observation:subject',
            'Observation?_id=q-plain&_elements=code', 'Observation?_id=q-plain&_summary=true', 'Observation?_id=q-plain&_summary=count',
            'Observation/_history?_count=500', '_history?_count=500', 'Observation/q-plain/_history', 'Observation/q-plain/_history/1',
            'Observation/q-plain/$meta', '?_type=Observation&_id=q-plain', 'Patient/q/$sharing', 'Patient/q/$proxies', 'Patient/q/$withheld',
            'AuditEvent?patient=Patient/q', 'Observation?_sort=-date&_count=500', 'Patient?_id=p&_revinclude=Observation:subject',
            'Patient?_has:Observation:subject:code=8480-6&_id=q', 'Observation?subject.identifier=' + NHS]
    for name in ('stranger', 'p', 'gp'):
        for way in ways:
            got = as_(people[name], 'GET', way)
            text = got.body.decode()
            ok('q-plain' not in re.sub(r'"(url|diagnostics|text)":"(\\.|[^"])*"', '', text) or got.status >= 400,
               '%s: %s' % (name, way), (got.status, text[:300]))
            if name == 'p':
                ok(CANARY not in re.sub(r'"(url|diagnostics|text)":"(\\.|[^"])*"', '', text), '%s: no name: %s' % (name, way), text[:300])
            if '_summary=count' in way and got.status == 200:
                eq(got.json['total'], 0, name + ': ' + way)


def test_review_cannot_be_dodged(node):
    """Who opened a record takes neither the review of it nor the notice out of anybody's sight; nobody forges either."""
    me, officer, patient = people['stranger'], people['officer'], people['q']
    me.post('Patient/q/$open', reason='emergency', words='unconscious in A and E').is_(200)
    task = next(t for t in officer.get('Task?code=%s|override-review&status=requested' % TASK_KIND).resources
                if t['for']['reference'] == 'Patient/q')
    about = task['focus']['reference']
    notice = next(c for c in node.get('Communication?subject=Patient/q').resources if c.get('about') == [ref(about)])
    for entry_of in (task, notice):
        name = '%s/%s' % (entry_of['resourceType'], entry_of['id'])
        as_(me, 'GET', name).is_(200)  # else what follows would be refused for another reason
        bare = {k: v for k, v in entry_of.items() if k not in ('code', 'category')}
        for changed in (dict(entry_of, status='entered-in-error'), dict(bare, status='completed'), {k: v for k, v in entry_of.items() if k != 'meta'}):
            as_(me, 'PUT', name, changed).refused(403)
            as_(me, 'POST', '', bundle('transaction', entry('PUT', name, changed))).refused(403)
        json_patch(me, name, {'op': 'replace', 'path': '/status', 'value': 'entered-in-error'}).refused(403)
        for code in ('third-party', 'held', 'sealed', 'sealed-and-locked', 'safeguarding', 'protects-from'):
            as_(me, 'POST', name + '/$meta-add', {'resourceType': 'Parameters', 'parameter': [
                {'name': 'meta', 'valueMeta': {'security': [{'system': LABEL, 'code': code}]}}]}).refused(403)
        me.post(name + '/$seal', level='sealed-and-locked', team='Practitioner/stranger').refused(422)
        me.post(name + '/$release', hold='2027-06-01', reason='not to be seen yet').refused(422)
        as_(me, 'DELETE', name).refused(403)
        eq(node.get(name).json['meta']['versionId'], '1', name + ' is as it was')
    forged = dict(task, focus=ref('Patient/p'), **{'for': ref('Patient/p')})
    as_(people['gp'], 'POST', 'Task', {k: v for k, v in forged.items() if k != 'id'}).refused(403)
    as_(people['gp'], 'POST', 'Communication', dict({k: v for k, v in notice.items() if k != 'id'}, subject=ref('Patient/p'))).refused(403)
    as_(patient, 'GET', 'Communication/' + notice['id']).is_(200)
    as_(officer, 'PUT', 'Task/' + task['id'], dict(task, status='completed')).refused(403)
    officer.post('Task/%s/$review' % task['id'], outcome='concern', words='nobody was there').is_(200)
    as_(me, 'GET', 'Observation/q-plain').refused(404)


# --- the log: is there a way to see without being seen ---------------------------------------------


def raw(node, person, line, *fields):
    sent = ['Host: %s:%d' % (node.host, node.port)] + ['%s: %s' % x for x in person.headers().items() if x[1]]
    with socket.create_connection((node.host, node.port), timeout=10) as s:
        s.sendall(('%s\r\n%s\r\n\r\n' % (line, '\r\n'.join(sent + list(fields)))).encode())
        return s.recv(65536)


def test_every_look_leaves_an_entry(node):
    gp = people['gp']
    etag = as_(gp, 'GET', 'Observation/p-plain').etag
    ways = [('HEAD', lambda: as_(gp, 'HEAD', 'Observation/p-plain').is_(200)),
            ('304', lambda: as_(gp, 'GET', 'Observation/p-plain', If_None_Match=etag).is_(304)),
            ('a range', lambda: as_(gp, 'GET', 'Observation/p-plain', Range='bytes=0-10')),
            ('elements', lambda: as_(gp, 'GET', 'Observation?_id=p-plain&_elements=id').is_(200)),
            ('batch', lambda: as_(gp, 'POST', '', bundle('batch', entry('GET', 'Patient/none'), entry('GET', 'Observation/p-plain'),
                                                         entry('GET', 'Nothing/1'))).is_(200)),
            ('transaction', lambda: as_(gp, 'POST', '', bundle('transaction', entry('GET', 'Observation/p-plain'))).is_(200)),
            ('meta', lambda: as_(gp, 'GET', 'Observation/p-plain/$meta').is_(200)),
            ('history', lambda: as_(gp, 'GET', 'Observation/p-plain/_history').is_(200)),
            ('everything', lambda: as_(gp, 'GET', 'Patient/p/$everything').is_(200)),
            ('summary', lambda: as_(gp, 'GET', 'Patient/p/$summary')),
            ('if-none-exist', lambda: as_(gp, 'POST', 'Observation', new_observation('p', '8480-6'),
                                          If_None_Exist='_id=p-plain').is_(200)),
            ('xml', lambda: as_(gp, 'GET', 'Observation/p-plain?_format=xml').is_(200)),
            ('a broken connection', lambda: raw(node, gp, 'GET /fhir/Observation/p-plain HTTP/1.1', 'Connection: close')[:12])]
    # What says a number and names nobody stands in the log under who asked, with the query.
    numbers = [('count', lambda: as_(gp, 'GET', 'Observation?subject=Patient/p&_summary=count').is_(200)),
               ('chain', lambda: as_(gp, 'GET', 'Patient?_has:Observation:subject:code=8480-6&_id=p&_summary=count').is_(200)),
               ('match of several', lambda: as_(gp, 'DELETE', 'Observation?subject=Patient/p').refused(412))]
    first = chain_length('p')
    asking = chain_length('p') - first
    for what, way in ways:
        before = chain_length('p')
        way()
        ok(chain_length('p') > before + asking, what + ': leaves an entry')
    for what, way in numbers:
        before = entries_of('Practitioner/gp')
        way()
        ok(entries_of('Practitioner/gp') > before, what + ': leaves an entry of who asked what')


def test_refusals_leave_entries(node):
    me = people['stranger']
    for what, way in (('read', lambda: as_(me, 'GET', 'Observation/q-plain')),
                      ('a right that is missing', lambda: as_(me, 'GET', 'Account/1')),
                      ('within a batch', lambda: as_(me, 'POST', '', bundle('batch', entry('GET', 'Account/1')))),
                      ('the pages of the log', lambda: me.ask('GET', '/audit/patient/q')),
                      ('an operation', lambda: as_(me, 'GET', 'Patient/q/$sharing'))):
        before = entries_of('Practitioner/stranger')
        way()
        ok(entries_of('Practitioner/stranger') > before, what + ': leaves an entry')


def test_nothing_in_the_open(node):
    """Health, metrics, words of codes and the log of the process know no patient."""
    connection = http.client.HTTPConnection(node.host, node.port, timeout=10)
    for path in ('/health', '/metrics', '/', '/fhir/metadata', '/.well-known/smart-configuration', '/fhir/.well-known/smart-configuration',
                 '/.well-known/openid-configuration', '/oauth/jwks', '/audit/checkpoint', '/audit/key', '/auth/session', '/auth/demo'):
        connection.request('GET', path)
        got = connection.getresponse()
        body = got.read().decode('utf-8', 'replace')
        for canary in (CANARY, NHS, '9990000018', 'Practitioner/gp', people['gp'].csrf):
            ok(canary not in body + str(got.headers), path + ': no ' + canary)
    connection.close()
    for path in ('/fhir/Patient', '/fhir/Patient/p', '/fhir/_history', '/fhir/$export', '/fhir/Observation/_search', '/fhir/ValueSet/$expand?url=x',
                 '/fhir/_jobs/1', '/fhir/Patient/p/$everything', '/fhir/AuditEvent', '/fhir/Subscription'):
        node.request('POST' if '_search' in path else 'GET', path, '' if '_search' in path else None, Authorization=None).refused(401)
    log = node.log()
    secrets = [CANARY, NHS, '9990000018', node.token, 'a long and quiet pass phrase'] + [
        v for x in people.values() for v in list(x.cookies.values()) + [x.csrf] if v]
    for canary in secrets:
        ok(canary not in log, 'the log of the process has no secret and no patient', canary[:12])


if __name__ == '__main__':
    kith.main(globals())
