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
    eq(node.get('Patient/lonely/$everything?_count=1').link('next'), None, 'on a page alone')


def test_refused(node):
    node.get('Patient/nobody/$everything').refused(404, 'not-found')
    node.create(patient(id='gone'))
    node.delete('Patient/gone')
    node.get('Patient/gone/$everything').refused(410, 'deleted')
    node.get('Patient/$everything').refused(400, 'not-supported')
    node.get('Patient/p1/$nothing').refused(400, 'not-supported', 'everything')
    # A patient that others speak of, but who is not here.
    node.create(observation('Patient/only-named', id='named'))
    node.get('Patient/only-named/$everything').refused(404, 'not-found')


def ask(node, query, **body):
    """The names of a reply to GET, which POST with Parameters gives as well."""
    r = node.get('Patient/care/$everything?' + query)
    r.is_(200)
    if 'body' in body:
        posted = node.post('Patient/care/$everything', dict({'resourceType': 'Parameters'}, **(
            {'parameter': body['body']} if body['body'] else {})))
        eq(posted.json.get('entry'), r.json.get('entry'), 'POST gives the same as ' + query)
    eq(r.json['total'], len(r.matches), 'total of ' + query)
    return sorted(names(r))


def make_care(node):
    for r in ({'resourceType': 'Practitioner', 'id': 'old-gp'}, {'resourceType': 'Practitioner', 'id': 'new-gp'},
              {'resourceType': 'Organization', 'id': 'care-org', 'name': 'Care'},
              patient('Care', id='care', birthDate='1950-01-01', managingOrganization={'reference': 'Organization/care-org'})):
        node.create(r)
    for id, when, gp in (('c2018', '2018-06-01', 'old-gp'), ('c2020', '2020-06-01T10:00:00Z', 'new-gp'), ('c2022', '2022-06', None)):
        more = {'performer': [{'reference': 'Practitioner/' + gp}]} if gp else {}
        node.create(observation('Patient/care', id=id, effectiveDateTime=when, **more))
    node.create(observation('Patient/care', id='undated'))
    node.create({'resourceType': 'Condition', 'id': 'since2010', 'subject': {'reference': 'Patient/care'}, 'onsetDateTime': '2010'})
    node.create({'resourceType': 'RelatedPerson', 'id': 'mother', 'patient': {'reference': 'Patient/care'}, 'birthDate': '1930-01-01'})
    node.create({'resourceType': 'Encounter', 'id': 'long', 'status': 'finished', 'class': {'code': 'IMP'},
                 'subject': {'reference': 'Patient/care'}, 'period': {'start': '2019-12-01', 'end': '2020-02-01'}})


def test_start_and_end(node):
    """The dates of care; what has no date of care is of any time."""
    make_care(node)
    always = ['Patient/care', 'Organization/care-org', 'Observation/undated', 'RelatedPerson/mother']
    all_of_it = always + ['Observation/c2018', 'Observation/c2020', 'Observation/c2022', 'Encounter/long',
                          'Practitioner/old-gp', 'Practitioner/new-gp',
                          'Condition/since2010']
    date = lambda name, value: {'name': name, 'valueDate': value}
    for query, body, expected in (
            ('', [], all_of_it),
            ('start=2020-01-01', [date('start', '2020-01-01')], always + ['Condition/since2010', 'Observation/c2020', 'Practitioner/new-gp', 'Observation/c2022', 'Encounter/long']),
            ('end=2019-12-31', [date('end', '2019-12-31')], always + ['Condition/since2010', 'Observation/c2018', 'Practitioner/old-gp', 'Encounter/long']),
            ('start=2020-03&end=2020', [date('start', '2020-03'), date('end', '2020')], always + ['Condition/since2010', 'Observation/c2020', 'Practitioner/new-gp']),
            ('start=2020-06-01&end=2020-06-01', [date('start', '2020-06-01'), date('end', '2020-06-01')], always + ['Condition/since2010', 'Observation/c2020', 'Practitioner/new-gp']),
            ('start=2022-06-15&end=2022-06-15', [date('start', '2022-06-15'), date('end', '2022-06-15')], always + ['Condition/since2010', 'Observation/c2022']),
            ('end=1900', [date('end', '1900')], always)):
        eq(ask(node, query, body=body), sorted(expected), query)
    within(node.get('Patient/care/$everything?start=2020&end=2021').link('self'), r'\$everything\?start=2020&end=2021$', 'self')


def test_type_and_since(node):
    types = lambda value: [{'name': '_type', 'valueCode': v} for v in value]
    eq(ask(node, '_type=Observation', body=types(['Observation'])),
       ['Observation/c2018', 'Observation/c2020', 'Observation/c2022', 'Observation/undated'], 'one type')
    eq(ask(node, '_type=Patient,Encounter&_type=Organization', body=types(['Patient', 'Encounter', 'Organization'])) and
       ask(node, '_type=Patient,Encounter&_type=Organization'), ['Encounter/long', 'Organization/care-org', 'Patient/care'], 'three')
    eq(ask(node, '_type=Practitioner'), ['Practitioner/new-gp', 'Practitioner/old-gp'], 'what the record refers to')
    eq(ask(node, '_type=Practitioner&start=2020'), ['Practitioner/new-gp'], 'in that time')
    eq(ask(node, '_type=Device'), [], 'none')
    eq('entry' in node.get('Patient/care/$everything?_type=Device').json, False, 'no empty array')
    time.sleep(0.01)
    stamp = node.put('Observation/c2020', observation('Patient/care', id='c2020', effectiveDateTime='2020-06-01T10:00:00Z',
                                                      performer=[{'reference': 'Practitioner/new-gp'}], status='amended')).json['meta']['lastUpdated']
    node.put('Practitioner/old-gp', {'resourceType': 'Practitioner', 'id': 'old-gp', 'active': True})
    eq(ask(node, '_since=' + stamp, body=[{'name': '_since', 'valueInstant': stamp}]), ['Observation/c2020', 'Practitioner/old-gp'], '_since')
    zone = stamp.replace('Z', '+00:00').replace('+', '%2B')
    eq(ask(node, '_since=' + zone + '&_type=Observation'), ['Observation/c2020'], 'with a zone')
    eq(ask(node, '_since=2100-01-01T00:00:00Z'), [], 'nothing since')


def test_pages(node):
    """_count: the patient first, every resource once, however long a page is."""
    for query in ('', '&start=2020', '&_type=Observation,Practitioner', '&_since=2020-01-01T00:00:00Z', '&_type=Practitioner'):
        whole = ask(node, query[1:])
        for count in (1, 2, 3, 7, 50):
            pages = node.pages('Patient/care/$everything?_count=%d%s' % (count, query))
            got = [n for p in pages for n in names(p)]
            eq(sorted(got), whole, 'pages of %d%s' % (count, query))
            ok(all(len(names(p)) <= count for p in pages), 'no page is longer')
            ok(all(names(p) for p in pages), 'no page is empty')
            within(pages[0].link('self'), r'_count=%d' % count, 'self')
            if 'Patient/care' in whole:
                eq(got[0], 'Patient/care', 'the patient stands first')
    posted = node.post('Patient/care/$everything', {'resourceType': 'Parameters', 'parameter': [{'name': '_count', 'valueInteger': 2}]})
    eq(names(posted), names(node.get('Patient/care/$everything?_count=2')), 'POST')
    first = node.get('Patient/care/$everything?_count=2')
    node.create(observation('Patient/care', id='meanwhile', effectiveDateTime='2020-01-01'))
    rest = [n for p in node.pages(first.link('next')) for n in names(p)]
    ok(not set(rest) & set(names(first)), 'nothing is repeated when something is added', rest)
    eq(set(rest) | set(names(first)) >= {'Observation/c2018', 'Practitioner/new-gp'}, True, 'nor lost')
    other = first.link('next').replace('/care/', '/p1/')
    node.get(other).refused(400, None, 'paging token')
    node.get(first.link('next').replace('_count=2', '_count=3')).refused(400, None, 'paging token')
    eq(len(node.get('Patient/care/$everything?_count=100000').matches), len(node.get('Patient/care/$everything').matches), 'capped')
    inside = node.post('', bundle('batch', entry('GET', 'Patient/care/$everything?_count=1'),
                                  entry('POST', 'Patient/care/$everything', {'resourceType': 'Parameters', 'parameter': [
                                      {'name': '_type', 'valueCode': 'Encounter'}]})))
    eq([len(e['resource']['entry']) for e in inside.json['entry']], [1, 1], 'in a batch')


def test_parameters_that_are_refused(node):
    for query, words in (('start=soon', 'date'), ('end=2020-13-01', 'date'), ('_since=x', 'instant'), ('_type=Patent', 'types'),
                         ('_type=', 'types'), ('_count=0', 'whole number'), ('_count=x', 'whole number'),
                         ('start=2021&end=2020', 'later'), ('start=2020&start=2021', 'twice'), ('_page=x', '_page'),
                         ('_count=2&_page=x', 'paging token'), ('_elements=id', 'start, end'), ('name=x', 'start, end')):
        node.get('Patient/care/$everything?' + query).refused(400, None, words)
    for body in (patient(), {'resourceType': 'Parameters', 'parameter': [{'name': 'start', 'valueDate': 'soon'}]},
                 {'resourceType': 'Parameters', 'parameter': [{'name': 'start', 'part': [{'name': 'x', 'valueDate': '2020'}]}]},
                 {'resourceType': 'Parameters', 'parameter': [{'name': 'nonsense', 'valueDate': '2020-01-01'}]}):
        node.post('Patient/care/$everything', body).refused(400)
    node.post('Patient/nobody/$everything', {'resourceType': 'Parameters'}).refused(404)


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
    pages = node.pages('Patient/large/$everything?_count=700')
    paged = [n for p in pages for n in names(p)]
    eq((len(pages), sorted(paged)), (5, sorted(got)), 'the same in pages')
    plain = node.get('Patient/large/$everything', Accept_Encoding='gzip')
    eq(plain.headers.get('Content-Encoding'), 'gzip', 'compressed where asked for')
    eq(node.request('HEAD', 'Patient/large/$everything').status, 200, 'HEAD')


def test_slow_and_vanishing_readers(node):
    """A client that goes away in the middle, or reads slowly, holds up nobody."""
    asked = node.signed(b'GET /fhir/Patient/large/$everything HTTP/1.1\r\nHost: %s:%d\r\n\r\n' % (node.host.encode(), node.port))
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
