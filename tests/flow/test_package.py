"""kith package add, list and remove: .tgz and folders, into a folder and over HTTP."""

import io
import json
import os
import subprocess
import tarfile

import kith
from kith import eq, ok, patient, run, within

BASE = 'http://acme.org/fhir/'
UKCORE = 'uk/ukcore-definitions.tar.xz'


def value_set(id, url=None, version='1.0.0', **more):
    return dict({'resourceType': 'ValueSet', 'id': id, 'url': BASE + 'ValueSet/' + (url or id), 'version': version,
                 'status': 'active', 'compose': {'include': [{'system': BASE + 'CodeSystem/' + id}]}}, **more)


def code_system(id):
    return {'resourceType': 'CodeSystem', 'id': id, 'url': BASE + 'CodeSystem/' + id, 'status': 'active',
            'content': 'complete', 'concept': [{'code': 'a', 'display': 'A'}]}


def manifest(name, version, **dependencies):
    return {'name': name, 'version': version, 'title': 'Of ' + name, 'fhirVersions': ['4.0.1'],
            'dependencies': dependencies}


def tgz(path, files):
    with tarfile.open(path, 'w:gz') as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def folder(path, files):
    for name, content in files.items():
        full = os.path.join(path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'wb') as f:
            f.write(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def fresh(dir):
    run('init', dir, '--organisation', 'Y90001', '--name', 'Fresh')
    return dir


def listed(where):
    packages = json.loads(run('package', 'list', where, '--json').stdout)['packages']
    return {(p['name'], p['version']): p['resources'] for p in packages}


def added(*words, status=0):
    done = run('package', 'add', *words, '--json', status=status)
    return json.loads(done.stdout)['packages'], done.stderr


def files_of(name):
    return {'package/package.json': manifest(name, '1.0.0'), 'package/.index.json': {'files': []},
            'package/ValueSet-a.json': value_set('a-' + name), 'package/CodeSystem-s.json': code_system('shared'),
            'package/Patient-x.json': patient('Example', id='x-' + name),
            'package/example/ValueSet-e.json': value_set('e-' + name)}


XML = (b'\xef\xbb\xbf<?xml version="1.0"?><ValueSet xmlns="http://hl7.org/fhir"><id value="in-xml"/>'
       b'<url value="http://acme.org/fhir/ValueSet/in-xml"/><status value="draft"/></ValueSet>')


def everything(where, ask, scratch):
    """The same on a folder and over HTTP; ask(path) -> the resource, or None."""
    a = tgz(scratch + '/a.tgz', files_of('pack.a'))
    b = folder(scratch + '/b', files_of('pack.b'))
    packages, said = added(where, a, b)
    eq([(p['name'], p['version'], p['written'] + p['same'], p['failed']) for p in packages],
       [('pack.a', '1.0.0', 2, 0), ('pack.b', '1.0.0', 2, 0)], 'definitions of both forms, no examples')
    eq(said, '', 'nothing to say')
    eq(listed(where), {('pack.a', '1.0.0'): 2, ('pack.b', '1.0.0'): 2}, 'the list')
    ok(ask('ValueSet/a-pack.a') and ask('ValueSet/a-pack.b') and ask('CodeSystem/shared'), 'stored under their ids')
    ok(not ask('Patient/x-pack.a') and not ask('ValueSet/e-pack.a'), 'examples are left out')
    before = ask('ValueSet/a-pack.a')['meta']['versionId']
    eq([p['written'] + p['same'] for p in added(where, a)[0]], [2], 'again')
    eq(ask('ValueSet/a-pack.a')['meta']['versionId'], before, 'again: nothing changes')
    eq([p['written'] + p['same'] for p in added(where, a, '--examples')[0]], [4], 'with examples')
    ok(ask('Patient/x-pack.a') and ask('ValueSet/e-pack.a'), 'examples are there')
    other = tgz(scratch + '/other.tgz', {
        'package/package.json': manifest('pack.c', '2.0.0', **{'pack.a': '1.0.x', 'gone.z': '3.0.0', 'pack.b': '9.9.9',
                                                               'hl7.fhir.r4.core': '4.0.1'}),
        'package/a.json': value_set('a-pack.a', 'elsewhere'), 'package/b.json': value_set('b', 'first'),
        'package/c.json': value_set('b', 'second'), 'package/d.json': value_set('dd', 'second'),
        'package/e.json': b'{"resourceType":"ValueSet"', 'package/f.json': value_set('f', status='unheard-of'),
        'package/g.json': value_set('with_underscore'), 'package/h.xml': XML, 'package/i.json': value_set('n' * 70)})
    packages, said = added(where, other, status=1)
    eq((packages[0]['written'], packages[0]['failed']), (6, 3), 'what can be taken is')
    for words in (r'd\.json: the same definition .* stands in package/c\.json', r'e\.json: ', r'f\.json: ValueSet\.status',
                  r'needs gone\.z 3\.0\.0, which the node does not have', r'needs pack\.b 9\.9\.9; .* 1\.0\.0'):
        within(said, words, 'told')
    ok('pack.a 1.0' not in said and 'core' not in said, 'what is there is no warning')
    eq(ask('ValueSet/a-pack.a')['url'], BASE + 'ValueSet/a-pack.a', 'what had the id keeps it')
    eq(ask('ValueSet/b')['url'], BASE + 'ValueSet/first', 'the first of two has the id')
    added(where, other, status=1)
    eq(listed(where)[('pack.c', '2.0.0')], 6, 'derived ids stay')
    run('package', 'remove', where, 'pack.a')
    ok(not ask('ValueSet/a-pack.a') and not ask('Patient/x-pack.a'), 'gone with the package')
    ok(ask('CodeSystem/shared'), 'what another package has stays')
    run('package', 'remove', where, 'pack.b@1.0.0')
    ok(not ask('CodeSystem/shared') and not ask('ValueSet/a-pack.b'), 'gone with the last')
    run('package', 'remove', where, 'pack.c@1.0.0', status=3)
    run('package', 'remove', where, 'pack.c')
    eq(listed(where), {}, 'no packages')


def test_over_http(node):
    def ask(path):
        reply = node.get(path)
        return reply.json if reply.status == 200 else None
    with kith.scratch() as scratch:
        everything(node.fhir, ask, scratch)


def test_into_a_folder(node):
    with kith.scratch() as scratch:
        store = fresh(scratch + '/node')

        def ask(path):
            out = os.path.join(scratch, 'out%d' % len(os.listdir(scratch)))
            run('export', store, out)
            name = os.path.join(out, path.split('/')[0] + '.ndjson')
            lines = open(name, encoding='utf-8').read().splitlines() if os.path.exists(name) else []
            return next((r for r in map(json.loads, lines) if r['id'] == path.split('/')[1]), None)
        everything(store, ask, scratch)
        run('check', store)


def test_refused(node):
    """Archives that reach outside, are damaged or are none; words that say nothing."""
    with kith.scratch() as scratch:
        good = open(tgz(scratch + '/good.tgz', files_of('p')), 'rb').read()
        for name, content in {'cut.tgz': good[:-20], 'none.tgz': b'{}'}.items():
            folder(scratch, {name: content})
            run('package', 'add', node.fhir, scratch + '/' + name, status=3)
        out = tgz(scratch + '/out.tgz', {'package/package.json': manifest('p', '1'), 'package/../../v.json': value_set('v')})
        within(run('package', 'add', node.fhir, out, status=3).stderr, r'\.\. in its name', 'why')
        run('package', 'add', node.fhir, scratch + '/nothing', status=3)
        run('package', 'add', node.fhir, folder(scratch + '/empty', {'x/readme.txt': b''}), status=3)
        run('package', 'add', node.fhir, scratch + '/good.tgz', '--name', 'a b', status=2)
        run('package', 'add', node.fhir, status=2)
        run('package', 'drop', node.fhir, status=2)
        eq(listed(node.fhir), {}, 'nothing was recorded')
        eq(node.total('ValueSet?url=' + BASE + 'ValueSet/v'), 0, 'nothing was stored')


def test_another_owner(node):
    """A resource without url that came with no package is not overwritten."""
    with kith.scratch() as scratch:
        node.put('Patient/mine', patient('Mine', id='mine')).is_(201)
        dir = folder(scratch + '/p', {'package.json': manifest('p', '1'), 'mine.json': patient('Theirs', id='mine'),
                                      'v.json': value_set('v')})
        packages, said = added(node.fhir, dir, '--examples', status=1)
        within(said, r'mine\.json: the node has another resource as Patient/mine', 'told')
        eq(node.get('Patient/mine').json['name'][0]['family'], 'Mine', 'left as it is')
        run('package', 'remove', node.fhir, 'p')
        eq(node.get('Patient/mine').status, 200, 'and stays')


def test_uk_core(node):
    """All of UK Core but the one file that is broken."""
    archive = os.path.join(os.environ.get('KITH_DATA', '../shared/data'), UKCORE)
    if not os.path.exists(archive):
        print('skipped: %s is not there (KITH_DATA)' % archive)
        return
    with kith.scratch() as scratch:
        subprocess.run(['tar', '-xJf', archive, '-C', scratch], check=True)
        packages, said = added(node.fhir, scratch + '/ukcore-definitions', '--name', 'uk.core', '--package-version', '2025.06',
                               status=1)
        eq((packages[0]['written'], packages[0]['failed']), (335, 1), 'files')
        within(said, r'EthnicCategoryScotland\.xml: line 38: ', 'the broken one')
        eq(listed(node.fhir), {('uk.core', '2025.06'): 335}, 'listed')
        eq(node.get('StructureDefinition/UKCore-Patient').status, 200, 'a profile')
        run('package', 'remove', node.fhir, 'uk.core')
        eq(node.total('StructureDefinition'), 0, 'gone')


kith.main(globals())
