"""search-type and compartment search (R4 search.html), with the examples of the standard."""

import json
import threading
import time
import urllib.parse

import kith
from kith import bundle, entry, eq, observation, ok, patient, within

LOINC, UCUM = 'http://loinc.org', 'http://unitsofmeasure.org'


def coded(system, code, **more):
    return dict({'coding': [{'system': system, 'code': code}]}, **more)


def found(node, query, expected, what=''):
    r = node.get(query)
    if r.is_(200, what):
        eq(r.ids, sorted(expected), '%s %s' % (query, what))
    return r


def test_empty(node):
    r = node.get('Patient')
    r.is_(200)
    eq((r.json['type'], r.json.get('entry'), r.link('next')), ('searchset', None, None), 'an empty searchset')
    eq(node.get('Patient?_total=accurate').json['total'], 0, 'none')


def test_strings(node):
    """search.html#string: case- and accent-insensitive, begins with."""
    for id, given, family in (('eve', 'Eve', 'Chalmers'), ('evelyn', 'Evelyn', 'Carréno Quiñones'),
                              ('severine', 'Severine', "O'Brien"), ('lukasz', 'Łukasz', 'Müller-Lüdenscheidt')):
        node.create(patient(family, given, id=id))
    table = [
        ('given=eve', ['eve', 'evelyn']), ('given=EVE', ['eve', 'evelyn']), ('given=Evelyn', ['evelyn']),
        ('family=carreno', ['evelyn']), ('family=CARRÉNO%20QUIÑONES', ['evelyn']), ('family=obrien', ['severine']),
        ("family=O'Brien", ['severine']), ('family=muller', ['lukasz']), ('given=lukasz', ['lukasz']),
        ('family=chalm&given=eve', ['eve']), ('given=eve,severine', ['eve', 'evelyn', 'severine']),
        ('given=eve&given=evelyn', ['evelyn']), ('family=nobody', []), ('name=severine', ['severine']),
        ('name=chalmers', ['eve']), ('given=eve\\,severine', []), ('family=quinones', []),
    ]
    for query, expected in table:
        found(node, 'Patient?' + query, expected)


def test_tokens(node):
    """search.html#token."""
    for id, resource in {
        't1': patient(gender='male', active=True, identifier=[{'system': 'http://acme.org/patient', 'value': '2345'}]),
        't2': patient(gender='female', active=False, identifier=[{'system': 'http://acme.org/other', 'value': '2345'}]),
        't3': patient(identifier=[{'value': '2345'}, {'system': 'http://acme.org/patient', 'value': 'a|b'}]),
        't4': patient(telecom=[{'system': 'email', 'value': 'peter@example.org'}], deceasedBoolean=True,
                      communication=[{'language': coded('urn:ietf:bcp:47', 'cy')}]),
        't5': patient(deceasedDateTime='2015-02-14T13:42:00+10:00'),
    }.items():
        node.create(dict(resource, id=id))
    table = [
        ('identifier=http://acme.org/patient|2345', ['t1']), ('identifier=2345', ['t1', 't2', 't3']),
        ('identifier=|2345', ['t3']), ('identifier=http://acme.org/patient|', ['t1', 't3']),
        ('identifier=http://acme.org/patient|a\\|b', ['t3']), ('identifier=http://acme.org/patient|9', []),
        ('gender=male', ['t1']), ('gender=male,female', ['t1', 't2']), ('active=true', ['t1']), ('active=false', ['t2']),
        ('gender=http://hl7.org/fhir/administrative-gender|male', ['t1']),
        ('email=peter@example.org', ['t4']), ('language=cy', ['t4']), ('deceased=true', ['t4', 't5']),
        ('identifier=http://acme.org/patient|2345,http://acme.org/other|2345', ['t1', 't2']),
        ('_id=t1', ['t1']), ('_id=t1,t2,nobody', ['t1', 't2']), ('_id=t1&gender=female', []),
    ]
    for query, expected in table:
        found(node, 'Patient?' + query, expected)
    node.create(observation(id='code1'))
    node.create(observation(id='code2', code=coded('http://acme.org/codes', '29463-7', text='Weight')))
    found(node, 'Observation?code=http://loinc.org|29463-7', ['code1'])
    found(node, 'Observation?code=29463-7', ['code1', 'code2'])


def test_dates(node):
    """search.html#prefix and #date: the table of the standard."""
    for id, value in (('d14', '2013-01-14'), ('d14t00', '2013-01-14T00:00:00Z'), ('d14t10', '2013-01-14T10:00:00Z'),
                      ('d15t00', '2013-01-15T00:00:00Z')):
        node.create(observation(id=id, effectiveDateTime=value))
    node.create(observation(id='on21jan', effectivePeriod={'start': '2013-01-21'}))
    node.create(observation(id='on15mar', effectivePeriod={'start': '2013-03-15'}))
    node.create(observation(id='to21jan', effectivePeriod={'end': '2013-01-21'}))
    days = ['d14', 'd14t00', 'd14t10', 'd15t00']
    table = [
        ('eq2013-01-14', ['d14', 'd14t00', 'd14t10'], days),
        ('2013-01-14', ['d14', 'd14t00', 'd14t10'], days),
        ('ne2013-01-14', ['d15t00'], days),
        ('lt2013-01-14T10:00:00Z', ['d14', 'd14t00'], days),
        ('gt2013-01-14T10:00:00Z', ['d14', 'd15t00'], days),
        ('ge2013-03-14', ['on21jan', 'on15mar'], ['on21jan', 'on15mar', 'to21jan']),
        ('le2013-03-14', ['on21jan', 'to21jan'], ['on21jan', 'on15mar', 'to21jan']),
        ('sa2013-03-14', ['on15mar'], ['on21jan', 'on15mar', 'to21jan']),
        ('eb2013-03-14', ['to21jan'], ['on21jan', 'on15mar', 'to21jan']),
        ('2013', days, days), ('2013-01', days, days), ('2012', [], days), ('gt2013', [], days),
        ('ge2013-01-15', ['d15t00'], days), ('lt2013-01-15', ['d14', 'd14t00', 'd14t10'], days),
        ('sa2013-01-14', ['d15t00'], days), ('eb2013-01-15', ['d14', 'd14t00', 'd14t10'], days),
        ('2013-01-14T10:00:00%2B00:00', ['d14t10'], ['d14t00', 'd14t10', 'd15t00']),
        ('2013-01-14T11:00:00%2B01:00', ['d14t10'], ['d14t00', 'd14t10', 'd15t00']),
    ]
    for value, expected, among in table:
        r = node.get('Observation?_count=100&date=' + value)
        if r.is_(200):
            eq(sorted(set(r.ids) & set(among)), sorted(expected), 'date=' + value)
    both = node.get('Observation?date=ge2013-01-14&date=lt2013-01-15')
    ok({'d14', 'd14t00', 'd14t10'} <= set(both.ids) and 'd15t00' not in both.ids, 'a range is two conditions', both.ids)
    found(node, 'Patient?birthdate=1974-12-25', [])
    node.create(patient(id='born', birthDate='1974-12-25'))
    found(node, 'Patient?birthdate=1974-12-25', ['born'])
    found(node, 'Patient?birthdate=lt1975', ['born'])
    for bad in ('x', '2013-13', '2013-01-32', '10:00', 'zz2013', '2013-01-14T', '14/01/2013'):
        node.get('Observation?date=' + bad).refused(400, 'invalid', 'date')


def test_numbers(node):
    """search.html#number: precision is that of what was written."""
    for id, value in (('n99', '99.4'), ('n995', '99.5'), ('n100', '100'), ('n1004', '100.4'), ('n1005', '100.5'),
                      ('n100004', '100.004'), ('n95', '95'), ('n105', '105')):
        node.put('ChargeItem/' + id, '{"resourceType":"ChargeItem","id":"%s","status":"billable","code":{"text":"x"},'
                 '"subject":{"reference":"Patient/eve"},"factorOverride":%s}' % (id, value)).is_(201)
    table = [
        ('100', ['n995', 'n100', 'n1004', 'n100004']), ('100.00', ['n100', 'n100004']), ('100.000', ['n100']),
        ('1e2', ['n95', 'n99', 'n995', 'n100', 'n1004', 'n1005', 'n100004']),
        ('lt100', ['n95', 'n99', 'n995']), ('le100', ['n95', 'n99', 'n995', 'n100']),
        ('gt100', ['n1004', 'n1005', 'n100004', 'n105']), ('ge100', ['n100', 'n1004', 'n1005', 'n100004', 'n105']),
        ('ne100', ['n95', 'n99', 'n1005', 'n105']), ('gt104.9&factor-override=lt106', ['n105']),
        ('95,105.0', ['n95', 'n105']), ('ap100', ['n95', 'n99', 'n995', 'n100', 'n1004', 'n1005', 'n100004', 'n105']),
    ]
    for value, expected in table:
        found(node, 'ChargeItem?factor-override=' + value, expected)
    for bad in ('x', '1.', '--1', '1e', 'zz1', '0x10', ''):
        node.get('ChargeItem?factor-override=' + bad).refused(400, 'invalid', 'factor-override')


def test_quantities(node):
    """search.html#quantity."""
    def quantity(id, value, unit=None, system=None, code=None):
        q = {'value': value}
        q.update({k: v for k, v in (('unit', unit), ('system', system), ('code', code)) if v})
        node.create(observation(id=id, code={'text': 'q'}, valueQuantity=q))

    quantity('q1', 5.4, 'mg', UCUM, 'mg')
    quantity('q2', 5.44, 'mg', UCUM, 'mg')
    quantity('q3', 5.4, 'mg')
    quantity('q4', 5.4, 'g', UCUM, 'g')
    quantity('q5', 6, 'mg', UCUM, 'mg')
    for value, expected in (
            ('5.4|%s|mg' % UCUM, ['q1', 'q2']), ('5.4||mg', ['q1', 'q2', 'q3']), ('5.4', ['q1', 'q2', 'q3', 'q4']),
            ('5.40|%s|mg' % UCUM, ['q1']), ('le5.4|%s|mg' % UCUM, ['q1']), ('gt5.4|%s|mg' % UCUM, ['q2', 'q4', 'q5']),
            ('ap5.4|%s|mg' % UCUM, ['q1', 'q2']), ('7|%s|mg' % UCUM, [])):
        found(node, 'Observation?value-quantity=' + value, expected)
    for bad in ('x', '5.4|mg', '5.4|a|b|c', '|%s|mg' % UCUM):
        node.get('Observation?value-quantity=' + bad).refused(400, 'invalid', 'value-quantity')


def test_references(node):
    """search.html#reference, also for the patient that stands in the key."""
    base = node.fhir
    node.create({'resourceType': 'Practitioner', 'id': '23', 'name': [{'family': 'Doctor'}]})
    node.create({'resourceType': 'Group', 'id': '23', 'type': 'person', 'actual': True})
    node.create(patient(id='23', generalPractitioner=[{'reference': 'Practitioner/23'}]))
    node.create(observation('Patient/23', id='r1', performer=[{'reference': 'Practitioner/23'}]))
    node.create(observation('Group/23', id='r2', performer=[{'reference': 'Patient/23'}]))
    node.create(observation('http://elsewhere.example.org/fhir/Patient/23', id='r3'))
    table = [
        ('subject=Patient/23', ['r1']), ('subject:Patient=23', ['r1']), ('subject=23', ['r1', 'r2']),
        ('subject=%s/Patient/23' % base, ['r1']), ('subject=Group/23', ['r2']), ('subject:Group=23', ['r2']),
        ('patient=23', ['r1']), ('patient=Patient/23', ['r1']), ('subject=Patient/23,Group/23', ['r1', 'r2']),
        ('subject=http://elsewhere.example.org/fhir/Patient/23', ['r3']), ('performer=Practitioner/23', ['r1']),
        ('performer=Patient/23', ['r2']), ('performer=23', ['r1', 'r2']), ('subject=Patient/none', []),
        ('subject=Patient/23&performer=Practitioner/23', ['r1']), ('subject=Patient/23&performer=Patient/23', []),
    ]
    for query, expected in table:
        found(node, 'Observation?' + query, expected)
    found(node, 'Patient?general-practitioner=Practitioner/23', ['23'])
    node.get('Observation?subject:Practitioner=23').refused(400, 'invalid', 'Practitioner')
    found(node, 'Observation?subject=Medication/23', [])


def test_uris_and_meta(node):
    url = 'http://acme.org/fhir/ValueSet/123'
    node.create({'resourceType': 'ValueSet', 'id': 'vs1', 'status': 'active', 'url': url})
    node.create({'resourceType': 'ValueSet', 'id': 'vs2', 'status': 'active', 'url': url + '4'})
    node.create({'resourceType': 'ValueSet', 'id': 'vs3', 'status': 'active', 'url': 'urn:oid:1.2.3.4.5'})
    for query, expected in (('url=' + url, ['vs1']), ('url=' + urllib.parse.quote(url, safe=''), ['vs1']),
                            ('url=urn:oid:1.2.3.4.5', ['vs3']), ('url=http://acme.org/fhir/ValueSet', []),
                            ('url=%s,urn:oid:1.2.3.4.5' % url, ['vs1', 'vs3'])):
        found(node, 'ValueSet?' + query, expected)
    node.create({'resourceType': 'Basic', 'id': 'm1', 'code': {'text': 'x'}, 'meta': {
        'profile': ['http://example.org/p'], 'source': 'http://example.org/s',
        'tag': [{'system': 'http://example.org/t', 'code': 'a'}],
        'security': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', 'code': 'R'}]}})
    node.create({'resourceType': 'Basic', 'id': 'm2', 'code': {'text': 'x'}})
    for query in ('_profile=http://example.org/p', '_source=http://example.org/s', '_tag=http://example.org/t|a', '_tag=a',
                  '_security=R'):
        found(node, 'Basic?' + query, ['m1'])


def test_last_updated(node):
    one = node.create({'resourceType': 'Basic', 'id': 'u1', 'code': {'text': 'u'}})['meta']['lastUpdated']
    time.sleep(0.01)
    node.create({'resourceType': 'Basic', 'id': 'u2', 'code': {'text': 'u'}})
    ids = node.get('Basic?_lastUpdated=gt' + one).ids
    ok('u2' in ids and 'u1' not in ids, '_lastUpdated=gt', ids)
    ok('u1' in node.get('Basic?_lastUpdated=' + one).ids, 'the very instant')
    ok('u1' in node.get('Basic?_lastUpdated=ge2020&_lastUpdated=le' + one).ids, 'a range')
    eq(node.get('Basic?_lastUpdated=lt2020').ids, [], 'long ago')
    node.put('Basic/u1', {'resourceType': 'Basic', 'id': 'u1', 'code': {'text': 'changed'}})
    ok('u1' in node.get('Basic?_lastUpdated=gt' + one).ids, 'an update moves it')


def test_current_versions_only(node):
    node.create(patient('Before', id='cur'))
    node.create(patient('After', id='cur'))
    found(node, 'Patient?family=before', [])
    found(node, 'Patient?family=after', ['cur'])
    node.delete('Patient/cur')
    found(node, 'Patient?family=after', [])
    found(node, 'Patient?_id=cur', [])
    node.create(observation('Patient/mv1', id='moves'))
    node.create(observation('Patient/mv2', id='moves'))
    found(node, 'Observation?subject=Patient/mv1', [], 'another patient now')
    found(node, 'Observation?subject=Patient/mv2', ['moves'])
    found(node, 'Patient/mv2/Observation', ['moves'])
    found(node, 'Patient/mv1/Observation', [])


def test_the_bundle(node):
    r = node.get('Patient?family=chalmers&given=eve')
    r.is_(200)
    b = r.json
    eq((b['resourceType'], b['type']), ('Bundle', 'searchset'), 'a searchset')
    e = b['entry'][0]
    eq((e['fullUrl'], e['search']['mode']), (node.fhir + '/Patient/eve', 'match'), 'an entry')
    ok('request' not in e and 'response' not in e, 'no request or response (bdl-3, bdl-4)')
    own = urllib.parse.urlsplit(r.link('self'))
    ok(own.path == '/fhir/Patient', 'self', r.link('self'))
    eq(sorted(urllib.parse.parse_qsl(own.query))[:2], [('family', 'chalmers'), ('given', 'eve')], 'self says what was understood')
    eq(node.get(r.link('self')).json['entry'], b['entry'], 'self leads to the same')


def test_counting(node):
    for n in range(23):
        node.create(patient('Counted', 'N%02d' % n, id='k%02d' % n, birthDate='19%02d-01-01' % (50 + n % 5)))
    ids = ['k%02d' % n for n in range(23)]
    for query, total, entries in (
            ('', None, 23), ('&_total=accurate', 23, 23), ('&_total=estimate', 23, 23), ('&_total=none', None, 23),
            ('&_summary=count', 23, 0), ('&_count=0', 23, 0), ('&_count=5&_total=accurate', 23, 5),
            ('&_summary=false', None, 23)):
        r = node.get('Patient?family=counted' + query)
        r.is_(200, query)
        if total is not None:
            eq(r.json.get('total'), total, 'total with ' + query)
        eq(len(r.json.get('entry', [])), entries, 'entries with ' + query)
        if not entries:
            ok(r.link('next') is None, 'no next with ' + query)
    pages = node.pages('Patient?family=counted&_count=5')
    eq([len(p.matches) for p in pages], [5, 5, 5, 5, 3], 'pages of 5')
    eq(sorted(i for p in pages for i in p.ids), ids, 'all, once')
    eq(len(node.get('Patient?family=counted&_count=100000').matches), 23, 'a large _count')
    within(node.get('Patient?family=counted&_count=100000').link('self'), '_count=1000(&|$)', 'self tells the _count that holds')
    for bad in ('_count=-1', '_count=x', '_count=', '_count=1&_count=2', '_total=maybe', '_summary=maybe',
                '_summary=count&_summary=true'):
        node.get('Patient?' + bad).refused(400)


def test_sorting(node):
    def order(query):
        return [r['id'] for p in node.pages('Patient?family=counted&_count=4&' + query) for r in p.matches]

    ids = ['k%02d' % n for n in range(23)]
    eq(order('_sort=given'), ids, 'ascending')
    eq(order('_sort=-given'), ids[::-1], 'descending')
    eq(order('_sort=_id'), ids, '_id')
    eq(order('_sort=-_id'), ids[::-1], '-_id')
    eq(order('_sort=birthdate,-given'), sorted(ids, key=lambda i: (int(i[1:]) % 5, -int(i[1:]))), 'by two')
    eq(order('_sort=-birthdate,given'), sorted(ids, key=lambda i: (-(int(i[1:]) % 5), int(i[1:]))), 'by two, the other way')
    eq(order('_sort=-birthdate'), order('_sort=birthdate')[::-1], 'equal ones the other way round, too')
    eq(order('_sort=_lastUpdated'), ids, '_lastUpdated')
    eq(order('_sort=-_lastUpdated'), ids[::-1], '-_lastUpdated')
    eq(sorted(order('_sort=gender')), ids, 'by what none of them has')
    for bad in ('_sort=nonsense', '_sort=', '_sort=given,', '_sort=--given', '_sort=given&_sort=family'):
        node.get('Patient?' + bad).refused(400)


def test_paging_while_writing(node):
    """What does not change comes exactly once, whatever else is written."""
    stop = threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            n += 1
            node.put('Patient/noise%d' % (n % 50), patient('Counted', 'Noise%d' % n, id='noise%d' % (n % 50)))
            if n % 3 == 0:
                node.delete('Patient/noise%d' % ((n + 25) % 50))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for sort in ('', '&_sort=given', '&_sort=-_lastUpdated', '&_sort=-birthdate,given'):
            for _ in range(3):
                got = []
                for p in node.pages('Patient?family=counted&_count=2' + sort, most=200):
                    got += [r['id'] for r in p.matches if r['id'].startswith('k')]
                eq(sorted(got), ['k%02d' % n for n in range(23)], 'each once with %s' % sort)
    finally:
        stop.set()
        writer.join()
    for n in range(50):
        node.delete('Patient/noise%d' % n)


def test_tokens_of_pages(node):
    """A changed or foreign token is refused, with what to do."""
    link = node.get('Patient?family=counted&_count=5').link('next')
    head, token = link.split('_page=')
    node.get(link).is_(200)
    flipped = ('A' if token[3] != 'A' else 'B')
    for bad in (token[:3] + flipped + token[4:], token[:-1], token + 'A', 'x', '%01', '!', 'A' * 3000, token[::-1]):
        node.get(head + '_page=' + bad).refused(400, 'invalid', "'next'")
    node.get('Patient?family=other&_count=5&_page=' + token).refused(400, 'invalid', "'next'")
    node.get('Observation?_count=5&_page=' + token).refused(400, 'invalid', "'next'")
    node.get('Patient/_history?_count=5&_page=' + token).refused(400, 'invalid')
    node.get(head + '_page=').refused(400)
    node.stop()
    node.start()
    node.get(link).is_(200, 'a link is good after a restart too')


def test_includes(node):
    """search.html#revinclude; references to the patient are in the key, to others in the index."""
    node.create({'resourceType': 'Practitioner', 'id': 'gp', 'name': [{'family': 'Gp'}]})
    node.create(patient('Included', id='i1', generalPractitioner=[{'reference': 'Practitioner/gp'}]))
    node.create(patient('Included', id='i2', generalPractitioner=[{'reference': 'Practitioner/gp'},
                                                                  {'reference': 'Practitioner/nobody'}]))
    node.create(observation('Patient/i1', id='io1', performer=[{'reference': 'Practitioner/gp'}]))
    node.create(observation('Patient/i1', id='io2'))
    node.create(observation('Patient/i2', id='io3', status='preliminary'))
    table = [
        ('Observation?_id=io1&_include=Observation:subject', ['Observation/io1'], ['Patient/i1']),
        ('Observation?_id=io1&_include=Observation:patient', ['Observation/io1'], ['Patient/i1']),
        ('Observation?_id=io1&_include=Observation:subject:Patient', ['Observation/io1'], ['Patient/i1']),
        ('Observation?_id=io1&_include=Observation:subject:Group', ['Observation/io1'], []),
        ('Observation?_id=io1&_include=Observation:subject&_include=Observation:performer', ['Observation/io1'],
         ['Patient/i1', 'Practitioner/gp']),
        ('Observation?_id=io1,io2&_include=Observation:subject', ['Observation/io1', 'Observation/io2'], ['Patient/i1']),
        ('Patient?family=included&_include=Patient:general-practitioner', ['Patient/i1', 'Patient/i2'], ['Practitioner/gp']),
        ('Patient?_id=i1&_revinclude=Observation:subject', ['Patient/i1'], ['Observation/io1', 'Observation/io2']),
        ('Patient?_id=i1&_revinclude=Observation:patient', ['Patient/i1'], ['Observation/io1', 'Observation/io2']),
        ('Patient?family=included&_revinclude=Observation:subject', ['Patient/i1', 'Patient/i2'],
         ['Observation/io1', 'Observation/io2', 'Observation/io3']),
        ('Practitioner?_id=gp&_revinclude=Patient:general-practitioner', ['Practitioner/gp'], ['Patient/i1', 'Patient/i2']),
        ('Practitioner?_id=gp&_revinclude=Observation:performer', ['Practitioner/gp'], ['Observation/io1']),
        ('Patient?_id=nobody&_revinclude=Observation:subject', [], []),
    ]
    for query, matches, included in table:
        r = node.get(query)
        if r.is_(200):
            name = lambda x: x['resourceType'] + '/' + x['id']
            eq(sorted(map(name, r.matches)), matches, 'matches of ' + query)
            eq(sorted(map(name, r.included)), included, 'included by ' + query)
            modes = [e['search']['mode'] for e in r.json.get('entry', [])]
            eq(modes, sorted(modes, reverse=True), 'matches come first')
    page = node.get('Patient?family=included&_count=1&_total=accurate&_revinclude=Observation:subject')
    eq((page.json['total'], len(page.matches)), (2, 1), 'included resources do not count')
    for bad in ('_include=Observation:code', '_include=Patient:nonsense', '_include=x', '_include=Observation:subject',
                '_revinclude=Observation:based-on', '_include=Patient:general-practitioner:Patient',
                '_include:sometimes=Patient:link', '_include=', '_revinclude=Nothing:subject', '_revinclude=Observation:code'):
        node.get('Patient?' + bad).refused(400)


def test_post_search(node):
    """search.html#Introduction: POST [type]/_search, parameters in the form, the URL, or both."""
    form = 'application/x-www-form-urlencoded'
    for path, body in (('Patient/_search', 'family=chalmers&given=eve'), ('Patient/_search?family=chalmers', 'given=eve'),
                       ('Patient/_search?family=chalmers&given=eve', None), ('Patient/_search?family=chalmers&given=eve', ''),
                       ('Patient/_search', 'family=Chalmers&given=Ev%65')):
        r = node.request('POST', path, body, Content_Type=form)
        r.is_(200)
        eq(r.ids, ['eve'], 'POST %s %s' % (path, body))
    paged = node.request('POST', 'Patient/_search', 'family=counted&_count=20', Content_Type=form + '; charset=UTF-8')
    eq(len(paged.matches), 20, 'a page')
    eq(len(node.get(paged.link('next')).matches), 3, 'next is a GET')
    node.request('POST', 'Patient/_search', '{}', Content_Type=kith.FHIR_JSON).refused(415, None, 'form-urlencoded')
    node.request('POST', 'Patient/_search', 'nonsense=1', Content_Type=form).refused(400, None, 'nonsense')
    node.request('POST', 'Patient/_search', '_format=ttl', Content_Type=form).refused(406, None, 'ttl')
    shown = node.request('POST', 'Patient/_search', '_count=1&_pretty=true', Content_Type=form)
    ok(shown.body.startswith(b'{\n  "resourceType"'), 'a pretty one', shown.body[:40])
    inside = node.request('POST', 'Patient/i1/Observation/_search', '_id=io1', Content_Type=form)
    inside.is_(200)
    eq(inside.ids, ['io1'], 'in a compartment')


def test_compartments(node):
    """search.html: GET [base]/Patient/x/Observation; compartmentdefinition.html."""
    node.create({'resourceType': 'Encounter', 'id': 'enc', 'status': 'finished', 'subject': {'reference': 'Patient/i1'},
                 'class': {'code': 'AMB'}, 'participant': [{'individual': {'reference': 'Practitioner/gp'}}]})
    node.create(observation('Patient/i1', id='inenc', encounter={'reference': 'Encounter/enc'}))
    node.create({'resourceType': 'Device', 'id': 'dev', 'patient': {'reference': 'Patient/i1'}})
    node.create(observation('Patient/i2', id='bydev', device={'reference': 'Device/dev'},
                            performer=[{'reference': 'Patient/i1'}]))
    table = [
        ('Patient/i1/Observation', ['inenc', 'io1', 'io2', 'bydev']), ('Patient/i1/Observation?_id=io1', ['io1']),
        ('Patient/i2/Observation', ['io3', 'bydev']), ('Patient/i2/Observation?status=preliminary', ['io3']),
        ('Patient/i1/Encounter', ['enc']), ('Patient/i1/Patient', ['i1']), ('Patient/nobody/Observation', []),
        ('Practitioner/gp/Observation', ['io1']), ('Practitioner/gp/Encounter', ['enc']),
        ('Practitioner/gp/Patient', ['i1', 'i2']), ('Encounter/enc/Observation', ['inenc']), ('Encounter/enc/Encounter', ['enc']),
        ('Device/dev/Observation', ['bydev']),
    ]
    for query, expected in table:
        r = found(node, query, expected)
        within(r.link('self'), '/fhir/' + query.split('?')[0], 'self of ' + query)
    eq(len(node.pages('Patient/i1/Observation?_count=1')), 4, 'pages of a compartment')
    node.get('Patient/i1/Organization').refused(404)
    node.get('Organization/x/Patient').refused(404)
    node.get('Patient/i1/Nonsense').refused(404, 'not-found', 'Nonsense')


def test_refused(node):
    """search.html: what is not understood is refused, never ignored; the words say what would be right."""
    table = [
        ('Patient?nonsense=1', 'nonsense.*birthdate'), ('Patient?Family=x', 'Family'), ('Observation?name=x', 'name'),
        ('Patient?gender:exact=male', 'exact'), ('Patient?birthdate:contains=1', 'contains'), ('Patient?family:not=x', 'not'),
        ('Patient?birthdate:missing=maybe', 'true or false'), ('Patient?family:nonsense=x', 'nonsense'),
        ('Patient?general-practitioner.nonsense=Joe', 'nonsense'), ('Patient?gender.name=Joe', 'reference'),
        ('Patient?_has:Observation:patient:nonsense=1', 'nonsense'), ('Patient?_has:Observation:code:code=1', 'code'),
        ('Patient?_filter=x', '_filter'), ('Patient?_elements=nonsense', 'nonsense'), ('Patient?_explain=maybe', '_explain'),
        ('Patient?family=', 'family'), ('Patient?family=a,,b', 'family'), ('Patient?=x', ''), ('Patient?family', 'family'),
        ('Patient?family=%zz', '%'), ('Patient?family=%00', ''), ('Patient?family=%ff', 'UTF-8'),
        ('Patient?identifier=a|b|c', 'identifier'), ('Patient?identifier=|', 'identifier'),
        ('Patient?_id=' + 'x' * 65, '_id'), ('Patient?' + '&'.join('family=a' for _ in range(300)), '200'),
        ('Patient?family=' + ','.join('a' for _ in range(2500)), '2000'),
    ]
    for query, words in table:
        node.get(query).refused(400, None, words)
    node.get('Patient?family=' + 'x' * 5000).is_(200, 'a long value is only a long value')
    node.get('Patient?&&family=eve&').is_(200, 'empty items are skipped')


def test_parallel_searches(node):
    """Sixteen at once all see the same."""
    def work(i):
        return [tuple(node.get('Patient?family=counted&_sort=given').ids) for _ in range(10)]
    eq(len({ids for result in kith.in_threads(16, work) for ids in result}), 1, 'the same answer')


kith.main(globals())
