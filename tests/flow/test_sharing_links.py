#!/usr/bin/env python3
"""Links by which a person shares something for a limited time (docs/sharing-links.md)."""
import base64
import datetime
import http.client
import json
import os
import re
import threading
import time

import kith
from kith import eq, ok, run, within
from test_access import Person, parts

HEAD = base64.urlsafe_b64encode(b'{"alg":"dir","enc":"A256GCM","cty":"application/fhir+json"}').rstrip(b'=').decode()
people = {}
made = {}


def jwe(size=30):
    """The form of an encrypted file: the node cannot know that nobody encrypted it."""
    digits = base64.urlsafe_b64encode(os.urandom(size)).rstrip(b'=').decode()
    return '%s..%s.%s.%s' % (HEAD, 'A' * 16, digits, 'B' * 22)


def later(**span):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)).strftime('%Y-%m-%dT%H:%M:%SZ')


def link_of(files, label='For my dentist', end=None, **more):
    parameters = [{'name': 'label', 'valueString': label}, {'name': 'words', 'valueString': 'Your allergies and medicines'},
                  {'name': 'end', 'valueDateTime': end or later(days=1)}]
    for file in files:
        parameters.append({'name': 'file', 'part': [
            {'name': 'contentType', 'valueCode': 'application/fhir+json'},
            {'name': 'jwe', 'valueBase64Binary': base64.b64encode(file.encode()).decode()}]})
    for name, value in more.items():
        parameters.append({'name': name, 'valueBoolean' if isinstance(value, bool) else 'valueString': value})
    return {'resourceType': 'Parameters', 'parameter': parameters}


def fine(reply):
    reply.is_(200)
    return reply


def share(who, files, **more):
    return who.node.request('POST', 'Patient/p/$share-link', body=link_of(files, **more), headers=who.headers())


def made_by(reply):
    return {p['name']: next(v for k, v in p.items() if k.startswith('value')) for p in reply.json['parameter']}


def ask(node, method, path, body=None, **headers):
    """Somebody who has a link and no account."""
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30)
    if body is not None:
        headers.setdefault('Content_Type', 'application/json')
    connection.request(method, path, json.dumps(body) if body is not None else None,
                       {k.replace('_', '-'): v for k, v in headers.items()})
    got = connection.getresponse()
    said = got.read()
    connection.close()
    return got.status, got.headers, said


def manifest(node, link, **said):
    status, headers, body = ask(node, 'POST', path_of(link), said)
    return status, json.loads(body)


def path_of(link):
    return '/' + link['url'].split('/', 3)[3]


def links_of(who):
    return parts(fine(who.get('Patient/p/$share-links')), 'link')


def openings(who):
    return [e for e in who.json('GET', '/audit/patient/p?count=200')['entries'] if e['class'] == 'link']


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery'})
    node.create({'resourceType': 'Practitioner', 'id': 'gp', 'name': [{'given': ['Amina'], 'family': 'Shah'}]})
    node.create({'resourceType': 'Patient', 'id': 'p', 'birthDate': '1980-02-03', 'name': [{'family': 'Flow'}],
                 'generalPractitioner': [{'reference': 'Organization/surgery'}, {'reference': 'Practitioner/gp'}]})
    node.create({'resourceType': 'Patient', 'id': 'carer', 'birthDate': '1975-02-03', 'name': [{'family': 'Carer'}]})
    people['me'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p')
    people['carer'] = Person(node, 'carer-p', '--kind', 'patient', '--person', 'Patient/carer')
    people['gp'] = Person(node, 'doctor-gp', '--person', 'Practitioner/gp', '--role', 'R8000')
    people['me'].post('Patient/p/$proxies', person='Patient/carer', function=['view', 'book'], basis='carer').is_(200)


def test_shared_and_opened(node):
    me, file, long = people['me'], jwe(), jwe(3000)
    link = made['link'] = made_by(fine(share(me, [file, long])))
    within(link['url'], r'http://(localhost|127\.0\.0\.1):\d+/shared/[A-Za-z0-9_-]{43}$', 'an address of 256 random bits')
    ok(len(link['url']) <= 128 and 'flag' not in link, 'as the specification has it', link)
    status, got = manifest(node, link, recipient='Dr Tooth, Aldermarsh Dental')
    eq((status, got), (200, {'status': 'finalized', 'files': [
        {'contentType': 'application/fhir+json', 'embedded': file},
        {'contentType': 'application/fhir+json', 'embedded': long}]}), 'the manifest')
    status, got = manifest(node, link, recipient='Dr Tooth, Aldermarsh Dental', embeddedLengthMax=1000)
    eq(got['files'][0]['embedded'], file, 'a short file stands in it')
    ok('embedded' not in got['files'][1], 'a long one has an address', got['files'][1])
    location = '/' + got['files'][1]['location'].split('/', 3)[3]
    status, headers, body = ask(node, 'GET', location)
    eq((status, body.decode(), headers['Content-Type']), (200, long, 'application/jose'), 'the file at its address')
    eq(ask(node, 'GET', location[:-1])[0], 404, 'an address that nobody gave')
    one = links_of(me)[0]
    eq((one['opened'], one['last-by'], one['open'], one['label']), (2, 'Dr Tooth, Aldermarsh Dental', True, 'For my dentist'), 'the list counts')


def test_in_the_log(node):
    """Each opening, with what the recipient said of themself; those who act for the person are told of none."""
    me = people['me']
    seen = openings(me)
    eq([(e['name'], e['reason'], e['count'], e['kind']) for e in seen], [('Dr Tooth, Aldermarsh Dental', 'For my dentist', 2, 'read')], 'rolled up')
    looks = [e for e in me.json('GET', '/audit/patient/p?count=200')['entries'] if e.get('kind') == 'consent' and e.get('reason') == 'For my dentist']
    eq(len(looks), 1, 'that the link was made stands there, too')
    carer = people['carer'].json('GET', '/audit/patient/p?count=200')['entries']
    ok(carer and not [e for e in carer if e['class'] == 'link' or e.get('reason')], 'a proxy is not told', carer)


def test_by_the_person_alone(node):
    for name in ('carer', 'gp'):
        who = people[name]
        share(who, [jwe()]).refused(403)
        who.get('Patient/p/$share-links').refused(403)
        who.post('Patient/p/$share-link-end', id=made['link']['id']).refused(403)
    node.get('Patient/p/$share-links').refused(403)
    eq(links_of(people['me'])[0]['open'], True, 'it is still open')


def test_what_is_refused(node):
    me = people['me']
    share(me, [jwe()], label='x' * 81).refused(413, words='80')
    share(me, [jwe()], label='\u00e9' * 80).is_(200)
    share(me, [jwe()], end=later(days=31)).refused(400, words='30 days')
    share(me, [jwe()], end=later(days=-1)).refused(400)
    share(me, []).refused(400, words='file')
    share(me, ['not encrypted at all']).refused(400, words='JWE')
    share(me, [jwe(), jwe()], direct=True).refused(400, words='direct')
    share(me, [jwe()], direct=True, passcode='1234').refused(400, words='passcode')
    share(me, [jwe()], passcode='123').refused(400, words='4 to 64')
    share(me, [jwe(2 ** 22 + 2 ** 20)]).refused(413, words='5242880')
    share(me, [jwe()] * 21).refused(413, words='20 files')
    eq(len(links_of(me)), 2, 'nothing of it is kept')


def test_recipient(node):
    link = made['link']
    for said in ({}, {'recipient': '  '}, {'recipient': 7}, {'recipient': 'x', 'passcode': 1}, {'recipient': 'x', 'embeddedLengthMax': -1}):
        eq(manifest(node, link, **said)[0], 400, 'refused: %s' % said)
    before = links_of(people['me'])[-1]['opened']
    status, _, body = ask(node, 'GET', path_of(link) + '?recipient=x')
    eq(status, 405, 'it is no link with flag U')
    eq(links_of(people['me'])[-1]['opened'], before, 'none of these is an opening')


def test_direct(node):
    me, file = people['me'], jwe()
    link = made_by(fine(share(me, [file], label='Direct', direct=True)))
    eq(link['flag'], 'U', 'the flag')
    status, headers, body = ask(node, 'GET', path_of(link) + '?recipient=A%20%26%20E', Origin='https://viewer.example')
    eq((status, body.decode(), headers['Content-Type']), (200, file, 'application/jose'), 'the file')
    eq((headers['Access-Control-Allow-Origin'], headers['Cache-Control'], headers['X-Content-Type-Options']), ('*', 'no-store', 'nosniff'), 'fields')
    eq(ask(node, 'GET', path_of(link))[0], 400, 'without a recipient')
    eq(ask(node, 'POST', path_of(link), {'recipient': 'x'})[0], 405, 'not by POST')
    eq(links_of(me)[0]['last-by'], 'A & E', 'who it was')
    status, headers, _ = ask(node, 'OPTIONS', path_of(link), Origin='https://viewer.example', Access_Control_Request_Method='POST')
    eq((status, headers['Access-Control-Allow-Headers']), (204, 'content-type, accept'), 'a browser asks first')


def test_passcode(node):
    me, file = people['me'], jwe()
    link = made_by(fine(share(me, [file], label='Guarded', passcode='open sesame')))
    eq(link['flag'], 'P', 'the flag')
    eq(manifest(node, link, recipient='x'), (401, {'remainingAttempts': 4}), 'none')
    eq(manifest(node, link, recipient='x', passcode='open says me'), (401, {'remainingAttempts': 3}), 'a wrong one')
    eq(manifest(node, link, recipient='x', passcode='open sesame')[1]['files'][0]['embedded'], file, 'the right one')
    eq(links_of(me)[0]['tries-left'], 3, 'which costs no try')
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(manifest(node, link, recipient='y', passcode='guess')[0])) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    eq(sorted(replies), [401, 401, 401, 404, 404, 404], 'many at once are no more than are left')
    eq(manifest(node, link, recipient='x', passcode='open sesame')[0], 404, 'the last wrong one has ended it')
    one = links_of(me)[0]
    eq((one['open'], one['opened'], one['tries-left']), (False, 1, 0), 'in the list')
    refused = [e for e in openings(me) if e['kind'] == 'refused']
    eq(sum(e['count'] for e in refused), 5, 'each wrong one is in the log')
    ok('open sesame' not in json.dumps([refused, one]), 'the passcode is nowhere')


def test_ended(node):
    me = people['me']
    link = made['link']
    gone = made_by(fine(share(me, [jwe()], label='Soon over', end=later(seconds=2))))
    listed = parts(fine(me.post('Patient/p/$share-link-end', id=link['id'])), 'link')
    one = next(x for x in listed if x['id'] == link['id'])
    ok(one['open'] is False and one['ended'] and one['opened'] == 2, 'the list says so at once', one)
    me.post('Patient/p/$share-link-end', id=link['id']).refused(404)
    time.sleep(2.1)
    never = dict(link, url=re.sub(r'.{43}$', 'A' * 43, link['url']))
    said = {ask(node, 'POST', path_of(x), {'recipient': 'x'})[::2] for x in (link, gone, never)}
    eq(len(said), 1, 'ended, run out and unknown are told in the same words')
    status, words = said.pop()
    eq(status, 404, 'not found')
    ok(b'ask the person' in words, 'and what to do', words)


def test_too_often(node):
    link = made_by(fine(share(people['me'], [jwe()], label='Often')))
    replies = [ask(node, 'POST', path_of(link), {'recipient': 'x'}) for _ in range(12)]
    eq([r[0] for r in replies[:10]], [200] * 10, 'ten in a minute')
    eq((replies[11][0], replies[11][1]['Retry-After']), (429, '60'), 'then later')
    eq(links_of(people['me'])[0]['opened'], 10, 'counted')


def test_restored(node):
    """A backup has the list; what was open is not, after a restore."""
    with kith.scratch() as folder:
        link = made_by(fine(share(people['me'], [jwe()], label='Before the backup')))
        run('backup', node.dir, folder + '/b')
        ok(os.path.exists(folder + '/b/links.db'), 'it is part of the backup')
        run('restore', folder + '/b', folder + '/again')
        other = kith.Node(folder + '/again')
        other.start()
        try:
            eq(ask(other, 'POST', path_of(link), {'recipient': 'x'})[0], 404, 'ended')
        finally:
            other.stop()


if __name__ == '__main__':
    kith.main(globals())
