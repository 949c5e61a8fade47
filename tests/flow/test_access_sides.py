#!/usr/bin/env python3
"""Nobody is on both sides: who gains by a choice is not who writes it down. And looks that are closer than work makes them."""
import json
import re
import time
import urllib.parse

import kith
import test_threats_apps as apps
from kith import bundle, entry, eq, ok, run
from test_access import MENTAL, TASK_KIND, Person, observation, of, parts
from test_threats import as_, consent, json_patch, ref

CLASSES = 'https://kith.care/fhir/CodeSystem/audit-class|'
people = {}


def choice_of(person, **wanted):
    """The id of the newest choice."""
    r = person.post('Patient/p/$sharing', **wanted)
    r.is_(200)
    return parts(r, 'choice')[-1]['id']


def classes_of(patient, who, at_least=1):
    """The classes of a person's looks at a record, newest first."""
    found = people['officer'].get('AuditEvent?patient=Patient/%s&agent=Practitioner/%s&_count=200' % (patient, who)).resources
    ok(len(found) >= at_least, 'looks of ' + who, found)
    return [x['valueCode'] for e in found for x in e['extension'] if x['url'].endswith('/audit-class')]


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery'})
    for id in ('gp', 'nurse', 'officer', 'second', 'ae', 'admin'):
        node.create({'resourceType': 'Practitioner', 'id': id, 'name': [{'family': id.title()}]})
    mine = [ref('Practitioner/' + x) for x in ('gp', 'nurse', 'second')]
    for id, born in (('p', '1980-02-03'), ('gp-self', '1970-01-01'), ('mother', '1950-01-01'), ('nurse-self', '1975-01-01'),
                     ('child', time.strftime('%Y-01-01', time.gmtime(time.time() - 9 * 366 * 86400))), ('parent', '1985-01-01')):
        node.create({'resourceType': 'Patient', 'id': id, 'birthDate': born, 'name': [{'family': id}], 'generalPractitioner': mine})
        node.create(observation(id + '-plain', id, '8480-6'))
        node.create(observation(id + '-mind', id, '44249-1', meta={'security': [MENTAL]}))
    node.create({'resourceType': 'CareTeam', 'id': 'team', 'status': 'active', 'participant': [{'member': ref('Practitioner/gp')}]})
    for name in ('p', 'mother', 'parent', 'gp-self', 'child'):
        people[name] = Person(node, 'patient-' + name, '--kind', 'patient', '--person', 'Patient/' + name)
    people['admin'] = Person(node, 'staff-admin', '--person', 'Practitioner/admin', '--role', 'K1004', '--own-record', 'Patient/mother')
    for name, role, own in (('gp', 'R8000', 'gp-self'), ('nurse', 'R8001', 'nurse-self'), ('officer', 'R0001', 'p'), ('ae', 'R8000', None)):
        people[name] = Person(node, 'staff-' + name, '--person', 'Practitioner/' + name, '--role', role,
                              *(['--own-record', 'Patient/' + own] if own else []))
    people['again'] = Person(node, 'staff-gp-again', '--person', 'Practitioner/gp', '--role', 'R8001')
    people['judge'] = Person(node, 'staff-judge', '--role', 'R0001')
    made = people['admin'].json('POST', '/auth/people', {
        'name': 'second', 'login': 'staff-second', 'kind': 'professional', 'person': 'Practitioner/second',
        'roles': [{'code': 'R8000', 'organisation': 'Organization/surgery'}]})
    people['second'] = Person(node, 'staff-second', invite=made['invite'])


# --- who writes a choice down ----------------------------------------------------------------------


def test_professional_permits_themself(node):
    """By themself, by a team, role or organisation of theirs, by everybody, by another account of theirs."""
    gp, again, second = people['gp'], people['again'], people['second']
    for who, party in ((gp, 'Practitioner/gp'), (gp, 'CareTeam/team'), (again, 'Practitioner/gp'), (again, 'CareTeam/team'), (gp, None),
                       (second, 'Practitioner/second'), (second, 'Organization/surgery'), (second, None)):
        for more in ({}, {'category': 'MH'}, {'purpose': 'TREAT'}):
            named = {'party': party, **more} if party else more
            who.post('Patient/p/$sharing', permit=True, **named).refused(403, words='your own access')
    for who, party in ((gp, 'Practitioner/gp'), (gp, 'CareTeam/team'), (again, 'Practitioner/gp'), (second, 'Practitioner/second')):
        who.post('Patient/p/$grant-access', party=party).refused(403, words='your own access')
    for who, party in ((gp, 'Practitioner/gp'), (gp, 'CareTeam/team'), (second, 'Organization/surgery')):
        r = consent('sharing', 'p', party)
        as_(who, 'POST', 'Consent', r).refused(403)
        as_(who, 'PUT', 'Consent/mine', dict(r, id='mine')).refused(404)  # nor under an id of their choice
        as_(who, 'POST', '', bundle('transaction', entry('POST', 'Consent', r))).refused(403)
        got = as_(who, 'POST', '', bundle('batch', entry('POST', 'Consent', r)))
        ok(got.json['entry'][0]['response']['status'].startswith('403'), 'nor in a batch', got.body[:300])
    everybody = consent('sharing', 'p', 'x')
    del everybody['provision']['actor']
    as_(gp, 'POST', 'Consent', everybody).refused(403)
    # For somebody else it is a colleague's to write down.
    r = gp.post('Patient/p/$sharing', permit=True, party='Practitioner/nurse', category='MH')
    r.is_(200)
    gp.post('Patient/p/$sharing-end', id=parts(r, 'choice')[0]['id']).is_(200)
    gp.post('Patient/p/$sharing', permit=True, purpose='HRESCH').is_(200)


def test_own_app(node):
    """An app that somebody lets in has their rights, and no more: it writes nothing down about them either."""
    gp = people['gp']
    apps.state['app'] = apps.client(node, 'Own', '--kind', 'public', '--redirect', apps.REDIRECT, '--scope', 'user/*.cruds')
    _, headers, body = gp.ask('GET', apps.ask_for(node, 'v' * 43, scope='user/*.cruds', prompt='consent'))
    request = re.search(r'#/consent/([A-Za-z0-9_\-]+)', headers.get('Location') or '')
    if not ok(request, 'asked for consent', (headers.get('Location'), body[:300])):
        return
    allowed = gp.json('POST', '/auth/consent/' + request[1], {'allow': True, 'scopes': ['user/*.cruds']})
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(allowed['redirect']).query))['code']
    bearer = {'Authorization': 'Bearer ' + apps.redeem(node, code, 'v' * 43)[1]['access_token']}
    send = lambda method, path, body=None: node.request(method, path, body, headers=bearer)
    send('GET', 'Observation/p-plain').is_(200)
    id = choice_of(people['p'], permit=False, purpose='HOPERAT', party='Practitioner/gp')
    for path, wanted in (('$sharing', {'permit': True, 'party': 'Practitioner/gp'}), ('$sharing', {'permit': True}),
                         ('$grant-access', {'party': 'Practitioner/gp'}), ('$sharing-end', {'id': id})):
        send('POST', 'Patient/p/' + path, of(**wanted)).refused(403, words='your own access')
    send('POST', 'Consent', consent('sharing', 'p', 'Practitioner/gp')).refused(403)
    send('PUT', 'Consent/' + id, dict(node.get('Consent/' + id).json, status='inactive')).refused(403)
    people['p'].post('Patient/p/$sharing-end', id=id).is_(200)


def test_professional_ends_a_no(node):
    """A refusal that is about the writer stays, however it names them, whichever way they try."""
    me, gp, again, second = people['p'], people['gp'], people['again'], people['second']
    for who, other, named in ((gp, again, {'party': 'Practitioner/gp'}), (gp, again, {'party': 'CareTeam/team'}),
                              (second, gp, {'party': 'Organization/surgery'}), (gp, second, {})):
        told = {'permit': False, 'purpose': 'HOPERAT', **named}  # the refusal itself can be seen
        id = choice_of(me, **told)
        for one in (who,) if who is second else (who, other):
            one.post('Patient/p/$sharing-end', id=id).refused(403, words='your own access')
            ends(one, id, (403, 405))
        me.post('Patient/p/$sharing-end', id=id).is_(200)
        id = choice_of(me, permit=False, category='MH', **named)  # what it is about is hidden, and so is it
        as_(who, 'GET', 'Observation/p-mind').refused(404)
        who.post('Patient/p/$sharing-end', id=id).refused(404)
        ends(who, id, (403, 404, 405))
        as_(who, 'GET', 'Observation/p-mind').refused(404)
        me.post('Patient/p/$sharing-end', id=id).is_(200)
        as_(who, 'GET', 'Observation/p-mind').is_(200)
    # What is about somebody else may be noted for the patient.
    id = choice_of(me, permit=False, purpose='HOPERAT', party='Practitioner/ae')
    gp.post('Patient/p/$sharing-end', id=id).is_(200)


def ends(person, id, refusals):
    """Tries to make a refusal end, or say less, by writing the Consent itself."""
    node = person.node
    stored = node.get('Consent/' + id).json
    changes = [{'op': 'replace', 'path': '/status', 'value': 'inactive'}, {'op': 'replace', 'path': '/provision/type', 'value': 'permit'},
               {'op': 'add', 'path': '/provision/period', 'value': {'end': '2001-01-01'}}, {'op': 'remove', 'path': '/performer'},
               {'op': 'replace', 'path': '/patient/reference', 'value': 'Patient/mother'}]
    got = [as_(person, 'PUT', 'Consent/' + id, dict(stored, status=s)) for s in ('inactive', 'rejected', 'entered-in-error')]
    got += [json_patch(person, 'Consent/' + id, c) for c in changes]
    got += [as_(person, 'DELETE', 'Consent/' + id)]
    got += [as_(person, 'POST', '', bundle('transaction', entry('PUT', 'Consent/' + id, dict(stored, status='inactive'))))]
    for n, r in enumerate(got):
        ok(r.status in refusals, 'way %d' % n, (r.status, r.body[:200]))
    eq(node.get('Consent/' + id).etag, 'W/"%s"' % stored['meta']['versionId'], 'untouched')


def test_professional_makes_themself_proxy(node):
    """Nor by the account that they have as a patient."""
    gp = people['gp']
    gp.post('Patient/mother/$proxies', person='Patient/gp-self', function='view', basis='carer').refused(403, words='your own access')
    r = consent('proxy', 'mother', 'Patient/gp-self')
    r['extension'] = [{'url': 'https://kith.care/fhir/StructureDefinition/proxy-basis', 'valueCode': 'carer'}]
    r['provision']['action'] = [{'coding': [{'system': 'https://kith.care/fhir/CodeSystem/proxy-function', 'code': 'view'}]}]
    as_(gp, 'POST', 'Consent', r).refused(403)
    people['nurse'].post('Patient/mother/$proxies', person='Patient/gp-self', function='view', basis='carer').is_(200)  # a colleague may


def test_proxy_widens_nothing(node):
    """Who acts for somebody neither shares, grants, ends, nor adds others who act."""
    child, parent = people['child'], people['parent']
    people['nurse'].post('Patient/child/$proxies', person='Patient/parent', function='view', basis='parent').is_(200)
    parent.get('Observation/child-plain').is_(200)
    node.create(consent('sharing', 'child', 'Patient/parent', permit=False, id='no',
                        performer=[ref('Practitioner/nurse')],
                        provision={'type': 'deny', 'securityLabel': [MENTAL],
                                   'actor': [{'role': consent('x', 'x', 'x')['provision']['actor'][0]['role'], 'reference': ref('Patient/parent')}]}))
    parent.get('Observation/child-mind').refused(404)
    for name, wanted in (('$sharing', {'permit': True, 'party': 'Patient/parent'}), ('$sharing', {'permit': True}),
                         ('$sharing-end', {'id': 'no'}), ('$grant-access', {'party': 'Practitioner/ae'}),
                         ('$proxies', {'person': 'Patient/mother', 'function': 'view', 'basis': 'carer'}),
                         ('$proxies-end', {'id': 'no'})):
        parent.post('Patient/child/' + name, **wanted).refused(403)
    for r in (consent('sharing', 'child', 'Patient/parent'), consent('grant', 'child', 'Practitioner/ae')):
        as_(parent, 'POST', 'Consent', r).refused(403)
        as_(parent, 'POST', '', bundle('transaction', entry('POST', 'Consent', r))).refused(403)
    as_(parent, 'PUT', 'Consent/no', consent('sharing', 'child', 'Patient/parent', id='no', status='inactive')).refused(403)
    ok(json_patch(parent, 'Consent/no', {'op': 'replace', 'path': '/status', 'value': 'inactive'}).status in (403, 404), 'nor by a patch')
    parent.get('Observation/child-mind').refused(404)
    eq(people['parent'].get('Consent?patient=Patient/child').status in (200, 403), True, 'and sees no choices')


def test_administrator_gives_themself_nothing(node):
    """Neither roles of the account they use, nor of another of theirs."""
    admin = people['admin']
    accounts = {x['login']: x['id'] for x in admin.json('GET', '/auth/people')['people']}
    roles = {'roles': [{'code': 'K1004'}, {'code': 'R8000'}]}
    eq(admin.ask('POST', '/auth/people/' + accounts['staff-admin'], roles)[0], 403, 'the account in use')
    new = {'name': 'me', 'login': 'me-again', 'kind': 'professional', 'person': 'Practitioner/admin', 'roles': [{'code': 'R8000'}]}
    eq(admin.ask('POST', '/auth/people', new)[0], 403, 'a second account')
    run('user', 'add', node.dir, 'other', '--login', 'staff-other', '--person', 'Practitioner/admin', '--role', 'R8009')
    accounts = {x['login']: x['id'] for x in admin.json('GET', '/auth/people')['people']}
    eq(admin.ask('POST', '/auth/people/' + accounts['staff-other'], roles)[0], 403, 'a second account that is there')
    eq(admin.ask('POST', '/auth/people/' + accounts['staff-second'], {'roles': [{'code': 'R8000', 'organisation': 'Organization/surgery'}]})[0],
       200, 'of others they may')
    for name, wanted in (('$sharing', {'permit': True}), ('$grant-access', {'party': 'Practitioner/admin'}), ('$sharing-end', {'id': 'x'})):
        admin.post('Patient/p/' + name, **wanted).refused(403)
    as_(admin, 'POST', 'Consent', consent('grant', 'p', 'Practitioner/admin')).refused(403)


# --- looks that are closer than work makes them ------------------------------------------------------


def test_own_relative_colleague(node):
    gp, nurse, ae = people['gp'], people['nurse'], people['ae']
    gp.get('Observation/p-plain').is_(200)
    eq(classes_of('p', 'gp')[0], 'colleague', 'the officer is on the staff')
    gp.get('Observation/parent-plain').is_(200)
    eq(classes_of('parent', 'gp')[0], 'person', 'and an ordinary patient is not')
    gp.get('Observation/gp-self-plain').is_(200)
    eq(classes_of('gp-self', 'gp')[0], 'own-record', 'the own record')
    gp.get('Patient/gp-self').is_(200)
    gp.get('Observation?subject=Patient/gp-self').is_(200)
    eq(set(classes_of('gp-self', 'gp')), {'own-record'}, 'in whichever way')
    nurse.get('Observation/gp-self-plain').is_(200)
    eq(classes_of('gp-self', 'nurse')[0], 'colleague', 'a colleague')
    gp.get('Observation/mother-plain').is_(200)
    eq(classes_of('mother', 'gp')[0], 'relative', 'for whom the GP acts (it is a colleague, too)')
    as_(gp, 'POST', 'Observation', {k: v for k, v in observation('x', 'mother', '8867-4').items() if k != 'id'}).is_(201)
    eq(classes_of('mother', 'gp')[0], 'relative', 'a write, too')
    ae.post('Patient/nurse-self/$open', reason='emergency').is_(200)
    eq(classes_of('nurse-self', 'ae')[0], 'colleague', 'an emergency, too')
    people['gp-self'].get('Observation/gp-self-plain').is_(200)
    mine = people['gp-self'].json('GET', '/audit/patient/gp-self?count=200')['entries']
    ok({'self', 'own-record', 'colleague'} <= {e['class'] for e in mine}, 'the patient is told of each', mine[:3])


def test_the_other_way_round(node):
    """Whoever is acted for, and looks at those who act for them."""
    nurse = people['nurse']
    nurse.get('Observation/parent-plain').is_(200)
    eq(classes_of('parent', 'nurse')[0], 'person', 'before')
    gp = people['gp']
    gp.post('Patient/nurse-self/$proxies', person='Patient/parent', function='view', basis='carer').is_(200)
    nurse.get('Observation/parent-plain').is_(200)
    eq(classes_of('parent', 'nurse')[0], 'relative', 'after')


def test_officers_find_them(node):
    """One query for the queue of the privacy officers."""
    officer = people['officer']
    wanted = ','.join(CLASSES + c for c in ('own-record', 'relative', 'colleague'))
    found = officer.get('AuditEvent?subtype=%s&_count=200' % wanted).resources
    told = [x['valueCode'] for e in found for x in e['extension'] if x['url'].endswith('/audit-class')]
    eq(set(told), {'own-record', 'relative', 'colleague'}, 'all of them and nothing else')
    ok(all(any(c['code'] == t for c in e['subtype']) for e, t in zip(found, told)), 'and each says so', found[:1])
    only = officer.get('AuditEvent?subtype=%sown-record&_count=200' % CLASSES).resources
    eq({e['agent'][0]['who']['reference'] for e in only}, {'Practitioner/gp', 'Practitioner/officer'}, 'one class; the officer looked up their own log')
    eq(officer.get('AuditEvent?subtype=%snone' % CLASSES).resources, [], 'a class that there is not')


def test_no_review_of_ones_own_record(node):
    """A privacy officer does not judge who opened the officer's record."""
    people['ae'].post('Patient/p/$claim', reason='handling-referral').is_(200)
    task = next(t for t in people['officer'].get('Task?code=%s|claim-review&status=requested' % TASK_KIND).resources
                if t['for']['reference'] == 'Patient/p')
    people['officer'].post('Task/%s/$review' % task['id'], outcome='accepted').refused(403, words='own record')
    people['judge'].post('Task/%s/$review' % task['id'], outcome='accepted').is_(200)


# --- what an emergency tells those who act for a patient --------------------------------------------


def test_emergency_is_not_told_to_proxies(node):
    """A child was in A and E: the child is told, the parent is not, in whichever way they ask."""
    child, parent, ae = people['child'], people['parent'], people['ae']
    parent.get('Observation/child-plain').is_(200)
    before = len(parent.json('GET', '/audit/patient/child?count=200')['entries'])
    notices = len(parent.get('Patient/child/Communication').resources)
    ae.post('Patient/child/$open', reason='emergency', words='broken arm').is_(200)
    for path in ('Observation/child-plain', 'Patient/child', 'Observation?subject=Patient/child', 'Patient/child/$everything'):
        ae.get(path).is_(200)
    ok(any('opened your record' in p['contentString'] for c in child.get('Patient/child/Communication').resources for p in c['payload']),
       'the child is told')
    eq(len(parent.get('Patient/child/Communication').resources), notices, 'the parent gets no notice')
    for path in ('Patient/child/$everything', 'Communication?subject=Patient/child', 'Communication/_history', 'Patient/child/$sharing',
                 'Patient/child/*', 'AuditEvent?patient=Patient/child&_count=200', 'Task?patient=Patient/child', 'Consent?patient=Patient/child',
                 'Patient/child/$withheld', 'Provenance?patient=Patient/child'):
        got = parent.get(path)
        said = json.dumps([e.get('resource') for e in got.json.get('entry', [])]) if got.json and 'entry' in got.json else got.body.decode()
        ok('Practitioner/ae' not in said and 'broken' not in said and 'emergency' not in said, path, (got.status, said[:400]))
    entries = parent.json('GET', '/audit/patient/child?count=200')['entries']
    ok(not any(e.get('who') == 'Practitioner/ae' for e in entries), 'nor the list of who looked', entries)
    ok(before <= len(entries), 'which tells of the practice', entries)
    seen = child.json('GET', '/audit/patient/child?count=200')['entries']
    ok(any(e.get('who') == 'Practitioner/ae' for e in seen), 'the child sees all', seen[:3])


def test_hidden_visit_hides_who_looked(node):
    """Who comes to the record by a visit that the parent may not see is not told of either."""
    parent, nurse = people['parent'], people['nurse']
    node.create({'resourceType': 'Practitioner', 'id': 'clinic', 'name': [{'family': 'Clinic'}]})
    clinic = Person(node, 'staff-clinic', '--person', 'Practitioner/clinic', '--role', 'R8000')
    visit = {'resourceType': 'Encounter', 'id': 'visit', 'status': 'in-progress', 'subject': ref('Patient/child'),
             'class': {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'AMB'},
             'participant': [{'individual': ref('Practitioner/clinic')}]}
    node.create(visit)
    clinic.get('Observation/child-plain').is_(200)
    tells = lambda: any(e.get('who') == 'Practitioner/clinic' for e in parent.json('GET', '/audit/patient/child?count=200')['entries'])
    ok(tells(), 'of a visit that the parent sees they are told')
    hidden = {'system': 'https://kith.care/fhir/CodeSystem/label', 'code': 'not-proxy'}
    node.put('Encounter/visit', dict(visit, meta={'security': [hidden]}))
    parent.get('Encounter/visit').refused(404)
    ok(not tells(), 'of one that is hidden they are not')


if __name__ == '__main__':
    kith.main(globals())
