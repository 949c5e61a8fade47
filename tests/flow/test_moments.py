#!/usr/bin/env python3
"""What begins and ends by the clock alone, over the wire; and a record with years of choices that have ended."""
import os
import time

import kith
from kith import eq, ok
from test_access import Person, observation

ENDED = 3000 if os.environ.get('KITH_SMALL') == 'yes' else 30000
people = {}


def stamp(seconds):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))


def consent(kind, party, permit, period=None, **more):
    provision = {'type': 'permit' if permit else 'deny', 'actor': [{'reference': {'reference': party}, 'role': {'coding': [
        {'system': 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'code': 'IRCP'}]}}]}
    if period:
        provision['period'] = period
    return {'resourceType': 'Consent', 'status': 'active', 'patient': {'reference': 'Patient/p'}, 'dateTime': '2020-01-01',
            'scope': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/consentscope', 'code': 'patient-privacy'}]},
            'category': [{'coding': [{'system': 'https://kith.care/fhir/CodeSystem/consent-kind', 'code': kind}]}],
            'policyRule': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'OPTIN' if permit else 'OPTOUT'}]},
            'provision': provision, **more}


def test_people(node):
    for who in ('gp', 'locum'):
        node.create({'resourceType': 'Practitioner', 'id': who, 'name': [{'family': who.title()}]})
    node.create({'resourceType': 'Patient', 'id': 'p', 'birthDate': '1980-02-03', 'name': [{'family': 'Flow'}],
                 'identifier': [{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': '9990000018'}],
                 'generalPractitioner': [{'reference': 'Practitioner/gp'}]})
    node.create(observation('plain', 'p', '8480-6'))
    people['patient'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p', '--nhs-number', '9990000018')
    people['locum'] = Person(node, 'doctor-locum', '--person', 'Practitioner/locum', '--role', 'R8000')


def sees(person):
    """By name, found, and counted: they agree."""
    answers = (person.get('Observation/plain').status == 200,
               bool(person.get('Observation?patient=p').matches),
               person.get('Observation?code=8480-6&_summary=count').json['total'] == 1)
    ok(len(set(answers)) == 1, 'read, found and counted agree', answers)
    return answers[0]


def until(moment, person, before):
    """The answer is `before` up to the moment and the other one from then on."""
    while time.time() < moment - 0.7:
        began = sees(person)
        ok(time.time() >= moment or began == before, 'before the moment', began)
        time.sleep(0.2)
    time.sleep(max(0, moment - time.time()) + 0.02)
    eq(sees(person), not before, 'from that moment on')


def test_clock(node):
    locum = people['locum']
    eq(sees(locum), False, 'no relationship yet')
    now = int(time.time())
    node.create(consent('grant', 'Practitioner/locum', True, {'start': stamp(now + 2), 'end': stamp(now + 6)}, id='grant'))
    node.create(consent('sharing', 'Practitioner/locum', False, {'start': stamp(now + 4), 'end': stamp(now + 4)}, id='refusal'))
    until(now + 2, locum, False)
    until(now + 4, locum, True)
    until(now + 5, locum, False)
    until(now + 7, locum, True)


def test_release(node):
    me = people['patient']
    now = int(time.time())
    entry = observation('plain', 'p', '8480-6')
    entry['meta'] = {'security': [{'system': 'https://kith.care/fhir/CodeSystem/label', 'code': 'held', 'extension': [
        {'url': 'https://kith.care/fhir/StructureDefinition/label-until', 'valueDateTime': stamp(now + 2)}]}]}
    node.create(entry)
    until(now + 2, me, False)


def parts(reply, name):
    return [p for p in reply.json['parameter'] if p['name'] == name]


def test_years_of_choices(node):
    """Nobody waits for what has ended, nor is it too much, however much it is."""
    me = people['patient']
    me.post('Patient/p/$sharing', permit=False, party='Practitioner/locum').is_(200)
    past = {'start': '2021-01-01', 'end': '2021-02-01'}
    made = []
    for i in range(ENDED):
        kind, permit = (('sharing', False), ('grant', True))[i % 2]
        one = consent(kind, 'Practitioner/locum', permit, past if i % 4 < 2 else None)
        one['status'] = 'active' if i % 4 < 2 else 'inactive'
        made.append({'resource': one, 'request': {'method': 'POST', 'url': 'Consent'}})
        if len(made) == 500 or i + 1 == ENDED:
            node.post('', {'resourceType': 'Bundle', 'type': 'transaction', 'entry': made}).is_(200)
            made = []
    began = time.time()
    reply = me.get('Patient/p/$sharing')
    took = time.time() - began
    ok(reply.status == 200, 'answered', reply.body[:600])
    eq(len(parts(reply, 'choice')), 1, 'the choice that is in force alone')
    ok(took < 20, 'in time', took)
    me.get('Patient/p/$proxies').is_(200)
    print('$sharing with %d Consents that have ended: %.0f ms' % (ENDED, took * 1000))


if __name__ == '__main__':
    kith.main(globals())
