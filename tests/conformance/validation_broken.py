"""Examples of UK Core, each broken in one way that its profile (or a profile it uses) forbids: the finding that must come.

The example conforms before; afterwards the error named here is found, and none elsewhere. validation.py runs this.
"""

import collections
import copy
import json
import re
import subprocess

UKCORE = "https://fhir.hl7.org.uk/StructureDefinition/"
SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"
VITAL = "UKCore-Observation-VitalSigns-"
EXTENSION = UKCORE + "Extension-UKCore-"
GONE = object()
Case = collections.namedtuple("Case", "name example profile place value code expression words")


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def extension(name, **value):
    return {"url": EXTENSION + name, **value}


NHS = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9999999999"}
ODS = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Y90001"}
SITE = {"system": "https://fhir.nhs.uk/Id/ods-site-code", "value": "RR814"}
BABY, PRESSURE, HEAT, WEIGHT = "Patient-BabyPatient", "Observation-VitalSigns-BloodPressure", "Observation-VitalSigns-BodyTemperature", "Observation-VitalSigns-BodyWeight"
OXYGEN, BREATH, HEAD, BLOOD = "Observation-VitalSigns-OxygenSaturation", "Observation-VitalSigns-RespiratoryRate", "Observation-VitalSigns-HeadCircumference", "Observation-Group-FullBloodCount"
FIRST, STOPS = "component[0]", "Observation.component[0]"

# name, example, profile, place,                                                   what to put there (GONE: take it away; a place that ends with [+]: one more), then the finding.
CASES = [Case(*row) for row in [
    # what must be there
    ("no code", "AllergyIntolerance-Sn-DrugAllergy", "AllergyIntolerance", "code", GONE, "required", "AllergyIntolerance", "code"),
    ("no code of a medicine", "Medication-TimololVTM", "Medication", "code", GONE, "required", "Medication", "code"),
    ("no substitution", "MedicationRequest-Amoxicillin", "MedicationRequest", "substitution", GONE, "required", "MedicationRequest", "substitution"),
    ("identifier without system", "MedicationStatement-Amoxicillin", "MedicationStatement", "identifier[0].system", GONE, "required", "MedicationStatement.identifier[0]", "system"),
    ("identifier without value", "MedicationStatement-Amoxicillin", "MedicationStatement", "identifier[0].value", GONE, "required", "MedicationStatement.identifier[0]", "value"),
    ("NHS number without value", BABY, "Patient", "identifier[0].value", GONE, "required", "Patient.identifier[0]", "value"),
    ("ODS site code without value", "Location-HospitalSJUH", "Location", "identifier[0].value", GONE, "required", "Location.identifier[0]", "value"),
    ("ODS code without value", "Organization-WhiteRoseMedicalCentre", "Organization", "identifier[0].value", GONE, "required", "Organization.identifier[0]", "value"),
    ("vital sign of nobody", HEAT, VITAL[7:] + "BodyTemperature", "subject", GONE, "required", "Observation", "subject"),
    ("vital sign of no time", WEIGHT, VITAL[7:] + "BodyWeight", "effectiveDateTime", GONE, "required", "Observation", "effective"),
    ("vital sign without category", HEAT, VITAL[7:] + "BodyTemperature", "category", GONE, "required", "Observation", "category"),
    ("temperature without value", HEAT, VITAL[7:] + "BodyTemperature", "valueQuantity", GONE, "required", "Observation", "value"),
    ("temperature without unit", HEAT, VITAL[7:] + "BodyTemperature", "valueQuantity.unit", GONE, "required", "Observation.value.ofType(Quantity)", "unit"),
    ("saturation without number", OXYGEN, VITAL[7:] + "OxygenSaturation", "valueQuantity.value", GONE, "required", "Observation.value.ofType(Quantity)", "value"),
    ("respiration without unit's code", BREATH, VITAL[7:] + "RespirationRate", "valueQuantity.code", GONE, "required", "Observation.value.ofType(Quantity)", "code"),
    ("pressure without components", PRESSURE, VITAL[7:] + "BloodPressure", "component", GONE, "required", "Observation", "component"),
    ("pressure without the systolic one", PRESSURE, VITAL[7:] + "BloodPressure", FIRST, GONE, "required", "Observation", "Systolic"),
    ("systolic without value", PRESSURE, VITAL[7:] + "BloodPressure", FIRST + ".valueQuantity", GONE, "required", STOPS, "value"),
    ("vital sign without SNOMED CT", HEAT, VITAL[7:] + "BodyTemperature", "code.coding[0]", GONE, "required", "Observation.code", "snomedCT"),
    ("extension without value", BABY, "Patient", "extension[0].valueCodeableConcept", GONE, "invalid", "Patient.extension[0]", "neither a value"),
    # fixed values
    ("status not final", HEAT, VITAL[7:] + "BodyTemperature", "status", "preliminary", "value", "Observation.status", "final"),
    ("wrong category", HEAT, VITAL[7:] + "BodyTemperature", "category[0].coding[0].code", "survey", "value", "Observation.category[0].coding[0].code", "vital-signs"),
    ("wrong unit's code", HEAT, VITAL[7:] + "BodyTemperature", "valueQuantity.code", "K", "value", "Observation.value.ofType(Quantity).code", "Cel"),
    ("wrong unit", WEIGHT, VITAL[7:] + "BodyWeight", "valueQuantity.unit", "stone", "value", "Observation.value.ofType(Quantity).unit", "kilogram"),
    ("wrong unit's system", HEAD, VITAL[7:] + "HeadCircumference", "valueQuantity.system", SNOMED, "value", "Observation.value.ofType(Quantity).system", UCUM),
    ("wrong LOINC code", HEAT, VITAL[7:] + "BodyTemperature", "code.coding[1].code", "8867-4", "value", "Observation.code.coding[1].code", "8310-5"),
    ("wrong systolic unit", PRESSURE, VITAL[7:] + "BloodPressure", FIRST + ".valueQuantity.code", "kPa", "value", STOPS + ".value.ofType(Quantity).code", "mm[Hg]"),
    ("wrong systolic display", PRESSURE, VITAL[7:] + "BloodPressure", FIRST + ".code.coding[1].display", "Systolic", "value", STOPS + ".code.coding[1].display", "Systolic blood pressure"),
    # too many, and what must not be
    ("two NHS numbers", BABY, "Patient", "identifier[+]", NHS, "business-rule", "Patient", "nhsNumber"),
    ("two ODS codes", "Organization-WhiteRoseMedicalCentre", "Organization", "identifier[+]", ODS, "business-rule", "Organization", "odsOrganisationCode"),
    ("two site codes", "Location-HospitalSJUH", "Location", "identifier[+]", SITE, "business-rule", "Location", "odsSiteCode"),
    ("two categories", HEAT, VITAL[7:] + "BodyTemperature", "category[+]", concept(SNOMED, "46680005"), "business-rule", "Observation*", "at most 1"),
    ("two ethnic categories", BABY, "Patient", "extension[+]", extension("EthnicCategory", valueCodeableConcept={"text": "Welsh"}), "business-rule", "Patient", "ethnicCategory"),
    ("pressure with a value of its own", PRESSURE, VITAL[7:] + "BloodPressure", "valueString", "high", "business-rule", "Observation.value.ofType(string)", "leave it out"),
    ("pressure with a specimen", PRESSURE, VITAL[7:] + "BloodPressure", "specimen", {"reference": "Specimen/1"}, "business-rule", "Observation.specimen", "leave it out"),
    ("a third component, slicing closed", PRESSURE, VITAL[7:] + "BloodPressure", "component[+]",
     {"code": {"coding": [{"system": LOINC, "code": "8867-4"}, {"system": SNOMED, "code": "364075005"}], "text": "Heart rate"}, "valueString": "72"}, "business-rule", "Observation.component[2]", "none of the slices"),
    # slices of which one must be
    ("no laboratory category", BLOOD, "Observation-Group-Lab", "category[0].coding[0].code", "imaging", "required", "Observation", "laboratory"),
    ("not LOINC", BREATH, VITAL[7:] + "RespirationRate", "code.coding[1]", GONE, "required", "Observation.code", "loinc"),
    # codes of required value sets
    ("language", "Patient-Sn-MultipleLanguages", "Patient", "communication[0].language.coding[0].code", "xx-notalanguage", "code-invalid", "Patient.communication[0].language*", "notalanguage"),
    ("verification status", BABY, "Patient", "identifier[0].extension[0].valueCodeableConcept.coding[0].code", "99", "code-invalid", "Patient.identifier[0].extension[0].value*", "99"),
    # rules
    ("not done without a reason", "Immunization-Sn-IntramuscularRoute", "Immunization", "status", "not-done", "invariant", "Immunization", "ukcore-imm-001"),
    # extensions
    ("birth sex of an organisation", "Organization-WhiteRoseMedicalCentre", "Organization", "extension[+]",
     extension("BirthSex", valueCodeableConcept=concept("https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonStatedGender", "1")), "*", "Organization.extension[0]*", "may not stand here"),
    ("rank as text", BABY, "Patient", "contact[+]", {"name": {"text": "A. Friend"}, "extension": [extension("ContactRank", valueString="first")]}, "*", "Patient.contact[0].extension[0]*", "positiveInt"),
    ("parent present as text", "Immunization-Sn-Performer", "Immunization", "extension[+]", extension("ParentPresent", valueString="yes"), "*", "Immunization.extension*", "boolean"),
    ("death notification without status", BABY, "Patient", "extension[+]",
     extension("DeathNotificationStatus", extension=[{"url": "systemEffectiveDate", "valueDateTime": "2021-03-01"}]), "required", "Patient.extension[1]", "deathNotificationStatus"),
    ("main location is no location", "Organization-WhiteRoseMedicalCentre", "Organization", "extension[+]",
     extension("MainLocation", valueReference={"reference": "Patient/1"}), "*", "Organization.extension[0].value*", "Location"),
]]


def steps(place):
    for part in place.split("."):
        name, index = re.fullmatch(r"(\w+)(?:\[(\d+|\+)\])?", part).groups()
        yield name
        if index is not None:
            yield "+" if index == "+" else int(index)


def broken(resource, case):
    made = copy.deepcopy(resource)
    *way, last = steps(case.place)
    at = made
    for i, step in enumerate(way):
        if isinstance(at, dict) and step not in at and last == "+" and i == len(way) - 1:
            at[step] = []
        at = at[step]
    if case.value is GONE:
        del at[last]
    elif last == "+":
        at.append(case.value)
    else:
        at[last] = case.value
    return made


def like(value, pattern):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value) is not None


def as_json(kith, files):
    """The resources of XML files, by file."""
    done = subprocess.run([kith, "path", "--json", "$this", *files], capture_output=True, text=True, check=True)
    return {one["file"]: one["value"] for one in map(json.loads, done.stdout.splitlines())}


def errors_of(kith, package, profile, resources, temporary):
    """The errors of each resource, all of one profile."""
    file = temporary / "broken.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in resources))
    done = subprocess.run([kith, "validate", "--json", "--package", str(package), "--profile", UKCORE + profile, str(file)], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if done.returncode not in (0, 1) or len(lines) != len(resources):
        raise SystemExit(f"kith validate ended with {done.returncode}, {len(lines)} outcomes of {len(resources)}: {done.stderr[-2000:]}")
    return [[(one["code"], (one.get("expression") or [""])[0], one["details"]["text"]) for one in json.loads(line)["outcome"]["issue"] if one["severity"] == "error"] for line in lines]


def problem(case, found):
    """None, or why the findings are not what must be found: this one, and none elsewhere than there or around it."""
    for code, expression, words in found:
        if like(code, case.code) and like(expression, case.expression) and case.words in words:
            elsewhere = [place for _, place, _ in found if not place.startswith(expression) and not expression.startswith(place)]
            return f"is found, but so is something at {elsewhere[0]}" if elsewhere else None
    return "is not found" if not found else "is found otherwise"


def run(kith, package, temporary, file_of):
    bad = 0
    names = {case.example: str(file_of(f"UKCore-{case.example}-Example.xml")) for case in CASES}
    read = as_json(kith, names.values())
    by_profile = collections.defaultdict(list)
    for case in CASES:
        by_profile[case.profile].append(case)
    for profile, cases in by_profile.items():
        whole = [read[names[case.example]] for case in cases]
        found = errors_of(kith, package, "UKCore-" + profile, whole + list(map(broken, whole, cases)), temporary)
        for case, before, after in zip(cases, found, found[len(cases):]):
            why = "is found before anything is broken" if before else problem(case, after)
            if why:
                bad += 1
                print(f"broken: {case.example}, {case.name}: {why}: wanted {case.code} {case.expression} '{case.words}'; found: {before or after}")
    print(f"{len(CASES)} examples broken, {bad} not as it should be")
    return bad
