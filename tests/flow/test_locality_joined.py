"""One person at three organisations, asked for as one record: manifest, receipts, both logs, a node that is away."""

import base64
import json
import os
import signal
import time
import urllib.parse

import kith
import locality
from kith import eq, ok, within
from locality import until
from test_access import TASK_KIND, Person, observation
from test_locality import stranger

NHS_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number'
ODS_SYSTEM = 'https://fhir.nhs.uk/Id/ods-organization-code'
NHS = '9990000018'
PLACE = 'joined-place'


def ref(name):
    return {'reference': name}


def person(id, nhs=NHS, **more):
    return {'resourceType': 'Patient', 'id': id, 'birthDate': '1980-02-03', 'gender': 'female',
            'name': [{'family': 'Ashworth', 'given': ['Mary']}], 'identifier': [{'system': NHS_SYSTEM, 'value': nhs}],
            'generalPractitioner': [ref('Organization/y90001')], **more}


def weight(id, patient, day, value):
    return observation(id, patient, '29463-7', effectiveDateTime=day, valueQuantity={
        'value': value, 'unit': 'kg', 'system': 'http://unitsofmeasure.org', 'code': 'kg'})


def fill(members):
    """Each has the organisations, one person under an id of its own, who works there, and something about the person."""
    for at, m in enumerate(members):
        for other in members:
            m.create({'resourceType': 'Organization', 'id': other.ods.lower(), 'name': other.name,
                      'identifier': [{'system': ODS_SYSTEM, 'value': other.ods}]})
        m.create({'resourceType': 'Practitioner', 'id': 'doctor', 'name': [{'family': 'Doctor %d' % at}]})
        m.patient = 'p%d' % at
        m.create(person(m.patient))
        m.create({'resourceType': 'Encounter', 'id': 'stay', 'status': 'in-progress', 'subject': ref('Patient/' + m.patient),
                  'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'IMP'},
                  'period': {'start': '2026-01-0%d' % (at + 1)}, 'serviceProvider': ref('Organization/' + m.ods.lower()),
                  'participant': [{'individual': ref('Practitioner/doctor')}]})
        # A council may not say of itself that it treats somebody: the others have referred to it.
        m.create({'resourceType': 'ServiceRequest', 'id': 'referral', 'status': 'active', 'intent': 'order',
                  'subject': ref('Patient/' + m.patient), 'requester': ref('Practitioner/doctor'), 'performer': [ref('Organization/y90003')]})
        for n in range(3):
            m.create(weight('w%d' % n, m.patient, '202%d-0%d-11' % (n, at + 1), 60 + n))
        m.doctor = Person(m, 'doctor', '--person', 'Practitioner/doctor', '--role', 'R8003')


# --- what an answer says of itself -----------------------------------------------------------------


def claims(jws):
    part = jws.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


def manifest(reply):
    """ODS code -> (outcome, entries) of the words for people, checked against what is signed."""
    first = reply.json['entry'][0]
    eq((first['search']['mode'], first['resource']['resourceType']), ('outcome', 'OperationOutcome'), 'the manifest comes first')
    said = {}
    for issue in first['resource']['issue'][1:]:
        for x in issue.get('extension', []):
            if x['url'].endswith(PLACE):
                values = {p['url']: next(v for k, v in p.items() if k.startswith('value')) for p in x['extension']}
                said[values['ods']] = (values['outcome'], values.get('entries', 0))
    jws = base64.b64decode(reply.json['signature']['data']).decode()
    signed = claims(jws)
    eq({p['ods']: (p['outcome'], p.get('entries', 0)) for p in signed['places']}, said, 'what is signed is what is said')
    return said, signed


def sources(reply):
    """How many entries of each place."""
    count = {}
    for e in reply.json['entry'][1:]:
        source = urllib.parse.urlsplit(e['fullUrl']).netloc
        count[source] = count.get(source, 0) + 1
    return count


def joined(member, path=None):
    started = time.monotonic()
    reply = member.doctor.get(path or 'Patient/%s/$joined' % member.patient)
    reply.is_(200)
    reply.took = time.monotonic() - started
    return reply


# --- the tests -------------------------------------------------------------------------------------


def the_home_answers(gp, hospital):
    """The practice that the patient names is asked, whether or not it has told anyone."""
    reply = until('the practice has answered', lambda: answered(joined(hospital), gp.ods))
    said, signed = manifest(reply)
    eq(said[hospital.ods][0], 'answered', 'the own record')
    ok(said[gp.ods][1] >= 5, 'the entries of the practice are counted', said)
    at_gp = [e for e in reply.json['entry'][1:] if e['fullUrl'].startswith(gp.url)]
    also = [e for e in reply.json['entry'][1:] for l in e.get('link', []) if l['relation'] == 'kith-also' and l['url'].startswith(gp.url)]
    eq(len(at_gp) + len(also), said[gp.ods][1], 'and are there, what is the same at both given once')
    for e in at_gp:
        ok(e['resource']['meta']['source'].startswith(gp.url), 'each keeps its custodian', e['resource'])
    eq(signed['iss'], hospital.ods, 'who signs the manifest')
    weights = [e['resource']['valueQuantity']['value'] for e in reply.json['entry'] if e['resource']['resourceType'] == 'Observation']
    ok(len(weights) in (6, 9), 'three weights of each', weights)
    return reply


def answered(reply, *odses):
    said, _ = manifest(reply)
    return reply if all(said.get(o, ('', 0))[0] == 'answered' for o in odses) else None


def everyone_answers(gp, hospital, council):
    """Each holder has told the home at first contact; so all are found from everywhere."""
    everybody = (gp, hospital, council)
    for m in everybody:
        reply = until('%s finds all' % m.ods, lambda m=m: answered(joined(m), *(x.ods for x in everybody)))
        if not reply:
            continue
        said, signed = manifest(reply)
        eq(signed['whole'], True, 'nothing is missing')
        eq(reply.json.get('total'), len(reply.json['entry']) - 1, 'so there is a total')
        also = sum(l['relation'] == 'kith-also' for e in reply.json['entry'][1:] for l in e.get('link', []))
        eq(sum(n for _, n in said.values()), sum(sources(reply).values()) + also, 'no entry is lost or added')
        found = m.doctor.get('Observation?patient=%s&code=29463-7&_sort=date&_joined=true' % m.patient)
        found.is_(200)
        days = [e['resource']['effectiveDateTime'] for e in found.json['entry'][1:]]
        eq(days, sorted('202%d-0%d-11' % (n, at) for n in range(3) for at in (1, 2, 3)), 'one order over all of them')
        pages(m, days)


def pages(m, days):
    """Pages go across nodes, and give each entry once."""
    path, seen = 'Observation?patient=%s&code=29463-7&_sort=date&_count=4&_joined=true' % m.patient, []
    while path:
        reply = m.doctor.get(path)
        if not reply.is_(200, 'a page'):
            return
        seen += [e['resource']['effectiveDateTime'] for e in reply.json['entry'] if e['search']['mode'] == 'match']
        path = reply.link('next')
    eq(seen, days, 'pages')


def both_logs(gp, hospital):
    """What one has asked and the other given stands in both, and nothing is left over."""
    joined(hospital)
    for m, other in ((hospital, gp), (gp, hospital)):
        done = m.do('reconcile', other.ods)
        within(done.stdout, r'(?i)no |agree|same|nothing', 'the logs of %s and %s agree' % (m.ods, other.ods))
        eq(m.alarms(), [], '%s has no alarms' % m.ods)
    officer = Person(gp, 'officer', '--role', 'R0001')
    looks = officer.json('GET', '/audit/patient/%s' % gp.patient)['entries']
    ok(any('Riverside Hospital' in json.dumps(e) for e in looks), 'the patient sees at the practice who looked from elsewhere', looks)
    state(gp, officer)
    alarm(gp, officer)


def state(m, officer):
    """The page of administrators and privacy officers."""
    seen = officer.json('GET', '/locality-state')
    eq([x['ods'] for x in seen['members']], ['Y90001', 'Y90002', 'Y90003'], 'the members')
    eq([x['away'] for x in seen['members']], [False] * 3, 'nobody is away')
    eq((seen['proposals'], seen['alarms']), ([], []), 'nothing waits')
    eq(m.doctor.ask('GET', '/locality-state')[0], 403, 'it is not for everybody')
    m.request('GET', '/locality-state', Authorization=None).refused(401)
    m.request('POST', '/locality-state', {}).refused(405)


def alarm(m, officer):
    """An alarm becomes a Task, which is about no patient, and a privacy officer closes it."""
    eq(locality.ask(m, stranger(m.dir), 'POST', '/locality/ask', '{"statement":"x","request":{}}')[0] // 100, 4, 'a stranger asks')
    task = until('the alarm is a Task', lambda: officer.get('Task?code=%s|locality-alarm&status=requested' % TASK_KIND).matches)
    if task:
        name = 'Task/%s/$review' % task[0]['id']
        m.doctor.post(name, outcome='accepted').refused(403)
        officer.post(name, outcome='concern').refused(400, words='explained')
        officer.post(name, outcome='accepted', words='A wrong number was called').is_(200)
        eq(officer.get('Task/' + task[0]['id']).json['status'], 'completed', 'it is closed')
        officer.post(name, outcome='accepted').refused(422, words='reviewed already')


def one_is_away(gp, hospital, council):
    """It is named as missing, is waited for once, and is asked again when it is back."""
    everyone = answered(joined(gp), gp.ods, hospital.ods, council.ods)
    ok(everyone, 'all are there before')
    os.kill(council.process.pid, signal.SIGSTOP)  # it takes connections, and says nothing
    try:
        first = joined(gp)
        missing(first, hospital, council)
        ok(first.took < 3, 'the answer comes by the deadline', first.took)
        for _ in range(3):
            again = joined(gp)
            missing(again, hospital, council)
            ok(again.took < 0.5, 'it is not waited for again', again.took)
        officer = Person(gp, 'second', '--role', 'R0001')
        seen = {m['ods']: m['away'] for m in officer.json('GET', '/locality-state')['members']}
        eq(seen, {gp.ods: False, hospital.ods: False, council.ods: True}, 'and the page says who is away')
    finally:
        os.kill(council.process.pid, signal.SIGCONT)
    until('it is asked again when it is back', lambda: answered(joined(gp), council.ods))
    council.stop()
    missing(joined(gp), hospital, council)
    council.start()
    until('and after it was stopped', lambda: answered(joined(gp), council.ods))


def an_emergency(gp, council):
    """Whoever has broken the glass here is shown what the others hold, too; each of them notes it and tells the patient."""
    gp.delete('ServiceRequest/referral')  # nothing says there any more that the council has to do with this person
    doctor = Person(council, 'duty', '--person', 'Practitioner/duty', '--role', 'R8003')
    path = 'Patient/%s/$joined' % council.patient
    ok(gp.ods not in manifest(doctor.get(path))[0], 'to whom it is closed here, nobody else is asked for')
    doctor.post('Patient/%s/$open' % council.patient, reason='emergency', words='found on the floor').is_(200)
    reply = until('the practice opens it, too', lambda: answered(doctor.get(path), gp.ods))
    said, _ = manifest(reply)
    ok(said[gp.ods][1] >= 4, 'the entries of the practice', said)
    officer = Person(gp, 'reviewer', '--role', 'R0001')
    tasks = officer.get('Task?code=%s|override-review&status=requested' % TASK_KIND).resources
    eq(len(tasks), 1, 'the practice has a review of its own, once')
    doctor.get(path).is_(200)
    eq(len(officer.get('Task?code=%s|override-review&status=requested' % TASK_KIND).resources), 1, 'and no second one while it lasts')
    told = gp.get('Communication?subject=Patient/%s' % gp.patient).resources
    ok(any('emergency' in json.dumps(c).lower() for c in told), 'and the patient is told there', told)


def missing(reply, there, away):
    said, signed = manifest(reply)
    ok(said.get(away.ods, ('',))[0] in ('timed-out', 'away'), 'it is said who is missing', said)
    eq((signed['whole'], 'total' in reply.json), (False, False), 'a part is no whole, and has no total')
    eq(said[there.ods][0], 'answered', 'the others are there')


def test_one_record(_):
    with kith.scratch() as folder, locality.of(folder, locality.GP, locality.HOSPITAL, locality.COUNCIL) as members:
        gp, hospital, council = members
        fill(members)
        the_home_answers(gp, hospital)
        both_logs(gp, hospital)
        everyone_answers(gp, hospital, council)
        an_emergency(gp, council)
        one_is_away(gp, hospital, council)


if __name__ == '__main__':
    kith.main(globals())
