"""The definitions in force: what is written counts for the next call, what is under way keeps what it has; profiles, the
value sets and code systems that they bind to, and supplements are read where they are stored."""

import json

import kith
from kith import eq, ok

BASE = 'http://example.org/fhir/'
PROFILE = BASE + 'StructureDefinition/named'


def profile(*elements, url=PROFILE, version='1', base='Patient', **more):
    return dict({'resourceType': 'StructureDefinition', 'id': url.rsplit('/', 1)[1], 'url': url, 'version': version,
                 'name': 'Named', 'status': 'active', 'kind': 'resource', 'abstract': False, 'type': 'Patient',
                 'baseDefinition': base if ':' in base else 'http://hl7.org/fhir/StructureDefinition/' + base,
                 'derivation': 'constraint',
                 'differential': {'element': [{'id': 'Patient', 'path': 'Patient'}] + [
                     dict({'id': e['path']}, **e) for e in elements]}}, **more)


def system(*codes, **more):
    return dict({'resourceType': 'CodeSystem', 'id': 'moods', 'url': BASE + 'CodeSystem/moods', 'name': 'Moods', 'status': 'active',
                 'content': 'complete', 'caseSensitive': True, 'concept': [{'code': c, 'display': c.title()} for c in codes]}, **more)


VALUE_SET = {'resourceType': 'ValueSet', 'id': 'moods', 'url': BASE + 'ValueSet/moods', 'name': 'Moods', 'status': 'active',
             'compose': {'include': [{'system': BASE + 'CodeSystem/moods'}]}}
PATIENT = {'resourceType': 'Patient', 'meta': {'profile': [PROFILE]}, 'active': True}


def store(node, resource):
    reply = node.put('%s/%s' % (resource['resourceType'], resource['id']), resource)
    return ok(reply.status in (200, 201), 'stored', reply.body)


def issues(node, resource, severity, query=''):
    reply = node.post('Patient/$validate' + query, resource)
    reply.is_(200)
    return [i for i in reply.json['issue'] if i['severity'] == severity]


def texts(found):
    return ' '.join(i['details']['text'] for i in found)


def errors(node, resource=PATIENT, query=''):
    return [(i['severity'], i.get('expression', ['?'])[0]) for i in issues(node, resource, 'error', query)]


def warnings(node, resource=PATIENT):
    return texts(issues(node, resource, 'warning'))


def read(node, path):
    reply = node.get(path)
    reply.is_(200)
    return reply.body.decode()


def test_profile_counts_at_once(node):
    ok(PROFILE in warnings(node), 'a profile that is not here is said')
    eq(errors(node), [], 'what cannot be checked is no error')
    for _ in range(3):
        store(node, profile({'path': 'Patient.name', 'min': 1}))
        eq(errors(node), [('error', 'Patient')], 'a name is missing')
        store(node, profile({'path': 'Patient.active', 'max': '0'}))
        eq(errors(node), [('error', 'Patient.active')], 'the profile was changed')
        store(node, profile({'path': 'Patient.gender', 'short': 'gender'}))
        eq(errors(node), [], 'and changed again')
    node.delete('StructureDefinition/named').is_(204)
    ok(PROFILE in warnings(node), 'a profile that was deleted is not here')
    ok(errors(node, query='?profile=' + PROFILE) != [], 'asked for, it is an error that it is not here')


def test_base_of_profile(node):
    child = profile({'path': 'Patient.gender', 'min': 1}, url=BASE + 'StructureDefinition/child', base=PROFILE)
    patient = dict(PATIENT, meta={'profile': [child['url']]})
    store(node, profile({'path': 'Patient.name', 'min': 1}))
    store(node, child)
    eq(len(errors(node, patient)), 2, 'name of the base, gender of its own')
    store(node, profile({'path': 'Patient.name', 'min': 0}))
    eq(len(errors(node, patient)), 1, 'the base was changed: its own rule is left')
    store(node, profile(base=child['url']))
    ok('itself' in warnings(node, patient) or 'each other' in warnings(node, patient), 'a ring is said')
    store(node, profile({'path': 'Patient.name', 'min': 1}))
    eq(len(errors(node, patient)), 2, 'the ring is mended')


def test_versions(node):
    store(node, profile({'path': 'Patient.name', 'min': 1}, version='1.9.0'))
    newer = profile({'path': 'Patient.gender', 'min': 1}, version='1.10.0')
    store(node, dict(newer, id='named-newer'))
    for version, words in (('', 'gender'), ('|1.10.0', 'gender'), ('|1.9.0', 'name')):
        patient = dict(PATIENT, meta={'profile': [PROFILE + version]})
        text = texts(issues(node, patient, 'error'))
        ok(words in text, 'version%s asks for a %s' % (version, words), text)
    ok('not here' in warnings(node, dict(PATIENT, meta={'profile': [PROFILE + '|2']})), 'a version that is not here')
    node.delete('StructureDefinition/named-newer').is_(204)
    ok('name' in texts(issues(node, PATIENT, 'error')), 'the older one is the newest again')


def test_value_set_and_system(node):
    patient = dict(PATIENT, maritalStatus={'coding': [{'system': BASE + 'CodeSystem/moods', 'code': 'merry'}]})
    store(node, profile({'path': 'Patient.maritalStatus', 'binding': {'strength': 'required', 'valueSet': VALUE_SET['url']}}))
    ok(VALUE_SET['url'] in warnings(node, patient), 'a value set that is not here is said')
    store(node, VALUE_SET)
    store(node, system('glum'))
    found = errors(node, patient)
    ok(found and found[0][1].startswith('Patient.maritalStatus'), 'merry is no code of it', found)
    store(node, system('glum', 'merry'))
    eq(errors(node, patient), [], 'now it is')
    asked = 'ValueSet/$validate-code?url=%s&system=%s&code=' % (VALUE_SET['url'], BASE + 'CodeSystem/moods')
    ok('"valueBoolean":true' in read(node, asked + 'merry').replace(' ', ''), 'and for $validate-code')
    node.delete('CodeSystem/moods').is_(204)
    eq(errors(node, patient), [], 'what cannot be told is no error')
    store(node, system('glum', 'merry'))


def test_supplements(node):
    supplement = system(id='moods-welsh', url=BASE + 'CodeSystem/moods-welsh', content='supplement',
                        supplements=BASE + 'CodeSystem/moods')
    supplement['concept'] = [{'code': 'merry', 'designation': [{'language': 'cy', 'value': 'llawen'}]}]
    asked = 'CodeSystem/$lookup?system=%s&code=merry' % (BASE + 'CodeSystem/moods')
    ok('llawen' not in read(node, asked), 'before it')
    store(node, supplement)
    ok('llawen' in read(node, asked), 'the designation of the supplement')
    store(node, dict(supplement, supplements=BASE + 'CodeSystem/moods|7'))
    ok('llawen' not in read(node, asked), 'it is for another version')
    node.delete('CodeSystem/moods-welsh').is_(204)
    ok('llawen' not in read(node, asked), 'after it')


def test_what_is_odd_in_a_request(node):
    """Parameters may be anything: they are validated themselves."""
    for parameters in (['text'], [[1, 2, 3]], [7], [None], [{}], [{'name': 'resource'}], [{'name': 'resource', 'resource': 'x'}], 'x'):
        reply = node.request('POST', 'Patient/$validate', json.dumps({'resourceType': 'Parameters', 'parameter': parameters}),
                             {'Content-Type': 'application/fhir+json'})
        ok(reply.status in (400, 422), 'refused: %r' % (parameters,), reply.body)


def test_readers_and_writers(node):
    """Calls that are under way while the definitions change get one answer or the other."""
    def work(i):
        for turn in range(15):
            if i == 0:
                store(node, profile({'path': 'Patient.name', 'min': turn % 2}))
            else:
                found = errors(node)
                ok(found in ([], [('error', 'Patient')]), 'one or the other', found)
    kith.in_threads(6, work)
    store(node, profile({'path': 'Patient.name', 'min': 1}))
    eq(errors(node), [('error', 'Patient')], 'the last one counts')


kith.main(globals())
