"""A small FHIR server of another make, with habits of its own, as a process: python3 foreign_server.py FOLDER

Prints its port. Below each of the names in HABITS is a FHIR base that behaves so. Tokens: /token, for any assertion that is
a JWT of three parts; requests are noted in FOLDER/asked, a line each.
"""

import base64
import http.server
import json
import os
import sys
import time
import urllib.parse

FOLDER = sys.argv[1]
NHS = 'https://fhir.nhs.uk/Id/nhs-number'
NUMBER = '9434765919'
PERSON = {'resourceType': 'Patient', 'id': 'ext-7', 'identifier': [{'system': NHS, 'value': NUMBER}],
          'name': [{'family': 'Okafor', 'given': ['Ada']}], 'gender': 'female', 'birthDate': '1961-04-09'}
TWIN = {**PERSON, 'id': 'ext-8', 'name': [{'family': 'Okafor', 'given': ['Ola']}]}
STRANGER = {**PERSON, 'id': 'ext-9', 'identifier': [{'system': NHS, 'value': '9434765870'}],
            'name': [{'family': 'Quist'}], 'birthDate': '1990-01-01'}
HABITS = ('fine', 'slow', 'wrong', 'endless', 'errors', 'huge', 'nobody', 'twin', 'elsewhere', 'relogin', 'notjson', 'types', 'secret',
          'others', 'much', 'noposts')
relogins = []


def condition(n, patient='Patient/ext-7', text=None):
    return {'resourceType': 'Condition', 'id': 'c%d' % n, 'subject': {'reference': patient},
            'code': {'text': text or 'from elsewhere %d' % n}, 'recordedDate': '2020-01-%02d' % (n % 28 + 1)}


def bundle(resources, next=None):
    b = {'resourceType': 'Bundle', 'type': 'searchset', 'total': len(resources), 'entry': [{'resource': r} for r in resources]}
    if next:
        b['link'] = [{'relation': 'next', 'url': next}]
    return b


def outcome(code):
    return {'resourceType': 'OperationOutcome', 'issue': [{'severity': 'error', 'code': code}]}


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def reply(self, status, body, kind='application/fhir+json'):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def note(self, *words):
        with open(os.path.join(FOLDER, 'asked'), 'a', encoding='utf-8') as f:
            f.write(' '.join(map(str, words)) + '\n')

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers['Content-Length'])).decode())
        if self.path.endswith('/_search'):
            return self.read_record(form)
        parts = form['client_assertion'][0].split('.')
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + '=='))
        good = (len(parts) == 3 and form['grant_type'] == ['client_credentials'] and claims['iss'] == claims['sub'] == 'kith-1'
                and claims['aud'].endswith(self.path) and claims['exp'] - time.time() <= 300)
        self.note('token', self.path, good)
        self.reply(200 if good else 400, {'access_token': 'tok' + self.path.replace('/', '-'), 'token_type': 'bearer', 'expires_in': 300})

    def do_GET(self):
        self.read_record({})

    def read_record(self, form):
        """What is looked for comes as a form, by POST; then `rest` has no _search at its end."""
        url = urllib.parse.urlsplit(self.path)
        _, habit, rest = url.path.split('/', 2)
        query = {**urllib.parse.parse_qs(url.query), **form}
        base = 'http://127.0.0.1:%d/%s' % (self.server.server_port, habit)
        self.note(habit, rest + ('?' + url.query if url.query else ''), self.headers.get('Authorization', 'nobody'))
        if form and habit == 'noposts':
            return self.reply(405, outcome('not-supported'))
        rest = rest.removesuffix('/_search') if form else rest
        if rest == '.well-known/smart-configuration':
            return self.reply(200, {'token_endpoint': base + '/token'})
        if not self.headers.get('Authorization'):
            return self.reply(401, outcome('login'))
        if habit == 'relogin' and len(relogins) < 2:
            relogins.append(1)
            if len(relogins) == 2:
                return self.reply(401, outcome('login'))
        if rest == 'Patient' and 'identifier' in query:
            found = {'nobody': [], 'twin': [TWIN], 'wrong': [STRANGER, PERSON]}.get(habit, [PERSON])
            return self.reply(200, bundle(found))
        return getattr(self, habit, self.fine)(base, rest, query)

    def fine(self, base, rest, query):
        """Pages by an address of its own; an outcome among the entries."""
        if 'getpages' in query:
            return self.reply(200, bundle([condition(3), condition(4)]))
        b = bundle([PERSON, condition(1), condition(2)], base + '/?getpages=abc&offset=3')
        b['entry'].append({'resource': outcome('informational'), 'search': {'mode': 'outcome'}})
        self.reply(200, b)

    relogin = fine

    def slow(self, base, rest, query):
        time.sleep(3)
        self.reply(200, bundle([PERSON]))

    def wrong(self, base, rest, query):
        self.reply(200, bundle([PERSON, condition(1), condition(2, 'Patient/ext-9', 'of a stranger')]))

    def endless(self, base, rest, query):
        n = int(query.get('page', ['0'])[0])
        self.reply(200, bundle([condition(n)], '%s/Condition?page=%d' % (base, n + 1)))

    def errors(self, base, rest, query):
        self.reply(403, outcome('forbidden'))

    def huge(self, base, rest, query):
        self.reply(200, bundle([condition(1, text='x' * (9 << 20))]))

    def elsewhere(self, base, rest, query):
        self.reply(200, bundle([PERSON, condition(1)], 'http://localhost:%d/fine/Condition?getpages=1' % self.server.server_port))

    def notjson(self, base, rest, query):
        self.reply(200, b'<html>sign in</html>', 'text/html')

    def types(self, base, rest, query):
        """Knows no $everything, and not every type."""
        if '$everything' in rest:
            return self.reply(404, outcome('not-supported'))
        if rest == 'Condition' and query.get('patient') == ['ext-7']:
            return self.reply(200, bundle([condition(1)]))
        self.reply(200, bundle([PERSON])) if rest == 'Patient' else self.reply(400, outcome('not-supported'))

    def others(self, base, rest, query):
        """An entry of which the one whom it is about stands nowhere but in a number, so that no other member can tell."""
        one = condition(2)
        one['subject'] = {'identifier': {'system': NHS, 'value': NUMBER}}
        self.reply(200, bundle([PERSON, condition(1), one]))

    def much(self, base, rest, query):
        """As much as may come from one server, so that it does not all fit beside what its node has itself."""
        self.reply(200, bundle([condition(n, text='x' * 928000) for n in range(1, 10)]))

    def log_message(self, *_):
        pass


class Threading(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Threading(('127.0.0.1', 0), Server)
print(server.server_port, flush=True)
server.serve_forever()
