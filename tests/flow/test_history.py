"""history of an instance, a type and the system (R4 http.html#history)."""

import datetime
import threading
import time

import kith
from kith import eq, observation, ok, patient, within


def instants(bundle):
    return [e['response']['lastModified'] for e in bundle['entry']]


def test_nothing_yet(node):
    empty = node.get('_history')
    empty.is_(200)
    eq((empty.json['type'], empty.json['total'], empty.json.get('entry')), ('history', 0, None), 'an empty history')
    eq(node.get('Patient/_history').json['total'], 0, 'of a type too')
    node.get('Patient/never/_history').refused(404, 'not-found')


def test_instance(node):
    node.put('Patient/h', patient('One', id='h')).is_(201)
    node.put('Patient/h', patient('Two', id='h')).is_(200)
    node.delete('Patient/h').is_(204)
    node.put('Patient/h', patient('Four', id='h')).is_(201)
    r = node.get('Patient/h/_history')
    r.is_(200)
    b = r.json
    eq((b['resourceType'], b['type'], b['total']), ('Bundle', 'history', 4), 'a history of four')
    eq([e['response']['etag'] for e in b['entry']], ['W/"%d"' % n for n in (4, 3, 2, 1)], 'newest first')
    eq([e['request']['method'] for e in b['entry'][:3]], ['PUT', 'DELETE', 'PUT'], 'methods')
    eq([e['request']['url'] for e in b['entry'][:3]], ['Patient/h'] * 3, 'urls (bdl-3)')
    first = b['entry'][3]['request']
    ok((first['method'], first['url']) in (('PUT', 'Patient/h'), ('POST', 'Patient')), 'how it began', first)
    eq([e['response']['status'][:3] for e in b['entry'][1:]], ['204', '200', '201'], 'statuses')
    eq([e.get('resource', {}).get('name', [{}])[0].get('family') for e in b['entry']], ['Four', None, 'Two', 'One'],
       'resources; none of a deletion (bdl-4)')
    eq({e['fullUrl'] for e in b['entry']}, {node.fhir + '/Patient/h'}, 'fullUrl')
    eq(sorted(instants(b), reverse=True), instants(b), 'lastModified goes back in time')
    for e in b['entry']:
        within(e['response']['lastModified'], kith.INSTANT.pattern, 'lastModified')
        ok('search' not in e, 'no search in a history (bdl-2)')
        if 'resource' in e:
            eq('W/"%s"' % e['resource']['meta']['versionId'], e['response']['etag'], 'versionId')
            eq(e['resource']['meta']['lastUpdated'], e['response']['lastModified'], 'lastUpdated')
    within(r.link('self'), '/Patient/h/_history', 'self')
    ok(node.request('HEAD', 'Patient/h/_history').status == 200, 'HEAD')


def test_paging(node):
    for n in range(25):
        node.put('Patient/p', patient('N%d' % n, id='p'))
    pages = node.pages('Patient/p/_history?_count=7')
    eq([len(p.json['entry']) for p in pages], [7, 7, 7, 4], 'pages of 7')
    eq([e['response']['etag'] for p in pages for e in p.json['entry']], ['W/"%d"' % n for n in range(25, 0, -1)], 'all of them')
    eq({p.json['total'] for p in pages}, {25}, 'total on each page')
    ok(pages[-1].link('next') is None, 'the last page has no next')
    zero = node.get('Patient/p/_history?_count=0')
    zero.is_(200)
    eq((zero.json['total'], zero.json.get('entry'), zero.link('next')), (25, None, None), '_count=0 counts only')
    one = node.get('Patient/p/_history?_count=99999')
    eq(len(one.json['entry']), 25, 'a large _count')


def test_paging_while_writing(node):
    """What was there at the first page comes exactly once, whatever is written meanwhile."""
    before = {(e['fullUrl'], e['response']['etag']) for p in node.pages('_history') for e in p.json['entry']}
    stop = threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            n += 1
            node.put('Patient/w%d' % (n % 7), patient('W%d' % n, id='w%d' % (n % 7)))
            node.put('Patient/p', patient('W%d' % n, id='p'))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        got = []
        path = '_history?_count=3'
        while path:
            page = node.get(path)
            if not page.is_(200):
                break
            got += [(e['fullUrl'], e['response']['etag']) for e in page.json['entry']]
            path = page.link('next')
            time.sleep(0.005)
    finally:
        stop.set()
        writer.join()
    eq(len(got), len(set(got)), 'nothing twice')
    eq(before - set(got), set(), 'nothing lost')


def test_type_and_system(node):
    node.create(observation('Patient/h', id='o1'))
    types = {e['fullUrl'].split('/')[-2] for p in node.pages('Patient/_history?_count=50') for e in p.json['entry']}
    eq(types, {'Patient'}, 'a type has its own')
    everything = node.get('_history?_count=2')
    eq(everything.json['entry'][0]['fullUrl'], node.fhir + '/Observation/o1', 'the system has all, newest first')
    total = sum(node.get(t + '/_history?_count=0').json['total'] for t in ('Patient', 'Observation'))
    eq(everything.json['total'], total, 'total of the system is that of its types')
    deleted = [e for p in node.pages('Patient/_history?_count=50') for e in p.json['entry']
               if e['request']['method'] == 'DELETE']
    eq(len(deleted), 1, 'deletions are in it')
    node.delete('Observation/o1').is_(204)
    eq(node.get('Observation/_history').json['total'], 2, 'a deletion is counted')


def plus(instant, **step):
    t = datetime.datetime.fromisoformat(instant.replace('Z', '+00:00')) + datetime.timedelta(**step)
    return t.isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def test_since_and_at(node):
    at = []
    for n in range(4):
        at.append(node.put('Patient/t', patient('T%d' % n, id='t')).json['meta']['lastUpdated'])
        time.sleep(0.02)

    def versions(query):
        r = node.get('Patient/t/_history?' + query)
        r.is_(200, query)
        return [e['response']['etag'] for e in r.json.get('entry', [])]

    v = ['W/"%d"' % n for n in range(5)]
    # _since: versions at or after it. _at: what was current at some time during it.
    table = [
        ('_since=' + at[2], [v[4], v[3]]),
        ('_since=' + plus(at[2], milliseconds=1), [v[4]]),
        ('_since=' + plus(at[3], seconds=1), []),
        ('_since=2001', [v[4], v[3], v[2], v[1]]),
        ('_since=2001-01-01T00:00:00%2B01:00', [v[4], v[3], v[2], v[1]]),
        ('_at=' + plus(at[1], milliseconds=5), [v[2]]),
        ('_at=' + at[0], [v[1]]),
        ('_at=' + plus(at[3], days=1), [v[4]]),
        ('_at=2001', []),
        ('_at=' + at[0][:4], [v[4], v[3], v[2], v[1]]),
    ]
    for query, expected in table:
        eq(versions(query), expected, query)
    first = node.get('Patient/t/_history?_count=1&_since=' + at[1])
    within(first.link('next'), '_since', 'the next link keeps _since')
    eq(len(node.pages('Patient/t/_history?_count=1&_since=' + at[1])), 3, '_since holds on every page')


def test_refused(node):
    for path in ('Patient/t/_history?_since=yesterday', 'Patient/t/_history?_count=-1', 'Patient/t/_history?_count=x',
                 'Patient/t/_history?_page=xyz', 'Patient/t/_history?_page=', 'Patient/t/_history?name=x',
                 'Patient/_history?_at=32', '_history?_sort=_lastUpdated', 'Patient/t/_history?_since='):
        node.get(path).refused(400)
    link = node.get('Patient/t/_history?_count=1').link('next')
    node.get(link[:-2] + ('AA' if link[-2:] != 'AA' else 'BB')).refused(400, 'invalid', 'next')
    token = link.split('_page=')[1]
    node.get('Patient/p/_history?_count=1&_page=' + token).refused(400, 'invalid', 'next')
    node.get('_history?_since=2001&_since=2099').refused(400, None, 'twice')


kith.main(globals())
