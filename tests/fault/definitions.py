#!/usr/bin/env python3
"""Definitions that change while they are in use, and the power cut while they are added.

    definitions.py KITH

Many clients validate, expand and look codes up while others write the same profile, value set and code system again and
again: each answer is by one version of them or the next, never by half of one. Then `kith package add` and `kith
terminology add` are killed at a random moment, over and over: the store stays sound, and adding again completes it.
"""

import gzip
import io
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import threading
import time

import kit

BASE = "http://changing.example/"
SECONDS = 4
PATIENCE = 60  # until both versions of the profile were seen, however slow the machine is
KILLS = kit.size(12, 4)
FILES = 400  # of the package
PATIENT = {"resourceType": "Patient", "gender": "male"}


# --- in use ----------------------------------------------------------------------------------------------------------


def code_system(n):
    """Every version has 50 codes that begin with its number."""
    return {"resourceType": "CodeSystem", "id": "cs", "url": BASE + "cs", "version": str(n), "status": "active",
            "content": "complete", "concept": [{"code": f"{n}-{i}"} for i in range(50)]}


def value_set():
    return {"resourceType": "ValueSet", "id": "vs", "url": BASE + "vs", "status": "active",
            "compose": {"include": [{"system": BASE + "cs"}]}}


def profile(n):
    """Birth dates are needed by every other version."""
    return {"resourceType": "StructureDefinition", "id": "p", "url": BASE + "p", "name": "P", "status": "active",
            "kind": "resource", "abstract": False, "type": "Patient", "derivation": "constraint",
            "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient", "differential": {"element": [
                {"id": "Patient.birthDate", "path": "Patient.birthDate", "min": n % 2}]}}

def work(what, node, stopping, wrong, *more):
    try:
        what(node, stopping, wrong, *more)
    except kit.Broken as why:
        wrong.append(f"{what.__name__}: no answer: {why}")


def write(node, stopping, wrong):
    client = node.client(60)
    n = 0
    while not stopping.is_set():
        n += 1
        for resource in (code_system(n), profile(n)):
            reply = client.request("PUT", f"/fhir/{resource['resourceType']}/{resource['id']}", resource)
            if reply.status not in (200, 201):
                wrong.append(f"write: {reply.status} {reply.body[:200]}")
        time.sleep(0.01)


def ask(node, stopping, wrong, counts):
    client = node.client(60)
    while not stopping.is_set():
        reply = client.get(f"/fhir/ValueSet/$expand?url={BASE}vs")
        codes = [c["code"] for c in reply.json().get("expansion", {}).get("contains", [])]
        if reply.status != 200 or len(codes) != 50 or len({c.split("-")[0] for c in codes}) != 1:
            wrong.append(f"expand: {reply.status} {reply.body[:200]}")
        reply = client.request("POST", f"/fhir/Patient/$validate?profile={BASE}p", PATIENT)
        errors = [i for i in reply.json().get("issue", []) if i["severity"] == "error"]
        if reply.status != 200 or any("birthDate" not in json.dumps(i) for i in errors):
            wrong.append(f"validate: {reply.status} {reply.body[:300]}")
        counts[bool(errors)] += 1


def in_use(kith, folder):
    node = kit.Node(kith, folder + "/node")
    stopping, wrong, counts = threading.Event(), [], {True: 0, False: 0}
    try:
        node.create()
        node.start()
        for resource in (code_system(0), value_set(), profile(0)):
            node.client().request("PUT", f"/fhir/{resource['resourceType']}/{resource['id']}", resource)
        threads = [threading.Thread(target=work, args=(write, node, stopping, wrong))]
        threads += [threading.Thread(target=work, args=(ask, node, stopping, wrong, counts)) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
        until = time.monotonic() + PATIENCE
        while not (counts[True] and counts[False]) and not wrong and time.monotonic() < until:
            time.sleep(0.1)
        stopping.set()
        for thread in threads:
            thread.join()
        print(f"in use: {counts[True]} validations with an error, {counts[False]} without", flush=True)
        kit.require(not wrong, "%d wrong answers: %s", len(wrong), "; ".join(wrong[:5]))
        kit.require(counts[True] and counts[False], "not both versions of the profile were seen: %s", counts)
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
    finally:
        stopping.set()
        node.end()


# --- killed ----------------------------------------------------------------------------------------------------------


def make_package(path):
    def add(tar, name, value):
        data = json.dumps(value).encode()
        info = tarfile.TarInfo("package/" + name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))

    with gzip.open(path, "wb") as out, tarfile.open(fileobj=out, mode="w") as tar:
        add(tar, "package.json", {"name": "kith.test", "version": "1.0.0", "fhirVersions": ["4.0.1"]})
        for i in range(FILES):
            add(tar, f"ValueSet-v{i}.json", value_set() | {"id": f"v{i}", "url": f"{BASE}v{i}"})


def make_release(folder):
    """SNOMED CT as it is released, of invented concepts."""
    os.makedirs(folder)
    day, module = "20250101", "900000000000207008"
    head = "id\teffectiveTime\tactive\tmoduleId\t"
    with open(folder + "/sct2_Concept_Snapshot_INT_20250101.txt", "w", encoding="ascii") as out:
        out.write(head + "definitionStatusId\r\n")
        out.writelines(f"{c}\t{day}\t1\t{module}\t900000000000074008\r\n" for c in concepts())
    with open(folder + "/sct2_Description_Snapshot-en_INT_20250101.txt", "w", encoding="ascii") as out:
        out.write(head + "conceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\r\n")
        out.writelines(f"{with_check(f'{i + 1000}01')}\t{day}\t1\t{module}\t{c}\ten\t900000000000003001\tThing {i}\t"
                       "900000000000448009\r\n" for i, c in enumerate(concepts()))


def with_check(digits):
    """SCTID: the last digit is Verhoeff's of those before."""
    d = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
         [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
         [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
         [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
    p = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
    for _ in range(6):
        p.append([p[-1][p[1][i]] for i in range(10)])
    c = 0
    for i, digit in enumerate(reversed(digits)):
        c = d[c][p[(i + 1) % 8][int(digit)]]
    return digits + str([0, 4, 3, 2, 1, 5, 6, 7, 8, 9][c])


def concepts():
    return ["138875005"] + [with_check(f"{i}00") for i in range(1000, 21000)]


def killed(command, r, most):
    """Whether it was killed before it ended."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(r.random() * most)
    ended = process.poll() is not None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return not ended


def timed(command):
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    kit.require(done.returncode == 0, "%s ended with %d: %s", " ".join(command), done.returncode, done.stderr[:500])
    return time.monotonic() - began, done.stdout


def kills(kith, folder, r, what, add, listed, *options):
    """The list has it wholly or not at all after each kill, and wholly in the end."""
    node = kit.Node(kith, folder + "/" + what)
    node.create()
    other = kit.Node(kith, folder + "/" + what + "-whole")
    other.create()
    most, _ = timed([kith, what, "add", other.folder, add, *options])
    cut = 0
    for _ in range(KILLS):
        cut += killed([kith, what, "add", node.folder, add, *options], r, most * 1.1)
        node.check()
        _, shown = timed([kith, what, "list", node.folder])
        kit.require("cut" not in shown and "damaged" not in shown, "a half one is listed: %s", shown)
    timed([kith, what, "add", node.folder, add, *options])
    _, shown = timed([kith, what, "list", node.folder])
    kit.require(listed in shown, "what was added is not listed: %s", shown)
    left = [n for n in os.listdir(node.folder + "/terminology") if not n.endswith(".codes")] if what == "terminology" else []
    print(f"{what}: {cut} of {KILLS} were cut off, each would take {most:.2f} s; files left behind: {left}", flush=True)
    kit.require(not left, "files are left behind: %s", left)
    node.start()
    try:
        path = f"/fhir/ValueSet/v{FILES - 1}" if what == "package" else \
            "/fhir/CodeSystem/$lookup?system=http://snomed.info/sct&code=138875005"
        reply = node.client().get(path)
        kit.require(reply.status == 200, "%s: %d %s", path, reply.status, reply.body[:200])
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
    finally:
        node.end()
        other.end()


def test(kith, folder):
    r = random.Random(kit.settings())
    kith = os.path.abspath(kith)
    in_use(kith, folder)
    make_package(folder + "/package.tgz")
    make_release(folder + "/release")
    kills(kith, folder, r, "package", folder + "/package.tgz", "kith.test")
    kills(kith, folder, r, "terminology", folder + "/release", "http://snomed.info/sct",
          "--version", "http://snomed.info/sct/900000000000207008/version/20250101")
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
