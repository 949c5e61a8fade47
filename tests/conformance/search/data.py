"""The resources that the cases search. Short ids; every one is there for a case."""

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def coded(system, code, display=None, text=None):
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]} | ({"text": text} if text else {})


def ref(to, **more):
    return {"reference": to} | more


def quantity(value, unit=None, code=None, system=UCUM):
    return {"value": value} | ({"unit": unit} if unit else {}) | ({"system": system, "code": code} if code else {})


def make(type_, id_, **more):
    return {"resourceType": type_, "id": id_} | more


def observation(id_, patient, code, date=None, **more):
    when = {} if date is None else {"effectivePeriod": date} if isinstance(date, dict) else {"effectiveDateTime": date}
    subject = {"subject": ref("Patient/" + patient)} if patient else {}
    return make("Observation", id_, status=more.pop("status", "final"), code=code, **subject, **when, **more)


MRN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR", "display": "Medical record number"}],
       "text": "Hospital number"}
NHS = "https://fhir.nhs.uk/Id/nhs-number"

RESOURCES = [
    # --- who and where
    make("Organization", "o1", name="Good Health Clinic", identifier=[{"system": "urn:ods", "value": "Y90001"}]),
    make("Organization", "o2", name="Acme, Inc", partOf=ref("Organization/o1"), alias=["The $100 | clinic"]),
    make("Organization", "o3", name="Acme Subsidiary", partOf=ref("Organization/o2")),
    make("Practitioner", "d1", name=[{"family": "Careful", "given": ["Adam"]}], identifier=[{"system": "urn:gmc", "value": "1"}]),
    make("Practitioner", "d2", name=[{"family": "Careless-Smith", "given": ["Beata"]}]),
    make("Location", "l1", name="London", status="active", position={"latitude": 51.5, "longitude": -0.1}),
    make("Location", "l2", name="Westminster", status="active", position={"latitude": 51.51, "longitude": -0.12}),
    make("Location", "l3", name="Leeds", status="suspended", position={"latitude": 53.8, "longitude": -1.55}),
    make("Location", "l4", name="Ward", partOf=ref("Location/l1")),
    make("Patient", "p1", active=True, gender="male", birthDate="1974-12-25", deceasedBoolean=False,
         identifier=[{"system": "http://hosp/mrn", "value": "12345", "type": MRN}, {"system": NHS, "value": "9990000018"}],
         name=[{"use": "official", "family": "Chalmers", "given": ["Peter", "James"]}, {"use": "usual", "given": ["Jim"]}],
         telecom=[{"system": "phone", "value": "(03) 5555 6473", "use": "work"}, {"system": "email", "value": "peter@example.org"}],
         address=[{"use": "home", "line": ["534 Erewhon St"], "city": "PleasantVille", "state": "Vic", "postalCode": "3999"}],
         generalPractitioner=[ref("Practitioner/d1")], managingOrganization=ref("Organization/o1")),
    make("Patient", "p2", gender="female", birthDate="1982-01-23", deceasedDateTime="2020-02-14T13:42:00+10:00",
         identifier=[{"system": "http://hosp/mrn", "value": "67890"}, {"value": "12345"}],
         name=[{"family": "Müller", "given": ["Zoë"]}], address=[{"city": "Łódź", "country": "PL"}],
         communication=[{"language": coded("urn:ietf:bcp:47", "pl")}],
         generalPractitioner=[ref("Practitioner/d2")], managingOrganization=ref("Organization/o2")),
    make("Patient", "p3", gender="male", birthDate="1974", name=[{"family": "Ó Briain", "given": ["Seán"]}],
         identifier=[{"system": NHS, "value": "9990000026"}], managingOrganization=ref("Organization/o3")),
    make("Patient", "p4", gender="other", birthDate="1974-12", name=[{"family": "ap Gruffudd", "given": ["Llŷr"]}]),
    make("Patient", "p5", active=False, gender="female", birthDate="2001-05-05", name=[{"family": "خان", "given": ["عائشہ"]}]),
    make("Patient", "p6", name=[{"text": "Anna Groß", "family": "Groß", "given": ["Anna-Lena"]}], birthDate="1990-10-10"),
    make("RelatedPerson", "rp1", patient=ref("Patient/p1"), name=[{"family": "Chalmers", "given": ["Eve"]}]),
    # --- number
    make("RiskAssessment", "r1", status="final", subject=ref("Patient/p1"), prediction=[{"probabilityDecimal": 0.8}]),
    make("RiskAssessment", "r2", status="final", subject=ref("Patient/p1"), prediction=[{"probabilityDecimal": 0.85}]),
    make("RiskAssessment", "r3", status="final", subject=ref("Patient/p2"), prediction=[{"probabilityDecimal": 1e-3}]),
    make("RiskAssessment", "r4", status="final", subject=ref("Patient/p2")),
    make("RiskAssessment", "r5", status="final", subject=ref("Patient/p2"), prediction=[{"probabilityDecimal": 99.5}]),
    make("RiskAssessment", "r6", status="final", subject=ref("Patient/p2"), prediction=[{"probabilityDecimal": 99.6}]),
    # --- observations
    observation("ob1", "p1", coded(LOINC, "29463-7", "Body weight"), "2024-03-01T09:30:00Z", valueQuantity=quantity(85, "kg", "kg"),
                category=[coded(CATEGORY, "vital-signs")], performer=[ref("Practitioner/d1")], encounter=ref("Encounter/e1")),
    observation("ob2", "p1", coded(LOINC, "29463-7", "Body weight"), "2024-03-01", valueQuantity=quantity(187, "lb", "[lb_av]"),
                category=[coded(CATEGORY, "vital-signs")]),
    observation("ob3", "p2", coded(LOINC, "85354-9", "Blood pressure panel"), "2024-03-15T23:30:00-05:00", component=[
        {"code": coded(LOINC, "8480-6", "Systolic"), "valueQuantity": quantity(107, "mmHg", "mm[Hg]")},
        {"code": coded(LOINC, "8462-4", "Diastolic"), "valueQuantity": quantity(60, "mmHg", "mm[Hg]")}]),
    observation("ob4", "p1", coded("http://local", "dose"), "2024", valueQuantity=quantity(5.40, "mg", "mg")),
    observation("ob5", "p2", coded("http://local", "dose"), "2024-02", valueQuantity=quantity(0.0054, "g", "g")),
    observation("ob6", "p3", {"text": "Comment on the $ample"}, valueString="high, | so", status="preliminary"),
    observation("ob7", "p1", coded(LOINC, "94500-6", "SARS-CoV-2 RNA"), {"start": "2024-02-10", "end": "2024-04-10"}, status="amended",
                valueCodeableConcept=coded(SNOMED, "10828004", "Positive"), performer=[ref("Organization/o1")]),
    observation("ob8", "p2", coded("http://local", "A,b|c$d\\e"), {"start": "2024-01-01"}, status="entered-in-error",
                hasMember=[ref("Observation/ob3")]),
    observation("ob9", "p3", coded(SNOMED, "10828004", "Positive finding", text="Very positive"), {"end": "2023-06-30"},
                valueQuantity=quantity(7.5, "pH units")),
    observation("ob10", None, coded(LOINC, "8867-4"), "2024-03-01T10:30:00+01:00", valueQuantity=quantity(72, "/min", "/min"),
                subject=ref("Location/l1")),
    # --- problems
    make("Condition", "c1", subject=ref("Patient/p1"), code=coded(SNOMED, "195967001", "Asthma"), onsetDateTime="2010-05",
         clinicalStatus=coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"), encounter=ref("Encounter/e1")),
    make("Condition", "c2", subject=ref("Patient/p2"), code={"text": "Headache, severe"}, onsetAge=quantity(38, "years", "a")),
    make("Condition", "c3", subject=ref("Patient/p1"), code=coded("http://hl7.org/fhir/sid/icd-10", "J45", "Bronchial asthma"),
         clinicalStatus=coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved"),
         onsetDateTime="2009-01-01", abatementDateTime="2015-06-01"),
    make("AllergyIntolerance", "a1", patient=ref("Patient/p1"), code=coded(SNOMED, "716186003", "No known allergy"),
         clinicalStatus=coded("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active"),
         recordedDate="2020-01-01"),
    # --- encounters, reports
    make("Encounter", "e1", status="finished", subject=ref("Patient/p1"), period={"start": "2024-03-01T09:00:00Z", "end": "2024-03-01T10:00:00Z"},
         participant=[{"individual": ref("Practitioner/d1")}], location=[{"location": ref("Location/l1")}],
         serviceProvider=ref("Organization/o1"), length=quantity(60, "min", "min"),
         **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}}),
    make("Encounter", "e2", status="planned", subject=ref("Patient/p2"), participant=[{"individual": ref("Practitioner/d2")}],
         partOf=ref("Encounter/e1"), location=[{"location": ref("Location/l4")}], length=quantity(1, "h", "h"),
         **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}}),
    make("DiagnosticReport", "dr1", status="final", subject=ref("Patient/p1"), code=coded(LOINC, "58410-2", "Blood count"),
         result=[ref("Observation/ob1"), ref("Observation/ob2")], encounter=ref("Encounter/e1"), issued="2024-03-02T08:00:00.123Z",
         text={"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>A <b>bold</b> narrative &amp; more</p></div>"}),
    make("DiagnosticReport", "dr2", status="partial", subject=ref("Patient/p2"), code=coded(LOINC, "24323-8", "Metabolic panel"),
         result=[ref("Observation/ob3")], issued="2024-03-02T09:00:00+02:00", conclusion="Nothing of note"),
    # --- canonical and other URIs, code systems
    make("ValueSet", "vs1", url="http://acme.org/fhir/ValueSet/123", version="1.0", status="active", name="VsOne",
         compose={"include": [{"system": SNOMED, "concept": [{"code": "195967001"}, {"code": "10828004"}]}]}),
    make("ValueSet", "vs2", url="http://acme.org/fhir/ValueSet/123/history/5", status="draft", name="VsTwo",
         compose={"include": [{"system": "http://animals", "filter": [{"property": "concept", "op": "is-a", "value": "mammal"}]}]}),
    make("ValueSet", "vs3", url="urn:oid:1.2.3.4.5", status="active", compose={"include": [{"system": "http://hl7.org/fhir/sid/icd-10"}]}),
    make("CodeSystem", "cs1", url="http://animals", status="active", content="complete", concept=[
        {"code": "animal", "concept": [{"code": "mammal", "concept": [{"code": "dog"}, {"code": "cat"}]}, {"code": "bird"}]}]),
    make("Basic", "b1", code=coded("http://animals", "dog"), subject=ref("Patient/p1")),
    make("Basic", "b2", code=coded("http://animals", "mammal")),
    make("Basic", "b3", code=coded("http://animals", "bird")),
    make("Basic", "b4", code=coded("http://animals", "animal"), author=ref("Practitioner/d1")),
    make("Questionnaire", "q1", url="http://acme.org/q", version="2", status="active", title="Pain today"),
    make("QuestionnaireResponse", "qr1", status="completed", questionnaire="http://acme.org/q|2", subject=ref("Patient/p1")),
    make("QuestionnaireResponse", "qr2", status="completed", questionnaire="http://acme.org/q", subject=ref("Patient/p2")),
    # --- documents, lists, provenance
    make("DocumentReference", "doc1", status="current", subject=ref("Patient/p1"), content=[{"attachment": {"url": "http://x/1"}}],
         type=coded(LOINC, "34133-9", "Summary of episode note"), relatesTo=[
             {"code": "replaces", "target": ref("DocumentReference/doc2")}, {"code": "appends", "target": ref("DocumentReference/doc3")}]),
    make("DocumentReference", "doc2", status="superseded", subject=ref("Patient/p1"), content=[{"attachment": {"title": "Old"}}]),
    make("DocumentReference", "doc3", status="current", subject=ref("Patient/p2"), content=[{"attachment": {"title": "Third"}}],
         relatesTo=[{"code": "replaces", "target": ref("DocumentReference/doc1")}]),
    make("List", "li1", status="current", mode="working", entry=[{"item": ref("Patient/p1")}, {"item": ref("Patient/p3")}]),
    make("List", "li2", status="retired", mode="snapshot", entry=[{"item": ref("Condition/c1")}]),
    make("Provenance", "pv1", target=[ref("Observation/ob1")], recorded="2024-03-01T11:00:00Z", agent=[{"who": ref("Practitioner/d1")}]),
    make("Group", "g1", type="person", actual=True, member=[{"entity": ref("Patient/p1")}, {"entity": ref("Patient/p2")}],
         characteristic=[{"code": coded("http://local", "gender"), "valueCodeableConcept": coded("http://local", "mixed"), "exclude": False},
                         {"code": coded("http://local", "owner"), "valueCodeableConcept": coded("http://local", "clinic"), "exclude": False}]),
    # --- references of all kinds
    make("Task", "t1", status="requested", intent="order", **{"for": ref("Patient/p1")}, owner={"identifier": {"system": "urn:gmc", "value": "1"}}),
    make("Task", "t2", status="accepted", intent="order", **{"for": {"display": "somebody"}}, owner=ref("http://other.example/fhir/Practitioner/77")),
    make("Task", "t3", status="completed", intent="plan", **{"for": ref("Patient/p2")}, partOf=[ref("Task/t1")], owner=ref("Practitioner/d2")),
    make("Coverage", "cov1", status="active", beneficiary=ref("Patient/p1"), payor=[ref("urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7")]),
    make("MedicationRequest", "mr1", status="active", intent="order", subject=ref("Patient/p1"), authoredOn="2024-01-05",
         medicationReference=ref("#m"), requester=ref("Practitioner/d1"),
         contained=[make("Medication", "m", code=coded(SNOMED, "319775004", "Aspirin 75 mg tablets"))]),
    make("MedicationRequest", "mr2", status="stopped", intent="order", subject=ref("Patient/p2"), authoredOn="2024-01-06",
         medicationCodeableConcept=coded(SNOMED, "322236009", "Paracetamol 500 mg tablets"), requester=ref("Practitioner/d2")),
    make("Medication", "med1", code=coded(SNOMED, "319775004", "Aspirin 75 mg tablets")),
    # --- what people write although nobody should
    make("Questionnaire", "q2", status="draft", title="Sleep"),
    make("QuestionnaireResponse", "qr3", status="amended", questionnaire="Questionnaire/q2"),
    make("QuestionnaireResponse", "qr4", status="amended", questionnaire="http://localhost/fhir/Questionnaire/q2|1"),
    make("PlanDefinition", "pd1", status="draft", url="#x", date="0001-01-01", description="word " * 300),
    make("PlanDefinition", "pd2", status="draft", url="a,b", description="word " * 20 + "other " + "word " * 20 + "end", date="9999-12-31", relatedArtifact=[
        {"type": "composed-of", "resource": "a,b"}, {"type": "depends-on", "resource": "#x|2"}]),
    make("CapabilityStatement", "cap1", status="draft", date="2024", kind="requirements", fhirVersion="4.0.1", description="x", rest=[{"mode": "server"}], format=[None, "json"],
         _format=[{"extension": [{"url": "http://x", "valueCode": "masked"}]}, None]),
    make("CapabilityStatement", "cap2", status="draft", date="2024", kind="requirements", fhirVersion="4.0.1", description="x", rest=[{"mode": "server"}], format=[None],
         _format=[{"extension": [{"url": "http://x", "valueCode": "masked"}]}]),
    make("Person", "pe3", _birthDate={"extension": [{"url": "http://x", "valueCode": "unknown"}]}),
    make("Substance", "sub1", status="active", code={"text": "ointment"}, contained=[make("Substance", "in", status="inactive", code={"text": "fat"})],
         ingredient=[{"substanceReference": ref("#in")}]),
]
TAGS = {"ob1": {"tag": [{"system": "http://tags", "code": "checked"}]},
        "ob3": {"tag": [{"system": "http://tags", "code": "open"}], "security": [{"system": "http://sec", "code": "R"}]},
        "p1": {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"]},
        "p2": {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient|2.0.0"]}}
for resource in RESOURCES:
    if resource["id"] in TAGS:
        resource["meta"] = TAGS[resource["id"]]
