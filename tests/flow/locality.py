"""A locality of real nodes for flow tests: N organisations, each with a node, joined by the commands alone.

    with locality.of(folder, locality.GP, locality.HOSPITAL) as (gp, hospital):
        ...

Standard library only. Each member is a kith.Node (its own token, get, put, create ...), with its listener for members beside it.
"""

import contextlib
import http.client
import json
import os
import random
import re
import socket
import ssl
import time

import kith
from kith import ok, run

PATIENCE = int(os.environ.get('KITH_PATIENCE', '60'))  # seconds; on a busy machine all of it takes longer

# ODS code, name, kind. In order of their codes, as the directory has them.
GP = ('Y90001', 'Mill Lane Surgery', 'gp')
HOSPITAL = ('Y90002', 'Riverside Hospital', 'hospital')
COUNCIL = ('Y90003', 'Riverside Council', 'council')
PHARMACY = ('Y90004', 'High Street Pharmacy', 'pharmacy')
PLATFORM = ('Y90005', 'My Own Record', 'platform')


def free_port():
    """Below those that the system gives to outgoing connections, so that none of them takes it meanwhile."""
    while True:
        with socket.socket() as s:
            with contextlib.suppress(OSError):
                s.bind(('127.0.0.1', random.randrange(20000, 32000)))
                return s.getsockname()[1]


def until(what, condition, patience=PATIENCE):
    """Waits until it holds; a check. Returns what the condition gave."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value or time.monotonic() > end:
            ok(value, what if value else what + ' within %d s' % patience)
            return value
        time.sleep(0.05)


class Member(kith.Node):
    """A node with a listener for members; in no locality yet."""

    def __init__(self, folder, ods, name, kind, *options):
        self.ods, self.name, self.kind, self.port_for_members = ods, name, kind, free_port()
        dir = os.path.join(folder, ods)
        run('init', dir, '--organisation', ods, '--name', name)
        super().__init__(dir, '--locality-port', str(self.port_for_members), *options)
        self.url = 'https://127.0.0.1:%d' % self.port_for_members
        self.pem = os.path.join(dir, 'locality', 'tls.pem')

    def do(self, action, *words, status=0):
        """kith locality ACTION DIR WORDS"""
        return run('locality', action, self.dir, *words, status=status)

    def list(self):
        return json.loads(self.do('list', '--json').stdout)

    def sign_all(self):
        """Signs what waits here; returns how many."""
        count = 0
        for words in self.list().get('proposals', []):
            digits = re.search(r'\b[0-9a-f]{8,64}\b', words)
            if ok(digits, 'a proposal names its digits', words):
                count += self.do('sign', digits[0], status=None).returncode == 0
        return count

    def alarms(self):
        return self.list().get('alarms', [])

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', self.port_for_members)) == 0

    def plain(self, path):
        """A page that is no FHIR (/health, /metrics): its text."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.request('GET', path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def ask(to, pem, method, path, body=None, version=ssl.TLSVersion.TLSv1_3):
    """A request to a member's listener with a certificate (None: without); status and answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = version
    if pem:
        context.load_cert_chain(pem)
    connection = http.client.HTTPSConnection('127.0.0.1', to.port_for_members, context=context, timeout=20)
    try:
        connection.request(method, path, body, {'Content-Type': 'application/json'})
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def settled(members, number, odses):
    """Everybody signs what waits until all of them have this number, with these members."""
    def there():
        lists = [m.list() for m in members]
        if all(l.get('number') == number and [x['ods'] for x in l['members']] == odses for l in lists):
            return True
        for m, l in zip(members, lists):
            if l.get('proposals'):
                m.sign_all()
        return False
    return until('number %d with %s everywhere' % (number, ' '.join(odses)), there)


def take_in(inviter, one, members, number=None):
    """An invitation, its answer, and the signatures of the members, as the directory's number."""
    invitation = re.search(r'kith-join:\S+', inviter.do('invite', one.ods).stdout)[0]
    done = one.do('join', invitation, '--kind', one.kind, '--url', one.url)
    settled([*members, one], number or len(members) + 1, sorted(m.ods for m in (*members, one)))
    until('the new member listens', one.listens)
    return invitation, done


def form(members, name='Riverside'):
    """A locality of nodes that serve."""
    first, *others = members
    first.do('create', name, '--kind', first.kind, '--url', first.url)
    until('the first node listens to members', first.listens)
    for i, one in enumerate(others):
        take_in(first, one, members[:i + 1])


@contextlib.contextmanager
def of(folder, *who, options=()):
    """Nodes of these organisations, joined; at the end each is stopped and checked."""
    members = [Member(folder, *w, *options) for w in who]
    try:
        for m in members:
            m.start()
        form(members)
        yield members
    finally:
        for m in members:
            m.finish()
