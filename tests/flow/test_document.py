"""Composition/[id]/$document: a document Bundle of all that a Composition refers to (R4 documents.html,
composition-operation-document.html)."""

import json
import os
import tempfile

import kith
from kith import eq, ok

LOINC = 'http://loinc.org'


def composition(id='c', **more):
    return dict({
        'resourceType': 'Composition', 'id': id, 'status': 'final',
        'type': {'coding': [{'system': LOINC, 'code': '11488-4', 'display': 'Consult note'}]},
        'subject': {'reference': 'Patient/p'}, 'date': '2026-11-22T09:00:00Z', 'title': 'Consultation',
        'author': [{'reference': 'PractitionerRole/r'}],
        'attester': [{'mode': 'legal', 'party': {'reference': 'Practitioner/d'}}],
        'custodian': {'reference': 'Organization/o'},
        'section': [{'title': 'Findings', 'code': {'coding': [{'system': LOINC, 'code': '29545-1'}]},
                     'text': {'status': 'generated', 'div': '<div xmlns="http://www.w3.org/1999/xhtml">Well</div>'},
                     'entry': [{'reference': 'Observation/w'}],
                     'section': [{'title': 'More', 'entry': [{'reference': 'Observation/w'},
                                                             {'reference': 'DiagnosticReport/g'}]}]}]}, **more)


STORED = [
    kith.patient(id='p', generalPractitioner=[{'reference': 'Practitioner/gp'}]),
    {'resourceType': 'Practitioner', 'id': 'd', 'name': [{'family': 'Doctor'}]},
    {'resourceType': 'Practitioner', 'id': 'gp', 'name': [{'family': 'General'}]},
    {'resourceType': 'Organization', 'id': 'o', 'name': 'Surgery', 'partOf': {'reference': 'Organization/whole'}},
    {'resourceType': 'Organization', 'id': 'whole', 'name': 'Trust'},
    {'resourceType': 'PractitionerRole', 'id': 'r', 'practitioner': {'reference': 'Practitioner/d'},
     'organization': {'reference': 'Organization/o'}},
    kith.observation('Patient/p', id='w'),
    kith.observation('Patient/p', id='result'),
    kith.observation('Patient/p', id='other'),
    {'resourceType': 'DiagnosticReport', 'id': 'g', 'status': 'final', 'code': {'text': 'Panel'},
     'subject': {'reference': 'Patient/p'}, 'result': [{'reference': 'Observation/result'}, {'reference': 'Observation/gone'}]},
]


def urls(bundle):
    return [e['fullUrl'] for e in bundle['entry']]


def validated(bundle, what):
    """kith validate finds no error in it."""
    with tempfile.TemporaryDirectory() as dir:
        path = os.path.join(dir, 'document.json')
        with open(path, 'w') as f:
            json.dump(bundle, f)
        done = kith.run('validate', path, status=None)
        eq(done.returncode, 0, what + ': kith validate: ' + done.stdout[-1500:] + done.stderr[-500:])


def test_document(node):
    for r in STORED + [composition()]:
        node.create(r)
    reply = node.get('Composition/c/$document')
    reply.is_(200)
    document = reply.json
    eq(document['type'], 'document', 'type')
    ok(document['identifier']['value'].startswith('urn:uuid:'), 'identifier', document['identifier'])
    ok(document['timestamp'], 'timestamp')
    eq(document['entry'][0]['resource']['resourceType'], 'Composition', 'the Composition is first')
    base = node.fhir
    eq(sorted(urls(document)), sorted(base + '/' + x for x in (
        'Composition/c', 'Patient/p', 'Practitioner/d', 'Practitioner/gp', 'Organization/o', 'Organization/whole',
        'PractitionerRole/r', 'Observation/w', 'Observation/result', 'DiagnosticReport/g')), 'each once')
    validated(document, 'a document')
    again = node.get('Composition/c/$document').json
    eq(urls(again), urls(document), 'the order is always the same')
    ok(again['identifier'] != document['identifier'], 'each document has an identifier of its own')
    eq(urls(node.get('Composition/$document?id=c').json), urls(document), 'by id')
    eq(urls(node.get('Composition/$document?id=Composition/c').json), urls(document), 'by reference')
    sent = {'resourceType': 'Parameters', 'parameter': [{'name': 'id', 'valueUri': 'Composition/c'}]}
    eq(urls(node.post('Composition/$document', sent).json), urls(document), 'by Parameters')
    eq(node.total('Bundle'), 0, 'nothing is stored')


def test_persist(node):
    sent = {'resourceType': 'Parameters', 'parameter': [{'name': 'persist', 'valueBoolean': True}]}
    reply = node.post('Composition/c/$document', sent)
    reply.is_(201)
    where = reply.headers.get('Location')
    kith.within(where, r'/Bundle/[^/]+/_history/1$', 'Location')
    stored = node.get(where)
    stored.is_(200)
    eq(stored.json['entry'][0]['resource']['id'], 'c', 'what is stored')
    eq(stored.json['entry'], reply.json['entry'], 'is the answer')
    eq(node.total('Bundle'), 1, 'one is stored')
    node.get('Composition/c/$document?persist=true').refused(405, words='POST')
    eq(urls(node.get('Composition/c/$document?persist=false').json)[0], node.fhir + '/Composition/c', 'persist=false')


def test_missing(node):
    node.create(composition('lost', author=[{'reference': 'Practitioner/nobody'}], encounter={'reference': 'Encounter/none'}))
    node.get('Composition/lost/$document').refused(422, words=r'2 that are not stored.*Practitioner/nobody')
    node.create(composition('far', author=[{'reference': 'http://elsewhere.example.org/fhir/Practitioner/x'}]))
    node.get('Composition/far/$document').refused(422, words='elsewhere.example.org')
    node.create(composition('named', author=[{'identifier': {'system': 'urn:x', 'value': '1'}, 'display': 'Dr X'}]))
    node.get('Composition/named/$document').is_(200)
    node.create(kith.observation('Patient/p', id='brief'))
    node.delete('Observation/brief')
    node.create(composition('deleted', section=[{'title': 'x', 'entry': [{'reference': 'Observation/brief'}]}]))
    node.get('Composition/deleted/$document').refused(422, words='1 that is not stored.*Observation/brief')


def test_other_documents(node):
    """What a document replaces is not part of it."""
    node.create(composition('new', relatesTo=[{'code': 'replaces', 'targetReference': {'reference': 'Composition/c'}}]))
    document = node.get('Composition/new/$document').json
    eq([e['resource']['id'] for e in document['entry'] if e['resource']['resourceType'] == 'Composition'], ['new'],
       'one Composition')
    validated(document, 'a document that replaces another')


def test_versions(node):
    """A reference to a version brings that version."""
    first = node.create(kith.observation('Patient/p', id='changed', status='preliminary'))
    node.create(kith.observation('Patient/p', id='changed', status='final'))
    node.create(composition('past', section=[{'title': 'x', 'entry': [{'reference': 'Observation/changed/_history/1'}]}]))
    document = node.get('Composition/past/$document').json
    eq([e['resource']['status'] for e in document['entry'] if e['resource']['id'] == 'changed'], [first['status']], 'version 1')
    validated(document, 'a document with a version')


def test_errors(node):
    node.get('Composition/none/$document').refused(404, 'not-found', 'no Composition/none')
    node.get('Composition/$document').refused(400, 'required', 'say which Composition')
    node.get('Composition/c/$document?id=c').refused(400, words='address names the Composition already')
    node.get('Composition/$document?id=Patient/p').refused(400, 'value')
    node.get('Composition/c/$document?graph=http://x').refused(400, 'not-supported', 'graph')
    node.get('Composition/c/$document?persist=yes').refused(400, 'value', 'true or false')
    node.get('Composition/c/$document?depth=3').refused(400, words='no parameter .depth.')
    node.get('Composition/$document?id=c&id=new').refused(400, 'duplicate', 'stands twice')
    node.get('Patient/p/$document').refused(400, words='Composition')
    node.delete('Composition/named')
    node.get('Composition/named/$document').refused(410, 'deleted')
    operations = [o['name'] for r in node.get('metadata').json['rest'][0]['resource'] if r['type'] == 'Composition'
                  for o in r['operation']]
    ok('document' in operations, 'the CapabilityStatement names it', operations)


def test_in_batch(node):
    reply = node.post('', kith.bundle('batch', kith.entry('GET', 'Composition/c/$document')))
    reply.is_(200)
    eq(reply.json['entry'][0]['resource']['entry'][0]['resource']['id'], 'c', 'in a batch')


kith.main(globals())
