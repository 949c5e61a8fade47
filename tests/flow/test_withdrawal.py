#!/usr/bin/env python3
"""A choice holds for the very next request, and so does its end: no cache may stand between."""
import os

import kith
from kith import eq
from test_access import Person, observation

TIMES = 40 if os.environ.get('KITH_SMALL') == 'yes' else 1000  # fewer with sanitizers
people = {}


def test_people(node):
    node.create({'resourceType': 'Practitioner', 'id': 'gp', 'name': [{'family': 'Shah'}]})
    node.create({'resourceType': 'Patient', 'id': 'p', 'birthDate': '1980-02-03', 'name': [{'family': 'Flow'}],
                 'identifier': [{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': '9990000018'}],
                 'generalPractitioner': [{'reference': 'Practitioner/gp'}]})
    node.create(observation('plain', 'p', '8480-6'))
    people['patient'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p', '--nhs-number', '9990000018')
    people['gp'] = Person(node, 'doctor-gp', '--person', 'Practitioner/gp', '--role', 'R8000')
    people['gp'].get('Observation/plain').is_(200)


def test_at_once(node):
    me, gp = people['patient'], people['gp']
    seen = kept = 0
    for i in range(TIMES):
        made = me.post('Patient/p/$sharing', permit=False, party='Practitioner/gp')
        read = gp.get('Observation/plain').status
        found = gp.get('Observation?patient=p').matches if i % 10 == 0 else []
        seen += made.status != 200 or read == 200 or bool(found)
        choice = next(part['valueId'] for c in made.json['parameter'] if c['name'] == 'choice'
                      for part in c['part'] if part['name'] == 'id')
        ended = me.post('Patient/p/$sharing-end', id=choice)
        kept += ended.status != 200 or gp.get('Observation/plain').status != 200
    eq((seen, kept), (0, 0), '%d times: withheld at once, there again at once' % TIMES)


if __name__ == '__main__':
    kith.main(globals())
