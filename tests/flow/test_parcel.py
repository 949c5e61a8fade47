"""A patient takes the whole record out in one file, and runs it as an own node (docs/locality.md, "Moving")."""

import base64
import json
import os
import signal
import subprocess
import time

import kith
import locality
from kith import eq, ok, run, within

NHS = 'https://fhir.nhs.uk/Id/nhs-number'


def patient(**more):
    return dict({'resourceType': 'Patient', 'identifier': [{'system': NHS, 'value': '9434765919'}],
                 'name': [{'family': 'Okafor', 'given': ['Ada']}], 'birthDate': '1980-05-05', 'gender': 'female'}, **more)


def observation(who, value, **more):
    return dict({'resourceType': 'Observation', 'status': 'final', 'code': {'text': 'Weight'},
                 'subject': {'reference': 'Patient/' + who},
                 'valueQuantity': {'value': value, 'unit': 'kg'}}, **more)


def a_record(node, versions=3, many=0):
    """A patient with history, a deletion, a document, somebody who wrote, and a bystander."""
    who = node.create(patient())['id']
    other = node.create(patient(identifier=[{'system': NHS, 'value': '9434765870'}]))['id']
    doctor = node.create({'resourceType': 'Practitioner', 'name': [{'family': 'Shah'}]})['id']
    weight = node.create(observation(who, 70.25, performer=[{'reference': 'Practitioner/' + doctor}]))['id']
    for i in range(versions - 1):
        node.put('Observation/' + weight, observation(who, 71 + i, id=weight)).is_(200)
    gone = node.create(observation(who, 1))['id']
    node.delete('Observation/' + gone).is_(204)
    back = node.create(observation(who, 2))['id']
    node.delete('Observation/' + back).is_(204)
    node.put('Observation/' + back, observation(who, 3, id=back)).is_(201)
    letter = node.create({'resourceType': 'Binary', 'contentType': 'text/plain',
                          'data': base64.b64encode(b'Dear Ada').decode()})['id']
    node.create({'resourceType': 'DocumentReference', 'status': 'current', 'subject': {'reference': 'Patient/' + who},
                 'content': [{'attachment': {'contentType': 'text/plain', 'url': 'Binary/' + letter}}]})
    moved = node.create(observation(other, 5))['id']
    node.put('Observation/' + moved, observation(who, 5, id=moved)).is_(200)
    node.create(observation(other, 99, note=[{'text': 'secret of another'}]))
    for i in range(0, many, 100):
        node.post('', {'resourceType': 'Bundle', 'type': 'batch', 'entry': [
            {'resource': observation(who, n, note=[{'text': 'x' * 2000}]), 'request': {'method': 'POST', 'url': 'Observation'}}
            for n in range(i, min(many, i + 100))]}).is_(200)
    return who, {'weight': weight, 'gone': gone, 'back': back, 'letter': letter, 'doctor': doctor, 'moved': moved}


def history(node, what):
    r = node.get(what + '/_history')
    return r.json['entry'] if r.status == 200 else []


def refused(path, what, words, where=None):
    """A parcel that was tampered with."""
    done = run('parcel', 'verify', path, status=None)
    ok(done.returncode in (1, 3), what + ': refused', (done.returncode, done.stdout))
    within(done.stderr, words, what + ': why')
    if where:
        done = run('parcel', 'open', path, where, status=None)
        ok(done.returncode in (1, 3) and not os.path.exists(os.path.join(where, 'store.db')), what + ': nothing is made of it',
           done.stdout)


def tampered(folder, path):
    whole = open(path, 'rb').read()
    wrong = os.path.join(folder, 'wrong')

    def try_(what, content, words):
        with open(wrong, 'wb') as f:
            f.write(content)
        refused(wrong, what, words, wrong + '-node')
    at = whole.rindex(b'"value":70.25')
    try_('a value altered', whole[:at] + b'"value":71.50' + whole[at + 13:], 'not the one that was signed')
    try_('cut off', whole[:-100], 'ends before')
    try_('something behind', whole + b'{}', 'behind')
    try_('the manifest altered', whole.replace(b'\nfamily Okafor', b'\nfamily Okofar', 1), 'not signed')
    try_('no parcel', b'hello', 'no parcel')
    at = whole.index(b'\nversions ')
    end = whole.index(b'\n', at + 1)
    try_('a number altered', whole[:at] + b'\nversions 1' + whole[end:], 'not signed|no parcel|manifest')


def the_file(node, who, parts, folder):
    path = os.path.join(folder, 'ada.kith')
    run('parcel', node.dir, 'nobody', path, status=3)
    done = json.loads(run('parcel', node.dir, who, path, '--json').stdout)
    eq(os.stat(path).st_mode & 0o077, 0, 'for its owner alone')
    ok(done['log'] > 5, 'the entries of the log', done)
    run('parcel', node.dir, who, path, status=2)
    whole = open(path, 'rb').read()
    ok(b'secret of another' not in whole, 'nothing of another patient')
    shown = run('parcel', 'verify', path).stdout
    within(shown, 'Whole: %d resources' % done['resources'], 'what is in it')
    key = next(w for w in shown.split() if w.startswith('kith.care/member/'))
    within(run('parcel', 'verify', path, '--key', key).stdout, 'Whole', 'by the key that is known')
    within(run('parcel', 'verify', path, '--key', key[:-8] + 'AAAAAAA=', status=None).stderr, 'key', 'another key')
    tampered(folder, path)
    return path, done


def killed_on_the_way(path, folder):
    """Opened again and again, each time killed a little later, until it ends by itself."""
    dir = os.path.join(folder, 'own')
    wait, kills = 0.02, 0
    while True:
        process = subprocess.Popen([kith.KITH, 'parcel', 'open', path, dir, '--json'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=wait)
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            wait, kills = wait * 1.3 + 0.05, kills + 1
    ended = process.returncode == 3 and not os.path.exists(os.path.join(dir, 'parcel-opening'))  # killed when all was done
    ok(process.returncode == 0 or ended, 'it ends: ' + err.decode()[-300:])
    ok(kills > 2, 'it was killed on the way', kills)
    ok(not os.path.exists(os.path.join(dir, 'parcel-opening')), 'nothing is left of the work')
    run('parcel', 'open', path, dir, status=3)
    return dir


def the_same(old, new, who, parts):
    own = lambda e: e['resource']['valueQuantity']['value'] if 'resource' in e else None
    for what in ('weight', 'back', 'gone'):
        was, here = history(old, 'Observation/' + parts[what]), history(new, 'Observation/' + parts[what])
        eq([own(e) for e in here], [own(e) for e in was], what + ': the versions')
        eq([e['response']['etag'] for e in here], [e['response']['etag'] for e in was], what + ': their numbers')
        for a, b in zip(was, here):
            if 'resource' in a:
                parts_of = {x['url']: x.get('valueString', x.get('valueInstant')) for e in b['resource']['meta']['extension']
                            for x in e['extension']}
                eq(parts_of, {'custodian': 'Y90001', 'resource': 'Observation/' + parts[what],
                              'version': a['resource']['meta']['versionId'], 'at': a['resource']['meta']['lastUpdated']},
                   what + ': whose version it was, and when')
    within(new.get('Observation/%s/_history/1' % parts['weight']).body.decode(), r'70\.25\b', 'digit for digit')
    eq(len(history(new, 'Observation/' + parts['moved'])), 1, 'what was entered for another begins where it came here')
    eq(new.get('Practitioner/' + parts['doctor']).json['name'], [{'family': 'Shah'}], 'who wrote it')
    eq(base64.b64decode(new.get('Binary/' + parts['letter'], Accept='application/fhir+json').json['data']), b'Dear Ada', 'the letter')
    count = lambda n: sorted(r['resourceType'] for r in n.get('Patient/%s/$everything' % who).resources)
    eq(count(new), count(old), 'everything')
    eq(len(new.get('Patient').matches), 1, 'and nobody else')


def test_out_and_in(_):
    with kith.scratch() as folder:
        with locality.of(folder, locality.GP) as (gp,):
            who, parts = a_record(gp, many=1200)
            path, done = the_file(gp, who, parts, folder)
            time.sleep(1.5)  # the log is sealed once a second: by now all of it is, as it was for the first
            again = json.loads(run('parcel', gp.dir, who, path + '2', '--json').stdout)
            eq(done['log'], again['log'], 'what was logged just before is in the file')
            dir = killed_on_the_way(path, folder)
            new = kith.Node(dir).start()
            try:
                the_same(gp, new, who, parts)
            finally:
                new.finish()


kith.main(globals())
