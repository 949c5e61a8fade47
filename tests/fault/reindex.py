#!/usr/bin/env python3
"""kill -9 while added search parameters are built and removed and $reindex runs, with writers at work.

    reindex.py KITH

After each kill `kith check` has to be clean. At the end every parameter is complete: it finds exactly what the standard's
own parameter of the same element finds. Then entries are taken out of the index and put into it behind the node's back:
$reindex has to find each of them, and repair it.
"""

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time

import kit

PATIENTS = kit.size(250, 100)
KILLS = kit.size(16, 6)
# What is added -> type, its type of parameter, expressions that it has by turns, the standard's parameter for the first.
ADDED = {
    "code2": ("Observation", "token", ["Observation.code", "Observation.category", "Observation.status"], "code"),
    "pat2": ("Observation", "reference", ["Observation.subject", "Observation.encounter"], "subject"),
    "day2": ("Observation", "date", ["Observation.effective", "Observation.issued"], "date"),
    "fam2": ("Patient", "string", ["Patient.name.family", "Patient.name.given"], "family"),
    "more2": ("Observation", "quantity", ["Observation.value.ofType(Quantity)", "Observation.value"], "value-quantity"),
}
NAMES = ["Ashworth", "Okafor", "Singh"]


def definition(code, turn=0):
    base, kind, expressions, _ = ADDED[code]
    return {"resourceType": "SearchParameter", "id": code, "url": "http://example.org/" + code, "name": code,
            "status": "active", "description": code, "code": code, "base": [base], "type": kind,
            "expression": expressions[turn % len(expressions)]}


class Writers:
    """Threads that create, change, move and delete until the node is gone."""

    def __init__(self, port, seed, count):
        self.failed = []
        self.threads = [threading.Thread(target=self.work, args=(port, random.Random(f"{seed}-{i}"), i)) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self, port, r, number):
        try:
            client = kit.Client(port)
            for i in range(1000000):
                self.one(client, r, number, i)
        except (kit.Broken, OSError):
            pass
        except kit.Failed as why:
            self.failed.append(str(why))

    def one(self, client, r, number, i):
        name = f"w{number}-{r.randrange(200)}"
        subject = f"Patient/p{r.randrange(20)}" if r.random() < 0.8 else None
        dice = r.random()
        if dice < 0.1:
            path = f"/fhir/Patient/p{number * 5 + r.randrange(5)}"
            reply = client.request("PUT", path, dict(kit.patient(r, name), id=path.rsplit("/", 1)[1]))
        elif dice < 0.2:
            reply = client.request("DELETE", f"/fhir/Observation/{name}")
        else:
            reply = client.request("PUT", f"/fhir/Observation/{name}", dict(kit.observation(r, name, subject), id=name))
        kit.require(reply.status in (200, 201, 204), "a write: %d %s", reply.status, reply.body[:300])

    def join(self):
        for thread in self.threads:
            thread.join()
        kit.require(not self.failed, "%s", self.failed[:3])


def value(reply, name):
    for p in reply.json()["parameter"]:
        if p["name"] == name:
            return p.get("valueCode", p.get("valueDecimal"))
    return None


def disturb(client, r):
    """Something that makes the walker go another way."""
    code = r.choice(list(ADDED))
    dice = r.random()
    if dice < 0.25:
        reply = client.request("POST", "/fhir/$reindex")
        kit.require(reply.status in (202, 409), "$reindex: %d %s", reply.status, reply.body[:300])
    elif dice < 0.45:
        reply = client.request("DELETE", "/fhir/SearchParameter/" + code)
        kit.require(reply.status in (200, 204), "delete: %d", reply.status)
    else:
        reply = client.request("PUT", "/fhir/SearchParameter/" + code, definition(code, r.randrange(3)))
        kit.require(reply.status in (200, 201), "a parameter: %d %s", reply.status, reply.body[:300])


def one_cycle(node, r, cycle):
    node.start()
    writers = Writers(node.port, r.randrange(1 << 30), 3)
    client = node.client()
    for _ in range(r.randrange(1, 6)):
        disturb(client, r)
        time.sleep(r.uniform(0, 0.15))
    time.sleep(r.uniform(0, 0.3))
    node.kill()
    writers.join()
    client.close()
    node.check()


def until(words, seconds, holds):
    end = time.monotonic() + seconds
    while not holds():
        kit.require(time.monotonic() < end, "not within %d s: %s", seconds, words)
        time.sleep(0.05)


def is_usable(client, code):
    reply = client.get(f"/fhir/SearchParameter/{code}/$status")
    kit.require(reply.status == 200, "$status: %d %s", reply.status, reply.body[:300])
    parts = [p["part"] for p in reply.json()["parameter"] if p["name"] == "type"]
    return [x["valueCode"] for part in parts for x in part if x["name"] == "state"] == ["usable"]


def finish_reindex(client):
    until("$reindex", 300, lambda: value(client.get("/fhir/_reindex"), "state") == "completed")
    return client.get("/fhir/_reindex")


def total(client, query):
    reply = client.get(f"/fhir/{query}&_total=accurate&_count=0")
    kit.require(reply.status == 200, "%s: %d %s", query, reply.status, reply.body[:300])
    return reply.json()["total"]


def compare(client):
    queries = {
        "code2": ["8867-4", "http://loinc.org|8310-5", "29463-7", "8480-6,8867-4"],
        "pat2": [f"Patient/p{i}" for i in range(20)],
        "day2": ["ge2015", "lt2012", "2020", "gt2018-06"],
        "fam2": ["ashworth", "singh", "o", "a", "s"],
        "more2": ["gt50", "le10", "5.4"],
    }
    found = 0
    for code, values in queries.items():
        base, _, _, standard = ADDED[code]
        for v in values:
            mine, theirs = total(client, f"{base}?{code}={v}"), total(client, f"{base}?{standard}={v}")
            kit.require(mine == theirs, "%s=%s finds %d, %s finds %d", code, v, mine, standard, theirs)
            found += mine
        mine, theirs = total(client, f"{base}?{code}:missing=true"), total(client, f"{base}?{standard}:missing=true")
        kit.require(mine == theirs, "%s:missing=true finds %d, %s %d", code, mine, standard, theirs)
    kit.require(found > 1000, "too little is found for a test: %d", found)
    return found


def spoil(folder, r):
    """Takes entries out and puts others in. How many of each."""
    db = sqlite3.connect(folder + "/store.db")
    own = "param & 255 NOT IN (241)"
    rows = db.execute(f"SELECT param, value, rid FROM idx WHERE {own} ORDER BY param, value, rid").fetchall()
    gone = r.sample(rows, 40)
    for row in gone:
        db.execute("DELETE FROM idx WHERE param = ? AND value = ? AND rid = ?", row)
    strange = set()
    for param, content, rid in r.sample(rows, 40):
        if param & 255 < 0xF0:
            strange.add((param, content + b"\x01strange", rid))
    for row in strange:
        db.execute("INSERT INTO idx(param, value, rid) VALUES(?, ?, ?)", row)
    db.commit()
    db.close()
    return len(gone), len(strange)


def repair(node, r):
    missing, stale = spoil(node.folder, r)
    node.start()
    client = node.client()
    reply = client.request("POST", "/fhir/$reindex")
    kit.require(reply.status == 202, "$reindex: %d %s", reply.status, reply.body[:300])
    done = finish_reindex(client)
    kit.require((value(done, "missing"), value(done, "stale")) == (missing, stale), "%d were taken out and %d put in: %s",
                missing, stale, done.body)
    client.close()
    kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
    node.check()
    return missing, stale


def test(kith, folder):
    r = random.Random(kit.settings())
    kills = int(os.environ.get("KITH_REINDEX_KILLS", KILLS))
    people = folder + "/people"
    subprocess.run([kith, "synth", people, "--patients", str(PATIENTS), "--seed", str(r.randrange(1 << 30))], check=True,
                   stdout=subprocess.DEVNULL)
    node = kit.Node(kith, folder + "/node")
    try:
        node.create()
        subprocess.run([kith, "import", node.folder, people], check=True, stdout=subprocess.DEVNULL)
        for cycle in range(kills):
            one_cycle(node, r, cycle)
        node.start()
        client = node.client()
        for code in ADDED:
            client.request("PUT", "/fhir/SearchParameter/" + code, definition(code))
        for code in ADDED:
            until(code + " is usable", 120, lambda code=code: is_usable(client, code))
        if client.get("/fhir/_reindex").status == 200:
            finish_reindex(client)
        found = compare(client)
        client.close()
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
        missing, stale = repair(node, r)
        print(f"{kills} kills, kith check clean each time; added parameters find the same {found} as the standard's; "
              f"$reindex found the {missing} missing and {stale} stale entries", flush=True)
    finally:
        node.end()
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
