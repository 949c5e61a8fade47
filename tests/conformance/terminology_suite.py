#!/usr/bin/env python3
"""The tests of the ecosystem of terminology servers, against a real node.

    terminology_suite.py FOLDER KITH [NAME...]

FOLDER is the unpacked archive (test-cases.json and what it names). With names only those tests are run, and what differs is
shown whole. Each suite's definitions are stored; those that are no valid R4 resource (there are value sets that are broken
on purpose) come along with each request as tx-resource.

The archive is in R5's form: what R4 writes differently is rewritten on its way, in both directions. terminology_exceptions.txt
beside this file lists the tests that differ on purpose, with the reason.
"""

import json
import os
import pathlib
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
FOLDER = pathlib.Path(sys.argv[1])
NAMES = sys.argv[3:]
sys.argv = [sys.argv[0], sys.argv[2]]
import kith  # noqa: E402 (it takes the program from sys.argv)

EXPECTED_COUNT = 130
ADDRESSES = {"expand": "ValueSet/$expand", "validate-code": "ValueSet/$validate-code", "cs-validate-code": "CodeSystem/$validate-code",
             "lookup": "CodeSystem/$lookup", "metadata": "metadata", "term-caps": "metadata?mode=terminology"}
EXTENSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet."
R5_OPERATORS = {"child-of", "descendent-leaf"}
PATTERNS = {
    "id": r"[A-Za-z0-9\-.]{1,64}", "uuid": r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "url": r"https?://\S+",
    "instant": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "date": r"\d{4}(-\d\d(-\d\d(T.*)?)?)?",
    "token": r"\S+", "string": r".+", "semver": r"\d+\.\d+\.\d+.*", "version": r"\d+(\.\d+)*",
}


def load(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8-sig"))


# --- R5 to R4, and back ---


def to_r4(value):
    if isinstance(value, list):
        return [to_r4(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: to_r4(item) for key, item in value.items() if ":" not in key and not key.startswith("versionAlgorithm")}
    if made.get("op") in R5_OPERATORS:
        made["_op"] = {"extension": [{"url": EXTENSION + "compose.include.filter.op", "valueCode": made.pop("op")}]}
    if isinstance(made.get("valueCode"), bool):
        made["valueBoolean"] = made.pop("valueCode")
    return made


def from_r4(value):
    if isinstance(value, list):
        return [from_r4(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: from_r4(item) for key, item in value.items()}
    properties = []
    for extension in made.get("extension", []):
        if extension["url"].startswith(EXTENSION) and extension["url"].endswith(".property"):
            properties.append({part["url"] + key[5:] if part["url"] == "value" else part["url"]: item
                               for part in extension["extension"] for key, item in part.items() if key.startswith("value")})
    if properties:
        made["property"] = properties
        made["extension"] = [e for e in made["extension"] if not e["url"].startswith(EXTENSION)]
        if not made["extension"]:
            del made["extension"]
    return made


# --- comparing ---


def is_optional(value):
    return isinstance(value, dict) and bool(value.get("$optional$"))


def same_text(wanted, got):
    external = re.fullmatch(r"\$(external|fragments):?([^:]*)(:(.*))?\$", wanted, re.S)
    if external:
        return (external[4] or "") in got
    choice = re.fullmatch(r"\$choice:(.*)\$", wanted)
    if choice:
        return got in choice[1].split("|")
    pattern = re.fullmatch(r"\$([a-z]+)\$", wanted)
    if pattern:
        return re.fullmatch(PATTERNS[pattern[1]], got) is not None
    return wanted == got


def difference(wanted, got, loose, place=""):
    """None, or the first thing that differs. loose: more than what is wanted may be there (statements of capabilities)."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return object_difference(wanted, got, loose, place)
    if isinstance(wanted, list) and isinstance(got, list):
        return list_difference(wanted, got, loose, place)
    if isinstance(wanted, str) and isinstance(got, str) and same_text(wanted, got):
        return None
    return None if type(wanted) is type(got) and wanted == got else f"{place}: is {got!r}, should be {wanted!r}"


def object_difference(wanted, got, loose, place):
    # An issue's location says what its expression says: most of the tests leave it open, a few want it, two do not.
    optional = wanted.get("$optional-properties$", []) + (["location"] if "expression" in wanted else [])
    for key, item in wanted.items():
        if key.startswith("$"):
            continue
        if key not in got:
            whole = item if isinstance(item, list) else [item]
            if key in optional or all(is_optional(one) for one in whole):
                continue
            return f"{place}.{key}: is missing, should be {json.dumps(item)[:400]}"
        found = difference(item, got[key], loose, f"{place}.{key}")
        if found:
            return found
    extra = [key for key in got if key not in wanted and key not in optional]
    return f"{place}: has {extra[0]} {json.dumps(got[extra[0]])[:400]}, which is not wanted" if extra and not loose else None


def label(item):
    return item.get("name") or item.get("code") if isinstance(item, dict) else None


def list_difference(wanted, got, loose, place):
    left = list(got)
    for item in wanted:
        found, closest = None, None
        for other in left:
            why = difference(item, other, loose, f"{place}[{label(item)}]")
            if why is None:
                found = other
                break
            closest = why if closest is None or label(other) == label(item) else closest
        if found is not None:
            left.remove(found)
        elif not is_optional(item):
            return closest or f"{place}: lacks {json.dumps(item)[:400]}"
    return f"{place}: has {json.dumps(left[0])[:400]}, which is not wanted" if left and not loose else None


# --- running ---


def store(node, suite):
    """Returns what could not be stored."""
    refused = []
    for name in suite.get("setup", []):
        resource = to_r4(load(name))
        resource["id"] = name.removesuffix(".json").replace("/", "-")
        reply = node.put(f"{resource['resourceType']}/{resource['id']}", resource)
        if reply.status not in (200, 201):
            refused.append(resource)
    return refused


def ask(node, test, refused):
    headers = {"Accept-Language": test["Accept-Language"]} if "Accept-Language" in test else {}
    address = ADDRESSES[test["operation"]]
    if "request" not in test:
        return node.request("GET", address, None, headers)
    body = to_r4(load(test["request"]))
    body["parameter"] += [{"name": "tx-resource", "resource": resource} for resource in refused]
    return node.request("POST", address, body, headers)


def judge(node, test, refused):
    reply = ask(node, test, refused)
    wanted_status = test.get("http-code", "2xx")
    if str(reply.status)[0] != wanted_status[0]:
        return f"status {reply.status}, should be {wanted_status}: {reply.body[:400]!r}"
    loose = test["operation"] in ("metadata", "term-caps")
    return difference(to_r4(load(test["response"])), to_r4(from_r4(reply.json)), loose)


def load_exceptions(path):
    exceptions = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(":")
            if not reason.strip():
                sys.exit(f"{path.name}: {name} has no reason")
            exceptions[name.strip()] = reason.strip()
    return exceptions


def run_suite(node, suite, exceptions):
    wrong = 0
    refused = store(node, suite)
    for test in suite["tests"]:
        name = test["name"]
        if NAMES and name not in NAMES:
            continue
        why = judge(node, test, refused)
        if why and name not in exceptions:
            wrong += 1
            print(f"FAIL {suite['name']}/{name}: {why}")
            if NAMES:
                print(json.dumps(ask(node, test, refused).json, indent=1))
        elif not why and name in exceptions:
            wrong += 1
            print(f"FAIL {suite['name']}/{name}: is listed as an exception, and passes")
    return wrong


def main():
    suites = load("test-cases.json")["suites"]
    exceptions = load_exceptions(pathlib.Path(__file__).with_name("terminology_exceptions.txt"))
    count = sum(len(suite["tests"]) for suite in suites)
    if count != EXPECTED_COUNT:
        sys.exit(f"the archive has {count} tests, not {EXPECTED_COUNT}")
    wrong = 0
    with kith.scratch() as folder:
        for suite in suites:
            node = kith.Node(os.path.join(folder, suite["name"])).start()
            try:
                wrong += run_suite(node, suite, exceptions)
            finally:
                node.finish()
    print(f"{count - wrong} of {count} as expected, {len(exceptions)} of them exceptions")
    return 1 if wrong or kith.failures else 0


if __name__ == "__main__":
    sys.exit(main())
