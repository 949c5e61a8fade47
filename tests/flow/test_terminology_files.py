"""kith terminology: releases of code systems added to a node's folder, listed, removed; what is wrong is told."""

import json
import os
import shutil
import tempfile
import time
import urllib.parse

import kith
from kith import eq, run, within

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'samples', 'terminology')
SCT = 'http://snomed.info/sct'
EDITION = SCT + '/999000991000000105/version/20260101'


def listed(node, status=0):
    lines = run('terminology', 'list', node.dir, '--json', status=status).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_add_list_remove(node):
    eq(listed(node), [], 'nothing is there at first')
    done = run('terminology', 'add', node.dir, DEMO + '/snomed', '--fragment', '--json')
    eq(json.loads(done.stdout), {'added': True, 'kind': 'snomed', 'version': EDITION, 'passedOver': 0}, 'SNOMED CT')
    for kind in ('loinc', 'dmd'):
        within(run('terminology', 'add', node.dir, DEMO + '/' + kind, '--fragment', '--version', 'demo').stdout,
               'version demo', kind)
    eq([(i['system'], i['version']) for i in listed(node)],
       [('http://loinc.org', 'demo'), (SCT, EDITION), ('https://dmd.nhs.uk', 'demo')], 'three, by system')
    run('terminology', 'add', node.dir, DEMO + '/loinc', '--version', 'demo')
    run('terminology', 'add', node.dir, DEMO + '/loinc', '--version', 'later')
    eq([i['version'] for i in listed(node) if i['system'] == 'http://loinc.org'], ['later', 'demo'],
       'the same version is replaced, another stands beside it')
    eq(json.loads(run('terminology', 'remove', node.dir, 'http://loinc.org|demo', '--json').stdout), {'removed': 1},
       'one version')
    eq(json.loads(run('terminology', 'remove', node.dir, 'http://loinc.org', '--json').stdout), {'removed': 1}, 'the rest')
    within(run('terminology', 'remove', node.dir, 'http://loinc.org', status=3).stderr, 'terminology list', 'none is left')
    folder = os.path.join(node.dir, 'terminology')
    eq([f for f in os.listdir(folder) if f.startswith('.')], [], 'nothing is left aside')


def test_search(node):
    """Hierarchies and value sets of a release count in searches, though they are no resources."""
    run('terminology', 'add', node.dir, DEMO + '/snomed')
    time.sleep(1.1)  # a node looks at its folder once a second
    for name, code in (('type2', '44054006'), ('diabetes', '73211009'), ('asthma', '195967001')):
        node.create({'resourceType': 'Condition', 'id': name, 'subject': {'display': 'someone'},
                     'code': {'coding': [{'system': SCT, 'code': code}]}})
    node.create({'resourceType': 'ValueSet', 'id': 'sugar', 'url': 'http://example.org/sugar', 'status': 'active', 'compose': {'include': [
        {'system': SCT, 'filter': [{'property': 'concept', 'op': 'descendent-of', 'value': '73211009'}]}]}})
    implicit = urllib.parse.quote(SCT + '?fhir_vs=ecl/<< 73211009')
    for query, expected in (('code:below=%s|73211009' % SCT, 'diabetes type2'), ('code:above=%s|44054006' % SCT, 'diabetes type2'),
                            ('code:in=' + implicit, 'diabetes type2'), ('code:not-in=' + implicit, 'asthma'),
                            ('code:in=ValueSet/sugar', 'type2'), ('code:in=http://example.org/sugar', 'type2')):
        found = node.get('Condition?' + query).json.get('entry', [])
        eq(sorted(e['resource']['id'] for e in found), expected.split(), query)
    node.get('Condition?code:below=%s|12345678' % SCT).refused(404, 'not-found', '12345678')
    node.get('Condition?code:below=http://example.org/none|1').refused(404, 'not-found', 'example.org/none')


def test_what_is_wrong(node):
    with tempfile.TemporaryDirectory() as folder:
        copy = folder + '/release'
        shutil.copytree(DEMO + '/snomed', copy)
        concepts = copy + '/Snapshot/Terminology/sct2_Concept_Snapshot_DEMO_20260101.txt'
        with open(concepts, 'a') as f:
            f.write('12\t20260101\t1\t999000991000000105\t900000000000074008\r\n')
        done = run('terminology', 'add', node.dir, copy, status=1)
        within(done.stderr, r'sct2_Concept_Snapshot_DEMO_20260101.txt, line 52: passed over', 'file and line')
        with open(concepts, 'w') as f:
            f.write('nonsense\n')
        within(run('terminology', 'add', node.dir, copy, status=3).stderr, 'line 1: the columns', 'a header')
    within(run('terminology', 'add', node.dir, DEMO, '--version', 'x', status=3).stderr, '--kind', 'two kinds at once')
    within(run('terminology', 'add', node.dir, DEMO + '/loinc', status=3).stderr, '--version', 'LOINC without its version')
    within(run('terminology', 'add', node.dir, tempfile.gettempdir() + '/none-such', status=3).stderr, 'none-such', 'no file')
    within(run('terminology', 'add', node.dir, '--kind', 'ucum').stdout, 'built in', 'UCUM')
    run('terminology', 'frob', node.dir, status=2)
    run('terminology', 'add', node.dir, DEMO, '--kind', 'frob', status=2)


def test_damage(node):
    run('terminology', 'add', node.dir, DEMO + '/dmd', '--version', 'cut')
    folder = os.path.join(node.dir, 'terminology')
    for name in os.listdir(folder):
        if name.startswith('dmd'):
            os.truncate(os.path.join(folder, name), 5000)
    done = run('terminology', 'list', node.dir, status=1)
    within(done.stdout, 'cut off', 'a file that was cut is told')
    run('terminology', 'add', node.dir, DEMO + '/dmd', '--version', 'cut')
    whole = [i for i in listed(node, status=None) if i.get('version') == 'cut' and 'wrong' not in i]
    eq(len(whole), 1, 'and is made anew')
    run('terminology', 'remove', node.dir, 'https://dmd.nhs.uk')
    with open(os.path.join(folder, 'x.codes'), 'w') as f:
        f.write('nonsense')
    run('terminology', 'list', node.dir, status=1)
    run('terminology', 'remove', node.dir, 'x.codes')
    run('terminology', 'list', node.dir)


kith.main(globals())
