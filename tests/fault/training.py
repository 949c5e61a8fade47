#!/usr/bin/env python3
"""kill -9 while dictionaries are trained and the bodies from before are packed anew: nothing that was imported is lost.

    training.py KITH

The store trains twice, on its first bodies and when it has many; an import of some 40,000 resources passes both. What
is still to be packed anew goes on when the node is started, and is cut off there again and again.
"""

import json
import os
import random
import subprocess
import sys
import time

import kit

PATIENTS = 420
KILLS = 6


def paths_of(folder):
    for name in sorted(os.listdir(folder)):
        with open(f"{folder}/{name}", encoding="utf-8") as lines:
            for line in lines if name.endswith(".ndjson") else [lines.read()]:
                for entry in json.loads(line).get("entry", []):
                    if "id" in entry["resource"]:
                        yield f"/fhir/{entry['resource']['resourceType']}/{entry['resource']['id']}"


def verify(node, paths):
    client = node.client()
    for path, reply in client.get_all(paths):
        kit.require(reply.status == 200, "%s was imported and is lost: %d %s", path, reply.status, reply.body[:300])
    client.close()


def test(kith, folder):
    seed = kit.settings()
    r = random.Random(seed)
    people = folder + "/people"
    subprocess.run([kith, "synth", people, "--patients", str(PATIENTS), "--seed", str(seed)], check=True,
                   stdout=subprocess.DEVNULL)
    paths = list(paths_of(people))
    node = kit.Node(kith, folder + "/node")
    try:
        node.create()
        done = subprocess.run([kith, "import", node.folder, people, "--json"], check=False, capture_output=True, text=True)
        kit.require(done.returncode == 0, "kith import ended with %d: %s", done.returncode, done.stderr[-500:])
        print(f"{len(paths)} resources imported", flush=True)
        for _ in range(KILLS):
            node.start()
            time.sleep(r.uniform(0, 0.8))
            node.kill()
            node.check()
        node.start()
        verify(node, paths)
        time.sleep(2)
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
        node.start()
        verify(node, paths)
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        print(f"{KILLS} kills while packing anew; all of it is there, and kith check clean each time")
    finally:
        node.end()
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
