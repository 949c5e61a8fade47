/* What random plans are made of: criteria and orders on the population of test_plan_random.c. */
#ifndef KITH_TESTS_STORE_PLAN_QUERIES_H
#define KITH_TESTS_STORE_PLAN_QUERIES_H

static const char *const of_observation[] = {
    "code=c1",
    "code=urn:l0|c2",
    "code=urn:l1|",
    "status=final",
    "status:not=final",
    "category=k1",
    "category=urn:k|k0,urn:k|k2",
    "date=ge2020",
    "date=2019-03",
    "date=lt2019-06-01",
    "date=gt2021-01-01,lt2018-03-01",
    "date:missing=true",
    "value-quantity=gt20||mg",
    "value-quantity=lt0.02|http://unitsofmeasure.org|g",
    "value-quantity=5.5",
    "patient=p1",
    "patient=p2,p3",
    "subject=Group/g1",
    "subject:missing=true",
    "_id=o1,o5,o17",
    "_id=o9",
    "encounter=e1",
    "encounter:missing=false",
    "code:text=blood p",
    "code:text=number 3",
    "patient.name=ash",
    "patient.gender=female",
    "patient.gender:missing=false", /* of many: too many to be known beforehand */
    "subject:Patient.identifier=urn:a|1",
    "encounter.class=AMB",
    "encounter.patient.name=birch",
    "_lastUpdated=ge2000",
    "encounter.status:not=finished",
    "_text=nothing",
    "_content=pressure",
    "patient.general-practitioner.name=doc1",
    "code:not=c1",
    "performer:missing=false",
    "patient:missing=false",
    "status=final,amended",
    "category:not=k1",
    "code=nothing",
    "category:text=class 1",
    "category:text=kind 2",
    "status:missing=true",
    "category:missing=false",
    "category=urn:k|",
    "performer=Patient/p1,Patient/p3",
    "date=2019",
    "date=ne2019-03",
    "date=sa2020-06,eb2018-06",
    "combo-code=c1",
    "code-value-quantity=c1$gt20",
    "_id=nobody",
};
static const char *const of_patient[] = {
    "name=ash",
    "family:exact=Ash",
    "family:contains=h",
    "gender=male",
    "gender:not=female",
    "birthdate=lt1950",
    "birthdate=1960,1970-03",
    "identifier=urn:a|",
    "identifier=2",
    "_id=p1,p4",
    "_has:Observation:patient:code=c1",
    "_has:Observation:patient:date=ge2021",
    "_has:Encounter:patient:class=IMP",
    "general-practitioner=Practitioner/d1",
    "general-practitioner.name=doc2",
    "_has:Observation:patient:encounter.class=AMB",
    "_has:Observation:performer:status=final",
    "_has:Encounter:subject:participant.name=doc0",
    "gender:missing=true",
    "_has:Observation:subject:code:text=sugar",
};
static const char *const of_practitioner[] = {
    "name=doc",
    "active=true",
    "_has:Encounter:participant:class=AMB",
    "_id=d1",
    "_has:Patient:general-practitioner:gender=male",
    "family:contains=c2",
    "_has:Patient:general-practitioner:_has:Observation:patient:code=c3",
    "_has:Encounter:practitioner:patient.name=ash",
};

static const char *const of_answers[] = {
    "questionnaire.title=title 1",
    "questionnaire.status=active",
    "status=completed",
    "patient=p1,p3",
    "patient.gender=male",
    "questionnaire=http://x.org/q1",
    "questionnaire:missing=false",
    "status:not=completed",
};
static const char *const of_questionnaire[] = {
    "status=active",
    "title=title",
    "_has:QuestionnaireResponse:questionnaire:status=completed",
    "_has:QuestionnaireResponse:questionnaire:patient.name=ash",
    "url=http://x.org/q2",
    "_has:QuestionnaireResponse:questionnaire:patient=p1",
};

struct kind {
    const char *type;
    const char *const *leaves;
    size_t count;
};
static const struct kind kinds[] = {
    {"Observation", of_observation, sizeof of_observation / sizeof *of_observation},
    {"Patient", of_patient, sizeof of_patient / sizeof *of_patient},
    {"Practitioner", of_practitioner, sizeof of_practitioner / sizeof *of_practitioner},
    {"QuestionnaireResponse", of_answers, sizeof of_answers / sizeof *of_answers},
    {"Questionnaire", of_questionnaire, sizeof of_questionnaire / sizeof *of_questionnaire},
};

static const char *const observation_sorts[] = {
    "_sort=date",           "_sort=-date",        "_sort=_id",        "_sort=-_lastUpdated",
    "_sort=status,-date",   "_sort=date,-_id",    "_sort=-date,code", "_sort=-code",
    "_sort=value-quantity", "_sort=subject,-date"};
static const char *const patient_sorts[] = {
    "_sort=family", "_sort=-family",   "_sort=-family,birthdate",  "_sort=birthdate,-family",
    "_sort=-name",  "_sort=gender",    "_sort=identifier,-family", "_sort=-identifier",
    "_sort=given",  "_sort=-birthdate"};
enum { SORTS = sizeof observation_sorts / sizeof *observation_sorts };

#endif
