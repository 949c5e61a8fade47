"""What a patient asks about an entry that another organisation keeps reaches it, and its answer comes back (docs/requests.md, R8)."""
import kith
import locality
from kith import eq, ok
from locality import until
from test_access import Person, observation
from test_requests import KIND, ODS, said
from test_threats import ref

NHS = 'https://fhir.nhs.uk/Id/nhs-number'


def patient(**more):
    return dict({'resourceType': 'Patient', 'identifier': [{'system': NHS, 'value': '9434765919'}],
                 'name': [{'family': 'Okafor', 'given': ['Ada']}], 'birthDate': '1980-05-05', 'gender': 'female',
                 'address': [{'postalCode': 'SW1A 1AA'}]}, **more)


def waits(node, id):
    return node.get('Task/' + id).json['status'] == 'requested'


def forged(to, id):
    """An answer to a request that was asked of somebody else."""
    return {'resourceType': 'Bundle', 'type': 'message', 'entry': [
        {'fullUrl': 'urn:uuid:00000000-0000-4000-8000-000000000001', 'resource': {
            'resourceType': 'MessageHeader', 'eventCoding': {'system': KIND, 'code': 'answered'},
            'destination': [{'endpoint': 'urn:nhs-uk:addressing:ods:' + to}], 'source': {'endpoint': 'urn:nhs-uk:addressing:ods:Y90002'},
            'response': {'identifier': id, 'code': 'ok'}}},
        {'fullUrl': 'urn:uuid:00000000-0000-4000-8000-000000000002', 'resource': {
            'resourceType': 'Task', 'status': 'completed', 'intent': 'order', 'output': [
                {'type': {'coding': [{'code': 'outcome'}]}, 'valueCodeableConcept': {'coding': [{'code': 'answered'}]}},
                {'type': {'coding': [{'code': 'words'}]}, 'valueString': 'Forged'}]}},
        {'fullUrl': 'urn:uuid:00000000-0000-4000-8000-000000000003', 'resource': patient()}]}


def asked_and_answered(gp, hospital, me, doctor):
    wanted = {'kind': 'correction', 'words': 'That was my left knee.', 'place': 'Y90002', 'entry': 'Observation/there', 'id': 'one'}
    r = me.post('Patient/here/$ask', **wanted)
    r.is_(201)
    task = r.json
    eq(task['owner'], {'identifier': {'system': ODS, 'value': 'Y90002'}, 'display': 'Riverside Hospital'}, 'the custodian owns it')
    eq(me.post('Patient/here/$ask', **wanted).json['id'], task['id'], 'once')
    mail = 'Task/mail-' + task['id']
    until('it has come there', lambda: doctor.get(mail).status == 200)
    eq(len(hospital.get('Task?code=inbox').matches), 1, 'once there, too')
    doctor.post(mail + '/$take').refused(422, words='another organisation')
    doctor.post(mail + '/$answer', words='Put right').refused(400, words='outcome')
    doctor.post(mail + '/$answer', outcome='corrected').refused(400, words='words')
    doctor.post(mail + '/$answer', outcome='corrected', words='It was the left knee. Sorry.').is_(200)
    until('the answer is here', lambda: not waits(gp, task['id']))
    done = me.get('Task/' + task['id']).json
    eq((done['status'], said(done, 'outcome'), said(done, 'words')), ('completed', 'corrected', 'It was the left knee. Sorry.'), 'the patient reads it')
    notice = me.get('Communication?category=%s|answer' % KIND).matches
    eq([(c['sender'].get('display'), c['about'][0]['reference']) for c in notice], [('Riverside Hospital', 'Task/' + task['id'])], 'with a notice')
    until('nothing waits in either inbox', lambda: not gp.get('Task?code=inbox&status=received').matches + hospital.get('Task?code=inbox&status=received').matches)
    doctor.post(mail + '/$answer', outcome='corrected', words='Again').refused(422, words='already')


def refused(gp, me, staff):
    for more, words in (({'place': 'Y90002'}, 'place'), ({'entry': 'Observation/there'}, 'place'),
                        ({'place': 'Y90002', 'entry': 'nothing'}, 'place'), ({'place': 'Y90002', 'entry': 'Observation/there', 'kind': 'comment'}, 'kind')):
        me.post('Patient/here/$ask', **{'kind': 'correction', 'words': 'x y', **more}).refused(400, words=words)
    me.post('Patient/here/$ask', kind='correction', words='x y', place='Y99999', entry='Observation/1').refused(404, words='ODS code')
    staff.post('Patient/here/$ask', kind='correction', words='x y', place='Y90002', entry='Observation/there').refused(403)


def only_the_owner_answers(gp, hospital, me):
    """A member answers what was asked of it, and nothing else."""
    id = me.post('Patient/here/$ask', kind='question', words='Asked of the practice', id='mine').json['id']
    hospital.post('$process-message?workflow=request', forged('Y90001', id)).is_(202)
    until('people are told', lambda: any('asked of its sender' in str(a) for a in gp.alarms()))
    ok(waits(gp, id), 'and nothing is answered')
    gp.post('Task/%s/$answer' % id, {'resourceType': 'Parameters', 'parameter': [
        {'name': 'outcome', 'valueCode': 'answered'}, {'name': 'words', 'valueString': 'x'}, {'name': 'by', 'valueString': 'Somebody'}]}).refused(403)


def test_away(_):
    with kith.scratch() as folder:
        with locality.of(folder, locality.GP, locality.HOSPITAL) as (gp, hospital):
            for node, id in ((gp, 'here'), (hospital, 'there')):
                node.create({'resourceType': 'Practitioner', 'id': 'doc', 'name': [{'text': 'Dr Doc'}]})
                node.create({'resourceType': 'Organization', 'id': 'own', 'name': node.name})
                node.create(patient(id=id, generalPractitioner=[ref('Practitioner/doc'), ref('Organization/own')]))
            hospital.create(observation('there', 'there', '8480-6'))
            me = Person(gp, 'ada', '--kind', 'patient', '--person', 'Patient/here')
            staff, doctor = (Person(n, 'doc', '--person', 'Practitioner/doc', '--role', 'R8000') for n in (gp, hospital))
            asked_and_answered(gp, hospital, me, doctor)
            refused(gp, me, staff)
            only_the_owner_answers(gp, hospital, me)


if __name__ == '__main__':
    kith.main(globals())
