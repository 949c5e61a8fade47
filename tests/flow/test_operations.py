"""What holds for every operation of the table (R4 operations.html): methods and 405 with Allow, levels, forms, HEAD,
parameters that are unknown or of another type, resources that are gone."""

import json

import kith
from kith import FHIR_JSON, FHIR_XML, XML, eq, ok

VALUE_SET = {'resourceType': 'ValueSet', 'id': 'genders', 'url': 'http://example.org/genders', 'status': 'active',
             'compose': {'include': [{'system': 'http://hl7.org/fhir/administrative-gender'}]}}
PATIENT_XML = '<Patient xmlns="http://hl7.org/fhir"><name><family value="Chalmers"/></name><gender value="male"/></Patient>'


def parameters(**values):
    return {'resourceType': 'Parameters', 'parameter': [dict({'name': k}, **v) for k, v in values.items()]}


def allow(reply):
    return sorted(x.strip() for x in (reply.headers.get('Allow') or '').split(','))


def test_methods(node):
    node.create(VALUE_SET)
    node.create(kith.patient(id='one'))
    both = ['GET', 'HEAD', 'POST']
    for path, methods in (('Patient/$validate', both), ('Patient/one/$validate', both), ('$convert', ['POST']),
                          ('Patient/$match', ['POST']), ('ValueSet/$expand', both), ('ValueSet/genders/$expand', both),
                          ('CodeSystem/$lookup', both), ('CodeSystem/$subsumes', both),
                          ('CodeSystem/$validate-code', both), ('ValueSet/$validate-code', both),
                          ('ConceptMap/$translate', both)):
        for method in ('GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'):
            if method in methods:
                continue
            reply = node.request(method, path)
            eq(reply.status, 405, '%s %s' % (method, path))
            eq(allow(reply), methods, '%s %s: Allow' % (method, path))


def test_levels(node):
    for path in ('$validate', '$match', '$expand', '$lookup', 'Patient/$convert', 'Patient/one/$match', 'Patient/$expand',
                 'Observation/$match', 'Patient/$lookup', 'Patient/one/$nonsense', '$nonsense', 'Patient/$nonsense'):
        reply = node.post(path, {'resourceType': 'Parameters'})
        ok(400 <= reply.status < 500, 'POST %s is refused' % path, reply.status)
        reply.refused(reply.status, code='not-supported')


def test_forms(node):
    for sent, headers in ((PATIENT_XML, {'Content-Type': FHIR_XML}), (json.dumps(kith.patient()), {'Content-Type': FHIR_JSON})):
        for path in ('Patient/$validate', '$convert', 'Patient/$match'):
            reply = node.request('POST', path, sent, headers, Accept=FHIR_XML)
            reply.is_(200, 'in XML')
            ok(reply.xml.tag in (XML + 'OperationOutcome', XML + 'Patient', XML + 'Bundle'), path + ': XML', reply.body[:200])
            reply = node.request('POST', path + '?_format=json', sent, headers, Accept=FHIR_XML)
            reply.is_(200, '_format is stronger than Accept')
            ok(reply.json['resourceType'] in ('OperationOutcome', 'Patient', 'Bundle'), path + ': JSON')
            reply = node.request('POST', path + '?_format=text/turtle', sent, headers)
            ok(reply.status in (400, 406), path + ': a form that there is not', reply.status)
            node.request('POST', path, sent, {'Content-Type': 'text/plain'}).refused(415)
    node.request('POST', '$convert', PATIENT_XML, {'Content-Type': FHIR_XML}, Accept=FHIR_JSON).is_(200)
    reply = node.get('ValueSet/genders/$expand', Accept=FHIR_XML)
    eq(reply.xml.tag, XML + 'ValueSet', 'an expansion in XML')
    whole = '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="resource"/><resource>%s</resource></parameter></Parameters>'
    node.request('POST', 'Patient/$validate', whole % PATIENT_XML, {'Content-Type': FHIR_XML}).is_(200, 'Parameters in XML')
    node.request('POST', 'Patient/$match', whole % PATIENT_XML, {'Content-Type': FHIR_XML}).is_(200, 'Parameters in XML')


def test_head(node):
    for path in ('ValueSet/genders/$expand', 'Patient/one/$validate',
                 'CodeSystem/$lookup?system=http://hl7.org/fhir/administrative-gender&code=male'):
        full, head = node.get(path), node.request('HEAD', path)
        full.is_(200)
        eq((head.status, head.headers.get('Content-Type')), (200, full.headers.get('Content-Type')), 'HEAD ' + path)


def test_parameters(node):
    patient = {'resource': kith.patient()}
    for path, body in (('Patient/$validate', parameters(resource=patient, nonsense={'valueString': 'x'})),
                       ('Patient/$match', parameters(resource=patient, nonsense={'valueString': 'x'})),
                       ('ValueSet/genders/$expand', parameters(nonsense={'valueString': 'x'})),
                       ('ValueSet/genders/$expand', parameters(count={'valueString': 'three'})),
                       ('Patient/$validate', parameters(resource=patient, mode={'valueInteger': 3})),
                       ('Patient/$validate', parameters(resource=patient, mode={'valueCode': 'guess'})),
                       ('Patient/$validate', parameters(resource=patient, profile={'valueBoolean': True})),
                       ('Patient/$validate', parameters(resource={'valueString': 'x'})),
                       ('Patient/$validate', parameters(mode={'valueCode': 'create'})),
                       ('Patient/$match', parameters(resource={'valueString': 'x'})),
                       ('Patient/$match', {'resourceType': 'Parameters', 'parameter': [{'valueString': 'x'}]}),
                       ('Patient/$match', {'resourceType': 'Parameters', 'parameter': {'name': 'resource'}}),
                       ('Patient/$validate', {'resourceType': 'Parameters', 'parameter': ['x']}),
                       ('Patient/$validate', {'resourceType': 'Parameters', 'parameter': 'x'}),
                       ('ValueSet/genders/$expand', {'resourceType': 'Parameters', 'parameter': [3]}),
                       ('ValueSet/genders/$expand', kith.patient()),
                       ('$convert', {'resourceType': 'Nonsense'}), ('$convert', []), ('Patient/$match', '')):
        reply = node.post(path, body)
        ok(reply.status in (400, 422), 'POST %s %s is refused' % (path, str(body)[:140]), '%s %s' % (reply.status, reply.body[:200]))
    node.get('Patient/one/$validate?nonsense=1').refused(400, words='nonsense')
    node.get('ValueSet/genders/$expand?nonsense=1').refused(400, words='nonsense')
    node.post('$convert?nonsense=1', kith.patient()).refused(400, words='nonsense')


def test_modes(node):
    node.get('Patient/one/$validate?mode=delete').is_(200)
    node.post('Patient/$validate?mode=create', kith.patient()).is_(200)
    node.get('Patient/one/$validate?mode=delete&mode=create').refused(400, words='mode')
    node.get('Patient/$validate?mode=delete').refused(400)
    node.get('Patient/none/$validate?mode=delete').refused(404)


def test_gone(node):
    node.create(kith.patient(id='gone'))
    node.delete('Patient/gone')
    node.create(dict(VALUE_SET, id='gone', url='http://example.org/gone'))
    node.delete('ValueSet/gone')
    for path, status in (('Patient/gone/$validate', 410), ('ValueSet/gone/$expand', 410), ('Patient/never/$validate', 404),
                         ('ValueSet/never/$expand', 404), ('Patient/gone/$validate?mode=delete', 410)):
        node.get(path).refused(status)
        eq(node.request('HEAD', path).status, status, 'HEAD ' + path)
    node.post('Patient/bad_id/$validate', kith.patient()).refused(404)


if __name__ == '__main__':
    kith.main(globals())
