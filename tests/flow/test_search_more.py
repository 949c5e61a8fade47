"""Search beyond one type and its parameters: chains, includes, parts of resources, all types (R4 search.html)."""

import json
import re
import urllib.parse

import kith
from kith import bundle, entry, eq, observation, ok, patient, within

LOINC = 'http://loinc.org'
SUBSETTED = {'system': 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', 'code': 'SUBSETTED'}


def names(resources):
    return sorted(r['resourceType'] + '/' + r['id'] for r in resources)


def found(node, query, matches, included=None):
    r = node.get(query)
    if r.is_(200):
        eq(names(r.matches), sorted(matches), 'matches of ' + query)
        if included is not None:
            eq(names(r.included), sorted(included), 'included by ' + query)
    return r


def outcome(reply):
    """The issues of the entry with search.mode outcome."""
    entries = [e for e in reply.json.get('entry', []) if e['search']['mode'] == 'outcome']
    ok(len(entries) <= 1, 'one outcome at most', entries)
    if entries:
        kith.check_outcome(entries[0]['resource'], reply.asked)
    return entries[0]['resource']['issue'] if entries else []


def test_population(node):
    node.create({'resourceType': 'Organization', 'id': 'top', 'name': 'Region'})
    node.create({'resourceType': 'Organization', 'id': 'mid', 'name': 'Trust', 'partOf': {'reference': 'Organization/top'}})
    node.create({'resourceType': 'Organization', 'id': 'low', 'name': 'Ward', 'partOf': {'reference': 'Organization/mid'}})
    node.create({'resourceType': 'Practitioner', 'id': 'joe', 'name': [{'family': 'Joe'}]})
    node.create({'resourceType': 'Practitioner', 'id': 'ann', 'name': [{'family': 'Ann'}]})
    node.create(patient('Adams', id='a', generalPractitioner=[{'reference': 'Practitioner/joe'}],
                        managingOrganization={'reference': 'Organization/low'}))
    node.create(patient('Brown', id='b', generalPractitioner=[{'reference': 'Practitioner/ann'}]))
    node.create(observation('Patient/a', id='oa', performer=[{'reference': 'Practitioner/ann/_history/1'}]))
    node.create(observation('Patient/b', id='ob', status='preliminary'))
    node.create({'resourceType': 'Questionnaire', 'id': 'q1', 'status': 'active', 'url': 'http://example.org/q,1'})
    node.create({'resourceType': 'QuestionnaireResponse', 'id': 'qr', 'status': 'completed',
                 'questionnaire': 'http://example.org/q,1|2.0', 'subject': {'reference': 'Patient/a'}})


def test_chains(node):
    """search.html#chaining and #has."""
    for query, expected in (
            ('Observation?subject:Patient.family=adams', ['Observation/oa']),
            ('Observation?patient.family=brown', ['Observation/ob']),
            ('Observation?subject:Patient.general-practitioner:Practitioner.family=joe', ['Observation/oa']),
            ('Observation?subject.family=nobody', []),
            ('Patient?general-practitioner.family=ann', ['Patient/b']),
            ('Patient?_has:Observation:patient:status=preliminary', ['Patient/b']),
            ('Practitioner?_has:Patient:general-practitioner:_has:Observation:patient:status=final', ['Practitioner/joe']),
            ('Patient?organization.partof.partof.name=region', ['Patient/a']),
            ('QuestionnaireResponse?questionnaire.url=http://example.org/q\\,1', ['QuestionnaireResponse/qr'])):
        found(node, query, expected)


def test_includes(node):
    """search.html#revinclude: what is followed, and how far."""
    for query, matches, included in (
            ('Patient?_id=a&_include=*', ['Patient/a'], ['Organization/low', 'Practitioner/joe']),
            ('Patient?_id=a&_include=Patient:*', ['Patient/a'], ['Organization/low', 'Practitioner/joe']),
            ('Patient?_id=a&_include=Patient:organization', ['Patient/a'], ['Organization/low']),
            # without :iterate only the matches are followed
            ('Patient?_id=a&_include=Patient:organization&_include:iterate=Organization:partof', ['Patient/a'],
             ['Organization/low', 'Organization/mid', 'Organization/top']),
            ('Organization?_id=low&_include=Organization:partof&_include:iterate=Patient:organization', ['Organization/low'],
             ['Organization/mid']),
            ('Observation?_id=oa&_include=Observation:subject&_include:iterate=Patient:general-practitioner',
             ['Observation/oa'], ['Patient/a', 'Practitioner/joe']),
            ('Observation?_id=oa&_include=Observation:performer', ['Observation/oa'], ['Practitioner/ann']),
            ('Organization?_id=top&_revinclude=Organization:partof', ['Organization/top'], ['Organization/mid']),
            ('Organization?_id=top&_revinclude:iterate=Organization:partof', ['Organization/top'],
             ['Organization/low', 'Organization/mid']),
            ('Practitioner?_id=ann&_revinclude=*', ['Practitioner/ann'], ['Observation/oa', 'Patient/b']),
            ('Patient?_id=a&_revinclude=Observation:*', ['Patient/a'], ['Observation/oa']),
            # a canonical, with a version that does not matter, and back
            ('QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire', ['QuestionnaireResponse/qr'],
             ['Questionnaire/q1']),
            ('Questionnaire?_revinclude=QuestionnaireResponse:questionnaire', ['Questionnaire/q1'], ['QuestionnaireResponse/qr'])):
        found(node, query, matches, included)
    page = node.get('Patient?_sort=_id&_count=1&_include=Patient:general-practitioner')
    eq((names(page.matches), names(page.included)), (['Patient/a'], ['Practitioner/joe']), 'of this page alone')


def test_too_many_includes(node):
    """The node of this file includes twenty resources a page at most; nothing is cut short."""
    node.create(patient('Many', id='many'))
    for n in range(21):
        node.create(observation('Patient/many', id='many%d' % n))
    node.get('Patient?_id=many&_revinclude=Observation:subject').refused(403, 'too-costly', '20')
    r = node.get('Patient?_id=many&_revinclude=Observation:subject:Group')
    r.refused(400, 'invalid', 'Patient')
    node.delete('Observation/many0')
    eq(len(node.get('Patient?_id=many&_revinclude=Observation:subject').included), 20, 'as many as may be')
    for n in range(1, 21):
        node.delete('Observation/many%d' % n)
    node.delete('Patient/many')


def test_elements(node):
    """search.html#elements: the values keep their digits, what must be there stays."""
    text = ('{"resourceType":"Observation","id":"exact","status":"final","code":{"text":"c"},'
            '"subject":{"reference":"Patient/a"},"valueQuantity":{"value":1.500E2,"unit":"kg"},"note":[{"text":"n"}]}')
    node.put('Observation/exact', text).is_(201)
    r = node.get('Observation?_id=exact&_elements=value')
    r.is_(200)
    ok(b'"valueQuantity":{"value":1.500E2,"unit":"kg"}' in r.body, 'the digits', r.body)
    got = r.matches[0]
    eq(sorted(got), ['code', 'id', 'meta', 'resourceType', 'status', 'valueQuantity'], 'asked for, and mandatory')
    eq(got['meta']['tag'], [SUBSETTED], 'tagged')
    within(r.link('self'), '_elements=value', 'self')
    r = node.get('Observation?_id=exact&_elements=status,subject&_include=Observation:subject')
    eq(sorted(r.matches[0]), ['code', 'id', 'meta', 'resourceType', 'status', 'subject'], 'two')
    ok('name' in r.included[0] and 'tag' not in r.included[0]['meta'], 'what is included stays whole', r.included)
    r = node.get('Observation?_id=exact&_elements=Patient.gender&_include=Observation:subject')
    ok('note' in r.matches[0] and 'name' not in r.included[0], 'a type before the element', r.body)
    read = node.get('Observation/exact?_elements=subject')
    eq(sorted(read.json), ['code', 'id', 'meta', 'resourceType', 'status', 'subject'], 'read takes it too')
    eq(read.etag, 'W/"1"', 'the version')
    ok('note' not in node.get('Observation/exact/_history/1?_elements=subject').json, 'vread')
    node.get('Observation?_elements=nonsense').refused(400, 'invalid', 'nonsense')
    node.get('Observation/exact?_elements=nonsense').refused(400, 'invalid', 'nonsense')
    inside = node.post('', bundle('batch', entry('GET', 'Observation/exact?_elements=subject')))
    eq(inside.json['entry'][0]['resource'], read.json, 'in a batch')


def test_summary(node):
    """search.html#summary."""
    node.create({'resourceType': 'Observation', 'id': 'sum', 'status': 'final', 'code': {'text': 'c'},
                 'text': {'status': 'generated', 'div': '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
                 'subject': {'reference': 'Patient/a'}, 'note': [{'text': 'n'}]})
    fixed = {'code', 'id', 'meta', 'resourceType', 'status'}
    for word, more in (('true', {'subject'}), ('text', {'text'}), ('data', {'subject', 'note'}),
                       ('false', {'subject', 'note', 'text'})):
        for what, got in (('search', node.get('Observation?_id=sum&_summary=' + word).matches[0]),
                          ('read', node.get('Observation/sum?_summary=' + word).json)):
            eq(set(got), fixed | more, '%s with _summary=%s' % (what, word))
            eq('tag' in got['meta'], word != 'false', 'tagged with _summary=' + word)
    found(node, 'Observation?_id=sum&_summary=true&_include=Observation:subject', ['Observation/sum'], ['Patient/a'])
    node.get('Observation?_summary=text&_include=Observation:subject').refused(400, 'invalid', '_include')
    node.get('Observation?_summary=true&_elements=status').refused(400, 'invalid')
    node.get('Observation/sum?_summary=count').refused(400, 'invalid', 'count')
    node.get('Observation/sum?_count=1').refused(400, 'not-supported', '_count')


def test_a_part_is_never_stored(node):
    """A part that is put back would lose what was left out."""
    part = node.get('Observation/sum?_summary=true').json
    node.put('Observation/sum', part).refused(422, 'business-rule', 'SUBSETTED', 'Observation.meta.tag')
    node.put('Observation?_id=sum', part).refused(422, 'business-rule', 'SUBSETTED')
    node.post('', bundle('transaction', entry('PUT', 'Observation/sum', part))).refused(422, 'business-rule', 'SUBSETTED')
    ok('note' in node.get('Observation/sum').json, 'it is whole still')


def test_lenient(node):
    """http.html, Prefer: handling."""
    query = 'Patient?family=adams&nonsense=1&_id:sometimes=x'
    node.get(query).refused(400, 'invalid')
    node.get(query, Prefer='handling=strict').refused(400, 'invalid')
    r = node.get('Patient?family=adams&nonsense=1', Prefer='return=representation, handling=lenient')
    r.is_(200)
    eq(r.ids, ['a'], 'the rest counts')
    issues = outcome(r)
    eq([i['severity'] for i in issues], ['warning'], 'a warning')
    within(issues[0]['details']['text'], 'nonsense', 'which names it')
    ok('nonsense' not in r.link('self') and 'family=adams' in r.link('self'), 'self', r.link('self'))
    node.get('Patient?birthdate=rubbish', Prefer='handling=lenient').refused(400, 'invalid', 'birthdate')


def test_explain(node):
    r = node.get('Observation?code=%s|29463-7&patient=a&_include=Observation:subject&_explain=true' % LOINC)
    r.is_(200)
    eq(names(r.matches), ['Observation/oa'], 'the matches as ever')
    issues = outcome(r)
    ok(len(issues) >= 2, 'the whole and its steps', issues)
    for issue in issues:
        eq((issue['severity'], issue['code']), ('information', 'informational'), 'an explanation')
    within(issues[0]['diagnostics'], r'^visited=\d+ matches=1 microseconds=\d+$', 'the whole')
    for issue in issues[1:]:
        within(issue['diagnostics'], r'^depth=\d+ estimate=(\d+|-) visited=\d+ kept=\d+ microseconds=\d+$', 'a step')
    within(issues[-1]['details']['text'], '_include', 'what was included')
    eq(outcome(node.get('Observation?code=29463-7')), [], 'only where asked')
    first = node.get('Patient?_count=1&_sort=_id&_explain=true')
    second = node.get(first.link('next'))
    eq(names(first.matches + second.matches), ['Patient/a', 'Patient/b'], 'two pages')
    ok(outcome(second), 'the next page is explained too', first.link('next'))
    plain = node.get(first.link('next').replace('&_explain=true', ''))
    eq((names(plain.matches), outcome(plain)), (['Patient/b'], []), 'the same page without it')


def test_all_types(node):
    """http.html#search: GET [base]?..., POST [base]/_search."""
    for bad in ('', '?', '?_format=json'):
        node.get(bad).refused(400, 'required', '_type')
    found(node, '?_type=Patient,Practitioner&_id=a,joe', ['Patient/a', 'Practitioner/joe'])
    found(node, '?_id=a', ['Patient/a'])
    found(node, '?_type=Patient', ['Patient/a', 'Patient/b'])
    form = node.request('POST', '_search', '_type=Patient', Content_Type='application/x-www-form-urlencoded')
    eq(names(form.matches), ['Patient/a', 'Patient/b'], 'by POST')
    pages = node.pages('?_type=Patient,Practitioner,Organization&_sort=_id&_count=2')
    eq([r['id'] for p in pages for r in p.matches], ['a', 'ann', 'b', 'joe', 'low', 'mid', 'top'], 'one order over all')
    eq(node.get('?_type=Patient,Organization&_summary=count').json['total'], 5, 'and one total')
    node.get('?_type=Nonsense').refused(400, 'invalid', 'Nonsense')
    node.get('?family=adams').refused(400)
    node.get('_search').refused(405)
    token = node.get('?_type=Patient&_count=1').link('next').split('_page=')[1]
    node.get('Patient?_count=1&_page=' + token).refused(400, 'invalid', "'next'")


def test_whole_compartment(node):
    everything = {'Patient/a', 'Observation/oa', 'Observation/exact', 'Observation/sum', 'QuestionnaireResponse/qr'}
    r = found(node, 'Patient/a/*', everything)
    within(r.link('self'), r'/fhir/Patient/a/\*$', 'self')
    eq(sorted(n for p in node.pages('Patient/a/*?_count=2') for n in names(p.matches)), sorted(everything), 'pages')
    found(node, 'Patient/a/*?_type=Observation&status=final', [n for n in everything if 'Observation' in n])
    found(node, 'Practitioner/joe/*', ['Patient/a', 'Practitioner/joe'])


def test_links(node):
    first = node.get('Patient?_count=1&_sort=_id')
    eq(first.link('first'), first.link('self'), 'the first page is the first')
    second = node.get(first.link('next'))
    eq(second.link('first'), first.link('self'), 'and is named by the second')
    eq(names(node.get(second.link('self')).matches), names(second.matches), 'self is this page')
    token = first.link('next').split('_page=')[1]
    node.get('Practitioner?_count=1&_sort=_id&_page=' + token).refused(400, 'invalid', "'next'")
    ok(node.get(second.link('self')).link('next') is None, 'the end')


def test_contained(node):
    """search.html#contained."""
    node.create({'resourceType': 'MedicationRequest', 'id': 'mr', 'status': 'active', 'intent': 'order',
                 'subject': {'reference': 'Patient/a'}, 'medicationReference': {'reference': '#m'},
                 'supportingInformation': [{'reference': '#n'}],
                 'contained': [{'resourceType': 'Medication', 'id': 'm', 'code': {'coding': [{'code': 'abc'}]}},
                               {'resourceType': 'Medication', 'id': 'n', 'code': {'coding': [{'code': 'xyz'}]},
                                'ingredient': [{'itemReference': {'reference': '#m'}}]}]})
    node.create({'resourceType': 'Medication', 'id': 'free', 'code': {'coding': [{'code': 'abc'}]}})
    found(node, 'Medication?code=abc', ['Medication/free'])
    found(node, 'Medication?code=abc&_contained=true', ['MedicationRequest/mr'])
    found(node, 'Medication?code=abc&_contained=both', ['Medication/free', 'MedicationRequest/mr'])
    r = node.get('Medication?code=abc&_contained=true&_containedType=contained')
    if r.is_(200):
        eq([(e['fullUrl'], e['resource']['id']) for e in r.json['entry']],
           [(node.fhir + '/MedicationRequest/mr#m', 'm')], 'the contained resource itself')
    r = node.get('Medication?code=abc&_contained=both&_containedType=contained')
    if r.is_(200):
        eq(sorted(e['resource']['id'] for e in r.json['entry']), ['free', 'm'], 'both')
    found(node, 'Medication?code=none&_contained=both', [])


def test_conditions(node):
    """Conditions may have whatever a search has, but controls."""
    again = node.post('Patient', patient('Adams'), If_None_Exist='_has:Observation:patient:code=29463-7&family=adams')
    again.is_(200)
    node.post('Patient', patient('Adams'), If_None_Exist='family=adams&_count=1').refused(400, None, '_count')
    node.post('Patient', patient('Adams'), If_None_Exist='_sort=family').refused(400, None, '_sort')
    gp = {'resourceType': 'Practitioner', 'name': [{'family': 'New'}], 'identifier': [{'value': 'n1'}]}
    made = node.post('', bundle('transaction', entry('POST', 'Practitioner', gp, 'urn:uuid:5c1b6d4e-0f2a-4d55-9d3c-6f1f6a6f0001'),
                                entry('POST', 'Patient', patient('Fresh', generalPractitioner=[
                                    {'reference': 'Practitioner?identifier=n1&family:exact=New'}]))))
    made.is_(200)
    eq(names(node.get('Patient?general-practitioner.identifier=n1').matches).__len__(), 1, 'what the transaction makes is meant')
    joined = bundle('transaction', entry('POST', 'Organization', {'resourceType': 'Organization', 'name': 'O', 'identifier': [
        {'value': 'o1'}], 'partOf': {'reference': 'Organization?name=nowhere&partof.name=nothing'}}))
    node.post('', joined).refused(412, None, 'fullUrl')


kith.main(globals(), '--limit', 'include_entries=20')
