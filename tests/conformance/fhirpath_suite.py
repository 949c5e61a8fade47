#!/usr/bin/env python3
"""The official FHIRPath tests for R4, each evaluated on its resource.

    fhirpath_suite.py FOLDER DRIVER [NAME...]

FOLDER is the unpacked archive, DRIVER the program path_driver. With names only those tests are run and shown.

fhirpath_exceptions.txt beside this file lists the tests that differ on purpose, with the reason. A test that differs and is not
in the list, and one that is in the list and passes, both fail. A test whose name stands twice in the suite is NAME#2.
"""

import decimal
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

EXPECTED_COUNT = 935


def load_tests(folder):
    tests = {}
    for node in xml.etree.ElementTree.parse(folder / "fhirpath/tests-fhir-r4.xml").getroot().iter("test"):
        expression = node.find("expression")
        name, times = node.get("name"), 1
        while (name if times == 1 else f"{name}#{times}") in tests:
            times += 1
        tests[name if times == 1 else f"{name}#{times}"] = {
            "expression": expression.text,
            "file": node.get("inputfile"),
            "holds": node.get("predicate") == "true",
            "strict": "strict" in (node.get("mode"), expression.get("mode")),
            "invalid": expression.get("invalid"),
            "ordered": node.get("ordered") != "false",
            "outputs": [(output.get("type"), output.text or "") for output in node.findall("output")],
        }
    return tests


def find_input(folder, name):
    for place in (folder, folder / "examples", folder / "fhirpath"):
        if (place / name).exists():
            return str(place / name)
    sys.exit(f"the archive has no {name}")


def run_all(folder, driver, tests):
    lines = []
    for test in tests.values():
        line = {"expression": test["expression"]}
        if test["file"]:
            line["file"] = find_input(folder, test["file"])
        line |= {key: True for key in ("holds", "strict") if test[key]}
        lines.append(json.dumps(line) + "\n")
    done = subprocess.run([driver], input="".join(lines), capture_output=True, text=True)
    answers = done.stdout.splitlines()
    if done.returncode or len(answers) != len(lines):
        at = list(tests)[min(len(answers), len(lines) - 1)]
        sys.exit(f"the driver ended with {done.returncode} at {at}\n{done.stderr[-3000:]}")
    return {name: json.loads(answer) for name, answer in zip(tests, answers)}


def number(text):
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        return None


def same_text(wanted_type, wanted, got):
    """The digits behind the point of a number count, except where a decimal is asked for by its type. The T with which the
    literal of a dateTime without a time ends is left out in the suite."""
    a, b = number(wanted), number(got)
    if a is not None and b is not None and wanted_type != "string":
        return a == b and (wanted_type == "decimal" or a.as_tuple().exponent == b.as_tuple().exponent)
    return wanted == got or (wanted.startswith("@") and got == wanted + "T")


def same_item(output, item):
    wanted_type, wanted = output
    if wanted_type and wanted_type.lower() != item["type"].lower():
        return False
    return same_text(wanted_type, wanted, item["text"])


def difference(test, answer):
    """None when the answer is what the test asks for, else what differs."""
    if "error" in answer and (not test["invalid"] or answer["stage"] == "input"):
        return f"{answer['stage']}: {answer['error']}"
    if test["invalid"] and "error" not in answer:
        return f"{test['invalid']} error expected, got {shown(answer['items'])}"
    if test["invalid"]:
        late = test["invalid"] == "syntax" and answer["stage"] != "compile"
        return f"refused only when it was evaluated: {answer['error']}" if late else None
    items, outputs = list(answer["items"]), list(test["outputs"])
    if not test["ordered"]:
        items.sort(key=lambda item: item["text"])
        outputs.sort(key=lambda output: output[1])
    if len(items) == len(outputs) and all(map(same_item, outputs, items)):
        return None
    return f"got {shown(items)}, expected {outputs}"


def shown(items):
    return [(item["type"], item["text"][:200]) for item in items[:20]]


def load_exceptions(path):
    exceptions = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(":")
            if not reason.strip():
                sys.exit(f"{path.name}: {name} has no reason")
            exceptions[name.strip()] = reason.strip()
    return exceptions


def main():
    folder, driver, names = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    tests = load_tests(folder)
    exceptions = load_exceptions(pathlib.Path(__file__).with_name("fhirpath_exceptions.txt"))
    problems = [] if len(tests) == EXPECTED_COUNT else [f"the suite has {len(tests)} tests, not {EXPECTED_COUNT}"]
    problems += [f"{name} is an exception, but no test" for name in exceptions if name not in tests]
    if names:
        tests = {name: tests[name] for name in names}
    passed = excepted = 0
    for name, answer in run_all(folder, driver, tests).items():
        found = difference(tests[name], answer)
        passed += not found
        if names:
            print(f"{name}: {tests[name]['expression']}\n    {json.dumps(answer)}")
        if found and name in exceptions:
            excepted += 1
        elif found:
            problems.append(f"{name}: {tests[name]['expression'].strip()}\n    {found}")
        elif name in exceptions:
            problems.append(f"{name} passes, but is an exception: {exceptions[name]}")
    print("\n".join(problems + [f"{passed} of {len(tests)} ({excepted} differ on purpose, {len(problems)} problems)"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
