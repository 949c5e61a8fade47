"""FHIR servers of another make as further places of a joined record: a second kith behind its OAuth, and one with other habits."""

import base64
import json
import os
import re
import subprocess
import sys
import time

import kith
import locality
from kith import eq, ok, run, token_of, within
from locality import until
from test_access import Person

NHS = 'https://fhir.nhs.uk/Id/nhs-number'
NUMBER = '9434765919'
PERSON = {'resourceType': 'Patient', 'id': 'ada', 'identifier': [{'system': NHS, 'value': NUMBER}],
          'name': [{'family': 'Okafor', 'given': ['Ada']}], 'gender': 'female', 'birthDate': '1961-04-09'}


def key(folder):
    """A private key (P-384) as a JWK, in a file, and the JWK Set with its public part in another."""
    pem = subprocess.run(['openssl', 'ecparam', '-name', 'secp384r1', '-genkey', '-noout'], check=True, capture_output=True).stdout
    words = subprocess.run(['openssl', 'ec', '-text', '-noout'], input=pem, check=True, capture_output=True).stdout.decode()
    digits = [bytes.fromhex(re.sub(r'[^0-9a-f]', '', x)) for x in re.findall(r'(?:priv|pub):((?:\s+[0-9a-f:]+)+)', words)]
    secret, public = digits[0][-48:].rjust(48, b'\0'), digits[1][1:]

    def b64(b):
        return base64.urlsafe_b64encode(b).rstrip(b'=').decode()

    jwk = {'kty': 'EC', 'crv': 'P-384', 'alg': 'ES384', 'use': 'sig', 'kid': 'one', 'x': b64(public[:48]), 'y': b64(public[48:])}
    with open(os.path.join(folder, 'key.jwk'), 'w', encoding='ascii') as f:
        json.dump({**jwk, 'd': b64(secret)}, f)
    with open(os.path.join(folder, 'keys.jwks'), 'w', encoding='ascii') as f:
        json.dump({'keys': [jwk]}, f)
    return os.path.join(folder, 'key.jwk'), os.path.join(folder, 'keys.jwks')


place = secret_key = public_keys = server = port = None


def add(node, name, base, *options, status=0):
    return run('locality', 'foreign', node.dir, 'add', name, '--base', base, '--client-id', 'kith-1', '--key', secret_key, *options,
               status=status)


def drop(node, name):
    run('locality', 'foreign', node.dir, 'remove', name)


def joined(node, query='', by=None, **headers):
    """Entries by id, and of each place its outcome, number of entries and words."""
    got = (by or node).get('Patient/ada/$joined' + query, **headers)
    got.is_(200)
    entries = got.json.get('entry', [])
    places = {}
    for issue in entries[0]['resource']['issue']:
        for x in issue.get('extension', []):
            about = {e['url']: next(v for k, v in e.items() if k != 'url') for e in x['extension']}
            places[about.get('ods', 'own')] = {**about, 'words': issue['details']['text']}
    return {e['resource']['id']: e for e in entries[1:]}, places


def base(habit):
    return 'http://127.0.0.1:%d/%s' % (port, habit)


def asked():
    with open(os.path.join(place, 'server', 'asked'), encoding='utf-8') as f:
        return f.read().splitlines()


def test_commands(node):
    node.create(PERSON)
    node.create({'resourceType': 'Condition', 'id': 'own', 'subject': {'reference': 'Patient/ada'}, 'code': {'text': 'our own'}})
    within(run('locality', 'foreign', node.dir, 'list').stdout, 'no server', 'none')
    within(add(node, 'a b', base('fine'), status=2).stderr, 'letters, digits', 'names')
    within(add(node, 'x', 'http://example.org/fhir', status=2).stderr, 'https', 'no open connections')
    within(run('locality', 'foreign', node.dir, 'add', 'x', status=2).stderr, '--client-id', 'what is missing')
    within(run('locality', 'foreign', node.dir, 'add', 'x', '--base', base('fine'), '--client-id', 'c', '--key', public_keys,
               status=2).stderr, 'private key', 'a key set is none')
    run('locality', 'foreign', node.dir, 'remove', 'x', status=3)
    add(node, 'fine', base('fine') + '/')
    add(node, 'fine', base('fine'), status=3)
    listed = run('locality', 'foreign', node.dir, 'list', '--json').stdout
    eq(json.loads(listed), {'name': 'fine', 'base': base('fine'), 'client': 'kith-1'}, 'the list')
    with open(os.path.join(node.dir, 'locality.db'), 'rb') as f, open(secret_key, encoding='ascii') as k:
        ok(json.load(k)['d'].encode() not in f.read(), 'the key is sealed where it is kept')


def test_other_habits(node):
    entries, places = joined(node)
    eq(sorted(entries), ['ada', 'c1', 'c2', 'c3', 'c4', 'own'], 'all pages, beside the own record')
    eq((places['fine']['outcome'], places['fine']['entries'], places['fine'].get('unwitnessed')), ('answered', 5, True), 'the manifest')
    tags = [t['code'] for t in entries['c1']['resource']['meta'].get('tag', [])]
    eq(tags, ['unwitnessed'], 'each entry is marked')
    ok(not entries['own']['resource']['meta'].get('tag'), 'the own ones are not')
    eq(entries['c1']['fullUrl'], base('fine') + '/Condition/c1', 'its custodian')
    before = len([l for l in asked() if l.startswith('token')])
    entries, _ = joined(node, '?_type=Condition')
    ok('c1' in entries, 'once more')
    eq(len([l for l in asked() if l.startswith('token')]), before, 'the token is kept while it lasts')
    found = node.get('Condition?patient=ada&_joined=true')
    found.is_(200)
    ok('c1' in json.dumps(found.json), 'searches, too')
    log = json.dumps(node.get('AuditEvent?patient=Patient/ada&_count=50').json)
    ok('asked another organisation' in log and 'had an answer' in log and 'fine' in log, 'the access log has both')
    drop(node, 'fine')
    entries, places = joined(node)
    eq((sorted(entries), sorted(places)), (['ada', 'own'], [k for k in places if k != 'fine']), 'gone at once')


def outcome_of(node, habit):
    add(node, habit, base(habit))
    entries, places = joined(node)
    drop(node, habit)
    ok('own' in entries, habit + ': the own record is there whatever happens')
    return entries, places[habit]


def test_bad_answers(node):
    for habit, outcome, words in (('wrong', 'broken', 'not certainly about this person'), ('huge', 'broken', 'larger|too large'),
                                  ('endless', 'broken', 'no last page|in time'), ('twin', 'broken', 'not certainly this person'),
                                  ('elsewhere', 'broken', 'another server'), ('notjson', 'broken', 'not JSON'),
                                  ('errors', 'refused', 'status 403')):
        entries, place = outcome_of(node, habit)
        eq(sorted(entries), ['ada', 'own'], habit + ': nothing of it is shown')
        ok(place['outcome'] == outcome or (habit == 'endless' and place['outcome'] == 'timed-out'), habit + ': the manifest', place)
        within(place['words'], words, habit + ': why')
    alarms = json.dumps(run('locality', 'list', node.dir, '--json').stdout)
    ok('wrong' in alarms, 'a person sees that', alarms[:2000])
    ok(not [l for l in asked() if l.startswith('fine Condition') and 'elsewhere' in l], 'its token went nowhere else')


def test_others(node):
    entries, place = outcome_of(node, 'nobody')
    eq((place['outcome'], place['entries']), ('answered', 0), 'it has nobody of this number')
    entries, place = outcome_of(node, 'relogin')
    eq((place['outcome'], 'c1' in entries), ('answered', True), 'a token that was ended is asked for anew')
    entries, place = outcome_of(node, 'types')
    eq((place['outcome'], 'c1' in entries, place.get('more')), ('answered', True, True), 'type by type, and not said to be all')


def test_slow(node):
    add(node, 'slow', base('slow'))
    start = time.monotonic()
    entries, places = joined(node)
    took = time.monotonic() - start
    eq(places['slow']['outcome'], 'timed-out', 'the first time')
    ok(took < 3, 'the deadline is kept', took)
    entries, places = joined(node)
    eq(places['slow']['outcome'], 'away', 'it is not waited for again')
    drop(node, 'slow')


def test_no_address_tells(node):
    """The NHS number goes to no address, whatever a server wants: it would stand in the logs of whoever is on the way."""
    entries, place = outcome_of(node, 'noposts')
    eq((place['outcome'], sorted(entries)), ('refused', ['ada', 'own']), 'a server that takes no search by POST')
    within(place['words'], r'POST \(status 405\).*switch POST Patient/_search on', 'what is to be done there')
    entries, place = outcome_of(node, 'types')
    eq(place['outcome'], 'answered', 'one that is asked type by type')
    add(node, 'fine', base('fine'))
    node.get('Condition?patient=ada&code=secret-code&_joined=true').is_(200)
    drop(node, 'fine')
    lines = asked()
    eq([l for l in lines if NUMBER in l or 'secret-code' in l or 'identifier' in l], [], 'no address has what is looked for')
    ok([l for l in lines if l.startswith('fine Condition/_search ')], 'searches go by POST', lines[-5:])


NO = {'resourceType': 'Consent', 'id': 'no', 'status': 'active', 'patient': {'reference': 'Patient/ada'},
      'scope': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/consentscope', 'code': 'patient-privacy'}]},
      'category': [{'coding': [{'system': 'http://loinc.org', 'code': '59284-0'}]}], 'policyRule': {'text': 'y'},
      'provision': {'type': 'deny', 'data': [{'meaning': 'instance', 'reference': {'reference': 'Condition/own'}}]}}


def doctor_of(node):
    node.create({'resourceType': 'Practitioner', 'id': 'doctor', 'name': [{'family': 'Doctor'}]})
    node.create({'resourceType': 'Encounter', 'id': 'stay', 'status': 'in-progress', 'subject': {'reference': 'Patient/ada'},
                 'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'IMP'},
                 'period': {'start': '2026-01-01'}, 'participant': [{'individual': {'reference': 'Practitioner/doctor'}}]})
    return Person(node, 'doctor', '--person', 'Practitioner/doctor', '--role', 'R8003')


def is_hidden(node, by, who):
    """Of a server that has the person the same is said as of one that does not."""
    add(node, 'nobody', base('nobody'))
    before = len(asked())
    entries, places = joined(node, by=by)
    eq((places['secret']['outcome'], places['secret']['entries'], places['secret'].get('more')), ('answered', 0, None), who + ': nothing came')
    eq({**places['secret'], 'ods': 0, 'name': 0, 'base': 0, 'words': places['secret']['words'].replace('secret', 'X')},
       {**places['nobody'], 'ods': 0, 'name': 0, 'base': 0, 'words': places['nobody']['words'].replace('nobody', 'X')}, who + ': as of any')
    ok(not [i for i in entries if i.startswith('c')], who + ': nothing of it', sorted(entries))
    eq(sorted(l.split()[1] for l in asked()[before:] if l.startswith('secret')), ['Patient/_search'], who + ': the person alone was asked for')
    drop(node, 'nobody')


def test_choices(node):
    """What a patient withholds from somebody here, another server cannot know: then it is not asked, and who may be told is told so."""
    add(node, 'secret', base('secret'))
    program = Program(node)
    doctor = doctor_of(node)
    for by in (program, doctor):
        entries, places = joined(node, by=by)
        eq((places['secret']['outcome'], 'c1' in entries), ('answered', True), 'nothing is withheld yet')
    before = len([l for l in asked() if l.startswith('secret')])
    node.create(NO)
    entries, places = joined(node, by=doctor)
    eq((places['secret']['outcome'], 'c1' in entries), ('refused', False), 'it is not asked')
    within(places['secret']['words'], 'was not asked', 'and that is said')
    eq(len([l for l in asked() if l.startswith('secret')]), before, 'nothing went there')
    is_hidden(node, program, 'a program')
    node.delete('Consent/no')
    drop(node, 'secret')


class Program:
    def __init__(self, node):
        self.node, self.token = node, token_of(node.dir, '--scope', 'system/*.rs', '--name', 'a program')

    def get(self, path):
        return self.node.get(path, Authorization='Bearer ' + self.token)


def test_withheld_is_hidden(_):
    """Where nobody is told that something is withheld, no server's place tells it either."""
    with kith.scratch() as folder:
        node = kith.Node(os.path.join(folder, 'hides'), '--withheld', 'hide')
        node.start()
        try:
            node.create(PERSON)
            node.create({'resourceType': 'Condition', 'id': 'own', 'subject': {'reference': 'Patient/ada'}, 'code': {'text': 'our own'}})
            doctor = doctor_of(node)
            add(node, 'secret', base('secret'))
            entries, _ = joined(node, by=doctor)
            ok('c1' in entries, 'nothing is withheld yet')
            node.create(NO)
            is_hidden(node, doctor, 'a doctor')
        finally:
            node.finish()


def test_a_real_one(node):
    """Another kith, which knows this node as a backend service and no more."""
    with kith.scratch() as folder:
        other = kith.Node(os.path.join(folder, 'other'))
        run('client', 'add', other.dir, 'Kith next door', '--id', 'kith-1', '--kind', 'system', '--jwks', public_keys,
            '--scope', 'system/*.rs')
        other.start()
        try:
            other.create({**PERSON, 'id': 'there'})
            other.create({'resourceType': 'Condition', 'id': 'far', 'subject': {'reference': 'Patient/there'}, 'code': {'text': 'far'}})
            add(node, 'other', other.fhir)
            entries, places = joined(node)
            ok('far' in entries, 'its entry', places)
            eq((places['other']['outcome'], places['other'].get('unwitnessed')), ('answered', True), 'its place')
            entries, places = joined(node, '?_type=Condition&category=problem-list-item')
            eq(places['other']['outcome'], 'answered', 'a search')
            log = json.dumps(other.get('AuditEvent?patient=Patient/there').json)
            ok('kith-1' in log, 'its own log has this node')
            drop(node, 'other')
        finally:
            other.finish()


# --- for other members -----------------------------------------------------------------------------


def ref(name):
    return {'reference': name}


def fill(members):
    """The person at each, under an id of its own, and a doctor who treats them."""
    for m in members:
        for other in members:
            m.create({'resourceType': 'Organization', 'id': other.ods.lower(), 'name': other.name,
                      'identifier': [{'system': 'https://fhir.nhs.uk/Id/ods-organization-code', 'value': other.ods}]})
        m.create({'resourceType': 'Practitioner', 'id': 'doctor', 'name': [{'family': 'Doctor ' + m.ods}]})
        m.patient = 'at-' + m.ods.lower()
        m.create({**PERSON, 'id': m.patient, 'generalPractitioner': [ref('Organization/y90001')]})
        m.create({'resourceType': 'Encounter', 'id': 'stay', 'status': 'in-progress', 'subject': ref('Patient/' + m.patient),
                  'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'IMP'},
                  'period': {'start': '2026-01-01'}, 'serviceProvider': ref('Organization/' + m.ods.lower()),
                  'participant': [{'individual': ref('Practitioner/doctor')}]})
        # Of the id that an entry of the other server has, too.
        m.create({'resourceType': 'Condition', 'id': 'c1', 'subject': ref('Patient/' + m.patient), 'code': {'text': 'of ' + m.ods}})
        m.doctor = Person(m, 'doctor', '--person', 'Practitioner/doctor', '--role', 'R8003')


class Seen:
    """A joined record as a member's doctor sees it: entries by their address, of the holder its place, and what is signed."""

    def __init__(self, asker, holder, path=None):
        self.reply = asker.doctor.get(path or 'Patient/%s/$joined' % asker.patient)
        self.reply.is_(200)
        first, *entries = self.reply.json['entry']
        self.entries = {e['fullUrl']: e['resource'] for e in entries}
        self.place, self.words = {}, ''
        for issue in first['resource']['issue']:
            for x in issue.get('extension', []):
                about = {e['url']: next(v for k, v in e.items() if k != 'url') for e in x['extension']}
                if about.get('ods') == holder.ods:
                    self.place, self.words = about, issue['details']['text']
        jws = base64.b64decode(self.reply.json['signature']['data']).decode().split('.')[1]
        self.signed = json.loads(base64.urlsafe_b64decode(jws + '=='))
        self.signed_place = next((p for p in self.signed['places'] if p['ods'] == holder.ods), {})

    def tags(self, address):
        return [t['code'] for t in self.entries.get(address, {}).get('meta', {}).get('tag', [])]

    def behind(self, habit):
        return sorted(a.rsplit('/', 1)[1] for a in self.entries if a.startswith(base(habit) + '/'))


def verified(asker, reply):
    name = os.path.join(place, 'joined.json')
    with open(name, 'w', encoding='utf-8') as f:
        json.dump(reply.json, f)
    return run('locality', 'verify', asker.dir, name)


def all_that_it_gives(gp, hospital):
    add(hospital, 'fine', base('fine'))
    seen = until('all is there', lambda: (lambda s: len(s.behind('fine')) == 4 and s)(Seen(gp, hospital)))
    eq(seen.behind('fine'), ['c1', 'c2', 'c3', 'c4'], 'the entries of the server behind the hospital, at their own addresses')
    eq(seen.tags(base('fine') + '/Condition/c1'), ['unwitnessed'], 'each is marked')
    one = seen.entries[base('fine') + '/Condition/c1']
    eq((one['meta']['source'], one['subject']['reference']),
       (base('fine'), '%s/fhir/Patient/%s' % (hospital.url, hospital.patient)), 'its custodian, and whose it is at the holder')
    own = hospital.url + '/fhir/Condition/c1'
    eq((seen.entries[own]['code']['text'], seen.tags(own)), ('of Y90002', []), "the hospital's own entry of that id is another, and not marked")
    ok(not [a for a in seen.entries if '/Patient/ext-7' in a], 'the person is the one of the hospital')
    eq((seen.place['unwitnessed'], seen.place.get('more'), seen.signed['whole']), (True, None, True), 'the manifest: all, some of it unwitnessed')
    within(seen.words, '4 of them from servers whose log nobody witnesses', 'how many')
    eq(seen.signed_place.get('unwitnessed'), True, 'and signed so')
    eq(seen.reply.json['total'], len(seen.entries), 'the whole has a total')
    verified(gp, seen.reply)
    found = Seen(gp, hospital, 'Condition?patient=%s&_joined=true&_count=2' % gp.patient)
    ids, reply = set(found.entries), found.reply
    while reply.link('next'):
        reply = gp.doctor.get(reply.link('next'))
        ids |= {e['fullUrl'] for e in reply.json['entry'][1:]}
    eq(len([i for i in ids if i.startswith(base('fine') + '/')]), 4, 'a search, over its pages')
    log = json.dumps(hospital.get('AuditEvent?patient=Patient/%s&_count=50' % hospital.patient).json)
    ok('asked another organisation' in log and 'had an answer' in log and 'fine' in log, "the hospital's log has both", log[:3000])
    drop(hospital, 'fine')


def missing(gp, hospital, habit, gives=()):
    """What it does not give is said to be missing, by its name, and the hospital's own entries are there all the same."""
    add(hospital, habit, base(habit))
    seen = Seen(gp, hospital)
    drop(hospital, habit)
    eq(seen.behind(habit), sorted(gives), habit + ': its entries')
    ok(hospital.url + '/fhir/Condition/c1' in seen.entries, habit + ": the hospital's own")
    eq((seen.place['outcome'], seen.place.get('more'), seen.place.get('behind')), ('answered', True, habit), habit + ': there may be more')
    eq((seen.signed['whole'], seen.signed_place.get('more'), seen.reply.json.get('total')), (False, True, None), habit + ': never the whole')
    within(seen.words, 'not all of what %s behind it holds is here' % habit, habit + ': in words')
    verified(gp, seen.reply)


def what_fits(gp, hospital):
    add(hospital, 'much', base('much'))
    seen = Seen(gp, hospital)
    drop(hospital, 'much')
    ok(len(seen.behind('much')) in (0, 8), 'eight of nine fit, or none came in time', seen.behind('much'))
    eq((seen.place['outcome'], seen.place.get('behind'), seen.signed['whole']), ('answered', 'much', False), 'and that is said')


def not_asked(gp, hospital):
    """A choice at the holder that withholds something from who asks."""
    add(hospital, 'secret', base('secret'))
    ok(Seen(gp, hospital).behind('secret'), 'nothing is withheld yet')
    before = len([l for l in asked() if l.startswith('secret')])
    hospital.create({'resourceType': 'Consent', 'id': 'no', 'status': 'active', 'patient': ref('Patient/' + hospital.patient),
                     'scope': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/consentscope', 'code': 'patient-privacy'}]},
                     'category': [{'coding': [{'system': 'http://loinc.org', 'code': '59284-0'}]}], 'policyRule': {'text': 'y'},
                     'provision': {'type': 'deny', 'data': [{'meaning': 'instance', 'reference': ref('Condition/c1')}]}})
    seen = Seen(gp, hospital)
    eq((seen.behind('secret'), seen.place.get('more'), seen.signed['whole']), ([], True, False), 'not given, and not the whole')
    eq(len([l for l in asked() if l.startswith('secret')]), before, 'nothing went there')
    hospital.delete('Consent/no')
    drop(hospital, 'secret')


def test_for_other_members(node):
    # A longer deadline: under a sanitizer on a busy machine the hospital needs it for the largest answer.
    with kith.scratch() as folder, locality.of(folder, locality.GP, locality.HOSPITAL, options=('--limit', 'joined_ms=8000')) as (gp, hospital):
        fill((gp, hospital))
        all_that_it_gives(gp, hospital)
        not_asked(gp, hospital)
        missing(gp, hospital, 'types', ['c1'])
        for habit in ('wrong', 'errors', 'slow', 'slow'):
            missing(gp, hospital, habit)
        missing(gp, hospital, 'others', ['c1'])
        what_fits(gp, hospital)
        add(hospital, 'gone', 'http://127.0.0.1:%d/fhir' % locality.free_port())
        seen = Seen(gp, hospital)
        eq((seen.place.get('behind'), seen.signed['whole']), ('gone', False), 'a server that is not there')
        drop(hospital, 'gone')
        eq(Seen(gp, hospital).signed['whole'], True, 'without one all is as before')
        eq(gp.alarms(), [], 'nothing that came was refused')


if __name__ == '__main__':
    with kith.scratch() as place:
        secret_key, public_keys = key(place)
        os.makedirs(os.path.join(place, 'server'))
        server = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), 'foreign_server.py'),
                                   os.path.join(place, 'server')], stdout=subprocess.PIPE)
        port = int(server.stdout.readline())
        try:
            kith.main(globals())
        finally:
            server.kill()
            server.wait()
