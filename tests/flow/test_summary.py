"""Patient/[id]/$summary: the International Patient Summary of a record (http://hl7.org/fhir/uv/ips)."""

import glob
import json
import os
import tempfile
import xml.etree.ElementTree

import kith
from kith import eq, ok

SNOMED, LOINC = 'http://snomed.info/sct', 'http://loinc.org'
ABSENT = 'http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips'
TERMS = 'http://terminology.hl7.org/CodeSystem/'
REQUIRED = ['10160-0', '48765-2', '11450-4', '11369-6', '47519-4', '46264-8', '30954-2']


def concept(code, display=None, system=SNOMED, **more):
    return dict({'coding': [{k: v for k, v in (('system', system), ('code', code), ('display', display)) if v}]}, **more)


def of(type, id, patient='p', link='subject', **more):
    return dict({'resourceType': type, 'id': id, link: {'reference': 'Patient/' + patient}}, **more)


def clinical(kind, code):
    return concept(code, system=TERMS + kind)


def condition(id, code, status='active', verified='confirmed', **more):
    return of('Condition', id, clinicalStatus=clinical('condition-clinical', status),
              verificationStatus=clinical('condition-ver-status', verified), code=concept(code, 'Problem ' + id), **more)


def measured(id, code, date, value, category='laboratory', status='final', **more):
    return of('Observation', id, status=status, category=[concept(category, system=TERMS + 'observation-category')],
              code=concept(code, 'Test ' + code, LOINC), effectiveDateTime=date,
              valueQuantity={'value': value, 'unit': 'mmol/L'}, **more)


RECORD = [
    {'resourceType': 'Organization', 'id': 'surgery', 'name': 'The Surgery'},
    {'resourceType': 'Practitioner', 'id': 'doctor', 'name': [{'family': 'Doctor'}]},
    kith.patient('O<b>rien', 'Zo"e', id='p', birthDate='1970-02-03', gender='female',
                 identifier=[{'system': 'https://fhir.nhs.uk/Id/nhs-number', 'value': '9999999468'}],
                 managingOrganization={'reference': 'Organization/surgery'}),
    {'resourceType': 'Medication', 'id': 'tablet', 'code': concept('322236009', 'Paracetamol 500mg tablet')},
    of('MedicationRequest', 'm1', status='active', intent='order', medicationReference={'reference': 'Medication/tablet'},
       authoredOn='2026-01-05', requester={'reference': 'Practitioner/doctor'}, dosageInstruction=[{'text': 'Two & no more'}]),
    of('MedicationRequest', 'm2', status='active', intent='order', medicationReference={'reference': 'Medication/tablet'},
       authoredOn='2025-01-05', dosageInstruction=[{'text': 'Two & no more'}]),
    of('MedicationRequest', 'm3', status='stopped', intent='order', medicationCodeableConcept=concept('1', 'Stopped')),
    of('MedicationStatement', 'm4', status='active', medicationCodeableConcept=concept('2', 'Herbal tea'),
       dosage=[{'timing': {'repeat': {'frequency': 3, 'period': 1, 'periodUnit': 'd'}}, 'route': {'text': 'by mouth'},
                'doseAndRate': [{'doseQuantity': {'value': 2, 'unit': 'cups'}}], 'asNeededBoolean': True}]),
    of('MedicationStatement', 'm5', status='active', medicationCodeableConcept=concept('3', 'Last year'),
       effectivePeriod={'start': '2020-01-01', 'end': '2020-02-01'}),
    of('AllergyIntolerance', 'a1', link='patient', clinicalStatus=clinical('allergyintolerance-clinical', 'active'),
       code=concept('91936005', 'Penicillin'), criticality='high',
       reaction=[{'manifestation': [concept('271807003', 'Rash')], 'severity': 'mild'}]),
    of('AllergyIntolerance', 'a2', link='patient', clinicalStatus=clinical('allergyintolerance-clinical', 'active'),
       verificationStatus=clinical('allergyintolerance-verification', 'refuted'), code=concept('9', 'Refuted')),
    condition('c1', '38341003', onsetDateTime='2015-03'),
    condition('c2', '40', 'resolved', onsetDateTime='2001', abatementDateTime='2002-04-01'),
    condition('c3', '41', verified='refuted'),
    of('Condition', 'c4', verificationStatus=clinical('condition-ver-status', 'entered-in-error'), code=concept('42', 'Wrong')),
    of('Immunization', 'i1', link='patient', status='completed', vaccineCode=concept('6142004', 'Influenza vaccine'),
       occurrenceDateTime='2025-10-01', lotNumber='L1'),
    of('Immunization', 'i2', link='patient', status='not-done', vaccineCode=concept('6142004'), occurrenceString='never'),
    of('Procedure', 'pr1', status='completed', code=concept('80146002', 'Appendectomy'), performedDateTime='1999'),
    of('Procedure', 'pr2', status='entered-in-error', code=concept('80146002')),
    of('DiagnosticReport', 'd2', status='final', code=concept('1-8', 'Donor', LOINC), effectiveDateTime='2026-01-01',
       result=[{'reference': 'Observation/o3'}, {'reference': 'Observation/donor'}]),
    dict(measured('donor', '1-8', '2026-01-01', 1), subject={'reference': 'Patient/q'}),
    {'resourceType': 'Device', 'id': 'pump', 'deviceName': [{'name': 'Insulin pump', 'type': 'user-friendly-name'}]},
    of('DeviceUseStatement', 'du', status='active', device={'reference': 'Device/pump'}, recordedOn='2024-05-01'),
    measured('o1', '2345-7', '2024-01-01', 5, specimen={'reference': 'Specimen/blood'}),
    measured('o2', '2345-7', '2026-01-01', 6, specimen={'reference': 'Specimen/blood'}),
    measured('o3', '2345-7', '2026-05-01', 7, status='entered-in-error'),
    of('Specimen', 'blood'),
    measured('v1', '8867-4', '2026-01-01', 70, 'vital-signs'),
    measured('s1', '72166-2', '2026-01-01', 0, 'social-history'),
    measured('g1', '82810-3', '2026-01-01', 0, 'exam'),
    of('DiagnosticReport', 'd1', status='final', code=concept('58410-2', 'Panel', LOINC), effectiveDateTime='2026-01-01',
       result=[{'reference': 'Observation/o2'}, {'reference': 'Observation/old'}]),
    measured('old', '2160-0', '2023-01-01', 80),
    measured('newer', '2160-0', '2026-02-01', 90),
    of('CarePlan', 'cp', status='active', intent='plan', title='Asthma plan', period={'start': '2026-01-01'}),
    of('CarePlan', 'cp2', status='completed', intent='plan', title='Over'),
    of('Consent', 'will', link='patient', status='active', scope=concept('adr', 'Advance directive', TERMS + 'consentscope'),
       category=[concept('acd', system=TERMS + 'consentcategorycodes')], dateTime='2020-01-01', policyRule=concept('x')),
    of('Encounter', 'e', status='finished', **{'class': {'code': 'AMB'}}),
    kith.patient('Other', id='q'),
    dict(condition('not-mine', '77'), subject={'reference': 'Patient/q'}, asserter={'reference': 'Patient/p'}),
]


def sections(summary):
    return {s['code']['coding'][0]['code']: s for s in summary['entry'][0]['resource']['section']}


def entries(summary, code):
    section = sections(summary).get(code, {})
    by_url = {e['fullUrl']: e['resource'] for e in summary['entry']}
    return [by_url[x['reference']]['id'] for x in section.get('entry', [])]


def read(div):
    """The narrative as rows of words; it must be well-formed."""
    tree = xml.etree.ElementTree.fromstring(div)
    x = '{http://www.w3.org/1999/xhtml}'
    return [[' '.join(cell.itertext()) for cell in row] for row in tree.iter(x + 'tr')], ' '.join(tree.itertext())


def validated(bundle, what):
    with tempfile.TemporaryDirectory() as dir:
        path = os.path.join(dir, 'summary.json')
        with open(path, 'w') as f:
            json.dump(bundle, f)
        done = kith.run('validate', path, status=None)
        eq(done.returncode, 0, what + ': kith validate: ' + done.stdout[-1500:] + done.stderr[-500:])


def test_sections(node):
    node.post('', kith.bundle('transaction', *[kith.entry('PUT', r['resourceType'] + '/' + r['id'], r) for r in RECORD])).is_(200)
    reply = node.get('Patient/p/$summary')
    reply.is_(200)
    summary = reply.json
    composition = summary['entry'][0]['resource']
    eq(composition['type']['coding'][0]['code'], '60591-5', 'type')
    ok(summary['meta']['profile'][0].endswith('Bundle-uv-ips'), 'profile of the Bundle')
    ok(composition['meta']['profile'][0].endswith('Composition-uv-ips'), 'profile of the Composition')
    eq(composition['subject']['reference'], node.fhir + '/Patient/p', 'subject')
    for code, ids in {
            '10160-0': ['m1', 'm4'], '48765-2': ['a1'], '11450-4': ['c1'], '11369-6': ['i1'], '47519-4': ['pr1'],
            '46264-8': ['du'], '30954-2': ['newer', 'd1', 'd2', 'o2'], '8716-3': ['v1'], '29762-2': ['s1'],
            '11348-0': ['c2'], '18776-5': ['cp'], '10162-6': ['g1'], '42348-3': ['will']}.items():
        eq(sorted(entries(summary, code)), sorted(ids), 'section ' + code)
    ok('47420-5' not in sections(summary), 'an optional section with nothing is left out')
    brought = {e['resource']['id'] for e in summary['entry']}
    ok({'surgery', 'doctor', 'tablet', 'pump', 'blood', 'old'} <= brought, 'what is needed comes along', brought)
    ok(not {'e', 'm2', 'm3', 'm5', 'a2', 'o1', 'o3', 'i2', 'q', 'not-mine', 'donor'} & brought, 'nothing else', brought)
    urls = [e['fullUrl'] for e in summary['entry']]
    eq(len(urls), len(set(urls)), 'each once')
    validated(summary, 'a summary')
    stable = [u for u in urls if not u.startswith('urn:')]
    again = node.get('Patient/p/$summary').json
    eq([e['fullUrl'] for e in again['entry'] if not e['fullUrl'].startswith('urn:')], stable, 'the order is always the same')
    eq(node.total('Bundle'), 0, 'nothing is stored')


def test_author(node):
    """The node's organisation: made for the document, or the one that is stored."""
    summary = node.get('Patient/p/$summary').json
    author = summary['entry'][0]['resource']['author'][0]['reference']
    made = [e['resource'] for e in summary['entry'] if e['fullUrl'] == author]
    eq(made[0]['identifier'][0]['value'], 'Y90001', 'made')
    eq(made[0]['name'], 'Flow test', 'its name')
    node.create({'resourceType': 'Organization', 'id': 'own', 'name': 'Our own',
                 'identifier': [{'system': 'https://fhir.nhs.uk/Id/ods-organization-code', 'value': 'Y90001'}]})
    summary = node.get('Patient/p/$summary').json
    eq(summary['entry'][0]['resource']['author'][0]['reference'], node.fhir + '/Organization/own', 'stored')
    validated(summary, 'with a stored author')


def test_narrative(node):
    summary = node.get('Patient/p/$summary').json
    composition = summary['entry'][0]['resource']
    words = read(composition['text']['div'])[1]
    for wanted in ('Patient summary', 'Zo"e', 'O<b>rien', '3 February 1970', '999 999 9468', 'Flow test'):
        ok(wanted in words, 'the head says %s' % wanted, words)
    table = {code: read(s['text']['div']) for code, s in sections(summary).items()}
    eq(table['10160-0'][0][1], ['Paracetamol 500mg tablet', 'Two & no more', 'active', '5 January 2026', 'SNOMED CT 322236009'],
       'a medicine')
    eq(table['10160-0'][0][2][1].strip(), '2 cups by mouth 3 times every 1 days, as needed', 'a dosage in parts')
    eq(table['48765-2'][0][1], ['Penicillin', 'active', 'high', 'Rash (mild)', 'SNOMED CT 91936005'], 'an allergy, without the column that is empty')
    eq(table['11450-4'][0][1][0], 'Problem c1', 'a problem')
    ok('March 2015' in table['11450-4'][0][1], 'since when', table['11450-4'][0])
    ok(table['11348-0'][0][1][2:4] == ['2001', '1 April 2002'], 'from and until', table['11348-0'][0])
    eq(table['46264-8'][0][1][0], 'Insulin pump', 'a device')
    ok(['Test 2345-7', '6 mmol/L', '1 January 2026', 'LOINC 2345-7'] in table['30954-2'][0], 'a result', table['30954-2'])
    eq(table['18776-5'][0][1], ['Asthma plan', 'active', 'since 1 January 2026'], 'a plan')


def test_nothing(node):
    node.create(kith.patient('Empty', id='empty'))
    summary = node.get('Patient/empty/$summary').json
    eq(list(sections(summary)), REQUIRED, 'required and recommended sections, and no others')
    by_url = {e['fullUrl']: e['resource'] for e in summary['entry']}
    for code, said in (('10160-0', 'no-medication-info'), ('48765-2', 'no-allergy-info'), ('11450-4', 'no-problem-info')):
        entry = by_url[sections(summary)[code]['entry'][0]['reference']]
        coding = (entry.get('code') or entry.get('medicationCodeableConcept'))['coding'][0]
        eq((coding['system'], coding['code']), (ABSENT, said), code)
        ok('No information' in sections(summary)[code]['text']['div'], 'and in words')
    for code in REQUIRED[3:]:
        eq(sections(summary)[code]['emptyReason']['coding'][0]['code'], 'unavailable', code)
        ok('No information' in sections(summary)[code]['text']['div'], 'and in words')
    validated(summary, 'a summary of nothing')


def test_over(node):
    """Problems and medicines that are all over: one record alone does not know that there are no others."""
    node.create(kith.patient('Over', id='over'))
    node.create(dict(condition('oc', '40', 'resolved'), subject={'reference': 'Patient/over'}))
    node.create(of('MedicationRequest', 'om', 'over', status='completed', intent='order',
                   medicationCodeableConcept=concept('1', 'Stopped')))
    summary = node.get('Patient/over/$summary').json
    said = {r['resourceType']: (r.get('code') or r.get('medicationCodeableConcept'))['coding'][0]['code']
            for r in (e['resource'] for e in summary['entry'])
            if r['resourceType'] in ('Condition', 'MedicationStatement', 'AllergyIntolerance') and r['id'] != 'oc'}
    eq(said, {'Condition': 'no-problem-info', 'MedicationStatement': 'no-medication-info',
              'AllergyIntolerance': 'no-allergy-info'}, 'what is said')
    validated(summary, 'a summary of what is over')


def test_asked(node):
    number = 'https://fhir.nhs.uk/Id/nhs-number|9999999468'
    subject = lambda reply: reply.json['entry'][0]['resource']['subject']['reference'].split('/')[-1]
    eq(subject(node.get('Patient/$summary?identifier=' + number)), 'p', 'by identifier')
    sent = {'resourceType': 'Parameters', 'parameter': [{'name': 'identifier', 'valueString': number}]}
    eq(subject(node.post('Patient/$summary', sent)), 'p', 'by Parameters')
    eq(subject(node.get('Patient/p/$summary?profile=http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips')), 'p', 'profile')
    node.get('Patient/p/$summary?profile=http://x').refused(400, 'not-supported', 'leave profile out')
    node.get('Patient/p/$summary?graph=x').refused(400, words='no parameter .graph.')
    node.get('Patient/p/$summary?identifier=x').refused(400, words='names the patient already')
    node.get('Patient/$summary').refused(400, 'required', 'say whose')
    node.get('Patient/$summary?identifier=nobody').refused(404, 'not-found')
    node.get('Patient/none/$summary').refused(404, 'not-found')
    node.get('Observation/o1/$summary').refused(400, words='Patient')
    node.create(kith.patient('Twin', id='t1', identifier=[{'system': 'urn:x', 'value': 'same'}]))
    node.create(kith.patient('Twin', id='t2', identifier=[{'system': 'urn:x', 'value': 'same'}]))
    node.get('Patient/$summary?identifier=urn:x|same').refused(412, 'multiple-matches')
    node.delete('Patient/t2')
    node.get('Patient/t2/$summary').refused(410, 'deleted')
    reply = node.get('Patient/p/$summary', Accept=kith.FHIR_XML)
    reply.is_(200)
    eq(reply.xml.tag, kith.XML + 'Bundle', 'as XML')
    operations = [o for r in node.get('metadata').json['rest'][0]['resource'] if r['type'] == 'Patient' for o in r['operation']]
    ok('http://hl7.org/fhir/uv/ips/OperationDefinition/summary' in [o['definition'] for o in operations], 'the CapabilityStatement')


def test_large(node):
    """Invented people, the one with the longest record among them."""
    with tempfile.TemporaryDirectory() as dir:
        people = os.path.join(dir, 'people')
        kith.run('synth', people, '--patients', '40', '--years', '60')
        longest, patients = (0, None), []
        for name in sorted(glob.glob(os.path.join(people, '*'))):
            for line in open(name, encoding='utf-8'):
                bundle = json.loads(line)
                node.post('', bundle).is_(200)
                found = [e['resource']['id'] for e in bundle['entry'] if e['resource']['resourceType'] == 'Patient']
                patients += found
                if found:
                    longest = max(longest, (len(bundle['entry']), found[0]))
    for id in patients[:8] + [longest[1]]:
        validated(node.get('Patient/%s/$summary' % id).json, 'a summary of an invented person')


def test_long(node):
    """3,400 resources, most of them measured again and again."""
    node.create(kith.patient('Long', id='long'))
    for first in range(0, 3400, 850):
        some = [dict(measured('long-%d' % i, '%d-0' % (i % 300), '20%02d-01-01' % (i // 300), i), subject={'reference': 'Patient/long'})
                for i in range(first, first + 850)]
        node.post('', kith.bundle('batch', *[kith.entry('PUT', 'Observation/' + r['id'], r) for r in some])).is_(200)
    summary = node.get('Patient/long/$summary').json
    found = entries(summary, '30954-2')
    eq(len(found), 200, 'as many as a section may have')
    ok(all(int(x.split('-')[1]) >= 3100 for x in found), 'the latest of each code', found)
    ok('100 older ones' in sections(summary)['30954-2']['text']['div'], 'and the narrative says what is not there')
    ticks = os.sysconf('SC_CLK_TCK')

    def cpu():  # seconds of the node's processor: what others do on this machine does not count
        with open('/proc/%d/stat' % node.process.pid, encoding='ascii') as f:
            fields = f.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    began = cpu()
    for _ in range(20):
        node.get('Patient/long/$summary').is_(200)
    each = (cpu() - began) / 20
    print('3,400 resources: %.1f ms' % (each * 1000))
    ok(each < 0.2, 'summed up in some ten milliseconds, in an instrumented build in some more', each)


kith.main(globals())
