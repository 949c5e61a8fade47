#!/usr/bin/env python3
"""Edges of who may what: invitations to accounts that are used, two accounts of one person, forms that somebody else answered."""
import json
import re
import time

import kith
from kith import bundle, entry, eq, ok
from test_access import TASK_KIND, Person, observation
from test_threats import as_, json_patch, ref

people = {}
PASSWORD = 'another long and quiet phrase'


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery'})
    for id in ('gp', 'officer', 'admin'):
        node.create({'resourceType': 'Practitioner', 'id': id, 'name': [{'family': id.title()}]})
    for id in ('p', 'q'):
        node.create({'resourceType': 'Patient', 'id': id, 'birthDate': '1980-01-01', 'name': [{'family': id}]})
        node.create(observation(id + '-plain', id, '8480-6'))
    node.create({'resourceType': 'RelatedPerson', 'id': 'r', 'patient': ref('Patient/p'), 'active': True})
    for name in ('p', 'q'):
        people[name] = Person(node, 'patient-' + name, '--kind', 'patient', '--person', 'Patient/' + name)
    for name, person, role in (('admin', 'admin', 'K1004'), ('officer', 'officer', 'R0001'), ('gp', 'gp', 'R8000'), ('desk', 'gp', 'R8009')):
        people[name] = Person(node, 'staff-' + name, '--person', 'Practitioner/' + person, '--role', role)
    made = people['admin'].json('POST', '/auth/people', {'name': 'staff-both', 'login': 'staff-both', 'kind': 'professional',
                                                         'roles': [{'code': 'K1004'}, {'code': 'R0001'}]})
    people['both'] = Person(node, 'staff-both', invite=made['invite'])


# --- invitations to an account that is used ---------------------------------------------------------


def account_of(login):
    found = people['admin'].json('GET', '/auth/people?q=' + login)['people']
    return next(x for x in found if x['login'] == login)


def invite(who, login):
    """The path of a fresh invitation that somebody who manages people makes."""
    made = who.json('POST', '/auth/people/' + account_of(login)['id'], {'invite': True})
    return '/auth/invite/' + re.search(r'/invite/([A-Za-z0-9_\-]+)', made['invite'])[1]


def sign_in(node, login):
    """Whether the first password still leads to the second step."""
    who = Person.__new__(Person)
    who.node, who.cookies, who.csrf = node, {}, ''
    status, _, body = who.ask('POST', '/auth/password', {'login': login, 'password': 'a long and quiet pass phrase ' + login})
    return status == 200 and json.loads(body)['step'] == 'totp'


def take_up(node, path, **wanted):
    who = Person.__new__(Person)
    who.node, who.cookies, who.csrf = node, {}, ''
    status, _, body = who.ask('POST', path, wanted)
    return status, json.loads(body)


def review_of(patient):
    tasks = people['officer'].get('Task?code=%s|account-review&status=requested' % TASK_KIND).resources
    return [t for t in tasks if t['for']['reference'] == 'Patient/' + patient]


def notices(who, patient):
    return [c for c in who.get('Communication?subject=Patient/' + patient).resources if 'invitation' in c['payload'][0]['contentString']]


def test_invited_anew_is_told(node):
    """The patient reads of it in a notice, in the list of who looked and at signing in; what they have still works."""
    me, admin = people['p'], people['admin']
    eq(notices(me, 'p'), [], 'nothing yet')
    path = invite(admin, 'patient-p')
    told = notices(me, 'p')
    eq([c['sender'].get('reference') for c in told], ['Practitioner/admin'], 'a notice says who')
    looks = [e for e in me.json('GET', '/audit/patient/p')['entries'] if e['kind'] == 'account']
    ok(looks and looks[0]['name'] == 'staff-admin', 'it stands in the list of who looked', looks)
    ok(me.json('GET', '/auth/session')['account'].get('invited'), 'and is told at signing in')
    ok('invited' not in people['q'].json('GET', '/auth/session')['account'], 'to nobody else')
    ok(sign_in(node, 'patient-p'), 'the password still works')
    eq(take_up(node, path, login='somebody-else')[0], 200, 'the invitation is taken up')
    ok(sign_in(node, 'patient-p'), 'and takes nothing away, not even the name for signing in')
    eq(account_of('patient-p')['has_totp'], True, 'nor the codes')
    tasks = review_of('p')
    eq(len(tasks), 1, 'a privacy officer looks at it')
    as_(me, 'GET', 'Task/' + tasks[0]['id']).refused(404)
    people['officer'].post('Task/%s/$review' % tasks[0]['id'], outcome='accepted').is_(200)
    eq(review_of('p'), [], 'once')
    ok(not account_of('patient-p')['disabled'], 'in order is in order')


def test_invited_anew_without_reason(node):
    """A concern ends the invitation; where it was taken up, nobody gets in by what was added."""
    admin, officer = people['admin'], people['officer']
    path = invite(admin, 'patient-q')
    officer.post('Task/%s/$review' % review_of('q')[0]['id'], outcome='concern', words='nobody asked for it').is_(200)
    eq(take_up(node, path, login='patient-q')[0], 404, 'an open invitation is gone')
    ok(sign_in(node, 'patient-q'), 'and the account is as it was')
    path = invite(admin, 'patient-q')
    eq(take_up(node, path, login='patient-q', password=PASSWORD)[1]['step'], 'enrol', 'taken up')
    officer.post('Task/%s/$review' % review_of('q')[0]['id'], outcome='concern', words='nobody asked for it').is_(200)
    ok(account_of('patient-q')['disabled'], 'the account is closed')
    eq(take_up(node, '/auth/password', login='patient-q', password=PASSWORD)[0], 403, 'to whoever was in it')


def test_invited_by_a_reviewer(node):
    """Whoever made the invitation does not look at it, whatever other role they have."""
    both, admin = people['both'], people['admin']
    invite(both, 'patient-p')
    task = review_of('p')[0]['id']
    both.json('POST', '/auth/role', {'role': 1})
    both.post('Task/%s/$review' % task, outcome='accepted').refused(403, words='somebody else')
    admin.post('Task/%s/$review' % task, outcome='accepted').refused(403)
    people['officer'].post('Task/%s/$review' % task, outcome='accepted').is_(200)


def test_first_invitation_is_no_news(node):
    """Nobody could be shut out of an account that nobody has entered."""
    count = lambda: people['officer'].get('Task?code=%s|account-review&_summary=count' % TASK_KIND).json['total']
    before = count()
    people['admin'].json('POST', '/auth/people', {'name': 'New', 'login': 'new-one', 'kind': 'professional', 'roles': [{'code': 'R8009'}]})
    invite(people['admin'], 'new-one')
    eq(count(), before, 'nothing to review')


# --- one person, two accounts -----------------------------------------------------------------------


def test_two_accounts_of_one_person(node):
    """A doctor who also works at the desk registers nobody with themself there; with the surgery they do."""
    desk, gp = people['desk'], people['gp']
    episode = {'resourceType': 'EpisodeOfCare', 'status': 'active', 'patient': ref('Patient/p')}
    as_(gp, 'GET', 'Observation/p-plain').refused(404)
    mine = dict(episode, careManager=ref('Practitioner/gp'))
    as_(desk, 'POST', 'EpisodeOfCare', mine).refused(403, words='gives themselves access')
    as_(desk, 'POST', '', bundle('transaction', entry('POST', 'EpisodeOfCare', mine))).refused(403)
    as_(gp, 'GET', 'Observation/p-plain').refused(404)
    as_(desk, 'POST', 'EpisodeOfCare', dict(episode, managingOrganization=ref('Organization/surgery'))).is_(201)


# --- forms --------------------------------------------------------------------------------------------


def form(author, **more):
    return {'resourceType': 'QuestionnaireResponse', 'status': 'completed', 'subject': ref('Patient/p'),
            'item': [{'linkId': '1', 'text': 'Do you smoke?', 'answer': [{'valueBoolean': True}]}],
            **({'author': ref(author)} if author else {}), **more}


def test_only_authors_change_forms(node):
    me = people['p']
    for id, author in (('theirs', 'Practitioner/gp'), ('nobodys', None), ('related', 'RelatedPerson/r')):
        node.create(form(author, id=id))
        was = as_(me, 'GET', 'QuestionnaireResponse/' + id).json
        as_(me, 'PUT', 'QuestionnaireResponse/' + id, dict(was, status='entered-in-error')).refused(403, words='author')
        as_(me, 'PUT', 'QuestionnaireResponse/' + id, dict(was, author=ref('Patient/p'))).refused(403, words='author')
        json_patch(me, 'QuestionnaireResponse/' + id, {'op': 'replace', 'path': '/status', 'value': 'amended'}).refused(403, words='author')
        as_(me, 'POST', '', bundle('transaction', entry('PUT', 'QuestionnaireResponse/' + id, was | {'language': 'en'}))).refused(403)
    made = as_(me, 'POST', 'QuestionnaireResponse', form('Patient/p'))
    made.is_(201)
    path = 'QuestionnaireResponse/' + made.json['id']
    as_(me, 'PUT', path, dict(made.json, status='amended')).is_(200)
    as_(me, 'PUT', path, dict(made.json, author=ref('Practitioner/gp'))).refused(403, words='author')
    for author in ('Practitioner/gp', 'RelatedPerson/r', 'Patient/q', None):
        as_(me, 'POST', 'QuestionnaireResponse', form(author)).refused(403, words='author')
    for type, id in (('Observation', 'p-plain'), ('Patient', 'p'), ('RelatedPerson', 'r')):
        as_(me, 'PUT', '%s/%s' % (type, id), dict(node.get('%s/%s' % (type, id)).json, language='en')).refused(403)


# --- what is said of nobody ---------------------------------------------------------------------------


def test_list_of_nobody(node):
    """The list of a person who is not here is the empty one of somebody at whom nobody looked."""
    node.create({'resourceType': 'Patient', 'id': 'unseen'})
    officer = people['officer']
    time.sleep(0.1)
    nobody = officer.json('GET', '/audit/patient/nobody')
    eq((nobody['total'], nobody['entries'], 'next' in nobody), (0, [], False), 'empty')
    for name in ('nobody', 'unseen'):
        as_(people['p'], 'GET', '/audit/patient/' + name).refused(403)


def test_proxy_is_somebody(node):
    """Whoever can look people up is told that there is nobody; a patient is not told who is here."""
    me, gp = people['p'], people['gp']
    node.create({'resourceType': 'CareTeam', 'status': 'active', 'subject': ref('Patient/p'), 'participant': [{'member': ref('Practitioner/gp')}]})
    wanted = dict(function='view', basis='carer')
    gp.post('Patient/p/$proxies', person='Patient/nobody', **wanted).refused(400, words='nobody here')
    gp.post('Patient/p/$proxies', person='Patient/q', **wanted).is_(200)
    for person in ('Patient/nobody', 'Patient/q'):
        me.post('Patient/p/$proxies', person=person, **wanted).is_(200)


if __name__ == '__main__':
    kith.main(globals())
