"""What becomes of a write that breaks a profile which it names: off, warn or reject, on every way that a resource comes in."""

import json
import time
import urllib.request

import kith
from kith import bundle, entry, eq, ok, within

BASE = 'http://acme.org/fhir/'
OUTCOME = {'Prefer': 'return=OperationOutcome'}
OPTIONS = ('--profiles', 'reject', '--profiles', 'Patient=warn', '--profiles', 'Basic=off')


def profile(type):
    """The language has to be there."""
    url = BASE + 'StructureDefinition/' + type.lower()
    return {'resourceType': 'StructureDefinition', 'id': type.lower(), 'url': url, 'name': type, 'status': 'active',
            'kind': 'resource', 'abstract': False, 'type': type, 'derivation': 'constraint',
            'baseDefinition': 'http://hl7.org/fhir/StructureDefinition/' + type,
            'differential': {'element': [{'id': type, 'path': type}, {'id': type + '.language', 'path': type + '.language', 'min': 1}]}}


def of(type, id, **more):
    own = {'Basic': {'code': {'text': 'x'}}, 'Observation': {'status': 'final', 'code': {'text': 'x'}}}.get(type, {})
    return dict({'resourceType': type, 'id': id, 'meta': {'profile': [BASE + 'StructureDefinition/' + type.lower()]}}, **own, **more)


def counted(node):
    with urllib.request.urlopen('http://%s:%d/metrics' % (node.host, node.port)) as reply:
        text = reply.read().decode()
    return int(text.split('\nkith_profile_findings_total ')[1].split('\n')[0])


def put(node, resource, **headers):
    return node.put('%s/%s' % (resource['resourceType'], resource['id']), resource, **headers)


def words(outcome):
    return ' '.join(i['severity'] + ': ' + i['details']['text'] for i in outcome['issue'])


def test_definitions(node):
    for type in ('Patient', 'Observation', 'Basic'):
        put(node, profile(type)).is_(201)


def test_warn(node):
    before = counted(node)
    put(node, of('Patient', 'w1')).is_(201)
    eq(counted(node), before + 1, 'what breaks the profile is counted')
    told = put(node, of('Patient', 'w2'), **OUTCOME)
    told.is_(201)
    within(words(told.json), 'warning: Patient.language is missing', 'told to who asks')
    eq(counted(node), before + 2, 'and counted')
    put(node, of('Patient', 'w3', language='en')).is_(201)
    eq(counted(node), before + 2, 'what conforms is not')


def test_reject(node):
    node.put('Observation/r1', of('Observation', 'r1')).refused(422, 'required', 'language')
    node.get('Observation/r1').refused(404)
    put(node, of('Observation', 'r1', language='en')).is_(201)


def test_off(node):
    before = counted(node)
    told = put(node, of('Basic', 'o1'), **OUTCOME)
    told.is_(201)
    ok('language' not in words(told.json), 'nothing is looked at', told.body)
    eq(counted(node), before, 'nor counted')


def test_base_rules_hold(node):
    """The policy is about profiles; R4 itself is not left to it."""
    for type in ('Patient', 'Basic'):
        broken = of(type, 'b1', contained=[{'resourceType': 'Basic', 'id': 'c', 'code': {'text': 'x'}}])
        put(node, broken).refused(422, None, 'dom-3')


def test_bundles(node):
    def entries(n, **more):
        return [entry('PUT', 'Patient/%s%d' % (n, i), of('Patient', '%s%d' % (n, i), **more)) for i in range(3)]

    for type in ('batch', 'transaction'):
        before = counted(node)
        silent = node.post('', bundle(type, *entries(type)))
        eq([e['response'].get('outcome') for e in silent.json['entry']], [None] * 3, 'nobody asked')
        eq(counted(node), before + 3, 'each is counted')
        told = node.post('', bundle(type, *entries(type, active=True)), **OUTCOME)
        for e in told.json['entry']:
            within(words(e['response']['outcome']), 'warning: Patient.language is missing', 'told in the entry')
            within(words(e['response']['outcome']), 'information: updated', 'what was done, too')
    both = [entry('PUT', 'Patient/t1', of('Patient', 't1')), entry('PUT', 'Observation/t2', of('Observation', 't2'))]
    node.post('', bundle('transaction', *both)).refused(422, 'required', 'language')
    node.get('Patient/t1').refused(404)
    reply = node.post('', bundle('batch', *both)).json
    eq([e['response']['status'][:3] for e in reply['entry']], ['201', '422'], 'each by itself')


def test_definitions_change(node):
    """The next request has what was written, although one request keeps what it began with."""
    loose = profile('Observation')
    loose['differential']['element'][1]['min'] = 0
    put(node, loose).is_(200)
    put(node, of('Observation', 'd1')).is_(201)
    put(node, profile('Observation')).is_(200)
    put(node, of('Observation', 'd2')).refused(422)


def test_import(node):
    before = counted(node)
    lines = [of('Patient', 'i1'), of('Observation', 'i2'), of('Observation', 'i3', language='en'), of('Basic', 'i4')]
    started = node.post('$import', b''.join(json.dumps(one).encode() + b'\n' for one in lines), Prefer='respond-async',
                        Accept='application/fhir+json', Content_Type='application/fhir+ndjson')
    started.is_(202)
    state = node.get(started.headers['Content-Location'])
    while state.status == 202:
        time.sleep(0.02)
        state = node.get(started.headers['Content-Location'])
    eq((state.json['extension']['written'], state.json['extension']['refused']), (3, 1), 'only what is refused')
    node.get('Observation/i2').refused(404)
    eq(counted(node), before + 2, 'errors are counted')
    refused = node.get(state.json['error'][0]['url'], Accept='application/fhir+ndjson').body.decode()
    within(refused, 'profile', 'and it is said why')


kith.main(globals(), *OPTIONS)
