"""Three organisations, each with a node: a locality begins, grows, changes keys and loses a member. By the commands alone."""

import http.client
import json
import os
import re
import ssl
import subprocess

import kith
import locality
from kith import eq, ok, within
from locality import Member, ask, settled, take_in, until


def is_member(to, pem):
    """Whether somebody is known as a member: what they ask for is then looked at, whatever becomes of it."""
    status, body = ask(to, pem, 'POST', '/locality/exchanges', '{}')
    if status == 403:
        within(body.decode(), 'for members of the locality', 'why it is refused')
    return status != 403


def stranger(folder):
    pem, key = os.path.join(folder, 'stranger.pem'), os.path.join(folder, 'stranger.key')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-keyout', key, '-out', pem, '-subj', '/CN=kith Y90001', '-days', '2'], check=True, capture_output=True)
    with open(pem, 'a') as f, open(key) as k:
        f.write(k.read())
    return pem


def founding(gp, hospital, council):
    eq(gp.list().get('number'), None, 'no locality yet')
    within(gp.do('list').stdout, 'no locality', 'and it says so')
    within(gp.do('create', 'Riverside', '--kind', 'gp', status=2).stderr, '--url', 'what is missing')
    within(gp.do('create', 'Riverside', '--kind', 'gp', '--url', 'http://a:1', status=2).stderr, 'https', 'https alone')
    within(gp.do('create', 'Riverside', '--kind', 'clinic', '--url', gp.url, status=2).stderr, 'pharmacy', 'kinds')
    within(gp.do('invite', 'Y90002', status=3).stderr, 'no locality', 'nobody to invite to')
    within(gp.do('create', 'River', 'Side', '--kind', 'gp', '--url', gp.url, status=2).stderr, "'Side'.*quotes", 'no word is passed over')
    within(gp.do('create', 'Riverside', '--kind', 'gp', '--url', 'https://127.0.0.1:99999', status=3).stderr, 'address', 'no such port')
    hash = 'BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
    within(gp.do('ally', 'Hill', 'abc', 'file', status=2).stderr, '44 characters', 'an ally')
    within(gp.do('ally', 'Hill', hash, os.path.join(gp.dir, 'none'), status=3).stderr, 'cannot be read', 'and its file')
    done = gp.do('create', 'Riverside', '--kind', 'gp', '--url', gp.url)
    within(done.stdout, 'invite', 'the next step')
    within(gp.do('invite', 'y90002', status=2).stderr, 'capital letters', 'what an ODS code is')
    gp.do('create', 'Another', '--kind', 'gp', '--url', gp.url, status=3)
    eq(os.stat(gp.pem).st_mode & 0o077, 0, 'the key is for its owner only')
    eq(os.stat(os.path.dirname(gp.pem)).st_mode & 0o077, 0, 'so is its folder')
    until('the node that serves has noticed', gp.listens)
    for one, inviter, members in ((hospital, gp, (gp,)), (council, hospital, (gp, hospital))):
        invitation, done = take_in(inviter, one, members)
        within(done.stdout, 'sign|is a member of', 'what comes next, or how it stands')
    again = council.do('join', invitation, '--kind', council.kind, '--url', council.url).stdout
    within(again, "is a member of 'Riverside' .number 3", 'the same again is harmless, and says how it stands')
    within(council.do('join', invitation, '--kind', council.kind, '--url', 'https://a:1', status=3).stderr, 'propose DIR address',
           'another address is another thing')
    shown = gp.do('list').stdout
    within(shown, r'signs with the key kith.care/member/Y90001\+', 'the key for those who check what it signed')
    for words in ('Riverside', 'GP practice', 'council', hospital.url, r'\(this node\)', '2 of 3'):
        within(shown, words, 'the list')


def certificates(gp, hospital, council, folder):
    """Who is a member is known by the key alone."""
    members = (gp, hospital, council)
    for to in members:
        for by in members:
            ok(is_member(to, by.pem), '%s lets %s in' % (to.ods, by.ods))
        ok(not is_member(to, stranger(folder)), '%s refuses a stranger with its name' % to.ods)
        ok(not is_member(to, None), '%s refuses somebody without a certificate' % to.ods)
        eq(ask(to, None, 'GET', '/locality/directory')[0], 200, 'the directory is for anyone')
        eq(ask(to, gp.pem, 'GET', '/fhir/metadata')[0], 404, 'nothing else is there')
        eq(ask(to, gp.pem, 'GET', '/locality/nothing')[0], 404, 'no such address')
        eq(ask(to, gp.pem, 'DELETE', '/locality/directory')[0], 405, 'no such method')
        eq(to.get(to.fhir.replace('/fhir', '/locality/directory'), Accept='*/*').status, 404, 'not where people are')
    try:
        ask(gp, hospital.pem, 'GET', '/locality/directory', version=ssl.TLSVersion.TLSv1_2)
        ok(False, 'TLS 1.2 is refused')
    except (ssl.SSLError, OSError):
        ok(True, 'TLS 1.2 is refused')
    health = json.loads(gp.plain('/health'))
    eq(health['checks']['locality:directory'][0]['status'], 'pass', 'health')
    within(health['checks']['locality:directory'][0]['output'], 'number 3', 'health names the number')
    within(gp.plain('/metrics'), r'kith_locality_refused_total [1-9]', 'refusals are counted')


def bodies(gp, hospital, folder):
    """A stranger is not let fill the memory that members need; whatever way it tries, without reading it all."""
    def chunked():
        yield b'{"notes":['
        for _ in range(6 << 4):
            yield b' ' * (1 << 16)

    def sent(pem, body):
        try:
            return ask(gp, pem, 'POST', '/locality/directory', body)[0]
        except (OSError, http.client.HTTPException):
            return 413  # it hung up before all was sent

    large = b'{"notes":[' + b' ' * (6 << 20)
    for who, pem in (('a stranger', stranger(folder)), ('somebody without a certificate', None)):
        eq(sent(pem, large + b']}'), 413, who + ': too large')
        eq(sent(pem, chunked()), 413, who + ': in pieces, too')
        eq(sent(pem, b'{"notes":[' + b' ' * (1 << 20) + b']}'), 200, who + ': what asks to be taken in is heard')
    eq(ask(gp, hospital.pem, 'POST', '/locality/directory', large + b']}')[0], 200, 'a member is heard')


def keys_change(gp, hospital, council, folder):
    """In two steps, and nobody is locked out in between."""
    old = open(hospital.pem, 'rb').read()
    before = next(m['keys'] for m in gp.list()['members'] if m['ods'] == hospital.ods)
    within(hospital.do('rotate-key').stdout, 'rotate-key', 'the second step is told')
    members = (gp, hospital, council)
    settled(members, 4, ['Y90001', 'Y90002', 'Y90003'])
    until('the node uses the new key', lambda: open(hospital.pem, 'rb').read() != old)
    ok(not os.path.exists(hospital.pem.replace('tls.pem', 'tls-next.pem')), 'which has taken its place')
    old_pem = os.path.join(folder, 'old.pem')
    with open(old_pem, 'wb') as f:
        f.write(old)
    ok(is_member(gp, old_pem), 'both count until the old one is out')
    ok(is_member(gp, hospital.pem), 'and the new one does')
    hospital.do('rotate-key')
    settled(members, 5, ['Y90001', 'Y90002', 'Y90003'])
    after = next(m['keys'] for m in gp.list()['members'] if m['ods'] == hospital.ods)
    ok(len(before) == 1 and len(after) == 1 and before != after, 'one key, another one', (before, after))
    ok(not is_member(gp, old_pem), 'the old key opens nothing any more')
    ok(is_member(gp, hospital.pem), 'the new one does')
    # Members that turn to each other find each other still: a change goes round.
    gp.do('propose', 'renew')
    settled(members, 6, ['Y90001', 'Y90002', 'Y90003'])


def a_member_goes(gp, hospital, council):
    within(gp.do('remove', 'Y90003', status=2).stderr, '--why', 'a reason is needed')
    gp.do('remove', 'Y90009', '--why', 'nobody', status=3)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(council.pem)
    kept = http.client.HTTPSConnection('127.0.0.1', gp.port_for_members, context=context, timeout=20)
    kept.request('POST', '/locality/exchanges', '{}', {'Content-Type': 'application/json'})
    reply = kept.getresponse()
    reply.read()
    ok(reply.status != 403, 'a member on a connection that stays open')
    gp.do('remove', 'Y90003', '--why', 'has closed')
    settled((gp, hospital), 7, ['Y90001', 'Y90002'])
    kept.request('POST', '/locality/exchanges', '{}', {'Content-Type': 'application/json'})
    eq(kept.getresponse().status, 403, 'on that connection, too, it is over')
    kept.close()
    for to in (gp, hospital):
        ok(not is_member(to, council.pem), '%s refuses who was removed' % to.ods)
    within(gp.do('list').stdout, 'Y90003.*removed.*has closed', 'why stands in the list')
    until('who was removed knows it', lambda: 'none' in council.list())


def comes_back(gp, hospital, council):
    """With other keys: who was removed may have lost its own."""
    old = open(council.pem, 'rb').read()
    within(council.do('list').stdout, 'was removed.*\n.*newest.*\n(.*\n)*.*Riverside Hospital', 'whom it could ask')
    take_in(gp, council, (gp, hospital), 9)
    ok(open(council.pem, 'rb').read() != old, 'another key of connections')
    ok(is_member(hospital, council.pem), 'which is good')


def leaves(council):
    """By itself, where no member can help any more; and begins another."""
    within(council.do('create', 'Hill', '--kind', 'council', '--url', council.url, status=3).stderr, 'locality leave', 'what to do first')
    within(council.do('leave', status=3).stderr, 'another process', 'not while it serves')
    eq(len(council.list()['members']), 3, 'and nothing is forgotten')
    council.stop()
    old = open(council.pem, 'rb').read()
    within(council.do('leave').stdout, 'Riverside.*\n.*others still have it.*remove', 'what the others have to do')
    council.do('leave', status=3)
    council.do('create', 'Hill', '--kind', 'council', '--url', council.url)
    ok(open(council.pem, 'rb').read() != old, 'with another key')
    council.start()
    until('it listens again', council.listens)
    eq([m['ods'] for m in council.list()['members']], ['Y90003'], 'and is alone')


def a_new_log(gp):
    """What is lost is begun anew, and the members sign it."""
    within(gp.do('propose', 'log', status=3).stderr, 'already', 'no other log')
    gp.stop()
    os.rename(os.path.join(gp.dir, 'audit'), os.path.join(gp.dir, 'audit-of-before'))
    gp.start()
    until('it is noticed', lambda: [a for a in gp.alarms() if a['kind'] == 'own-log-key' and 'propose DIR log' in a['words']])
    within(gp.do('propose', 'log').stdout, 'Y90001 has begun a new access log', 'what is signed')


def restarts(gp, hospital):
    """All of it is there again; a change while a node is away reaches it when it is back."""
    hospital.stop()
    gp.do('propose', 'renew')
    eq(gp.list()['number'], 7, 'one signature is not enough')
    hospital.start()
    settled((gp, hospital), 8, ['Y90001', 'Y90002'])
    ok(is_member(hospital, gp.pem), 'and they know each other')


def test_a_locality(_):
    with kith.scratch() as folder:
        members = gp, hospital, council = [Member(folder, *who) for who in (locality.GP, locality.HOSPITAL, locality.COUNCIL)]
        for m in members:
            m.start()
        try:
            founding(gp, hospital, council)
            certificates(gp, hospital, council, folder)
            bodies(gp, hospital, folder)
            keys_change(gp, hospital, council, folder)
            a_member_goes(gp, hospital, council)
            restarts(gp, hospital)
            comes_back(gp, hospital, council)
            leaves(council)
            a_new_log(gp)
        finally:
            for m in members:
                m.finish()


if __name__ == '__main__':
    kith.main(globals())
