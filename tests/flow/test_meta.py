"""$meta, $meta-add, $meta-delete (R4 resource-operations.html)."""

import kith
from kith import bundle, entry, eq, in_threads, observation, ok, patient

A, B = {'system': 'http://example.org/a', 'code': '1'}, {'system': 'http://example.org/b', 'code': '1'}
SECRET = {'system': 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', 'code': 'R'}
PROFILE = 'http://example.org/StructureDefinition/one'


def parameters(**meta):
    return {'resourceType': 'Parameters', 'parameter': [{'name': 'meta', 'valueMeta': meta}]}


def meta(reply):
    """The meta of a reply, without what the node adds."""
    reply.is_(200)
    r = reply.json
    eq((r['resourceType'], [p['name'] for p in r.get('parameter', [])]), ('Parameters', ['return']), reply.asked)
    return {k: v for k, v in r['parameter'][0]['valueMeta'].items() if k not in ('versionId', 'lastUpdated')}


def test_meta(node):
    made = node.create(patient(id='m', meta={'profile': [PROFILE], 'tag': [A], 'source': 'http://example.org/source'}))
    for r in (node.get('Patient/m/$meta'), node.post('Patient/m/$meta', None), node.get('Patient/m/%24meta?_format=json'),
              node.post('Patient/m/$meta', {'resourceType': 'Parameters'}), node.get('Patient/m/_history/1/$meta')):
        eq(r.json['parameter'], [{'name': 'return', 'valueMeta': made['meta']}], r.asked)
        eq(r.etag, 'W/"1"', 'ETag')
    node.put('Patient/m', patient(id='m', active=True)).is_(200)
    eq(meta(node.get('Patient/m/$meta')), {}, 'of the current version')
    eq(meta(node.get('Patient/m/_history/1/$meta'))['tag'], [A], 'of one version')
    node.get('Patient/m/_history/9/$meta').refused(404)
    node.get('Patient/m/_history/x/$meta').refused(404)
    node.get('Patient/m/_history/1/$other').refused(404)
    node.get('Patient/m/$meta?x=y').refused(400, 'not-supported')
    node.post('Patient/m/$meta', parameters(tag=[A])).refused(400, None, 'meta')
    node.post('Patient/m/$meta', {'resourceType': 'Parameters', 'parameter': [
        {'name': 'x', 'valueString': 'y'}]}).refused(400, 'not-supported')
    node.get('Patient/nobody/$meta').refused(404)
    node.create(patient(id='gone'))
    node.delete('Patient/gone')
    node.get('Patient/gone/$meta').refused(410, 'deleted')
    node.get('Patient/gone/_history/2/$meta').refused(410, 'deleted')
    node.get('Patient/gone/_history/1/$meta').is_(200)


def test_add(node):
    """A union by system and code; a new version only where something is new."""
    node.create(patient(id='add', meta={'tag': [dict(A, display='first')]}))
    r = node.post('Patient/add/$meta-add', parameters(tag=[dict(A, display='other'), B, B], profile=[PROFILE, PROFILE],
                                                      security=[SECRET], versionId='77', lastUpdated='1999-01-01T00:00:00Z'))
    eq(meta(r), {'tag': [dict(A, display='first'), B], 'profile': [PROFILE], 'security': [SECRET]}, 'added')
    eq((r.etag, r.json['parameter'][0]['valueMeta']['versionId']), ('W/"2"', '2'), 'a new version')
    stored = node.get('Patient/add').json
    eq(stored['meta'], r.json['parameter'][0]['valueMeta'], 'stored')
    eq(stored['name'], patient()['name'], 'and the rest as it was')
    eq(node.get('Patient?_tag=%s|1' % B['system']).ids, ['add'], 'found by the tag')
    eq(node.get('Patient?_profile=%s' % PROFILE).ids, ['add'], 'and by the profile')
    eq(meta(node.get('Patient/add/_history/1/$meta')), {'tag': [dict(A, display='first')]}, 'the version before is kept')
    r = node.post('Patient/add/$meta-add', parameters(tag=[B], profile=[PROFILE]))
    r.is_(200)
    eq(r.etag, 'W/"2"', 'nothing new, no new version')
    r = node.post('Patient/add/$meta-add', parameters(tag=[{'code': '1'}, {'system': B['system']}]))
    eq(len(meta(r)['tag']), 4, 'without system or code it is another')


def test_delete(node):
    node.create(patient(id='del', meta={'tag': [dict(A, display='x'), B], 'profile': [PROFILE, PROFILE + '2'],
                                        'source': 'http://example.org/s', 'security': [SECRET]}))
    r = node.post('Patient/del/$meta-delete', parameters(tag=[A, {'code': 'none'}], profile=[PROFILE], security=[SECRET]))
    eq(meta(r), {'tag': [B], 'profile': [PROFILE + '2'], 'source': 'http://example.org/s'}, 'removed')
    eq(r.etag, 'W/"2"', 'a new version')
    eq(node.total('Patient?_id=del&_tag=%s|1' % A['system']), 0, 'not found by it any more')
    r = node.post('Patient/del/$meta-delete', parameters(tag=[A]))
    eq((r.status, r.etag), (200, 'W/"2"'), 'what is not there needs no version')
    r = node.post('Patient/del/$meta-delete', parameters(tag=[B], profile=[PROFILE + '2']))
    eq(meta(r), {'source': 'http://example.org/s'}, 'the last of a list')


def test_extensions_of_profiles(node):
    """They stand in an array beside, by position."""
    x = {'extension': [{'url': 'http://example.org/x', 'valueBoolean': True}]}
    node.create(patient(id='ext', meta={'profile': [PROFILE, PROFILE + '2'], '_profile': [None, x]}))
    r = node.post('Patient/ext/$meta-add', parameters(profile=[PROFILE + '3']))
    eq(meta(r)['profile'], [PROFILE, PROFILE + '2', PROFILE + '3'], 'added')
    eq(meta(r)['_profile'][:2], [None, x], 'in its place')
    r = node.post('Patient/ext/$meta-delete', parameters(profile=[PROFILE]))
    eq((meta(r)['profile'], meta(r)['_profile'][0]), ([PROFILE + '2', PROFILE + '3'], x), 'moves along')
    r = node.post('Patient/ext/$meta-delete', parameters(profile=[PROFILE + '2']))
    eq(meta(r), {'profile': [PROFILE + '3']}, 'goes with its profile')


def test_refused(node):
    node.create(patient(id='no', meta={'tag': [A]}))
    for name in ('add', 'delete'):
        path = 'Patient/no/$meta-' + name
        node.post(path, '').refused(400, 'required')
        node.post(path, patient()).refused(400, None, 'Parameters')
        node.post(path, {'resourceType': 'Parameters'}).refused(400, 'required', 'meta')
        node.post(path, {'resourceType': 'Parameters', 'parameter': [{'name': 'meta', 'valueString': 'x'}]}).refused(400)
        node.post(path, {'resourceType': 'Parameters', 'parameter': [{'name': 'mata', 'valueMeta': {'tag': [A]}}]}).refused(400)
        node.post(path, {'resourceType': 'Parameters', 'parameter': 2 * parameters(tag=[B])['parameter']}).refused(400)
        node.post(path, parameters(tag=[{'display': 'no code'}])).refused(400, 'required', 'code')
        node.post(path, parameters(tag=[{'code': str(i)} for i in range(1001)])).refused(403, 'too-costly')
        node.post(path, parameters(source='http://example.org/s')).refused(400, 'not-supported', 'source')
        node.post(path, parameters(tag='x')).refused(400)
        node.post(path, parameters(tag=[B]), If_Match='W/"7"').refused(412)
        node.post(path + '?x=y', parameters(tag=[B])).refused(400, 'not-supported')
        node.get(path).refused(405)
        node.post('Patient/$meta-' + name, parameters(tag=[B])).refused(400, 'not-supported')
        node.post('Patient/no/_history/1/$meta-' + name, parameters(tag=[B])).refused(400, 'not-supported', 'version')
        node.post('Patient/nobody/$meta-' + name, parameters(tag=[B])).refused(404)
    eq(meta(node.get('Patient/no/$meta')), {'tag': [A]}, 'nothing changed')
    eq(meta(node.post('Patient/no/$meta-add', parameters(tag=[B]), If_Match='W/"1"'))['tag'], [A, B], 'If-Match')


def test_type_and_system(node):
    eq(node.get('Flag/$meta').json, {'resourceType': 'Parameters'}, 'nothing in use')
    node.create({'resourceType': 'Basic', 'id': 'b1', 'code': {'text': 'x'}, 'meta': {'tag': [A, B], 'profile': [PROFILE]}})
    node.create({'resourceType': 'Basic', 'id': 'b2', 'code': {'text': 'x'}, 'meta': {'tag': [A], 'security': [SECRET]}})
    node.create({'resourceType': 'Basic', 'id': 'b3', 'code': {'text': 'x'}, 'meta': {'tag': [{'code': 'deleted'}]}})
    node.delete('Basic/b3')
    node.create({'resourceType': 'Basic', 'id': 'b4', 'code': {'text': 'x'}, 'meta': {'tag': [{'code': 'was'}]}})
    node.put('Basic/b4', {'resourceType': 'Basic', 'id': 'b4', 'code': {'text': 'x'}}).is_(200)
    eq(meta(node.get('Basic/$meta')), {'tag': [A, B], 'profile': [PROFILE], 'security': [SECRET]}, 'of a type')
    got = meta(node.post('$meta', None))
    ok(all(t in got['tag'] for t in (A, B)) and PROFILE + '3' in got['profile'], 'of the node', got)
    eq(len(got['tag']), len({(t.get('system'), t.get('code')) for t in got['tag']}), 'each once')
    ok({'code': 'was'} not in got['tag'] and {'code': 'deleted'} not in got['tag'], 'only what is current')
    node.get('$meta?x=y').refused(400)
    node.get('Patent/$meta').refused(404)
    node.post('', bundle('batch', *[
        entry('PUT', 'Basic/many%d' % i, {'resourceType': 'Basic', 'id': 'many%d' % i, 'code': {'text': 'x'},
                                          'meta': {'tag': [{'code': 't%d' % (i % 50)}], 'source': 'urn:x:%d' % i}})
        for i in range(5000)])).is_(200)
    eq(len(meta(node.get('Basic/$meta'))['tag']), 52, 'of thousands')


def test_bundles(node):
    node.create(observation(id='o'))
    r = node.post('', bundle('transaction', entry('POST', 'Observation/o/$meta-add', parameters(tag=[A])),
                             entry('GET', 'Observation/o/$meta'),
                             entry('POST', 'Patient', patient('Bundled'))))
    r.is_(200)
    for e in r.json['entry'][:2]:
        eq(e['resource']['parameter'][0]['valueMeta']['tag'], [A], 'in a transaction')
    r = node.post('', bundle('transaction', entry('POST', 'Observation/o/$meta-delete', parameters(tag=[A])),
                             entry('POST', 'Patient', {'resourceType': 'Patient', 'gender': 'M'})))
    r.refused(400)
    eq(meta(node.get('Observation/o/$meta')), {'tag': [A]}, 'all or nothing')
    r = node.post('', bundle('batch', entry('POST', 'Observation/o/$meta-delete', parameters(tag=[A])),
                             entry('POST', 'Observation/none/$meta-delete', parameters(tag=[A])),
                             entry('POST', 'Observation/o/$meta-delete')))
    eq([e['response']['status'] for e in r.json['entry']], ['200', '404', '400'], 'in a batch')
    eq(meta(node.get('Observation/o/$meta')), {}, 'removed')


def test_at_once(node):
    node.create(patient(id='busy'))
    eq(in_threads(8, lambda i: node.post('Patient/busy/$meta-add', parameters(tag=[{'code': str(i)}])).status), [200] * 8,
       'all succeed')
    eq(sorted(t['code'] for t in meta(node.get('Patient/busy/$meta'))['tag']), [str(i) for i in range(8)], 'none is lost')


kith.main(globals())
