"""The queries that bench/search measures: 30 shapes that care, portals and commissioning really use."""

import collections
import json
import os
import random
from urllib.parse import quote

LOINC = "http://loinc.org|"
SNOMED = "http://snomed.info/sct|"
PRESSURE = LOINC + "85354-9"
SYSTOLIC = LOINC + "8480-6"
WEIGHT = LOINC + "29463-7"
TEMPERATURE = LOINC + "8310-5"
HBA1C = LOINC + "59261-8"
HYPERTENSION = SNOMED + "38341003"
DIABETES = SNOMED + "44054006"

# patient: within one record, so its cost must not grow with the store. weight: share of the mix, in thousandths.
Shape = collections.namedtuple("Shape", "name patient weight paths")

PEOPLE = 1500


class People:
    """Facts about some of the people of a population, taken evenly from all of its files."""

    def __init__(self, folder, patients):
        self.rows = []
        files = sorted(name for name in os.listdir(folder) if name.endswith(".ndjson"))
        every = max(1, patients // PEOPLE)
        seen = 0
        for name in files:
            with open(f"{folder}/{name}", encoding="utf-8") as lines:
                for line in lines:
                    seen += 1
                    if seen % every == 0:
                        self._take(json.loads(line)["entry"])
        self.practitioners = []
        with open(f"{folder}/000-locality.json", encoding="utf-8") as file:
            for entry in json.load(file)["entry"]:
                if entry["resource"]["resourceType"] == "Practitioner":
                    self.practitioners.append(entry["resource"])

    def _take(self, entries):
        found = [entry["resource"] for entry in entries]
        patient = next((made for made in found if made["resourceType"] == "Patient"), None)
        if not patient:
            return
        self.rows.append({
            "id": patient["id"], "birth": patient["birthDate"],
            "family": patient["name"][0]["family"], "given": patient["name"][0]["given"][0],
            "nhs": next(f"{i['system']}|{i['value']}" for i in patient["identifier"] if "nhs-number" in i["system"]),
        })


def encoded(pairs):
    return "&".join(f"{name}={quote(value, safe='|,:$/')}" for name, value in pairs)


def shapes(people):
    """The list of Shape; each has some hundred addresses below the base, drawn with a fixed seed."""
    r = random.Random(7)
    some = [r.choice(people.rows) for _ in range(400)]
    names = sorted({p["family"] for p in people.rows})

    def each(resource, *pairs):
        """One address a person: {id} and the like stand for the person's own."""
        return [f"/fhir/{resource}?" + encoded((n, v.format(**p)) for n, v in pairs) for p in some]

    def of(resource, *queries):
        return [f"/fhir/{resource}?" + encoded(query) for query in queries]

    gps = [p["name"][0]["family"] for p in people.practitioners]
    pages = [("_count", "20")]
    return [
        # a GP with ten minutes, a ward, a portal
        Shape("patient + code", True, 90, each("Observation", ("patient", "{id}"), ("code", PRESSURE))),
        Shape("patient + code + date", True, 70, each(
            "Observation", ("patient", "{id}"), ("code", PRESSURE), ("date", "ge2025-06-01"))),
        Shape("patient, newest 20", True, 90, each("Observation", ("patient", "{id}"), ("_sort", "-date"), *pages)),
        Shape("patient + category, newest 20", True, 70, each(
            "Observation", ("patient", "{id}"), ("category", "laboratory"), ("_sort", "-date"), *pages)),
        Shape("patient + six codes", True, 40, each("Observation", ("patient", "{id}"), ("code", ",".join(
            LOINC + c for c in ("8480-6", "8867-4", "9279-1", "2708-6", "8310-5", "59261-8"))))),
        Shape("patient, active problems", True, 60, each(
            "Condition", ("patient", "{id}"), ("clinical-status", "active"))),
        Shape("patient, problems, :not", True, 20, each(
            "Condition", ("patient", "{id}"), ("clinical-status:not", "resolved"))),
        Shape("patient, problems without an end, :missing", True, 20, each(
            "Condition", ("patient", "{id}"), ("abatement-date:missing", "true"))),
        Shape("patient, allergies", True, 60, each("AllergyIntolerance", ("patient", "{id}"))),
        Shape("patient, active medicines with who ordered them", True, 60, each(
            "MedicationRequest", ("patient", "{id}"), ("status", "active"),
            ("_include", "MedicationRequest:requester"))),
        Shape("patient, newest encounters", True, 40, each(
            "Encounter", ("patient", "{id}"), ("_sort", "-date"), ("_count", "10"))),
        Shape("patient, immunisations", True, 20, each("Immunization", ("patient", "{id}"), ("_sort", "-date"))),
        Shape("patient, reports with results", True, 30, each(
            "DiagnosticReport", ("patient", "{id}"), ("_sort", "-date"), ("_count", "5"),
            ("_include", "DiagnosticReport:result"))),
        Shape("patient, systolic over 140, composite", True, 20, each(
            "Observation", ("patient", "{id}"), ("component-code-value-quantity", SYSTOLIC + "$gt140"))),
        Shape("patient by NHS number, chained + code", True, 40, each(
            "Observation", ("patient.identifier", "{nhs}"), ("code", PRESSURE))),
        Shape("patient, count of observations", True, 30, each(
            "Observation", ("patient", "{id}"), ("_summary", "count"))),
        Shape("patient with problems and allergies, _revinclude", True, 30, each(
            "Patient", ("_id", "{id}"), ("_revinclude", "Condition:patient"),
            ("_revinclude", "AllergyIntolerance:patient"))),
        # finding a person
        Shape("person by NHS number", False, 82, each("Patient", ("identifier", "{nhs}"))),
        Shape("person by family name and birth date", False, 50, each(
            "Patient", ("family", "{family}"), ("birthdate", "{birth}"))),
        Shape("people by the start of a name", False, 30, of(
            "Patient", *[[("name", n[:4]), *pages] for n in names[:200]])),
        # work lists and commissioning
        Shape("problem over everyone, a page", False, 10, of(
            "Condition", [("code", HYPERTENSION), *pages], [("code", DIABETES), *pages])),
        Shape("code + date over everyone, newest 20", False, 10, of(
            "Observation", [("code", PRESSURE), ("date", "ge2025-10-01"), ("_sort", "-date"), *pages],
            [("code", HBA1C), ("date", "ge2025-10-01"), ("_sort", "-date"), *pages])),
        Shape("code over everyone, sorted by date, deep page", False, 5, "deep"),
        Shape("people with a problem, _has", False, 5, of(
            "Patient", [("_has:Condition:patient:code", DIABETES), *pages])),
        Shape("encounters of a practitioner by name, chained", False, 5, of(
            "Encounter", *[[("participant:Practitioner.family", n), *pages] for n in gps[:60]])),
        Shape("resources changed since, a page", False, 5, of(
            "Observation", [("_lastUpdated", "gt2020-01-01"), ("_sort", "_lastUpdated"), ("_count", "50")])),
        Shape("status :not over everyone, a page", False, 5, of("Observation", [("status:not", "final"), *pages])),
        Shape("count: one code", False, 1, of("Observation", [("code", TEMPERATURE), ("_summary", "count")])),
        Shape("count: code + date", False, 1, of(
            "Observation", [("code", TEMPERATURE), ("date", "ge2025-04-01"), ("_summary", "count")])),
        Shape("count: code + value", False, 1, of(
            "Observation", [("code-value-quantity", WEIGHT + "$gt90|http://unitsofmeasure.org|kg"), ("_summary", "count")])),
    ]
