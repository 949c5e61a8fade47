#!/usr/bin/env python3
"""Searches that mean harm end with a clear 4xx or within the deadline, in bounded memory, and leave the p99 of other
clients within twice its value.

    hostile.py KITH LOAD

Two attackers send every one of them in turn, over a store of an invented population, while point reads arrive at a
fixed rate. Rounds without and with them follow each other, and the two halves of a round are compared; FLOOR_MS is
allowed on top of a small p99. What else a machine does can only make a round worse, and a node that lets others wait
does so in each of them: one good round is enough, and only so many are tried.
"""

import contextlib
import json
import multiprocessing
import os
import queue
import random
import subprocess
import sys
import time
from urllib.parse import quote

import kit

RATE = 1000
TIMINGS = os.environ.get("KITH_TIMINGS") != "no"
ROUNDS, SECONDS = (6, 4) if TIMINGS else (1, 1)
# The load shares its processors with the attackers and the node, whose threads may wait for a tick of the kernel, 4 ms: one
# that answers, one that writes the access log, one that sends when the log has it.
FLOOR_MS = 12.0
PEOPLE = 400
DEADLINE = 2  # search_seconds of the node
SLACK = 2.5   # seconds for the rest of a request, on a busy machine
MEMORY_MB = 700  # two requests at their cap (256 MB) and what the node has itself

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def chain(length):
    """subject:Patient.general-practitioner:PractitionerRole.organization:Organization.partof:Organization ..."""
    links = ["subject:Patient", "general-practitioner:PractitionerRole", "organization:Organization"]
    links += ["partof:Organization"] * (length - len(links))
    return ".".join(links) + ".name"


def has(length):
    return "_has:Observation:patient:" + "encounter:Encounter.subject:Patient._has:Observation:patient:" * length + "code"


def queries():
    """(name, path, body of a POST _search): each is to be refused or answered."""
    codes = ",".join(f"http://loinc.org|{i}-{i % 10}" for i in range(10000))
    some = ",".join(f"http://loinc.org|{i}-{i % 10}" for i in range(2000))
    tree = "(" * 31 + "status eq final" + ")" * 31
    letters = "&".join(f"_content={c}" for c in "aeiou")
    return [
        ("10,000 OR values", "Observation", "code=" + codes),
        ("2,000 OR values, sorted", "Observation", "_sort=-date,code&code=" + some),
        ("20-deep chain", "Observation", quote(chain(20)) + "=a"),
        ("100-deep chain", "Observation", quote(chain(100)) + "=a"),
        ("nested _has", "Patient", quote(has(6)) + "=x"),
        ("_include=* on everything", "Observation", "_include=*&_count=1000"),
        ("_include=* with :iterate", "Observation", quote("_include:iterate") + "=*&_count=1000"),
        ("_revinclude=* on everything", "Patient", "_revinclude=*&_count=1000"),
        (":contains of one letter", "Patient", quote("name:contains") + "=a&_total=accurate"),
        (":contains of one letter, sorted", "Patient", quote("name:contains") + "=a&_sort=birthdate,-family,given"),
        (":not of everything, sorted", "Observation", quote("code:not") + "=x&_sort=-date,code,_id&_total=accurate"),
        (":missing of everything", "Observation", quote("value-quantity:missing") + "=true&_sort=value-quantity"),
        (":text of one letter", "Observation", quote("code:text") + "=a&_total=accurate"),
        ("1 MB of parameters", "Observation", "&".join(f"code=c{i}" for i in range(100000))),
        ("1 MB in one value", "Patient", "name=" + "a" * 1000000),
        ("1 MB of commas", "Patient", "name=" + "," * 1000000),
        ("1 MB of escapes", "Patient", "name=" + quote("\\") * 300000),
        ("brackets of _filter", "Observation", "_filter=" + quote(tree)),
        ("1 MB of brackets", "Observation", "_filter=" + "(" * 1000000),
        ("1 MB of not", "Observation", "_filter=" + quote("not(" * 250000)),
        ("every word", "Observation", letters),
        ("sum of all", "Observation", "_total=accurate&_sort=-date&_include=*&" + quote("code:not") + "=x"),
        ("huge number", "Observation", "value-quantity=1e999999999|http://unitsofmeasure.org|kg"),
        ("huge unit", "Observation", "value-quantity=1|http://unitsofmeasure.org|" + "m." * 50000 + "m"),
        ("wide date", "Observation", "date=ge0001&date=le9999&_total=accurate"),
        ("_lastUpdated of everything", "Observation", "_lastUpdated=ge2000&_sort=code,-value-quantity&_total=accurate"),
    ]


class Attacker(multiprocessing.Process):
    """Its own work is not the node's, so it takes what processor time is left over."""

    def __init__(self, port, cases, stopping, told):
        super().__init__(daemon=True)
        self.port, self.cases, self.stopping, self.told = port, cases, stopping, told
        self.go, self.rests = multiprocessing.Event(), multiprocessing.Event()

    def one(self, client, name, resource, body):
        began = time.monotonic()
        reply = client.request("POST", f"/fhir/{resource}/_search", body.encode(), FORM)
        took = time.monotonic() - began
        self.found.setdefault(name, []).append((reply.status, took))
        if reply.status not in (200, 400, 403, 413, 503):
            self.wrong.append(f"{name}: status {reply.status}: {reply.body[:200]}")
        if reply.status != 200:
            outcome = reply.json()
            if outcome.get("resourceType") != "OperationOutcome" or not outcome["issue"][0].get("details", {}).get(
                    "text", outcome["issue"][0].get("diagnostics")):
                self.wrong.append(f"{name}: no clear outcome: {reply.body[:200]}")
        if took > DEADLINE + SLACK:
            self.wrong.append(f"{name}: took {took:.1f} s")

    def run(self):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        self.found, self.wrong = {}, []
        while not self.stopping.is_set() or len(self.found) < len(self.cases):
            for name, resource, body in self.cases:
                if not self.go.is_set():
                    self.rests.set()
                    self.go.wait()
                    self.rests.clear()
                try:
                    client = kit.Client(self.port, 60)
                    self.one(client, name, resource, body)
                    client.close()
                except kit.Broken as why:
                    self.found.setdefault(name, [])
                    self.wrong.append(f"{name}: no answer: {why}")
        self.told.put((self.found, self.wrong))


def ahead():
    """Clients are not on the node's machine: their own work is not to wait for the node's, where that is allowed."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def measure(load, node, paths_file):
    done = subprocess.run(
        [load, "get", f"127.0.0.1:{node.port}", "--paths", paths_file, "--connections", "16", "--rate", str(RATE),
         "--seconds", str(SECONDS), "--warm-up", "0.5"], capture_output=True, text=True, check=False, preexec_fn=ahead)
    kit.require(done.returncode == 0, "load ended with %d: %s", done.returncode, done.stderr)
    result = json.loads(done.stdout)
    kit.require(result["ok"] == result["requests"] and result["broken"] == 0, "normal requests failed: %s", done.stdout)
    return result


def memory_mb(node):
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def rounds(load, node, paths_file, attackers):
    """Whether one of them was as it should be."""
    for number in range(ROUNDS):
        before = measure(load, node, paths_file)["p99_ms"]
        for attacker in attackers:
            attacker.go.set()
        during = measure(load, node, paths_file)["p99_ms"]
        for attacker in attackers:
            attacker.go.clear()
        most = max(2 * before, before + FLOOR_MS)
        print(f"round {number + 1}: p99 alone {before:.3f} ms, under attack {during:.3f} ms (at most {most:.3f}), "
              f"{memory_mb(node):.0f} MB", flush=True)
        if during <= most:
            return True
        for attacker in attackers:
            kit.require(attacker.rests.wait(60), "an attacker waits for an answer that does not come")
    return False


def paths_of(node):
    """What care and portals ask for: reads, and searches within a patient."""
    client = node.client()
    reads, people = [], []
    for resource in ("Patient", "Observation", "Condition"):
        bundle = client.get(f"/fhir/{resource}?_count=500").json()
        reads += [f"/fhir/{resource}/{entry['resource']['id']}" for entry in bundle["entry"]]
        people += [entry["resource"]["id"] for entry in bundle["entry"] if resource == "Patient"]
    client.close()
    searches = [path.format(p) for p in people for path in (
        "/fhir/Observation?patient={}&code=http://loinc.org|85354-9", "/fhir/Observation?patient={}&_sort=-date&_count=20",
        "/fhir/Condition?patient={}&clinical-status=active", "/fhir/AllergyIntolerance?patient={}",
        "/fhir/MedicationRequest?patient={}&status=active&_include=MedicationRequest:requester")]
    return reads + random.Random(1).sample(searches, len(reads))


def test(kith, folder):
    seed = kit.settings(default_seed=1)
    load = os.path.abspath(sys.argv[2])
    node = kit.Node(kith, folder + "/node")
    stopping = multiprocessing.Event()
    attackers = []
    try:
        node.create()
        node._run("synth", folder + "/people", "--patients", str(PEOPLE), "--seed", "1")
        node._run("import", folder + "/node", folder + "/people")
        node.start("--limit", f"search_seconds={DEADLINE}")
        time.sleep(3)  # older bodies are packed anew
        paths_file = folder + "/paths"
        with open(paths_file, "w", encoding="ascii") as out:
            out.write("\n".join(paths_of(node)) + "\n")
        cases = queries()
        random.Random(seed).shuffle(cases)
        told = multiprocessing.Queue()
        attackers = [Attacker(node.port, cases[i::2] + cases[1 - i :: 2], stopping, told) for i in range(2)]
        for attacker in attackers:
            attacker.start()
        good = rounds(load, node, paths_file, attackers)
        most_memory = memory_mb(node)
        stopping.set()
        for attacker in attackers:
            attacker.go.set()
        reports = []
        while len(reports) < len(attackers):
            most_memory = max(most_memory, memory_mb(node))
            with contextlib.suppress(queue.Empty):
                reports.append(told.get(timeout=0.1))
            kit.require(any(a.is_alive() for a in attackers) or not told.empty(), "an attacker has died")
        for name in sorted(name for name, _, _ in cases):
            both = [x for found, _ in reports for x in found[name]]
            statuses = sorted({status for status, _ in both})
            print(f"  {name}: {len(both)} times, status {statuses}, at most {max((t for _, t in both), default=0):.3f} s")
        wrong = [w for _, wrong in reports for w in wrong]
        kit.require(not wrong, "%d wrong answers: %s", len(wrong), "; ".join(wrong[:10]))
        kit.require(most_memory < MEMORY_MB, "the node used %.0f MB", most_memory)
        # Sanitizers make the searches many times slower, and not what stands beside them.
        kit.require(good or not TIMINGS, "in each of %d rounds others waited too long", ROUNDS)
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
        kit.require(not node.failures_logged(), "the log tells of faults: %s", node.failures_logged()[:3])
    finally:
        stopping.set()
        node.end()
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
