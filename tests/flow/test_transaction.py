"""batch and transaction (R4 http.html#transaction, bundle.html, http.html#trules)."""

import copy

import kith
from kith import bundle, check_outcome, entry, eq, observation, ok, patient, within

SYSTEM = 'http://acme.org/mrns'


def uuid(n):
    return 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e3009%05x' % n


def has(value, **more):
    return dict({'identifier': [{'system': SYSTEM, 'value': value}]}, **more)


def counts(node):
    return node.get('_history?_count=0').json['total']


def located(reply, at):
    """'Type/id' of an answer."""
    return reply.json['entry'][at]['response']['location'].split('/fhir/')[1].split('/_history')[0]


def statuses(reply):
    return [e['response']['status'][:3] for e in reply.json.get('entry', [])]


def test_a_visit(node):
    """urn:uuid references in any order of entries, also in circles."""
    sent = bundle(
        'transaction',
        entry('POST', 'Observation', observation(uuid(1), encounter={'reference': uuid(2)},
                                                 performer=[{'reference': uuid(3)}]), uuid(4)),
        entry('POST', 'Encounter', {
            'resourceType': 'Encounter', 'status': 'finished', 'subject': {'reference': uuid(1)},
            'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'AMB'}}, uuid(2)),
        entry('POST', 'Patient', patient(generalPractitioner=[{'reference': uuid(3)}],
                                         link=[{'other': {'reference': uuid(5)}, 'type': 'seealso'}]), uuid(1)),
        entry('POST', 'Practitioner', {'resourceType': 'Practitioner', 'name': [{'family': 'Careful'}]}, uuid(3)),
        entry('POST', 'Patient', patient(link=[{'other': {'reference': uuid(1)}, 'type': 'seealso'}]), uuid(5)))
    r = node.post('', sent)
    r.is_(200)
    eq((r.json['resourceType'], r.json['type']), ('Bundle', 'transaction-response'), 'the reply')
    eq(statuses(r), ['201'] * 5, 'all are created, in the order of the request')
    names = [located(r, i) for i in range(5)]
    eq([n.split('/')[0] for n in names], ['Observation', 'Encounter', 'Patient', 'Practitioner', 'Patient'], 'order')
    for e in r.json['entry']:
        eq(e['response']['etag'], 'W/"1"', 'etag')
        within(e['response']['lastModified'], kith.INSTANT.pattern, 'lastModified')
        within(e['response']['location'], '/_history/1$', 'location')
    o, p, q = (node.get(names[i]).json for i in (0, 2, 4))
    eq(o['subject']['reference'], names[2], 'subject')
    eq(o['encounter']['reference'], names[1], 'encounter')
    eq(o['performer'][0]['reference'], names[3], 'performer')
    eq(p['link'][0]['other']['reference'], names[4], 'a circle, there')
    eq(q['link'][0]['other']['reference'], names[2], 'and back')
    eq(len({node.get(n).json['meta']['lastUpdated'][:16] for n in names}), 1, 'at one time')


def test_what_is_rewritten(node):
    """http.html#trules: references, uri, url, oid, uuid and canonical elements, and links in narrative; nothing else."""
    div = ('<div xmlns="http://www.w3.org/1999/xhtml"><a href="%s">a</a><img src="%s" alt="%s"/>%s</div>'
           % (uuid(1), uuid(2), 'x', uuid(9)))
    sent = bundle(
        'transaction',
        entry('POST', 'Patient', {
            'resourceType': 'Patient',
            'text': {'status': 'additional', 'div': div},
            'contained': [{'resourceType': 'Organization', 'id': 'in', 'name': uuid(1), 'partOf': {'reference': '#up'}},
                          {'resourceType': 'Organization', 'id': 'up', 'name': 'up'}],
            'extension': [
                {'url': 'http://example.org/e1', 'valueUri': uuid(2)},
                {'url': 'http://example.org/e2', 'valueString': uuid(2)},
                {'url': 'http://example.org/e3', 'valueReference': {'reference': uuid(2), 'display': uuid(2)}},
                {'url': 'http://example.org/e4', 'valueUrl': uuid(2)},
                {'url': 'http://example.org/e5', 'valueUri': uuid(77)}],
            'identifier': [{'system': 'urn:ietf:rfc:3986', 'value': uuid(2)}],
            'managingOrganization': {'reference': '#in'},
            'generalPractitioner': [{'reference': 'http://elsewhere.example.org/fhir/Practitioner/1'},
                                    {'reference': 'Practitioner/kept'}, {'display': 'by name'},
                                    {'identifier': {'system': SYSTEM, 'value': 'logical'}}]}, uuid(1)),
        entry('POST', 'Binary', {'resourceType': 'Binary', 'contentType': 'image/png', 'data': 'YWJj'}, uuid(2)))
    r = node.post('', sent)
    if not r.is_(200):
        return
    binary, p = located(r, 1), node.get(located(r, 0)).json
    eq(p['extension'][0]['valueUri'], binary, 'a uri is rewritten')
    eq(p['extension'][1]['valueString'], uuid(2), 'a string is not')
    eq(p['extension'][2]['valueReference'], {'reference': binary, 'display': uuid(2)}, 'a reference; not its display')
    eq(p['extension'][3]['valueUrl'], binary, 'a url is rewritten')
    eq(p['extension'][4]['valueUri'], uuid(77), 'a uri that is no fullUrl stays')
    eq(p['identifier'][0]['value'], uuid(2), 'Identifier.value is a string and stays')
    eq(p['contained'], sent['entry'][0]['resource']['contained'], 'contained resources stay')
    eq(p['managingOrganization']['reference'], '#in', 'references to contained resources stay')
    eq(p['generalPractitioner'], sent['entry'][0]['resource']['generalPractitioner'], 'other references stay')
    within(p['text']['div'], 'href="%s"' % located(r, 0), 'href in the narrative')
    within(p['text']['div'], 'src="%s"' % binary, 'src in the narrative')
    within(p['text']['div'], uuid(9), 'text in the narrative stays')


def test_full_urls(node):
    """RESTful fullUrls: absolute and relative references between entries (bundle.html#references)."""
    base = 'http://example.org/fhir/'
    sent = bundle(
        'transaction',
        entry('POST', 'Patient', patient('Restful'), base + 'Patient/12'),
        entry('POST', 'Observation', observation('Patient/12'), base + 'Observation/1'),
        entry('POST', 'Observation', observation(base + 'Patient/12'), base + 'Observation/2'),
        entry('POST', 'Observation', observation('http://other.example.org/fhir/Patient/12'), base + 'Observation/3'),
        entry('POST', 'Observation', observation('Patient/12'), uuid(4)))
    r = node.post('', sent)
    r.is_(200)
    p = located(r, 0)
    eq([node.get(located(r, i)).json['subject']['reference'] for i in range(1, 5)],
       [p, p, 'http://other.example.org/fhir/Patient/12', 'Patient/12'], 'references by fullUrl')
    put = node.post('', bundle('transaction',
                               entry('PUT', 'Patient/by-put', patient(id='by-put'), uuid(1)),
                               entry('POST', 'Observation', observation(uuid(1)))))
    eq(node.get(located(put, 1)).json['subject']['reference'], 'Patient/by-put', 'the fullUrl of a PUT')


def test_all_methods(node):
    """DELETE, POST, PUT, GET in one bundle; reads see the result (http.html#trules); the order of the answers."""
    node.create(patient('Old', id='m-del'))
    node.create(patient('Old', id='m-put'))
    node.create(patient('Old', id='m-get'))
    r = node.post('', bundle(
        'transaction',
        entry('GET', 'Patient/m-put'),
        entry('GET', 'Patient?family=methodical&_total=accurate'),
        entry('PUT', 'Patient/m-put', patient('Methodical', id='m-put'), ifMatch='W/"1"'),
        entry('POST', 'Patient', patient('Methodical')),
        entry('DELETE', 'Patient/m-del'),
        entry('GET', 'Patient/m-get/_history/1'),
        entry('PUT', 'Patient?' + 'identifier=%s|cu' % SYSTEM, patient('Conditional', **has('cu'))),
        entry('DELETE', 'Patient?identifier=%s|nobody' % SYSTEM),
        entry('HEAD', 'Patient/m-get')))
    r.is_(200)
    eq(statuses(r), ['200', '200', '200', '201', '204', '200', '201', '204', '200'], 'statuses')
    answers = r.json['entry']
    eq(answers[0]['resource']['name'][0]['family'], 'Methodical', 'a read sees what the transaction wrote')
    eq((answers[1]['resource']['type'], answers[1]['resource']['total']), ('searchset', 2), 'a search too')
    eq([('resource' in a) for a in answers[2:5]], [False] * 3, 'writes give no resource unless asked for')
    eq(answers[5]['resource']['id'], 'm-get', 'vread')
    node.get('Patient/m-del').refused(410)
    full = node.post('', bundle('transaction', entry('POST', 'Patient', patient('Full')),
                                entry('DELETE', 'Patient/m-get')), Prefer='return=representation')
    eq(full.json['entry'][0]['resource']['name'][0]['family'], 'Full', 'return=representation')
    before = counts(node)
    for read, status in (('Patient/m-nobody', 404), ('Patient/m-del', 410), ('Patient?nonsense=1', 400), ('Patient/m-put', 410),
                         ('Patient/m-put/_history/9', 404), ('metadata?x=1', 400), ('Nothing/1', 404)):
        node.post('', bundle('transaction', entry('POST', 'Patient', patient()), entry('GET', read),
                             entry('DELETE', 'Patient/m-put'))).refused(status, None, 'nothing of the transaction')
    eq(counts(node), before, 'a read that cannot succeed fails the whole')
    new = node.post('', bundle('transaction', entry('GET', 'Patient/m-new'), entry('PUT', 'Patient/m-new', patient(id='m-new')),
                               entry('GET', 'Patient/m-new/_history')))
    new.is_(200, 'a read of what the transaction makes')
    eq(new.json['entry'][2]['resource']['total'], 1, 'its history')


def test_conditional_create(node):
    """ifNoneExist, and references to the entry it stands for (http.html#trules)."""
    org = has('org-1', resourceType='Organization', name='Acme')
    sent = bundle(
        'transaction',
        entry('POST', 'Organization', org, uuid(1), ifNoneExist='identifier=%s|org-1' % SYSTEM),
        entry('POST', 'Patient', patient(managingOrganization={'reference': uuid(1)}), uuid(2)))
    first, second = node.post('', sent), node.post('', sent)
    eq(statuses(first), ['201', '201'], 'created')
    eq(statuses(second), ['200', '201'], 'found')
    eq(located(first, 0), located(second, 0), 'the same organisation')
    for r in (first, second):
        eq(node.get(located(r, 1)).json['managingOrganization']['reference'], located(first, 0), 'referred to')
    node.create(dict(org, name='Twin'))
    before = counts(node)
    node.post('', sent).refused(412, 'multiple-matches', None, 'Bundle.entry[0].request')
    eq(counts(node), before, 'nothing is stored')
    twice = node.post('', bundle(
        'transaction',
        entry('POST', 'Observation', observation(uuid(2))),
        entry('POST', 'Patient', patient(**has('twice')), uuid(1), ifNoneExist='identifier=%s|twice' % SYSTEM),
        entry('POST', 'Patient', patient(**has('twice')), uuid(2), ifNoneExist='identifier=%s|twice' % SYSTEM)))
    eq(statuses(twice), ['201', '201', '200'], 'twice the same: the second finds the first')
    eq(node.total('Patient?identifier=%s|twice' % SYSTEM), 1, 'one patient')
    eq(twice.json['entry'][1]['response']['location'], twice.json['entry'][2]['response']['location'], 'one location')
    eq(node.get(located(twice, 0)).json['subject']['reference'], located(twice, 1), 'references to either are to it')


def test_conditional_references(node):
    """Patient?identifier=... in a reference: to what is stored, or to what the bundle itself makes."""
    node.create(patient('Stored', id='c-stored', **has('stored')))
    for target, expected in (('Patient?identifier=%s|stored' % SYSTEM, 'Patient/c-stored'),
                             ('Patient?identifier=%s%%7Cstored' % SYSTEM, 'Patient/c-stored'),
                             ('Patient?_id=c-stored', 'Patient/c-stored'),
                             ('Patient?family=stored&identifier=%s|' % SYSTEM, 'Patient/c-stored')):
        r = node.post('', bundle('transaction', entry('POST', 'Observation', observation(target))))
        if r.is_(200, target):
            eq(node.get(located(r, 0)).json['subject']['reference'], expected, target)
    own = node.post('', bundle(
        'transaction',
        entry('POST', 'Observation', observation('Patient?identifier=%s|own' % SYSTEM)),
        entry('POST', 'Patient', patient('Own', **has('own')))))
    own.is_(200, 'to what the bundle makes')
    eq(node.get(located(own, 0)).json['subject']['reference'], located(own, 1), 'the bundle\'s own patient')
    before = counts(node)
    nothing = node.post('', bundle(
        'transaction',
        entry('POST', 'Patient', patient('Never')),
        entry('POST', 'Observation', observation('Patient?identifier=%s|nobody' % SYSTEM))))
    nothing.refused(412, None, 'nobody', 'Bundle.entry[1].resource.subject.reference')
    two = node.post('', bundle(
        'transaction',
        entry('POST', 'Patient', patient('Twin', **has('twin'))),
        entry('POST', 'Patient', patient('Twin', **has('twin'))),
        entry('POST', 'Observation', observation('Patient?identifier=%s|twin' % SYSTEM))))
    two.refused(412, 'multiple-matches', 'more than one')
    wrong = node.post('', bundle('transaction', entry('POST', 'Observation', observation('Patient?nonsense=1'))))
    wrong.refused(400, None, 'nonsense')
    type = node.post('', bundle('transaction', entry('POST', 'Observation', observation('Practitioner?name=x'))))
    type.refused(400)
    eq(counts(node), before, 'nothing is stored')


def test_all_or_nothing(node):
    """One bad entry, at any place: nothing is stored, and the outcome says which entry it was."""
    node.create(patient(id='aon'))
    bad = [
        (entry('POST', 'Patient', {'resourceType': 'Patient', 'gender': 'M'}), 400, 'Bundle.entry[%d].resource.gender'),
        (entry('POST', 'Patient', {'resourceType': 'Patient', 'name': [{}, {'nome': 'x'}]}), 400, None),
        (entry('POST', 'Patient', {'resourceType': 'Person'}), 400, None),
        (entry('POST', 'Patient'), 400, 'Bundle.entry[%d].request'),
        (entry('POST', 'Patent', {'resourceType': 'Patent'}), 404, 'Bundle.entry[%d].request'),
        (entry('PUT', 'Patient/x', patient(id='y')), 400, None),
        (entry('PUT', 'Patient/aon', patient(id='aon'), ifMatch='W/"7"'), 412, None),
        (entry('DELETE', 'Patient/aon', ifMatch='W/"7"'), 412, None),
        (entry('PUT', 'Patient/aon', patient(id='aon'), ifNoneMatch='*'), 412, None),
        (entry('PUT', 'Patient', patient()), 400, None),
        (entry('DELETE', 'Patient'), 400, None),
        (entry('PATCH', 'Patient/aon', {'resourceType': 'Binary', 'contentType': 'application/json-patch+json'}), 400, 'Bundle.entry[%d].resource.data'),
        (entry('FETCH', 'Patient/aon'), 400, None),
        (entry('POST', '', bundle('batch')), 400, None),
        (entry('GET', 'http://elsewhere.example.org/fhir/Patient/1'), 400, None),
        (entry('POST', 'Observation', observation(uuid(4711))), 400, 'Bundle.entry[%d].resource.subject.reference'),
        (entry('POST', 'Observation', observation('#nothing')), 400, None),
        (entry('POST', 'Patient', patient(), ifNoneExist='nonsense=1'), 400, None),
        ({'resource': patient()}, 400, 'Bundle.entry[%d]'),
        ({'request': {'method': 'POST'}, 'resource': patient()}, 400, None),
        ({'request': {'url': 'Patient'}, 'resource': patient()}, 400, None),
        ({'request': 'POST', 'resource': patient()}, 400, 'Bundle.entry[%d]'),
        ('POST', 400, 'Bundle.entry[%d]'),
        (dict(entry('POST', 'Patient', patient()), requests=1), 400, 'Bundle.entry[%d]'),
        (entry('POST', 'Patient', 'patient'), 400, None),
        (entry('POST', 'Patient', patient(), ifNoneExists='identifier=1'), 400, None),
    ]
    before = counts(node)
    for e, status, place in bad:
        for at in (0, 2):
            entries = [entry('POST', 'Patient', patient('Good'), uuid(i)) for i in range(3)]
            entries[at] = e
            r = node.post('', bundle('transaction', *copy.deepcopy(entries)))
            r.refused(status, None, 'nothing of the transaction', place % at if place else None)
            if not place:
                places = [x for i in r.issues for x in i.get('expression', [])]
                ok(any(x.startswith('Bundle.entry[%d]' % at) for x in places), 'the place is entry %d: %r' % (at, e), places)
    eq(counts(node), before, 'nothing was stored')


def test_same_identity_twice(node):
    """http.html#trules: the same resource may be meant by one entry only."""
    node.create(patient(id='dup', **has('dup')))
    cases = [
        [entry('PUT', 'Patient/dup', patient('A', id='dup')), entry('PUT', 'Patient/dup', patient('B', id='dup'))],
        [entry('PUT', 'Patient/dup', patient('A', id='dup')), entry('DELETE', 'Patient/dup')],
        [entry('DELETE', 'Patient/dup'), entry('DELETE', 'Patient/dup')],
        [entry('PUT', 'Patient/dup', patient('A', id='dup')),
         entry('PUT', 'Patient?identifier=%s|dup' % SYSTEM, patient('B', **has('dup')))],
        [entry('DELETE', 'Patient?identifier=%s|dup' % SYSTEM), entry('PUT', 'Patient/dup', patient('A', id='dup'))],
        [entry('POST', 'Patient', patient(), uuid(1)), entry('POST', 'Patient', patient(), uuid(1))],
        # Nothing matches yet, but both would create what the search means.
        [entry('PUT', 'Patient?identifier=%s|none' % SYSTEM, patient(v, **has('none'))) for v in 'AB'],
        [entry('POST', 'Patient', patient('A', **has('none')), ifNoneExist='identifier=%s|none' % SYSTEM),
         entry('PUT', 'Patient?identifier=%s|none' % SYSTEM, patient('B', **has('none')))],
    ]
    before = counts(node)
    for entries in cases:
        node.post('', bundle('transaction', *entries)).refused(400, 'duplicate')
    eq(counts(node), before, 'nothing was stored')
    r = node.post('', bundle('transaction', entry('DELETE', 'Patient/dup'),
                             entry('POST', 'Patient', patient('New', **has('dup')),
                                   ifNoneExist='identifier=%s|dup' % SYSTEM)))
    r.is_(200, 'deletes come first')
    eq(statuses(r), ['204', '201'], 'so the conditional create makes a new one')


def test_the_bundle_itself(node):
    for body, status, words in (
            (bundle('collection', entry('POST', 'Patient', patient())), 400, 'batch or transaction'),
            (patient(), 400, 'POST'),
            (bundle('transactions'), 400, ''),
            ({'resourceType': 'Bundle'}, 400, ''),
            ('', 400, 'body'),
            (dict(bundle('transaction'), entry={}), 400, 'array'),
            (dict(bundle('transaction'), entries=[]), 400, 'entries'),
            ('{"resourceType":"Bundle","type":"batch","type":"transaction"}', 400, '')):
        node.post('', body).refused(status, None, words)
    for type in ('transaction', 'batch'):
        r = node.post('', bundle(type))
        r.is_(200, 'an empty %s' % type)
        eq(r.json, {'resourceType': 'Bundle', 'type': type + '-response'}, 'its reply')
        node.post('/fhir/', bundle(type)).is_(200, 'with a slash at the end')
    node.post('', bundle('transaction'), Content_Type='text/turtle').refused(415)
    stored = node.post('Bundle', bundle('transaction', entry('POST', 'Patient', patient('Not stored'))))
    stored.is_(201, 'a bundle posted to /Bundle is only kept')
    eq(node.total('Patient?family=not+stored'), 0, 'and not carried out')
    node.post('?x=1', bundle('transaction')).refused(400, None, 'x')


def test_conditions_are_read_or_refused(node):
    """A condition that cannot be read must not count as absent."""
    node.create(patient(id='cond'))
    put = entry('PUT', 'Patient/cond', patient('Other', id='cond'))
    cases = [
        entry('PUT', 'Patient/cond', patient('Other', id='cond'), ifMatch=9),
        entry('PUT', 'Patient/cond', patient('Other', id='cond'), ifNoneMatch=['*']),
        entry('PUT', 'Patient/cond', patient('Other', id='cond'), ifNoneExist='identifier=%s|cond' % SYSTEM),
        entry('POST', 'Patient', patient('Other'), ifNoneExist={}),
        entry('GET', 'Patient/cond', ifModifiedSince='yesterday'),
        dict(put, fullUrl=5),
        dict(put, modifierExtension=[{'url': 'http://example.org/not', 'valueBoolean': True}]),
    ]
    before = counts(node)
    r = node.post('', bundle('batch', *cases))
    r.is_(200)
    eq(statuses(r), ['400'] * len(cases), 'each is refused')
    for case in cases:
        node.post('', bundle('transaction', case)).refused(400)
    eq(counts(node), before, 'nothing was stored')
    at = node.get('Patient/cond').json['meta']['lastUpdated']
    r = node.post('', bundle('batch', entry('GET', 'Patient/cond', ifModifiedSince=at),
                             entry('GET', 'Patient/cond', ifModifiedSince='2001-01-01T00:00:00Z')))
    eq(statuses(r), ['304', '200'], 'ifModifiedSince')


def test_answers_have_a_limit(node):
    """Many large answers: those that fit, an outcome for each that does not, and JSON all the same."""
    with kith.scratch() as folder:
        small = kith.Node(folder + '/n', '--limit', 'request_memory=8388608').start()
        r = small.post('', bundle('batch', *[entry('GET', 'metadata')] * 40))
        r.is_(200)
        found = statuses(r)
        ok('200' in found and '503' in found, 'some fit, some do not', found)
        for e in r.json['entry']:
            eq('resource' in e, e['response']['status'][:3] == '200', 'an answer is whole or none')
        small.post('', bundle('transaction', entry('POST', 'Patient', patient()),
                              *[entry('GET', 'metadata')] * 40)).refused(503)
        eq(small.total('Patient'), 0, 'and a transaction is decided before anything is stored')
        small.finish()


def test_memory_runs_out(node):
    """Wherever it does: refused as a whole or entry by entry, and the node goes on."""
    with kith.scratch() as folder:
        small = kith.Node(folder + '/n', '--limit', 'request_memory=4194304').start()
        found = set()
        for n in range(300, 2400, 60):
            entries = [entry('POST', 'Patient', patient(**has('%d-%d' % (n, i)))) if i % 2 else
                       entry('DELETE', 'Patient/nobody-%d' % i) for i in range(n)]
            for type in ('batch', 'transaction'):
                r = small.post('', bundle(type, *entries))
                ok(r.status in (200, 503), '%s of %d' % (type, n), r.status)
                found |= {str(r.status)} | set(statuses(r))
        ok({'201', '503'} <= found, 'both were seen', found)
        small.finish()


def test_batch(node):
    """Each entry is on its own (http.html#brules)."""
    node.create(patient(id='b1'))
    r = node.post('', bundle(
        'batch',
        entry('POST', 'Patient', patient('Fine', **has('b'))),
        entry('POST', 'Patient', {'resourceType': 'Patient', 'gender': 'M'}),
        entry('GET', 'Patient/b1'),
        entry('GET', 'Patient/nobody'),
        entry('PUT', 'Patient/b2', patient('Put', id='b2')),
        entry('DELETE', 'Patient/nobody'),
        entry('PATCH', 'Patient/b1', {'resourceType': 'Binary', 'contentType': 'x/y'}),
        entry('GET', 'Patient?family=chalmers&_summary=count'),
        entry('POST', '', bundle('batch')),
        entry('PUT', 'Patient/b1', patient('Wrong', id='b1'), ifMatch='W/"9"'),
        entry('GET', 'Patient/b1', ifNoneMatch='W/"1"'),
        {'resource': patient()},
        entry('GET', 'metadata'),
        entry('POST', 'Observation', observation('Patient?identifier=%s|b' % SYSTEM)),
        entry('POST', 'Patient/_search?family=put')))
    r.is_(200)
    eq(r.json['type'], 'batch-response', 'type')
    eq(statuses(r), ['201', '400', '200', '404', '201', '204', '415', '200', '400', '412', '304', '400', '200', '400',
                     '200'], 'statuses')
    for i, e in enumerate(r.json['entry']):
        if e['response']['status'] >= '4':
            check_outcome(e['response']['outcome'], 'entry %d' % i)
            ok('resource' not in e and 'location' not in e['response'], 'entry %d has only its outcome' % i)
    eq(r.json['entry'][2]['resource']['id'], 'b1', 'a read')
    eq(r.json['entry'][12]['resource']['resourceType'], 'CapabilityStatement', 'metadata')
    eq(r.json['entry'][7]['resource']['type'], 'searchset', 'a search')
    node.get('Patient/b2').is_(200)
    same = entry('POST', 'Patient', patient(**has('b-none')), ifNoneExist='identifier=%s|b-none' % SYSTEM)
    r = node.post('', bundle('batch', same, same, same))
    eq(sorted(statuses(r)), ['200', '200', '201'], 'three times the same conditional create')
    eq(node.total('Patient?identifier=%s|b-none' % SYSTEM), 1, 'one resource')
    twice = node.post('', bundle('batch', entry('PUT', 'Patient/b3', patient('A', id='b3')),
                                 entry('PUT', 'Patient/b3', patient('B', id='b3'))))
    eq(sorted(statuses(twice)), ['200', '201'], 'the same resource twice in a batch')
    eq(node.get('Patient/b3').etag, 'W/"2"', 'two versions')


def test_a_large_one(node):
    """2,000 entries that refer to one patient, in one step."""
    entries = [entry('POST', 'Observation', observation(uuid(1), valueInteger=i)) for i in range(2000)]
    entries.insert(1000, entry('POST', 'Patient', patient('Large'), uuid(1)))
    r = node.post('', bundle('transaction', *entries))
    r.is_(200)
    eq(set(statuses(r)), {'201'}, 'all are created')
    name = located(r, 1000)
    eq(node.total('Observation?subject=' + name), 2000, 'all refer to the patient')


def test_many_conditional_references(node):
    """Each of 1,500 means another resource of the same transaction."""
    n = 1500
    doctors = [entry('POST', 'Practitioner', {'resourceType': 'Practitioner', **has('doc-%d' % i)}) for i in range(n)]
    people = [entry('POST', 'Patient', patient(generalPractitioner=[
        {'reference': 'Practitioner?identifier=%s|doc-%d' % (SYSTEM, i)}])) for i in range(n)]
    r = node.post('', bundle('transaction', *people, *doctors))
    r.is_(200)
    eq(set(statuses(r)), {'201'}, 'all are created')
    for i in (0, 7, n - 1):
        found = node.get(located(r, i)).json['generalPractitioner'][0]['reference']
        eq(found, located(r, n + i), 'patient %d has the doctor that was meant' % i)


def test_long_words_are_cut_between_characters(node):
    """What an error repeats of the request stays UTF-8, wherever it has to be cut."""
    for start in ('', 'x', 'xy'):
        refused = node.post('', bundle('transaction', entry(
            'POST', 'Observation', observation('Patient?name=' + start + '\u0179' * 400))))
        refused.refused(412, None, 'matches nothing')


kith.main(globals())
