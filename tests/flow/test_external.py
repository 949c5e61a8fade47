"""Sign-in by an OpenID provider outside, through a whole node: the shapes of NHS login and of CIS2 (docs/identity.md)."""

import http.client
import json
import os
import subprocess
import sys
import urllib.parse

import kith
from kith import eq, ok, patient, run, within

HERE = os.path.dirname(os.path.abspath(__file__))
NHS = 'https://fhir.nhs.uk/Id/nhs-number'


class Provider:
    def __init__(self):
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, 'oidc_provider.py')], stdout=subprocess.PIPE, text=True)
        self.issuer = self.process.stdout.readline().split()[-1]
        self.at = urllib.parse.urlsplit(self.issuer)

    def post(self, path, body):
        c = http.client.HTTPConnection(self.at.hostname, self.at.port, timeout=20)
        c.request('POST', path, json.dumps(body), {'Content-Type': 'application/json'})
        reply = c.getresponse()
        body = reply.read()
        c.close()
        ok(reply.status in (200, 204), 'the provider takes ' + path, body)

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Browser:
    """Keeps cookies by host; follows redirects only when told to."""

    def __init__(self):
        self.jar = {}

    def go(self, url, method='GET', body=None, **fields):
        at = urllib.parse.urlsplit(url)
        c = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
        jar = self.jar.setdefault(at.netloc, {})
        headers = dict({'Host': at.netloc, 'Sec-Fetch-Site': 'same-origin'}, **fields)
        if jar:
            headers['Cookie'] = '; '.join('%s=%s' % pair for pair in jar.items())
        c.request(method, at.path + ('?' + at.query if at.query else ''), body, headers)
        reply = c.getresponse()
        text = reply.read()
        for name, value in reply.getheaders():
            if name.lower() == 'set-cookie':
                key, _, rest = value.partition('=')
                held = rest.split(';')[0]
                if held and 'max-age=0' not in value.lower():
                    jar[key] = held
                else:
                    jar.pop(key, None)
        where = reply.getheader('Location')
        c.close()
        return reply.status, where and urllib.parse.urljoin(url, where), text


def sign_in(node, name):
    """The three hops of the code flow; returns the browser and where it ended."""
    browser = Browser()
    home = 'http://localhost:%d' % node.port
    status, there, body = browser.go('%s/auth/external/%s' % (home, name))
    eq(status, 302, 'on to the provider', ) or print(body[:500])
    status, back, body = browser.go(there)
    eq(status, 302, 'and back again') or print(body[:500])
    status, end, body = browser.go(back)
    eq(status, 302, 'to the page') or print(body[:500])
    return browser, home, end


def session(browser, home):
    return json.loads(browser.go(home + '/auth/session')[2])


def add(provider, dir, name, *options):
    """Registers with the provider, as an administrator does: the public key is handed over."""
    done = run('provider', 'add', dir, name, '--issuer', provider.issuer, '--client-id', name, '--private-network', '--json', *options)
    return json.loads(done.stdout)


def test_a_patient_and_a_nurse(node):
    provider = Provider()
    try:
        with kith.scratch() as folder:
            dir = folder + '/outside'
            run('init', dir, '--organisation', 'Y90001', '--name', 'Outside')
            made = add(provider, dir, 'nhs-login', '--words', 'NHS login', '--vtr', 'P9.Cp.Cd P9.Ck P9.Cm', '--least-proofing', 'P9',
                       '--link', 'nhs_number')
            other = kith.Node(dir).start()
            try:
                callback = 'http://localhost:%d/auth/external/nhs-login/callback' % other.port
                provider.post('/test/client', {'client_id': 'nhs-login', 'jwk': made.get('jwk', made), 'redirect_uris': [callback]})
                person = other.create(patient('Example', 'Ann', birthDate='1971-03-04',
                                              identifier=[{'system': NHS, 'value': '9434765919'}]))
                stranger = other.create(patient('Other', 'Olga'))
                provider.post('/test/user', {'user': 'ann'})
                browser, home, end = sign_in(other, 'nhs-login')
                ok('error' not in end, 'Ann is in', end)
                who = session(browser, home)
                eq(who['signed_in'], True, 'a session')
                eq(who['account']['patient'], person['id'], 'is of the record with her NHS number')
                eq(who['account']['kind'], 'patient', 'as a patient')
                ok('9434765919' not in json.dumps(who), 'the NHS number that was traced is not shown')
                cookie = '; '.join('%s=%s' % pair for pair in browser.jar['localhost:%d' % other.port].items())
                bearer = 'Bearer ' + kith.portal_token('localhost', other.port, cookie)
                eq(browser.go('%s/fhir/Patient/%s' % (home, person['id']), Authorization=bearer)[0], 200, 'she reads her own record')
                eq(browser.go('%s/fhir/Patient/%s' % (home, stranger['id']), Authorization=bearer)[0], 404, 'and nobody else\'s')
                for user, words in (('weak', 'P5 is not enough'), ('number', 'a number that is none')):
                    provider.post('/test/user', {'user': user})
                    browser, home, end = sign_in(other, 'nhs-login')
                    within(end, 'error=', words)
                    eq(session(browser, home)['signed_in'], False, words + ': no session')
                provider.post('/test/user', {'user': 'ann'})
                provider.post('/test/fault', {'fault': 'wrong_nonce'})
                browser, home, end = sign_in(other, 'nhs-login')
                within(end, 'error=', 'a wrong nonce')
                provider.post('/test/fault', {'fault': ''})
                # Another browser cannot finish what this one began.
                first, second = Browser(), Browser()
                there = first.go(home + '/auth/external/nhs-login')[1]
                back = first.go(there)[1]
                ok('error=' in (second.go(back)[1] or 'error='), 'a callback in another browser')
                eq(session(second, home)['signed_in'], False, 'gives no session')
                ok('error=' not in first.go(back)[1], 'the right browser may')
                ok('error=' in (first.go(back)[1] or 'error='), 'and only once')
            finally:
                other.finish()
    finally:
        provider.end()


kith.main(globals())
