#!/usr/bin/env python3
"""kill -9 while dictionaries are trained and the bodies from before are packed anew: nothing that was imported is lost.

    training.py KITH

The store trains on its first bodies and again when it has many. The populations are of sizes around that, so that an
import ends before the training that it caused: both that and what is still to be packed anew then go on together when
the node is started, and are cut off there again and again.
"""

import functools
import json
import os
import random
import subprocess
import sys
import time

import kit

PATIENTS = kit.size((240, 120, 115, 20), (120, 20))  # what takes longest first
SIZES_AT_ONCE = 2
KILLS = kit.size(4, 2)


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


def one_size(kith, folder, seed, patients):
    r = random.Random(f"{seed}-{patients}")
    folder = f"{folder}/{patients}"
    people = folder + "/people"
    os.mkdir(folder)
    subprocess.run([kith, "synth", people, "--patients", str(patients), "--seed", str(r.randrange(1 << 30))],
                   check=True, stdout=subprocess.DEVNULL)
    paths = list(paths_of(people))
    node = kit.Node(kith, folder + "/node")
    try:
        node.create()
        done = subprocess.run([kith, "import", node.folder, people, "--json"], check=False, capture_output=True, text=True)
        kit.require(done.returncode == 0, "kith import ended with %d: %s", done.returncode, done.stderr[-500:])
        for _ in range(KILLS):
            node.start()
            time.sleep(r.uniform(0, 0.8))
            node.kill()
            node.check()
        node.start()
        verify(node, paths)
        time.sleep(2)
        verify(node, paths)
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
        print(f"{patients} patients, {len(paths)} resources, {KILLS} kills while packing anew: all of it is there, kith check clean each time",
              flush=True)
    finally:
        node.end()


def test(kith, folder):
    seed = kit.settings()
    work = functools.partial(one_size, kith, folder, seed)
    for _ in kit.several(SIZES_AT_ONCE, work, PATIENTS):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
