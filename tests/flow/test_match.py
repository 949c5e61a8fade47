"""Patient/$match (R4 patient-operation-match.html): who somebody is, and how sure that is."""

import json

import kith
from kith import eq, ok

NHS = 'https://fhir.nhs.uk/Id/nhs-number'
GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade'


def person(id, family, *given, born='1970-05-20', number=None, gender='female', postcode='WX1 2DU', **more):
    p = {'resourceType': 'Patient', 'id': id, 'name': [{'family': family, 'given': list(given)}], 'birthDate': born,
         'gender': gender, 'address': [{'line': ['7 Mill Lane'], 'postalCode': postcode}]}
    if number:
        p['identifier'] = [{'system': NHS, 'value': number}]
    p.update(more)
    return {k: v for k, v in p.items() if v is not None}


PEOPLE = [person('anna', 'Whitcombe', 'Anna', number='9434765919'),
          person('twin', 'Whitcombe', 'Hannelore', number='9990000026'),
          person('other', 'Okonkwo', 'Ngozi', born='1981-03-04', postcode='ZX9 9ZZ'),
          person('phone', 'Llewellyn', 'Siân', born='1990-10-11', postcode='ZX8 1AA',
                 telecom=[{'system': 'phone', 'value': '07700 900123'}])]


def ask(resource, **values):
    named = [{'name': 'resource', 'resource': resource}]
    for name, value in values.items():
        named.append({'name': name, ('valueBoolean' if isinstance(value, bool) else 'valueInteger'): value})
    return {'resourceType': 'Parameters', 'parameter': named}


def grades(reply):
    return [(e['resource']['id'], e['search']['extension'][0]['valueCode'])
            for e in reply.json.get('entry', []) if e['search']['mode'] == 'match']


def test_shape(node):
    for p in PEOPLE:
        node.create(p)
    asked = person(None, 'Whitcombe', 'Anna', number='943 476 5919')
    reply = node.post('Patient/$match', ask(asked))
    reply.is_(200)
    bundle = reply.json
    eq((bundle['resourceType'], bundle['type'], bundle['total']), ('Bundle', 'searchset', 1), 'a searchset: the twin has a number of her own')
    eq(grades(reply), [('anna', 'certain')], 'and is certain')
    first = bundle['entry'][0]
    ok(first['fullUrl'].endswith('/fhir/Patient/anna'), 'fullUrl', first['fullUrl'])
    eq(first['search']['extension'][0]['url'], GRADE, 'the extension match-grade')
    scores = [e['search']['score'] for e in bundle['entry'] if e['search']['mode'] == 'match']
    ok(scores == sorted(scores, reverse=True) and all(0 <= s <= 1 for s in scores), 'scores in order', scores)
    last = bundle['entry'][-1]
    eq((last['search']['mode'], last['resource']['resourceType']), ('outcome', 'OperationOutcome'), 'reasons')
    kith.within(last['resource']['issue'][0]['details']['text'], 'the same NHS number; the same birth date', 'in words')
    reply = node.post('Patient/$match', ask(person(None, 'Whitcombe', 'Anna')))
    eq(grades(reply), [('anna', 'probable'), ('twin', 'possible')], 'without a number: the likelier first')
    scores = [e['search']['score'] for e in reply.json['entry'] if e['search']['mode'] == 'match']
    ok(scores == sorted(scores, reverse=True) and scores[0] > scores[1], 'scores in order', scores)
    eq(reply.headers.get('Content-Type'), 'application/fhir+json; charset=utf-8', 'JSON')
    reply = node.post('Patient/$match', ask(asked))
    plain = node.post('Patient/$match', asked)
    eq(grades(plain), grades(reply), 'a Patient alone is the parameter resource')


def test_slips(node):
    for what, p in {
            'family, birth date and postcode': person(None, 'Okonkow', 'Ngozi', born='1981-04-03', postcode='ZX9 9ZY'),
            'changed round': person(None, 'Ngozi', 'Okonkwo', born='1981-03-04', postcode=None, address=None),
            'the year': person(None, 'Okonkwo', 'Ngozi', born='1982-03-04')}.items():
        reply = node.post('Patient/$match', ask(p))
        ok('other' in dict(grades(reply)), 'found with a slip in ' + what, reply.body[:600])
    reply = node.post('Patient/$match', ask({'resourceType': 'Patient', 'telecom': [{'value': '07700 900123'}],
                                             'name': [{'given': ['Sian']}], 'birthDate': '1990-10-11'}))
    eq([i for i, _ in grades(reply)], ['phone'], 'by telephone')
    reply = node.post('Patient/$match', ask(person(None, 'Whitcombe', 'Anna', number='9434756919')))
    eq(grades(reply)[0], ('anna', 'probable'), 'a number with two digits changed round')


def test_certain_only(node):
    asked = person(None, 'Whitcombe', 'Anna', number='9434765919')
    eq(grades(node.post('Patient/$match', ask(asked, onlyCertainMatches=True))), [('anna', 'certain')], 'one is certain')
    node.create(person('anna2', 'Whitcombe', 'Anna', number='9434765919'))
    reply = node.post('Patient/$match', ask(asked, onlyCertainMatches=True))
    eq((grades(reply), reply.json['total']), ([], 0), 'two are not')
    kith.within(reply.json['entry'][-1]['resource']['issue'][0]['details']['text'], 'more than one', 'and why')
    reply = node.post('Patient/$match', ask(asked, onlyCertainMatches=False, count=1))
    eq(len(grades(reply)), 1, 'count')
    ok(reply.json['total'] >= 2, 'the total counts all', reply.json['total'])
    node.delete('Patient/anna2')
    eq(grades(node.post('Patient/$match', ask(asked, onlyCertainMatches=True))), [('anna', 'certain')],
       'deleted patients match nothing')


def test_nothing(node):
    reply = node.post('Patient/$match', ask(person(None, 'Qqq', 'Zzz', born='1911-11-11', postcode='QQ1 1QQ')))
    reply.is_(200)
    eq((reply.json['total'], grades(reply)), (0, []), 'no match is no error')


def test_refusals(node):
    asked = person(None, 'Whitcombe', 'Anna')
    for what, body, words in (
            ('no resource', {'resourceType': 'Parameters', 'parameter': [{'name': 'count', 'valueInteger': 1}]}, 'resource'),
            ('no parameters', {'resourceType': 'Parameters'}, 'resource'),
            ('another type', ask({'resourceType': 'Observation', 'status': 'final', 'code': {'text': 'x'}}), 'Patient'),
            ('nothing to go by', ask({'resourceType': 'Patient', 'active': True}), 'nothing is said'),
            ('not valid', ask({'resourceType': 'Patient', 'birthDate': 'yesterday'}), 'birth|date'),
            ('count 0', ask(asked, count=0), 'count'), ('count -1', ask(asked, count=-1), 'count'),
            ('count twice', {'resourceType': 'Parameters', 'parameter': ask(asked, count=1)['parameter'] +
                             [{'name': 'count', 'valueInteger': 2}]}, 'twice'),
            ('resource twice', {'resourceType': 'Parameters', 'parameter': ask(asked)['parameter'] * 2}, 'twice'),
            ('a string', {'resourceType': 'Parameters', 'parameter': ask(asked)['parameter'] +
                          [{'name': 'onlyCertainMatches', 'valueString': 'true'}]}, 'valueBoolean'),
            ('a count as string', {'resourceType': 'Parameters', 'parameter': ask(asked)['parameter'] +
                                   [{'name': 'count', 'valueString': '3'}]}, 'valueInteger'),
            ('unknown', {'resourceType': 'Parameters', 'parameter': ask(asked)['parameter'] +
                         [{'name': 'limit', 'valueInteger': 3}]}, 'limit')):
        node.post('Patient/$match', body).refused(400, words=words)
    node.get('Patient/$match').refused(405)
    node.post('Patient/anna/$match', ask(asked)).refused(400, words='Patient/\\$match')
    node.post('Observation/$match', ask(asked)).refused(400)


def test_hostile(node):
    big = {'resourceType': 'Patient', 'birthDate': '1970-05-20', 'name': [{'family': 'x' * 1000000}] +
           [{'family': 'n%d' % i, 'given': ['a', 'b']} for i in range(10000)],
           'identifier': [{'system': 'urn:x', 'value': 'v%d' % i} for i in range(5000)],
           'telecom': [{'system': 'phone', 'value': '%07d' % i} for i in range(5000)]}
    node.post('Patient/$match', ask(big)).is_(200)
    odd = {'resourceType': 'Patient', 'name': [{'family': 'a,b|c$d\\e', 'given': ['%_*', '  ']}],
           'birthDate': '1970-05-20', 'telecom': [{'value': 'a,b'}], 'identifier': [{'system': 'urn:|,', 'value': '\\|,$'}]}
    node.post('Patient/$match', ask(odd)).is_(200)
    eq(json.loads(node.post('Patient/$match', ask(odd)).body)['type'], 'searchset', 'still a bundle')


if __name__ == '__main__':
    kith.main(globals())
