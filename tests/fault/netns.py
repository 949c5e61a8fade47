#!/usr/bin/env python3
"""Five nodes, each in a network of its own: links are cut and restored, nodes are killed and come back, while people ask for
joined records, patients withdraw, and entries are corrected. Afterwards, with all links restored, from the logs of all:

I1  nothing of a holder is shown after the patient's refusal there was acknowledged; elsewhere, 5 minutes after
I2  what one node has told another has come, each row once and in order; each correction that was acknowledged is there
I4  every exchange is in both logs: the reconciler of each node finds no difference

    netns.py KITH [--seconds N | --minutes N]     120 seconds unless said otherwise; KITH_SEED repeats a run's choices

Needs the right to make network namespaces; skipped where there is none.
"""

import argparse
import base64
import collections
import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import kit
from kit import SKIPPED, Failed, require

NHS = 'https://fhir.nhs.uk/Id/nhs-number'
ODS = 'https://fhir.nhs.uk/Id/ods-organization-code'
KIND = 'https://kith.care/fhir/CodeSystem/consent-kind'
MEMBERS = (('Y90001', 'Practice', 'gp'), ('Y90002', 'Hospital', 'hospital'), ('Y90003', 'Council', 'council'),
           ('Y90004', 'Pharmacy', 'pharmacy'), ('Y90005', 'Second Hospital', 'hospital'))
PATIENTS = 12
ENTRIES = 4  # of each patient at each place
PATIENCE = 60
RIGHT_MS = 300  # seconds that an answer may be shown
PORT = 8443
UNVERIFIED = ssl._create_unverified_context()  # the test made the certificate itself


# --- networks --------------------------------------------------------------------------------------------------------


def ip(*words, check=True):
    done = subprocess.run(['ip', *words], capture_output=True, text=True, check=False)
    require(not check or done.returncode == 0, 'ip %s: %s', ' '.join(words), done.stderr.strip())
    return done


class Networks:
    """A bridge, and a namespace for each member; who drives the test is at the bridge, and reaches all of them always."""

    def __init__(self):
        self.tag = 'kt%d' % (os.getpid() % 100000)
        self.net = '10.%d.%d' % (64 + os.getpid() // 250 % 128, os.getpid() % 250)
        self.names = []
        self.cuts = set()

    def __enter__(self):
        ip('link', 'add', self.tag, 'type', 'bridge')
        ip('addr', 'add', self.net + '.254/24', 'dev', self.tag)
        ip('link', 'set', self.tag, 'up')
        for i in range(len(MEMBERS)):
            self.add(i)
        return self

    def add(self, i):
        name, outer = '%s-%d' % (self.tag, i), '%sv%d' % (self.tag, i)
        ip('netns', 'add', name)
        self.names.append(name)
        ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
        ip('link', 'set', outer, 'master', self.tag, 'up')
        ip('-n', name, 'addr', 'add', '%s/24' % self.address(i), 'dev', 'eth0')
        for device in ('lo', 'eth0'):
            ip('-n', name, 'link', 'set', device, 'up')

    def address(self, i):
        return '%s.%d' % (self.net, i + 1)

    def cut(self, a, b):
        """Packets between the two get lost, in silence."""
        if (a, b) not in self.cuts:
            self.cuts.add((a, b))
            for x, y in ((a, b), (b, a)):
                ip('-n', self.names[x], 'route', 'add', 'blackhole', self.address(y) + '/32')

    def restore(self, a, b):
        if (a, b) in self.cuts:
            self.cuts.remove((a, b))
            for x, y in ((a, b), (b, a)):
                ip('-n', self.names[x], 'route', 'del', 'blackhole', self.address(y) + '/32')

    def restore_all(self):
        for a, b in list(self.cuts):
            self.restore(a, b)

    def __exit__(self, *_):
        for name in self.names:
            ip('netns', 'del', name, check=False)
        ip('link', 'del', self.tag, check=False)


def not_allowed():
    """Why networks cannot be made here; None: they can."""
    if not shutil.which('ip'):
        return 'there is no program ip'
    name = 'kt-try-%d' % os.getpid()
    done = ip('netns', 'add', name, check=False)
    if done.returncode:
        return 'no network namespaces: ' + done.stderr.strip()
    ip('netns', 'del', name, check=False)
    return None


# --- nodes -----------------------------------------------------------------------------------------------------------


class Node:
    def __init__(self, kith, folder, networks, i):
        self.kith, self.i, self.networks = kith, i, networks
        self.ods, self.name, self.kind = MEMBERS[i]
        self.dir, self.process, self.lock = os.path.join(folder, self.ods), None, threading.RLock()
        self.host = networks.address(i)
        self.base = 'https://%s:%d' % (self.host, PORT)
        self.where = 'https://%s:%d' % (self.host, PORT + 1)
        self.cert = [os.path.join(folder, n) for n in ('cert.pem', 'key.pem')]
        self.run('init', self.dir, '--organisation', self.ods, '--name', self.name)
        self.token = self.run('token', self.dir)

    def run(self, *words, status=0):
        """A command beside the node, in its network."""
        done = subprocess.run(['ip', 'netns', 'exec', self.networks.names[self.i], self.kith, *words], capture_output=True, text=True,
                              check=False, timeout=120)
        require(status is None or done.returncode == status, 'kith %s: %s%s', ' '.join(words), done.stdout, done.stderr)
        return done.stdout.strip()

    def start(self):
        with self.lock:
            with open(self.dir + '.log', 'ab') as log:
                self.process = subprocess.Popen(
                    ['ip', 'netns', 'exec', self.networks.names[self.i], self.kith, 'serve', self.dir, '--listen',
                     '%s:%d' % (self.host, PORT), '--tls-cert', self.cert[0], '--tls-key', self.cert[1], '--base-url',
                     self.base + '/fhir', '--json'], stdout=subprocess.PIPE, stderr=log)
            require(self.process.stdout.readline(), '%s did not start; see %s.log', self.name, self.dir)

    def end(self, how):
        with self.lock:
            if self.process:
                self.process.send_signal(how)
                status = self.process.wait(60)
                self.process.stdout.close()
                self.process = None
                return status
            return None

    def ask(self, method, path, body=None, **fields):
        """Status and JSON. OSError, HTTPException: what became of it is not known."""
        connection = http.client.HTTPSConnection(self.host, PORT, timeout=20, context=UNVERIFIED)
        fields = {'Authorization': 'Bearer ' + self.token} if not fields else {k.replace('_', '-'): v for k, v in fields.items() if v}
        fields['Content-Type'] = 'application/fhir+json' if path.startswith('/fhir') else 'application/json'
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, fields)
            reply = connection.getresponse()
            data = reply.read()
            return reply.status, json.loads(data or b'{}'), reply.headers.get_all('Set-Cookie') or []
        finally:
            connection.close()

    def put(self, resource):
        status, said, _ = self.ask('PUT', '/fhir/%s/%s' % (resource['resourceType'], resource['id']), resource)
        require(status in (200, 201, 503, 500), '%s: PUT %s: %s %s', self.name, resource['id'], status, said)
        return status in (200, 201)

    def listing(self):
        return json.loads(self.run('locality', 'list', self.dir, '--json'))

    def rows(self, kind):
        db = sqlite3.connect('file:%s/locality.db?mode=ro' % self.dir, uri=True, timeout=20)
        try:
            return {bytes(k): bytes(v) for k, v in db.execute('SELECT key, value FROM kept WHERE kind = ?', (kind,))}
        finally:
            db.close()


class Doctor:
    """Somebody of the practice, signed in."""

    def __init__(self, node):
        self.node, self.cookie, self.csrf, self.token = node, '', '', ''
        made = node.run('user', 'add', node.dir, 'doctor', '--login', 'doctor', '--person', 'Practitioner/doctor', '--role', 'R0260')
        self.ask('GET', '/auth/session')
        step = self.ask('POST', '/auth/invite/' + re.search(r'/invite/([A-Za-z0-9_\-]+)', made)[1],
                        {'login': 'doctor', 'password': 'a long and quiet pass phrase'})[1]
        if step.get('step') == 'enrol':
            secret = self.ask('POST', '/auth/totp/new', {})[1]['secret']
            self.ask('POST', '/auth/totp/confirm', {'code': kit.code_of(secret)})
        require(self.ask('GET', '/auth/session')[1].get('step') == 'done', 'the doctor could not sign in')

    def renew(self):
        """An access token as the portal gets it; it ends with the process of the node."""
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b'=').decode()
        app = {'client_id': 'kith-portal', 'redirect_uri': self.node.base + '/'}
        asked = {'response_type': 'code', 'scope': 'user/*.cruds', 'state': 's', 'aud': self.node.base + '/fhir', 'prompt': 'none',
                 'code_challenge': challenge, 'code_challenge_method': 'S256', **app}
        connection = http.client.HTTPSConnection(self.node.host, PORT, timeout=20, context=UNVERIFIED)
        try:
            connection.request('GET', '/oauth/authorize?' + urllib.parse.urlencode(asked), None, {'Cookie': self.cookie})
            reply = connection.getresponse()
            reply.read()
            code = re.search(r'[?&]code=([^&]*)', reply.getheader('Location') or '')
            if code:
                connection.request('POST', '/oauth/token', urllib.parse.urlencode(
                    {'grant_type': 'authorization_code', 'code': code[1], 'code_verifier': verifier, **app}),
                    {'Content-Type': 'application/x-www-form-urlencoded'})
                self.token = json.load(connection.getresponse()).get('access_token', '')
            return bool(code)
        finally:
            connection.close()

    def ask(self, method, path, body=None):
        status, said = self.ask_once(method, path, body)
        return self.ask_once(method, path, body) if status == 401 and self.renew() else (status, said)

    def ask_once(self, method, path, body):
        status, said, cookies = self.node.ask(method, path, body, Origin=self.node.base, Sec_Fetch_Site='same-origin',
                                              X_Kith_CSRF=self.csrf, Cookie=self.cookie,
                                              Authorization=self.token and 'Bearer ' + self.token)
        for value in cookies:
            self.cookie = value.partition(';')[0]
        self.csrf = said.get('csrf', self.csrf) if path.startswith('/auth') else self.csrf
        return status, said


# --- records ---------------------------------------------------------------------------------------------------------


def number(i):
    digits = [int(d) for d in '999%06d' % (7 + i)]
    check = 11 - sum(d * (10 - k) for k, d in enumerate(digits)) % 11
    return None if check == 10 else ''.join(map(str, digits)) + str(check % 11)


def numbers():
    return [n for n in map(number, range(3 * PATIENTS)) if n][:PATIENTS]


def patient(p, nhs):
    return {'resourceType': 'Patient', 'id': 'p%d' % p, 'birthDate': '1970-01-02', 'gender': 'female', 'name': [{'family': 'Smith', 'given': ['Ana']}],
            'identifier': [{'system': NHS, 'value': nhs}], 'generalPractitioner': [{'reference': 'Organization/y90001'}]}


def entry(p, k, value):
    return {'resourceType': 'Observation', 'id': 'o%d-%d' % (p, k), 'status': 'final', 'subject': {'reference': 'Patient/p%d' % p},
            'code': {'coding': [{'system': 'http://loinc.org', 'code': '8867-4'}]}, 'effectiveDateTime': '2026-01-0%d' % (k + 1),
            'valueQuantity': {'value': value, 'unit': '/min', 'system': 'http://unitsofmeasure.org', 'code': '/min'}}


def refusal(p, status):
    return {'resourceType': 'Consent', 'id': 'no-gp-%d' % p, 'status': status, 'patient': {'reference': 'Patient/p%d' % p},
            'scope': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/consentscope', 'code': 'patient-privacy'}]},
            'category': [{'coding': [{'system': KIND, 'code': 'sharing'}]}],
            'policyRule': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'OPTIN'}]},
            'provision': {'type': 'deny', 'actor': [{
                'role': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'code': 'IRCP'}]},
                'reference': {'reference': 'Organization/y90001'}}]}}


def fill(node):
    for ods, name, _ in MEMBERS:
        node.put({'resourceType': 'Organization', 'id': ods.lower(), 'name': name, 'identifier': [{'system': ODS, 'value': ods}]})
    node.put({'resourceType': 'Practitioner', 'id': 'doctor', 'name': [{'family': 'Doctor'}]})
    for p, nhs in enumerate(numbers()):
        node.put(patient(p, nhs))
        for k in range(ENTRIES):
            node.put(entry(p, k, 60))


# --- the locality ----------------------------------------------------------------------------------------------------


def until(words, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException, sqlite3.OperationalError):
            if condition():
                return
        require(time.monotonic() < end, '%s: not within %d s', words, patience)
        time.sleep(0.2)


def is_open(host, port):
    with socket.socket() as s:
        s.settimeout(2)
        return s.connect_ex((host, port)) == 0


def in_force(members):
    for m in members:
        for words in m.listing().get('proposals', []):
            m.run('locality', 'sign', m.dir, re.search(r'\b[0-9a-f]{8,64}\b', words)[0], status=None)
    return all(m.listing().get('number') == len(members) for m in members)


def form(nodes):
    first = nodes[0]
    first.run('locality', 'create', first.dir, 'Riverside', '--kind', first.kind, '--url', first.where)
    until('the first listener', lambda: is_open(first.host, PORT + 1))
    for i, one in enumerate(nodes[1:]):
        invitation = re.search(r'kith-join:\S+', first.run('locality', 'invite', first.dir, one.ods))[0]
        # The inviter may have the proposal although its answer came late: what counts is what follows.
        one.run('locality', 'join', one.dir, invitation, '--kind', one.kind, '--url', one.where, status=None)
        until('%s as a member' % one.name, lambda: in_force(nodes[:i + 2]))


# --- load ------------------------------------------------------------------------------------------------------------


class Play:
    """What was done, and what is known of it. A refusal: [sent, acknowledged, taken back] or None while that is open."""

    def __init__(self, nodes, doctor, seed):
        self.nodes, self.doctor, self.seed = nodes, doctor, seed
        self.stopping = threading.Event()
        self.trouble, self.last = [], None
        self.counts = collections.Counter()
        self.values = {}     # (node, patient, entry) -> the value acknowledged last, and those that may be
        self.refusals = collections.defaultdict(list)  # (node, patient) -> windows of time
        self.shown = []      # (begun, ended, patient, ODS codes of whom something was shown)

    def view(self, p):
        begun = time.time()
        status, said = self.doctor.ask('GET', '/fhir/Patient/p%d/$joined' % p)
        require(status == 200, '$joined: %s %s', status, said)
        whose = {}
        for e in said['entry'][1:]:
            if e['resource']['resourceType'] == 'Observation':
                host = re.match(r'https://([\d.]+):', e['fullUrl'])[1]
                whose.setdefault(next(n.ods for n in self.nodes if n.host == host), []).append(e['resource'])
        self.shown.append((begun, time.time(), p, frozenset(whose)))
        self.counts['views'] += 1
        return said, whose

    def correct(self, r):
        node, p, k = r.choice(self.nodes), r.randrange(PATIENTS), r.randrange(ENTRIES)
        value = r.randrange(40, 200)
        known = self.values.setdefault((node.ods, p, k), {60})
        known.add(value)
        if node.put(entry(p, k, value)):
            self.values[node.ods, p, k] = {value}
            self.counts['corrections'] += 1

    def refuse(self, r):
        node, p = r.choice(self.nodes[1:]), r.randrange(PATIENTS)
        windows = self.refusals[node.ods, p]
        if windows and windows[-1][2] is None:
            sent = time.time()
            windows[-1][2] = sent  # from now on it may count no more
            node.put(refusal(p, 'inactive'))
            return
        window = [time.time(), None, None]
        windows.append(window)
        if node.put(refusal(p, 'active')):
            window[1] = time.time()
            self.counts['refusals'] += 1

    def work(self, which):
        r = random.Random('%d %s' % (self.seed, which))
        acts = {'ask': lambda: self.view(r.randrange(PATIENTS)), 'correct': lambda: self.correct(r), 'refuse': lambda: self.refuse(r)}
        while not self.stopping.is_set():
            try:
                acts[which]()
            except Failed as why:
                self.trouble.append(str(why))
                return
            except (OSError, http.client.HTTPException):
                self.counts['broken off'] += 1
            time.sleep({'ask': 0.02, 'correct': 0.1, 'refuse': 0.5}[which])

    def disturb(self, networks, seconds):
        r = random.Random('%d disturbance' % self.seed)
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.trouble:
            what = r.choice(('cut', 'cut', 'alone', 'kill'))
            self.counts[what] += 1
            one = r.randrange(len(self.nodes))
            if what == 'kill':
                self.nodes[one].end(signal.SIGKILL)
                time.sleep(r.uniform(0.2, 2))
                self.nodes[one].start()
            else:
                others = [i for i in range(len(self.nodes)) if i != one]
                for other in others if what == 'alone' else [r.choice(others)]:
                    networks.cut(min(one, other), max(one, other))
                time.sleep(r.uniform(0.5, 5))
                networks.restore_all()
            time.sleep(r.uniform(0.2, 2))

    def run(self, networks, seconds):
        threads = [threading.Thread(target=self.work, args=(w,)) for w in ('ask', 'correct', 'refuse')]
        for t in threads:
            t.start()
        try:
            self.disturb(networks, seconds)
        finally:
            self.stopping.set()
            for t in threads:
                t.join()
            networks.restore_all()
        require(not self.trouble, '%s', '; '.join(self.trouble))


# --- what has to hold ------------------------------------------------------------------------------------------------


def nothing_after_a_refusal(play):
    """I1, of what was shown. A view that began after the acknowledgement, and ended before the refusal was taken back."""
    for (ods, p), windows in play.refusals.items():
        for _, acknowledged, ended in windows:
            for begun, over, whom, holders in play.shown if acknowledged else ():
                during = whom == p and begun > acknowledged and (ended is None or over < ended)
                require(not during or ods not in holders, 'I1: %s was shown of patient %d %.1f s after the refusal there', ods, p,
                        begun - acknowledged)
                late = during and begun > acknowledged + RIGHT_MS
                require(not late or not holders - {'Y90001'}, 'I1: %s was shown of patient %d 5 minutes after a refusal at %s', holders, p, ods)


def told(a, b):
    """Person -> number and hash of the last row: what a has sent to b, and what b has taken of it."""
    def of(node, kind, other):
        return {k[-32:]: v[:40] for k, v in node.rows(kind).items() if k.startswith(other.ods.encode())}
    return of(a, 'sent', b), of(b, 'in', a)


def all_has_come(nodes):
    """I2: nothing waits, and each stream has ended at the same row on both sides."""
    def settled():
        return not any(n.rows('out') for n in nodes)
    until('I2: all rows have come', settled, 120)
    rows = 0
    for a in nodes:
        for b in nodes:
            if a is not b:
                sent, taken = told(a, b)
                require(sent == taken, 'I2: what %s sent to %s is not what came: %d and %d people', a.ods, b.ods, len(sent), len(taken))
                rows += sum(int.from_bytes(v[:8], 'big') for v in sent.values())
    return rows


def corrections_are_there(play):
    """I2, of the record: the value that was acknowledged last, once."""
    for (ods, p, k), values in play.values.items():
        node = next(n for n in play.nodes if n.ods == ods)
        status, said, _ = node.ask('GET', '/fhir/Observation/o%d-%d' % (p, k))
        require(status == 200 and said['valueQuantity']['value'] in values, 'I2: entry %d of patient %d at %s is %s, not %s', k, p, ods,
                said.get('valueQuantity'), values)


def one_record(play):
    """All refusals taken back: every place answers again, and each entry is there once."""
    for node in play.nodes[1:]:
        for p in range(PATIENTS):
            if play.refusals.get((node.ods, p)):
                node.put(refusal(p, 'inactive'))
    for p in range(PATIENTS):
        def whole(p=p):
            play.last, whose = play.view(p)
            return len(whose) == len(MEMBERS)
        try:
            until('a whole record of patient %d' % p, whole)
        except Failed as why:
            raise Failed('%s; the last answer: %s' % (why, [i['details']['text'] for i in play.last['entry'][0]['resource']['issue']])) from why
        _, whose = play.view(p)
        for ods, entries in whose.items():
            ids = sorted(e['id'] for e in entries)
            require(ids == ['o%d-%d' % (p, k) for k in range(ENTRIES)], 'I2: patient %d at %s: %s', p, ods, ids)


def both_logs(nodes, since):
    """I4. Alarms of the time when the locality was formed are not about what was played."""
    for node in nodes:
        said = node.run('locality', 'reconcile', node.dir, '--json', status=None)
        found = [line for line in said.splitlines() if '"words"' in line]
        require(not found, 'I4: %s: %d exchanges are in one log only: %s', node.ods, len(found), found[:3])
    for node in nodes:
        alarms = [a for a in node.listing().get('alarms', []) if re.search('feed|hidden|exchange|fork', json.dumps(a)) and a['last'] > since]
        require(not alarms, 'alarms at %s: %s', node.ods, alarms[:3])


def certificate(folder):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', folder + '/key.pem',
                    '-out', folder + '/cert.pem', '-subj', '/CN=kith', '-days', '2'], check=True, capture_output=True)


def play_all(kith, folder, seconds, seed):
    certificate(folder)
    with Networks() as networks:
        nodes = [Node(kith, folder, networks, i) for i in range(len(MEMBERS))]
        try:
            for node in nodes:
                node.start()
                fill(node)
                node.end(signal.SIGTERM)  # at its start a node looks up which Organization it is
                node.start()
            form(nodes)
            play = Play(nodes, Doctor(nodes[0]), seed)
            one_record(play)
            since = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())
            play.run(networks, seconds)
            print('played: %s' % dict(play.counts), flush=True)
            nothing_after_a_refusal(play)
            corrections_are_there(play)
            one_record(play)
            rows = all_has_come(nodes)
            both_logs(nodes, since)
            print('I1, I2 and I4 hold: %d views, %d rows between nodes' % (play.counts['views'], rows), flush=True)
            for node in nodes:
                require(node.end(signal.SIGTERM) == 0, '%s did not end well', node.ods)
                node.run('check', node.dir)
                node.run('audit', 'verify', node.dir + '/audit')
        finally:
            for node in nodes:
                node.end(signal.SIGKILL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('kith')
    parser.add_argument('load', nargs='?', help='of the other fault tests; not used')
    parser.add_argument('--seconds', type=float, default=float(os.environ.get('KITH_SECONDS', 120)))
    parser.add_argument('--minutes', type=float)
    args = parser.parse_args()
    why = not_allowed()
    if why:
        print('skipped: ' + why)
        return SKIPPED
    seed = kit.settings()
    folder = tempfile.mkdtemp(prefix='kith-fault-')
    try:
        play_all(os.path.abspath(args.kith), folder, args.minutes * 60 if args.minutes else args.seconds, seed)
    except Failed as failure:
        print('FAILED: %s\n(the folder is kept: %s)' % (failure, folder), flush=True)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
