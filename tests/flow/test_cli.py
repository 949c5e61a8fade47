"""The command line: help, usage, exit statuses (0 done, 1 findings, 2 usage, 3 unable), JSON output, life of a node."""

import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import urllib.request

import kith
from kith import eq, ok, patient, run, within

COMMANDS = ('init serve import export synth check backup restore package terminology path validate version '
            'user token client provider audit').split()


def test_help(node):
    general = run('--help').stdout
    for c in COMMANDS:
        within(general, r'(?m)^\s+%s ' % c, 'kith --help names ' + c)
        text = run(c, '--help').stdout
        for word in ('kith %s' % c, 'Options:', '--json', 'Example:'):
            ok(word in text, '%s --help has %s' % (c, word))
        eq(run('help', c).stdout, text, 'kith help ' + c)
    eq(run('help').stdout, general, 'kith help')
    eq(run('-h').stdout, general, 'kith -h')
    within(general, '(?s)Exit status.*0.*1.*2.*3', 'exit statuses')
    manual = run('help', '--man').stdout
    for c in COMMANDS:
        ok('.Ss kith ' + c in manual, 'the manual has ' + c)
    within(run('version').stdout, r'^kith \d+\.\d+\.\d+ .*4\.0\.1', 'version')
    eq(run('--version').stdout, run('version').stdout, '--version')
    eq(sorted(json.loads(run('version', '--json').stdout)), ['fhir', 'version'], 'version --json')


def test_usage_errors(node):
    """Status 2, words on standard error that name the command, nothing on standard output."""
    table = [
        ['nonsense'], ['init'], ['init', 'a', 'b'], ['init', 'a', '--nonsense'], ['init', 'a', '--organisation'],
        ['serve'], ['serve', 'a', 'b'], ['serve', 'a', '--listen'], ['serve', 'a', '--listen', '127.0.0.1:99999'],
        ['serve', 'a', '--listen', '127.0.0.1:x'], ['serve', 'a', '--workers', '0'], ['serve', 'a', '--workers', 'many'],
        ['serve', 'a', '--limit', 'nonsense=1'], ['serve', 'a', '--limit', 'body_bytes=1'], ['serve', 'a', '--limit', 'body_bytes'],
        ['serve', 'a', '--workers', '2', '--workers', '3'], ['serve', 'a', '--json=1'],
        ['import', 'a'], ['export', 'a'], ['synth'], ['synth', 'a', '--patients', 'x'], ['synth', 'a', '--patients', '-1'],
        ['synth', 'a', '--seed', 'x'], ['check'], ['check', 'a', 'b'], ['backup', 'a'], ['restore', 'a'], ['path', 'a'],
        ['path', 'a..b', 'c'], ['version', 'x'],
    ]
    for words in table:
        done = run(*words, status=2)
        ok(done.stderr.startswith('kith'), 'words on standard error: %s' % words, done.stderr)
        eq(done.stdout, '', 'nothing on standard output: %s' % words)
    done = subprocess.run([kith.KITH], capture_output=True, text=True)
    eq(done.returncode, 2, 'kith alone')
    within(run('serve', 'a', '--limit', 'nonsense=1', status=2).stderr, 'body_bytes', 'the limits are listed')


def test_people(node):
    """kith user: what is missing is said; links lead to where the node serves. kith provider while it serves."""
    for words, status, said in (
            (('add',), 2, 'which node'), (('add', node.dir, 'X', '--base', 'here'), 2, '--base'),
            (('add', node.dir, 'X', '--kind', 'patient'), 3, 'RelatedPerson/id'),
            (('add', node.dir, 'X', *['--role', 'R8000'] * 40), 3, 'at most'), (('dance', node.dir), 2, 'roles')):
        within(run('user', *words, status=status).stderr, said, 'kith user %s' % (words,))
    within(run('user', 'roles').stdout, r'(?m)^R0001 +Privacy officer\n +.*review-overrides', 'the roles')
    eq(json.loads(run('user', 'roles', '--json').stdout.splitlines()[0])['code'], 'R8000', 'for programs, too')
    made = run('user', 'add', node.dir, 'Amina Shah', '--login', 'amina-cli', '--role', 'R8000').stdout
    ok('http://localhost:%d/#/invite/' % node.port in made, 'the link leads to this node', made)
    within(run('user', 'role', node.dir, 'amina-cli', status=3).stderr, 'kith user roles', 'no roles')
    made = run('user', 'invite', node.dir, 'amina-cli', '--base', 'https://kith.example.org/').stdout
    ok('https://kith.example.org/#/invite/' in made, 'or where it is said', made)
    empty = tempfile.mkdtemp(dir=os.path.dirname(node.dir))
    within(run('provider', 'list', empty, status=3).stderr, 'no node', 'a folder without a node')
    eq(os.listdir(empty), [], 'stays as it was')
    os.rmdir(empty)
    discovery = node.dir + '.discovery'
    with open(discovery, 'w', encoding='utf-8') as f:
        json.dump({'issuer': 'https://id.example', **{k: 'https://id.example/' + k for k in (
            'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint')}, 'response_types_supported': ['code'],
            'subject_types_supported': ['public'], 'id_token_signing_alg_values_supported': ['RS256']}, f)
    run('provider', 'add', node.dir, 'example', '--discovery', discovery, '--client-id', 'me', '--words', 'Example')
    os.unlink(discovery)
    time.sleep(0.5)
    names = [p['name'] for p in json.loads(urllib.request.urlopen('http://localhost:%d/auth/session' % node.port).read())['providers']]
    eq(names, ['example'], 'a provider counts while the node serves')
    run('provider', 'remove', node.dir, 'example')
    time.sleep(0.5)
    within(run('audit', 'list', node.dir).stdout, '"kith provider" "example"', 'and stands in the log')


def test_unable(node):
    """Status 3: no such store and the like."""
    with kith.scratch() as folder:
        missing = folder + '/missing'
        for words in (['serve', missing, '--listen', '127.0.0.1:0'], ['check', missing], ['backup', missing, folder + '/b'],
                      ['restore', missing, folder + '/r'], ['export', missing, folder + '/o'], ['import', missing, __file__],
                      ['init', node.dir, '--organisation', 'Y90001', '--name', 'X'],
                      ['init', '/proc/nowhere/x', '--organisation', 'Y90001', '--name', 'X']):
            done = run(*words, status=3)
            within(done.stderr, '^kith %s: .' % words[0], 'what is wrong: %s' % words[0])
        ok(not os.path.exists(missing), 'nothing is made by looking')
        ok(not os.path.exists(folder + '/b'), 'nor is a backup of nothing')
        eq(run('serve', node.dir, '--listen', '203.0.113.7:0', status=3).stdout, '', 'an address of another machine')


def test_init(node):
    with kith.scratch() as folder:
        run('init', folder + '/a', '--organisation', 'Y90001', '--name', 'A "quoted" näme')
        ok(stat.S_IMODE(os.stat(folder + '/a').st_mode) & 0o077 == 0, 'the folder is for its owner alone',
           oct(os.stat(folder + '/a').st_mode))
        for name in os.listdir(folder + '/a'):
            ok(stat.S_IMODE(os.stat(folder + '/a/' + name).st_mode) & 0o077 == 0, 'and so is ' + name)
        json.loads(run('init', folder + '/b', '--organisation', 'Y90001', '--name', 'B', '--json').stdout)
        run('init', folder + '/a', '--organisation', 'Y90001', '--name', 'Again', status=3)
        eq(json.loads(run('check', folder + '/a', '--json').stdout), {'findings': 0}, 'an empty store is clean')
        named = kith.Node(folder + '/a').start()
        eq(named.get('metadata').json['implementation']['description'], 'A "quoted" näme', 'the name of the organisation')
        named.finish()


def test_json_output(node):
    """--json: one JSON object on standard output."""
    with kith.scratch() as folder:
        made = json.loads(run('synth', folder + '/people', '--patients', 3, '--seed', 1, '--json').stdout)
        eq(made['people'], 3, 'synth')
        for words, member in ((['init', folder + '/n', '--organisation', 'Y90001', '--name', 'N'], None),
                              (['import', folder + '/n', folder + '/people'], 'written'),
                              (['export', folder + '/n', folder + '/out'], 'resources'),
                              (['check', folder + '/n'], 'findings'), (['backup', folder + '/n', folder + '/b'], 'done'),
                              (['restore', folder + '/b', folder + '/m'], 'done'), (['version'], 'version')):
            got = json.loads(run(*words, '--json').stdout)
            ok(member is None or member in got, '%s --json' % words[0], got)
        people = {f: open(folder + '/people/' + f, 'rb').read() for f in sorted(os.listdir(folder + '/people'))}
        run('synth', folder + '/same', '--patients', 3, '--seed', 1)
        same = {f: open(folder + '/same/' + f, 'rb').read() for f in sorted(os.listdir(folder + '/same'))}
        ok(people == same, 'the same seed gives the same bytes')


def test_one_process_a_folder(node):
    done = run('serve', node.dir, '--listen', '127.0.0.1:0', status=3)
    ok(done.stderr.strip() and not done.stdout, 'a second serve is refused', done)
    node.get('metadata').is_(200)
    run('check', node.dir)


def test_addresses(node):
    """Without TLS only loopback addresses (README, security)."""
    with kith.scratch() as folder:
        run('init', folder + '/n', '--organisation', 'Y90001', '--name', 'N')
        for address in ('0.0.0.0:0', '[::]:0', '192.0.2.1:0'):
            done = run('serve', folder + '/n', '--listen', address, status=3, timeout=10)
            within(done.stderr, '(?i)tls', 'refused without TLS: ' + address)
        for address, host in (('127.0.0.1:0', '127.0.0.1'), ('127.0.0.2:0', '127.0.0.2'), ('localhost:0', ''), (':0', '127.0.0.1')):
            p = subprocess.Popen([kith.KITH, 'serve', folder + '/n', '--listen', address, '--json'],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            said = json.loads(p.stdout.readline() or '{}')
            ok(host in said.get('address', '?'), 'listens on ' + address, said)
            p.send_signal(signal.SIGINT)
            p.communicate()
            eq(p.returncode, 0, 'SIGINT ends it gracefully')


def test_words_on_start(node):
    with kith.scratch() as folder:
        run('init', folder + '/n', '--organisation', 'Y90001', '--name', 'N')
        p = subprocess.Popen([kith.KITH, 'serve', folder + '/n', '--listen', '127.0.0.1:0'],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        within(p.stdout.readline(), r'^Kith serves 0 resources at http://127\.0\.0\.1:\d+ ', 'words')
        p.send_signal(signal.SIGTERM)
        _, log = p.communicate()
        said = [json.loads(l)['event'] for l in log.splitlines()]
        ok(len(said) >= 2, 'start and stop are logged', log)


def test_data_stays(node):
    id = node.post('Patient', patient('Stays')).json['id']
    for how in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        node.stop(how)
        node.start()
        node.get('Patient/' + id).is_(200)
    start = time.monotonic()
    node.stop()
    ok(time.monotonic() - start < 5, 'a node without requests stops at once', time.monotonic() - start)
    node.start()


def test_graceful_stop(node):
    """Requests that are under way when SIGTERM comes are answered; what was answered is there."""
    done, lock = [], threading.Lock()
    stop = threading.Event()

    def work(i):
        while not stop.is_set():
            try:
                r = node.post('Patient', patient('Graceful'))
            except OSError:
                return 'refused'
            with lock:
                done.append((r.status, r.json.get('id') if r.status == 201 else None))
        return 'stopped'

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    time.sleep(0.3)
    node.stop()
    stop.set()
    for t in threads:
        t.join()
    ok({s for s, _ in done} <= {201, 503}, 'each answer is whole', {s for s, _ in done})
    node.start()
    missing = [i for s, i in done if s == 201 and node.get('Patient/' + i).status != 200]
    ok(len(done) > 20 and not missing, 'all that was answered is stored', (len(done), missing))


def test_the_rest_of_the_node(node):
    """/, /health and /metrics are there; only GET."""
    def get(path, method='GET'):
        return node.raw_reply(('%s %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n'
                               % (method, path, node.host, node.port)).encode())
    health = get('/health')
    eq(health.status, 200, '/health')
    eq(health.json['status'], 'pass', 'healthy')
    metrics = get('/metrics')
    eq(metrics.status, 200, '/metrics')
    within(metrics.body.decode(), r'(?m)^kith_\w+ \d', 'metrics are numbers')
    for path in ('/', '/health', '/metrics'):
        r = get(path, 'DELETE')
        eq(r.status, 405, 'DELETE ' + path)
        within(r.headers, '(?i)\r\nallow: get, head', 'Allow')
    eq(get('/nothing').status, 404, 'elsewhere there is nothing')
    kith.outcome_of(get('/nothing').body, '/nothing')


def test_path(node):
    """FHIRPath on files and standard input, JSON and XML: one item a line, mistakes with their place."""
    with kith.scratch() as folder:
        bad, good = folder + '/bad.json', folder + '/good.json'
        for file, content in ((bad, {'resourceType': 'Nothing'}),
                              (good, {'resourceType': 'Patient', 'id': 'p', 'birthDate': '1974-12-25',
                                      'name': [{'given': ['A', "it's"]}, {'family': 'B'}]})):
            with open(file, 'w') as out:
                json.dump(content, out)
        eq(run('path', 'name.given', good).stdout, '"A"\n"it\'s"\n', 'elements are JSON')
        eq(run('path', "name.given.last() & '!' | 1.50 | birthDate + 1 day | 4 days", good).stdout,
           "'it\\'s!'\n1.50\n@1974-12-26\n4 day\n", 'values are literals')
        eq(run('path', 'name[1]', good).stdout, '{"family":"B"}\n', 'an element on one line')
        eq(run('path', '--', '-1', good).stdout, '-1\n', 'an expression with a sign')
        eq(run('path', 'id', '-', stdin=open(good).read()).stdout, '"p"\n', 'standard input')
        eq(run('path', 'id', '-', stdin='<Patient xmlns="http://hl7.org/fhir"><id value="x"/></Patient>').stdout, '"x"\n', 'XML')
        eq(json.loads(run('path', '--json', 'id', good).stdout), {'file': good, 'type': 'FHIR.id', 'value': 'p'}, '--json')
        within(run('path', 'name.frob()', good, status=2).stderr, 'character 6 .*frob', 'the place of a mistake')
        done = run('path', 'id', bad, good, status=1)
        eq(done.stdout, '"p"\n', 'the others follow')
        within(done.stderr, 'bad.json: .*Nothing', 'which file it was')
        within(run('path', 'name.given + 1', good, status=1).stderr, 'character 12', 'the place where it failed')
        eq(run('path', 'nmae', good).stdout, '', 'what is not there is empty')
        within(run('path', '--strict', 'nmae', good, status=1).stderr, 'nmae', 'but refused with --strict')
        run('path', 'id', folder + '/missing', status=3)


kith.main(globals())
