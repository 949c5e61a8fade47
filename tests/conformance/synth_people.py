#!/usr/bin/env python3
"""The invented population keeps what it says of itself: R4, and the profiles of UK Core that it names.

    synth_people.py KITH

200 people of `kith synth`, and the locality that they share, are validated by `kith validate`: against R4 alone, against UK
Core, and on a node that has UK Core and the small terminologies of samples/. There may be no error; a warning has to be one
of WARNINGS. Then a few are broken, each against one rule of UK Core, and the error must come: the profiles were looked at.

KITH_DATA names the folder of archives; without that of UK Core all but the first part is left out.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KITH = os.path.abspath(sys.argv[1])
DATA = pathlib.Path(os.environ.get("KITH_DATA") or ROOT.parent / "shared" / "data")
UKCORE = "uk/ukcore-definitions"
PEOPLE = 40 if os.environ.get("KITH_SMALL") == "yes" else 120  # fewer with sanitizers
SEED = 1
SKIPPED = 77

# What may be said of them, and why.
WARNINGS = {
    r"dom-6: ": "records of the NHS come without narratives too",
    r"(was|were) not checked": "what is not loaded: profiles in the first part, terminologies, the locality's questionnaire",
    r"of http://loinc\.org is not in the value set \S*UKCore-PathologyAndLaboratoryMedicineObservables;":
        "results have LOINC's codes, for everybody, where UK Core would have SNOMED CT's alone",
}


def kith(*words, status=(0,)):
    done = subprocess.run([KITH, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode not in status:
        sys.exit(f"kith {' '.join(map(str, words))} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done


def unpack(archive, into):
    file = DATA / f"{archive}.tar.xz"
    if not file.is_file():
        print(f"skipped: no {archive}.tar.xz in {DATA} (set KITH_DATA to the folder of test data)")
        sys.exit(SKIPPED)
    with tarfile.open(file) as tar:
        tar.extractall(into, filter="data")
    return into / file.name.removesuffix(".tar.xz")


def resources_of(folder):
    """Each resource by itself: the findings of a whole bundle end at a hundred."""
    for file in sorted(folder.iterdir()):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield from (entry["resource"] for entry in json.loads(line)["entry"])


def write_lines(file, resources):
    file.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in resources), encoding="utf-8")
    return file


def findings(file, *words):
    """One list of issues for each resource of a file."""
    done = kith("validate", "--json", file, *words, status=(0, 1))
    outcomes = [json.loads(line)["outcome"]["issue"] for line in done.stdout.splitlines()]
    return [[(i["severity"], i.get("details", {}).get("text", "")) for i in issues] for issues in outcomes]


def errors_of(name, resources, found):
    """Lines that tell what is wrong; none: all is well."""
    if len(found) != len(resources):
        return [f"{name}: {len(found)} outcomes of {len(resources)} resources"]
    wrong = collections.Counter()
    for resource, issues in zip(resources, found):
        for severity, words in issues:
            if severity == "error" or (severity == "warning" and not any(re.search(kind, words) for kind in WARNINGS)):
                wrong[f"{name}: {severity}: {resource['resourceType']}: {words}"] += 1
    return [f"{count} times {words}" for words, count in wrong.most_common(20)]


def demo_node(folder, package):
    node = folder / "node"
    kith("init", node, "--organisation", "Y90001", "--name", "Synth")
    kith("package", "add", node, package, status=(0, 1))  # one file of it is no FHIR
    for name in ("snomed", "loinc", "dmd"):
        version = [] if name == "snomed" else ["--version", "demo"]
        kith("terminology", "add", node, ROOT / "samples" / "terminology" / name, "--fragment", *version)
    return node


def broken(resources):
    """Copies that break one rule of their profile each."""
    def first(type_, profile):
        found = next(r for r in resources if r["resourceType"] == type_ and r["meta"]["profile"][0].endswith(profile))
        return json.loads(json.dumps(found))

    weight = first("Observation", "-BodyWeight")
    weight["valueQuantity"]["unit"] = "kg"
    yield weight, "kilogram"
    pressure = first("Observation", "-BloodPressure")
    pressure["component"][1]["valueQuantity"]["unit"] = "mmHg"
    yield pressure, "millimeter of mercury"
    patient = first("Patient", "UKCore-Patient")
    patient["identifier"][0]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] = "99"
    yield patient, "NHSNumberVerificationStatus"


def main():
    with tempfile.TemporaryDirectory(prefix="kith-synth-") as name:
        folder = pathlib.Path(name)
        kith("synth", folder / "people", "--patients", PEOPLE, "--seed", SEED)
        resources = list(resources_of(folder / "people"))
        lines = write_lines(folder / "lines.ndjson", resources)
        wrong = []
        if sum(r["resourceType"] == "Patient" for r in resources) != PEOPLE:
            wrong.append(f"these are not {PEOPLE} people")
        wrong += errors_of("R4", resources, findings(lines))
        wrong += [f"whole bundles: {one}" for one in kith("validate", "--errors-only", folder / "people", status=(0, 1)).stdout.splitlines()[:20]]
        if wrong:
            sys.exit("\n".join(wrong))
        package = unpack(UKCORE, folder)
        wrong += errors_of("UK Core", resources, findings(lines, "--package", package))
        found = findings(lines, "--node", demo_node(folder, package))
        wrong += errors_of("demo", resources, [[one for one in issues if one[0] == "error"] for issues in found])
        cases = list(broken(resources))
        found = findings(write_lines(folder / "broken.ndjson", [resource for resource, _ in cases]), "--package", package)
        for (resource, words), issues in zip(cases, found, strict=True):
            if not any(severity == "error" and words in said for severity, said in issues):
                wrong.append(f"a broken {resource['resourceType']} was not refused with {words}")
        if wrong:
            sys.exit("\n".join(wrong))
        print(f"{len(resources):,} resources of {PEOPLE} people, seed {SEED}: no errors by R4, UK Core and the sample terminologies")


if __name__ == "__main__":
    main()
