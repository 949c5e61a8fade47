"""GET [base]/metadata (R4 http.html#capabilities): what is claimed is there."""

import json

import kith
from kith import bundle, entry, eq, observation, ok, patient, within

VALUES = {'number': '1', 'date': '2020-01-01', 'string': 'x', 'token': 'x', 'reference': 'x', 'quantity': '1',
          'uri': 'http://example.org/x', 'special': '51.5|-0.1|10|km'}


def statement(node):
    return node.get('metadata').json


def test_statement(node):
    c = statement(node)
    for name, value in (('resourceType', 'CapabilityStatement'), ('status', 'active'), ('kind', 'instance'),
                        ('fhirVersion', '4.0.1')):
        eq(c[name], value, name)
    eq(c['implementation']['url'], node.fhir, 'the address')
    ok('application/fhir+json' in c['format'] and 'application/fhir+xml' in c['format'], 'formats', c['format'])
    eq(c['software']['name'], 'Kith', 'software')
    eq(len(c['rest']), 1, 'one rest')
    types = [r['type'] for r in c['rest'][0]['resource']]
    eq((len(types), types == sorted(types)), (len(set(types)), True), 'each type once, in order')
    ok(len(types) >= 145, 'all types of R4', len(types))
    eq(node.get('metadata?_format=json').json['rest'], c['rest'], '_format')
    eq(node.get('metadata?mode=full').json['rest'], c['rest'], 'mode=full')
    node.get('metadata', Accept='text/turtle').refused(406)


def test_it_is_valid(node):
    """Its own check takes it as a resource."""
    made = node.post('CapabilityStatement', statement(node))
    if made.is_(201):
        eq(kith.without_meta(made.json)['rest'], statement(node)['rest'], 'and keeps it')


def test_interactions(node):
    """Each interaction of each type answers as an existing type does."""
    calls = {
        'read': lambda t: node.get(t + '/none').refused(404, 'not-found'),
        'vread': lambda t: node.get(t + '/none/_history/1').refused(404, 'not-found'),
        'create': lambda t: node.post(t, '{}').refused(400),
        'update': lambda t: node.put(t + '/none', '{}').refused(400),
        'patch': lambda t: node.request('PATCH', t + '/none', '[]', Content_Type='application/json-patch+json').refused(404),
        'delete': lambda t: node.delete(t + '/none').is_(204),
        'history-instance': lambda t: node.get(t + '/none/_history').refused(404, 'not-found'),
        'history-type': lambda t: node.get(t + '/_history').is_(200),
        'search-type': lambda t: node.get(t + '?_count=1').is_(200),
    }
    for r in statement(node)['rest'][0]['resource']:
        codes = [i['code'] for i in r['interaction']]
        eq(sorted(codes), sorted(calls), 'interactions of ' + r['type'])
        for code in codes:
            calls[code](r['type'])
    system = [i['code'] for i in statement(node)['rest'][0]['interaction']]
    eq(sorted(system), ['batch', 'history-system', 'search-system', 'transaction'], 'interactions of the system')
    node.get('?_type=Patient').is_(200)
    node.get('_history').is_(200)


def test_claims_of_a_type(node):
    c = {r['type']: r for r in statement(node)['rest'][0]['resource']}
    for name, value in (('versioning', 'versioned-update'), ('readHistory', True), ('updateCreate', True),
                        ('conditionalCreate', True), ('conditionalRead', 'full-support'), ('conditionalUpdate', True),
                        ('conditionalDelete', 'single')):
        eq({r[name] for r in c.values()}, {value}, name)
    for r in c.values():
        eq(r['profile'], 'http://hl7.org/fhir/StructureDefinition/' + r['type'], 'profile')
    common = {'meta', 'meta-add', 'meta-delete', 'validate', 'ask', 'seal', 'unseal', 'release'}
    more = {'Patient': {'everything', 'export', 'match', 'summary', 'sharing', 'sharing-end', 'grant-access', 'preview', 'withheld',
                        'open', 'claim', 'legal-access', 'proxies', 'joined', 'move', 'proxies-end', 'query-access'}, 'Task': {'review', 'acknowledge', 'take', 'hand-over', 'answer', 'withdraw'}, 'Communication': {'withdraw'}, 'Subscription': {'status', 'events', 'topics', 'get-ws-binding-token'}, 'Group': {'export'}, 'Composition': {'document'},
            'ValueSet': {'expand', 'validate-code'}, 'CodeSystem': {'lookup', 'subsumes', 'validate-code'},
            'ConceptMap': {'translate'}, 'NamingSystem': {'preferred-id'}}
    more['Patient'] |= {'share-link', 'share-links', 'share-link-end'}
    for t, r in c.items():
        offered = [o['name'] for o in r['operation']]
        eq(set(offered), common | more.get(t, set()), 'operations of ' + t)
        eq(len(offered), len(set(offered)), 'each once: ' + t)
    eq([o['definition'].split('/')[-1] for o in c['Device']['operation']],
       ['Resource-meta', 'Resource-meta-add', 'Resource-meta-delete', 'Resource-validate', 'Resource-ask', 'Resource-seal', 'Resource-unseal',
        'Resource-release'], 'definitions')
    node.get('Device/$meta').is_(200)
    node.get('Device/none/$meta').refused(404)
    for name in ('add', 'delete'):
        node.post('Device/none/$meta-' + name, {'resourceType': 'Parameters', 'parameter': [
            {'name': 'meta', 'valueMeta': {'tag': [{'code': 'x'}]}}]}).refused(404)
    eq(statement(node)['patchFormat'], ['application/json-patch+json', 'application/fhir+json',
                                            'application/fhir+xml', 'application/xml-patch+xml'], 'patchFormat')


def value_of(p, types):
    if p['type'] in ('special', 'string') and p['name'] in ('_text', '_content'):
        return 'x'
    if p['type'] != 'composite':
        return VALUES[p['type']]
    parts = p['documentation'].split('$')
    ok(len(parts) >= 2, 'the parts of a composite', p)
    return '$'.join(VALUES[types.get(part, 'token')] for part in parts)


def test_system_parameters(node):
    """What is stated for all types at once can be asked of several."""
    words = {'_lastUpdated': 'gt2020', '_has': None, '_filter': '_id eq x', '_type': 'Patient'}
    for p in statement(node)['rest'][0]['searchParam']:
        value = words.get(p['name'], 'http://example.org/x' if p['type'] == 'uri' else 'x')
        if value:
            node.get('?_type=Patient,Observation&%s=%s' % (p['name'], value) if p['name'] != '_type'
                     else '?_type=Patient').is_(200, p['name'])
    node.get('?_type=Patient&_has:Observation:patient:status=final').is_(200)


def check_log_parameters(node, types):
    """AuditEvents are the access log: they are asked for by themselves, newest first."""
    ok({'_id', 'patient', 'date', 'agent'} <= set(types), 'what the log is searched by', types)
    for name, type in types.items():
        value = '1' if name == '_id' else '2020' if name == 'date' else VALUES[type]
        node.get('AuditEvent?%s=%s&_count=1&_sort=-date' % (name, value)).is_(200)
    node.get('AuditEvent?source=x').refused(400)


def test_search_parameters(node):
    """Every advertised parameter of every type can be searched and sorted by."""
    for r in statement(node)['rest'][0]['resource']:
        type = r['type']
        names = [p['name'] for p in r['searchParam']]
        types = {p['name']: p['type'] for p in r['searchParam']}
        eq(len(names), len(set(names)), 'each parameter once: ' + type)
        if type == 'AuditEvent':
            check_log_parameters(node, types)
            continue
        ok('_id' in names and '_lastUpdated' in names, '_id and _lastUpdated: ' + type, names)
        queries = []
        for p in r['searchParam']:
            within(p['definition'], '^http://hl7.org/fhir/SearchParameter/', 'definition of %s.%s' % (type, p['name']))
            if not ok(p['type'] in VALUES or p['type'] == 'composite', 'a type that is answered: %s.%s' % (type, p['name']), p):
                continue
            value = '2020' if p['name'] == '_lastUpdated' else value_of(p, types)
            queries.append(entry('GET', '%s?%s=%s&_count=1' % (type, p['name'], value)))
            if p['type'] not in ('composite', 'special') and p['name'] not in ('_text', '_content'):
                queries.append(entry('GET', '%s?_sort=-%s&_count=1' % (type, p['name'])))
        reply = node.post('', bundle('batch', *queries))
        for asked, answer in zip(queries, reply.json['entry']):
            ok(answer['response']['status'] == '200', asked['request']['url'], answer)


def test_includes(node):
    """Every advertised include and reverse include of some types."""
    node.create(patient(id='p'))
    node.create(observation('Patient/p', id='o'))
    types = {r['type']: r for r in statement(node)['rest'][0]['resource']}
    for type in ('Patient', 'Observation', 'Encounter', 'Organization', 'Practitioner', 'Provenance', 'Binary'):
        queries = [entry('GET', '%s?_include=%s' % (type, i)) for i in types[type].get('searchInclude', [])]
        queries += [entry('GET', '%s?_revinclude=%s' % (type, i)) for i in types[type].get('searchRevInclude', [])]
        ok(type == 'Binary' or queries, 'something is advertised: ' + type)
        reply = node.post('', bundle('batch', *queries))
        for asked, answer in zip(queries, reply.json.get('entry', [])):
            ok(answer['response']['status'] == '200', asked['request']['url'], answer)
    ok('Observation:subject' in types['Patient']['searchRevInclude'], 'Observation:subject')
    ok('Patient:general-practitioner' in types['Patient']['searchInclude'], 'Patient:general-practitioner')


def test_compartments(node):
    for url in statement(node)['rest'][0]['compartment']:
        name = url.split('/')[-1]
        type = name[0].upper() + name[1:]
        node.get('%s/none/Observation' % type).is_(200)


kith.main(globals())
