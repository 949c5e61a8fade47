"""Runs a real node in a folder of its own and talks to it over sockets. Standard library only.

A test file defines functions test_*(node), which share one node in the order in which they stand,
and ends with  kith.main(globals()).  Afterwards the node is stopped with SIGTERM, its store has to
pass `kith check`, and its log may tell of no fault. The path of the program is the first argument.
"""

import base64
import collections
import contextlib
import hashlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import xml.etree.ElementTree

KITH = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else 'kith'
FHIR_JSON = 'application/fhir+json'
FHIR_XML = 'application/fhir+xml'
XML = '{http://hl7.org/fhir}'
ISSUE_TYPES = set(
    'invalid structure required value invariant security login unknown expired forbidden suppressed '
    'processing not-supported duplicate multiple-matches not-found deleted too-long code-invalid '
    'extension too-costly business-rule conflict transient lock-error no-store exception timeout '
    'incomplete throttled informational'.split())
ID = re.compile(r'[A-Za-z0-9\-.]{1,64}')
INSTANT = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)')

# --- checks ---------------------------------------------------------------------------------------

checks = 0
failures = []
lock = threading.Lock()


def _where():
    for frame in reversed(traceback.extract_stack()):
        if os.path.basename(frame.filename).startswith('test_'):
            return '%s:%d' % (os.path.basename(frame.filename), frame.lineno)
    return '?'


def ok(condition, what, detail=''):
    """Counts a check; a failure is reported and the test goes on."""
    global checks
    with lock:
        checks += 1
        if not condition:
            failures.append(what)
            print('FAIL %s: %s %s' % (_where(), what, str(detail)[:1200]), flush=True)
    return bool(condition)


def eq(actual, expected, what):
    return ok(actual == expected, what, '\n     is     %r\n     should %r' % (actual, expected))


def within(value, pattern, what):
    return ok(re.search(pattern, value or ''), what, '%r does not match %r' % (value, pattern))


# --- replies --------------------------------------------------------------------------------------


class Reply:
    def __init__(self, status, headers, body, asked):
        self.status, self.headers, self.body, self.asked = status, headers, body, asked

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def xml(self):
        return xml.etree.ElementTree.fromstring(self.body)

    @property
    def etag(self):
        return self.headers.get('ETag')

    @property
    def issues(self):
        return self.json.get('issue', [])

    @property
    def resources(self):
        """The resources of a bundle's entries."""
        return [e['resource'] for e in self.json.get('entry', []) if 'resource' in e]

    @property
    def matches(self):
        return [e['resource'] for e in self.json.get('entry', []) if e['search']['mode'] == 'match']

    @property
    def included(self):
        return [e['resource'] for e in self.json.get('entry', []) if e['search']['mode'] == 'include']

    @property
    def ids(self):
        return sorted(r['id'] for r in self.matches)

    def link(self, relation):
        for link in self.json.get('link', []):
            if link['relation'] == relation:
                return link['url']
        return None

    def is_(self, status, what=''):
        return ok(self.status == status, '%s %s: status %s' % (self.asked, what, status),
                  'is %s: %s' % (self.status, self.body[:600]))

    def refused(self, status, code=None, words=None, place=None):
        """An OperationOutcome with this status, issue type, words (a pattern) and expression."""
        good = self.is_(status)
        outcome = outcome_of(self.body, self.asked)
        if not outcome:
            return False
        issue = outcome['issue'][0]
        if code:
            good &= eq(issue['code'], code, '%s: issue type' % self.asked)
        if words:
            said = ' '.join(i['details']['text'] for i in outcome['issue'])
            good &= within(said, words, '%s: words' % self.asked)
        if place:
            places = [x for i in outcome['issue'] for x in i.get('expression', [])]
            good &= ok(place in places, '%s: expression %s' % (self.asked, place), places)
        return good


def check_outcome(outcome, what):
    """severity, code and words of every issue (R4 operationoutcome.html)."""
    good = ok(outcome.get('resourceType') == 'OperationOutcome' and outcome.get('issue'),
              '%s: an OperationOutcome' % what, outcome)
    for issue in outcome.get('issue', []):
        good &= ok(issue.get('severity') in ('fatal', 'error', 'warning', 'information'),
                   '%s: severity' % what, issue)
        good &= ok(issue.get('code') in ISSUE_TYPES, '%s: code' % what, issue)
        good &= ok(issue.get('details', {}).get('text'), '%s: details.text' % what, issue)
    return good


def outcome_of(body, what):
    try:
        outcome = json.loads(body)
    except ValueError as e:
        ok(False, '%s: the body is JSON' % what, '%s: %r' % (e, body[:300]))
        return None
    return outcome if check_outcome(outcome, what) else None


# --- a node ---------------------------------------------------------------------------------------


TOKENS = {}  # port of a running node -> token


def run(*words, status=0, stdin=None, timeout=60):
    """A kith command; its exit status must be `status` (None: any). Where it talks to a node of ours it has its token."""
    ports = [urllib.parse.urlsplit(str(w)).port for w in words if str(w).startswith('http://')]
    token = TOKENS.get(ports[0], '') if ports else ''
    done = subprocess.run([KITH] + [str(w) for w in words], input=stdin, capture_output=True,
                          text=True, timeout=timeout, env=dict(os.environ, KITH_TOKEN=token))
    if status is not None:
        ok(done.returncode == status, 'kith %s: exit status %d' % (' '.join(map(str, words)), status),
           'is %d: %s %s' % (done.returncode, done.stdout[-500:], done.stderr[-500:]))
    return done


def token_of(dir, *options):
    """A bearer token of the administrator at this machine."""
    return run('token', dir, *options).stdout.strip()


def portal_token(host, port, cookie, **asked):
    """An access token as the node's own portal gets it: code flow with PKCE, by the session of this cookie; '' without one."""
    own = 'http://%s:%d' % (host, port)
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b'=').decode()
    app = {'client_id': 'kith-portal', 'redirect_uri': own + '/'}
    asked = {'response_type': 'code', 'scope': 'user/*.cruds', 'state': 's', 'aud': own + '/fhir', 'prompt': 'none',
             'code_challenge': challenge, 'code_challenge_method': 'S256', **app, **asked}
    connection = http.client.HTTPConnection(host, port, timeout=60)
    connection.request('GET', '/oauth/authorize?' + urllib.parse.urlencode(asked), None, {'Cookie': cookie, 'Sec-Fetch-Site': 'same-origin'})
    got = connection.getresponse()
    got.read()
    code = re.search(r'[?&]code=([^&]*)', got.getheader('Location') or '')
    if not code:
        return ''
    connection.request('POST', '/oauth/token', urllib.parse.urlencode(
        {'grant_type': 'authorization_code', 'code': code[1], 'code_verifier': verifier, **app}), {'Content-Type': 'application/x-www-form-urlencoded'})
    token = json.load(connection.getresponse()).get('access_token', '')
    connection.close()
    return token


class Node:
    """A store in `dir` (made when absent) and a node that serves it."""

    def __init__(self, dir, *options):
        self.dir, self.options, self.process = dir, options, None
        self.log_path = dir + '.log'
        self.local = threading.local()
        if not os.path.isdir(dir):
            run('init', dir, '--organisation', 'Y90001', '--name', 'Flow test')
        self.token = token_of(dir)

    def start(self):
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                [KITH, 'serve', self.dir, '--listen', '127.0.0.1:0', '--json', *self.options],
                stdout=subprocess.PIPE, stderr=log)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError('the node did not start: ' + self.log())
        address = json.loads(line)
        self.fhir = address['fhir']
        at = urllib.parse.urlsplit(address['address'])
        self.host, self.port = at.hostname, at.port
        TOKENS[self.port] = self.token
        self.local = threading.local()
        return self

    def log(self):
        with open(self.log_path, encoding='utf-8') as f:
            return f.read()

    def stop(self, how=signal.SIGTERM):
        """Ends the process; a graceful end has exit status 0."""
        if not self.process:
            return
        process, self.process = self.process, None
        process.send_signal(how)
        try:
            status = process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            status = 'none within 20 s'
        process.stdout.close()
        if how != signal.SIGKILL:
            eq(status, 0, 'exit status of kith serve')

    def finish(self):
        """Stops, checks the store, and looks at the log."""
        self.stop()
        found = run('check', self.dir, '--json', status=0)
        ok('{"findings":0}' in found.stdout.replace(' ', ''), 'the store is clean', found.stdout[:2000])
        for line in self.log().splitlines():
            try:
                level = json.loads(line).get('level')
            except ValueError:
                level = 'not JSON'
            ok(level in ('info', 'warning', 'debug'), 'a log line is JSON and no error', line)

    # --- requests ---

    def request(self, method, path, body=None, headers=None, **more):
        """`path` is below the FHIR base, or a whole address. Header names may have _ for -."""
        if path.startswith('http'):
            path = path[path.index('/', 8):]
        elif not path.startswith('/'):
            path = '/fhir/' + path if path else '/fhir'
        path = urllib.parse.quote(path, safe="!#$%&'()*+,/:;<=>?@[\\]^`{|}~\"")
        sent = dict(headers or {})
        sent.update({k.replace('_', '-'): v for k, v in more.items()})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if body is not None and 'Content-Type' not in sent:
            sent['Content-Type'] = FHIR_JSON
        sent.setdefault('Authorization', 'Bearer ' + self.token)
        sent = {k: v for k, v in sent.items() if v is not None}
        asked = '%s %s' % (method, path[:150])
        for attempt in (1, 2):
            connection = getattr(self.local, 'connection', None)
            if connection is None:
                connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
                connection.connect()
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.local.connection = connection
            try:
                connection.request(method, path, body, sent)
                got = connection.getresponse()
                reply = Reply(got.status, got.headers, got.read(), asked)
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.local.connection = None
                if attempt == 2:
                    raise
            except Exception:
                self.local.connection = None
                raise
        self._check(method, reply)
        return reply

    def _check(self, method, reply):
        """What holds for every reply."""
        ok(reply.headers.get('Date'), reply.asked + ': Date')
        if method == 'HEAD' or reply.status in (204, 304):
            eq(reply.body, b'', reply.asked + ': no body')
        is_xml = (reply.headers.get('Content-Type') or '').startswith(FHIR_XML)
        if reply.status >= 400 and method != 'HEAD':
            if is_xml:
                eq(reply.xml.tag, XML + 'OperationOutcome', reply.asked + ': an error in XML')
            else:
                outcome_of(reply.body, reply.asked)
            ok(len(reply.body) < 40000, reply.asked + ': an error is short', len(reply.body))
        own = '/_jobs/' in reply.asked or reply.headers.get('Content-Disposition')  # files have types of their own
        if reply.body and (reply.status >= 400 or not own):
            eq(reply.headers.get('Content-Type'), (FHIR_XML if is_xml else FHIR_JSON) + '; charset=utf-8',
               reply.asked + ': Content-Type')

    def get(self, path, **headers):
        return self.request('GET', path, **headers)

    def post(self, path, body, **headers):
        return self.request('POST', path, body, **headers)

    def put(self, path, body, **headers):
        return self.request('PUT', path, body, **headers)

    def delete(self, path, **headers):
        return self.request('DELETE', path, **headers)

    def create(self, resource):
        """Stores it (PUT where it has an id) and returns it as stored."""
        if 'id' in resource:
            reply = self.put('%s/%s' % (resource['resourceType'], resource['id']), resource)
        else:
            reply = self.post(resource['resourceType'], resource)
        ok(reply.status in (200, 201), '%s: stored' % reply.asked, reply.body[:600])
        return reply.json

    def signed(self, data):
        """Raw requests with the token, as far as they are HTTP."""
        return data.replace(b' HTTP/1.1\r\n', b' HTTP/1.1\r\nAuthorization: Bearer %s\r\n' % self.token.encode())

    def raw(self, data, wait=10):
        """Sends bytes on a socket of their own; returns what came back until the end or a whole reply."""
        got = b''
        data = self.signed(data)
        with socket.create_connection((self.host, self.port), timeout=wait) as s:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                s.sendall(data)
            with contextlib.suppress(socket.timeout, ConnectionResetError):
                while True:
                    piece = s.recv(65536)
                    if not piece:
                        break
                    got += piece
                    head, _, body = got.partition(b'\r\n\r\n')
                    length = re.search(rb'(?i)content-length: (\d+)', head)
                    if body and length and len(body) >= int(length[1]):
                        break
        return got

    def raw_reply(self, data, wait=10):
        got = self.raw(data, wait)
        head, _, body = got.partition(b'\r\n\r\n')
        status = re.match(rb'HTTP/1\.1 (\d+)', head)
        asked = data[:60].decode('latin-1').split('\r')[0]
        return Reply(int(status[1]) if status else 0, head.decode('latin-1'), body, asked)

    def pages(self, path, most=10000):
        """Follows next links; returns the replies."""
        replies = []
        while path and len(replies) < most:
            reply = self.get(path)
            if not reply.is_(200):
                break
            replies.append(reply)
            path = reply.link('next')
        return replies

    def total(self, query):
        """How many resources match."""
        return self.get(query + ('&' if '?' in query else '?') + '_summary=count').json['total']


def in_threads(count, work):
    """Runs work(0) .. work(count - 1) at once; returns their results."""
    results = [None] * count
    gate = threading.Barrier(count)

    def one(i):
        gate.wait()
        try:
            results[i] = work(i)
        except Exception as e:
            results[i] = e
            ok(False, 'thread %d' % i, traceback.format_exc())

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


# --- resources ------------------------------------------------------------------------------------


def patient(family='Chalmers', given='Peter', **more):
    return dict({'resourceType': 'Patient', 'name': [{'family': family, 'given': [given]}]}, **more)


def observation(subject=None, **more):
    r = {'resourceType': 'Observation', 'status': 'final',
         'code': {'coding': [{'system': 'http://loinc.org', 'code': '29463-7', 'display': 'Body weight'}]}}
    if subject:
        r['subject'] = {'reference': subject}
    r.update(more)
    return r


def entry(method, url, resource=None, full_url=None, **request):
    e = {'request': dict({'method': method, 'url': url}, **request)}
    if resource is not None:
        e['resource'] = resource
    if full_url:
        e['fullUrl'] = full_url
    return e


def bundle(type, *entries):
    b = {'resourceType': 'Bundle', 'type': type}
    if entries:
        b['entry'] = list(entries)
    return b


def without_meta(resource):
    """Without what the node adds: meta.versionId and meta.lastUpdated."""
    r = json.loads(json.dumps(resource))
    meta = {k: v for k, v in r.pop('meta', {}).items() if k not in ('versionId', 'lastUpdated')}
    if meta:
        r['meta'] = meta
    return r


# --- the end --------------------------------------------------------------------------------------


@contextlib.contextmanager
def scratch():
    """A folder that goes away."""
    path = tempfile.mkdtemp(prefix='kith-flow-')
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def run_test(name, test, node):
    before = len(failures)
    start = time.monotonic()
    try:
        test(node)
    except Exception:
        ok(False, name + ' broke off', '\n' + traceback.format_exc())
    verdict = 'ok' if len(failures) == before else 'FAILED'
    print('%-8s %-50s %6.2f s' % (verdict, name, time.monotonic() - start), flush=True)


def main(names, *options):
    wanted = sys.argv[2:]
    tests = collections.OrderedDict((k, v) for k, v in names.items() if k.startswith('test_') and callable(v))
    with scratch() as folder:
        node = Node(os.path.join(folder, 'node'), *options).start()
        try:
            for name, test in tests.items():
                if not wanted or name in wanted:
                    run_test(name, test, node)
        finally:
            node.finish()
    print('%d checks, %d failures' % (checks, len(failures)))
    sys.exit(1 if failures else 0)
