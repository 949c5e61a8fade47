#!/usr/bin/env python3
"""The pages without a script (docs/plain.md): read with forms, links and cookies alone, as an old browser does."""
import base64
import html
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

import kith
from kith import eq, ok, within
from test_access import MENTAL, Person, code_of, observation, of

P, Q = '9990000018', '9990000026'
SECRET = 'Zebrafinch'  # stands in what must not be seen
people, secrets = {}, {}


class Browser:
    """Cookies, links, forms; no script, and nothing said of where a request comes from."""

    def __init__(self, node, **fields):
        self.at = 'http://%s:%d' % (node.host, node.port)
        self.cookies, self.fields = {}, fields

    def go(self, path, form=None, **fields):
        sent = {**self.fields, **{k.replace('_', '-'): v for k, v in fields.items()}}
        for _ in range(5):
            request = urllib.request.Request(self.at + path, headers=sent, data=urllib.parse.urlencode(form).encode() if form is not None else None)
            if self.cookies:
                request.add_header('Cookie', '; '.join('%s=%s' % c for c in self.cookies.items()))
            try:
                reply = NO_REDIRECT.open(request, timeout=60)
            except urllib.error.HTTPError as fault:
                reply = fault
            for value in reply.headers.get_all('Set-Cookie') or []:
                name, _, rest = value.partition('=')
                self.cookies[name] = rest.partition(';')[0]
                self.set = value
            if reply.status != 303:
                break
            path, form = reply.headers['Location'], None
        self.path, self.status, self.headers, self.bytes = path, reply.status, reply.headers, reply.read()
        self.body = self.bytes.decode('utf-8', 'replace')
        if (self.headers['Content-Type'] or '').startswith('text/html'):
            check_page(self)
        return self

    @property
    def words(self):
        return html.unescape(re.sub(r'\s+', ' ', re.sub(r'<[^>]+>', ' ', self.body)))

    @property
    def heading(self):
        return html.unescape(re.sub(r'<[^>]+>', '', re.search(r'<h1>(.*?)</h1>', self.body)[1]))

    @property
    def token(self):
        return re.search(r'name="token" value="([^"]+)"', self.body)[1]

    def send(self, path, **form):
        """The form of the page on view."""
        return self.go(path, {'token': self.token, **form})

    def is_(self, status, heading):
        ok((self.status, self.heading) == (status, heading), '%s: %s' % (self.path, heading), (self.status, self.heading, self.words[:300]))
        return self


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


NO_REDIRECT = urllib.request.build_opener(NoRedirect)


def check_page(b):
    """What holds for every page."""
    body, what = b.body, b.path
    eq(len(re.findall('<h1>', body)), 1, what + ': one h1')
    ok(re.search(r'<html lang="(en-GB|cy)">', body), what + ': a language')
    ok('<main id="main">' in body and '<header>' in body and '<footer>' in body, what + ': landmarks')
    ok(not re.search(r'<script|<style|<iframe|<img|<svg| on\w+="| style="|javascript:', body), what + ': nothing that acts', body[:3000])
    eq(len(re.findall(r'<table', body)), len(re.findall(r'<caption', body)), what + ': each table has a caption')
    ok(not re.search(r'<th(?! scope=|ead)', body), what + ': each head of a table says of what')
    for address in re.findall(r'(?:href|src|action)="([^"]*)"(?! rel="nofollow noopener noreferrer")', body):
        ok(address[0] in '/#' and not address.startswith('//'), what + ': leads to this node', address)
    within(b.headers['Content-Security-Policy'], "^default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; ", what + ': a policy')
    eq((b.headers['Cache-Control'], b.headers['X-Content-Type-Options'], b.headers['Referrer-Policy']), ('no-store', 'nosniff', 'same-origin'),
       what + ': fields')
    titles = re.findall(r'<title>(.*?)</title>', body)
    ok(len(titles) == 1 and titles[0].endswith(' – Kith'), what + ': a title', titles)
    ids = re.findall(r' id="([^"]+)"', body)
    eq(len(ids), len(set(ids)), what + ': ids stand once')


def attached(id, patient, *attachments, **more):
    return {'resourceType': 'DocumentReference', 'id': id, 'status': 'current', 'subject': {'reference': 'Patient/' + patient}, 'date': '2026-01-05T10:00:00Z',
            'type': {'text': 'Clinic letter'}, 'content': [{'attachment': a} for a in attachments], **more}


def named(id, patient, words, **more):
    """An Observation of something that is called so."""
    return {**observation(id, patient, '8480-6', **more), 'code': {'text': words}}


def data(words):
    return base64.b64encode(words if isinstance(words, bytes) else words.encode()).decode()


def account(node, login, *options):
    """Somebody who signs in by a password and a code."""
    person = Person(node, login, *options)
    secret = person.json('POST', '/auth/totp/new', {})['secret']
    made = person.json('POST', '/auth/totp/confirm', {'code': code_of(secret)})
    secrets[login] = secret, made['recovery']
    return person


def sign_in(node, login, **fields):
    b = Browser(node, **fields).go('/plain/')
    b.send('/plain/sign-in', login=login, password='a long and quiet pass phrase ' + login).is_(200, 'Enter your code')
    b.send('/plain/code', code=code_of(secrets[login][0], time.time() + 30))
    return b


# --- the tests ------------------------------------------------------------------------------------


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery'})
    for id, name in (('gp', 'Shah'), ('stranger', 'Stone'), ('officer', 'Privacy')):
        node.create({'resourceType': 'Practitioner', 'id': id, 'name': [{'given': ['Amina'], 'family': name}]})
    for id, number, family in (('p', P, 'O’Flow <b>'), ('q', Q, SECRET)):
        node.create({'resourceType': 'Patient', 'id': id, 'birthDate': '1980-02-03', 'name': [{'given': ['Ann'], 'family': family}],
                     'identifier': [{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': number}],
                     **({'generalPractitioner': [{'reference': 'Organization/surgery'}, {'reference': 'Practitioner/gp'}]} if id == 'p' else {})})
    node.create({'resourceType': 'AllergyIntolerance', 'id': 'nuts', 'patient': {'reference': 'Patient/p'}, 'code': {'text': 'Peanuts & <i>nuts</i>'},
                 'clinicalStatus': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', 'code': 'active'}]}})
    node.create(observation('plain', 'p', '8480-6', effectiveDateTime='2026-03-03T09:30:00Z', valueQuantity={'value': 5.10, 'unit': 'mmol/L'},
                            referenceRange=[{'low': {'value': 2.5, 'unit': 'mmol/L'}, 'high': {'value': 7.8, 'unit': 'mmol/L'}}],
                            text={'status': 'additional', 'div': '<div xmlns="http://www.w3.org/1999/xhtml"><h1>From the laboratory</h1><p>Please <b>fast</b> '
                                  '<img src="https://spy.example/x.png" alt="(a drawing)"/><a href="https://nhs.uk/">more</a></p></div>'}))
    node.create(named('mind', 'p', SECRET, meta={'security': [MENTAL]}))
    node.create(named('held', 'p', SECRET))
    node.create(named('foreign', 'q', SECRET))
    node.create({'resourceType': 'DiagnosticReport', 'id': 'report', 'status': 'final', 'code': {'text': 'Lipids'}, 'subject': {'reference': 'Patient/p'},
                 'effectiveDateTime': '2026-02-01', 'conclusion': 'All <well>', 'result': [{'reference': 'Observation/' + i} for i in ('plain', 'mind', 'held')]})
    node.create({'resourceType': 'Binary', 'id': 'scan', 'contentType': 'application/pdf', 'data': data(b'%PDF-1.4 <script>'),
                 'securityContext': {'reference': 'Patient/p'}})
    node.create(attached('letter', 'p', {'contentType': 'text/plain', 'data': data('Dear <b>Ann</b>,\n\nyours & mine'), 'title': 'A letter'},
                         {'contentType': 'text/html', 'data': data('<script>alert(1)</script>')}, {'url': 'https://elsewhere.example/x.pdf'},
                         {'contentType': 'text/plain', 'data': data(b'\xff\xfe\x00')}, {'contentType': 'application/pdf', 'url': 'Binary/scan'}))
    people['patient'] = account(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p', '--nhs-number', P)
    people['gp'] = account(node, 'doctor-gp', '--person', 'Practitioner/gp', '--role', 'R8000')
    people['stranger'] = account(node, 'doctor-stranger', '--person', 'Practitioner/stranger', '--role', 'R8000')
    people['officer'] = account(node, 'privacy-officer', '--person', 'Practitioner/officer', '--role', 'R0001')
    people['patient'].post('Observation/mind/$seal', level='sealed').is_(200)
    soon = time.strftime('%Y-%m-%dT00:00:00Z', time.gmtime(time.time() + 5 * 86400))
    people['gp'].post('Observation/held/$release', hold=soon, reason='to talk about it first').is_(200)


def test_signing_in(node):
    b = Browser(node).go('/plain/').is_(200, 'Sign in')
    ok('HttpOnly' in b.set and 'SameSite=Lax' in b.set, 'the cookie of the form', b.set)
    ok('Passkeys need JavaScript' in b.words, 'says what does not work here')
    eq(Browser(node).go('/plain').path, '/plain/', 'without the slash')
    page = Browser(node).go('/plain/results')
    page.is_(200, 'Sign in')
    eq((page.path, 'you were away too long' in page.words), ('/plain/?then=/plain/results', True), 'comes back afterwards')
    b.send('/plain/sign-in', login='', password='').is_(400, 'Sign in')
    within(b.body, r'(?s)<title>Error: .*<div class="problem" role="alert">.*<a href="#login">Enter your sign-in name</a>', 'what is missing, with a link')
    ok('aria-describedby="login-hint login-wrong"' in b.body and 'aria-invalid="true"' in b.body, 'and at the field')
    b.send('/plain/sign-in', login='patient-p', password='').is_(400, 'Sign in')
    within(b.words, 'Enter your password', 'the password')
    for login in ('patient-p', 'nobody-of-this-name'):
        b.send('/plain/sign-in', login=login, password='wrong words are here').is_(403, 'Sign in')
        within(b.words, 'The sign-in name or the password is not right', 'alike, whoever it is')
        ok('value="%s"' % login in b.body and 'wrong words' not in b.body, 'the name stays, the password does not')
    b.send('/plain/sign-in', login='patient-p', password='a long and quiet pass phrase patient-p', then='/plain/letters').is_(200, 'Enter your code')
    eq(b.path, '/plain/code?then=/plain/letters', 'the second step')
    eq(b.go('/plain/record').path, '/plain/code', 'no record before it')
    eq(b.go('/plain/code?then=/plain/letters').send('/plain/code', code='').status, 400, 'no code')
    b.send('/plain/code', code='000000').is_(403, 'Enter your code')
    within(b.words, 'This code is not right', 'a wrong code')
    eq(b.send('/plain/code', code=code_of(secrets['patient-p'][0], time.time() + 30), then='/plain/letters').path, '/plain/letters', 'where it was to go')
    people['p'] = b
    b = Browser(node).go('/plain/')
    b.send('/plain/sign-in', login='doctor-gp', password='a long and quiet pass phrase doctor-gp')
    b.go('/plain/recovery').is_(200, 'Use a recovery code').send('/plain/recovery', code='abcd-efgh-jkmn').is_(403, 'Use a recovery code')
    b.send('/plain/recovery', code=secrets['doctor-gp'][1][0].upper()).is_(200, 'Start')
    people['g'] = b
    b = Browser(node).go('/plain/')
    b.send('/plain/sign-in', login='doctor-gp', password='a long and quiet pass phrase doctor-gp')
    b.go('/plain/recovery').send('/plain/recovery', code=secrets['doctor-gp'][1][0]).is_(403, 'Use a recovery code')
    eq(b.send('/plain/sign-out').heading, 'Sign in', 'half-way out')


def test_nobody_else_sends_a_form(node):
    b, own = people['p'], 'http://%s:%d' % (node.host, node.port)
    b.go('/plain/record')
    form = {'token': b.token}
    for fields in ({'Origin': 'https://evil.example'}, {'Origin': 'null'}, {'Sec_Fetch_Site': 'cross-site'}, {'Origin': own, 'Sec_Fetch_Site': 'same-site'}):
        b.go('/plain/sign-out', form, **fields).is_(403, 'This page is too old')
    for token in ({}, {'token': ''}, {'token': 'x' * 43}):
        b.go('/plain/sign-out', token).is_(403, 'This page is too old')
    eq(b.go('/plain/sign-out', form, Content_Type='text/plain').status, 400, 'what is no form')
    b.go('/plain/record').is_(200, 'Summary')
    fresh = Browser(node)
    fresh.go('/plain/sign-in', {'login': 'x', 'password': 'y'}).is_(403, 'This page is too old')
    other = Browser(node).go('/plain/')
    fresh.go('/plain/sign-in', {'login': 'x', 'password': 'y', 'token': other.token}).is_(403, 'This page is too old')
    b = Browser(node, Origin=own).go('/plain/')
    b.send('/plain/sign-in', login='x', password='y').is_(403, 'Sign in')
    for path in ('record', 'results', 'looked', 'result/plain', 'letter/letter/0'):
        page = people['p'].go('/plain/' + path, Sec_Fetch_Site='cross-site').is_(200, 'Do you want to open this page?')
        ok('Peanuts' not in page.body and 'href="/plain/%s"' % path in page.body, 'nobody is made to look by another site', path)
    people['p'].go('/plain/record', Sec_Fetch_Site='none').is_(200, 'Summary')
    for then in ('https://evil.example/', '//evil.example', '/plain//evil.example', '/plain/\\evil', '/fhir/Patient', 'javascript:x'):
        page = Browser(node).go('/plain/?then=' + urllib.parse.quote(then))
        ok('evil' not in re.sub(r'\?lang=\w+', '', page.body) and 'name="then"' not in page.body, 'goes nowhere else', then)


def test_the_record(node):
    b = people['p'].go('/plain/record').is_(200, 'Summary')
    within(b.words, 'You are reading the record of Ann O’Flow <b> Born 3 February 1980 NHS number 999 000 0018', 'whose it is')
    ok(b.words.index('Peanuts & <i>nuts</i>') < b.words.index('Medicines No information'), 'allergies first')
    within(b.words, r'Something is held back until \d+ \w+ \d{4}\. You will see it then', 'that something is held back')
    ok('&lt;b&gt;' in b.body and '<i>' not in b.body, 'text stays text')
    within(b.headers['Refresh'], '^1805; url=/plain/over$', 'what is left open goes')
    b.go('/plain/over').is_(200, 'Are you still there?')
    ok('Flow' not in re.sub('<header>.*</header>', '', b.body, flags=re.S), 'with nothing of the record')
    b = people['p'].go('/plain/results').is_(200, 'Results')
    within(b.words, r'3 March 2026, 09:30 8480-6 5\.1 mmol/L 2\.5 to 7\.8 mmol/L', 'a value')
    within(b.words, r'1 February 2026 Lipids All <well>', 'a report')
    b.go('/plain/result/plain').is_(200, '8480-6')
    within(b.body, r'<h3>From the laboratory</h3>\s*<p>Please <b>fast</b> \(a drawing\)<a href="https://nhs.uk/" rel="nofollow noopener noreferrer">more</a></p>',
           'the narrative, as far as it may stand here')
    b.go('/plain/report/report').is_(200, 'Lipids')
    ok('5.1 mmol/L' in b.words and SECRET in b.words, 'the patient sees what they sealed')


def test_letters(node):
    b = people['p'].go('/plain/letters').is_(200, 'Letters and documents')
    within(b.words, '5 January 2026, 10:00 A letter Clinic letter', 'the list')
    b.go('/plain/letter/letter').is_(200, 'A letter')
    ok('Dear &lt;b&gt;Ann&lt;/b&gt;,\n\nyours &amp; mine' in b.body, 'its text', b.body)
    within(b.words, r'Open the original \(text/plain, 1 kB\) .* cannot be shown as text here.* kept elsewhere .* has signs that cannot be shown', 'and the others')
    b.go('/plain/letter/letter/0')
    eq((b.status, b.headers['Content-Type'], b.bytes), (200, 'text/plain', 'Dear <b>Ann</b>,\n\nyours & mine'.encode()), 'the original')
    b.go('/plain/letter/letter/1')
    eq((b.headers['Content-Type'], b.headers['Content-Disposition'], b.headers['Content-Security-Policy']),
       ('application/octet-stream', 'attachment; filename="letter"', "default-src 'none'; sandbox"), 'what a browser would run is kept, not shown')
    b.go('/plain/letter/letter/4')
    eq((b.headers['Content-Type'], b.headers['Content-Disposition'], b.bytes), ('application/pdf', 'attachment; filename="letter.pdf"', b'%PDF-1.4 <script>'),
       'a file that is kept beside it')
    for path in ('letter/letter/2', 'letter/letter/9', 'letter/letter/x', 'letter/none', 'letter/none/0', 'letter/../letter'):
        b.go('/plain/' + path).is_(404, 'Page not found')


def test_what_is_hidden_stays_hidden(node):
    b = people['g']
    for path in ('record/p', 'results/p', 'report/report', 'letters/p'):
        page = b.go('/plain/' + path)
        eq((page.status, page.words.count(SECRET)), (200, 0 if path == 'letters/p' else 1), path + ': what is held is seen by the doctor, what is sealed is not')
        ok('withheld from you' in page.words or path == 'report/report', path + ': that something is withheld', page.words[:500])
    b.go('/plain/result/held').is_(200, SECRET)
    missing = b.go('/plain/result/none').is_(404, 'Page not found').words
    eq(b.go('/plain/result/mind').is_(404, 'Page not found').words, missing, 'as if there were none')
    b = people['p']
    eq(b.go('/plain/result/held').is_(404, 'Page not found').words.replace('Dechrau', ''), b.go('/plain/result/none').words, 'nor is what is held')
    for path in ('record/q', 'results/q', 'letters/q', 'looked/q', 'result/foreign', 'record/none'):
        b.go('/plain/' + path).is_(404, 'Page not found')
        ok(SECRET not in b.body, path)
    b.go('/plain/find').is_(403, 'You may not see this')
    b.send('/plain/find', number=Q).is_(403, 'You may not see this')
    stranger = sign_in(node, 'doctor-stranger')
    for path in ('record/p', 'results/p', 'letters/p'):
        page = stranger.go('/plain/' + path).is_(403, 'This record is closed to you')
        ok('Peanuts' not in page.words and 'No information' not in page.words, 'and nobody takes it for an empty one')
    stranger.go('/plain/looked/p').is_(403, 'You may not see this')


def test_finding(node):
    b = people['g'].go('/plain/find').is_(200, 'Find a person')
    b.send('/plain/find', number='999 000 0018').is_(200, 'People found')
    within(b.body, r'<a href="/plain/record/p">Ann O’Flow &lt;b&gt;</a>', 'by number')
    b.send('/plain/find', family='o’flow', given='an', born='3/2/1980').is_(200, 'People found')
    ok('/plain/record/p' in b.body, 'by name and birth date')
    b.send('/plain/find', family='Nobody', born='3 2 1980').is_(200, 'People found')
    within(b.words, 'Nobody was found here', 'nobody')
    for form, words in (({}, 'Enter an NHS number'), ({'number': '9990000019'}, 'no NHS number'), ({'number': '999'}, 'no NHS number'),
                        ({'family': 'Flow'}, 'Enter a real date'), ({'family': 'Flow', 'born': '31 2 1980'}, 'Enter a real date'),
                        ({'family': 'Flow', 'born': '1 2 3 4'}, 'Enter a real date')):
        b.send('/plain/find', **form).is_(400, 'Find a person')
        within(b.words, words, str(form))
    b.go('/plain/record/p')
    ok('/plain/looked' not in b.body, 'no way to what is not theirs')


def newest_of_gp():
    """The newest entry about the doctor, without what each has of its own."""
    event = people['officer'].get('AuditEvent?patient=Patient/p&agent=Practitioner/gp&_count=1').resources[0]
    return {k: v for k, v in event.items() if k in ('type', 'subtype', 'action', 'outcome', 'purposeOfEvent', 'agent', 'source')}, \
        [e['what'] for e in event['entity'] if 'what' in e]


def test_who_looked(node):
    log = lambda: people['officer'].json('GET', '/audit/patient/p?count=200')
    b = people['p'].go('/plain/looked').is_(200, 'Who looked at your record')
    within(b.words, r'Medical Practitioner|doctor-gp', 'the doctor')
    within(b.words, 'You Flow test Read a summary of the record', 'their own looks')
    ok(any(e['name'] == 'doctor-stranger' and e['what'] == 'Patient/p' for e in log()['entries'] if e.get('name') and e.get('what')), 'who was refused saw the name')
    before = log()['total']
    people['g'].go('/plain/result/plain')
    people['g'].go('/plain/letters/p')
    eq(log()['total'] - before, 5, 'an entry for each: whose it is and the value; whose they are and the letters; this look')
    people['gp'].get('Observation/plain').is_(200)
    by_api = newest_of_gp()
    people['g'].go('/plain/letter/letter/0')  # reads the letter, then whose it is
    by_page = newest_of_gp()
    ok(by_page[1] != by_api[1], 'about something else', by_page)
    eq(by_page[0], by_api[0], 'an entry says the same whether a page or a program asked')


def test_pages_of_a_list(node):
    series = [named('s%d' % i, 'p', 'Series %03d' % i, effectiveDateTime='2020-01-01T00:%02d:%02dZ' % divmod(i, 60)) for i in range(120)]
    node.post('', kith.bundle('transaction', *[kith.entry('PUT', 'Observation/' + r['id'], r) for r in series])).is_(200)
    b, seen, path = people['p'], [], '/plain/results'
    while path:
        page = b.go(path).is_(200, 'Results')
        seen += re.findall(r'Series \d+', page.body)
        following = re.search(r'<a href="([^"]+)">Older results</a>', page.body)
        path = html.unescape(following[1]) if following else None
        ok(len(re.findall('<tr>', page.body)) < 60, 'a page is short')
    eq(len(seen), 120, 'all of them')
    eq(seen, sorted(seen, reverse=True), 'newest first, each once')
    b.go('/plain/results?page=nonsense')
    eq(b.status, 400, 'a page that is none')


def test_languages(node):
    b = Browser(node).go('/plain/?lang=cy').is_(200, 'Mewngofnodi')
    ok('<html lang="cy">' in b.body and b.headers['Content-Language'] == 'cy', 'Welsh')
    eq(b.go('/plain/').heading, 'Mewngofnodi', 'and it stays')
    eq(b.go('/plain/?lang=en').heading, 'Sign in', 'until English is chosen')
    page = people['p'].go('/plain/record?lang=cy').is_(200, 'Crynodeb')
    within(page.words, 'Ganwyd 3 Chwefror 1980 Rhif GIG', 'labels and dates')
    ok('<div class="narrative" lang="en-GB">' in page.body, 'what is not in Welsh says so')
    people['p'].go('/plain/record?lang=en')


def test_addresses_of_fhir(node):
    accept = {'Accept': 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'}
    b = people['p']
    for path, page in (('Patient/p/$summary', '/plain/record/p'), ('Observation/plain', '/plain/result/plain'), ('DiagnosticReport/report', '/plain/report/report'),
                       ('DocumentReference/letter', '/plain/letter/letter'), ('AuditEvent?patient=Patient/p', '/plain/looked/p')):
        eq(b.go('/fhir/' + path, **accept).path, page, 'in a browser: ' + path)
        eq(b.status, 200, page)
    node.get('Observation/plain', **accept).is_(200)
    eq(node.get('Observation/plain', Accept='application/fhir+json').json['id'], 'plain', 'programs get what they ask for')
    node.get('Observation/plain', Accept='text/html').refused(406)


def test_faults(node):
    b = people['p']
    for path in ('nothing', 'record/p/x', 'record/', 'letter/', 'result/%2e%2e', 'sign-in', 'assets'):
        b.go('/plain/' + path)
        ok((b.status, b.heading) in ((404, 'Page not found'), (405, 'Page not found')) and 'Go to the start' in b.words, path, (b.status, b.words))
    b.go('/plain/', Host='evil.example')
    eq(b.status, 400, 'another name of this node')
    eq(b.go('/plain/result/plain?a=%ff').status, 400, 'a query that is none')
    ok('<script' not in b.go('/plain/<script>').body, 'an address is no text of the page')
    eq(b.go('/plain/record', {'token': 'x'}).status, 405, 'no form there')


def test_throttle(node):
    b = Browser(node).go('/plain/')
    for _ in range(6):
        b.send('/plain/sign-in', login='doctor-stranger', password='not at all right')
    b.is_(429, 'Sign in')
    within(b.words, r'too many wrong tries\. Try again in \d+ seconds', 'the wait of /auth')
    entries = people['officer'].get('AuditEvent?subtype=sign-in-failed&_count=100')
    entries.is_(200)


def test_the_end(node):
    b = people['p'].go('/plain/record')
    old = dict(b.cookies)
    b.send('/plain/sign-out').is_(200, 'Sign in')
    within(b.words, 'You are signed out', 'out')
    b.cookies = old
    eq(b.go('/plain/record').heading, 'Sign in', 'the old cookie opens nothing')
    eq(b.go('/plain/over').heading, 'Sign in', 'and what was left open shows nothing')
    kith.run('user', 'disable', node.dir, 'doctor-gp')
    time.sleep(0.5)
    eq(people['g'].go('/plain/record/p').heading, 'Sign in', 'an account that was disabled')


if __name__ == '__main__':
    kith.main(globals())
