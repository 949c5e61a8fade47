#!/usr/bin/env python3
"""What is hidden answers as what was never there: the same request about two ids, one of them hidden (docs/threats.md).

Status, headers and body have to be equal but for the id itself, for each interaction and each kind of asker.
"""
import json
import re

import kith
from kith import bundle, entry, ok
from test_access import Person, observation
from test_threats import CANARY, LABEL, NHS, as_, consent, ref

PATCH = {'Content_Type': 'application/json-patch+json'}
VARIES = ('date', 'content-length', 'last-modified')
URN = 'urn:uuid:6f2b7d3c-3e7f-4a0e-9d55-0e4f5d1b2c3d'
people = {}


def test_people(node):
    for id in ('gp', 'two', 'stranger', 'desk', 'pharm', 'admin'):
        node.create({'resourceType': 'Practitioner', 'id': id})
    for id, number, more in (('p', '9990000018', {'generalPractitioner': [ref('Practitioner/gp')]}), ('q-hidden', NHS, {}),
                             ('kid', '9990000034', {'birthDate': '2018-01-01'})):
        node.create({'resourceType': 'Patient', 'id': id, 'birthDate': '1980-02-03', 'name': [{'family': CANARY}],
                     'identifier': [{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': number}], **more})
        node.create(observation(id + '-obs', id, '8480-6', valueString=CANARY))
        node.create({'resourceType': 'Encounter', 'id': id + '-enc', 'status': 'finished', 'subject': ref('Patient/' + id),
                     'period': {'start': '2020-01-01', 'end': '2020-01-02'},
                     'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'AMB'}})
        node.create({'resourceType': 'Binary', 'id': id + '-bin', 'contentType': 'text/plain', 'securityContext': ref('Patient/' + id), 'data': 'AAAA'})
        node.create(consent('sharing', id, 'Practitioner/two', permit=False, id=id + '-consent'))
    node.create(observation('p-sealed', 'p', '8462-4', valueString=CANARY))
    node.create(observation('p-third', 'p', '8462-4', valueString=CANARY, meta={'security': [{'system': LABEL, 'code': 'third-party'}]}))
    people['p'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p', '--nhs-number', '9990000018')
    people['proxy'] = Person(node, 'patient-q', '--kind', 'patient', '--person', 'Patient/q-hidden', '--nhs-number', NHS)
    for name, role in (('gp', 'R8000'), ('two', 'R8000'), ('stranger', 'R8000'), ('desk', 'R8009'), ('pharm', 'R1290'), ('admin', 'K1004')):
        people[name] = Person(node, 'staff-' + name, '--person', 'Practitioner/' + name, '--role', role)
    people['p'].post('Observation/p-sealed/$seal', level='sealed-and-locked', team='Practitioner/two').is_(200)
    node.post('Patient/kid/$proxies', {'resourceType': 'Parameters', 'parameter': [
        {'name': 'person', 'valueReference': ref('Patient/q-hidden')}, {'name': 'function', 'valueCode': 'book'},
        {'name': 'basis', 'valueCode': 'parent'}]}).is_(200)


# --- the ways -------------------------------------------------------------------------------------


def of_type(type, patient, **more):
    """Something of the type that can be written to this patient's record."""
    body = {'Encounter': {'status': 'finished', 'class': {'code': 'AMB'}, 'subject': ref('Patient/' + patient)},
            'Binary': {'contentType': 'text/plain', 'data': 'AAAA'}, 'Patient': {'active': True},
            'Consent': {k: v for k, v in consent('sharing', patient, 'Practitioner/two').items() if k != 'resourceType'}}.get(
                type, {'status': 'final', 'code': {'text': 'x'}, 'subject': ref('Patient/' + patient)})
    return {'resourceType': type, **body, **more}


def reads(type, id):
    name = '%s/%s' % (type, id)
    for query in ('', '?_format=xml', '?_summary=true', '?_elements=id', '?_summary=text', '?_pretty=true'):
        yield 'GET', name + query, None, {}
    yield 'HEAD', name, None, {}
    for headers in ({'If_None_Match': 'W/"1"'}, {'If_Modified_Since': 'Wed, 01 Jan 2020 00:00:00 GMT'}, {'If_Modified_Since': 'Wed, 01 Jan 2099 00:00:00 GMT'}):
        yield 'GET', name, None, headers
    for more in ('_history', '_history/1', '_history/2', '$meta', '$everything', '$document', '$summary', '$sharing', '$withheld', '$proxies', 'Observation', '*'):
        yield 'GET', '%s/%s' % (name, more), None, {}
    for more in ('', '&_summary=count', '&_total=accurate', '&_total=estimate', '&_include=*', '&_revinclude=*', '&_sort=-_lastUpdated', '&_count=0'):
        yield 'GET', '%s?_id=%s%s' % (type, id, more), None, {}
    yield 'GET', '?_type=%s&_id=%s' % (type, id), None, {}
    yield 'GET', '%s?_filter=_id eq %s' % (type, id), None, {}
    for query in ('Observation?derived-from=', 'Observation?subject=', 'Observation?encounter=', 'Provenance?target=', 'AuditEvent?entity=',
                  'AuditEvent?patient=', 'List?item='):
        yield 'GET', query + name, None, {}
        yield 'GET', query + name + '&_summary=count', None, {}
    for query in ('Patient?_has:Observation:subject:_id=%s', 'Observation?_has:Observation:derived-from:_id=%s', 'Observation?subject:Patient._id=%s'):
        yield 'GET', query % id, None, {}
    for more in ('patient', 'statement'):
        yield 'AUDIT', '/audit/%s/%s' % (more, id), None, {}


def writes(type, id, home):
    name, search = '%s/%s' % (type, id), '%s?_id=%s' % (type, id)
    conditions = ({}, {'If_Match': 'W/"1"'}, {'If_Match': 'W/"9"'}, {'If_Match': '*'}, {'If_None_Match': '*'})
    for headers in conditions:
        yield 'PUT', name, of_type(type, home, id=id), headers
        yield 'PUT', name, of_type(type, 'nobody', id=id), headers
        yield 'DELETE', name, None, headers
        for change in ({'op': 'test', 'path': '/status', 'value': 'final'}, {'op': 'test', 'path': '/status', 'value': 'none'},
                       {'op': 'remove', 'path': '/nothing'}, {'op': 'replace', 'path': '/status', 'value': 'amended'}):
            yield 'PATCH', name, [change], dict(PATCH, **headers)
    yield 'PUT', search, of_type(type, home), {}
    yield 'PUT', search, of_type(type, home, id=id), {}
    yield 'DELETE', search, None, {}
    yield 'PATCH', search, [{'op': 'test', 'path': '/status', 'value': 'final'}], PATCH
    yield 'POST', type, of_type(type, home), {'If_None_Exist': '_id=' + id, 'Prefer': 'return=minimal'}
    for more in ('$meta-add', '$meta-delete'):
        yield 'POST', '%s/%s' % (name, more), {'resourceType': 'Parameters', 'parameter': [
            {'name': 'meta', 'valueMeta': {'tag': [{'system': 'http://x.example', 'code': 't'}]}}]}, {}
    for more in ('$seal', '$unseal', '$release', '$review', '$sharing', '$sharing-end', '$grant-access', '$proxies', '$query-access', '$validate'):
        yield 'POST', '%s/%s' % (name, more), {'resourceType': 'Parameters', 'parameter': [{'name': 'id', 'valueId': 'x'}]}, {}
    for mode in ('create', 'update', 'delete'):
        yield 'POST', '%s/$validate?mode=%s' % (name, mode), of_type(type, home, id=id), {}


def references(type, id, home):
    """Checks of references would tell what there is."""
    name = '%s/%s' % (type, id)
    for target in (name, name + '/_history/1', '%s?_id=%s' % (type, id)):
        for more in ({'derivedFrom': [ref(target)]}, {'hasMember': [ref(target)]}, {'focus': [ref(target)]}):
            yield 'POST', 'Observation', of_type('Observation', home, **more), {'Prefer': 'return=minimal'}
            yield 'POST', 'Observation/$validate', of_type('Observation', home, **more), {}
        yield 'POST', 'Task', {'resourceType': 'Task', 'status': 'requested', 'intent': 'order', 'for': ref('Patient/' + home),
                               'focus': ref(target)}, {'Prefer': 'return=minimal'}
        yield 'POST', 'Provenance', {'resourceType': 'Provenance', 'target': [ref('Patient/' + home), ref(target)], 'recorded': '2026-01-01T00:00:00Z',
                                     'agent': [{'who': ref('Practitioner/gp')}]}, {'Prefer': 'return=minimal'}


def bundles(type, id, home):
    name, search = '%s/%s' % (type, id), '%s?_id=%s' % (type, id)
    linked = of_type('Observation', home, derivedFrom=[ref(search)])
    entries = [entry('GET', name), entry('GET', search), entry('GET', name + '/_history/1'), entry('DELETE', name), entry('DELETE', search),
               entry('PUT', name, of_type(type, home, id=id)), entry('PUT', search, of_type(type, home)), entry('POST', 'Observation', linked, URN)]
    conditional = entry('POST', type, of_type(type, home))
    conditional['request']['ifNoneExist'] = '_id=' + id
    matching = entry('PUT', name, of_type(type, home, id=id))
    matching['request']['ifMatch'] = 'W/"1"'
    for kind in ('batch', 'transaction'):
        for one in entries + [conditional, matching]:
            yield 'POST', '', bundle(kind, one), {}


def told(person, method, path, body, headers, id):
    """(status, headers, body) as far as it may not differ."""
    if method == 'AUDIT':
        status, sent, got = person.ask('GET', path)
    else:
        reply = as_(person, method, path, body, **headers)
        status, sent, got = reply.status, reply.headers, reply.body
    text = got.decode()
    ok(status < 500 and CANARY not in text, '%s %s: nothing of it' % (method, path), (status, text[:300]))

    def same(value):
        value = re.sub(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '(uuid)', value.replace(id, '(id)'))
        return re.sub(r'\d{4}-\d\d-\d\dT[\d:.]+Z', '(time)', value)
    return status, {k.lower(): same(v) for k, v in sent.items() if k.lower() not in VARIES}, same(text)


def compare(name, hidden, home):
    """As this person, about "Type/id" that is hidden, and about another id of the same length that nobody has."""
    type, id = hidden.split('/')
    absent = id[:-1] + 'x'
    statuses = set()
    for ways in (lambda i: reads(type, i), lambda i: writes(type, i, home), lambda i: references(type, i, home), lambda i: bundles(type, i, home)):
        for (method, path, body, headers), other in zip(ways(id), ways(absent)):
            there = told(people[name], method, path, body, headers, id)
            not_there = told(people[name], *other, absent)
            statuses.add(there[0])
            ok(there == not_there, '%s: %s %s %s %s' % (name, method, path, json.dumps(body)[:200], headers),
               '\n  hidden %s\n  absent %s' % (str(there)[:600], str(not_there)[:600]))
    ok(len(statuses) >= 4, '%s: the ways are different ones' % name, statuses)


def test_of_other_patients(node):
    for name, hidden, home in (('gp', 'Observation/q-hidden-obs', 'p'), ('gp', 'Encounter/q-hidden-enc', 'p'), ('gp', 'Binary/q-hidden-bin', 'p'),
                               ('gp', 'Consent/q-hidden-consent', 'p'), ('stranger', 'Observation/p-obs', 'p'),
                               ('p', 'Patient/q-hidden', 'p'), ('p', 'Observation/q-hidden-obs', 'p'), ('p', 'Encounter/q-hidden-enc', 'p')):
        compare(name, hidden, home)


def test_within_a_record(node):
    """Sealed and locked from the clinician; about somebody else: from the patient."""
    for name, hidden, home in (('gp', 'Observation/p-sealed', 'p'), ('p', 'Observation/p-third', 'p')):
        compare(name, hidden, home)


def test_by_role(node):
    """Who sees a record in part: a proxy who may book, a receptionist, a pharmacist, an administrator."""
    for name, hidden, home in (('proxy', 'Observation/kid-obs', 'kid'), ('desk', 'Observation/p-obs', 'p'), ('pharm', 'Observation/p-obs', 'p'),
                               ('admin', 'Observation/p-obs', 'p')):
        compare(name, hidden, home)


if __name__ == '__main__':
    kith.main(globals())
