#!/usr/bin/env python3
"""Public resources against the definitions of R4 and the profiles of UK Core, by `kith validate`.

    validation.py KITH [--show NAME]

KITH_DATA names the folder of archives; a set whose archive is absent is left out, with the reason. Each error and each kind
of warning must stand in validation_findings.txt, with the reason why it is right; a line there that nothing needs is an error
too. Then resources that conform are broken, each in one way that its profile forbids, and the finding must come.

KITH_SMALL=yes (with sanitizers): only one in PART of a set's files, where they are many.

--show NAME prints what is found in one set that is not listed. The lines of a table are printed for README.md and
docs/conformance.md, with which table.py compares them.
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
sys.path.insert(0, str(HERE))
import validation_broken  # noqa: E402 (beside this file)

KITH = os.path.abspath(sys.argv[1])
DATA = pathlib.Path(os.environ.get("KITH_DATA") or ROOT.parent / "shared" / "data")
UKCORE = "https://fhir.hl7.org.uk/StructureDefinition/"
SHOW = sys.argv[sys.argv.index("--show") + 1] if "--show" in sys.argv else None
SKIPPED = 77
PART, MANY = (4 if os.environ.get("KITH_SMALL") == "yes" else 1), 50

# name: title, archive, whether UK Core is loaded, whether its profiles are asked for.
Set = collections.namedtuple("Set", "title archive package profiles", defaults=(False, False))
SETS = {
    "examples": Set("Official R4 examples (`hl7.fhir.r4.examples` 4.0.1, the resources by themselves)", "fhir-r4/hl7.fhir.r4.examples-4.0.1-dev"),
    "definitions": Set("Official R4 definitions (`hl7.fhir.r4.core` 4.0.1) as resources", "fhir-r4/hl7.fhir.r4.core-4.0.1"),
    "ukcore-definitions": Set("UK Core: its definitions as resources", "uk/ukcore-definitions", True),
    "ukcore": Set("UK Core: examples, each against its profile", "uk/ukcore-examples-dev", True, True),
    "eps": Set("NHS England: Electronic Prescription Service", "uk/eps-examples-dev", True),
    "bars": Set("NHS England: Booking and Referral Standard", "uk/bars-examples-dev", True),
    "pds": Set("NHS England: Personal Demographics Service", "uk/pds-examples-dev", True),
    "scr": Set("NHS England: Summary Care Record", "uk/scr-examples-dev", True),
    "immunisation": Set("NHS England: Immunisation API", "uk/immunisation-examples-dev", True),
    "ers": Set("NHS England: e-Referral Service", "uk/ers-r4-examples-dev", True),
    "synthea-2019": Set("Synthea 2019 (transaction bundles)", "synthea/synthea-r4-2019-dev"),
    "synthea-2021": Set("Synthea 2021 (transaction and batch bundles)", "synthea/synthea-r4-2021-dev"),
}
Finding = collections.namedtuple("Finding", "severity file expression code words")
Line = collections.namedtuple("Line", "severity set file expression code words why")


# --- the data ---


def unpack(archive, into):
    file = DATA / f"{archive}.tar.xz"
    if not file.is_file():
        return None
    with tarfile.open(file) as tar:
        tar.extractall(into, filter="data")
    return into / file.name.removesuffix(".tar.xz")


def is_resource(file):
    """Not the description of a package, nor the HL7 v3 messages that prescriptions are translated to."""
    return (file.suffix in (".json", ".xml", ".ndjson") and not file.name.startswith(".") and file.name != "package.json"
            and not re.search(r"Convert-Response.*\.xml$", file.name))


def resource_files(folder):
    return sorted(file for file in folder.rglob("*") if is_resource(file))


def resource_count(file):
    """Resources in a file, those in bundles and contained ones too."""
    bytes_ = file.read_bytes()
    if file.suffix == ".xml":
        return 1 + len(re.findall(rb"<resource>|<contained>", bytes_))
    return max(1, len(re.findall(rb'"resourceType"\s*:', bytes_)))


def profile_of(file, profiles):
    """UK Core's examples do not say which profile they are of: their names do, or the type of an extension's example."""
    named = [p for p in profiles if file.stem.startswith(p + "-")]
    if named:
        return max(named, key=len)
    kind = re.search(r"<([A-Z]\w+)[\s>]", file.read_text(encoding="utf-8-sig"))
    return f"UKCore-{kind[1]}" if kind and f"UKCore-{kind[1]}" in profiles else None


# --- the tool ---


def validate(files, package=None, profile=None):
    """The outcomes by file."""
    command = [KITH, "validate", "--json"]
    command += ["--package", str(package)] if package else []
    command += ["--profile", UKCORE + profile] if profile else []
    done = subprocess.run(command + [str(f) for f in files], capture_output=True, text=True)
    if done.returncode not in (0, 1) or len(done.stdout.splitlines()) < len(files):
        sys.exit(f"kith validate ended with {done.returncode}: {done.stderr[-2000:]}")
    return [(one["file"], one["outcome"]["issue"]) for one in map(json.loads, done.stdout.splitlines())]


def findings_of(outcomes, folder):
    for file, issues in outcomes:
        for issue in issues:
            words = issue.get("details", {}).get("text") or issue.get("diagnostics", "")
            if issue["severity"] != "information":  # preferred bindings, and how many more warnings there are
                yield Finding(issue["severity"], os.path.relpath(file, folder), (issue.get("expression") or [""])[0], issue["code"], words)


def run_set(one, folder, package):
    files = resource_files(folder)
    files = files[::PART] if len(files) > MANY else files
    groups = {None: files}
    if one.profiles:
        profiles = {f.stem for f in package.rglob("UKCore-*.xml")}
        groups = collections.defaultdict(list)
        for file in files:
            groups[profile_of(file, profiles)].append(file)
    found = []
    for profile, members in groups.items():
        found += findings_of(validate(members, package if one.package else None, profile), folder)
    return files, found


# --- what is right ---


def read_lines():
    lines = []
    for number, text in enumerate((HERE / "validation_findings.txt").read_text().splitlines(), 1):
        if text.strip() and not text.startswith("#"):
            fields = [part.strip() for part in text.split("|")]
            if len(fields) != len(Line._fields) or not fields[-1]:
                sys.exit(f"validation_findings.txt:{number}: {len(Line._fields)} fields separated by ' | ' are needed")
            lines.append(Line(*fields))
    return lines


def like(value, pattern):
    """'*' is anything, '?' any character; brackets are those of FHIRPath, where [] is any index."""
    parts = (re.escape(part).replace(re.escape("[]"), r"\[\d+\]").replace(re.escape("?"), ".") for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), value, re.S) is not None


def is_listed(name, finding, lines, used):
    for line in lines:
        if (line.severity == finding.severity and any(like(name, one) for one in line.set.split(",")) and like(finding.file, line.file)
                and like(finding.expression, line.expression) and like(finding.code, line.code) and like(finding.words, line.words)):
            used.add(line)
            return True
    return False


def show(findings):
    groups = collections.defaultdict(list)
    for one in findings:
        words = re.sub(r"""['"][^'"]*['"]|https?://\S+|urn:\S+""", '"..."', one.words)
        groups[one.severity, one.code, words[:90]].append(one)
    for key, members in sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1]))):
        places = sorted({(re.sub(r"\[\d+\]", "[]", m.expression), m.file.rsplit("/", 1)[-1]) for m in members})
        print(f"{len(members):6} {key[0]} {key[1]}: {members[0].words[:400]}")
        for place, file in places[:5]:
            print(f"           {place} in {file}")


# --- the table ---


def row(one, files, found):
    faulty = {f.file for f in found if f.severity in ("error", "fatal")}
    count = sum(resource_count(file) for file in files)
    return f"| {one.title} | {len(files):,} | {count:,} | {len(files) - len(faulty):,} | {len(faulty):,} |"


HEAD = "| Data | Files | Resources | Files without errors | Files with errors that are right |"


# --- all of it ---


def main():
    lines, used, rows, absent, bad, ran = read_lines(), set(), [], [], 0, []
    with tempfile.TemporaryDirectory(prefix="kith-validation-") as temporary:
        package = unpack(SETS["ukcore-definitions"].archive, pathlib.Path(temporary))
        for name, one in SETS.items():
            folder = unpack(one.archive, pathlib.Path(temporary)) if SHOW in (None, name) else None
            if not folder or (one.package and not package):
                absent.append(one.archive)
                continue
            files, found = run_set(one, folder, package)
            left = [f for f in found if not is_listed(name, f, lines, used)]
            ran.append(name)
            rows.append(row(one, files, found))
            bad += len(left)
            if left:
                print(f"{name}: {len(left)} findings that are not listed")
                show(left)
        if SHOW is None and package and "ukcore" in ran:
            bad += validation_broken.run(KITH, package, pathlib.Path(temporary), lambda file: unpack_name(file, temporary))
    if SHOW is not None:
        return 1 if bad else 0
    print("\n".join([HEAD, *rows]))
    return verdict(lines, used, absent, bad, ran)


def unpack_name(file, temporary):
    return pathlib.Path(temporary) / "ukcore-examples-dev" / file


def verdict(lines, used, absent, bad, ran):
    if not absent and PART == 1:
        for line in lines:
            if line not in used:
                bad += 1
                print(f"validation_findings.txt: nothing needs: {' | '.join(line)}")
    for archive in absent:
        print(f"skipped: no {archive}.tar.xz in {DATA} (set KITH_DATA to the folder of test data)")
    if bad:
        return 1
    return SKIPPED if not ran else 0


sys.exit(main())
