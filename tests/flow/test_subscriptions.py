"""FHIR Subscriptions (topic-based backport for R4): a program is told of what it may see, by a real HTTP receiver."""

import base64
import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.parse

import kith
from kith import eq, ok, run, token_of, within
from oidc_provider import Key
from test_threats_apps import ask_token, assertion, client, state

BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/'
TOPIC = 'https://kith.care/fhir/SubscriptionTopic/'
PATIENCE = 30


class Receiver:
    """The subscriber's side, in a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        self.process = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), 'receiver.py'), folder],
                                        stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def url(self, path):
        return 'http://127.0.0.1:%d/%s' % (self.port, path)

    def say(self, status):
        with open(os.path.join(self.folder, 'say'), 'w', encoding='ascii') as f:
            f.write(str(status))

    def got(self, path, kind=None, status=200):
        """What came to a path, of one type of notification, and was answered so."""
        try:
            with open(os.path.join(self.folder, 'got'), encoding='utf-8') as f:
                lines = [json.loads(l) for l in f.read().splitlines()]
        except FileNotFoundError:
            return []
        return [l for l in lines if l['path'] == '/' + path and l['status'] == status
                and kind in (None, status_of(l['body'])['type'])]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def status_of(bundle):
    """The SubscriptionStatus of a notification; its events as a list."""
    found = {'events': []}
    for p in bundle['entry'][0]['resource']['parameter']:
        if p['name'] == 'notification-event':
            parts = {q['name']: next(v for k, v in q.items() if k != 'name') for q in p['part']}
            found['events'].append(parts)
        else:
            found[p['name']] = next(v for k, v in p.items() if k != 'name')
    return found


def numbers(notifications):
    return [int(e['event-number']) for n in notifications for e in status_of(n['body'])['events']]


def until(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    ok(False, what + ' within %d s' % patience)
    return condition()


def subscription(topic, endpoint, filters=(), content='full-resource', header=(), **more):
    channel = {'type': 'rest-hook', 'endpoint': endpoint, 'payload': 'application/fhir+json',
               '_payload': {'extension': [{'url': BACKPORT + 'backport-payload-content', 'valueCode': content}]},
               'extension': [{'url': BACKPORT + 'backport-' + k.replace('_', '-'),
                              'valuePositiveInt' if k == 'max_count' else 'valueUnsignedInt': v} for k, v in more.items()]}
    if not more:
        del channel['extension']
    if header:
        channel['header'] = list(header)
    s = {'resourceType': 'Subscription', 'status': 'requested', 'reason': 'a test', 'criteria': TOPIC + topic,
         'meta': {'profile': [BACKPORT + 'backport-subscription']}, 'channel': channel}
    if filters:
        s['_criteria'] = {'extension': [{'url': BACKPORT + 'backport-filter-criteria', 'valueString': f} for f in filters]}
    return s


def patient(node, id):
    return node.create({'resourceType': 'Patient', 'id': id, 'name': [{'family': 'Lin'}]})


def observation(subject, value, **more):
    return {'resourceType': 'Observation', 'status': 'final', 'code': {'text': 'x'},
            'subject': {'reference': 'Patient/' + subject}, 'valueString': value, **more}


def active(node, id):
    until('Subscription/%s is active' % id, lambda: node.get('Subscription/' + id).json['status'] == 'active')


def subscribe(node, resource, **headers):
    made = node.post('Subscription', resource, **headers)
    made.is_(201)
    active(node, made.json['id'])
    return made.json['id']


receiver = None
idle = None  # a websocket that says nothing


def test_what_there_is(node):
    topics = node.get('Subscription/$topics')
    topics.is_(200)
    eq(sorted(r['id'] for r in topics.resources), ['consent-change', 'message-received', 'new-result', 'resource-change'], 'topics')
    statement = node.get('metadata').json['rest'][0]
    row = next(r for r in statement['resource'] if r['type'] == 'Subscription')
    eq({'status', 'events', 'topics'} - {o['name'] for o in row['operation']}, set(), 'operations are stated')
    eq(len([x for x in row.get('extension', []) if x['url'].endswith('subscriptiontopic-canonical')]), 4, 'topics are stated')


def test_told(node):
    patient(node, 'p1')
    patient(node, 'p2')
    node.create({**observation('p1', 'before'), 'id': 'before'})
    id = subscribe(node, subscription('resource-change', receiver.url('told'), ['Observation?patient=Patient/p1'],
                                      header=['Authorization: Bearer sesame']))
    hand = receiver.got('told', 'handshake')
    eq(len(hand), 1, 'one handshake')
    eq(hand[0]['headers'].get('Authorization'), 'Bearer sesame', 'the header field that was asked for')
    eq(hand[0]['headers'].get('Content-Type'), 'application/fhir+json', 'its type')
    stored = node.get('Subscription/' + id).json
    ok('sesame' not in json.dumps(stored), 'the secret is not shown', stored)
    node.create({**observation('p2', 'of another'), 'id': 'other'})
    node.create({**observation('p1', 'one'), 'id': 'o1'})
    node.create({**observation('p1', 'two'), 'id': 'o1'})
    node.delete('Observation/o1').is_(204)
    events = until('three events', lambda: len(numbers(receiver.got('told', 'event-notification'))) >= 3
                   and receiver.got('told', 'event-notification'))
    eq(numbers(events), [1, 2, 3], 'their numbers')
    seen = [(e['request']['method'], e['fullUrl'].rsplit('/fhir/')[1]) for n in events for e in n['body']['entry'][1:]]
    eq(seen, [('POST', 'Observation/o1'), ('PUT', 'Observation/o1'), ('DELETE', 'Observation/o1')], 'what happened')
    for n in events:
        eq(n['body']['type'], 'history', 'the type of the Bundle')
        eq(status_of(n['body'])['topic'], TOPIC + 'resource-change', 'the topic')
    status = node.get('Subscription/%s/$status' % id).resources
    eq([p for p in status[0]['parameter'] if p['name'].startswith('events')][0]['valueString'], '3', '$status')
    missed = node.get('Subscription/%s/$events?eventsSinceNumber=2&content=id-only' % id).json
    eq([e['event-number'] for e in status_of(missed)['events']], ['2', '3'], '$events')
    ok(all('resource' not in e for e in missed['entry'][1:]), 'as much as was asked for', missed)
    for m in (stored, missed, events[0]['body']):
        checked = node.post('%s/$validate' % m['resourceType'], m)
        checked.is_(200)


def test_only_what_may_be_seen(node):
    """The scopes of the program are asked when it is told; what it may not see has no number."""
    bearer = {'Authorization': 'Bearer ' + token_of(node.dir, '--scope', 'system/Subscription.cruds system/Observation.rs',
                                                   '--name', 'a small program')}
    id = subscribe(node, subscription('resource-change', receiver.url('small'),
                                      ['Observation?patient=Patient/p1', 'Condition?patient=Patient/p1']), **bearer)
    node.create({'resourceType': 'Condition', 'id': 'hidden', 'subject': {'reference': 'Patient/p1'}, 'code': {'text': 'hidden'}})
    node.create({**observation('p1', 'seen'), 'id': 'seen'})
    events = until('an event', lambda: receiver.got('small', 'event-notification'))
    time.sleep(0.3)
    events = receiver.got('small', 'event-notification')
    eq(numbers(events), [1], 'one number')
    ok('hidden' not in json.dumps(receiver.got('small')), 'nothing of the other', events)
    other = {'Authorization': 'Bearer ' + token_of(node.dir, '--scope', 'system/Subscription.cruds', '--name', 'another')}
    mine = node.get('Subscription/' + id, **bearer).json
    node.put('Subscription/' + id, {**mine, 'status': 'off'}, **other).refused(403, 'forbidden', "another program's")
    node.delete('Subscription/' + id, **other).refused(403, 'forbidden', "another program's")
    node.get('Subscription/%s/$events' % id, **other).refused(403, 'forbidden', "another program's")
    node.delete('Subscription/' + id, **bearer).is_(204)
    log = node.get('AuditEvent?patient=Patient/p1&_count=100').json
    ok('a small program' in json.dumps(log), 'the access log has it')


def test_sealed_by_the_node(node):
    """Nobody can write for whom a subscription is, but by being that."""
    made = node.get('Subscription?_count=1').resources[0]
    seal = next(x for x in made['extension'] if x['url'].endswith('subscription-sealed'))
    small = {'Authorization': 'Bearer ' + token_of(node.dir, '--scope', 'system/Subscription.cruds', '--name', 'thief')}
    forged = {**subscription('new-result', receiver.url('thief')), 'extension': [seal]}
    id = subscribe(node, forged, **small)
    node.create({**observation('p1', 'for the thief'), 'id': 'bait',
                 'category': [{'coding': [{'code': 'laboratory'}]}]})
    time.sleep(1)
    eq(receiver.got('thief', 'event-notification'), [], 'another seal opens nothing')
    node.delete('Subscription/' + id, **small).is_(204)
    for s in node.get('Subscription').resources:
        node.delete('Subscription/' + s['id']).is_(204)


def test_in_a_transaction(node):
    entry = {'resource': subscription('new-result', receiver.url('bundle')), 'request': {'method': 'POST', 'url': 'Subscription'}}
    made = node.post('', {'resourceType': 'Bundle', 'type': 'transaction', 'entry': [entry]})
    made.is_(200)
    id = made.json['entry'][0]['response']['location'].split('Subscription/')[1].split('/')[0]
    active(node, id)
    entry['request'] = {'method': 'DELETE', 'url': 'Subscription/' + id}
    del entry['resource']
    other = {'Authorization': 'Bearer ' + token_of(node.dir, '--scope', 'system/Subscription.cruds', '--name', 'another')}
    node.post('', {'resourceType': 'Bundle', 'type': 'transaction', 'entry': [entry]}, **other).refused(403, 'forbidden')
    node.post('', {'resourceType': 'Bundle', 'type': 'transaction', 'entry': [entry]}).is_(200)


def test_topics(node):
    id = subscribe(node, subscription('new-result', receiver.url('results'), content='id-only'))
    node.create({**observation('p1', 'no result'), 'id': 'plain'})
    node.create({**observation('p1', 'a result'), 'id': 'lab', 'category': [{'coding': [{'code': 'laboratory'}]}]})
    node.create({**observation('p1', 'not yet'), 'id': 'early', 'status': 'preliminary', 'category': [{'coding': [{'code': 'laboratory'}]}]})
    consents = subscribe(node, subscription('consent-change', receiver.url('consents'), content='empty'))
    node.create({'resourceType': 'Consent', 'id': 'c', 'status': 'active', 'patient': {'reference': 'Patient/p1'},
                 'scope': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/consentscope', 'code': 'patient-privacy'}]},
                 'category': [{'text': 'x'}], 'policyRule': {'text': 'y'}, 'provision': {'type': 'permit'}})
    events = until('a result', lambda: receiver.got('results', 'event-notification'))
    focus = [e['focus']['reference'] for n in events for e in status_of(n['body'])['events']]
    eq([f.rsplit('/', 1)[1] for f in focus], ['lab'], 'results alone')
    ok('a result' not in json.dumps(events), 'ids only')
    events = until('a choice', lambda: receiver.got('consents', 'event-notification'))
    ok('Consent/c' not in json.dumps(events), 'nothing but that there is something')
    for x in (id, consents):
        node.delete('Subscription/' + x).is_(204)


def test_refused(node):
    bad = subscription('resource-change', receiver.url('x'))
    node.post('Subscription', bad).refused(400, 'required', 'needs a filter')
    node.post('Subscription', subscription('weather', receiver.url('x'))).refused(400, 'not-supported', r'\$topics')
    node.post('Subscription', subscription('new-result', 'ftp://x')).refused(400, 'required', 'https')
    node.post('Subscription', subscription('new-result', receiver.url('x'), ['Patient?name=x'])).refused(400, 'value', 'topic is about')
    node.post('Subscription', subscription('new-result', receiver.url('x'), ['Observation?patient.name=x'])).refused(400, 'value', 'other resources')
    node.post('Subscription', subscription('new-result', receiver.url('x'), ['Observation?nothing=x'])).refused(400, 'invalid')
    node.post('Subscription', subscription('new-result', receiver.url('x'), header=['Host: y'])).refused(400, 'value', 'HTTP itself')
    node.post('Subscription', {**bad, 'channel': {'type': 'email', 'endpoint': 'mailto:x'}}).refused(400, 'not-supported', 'rest-hook')
    old = node.post('Subscription', {**bad, 'criteria': 'Observation?code=1'})
    old.is_(201)  # of R4 itself: kept as it is, and never active
    eq(old.json['status'], 'requested', 'nobody says that it works')


def test_heartbeat(node):
    id = subscribe(node, subscription('new-result', receiver.url('beat'), heartbeat_period=1))
    until('heartbeats', lambda: len(receiver.got('beat', 'heartbeat')) >= 2)
    node.delete('Subscription/' + id).is_(204)
    time.sleep(1.2)
    count = len(receiver.got('beat'))
    time.sleep(1.5)
    eq(len(receiver.got('beat')), count, 'no more after it has gone')


def test_none_lost(node):
    """Receiver down, node killed, node started: every event comes, in order, its number durable."""
    id = subscribe(node, subscription('resource-change', receiver.url('kept'), ['Observation?patient=Patient/p2'], max_count=3))
    node.create({**observation('p2', 'first'), 'id': 'k0'})
    until('the first', lambda: receiver.got('kept', 'event-notification'))
    receiver.say(503)
    for i in range(1, 6):
        node.create({**observation('p2', 'n%d' % i), 'id': 'k%d' % i})
    until('a failure', lambda: receiver.got('kept', status=503))
    node.stop(signal.SIGKILL)
    receiver.say(200)
    node.start()
    for i in range(6, 9):
        node.create({**observation('p2', 'n%d' % i), 'id': 'k%d' % i})
    until('all of them', lambda: len(set(numbers(receiver.got('kept', 'event-notification')))) >= 9)
    events = receiver.got('kept', 'event-notification')
    eq(sorted(set(numbers(events))), list(range(1, 10)), 'every number')
    eq(numbers(events), sorted(numbers(events)), 'in their order')
    by_number = {}
    for n in events + receiver.got('kept', 'event-notification', 503):
        for e in status_of(n['body'])['events']:
            by_number.setdefault(e['event-number'], set()).add(e['focus']['reference'].rsplit('/', 1)[1])
        ok(len(status_of(n['body'])['events']) <= 3, 'no more at once than was asked for')
    eq({k: sorted(v) for k, v in by_number.items()}, {str(i + 1): ['k%d' % i] for i in range(9)}, 'a number means one event')
    active(node, id)
    node.delete('Subscription/' + id).is_(204)


def test_off_after_failures(node):
    id = subscribe(node, subscription('new-result', receiver.url('dead'), ['Observation']))
    receiver.say(500)
    node.create({**observation('p1', 'lost'), 'id': 'lost', 'category': [{'coding': [{'code': 'laboratory'}]}]})
    until('error', lambda: node.get('Subscription/' + id).json['status'] in ('error', 'off'))
    until('off', lambda: node.get('Subscription/' + id).json['status'] == 'off')
    receiver.say(200)
    within(node.get('Subscription/' + id).json['error'], '500', 'why')
    notice = node.get('Task?code=subscription-off').resources
    eq([t['focus']['reference'] for t in notice], ['Subscription/' + id], 'somebody is told')
    again = node.get('Subscription/' + id).json
    again['status'] = 'requested'
    node.put('Subscription/' + id, again).is_(200)
    active(node, id)
    until('what it missed', lambda: numbers(receiver.got('dead', 'event-notification')) == [1])
    node.delete('Subscription/' + id).is_(204)


def test_slow_receiver(node):
    """A subscriber that does not answer keeps neither others waiting nor the node from stopping."""
    slow = Receiver(os.path.join(receiver.folder, 'slow'))
    try:
        ids = [subscribe(node, subscription('resource-change', where, ['Observation?patient=Patient/p2'], timeout=30))
               for where in (slow.url('x'), receiver.url('quick'))]
        with open(os.path.join(slow.folder, 'wait'), 'w', encoding='ascii') as f:
            f.write('25')
        node.create({**observation('p2', 'wait'), 'id': 'slow'})
        until('the other is told', lambda: receiver.got('quick', 'event-notification'))
        start = time.monotonic()
        node.stop()
        ok(time.monotonic() - start < 10, 'it stops', time.monotonic() - start)
        node.start()
        with open(os.path.join(slow.folder, 'wait'), 'w', encoding='ascii') as f:
            f.write('0')
        until('it is sent again', lambda: slow.got('x', 'event-notification'))
        for id in ids:
            node.delete('Subscription/' + id).is_(204)
    finally:
        slow.close()


def test_dead_receivers(node):
    """However many have never answered, those who do are told in time."""
    global idle
    idle = WebSocket('ws://127.0.0.1:%d/subscriptions/websocket' % node.port)  # for test_nobody_stays_unbound()
    idle.opened = time.monotonic()
    dead = Receiver(os.path.join(receiver.folder, 'dead-ones'))
    try:
        good = subscribe(node, subscription('resource-change', receiver.url('good'), ['Observation?patient=Patient/p2']))
        with open(os.path.join(dead.folder, 'wait'), 'w', encoding='ascii') as f:
            f.write('6')
        ids = [node.post('Subscription', subscription('resource-change', dead.url('x'), ['Observation?patient=Patient/p2'], timeout=6)).json['id']
               for _ in range(8)]
        time.sleep(0.5)  # all senders that may be are busy with them
        start = time.monotonic()
        node.create({**observation('p2', 'now'), 'id': 'now'})
        until('the good one is told', lambda: receiver.got('good', 'event-notification'))
        ok(time.monotonic() - start < 4, 'and does not wait for the others', time.monotonic() - start)
        for id in (good, *ids):
            node.delete('Subscription/' + id).is_(204)
    finally:
        dead.close()


def test_made_again(node):
    """A subscription that is deleted and made again under its id while it is being sent begins anew, and nothing of before is told."""
    slow = Receiver(os.path.join(receiver.folder, 'again'))
    try:
        made = subscription('resource-change', slow.url('x'), ['Observation?patient=Patient/p2'], content='id-only', timeout=3, max_count=1)
        id = subscribe(node, made)
        with open(os.path.join(slow.folder, 'wait'), 'w', encoding='ascii') as f:
            f.write('2')
        for n in range(3):
            node.create({**observation('p2', 'before'), 'id': 'before-%d' % n})
        time.sleep(0.5)  # one is on its way, two wait
        node.delete('Subscription/' + id).is_(204)
        made['channel']['endpoint'] = receiver.url('again')
        node.put('Subscription/' + id, {**made, 'id': id}).is_(201)
        active(node, id)
        node.create({**observation('p2', 'after'), 'id': 'after'})
        events = until('what comes after', lambda: receiver.got('again', 'event-notification'))
        eq([e['fullUrl'].rsplit('/', 1)[1] for n in events for e in n['body']['entry'][1:]], ['after'], 'and nothing else')
        eq(numbers(events), [1], 'its numbers begin with 1')
        missed = node.get('Subscription/%s/$events' % id).json
        eq([e['focus']['reference'].rsplit('/', 1)[1] for e in status_of(missed)['events']], ['after'], '$events')
        node.delete('Subscription/' + id).is_(204)
    finally:
        slow.close()


def test_stays_its_programs(node):
    """What an administrator writes anew is told as the program may see it, not as they may."""
    bearer = {'Authorization': 'Bearer ' + token_of(node.dir, '--scope', 'system/Subscription.cruds system/Observation.rs', '--name', 'narrow')}
    id = subscribe(node, subscription('resource-change', receiver.url('narrow'), ['Observation?patient=Patient/p1', 'Condition?patient=Patient/p1'],
                                      header=['Authorization: Bearer narrow']), **bearer)
    node.put('Subscription/' + id, {**node.get('Subscription/' + id).json, 'reason': 'looked at by the administrator'}).is_(200)
    until('another handshake', lambda: len(receiver.got('narrow', 'handshake')) == 2)
    active(node, id)
    node.create({'resourceType': 'Condition', 'id': 'not-narrow', 'subject': {'reference': 'Patient/p1'}, 'code': {'text': 'hidden'}})
    node.create({**observation('p1', 'seen'), 'id': 'narrow'})
    events = until('an event', lambda: receiver.got('narrow', 'event-notification'))
    time.sleep(0.3)
    events = receiver.got('narrow', 'event-notification')
    eq([e['fullUrl'].rsplit('/', 1)[1] for n in events for e in n['body']['entry'][1:]], ['narrow'], 'what its scopes let it see')
    eq(events[0]['headers'].get('Authorization'), 'Bearer narrow', 'with its header')
    node.get('Subscription/%s/$events' % id, **bearer).is_(200)
    node.delete('Subscription/' + id, **bearer).is_(204)


class WebSocket:
    """A client of RFC 6455, as small as it can be."""

    def __init__(self, url):
        at = urllib.parse.urlsplit(url)
        self.s = socket.create_connection((at.hostname, at.port), timeout=PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        self.s.sendall(('GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                        'Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n' % (at.path, at.netloc, key)).encode())
        head = b''
        while b'\r\n\r\n' not in head:
            got = self.s.recv(1)
            if not got:
                break
            head += got
        self.head = head.decode()
        accept = base64.b64encode(hashlib.sha1((key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()).decode()
        ok(' 101 ' in self.head.split('\r\n')[0] and accept in self.head, 'it is a websocket now', self.head)

    def send(self, payload, first=0x81, masked=True):
        payload, key = payload.encode() if isinstance(payload, str) else payload, os.urandom(4)
        n = bytes([len(payload)]) if len(payload) < 126 else b'\x7e' + struct.pack('>H', len(payload))
        head = bytes([first, n[0] | (0x80 if masked else 0)]) + n[1:]
        self.s.sendall(head + (key + bytes(b ^ key[i % 4] for i, b in enumerate(payload)) if masked else payload))

    def exactly(self, n):
        data = b''
        while len(data) < n:
            got = self.s.recv(n - len(data))
            if not got:
                raise EOFError
            data += got
        return data

    def frame(self):
        """Opcode and payload of the next one."""
        first, n = self.exactly(2)
        n = struct.unpack('>H', self.exactly(2))[0] if n == 126 else struct.unpack('>Q', self.exactly(8))[0] if n == 127 else n
        return first & 15, self.exactly(n)

    def bundle(self):
        opcode, payload = self.frame()
        eq(opcode, 1, 'a text message')
        return json.loads(payload)


def bind(node, id, ws=None, **headers):
    given = {p['name']: next(v for k, v in p.items() if k != 'name')
             for p in node.get('Subscription/%s/$get-ws-binding-token' % id, **headers).json['parameter']}
    ws = ws or WebSocket(given['websocket-url'])
    ws.send('bind-with-token ' + given['token'])
    return ws, given


def web(topic, *filters, **more):
    s = subscription(topic, 'http://unused', filters, **more)
    s['channel']['type'] = 'websocket'
    del s['channel']['endpoint']
    return s


def test_websocket(node):
    id = subscribe(node, web('resource-change', 'Observation?patient=Patient/p1', heartbeat_period=60))
    node.create({**observation('p1', 'while nobody listens'), 'id': 'w1'})
    ws, given = bind(node, id)
    eq(status_of(ws.bundle())['type'], 'handshake', 'the handshake first')
    got = ws.bundle()
    eq([e['event-number'] for e in status_of(got)['events']], ['1'], 'what waited')
    eq(got['entry'][1]['resource']['valueString'], 'while nobody listens', 'all of it')
    node.create({**observation('p1', 'two'), 'id': 'w2'})
    eq([e['event-number'] for e in status_of(ws.bundle())['events']], ['2'], 'the next')
    ws.send('bind-with-token ' + given['token'])
    eq(ws.bundle()['resourceType'], 'OperationOutcome', 'a token counts once')
    other = subscribe(node, web('resource-change', 'Condition?patient=Patient/p1', content='empty'))
    bind(node, other, ws)
    eq(status_of(ws.bundle())['subscription']['reference'].rsplit('/', 1)[1], other, 'two on one connection')
    node.create({'resourceType': 'Condition', 'id': 'w3', 'subject': {'reference': 'Patient/p1'}, 'code': {'text': 'x'}})
    eq(status_of(ws.bundle())['subscription']['reference'].rsplit('/', 1)[1], other, 'each by its name')
    ws.send(b'hi', first=0x89)
    eq(ws.frame(), (10, b'hi'), 'a ping is answered')
    parts = 'bind-with-token nonsense'
    ws.send(parts[:7], first=0x01)
    ws.send(parts[7:], first=0x80)
    eq(ws.bundle()['resourceType'], 'OperationOutcome', 'a message in two parts is one')
    ws.send(struct.pack('>H', 1000), first=0x88)
    eq(ws.frame()[0], 8, 'it closes when it is asked to')
    within(node.get('Subscription/%s/$get-ws-binding-token' % id, Authorization='Bearer ' + token_of(
        node.dir, '--scope', 'system/Subscription.cruds', '--name', 'another')).body.decode(), "another program's", 'not for others')
    for x in (id, other):
        node.delete('Subscription/' + x).is_(204)


def test_another_of_its_id(node):
    """Who was bound to a subscription that has gone is told nothing of another one that somebody makes under its id."""
    scopes = ('--scope', 'system/Subscription.cruds system/Observation.rs', '--name')
    one, other = ({'Authorization': 'Bearer ' + token_of(node.dir, *scopes, name)} for name in ('one', 'the other'))
    made = web('resource-change', 'Observation?patient=Patient/p1')
    id = subscribe(node, made, **one)
    ws, _ = bind(node, id, **one)
    eq(status_of(ws.bundle())['type'], 'handshake', 'it listens')
    late = node.get('Subscription/%s/$get-ws-binding-token' % id, **one).json['parameter'][0]['valueString']
    node.delete('Subscription/' + id, **one).is_(204)
    until('nobody asks for it any more', lambda: node.get('Subscription/' + id, **one).status == 410)
    node.put('Subscription/' + id, {**made, 'id': id}, **other).is_(201)
    active(node, id)
    mine, _ = bind(node, id, **other)
    eq(status_of(mine.bundle())['type'], 'handshake', 'the other listens')
    node.create({**observation('p1', 'for the other'), 'id': 'o9'})
    eq(mine.bundle()['entry'][1]['resource']['valueString'], 'for the other', 'and is told')
    ws.send('bind-with-token ' + late)
    eq(ws.bundle()['resourceType'], 'OperationOutcome', 'the first one is told nothing, and its token does not count')
    node.delete('Subscription/' + id, **other).is_(204)


def test_who_may_no_more(node):
    """What is hidden after it was told is not told again; a program that was disabled is told nothing more, whatever listens."""
    state['key'], jwks = Key('ES256'), node.dir + '.jwks'
    with open(jwks, 'w', encoding='utf-8') as f:
        json.dump({'keys': [state['key'].jwk()]}, f)
    state['lab'] = client(node, 'Laboratory', '--kind', 'system', '--jwks', jwks, '--scope', 'system/Subscription.cruds system/Observation.rs')
    os.unlink(jwks)
    status, given = ask_token(node, assertion(node), 'system/Subscription.cruds system/Observation.rs')
    bearer = {'Authorization': 'Bearer ' + given.get('access_token', '')}
    eq(status, 200, 'it has a token')
    hook = subscribe(node, subscription('resource-change', receiver.url('lab'), ['Observation?patient=Patient/p1']), **bearer)
    heard = subscribe(node, web('resource-change', 'Observation?patient=Patient/p1'), **bearer)
    ws, _ = bind(node, heard, **bearer)
    eq(status_of(ws.bundle())['type'], 'handshake', 'it listens')
    node.create({**observation('p1', 'told'), 'id': 'l1'})
    until('it is told', lambda: receiver.got('lab', 'event-notification'))
    eq(ws.bundle()['entry'][1]['resource']['valueString'], 'told', 'here, too')
    node.create({**observation('p1', 'sealed'), 'id': 'l1', 'meta': {'security': [
        {'system': 'https://kith.care/fhir/CodeSystem/label', 'code': 'sealed'}]}})
    node.get('Observation/l1', **bearer).is_(404)
    again = node.get('Subscription/%s/$events' % hook, **bearer)
    eq(numbers([{'body': again.json}]), [1], 'its number stays')
    ok(b'Observation/l1' not in again.body, 'and nothing else of what is hidden since', again.body)
    run('client', 'disable', node.dir, state['lab'])
    time.sleep(1.2)  # within a second the node knows
    node.create({**observation('p1', 'not for it'), 'id': 'l2'})
    for id in (hook, heard):
        until('it is off', lambda id=id: node.get('Subscription/' + id).json['status'] == 'off')
        within(node.get('Subscription/' + id).json['error'], 'not registered', 'why')
    eq(numbers(receiver.got('lab', 'event-notification')), [1], 'the hook was told nothing more')
    ws.s.settimeout(1)
    try:
        ok(False, 'nor who listens', ws.frame())
    except socket.timeout:
        pass
    for id in (hook, heard):
        node.delete('Subscription/' + id).is_(204)


def test_nobody_stays_unbound(node):
    """Whoever connects and says nothing takes the place of nobody for long."""
    time.sleep(max(0, idle.opened + 12 - time.monotonic()))
    idle.s.settimeout(3)
    opcode, payload = idle.frame()
    eq((opcode, struct.unpack('>H', payload[:2])[0]), (8, 1008), 'it was closed, and why')


def test_bad_frames(node):
    """Each ends its connection, with why, and nobody else's."""
    url = 'ws://127.0.0.1:%d/subscriptions/websocket' % node.port
    for what, send, why in (('not masked', lambda w: w.send('x', masked=False), 1002), ('reserved bits', lambda w: w.send('x', first=0xc1), 1002),
                            ('unknown opcode', lambda w: w.send('x', first=0x83), 1002), ('a part of nothing', lambda w: w.send('x', first=0x80), 1002),
                            ('binary', lambda w: w.send('x', first=0x82), 1003), ('too large', lambda w: w.send('x' * 5000), 1009)):
        ws = WebSocket(url)
        send(ws)
        opcode, payload = ws.frame()
        eq((opcode, struct.unpack('>H', payload[:2])[0]), (8, why), what)
        try:
            eq(ws.s.recv(1), b'', what + ': the end')
        except ConnectionResetError:
            pass
    plain = node.get('http://x/subscriptions/websocket')
    plain.refused(400, 'invalid', 'Upgrade')


def test_private_networks(node):
    """A node whose administrators have not said so sends nothing to a private address."""
    with kith.scratch() as folder:
        strict = kith.Node(os.path.join(folder, 'strict'), '--limit', 'subscription_failures=1').start()
        try:
            for address in (receiver.url('inside'), receiver.url('inside').replace('127.0.0.1', 'localhost'), 'https://10.1.2.3/x',
                            'http://93.184.216.34/plain', 'https://169.254.169.254/latest', 'https://[::ffff:10.1.2.3]/x', 'https://[::1]:1/x',
                            'https://[fd00::1]/x', 'https://0x7f000001/x', 'https://0/x', 'https://user@127.0.0.1/x',
                            'https://example.org@10.1.2.3/x'):
                made = strict.post('Subscription', subscription('new-result', address))
                made.is_(201)
                until(address + ' is off', lambda: strict.get('Subscription/' + made.json['id']).json['status'] == 'off')
                within(strict.get('Subscription/' + made.json['id']).json['error'], 'private network|begins with https|user or password', 'why')
            eq(receiver.got('inside'), [], 'nothing came')
        finally:
            strict.finish()


if __name__ == '__main__':
    with kith.scratch() as place:
        receiver = Receiver(os.path.join(place, 'receiver'))
        try:
            kith.main(globals(), '--private-subscribers', '--limit', 'subscription_failures=3')
        finally:
            receiver.close()
