"""PATCH with FHIRPath Patch (R4 fhirpatch.html) and XML Patch (RFC 5261), alone, conditional, in bundles."""

import base64
import json

import kith
from kith import FHIR_JSON, FHIR_XML, bundle, entry, eq, in_threads, ok, patient, within

XML_PATCH = 'application/xml-patch+xml'
SYSTEM = 'http://example.org/ids'


def operation(kind, path, **parts):
    """value_valueString='x' and the like: the part's name, and the member that it has."""
    part = [{'name': 'type', 'valueCode': kind}, {'name': 'path', 'valueString': path}]
    for key, value in parts.items():
        name, _, member = key.partition('_')
        part.append({'name': name, member or 'valueString': value})
    return {'name': 'operation', 'part': part}


def parameters(*operations):
    return {'resourceType': 'Parameters', 'parameter': list(operations)}


def patch(node, path, *operations, **headers):
    headers.setdefault('Content_Type', FHIR_JSON)
    return node.request('PATCH', path, parameters(*operations), **headers)


def xml_patch(node, path, operations, **headers):
    return node.request('PATCH', path, '<diff>%s</diff>' % operations, Content_Type=XML_PATCH, **headers)


def binary(text, content_type=XML_PATCH):
    return {'resourceType': 'Binary', 'contentType': content_type, 'data': base64.b64encode(text.encode()).decode()}


def version(node, path):
    return node.get(path).json['meta']['versionId']


def test_path(node):
    node.create(patient('Old', id='p', active=True, birthDate='1950-01-02'))
    r = patch(node, 'Patient/p',
              operation('replace', 'Patient.name[0].family', value='New'),
              operation('delete', 'Patient.birthDate'),
              operation('add', 'Patient', name='gender', value_valueCode='female'),
              operation('insert', 'Patient.name[0].given', index_valueInteger=1, value='Anna'),
              operation('add', 'Patient', name='contact', value_part=[
                  {'name': 'name', 'valueHumanName': {'text': 'A friend'}}]))
    r.is_(200)
    eq(kith.without_meta(r.json), {
        'resourceType': 'Patient', 'id': 'p', 'active': True, 'gender': 'female',
        'name': [{'family': 'New', 'given': ['Peter', 'Anna']}], 'contact': [{'name': {'text': 'A friend'}}]},
       'what comes of it')
    eq(r.etag, 'W/"2"', 'a new version')
    eq(node.get('Patient/p').json, r.json, 'stored')
    eq(node.get('Patient?family=new&given=anna').ids, ['p'], 'found by what is new')
    r = patch(node, 'Patient/p', operation('move', 'Patient.name[0].given', source_valueInteger=1, destination_valueInteger=0))
    eq(r.json['name'][0]['given'], ['Anna', 'Peter'], 'moved')
    r = patch(node, 'Patient/p', operation('delete', 'Patient.photo'), operation('replace', 'Patient.active', value_valueBoolean=True))
    eq((r.status, r.etag), (200, 'W/"3"'), 'nothing changes: no new version')
    r = node.request('PATCH', 'Patient/p',
                     '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>'
                     '<part><name value="type"/><valueCode value="replace"/></part>'
                     '<part><name value="path"/><valueString value="Patient.active"/></part>'
                     '<part><name value="value"/><valueBoolean value="false"/></part></parameter></Parameters>',
                     Content_Type=FHIR_XML)
    r.is_(200)
    eq(r.json['active'], False, 'in XML too')


def test_path_refused(node):
    node.create(patient(id='no', active=True))
    table = [
        ([operation('delete', 'Patient.active'), operation('replace', 'Patient.gender', value_valueCode='male')],
         422, 'business-rule', 'operation 1', 'Parameters.parameter[1]'),
        ([operation('delete', 'Patient.nonsense')], 400, 'invalid', 'nonsense', 'Parameters.parameter[0]'),
        ([operation('delete', 'Patient')], 422, None, 'itself', None),
        ([operation('replace', 'Patient.id', value='other')], 422, 'business-rule', 'id', 'Patient.id'),
        ([operation('add', 'Patient', name='gender', value_valueCode='M')], 400, 'code-invalid', None, 'Patient.gender'),
        ([operation('explode', 'Patient')], 400, 'invalid', 'add, insert', None),
        ([{'name': 'other'}], 400, 'invalid', 'operation', None),
    ]
    for operations, status, code, words, place in table:
        patch(node, 'Patient/no', *operations).refused(status, code, words, place)
    node.request('PATCH', 'Patient/no', patient(), Content_Type=FHIR_JSON).refused(400, 'invalid', 'Parameters')
    node.request('PATCH', 'Patient/no', '', Content_Type=FHIR_JSON).refused(400, 'required')
    patch(node, 'Patient/no', operation('delete', 'Patient.active'), If_Match='W/"7"').refused(412, 'conflict')
    patch(node, 'Patient/nobody', operation('delete', 'Patient.active')).refused(404, 'not-found')
    eq(version(node, 'Patient/no'), '1', 'nothing was stored')


def test_xml(node):
    node.create(patient('Old', id='x', active=True, birthDate='1950-01-02'))
    r = xml_patch(node, 'Patient/x',
                  '<replace sel="Patient/name/family/@value">New</replace><remove sel="Patient/birthDate"/>'
                  '<add sel="Patient"><gender value="female"/></add>'
                  '<add sel="Patient/name/given[1]" pos="after"><given value="Anna"/></add>')
    r.is_(200)
    eq(kith.without_meta(r.json), {
        'resourceType': 'Patient', 'id': 'x', 'active': True, 'gender': 'female',
        'name': [{'family': 'New', 'given': ['Peter', 'Anna']}]}, 'what comes of it')
    r = xml_patch(node, 'Patient/x', '<remove sel="Patient/gender"/>', Accept=FHIR_XML)
    ok(r.is_(200) and r.xml.find(kith.XML + 'gender') is None, 'the answer in XML')
    xml_patch(node, 'Patient/x', '<remove sel="Patient/active"/>', If_Match='W/"1"').refused(412)
    xml_patch(node, 'Patient/x', '<remove sel="Patient/photo"/>').refused(422, 'business-rule', 'operation 0')
    xml_patch(node, 'Patient/x', '<remove sel="document(1)"/>').refused(400, 'invalid', 'function')
    xml_patch(node, 'Patient/x', '<replace sel="Patient/id/@value">y</replace>').refused(422, 'business-rule', 'id')
    xml_patch(node, 'Patient/x', '<add sel="Patient"><gender value="M"/></add>').refused(400, 'code-invalid')
    node.request('PATCH', 'Patient/x', '<!DOCTYPE diff><diff/>', Content_Type=XML_PATCH).refused(400, 'structure', 'DOCTYPE')
    node.request('PATCH', 'Patient/x', '', Content_Type=XML_PATCH).refused(400, 'required')
    eq(version(node, 'Patient/x'), '3', 'two changes')


def test_conditional(node):
    for i in ('one', 'two', 'two'):
        node.create(patient(identifier=[{'system': SYSTEM, 'value': i}]))
    r = patch(node, 'Patient?identifier=%s|one' % SYSTEM, operation('add', 'Patient', name='active', value_valueBoolean=True))
    eq((r.status, r.json['active']), (200, True), 'the one that matches')
    r = xml_patch(node, 'Patient?identifier=%s|one' % SYSTEM, '<replace sel="Patient/active/@value">false</replace>')
    eq((r.status, r.json['active']), (200, False), 'by XML Patch')
    patch(node, 'Patient?identifier=%s|none' % SYSTEM, operation('delete', 'Patient.active')).refused(404)
    patch(node, 'Patient?identifier=%s|two' % SYSTEM, operation('delete', 'Patient.active')).refused(412)


def test_bundles(node):
    node.create(patient(id='b', identifier=[{'system': SYSTEM, 'value': 'b'}]))
    r = node.post('', bundle(
        'batch',
        entry('PATCH', 'Patient/b', parameters(operation('add', 'Patient', name='active', value_valueBoolean=True))),
        entry('PATCH', 'Patient/b', binary('<diff><add sel="Patient"><gender value="male"/></add></diff>')),
        entry('PATCH', 'Patient/b', binary(json.dumps([{'op': 'add', 'path': '/birthDate', 'value': '2000'}]),
                                           'application/json-patch+json')),
        entry('PATCH', 'Patient/b', parameters(operation('replace', 'Patient.photo', value='x'))),
        entry('PATCH', 'Patient/b', binary('<diff', XML_PATCH)),
        entry('PATCH', 'Patient/b', binary('{}', FHIR_JSON)),
        entry('PATCH', 'Patient/b', parameters(operation('delete', 'Patient.active')), ifMatch='W/"1"'),
        entry('PATCH', 'Patient?identifier=%s|b' % SYSTEM, parameters(operation('delete', 'Patient.active')))))
    r.is_(200)
    eq([e['response']['status'] for e in r.json['entry']],
       ['200', '200', '200', '422', '400', '415', '412', '200'], 'statuses')
    now = node.get('Patient/b').json
    eq((now.get('active'), now['gender'], now['birthDate']), (None, 'male', '2000'), 'all three forms')
    url = 'urn:uuid:0b6ad1a5-0000-4000-8000-00000000f0f0'
    r = node.post('', bundle(
        'transaction',
        entry('PATCH', 'Patient/b', parameters(operation('add', 'Patient', name='managingOrganization',
                                                         value_valueReference={'reference': url}))),
        entry('POST', 'Organization', {'resourceType': 'Organization', 'name': 'Made here'}, url)))
    r.is_(200)
    within(node.get('Patient/b').json['managingOrganization']['reference'], '^Organization/', 'what the transaction creates')
    r = node.post('', bundle(
        'transaction', entry('POST', 'Organization', {'resourceType': 'Organization', 'name': 'Not made'}),
        entry('PATCH', 'Patient/b', parameters(operation('replace', 'Patient.photo', value='x')))))
    r.refused(422)
    eq(node.total('Organization?name=Not'), 0, 'all or nothing')


def test_at_once(node):
    node.create(patient(id='busy'))

    def work(i):
        if i % 2:
            return xml_patch(node, 'Patient/busy', '<add sel="Patient/name"><given value="g%d"/></add>' % i).status
        return patch(node, 'Patient/busy', operation('add', 'Patient.name', name='given', value='g%d' % i)).status
    eq(in_threads(12, work), [200] * 12, 'all of them')
    given = node.get('Patient/busy').json['name'][0]['given']
    eq(sorted(given[1:]), sorted('g%d' % i for i in range(12)), 'none is lost')


kith.main(globals())
