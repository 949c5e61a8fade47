"""A patient changes practice, and then chooses a platform: the whole record moves, whoever is killed meanwhile (docs/locality.md, "Moving")."""

import base64
import contextlib
import json
import os
import signal
import sqlite3
import time

import kith
import locality
from kith import eq, ok, within
from locality import until

NHS = 'https://fhir.nhs.uk/Id/nhs-number'
ODS = 'https://fhir.nhs.uk/Id/ods-organization-code'
OTHER_GP = ('Y90002', 'Hill Top Surgery', 'gp')
MANY = 1600


def patient(**more):
    return dict({'resourceType': 'Patient', 'identifier': [{'system': NHS, 'value': '9434765919'}],
                 'name': [{'family': 'Okafor', 'given': ['Ada']}], 'birthDate': '1980-05-05', 'gender': 'female',
                 'address': [{'postalCode': 'SW1A 1AA'}]}, **more)


def observation(who, value, **more):
    return dict({'resourceType': 'Observation', 'status': 'final', 'code': {'text': 'Weight'},
                 'subject': {'reference': 'Patient/' + who}, 'valueQuantity': {'value': value, 'unit': 'kg'}}, **more)


def organisation(node, ods, name):
    return node.create({'resourceType': 'Organization', 'identifier': [{'system': ODS, 'value': ods}], 'name': name})['id']


def a_record(gp):
    org = organisation(gp, 'Y90001', 'Mill Lane Surgery')
    hospital = organisation(gp, 'Y90009', 'Elsewhere')
    who = gp.create(patient(generalPractitioner=[{'reference': 'Organization/' + org}]))['id']
    weight = gp.create(observation(who, 70.25, performer=[{'reference': 'Organization/' + hospital}]))['id']
    for value in (71, 72):
        gp.put('Observation/' + weight, observation(who, value, id=weight)).is_(200)
    gp.create({'resourceType': 'Consent', 'status': 'active', 'scope': {'coding': [{'code': 'patient-privacy'}]},
               'category': [{'coding': [{'code': 'x'}]}], 'patient': {'reference': 'Patient/' + who},
               'policyRule': {'text': 'as it is'}})
    letter = gp.create({'resourceType': 'Binary', 'contentType': 'text/plain', 'securityContext': {'reference': 'Patient/' + who},
                        'data': base64.b64encode(b'Dear Ada' * 100000).decode()})['id']
    gp.create({'resourceType': 'DocumentReference', 'status': 'current', 'subject': {'reference': 'Patient/' + who},
               'content': [{'attachment': {'contentType': 'text/plain', 'url': 'Binary/' + letter}}]})
    for i in range(0, MANY, 200):
        gp.post('', {'resourceType': 'Bundle', 'type': 'batch', 'entry': [
            {'resource': observation(who, n, note=[{'text': 'x' * 3000}]), 'request': {'method': 'POST', 'url': 'Observation'}}
            for n in range(i, i + 200)]}).is_(200)
    return who, weight


def state(node, who):
    r = node.get('Patient/%s/$move' % who)
    return {p['name']: p.get('valueString', p.get('valueCode')) for p in r.json['parameter']} if r.status == 200 else {}


def killed_until_done(node, who, other, other_who):
    """Each node is killed in turn while the record moves; it goes on by itself."""
    kills, end = 0, time.monotonic() + 90
    while time.monotonic() < end:
        here = state(node, who)
        if here.get('state') in ('done', 'failed'):
            break
        if kills < 4:
            victim = node if kills % 2 else other
            victim.stop(signal.SIGKILL)
            victim.start()
            kills += 1
        time.sleep(0.3)
    ok(kills >= 2, 'both were killed on the way', kills)
    eq(state(node, who).get('state'), 'done', 'the new home has all: %s' % state(node, who))
    until('the old home knows it', lambda: state(other, other_who).get('state') == 'done')


def practice(node, who):
    r = node.get('Patient/' + who).json
    ref = r['generalPractitioner'][0]['reference']
    return node.get(ref).json['identifier'][0]['value']


def arrived(old, new, was, now, weight):
    found = new.get('Observation?patient=%s&value-quantity=72||kg' % now).matches
    all_of = lambda n, who: n.get('Observation?patient=%s&_summary=count' % who).json['total']
    eq(all_of(new, now), all_of(old, was), 'each entry, once')
    mine = [o for o in found if 'performer' not in o and not o.get('note')]
    moved = next((o for o in mine if any(x.get('valueString') == 'Observation/' + weight for e in o['meta']['extension']
                                         for x in e['extension'])), None)
    if ok(moved, 'what it was at the old home stands in it', mine[:1]):
        h = new.get('Observation/%s/_history' % moved['id']).json['entry']
        eq([e['resource']['valueQuantity']['value'] for e in h], [72, 71, 70.25], 'with all versions')
        eq([e['resource']['meta']['versionId'] for e in h], ['3', '2', '1'], 'and their numbers')
        performer = new.get('Observation/%s/_history/1' % moved['id']).json['performer'][0]['reference']
        eq(new.get(performer).json['name'], 'Elsewhere', 'what it refers to came along')
    letter = new.get('DocumentReference?patient=' + now).matches[0]['content'][0]['attachment']['url']
    data = new.get(letter, Accept='application/fhir+json').json['data']
    eq(base64.b64decode(data), b'Dear Ada' * 100000, 'the letter')
    eq(len(new.get('Consent?patient=' + now).matches), 1, 'the choices')
    eq(practice(new, now), 'Y90002', 'the home is here')
    until('and there it says so', lambda: practice(old, was) == 'Y90002')
    for node, who, kind in ((old, was, 'Y90002'), (new, now, 'Y90001')):
        log = node.get('AuditEvent?patient=Patient/%s&_count=1000' % who)
        ok(kind.encode() in log.body and b'whole record' in log.body, 'the log of %s has it' % node.ods, log.status)


def notices(node, who):
    """What the patient has been told, oldest first."""
    found = node.get('Communication?subject=Patient/%s&_sort=_lastUpdated' % who).matches
    return [(c['id'].split('-')[1], c['payload'][0]['contentString']) for c in found if c['id'].startswith('move-')]


def told(node, who, *kinds):
    eq([kind for kind, _ in notices(node, who)], list(kinds), 'what the patient was told at ' + node.ods)


def refused(gp, other, hospital, who):
    gp.post('Patient/%s/$move' % who, {'resourceType': 'Parameters'}).refused(400, words="'to'")
    gp.post('Patient/%s/$move?to=Y99999' % who, '').refused(404, words='ODS code')
    gp.post('Patient/%s/$move?to=Y90001' % who, '').refused(404, words='other member')
    gp.post('Patient/%s/$move?to=Y90002' % who, '', Authorization=None).is_(401)
    reader = 'Bearer ' + kith.token_of(gp.dir, '--scope', 'system/*.rs')
    gp.post('Patient/%s/$move?to=Y90002' % who, '', Authorization=reader).refused(403, words='may not move')
    gp.get('Patient/%s/$move' % who).is_(404)
    # A hospital cannot have a whole record for the asking.
    there = hospital.create(patient())['id']
    hospital.post('Patient/%s/$move?from=Y90001' % there, '').is_(202)
    until('it is refused', lambda: state(hospital, there).get('state') == 'failed')
    gp.get('Patient/%s/$move' % who).is_(404)
    hospital.post('Patient/%s/$move?from=Y90001' % there, '').is_(202)
    until('and again', lambda: state(hospital, there).get('state') == 'failed')
    told(gp, who, 'refused')  # of one that asks again and again once a day
    ok('Riverside Hospital' in notices(gp, who)[0][1], 'and by whom', notices(gp, who))
    until('there, too', lambda: len(notices(hospital, there)) == 2)
    log = gp.get('AuditEvent?patient=Patient/%s&_count=1000' % who)
    ok(b'asked for the whole record' in log.body and b'Y90003' in log.body, 'and the log has it', log.status)
    eq(len(hospital.get('Observation?patient=' + there).matches), 0, 'and nothing came')


def refused_by_choice(gp, other):
    """A practice that the patient has refused does not get the record for saying that they have registered there."""
    bea = dict(patient(), name=[{'family': 'Bell', 'given': ['Bea']}],
               identifier=[{'system': NHS, 'value': '9990000018'}])
    there, here = organisation(gp, 'Y90002', 'Hill Top Surgery'), gp.create(bea)['id']
    gp.create({'resourceType': 'Consent', 'status': 'active', 'patient': {'reference': 'Patient/' + here},
               'scope': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/consentscope', 'code': 'patient-privacy'}]},
               'category': [{'coding': [{'system': 'https://kith.care/fhir/CodeSystem/consent-kind', 'code': 'sharing'}]}],
               'policyRule': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'OPTOUT'}]},
               'provision': {'type': 'deny', 'actor': [{
                   'role': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'code': 'IRCP'}]},
                   'reference': {'reference': 'Organization/' + there}}]}})
    now = other.create(bea)['id']
    other.post('Patient/%s/$move?from=Y90001' % now, '').is_(202)
    until('the refusal counts', lambda: state(other, now).get('state') == 'failed')
    gp.get('Patient/%s/$move' % here).is_(404)
    told(gp, here, 'refused')
    until('the practice is told why nothing came', lambda: [a for a in other.alarms() if 'move-failed' in json.dumps(a)])


def back_again(old, new, was, now, weight):
    """To where it began: what was there is known again, and goes on with what was added meanwhile; nothing is there twice."""
    moved = new.get('Observation?patient=%s&value-quantity=72||kg' % now).matches
    moved = next(o for o in moved if 'performer' not in o and not o.get('note'))
    new.put('Observation/' + moved['id'], dict(moved, valueQuantity={'value': 73, 'unit': 'kg'})).is_(200)
    new.create(observation(now, 74))
    total = lambda: {t: old.get('%s?patient=%s&_summary=count' % (t, was)).json['total'] for t in ('Observation', 'Consent', 'DocumentReference')}
    before = total()
    old.post('Patient/%s/$move?from=Y90002' % was, '').is_(202)
    until('it is back', lambda: state(old, was).get('state') == 'done')
    eq(total(), dict(before, Observation=before['Observation'] + 1), 'each entry once, and the new one')
    h = old.get('Observation/%s/_history' % weight).json['entry']
    eq([e['resource']['valueQuantity']['value'] for e in h], [73, 72, 71, 70.25], 'under its own id it goes on')
    eq(practice(old, was), 'Y90001', 'the home is here again')
    until('and there it says so', lambda: practice(new, now) == 'Y90001')


def cannot_come(gp, other):
    """When a record cannot come, nothing of it is left at either side, and people and patient know."""
    cyd = dict(patient(), name=[{'family': 'Cole', 'given': ['Cyd']}], identifier=[{'system': NHS, 'value': '9990000034'}])
    here = gp.create(cyd)['id']
    gp.create(observation(here, 80))
    now = other.create(dict(cyd, birthDate='1980-05-06'))['id']  # somebody has mistyped it: a doubt is for people
    gp.post('Patient/%s/$move?to=Y90002' % here, '').is_(202)
    until('it cannot come', lambda: state(gp, here).get('state') == 'failed')
    until('nothing is left', lambda: pieces(gp) == pieces(other) == 0)
    until('the patient is told', lambda: [k for k, _ in notices(gp, here)] == ['leaves', 'failed'])
    until('so are people', lambda: all([a for a in m.alarms() if 'move-failed' in json.dumps(a)] for m in (gp, other)))
    eq(len(other.get('Observation?patient=' + now).matches), 0, 'and nothing came')


def handed_over(gp, other):
    """Into a record that is there already nothing comes on another's word alone: somebody there takes it."""
    dee = dict(patient(), name=[{'family': 'Dunn', 'given': ['Dee']}], identifier=[{'system': NHS, 'value': '9990000042'}])
    here, there = gp.create(dee)['id'], other.create(dee)['id']
    gp.create(observation(here, 61))
    gp.post('Patient/%s/$move?to=Y90002' % here, '').is_(202)
    until('it is proposed', lambda: state(other, there).get('state') == 'proposed')
    until('and people are told', lambda: [a for a in other.alarms() if 'record-offered' in json.dumps(a)])
    time.sleep(1.5)
    eq(len(other.get('Observation?patient=' + there).matches), 0, 'and nothing is stored')
    other.post('Patient/%s/$move?from=Y90003' % there, '').is_(202)  # nor does it stop another move
    until('of one that has nothing', lambda: state(other, there).get('state') == 'failed')
    other.post('Patient/%s/$move?from=Y90001' % there, '').is_(202)
    until('it comes', lambda: state(gp, here).get('state') == 'done')
    eq([o['valueQuantity']['value'] for o in other.get('Observation?patient=' + there).matches], [61], 'once it is asked for')


def overwritten(other, liar, victim):
    """A parcel adds nothing to entries of other people, whose ids are the same everywhere."""
    eve = dict(patient(), name=[{'family': 'Eden', 'given': ['Eve']}], identifier=[{'system': NHS, 'value': '9990000050'}])
    hers = liar.create(eve)['id']
    for value in range(1, 6):
        liar.put('Observation/' + victim, observation(hers, value, id=victim))
    before = other.get('Observation/' + victim).json
    liar.post('Patient/%s/$move?to=Y90002' % hers, '').is_(202)
    until('it has come', lambda: state(liar, hers).get('state') == 'done')
    eq(other.get('Observation/' + victim).json, before, 'what is there is as it was')


def pieces(node):
    with contextlib.closing(sqlite3.connect('file:%s?mode=ro' % os.path.join(node.dir, 'locality.db'), uri=True)) as db:
        table = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type='table' AND sql LIKE '%kind%'")]
        ok(table, 'there are rows to look at')
        return sum(db.execute('SELECT count(*) FROM "%s" WHERE kind=?' % t, ('parcel-piece',)).fetchone()[0] for t in table)


def to_a_platform(old, platform, was):
    """By the patient's word (here the administrator's token): handed over the same way."""
    old.post('Patient/%s/$move?to=Y90005' % was, '').is_(202)
    old.post('Patient/%s/$move?to=Y90005' % was, '').refused(409, words='already')
    until('it has all', lambda: state(old, was).get('state') == 'done')
    now = platform.get('Patient?identifier=%s|9434765919' % NHS).ids
    eq(len(now), 1, 'the person is known there now')
    eq(platform.get('Observation?patient=%s&_summary=count' % now[0]).json['total'],
       old.get('Observation?patient=%s&_summary=count' % was).json['total'], 'the whole record')
    eq(practice(old, was), 'Y90002', 'and the practice is the same')


def an_id_of_another(gp, other, now):
    """A record that has an entry under an id which is another person's there changes nothing of theirs, and people are told."""
    mine = next(o for o in other.get('Observation?patient=%s&value-quantity=73||kg' % now).matches)
    cid = dict(patient(), name=[{'family': 'Cole', 'given': ['Cid']}], identifier=[{'system': NHS, 'value': '9434765870'}], birthDate='1970-07-07')
    there = gp.create(cid)['id']
    for value in range(1, 2 + int(mine['meta']['versionId'])):
        gp.put('Observation/' + mine['id'], observation(there, value, id=mine['id'])).is_(200 if value > 1 else 201)
    here = other.create(cid)['id']
    gp.post('Patient/%s/$move?to=Y90002' % there, '').is_(202)
    until('it is proposed', lambda: state(other, here).get('state') == 'proposed')
    other.post('Patient/%s/$move?from=Y90001' % here, '').is_(202)
    until('it is done', lambda: state(gp, there).get('state') == 'done')
    eq(other.get('Observation/' + mine['id']).json, mine, 'what was here is as it was')
    eq(len(other.get('Observation?patient=' + here).matches), 0, 'and is in no other record')
    ok([a for a in other.alarms() if a['kind'] == 'move-incomplete' and mine['id'] in a['words']], 'people are told', other.alarms())


def test_a_move(_):
    with kith.scratch() as folder:
        with locality.of(folder, locality.GP, OTHER_GP, ('Y90003', 'Riverside Hospital', 'hospital'),
                         locality.PLATFORM) as (gp, other, hospital, platform):
            who, weight = a_record(gp)
            org = organisation(other, 'Y90002', 'Hill Top Surgery')
            refused(gp, other, hospital, who)
            refused_by_choice(gp, other)
            cannot_come(gp, other)
            handed_over(gp, other)
            now = other.create(patient(generalPractitioner=[{'reference': 'Organization/' + org}]))['id']
            other.post('Patient/%s/$move?from=Y90001' % now, '').is_(202)
            killed_until_done(other, now, gp, who)
            arrived(gp, other, who, now, weight)
            told(gp, who, 'refused', 'leaves', 'left')
            ok('Hill Top Surgery (Y90002) asked' in notices(gp, who)[1][1], 'and who asked', notices(gp, who))
            ok(any(kind == 'came' for kind, _ in notices(other, now)), 'and at the new home', notices(other, now))
            moved = next(o for o in other.get('Observation?patient=%s&_count=1000' % now).matches if o['meta']['versionId'] == '3')
            overwritten(other, hospital, moved['id'])
            to_a_platform(other, platform, now)
            back_again(gp, other, who, now, weight)
            ok(any('whole record' in json.dumps(a) for a in gp.alarms()), 'people at the old home are told who asked', gp.alarms())
            ok(any('Y90005' in words for _, words in notices(other, now)), 'and who has it besides', notices(other, now))
            eq([a for a in platform.alarms() if 'move' in json.dumps(a)], [], 'no alarm at the platform')
            an_id_of_another(gp, other, now)


kith.main(globals())
