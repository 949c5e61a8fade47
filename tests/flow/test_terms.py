"""Codes by value set and hierarchy: :in, :not-in, :above, :below (R4 search.html#modifiers, valueset.html)."""

import kith
from kith import eq, ok

BASE = 'http://example.org/'
PETS = BASE + 'CodeSystem/pets'


def condition(id, code, system=PETS):
    return {'resourceType': 'Condition', 'id': id, 'subject': {'reference': 'Patient/x'},
            'code': {'coding': [{'system': system, 'code': code}]}}


def value_set(id, compose=None, **more):
    r = dict({'resourceType': 'ValueSet', 'id': id, 'status': 'active', 'url': BASE + 'ValueSet/' + id}, **more)
    if compose is not None:
        r['compose'] = compose
    return r


def include(**more):
    return {'include': [dict({'system': PETS}, **more)]}


def where(property, op, value):
    return {'filter': [{'property': property, 'op': op, 'value': value}]}


def codes(*names):
    return {'concept': [{'code': n} for n in names]}


def url(id):
    return [BASE + 'ValueSet/' + id]


def test_hierarchy(node):
    node.create({'resourceType': 'CodeSystem', 'id': 'pets', 'status': 'active', 'url': PETS, 'content': 'complete',
                 'property': [{'code': 'parent', 'type': 'code'}, {'code': 'legs', 'type': 'integer'}],
                 'concept': [
                     {'code': 'animal', 'concept': [
                         {'code': 'cat', 'property': [{'code': 'legs', 'valueInteger': 4}]},
                         {'code': 'dog', 'property': [{'code': 'legs', 'valueInteger': 4}],
                          'concept': [{'code': 'terrier'}]}]},
                     {'code': 'budgie', 'property': [{'code': 'parent', 'valueCode': 'animal'},
                                                     {'code': 'legs', 'valueInteger': 2}]},
                     {'code': 'rock'}]})
    for code in ('animal', 'cat', 'dog', 'terrier', 'budgie', 'rock'):
        node.create(condition(code, code))
    node.create(condition('other', 'cat', BASE + 'CodeSystem/other'))
    for query, expected in (
            ('code:below=%s|dog' % PETS, ['dog', 'terrier']), ('code:below=%s|rock' % PETS, ['rock']),
            ('code:below=%s|animal' % PETS, ['animal', 'budgie', 'cat', 'dog', 'terrier']),
            ('code:above=%s|terrier' % PETS, ['animal', 'dog', 'terrier']),
            ('code:above=%s|budgie' % PETS, ['animal', 'budgie'])):
        r = node.get('Condition?' + query)
        if r.is_(200):
            eq(r.ids, expected, query)
    node.get('Condition?code:below=%s|fish' % PETS).refused(404, 'not-found', 'fish')
    node.get('Condition?code:below=http://nowhere|x').refused(404, 'not-found', 'http://nowhere')


def test_value_sets(node):
    """valueset.html#compositions."""
    everything = ['animal', 'budgie', 'cat', 'dog', 'rock', 'terrier']
    table = [
        ('listed', include(**codes('cat', 'rock')), ['cat', 'rock']),
        ('whole', include(), everything),
        ('isa', include(**where('concept', 'is-a', 'dog')), ['dog', 'terrier']),
        ('below', include(**where('concept', 'descendent-of', 'animal')), ['budgie', 'cat', 'dog', 'terrier']),
        ('nota', include(**where('concept', 'is-not-a', 'animal')), ['rock']),
        ('above', include(**where('concept', 'generalizes', 'terrier')), ['animal', 'dog', 'terrier']),
        ('four', include(**where('legs', '=', '4')), ['cat', 'dog']),
        ('some', include(**where('legs', 'in', '2,4')), ['budgie', 'cat', 'dog']),
        ('legless', include(**where('legs', 'exists', 'false')), ['animal', 'rock', 'terrier']),
        ('both', include(filter=where('legs', '=', '4')['filter'] + where('concept', 'is-a', 'dog')['filter']), ['dog']),
        ('union', {'include': [{'system': PETS, **codes('cat')}, {'system': PETS, **codes('rock')}]}, ['cat', 'rock']),
        ('imported', {'include': [{'valueSet': url('four')}]}, ['cat', 'dog']),
        ('met', {'include': [{'valueSet': url('four') + url('isa')}]}, ['dog']),
        ('narrowed', {'include': [{'system': PETS, 'valueSet': url('four')}]}, ['cat', 'dog']),
        ('without', dict(include(), exclude=[{'system': PETS, **codes('rock', 'cat')}]), ['animal', 'budgie', 'dog', 'terrier']),
        ('nothing', dict(include(**codes('cat')), exclude=[{'system': PETS}]), []),
        ('elsewhere', {'include': [{'system': BASE + 'CodeSystem/other'}]}, ['other']),
    ]
    for id, compose, expected in table:
        node.create(value_set(id, compose))
        for name in (BASE + 'ValueSet/' + id, 'ValueSet/' + id):
            r = node.get('Condition?code:in=' + name)
            if r.is_(200):
                eq(r.ids, expected, ':in ' + name)
        r = node.get('Condition?code:not-in=%sValueSet/%s' % (BASE, id))
        if r.is_(200):
            eq(r.ids, sorted(set(everything + ['other']) - set(expected)), ':not-in ' + id)


def test_expansions_and_versions(node):
    node.create(value_set('expanded', expansion={'timestamp': '2026-01-01', 'contains': [
        {'system': PETS, 'abstract': True, 'code': 'animal', 'contains': [{'system': PETS, 'code': 'cat'}]},
        {'system': PETS, 'code': 'rock'}]}))
    eq(node.get('Condition?code:in=%sValueSet/expanded' % BASE).ids, ['cat', 'rock'], 'an expansion alone')
    same = BASE + 'ValueSet/versioned'
    node.create(value_set('v1', include(**codes('cat')), url=same, version='1'))
    node.create(value_set('v2', include(**codes('dog')), url=same, version='2'))
    eq(node.get('Condition?code:in=%s|1' % same).ids, ['cat'], 'the first')
    eq(node.get('Condition?code:in=%s|2' % same).ids, ['dog'], 'the second')
    eq(node.get('Condition?code:in=' + same).ids, ['dog'], 'the newest')
    node.get('Condition?code:in=%s|3' % same).refused(404, 'not-found', 'versioned')


def test_refused(node):
    """What cannot be worked out is refused, and says what is missing."""
    node.create(value_set('ring1', {'include': [{'valueSet': url('ring2')}]}))
    node.create(value_set('ring2', {'include': [{'valueSet': url('ring1')}]}))
    node.create(value_set('foreign', {'include': [dict(where('concept', 'is-a', 'x'), system='http://snomed.info/sct')]}))
    node.create(value_set('regex', include(**where('code', 'regex', 'c.*'))))
    node.create(value_set('empty'))
    node.create(value_set('large', include(concept=[{'code': 'c%d' % i} for i in range(20001)])))
    node.create({'resourceType': 'CodeSystem', 'id': 'part', 'status': 'active', 'url': BASE + 'CodeSystem/part',
                 'content': 'fragment', 'concept': [{'code': 'x'}]})
    for n in range(14):
        node.create(value_set('twice%d' % n, {'include': [{'valueSet': url('twice%d' % (n + 1))}] * 2}))
    node.create(value_set('twice14', include(**codes('cat'))))
    for id, status, words in (('twice0', 403, '1000 times'), ('ring1', 400, 'imports itself'), ('foreign', 404, 'snomed'), ('regex', 400, 'regex'),
                              ('empty', 400, 'compose'), ('large', 403, '20000'), ('missing', 404, 'ValueSet/missing')):
        node.get('Condition?code:in=%sValueSet/%s' % (BASE, id)).refused(status, None, words)
    node.get('Condition?code:below=%sCodeSystem/part|x' % BASE).refused(400, 'not-supported', 'complete')
    node.get('Condition?code:in=ValueSet/none').refused(404, 'not-found', 'ValueSet/none')


kith.main(globals())
