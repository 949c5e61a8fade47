"""Hostile requests: limits, shapes of JSON, addresses, what replies and logs tell."""

import json
import os
import socket
import threading
import time

import kith
from kith import bundle, entry, eq, observation, ok, patient, within

CANARY = 'Zxqcanary'
NHS_CANARY = '9990007771'


def head(node, line, *fields):
    return ('%s\r\nHost: %s:%d\r\n%s\r\n' % (line, node.host, node.port, ''.join(f + '\r\n' for f in fields))).encode('latin-1')


def refused_raw(node, data, statuses, what):
    """A short OperationOutcome with one of these statuses; and the node goes on."""
    r = node.raw_reply(data)
    ok(r.status in statuses, '%s: status %s' % (what, '/'.join(map(str, statuses))), (r.status, r.body[:300]))
    if r.status:
        kith.outcome_of(r.body, what)
        ok(len(r.body) < 5000, what + ': the reply is short', len(r.body))
    ok(node.get('Patient?_count=0').status == 200, what + ': the node goes on')
    return r


def test_addresses(node):
    """Nothing outside the tables can be reached; encodings make no difference."""
    for path in ('/../../etc/passwd', '/..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/../../etc/passwd',
                 '/assets/..%2f..%2fetc%2fpasswd', '/assets/%00', '/fhir/../metrics', '/fhir/Patient/..', '/fhir/Patient/../../health',
                 '/fhir/Patient/%2e%2e', '/fhir/Patient%2F1', '/fhir/Patient/a%2Fb', '/fhir/Patient/a%5Cb', '/fhir//Patient/1',
                 '/fhir/Patient/%00', '/fhir/Patient/a%0d%0aX:%20y', '/fhir/Patient/%F0%9F%99%82', '//etc/passwd', '/fhirx/Patient',
                 '/FHIR/Patient', '/fhir/%50atient/none', '/fhir/Patient/1;a=b', '/%66hir/Patient', '/.git/config', '/fhir/Patient/./x'):
        r = node.raw_reply(head(node, 'GET %s HTTP/1.1' % path))
        ok(r.status in (400, 404), 'GET ' + path, (r.status, r.body[:200]))
        kith.outcome_of(r.body, path)
        ok(b'root:' not in r.body, 'nothing of the machine: ' + path)
    for line in ('GET http://elsewhere.example.org/fhir/Patient HTTP/1.1', 'GET Patient HTTP/1.1', 'GET  /fhir/Patient HTTP/1.1',
                 'GET /fhir/Pat ient HTTP/1.1', 'CONNECT elsewhere.example.org:443 HTTP/1.1', 'GET * HTTP/1.1'):
        r = node.raw_reply(head(node, line))
        ok(r.status in (400, 404, 405), line, (r.status, r.body[:200]))


def test_long_things(node):
    """431, 414, 413 (base/limits.h); ids and versions beyond every size."""
    refused_raw(node, head(node, 'GET /fhir/Patient/1 HTTP/1.1', 'X-Long: ' + 'a' * 20000), (431,), 'a long field')
    refused_raw(node, head(node, 'GET /fhir/Patient/1 HTTP/1.1', *['X-%d: a' % i for i in range(500)]), (431,), 'many fields')
    refused_raw(node, head(node, 'GET /fhir/Patient?name=%s HTTP/1.1' % ('a' * 9000)), (414,), 'a long address')
    refused_raw(node, head(node, 'GET /fhir/Patient/%s HTTP/1.1' % ('a' * 7000)), (404,), 'a long id')
    refused_raw(node, head(node, 'GET /fhir/%s HTTP/1.1' % ('A' * 7000)), (404,), 'a long type')
    refused_raw(node, head(node, 'GET /fhir/%s HTTP/1.1' % ('a/' * 3500)), (404,), 'a deep address')
    refused_raw(node, head(node, 'GET /fhir/Patient/1/_history/%s HTTP/1.1' % ('9' * 7000)), (404,), 'a long version')
    refused_raw(node, head(node, '%s /fhir/Patient HTTP/1.1' % ('A' * 300)), (400, 405, 501), 'a long method')
    refused_raw(node, head(node, 'PUT /fhir/Patient/1 HTTP/1.1', 'Content-Length: 999999999999'), (413,), 'a body too large')
    refused_raw(node, head(node, 'PUT /fhir/Patient/1 HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked')
                + (b'100000\r\n' + b' ' * 0x100000 + b'\r\n') * 65, (413,), 'a chunked body too large')
    for name in ('If-Match', 'If-None-Match', 'If-None-Exist', 'Accept', 'Content-Type', 'Prefer', 'If-Modified-Since'):
        node.request('PUT', 'Patient/long', patient(id='long'), headers={name: 'x' * 7000})
        node.request('POST', 'Patient', patient(), headers={name: ',' * 7000})
        node.request('GET', 'Patient/long', headers={name: 'W/"' * 2000})
    node.get('Patient?' + 'x' * 6000 + '=1').refused(400)
    node.get('Patient?birthdate=' + 'x' * 6000).refused(400)
    node.get('Patient?_sort=' + 'x,' * 3000).refused(400)
    node.get('Patient?_include=' + 'x' * 6000).refused(400)
    node.get('Patient?family:' + 'x' * 6000 + '=1').refused(400)
    node.put('Patient/big', patient('x' * 2_000_000, id='big')).refused(400, 'value', '1 MB')
    node.put('Patient/big', patient(id='big', address=[{'text': 'x' * 900_000} for _ in range(20)])).refused(413, 'too-long')
    node.post('', bundle('transaction', *[entry('GET', 'Patient/1')] * 50001)).refused(413, None, '50,?000')


def test_requests_that_differ_by_reader(node):
    """Request smuggling: what two readers could understand differently is refused (RFC 9112)."""
    body = b'{"resourceType":"Patient"}'
    post = 'POST /fhir/Patient HTTP/1.1'
    before = node.total('Patient')
    for what, data in (
            ('two lengths', head(node, post, 'Content-Length: 26', 'Content-Length: 0') + body),
            ('length and chunked', head(node, post, 'Content-Length: 26', 'Transfer-Encoding: chunked') + body),
            ('a signed length', head(node, post, 'Content-Length: +26') + body),
            ('a hexadecimal length', head(node, post, 'Content-Length: 0x1a') + body),
            ('an unknown coding', head(node, post, 'Transfer-Encoding: xchunked') + body),
            ('a folded field', head(node, post, 'X: a', ' b', 'Content-Length: 26') + body),
            ('a space before the colon', head(node, post, 'Content-Length : 26') + body),
            ('no host', b'GET /fhir/Patient HTTP/1.1\r\n\r\n'),
            ('two hosts', head(node, 'GET /fhir/Patient HTTP/1.1', 'Host: other')),
            ('a NUL', head(node, 'GET /fhir/Patient HTTP/1.1', 'X: a\0b')),
            ('bare line feeds', b'GET /fhir/Patient HTTP/1.1\nHost: x\n\n'),
            ('HTTP/2.0', head(node, 'GET /fhir/Patient HTTP/2.0')),
            ('rubbish', os.urandom(64) + b'\r\n\r\n')):
        r = node.raw_reply(data, wait=3)
        ok(r.status in (0, 400, 501, 505), what, (r.status, r.body[:200]))
    eq(node.total('Patient'), before, 'nothing was stored')


def test_shapes_of_json(node):
    """Depth, width, repetition: refused, or taken in reasonable time."""
    deep = 100000
    extension = '{"url":"http://x.org/e","extension":[' * deep + ']}' * deep
    for what, body in (
            ('arrays', '[' * deep), ('closed arrays', '[' * deep + ']' * deep), ('objects', '{"a":' * deep),
            ('a deep member', '{"resourceType":"Patient","x":' + '[' * deep + ']' * deep + '}'),
            ('deep extensions', '{"resourceType":"Patient","extension":[%s]}' % extension),
            ('deep parameters', '{"resourceType":"Parameters","parameter":[' + '{"name":"a","part":[' * deep + ']}' * deep + ']}'),
            ('deep bundles', '{"resourceType":"Bundle","type":"collection","entry":[{"resource":' * 20000 + '{}' + '}]}' * 20000),
            ('deep questions', '{"resourceType":"Questionnaire","status":"draft","item":[' + '{"linkId":"a","type":"group","item":[' * deep
             + ']}' * deep + ']}')):
        type = 'Parameters' if 'param' in what else 'Bundle' if 'bundles' in what else 'Questionnaire' if 'question' in what else 'Patient'
        start = time.monotonic()
        node.post(type, body).refused(400)
        ok(time.monotonic() - start < 5, what + ': in time', time.monotonic() - start)
        node.post('', body).refused(400)
    wide = {'contained': [{'resourceType': 'Organization', 'id': 'c%d' % i, 'name': 'c', **({'partOf': {'reference': '#c%d' % (i - 1)}} if i else {})} for i in range(100000)],
            'managingOrganization': {'reference': '#c99999'}}
    start = time.monotonic()
    r = node.put('Patient/wide', patient(id='wide', **wide))
    ok(r.status in (200, 201, 400, 413), '100,000 contained resources', r.body[:300])
    ok(time.monotonic() - start < 10, 'in time', time.monotonic() - start)
    start = time.monotonic()
    names = patient(id='names')
    names['name'] = [{'family': 'f%d' % i, 'given': ['g%d' % i]} for i in range(50000)]
    r = node.put('Patient/names', names)
    ok(r.status in (200, 201, 400, 413, 422), '50,000 names', r.body[:300])
    ok(time.monotonic() - start < 10, 'in time', time.monotonic() - start)
    bad = {'resourceType': 'Patient', 'name': [{'nome': 'x'}] * 50000}
    r = node.post('Patient', bad)
    r.refused(400)
    ok(len(r.issues) < 200, 'findings are counted, not all listed', len(r.issues))


def test_repeated_members(node):
    before = node.total('Patient')
    for body in ('{"resourceType":"Patient","active":true,"active":false}', '{"resourceType":"Patient","resourceType":"Person"}',
                 '{"resourceType":"Patient","id":"a","id":"b"}', '{"resourceType":"Patient","name":[{"family":"a","family":"b"}]}',
                 '{"resourceType":"Patient","acti\\u0076e":true,"active":false}',
                 '{"resourceType":"Patient","meta":{"versionId":"1","versionId":"2"}}'):
        node.post('Patient', body).refused(400)
        node.post('', '{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Patient"},'
                  '"resource":%s}]}' % body).refused(400)
    node.post('', '{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","method":"DELETE",'
              '"url":"Patient"},"resource":{"resourceType":"Patient"}}]}').refused(400)
    eq(node.total('Patient'), before, 'nothing was stored')


def test_odd_text(node):
    """Text that other programs stumble over is either refused or comes back as it was."""
    for name, good in (('\\u0000', False), ('\\ud800', False), ('a\\nb', True), ('\\u202e abc', True), ('<script>alert(1)</script>', True),
                       ("Robert'); DROP TABLE resource;--", True), ('%s%n%x', True), ('\\u0001', False), ('\x7f', None)):
        r = node.post('Patient', '{"resourceType":"Patient","name":[{"family":"%s"}]}' % name)
        if good:
            r.is_(201, name)
            eq(r.json['name'][0]['family'], json.loads('"%s"' % name), 'as it was: ' + name)
        elif good is False:
            r.refused(400)
    for query in ("'", "';--", '%27%20OR%201=1', '*', '(((((', '\\', '%5c%5c', '%25', '_', 'a%0ab'):
        for param in ('family', 'identifier', '_id', '_tag', 'general-practitioner'):
            r = node.get('Patient?%s=%s' % (param, query))
            ok(r.status in (200, 400), '%s=%s is a search like any other' % (param, query), r.body[:200])
            ok(len(r.json.get('entry', [])) <= 2, 'no wildcard: %s=%s' % (param, query), r.body[:200])
    for div in ('<script>x</script>', '<p onclick="x">a</p>', '<iframe src="http://x"/>', '<a href="javascript:x">a</a>',
                '<!DOCTYPE x [<!ENTITY a "b">]><p>&amp;a;</p>', '<p>', '<object data="x"/>', '<style>x</style>', '<form action="x"/>'):
        node.post('Patient', {'resourceType': 'Patient', 'text': {
            'status': 'generated', 'div': '<div xmlns="http://www.w3.org/1999/xhtml">%s</div>' % div}}).refused(400)


def test_compressed_bodies(node):
    import gzip
    import zlib
    body = json.dumps(patient('Zipped')).encode()
    node.request('POST', 'Patient', gzip.compress(body), Content_Encoding='gzip').is_(201)
    bomb = gzip.compress(b' ' * 200_000_000, 9)
    node.request('POST', 'Patient', bomb, Content_Encoding='gzip').refused(413)
    node.request('POST', 'Patient', gzip.compress(body)[:-6], Content_Encoding='gzip').refused(400)
    node.request('POST', 'Patient', body, Content_Encoding='gzip').refused(400)
    node.request('POST', 'Patient', zlib.compress(body), Content_Encoding='deflate').refused(415)
    node.request('POST', 'Patient', gzip.compress(gzip.compress(body)), Content_Encoding='gzip, gzip').refused(415)


def test_errors_do_not_echo(node):
    """An error tells enough to mend the request, and no long stretch of it."""
    long = 'Q' * 6000
    for method, path, body in (
            ('GET', 'Patient?family:%s=1' % long, None), ('GET', 'Patient?%s=1' % long, None), ('GET', 'Patient/' + long, None),
            ('GET', long, None), ('GET', 'Patient?identifier=' + '|' * 6000, None), ('POST', 'Patient', {'resourceType': long}),
            ('POST', 'Patient', {'resourceType': 'Patient', long: 1}), ('POST', 'Patient', patient(gender=long)),
            ('POST', 'Patient', patient(birthDate=long)), ('POST', 'Observation', observation(long)),
            ('POST', 'Observation', observation('Patient?x=' + long)), ('PUT', 'Patient/a', patient(id=long)),
            ('POST', '', bundle('transaction', entry(long, 'Patient'))), ('POST', '', bundle('transaction', entry('GET', long))),
            ('POST', '', bundle('transaction', entry('GET', 'Patient?%s=1' % long))),
            ('POST', '', bundle('transaction', entry('POST', 'Observation', observation('urn:uuid:' + long)))),
            ('POST', '', bundle('transaction', entry('POST', 'Patient', patient(), long), entry('POST', 'Patient', patient(), long))),
            ('POST', '', bundle('transaction', {long: 1})), ('POST', '', bundle(long)), ('POST', 'Patient', '{"a":' + long)):
        r = node.request(method, path, body)
        ok(400 <= r.status < 500, '%s is refused' % r.asked, r.status)
        ok(len(r.body) < 3000 and long[:1500] not in r.body.decode(), '%s: no long echo' % r.asked, len(r.body))


def test_slow_clients_hold_nobody_up(node):
    """Half-sent requests cost no worker."""
    held = []
    for i in range(200):
        s = socket.create_connection((node.host, node.port), timeout=10)
        s.sendall(head(node, 'POST /fhir/Patient HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 1000')[:60 if i % 2 else None])
        held.append(s)
    start = time.monotonic()
    for _ in range(20):
        node.get('Patient?_count=1').is_(200)
    ok(time.monotonic() - start < 2, 'others are served', time.monotonic() - start)
    for s in held:
        s.close()


def test_the_log_is_silent_about_patients(node):
    """No content of a record, no search value, no body of a bad request in the log (base/log.h)."""
    secret = patient(CANARY, CANARY, id='canary', birthDate='1901-02-03',
                     identifier=[{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': NHS_CANARY}],
                     address=[{'line': [CANARY]}])
    node.create(secret)
    node.get('Patient?family=' + CANARY).is_(200)
    node.get('Patient?identifier=' + NHS_CANARY).is_(200)
    node.get('Patient?nonsense=' + CANARY).refused(400)
    node.post('Patient', patient(CANARY, gender=CANARY)).refused(400)
    node.post('Patient', '{"resourceType":"Patient","name":"%s' % CANARY).refused(400)
    node.post('', bundle('transaction', entry('POST', 'Patient', patient(CANARY, gender=CANARY)))).refused(400)
    node.post('Patient', secret, If_None_Exist='identifier=' + NHS_CANARY).is_(200)
    node.raw(head(node, 'GET /fhir/Patient?family=%s HTTP/1.1' % CANARY, 'X: \x01'))
    node.raw(head(node, 'POST /fhir/Patient HTTP/1.1', 'Content-Length: 5', 'Content-Length: 6') + CANARY.encode())
    metrics = node.raw(head(node, 'GET /metrics HTTP/1.1', 'Connection: close'))
    node.get('Patient/canary/$everything').is_(200)
    node.stop()
    node.start()
    log = node.log()
    ok(len(log) > 0, 'there is a log')
    for word in (CANARY, NHS_CANARY, '1901-02-03'):
        ok(word not in log, 'the log has no %s' % word, log[-2000:])
        ok(word.encode() not in metrics, 'the metrics have no %s' % word)


def test_headers_of_replies(node):
    """Records are not kept by caches, and never taken for a page."""
    r = node.get('Patient/canary')
    eq(r.headers.get('X-Content-Type-Options'), 'nosniff', 'X-Content-Type-Options')
    within(r.headers.get('Cache-Control'), 'no-store|no-cache|private', 'Cache-Control')
    ok('Access-Control-Allow-Origin' not in r.headers, 'no other site may read it')
    got = node.raw(head(node, 'GET /fhir/metadata HTTP/1.1').replace(b'Host: ', b'Host: a"><script>', 1))
    ok(b'<script>' not in got.split(b'\r\n\r\n', 1)[-1] or b' 400 ' in got[:20], 'a Host that is no host', got[:300])


def test_a_foreign_host(node):
    """DNS rebinding: a page of another site reaches loopback under its own name; the node answers its own names only."""
    for host, good in (('127.0.0.1:%d' % node.port, True), ('localhost:%d' % node.port, True), ('[::1]:%d' % node.port, True),
                       ('evil.example.org', False), ('127.0.0.1.evil.example.org:%d' % node.port, False)):
        r = node.raw_reply(b'GET /fhir/Patient/canary HTTP/1.1\r\nHost: %s\r\n\r\n' % host.encode())
        eq(r.status == 200, good, 'Host: ' + host)
        ok(good or CANARY.encode() not in r.body, 'no record for ' + host)
    # A token is sent by whoever has it, not by the browser of itself: apps of other sites may. Without one there is nothing
    # (that a session's cookie is not enough from elsewhere: test_threats_apps.py).
    for origin in ('http://127.0.0.1:%d' % node.port, 'http://evil.example.org', 'null'):
        r = node.post('Patient', patient('Origin'), Origin=origin)
        r.is_(201, 'a write with a token, of ' + origin)
        ok('Access-Control-Allow-Credentials' not in r.headers, 'no page has the cookie sent: ' + origin)
        node.post('Patient', patient('Origin'), Origin=origin, Authorization=None).refused(401, 'login')


def test_nothing_is_open(node):
    """Without a token each interaction is 401 and says how to sign in; what is public has nothing of a record."""
    for method, path in (('GET', 'Patient'), ('GET', 'Patient/canary'), ('GET', 'Patient/canary/_history'), ('GET', '_history'),
                         ('GET', 'Patient/canary/$everything'), ('GET', '?_type=Patient'), ('GET', '$export'), ('GET', 'AuditEvent'),
                         ('GET', '_jobs/x'), ('POST', 'Patient'), ('POST', 'Patient/_search'), ('POST', ''), ('PUT', 'Patient/canary'),
                         ('DELETE', 'Patient/canary'), ('PATCH', 'Patient/canary'), ('POST', '$reindex'), ('GET', 'Patient/none')):
        for sign in (None, 'Bearer x', 'Bearer ' + node.token[:-1], 'Basic ' + node.token):
            r = node.request(method, path, None if method in ('GET', 'DELETE') else '{}', Authorization=sign)
            r.is_(401, 'with ' + str(sign)[:8])
            within(r.headers.get('WWW-Authenticate'), '^Bearer', 'how to sign in')
            ok(CANARY.encode() not in r.body, 'no record')
    node.get('metadata', Authorization=None).is_(200)
    node.get('Patient/canary').is_(200)


kith.main(globals())
