"""Patient/{id}/$everything (R4 patient-operation-everything.html)."""

import socket
import time

import kith
from kith import bundle, entry, eq, observation, ok, patient, within

COUNT = 3000


def names(reply):
    return [r['resourceType'] + '/' + r['id'] for r in reply.matches]


def make(node):
    for r in (
            {'resourceType': 'Organization', 'id': 'org', 'name': 'Acme'},
            {'resourceType': 'Organization', 'id': 'unrelated', 'name': 'Other'},
            {'resourceType': 'Practitioner', 'id': 'gp', 'name': [{'family': 'Gp'}]},
            {'resourceType': 'Medication', 'id': 'med', 'code': {'text': 'Aspirin'}},
            {'resourceType': 'Location', 'id': 'gone', 'name': 'Deleted'},
            patient('One', id='p1', generalPractitioner=[{'reference': 'Practitioner/gp'}],
                    managingOrganization={'reference': 'Organization/org'}),
            patient('Two', id='p2', link=[{'other': {'reference': 'Patient/p1'}, 'type': 'seealso'}]),
            {'resourceType': 'Encounter', 'id': 'e1', 'status': 'finished', 'class': {'code': 'AMB'},
             'subject': {'reference': 'Patient/p1'}, 'location': [{'location': {'reference': 'Location/gone'}}],
             'serviceProvider': {'reference': 'Organization/nowhere'}},
            observation('Patient/p1', id='o1', performer=[{'reference': 'Practitioner/gp'}]),
            observation('Patient/p2', id='o2'),
            observation('Patient/p2', id='o3', performer=[{'reference': 'Patient/p1'}]),
            {'resourceType': 'MedicationRequest', 'id': 'm1', 'status': 'active', 'intent': 'order',
             'subject': {'reference': 'Patient/p1'},
             'medicationReference': {'reference': 'Medication/med/_history/1'}},
            observation('Patient/p1', id='deleted')):
        node.create(r)
    node.delete('Observation/deleted')
    node.delete('Location/gone')


def test_record(node):
    """The patient first, the compartment, then what these refer to; nothing else."""
    make(node)
    r = node.get('Patient/p1/$everything')
    r.is_(200)
    eq((r.json['resourceType'], r.json['type']), ('Bundle', 'searchset'), 'a searchset')
    got = names(r)
    eq(got[0], 'Patient/p1', 'the patient stands first')
    eq(len(got), len(set(got)), 'nothing twice')
    eq(sorted(got), sorted(['Patient/p1', 'Encounter/e1', 'Observation/o1', 'Observation/o3', 'MedicationRequest/m1',
                            'Practitioner/gp', 'Organization/org', 'Medication/med'] +
                           [n for n in got if n == 'Patient/p2']), 'the record')
    eq(r.json['total'], len(got), 'total')
    within(r.link('self'), r'/Patient/p1/\$everything$', 'self')
    for e in r.json['entry']:
        eq(e['fullUrl'], '%s/%s/%s' % (node.fhir, e['resource']['resourceType'], e['resource']['id']), 'fullUrl')
    eq(names(node.get('Patient/p1/%24everything')), got, 'an escaped $')
    eq(node.get('Patient/p1/$everything?_format=json&_pretty=true').json['total'], len(got), '_format and _pretty')
    for r in r.matches:
        eq(node.get('%s/%s' % (r['resourceType'], r['id'])).json, r, 'as a read gives it')


def test_alone(node):
    node.create(patient('Lonely', id='lonely'))
    eq(names(node.get('Patient/lonely/$everything')), ['Patient/lonely'], 'a patient alone')


def test_refused(node):
    node.get('Patient/nobody/$everything').refused(404, 'not-found')
    node.create(patient(id='gone'))
    node.delete('Patient/gone')
    node.get('Patient/gone/$everything').refused(410, 'deleted')
    node.get('Patient/p1/$everything?start=2020-01-01').refused(400, 'not-supported', 'start')
    node.get('Patient/p1/$everything?_count=5').refused(400, 'not-supported', '_count')
    node.get('Patient/$everything').refused(400, 'not-supported')
    node.get('Patient/p1/$nothing').refused(400, 'not-supported', 'everything')
    # A patient that others speak of, but who is not here.
    node.create(observation('Patient/only-named', id='named'))
    node.get('Patient/only-named/$everything').refused(404, 'not-found')


def test_large(node):
    """Thousands of resources come in pieces, whole and once each."""
    url = 'urn:uuid:7d1f6a5e-1111-4222-8333-000000000001'
    note = 'Seen at home; blood pressure well controlled, no change of treatment. ' * 4
    for part in range(3):
        put = [entry('PUT', 'Patient/large', patient('Large', id='large'), url)]
        put += [entry('POST', 'Observation', observation(url, note=[{'text': '%d %s' % (i, note)}],
                                                         performer=[{'reference': 'Practitioner/large-%d' % (i % 40)}]))
                for i in range(COUNT // 3)]
        node.post('', bundle('transaction', *put)).is_(200)
    node.post('', bundle('batch', *[entry('PUT', 'Practitioner/large-%d' % i, {
        'resourceType': 'Practitioner', 'id': 'large-%d' % i}) for i in range(40)])).is_(200)
    start = time.monotonic()
    r = node.get('Patient/large/$everything')
    took = time.monotonic() - start
    r.is_(200)
    eq(r.headers.get('Transfer-Encoding'), 'chunked', 'in pieces')
    got = names(r)
    eq(len(got), COUNT + 41, 'all resources')
    eq(len(set(got)), COUNT + 41, 'once each')
    eq(r.json['total'], COUNT + 41, 'total')
    ok(took < 5, 'in reasonable time', took)
    inside = node.post('', bundle('batch', entry('GET', 'Patient/large/$everything'), entry('GET', 'Patient/p1')))
    eq(inside.json['entry'][0]['resource']['total'], COUNT + 41, 'whole as an entry of a batch')
    eq(len(inside.json['entry'][0]['resource']['entry']), COUNT + 41, 'with all entries')
    eq(inside.json['entry'][1]['resource']['id'], 'p1', 'and what follows')
    plain = node.get('Patient/large/$everything', Accept_Encoding='gzip')
    eq(plain.headers.get('Content-Encoding'), 'gzip', 'compressed where asked for')
    eq(node.request('HEAD', 'Patient/large/$everything').status, 200, 'HEAD')


def test_slow_and_vanishing_readers(node):
    """A client that goes away in the middle, or reads slowly, holds up nobody."""
    asked = b'GET /fhir/Patient/large/$everything HTTP/1.1\r\nHost: %s:%d\r\n\r\n' % (node.host.encode(), node.port)
    slow = []
    for i in range(80):
        s = socket.socket()
        s.settimeout(10)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect((node.host, node.port))
        s.sendall(asked)
        if i % 2:
            s.recv(1000)
            s.close()
        else:
            slow.append(s)
    start = time.monotonic()
    node.get('Patient/p1').is_(200)
    node.put('Patient/p1', patient('Meanwhile', id='p1')).is_(200)
    ok(time.monotonic() - start < 2, 'others are served meanwhile', time.monotonic() - start)
    s = slow.pop()
    got = b''
    while not got.endswith(b'0\r\n\r\n'):
        piece = s.recv(65536)
        if not piece:
            break
        got += piece
    ok(got.endswith(b'0\r\n\r\n') and got.count(b'"resourceType":"Observation"') == COUNT, 'a slow reader gets all')
    for s in slow:
        s.close()


kith.main(globals())
