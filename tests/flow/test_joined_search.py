"""A search over two places is the search over one that holds everything: order, criteria, pages, also while entries and choices change."""

import os
import random
import time

import kith
import locality
from kith import eq, ok
from locality import until
from test_access import Person
from test_locality_joined import answered, fill, joined, manifest, person, ref

SEED = int(os.environ.get('KITH_SEED', '4711'))
ENTRIES = 48
BUSINESS = 'https://example.org/number'
CODES = ('29463-7', '8480-6', '8462-4')


def entry(chance, n):
    """An Observation of which some have no date, no value, no category."""
    made = {'resourceType': 'Observation', 'status': chance.choice(('final', 'preliminary', 'amended')),
            'identifier': [{'system': BUSINESS, 'value': 'n%d' % n}],
            'code': {'coding': [{'system': 'http://loinc.org', 'code': chance.choice(CODES)}]}}
    if chance.random() < 0.8:
        made['effectiveDateTime'] = '20%02d-%02d%s' % (chance.randrange(18, 22), chance.randrange(1, 4), chance.choice(('', '-07')))
    if chance.random() < 0.7:
        made['valueQuantity'] = {'value': chance.choice((7, 7.5, 70, 100, -3)), 'unit': 'kg',
                                 'system': 'http://unitsofmeasure.org', 'code': 'kg'}
    if chance.random() < 0.5:
        made['category'] = [{'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/observation-category', 'code': 'laboratory'}]}]
    return made


def spread(gp, hospital):
    """Each entry is at one of both about one person, and at the practice about another who has all of them."""
    chance = random.Random(SEED)
    gp.create(person('all', '9990000026', name=[{'family': 'Whole', 'given': ['Una']}]))
    gp.create({'resourceType': 'Encounter', 'id': 'stay-all', 'status': 'in-progress', 'subject': ref('Patient/all'),
               'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'IMP'},
               'participant': [{'individual': ref('Practitioner/doctor')}], 'serviceProvider': ref('Organization/y90001')})
    batches = {gp: [], hospital: []}
    for n in range(ENTRIES):
        made, at = entry(chance, n), chance.choice((gp, hospital))
        batches[at].append(dict(made, subject=ref('Patient/' + at.patient)))
        batches[gp].append(dict(made, subject=ref('Patient/all')))
    for at, entries in batches.items():
        chance.shuffle(entries)
        at.post('', {'resourceType': 'Bundle', 'type': 'batch', 'entry': [
            {'resource': e, 'request': {'method': 'POST', 'url': 'Observation'}} for e in entries]}).is_(200)


def found(member, path):
    """All pages: (number, date, value, code, status) of each entry in its order."""
    rows, pages = [], 0
    while path:
        reply = member.doctor.get(path)
        if not reply.is_(200, 'a page of ' + path):
            break
        for e in reply.json.get('entry', []):
            r = e['resource']
            if e['search']['mode'] == 'match' and 'identifier' in r:
                rows.append((r['identifier'][0]['value'], r.get('effectiveDateTime'), r.get('valueQuantity', {}).get('value'),
                             r['code']['coding'][0]['code'], r['status']))
        path, pages = reply.link('next'), pages + 1
    return rows, pages


def same_as_one(member):
    """Where two are equal in what is sorted by, either may come first: compared is what the order was asked for by."""
    orders = {'date': (1,), '-date': (1,), 'value-quantity': (2,), '-value-quantity': (2,), 'code,-date': (3, 1), 'status,value-quantity': (4, 2),
              '-status,code,date': (4, 3, 1)}
    criteria = ('', 'code=29463-7', 'code=29463-7,8480-6&status=final', 'status:not=final', 'date=ge2019&date=lt2021', 'date:missing=true',
                'value-quantity=gt7||kg', 'value-quantity=7', 'category=laboratory', 'value-quantity:missing=true', 'identifier=%s|n3' % BUSINESS)
    for i, what in enumerate(criteria):
        for order, columns in orders.items():
            if what and (i + len(order)) % 3:
                continue
            query = '&'.join(x for x in (what, '_sort=' + order, '_count=%d' % (5 if i % 2 else 7)) if x)
            one, _ = found(member.gp, 'Observation?patient=all&' + query)
            many, pages = found(member, 'Observation?patient=%s&_joined=true&%s' % (member.patient, query))
            of = lambda rows: [tuple(r[c] for c in columns) for r in rows]
            eq(sorted(many, key=str), sorted(one, key=str), 'the same entries by ' + query)
            eq(of(many), of(one), 'in the same order by ' + query)
            if not what:
                ok(pages >= ENTRIES // 7, 'by pages', pages)


def refused(gp):
    """What cannot be answered for all places alike is refused before anybody is asked."""
    before = gp.doctor.get('Observation?patient=p0&_joined=true').is_(200)
    for more, words in (('_include=Observation:encounter', '_include'), ('_revinclude=Provenance:target', '_revinclude'), ('_summary=true', '_summary'),
                        ('_summary=count', '_summary'), ('_elements=code', '_elements'), ('_total=accurate', '_total'), ('_count=0', '_count=0'),
                        ('encounter.status=finished', 'chained'), ('_has:Provenance:target:agent=x', '_has'), ('_id=w1', '_id'),
                        ('_source=x', '_source'), ('encounter=Encounter/stay', 'business identifier'), ('encounter:Encounter=stay', 'business'),
                        ('performer=Practitioner/doctor', 'another one at each place'), ('performer=%s/fhir/Practitioner/doctor' % gp.url, 'another one'),
                        ('based-on=http://elsewhere.example/fhir/ServiceRequest/referral', 'another one'), ('_sort=nonsense', 'nonsense'),
                        ('patient=p1', 'one patient'), ('unknown=1', 'unknown')):
        gp.doctor.get('Observation?patient=p0&_joined=true&' + more).refused(400, words=words)
    for more in ('performer:identifier=x|y', 'encounter:missing=true', 'derived-from=urn:uuid:5a4e7dd6-2f0e-4c8e-9a4b-0d3f54e1a001'):
        gp.doctor.get('Observation?patient=p0&_joined=true&' + more).is_(200)
    return before


def while_entries_change(gp, hospital):
    """Pages are of one moment: what comes or goes meanwhile makes none twice or lost."""
    path = 'Observation?patient=%s&_joined=true&_sort=-date&_count=10' % gp.patient
    all_of, _ = found(gp, path)
    first = gp.doctor.get(path)
    gone = hospital.get('Observation?patient=%s&_count=1&_sort=date&identifier=%s|' % (hospital.patient, BUSINESS)).matches[0]
    hospital.delete('Observation/' + gone['id'])
    hospital.create(dict(entry(random.Random(1), 900), subject=ref('Patient/' + hospital.patient), effectiveDateTime='2030-01-01'))
    rows, _ = found(gp, first.link('next'))
    shown = [e['resource']['identifier'][0]['value'] for e in first.json['entry'] if 'identifier' in e['resource'] and e['search']['mode'] == 'match']
    eq(sorted(shown + [r[0] for r in rows]), sorted(r[0] for r in all_of), 'as it was when it was asked for, each once')
    again, _ = found(gp, path)
    numbers = [r[0] for r in again]
    ok('n900' in numbers and gone['identifier'][0]['value'] not in numbers, 'asked for again, as it is now', numbers)


def choose(at, id, what, **more):
    at.put('Consent/' + id, {
        'resourceType': 'Consent', 'id': id, 'status': 'active', 'patient': ref('Patient/' + at.patient),
        'scope': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/consentscope', 'code': 'patient-privacy'}]},
        'category': [{'coding': [{'system': 'https://kith.care/fhir/CodeSystem/consent-kind', 'code': 'sharing'}]}],
        'policyRule': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'OPTOUT'}]},
        'provision': dict({'type': 'deny', 'actor': [{
            'role': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'code': 'IRCP'}]},
            'reference': ref('Practitioner/doctor')}]}, **what)}).is_(201)


def while_choices_change(gp, hospital):
    """A choice that is made here, or at the other place, ends the pages that were made before it: also one about single entries."""
    path = 'Observation?patient=%s&_joined=true&_sort=-date&_count=10' % gp.patient
    own = gp.get('Observation?patient=%s&_sort=date&identifier=%s|' % (gp.patient, BUSINESS)).matches[0]
    page = gp.doctor.get(path).link('next')
    gp.doctor.get(page).is_(200)
    choose(gp, 'one', {'data': [{'meaning': 'instance', 'reference': ref('Observation/' + own['id'])}]})
    gp.doctor.get('Observation/' + own['id']).is_(404)
    gp.doctor.get(page).refused(404, words='ask again')
    page = gp.doctor.get(path).link('next')
    gp.doctor.get(page).is_(200)
    rows, _ = found(gp, path)
    ok(own['identifier'][0]['value'] not in [r[0] for r in rows], 'nor is it in a new one')
    choose(hospital, 'all', {})
    until('told of by the other', lambda: gp.doctor.get(page).status == 404)
    page = gp.doctor.get(path.replace('=10', '=1')).link('next')
    choose(gp, 'all', {})
    gp.doctor.get(page).is_(404)


def test_as_one(_):
    with kith.scratch() as folder, locality.of(folder, locality.GP, locality.HOSPITAL) as members:
        gp, hospital = members
        fill(members)
        spread(gp, hospital)
        for m in members:
            m.gp = gp
            until('both are found by ' + m.ods, lambda m=m: answered(joined(m), gp.ods, hospital.ods))
            same_as_one(m)
        refused(gp)
        while_entries_change(gp, hospital)
        while_choices_change(gp, hospital)


if __name__ == '__main__':
    kith.main(globals())
