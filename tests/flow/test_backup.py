"""A whole node in a folder and back: records, accounts, access log; what a kept checkpoint shows of a log that was put back."""

import json
import os
import shutil
import threading
import time

import kith
from kith import eq, ok, patient, run, within


def events(dir):
    """The access log of a node's folder, oldest first."""
    done = run('audit', 'list', dir + '/audit', '--json')
    return [json.loads(line)['event'] for line in reversed(done.stdout.splitlines())]


def kinds(dir):
    return [e['kind'] for e in events(dir)]


def modes(folder):
    """What others than the owner may do with anything of a folder, which only its owner may enter."""
    return os.stat(folder).st_mode & 0o077


def flip(path, at):
    with open(path, 'r+b') as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 0x20]))


def test_a_whole_node(node):
    """Taken under load; the restored node has records, accounts and log, and goes on."""
    with kith.scratch() as folder:
        made = node.create(patient('Kept'))['id']
        run('user', 'add', node.dir, 'Dr Keeps', '--login', 'keeps', '--role', 'R8000')
        stop = threading.Event()
        statuses = set()

        def work():
            while not stop.is_set():
                statuses.add(node.post('Patient', patient('Load')).status)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            said = json.loads(run('backup', node.dir, folder + '/b', '--json').stdout)
            run('backup', node.dir, folder + '/b2/')
        finally:
            stop.set()
            for t in threads:
                t.join()
        eq(statuses, {201}, 'requests go on meanwhile')
        eq(sorted(os.listdir(folder)), ['b', 'b2'], 'nothing else is left beside it')
        ok({'store.db', 'identity.db', 'secret', 'audit'} <= set(os.listdir(folder + '/b')), 'all parts', os.listdir(folder + '/b'))
        eq(modes(folder + '/b'), 0, 'for its owner alone')
        ok(said['whole'] and said['log_entries'] > 1 and said['log_newest'].startswith('20'), 'what the copy of the log has', said)
        run('audit', 'verify', folder + '/b/audit')
        run('backup', node.dir, folder + '/b', status=3)

        within(run('restore', folder + '/b', folder + '/n').stdout, r'(?s)[\d,]+ entries, the newest of .*sign in again', 'words')
        eq(json.loads(run('check', folder + '/n', '--json').stdout), {'findings': 0}, 'every part is whole')
        run('audit', 'verify', folder + '/n/audit')
        within(run('user', 'list', folder + '/n').stdout, 'keeps', 'the accounts are there')
        entries = events(folder + '/n')
        eq(len(entries), said['log_entries'] + 1, 'the log goes on where the copy ends')
        within(entries[-1]['why'], 'restored from a copy', 'and says so')
        restored = kith.Node(folder + '/n').start()
        restored.get('Patient/' + made).is_(200)
        eq(restored.get('Patient/' + made, Authorization='Bearer ' + node.token).status, 401, 'tokens of the copy have ended')
        restored.post('Patient', patient('Onwards')).is_(201)
        restored.finish()
        run('audit', 'verify', folder + '/n/audit')
        run('restore', folder + '/b', folder + '/n', status=3)


def test_versions_have_their_entries(node):
    """The log is copied last: each version of the copy has an entry in its log."""
    with kith.scratch() as folder:
        stop = threading.Event()

        def work():
            while not stop.is_set():
                node.post('Patient', patient('Covered'))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            run('backup', node.dir, folder + '/b')
        finally:
            stop.set()
            for t in threads:
                t.join()
        run('restore', folder + '/b', folder + '/n')
        run('export', folder + '/n', folder + '/out')
        stored = {json.loads(line)['id'] for line in open(folder + '/out/Patient.ndjson', encoding='utf-8')}
        logged = {e['what'].split('/')[1] for e in events(folder + '/b') if e['kind'] == 'create'}
        ok(stored and stored <= logged, 'every record has its entry', sorted(stored - logged)[:5])


def checkpoint(node):
    """The node's newest checkpoint, and of how many entries."""
    note = node.raw_reply(b'GET /audit/checkpoint HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n').body
    within(note.decode(), '^kith.care/log/Y90001\n', 'a checkpoint')
    return note, int(note.split(b'\n')[1])


def test_a_log_that_was_put_back(node):
    """Whoever keeps a checkpoint sees that a log has lost its end, although what is left is whole."""
    with kith.scratch() as folder:
        id = node.create(patient('Looked'))['id']
        size = json.loads(run('backup', node.dir, folder + '/old', '--json').stdout)['log_entries']
        kept, n = b'', 0
        for _ in range(100):
            node.get('Patient/' + id).is_(200)
            kept, n = checkpoint(node)
            if n > size:
                break
            time.sleep(0.1)
        ok(n > size, 'the log has grown')
        with open(folder + '/kept', 'wb') as out:
            out.write(kept)
        run('backup', node.dir, folder + '/new')
        run('audit', 'verify', folder + '/new/audit', '--since', folder + '/kept')
        run('restore', folder + '/old', folder + '/n')
        run('audit', 'verify', folder + '/n/audit')
        found = run('audit', 'verify', folder + '/n/audit', '--since', folder + '/kept', status=1)
        ok(found.stdout.startswith('WRONG'), 'the log that was put back', found.stdout)


def test_a_damaged_copy(node):
    """Nothing is made of a copy that is not whole."""
    with kith.scratch() as folder:
        run('backup', node.dir, folder + '/b')
        size = os.path.getsize(folder + '/b/audit/journal')
        for part, at in (('audit/journal', size // 2), ('audit/checkpoint', 30), ('identity.db', 3)):
            flip(folder + '/b/' + part, at)
            done = run('restore', folder + '/b', folder + '/n', status=3)
            ok(done.stderr.strip(), 'a damaged %s is refused with words' % part)
            eq(os.listdir(folder + '/n') if os.path.exists(folder + '/n') else [], [], 'nothing is left of it: ' + part)
            flip(folder + '/b/' + part, at)
        run('restore', folder + '/b', folder + '/n')
        shutil.rmtree(folder + '/b/audit')
        os.remove(folder + '/b/store.db')
        run('restore', folder + '/b', folder + '/m', status=3)


def test_check_sees_every_part(node):
    with kith.scratch() as folder:
        run('backup', node.dir, folder + '/b')
        run('restore', folder + '/b', folder + '/n')
        within(run('check', folder + '/n').stdout, r'(?s)clean.*log is whole: [\d,]+ entries', 'words')
        journal = folder + '/n/audit/journal'
        flip(journal, os.path.getsize(journal) // 2)
        within(run('check', folder + '/n', '--json', status=1).stdout, '"access log"', 'a changed log is found')
        flip(journal, os.path.getsize(journal) // 2)
        flip(folder + '/n/identity.db', 3)
        within(run('check', folder + '/n', status=1).stdout, 'accounts: ', 'damaged accounts are found')


def test_records_alone(node):
    """A file has the records only: the node that is made of it has a new log, and nobody has an account."""
    with kith.scratch() as folder:
        within(run('backup', node.dir, folder + '/b.db').stdout, 'not in it', 'what the file has not')
        done = json.loads(run('restore', folder + '/b.db', folder + '/n', '--json').stdout)
        within(done['invite'], '^http.*#/invite/', 'a link for the first administrator')
        restored = kith.Node(folder + '/n').start()
        eq(restored.total('Patient'), node.total('Patient'), 'all records')
        restored.finish()
        within(' '.join(e.get('why', '') for e in events(folder + '/n')), 'records alone', 'the new log says so')


def test_what_the_command_line_does_is_logged(node):
    """Loading, taking out and copying without a request stand in the log too."""
    with kith.scratch() as folder:
        run('synth', folder + '/people', '--patients', 2, '--seed', 1)
        dir = folder + '/n'
        run('init', dir, '--organisation', 'Y90001', '--name', 'Loads')
        run('import', dir, folder + '/people')
        ok(not os.path.exists(dir + '/audit'), 'no log yet')
        own = kith.Node(dir).start()
        own.stop()
        eq(kinds(dir).count('import'), 1, 'the node that starts takes it over')
        run('import', dir, folder + '/people')
        eq(kinds(dir).count('import'), 2, 'into a log that is there at once')
        run('export', dir, folder + '/out')
        own.start()
        run('export', dir, folder + '/out2')
        run('backup', dir, folder + '/b')
        own.get('Patient?_count=0').is_(200)
        own.finish()
        eq([e['name'] for e in events(dir) if e['kind'] == 'export'], ['kith export'] * 2 + ['kith backup'], 'exports and copies')


kith.main(globals())
