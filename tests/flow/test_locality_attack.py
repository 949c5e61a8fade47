"""What somebody can do to real nodes with what they have stolen from a member: each is refused, and seen by a person."""

import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import threading
import time

import kith
import locality
from kith import eq, ok, within
from locality import settled, until
from test_access import Person

NHS = '9434765919'
REFERRED = 'the patient was referred there'
ASK = {'method': 'GET', 'path': 'Observation?patient={patient}'}


# --- what a member has -----------------------------------------------------------------------------


def fill(hospital, members):
    """Ana and a result of hers at the hospital; and who the others are."""
    for m in members:
        hospital.create({'resourceType': 'Organization', 'id': m.ods.lower(), 'name': m.name, 'identifier': [
            {'system': 'https://fhir.nhs.uk/Id/ods-organization-code', 'value': m.ods}]})
    hospital.create({'resourceType': 'Patient', 'id': 'ana', 'birthDate': '1970-01-02', 'gender': 'female',
                     'name': [{'family': 'Smith', 'given': ['Ana']}], 'address': [{'postalCode': 'LS1 4AP'}],
                     'generalPractitioner': [{'reference': 'Organization/y90001'}],
                     'identifier': [{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': NHS}]})
    hospital.create(kith.observation('Patient/ana', id='weight'))
    hospital.create({'resourceType': 'Practitioner', 'id': 'doctor', 'name': [{'family': 'Doctor'}]})
    hospital.create({'resourceType': 'Encounter', 'id': 'stay', 'status': 'in-progress', 'subject': {'reference': 'Patient/ana'},
                     'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'IMP'},
                     'period': {'start': '2026-01-01'}, 'serviceProvider': {'reference': 'Organization/y90002'},
                     'participant': [{'individual': {'reference': 'Practitioner/doctor'}}]})


# --- a thief ---------------------------------------------------------------------------------------


def openssl(*words, stdin=None):
    return subprocess.run(['openssl', *words], input=stdin, check=True, capture_output=True).stdout


def claims_of(jws):
    part = jws.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip('=')


class Thief:
    """Whoever has a copy of all keys of a member, and speaks in its name from elsewhere."""

    def __init__(self, folder, member):
        self.ods, self.pem = member.ods, os.path.join(folder, 'stolen-%s.pem' % member.ods)
        self.key = os.path.join(folder, 'stolen-%s.key' % member.ods)
        shutil.copy(member.pem, self.pem)
        public = openssl('pkey', '-in', self.pem, '-pubout', '-outform', 'DER')
        self.spki = hashlib.sha256(public).digest()
        with rows(member) as db:
            words, = db.execute("SELECT value FROM kept WHERE kind = 'own' AND key = ?", (b'key',)).fetchone()
        seed = base64.b64decode(words.decode().split('+', 4)[4])[1:]
        der = bytes.fromhex('302e020100300506032b657004220420') + seed
        with open(self.key, 'wb') as f:
            f.write(openssl('pkey', '-inform', 'DER', stdin=der))
        self.message = self.key + '.message'

    def statement(self, to, number, request=ASK, **claims):
        """A body for /locality/ask that counts, but for the claims given."""
        now = int(time.time())
        asked = json.dumps(request, separators=(',', ':'))
        said = {'iss': self.ods, 'aud': to.ods, 'iat': now, 'exp': now + 60, 'jti': b64(os.urandom(16)), 'loc': 'Riverside',
                'num': number, 'cnf': {'x5t#S256': b64(self.spki)}, 'req': b64(hashlib.sha256(asked.encode()).digest()),
                'who': {'account': 'thief', 'name': 'Nobody There', 'role': 'R8014', 'role_name': 'Social worker'},
                'pur': 'TREAT', 'rel': REFERRED, 'leaf': b64(bytes(32)), 'pat': {
                    'nhs': NHS, 'family': 'Smith', 'given': 'Ana', 'birth': '1970-01-02', 'gender': 'female', 'postcode': 'LS1 4AP'}}
        said.update(claims)
        return '{"statement":"%s","request":%s}' % (self.signed('kith-statement+jwt', said), asked)

    def signed(self, type, said):
        head = b64(b'{"alg":"EdDSA","typ":"%s"}' % type.encode()) + '.' + b64(json.dumps(said, separators=(',', ':')).encode())
        with open(self.message, 'w') as f:
            f.write(head)
        return head + '.' + b64(openssl('pkeyutl', '-sign', '-rawin', '-inkey', self.key, '-in', self.message))

    def answers(self, number, answer, **claims):
        """Answers with a receipt of the member, as who has its keys can sign it."""
        def reply(request):
            statement = claims_of(json.loads(request.body)['statement'])
            now, subject = int(time.time()), dict(statement['pat'], id='p1')
            said = {'iss': self.ods, 'aud': statement['iss'], 'jti': statement['jti'], 'iat': now, 'exp': now + 300, 'status': 200,
                    'body': b64(hashlib.sha256(answer).digest()), 'leaf': b64(bytes(32)), 'held': 0, 'consent': 0, 'num': number, 'pat': subject}
            said.update(claims)
            request.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nKith-Receipt: %s\r\n\r\n%s' % (
                len(answer), self.signed('kith-receipt+jwt', said).encode(), answer))
        return reply


@contextlib.contextmanager
def rows(member):
    """What a locality keeps, as whoever has the machine can see and change it."""
    db = sqlite3.connect(os.path.join(member.dir, 'locality.db'), timeout=10)
    try:
        with db:
            yield db
    finally:
        db.close()


def send(to, pem, body, path='/locality/ask'):
    """Status, answer and receipt."""
    connection = connect(to, pem)
    try:
        connection.request('POST', path, body, {'Content-Type': 'application/json'})
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), reply.headers.get('Kith-Receipt')
    finally:
        connection.close()


def connect(to, pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(pem)
    return http.client.HTTPSConnection('127.0.0.1', to.port_for_members, context=context, timeout=20)


def alarmed(member, kind, words, about=None):
    """An alarm that a person sees."""
    def there():
        return [a for a in member.alarms() if a['kind'] == kind and words in a['words'] and about in (None, a['member'])]
    ok(there(), '%s is told: %s, %s' % (member.ods, kind, words), member.alarms())


def refused(to, pem, body, words, what):
    status, answer, receipt = send(to, pem, body)
    eq((status, receipt), (403, None), what + ': status and receipt')
    within(answer, words, what + ': why')


class Impostor:
    """Answers at a member's address with what `answer` of a path gives: a body, or a function of the connection."""

    def __init__(self, member, pem, answers):
        def reply(request):
            request.body = request.rfile.read(int(request.headers.get('Content-Length') or 0))
            what = answers.get(request.path.partition('?')[0], b'')
            request.close_connection = True
            if callable(what):
                with contextlib.suppress(OSError):
                    what(request)
                return
            request.send_response(200 if what else 404)
            request.send_header('Content-Type', 'application/json')
            request.send_header('Content-Length', str(len(what)))
            request.send_header('Connection', 'close')
            request.end_headers()
            request.wfile.write(what)

        handler = type('Handler', (http.server.BaseHTTPRequestHandler,), {
            'protocol_version': 'HTTP/1.1', 'do_GET': reply, 'do_POST': reply, 'log_message': lambda *_: None})
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, block_on_close = True, False

            def get_request(self):
                accepted, address = super().get_request()
                accepted.settimeout(20)
                return context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False), address

            def handle_error(self, *_):
                pass  # the node ends a connection that it has heard enough of

        self.server = Server(('127.0.0.1', member.port_for_members), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


# --- attacks ---------------------------------------------------------------------------------------


def stolen_keys(hospital, thief, number):
    """All keys of a member are the member: until it is removed only the logs tell."""
    body = thief.statement(hospital, number)
    status, answer, receipt = send(hospital, thief.pem, body)
    eq(status, 200, 'what it may see is given' + answer[:200])
    within(answer, '"weight"', 'the result')
    ok(receipt, 'with a receipt')
    return body


def replayed(hospital, thief, gp, body, number):
    refused(hospital, thief.pem, body, 'has been used', 'the same again')
    alarmed(hospital, 'statement', 'has been used', thief.ods)
    refused(hospital, gp.pem, body, 'another connection', 'by another member')
    alarmed(hospital, 'statement', 'another connection', gp.ods)
    refused(gp, thief.pem, body, 'not meant for this node', 'to another member')
    alarmed(gp, 'statement', 'not meant for this node', thief.ods)
    status, answer, receipt = send(hospital, thief.pem, thief.statement(hospital, number, iat=int(time.time()) - 600))
    eq((status, receipt), (412, None), 'an old one: the clocks')
    within(answer, 'clock', 'says so')
    eq(send(hospital, thief.pem, body, '/locality/places')[0], 400, 'to another address')
    alarmed(hospital, 'statement', 'this address is for the question', thief.ods)


def altered(hospital, thief, number):
    body = thief.statement(hospital, number)
    refused(hospital, thief.pem, body.replace('Observation?', 'Composition?'), 'another request', 'another request')
    alarmed(hospital, 'statement', 'another request', thief.ods)
    head, _, rest = body.partition('.')
    payload, _, signature = rest.partition('.')
    said = base64.urlsafe_b64decode(payload + '==').decode().replace('R8014', 'R8000')
    refused(hospital, thief.pem, '.'.join((head, b64(said.encode()), signature)), '.', 'another role')
    unsigned = '{"statement":"' + b64(b'{"alg":"none","typ":"kith-statement+jwt"}')
    refused(hospital, thief.pem, '.'.join((unsigned, payload, signature)), '.', 'without a signature')
    for claim, value, words in (('aud', 'Y90009', 'not meant for this node'), ('loc', 'Seaside', 'another locality'),
                                ('iss', 'Y90001', '.'), ('pat', {}, "'nhs'"), ('cnf', {'x5t#S256': b64(bytes(32))}, 'another connection')):
        refused(hospital, thief.pem, thief.statement(hospital, number, **{claim: value}), words, 'another ' + claim)
    twice = thief.statement(hospital, number)
    status, answer, _ = send(hospital, thief.pem, twice.replace('"request":', '"request":{},"request":'))
    ok(status in (400, 403), 'two requests', (status, answer))
    status, _, receipt = send(hospital, thief.pem, thief.statement(hospital, number, who={
        'account': 'thief', 'name': 'Nobody There', 'role': 'R8000', 'role_name': 'Doctor'}))
    eq(status, 403, 'a role that its kind has not')
    ok(receipt, 'of a statement that counts there is a receipt, refusals too')


def huge_and_slow(hospital, thief, number):
    """Nothing of it is taken in, and others do not wait."""
    good = thief.statement(hospital, number)
    status, answer, _ = send(hospital, thief.pem, good[:-1] + ' ' * 60000 + '}')
    eq(status, 413, 'too long a question')
    alarmed(hospital, 'statement', 'has at most', thief.ods)
    with contextlib.suppress(OSError):  # it may end the connection while the rest still comes
        ok(send(hospital, thief.pem, b' ' * (100 << 20))[0] in (400, 413), 'an endless one')
    slow = []
    for _ in range(20):
        connection = connect(hospital, thief.pem)
        connection.connect()
        connection.sock.sendall(b'POST /locality/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n{')
        slow.append(connection)
    started = time.monotonic()
    eq(send(hospital, thief.pem, good)[0], 200, 'while twenty dribble, another is answered')
    ok(time.monotonic() - started < 5, 'without waiting for them', time.monotonic() - started)
    for connection in slow:
        connection.close()


def probe(hospital, thief, number):
    """Who is where is not found out by asking for one after another."""
    answers = set()
    for n in range(21):
        who = {'nhs': NHS, 'family': 'Smith', 'given': 'Ana', 'birth': '1970-01-02'} if n == 7 else {
            'nhs': '9434765870', 'family': 'Else %d' % n, 'birth': '1980-01-01'}
        status, answer, receipt = send(hospital, thief.pem, thief.statement(hospital, number, pat=who, rel='no relationship'))
        ok(receipt, 'each has a receipt')
        answers.add((status, answer))
    slip = {'nhs': NHS, 'family': 'Smith', 'given': 'Ana', 'birth': '1970-01-03'}
    for _ in range(2):
        answers.add(send(hospital, thief.pem, thief.statement(hospital, number, pat=slip))[:2])
    eq([s for s, _ in answers], [404], 'somebody who is there is like somebody who is not')
    alarmed(hospital, 'identity-conflict', 'other details', thief.ods)
    alarmed(hospital, 'location-probe', 'Nobody There', thief.ods)


def reached(db):
    """With whom a node has compared its log."""
    return {key.decode() for key, in db.execute("SELECT key FROM kept WHERE kind = 'reconciled'")}


def hidden(hospital, council, thief):
    """What only one side has recorded is found. Two minutes later: what is younger may be under way."""
    with rows(hospital) as db:
        kept = db.execute("SELECT key, value FROM kept WHERE kind = 'exchange'").fetchall()
        ok(kept, 'what was given is recorded')
        for key, value in kept:
            ods, at, nonce = key.decode().split('/')
            earlier = '%s/%016x/%s' % (ods, int(at, 16) - 120000, nonce)
            db.execute("DELETE FROM kept WHERE kind = 'exchange' AND key = ?", (key,))
            db.execute("INSERT INTO kept VALUES ('exchange', ?, ?)", (earlier.encode(), value))
        eq(reached(db), {council.ods, 'Y90001'}, 'the node compares by itself')
        db.execute("UPDATE kept SET value = ? WHERE kind = 'reconciled'", (b'%d' % (time.time() * 1000 - 7200000),))
    until('an hour after it has done so last, it finds it', lambda: [a for a in hospital.alarms() if a['kind'] == 'exchange'])
    alarmed(hospital, 'exchange', 'it asked this, and has no entry about it', thief.ods)
    done = hospital.do('reconcile', council.ods, status=1)
    within(done.stdout, 'has no entry about it', 'and the administrator, too')
    done = council.do('reconcile', hospital.ods, status=None)
    within(done.stdout, 'in the name of this node', 'whose keys were stolen finds it, too')
    alarmed(council, 'exchange', 'it was asked in the name of this node', hospital.ods)


def endless(request):
    """An answer that says that it is small enough to be heard, and does not end."""
    request.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n')
    piece = b'10000\r\n' + b' ' * 65536 + b'\r\n'
    for _ in range(4096):
        request.wfile.write(piece)


def huge(request):
    request.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n' + b' ' * 100000)
    time.sleep(5)


def dribbling(request):
    request.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n')
    for _ in range(60):
        request.wfile.write(b' ')
        time.sleep(0.1)


def forged(folder, hospital, doctor):
    """A joined record that somebody has changed is not what was signed."""
    file = os.path.join(folder, 'joined.json')
    reply = doctor.get('Patient/ana/$joined')
    whole = claims_of(base64.b64decode(reply.json['signature']['data']).decode())['whole']

    def verified(change, status, words):
        record = json.loads(reply.body)
        change(record)
        with open(file, 'w') as f:
            json.dump(record, f)
        within(hospital.do('verify', file, status=status).stdout, words, 'verify')

    def other_total(record):
        record['total'] = len(record['entry']) + 3

    def other_place(record):
        place = record['entry'][0]['resource']['issue'][1]['extension'][0]['extension']
        next(x for x in place if x['url'] == 'ods')['valueString'] = 'Y90009'

    verified(lambda r: None, 0, 'signed by Y90002.*' + ('the whole record' if whole else 'a part of the record'))
    verified(lambda r: r['entry'].pop(), 1, 'other entries than were signed for')
    verified(other_total, 1, 'Bundle.total')
    verified(other_place, 1, 'of a place')
    verified(lambda r: r['signature']['who']['identifier'].update(value='Y90001'), 1, 'another one than has signed')
    verified(lambda r: r.pop('signature'), 1, 'no manifest')
    alarmed(hospital, 'manifest', 'other entries than were signed for')


def impostors(folder, gp, hospital):
    """What answers at the address of a member: with its key, or with another one."""
    doctor = Person(hospital, 'doctor', '--person', 'Practitioner/doctor', '--role', 'R8003')
    bundle = json.dumps({'resourceType': 'Bundle', 'type': 'searchset', 'entry': [{'resource': {
        'resourceType': 'Observation', 'id': 'x', 'subject': {'reference': 'Patient/other'}}}]}).encode()
    robbed = Thief(folder, gp)
    other_person = {'id': 'p1', 'nhs': NHS, 'family': 'Smith', 'given': 'Ana', 'birth': '1971-01-02'}
    other = os.path.join(folder, 'other.pem')
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', other + '.key', '-out', other + '.crt',
            '-subj', '/CN=kith Y90001', '-days', '2')
    with open(other, 'wb') as f:
        for part in ('.key', '.crt'):
            with open(other + part, 'rb') as g:
                f.write(g.read())

    def outcome():
        started = time.monotonic()
        reply = doctor.get('Patient/ana/$joined')
        reply.is_(200)
        ok(time.monotonic() - started < 5, 'not longer than the deadline', time.monotonic() - started)
        manifest = claims_of(base64.b64decode(reply.json['signature']['data']).decode())
        eq(manifest['whole'], False, 'a part is not the whole')
        ok(b'Patient/other' not in reply.body, 'nothing about another person is shown')
        return next((p['outcome'] for p in manifest['places'] if p['ods'] == gp.ods), None)

    forged(folder, hospital, doctor)
    gp.stop()
    newer = locality.ask(hospital, None, 'GET', '/locality/directory?after=3')[1]
    places = b'{"places":["%s"],"unasked":false}' % gp.ods.encode()
    for pem, answer, expected, kind, words in (
            (other, bundle, ('broken', 'timed-out', None), 'wrong-certificate', 'has not the key'),
            (gp.pem, bundle, ('broken',), 'answer', 'without a receipt'),
            (gp.pem, robbed.answers(3, bundle), ('broken',), 'answer', 'an entry is about another person'),
            (gp.pem, robbed.answers(3, bundle, pat=other_person), ('broken',), 'answer', 'another person than was asked for'),
            (gp.pem, robbed.answers(3, bundle, body=b64(bytes(32))), ('broken',), 'receipt', 'it is of another answer'),
            (gp.pem, robbed.answers(3, bundle, jti=b64(bytes(16))), ('broken',), 'receipt', 'it is of another request'),
            (gp.pem, endless, ('broken',), 'answer', 'it sent more than an answer may have'),
            (gp.pem, huge, ('broken',), 'answer', 'it sent more than an answer may have'),
            (gp.pem, dribbling, ('timed-out',), None, None)):
        with Impostor(gp, pem, {'/locality/places': places, '/locality/ask': answer, '/locality/directory': newer}):
            got = until('it is asked again', outcome_of(outcome, expected), 20)
            ok(got, 'what the manifest says', expected)
            if kind:
                alarmed(hospital, kind, words, gp.ods)
    gp.start()


def outcome_of(outcome, expected):
    """Who could not be reached a moment ago is asked again after a probe."""
    def one():
        got = outcome()
        return (got or 'none') if got in expected else None
    return one


def removed(gp, hospital, council, thief, number):
    """From the moment that a node has the version, nothing of a removed member opens anything."""
    before = thief.statement(hospital, number)
    context = connect(hospital, thief.pem)
    context.request('POST', '/locality/exchanges', '{}')
    context.getresponse().read()
    gp.do('remove', council.ods, '--why', 'its keys were stolen')
    settled((gp, hospital), number + 1, [gp.ods, hospital.ods])
    refused(hospital, thief.pem, before, 'no member', 'a statement from before')
    refused(hospital, thief.pem, thief.statement(hospital, number + 1), 'no member', 'a new one')
    alarmed(hospital, 'stranger', 'no member of this locality')
    alarmed(hospital, 'stolen-certificate', 'was once its own', council.ods)
    for path in ('exchanges', 'feed', 'known', 'heal', 'renew', 'add-checkpoint', 'checkpoints'):
        eq(send(gp, thief.pem, '{}', '/locality/' + path)[0], 403, path)
    alarmed(gp, 'stolen-certificate', 'was once its own', council.ods)
    context.request('POST', '/locality/ask', before)
    eq(context.getresponse().status, 403, 'on an open connection')
    context.close()


def seen(hospital):
    """By the privacy officers, in health and in the log."""
    officer = Person(hospital, 'officer', '--person', 'Practitioner/officer', '--role', 'R0001')

    def tasks():
        found = officer.get('Task?code=locality-alarm&_count=100')
        found.is_(200)
        kinds = {r['code']['text'] for r in found.matches}
        return kinds >= {'statement', 'stranger', 'stolen-certificate', 'location-probe', 'exchange'}
    until('each is a Task', tasks)
    conflicts = officer.get('Task?code=identity-conflict').matches
    eq([t['for']['reference'] for t in conflicts], ['Patient/ana'], 'and whoever is to be compared is one, once')
    officer.post('Task/%s/$review' % conflicts[0]['id'], outcome='accepted').is_(200)
    eq(officer.get('Task/' + conflicts[0]['id']).json['status'], 'completed', 'and that is closed when people have compared them')
    health = json.loads(hospital.plain('/health'))
    eq(health['checks']['locality:alarms'][0]['status'], 'warn', 'health')
    logged = kith.run('audit', 'list', os.path.join(hospital.dir, 'audit'), '--json').stdout
    within(logged, 'has been used', 'what did not count is in the log')


def test_a_thief(_):
    with kith.scratch() as folder, locality.of(folder, locality.GP, locality.HOSPITAL, locality.COUNCIL) as members:
        gp, hospital, council = members
        hospital.create({'resourceType': 'Practitioner', 'id': 'officer', 'name': [{'family': 'Officer'}]})
        fill(hospital, members)
        thief = Thief(folder, council)
        body = stolen_keys(hospital, thief, 3)
        replayed(hospital, thief, gp, body, 3)
        altered(hospital, thief, 3)
        huge_and_slow(hospital, thief, 3)
        probe(hospital, thief, 3)
        hidden(hospital, council, thief)
        impostors(folder, gp, hospital)
        removed(gp, hospital, council, thief, 3)
        seen(hospital)


kith.main(globals())
