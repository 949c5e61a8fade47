#!/usr/bin/env python3
"""Originals of letters: who may read a Binary, its bytes as they are, and that they do nothing at this address (R4 binary.html)."""
import base64

import kith
from kith import eq, ok
from test_access import Person

PDF = b'%PDF-1.4\n%\xe2\xe3\xcf\xd3\n%%EOF\n'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
people = {}


def binary(id, type, data, patient='p'):
    return {'resourceType': 'Binary', 'id': id, 'contentType': type, 'data': base64.b64encode(data).decode(),
            'securityContext': {'reference': 'Patient/' + patient}}


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery'})
    node.create({'resourceType': 'Practitioner', 'id': 'gp', 'name': [{'given': ['Amina'], 'family': 'Shah'}]})
    for id in ('p', 'q'):
        node.create({'resourceType': 'Patient', 'id': id, 'birthDate': '1980-02-03', 'name': [{'family': 'Flow'}],
                     **({'generalPractitioner': [{'reference': 'Practitioner/gp'}]} if id == 'p' else {})})
    node.create(binary('pdf', 'application/pdf', PDF))
    node.create(binary('svg', 'image/svg+xml', SVG))
    node.create(binary('html', 'text/html; charset=utf-8', b'<script>alert(1)</script>'))
    node.create(binary('odd', 'text/html; charset="utf-8"', b'x'))
    node.create(binary('other', 'application/pdf', PDF, 'q'))
    node.create({'resourceType': 'DocumentReference', 'id': 'letter', 'status': 'current', 'subject': {'reference': 'Patient/p'},
                 'content': [{'attachment': {'contentType': 'application/pdf', 'url': 'Binary/pdf', 'size': len(PDF)}}]})
    people['me'] = Person(node, 'patient-p', '--kind', 'patient', '--person', 'Patient/p')
    people['gp'] = Person(node, 'doctor-gp', '--person', 'Practitioner/gp', '--role', 'R8000')


def get(who, path, accept):
    return who.node.request('GET', path, headers=dict(who.headers(), Accept=accept))


def test_of_whom(node):
    """A Binary is a part of the record of the patient whose securityContext it has."""
    me, gp = people['me'], people['gp']
    url = me.get('DocumentReference/letter').json['content'][0]['attachment']['url']
    for who in (me, gp):
        eq(base64.b64decode(who.get(url).json['data']), PDF, 'as a resource')
        eq(get(who, url, 'application/pdf').body, PDF, 'byte for byte')
        who.get('Binary/other').refused(404)
        get(who, 'Binary/other', 'application/pdf').refused(404)
    ok([e for e in me.json('GET', '/audit/patient/p?count=100')['entries'] if e.get('who') == 'Practitioner/gp' and 'Binary' in e.get('what', '')],
       'the doctor reading it is in the log')
    seal = {'system': 'http://terminology.hl7.org/CodeSystem/v3-ActCode', 'code': 'NOPAT'}
    node.put('Binary/svg', dict(binary('svg', 'image/svg+xml', SVG), meta={'security': [seal]})).is_(200)
    get(me, 'Binary/svg', 'image/svg+xml').refused(404)
    eq(get(gp, 'Binary/svg', 'image/svg+xml').status, 200, 'a label hides the bytes as it hides the resource')


def test_does_nothing_here(node):
    """Whatever is in it: saved, not shown; not guessed at; nothing of it runs."""
    for id, accept, type in (('pdf', 'application/pdf', 'application/pdf'), ('html', 'text/html', 'text/html; charset=utf-8'),
                             ('svg', 'image/*', 'image/svg+xml'), ('pdf', 'application/octet-stream', 'application/pdf'),
                             ('odd', 'application/octet-stream', 'application/octet-stream')):
        got = get(people['gp'], 'Binary/' + id, accept)
        eq((got.status, got.headers['Content-Type']), (200, type), id)
        eq(got.headers['Content-Disposition'], 'attachment', id + ': saved')
        eq(got.headers['X-Content-Type-Options'], 'nosniff', id + ': not guessed at')
        eq(got.headers['Content-Security-Policy'], "default-src 'none'; sandbox", id + ': nothing runs')
        eq((got.headers['Cache-Control'], got.headers['Vary'].split(',')[0]), ('no-store', 'Accept'), id + ': kept nowhere')
        ok(got.headers['ETag'], id + ': which version')


def test_forms(node):
    gp = people['gp']
    for accept in ('application/fhir+json', '*/*', 'application/json, text/plain, */*', 'text/*'):
        eq(get(gp, 'Binary/html', accept).json['resourceType'], 'Binary', accept)
    ok(b'<Binary ' in get(gp, 'Binary/html', 'application/fhir+xml').body[:80], 'as FHIR XML')
    get(gp, 'Binary/pdf', 'image/png').refused(406, words='application/pdf')
    eq(get(gp, 'Binary/pdf?_format=json', 'application/pdf').json['resourceType'], 'Binary', '_format rules')
    get(gp, 'Patient/p', 'application/pdf').refused(406)
    eq(get(gp, 'Binary/pdf/_history/1', 'application/pdf').body, PDF, 'of a version')
    eq(node.request('HEAD', 'Binary/pdf', headers=dict(gp.headers(), Accept='application/pdf')).headers['Content-Length'], str(len(PDF)), 'HEAD')


if __name__ == '__main__':
    kith.main(globals())
