"""A day's story, to be read aloud: what happens to one person's record at a practice, a hospital and another practice, each with a
node of its own. Every sentence that is printed has just been checked.
"""

import base64
import json
import os
import subprocess

import kith
import locality
from kith import eq, ok, run, within
from locality import until
from test_access import Person

NHS = 'https://fhir.nhs.uk/Id/nhs-number'
ODS = 'https://fhir.nhs.uk/Id/ods-organization-code'
NUMBER = '9990000018'
STATION_ROAD = ('Y90006', 'Station Road Practice', 'gp')
WEB = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'web')


def say(words):
    print('  ' + words, flush=True)


# --- people and papers -----------------------------------------------------------------------------


def ref(name):
    return {'reference': name}


def ada(id, practice='Y90001'):
    return {'resourceType': 'Patient', 'id': id, 'birthDate': '1958-06-11', 'gender': 'female', 'active': True,
            'name': [{'family': 'Okafor', 'given': ['Ada']}], 'identifier': [{'system': NHS, 'value': NUMBER}],
            'address': [{'postalCode': 'WX1 1AA'}], 'telecom': [{'system': 'phone', 'value': '01632 960001'}],
            'generalPractitioner': [ref('Organization/' + practice.lower())]}


def message(to, event, resource):
    """A referral: what is asked for, and about whom, in one sealed letter."""
    resource['subject'] = ref('urn:uuid:00000000-0000-4000-8000-000000000003')
    return {'resourceType': 'Bundle', 'type': 'message', 'entry': [
        {'fullUrl': 'urn:uuid:00000000-0000-4000-8000-000000000001', 'resource': {
            'resourceType': 'MessageHeader', 'eventCoding': {'system': 'https://example.org/events', 'code': event},
            'destination': [{'endpoint': 'urn:nhs-uk:addressing:ods:' + to}], 'source': {'endpoint': 'urn:nhs-uk:addressing:ods:Y90001'},
            'focus': [ref('urn:uuid:00000000-0000-4000-8000-000000000002')]}},
        {'fullUrl': 'urn:uuid:00000000-0000-4000-8000-000000000002', 'resource': resource},
        {'fullUrl': 'urn:uuid:00000000-0000-4000-8000-000000000003', 'resource': nameless(ada('x'))}]}


def nameless(resource):
    return {k: v for k, v in resource.items() if k not in ('id', 'generalPractitioner')}


def letter(words):
    return {'resourceType': 'Bundle', 'type': 'document', 'identifier': {'system': 'urn:ietf:rfc:3986', 'value': 'urn:uuid:00000000-0000-4000-8000-000000000010'},
            'timestamp': '2026-11-22T10:00:00Z', 'entry': [
                {'fullUrl': 'urn:uuid:00000000-0000-4000-8000-000000000011', 'resource': {
                    'resourceType': 'Composition', 'status': 'final', 'type': {'text': 'Discharge letter'}, 'title': words, 'date': '2026-11-22',
                    'subject': ref('urn:uuid:00000000-0000-4000-8000-000000000012'), 'author': [{'display': 'Dr Lind'}]}},
                {'fullUrl': 'urn:uuid:00000000-0000-4000-8000-000000000012', 'resource': nameless(ada('x'))}]}


def result(id, patient, value, **more):
    return dict({'resourceType': 'Observation', 'id': id, 'status': 'final', 'subject': ref('Patient/' + patient), 'effectiveDateTime': '2026-11-22',
                 'code': {'coding': [{'system': 'http://loinc.org', 'code': '2160-0', 'display': 'Creatinine'}]},
                 'valueQuantity': {'value': value, 'unit': 'umol/L', 'system': 'http://unitsofmeasure.org', 'code': 'umol/L'}}, **more)


# --- looking ---------------------------------------------------------------------------------------


def joined(person, id):
    reply = person.get('Patient/%s/$joined' % id)
    return reply.json if reply.is_(200) else {'entry': []}


def places(bundle):
    """ODS code -> what became of asking there."""
    found = {}
    for issue in bundle['entry'][0]['resource']['issue'] if bundle['entry'] else []:
        for x in issue.get('extension', []):
            inner = {e['url']: next(v for k, v in e.items() if k != 'url') for e in x.get('extension', [])}
            if 'ods' in inner:
                found[inner['ods']] = inner['outcome']
    return found


def values(bundle):
    return sorted(e['resource']['valueQuantity']['value'] for e in bundle['entry'] if e['resource'].get('valueQuantity'))


def open_day(members):
    """Each knows the others as organisations, and has somebody who works there."""
    for m, doctor in zip(members, ('Dr Bell', 'Dr Lind', 'Dr Moss')):
        for other in members:
            m.create({'resourceType': 'Organization', 'id': other.ods.lower(), 'name': other.name, 'identifier': [{'system': ODS, 'value': other.ods}]})
        m.create({'resourceType': 'Practitioner', 'id': 'doctor', 'name': [{'text': doctor, 'family': doctor[3:]}]})
        m.create({'resourceType': 'Practitioner', 'id': 'night', 'name': [{'text': 'Dr Night', 'family': 'Night'}]})
        m.stop()  # at its start a node looks up which Organization it is
        m.start()
        m.doctor = Person(m, 'doctor', '--person', 'Practitioner/doctor', '--role', 'R0260' if m.kind == 'gp' else 'R8000')


# --- the day ---------------------------------------------------------------------------------------


def registration(gp):
    gp.create(ada('ada'))
    gp.create(result('old', 'ada', 80, effectiveDateTime='2025-01-02'))
    me = Person(gp, 'ada', '--kind', 'patient', '--person', 'Patient/ada', '--nhs-number', NUMBER)
    gp.doctor.get('Patient/ada').is_(200)
    eq(values(joined(me, 'ada')), [80], 'her record')
    say('In the morning Ada Okafor registers with Mill Lane Surgery. Dr Bell sees her record, and so does she.')
    return me


def referral(gp, hospital):
    sent = gp.post('$process-message', message('Y90002', 'referral', {
        'resourceType': 'ServiceRequest', 'status': 'active', 'intent': 'order', 'code': {'text': 'Kidney function, please see'}}))
    if not sent.is_(202):
        return
    task = sent.json['id']
    until('the referral is in the inbox', lambda: [t['id'] for t in hospital.get('Task?code=inbox').matches] == [task])
    hospital.post('Task/%s/$acknowledge' % task, '').is_(200)
    until('Mill Lane sees that it was taken', lambda: gp.get('Task/' + task).json.get('status') == 'completed')
    say('Dr Bell refers her to Riverside Hospital. The letter arrives once, somebody there takes it, and Mill Lane sees that.')


def admission(gp, hospital):
    hospital.create(ada('p7'))
    hospital.create({'resourceType': 'Encounter', 'id': 'stay', 'status': 'in-progress', 'subject': ref('Patient/p7'),
                     'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'IMP'},
                     'period': {'start': '2026-11-22'},
                     'participant': [{'individual': ref('Practitioner/doctor')}]})
    seen = until('Dr Lind sees the practice\'s part', lambda: answers(hospital.doctor, 'p7', 'Y90001'))
    eq(values(seen or {'entry': []}), [80], 'the result of last year')
    say('Riverside admits her. Dr Lind sees what Mill Lane has, as she is in his care now.')


def answers(person, id, *odses):
    bundle = joined(person, id)
    return bundle if all(places(bundle).get(o) == 'answered' for o in odses) else None


def a_result(gp, hospital, me):
    hospital.create(result('new', 'p7', 145))
    until('the home knows of the hospital', lambda: answers(gp.doctor, 'ada', 'Y90002'))
    eq(values(joined(gp.doctor, 'ada')), [80, 145], 'at the practice')
    eq(values(joined(me, 'ada')), [80, 145], 'by the patient')
    say('A result comes: 145. It stays at Riverside; Dr Bell and Ada see it beside last year\'s 80, each with its source.')


def a_letter(gp, hospital):
    sent = hospital.post('$process-message?to=Y90001&workflow=letter', letter('Home again, tablets changed'))
    if not sent.is_(202):
        return
    task = sent.json['id']
    until('the letter has come', lambda: [t for t in gp.get('Task?code=inbox').matches if t['id'] == task])
    binary = gp.get('Binary/' + task, Accept='application/fhir+json')
    whole = json.loads(base64.b64decode(binary.json['data'])) if binary.is_(200) else {}
    eq(whole.get('entry', [{}])[0].get('resource', {}).get('title'), 'Home again, tablets changed', 'as it was written')
    gp.post('Task/%s/$acknowledge' % task, '').is_(200)
    say('In the afternoon she goes home with new tablets. The letter reaches Mill Lane as it was written.')


def a_correction(gp, hospital, me):
    """What Ada says is wrong goes to the people who wrote it; their correction is what everybody sees next."""
    looks = me.json('GET', '/audit/patient/ada')['entries']
    theirs = next((e for e in looks if 'Riverside' in json.dumps(e)), looks[0])
    me.post('Patient/ada/$query-access', leaf=theirs['leaf'], words='the result of 145 is not mine, I was not fasting').is_(200)
    hospital.put('Observation/new', result('new', 'p7', 95, status='corrected')).is_(200)
    until('the corrected value is seen at the practice', lambda: values(joined(gp.doctor, 'ada')) == [80, 95])
    eq(values(joined(me, 'ada')), [80, 95], 'and by her')
    say('Ada questions what she reads. The laboratory corrects it to 95, and that is what everybody sees from now on.')


def withheld(gp, hospital, me):
    me.post('Observation/old/$seal', level='sealed', team='Organization/y90001').is_(200)
    now = joined(hospital.doctor, 'p7')
    eq(values(now), [95], 'at the hospital')
    told = [i['details']['text'] for i in now['entry'][0]['resource']['issue']] if now['entry'] else []
    ok(any('withheld' in words for words in told), 'that something is withheld is told', told)
    eq(values(joined(gp.doctor, 'ada')), [80, 95], 'Mill Lane sees both')
    eq(values(joined(me, 'ada')), [80, 95], 'and so does she')
    say('She seals last year\'s result for Mill Lane alone. Dr Lind no longer sees it, and is told that something is withheld.')


def break_glass(hospital):
    night = Person(hospital, 'night', '--person', 'Practitioner/night', '--role', 'R8000')
    officer = Person(hospital, 'officer', '--role', 'R0001')
    night.get('Observation/new').is_(404)
    night.post('Patient/p7/$open', reason='emergency', words='unconscious in the ambulance').is_(200)
    night.get('Observation/new').is_(200)
    waits = until('a privacy officer is asked', lambda: officer.get('Task?status=requested').matches)
    officer.post('Task/%s/$review' % waits[0]['id'], outcome='accepted', words='She was unconscious').is_(200)
    say('At night she is brought in unconscious. Dr Night, who does not know her, says why he opens her record; a privacy officer agrees.')


def moved(node, id):
    reply = node.get('Patient/%s/$move' % id)
    found = {p['name']: p.get('valueString', p.get('valueCode')) for p in reply.json['parameter']} if reply.status == 200 else {}
    return found.get('state')


def practice(node, id):
    """ODS code of the practice that a record names."""
    doctor = node.get('Patient/' + id).json['generalPractitioner'][0]
    return node.get(doctor['reference']).json['identifier'][0]['value']


def moves(gp, station):
    """Registration at another practice: the whole record comes along, and then the home changes."""
    station.create(ada('a1', STATION_ROAD[0]))
    station.post('Patient/a1/$move?from=Y90001', '').is_(202)
    until('Station Road has signed for all of it', lambda: moved(station, 'a1') == 'done')
    until('and Mill Lane knows it', lambda: practice(gp, 'ada') == STATION_ROAD[0])
    here = station.get('Observation?patient=a1').matches
    eq(sorted(o['valueQuantity']['value'] for o in here), [80], 'what Mill Lane had')
    until('the hospital is found from the new home', lambda: answers(station.doctor, 'a1', 'Y90002'))
    ok(95 in values(joined(station.doctor, 'a1')), 'with its result', values(joined(station.doctor, 'a1')))
    say('A week later she moves to Station Road Practice. Her whole record comes along; from there, Riverside\'s part is found.')


def download(gp, folder):
    path = os.path.join(folder, 'ada.kith')
    run('parcel', gp.dir, 'ada', path)
    within(run('parcel', 'verify', path).stdout, 'Whole', 'nothing is missing')
    own = os.path.join(folder, 'own')
    run('parcel', 'open', path, own)
    say('She takes her record out in one file, and opens it as a node of her own.')


CHECK = '''
import { readFileSync } from 'node:fs';
import { checkChain, checkProof, openStatement, readKey } from './tlog.mjs';
const { key, statement, proofs } = JSON.parse(readFileSync(0, 'utf8'));
const k = await readKey(key);
const said = await openStatement(statement, k);
const chain = [];
for (const p of proofs) {
    chain.push(await checkProof(p, k));
}
const left = checkChain(said, chain).number;
let gaps = 0;
for (let i = 0; i < chain.length; i++) {
    try {
        checkChain(said, chain.filter((_, at) => at !== i && at <= i + 1));
        gaps += i + 1 < chain.length ? 0 : 1; /* without its last piece a list is shorter, and says so by its number */
    } catch {
        gaps++;
    }
}
let refused = 0;
for (const p of proofs) {
    const at = p.indexOf('extra ') + 60;
    await checkProof(p.slice(0, at) + (p[at] === 'A' ? 'B' : 'A') + p.slice(at + 1), k).catch(() => refused++);
}
console.log(JSON.stringify({ entries: said.entries, left, gaps, refused }));
'''


def the_log(gp, me, folder):
    """Offline: nothing but the key, the proofs, and a program that shares no line with the node."""
    esbuild = os.path.join(WEB, 'node_modules', '.bin', 'esbuild')
    if not os.path.exists(esbuild):
        say('(What the log proves was not checked by the independent program: web/node_modules is not there.)')
        return
    check = me.json('GET', '/audit/check/ada')
    proofs, before = [], ''
    while before is not None:
        page = me.json('GET', '/audit/proofs/ada?count=200&check=%s%s' % (check['check'], before))
        proofs += page['proofs']
        before = '&before=%s' % page['next'] if page.get('next') else None
    key = me.ask('GET', '/audit/key')[2].decode()
    gp.stop()
    with open(os.path.join(folder, 'check.mjs'), 'w', encoding='utf-8') as f:
        f.write(CHECK)
    subprocess.run([esbuild, os.path.join(WEB, 'src', 'model', 'tlog.ts'), '--bundle', '--format=esm', '--platform=neutral',
                    '--outfile=' + os.path.join(folder, 'tlog.mjs'), '--log-level=error'], check=True)
    done = subprocess.run(['node', 'check.mjs'], cwd=folder, input=json.dumps({'key': key, 'statement': check['statement'], 'proofs': proofs}), capture_output=True,
                          text=True, check=False)
    if not ok(done.returncode == 0, 'every entry is in the log, by an independent program', done.stderr[-800:]):
        return
    found = json.loads(done.stdout)
    eq((found['entries'], found['left']), (len(proofs), 0), 'all that the log says it has, down to the first')
    eq(found['gaps'], len(proofs), 'one that is left out is missed')
    eq(found['refused'], len(proofs), 'and one that is altered is refused')
    say('At the end she has the proofs of all %d entries of her log. Offline, a program by other hands finds each of them true.' % len(proofs))


def test_a_day(_):
    with kith.scratch() as folder:
        with locality.of(folder, locality.GP, locality.HOSPITAL, STATION_ROAD) as members:
            gp, hospital, station = members
            open_day(members)
            me = registration(gp)
            referral(gp, hospital)
            admission(gp, hospital)
            a_result(gp, hospital, me)
            a_letter(gp, hospital)
            a_correction(gp, hospital, me)
            withheld(gp, hospital, me)
            break_glass(hospital)
            download(gp, folder)
            moves(gp, station)
            the_log(gp, me, folder)


kith.main(globals())
