"""kith import, export, backup and restore, into a folder and over HTTP."""

import gzip
import json
import os
import threading

import kith
from kith import bundle, entry, eq, observation, ok, patient, run, within

SYSTEM = 'http://acme.org/mrns'


def has(value, **more):
    return dict({'identifier': [{'system': SYSTEM, 'value': value}]}, **more)


def write(path, content):
    if isinstance(content, (dict, list)):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode()
    with open(path, 'wb') as f:
        f.write(content)
    return path


def lines(*resources):
    return ''.join((r if isinstance(r, str) else json.dumps(r)) + '\n' for r in resources)


def fresh(dir):
    run('init', dir, '--organisation', 'Y90001', '--name', 'Fresh')
    return dir


def exported(where, dir):
    """Every resource of an export, without what the node adds: {'Type/id': JSON}."""
    run('export', where, dir)
    found = {}
    for name in os.listdir(dir):
        within(name, r'^[A-Z][A-Za-z]+\.ndjson$', 'name of a file')
        with open(os.path.join(dir, name), encoding='utf-8') as f:
            for line in f:
                r = json.loads(line)
                eq(r['resourceType'] + '.ndjson', name, 'each type has its file')
                key = r['resourceType'] + '/' + r['id']
                ok(key not in found, 'once: ' + key)
                found[key] = json.dumps(kith.without_meta(r))
    return found


def summary(done):
    return json.loads(done.stdout.strip().splitlines()[-1])


# --- forms of input: name -> (content, written, failed, words of each report) ---

FORMS = {
    'single.json': (patient('Single', id='single'), 1, 0, []),
    'no-id.json': (patient('Anonymous'), 1, 0, []),
    'pretty.json': (json.dumps(patient('Pretty', id='pretty'), indent=2), 1, 0, []),
    'transaction.json': (bundle('transaction', entry('POST', 'Patient', patient('T'), 'urn:uuid:' + '1' * 8 + '-1111-4111-8111-111111111111'),
                                entry('POST', 'Observation', observation('urn:uuid:' + '1' * 8 + '-1111-4111-8111-111111111111'))), 2, 0, []),
    'collection.json': (bundle('collection', {'resource': patient('C', id='c1')}, {'resource': patient('C', id='c2')}), 2, 0, []),
    'searchset.json': (bundle('searchset', {'fullUrl': 'http://x.org/fhir/Patient/s1', 'resource': patient('S', id='s1'),
                                            'search': {'mode': 'match'}}), 1, 0, []),
    'batch.json': (bundle('batch', entry('PUT', 'Patient/b1', patient('B', id='b1')),
                          entry('PUT', 'Patient/b2', patient(id='b2', gender='M'))), 1, 1, [r'batch\.json.*code']),
    'lines.ndjson': (lines(patient('L', id='l1'), '', patient('L', id='l2'), '   ', patient('L', id='l3')), 3, 0, []),
    'no-newline.ndjson': (lines(patient('N', id='n1'), patient('N', id='n2')).rstrip(), 2, 0, []),
    'crlf.ndjson': (lines(patient('R', id='r1'), patient('R', id='r2')).replace('\n', '\r\n'), 2, 0, []),
    'packed.ndjson.gz': (gzip.compress(lines(patient('G', id='g1'), patient('G', id='g2')).encode()), 2, 0, []),
    'packed.json.gz': (gzip.compress(json.dumps(patient('G', id='g3')).encode()), 1, 0, []),
    'lines.jsonl': (lines(patient('J', id='j1')), 1, 0, []),
    'bundles.ndjson': (lines(bundle('transaction', entry('PUT', 'Patient/tb', patient('TB', id='tb'))), patient('X', id='x1')), 2, 0, []),
    'bad-lines.ndjson': (lines(patient('OK', id='ok1'), '{"resourceType":"Patient"', patient('OK', id='ok2'),
                               {'resourceType': 'Patent'}, patient(id='bad', gender='M'), '[]', patient('OK', id='ok3')), 3, 4,
                         [r'bad-lines\.ndjson:2: ', r'bad-lines\.ndjson:4: .*resourceType', r'bad-lines\.ndjson:5: .*Patient\.gender',
                          r'bad-lines\.ndjson:6: ']),
    'bad.json': ('{"resourceType":"Patient",', 0, 1, [r'bad\.json: ']),
    'bad-transaction.json': (bundle('transaction', entry('POST', 'Patient', patient('Nobody')),
                                    entry('POST', 'Patient', patient(gender='M'))), 0, 1,
                             [r'bad-transaction\.json: Bundle\.entry\[1\]\.resource\.gender']),
    'cut.ndjson.gz': (gzip.compress(lines(*[patient('Cut', id='cut%d' % i, birthDate='19%02d-01-01' % i)
                                            for i in range(50)]).encode())[:-20], None, None, [r'cut\.ndjson\.gz.*cut off']),
}


def take(folder, target):
    for name, (content, written, failed, words) in FORMS.items():
        done = run('import', target, write(os.path.join(folder, name), content), '--json', status=1 if words else 0)
        if written is not None:
            s = summary(done)
            eq((s['written'], s['failed']), (written, failed), 'written and failed of ' + name)
            eq(sum(s['by_type'].values()), written, 'by type: ' + name)
        for w in words:
            within(done.stderr, w, 'a report for ' + name)
        if written:
            ok('nobody' not in done.stderr.lower(), 'no content in a report')


def test_forms(node):
    """Each form of input into a folder; a bad line or file has its place and the rest goes on."""
    with kith.scratch() as folder:
        store = fresh(folder + '/node')
        take(folder, store)
        found = exported(store, folder + '/out')
        for id in ('single', 'c1', 's1', 'b1', 'l3', 'n2', 'r2', 'g2', 'g3', 'j1', 'tb', 'x1', 'ok3'):
            ok('Patient/' + id in found, 'imported: ' + id)
        ok('Patient/bad' not in found and 'Patient/b2' not in found, 'what is bad is not')
        run('check', store)


def test_forms_over_http(node):
    with kith.scratch() as folder:
        take(folder, node.fhir)
        for id in ('single', 'c1', 's1', 'b1', 'l3', 'g3', 'tb'):
            eq(node.get('Patient/' + id).status, 200, 'there: ' + id)
        eq(node.total('Bundle'), 0, 'the resources of a collection, not the collection')
        eq(node.total('Patient?family=nobody'), 0, 'a transaction with a fault leaves nothing')


def test_again_changes_nothing(node):
    with kith.scratch() as folder:
        store = fresh(folder + '/node')
        os.mkdir(folder + '/in')
        write(folder + '/in/a.ndjson', lines(*[patient('P%d' % i, id='p%d' % i) for i in range(500)]))
        write(folder + '/in/b.ndjson', lines(*[observation('Patient/p%d' % (i % 500), id='o%d' % i) for i in range(1000)]))
        first = summary(run('import', store, folder + '/in', '--json'))
        eq((first['written'], first['same'], first['failed']), (1500, 0, 0), 'the first time')
        eq(first['by_type'], {'Observation': 1000, 'Patient': 500}, 'by type')
        again = summary(run('import', store, folder + '/in', '--json'))
        eq((again['written'], again['same'], again['failed']), (0, 1500, 0), 'the second time')
        words = run('import', store, folder + '/in').stdout
        within(words, '1,500 resources.*there already', 'in words')


def test_forward_references(node):
    """What refers to something later in the input is tried again at the end."""
    with kith.scratch() as folder:
        for target in (fresh(folder + '/node'), node.fhir):
            os.makedirs(folder + '/in', exist_ok=True)
            write(folder + '/in/a.json', bundle('transaction', entry('POST', 'Observation', observation(
                'Patient?identifier=%s|late' % SYSTEM, performer=[{'reference': 'Practitioner?identifier=%s|doc' % SYSTEM}]))))
            write(folder + '/in/b.json', bundle('transaction', entry('POST', 'Patient', patient('Late', **has(
                'late', generalPractitioner=[{'reference': 'Practitioner?identifier=%s|doc' % SYSTEM}])),
                ifNoneExist='identifier=%s|late' % SYSTEM)))
            write(folder + '/in/c.json', bundle('batch', entry('POST', 'Practitioner', dict(
                has('doc'), resourceType='Practitioner'), ifNoneExist='identifier=%s|doc' % SYSTEM)))
            s = summary(run('import', target, folder + '/in', '--json'))
            eq((s['written'], s['failed']), (3, 0), 'all three')
            write(folder + '/never.json', bundle('transaction', entry('POST', 'Observation', observation(
                'Patient?identifier=%s|never' % SYSTEM))))
            done = run('import', target, folder + '/never.json', '--json', status=1)
            within(done.stderr, r'never\.json: .*matches nothing', 'what never comes is reported')
        late = node.get('Patient?identifier=%s|late' % SYSTEM).matches[0]
        o = node.get('Observation?subject=Patient/' + late['id']).matches[0]
        eq(o['performer'], late['generalPractitioner'], 'both refer to the same practitioner')


def test_there_and_back(node):
    """export -> import into a new node -> export gives the same; a folder and a URL give the same."""
    with kith.scratch() as folder:
        run('synth', folder + '/people', '--patients', 12, '--seed', 7, '--json')
        store = fresh(folder + '/one')
        s = summary(run('import', store, folder + '/people', '--json'))
        ok(s['failed'] == 0 and s['written'] > 500, 'invented people are taken', s)
        one = exported(store, folder + '/out1')
        eq(len(one), s['written'], 'all are exported')
        two = fresh(folder + '/two')
        again = summary(run('import', two, folder + '/out1', '--json'))
        eq((again['written'], again['failed']), (len(one), 0), 'taken back')
        ok(exported(two, folder + '/out2') == one, 'the same data')
        run('check', two)
        with_http = kith.Node(two).start()
        try:
            over_http = exported(with_http.fhir, folder + '/out3')
            # What a node answers as AuditEvents is its access log, which goes on meanwhile; it is no part of the records.
            logged = {key for key in over_http if key.startswith('AuditEvent/')}
            ok(logged and {k: v for k, v in over_http.items() if k not in logged} == one, 'the same data over HTTP')
            os.remove(folder + '/out3/AuditEvent.ndjson')
            ok(exported(two, folder + '/out4') == one, 'the same from the folder while it is served')
            third = kith.Node(folder + '/three').start()
            try:
                over = summary(run('import', third.fhir, folder + '/out3', '--json'))
                eq((over['written'], over['failed']), (len(one), 0), 'taken over HTTP')
                ok(exported(folder + '/three', folder + '/out5') == one, 'the same data')
            finally:
                third.finish()
        finally:
            with_http.finish()


def test_refused(node):
    with kith.scratch() as folder:
        file = write(folder + '/p.json', patient(id='p'))
        store = fresh(folder + '/node')
        os.mkdir(folder + '/empty')
        run('import', folder + '/nowhere', file, status=3)
        run('import', store, folder + '/nothing.json', status=3)
        run('import', store, folder + '/empty', status=3)
        run('import', 'http://127.0.0.1:9/fhir', file, status=3)
        busy = run('import', node.dir, file, status=3)
        ok(busy.stderr.strip(), 'a node that serves has its folder for itself')
        run('export', folder + '/nowhere', folder + '/x', status=3)
        run('import', store, file)
        run('export', store, folder + '/out')
        run('export', store, folder + '/out', status=3)
        run('export', node.fhir + '/nowhere', folder + '/y', status=3)


def test_backup_while_serving(node):
    """A backup taken under load is one consistent state; a restored node has all that came before it."""
    with kith.scratch() as folder:
        before = {node.create(patient('Before%d' % i))['id'] for i in range(50)}
        stop = threading.Event()
        pairs = []

        def write_pairs():
            i = 0
            while not stop.is_set():
                i += 1
                url = 'urn:uuid:5a6e2d4c-0000-4000-8000-%012d' % i
                r = node.post('', bundle('transaction', entry('POST', 'Patient', patient('Pair%d' % i), url),
                                         entry('POST', 'Observation', observation(url))))
                pairs.append(r.status)

        writers = [threading.Thread(target=write_pairs) for _ in range(3)]
        for w in writers:
            w.start()
        try:
            run('backup', node.dir, folder + '/b.db')
            run('backup', node.dir, folder + '/b2.db')
        finally:
            stop.set()
            for w in writers:
                w.join()
        ok(os.stat(folder + '/b.db').st_mode & 0o077 == 0, 'a backup is for its owner alone', oct(os.stat(folder + '/b.db').st_mode))
        eq(set(pairs), {200}, 'requests go on meanwhile')
        run('backup', node.dir, folder + '/b.db', status=3)
        run('restore', folder + '/b.db', folder + '/again')
        eq(json.loads(run('check', folder + '/again', '--json').stdout), {'findings': 0}, 'the copy is clean')
        found = exported(folder + '/again', folder + '/out')
        ok(before <= {k.split('/')[1] for k in found}, 'all that was there before')
        patients = {k for k, v in found.items() if '"Pair' in v}
        subjects = {json.loads(v)['subject']['reference'] for k, v in found.items()
                    if k.startswith('Observation/') and 'performer' not in v}
        ok(patients <= subjects, 'both of a transaction or none')
        restored = kith.Node(folder + '/again').start()
        restored.post('Patient', patient('Onwards')).is_(201)
        eq(restored.total('Patient?family=before1'), node.total('Patient?family=before1'), 'it can be searched')
        restored.finish()
        run('restore', folder + '/b.db', folder + '/again', status=3)
        run('restore', write(folder + '/rubbish', b'x' * 5000), folder + '/new', status=3)
        run('restore', folder + '/nothing', folder + '/new', status=3)
        damaged = bytearray(open(folder + '/b2.db', 'rb').read())
        middle = len(damaged) // 2 // 4096 * 4096
        damaged[middle:middle + 4096] = os.urandom(4096)
        broken = run('restore', write(folder + '/damaged.db', bytes(damaged)), folder + '/new', status=3)
        ok(broken.stderr.strip(), 'a damaged backup is refused with words')


kith.main(globals())
