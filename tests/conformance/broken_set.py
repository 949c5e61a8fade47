#!/usr/bin/env python3
"""Resources of our own that are broken in one way each, and others that are not.

usage: broken_set.py KITH [WORD...]

broken/*.ndjson has a case a line: its name, the resource (or, as text, what is no resource), the
profiles that it is validated against, and its one finding: severity, issue code, expression, and a
word that the details must have. `also` lists what comes with it: warnings and informations, and
the other error where two rules ask for the same. A case without a finding is a twin: a resource
that passes. What `kith validate` says must be exactly that, nothing more. With words, only the
cases whose name has one of them are tried.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent / "broken"
BROKEN_LEAST = 700
PASSING_LEAST = 100


def read_cases():
    """All cases; each name stands once in its file."""
    cases = []
    for file in sorted(HERE.glob("*.ndjson")):
        names = set()
        for line in file.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if case["name"] in names:
                sys.exit(f"{file.name}: the name '{case['name']}' stands twice")
            names.add(case["name"])
            case["place"] = f"{file.stem}: {case['name']}"
            cases.append(case)
    return cases


def outcomes(kith, profiles, cases, folder):
    """The findings of cases that are validated against the same profiles, in their order."""
    file = pathlib.Path(folder) / "cases.ndjson"
    texts = [case.get("text") or json.dumps(case["resource"], ensure_ascii=False) for case in cases]
    file.write_text("\n".join(texts) + "\n", encoding="utf-8")
    command = [kith, "validate", "--json", "--package", str(HERE / "package"), str(file)]
    for profile in profiles:
        command += ["--profile", profile]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode not in (0, 1) or len(lines) != len(cases):
        sys.exit(f"{' '.join(command)}\nended with {done.returncode} and {len(lines)} outcomes of "
                 f"{len(cases)}\n{done.stderr}")
    if done.stderr:
        sys.exit(f"{' '.join(command)}\nsaid: {done.stderr}")
    return [json.loads(line)["outcome"]["issue"] for line in lines]


def is_it(issue, wanted):
    """Whether an issue is the finding that a case wants."""
    return (issue["severity"] == wanted["severity"] and issue["code"] == wanted["code"]
            and issue.get("expression", [""])[0] == wanted["expression"]
            and wanted["details"] in issue.get("details", {}).get("text", ""))


def difference(case, issues):
    """What is wrong with the findings of a case; empty: nothing."""
    said = [issue for issue in issues if issue["code"] != "informational"]
    wanted = ([case["finding"]] if "finding" in case else []) + case.get("also", [])
    missing = []
    for one in wanted:
        found = next((issue for issue in said if is_it(issue, one)), None)
        if found:
            said.remove(found)
        else:
            missing.append(one)
    lines = [f"  wanted: {json.dumps(one)}" for one in missing]
    return "\n".join(lines + [f"  said:   {json.dumps(issue)}" for issue in said])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    words = sys.argv[2:]
    cases = [case for case in read_cases()
             if not words or any(word in case["place"] for word in words)]
    groups = collections.defaultdict(list)
    for case in cases:
        groups[tuple(case.get("profiles", []))].append(case)
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for profiles, group in groups.items():
            for case, issues in zip(group, outcomes(sys.argv[1], profiles, group, folder)):
                wrong = difference(case, issues)
                if wrong:
                    faults += 1
                    print(f"{case['place']}\n{wrong}")
    broken = sum("finding" in case for case in cases)
    passing = len(cases) - broken
    print(f"{broken} broken resources and {passing} that pass: {faults} not as expected")
    if not words and (broken < BROKEN_LEAST or passing < PASSING_LEAST):
        print(f"there have to be at least {BROKEN_LEAST} and {PASSING_LEAST}")
        faults += 1
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
