"""read, vread, create, update, delete (R4 http.html) and what belongs to every request."""

import email.utils
import time

import kith
from kith import entry, eq, observation, ok, patient, within, without_meta

# The example of R4 http.html#create, with what a record must not lose: order, digits, extensions.
EXAMPLE = {
    'resourceType': 'Patient',
    'text': {'status': 'generated', 'div': '<div xmlns="http://www.w3.org/1999/xhtml">Peter &amp; co</div>'},
    'extension': [{'url': 'http://example.org/weight', 'valueDecimal': 1}],
    'identifier': [{'use': 'usual', 'system': 'urn:oid:1.2.36.146.595.217.0.1', 'value': '12345'}],
    'active': True,
    'name': [{'use': 'official', 'family': 'Chalmers', 'given': ['Peter', 'James'],
              '_given': [None, {'extension': [{'url': 'http://example.org/x', 'valueString': 'Ø ≠ 漢字 🙂'}]}]}],
    'gender': 'male',
    'birthDate': '1974-12-25',
}


def test_create_and_read(node):
    made = node.post('Patient', EXAMPLE)
    made.is_(201)
    id = made.json['id']
    ok(kith.ID.fullmatch(id), 'the id is an id', id)
    eq(made.headers['Location'], '%s/Patient/%s/_history/1' % (node.fhir, id), 'Location')
    eq(made.etag, 'W/"1"', 'ETag')
    eq(made.json['meta']['versionId'], '1', 'versionId')
    within(made.json['meta']['lastUpdated'], '^%s$' % kith.INSTANT.pattern, 'lastUpdated')
    stored = without_meta(made.json)
    eq(stored.pop('id'), id, 'id')
    eq(stored, EXAMPLE, 'what was sent is stored')
    read = node.get('Patient/' + id)
    read.is_(200)
    eq(read.json, made.json, 'read gives the same')
    eq(read.etag, 'W/"1"', 'ETag of a read')
    modified = email.utils.parsedate_to_datetime(read.headers['Last-Modified'])
    eq(modified.strftime('%Y-%m-%dT%H:%M:%S'), read.json['meta']['lastUpdated'][:19], 'Last-Modified')
    ok('Location' not in read.headers, 'a read has no Location')
    eq(list(read.json)[:3], ['resourceType', 'id', 'meta'], 'resourceType, id and meta come first')


def test_create_ignores_what_the_server_decides(node):
    sent = patient(id='mine', meta={'versionId': '77', 'lastUpdated': '1999-01-01T00:00:00Z',
                                    'tag': [{'system': 'http://example.org', 'code': 'kept'}]})
    made = node.post('Patient', sent)
    made.is_(201)
    ok(made.json['id'] != 'mine', 'create gives an id of its own (http.html#create)')
    eq(made.json['meta']['versionId'], '1', 'versionId is the server\'s')
    ok(made.json['meta']['lastUpdated'] > '2020', 'lastUpdated is the server\'s')
    eq(made.json['meta']['tag'], sent['meta']['tag'], 'tags are kept')


def test_decimals_keep_their_digits(node):
    body = ('{"resourceType":"Observation","id":"digits","status":"final","code":{"text":"x"},'
            '"valueQuantity":{"value":1.10,"unit":"kg"},"referenceRange":[{"low":{"value":-0.00},"high":{"value":1.0e3}}]}')
    node.put('Observation/digits', body).is_(201)
    text = node.get('Observation/digits').body.decode()
    for number in ('1.10', '-0.00', '1.0e3'):
        ok(':' + number in text, 'the number %s is as it was sent' % number, text)


def test_versions(node):
    id = 'v-1'
    for n, family in enumerate(('One', 'Two', 'Three'), 1):
        r = node.put('Patient/' + id, patient(family, id=id))
        r.is_(201 if n == 1 else 200)
        eq(r.etag, 'W/"%d"' % n, 'ETag of version %d' % n)
        eq(r.headers['Location'], '%s/Patient/%s/_history/%d' % (node.fhir, id, n), 'Location')
    for n, family in enumerate(('One', 'Two', 'Three'), 1):
        r = node.get('Patient/%s/_history/%d' % (id, n))
        r.is_(200)
        eq(r.json['name'][0]['family'], family, 'version %d' % n)
        eq(r.json['meta']['versionId'], str(n), 'versionId')
        eq(r.etag, 'W/"%d"' % n, 'ETag of a vread')
    for vid in ('4', '0', '-1', 'x', '1x', '99999999999999999999999', '01x'):
        node.get('Patient/%s/_history/%s' % (id, vid)).refused(404, 'not-found')
    node.get('Patient/never/_history/1').refused(404, 'not-found')


def test_same_data_makes_no_version(node):
    first = node.put('Patient/same', patient(id='same'))
    again = node.put('Patient/same', patient(id='same'))
    again.is_(200)
    eq(again.etag, first.etag, 'the same data is no new version')
    eq(again.json, first.json, 'nothing has changed')
    as_read = node.put('Patient/same', node.get('Patient/same').json)
    as_read.is_(200)
    eq(as_read.etag, 'W/"1"', 'what was read can be sent back without a change')
    eq(node.get('Patient/same/_history').json['total'], 1, 'one version')


def test_delete_and_return(node):
    node.put('Patient/gone', patient(id='gone')).is_(201)
    gone = node.delete('Patient/gone')
    gone.is_(204)
    eq(gone.etag, 'W/"2"', 'the deletion is a version')
    read = node.get('Patient/gone')
    read.refused(410, 'deleted')
    eq(read.etag, 'W/"2"', 'ETag of what was deleted')
    node.get('Patient/gone/_history/1').is_(200)
    node.get('Patient/gone/_history/2').refused(410)
    node.delete('Patient/gone').is_(204)
    eq(node.get('Patient/gone/_history').json['total'], 2, 'a second delete is no version')
    node.delete('Patient/never-was').is_(204)
    node.get('Patient/never-was').refused(404, 'not-found')
    back = node.put('Patient/gone', patient('Back', id='gone'))
    back.is_(201)
    eq(back.etag, 'W/"3"', 'versions go on')
    node.get('Patient/gone').is_(200)
    eq(node.get('Patient?family=back').ids, ['gone'], 'found again')


def test_if_match(node):
    """R4 http.html#concurrency: 412 where the version is not the current one."""
    node.put('Patient/lock', patient('A', id='lock'))
    table = [
        ('W/"1"', 200, 'B'), ('W/"1"', 412, 'C'), ('W/"2"', 200, 'D'), ('"3"', 200, 'E'), ('W/"9"', 412, 'F'),
        ('*', 200, 'G'), ('rubbish', 400, 'H'),
    ]
    for tag, status, family in table:
        before = node.get('Patient/lock').json
        r = node.put('Patient/lock', patient(family, id='lock'), If_Match=tag)
        r.is_(status, 'If-Match %s' % tag)
        now = node.get('Patient/lock').json
        if status == 200:
            eq(now['name'][0]['family'], family, 'changed')
        else:
            eq(now, before, 'If-Match %s changed nothing' % tag)
    node.delete('Patient/lock', If_Match='W/"1"').refused(412, 'conflict')
    node.get('Patient/lock').is_(200)
    node.delete('Patient/lock', If_Match=node.get('Patient/lock').etag).is_(204)
    node.put('Patient/lock', patient(id='lock'), If_Match='W/"6"').refused(412)
    node.put('Patient/no-such', patient(id='no-such'), If_Match='W/"1"').refused(412)
    node.put('Patient/no-such', patient(id='no-such'), If_Match='*').refused(412)
    node.get('Patient/no-such').refused(404)


def test_if_none_match_star(node):
    """RFC 9110 13.1.2: only when there is none."""
    node.put('Patient/first', patient('A', id='first'), If_None_Match='*').is_(201)
    node.put('Patient/first', patient('B', id='first'), If_None_Match='*').refused(412)
    eq(node.get('Patient/first').json['name'][0]['family'], 'A', 'unchanged')


def test_update_races(node):
    """Of 16 updates on the same version exactly one wins."""
    node.put('Patient/race', patient(id='race'))
    got = kith.in_threads(16, lambda i: node.put('Patient/race', patient('R%d' % i, id='race'), If_Match='W/"1"').status)
    eq(sorted(got), [200] + [412] * 15, 'one of 16 wins')
    eq(node.get('Patient/race/_history').json['total'], 2, 'two versions')


def test_conditional_read(node):
    """R4 http.html#cread."""
    node.put('Patient/c304', patient(id='c304'))
    tag = node.get('Patient/c304').etag
    modified = node.get('Patient/c304').headers['Last-Modified']
    early = email.utils.formatdate(time.time() - 86400, usegmt=True)
    late = email.utils.formatdate(time.time() + 86400, usegmt=True)
    table = [
        ({'If-None-Match': tag}, 304), ({'If-None-Match': '"1"'}, 304), ({'If-None-Match': '*'}, 304),
        ({'If-None-Match': 'W/"8", W/"1"'}, 304), ({'If-None-Match': 'W/"2"'}, 200),
        ({'If-Modified-Since': modified}, 304), ({'If-Modified-Since': late}, 304),
        ({'If-Modified-Since': early}, 200), ({'If-Modified-Since': 'not a date'}, 200),
        ({'If-None-Match': 'W/"2"', 'If-Modified-Since': late}, 200),
    ]
    for headers, status in table:
        r = node.request('GET', 'Patient/c304', headers=headers)
        r.is_(status, headers)
        eq(r.etag, tag, 'ETag comes with %s' % headers)


def test_head(node):
    node.put('Patient/head', patient(id='head'))
    get, head = node.get('Patient/head'), node.request('HEAD', 'Patient/head')
    head.is_(200)
    for name in ('ETag', 'Last-Modified', 'Content-Type', 'Content-Length'):
        eq(head.headers.get(name), get.headers.get(name), 'HEAD has the same ' + name)
    node.request('HEAD', 'Patient/never').is_(404)
    node.request('HEAD', 'Patient?_id=head').is_(200)
    node.request('HEAD', 'metadata').is_(200)


def test_prefer(node):
    """R4 http.html#ops: Prefer: return=minimal | representation | OperationOutcome."""
    n = 0
    for prefer, kind in ((None, 'Patient'), ('return=representation', 'Patient'), ('return=minimal', None),
                         ('return=OperationOutcome', 'OperationOutcome'), ('respond-async, return=minimal', None),
                         ('handling=strict', 'Patient')):
        n += 1
        made = node.post('Patient', patient('P%d' % n), Prefer=prefer)
        made.is_(201)
        eq(made.json['resourceType'] if made.body else None, kind, 'create with Prefer %s' % prefer)
        at = made.headers['Location'].split('/fhir/')[1].split('/_history')[0]
        changed = node.put(at, patient('Q%d' % n, id=at.split('/')[1]), Prefer=prefer)
        changed.is_(200)
        eq(changed.json['resourceType'] if changed.body else None, kind, 'update with Prefer %s' % prefer)
        ok(changed.etag == 'W/"2"' and changed.headers['Location'], 'ETag and Location with Prefer %s' % prefer)
        gone = node.delete(at, Prefer=prefer)
        if kind == 'OperationOutcome':
            gone.is_(200)
            kith.check_outcome(gone.json, 'deleted')
        else:
            gone.is_(204)


def test_formats(node):
    """R4 http.html#parameters and #mime-type."""
    node.put('Patient/form', patient(id='form'))
    for accept, status in (
            ('application/fhir+json', 200), ('application/json', 200), ('text/json', 200), ('*/*', 200),
            ('application/fhir+json; fhirVersion=4.0', 200), ('application/*', 200), ('text/turtle', 406),
            ('text/html', 406), ('application/fhir+json;q=0, text/html', 406), (None, 200)):
        node.get('Patient/form', Accept=accept).is_(status, 'Accept %s' % accept)
    for word, status in (('json', 200), ('application/json', 200), ('application/fhir%2Bjson', 200),
                         ('application/fhir+json', 200), ('text/json', 200), ('ttl', 406), ('html', 406)):
        node.get('Patient/form?_format=' + word, Accept='text/turtle').is_(status, '_format rules over Accept')
    node.get('Patient/form?_format=ttl', Accept='application/fhir+json').refused(406, 'not-supported', 'json')
    plain, pretty = node.get('Patient/form'), node.get('Patient/form?_pretty=true')
    eq(pretty.json, plain.json, '_pretty is the same data')
    ok(b'\n' not in plain.body.strip() and pretty.body.count(b'\n') > 5, '_pretty=true has lines')
    eq(node.get('Patient/form?_pretty=false').body, plain.body, '_pretty=false')
    node.get('Patient/form?_pretty=maybe').refused(400)
    ok(b'\n' in node.get('Patient/none?_pretty=true').body.strip(), 'errors are pretty too')
    ok(b'\n' in node.get('metadata?_pretty=true&_format=json').body.strip(), 'metadata too')
    ok(b'\n' in node.get('Patient?_id=form&_pretty=true').body.strip(), 'searches too')
    gzip = node.get('metadata', Accept_Encoding='gzip')
    eq(gzip.headers.get('Content-Encoding'), 'gzip', 'compressed where it is asked for')


def test_content_types(node):
    body = kith.json.dumps(patient())
    for word, status in (
            ('application/fhir+json', 201), ('application/json', 201), ('text/json', 201),
            ('application/fhir+json; charset=UTF-8', 201), ('Application/FHIR+JSON', 201),
            ('application/fhir+turtle', 415), ('text/turtle', 415), ('text/plain', 415),
            ('application/x-www-form-urlencoded', 415), ('', 415), ('application/json-patch+json', 415)):
        r = node.post('Patient', body, Content_Type=word)
        r.is_(status, 'Content-Type %r' % word)
        if status == 415:
            r.refused(415, 'not-supported', 'fhir.json')


def test_bad_requests(node):
    """(method, path, body, status, issue type, words)"""
    table = [
        ('POST', 'Patient', '', 400, 'required', 'body'),
        ('POST', 'Patient', '   ', 400, 'required', 'body'),
        ('POST', 'Patient', '{', 400, 'structure', ''),
        ('POST', 'Patient', '{"resourceType":"Patient",}', 400, 'structure', ''),
        ('POST', 'Patient', b'{"resourceType":"Patient","id":"\xff"}', 400, 'structure', ''),
        ('POST', 'Patient', b'\xef\xbb\xbf{"resourceType":"Patient"}', 400, None, ''),
        ('POST', 'Patient', '{"resourceType":"Patient"}{}', 400, 'structure', ''),
        ('POST', 'Patient', '[]', 400, None, ''),
        ('POST', 'Patient', '"Patient"', 400, None, ''),
        ('POST', 'Patient', '{}', 400, None, 'resourceType'),
        ('POST', 'Patient', '{"resourceType":"Person"}', 400, None, 'Person'),
        ('POST', 'Patient', '{"resourceType":"patient"}', 400, None, ''),
        ('POST', 'Patient', {'resourceType': 'Patient', 'nome': []}, 400, None, 'nome'),
        ('POST', 'Patient', {'resourceType': 'Patient', 'gender': 'M'}, 400, 'code-invalid', ''),
        ('POST', 'Patient', {'resourceType': 'Patient', 'birthDate': '25/12/1974'}, 400, None, ''),
        ('POST', 'Patient', {'resourceType': 'Patient', 'name': []}, 400, None, ''),
        ('POST', 'Patient', {'resourceType': 'Patient', 'name': {'family': 'x'}}, 400, None, ''),
        ('POST', 'Observation', {'resourceType': 'Observation', 'status': 'final'}, 400, None, 'code'),
        ('POST', 'Observation', observation(subject='Practitioner/1'), 400, None, ''),
        ('POST', 'Observation', observation(subject='Patient?identifier=x'), 400, None, 'conditional'),
        ('POST', 'Observation', observation(subject='#nothing'), 400, None, ''),
        ('PUT', 'Patient/a', patient(id='b'), 400, 'invalid', 'agree'),
        ('PUT', 'Patient/a', patient(), 400, None, 'id'),
        ('PUT', 'Patient/a', {'resourceType': 'Person', 'id': 'a'}, 400, None, 'Person'),
        ('PUT', 'Patient/a', patient(id=7), 400, None, 'id'),
        ('PUT', 'Patient/a', '', 400, 'required', 'body'),
        ('PUT', 'Patient/a_b', patient(id='a_b'), 404, None, ''),
        ('GET', 'Patient/' + 'a' * 65, None, 404, 'not-found', 'id'),
        ('GET', 'Patient/a%20b', None, 404, 'not-found', 'id'),
        ('GET', 'Patient/%zz', None, 400, None, '%'),
        ('GET', 'Patent', None, 404, 'not-found', 'Patent'),
        ('GET', 'Patent/1', None, 404, 'not-found', 'Patent'),
        ('GET', 'patient/1', None, 404, 'not-found', 'capital'),
        ('POST', 'Patent', {'resourceType': 'Patent'}, 404, 'not-found', 'Patent'),
        ('GET', 'DomainResource/1', None, 404, 'not-found', ''),
        ('GET', 'Resource', None, 404, 'not-found', ''),
        ('GET', 'HumanName/1', None, 404, 'not-found', ''),
        ('GET', 'Patient/1/2/3/4/5/6/7', None, 404, None, ''),
        ('GET', 'Patient/1/_history/1/x', None, 404, None, ''),
        ('GET', 'Patient//x', None, 404, None, ''),
        ('GET', 'Patient/1?name=x', None, 400, 'not-supported', 'name'),
        ('GET', 'Patient/1/_history/1?x=1', None, 400, 'not-supported', 'x'),
        ('PUT', 'Patient/a?identifier=1', patient(id='a'), 400, 'not-supported', 'identifier'),
        ('POST', 'Patient?identifier=1', patient(), 400, 'not-supported', 'If-None-Exist'),
        ('DELETE', 'Patient/a?identifier=1', None, 400, 'not-supported', 'identifier'),
        ('GET', 'metadata?x=1', None, 400, 'not-supported', 'x'),
        ('GET', '', None, 400, 'required', '_type'),
        ('GET', 'Patient/$nonsense', None, 400, 'not-supported', 'nonsense'),
        ('GET', 'Observation/1/$everything', None, 400, 'not-supported', 'everything'),
        ('DELETE', 'Patient', None, 400, None, 'parameter'),
        ('PUT', 'Patient', patient(), 400, None, 'parameter'),
    ]
    before = node.total('Patient')
    for method, path, body, status, code, words in table:
        node.request(method, path, body).refused(status, code, words)
    eq(node.total('Patient'), before, 'nothing was stored')


def test_findings_have_their_place(node):
    r = node.post('Patient', {'resourceType': 'Patient', 'name': [{'family': 'a'}, {'given': ['b', 7]}], 'gender': 'x'})
    r.refused(400, place='Patient.name[1].given[1]')
    r.refused(400, place='Patient.gender')


def test_methods(node):
    """405 and Allow, which names what can be done at this address (RFC 9110 15.5.6)."""
    node.put('Patient/m', patient(id='m'))
    table = [
        ('POST', 'Patient/m', 'DELETE, GET, HEAD, PATCH, PUT'),
        ('OPTIONS', 'Patient', 'DELETE, GET, HEAD, PATCH, POST, PUT'),
        ('PATCH', 'metadata', 'GET, HEAD'),
        ('PATCH', '', 'GET, HEAD, POST'),
        ('DELETE', 'metadata', 'GET, HEAD'),
        ('POST', 'metadata', 'GET, HEAD'),
        ('PUT', '', 'GET, HEAD, POST'),
        ('DELETE', '', 'GET, HEAD, POST'),
        ('GET', '_search', 'POST'),
        ('POST', '_history', 'GET, HEAD'),
        ('DELETE', 'Patient/m/_history', 'GET, HEAD'),
        ('DELETE', 'Patient/m/_history/1', 'GET, HEAD'),
        ('PUT', 'Patient/m/_history/1', 'GET, HEAD'),
        ('POST', 'Patient/m/Observation', 'GET, HEAD'),
        ('GET', 'Patient/_search', 'POST'),
        ('DELETE', 'Patient/m/$everything', 'GET, HEAD, POST'),
        ('DELETE', 'Patient/m/$meta', 'GET, HEAD, POST'),
        ('GET', 'Patient/m/$meta-add', 'POST'),
        ('OPTIONS', 'Patient/m', 'DELETE, GET, HEAD, PATCH, PUT'),
    ]
    for method, path, allowed in table:
        r = node.request(method, path, '{}' if method in ('POST', 'PUT', 'PATCH') else None)
        r.refused(405, 'not-supported')
        eq(', '.join(sorted((r.headers.get('Allow') or '').split(', '))), allowed, 'Allow of %s' % r.asked)


def test_references_to_oneself_become_relative(node):
    made = node.post('Observation', observation(subject='%s/Patient/m' % node.fhir))
    eq(made.json['subject']['reference'], 'Patient/m', 'an own absolute address is kept relative')
    other = node.post('Observation', observation(subject='http://elsewhere.example.org/fhir/Patient/m'))
    eq(other.json['subject']['reference'], 'http://elsewhere.example.org/fhir/Patient/m', 'others stay')


def test_every_type(node):
    """A resource whose only mandatory elements are known goes round for types of each kind."""
    samples = [
        {'resourceType': 'Basic', 'code': {'text': 'x'}},
        {'resourceType': 'Binary', 'contentType': 'text/plain', 'data': 'YWJj'},
        {'resourceType': 'Parameters', 'parameter': [{'name': 'a', 'valueString': 'b'}]},
        {'resourceType': 'List', 'status': 'current', 'mode': 'working'},
        {'resourceType': 'Bundle', 'type': 'collection', 'entry': [{'resource': patient(id='inside')}]},
        {'resourceType': 'ValueSet', 'status': 'draft'},
        {'resourceType': 'OperationOutcome', 'issue': [{'severity': 'error', 'code': 'invalid'}]},
    ]
    for sample in samples:
        type = sample['resourceType']
        made = node.post(type, sample)
        made.is_(201)
        read = without_meta(node.get('%s/%s' % (type, made.json['id'])).json)
        read.pop('id')
        eq(read, sample, type)


def test_the_record_survives(node):
    """What was answered is there after the process has been killed."""
    made = node.post('Patient', patient('Survivor')).json
    before = node.get('Patient/lock/_history').json['total']
    node.stop(kith.signal.SIGKILL)
    node.start()
    eq(node.get('Patient/' + made['id']).json, made, 'still there')
    eq(node.get('Patient/lock/_history').json['total'], before, 'versions too')
    node.post('Patient', patient('After')).is_(201)


kith.main(globals())
