"""Conditional create, update, delete (R4 http.html#ccreate, #cond-update, #3.1.0.7.1) and their races."""

import kith
from kith import bundle, entry, eq, ok, patient

SYSTEM = 'http://acme.org/mrns'


def one(value, family='Chalmers', **more):
    return patient(family, identifier=[{'system': SYSTEM, 'value': value}], **more)


def query(value):
    return 'identifier=%s|%s' % (SYSTEM, value)


def test_create(node):
    """No match: create. One match: 200 and nothing happens. Many: 412."""
    first = node.post('Patient', one('1'), If_None_Exist=query('1'))
    first.is_(201)
    id = first.json['id']
    again = node.post('Patient', one('1', 'Other'), If_None_Exist=query('1'))
    again.is_(200)
    eq(again.json, first.json, 'the match is the answer')
    eq(again.headers['Location'], '%s/Patient/%s/_history/1' % (node.fhir, id), 'Location is that of the match')
    eq(again.etag, 'W/"1"', 'ETag is that of the match')
    minimal = node.post('Patient', one('1'), If_None_Exist=query('1'), Prefer='return=minimal')
    minimal.is_(200)
    eq(minimal.body, b'', 'return=minimal')
    encoded = node.post('Patient', one('1'), If_None_Exist='identifier=http%3A%2F%2Facme.org%2Fmrns%7C1')
    encoded.is_(200)
    question = node.post('Patient', one('1'), If_None_Exist='_id=%s&%s' % (id, query('1')))
    question.is_(200)
    node.post('Patient', one('1', 'Second')).is_(201)
    node.post('Patient', one('1'), If_None_Exist=query('1')).refused(412, 'multiple-matches', 'more than one')
    eq(node.total('Patient?' + query('1')), 2, 'two by now')
    for bad in ('', 'nonsense=1', 'identifier=', '_count=1', '_format=json', 'identifier=%zz', 'identifier:exact=1'):
        node.post('Patient', one('1'), If_None_Exist=bad).refused(400)
    node.post('Patient', patient(gender='M'), If_None_Exist=query('1')).refused(400)
    eq(node.total('Patient?' + query('1')), 2, 'still two')


def test_create_after_delete(node):
    id = node.post('Patient', one('2'), If_None_Exist=query('2')).json['id']
    node.delete('Patient/' + id).is_(204)
    back = node.post('Patient', one('2'), If_None_Exist=query('2'))
    back.is_(201)
    ok(back.json['id'] != id, 'what is deleted matches nothing')


def test_update(node):
    """No match: create (with the given id, if there is one). One: update. Many: 412."""
    made = node.put('Patient?' + query('3'), one('3'))
    made.is_(201)
    id = made.json['id']
    changed = node.put('Patient?' + query('3'), one('3', 'Changed'))
    changed.is_(200)
    eq((changed.json['id'], changed.etag), (id, 'W/"2"'), 'the match is updated')
    same = node.put('Patient?' + query('3'), one('3', 'Changed'))
    same.is_(200)
    eq(same.etag, 'W/"2"', 'the same data is no version')
    with_id = node.put('Patient?' + query('3'), one('3', 'Again', id=id))
    with_id.is_(200)
    eq(with_id.etag, 'W/"3"', 'an id that agrees')
    node.put('Patient?' + query('3'), one('3', id='other')).refused(400, None, 'id')
    given = node.put('Patient?' + query('4'), one('4', id='given-4'))
    given.is_(201)
    eq(given.json['id'], 'given-4', 'no match and an id: that id (http.html#cond-update)')
    node.put('Patient?' + query('5'), one('5', id='given-4')).refused(409, 'conflict')
    eq(node.get('Patient/given-4').etag, 'W/"1"', 'another resource is not overwritten')
    node.post('Patient', one('3')).is_(201)
    node.put('Patient?' + query('3'), one('3', 'Many')).refused(412, 'multiple-matches')
    node.put('Patient?' + query('4'), one('4', 'X'), If_Match='W/"7"').refused(412)
    node.put('Patient?' + query('4'), one('4', 'Y'), If_Match='W/"1"').is_(200)
    for bad in ('', '?', '?nonsense=1', '?_count=5', '?_id='):
        node.put('Patient' + bad, one('6')).refused(400)
    eq(node.total('Patient?' + query('6')), 0, 'nothing stored')
    away = node.put('Patient?' + query('8'), one('9'))
    away.is_(201, 'the resource need not match its own condition')


def test_delete(node):
    """No match: nothing to do. One: deleted. Many: 412 (conditionalDelete: single)."""
    node.delete('Patient?' + query('none')).is_(204)
    id = node.create(one('10'))['id']
    node.delete('Patient?' + query('10')).is_(204)
    node.get('Patient/' + id).refused(410)
    node.delete('Patient?' + query('10')).is_(204)
    node.create(one('11'))
    node.create(one('11'))
    node.delete('Patient?' + query('11')).refused(412, 'multiple-matches')
    eq(node.total('Patient?' + query('11')), 2, 'both are there')
    node.delete('Patient').refused(400, None, 'parameter')
    node.delete('Patient?nonsense=1').refused(400)


def test_with_if_match(node):
    """RFC 9110 13.1.1: If-Match holds for what a search matches too, and for nothing when that is nothing."""
    id = node.create(one('12'))['id']
    node.delete('Patient?' + query('12'), If_Match='W/"2"').refused(412)
    node.get('Patient/' + id).is_(200, 'is still there')
    node.delete('Patient?' + query('none'), If_Match='W/"1"').refused(412)
    node.put('Patient?' + query('none'), one('none'), If_Match='W/"1"').refused(412)
    eq(node.total('Patient?' + query('none')), 0, 'nothing was created')
    node.put('Patient/' + id, dict(one('12'), id=id), If_None_Exist=query('none')).refused(400, None, 'If-None-Exist')
    node.delete('Patient?' + query('12'), If_Match='W/"1"').is_(204)
    node.post('Patient', one('none'), If_Match='W/"1"').refused(400, None, 'If-Match')


def test_conditions_by_every_kind_of_parameter(node):
    """The condition is a search like any other."""
    node.create({'resourceType': 'Patient', 'id': 'kinds', 'active': True, 'birthDate': '1990-02-03',
                 'name': [{'family': 'Condition'}], 'generalPractitioner': [{'reference': 'Practitioner/gp'}],
                 'meta': {'profile': ['http://example.org/p'], 'tag': [{'system': 's', 'code': 't'}]}})
    for condition in ('family=condition', 'birthdate=1990-02-03&family=Condition', 'general-practitioner=Practitioner/gp',
                      '_profile=http://example.org/p', '_tag=s|t', '_id=kinds', 'active=true&family=condition'):
        r = node.post('Patient', patient(), If_None_Exist=condition)
        r.is_(200, condition)
        eq(r.json['id'], 'kinds', condition)


def test_create_race(node):
    """20 at once, each with the same If-None-Exist: exactly one resource (http.html#ccreate)."""
    for n in range(3):
        name = 'race-%d' % n
        got = kith.in_threads(20, lambda i: node.post('Patient', one(name, 'R%d' % i), If_None_Exist=query(name)))
        eq(sorted(r.status for r in got), [200] * 19 + [201], 'one creates, the others find it')
        eq(len({r.json['id'] for r in got}), 1, 'all have the same answer')
        eq(node.total('Patient?' + query(name)), 1, 'there is one')


def test_update_race(node):
    """The same by conditional update: one resource, and every update is one version of it."""
    got = kith.in_threads(12, lambda i: node.put('Patient?' + query('u-race'), one('u-race', 'U%d' % i)).status)
    ok(sorted(got) == [200] * 11 + [201], 'one creates, the others update', got)
    eq(node.total('Patient?' + query('u-race')), 1, 'there is one')
    id = node.get('Patient?' + query('u-race')).ids[0]
    eq(node.get('Patient/%s/_history' % id).json['total'], 12, 'twelve versions')


def test_transaction_race(node):
    """Ten transactions that each create the same organisation if there is none, and refer to it."""
    org = {'resourceType': 'Organization', 'identifier': [{'system': SYSTEM, 'value': 'org'}], 'name': 'Acme'}

    def send(i):
        url = 'urn:uuid:0a3e1f7e-0000-4000-8000-%012d' % i
        return node.post('', bundle(
            'transaction',
            entry('POST', 'Organization', org, url, ifNoneExist='identifier=%s|org' % SYSTEM),
            entry('POST', 'Patient', one('t-race-%d' % i, managingOrganization={'reference': url})))).status

    eq(kith.in_threads(10, send), [200] * 10, 'all are done')
    eq(node.total('Organization'), 1, 'one organisation')
    id = node.get('Organization').ids[0]
    eq(node.total('Patient?organization=Organization/' + id), 10, 'all refer to it')


kith.main(globals())
