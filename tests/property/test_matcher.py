#!/usr/bin/env python3
"""The plain scan itself, by hand-written cases: the tables and examples of R4 search.html. What judges the index has to be right itself."""

import os
import sys
import unittest
from fractions import Fraction

import asks
import makes
import matcher
import run
import values as V

UCUM = V.UCUM
LOINC = 'http://loinc.org'


def coded(system, code, **more):
    return dict({'coding': [dict({'code': code}, **({'system': system} if system else {}), **more)]})


class Values(unittest.TestCase):
    def test_folding(self):
        for text, folded in (('Carréno Quiñones', 'carreno quinones'), ("O'Brien", 'obrien'), ('O’Brien', 'obrien'), ('Łódź', 'lodz'),
                             ('Müller-Lüdenscheidt', 'muller ludenscheidt'), ('Weiß', 'weiss'), ('  a ,; b--', 'a b'), ('St. John', 'st john'),
                             ('ﬁona', 'fiona'), ('Ｗｉｄｅ', 'wide'), ('Ødegård', 'odegard'), ('Æther', 'aether'), ('Đorđević', 'dordevic'),
                             ('Ŵyn', 'wyn'), ('Ó Néill', 'o neill'), ('قریشی', 'قریشی')):
            self.assertEqual(V.fold(text), folded)

    def test_numbers(self):
        """search.html#number."""
        values = ['95', '99.4', '99.5', '100', '100.004', '100.4', '100.5', '105']
        for prefix, text, found in (
                ('', '100', '99.5 100 100.004 100.4'), ('', '100.00', '100 100.004'), ('', '1e2', '95 99.4 99.5 100 100.004 100.4 100.5'),
                ('lt', '100', '95 99.4 99.5'), ('le', '100', '95 99.4 99.5 100'), ('gt', '100', '100.004 100.4 100.5 105'),
                ('ge', '100', '100 100.004 100.4 100.5 105'), ('ne', '100', '95 99.4 100.5 105'), ('ap', '100', ' '.join(values)),
                ('ap', '110', '99.4 99.5 100 100.004 100.4 100.5 105'), ('sa', '100.5', '105'), ('eb', '99.4', '95')):
            self.assertEqual([v for v in values if V.number_accepts(prefix, text, Fraction(v))], found.split(), prefix + text)
        self.assertEqual(V.ulp('5.40'), Fraction(1, 100))
        self.assertEqual(V.ulp('1.5e3'), 100)

    def test_dates(self):
        """search.html#date and #prefix."""
        values = {'d14': '2013-01-14', 't00': '2013-01-14T00:00:00Z', 't10': '2013-01-14T10:00:00Z', 'next': '2013-01-15T00:00:00Z',
                  'from21jan': {'start': '2013-01-21'}, 'from15mar': {'start': '2013-03-15'}, 'to21jan': {'end': '2013-01-21'}}
        ranges = {k: V.period_range(v) if isinstance(v, dict) else V.date_range(v) for k, v in values.items()}
        for query, found in (
                ('2013-01-14', 'd14 t00 t10'), ('ne2013-01-14', 'next from21jan from15mar to21jan'), ('2013', 'd14 t00 t10 next'),
                ('lt2013-01-14T10:00:00Z', 'd14 t00 to21jan'), ('gt2013-01-14T10:00:00Z', 'd14 next from21jan from15mar to21jan'),
                ('ge2013-03-14', 'from21jan from15mar'), ('le2013-03-14', 'd14 t00 t10 next from21jan to21jan'),
                ('sa2013-03-14', 'from15mar'), ('eb2013-03-14', 'd14 t00 t10 next to21jan'), ('2013-01-14T11:00:00+01:00', 't10'),
                ('2013-01-14T10:00Z', 't10'), ('2013-01-14T10:00', 't10'), ('gt2013', 'from21jan from15mar')):
            prefix, text = (query[:2], query[2:]) if query[0].isalpha() else ('', query)
            self.assertEqual([k for k, v in ranges.items() if V.date_accepts(prefix, V.date_range(text), v)], found.split(), query)
        self.assertEqual(V.date_range('2012-02')[1], V.date_range('2012-03-01')[0])
        self.assertEqual(V.date_range('2012-12')[1], V.date_range('2013')[0])
        self.assertEqual(V.date_range('2013-01-14T10:00:00.123Z')[1] - V.date_range('2013-01-14T10:00:00Z')[0], 124)

    def test_units(self):
        for value, source, target, result in (('5', 'g', 'mg', '5000'), ('1', 'kg', 'ug', '1e9'), ('37', 'Cel', 'K', '310.15'),
                                              ('98.6', '[degF]', 'Cel', '37'), ('60', '/min', 'Hz', '1'), ('120', 'mm[Hg]', 'Pa', '15998.64'),
                                              ('1', 'mmol/L', 'umol/L', '1000'), ('100', 'mg/dL', 'g/L', '1'), ('1', '[in_i]', 'cm', '2.54')):
            self.assertEqual(V.convert(Fraction(value), source, target), Fraction(result), (value, source, target))
        self.assertIsNone(V.convert(Fraction(1), 'g', 'm'))

    def test_distance(self):
        self.assertAlmostEqual(V.distance(51.5074, -0.1278, 48.8566, 2.3522) / 1000, 343.6, delta=0.5)  # London, Paris
        self.assertLess(V.distance(0, 179.999, 0, -179.999), 300)


STORE = [
    {'resourceType': 'Patient', 'id': '1', 'name': [{'family': 'Chalmers', 'given': ['Eve']}], 'gender': 'female', 'birthDate': '1974-12-25',
     'identifier': [{'system': 'http://acme.org/patient', 'value': '2345', 'type': coded('http://t', 'MR')}],
     'generalPractitioner': [{'reference': 'Practitioner/23'}]},
    {'resourceType': 'Patient', 'id': '2', 'name': [{'family': "O'Brien", 'given': ['Evelyn']}], 'deceasedDateTime': '2015',
     'identifier': [{'value': '2345'}]},
    {'resourceType': 'Practitioner', 'id': '23', 'name': [{'family': 'Doctor'}]},
    {'resourceType': 'Observation', 'id': 'a', 'status': 'final', 'subject': {'reference': '@BASE@/Patient/1'},
     'code': coded(LOINC, '8480-6', display='Systolic blood-pressure'), 'effectiveDateTime': '2013-01-14',
     'valueQuantity': {'value': V.number('5.40'), 'system': UCUM, 'code': 'mg', 'unit': 'milligram'},
     'component': [{'code': coded(LOINC, 'x'), 'valueQuantity': {'value': V.number('1')}},
                   {'code': coded(LOINC, 'y'), 'valueQuantity': {'value': V.number('2')}}]},
    {'resourceType': 'Observation', 'id': 'b', 'status': 'final', 'code': coded('http://example.org/codes', 'leaf'),
     'subject': {'reference': 'Patient/none'}, 'performer': [{'identifier': {'system': 's', 'value': 'V'}}],
     'valueQuantity': {'value': V.number('0.0054'), 'system': UCUM, 'code': 'g'}},
    {'resourceType': 'Observation', 'id': 'c', 'status': 'amended', 'code': {'text': 'Blood'}, 'effectivePeriod': {'start': '2012'},
     'subject': {'reference': 'http://elsewhere.example.org/Patient/1'}, 'valueString': 'Größe'},
    {'resourceType': 'List', 'id': 'l', 'status': 'current', 'mode': 'working', 'entry': [{'item': {'reference': 'Observation/b'}}]},
    {'resourceType': 'Provenance', 'id': 'p', 'recorded': '2020-01-01T00:00:00Z', 'target': [{'reference': 'Observation/a'}], 'agent': []},
    {'resourceType': 'ValueSet', 'id': 'v', 'url': 'http://vs', 'compose': {'include': [{'system': LOINC, 'concept': [{'code': '8480-6'}]}]}},
    {'resourceType': 'CodeSystem', 'id': 's', 'url': 'http://example.org/codes',
     'concept': [{'code': 'root', 'concept': [{'code': 'leaf'}]}, {'code': 'other'}]},
]


def param(name, *values, m=None):
    return {'k': 'param', 'p': name, 'm': m, 'v': list(values)}


class Scan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.definitions = matcher.Definitions(run.DATA, makes.TYPES)
        resources = [matcher.Resource(r, i) for i, r in enumerate(STORE)]
        cls.m = matcher.Matcher(cls.definitions, {r.key: r for r in resources})

    def found(self, type, criterion, ids):
        keys = self.m.answer({'type': type, 'criteria': [criterion]})
        self.assertEqual(sorted(k.split('/')[1] for k in keys), sorted(ids.split()), criterion)

    def test_parameters(self):
        for type, c, ids in (
                ('Patient', param('given', 'eve'), '1 2'), ('Patient', param('given', 'Eve', m='exact'), '1'),
                ('Patient', param('name', 'BRIEN', m='contains'), '2'), ('Patient', param('family', 'obrien', 'chal'), '1 2'),
                ('Patient', param('identifier', [None, '2345']), '1 2'), ('Patient', param('identifier', ['', '2345']), '2'),
                ('Patient', param('identifier', ['http://acme.org/patient', None]), '1'),
                ('Patient', param('identifier', ['http://t', 'MR', '2345'], m='of-type'), '1'),
                ('Patient', param('gender', [None, 'female'], m='not'), '2'), ('Patient', param('gender', 'true', m='missing'), '2'),
                ('Patient', param('deceased', [None, 'true']), '2'), ('Patient', param('deceased', [None, 'false']), '1'),
                ('Patient', param('death-date', ['', '2015']), '2'), ('Patient', param('birthdate', ['lt', '1975']), '1'),
                ('Observation', param('code', 'blood', m='text'), 'a c'), ('Observation', param('code', 'pressure', m='text'), 'a'),
                ('Observation', param('code', 'http://vs', m='in'), 'a'), ('Observation', param('code', 'http://vs', m='not-in'), 'b c'),
                ('Observation', param('code', ['http://example.org/codes', 'root'], m='below'), 'b'),
                ('Observation', param('code', ['http://example.org/codes', 'root'], m='above'), ''),
                ('Observation', param('subject', 'Patient/1'), 'a'), ('Observation', param('subject', '1'), 'a'),
                ('Observation', param('patient', '1', m='Patient'), 'a'), ('Observation', param('patient', 'true', m='missing'), ''),
                ('Observation', param('subject', 'http://elsewhere.example.org/Patient/1'), 'c'),
                ('Observation', param('performer', [None, 'v'], m='identifier'), 'b'),
                ('Observation', param('value-quantity', ['', '5.4', UCUM, 'mg']), 'a b'), ('Observation', param('value-quantity', ['', '5.4', None, None]), 'a'),
                ('Observation', param('value-quantity', ['', '5.4', '', 'milligram']), 'a'), ('Observation', param('combo-value-quantity', ['lt', '2', None, None]), 'a b'),
                ('Observation', param('component-code-value-quantity', [[LOINC, 'x'], ['', '1', None, None]]), 'a'),
                ('Observation', param('component-code-value-quantity', [[LOINC, 'x'], ['', '2', None, None]]), ''),
                ('Observation', param('code-value-quantity', [[LOINC, '8480-6'], ['gt', '5', UCUM, 'mg']]), 'a'),
                ('Observation', param('value-string', 'GROSSE'), 'c'), ('Observation', param('_id', [None, 'a'], [None, 'b']), 'a b')):
            self.found(type, c, ids)

    def test_contained(self):
        """resolve() finds what is contained, so the parameter 'patient' has a value; no other resource is referred to."""
        r = matcher.Resource({'resourceType': 'Observation', 'id': 'i', 'subject': {'reference': '#p'},
                              'contained': [{'resourceType': 'Patient', 'id': 'p'}]})
        m = matcher.Matcher(self.definitions, {r.key: r})
        self.assertEqual(m.select('Observation', param('patient', 'false', m='missing')), {r.key})
        self.assertEqual(m.select('Observation', param('patient', 'p')), set())

    def test_joins(self):
        for type, c, ids in (
                ('Observation', {'k': 'chain', 'p': 'subject', 't': 'Patient', 'c': param('name', 'eve')}, 'a'),
                ('Observation', {'k': 'chain', 'p': 'subject', 't': None, 'c': param('family', 'chalmers')}, 'a'),
                ('Observation', {'k': 'chain', 'p': 'patient', 't': 'Patient', 'c': {
                    'k': 'chain', 'p': 'general-practitioner', 't': 'Practitioner', 'c': param('name', 'doctor')}}, 'a'),
                ('Patient', {'k': 'has', 't': 'Observation', 'p': 'patient', 'c': param('code', [None, '8480-6'])}, '1'),
                ('Patient', {'k': 'has', 't': 'Observation', 'p': 'patient', 'c': param('code', [None, 'leaf'])}, ''),
                ('Patient', {'k': 'has', 't': 'Observation', 'p': 'patient', 'c': {
                    'k': 'has', 't': 'Provenance', 'p': 'target', 'c': param('recorded', ['gt', '2019'])}}, '1'),
                ('Observation', {'k': 'list', 'id': 'l'}, 'b'),
                ('Observation', {'k': 'filter', 'f': ['or', ['p', 'status', 'eq', [None, 'amended']], ['not', ['p', 'date', 'pr', 'true']]]}, 'b c')):
            self.found(type, c, ids)

    def test_order(self):
        keys = ['Observation/c', 'Observation/a', 'Observation/b']
        self.assertIsNone(self.m.in_order(keys, [['date', False]]))
        self.assertIsNone(self.m.in_order(['Observation/a', 'Observation/c', 'Observation/b'], [['date', True]]))
        self.assertIsNotNone(self.m.in_order(['Observation/b', 'Observation/c', 'Observation/a'], [['date', True]]))

    def test_writing(self):
        q = {'type': 'Patient', 'in': None, 'count': 5, 'sort': [['birthdate', True], ['_id', False]], 'total': True, 'criteria': [
            param('name', 'a,b|c$d\\e', m='exact'), {'k': 'has', 't': 'Observation', 'p': 'patient', 'c': param(
                'code-value-quantity', [[LOINC, 'a$b'], ['gt', '5', UCUM, 'mg']])}]}
        self.assertEqual(asks.url(self.definitions, q, 'http://h/fhir'), ('Patient', (
            'name:exact=a%5C,b%5C|c%5C$d%5C%5Ce&_has:Observation:patient:code-value-quantity=http://loinc.org|a%5C$b$gt5|http://unitsofmeasure.org|mg'
            '&_sort=-birthdate,_id&_count=5&_total=accurate')))


if __name__ == '__main__':
    run.DATA = run.unpacked_data()
    if not run.DATA:
        sys.exit(77)
    unittest.main()
