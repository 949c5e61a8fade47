"""Rows of bench/run: a record joined from five nodes on this machine, in processes of their own. The asker is a professional of
the practice, signed in as people do; every view is in the logs of all nodes before it is shown.

    bench/locality.py KITH LOAD    these rows alone
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from kit import Node, Row, at_least, at_most, command
from person import Person

PLACES = (("Y90010", "Practice", "gp"), ("Y90020", "Hospital", "hospital"), ("Y90030", "Council", "council"),
          ("Y90040", "Pharmacy", "pharmacy"), ("Y90050", "Second hospital", "hospital"))
DOCTOR = "bench-doctor"
ENTRIES = 1000
EACH = 200  # entries a place, where places are added one by one
TYPICAL = 80
PEOPLE = 40  # of each kind of record
DEADLINE_MS = 1500
PATIENCE = 40


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(words, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{words}: not within {PATIENCE} s")
        time.sleep(0.1)


# --- records ---------------------------------------------------------------------------------------------------------


class Record:
    """A person with so many entries at each place. Kinds: the places that have something, and how much."""

    def __init__(self, name, number, spread):
        self.name, self.spread = name, spread
        digits = [int(d) for d in f"999{number:06}"]
        check = 11 - sum(d * (10 - i) for i, d in enumerate(digits)) % 11
        self.valid = check != 10
        self.nhs = "".join(map(str, digits)) + str(0 if check == 11 else check)

    def patient(self):
        return {"resourceType": "Patient", "id": self.name, "active": True,
                "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": self.nhs}],
                "name": [{"family": "Bench" + self.nhs[3:6], "given": ["Ada"]}], "birthDate": "1961-04-05", "gender": "female",
                "generalPractitioner": [{"reference": "Organization/org-0"}]}

    def entries(self, place):
        for i in range(self.spread[place] if place < len(self.spread) else 0):
            yield {"resourceType": "Observation", "id": f"{self.name}-{i}", "status": "final",
                   "subject": {"reference": "Patient/" + self.name},
                   "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
                   "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}], "text": "Heart rate"},
                   "effectiveDateTime": f"20{10 + i % 15}-{1 + i % 12:02}-{1 + (i + place) % 28:02}T{i % 24:02}:{place:02}:00Z",
                   "performer": [{"reference": f"Organization/org-{place}"}],
                   "valueQuantity": {"value": 50 + (i * 7 + place) % 60, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}}


def people():
    """By kind of record: "5x200" and so on."""
    kinds, number = {}, 0
    for kind, spread in [("thousand", [ENTRIES // len(PLACES)] * len(PLACES)), ("typical", [TYPICAL // len(PLACES)] * len(PLACES))] + [
            (f"places-{n}", [EACH] * n) for n in range(1, len(PLACES) + 1)]:
        kinds[kind] = []
        while len(kinds[kind]) < PEOPLE:
            number += 1
            record = Record(f"{kind}-{number}", number, spread)
            if record.valid:
                kinds[kind].append(record)
    return kinds


def put(resource):
    return {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}


def shared():
    made = [{"resourceType": "Organization", "id": f"org-{i}", "active": True, "name": name,
             "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": ods}]}
            for i, (ods, name, _) in enumerate(PLACES)]
    made.append({"resourceType": "Practitioner", "id": DOCTOR, "active": True, "name": [{"family": "Bench", "given": ["Ada"]}]})
    made.append({"resourceType": "PractitionerRole", "id": DOCTOR, "active": True, "practitioner": {"reference": "Practitioner/" + DOCTOR},
                 "organization": {"reference": "Organization/org-0"}})
    return made


def write(folder, place, kinds):
    os.makedirs(folder)
    with open(f"{folder}/000-shared.json", "w", encoding="utf-8") as out:
        json.dump({"resourceType": "Bundle", "type": "transaction", "entry": [put(r) for r in shared()]}, out)
    with open(f"{folder}/people.ndjson", "w", encoding="utf-8") as out:
        for record in (r for records in kinds.values() for r in records):
            entries = [put(e) for e in record.entries(place)]
            if entries or place == 0:
                out.write(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [put(record.patient()), *entries]}) + "\n")


# --- nodes -----------------------------------------------------------------------------------------------------------


class Member(Node):
    def __init__(self, kith, folder, place, kinds):
        self.ods, self.name, self.kind = PLACES[place]
        super().__init__(kith, os.path.join(folder, self.ods), fresh=False)
        command(kith, "init", self.folder, "--organisation", self.ods, "--name", self.name, "--json")
        write(self.folder + ".in", place, kinds)
        self.fill(self.folder + ".in")
        self.port = free_port()
        self.where = f"https://127.0.0.1:{self.port}"

    def locality(self, action, *words):
        return command(self.kith, "locality", action, self.folder, *words)

    def listing(self):
        return json.loads(self.locality("list", "--json"))

    def freeze(self):
        """As one whose machine does not answer: connections wait."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


def in_force(members):
    for member in members:
        for words in member.listing().get("proposals", []):
            subprocess.run([member.kith, "locality", "sign", member.folder, re.search(r"\b[0-9a-f]{8,64}\b", words)[0]],
                           capture_output=True, check=False)  # it may be in force by the others' signatures meanwhile
    return all(m.listing().get("number") == len(members) for m in members)


def join(members):
    first = members[0]
    first.locality("create", "Bench", "--kind", first.kind, "--url", first.where)
    until("the first node's listener", lambda: socket.socket().connect_ex(("127.0.0.1", first.port)) == 0)
    for i, one in enumerate(members[1:]):
        invitation = re.search(r"kith-join:\S+", first.locality("invite", one.ods))[0]
        subprocess.run([one.kith, "locality", "join", one.folder, invitation, "--kind", one.kind, "--url", one.where],
                       capture_output=True, check=False)  # whether it was taken in shows below
        until(one.name + " as a member", lambda: in_force(members[:i + 2]))


@contextlib.contextmanager
def five(kith, folder, kinds):
    members = [Member(kith, folder, i, kinds) for i in range(len(PLACES))]
    try:
        for member in members:
            member.start("--locality-port", str(member.port))
        join(members)
        yield members
    finally:
        for member in members:
            if hasattr(member, "process"):
                member.thaw()
                member.stop()


# --- measuring -------------------------------------------------------------------------------------------------------


class Views:
    """Joined views of a professional of the practice."""

    def __init__(self, members, load_program, seconds):
        self.members, self.load_program, self.seconds = members, load_program, seconds
        self.person = Person(members[0], DOCTOR, "--person", "Practitioner/" + DOCTOR, "--role", "R0260")
        self.folder = members[0].folder

    def outcome(self, record):
        """Milliseconds, and what each place did."""
        began = time.monotonic()
        got = self.person.ask("GET", f"/fhir/Patient/{record.name}/$joined")
        took = (time.monotonic() - began) * 1000
        places = {}
        for issue in got["entry"][0]["resource"]["issue"]:
            for extension in issue.get("extension", []):
                inner = {e["url"]: next(v for k, v in e.items() if k != "url") for e in extension.get("extension", [])}
                if "ods" in inner:
                    places[inner["ods"]] = inner.get("outcome")
        return took, places, len(got["entry"]) - 1

    def whole(self, record):
        """Every place of the record has answered, with all its entries."""
        _, places, entries = self.outcome(record)
        return all(o == "answered" for o in places.values()) and len(places) == len(record.spread) and entries > sum(record.spread)

    def load(self, records, connections):
        """Figures of bench/load, with the CPU of all nodes for each view, in ms."""
        path = self.folder + ".paths"
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join(f"/fhir/Patient/{r.name}/$joined" for r in records) + "\n")
        before = [m.cpu() for m in self.members]
        env = os.environ | {"KITH_FIELDS": self.person.lines()}
        done = subprocess.run([self.load_program, "get", self.members[0].address, "--seconds", str(self.seconds), "--warm-up", "0",
                               "--connections", str(connections), "--paths", path, "--count", '"fullUrl":"'],
                              capture_output=True, text=True, check=False, env=env)
        if not done.stdout:
            raise RuntimeError("load: " + done.stderr)
        got = json.loads(done.stdout)
        used = [m.cpu() - b for m, b in zip(self.members, before)]
        got["cpu_ms"] = sum(used) * 1000 / got["requests"]
        got["asker_ms"] = used[0] * 1000 / got["requests"]
        got["bad"] = got["refused"] + got["failed"] + got["broken"]
        return got

    def one_by_one(self, records, count):
        """Milliseconds of each view."""
        return sorted(self.outcome(records[i % len(records)])[0] for i in range(count))


def p95(times):
    return times[min(len(times) - 1, int(len(times) * 0.95))]


def dead_peer(views, records, add, count):
    """One place stops answering: the first view waits for the deadline at most, and those that follow for nothing."""
    well = p95(views.one_by_one(records, count))
    gone = views.members[-1]
    gone.freeze()
    first, places, _ = views.outcome(records[0])
    after = p95(views.one_by_one(records, count))
    gone.thaw()
    add(Row("joined record, the first view after a place has stopped answering", f"≤ {DEADLINE_MS} ms",
            f"{first:.0f} ms; it is named as {places.get(gone.ods)}", first <= DEADLINE_MS * 1.05 and places.get(gone.ods) != "answered"))
    add(Row("the views after it, p95 beside that with all places", "no more", f"{after:.0f} ms beside {well:.0f}",
            after <= well * 1.2 + 5))


def rows(kith, load_program, folder, quick, add):
    """Returns how many requests failed. add(row)."""
    kinds = people()
    os.makedirs(folder, exist_ok=True)
    with five(kith, folder, kinds) as members:
        views = Views(members, load_program, 1 if quick else 5)
        for kind in kinds.values():
            for record in (kind[0], kind[-1]):
                until("all places of a record", lambda record=record: views.whole(record))
        bad = 0
        one = views.load(kinds["thousand"], 1)
        add(at_most(f"joined record of {ENTRIES:,} entries, {len(members)} nodes on this machine, p95", 150, one["p95_ms"] if "p95_ms" in one else
                    p95(views.one_by_one(kinds["thousand"], 20 if quick else 100)), "ms", 0,
                    f" (p50 {one['p50_ms']:.0f} ms; {one['cpu_ms']:.1f} ms of CPU on all nodes, {one['asker_ms']:.1f} of them at the asker's)"))
        bad += one["bad"]
        costs = []
        for n in range(1, len(members) + 1):
            got = views.load(kinds[f"places-{n}"], 1)
            costs.append(got["cpu_ms"])
            bad += got["bad"]
        steps = [b - a for a, b in zip(costs, costs[1:])]
        add(at_most(f"joined record, CPU of each further node with {EACH} entries, all nodes together", 10, statistics.mean(steps), "ms", 1,
                    f" (by their count, from one on: {', '.join(f'{c:.1f}' for c in costs)} ms)"))
        for kind, words in (("typical", f"{TYPICAL} entries"), ("thousand", f"{ENTRIES:,} entries")):
            got = views.load(kinds[kind], 8)
            bad += got["bad"]
            name = f"joined views of {words}, 8 at once, {len(members)} nodes and the load on {os.cpu_count()} cores"
            figures = f" (p50 {got['p50_ms']:.0f} ms, p99 {got['p99_ms']:.0f} ms, {got['cpu_ms']:.1f} ms of CPU)"
            add(at_least(name, 200, got["per_second"], "/s", figures) if kind == "typical"
                else Row(name, "", f"{got['per_second']:.0f} /s{figures}", None))
        dead_peer(views, kinds["thousand"], add, 20 if quick else 60)
        for member in members:
            member.settle()
        return bad


def main():
    kith, load_program = (os.path.abspath(w) for w in sys.argv[1:3])
    folder = tempfile.mkdtemp(prefix="bench-", dir=os.environ.get("TMPDIR", os.path.dirname(os.path.dirname(os.path.dirname(kith)))))
    try:
        bad = rows(kith, load_program, folder, "quick" in sys.argv[3:], lambda row: print(row.line(), flush=True))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
