"""Search parameters that people add while the node serves (R4 searchparameter.html), and $reindex."""

import time

import kith
from kith import bundle, entry, eq, in_threads, observation, ok, patient

RACE = 'http://example.org/race'
EYES = 'http://example.org/eyes'


def parameter(code, expression, type='token', base=('Patient',), **more):
    return dict({'resourceType': 'SearchParameter', 'id': 'p-' + code, 'url': 'http://example.org/SearchParameter/' + code,
                 'name': code.replace('-', ''), 'status': 'active', 'description': 'x', 'code': code, 'base': list(base),
                 'type': type, 'expression': expression}, **more)


def extension(url, code):
    return {'url': url, 'valueCodeableConcept': {'coding': [{'system': 'http://codes', 'code': code, 'display': 'The ' + code}]}}


def states(node, id):
    reply = node.get('SearchParameter/%s/$status' % id)
    reply.is_(200)
    found = {}
    for p in reply.json['parameter']:
        if p['name'] == 'type':
            part = {x['name']: x.get('valueCode', x.get('valueDecimal')) for x in p['part']}
            if part['state'] in ('building', 'usable'):
                ok(part['done'] <= part['total'], 'progress is within its total', part)
                found[part['base']] = part['state']
    return found


def await_usable(node, id, *bases):
    until = time.monotonic() + 30
    while states(node, id) != {b: 'usable' for b in bases} and time.monotonic() < until:
        time.sleep(0.01)
    eq(states(node, id), {b: 'usable' for b in bases}, id + ' becomes usable')


def await_reindex(node):
    until = time.monotonic() + 60
    while True:
        reply = node.get('_reindex')
        reply.is_(200)
        found = {p['name']: p.get('valueCode', p.get('valueDecimal')) for p in reply.json['parameter']}
        if found['state'] == 'completed' or time.monotonic() > until:
            eq(found['state'], 'completed', '$reindex ends')
            return found
        time.sleep(0.01)


def test_people(node):
    for i in range(300):
        node.create(patient('Added%d' % i, id='a%d' % i, extension=[extension(RACE, 'r%d' % (i % 3))]))
    for i in range(60):
        node.create(observation('Patient/a%d' % i, id='o%d' % i, issued='2024-01-%02dT00:00:00Z' % (1 + i % 28),
                                extension=[{'url': 'http://example.org/by', 'valueReference': {'reference': 'Practitioner/d%d' % (i % 2)}}]))
    for i in range(2):
        node.create({'resourceType': 'Practitioner', 'id': 'd%d' % i, 'name': [{'family': 'Doctor%d' % i}]})


def test_unknown_before(node):
    node.get('Patient?race=r1').refused(400, 'invalid')


def test_added_and_built(node):
    node.create(parameter('race', "Patient.extension('%s')" % RACE))
    await_usable(node, 'p-race', 'Patient')
    eq(node.total('Patient?race=r1'), 100, 'built from what was there')
    eq(node.total('Patient?race=http://codes|r2'), 100, 'with its system')
    eq(node.total('Patient?race:not=r1'), 200, ':not')
    eq(node.total('Patient?race:missing=true'), 0, ':missing')
    eq(node.total('Patient?race:text=The r1'), 100, 'displays are built, too')
    node.create(patient('New', id='new', extension=[extension(RACE, 'r1')]))
    eq(node.total('Patient?race=r1'), 101, 'and a write gives it at once')
    node.create(patient('New', id='new', extension=[extension(RACE, 'r9')]))
    eq((node.total('Patient?race=r1'), node.total('Patient?race=r9')), (100, 1), 'an update changes it')
    node.delete('Patient/new').is_(204)
    eq(node.total('Patient?race=r9'), 0, 'a delete removes it')
    eq(node.total('Observation?subject:Patient.race=r1'), 20, 'behind a chain')
    eq(node.total('Patient?_has:Observation:patient:code=29463-7&race=r0'), 20, 'beside others')


def test_stated(node):
    rest = node.get('metadata').json['rest'][0]
    of = {r['type']: r for r in rest['resource']}
    found = [p for p in of['Patient']['searchParam'] if p['name'] == 'race']
    eq([(p['type'], p['definition']) for p in found], [('token', 'http://example.org/SearchParameter/race')], 'metadata lists it')
    ok(not [p for p in of['Observation']['searchParam'] if p['name'] == 'race'], 'of its type alone')


def test_refused(node):
    url = 'SearchParameter'
    node.post(url, parameter('gender', 'Patient.name', 'string')).refused(422, 'business-rule', 'already')
    node.post(url, parameter('x1', 'Patient.nothing')).refused(422, 'business-rule', 'character 9')
    node.post(url, parameter('x1', 'Patient.name.where(', 'string')).refused(422, 'business-rule', 'character')
    node.post(url, parameter('x1', 'Patient.name', 'date')).refused(422, 'business-rule')
    node.post(url, parameter('x1', 'Patient.name', 'composite')).refused(422, 'business-rule')
    node.post(url, parameter('x1', 'Observation.code')).refused(422, 'business-rule', 'Patient')
    node.post(url, parameter('race', 'Patient.gender')).refused(422, 'business-rule', 'p-race')
    node.post(url, parameter('x1', 'Patient.managingOrganization', 'reference', target=['Nothing'])).refused(400, 'code-invalid')
    node.post(url, parameter('x1', 'Patient.nothing', status='draft')).is_(201)
    standard = parameter('gender', 'Patient.gender', url='http://hl7.org/fhir/SearchParameter/individual-gender')
    standard['id'] = 'standards-own'
    node.put('SearchParameter/standards-own', standard).is_(201)
    reply = node.get('SearchParameter/standards-own/$status')
    reply.is_(200)
    eq(reply.json['parameter'][0]['valueCode'], 'unused', 'the standard\'s own is data')
    node.get('SearchParameter/absent/$status').refused(404)
    node.post('SearchParameter/p-race/$status', {}).refused(405)


def test_whole_of_fhirpath(node):
    """Expressions that no table has run on FHIRPath's engine: built, kept by writes, checked by $reindex."""
    node.create(parameter('kin', '(Patient.name | Patient.contact.name).family', 'string'))
    node.create(parameter('rank', "Patient.extension.where(url.endsWith('race') and value.coding.exists(code = 'r2')).exists()"))
    node.create(parameter('met', 'Observation.subject.where(resolve() is Patient or display.exists())', 'reference', ('Observation',),
                          target=['Patient']))
    await_usable(node, 'p-kin', 'Patient')
    await_usable(node, 'p-rank', 'Patient')
    await_usable(node, 'p-met', 'Observation')
    eq(node.total('Patient?rank=true'), 100, 'a truth of each')
    eq(node.total('Patient?rank=false'), node.total('Patient') - 100, 'and the others')
    eq(node.total('Patient?kin=Added7'), 11, 'by name')
    node.create(patient('Zed', id='zed', contact=[{'name': {'family': 'Kinsman'}}]))
    eq(node.total('Patient?kin=kinsman'), 1, 'or by contact, at once')
    node.create(patient('Zed', id='zed'))
    eq(node.total('Patient?kin=kinsman'), 0, 'until it changes')
    eq(node.total('Observation?met=Patient/a1'), 1, 'a reference')
    eq(node.total('Observation?met:Patient.family=Added1'), node.total('Observation?subject:Patient.family=Added1'), 'in a chain')
    node.post('$reindex', {'resourceType': 'Parameters'}).is_(202)
    found = await_reindex(node)
    eq((found['missing'], found['stale']), (0, 0), '$reindex finds the same entries')
    node.delete('Patient/zed').is_(204)
    for code in ('kin', 'rank', 'met'):
        node.delete('SearchParameter/p-' + code).is_(204)
    node.get('Patient?kin=x').refused(400, 'invalid')


def test_refused_on_the_engine(node):
    def refused(expression, words, type='token'):
        node.post('SearchParameter', parameter('x2', expression, type)).refused(422, 'business-rule', words)
    refused('Patient.name.where(nothing.exists()).use', 'character 20')
    refused('Patient.name.nothing()', 'character 14')
    refused('Patient.name.where(use = %none).use', 'no such variable')
    refused('Patient.where(birthDate < today()).gender', 'time of day')
    refused("Patient.gender.where(memberOf('http://v'))", ':in')
    refused('Patient.name.exists()', 'cannot take', 'date')


def test_two_bases(node):
    node.create(parameter('lang', 'Patient.language | Practitioner.language', base=('Practitioner', 'Patient')))
    await_usable(node, 'p-lang', 'Patient', 'Practitioner')
    node.create(patient('L', id='l1', language='cy'))
    node.create({'resourceType': 'Practitioner', 'id': 'l2', 'language': 'cy'})
    eq((node.total('Patient?lang=cy'), node.total('Practitioner?lang=cy')), (1, 1), 'one parameter, two types')
    node.create(parameter('lang', 'Patient.language | Practitioner.language'))
    await_usable(node, 'p-lang', 'Patient')
    eq(node.total('Patient?lang=cy'), 1, 'one base stays as it is')
    node.get('Practitioner?lang=cy').refused(400, 'invalid')


def test_every_type(node):
    node.create(parameter('lang-any', 'Resource.language', base=('DomainResource',)))
    until = time.monotonic() + 60
    while set(states(node, 'p-lang-any').values()) != {'usable'} and time.monotonic() < until:
        time.sleep(0.1)
    found = states(node, 'p-lang-any')
    eq(set(found.values()), {'usable'}, 'of every type')
    ok(len(found) > 140 and 'Bundle' not in found, 'all that are domain resources', len(found))
    eq((node.total('Patient?lang-any=cy'), node.total('Practitioner?lang-any=cy')), (1, 1), 'found')
    node.delete('SearchParameter/p-lang-any').is_(204)


def test_chain_and_include(node):
    node.create(parameter('by', "Observation.extension('http://example.org/by').value", 'reference', ('Observation',),
                          target=['Practitioner']))
    await_usable(node, 'p-by', 'Observation')
    eq(node.total('Observation?by=Practitioner/d1'), 30, 'a reference')
    eq(node.total('Observation?by.name=Doctor0'), 30, 'its one target needs no name in a chain')
    eq(node.total('Practitioner?_has:Observation:by:code=29463-7'), 2, 'backwards')
    eq(len(node.get('Observation?by=Practitioner/d1&_include=Observation:by&_count=40').included), 1, '_include')
    eq(len(node.get('Practitioner?_id=d1&_revinclude=Observation:by&_count=40').included), 30, '_revinclude')


def test_sort(node):
    node.create(parameter('sent', 'Observation.issued', 'date', ('Observation',)))
    await_usable(node, 'p-sent', 'Observation')
    got = [r['issued'] for page in node.pages('Observation?sent=ge2024-01-05&_sort=-sent&_count=7') for r in page.matches]
    eq(len(got), len([i for i in range(60) if i % 28 >= 4]), 'all of them')
    eq(got, sorted(got, reverse=True), 'in order')


def test_expression_changes(node):
    eq(node.total('Patient?race=r0'), 100, 'before')
    node.create(parameter('race', "Patient.extension('%s').value" % EYES))
    await_usable(node, 'p-race', 'Patient')
    eq(node.total('Patient?race=r0'), 0, 'the new expression is what counts')
    node.create(patient('Blue', id='blue', extension=[extension(EYES, 'blue')]))
    eq(node.total('Patient?race=blue'), 1, 'for new ones')
    node.create(parameter('race', "Patient.extension('%s').value" % RACE, description='back'))
    await_usable(node, 'p-race', 'Patient')
    eq((node.total('Patient?race=r0'), node.total('Patient?race=blue')), (100, 0), 'and back')


def test_words_alone_change(node):
    node.create(parameter('race', "Patient.extension('%s').value" % RACE, description='other words'))
    eq(states(node, 'p-race'), {'Patient': 'usable'}, 'nothing is built anew')
    eq(node.total('Patient?race=r0'), 100, 'nor lost')


def test_transaction(node):
    made = bundle('transaction',
                  entry('PUT', 'SearchParameter/p-mood', parameter('mood', 'Patient.maritalStatus')),
                  entry('PUT', 'Patient/t1', patient('T', id='t1', maritalStatus={'coding': [{'code': 'M'}]})))
    node.post('', made).is_(200)
    await_usable(node, 'p-mood', 'Patient')
    eq(node.total('Patient?mood=m'), 1, 'what came with it is found')
    bad = bundle('transaction', entry('POST', 'SearchParameter', parameter('oops', 'Patient.none')))
    node.post('', bad).refused(422, 'business-rule')


def test_conditional_by_it(node):
    one = patient('C', maritalStatus={'coding': [{'code': 'W'}]})
    node.post('Patient', one, If_None_Exist='mood=w').is_(201)
    node.post('Patient', one, If_None_Exist='mood=w').is_(200)


def test_waiting(node):
    """While it is built, queries say so, or leave it out where they may; it is always one or the other."""
    def ask(i):
        seen = set()
        for _ in range(60):
            reply = node.get('Patient?waits=r1&_total=accurate&_count=0')
            if reply.status == 200:
                seen.add(reply.json['total'])
            else:
                ok(reply.status in (400, 503), 'not there yet', reply.body)
        ok(seen <= {100}, 'whole or not at all', seen)
    def put(i):
        if i == 0:
            node.create(parameter('waits', "Patient.extension('%s').value" % RACE))
            await_usable(node, 'p-waits', 'Patient')
        else:
            ask(i)
    in_threads(4, put)
    eq(node.total('Patient?waits=r1'), 100, 'then whole')


def test_deleted(node):
    node.delete('SearchParameter/p-waits').is_(204)
    node.get('Patient?waits=r1').refused(400, 'invalid')
    reply = node.get('Patient?waits=r1&_total=accurate', Prefer='handling=lenient')
    reply.is_(200)
    ok(reply.json['total'] > 300, 'lenient: left out')
    node.create(parameter('race', "Patient.extension('%s').value" % RACE, status='retired'))
    node.get('Patient?race=r1').refused(400, 'invalid')
    eq(states(node, 'p-race'), {}, 'retired')


def test_reindex(node):
    node.create(parameter('race', "Patient.extension('%s').value" % RACE))
    reply = node.post('$reindex', None)
    reply.is_(202)
    ok(reply.headers['Content-Location'].endswith('/fhir/_reindex'), 'says where')
    found = await_reindex(node)
    eq((found['missing'], found['stale']), (0, 0), 'nothing was wrong')
    ok(found['resources'] > 360, 'everything was gone through', found)
    node.post('Patient/$reindex', {'resourceType': 'Parameters'}).is_(202)
    found = await_reindex(node)
    eq((found['type'], found['missing'], found['stale']), ('Patient', 0, 0), 'one type')
    node.post('$reindex', {'resourceType': 'Parameters', 'parameter': [{'name': 'x', 'valueString': 'y'}]}).refused(400)
    node.get('$reindex').refused(405)
    await_usable(node, 'p-race', 'Patient')


def test_after_a_restart(node):
    node.stop()
    node.start()
    eq(node.total('Patient?race=r1'), 100, 'it is still there')
    node.create(parameter('race', "Patient.extension('%s').value" % EYES))
    await_usable(node, 'p-race', 'Patient')
    eq(node.total('Patient?race=blue'), 1, 'and changes')


kith.main(globals())
