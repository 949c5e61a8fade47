#!/usr/bin/env python3
"""kill -9 under load: no acknowledged write is lost, no transaction is half there, `kith check` finds nothing.

    kill9.py KITH

KITH_KILL_CYCLES (default 100, with sanitizers 20) kills; every CYCLES_PER_STORE a new store is begun, so that each stays small
enough to be checked often; some stores at once. Kinds of cycle: under load; under load with large bodies, so that checkpoints
happen; within the first milliseconds after the start, with what the kill before has left to recover; during `kith import`.
"""

import collections
import functools
import json
import os
import random
import subprocess
import sys
import time

import kit
import verify
import writers

WRITERS = 6
CYCLES_PER_STORE = kit.size(20, 10)
STORES_AT_ONCE = 3
KINDS = ["load", "load", "start", "load", "import", "load", "large", "load", "start", "load"]


class Kills:
    def __init__(self, kith, folder, seed, number):
        self.kith = kith
        self.folder = f"{folder}/{number}"
        os.mkdir(self.folder)
        self.random = random.Random(f"{seed}-{number}")
        self.node = kit.Node(kith, self.folder + "/node")
        self.node.create()
        self.writers = writers.Writers(WRITERS, f"{seed}-{number}", self.folder)
        self.ledger = verify.Ledger()
        self.imported = []  # bundles: lists of paths
        self.imports = 0
        self.kills = 0

    def load(self, most, large=False):
        self.writers.go(self.node.port, large)
        time.sleep(self.random.uniform(0.01, most))
        self.node.kill()
        self.kills += 1
        return self.writers.facts()

    def start(self):
        """Killed while it starts, several times in a row: recovery must survive being cut off, too."""
        for _ in range(3):
            self.node.spawn()
            time.sleep(self.random.uniform(0, 0.05))
            self.node.kill()
            self.kills += 1

    def import_killed(self):
        self.imports += 1
        people = f"{self.folder}/people-{self.imports}"
        subprocess.run([self.kith, "synth", people, "--patients", "60", "--seed",
                        str(self.random.randrange(1 << 30))], check=True, stdout=subprocess.DEVNULL)
        for name in sorted(os.listdir(people)):
            with open(f"{people}/{name}", encoding="utf-8") as lines:
                for line in lines if name.endswith(".ndjson") else [lines.read()]:
                    entries = json.loads(line).get("entry", [])
                    self.imported.append([f"/fhir/{e['resource']['resourceType']}/{e['resource']['id']}"
                                          for e in entries if e["request"]["method"] == "PUT"])
        process = subprocess.Popen([self.kith, "import", self.node.folder, people], stdout=subprocess.DEVNULL,
                                   stderr=self.node.log)
        time.sleep(self.random.uniform(0.02, 1.2))
        process.kill()
        process.wait()
        self.kills += 1

    def verify_imported(self, client):
        whole = 0
        for paths in self.random.sample(self.imported, min(40, len(self.imported))):
            found = sum(reply.status == 200 for _, reply in client.get_all(paths))
            kit.require(found in (0, len(paths)), "half a bundle was imported: %d of %d, with %s", found, len(paths),
                        paths[:1])
            whole += found > 0
        return whole

    def cycle(self, kind):
        facts = []
        self.node.start()
        if kind == "import":
            facts = self.load(0.2)
            self.import_killed()
        else:
            facts = self.load(0.3 if kind == "start" else 0.7, kind == "large")
            if kind == "start":
                self.start()
        self.node.check()
        self.node.start()
        client = self.node.client()
        new = verify.verify_cycle(client, self.ledger, facts)
        whole = self.verify_imported(client) if kind == "import" else 0
        client.close()
        kit.require(self.node.stop() == 0, "SIGTERM: exit status is not 0")
        return new, whole

    def finish(self):
        """Everything once more, after all that has happened since."""
        self.node.start()
        client = self.node.client()
        verify.verify_versions(client, self.ledger.versions)
        client.close()
        kit.require(self.node.stop() == 0, "SIGTERM: exit status is not 0")
        self.node.check()
        self.verify_log()
        logged = self.node.failures_logged()
        kit.require(not logged, "the node's log has %d errors: %s", len(logged), logged[:3])

    def verify_log(self):
        """The access log is whole, and has each acknowledged write, and none twice."""
        self.node._run("audit", "verify", self.node.folder)
        told = collections.Counter()
        seen = set()
        for line in self.node._run("audit", "list", self.node.folder, "--json").splitlines():
            event = json.loads(line)
            event = event.get("event", event)
            t = event.get("version_t")
            if t:
                kit.require(t not in seen, "the log tells twice of version %s", t)
                seen.add(t)
                told[event["what"]] += 1
        written = collections.Counter(f"{kind}/{identity}" for kind, identity, _ in self.ledger.versions)
        for what, count in written.items():
            kit.require(told[what] >= count, "%s: %d versions were acknowledged, the log tells of %d", what, count, told[what])

    def end(self):
        self.writers.end()
        self.node.end()


def one_store(kith, folder, seed, first, last):
    """The cycles from `first` up to `last`, on a store of their own: kills, and what was acknowledged."""
    run = Kills(kith, folder, seed, first // CYCLES_PER_STORE)
    try:
        for number in range(first, last):
            kind = KINDS[number % len(KINDS)]
            new, whole = run.cycle(kind)
            print(f"cycle {number + 1:3} {kind:6} {new:5} versions acknowledged and there"
                  + (f", {whole} imported bundles whole" if kind == "import" else ""), flush=True)
        run.finish()
    finally:
        run.end()
    return run.kills, len(run.ledger.versions), run.ledger.counts


def test(kith, folder):
    cycles = int(os.environ.get("KITH_KILL_CYCLES") or kit.size(100, 20))
    seed = kit.settings()
    kills = versions = 0
    counts = collections.Counter()
    begins = range(0, cycles, CYCLES_PER_STORE)
    ends = [min(begin + CYCLES_PER_STORE, cycles) for begin in begins]
    work = functools.partial(one_store, kith, folder, seed)
    for done in kit.several(STORES_AT_ONCE, work, begins, ends):
        kills += done[0]
        versions += done[1]
        counts += done[2]
    print(f"{cycles} cycles, {kills} kills, {versions} acknowledged versions, none lost; kith check clean {cycles} times")
    print(", ".join(f"{name}: {count}" for name, count in sorted(counts.items())))
    kit.require(versions > cycles, "next to nothing was written, so next to nothing was tested")
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
