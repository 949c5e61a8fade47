#!/usr/bin/env python3
"""What patients write into their own record, and what nobody else may do with it (docs/policy.md, "Own entries")."""
import kith
import test_threats_apps as apps
from kith import bundle, entry, eq, ok
from test_access import Person
from test_threats import as_, json_patch, ref

HL7 = 'http://terminology.hl7.org/CodeSystem/'
ENTRY, LABEL = 'https://kith.care/fhir/CodeSystem/entry', 'https://kith.care/fhir/CodeSystem/label'
MARK = {'system': ENTRY, 'code': 'own', 'display': 'Written by the patient'}
MENTAL = {'system': HL7 + 'v3-ActCode', 'code': 'MH'}
people = {}


def coded(system, code):
    return {'coding': [{'system': system, 'code': code}]}


def pressure(high, low, who='Patient/p', **more):
    part = lambda code, value: {'code': coded('http://loinc.org', code), 'valueQuantity': {
        'value': value, 'unit': 'mmHg', 'system': 'http://unitsofmeasure.org', 'code': 'mm[Hg]'}}
    return {'resourceType': 'Observation', 'status': 'final', 'category': [coded(HL7 + 'observation-category', 'vital-signs')],
            'code': coded('http://loinc.org', '85354-9'), 'subject': ref('Patient/p'), 'effectiveDateTime': '2026-03-03T08:00:00Z',
            'performer': [ref(who)], 'component': [part('8480-6', high), part('8462-4', low)], **more}


def about_me(words='Tea, no sugar.', **more):
    return {'resourceType': 'Composition', 'status': 'final', 'type': coded('https://kith.care/fhir/CodeSystem/document-kind', 'about-me'),
            'subject': ref('Patient/p'), 'date': '2026-03-03', 'author': [ref('Patient/p')], 'title': 'About me', 'section': [
                {'title': 'What is important to me', 'text': {'status': 'additional',
                                                              'div': '<div xmlns="http://www.w3.org/1999/xhtml"><p>%s</p></div>' % words}}],
            **more}


def allergy(**more):
    return {'resourceType': 'AllergyIntolerance', 'clinicalStatus': coded(HL7 + 'allergyintolerance-clinical', 'active'),
            'verificationStatus': coded(HL7 + 'allergyintolerance-verification', 'unconfirmed'), 'code': {'text': 'Plasters'},
            'patient': ref('Patient/p'), 'asserter': ref('Patient/p'), **more}


def medicine(**more):
    return {'resourceType': 'MedicationStatement', 'status': 'active', 'medicationCodeableConcept': {'text': 'Ibuprofen from the shop'},
            'subject': ref('Patient/p'), 'informationSource': ref('Patient/p'), **more}


def contact(**more):
    return {'resourceType': 'RelatedPerson', 'patient': ref('Patient/p'), 'name': [{'text': 'Ann Lind'}],
            'relationship': [coded(HL7 + 'v3-RoleCode', 'SIS')], 'telecom': [{'system': 'phone', 'value': '01632 960001'}], **more}


def test_people(node):
    node.create({'resourceType': 'Organization', 'id': 'surgery', 'name': 'Kith Surgery'})
    node.create({'resourceType': 'Practitioner', 'id': 'gp', 'name': [{'family': 'Shah'}]})
    for id in ('p', 'q'):
        node.create({'resourceType': 'Patient', 'id': id, 'birthDate': '1980-02-03', 'name': [{'family': id.upper()}],
                     'generalPractitioner': [ref('Organization/surgery'), ref('Practitioner/gp')]})
    node.create({'resourceType': 'RelatedPerson', 'id': 'carer', 'patient': ref('Patient/p'), 'active': True})
    for name in ('p', 'q'):
        people[name] = Person(node, 'patient-' + name, '--kind', 'patient', '--person', 'Patient/' + name)
    people['carer'] = Person(node, 'carer', '--kind', 'patient', '--person', 'RelatedPerson/carer')
    people['gp'] = Person(node, 'doctor-gp', '--person', 'Practitioner/gp', '--role', 'R8000')
    people['p'].post('Patient/p/$proxies', person='RelatedPerson/carer', function=['view', 'book', 'order', 'message'], basis='carer').is_(200)


def test_writing(node):
    """Each kind is stored, marked by the node, found by the mark, changed and taken away; the history stays."""
    me, gp = people['p'], people['gp']
    for made in (pressure(131, 84), about_me(), allergy(), medicine(), contact()):
        type = made['resourceType']
        r = as_(me, 'POST', type, made)
        if not r.is_(201):
            continue
        eq(r.json['meta']['tag'], [MARK], type + ': the mark is put on')
        path = type + '/' + r.json['id']
        seen = as_(gp, 'GET', '%s?%s=Patient/p&_tag=%s|own' % (type, 'patient' if 'patient' in made else 'subject', ENTRY))
        eq([x['id'] for x in seen.matches], [r.json['id']], type + ': staff find it by the mark')
        changed = dict(r.json, language='cy')
        as_(me, 'PUT', path, changed, If_Match=r.etag).is_(200)
        as_(me, 'PUT', path, dict(changed, language='en'), If_Match=r.etag).refused(412)
        json_patch(me, path, {'op': 'remove', 'path': '/meta/tag'}).is_(200)
        eq(as_(me, 'GET', path).json['meta']['tag'], [MARK], type + ': and stays on')
        as_(me, 'DELETE', path).is_(204)
        as_(me, 'GET', path).is_(410)
        ok(len(as_(me, 'GET', path + '/_history').json['entry']) >= 3, type + ': the history is kept')
    both = bundle('transaction', entry('POST', 'Observation', pressure(120, 80)), entry('POST', 'AllergyIntolerance', allergy()))
    as_(me, 'POST', '', both).is_(200)
    looks = [e for e in me.json('GET', '/audit/patient/p')['entries'] if e['kind'] == 'create' and 'AllergyIntolerance' in e['what']]
    ok(looks, 'the log has who wrote it')


def test_nobody_elses_word(node):
    """Nothing in an entry of one's own may look like the word of a professional, of a laboratory or of a machine."""
    me = people['p']
    gp = ref('Practitioner/gp')
    wrong = [
        (pressure(1, 1, 'Practitioner/gp'), 'performer'), (pressure(1, 1, 'Patient/q'), 'performer'), (pressure(1, 1, 'Organization/surgery'), 'performer'),
        (pressure(1, 1, performer=[ref('Patient/p'), gp]), 'performer'), (pressure(1, 1, performer=[dict(ref('Patient/p'), display='Dr Shah')]), 'performer'),
        (pressure(1, 1, category=[coded(HL7 + 'observation-category', 'laboratory')]), 'category'),
        (pressure(1, 1, interpretation=[coded(HL7 + 'v3-ObservationInterpretation', 'N')]), 'interpretation'),
        (pressure(1, 1, referenceRange=[{'text': 'all is well'}]), 'referenceRange'), (pressure(1, 1, device={'display': 'Laboratory'}), 'device'),
        (pressure(1, 1, note=[{'authorString': 'Dr Shah', 'text': 'seen'}]), 'authorString'),
        (pressure(1, 1, note=[{'authorReference': gp, 'text': 'seen'}]), 'authorReference'),
        (pressure(1, 1, meta={'source': 'urn:laboratory'}), 'source'), (pressure(1, 1, meta={'tag': [{'system': 'urn:x', 'code': 'checked'}]}), 'tag'),
        (pressure(1, 1, extension=[{'url': 'https://example.org/measured-by', 'valueString': 'a doctor'}]), 'extension'),
        (pressure(1, 1, derivedFrom=[ref('Observation/o')]), 'derivedFrom'),
        (about_me(author=[gp]), 'author'), (about_me(type=coded('http://loinc.org', '18842-5')), 'type'), (about_me(custodian=ref('Organization/surgery')), 'custodian'),
        (about_me(attester=[{'mode': 'professional', 'party': gp}]), 'attester'),
        (allergy(verificationStatus=coded(HL7 + 'allergyintolerance-verification', 'confirmed')), 'verificationStatus'),
        (allergy(asserter=gp), 'asserter'), (allergy(recorder=gp), 'recorder'), (allergy(criticality='low'), 'criticality'),
        (allergy(code=coded('http://snomed.info/sct', '716186003')), 'code'),
        (medicine(informationSource=gp), 'informationSource'), (medicine(derivedFrom=[ref('MedicationRequest/m')]), 'derivedFrom'),
        (medicine(category=coded(HL7 + 'medication-statement-category', 'inpatient')), 'category'),
        (contact(identifier=[{'value': '1', 'assigner': {'display': 'NHS'}}]), 'assigner'),
    ]
    kept = as_(me, 'POST', 'Observation', pressure(118, 76)).json
    before = node.total('Observation')
    for made, place in wrong:
        r = as_(me, 'POST', made['resourceType'], made)
        r.refused(403, words=place)
        ok(place in ' '.join(r.issues[0].get('expression', [])), 'the place: ' + place, r.body[:300])
        as_(me, 'POST', '', bundle('transaction', entry('POST', made['resourceType'], made))).refused(403)
        if made['resourceType'] == 'Observation':
            as_(me, 'PUT', 'Observation/' + kept['id'], dict(made, id=kept['id'])).refused(403, words=place)
    json_patch(me, 'Observation/' + kept['id'], {'op': 'add', 'path': '/interpretation', 'value': [{'text': 'normal'}]}).refused(403, words='interpretation')
    for security in ({'system': LABEL, 'code': 'sealed'}, {'system': LABEL, 'code': 'held'}, {'system': LABEL, 'code': 'safeguarding'}):
        as_(me, 'POST', 'Observation', pressure(1, 1, meta={'security': [security]})).refused(403)
    eq(node.total('Observation'), before, 'nothing was written')


def test_only_these_kinds(node):
    """All else of the record stays with those who are responsible for it."""
    me = people['p']
    tag = {'tag': [MARK]}
    for made in ({'resourceType': 'Condition', 'subject': ref('Patient/p'), 'asserter': ref('Patient/p'), 'code': {'text': 'x'}},
                 {'resourceType': 'Flag', 'status': 'active', 'subject': ref('Patient/p'), 'code': {'text': 'x'}, 'author': ref('Patient/p')},
                 {'resourceType': 'DiagnosticReport', 'status': 'final', 'subject': ref('Patient/p'), 'code': {'text': 'x'}},
                 {'resourceType': 'MedicationRequest', 'status': 'active', 'intent': 'order', 'subject': ref('Patient/p'), 'medicationCodeableConcept': {'text': 'x'}},
                 {'resourceType': 'Provenance', 'target': [ref('Patient/p')], 'recorded': '2026-03-03T08:00:00Z', 'agent': [{'who': ref('Practitioner/gp')}]},
                 {'resourceType': 'CarePlan', 'status': 'active', 'intent': 'plan', 'subject': ref('Patient/p')},
                 {'resourceType': 'Goal', 'lifecycleStatus': 'active', 'subject': ref('Patient/p'), 'description': {'text': 'x'}}):
        as_(me, 'POST', made['resourceType'], made).refused(403)
        as_(me, 'POST', made['resourceType'], dict(made, meta=tag)).refused(403)
    patient = as_(me, 'GET', 'Patient/p').json
    as_(me, 'PUT', 'Patient/p', dict(patient, name=[{'family': 'Other'}])).refused(403)
    message = {'resourceType': 'Communication', 'status': 'completed', 'subject': ref('Patient/p'), 'sender': ref('Patient/p'), 'meta': tag}
    as_(me, 'POST', 'Communication', message).refused(403, words='meta.tag')


def test_others_entries(node):
    """A patient neither changes nor takes over nor takes away what others wrote, though it names them."""
    me = people['p']
    for made in (pressure(140, 90, 'Practitioner/gp', id='clinic'), pressure(141, 91, id='told'), allergy(id='sure', asserter=ref('Practitioner/gp')),
                 contact(id='kin'), about_me(id='written-by-staff', author=[ref('Practitioner/gp')])):
        type, id = made['resourceType'], made['id']
        was = node.create(made)
        ok('tag' not in was['meta'], 'no mark on what others write', was['meta'])
        path = '%s/%s' % (type, id)
        as_(me, 'GET', path).is_(200)
        as_(me, 'PUT', path, dict(was, language='cy')).refused(403)
        as_(me, 'PUT', path, dict(pressure(1, 1) if type == 'Observation' else was, id=id, meta={'tag': [MARK]})).refused(403)
        json_patch(me, path, {'op': 'add', 'path': '/language', 'value': 'cy'}).refused(403)
        as_(me, 'DELETE', path).refused(403)
        eq(node.get(path).json, was, path + ' is as it was')
    as_(me, 'DELETE', 'Observation?identifier=urn:x|none').is_(204)
    as_(me, 'DELETE', 'Observation?_id=clinic').refused(403)
    as_(me, 'POST', 'Observation', pressure(1, 1, 'Patient/q', subject=ref('Patient/q'))).refused(403)
    as_(people['q'], 'POST', 'Observation', pressure(1, 1, 'Patient/q')).refused(403)


def test_nobody_else(node):
    """Staff and those who act for the patient leave the patient's words alone; staff may label them, and answer beside."""
    me, gp, carer = people['p'], people['gp'], people['carer']
    mine = as_(me, 'POST', 'Observation', pressure(125, 82)).json
    path = 'Observation/' + mine['id']
    for who in (gp, carer, people['q']):
        for r in (as_(who, 'PUT', path, dict(mine, status='amended')), as_(who, 'DELETE', path),
                  json_patch(who, path, {'op': 'replace', 'path': '/status', 'value': 'amended'}),
                  as_(who, 'POST', '', bundle('transaction', entry('PUT', path, dict(mine, status='amended')))),
                  as_(who, 'POST', 'Observation', pressure(1, 1, meta={'tag': [MARK]}))):
            ok(r.status in (403, 404) or (r.status == 204 and who is people['q']), '%s is refused' % r.asked, (r.status, r.body[:300]))
        as_(carer, 'POST', 'Observation', pressure(1, 1, 'RelatedPerson/carer')).refused(403)
        as_(carer, 'POST', 'Observation', pressure(1, 1)).refused(403)
    as_(gp, 'PUT', path, {k: v for k, v in mine.items() if k != 'meta'}).refused(403)
    as_(gp, 'POST', path + '/$meta-delete', {'resourceType': 'Parameters', 'parameter': [{'name': 'meta', 'valueMeta': {'tag': [MARK]}}]}).refused(403)
    eq(as_(me, 'GET', path).json, mine, 'as it was')
    as_(gp, 'POST', path + '/$meta-add', {'resourceType': 'Parameters', 'parameter': [{'name': 'meta', 'valueMeta': {'security': [MENTAL]}}]}).is_(200)
    mine = as_(me, 'GET', path).json
    as_(me, 'PUT', path, dict(mine, meta={'tag': [MARK]})).is_(200)
    as_(gp, 'POST', 'Observation', pressure(126, 83, 'Practitioner/gp', note=[{'text': 'measured again'}])).is_(201)
    as_(me, 'DELETE', path).is_(204)


def test_sealed(node):
    """What the patient seals stays theirs to change, and stays sealed."""
    me = people['p']
    path = 'Observation/' + as_(me, 'POST', 'Observation', pressure(127, 81)).json['id']
    me.post(path + '/$seal', level='sealed', team='Organization/surgery').is_(200)
    was = as_(me, 'GET', path).json
    eq([s['code'] for s in was['meta']['security']], ['sealed'], 'sealed')
    as_(me, 'PUT', path, dict(was, status='amended'), If_Match='W/"%s"' % was['meta']['versionId']).is_(200)
    now = as_(me, 'GET', path).json['meta']
    eq((now['security'], now['tag']), (was['meta']['security'], [MARK]), 'and goes on being so')
    as_(me, 'PUT', path, dict(was, meta={'tag': [MARK]})).refused(403, words='labels')


def test_contacts_give_nothing(node):
    """A contact that the patient wrote down does not become somebody who acts for them."""
    me, gp = people['p'], people['gp']
    id = as_(me, 'POST', 'RelatedPerson', contact()).json['id']
    for who in (me, gp):
        who.post('Patient/p/$proxies', person='RelatedPerson/' + id, function='view', basis='carer').refused(422, words='contact')
    as_(me, 'PUT', 'RelatedPerson/carer', dict(node.get('RelatedPerson/carer').json, name=[{'text': 'Somebody else'}])).refused(403)
    as_(me, 'DELETE', 'RelatedPerson/carer').refused(403)


def test_app(node):
    """A blood pressure app writes with patient/Observation.cu and knows nothing of the mark; it reaches no further."""
    apps.state['p'] = people['p']
    scopes = ('launch/patient', 'patient/Observation.cus')
    apps.state['app'] = apps.client(node, 'Cuff', '--kind', 'public', '--redirect', apps.REDIRECT, '--scope', ' '.join(scopes))
    real, apps.ask_for = apps.ask_for, lambda n, v, **more: real(n, v, **dict(more, scope=' '.join(scopes)))
    answer = apps.consented(node, 'a' * 43, scopes)
    apps.ask_for = real
    _, got = apps.redeem(node, answer['code'], 'a' * 43)
    bearer = {'Authorization': 'Bearer ' + got['access_token'], 'Content-Type': 'application/fhir+json'}
    send = lambda method, path, body=None: node.request(method, path, body, headers=bearer)
    made = send('POST', 'Observation', pressure(133, 85, identifier=[{'system': 'urn:cuff', 'value': '1'}]))
    made.is_(201)
    eq(made.json['meta']['tag'], [MARK], 'marked')
    send('PUT', 'Observation/' + made.json['id'], dict(made.json, status='amended')).is_(200)
    send('POST', 'Observation', pressure(1, 1, 'Practitioner/gp')).refused(403, words='performer')
    send('POST', 'AllergyIntolerance', allergy()).refused(403)
    send('DELETE', 'Observation/' + made.json['id']).refused(403)


if __name__ == '__main__':
    kith.main(globals())
