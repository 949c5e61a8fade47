"""$export and $import: the rules of the Bulk Data Access guide, one by one, and what Kith promises beyond them."""

import gzip
import json
import os
import socket
import threading
import time

import kith
from kith import eq, ok, within

ASYNC = {'Prefer': 'respond-async'}


def kick_off(node, path, body=None, method=None, status=202, **headers):
    reply = node.request(method or ('POST' if body is not None else 'GET'), path, body, **dict(ASYNC, **headers))
    reply.is_(status)
    return reply


def wait(node, reply, seconds=30):
    """Polls as the guide says; returns the last reply of the status address."""
    at = reply.headers['Content-Location']
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = node.get(at)
        if state.status != 202:
            return state
        ok(len(state.headers['X-Progress']) <= 100, 'X-Progress is short', state.headers['X-Progress'])
        ok(int(state.headers['Retry-After']) > 0, 'Retry-After in seconds')
        time.sleep(0.02)
    ok(False, 'the job ended in time')
    return state


def manifest(node, path, body=None, **headers):
    state = wait(node, kick_off(node, path, body, **headers))
    state.is_(200)
    eq(state.headers['Content-Type'], 'application/json', 'the manifest is plain JSON')
    within(state.headers['Expires'], r'^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$', 'Expires')
    m = state.json
    within(m['transactionTime'], kith.INSTANT, 'transactionTime')
    eq(m['requiresAccessToken'], True, 'requiresAccessToken')
    for member in ('output', 'error') + (() if 'extension' in m else ('deleted',)):
        ok(isinstance(m[member], list), member + ' is a list')
    return m


def lines(node, item):
    reply = node.get(item['url'], Accept='application/fhir+ndjson')
    reply.is_(200)
    eq(reply.headers['Content-Type'], 'application/fhir+ndjson', 'type of a file')
    ok(reply.body.endswith(b'\n'), 'the last line is whole')
    found = [json.loads(line) for line in reply.body.splitlines()]
    eq(len(found), item['count'], 'count of %s' % item['url'])
    ok(all(r['resourceType'] == item['type'] for r in found), 'one type a file')
    return found


def everything(node, m):
    found = {}
    for item in m['output']:
        for r in lines(node, item):
            name = '%s/%s' % (r['resourceType'], r['id'])
            ok(name not in found, '%s is exported once' % name)
            found[name] = r
    return found


def export(node, path='$export', body=None, **headers):
    m = manifest(node, path, body, **headers)
    return m, everything(node, m)


def deleted(node, m):
    return sorted(e['request']['url'] for item in m['deleted'] for b in lines(node, item) for e in b['entry'])


# --- kick-off -------------------------------------------------------------------------------------


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'org', 'name': 'Mill Lane'})
    for p in 'abc':
        node.create(kith.patient(id=p, managingOrganization={'reference': 'Organization/org'}))
        for i in range(3):
            node.create(kith.observation('Patient/' + p, id='%s%d' % (p, i),
                                         status='final' if i else 'preliminary'))
    node.create(kith.observation(None, id='nobody'))
    node.create({'resourceType': 'RelatedPerson', 'id': 'rel', 'patient': {'reference': 'Patient/a'}})
    node.create({'resourceType': 'Appointment', 'id': 'both', 'status': 'proposed', 'participant': [
        {'actor': {'reference': 'Patient/a'}, 'status': 'accepted'},
        {'actor': {'reference': 'Patient/b'}, 'status': 'accepted'}]})
    node.create({'resourceType': 'Group', 'id': 'g', 'type': 'person', 'actual': True, 'member': [
        {'entity': {'reference': 'Patient/a'}}, {'entity': {'reference': 'Patient/b'}},
        {'entity': {'reference': 'Patient/c'}, 'inactive': True}, {'entity': {'reference': 'Patient/gone'}}]})


def test_prefer_is_needed(node):
    for path in ('$export', 'Patient/$export', 'Group/g/$export'):
        node.get(path).refused(400, 'required', 'Prefer: respond-async')
    node.post('$import', {'resourceType': 'Parameters'}).refused(400, 'required', 'Prefer: respond-async')


def test_kick_off(node):
    reply = kick_off(node, '$export')
    within(reply.headers['Content-Location'], r'^http://.*/fhir/_jobs/[0-9a-f]{32}$', 'absolute, unguessable address')
    eq(reply.json['resourceType'], 'OperationOutcome', 'a word of explanation')
    node.get('$export', Accept='text/html', **ASYNC).refused(406)
    node.put('$export', {}, **ASYNC).refused(405)
    node.get('$import', **ASYNC).refused(405)
    node.get('Patient/a/$export', **ASYNC).refused(400, 'not-supported')
    node.get('Group/none/$export', **ASYNC).refused(404)
    bundle = kith.bundle('batch', kith.entry('GET', '$export'))
    eq(node.post('', bundle).json['entry'][0]['response']['status'][:3], '400', 'not within a batch')


def test_parameters_that_are_wrong(node):
    for query, words in (('_outputFormat=text/csv', '_outputFormat'), ('_since=yesterday', '_since'),
                         ('_type=Patient,Nonsense', 'Nonsense'), ('_type=' + 'x' * 59 + '%C3%A9', "'x{59}'"),
                        ('_typeFilter=Patient', '_typeFilter'),
                         ('_typeFilter=Patient%3Fnonsense%3D1', 'nonsense'), ('_elements=nonsense', 'nonsense'),
                         ('_elements=Patient.status', 'Patient.status'), ('_elements=Nonsense.id', 'Nonsense.id'),
                         ('_type=Patient&_elements=status', 'status'), ('_elements=name.family', 'name.family'),
                         ('_typeFilter=Patient%3F_count%3D1', '_count'), ('includeAssociatedData=x', 'includeAssociatedData'),
                         ('_type=Patient&_typeFilter=Observation%3Fstatus%3Dfinal', 'Observation'),
                         ('patient=Patient/a', 'patient'), ('nonsense=1', 'nonsense')):
        node.get('$export?' + query, **ASYNC).refused(400, None, words)
    node.get('Patient/$export?_type=Organization', **ASYNC).refused(400, 'not-supported', 'Organization')
    for format in ('application/fhir%2Bndjson', 'application/ndjson', 'ndjson', 'application/fhir+ndjson'):
        wait(node, kick_off(node, '$export?_outputFormat=' + format)).is_(200)


def test_lenient_leaves_out_and_says_so(node):
    m, found = export(node, '$export?includeAssociatedData=LatestProvenanceResources&_type=Organization', Prefer='respond-async, handling=lenient')
    eq(list(found), ['Organization/org'], 'the rest is done')
    eq(len(m['error']), 1, 'a file of outcomes')
    within(json.dumps(lines(node, m['error'][0])), 'includeAssociatedData', 'names what was left out')


def test_metadata(node):
    rest = node.get('metadata').json['rest'][0]
    eq({o['name'] for o in rest['operation']} & {'export', 'import', 'meta'}, {'export', 'import', 'meta'}, 'operations of the system')
    for type in ('Patient', 'Group'):
        r = [r for r in rest['resource'] if r['type'] == type][0]
        ok('export' in {o['name'] for o in r['operation']}, type + ' has $export')
    ok(node.get('metadata').json['instantiates'], 'says which guide it follows')


# --- what is exported -----------------------------------------------------------------------------


def test_system(node):
    before = time.time()
    m, found = export(node)
    ok(abs(time.mktime(time.strptime(m['transactionTime'][:19], '%Y-%m-%dT%H:%M:%S')) - time.timezone - before) < 5,
       'transactionTime is the time of the kick-off', m['transactionTime'])
    eq(len(found), 1 + 3 + 9 + 1 + 1 + 1 + 1, 'everything')
    within(m['request'], r'/fhir/\$export$', 'the request')
    for name in ('Patient/a', 'Observation/a0', 'Organization/org'):
        eq(found[name], node.get(name).json, name + ' as it is read')


def test_types(node):
    m, found = export(node, '$export?_type=Patient,Organization')
    eq({i['type'] for i in m['output']}, {'Patient', 'Organization'}, 'only these')
    eq(len(found), 4, 'all of them')
    eq(export(node, '$export?_type=Device')[0]['output'], [], 'no file where there is nothing')
    eq(len(export(node, '$export?_type=Patient&_type=Group')[1]), 4, 'repeated')


def test_by_post(node):
    body = {'resourceType': 'Parameters', 'parameter': [
        {'name': '_type', 'valueString': 'Patient'}, {'name': '_outputFormat', 'valueString': 'application/fhir+ndjson'},
        {'name': '_since', 'valueInstant': '2020-01-01T00:00:00Z'}]}
    eq(len(export(node, '$export', body)[1]), 3, 'parameters in the body')
    node.post('$export', kith.patient(), **ASYNC).refused(400, 'invalid', 'Parameters')


def test_patients(node):
    found = export(node, 'Patient/$export')[1]
    ok('Organization/org' not in found and 'Observation/nobody' not in found, 'records of patients only')
    eq(len(found), 3 + 9 + 1 + 1 + 1, 'all of them; a group is part of its members\' records')
    body = {'resourceType': 'Parameters', 'parameter': [{'name': 'patient', 'valueReference': {'reference': 'Patient/b'}}]}
    found = export(node, 'Patient/$export', body)[1]
    eq(sorted(found), ['Appointment/both', 'Group/g', 'Observation/b0', 'Observation/b1', 'Observation/b2', 'Patient/b'], 'one of them')
    body['parameter'][0]['valueReference']['reference'] = 'Patient/none'
    kick_off(node, 'Patient/$export', body, status=404)


def test_group(node):
    m, found = export(node, 'Group/g/$export')
    eq(sorted(n for n in found if n.startswith('Patient')), ['Patient/a', 'Patient/b'], 'its members that are active')
    ok('Appointment/both' in found, 'what belongs to two of them stands there once')
    eq(len(found), 2 + 6 + 1 + 1 + 1, 'their records')
    within(json.dumps(lines(node, m['error'][0])), 'Patient/gone', 'a member who is not here is named')
    body = {'resourceType': 'Parameters', 'parameter': [{'name': 'patient', 'valueReference': {'reference': 'Patient/b'}}]}
    ok('Patient/a' not in export(node, 'Group/g/$export', body)[1], 'a part of the group')
    body['parameter'][0]['valueReference']['reference'] = 'Patient/c'
    kick_off(node, 'Group/g/$export', body, status=404).refused(404, None, 'not a member')


def test_type_filter(node):
    found = export(node, '$export?_typeFilter=Observation%3Fstatus%3Dpreliminary')[1]
    eq(sorted(n for n in found if n.startswith('Obs')), ['Observation/a0', 'Observation/b0', 'Observation/c0'], 'narrows')
    ok('Patient/a' in found, 'types without a filter are whole')
    found = export(node, '$export?_type=Observation,Patient&_typeFilter=' +
                   'Observation%3Fstatus%3Dpreliminary%26patient%3Da,Observation%3F_id%3Db1,Patient%3F_id%3Da,c')[1]
    eq(sorted(found), ['Observation/a0', 'Observation/b1', 'Patient/a', 'Patient/c'], 'several are an OR; commas within too')
    found = export(node, '$export?_type=Observation&_typeFilter=Observation%3F_id%3Da1&_typeFilter=Observation%3F_id%3Da2')[1]
    eq(sorted(found), ['Observation/a1', 'Observation/a2'], 'repeated')


def test_type_filter_by_time(node):
    """_lastUpdated is a criterion like others."""
    changed = node.get('Patient/b').json['meta']['lastUpdated'].replace('+', '%2B')
    found = export(node, '$export?_type=Patient&_typeFilter=Patient%3F_lastUpdated%3Dgt' + changed.replace('%', '%25'))[1]
    eq(sorted(found), ['Patient/c'], 'later ones')
    found = export(node, '$export?_type=Patient&_typeFilter=Patient%3F_lastUpdated%3Dle' + changed.replace('%', '%25'))[1]
    eq(sorted(found), ['Patient/a', 'Patient/b'], 'the others')


def test_elements(node):
    whole = export(node)[1]
    found = export(node, '$export?_elements=Patient.name,status,Group.member')[1]
    eq(sorted(found), sorted(whole), 'no resource is missing')
    for name, r in found.items():
        ok(any(t['code'] == 'SUBSETTED' for t in r['meta']['tag']), name + ' says that it is a part', r)
        eq({k: v for k, v in r.items() if k != 'meta'},
           {k: v for k, v in whole[name].items() if k in r and k != 'meta'}, name + ': what stays is as it was')
    eq(set(found['Patient/a']), {'resourceType', 'id', 'meta', 'name'}, 'as named for the type')
    eq(set(found['Observation/a0']), {'resourceType', 'id', 'meta', 'status', 'code'}, 'a name for all, and what must be there')
    eq(set(found['Organization/org']), {'resourceType', 'id', 'meta'}, 'nothing is named for it')
    ok('member' in found['Group/g'] and 'actual' in found['Group/g'], 'members of the group')
    body = {'resourceType': 'Parameters', 'parameter': [{'name': '_elements', 'valueString': 'Observation.subject'},
                                                        {'name': '_typeFilter', 'valueString': 'Observation?_id=a1'},
                                                        {'name': '_type', 'valueString': 'Observation'}]}
    found = export(node, '$export', body)[1]
    eq({n: set(r) for n, r in found.items()}, {'Observation/a1': {'resourceType', 'id', 'meta', 'status', 'code', 'subject'}},
       'a filter looks at the whole')


def test_since_is_a_chain(node):
    m, all = export(node)
    eq(export(node, '$export?_since=' + m['transactionTime'])[1], {}, 'nothing has changed since')
    changed = dict(node.get('Patient/a').json, active=True)
    node.put('Patient/a', changed)
    node.create(kith.observation('Patient/a', id='new'))
    node.delete('Observation/c2')
    node.create(kith.observation('Patient/a', id='brief'))
    node.delete('Observation/brief')
    m2, found = export(node, '$export?_since=' + m['transactionTime'])
    eq(sorted(found), ['Observation/new', 'Patient/a'], 'what has changed since')
    eq(deleted(node, m2), ['Observation/brief', 'Observation/c2'], 'what was deleted since')
    b = lines(node, m2['deleted'][0])[0]
    eq(b['type'], 'transaction', 'deletions can be played elsewhere')
    eq(node.post('', b).status, 200, 'and are accepted here')
    m3, found = export(node, '$export?_since=' + m2['transactionTime'])
    eq((found, m3['deleted']), ({}, []), 'a chain repeats nothing')
    ok('Observation/c2' not in export(node)[1] and not export(node)[0]['deleted'], 'a full one knows no deletions')


def test_nothing_of_later(node):
    """While others write, an export is one moment: what it has is what was current then."""
    stop = threading.Event()
    count = [0]

    def write():
        while not stop.is_set():
            i = count[0] = count[0] + 1
            node.put('Patient/w%d' % (i % 7), kith.patient('V%06d' % i, id='w%d' % (i % 7)))
            if i % 5 == 0:
                node.put('Observation/m', kith.observation('Patient/w%d' % (i % 3), id='m', valueString='V%06d' % i))
            if i % 11 == 0:
                node.delete('Patient/w6')

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while count[0] < 14:
            time.sleep(0.01)
        for _ in range(15):
            time.sleep(0.05)
            m, found = export(node)
            names = sorted(n for n in found if n.startswith('Patient/w'))
            ok(len(names) >= 5, 'all that were there', names)
            for name, r in found.items():
                ok(r['meta']['lastUpdated'] <= m['transactionTime'], name + ' is not of later', r['meta'])
            numbers = {int(found[n]['name'][0]['family'][1:]) for n in names}
            last = max(numbers)
            for n in numbers - {last}:
                ok(last - n < 7 + 11, 'what was current then', sorted(numbers))
            history = {e['resource']['meta']['versionId']: e['resource']
                       for n in names[:2] for e in node.get(n + '/_history').json['entry'] if 'resource' in e}
            ok(history, 'there is a history')
    finally:
        stop.set()
        thread.join()
    ok(count[0] > 50, 'it was written to meanwhile', count)


# --- files ----------------------------------------------------------------------------------------


def test_files(node):
    m = manifest(node, '$export?_type=Observation')
    url = m['output'][0]['url']
    plain = node.get(url)
    packed = node.get(url, Accept_Encoding='gzip')
    eq(packed.headers['Content-Encoding'], 'gzip', 'gzip where it is accepted')
    ok(not plain.headers.get('Content-Encoding'), 'plain where it is not')
    eq(gzip.decompress(packed.body), plain.body, 'the same bytes')
    within(packed.headers['Vary'], 'Accept-Encoding', 'Vary')
    eq(packed.headers['Cache-Control'], 'no-store', 'nobody keeps a copy on the way')
    job = url.rsplit('/', 1)[0]
    for name in ('state.json', 'job.json', '../' + url.split('/')[-2] + '/job.json', '..%2f..%2fkith.db', '.ndjson', 'x.ndjson',
                 '%2e%2e%2fObservation.1.ndjson', 'Observation.1.ndjson.gz'):
        node.get(job + '/' + name).refused(404)
    node.delete(url).refused(405)
    node.request('HEAD', url).is_(200)


def test_delete(node):
    reply = kick_off(node, '$export')
    at = reply.headers['Content-Location']
    url = wait(node, reply).json['output'][0]['url']
    node.delete(at).is_(202)
    node.get(at).refused(404)
    node.get(url).refused(404)
    node.delete(at).refused(404)
    node.get('_jobs/' + '0' * 32).refused(404)
    node.get('_jobs/..').refused(404)
    node.get('_jobs').refused(404)
    at = kick_off(node, '$export').headers['Content-Location']
    node.delete(at).is_(202)  # perhaps while it runs
    node.get(at).refused(404)
    ok(not [n for n in os.listdir(node.dir + '/jobs') if at.endswith(n)], 'its folder is gone')


def entries(node):
    """Of the access log, oldest first."""
    return [e['event'] for e in map(json.loads, reversed(kith.run('audit', 'list', node.dir, '--json').stdout.splitlines()))]


def test_whose_job_it_is(node):
    """A program's export holds what its scopes let it see, and is nobody else's, also after a restart."""
    one, other = (kith.token_of(node.dir, '--scope', 'system/Observation.rs', '--name', name) for name in ('one', 'other'))
    mine = {'Authorization': 'Bearer ' + one}
    theirs = {'Authorization': 'Bearer ' + other}
    before = len(entries(node))
    at = kick_off(node, '$export', **mine).headers['Content-Location']
    for _ in range(500):
        node.get(at, **theirs).refused(404, 'not-found')
        state = node.get(at, **mine)
        if state.status != 202:
            break
        time.sleep(0.02)
    state.is_(200)
    m = state.json
    eq({o['type'] for o in m['output']}, {'Observation'}, 'what the scope is about')
    url = m['output'][0]['url']
    ok(lines(node, m['output'][0]), 'the administrator fetches it, too')
    told = [e for e in entries(node)[before:] if e['kind'] == 'export' and e.get('what') == '$export']
    ok({e.get('patient') for e in told} >= {'a', 'b', 'c'}, 'an entry for each patient in the files', told)
    ok(all(e['client_name'] == 'one' for e in told), 'of the program that asked', told)
    before = len(entries(node))
    node.get(url, **theirs).refused(404)
    node.get(url, **mine).is_(200)
    fetched = [e for e in entries(node)[before:] if e['kind'] == 'export' and e['client_name'] == 'one']
    eq(len(fetched), 1, 'an entry for the file that was fetched')
    ok(not fetched[0].get('patient'), 'about no patient', fetched)
    node.delete(at, **theirs).refused(404)
    node.stop()
    node.start()
    node.get(at, **theirs).refused(404)
    node.get(at, **mine).is_(200)
    node.delete(at, **mine).is_(202)


# --- import ---------------------------------------------------------------------------------------


def ndjson(*resources):
    return b''.join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b'\n' for r in resources)


def upload(node, body, **headers):
    state = wait(node, kick_off(node, '$import', body, Content_Type='application/fhir+ndjson', **headers))
    state.is_(200)
    return state.json


def put_file(node, name, body):
    folder = os.path.realpath(node.dir) + '/import/'
    with open(folder + name, 'wb') as f:
        f.write(body)
    return 'file://' + folder + name


def by_name(*inputs, **more):
    parts = [{'name': 'input', 'part': [{'name': 'type', 'valueCode': type}, {'name': 'url', 'valueUrl': url}]}
             for type, url in inputs]
    return {'resourceType': 'Parameters', 'parameter': [
        {'name': 'inputFormat', 'valueCode': more.get('format', 'application/fhir+ndjson')},
        {'name': 'storageDetail', 'part': [{'name': 'type', 'valueCode': 'file'}]}] + parts}


def test_upload(node):
    body = ndjson(kith.patient(id='up1'), kith.observation('Patient/up1', id='up2'), b'', kith.patient('Anon'))
    m = upload(node, body)
    counts = {k: m['extension'][k] for k in ('written', 'unchanged', 'refused')}
    eq(counts, {'written': 3, 'unchanged': 0, 'refused': 0}, 'counts')
    eq(m['error'], [], 'no errors')
    within(lines(node, m['output'][0])[0]['issue'][0]['details']['text'], '3 written, 0 unchanged', 'in words')
    node.get('Observation/up2').is_(200)
    eq(node.total('Patient?family=Anon'), 1, 'a line without an id gets one')
    eq(upload(node, body)['extension']['unchanged'], 2, 'the same again changes nothing')


def test_errors_of_lines(node):
    bad = kith.observation('Patient/up1', id='bad')
    del bad['status']
    m = upload(node, ndjson(kith.patient(id='e1'), b'{"resourceType":', bad, {'resourceType': 'Nonsense'},
                            kith.patient(id='e2', birthDate='1990-02-31'), kith.patient(id='e3')))
    eq((m['extension']['written'], m['extension']['refused']), (2, 4), 'the good ones are taken')
    outcomes = lines(node, m['error'][0])
    for outcome, line, place in zip(outcomes, (2, 3, 4, 5), (None, 'Observation', 'resourceType', 'Patient.birthDate')):
        kith.check_outcome(outcome, 'line %d' % line)
        within(outcome['issue'][0]['diagnostics'], 'line %d$' % line, 'the line')
        if place:
            within(outcome['issue'][0]['expression'][0], place, 'the place')
    node.get('Patient/e2').refused(404)


def test_files_by_name(node):
    patients = put_file(node, 'p.ndjson', ndjson(*(kith.patient(id='f%d' % i) for i in range(2500))))
    obs = put_file(node, 'o.ndjson.gz', gzip.compress(ndjson(*(kith.observation('Patient/f%d' % i, id='fo%d' % i)
                                                               for i in range(1500)))))
    m = manifest(node, '$import', by_name(('Patient', patients), ('Observation', obs)))
    eq([i['written'] for i in m['extension']['inputs']], [2500, 1500], 'counts of each input')
    eq(node.total('Observation?patient=f7'), 1, 'found by search')
    m = manifest(node, '$import', by_name(('Observation', patients)))
    eq(m['extension']['refused'], 2500, 'the type has to be the one that was said')
    within(lines(node, m['error'][0])[0]['issue'][0]['details']['text'], 'said to hold Observation', 'words')


def test_order_stays(node):
    """The last line for a resource wins, however many threads prepare."""
    body = ndjson(*(kith.patient('N%05d' % i, id='same%d' % (i % 3)) for i in range(3000)))
    eq(upload(node, body)['extension']['written'], 3000, 'each line is a version')
    for i in range(3):
        eq(node.get('Patient/same%d' % i).json['name'][0]['family'], 'N%05d' % (2997 + i), 'the last line')


def test_conditional_references(node):
    node.create(kith.patient(id='cond', identifier=[{'system': 'urn:x', 'value': '77'}]))
    m = upload(node, ndjson(kith.observation('Patient?identifier=urn:x|77', id='condo'),
                            kith.observation('Patient?identifier=urn:x|none', id='condx')))
    eq((m['extension']['written'], m['extension']['refused']), (1, 1), 'resolved, or refused')
    eq(node.get('Observation/condo').json['subject']['reference'], 'Patient/cond', 'resolved')


def test_no_way_out_of_the_folder(node):
    folder = os.path.realpath(node.dir) + '/import'
    secret = folder + '/../secret.ndjson'
    with open(secret, 'wb') as f:
        f.write(ndjson(kith.patient(id='secret')))
    os.symlink('../secret.ndjson', folder + '/link.ndjson')
    os.symlink('/etc', folder + '/etc')
    os.mkfifo(folder + '/pipe.ndjson')
    for url in ('file:///etc/passwd', 'file://%s/../secret.ndjson' % folder, 'file://%s/link.ndjson' % folder,
                'file://%s/%%2e%%2e/secret.ndjson' % folder, 'file://%s/etc/passwd' % folder, 'file://%s' % folder,
                'file://%s/pipe.ndjson' % folder, 'file://%sx/y' % folder, 'https://example.org/x.ndjson', 'p.ndjson',
                'file://%s/p.ndjson%%00' % folder):
        kick_off(node, '$import', by_name(('Patient', url)), status=403)
    kick_off(node, '$import', by_name(('Patient', 'file://%s/none.ndjson' % folder)), status=404)
    node.get('Patient/secret').refused(404)


def test_import_parameters_that_are_wrong(node):
    url = put_file(node, 'q.ndjson', b'')
    kick_off(node, '$import', by_name(('Patient', url), format='text/csv'), status=400)
    kick_off(node, '$import', by_name(('Nonsense', url)), status=400)
    kick_off(node, '$import', by_name(), status=400)
    kick_off(node, '$import', {'resourceType': 'Parameters', 'parameter': [{'name': 'x', 'valueString': 'y'}]}, status=400)
    kick_off(node, '$import', 'a,b', Content_Type='text/csv', status=415)
    eq(manifest(node, '$import', by_name(('Patient', url)))['extension']['written'], 0, 'an empty file is a file')


def test_broken_files(node):
    whole = gzip.compress(ndjson(*(kith.patient('X%d' % (i * 7919), id='br%d' % i) for i in range(3000))))
    m = manifest(node, '$import', by_name(('Patient', put_file(node, 'cut.ndjson.gz', whole[:len(whole) // 2]))))
    ok(0 < m['extension']['written'] < 3000, 'what stands before the break', m['extension'])
    within(json.dumps(lines(node, m['error'][0])), 'not whole', 'and it is said')
    m = manifest(node, '$import', by_name(('Patient', put_file(node, 'end.ndjson', ndjson(kith.patient(id='end'))[:-1]))))
    eq(m['extension']['written'], 1, 'no newline at the end')
    long = b'{"resourceType":"Patient","id":"long","name":[{"text":"' + b'x' * (17 << 20) + b'"}]}'
    m = manifest(node, '$import', by_name(('Patient', put_file(node, 'long.ndjson', ndjson(long, kith.patient(id='after'))))))
    eq((m['extension']['written'], m['extension']['refused']), (1, 1), 'a line that is too long is skipped')
    within(lines(node, m['error'][0])[0]['issue'][0]['diagnostics'], 'line 1$', 'and named')


def test_export_then_import_is_the_same(node):
    found = export(node, '$export?_type=Observation')[1]
    eq(upload(node, ndjson(*found.values()))['extension']['unchanged'], len(found), 'nothing changes')


def test_jobs_survive_a_restart(node):
    reply = kick_off(node, '$export')
    before = everything(node, wait(node, reply).json)
    node.stop()
    node.start()
    at = reply.headers['Content-Location'].split('/fhir/')[1]
    m = node.get(at).json
    found = {}
    for item in m['output']:
        for r in lines(node, dict(item, url=item['url'].split('/fhir/')[1])):
            found['%s/%s' % (r['resourceType'], r['id'])] = r
    eq(found, before, 'done jobs are still there')


def test_an_import_goes_on_after_a_restart(node):
    """Stopped in the middle it goes on where it was: no line twice, none left out, and each keeps its number."""
    count = 20000
    url = put_file(node, 'long.ndjson', ndjson(*(kith.patient('Goeson', id='long%d' % i) for i in range(count)), b'{'))
    reply = kick_off(node, '$import', by_name(('Patient', url)))
    job = reply.headers['Content-Location'].rsplit('/', 1)[1]
    while node.get('Patient/long1500').status != 200:
        time.sleep(0.005)
    node.stop()
    with open('%s/jobs/%s/state.json' % (node.dir, job), encoding='ascii') as f:
        ok(json.load(f)['progress']['offset'] > 0, 'it was stopped in the middle')
    node.start()
    reply.headers = {'Content-Location': '_jobs/' + job}
    m = wait(node, reply, 60).json
    counts = {k: m['extension'][k] for k in ('written', 'unchanged', 'refused')}
    eq(counts, {'written': count, 'unchanged': 0, 'refused': 1}, 'each line once')
    eq(node.total('Patient?family=goeson'), count, 'all of them are there')
    outcome = lines(node, dict(m['error'][0], url=m['error'][0]['url'].split('/fhir/')[1]))[0]
    within(outcome['issue'][0]['diagnostics'], 'line %d$' % (count + 1), 'the number of the last line')


def drafts(node):
    return [n for n in os.listdir(node.dir + '/jobs') if n.startswith('.')]


def test_uploads_need_no_memory(node):
    """They go to a file as they arrive, and what breaks off leaves nothing behind."""
    node.stop()
    node.options = ('--limit', 'body_bytes=20000', '--limit', 'import_bytes=1500000')
    node.start()
    body = ndjson(*(kith.patient('U%05d' % i, id='u%d' % i) for i in range(4000)))
    ok(200000 < len(body) < 1500000, 'larger than a body may be', len(body))
    eq(upload(node, body)['extension']['written'], 4000, 'all lines')
    eq(upload(node, gzip.compress(body), Content_Encoding='gzip')['extension']['unchanged'], 4000, 'compressed on the way')
    half = gzip.compress(body)[:20000]
    m = upload(node, half, Content_Encoding='gzip')
    ok(0 < m['extension']['unchanged'] < 4000, 'what stands before the break', m['extension'])
    within(json.dumps(lines(node, m['error'][0])), 'not whole', 'and it is said')
    kick_off(node, '$import', body * 8, Content_Type='application/fhir+ndjson', status=413)
    node.request('POST', '$import', body, Content_Type='application/fhir+ndjson').refused(400, 'required', 'respond-async')
    eq(upload(node, b'')['extension']['written'], 0, 'no lines')
    s = socket.create_connection((node.host, node.port))
    s.sendall(node.signed(b'POST /fhir/$import HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+ndjson\r\n'
                          b'Prefer: respond-async\r\nContent-Length: 1000000\r\n\r\n') + body[:700000])
    end = time.monotonic() + 10
    while not drafts(node) and time.monotonic() < end:
        time.sleep(0.01)
    ok(drafts(node), 'it is on its way')
    s.close()
    while drafts(node) and time.monotonic() < end:
        time.sleep(0.01)
    eq(drafts(node), [], 'nothing is left of it')


def test_too_many_jobs(node):
    node.stop()
    node.options = ('--limit', 'jobs=3', '--limit', 'export_file_bytes=2000')
    node.start()
    for name in os.listdir(node.dir + '/jobs'):
        node.delete('_jobs/' + name).is_(202)
    replies = [kick_off(node, '$export?_type=Organization') for _ in range(3)]
    reply = kick_off(node, '$export', status=429)
    reply.refused(429, 'throttled', 'delete one')
    ok(reply.headers['Retry-After'], 'Retry-After')
    node.delete(replies[0].headers['Content-Location']).is_(202)
    m, found = export(node, '$export?_type=Observation')
    ok(len(m['output']) > 100, 'files are split', len(m['output']))
    eq(len(found), node.total('Observation'), 'nothing is lost between them')


kith.main(globals())
