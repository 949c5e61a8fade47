"""What changes in one node's store reaches the others: contacts, choices, corrections, seals, merges, another practice; once, also after kill -9."""

import json
import os
import signal
import sqlite3
import time

import kith
import locality
from kith import eq, ok, within
from locality import until
from test_access import Person, parts

NHS = 'https://fhir.nhs.uk/Id/nhs-number'
ODS = 'https://fhir.nhs.uk/Id/ods-organization-code'
KIND = 'https://kith.care/fhir/CodeSystem/consent-kind'
LABEL = 'https://kith.care/fhir/CodeSystem/label'
SLOWED = os.environ.get('KITH_SMALL') == 'yes'  # by a sanitizer: then a choice may be told on after its reply, which says so
AT_ONCE = 30 if SLOWED else 5  # seconds


def rows(node, kind):
    """What a node keeps of its locality: key -> value."""
    db = sqlite3.connect('file:%s/locality.db?mode=ro' % node.dir, uri=True, timeout=20)
    try:
        return {bytes(k): bytes(v) for k, v in db.execute('SELECT key, value FROM kept WHERE kind = ?', (kind,))}
    finally:
        db.close()


def taken(node, sender):
    """How many rows of a sender a node has taken, of all people."""
    return sum(int.from_bytes(v[:8], 'big') for k, v in rows(node, 'in').items() if k.startswith(sender.ods.encode()))


def rows_made(node):
    """How many rows a node has made, for all members and people."""
    return sum(int.from_bytes(v[:8], 'big') for v in rows(node, 'sent').values())


def waits(node):
    return len(rows(node, 'out'))


def copies(node):
    return {k[42:].decode(): json.loads(v) for k, v in rows(node, 'copy').items()}


def ods_of(member):
    return {'reference': 'Organization/' + member.ods.lower()}


def patient(practice, **more):
    return dict({'resourceType': 'Patient', 'id': 'ana', 'birthDate': '1970-01-02', 'gender': 'female',
                 'name': [{'family': 'Smith', 'given': ['Ana']}], 'identifier': [{'system': NHS, 'value': '9990000018'}],
                 'generalPractitioner': [ods_of(practice)]}, **more)


def observation(id, value, **more):
    return dict({'resourceType': 'Observation', 'id': id, 'status': 'final', 'subject': {'reference': 'Patient/ana'},
                 'code': {'coding': [{'system': 'http://loinc.org', 'code': '8480-6'}]}, 'effectiveDateTime': '2026-01-02',
                 'valueQuantity': {'value': value}}, **more)


def consent(id, kind, type, about):
    return {'resourceType': 'Consent', 'id': id, 'status': 'active', 'patient': {'reference': 'Patient/ana'},
            'scope': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/consentscope', 'code': 'patient-privacy'}]},
            'category': [{'coding': [{'system': KIND, 'code': kind}]}],
            'policyRule': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'OPTIN'}]},
            'provision': {'type': type, 'actor': [{
                'role': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'code': 'IRCP'}]},
                'reference': {'reference': 'Organization/' + about.ods.lower()}}]}}


def organisations(node, members):
    for m in members:
        node.create({'resourceType': 'Organization', 'id': m.ods.lower(), 'name': m.name, 'identifier': [{'system': ODS, 'value': m.ods}]})


def early(practice):
    return patient(practice, id='early', birthDate='1960-05-06', name=[{'family': 'Okafor', 'given': ['Ben']}],
                   identifier=[{'system': NHS, 'value': '9434765870'}])


def before_all(gp, hospital, platform):
    """Whoever joins tells the homes of those whose records are there already."""
    until('the home has noted who was there before', lambda: len(rows(gp, 'place')) == 2)


def another_practice(gp, hospital, platform):
    """The old home says so, and whoever has told it tells the new one instead."""
    gp.put('Patient/early', early(hospital)).is_(200)
    until('the new home has a list', lambda: len(rows(hospital, 'place')) == 2)
    until('the old one has none of them', lambda: not rows(gp, 'place'))


def first_contact(gp, hospital, platform):
    """The home hears of a record as soon as there is one, whoever was there first."""
    gp.create(patient(gp))
    hospital.create(patient(gp))
    hospital.create(observation('o1', 120))
    until('the home has noted the hospital', lambda: len(rows(gp, 'place')) == 1)
    platform.create(patient(gp))
    until('and the platform', lambda: len(rows(gp, 'place')) == 2)
    taken_before = taken(gp, hospital)
    for i in range(3):
        hospital.create(observation('more-%d' % i, i))
    time.sleep(0.5)
    eq(taken(gp, hospital), taken_before, 'more of the same person is no news for the home')


def a_platform_is_chosen(gp, hospital, platform):
    hospital.create(consent('home', 'home', 'permit', platform))
    until('the platform has what was there', lambda: {'Patient/ana', 'Observation/o1', 'Observation/more-2'} <= set(copies(platform)))
    until('the platform has a list, too', lambda: len(rows(platform, 'place')) == 1)
    eq(len(rows(gp, 'place')), 2, 'beside that of the practice')


def a_correction(gp, hospital, platform):
    hospital.put('Observation/o1', observation('o1', 121)).is_(200)
    until('the correction has come', lambda: copies(platform)['Observation/o1']['valueQuantity']['value'] == 121)
    until('nothing waits', lambda: waits(hospital) == 0)
    before = taken(platform, hospital)
    hospital.put('Observation/o1', observation('o1', 122)).is_(200)
    until('the next one, too', lambda: copies(platform)['Observation/o1']['valueQuantity']['value'] == 122)
    eq(taken(platform, hospital), before + 1, 'each is one row')
    hospital.delete('Observation/more-2').is_(204)
    until('what is deleted goes', lambda: 'Observation/more-2' not in copies(platform))
    until('and its end is acknowledged', lambda: taken(hospital, platform) >= 1)


def a_seal(gp, hospital, platform):
    sealed = observation('o1', 122, meta={'security': [{'system': LABEL, 'code': 'sealed'}]})
    hospital.put('Observation/o1', sealed).is_(200)
    until('a sealed entry goes', lambda: 'Observation/o1' not in copies(platform), AT_ONCE)
    hospital.post('Observation/o1/$meta-delete', {'resourceType': 'Parameters', 'parameter': [
        {'name': 'meta', 'valueMeta': {'security': [{'system': LABEL, 'code': 'sealed'}]}}]}).is_(200)
    until('unsealed it comes again', lambda: 'Observation/o1' in copies(platform))


def another_number(gp, hospital, platform):
    """A number that was wrong: nothing that was given or told under it stays, and what is true is told again under the other."""
    def people():
        return {k[:32] for k in rows(platform, 'copy')}
    before, places, many = people(), set(rows(gp, 'place')), len(copies(platform))
    ok(len(before) == 1 and len(places) == 2, 'copies of one person, two places', (before, places))
    mended = patient(gp, identifier=[{'system': NHS, 'value': '9990000026'}])
    hospital.put('Patient/ana', mended).is_(200)
    until('the copies are under the other number', lambda: len(people()) == 1 and people() != before and len(copies(platform)) == many, AT_ONCE)
    until('and the place', lambda: len(rows(gp, 'place')) == 2 and set(rows(gp, 'place')) != places)
    hospital.put('Patient/ana', dict(mended, identifier=[{'system': 'urn:x', 'value': '1'}])).is_(200)
    until('without one there are no copies', lambda: not copies(platform), AT_ONCE)
    until('and no place', lambda: len(rows(gp, 'place')) == 1)
    hospital.put('Patient/ana', patient(gp)).is_(200)
    until('all is as it was', lambda: people() == before and len(copies(platform)) == many and set(rows(gp, 'place')) == places)


def elsewhere(person):
    return {x['ods']: x for x in parts(person.get('Patient/ana/$sharing'), 'elsewhere')}


def an_ask(gp, hospital, platform):
    """What the practice had may not be asked for again, from the moment of the reply on."""
    gp.create({'resourceType': 'Practitioner', 'id': 'doctor', 'name': [{'family': 'Doctor'}]})
    gp.create({'resourceType': 'Encounter', 'id': 'stay', 'status': 'in-progress', 'subject': {'reference': 'Patient/ana'},
               'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'AMB'},
               'period': {'start': '2026-01-01'}, 'serviceProvider': {'reference': 'Organization/y90001'},
               'participant': [{'individual': {'reference': 'Practitioner/doctor'}}]})
    gp.doctor = Person(gp, 'doctor', '--person', 'Practitioner/doctor', '--role', 'R8000')
    until('the practice is answered', lambda: outcome(gp, hospital) == 'answered')
    hospital.create(consent('no-gp', 'sharing', 'deny', gp))
    until('the practice is refused', lambda: outcome(gp, hospital) != 'answered', AT_ONCE)
    hospital.delete('Consent/no-gp').is_(204)
    until('the end of it came, too', lambda: outcome(gp, hospital) == 'answered')


def outcome(asker, holder):
    first = asker.doctor.get('Patient/ana/$joined').json['entry'][0]['resource']
    for issue in first['issue'][1:]:
        for x in issue.get('extension', []):
            said = {p['url']: next(v for k, v in p.items() if k.startswith('value')) for p in x.get('extension', [])}
            if said.get('ods') == holder.ods:
                return said['outcome']
    return None


def a_node_was_away(gp, hospital, platform):
    """Days would be the same: what waits is kept, in order."""
    me = Person(hospital, 'patient-ana', '--kind', 'patient', '--person', 'Patient/ana', '--nhs-number', '9990000018')
    eq(elsewhere(me).get(platform.ods, {}).get('waiting'), 0, 'the patient sees who has copies')
    ok('start' in elsewhere(me).get(platform.ods, {}), 'and since when', elsewhere(me))
    platform.stop()
    for value in (123, 124, 125):
        hospital.put('Observation/o1', observation('o1', value)).is_(200)
    until('three rows wait', lambda: waits(hospital) == 3)
    eq(elsewhere(me)[platform.ods]['waiting'], 3, 'the patient sees what is not acknowledged')
    within(elsewhere(me)[platform.ods]['words'], 'My Own Record.*not confirmed', 'in words')
    platform.start()
    until('the newest is there', lambda: copies(platform)['Observation/o1']['valueQuantity']['value'] == 125)
    until('nothing waits any more', lambda: waits(hospital) == 0)


def killed(gp, hospital, platform):
    """kill -9 of the sender right behind a write, and of the receiver: each row comes once."""
    before = taken(platform, hospital)
    for i in range(4):
        hospital.put('Observation/o1', observation('o1', 130 + i)).is_(200)
        hospital.stop(signal.SIGKILL)
        if i % 2:
            platform.stop(signal.SIGKILL)
            platform.start()
        hospital.start()
        until('correction %d has come' % i, lambda: copies(platform)['Observation/o1']['valueQuantity']['value'] == 130 + i)
    until('nothing waits', lambda: waits(hospital) == 0)
    eq(taken(platform, hospital), before + 4, 'each once')
    for i in range(3):
        before = rows_made(hospital)
        hospital.create(consent('kept', 'sharing', 'permit' if i % 2 else 'deny', platform))
        hospital.stop(signal.SIGKILL)
        ok(rows_made(hospital) > before, 'a choice is durable for the others when it is acknowledged', before)
        hospital.start()
    hospital.delete('Consent/kept').is_(204)


def refusals(node):
    """What a node was told of the hospital's Consent/no-gp."""
    return [r for r in node.get('Consent?patient=ana').matches if [i['value'] for i in r.get('identifier', [])] == ['Consent/no-gp']]


def withdrawal(gp, hospital, platform):
    """A refusal at one node: durable before the reply, within 5 s everywhere; and it counts there."""
    versions = {m: rows(m, 'consent') for m in (gp, platform)}
    before = rows_made(hospital)
    begun = time.monotonic()
    hospital.create(consent('no-gp', 'sharing', 'deny', gp))
    ok(rows_made(hospital) > before, 'the row is there with the reply')
    for m in (platform, gp):
        until('%s knows the new version' % m.ods, lambda: rows(m, 'consent') != versions[m], AT_ONCE)
    ok(time.monotonic() - begun < AT_ONCE, 'within 5 s', time.monotonic() - begun)
    told = until('the refusal counts at the home, too',
                 lambda: [r for r in refusals(gp) if r['status'] == 'active'], AT_ONCE)
    if told:
        eq((told[0]['status'], told[0]['provision']['type']), ('active', 'deny'), 'as it was said')
        eq(told[0]['provision']['actor'][0]['reference'].get('reference'), 'Organization/y90001', 'about the same organisation')
    hospital.put('Consent/no-gp', dict(consent('no-gp', 'sharing', 'deny', gp), status='inactive')).is_(200)
    until('its end comes, too', lambda: [r['status'] for r in refusals(gp)] == ['inactive'])
    now = max(int.from_bytes(v[:8], 'big') for v in rows(platform, 'consent').values())
    until('the platform may show its copies again',
          lambda: any(int.from_bytes(v[:8], 'big') >= now and int.from_bytes(v[8:], 'big') > time.time() * 1000 for v in rows(platform, 'hold').values()))
    gp.create(dict(consent('mental', 'sharing', 'permit', platform), provision={'type': 'permit'}))
    until('a choice elsewhere is heard of', lambda: not rows(hospital, 'unsettled') and rows(hospital, 'consent') == rows(gp, 'consent'))
    until('and ends no copy', lambda: rows(platform, 'consent') == rows(gp, 'consent') and
          any(v[:8] == max(rows(platform, 'consent').values()) and int.from_bytes(v[8:], 'big') > time.time() * 1000 for v in rows(platform, 'hold').values()))
    ok('Observation/o1' in copies(platform), 'the copies are still there')


def a_member_hangs(gp, hospital, platform):
    """One that takes connections and never answers, with much that waits for it, keeps nothing from the others."""
    until('nothing waits', lambda: waits(hospital) == 0)
    os.kill(platform.process.pid, signal.SIGSTOP)
    try:
        for i in range(3):
            hospital.put('Observation/big-%d' % i, observation('big-%d' % i, i, note=[{'text': 'y' * 40000 + ' long words' * 80000}] * 8)).is_(201)
        took = []
        for i in range(6):
            versions = rows(gp, 'consent')
            begun = time.monotonic()
            reply = hospital.put('Consent/no-gp', dict(consent('no-gp', 'sharing', 'deny', gp), status='inactive' if i % 2 else 'active'))
            if not (SLOWED and reply.status == 500 and b'it is tried again by itself' in reply.body):
                reply.is_(200)
            until('the home knows choice %d' % i, lambda: rows(gp, 'consent') != versions, 60)
            took.append(time.monotonic() - begun)
            time.sleep(0.7 * i)
        ok(max(took) < AT_ONCE, 'within 5 s', took)
        ok(waits(hospital) > 6, 'and nothing has reached the one that hangs')
    finally:
        os.kill(platform.process.pid, signal.SIGCONT)
    until('it has all when it is back', lambda: waits(hospital) == 0)
    for i in range(3):  # more than an answer may have
        hospital.delete('Observation/big-%d' % i).is_(204)


def the_platform_is_revoked(gp, hospital, platform):
    hospital.put('Consent/home', dict(consent('home', 'home', 'permit', platform), status='inactive')).is_(200)
    until('all copies are gone', lambda: not copies(platform), AT_ONCE)
    until('and the list', lambda: not rows(platform, 'place'))


def chosen_at_the_practice_alone(gp, hospital, platform):
    """Others go by the practice: it names the platform to them, and takes that back; its own list lacks nothing meanwhile."""
    gp.create(consent('home', 'home', 'permit', platform))
    until('the hospital has told the platform, too', lambda: len(rows(platform, 'place')) == 2)
    eq(len(rows(gp, 'place')), 2, 'the practice has its list still')
    gp.put('Consent/home', dict(consent('home', 'home', 'permit', platform), status='inactive')).is_(200)
    until('the platform has none any more', lambda: not rows(platform, 'place'))
    eq(len(rows(gp, 'place')), 2, 'the practice has it as before')
    eq(outcome(gp, hospital), 'answered', 'and finds the hospital')
    eq(len(rows(hospital, 'contact')), 1, 'the hospital has told the practice alone')


def a_person_is_refused(gp, hospital, platform):
    """Elsewhere they are the one that they are there when they ask; what names a single entry stays where the entry is."""
    said = consent('no-doctor', 'sharing', 'deny', gp)
    said['provision']['actor'][0]['reference'] = {'reference': 'Practitioner/doctor'}
    said['provision']['securityLabel'] = [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'MH'}]
    gp.create(said)
    def told():
        return [r for r in hospital.get('Consent?patient=ana').matches if [i['value'] for i in r.get('identifier', [])] == ['Consent/no-doctor']]
    until('the hospital hears of it', lambda: [r['status'] for r in told()] == ['active'], AT_ONCE)
    who = told()[0]['provision']['actor'][0]['reference']
    within(who['reference'], '^Practitioner/m-[0-9a-f]{32}$', 'as a person')
    within(who['identifier']['value'], '^Y90001[|].{22}$', 'of the practice')
    eq(hospital.get(who['reference']).json['identifier'][0]['value'], who['identifier']['value'], 'who is written down there')
    gp.delete('Consent/no-doctor').is_(204)
    until('its end comes, too', lambda: [r['status'] for r in told()] == ['inactive'])


def two_records(gp, hospital, platform):
    eq(refusals(hospital), [], 'what was chosen here has not come back from those who told it on')
    hospital.create({'resourceType': 'Patient', 'id': 'other', 'name': [{'family': 'Smith'}]})
    hospital.put('Patient/ana', patient(gp, link=[{'type': 'seealso', 'other': {'reference': 'Patient/other'}}])).is_(200)
    hospital.put('Patient/ana', patient(gp, link=[{'type': 'replaced-by', 'other': {'reference': 'Patient/other'}}])).is_(200)
    until('people at the home are told of a merge', lambda: 'identity-merge' in [a['kind'] for a in gp.alarms()])
    hospital.put('Patient/ana', patient(gp)).is_(200)
    until('and that it was undone', lambda: 'identity-unmerge' in [a['kind'] for a in gp.alarms()])
    link = {'resourceType': 'Linkage', 'id': 'l', 'item': [{'type': 'source', 'resource': {'reference': 'Patient/ana'}},
                                                           {'type': 'alternate', 'resource': {'reference': 'Patient/other'}}]}
    hospital.create(link)
    until('a Linkage says the same', lambda: [a for a in gp.alarms() if a['kind'] == 'identity-merge' and 'Linkage/l' in a['words']])
    hospital.delete('Linkage/l').is_(204)
    until('and is undone', lambda: [a for a in gp.alarms() if a['kind'] == 'identity-unmerge' and 'Linkage/l' in a['words']])


def from_a_backup(gp, hospital, platform):
    """What a node says again, or has forgotten that it said, is taken by nobody before people have looked; then it goes on."""
    copy, before = hospital.dir + '-backup', hospital.dir + '-before'
    kith.run('backup', hospital.dir, copy)
    hospital.create(consent('lost', 'sharing', 'deny', platform))
    until('the practice has heard', lambda: waits(hospital) == 0)
    hospital.stop()
    os.rename(hospital.dir, before)
    kith.run('restore', copy, hospital.dir)
    hospital.token = kith.token_of(hospital.dir)
    hospital.start()
    hospital.create(consent('after', 'sharing', 'deny', platform))
    until('the practice refuses it, and says what to do', lambda: [
        a for a in gp.alarms() if a['kind'] == 'feed-refused' and 'locality anew' in a['words']])
    ok([k for k in rows(hospital, 'out') if k.startswith(gp.ods.encode())], 'it waits')
    gp.do('anew', 'Y90009', status=3)
    within(gp.do('anew', hospital.ods).stdout, 'ask them', 'what was lost is asked for')
    until('it goes on', lambda: not [k for k in rows(hospital, 'out') if k.startswith(gp.ods.encode())])


def test_changes(_):
    with kith.scratch() as folder:
        members = [locality.Member(folder, *who) for who in (locality.GP, locality.HOSPITAL, locality.PLATFORM)]
        try:
            for m in members:
                m.start()
                organisations(m, members)
                m.create(early(members[0]))
            locality.form(members)
            for part in (before_all, another_practice, first_contact, a_platform_is_chosen, a_correction, a_seal, another_number, an_ask,
                         a_node_was_away, killed, withdrawal, a_member_hangs, the_platform_is_revoked, chosen_at_the_practice_alone,
                         a_person_is_refused, two_records, from_a_backup):
                part(*members)
        finally:
            for m in members:
                m.finish()


def seen(who, query=''):
    """A joined record as somebody sees it: what is said of the practice, and the entries that are from there."""
    reply = who.get('Patient/ana/$joined' + query)
    reply.is_(200)
    first, *entries = reply.json['entry']
    for issue in first['resource']['issue']:
        about = {e['url']: next(v for k, v in e.items() if k != 'url') for x in issue.get('extension', []) for e in x['extension']}
        if about.get('ods') == locality.GP[0]:
            return dict(about, words=issue['details']['text']), {e['resource']['id']: e['resource'] for e in entries
                                                                 if e['resource']['meta']['source'] == about['base']}, reply.json
    return {}, {}, reply.json


def test_copies_of_one_that_is_away(_):
    """A patient at their platform sees copies of what the practice holds while it is away; never as the whole, and nobody else does."""
    with kith.scratch() as folder, locality.of(folder, locality.GP, locality.PLATFORM) as (gp, platform):
        for m in (gp, platform):
            organisations(m, (gp, platform))
            m.create(patient(gp))
        gp.create(observation('o1', 120))
        gp.create(consent('home', 'home', 'permit', platform))
        until('the platform has copies', lambda: {'Patient/ana', 'Observation/o1'} <= set(copies(platform)))
        me = Person(platform, 'patient-ana', '--kind', 'patient', '--person', 'Patient/ana', '--nhs-number', '9990000018')
        place, entries, _ = until('the practice answers', lambda: (lambda s: s[0].get('outcome') == 'answered' and s)(seen(me)))
        eq((entries['o1']['valueQuantity']['value'], 'copies' in place), (120, False), 'what it says itself')
        gp.put('Observation/o1', observation('o1', 121)).is_(200)
        until('the correction has come', lambda: copies(platform)['Observation/o1']['valueQuantity']['value'] == 121)
        gp.stop()
        place, entries, bundle = until('it is away', lambda: (lambda s: s[0].get('outcome') in ('away', 'timed-out') and s)(seen(me)))
        eq(entries.get('o1', {}).get('valueQuantity', {}).get('value'), 121, 'the copy, as it was told last')
        eq(place.get('copies'), len(entries), 'the place says that they are copies')
        within(place['words'], r'cannot be reached now: \d+ entries are shown as it told them.*missing here', 'in words')
        eq(bundle.get('total'), None, 'never as the whole')
        name = os.path.join(folder, 'joined.json')
        with open(name, 'w', encoding='utf-8') as f:
            json.dump(bundle, f)
        within(platform.do('verify', name).stdout, 'part', 'what is signed says so, too')
        place, entries, _ = seen(platform)
        eq((place.get('copies'), sorted(entries)), (None, []), 'a program sees no copies')
        place, entries, _ = seen(me, '?_type=Observation')
        eq((entries['o1']['valueQuantity']['value'], {r['resourceType'] for r in entries.values()}, place.get('copies')),
           (121, {'Observation'}, len(entries)), 'of some types, those')
        place, entries, _ = seen(me, '?_type=Immunization')
        eq((place.get('copies'), entries), (None, {}), 'none of a type of which there are none')
        for query in ('?_since=2020-01-01', '?_type=Observation&category=laboratory'):
            place, entries, _ = seen(me, query)
            eq((place.get('copies'), entries), (None, {}), 'a search is not made of them: ' + query)
        place, entries, _ = seen(platform, '?_type=Observation')
        eq((place.get('copies'), sorted(entries)), (None, []), 'nor has a program any')
        gp.start()
        until('it is there again', lambda: seen(me)[0].get('outcome') == 'answered')
        gp.delete('Consent/home').is_(204)
        until('the choice has ended: the copies go', lambda: not copies(platform))
        gp.stop()
        place, entries, _ = until('it is away again', lambda: (lambda s: s[0].get('outcome') in ('away', 'timed-out') and s)(seen(me)))
        eq((place.get('copies'), entries), (None, {}), 'and nothing is shown of it')
        gp.start()


if __name__ == '__main__':
    kith.main(globals())
