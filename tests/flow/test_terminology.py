"""The operations of a terminology service, beyond what the ecosystem's suite asks: by GET and by POST, of a type and of an
instance, code systems in a tree, concept maps, implicit value sets, errors (R4 terminology-service.html)."""

import kith
from kith import eq, ok

ANIMALS = {
    'resourceType': 'CodeSystem', 'id': 'animals', 'url': 'http://example.org/animals', 'version': '1', 'name': 'Animals',
    'status': 'active', 'content': 'complete', 'caseSensitive': True, 'hierarchyMeaning': 'is-a', 'language': 'en',
    'property': [{'code': 'legs', 'type': 'integer'}, {'code': 'kin', 'type': 'code'}],
    'concept': [
        {'code': 'mammal', 'display': 'Mammal', 'concept': [
            {'code': 'cat', 'display': 'Cat', 'property': [{'code': 'legs', 'valueInteger': 4}],
             'designation': [{'language': 'de', 'value': 'Katze'}]},
            {'code': 'dog', 'display': 'Dog', 'property': [{'code': 'legs', 'valueInteger': 4}, {'code': 'kin', 'valueCode': 'cat'}],
             'concept': [{'code': 'poodle', 'display': 'Standard poodle'}]}]},
        {'code': 'bird', 'display': 'Bird', 'property': [{'code': 'legs', 'valueInteger': 2}],
         'concept': [{'code': 'penguin', 'display': 'Penguin'}]}]}


def compose(id, **more):
    return dict({'resourceType': 'ValueSet', 'id': id, 'url': 'http://example.org/vs/' + id, 'status': 'active'}, **more)


def include(**more):
    return {'include': [dict({'system': ANIMALS['url']}, **more)]}


def filtered(property, op, value):
    return include(filter=[{'property': property, 'op': op, 'value': value}])


FILTERS = {
    'whole': (include(), 'bird cat dog mammal penguin poodle'),
    'is-a': (filtered('concept', 'is-a', 'dog'), 'dog poodle'),
    'descendent-of': (filtered('concept', 'descendent-of', 'mammal'), 'cat dog poodle'),
    'is-not-a': (filtered('concept', 'is-not-a', 'mammal'), 'bird penguin'),
    'generalizes': (filtered('concept', 'generalizes', 'poodle'), 'dog mammal poodle'),
    'in': (filtered('concept', 'in', 'cat,penguin,unicorn'), 'cat penguin'),
    'not-in': (filtered('concept', 'not-in', 'cat,penguin'), 'bird dog mammal poodle'),
    'equal': (filtered('legs', '=', '4'), 'cat dog'),
    'kin': (filtered('kin', '=', 'cat'), 'dog'),
    'exists': (filtered('legs', 'exists', 'true'), 'bird cat dog'),
    'exists-not': (filtered('legs', 'exists', 'false'), 'mammal penguin poodle'),
    'parent': (filtered('parent', '=', 'mammal'), 'cat dog'),
    'child': (filtered('child', '=', 'poodle'), 'dog'),
    'regex': (filtered('code', 'regex', 'p.*'), 'penguin poodle'),
    'both': (include(filter=[{'property': 'concept', 'op': 'is-a', 'value': 'mammal'},
                             {'property': 'legs', 'op': '=', 'value': '4'}]), 'cat dog'),
    'exclude': (dict(include(), exclude=[{'system': ANIMALS['url'], 'concept': [{'code': 'dog'}]}]),
                'bird cat mammal penguin poodle'),
    'met': ({'include': [{'valueSet': ['http://example.org/vs/is-a', 'http://example.org/vs/descendent-of']}]}, 'dog poodle'),
    'narrowed': (include(valueSet=['http://example.org/vs/is-a'], concept=[{'code': 'cat'}, {'code': 'dog'}]), 'dog'),
}


def parameters(**values):
    types = {bool: 'Boolean', int: 'Integer', str: 'String'}
    return {'resourceType': 'Parameters', 'parameter': [
        {'name': name.replace('_', '-'), 'value' + types[type(value)]: value} if type(value) in types else
        dict({'name': name.replace('_', '-')}, **value) for name, value in values.items()]}


def value(reply, name):
    for part in reply.json.get('parameter', []):
        if part['name'] == name:
            return next((v for k, v in part.items() if k != 'name'), None)
    return None


def codes(contains):
    found = []
    for item in contains:
        found += [item['code']] + codes(item.get('contains', []))
    return found


def test_filters(node):
    node.create(ANIMALS)
    for id, (content, wanted) in FILTERS.items():
        node.create(compose(id, compose=content))
    for id, (_, wanted) in FILTERS.items():
        reply = node.get('ValueSet/$expand?url=http://example.org/vs/' + id)
        if reply.is_(200, id):
            eq(' '.join(sorted(codes(reply.json['expansion'].get('contains', [])))), wanted, id)
            eq(reply.json['expansion']['total'], len(wanted.split()), id + ': total')
        for code in FILTERS['whole'][1].split():
            got = node.get('ValueSet/%s/$validate-code?system=%s&code=%s' % (id, ANIMALS['url'], code))
            eq(value(got, 'result'), code in wanted.split(), '%s has %s' % (id, code))


def test_nested(node):
    whole = node.get('ValueSet/whole/$expand').json['expansion']['contains']
    eq([item['code'] for item in whole], ['mammal', 'bird'], 'the tops')
    eq([item['code'] for item in whole[0]['contains']], ['cat', 'dog'], 'below the first')
    flat = node.get('ValueSet/whole/$expand?excludeNested=true').json['expansion']['contains']
    eq(len(flat), 6, 'flat')


def test_pages_and_words(node):
    page = node.get('ValueSet/whole/$expand?offset=2&count=2').json['expansion']
    eq((page['total'], page['offset'], len(page['contains'])), (6, 2, 2), 'a page')
    eq(codes(node.get('ValueSet/whole/$expand?filter=pood').json['expansion']['contains']), ['poodle'], 'the second word')
    german = node.get('ValueSet/whole/$expand?displayLanguage=de&filter=katz').json['expansion']['contains']
    eq([(item['code'], item['display']) for item in german], [('cat', 'Katze')], 'in German')
    node.get('ValueSet/whole/$expand?count=-1').refused(400, 'value')
    node.get('ValueSet/whole/$expand?colour=red').refused(400, 'invalid', 'colour')
    node.get('ValueSet/$expand?url=http://example.org/none').refused(404, 'not-found', 'example.org/none')


def test_changes_are_seen(node):
    node.create(compose('moving', compose=include(concept=[{'code': 'cat'}])))
    asked = 'ValueSet/$validate-code?url=http://example.org/vs/moving&system=%s&code=dog' % ANIMALS['url']
    eq(value(node.get(asked), 'result'), False, 'before')
    node.create(compose('moving', compose=include(concept=[{'code': 'dog'}])))
    eq(value(node.get(asked), 'result'), True, 'after')


def test_lookup_and_subsumes(node):
    reply = node.get('CodeSystem/$lookup?system=%s&code=dog' % ANIMALS['url'])
    eq((value(reply, 'display'), value(reply, 'name'), value(reply, 'version')), ('Dog', 'Animals', '1'), 'lookup')
    found = {(part['part'][0]['valueCode'], str(next(v for k, v in part['part'][1].items() if k != 'name')))
             for part in reply.json['parameter'] if part['name'] == 'property'}
    eq(found, {('parent', 'mammal'), ('child', 'poodle'), ('inactive', 'False'), ('legs', '4'), ('kin', 'cat')}, 'properties')
    node.get('CodeSystem/$lookup?system=%s&code=unicorn' % ANIMALS['url']).refused(404, 'not-found', 'unicorn')
    for a, b, outcome in (('mammal', 'poodle', 'subsumes'), ('poodle', 'mammal', 'subsumed-by'), ('dog', 'dog', 'equivalent'),
                          ('cat', 'dog', 'not-subsumed')):
        asked = node.get('CodeSystem/animals/$subsumes?codeA=%s&codeB=%s' % (a, b))
        eq(value(asked, 'outcome'), outcome, '%s and %s' % (a, b))


def test_translate(node):
    node.create({
        'resourceType': 'ConceptMap', 'id': 'map', 'url': 'http://example.org/map', 'status': 'active',
        'group': [{'source': ANIMALS['url'], 'target': 'http://example.org/tiere',
                   'element': [{'code': 'cat', 'target': [{'code': 'katze', 'equivalence': 'equivalent'}]},
                               {'code': 'poodle', 'target': [{'code': 'hund', 'equivalence': 'wider'}]},
                               {'code': 'penguin', 'target': [{'equivalence': 'unmatched'}]},
                               {'code': 'dog', 'target': [
                                   {'code': 'hund', 'equivalence': 'equal',
                                    'dependsOn': [{'property': 'http://example.org/size', 'value': 'large'}]}]}],
                   'unmapped': {'mode': 'fixed', 'code': 'tier', 'display': 'Tier'}}]})

    def ask(**more):
        return node.post('ConceptMap/$translate', parameters(url='http://example.org/map', **more))

    def matches(reply):
        return [({p['name']: p for p in m['part']}['equivalence']['valueCode'],
                 {p['name']: p for p in m['part']}.get('concept', {}).get('valueCoding', {}).get('code'))
                for m in reply.json['parameter'] if m['name'] == 'match']

    eq(matches(ask(code='cat', system=ANIMALS['url'])), [('equivalent', 'katze')], 'forward')
    eq(matches(ask(code='bird', system=ANIMALS['url'])), [('relatedto', 'tier')], 'unmapped')
    none = ask(code='penguin', system=ANIMALS['url'])
    eq((value(none, 'result'), matches(none)), (False, [('unmatched', None)]), 'unmatched')
    eq(matches(ask(code='dog', system=ANIMALS['url'])), [], 'a condition that does not hold')
    holds = {'part': [{'name': 'element', 'valueUri': 'http://example.org/size'},
                      {'name': 'concept', 'valueCodeableConcept': {'coding': [{'code': 'large'}]}}]}
    eq(matches(ask(code='dog', system=ANIMALS['url'], dependency=holds)), [('equal', 'hund')], 'one that holds')
    back = ask(code='hund', system='http://example.org/tiere', reverse=True)
    eq(sorted(matches(back)), [('equal', 'dog'), ('narrower', 'poodle')], 'reverse')
    node.get('ConceptMap/$translate?code=cat').refused(400, 'required', 'url')


def test_naming_system(node):
    """An OID stands for the code system that a stored NamingSystem gives it to."""
    lookup = 'CodeSystem/$lookup?code=cat&system=urn:oid:2.999.7'
    node.get(lookup).refused(404, 'not-found', 'urn:oid:2.999.7')
    node.create({'resourceType': 'NamingSystem', 'id': 'animals', 'name': 'Animals', 'status': 'active', 'kind': 'codesystem', 'date': '2024-01-01',
                 'uniqueId': [{'type': 'oid', 'value': '2.999.7'}, {'type': 'uri', 'value': ANIMALS['url'], 'preferred': True}]})
    eq(value(node.get(lookup), 'system'), ANIMALS['url'], 'the system of the OID')
    preferred = node.get('NamingSystem/$preferred-id?id=urn:oid:2.999.7&type=uri')
    eq(value(preferred, 'result'), ANIMALS['url'], 'its URI')
    node.get('NamingSystem/$preferred-id?id=2.999.8&type=uri').refused(404, 'not-found', '2.999.8')


def test_core(node):
    """The value sets and maps of R4 itself are there without being stored."""
    gender = 'ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/administrative-gender&system=http://hl7.org/fhir/administrative-gender&code='
    eq(value(node.get(gender + 'female'), 'result'), True, 'a code of R4')
    eq(value(node.get(gender + 'lady'), 'result'), False, 'none')
    units = node.get('CodeSystem/$validate-code?url=http://unitsofmeasure.org&code=mg/dL')
    eq(value(units, 'result'), True, 'a unit')
    node.get('ValueSet/$expand?url=http://snomed.info/sct?fhir_vs=nonsense').refused(400, 'invalid', 'fhir_vs')


def test_broken(node):
    own = compose('circle', compose={'include': [{'valueSet': ['http://example.org/vs/circle']}]})
    node.create(own)
    node.get('ValueSet/circle/$expand').refused(400, 'invalid', 'imports itself')
    node.post('ValueSet/$expand', compose('x', compose=filtered('code', 'regex', '('))).refused(400, 'invalid', 'regular')
    node.post('ValueSet/$expand', compose('x', compose=filtered('code', 'like', 'c'))).refused(400, 'invalid', 'operator')
    ok(node.get('metadata?mode=terminology').json['expansion']['parameter'], 'what it can do')


kith.main(globals())
