"""PATCH with JSON Patch (R4 http.html#patch, RFC 6902), alone, conditional and in bundles."""

import base64
import json

import kith
from kith import bundle, entry, eq, in_threads, observation, ok, patient, within

TYPE = 'application/json-patch+json'
SYSTEM = 'http://example.org/ids'


def op(name, path, *value, **more):
    o = dict({'op': name, 'path': path}, **more)
    if value:
        o['value'] = value[0]
    return o


def patch(node, path, *ops, **headers):
    headers.setdefault('Content_Type', TYPE)
    return node.request('PATCH', path, list(ops), **headers)


def binary(*ops, **more):
    return dict({'resourceType': 'Binary', 'contentType': TYPE,
                 'data': base64.b64encode(json.dumps(ops).encode()).decode()}, **more)


def version(node, path):
    return node.get(path).json['meta']['versionId']


def test_patch(node):
    node.create(patient('Old', id='p', active=True, birthDate='1950-01-02'))
    r = patch(node, 'Patient/p', op('replace', '/name/0/family', 'New'), op('remove', '/birthDate'),
              op('add', '/gender', 'female'), op('add', '/name/0/given/-', 'Anna'))
    r.is_(200)
    eq(kith.without_meta(r.json), {
        'resourceType': 'Patient', 'id': 'p', 'active': True, 'gender': 'female',
        'name': [{'family': 'New', 'given': ['Peter', 'Anna']}]}, 'what comes of it')
    eq((r.etag, r.json['meta']['versionId']), ('W/"2"', '2'), 'a new version')
    within(r.headers.get('Location'), r'/Patient/p/_history/2$', 'Location')
    ok(r.headers.get('Last-Modified'), 'Last-Modified')
    eq(node.get('Patient/p').json, r.json, 'stored')
    eq(node.get('Patient/p/_history/1').json['name'][0]['family'], 'Old', 'the version before')
    eq(node.get('Patient?family=new&given=anna').ids, ['p'], 'found by what is new')
    eq(node.total('Patient?family=old'), 0, 'and not by what was')
    eq(node.total('Patient?birthdate=1950-01-02'), 0, 'nor by what was removed')
    latest = node.get('Patient/p/_history').json['entry'][0]
    eq((latest['request']['method'], latest['request']['url']), ('PUT', 'Patient/p'), 'in the history')


def test_decimals_and_order_stay(node):
    """What the patch does not touch keeps its digits and its place."""
    body = ('{"resourceType":"Observation","id":"digits","status":"final","code":{"text":"x"},'
            '"valueQuantity":{"value":1.500,"unit":"kg"}}')
    node.put('Observation/digits', body).is_(201)
    r = patch(node, 'Observation/digits', op('replace', '/status', 'amended'))
    within(r.body.decode(), r'"status":"amended","code":\{"text":"x"\},"valueQuantity":\{"value":1.500,', 'as it was')


def test_prefer(node):
    node.create(patient(id='prefer'))
    r = patch(node, 'Patient/prefer', op('add', '/active', True), Prefer='return=minimal')
    r.is_(200)
    eq((r.body, r.etag), (b'', 'W/"2"'), 'minimal')
    r = patch(node, 'Patient/prefer', op('replace', '/active', False), Prefer='return=OperationOutcome')
    eq(r.json['resourceType'], 'OperationOutcome', 'an outcome')
    r = patch(node, 'Patient/prefer', op('replace', '/active', True), Prefer='return=representation')
    eq(r.json['active'], True, 'representation')


def test_nothing_changes(node):
    """As an update with the same data: 200, and no new version."""
    node.create(patient(id='same', active=True))
    for ops in ([], [op('replace', '/active', True)], [op('test', '/active', True)],
                [op('add', '/gender', 'male'), op('remove', '/gender')],
                [op('replace', '/meta/versionId', '7')], [op('remove', '/meta')]):
        r = patch(node, 'Patient/same', *ops)
        r.is_(200, ops)
        eq(r.etag, 'W/"1"', 'no new version after %s' % ops)
    eq(node.get('Patient/same/_history').json['total'], 1, 'one version')
    r = patch(node, 'Patient/same', op('add', '/meta/tag', [{'code': 'x'}]), 
              op('replace', '/meta/lastUpdated', '1999-01-01T00:00:00Z'))
    eq((r.json['meta']['tag'], r.json['meta']['versionId']), ([{'code': 'x'}], '2'), 'the rest of meta may change')
    ok(r.json['meta']['lastUpdated'] > '2020', 'the instant is the node\'s')


def test_if_match(node):
    node.create(patient(id='match'))
    patch(node, 'Patient/match', op('add', '/active', True), If_Match='W/"1"').is_(200)
    patch(node, 'Patient/match', op('add', '/active', False), If_Match='W/"1"').refused(412, 'conflict', 'version')
    patch(node, 'Patient/match', op('add', '/active', False), If_Match='*').is_(200)
    patch(node, 'Patient/match', op('add', '/active', False), If_Match='three').refused(400, None, 'If-Match')
    patch(node, 'Patient/match', op('add', '/active', True), If_None_Match='*').refused(400, 'not-supported')
    patch(node, 'Patient/match', op('add', '/active', True), If_None_Exist='a=b').refused(400, 'not-supported')
    eq(version(node, 'Patient/match'), '3', 'only those that held')


def test_not_there(node):
    patch(node, 'Patient/nobody', op('add', '/active', True)).refused(404, 'not-found')
    node.create(patient(id='gone'))
    node.delete('Patient/gone')
    patch(node, 'Patient/gone', op('add', '/active', True)).refused(410, 'deleted')
    node.get('Patient/gone').refused(410)


def test_refused(node):
    """The whole patch or nothing; errors name the operation or the place."""
    node.create(patient(id='no', active=True))
    table = [
        ([op('add', '/active', False), op('test', '/name/0/family', 'Other')], 422, None, 'test'),
        ([op('remove', '/birthDate')], 422, None, 'remove'),
        ([op('replace', '/contact/0/gender', 'male')], 422, None, 'replace'),
        ([op('explode', '/active')], 400, None, 'explode'),
        ([{'path': '/active'}], 400, None, 'op'),
        ([op('replace', '/id', 'other')], 422, 'business-rule', 'id'),
        ([op('remove', '/id')], 422, 'business-rule', 'id'),
        ([op('replace', '/resourceType', 'Group')], 422, 'business-rule', 'resourceType'),
        ([op('replace', '', [])], 422, None, 'object'),
        ([op('replace', '', {'resourceType': 'Patient'})], 422, 'business-rule', 'id'),
        ([op('replace', '/gender', 'x'), op('add', '/gender', 'M')], 422, None, 'replace'),
        ([op('add', '/gender', 'M')], 400, 'code-invalid', 'gender|code'),
        ([op('add', '/nonsense', 1)], 400, None, 'nonsense'),
        ([op('replace', '/name', [])], 400, None, ''),
        ([op('add', '/managingOrganization', {'reference': 'Patient/x'})], 400, None, 'Organization'),
        ([op('add', '/managingOrganization', {'reference': 'Organization?name=x'})], 400, None, 'conditional'),
    ]
    for ops, status, code, words in table:
        patch(node, 'Patient/no', *ops).refused(status, code, words)
    node.request('PATCH', 'Patient/no', {'op': 'add'}, Content_Type=TYPE).refused(400)
    node.request('PATCH', 'Patient/no', '[{', Content_Type=TYPE).refused(400, 'structure')
    node.request('PATCH', 'Patient/no', '', Content_Type=TYPE).refused(400, 'required')
    patch(node, 'Patient/no', op('add', '/gender', 'M')).refused(400, place='Patient.gender')
    patch(node, 'Patient/no?x=y', op('add', '/gender', 'male')).refused(400, 'not-supported')
    eq(version(node, 'Patient/no'), '1', 'nothing was stored')
    for word in ('application/merge-patch+json', 'text/plain', ''):
        r = patch(node, 'Patient/no', op('add', '/gender', 'male'), Content_Type=word)
        r.refused(415, 'not-supported', 'json-patch')
        eq(r.headers.get('Accept-Patch'), '%s, application/fhir+json, application/fhir+xml, application/xml-patch+xml' % TYPE,
           'Accept-Patch')
    for word in ('application/fhir+json', 'application/json', 'application/xml-patch+xml'):
        patch(node, 'Patient/no', op('add', '/gender', 'male'), Content_Type=word).refused(400)
    patch(node, 'Patient/no', op('add', '/gender', 'male'), Content_Type=TYPE + '; charset=utf-8').is_(200)


def test_size(node):
    """Copies of copies come to an end."""
    node.create({'resourceType': 'Basic', 'id': 'big', 'code': {'text': 'x'}, 'extension': [
        {'url': 'http://example.org/x', 'valueString': 'y' * 1000}]})
    ops = [{'op': 'copy', 'from': '/extension', 'path': '/extension/-/extension'}] * 5
    ok(patch(node, 'Basic/big', *ops).status >= 400, 'not valid')
    ops = [op('add', '/extension/-', {'url': 'http://example.org/x', 'valueString': 'y' * 500000})] * 40
    patch(node, 'Basic/big', *ops).refused(413, 'too-long')
    eq(version(node, 'Basic/big'), '1', 'nothing was stored')


def test_conditional(node):
    for i in (1, 2):
        node.create(patient('Twin', id='twin%d' % i, identifier=[{'system': SYSTEM, 'value': 'twin%d' % i}]))
    path = 'Patient?identifier=%s|twin1' % SYSTEM
    r = patch(node, path, op('add', '/active', True))
    r.is_(200)
    eq((r.json['id'], r.etag), ('twin1', 'W/"2"'), 'the one that matches')
    patch(node, path, op('add', '/gender', 'male'), If_Match='W/"1"').refused(412)
    patch(node, path, op('add', '/gender', 'male'), If_Match='W/"2"').is_(200)
    patch(node, 'Patient?identifier=%s|none' % SYSTEM, op('add', '/active', True)).refused(404, 'not-found')
    patch(node, 'Patient?family=twin', op('add', '/active', True)).refused(412, 'multiple-matches')
    patch(node, 'Patient', op('add', '/active', True)).refused(400, None, 'search parameter')
    patch(node, 'Patient?nonsense=1', op('add', '/active', True)).refused(400)


def test_at_once(node):
    """Each of many patches of one resource takes place."""
    node.create(patient(id='busy', name=[{'family': 'Busy', 'given': ['x']}]))

    def work(i):
        return patch(node, 'Patient/busy', op('add', '/name/0/given/-', 'g%d' % i)).status
    statuses = in_threads(16, work)
    eq(statuses, [200] * 16, 'all succeed')
    r = node.get('Patient/busy').json
    eq(sorted(r['name'][0]['given'][1:]), sorted('g%d' % i for i in range(16)), 'none is lost')
    eq(r['meta']['versionId'], '17', 'a version each')
    statuses = in_threads(8, lambda i: patch(node, 'Patient/busy', op('add', '/gender', 'male'), op('add', '/name/0/text', str(i)),
                                             If_Match='W/"17"').status)
    eq(sorted(statuses), [200] + [412] * 7, 'of one version one')


def test_batch(node):
    for i in (1, 2):
        node.create(patient('Batch', id='batch%d' % i, identifier=[{'system': SYSTEM, 'value': 'batch%d' % i}]))
    r = node.post('', bundle(
        'batch',
        entry('PATCH', 'Patient/batch1', binary(op('add', '/active', True))),
        entry('PATCH', 'Patient?identifier=%s|batch2' % SYSTEM, binary(op('add', '/active', False))),
        entry('PATCH', 'Patient/batch1', binary(op('add', '/gender', 'male')), ifMatch='W/"7"'),
        entry('PATCH', 'Patient/nobody', binary(op('add', '/active', True))),
        entry('PATCH', 'Patient/batch1', binary(op('add', '/gender', 'M'))),
        entry('PATCH', 'Patient/batch1', binary(op('test', '/gender', 'M'))),
        entry('PATCH', 'Patient/batch1', binary(contentType='application/xml-patch+xml')),
        entry('PATCH', 'Patient/batch1', patient()),
        entry('PATCH', 'Patient/batch1'),
        entry('PATCH', 'Patient/batch1', binary(data='####')),
        entry('PATCH', 'Patient/batch1', {'resourceType': 'Binary', 'contentType': TYPE}),
        entry('GET', 'Patient/batch1')))
    r.is_(200)
    eq([e['response']['status'] for e in r.json['entry']],
       ['200', '200', '412', '404', '400', '422', '400', '400', '400', '400', '400', '200'], 'statuses')
    within(r.json['entry'][0]['response']['location'], 'Patient/batch1/_history/2$', 'location')
    eq(r.json['entry'][11]['resource'].get('active'), True, 'patched')
    eq(node.get('Patient/batch2').json['active'], False, 'conditionally too')
    r = node.post('', bundle('batch', *[entry('PATCH', 'Patient/batch1', binary(op('add', '/name/0/given/-', str(i))))
                                        for i in range(5)]))
    eq([e['response']['status'] for e in r.json['entry']], ['200'] * 5, 'several of one resource')
    eq(node.get('Patient/batch1').json['name'][0]['given'], ['Peter', '0', '1', '2', '3', '4'], 'each takes place')
    r = node.post('', bundle('batch', entry('PATCH', 'Patient/batch1', binary(op('add', '/active', False)))),
                  Prefer='return=representation')
    eq(r.json['entry'][0]['resource']['active'], False, 'with the resource where it is asked for')


def test_transaction(node):
    node.create(patient('Tx', id='tx', identifier=[{'system': SYSTEM, 'value': 'tx'}]))
    node.create(observation('Patient/tx', id='txo'))
    url = 'urn:uuid:0b6ad1a5-0000-4000-8000-00000000f0f0'
    r = node.post('', bundle(
        'transaction',
        entry('PATCH', 'Patient?identifier=%s|tx' % SYSTEM,
              binary(op('add', '/managingOrganization', {'reference': url}))),
        entry('PATCH', 'Observation/txo', binary(op('replace', '/status', 'amended')), ifMatch='W/"1"'),
        entry('POST', 'Organization', {'resourceType': 'Organization', 'name': 'Made here'}, url),
        entry('GET', 'Patient/tx')))
    r.is_(200)
    made = r.json['entry'][2]['response']['location'].split('/_history')[0].split('/fhir/')[-1]
    eq(node.get('Patient/tx').json['managingOrganization']['reference'], made, 'a reference to what it creates')
    eq(r.json['entry'][3]['resource']['meta']['versionId'], '2', 'reads see the result')
    eq(node.get('Observation/txo').json['status'], 'amended', 'both')
    node.create({'resourceType': 'Practitioner', 'id': 'far'})
    node.create(patient(id='near', generalPractitioner=[{'reference': 'Practitioner/far'}]))
    far = 'http://elsewhere.example.org/fhir/'
    node.post('', bundle('transaction', entry('PATCH', 'Patient/near', binary(op('add', '/active', True)), far + 'Patient/near'),
                         entry('POST', 'Practitioner', {'resourceType': 'Practitioner'}, far + 'Practitioner/far'))).is_(200)
    eq(node.get('Patient/near').json['generalPractitioner'], [{'reference': 'Practitioner/far'}],
       'what is stored is not relative to a fullUrl')
    bad = [
        (entry('PATCH', 'Observation/txo', binary(op('test', '/status', 'final'))), 422, None),
        (entry('PATCH', 'Observation/txo', binary(op('replace', '/status', 'x'))), 400, 'Bundle.entry[1].resource.status'),
        (entry('PATCH', 'Observation/txo', binary(op('add', '/status', 'final')), ifMatch='W/"1"'), 412, None),
        (entry('PATCH', 'Observation/none', binary(op('add', '/status', 'final'))), 404, None),
        (entry('PATCH', 'Patient/tx', binary(op('add', '/active', True))), 400, None),
    ]
    for e, status, place in bad:
        r = node.post('', bundle('transaction', entry('PATCH', 'Patient/tx', binary(op('add', '/active', False))), e))
        r.refused(status, place=place)
    eq(version(node, 'Patient/tx'), '2', 'nothing of them was stored')

    def work(i):
        return node.post('', bundle(
            'transaction', entry('PATCH', 'Patient/tx', binary(op('add', '/name/0/given/-', 't%d' % i))),
            entry('POST', 'Observation', observation('Patient/tx')))).status
    eq(in_threads(4, work), [200] * 4, 'at once')
    eq(sorted(node.get('Patient/tx').json['name'][0]['given'][1:]), ['t0', 't1', 't2', 't3'], 'none is lost')


def test_search_parameter(node):
    """What an update would be refused for, a patch is refused for too."""
    made = {'resourceType': 'SearchParameter', 'id': 'sp', 'url': 'http://example.org/sp', 'name': 'x', 'status': 'draft',
            'description': 'x', 'code': 'x-code', 'base': ['Patient'], 'type': 'token', 'expression': 'Patient.nothing()'}
    node.create(made)
    patch(node, 'SearchParameter/sp', op('replace', '/status', 'active')).refused(422, 'business-rule')


kith.main(globals())
