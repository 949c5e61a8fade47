"""Messages between two organisations: a referral there, a letter back, with a node killed on the way (docs/locality.md, "Messages")."""

import base64
import json
import signal

import kith
import locality
from kith import eq, ok, within
from locality import until

NHS = 'https://fhir.nhs.uk/Id/nhs-number'
ODS = 'https://fhir.nhs.uk/Id/ods-organization-code'


def patient(**more):
    return dict({'resourceType': 'Patient', 'identifier': [{'system': NHS, 'value': '9434765919'}],
                 'name': [{'family': 'Okafor', 'given': ['Ada']}], 'birthDate': '1980-05-05', 'gender': 'female',
                 'address': [{'postalCode': 'SW1A 1AA'}]}, **more)


def referral(to, text='Please see'):
    return {'resourceType': 'Bundle', 'type': 'message', 'entry': [
        {'fullUrl': 'urn:uuid:b0f3c1a0-0000-4000-8000-000000000001', 'resource': {
            'resourceType': 'MessageHeader', 'eventCoding': {'system': 'https://example.org/events', 'code': 'referral'},
            'destination': [{'endpoint': 'urn:nhs-uk:addressing:ods:' + to}],
            'source': {'endpoint': 'urn:nhs-uk:addressing:ods:Y90001'},
            'focus': [{'reference': 'urn:uuid:b0f3c1a0-0000-4000-8000-000000000002'}]}},
        {'fullUrl': 'urn:uuid:b0f3c1a0-0000-4000-8000-000000000002', 'resource': {
            'resourceType': 'ServiceRequest', 'status': 'active', 'intent': 'order', 'code': {'text': text},
            'subject': {'reference': 'urn:uuid:b0f3c1a0-0000-4000-8000-000000000003'}}},
        {'fullUrl': 'urn:uuid:b0f3c1a0-0000-4000-8000-000000000003', 'resource': patient()}]}


def letter():
    return {'resourceType': 'Bundle', 'type': 'document', 'identifier': {'system': 'urn:ietf:rfc:3986', 'value': 'urn:uuid:9'},
            'timestamp': '2026-11-22T10:00:00Z', 'entry': [
                {'fullUrl': 'urn:uuid:b0f3c1a0-0000-4000-8000-000000000011', 'resource': {
                    'resourceType': 'Composition', 'status': 'final', 'type': {'text': 'Clinic letter'},
                    'subject': {'reference': 'urn:uuid:b0f3c1a0-0000-4000-8000-000000000012'}, 'date': '2026-11-22',
                    'author': [{'display': 'Dr Bell'}], 'title': 'Clinic letter'}},
                {'fullUrl': 'urn:uuid:b0f3c1a0-0000-4000-8000-000000000012', 'resource': patient()}]}


def box(node, which, status=None):
    r = node.get('Task?code=' + which + ('&status=' + status if status else ''))
    r.is_(200)
    return r.matches


def sent(node, bundle, query=''):
    r = node.post('$process-message' + query, bundle)
    r.is_(202)
    return r.json['id']


def state(node, task):
    r = node.get('Task/' + task)
    return r.json['status'] if r.status == 200 else None


def bundle_of(node, task):
    r = node.get('Binary/' + task, Accept='application/fhir+json')
    r.is_(200)
    return json.loads(base64.b64decode(r.json['data']))


def a_referral(gp, hospital, here):
    task = sent(gp, referral('Y90002'))
    eq(gp.get('Task/' + task).json['for'], {'reference': 'Patient/' + here}, 'in the record of the patient')
    until('it has come', lambda: state(gp, task) == 'received')
    until('it is shown there', lambda: box(hospital, 'inbox'))
    there = box(hospital, 'inbox', 'received')
    eq([t['id'] for t in there], [task], 'the inbox')
    eq(there[0]['requester']['identifier'], {'system': ODS, 'value': 'Y90001'}, 'from whom')
    ok('for' not in there[0], 'nobody there is that person yet', there[0])
    eq(bundle_of(hospital, task), referral('Y90002'), 'what came is what was sent')
    forged = hospital.create({'resourceType': 'Task', 'status': 'requested', 'intent': 'order',
                              'identifier': [{'system': 'https://kith.care/fhir/mail', 'value': task[5:]}]})['id']
    hospital.post('Task/%s/$acknowledge' % forged, '').refused(422, words='not about a message')
    eq([t['id'] for t in box(hospital, 'inbox', 'received')], [task], 'a Task of somebody\'s own acknowledges nothing')
    done = hospital.post('Task/%s/$acknowledge' % task, '')
    done.is_(200)
    eq(done.json['status'], 'completed', 'taken')
    until('the sender sees it', lambda: state(gp, task) == 'completed')
    gp.post('Task/%s/$acknowledge' % task, '').is_(404)
    return task


def cannot(gp):
    gp.post('$process-message', {'resourceType': 'Patient'}).refused(400, words='Bundle')
    gp.post('$process-message', letter()).refused(400, words='to whom')
    gp.post('$process-message?to=Y99999', letter()).refused(404, words='ODS code')
    gp.post('$process-message?to=Y90001', letter()).refused(400, words='itself')
    gp.post('$process-message?to=Y90002&workflow=gossip', letter()).refused(400, words='transfer-of-care')
    nobody = letter()
    nobody['entry'][1]['resource']['identifier'][0]['value'] = '9434765870'
    gp.post('$process-message?to=Y90002', nobody).refused(422, words='no record here')
    without = letter()
    del without['entry'][1]
    gp.post('$process-message?to=Y90002', without).refused(400, words='no Patient')
    gp.post('$process-message?to=Y90002', letter(), Authorization=None).is_(401)
    reader = 'Bearer ' + kith.token_of(gp.dir, '--scope', 'system/*.rs')
    gp.post('$process-message?to=Y90002', letter(), Authorization=reader).refused(403, words='may not send')


def over_crashes(gp, hospital):
    """Ten letters while both are killed in turn: each is there once."""
    hospital.stop(signal.SIGKILL)
    tasks = [sent(gp, letter(), '?to=Y90002') for _ in range(5)]
    eq([state(gp, t) for t in tasks], ['requested'] * 5, 'they wait')
    gp.stop(signal.SIGKILL)
    gp.start()
    hospital.start()
    tasks += [sent(gp, letter(), '?to=Y90002&workflow=transfer-of-care') for _ in range(5)]
    hospital.stop(signal.SIGKILL)
    hospital.start()
    until('all have come', lambda: all(state(gp, t) == 'received' for t in tasks))
    until('and are shown', lambda: len(box(hospital, 'inbox')) == 11)
    eq(sorted(t['id'] for t in box(hospital, 'inbox', 'received')), sorted(tasks), 'each once')
    eq(len(box(hospital, 'inbox&code=transfer-of-care')), 5, 'by workflow')
    return tasks


def test_mail(_):
    with kith.scratch() as folder:
        with locality.of(folder, locality.GP, locality.HOSPITAL) as (gp, hospital):
            here = gp.create(patient())['id']
            first = a_referral(gp, hospital, here)
            cannot(gp)
            there = hospital.create(patient())['id']
            tasks = over_crashes(gp, hospital)
            eq({t['for']['reference'] for t in box(hospital, 'inbox', 'received')}, {'Patient/' + there},
               'now the person is known there')
            log = hospital.get('AuditEvent?patient=Patient/' + there)
            ok(log.status == 200 and log.json['entry'], 'and their log tells of it', log.body[:300])
            hospital.stop()
            hospital.start()
            eq(state(hospital, first), 'completed', 'after a restart')
            eq(len(tasks), 10, 'all of them')


kith.main(globals())
