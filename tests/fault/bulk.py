#!/usr/bin/env python3
"""$import and $export are killed and meet a full disk: nothing is lost, nothing comes twice, an export is its moment.

    bulk.py KITH

KITH_KILL_CYCLES kills of each (default 12, with sanitizers 6). The disks need mounts (disk.py); where none is allowed that part is left
out, and said so.
"""

import gzip
import json
import os
import random
import sys
import time

import disk as disks
import kit

ASYNC = {"Prefer": "respond-async"}
LINES = kit.size(20_000, 8_000)
SIZE_MB = 220
BALLAST_MB = 190
BINARIES = 700  # of 60 kB: more than fits beside the ballast
FILES = 2  # in the store before the first export
# An export notes its place each second, so it has to take some: nothing matches these, and each reads every word.
FILTERS = [f"Observation?_content=nowhere{i}" for i in range(250)] + ["Observation?status=final,preliminary,amended"]
SLOW = {"resourceType": "Parameters", "parameter": [{"name": "_typeFilter", "valueString": f} for f in FILTERS]}
RESUMED = kit.size(3, 1)  # kills after which an import, and an export, has to go on from the middle


def kick_off(client, path, body=None):
    reply = client.request("POST" if body else "GET", path, body, ASYNC)
    if reply.status == 507:
        return None
    kit.require(reply.status == 202, "%s was answered %d %s", path, reply.status, reply.body[:300])
    return "/fhir/_jobs/" + reply.fields["content-location"].rsplit("/", 1)[1]


def wait(client, job, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        reply = client.get(job)
        if reply.status != 202:
            kit.require(reply.status == 200, "%s ended with %d %s", job, reply.status, reply.body[:300])
            return reply.json()
        time.sleep(0.02)
    raise kit.Failed(f"{job} has not ended after {seconds} s: {reply.fields.get('x-progress')}")


def lines_of(client, item):
    reply = client.request("GET", "/fhir/_jobs" + item["url"].split("/_jobs")[1], None, {"Accept-Encoding": "gzip"})
    kit.require(reply.status == 200, "%s: %d", item["url"], reply.status)
    found = [json.loads(line) for line in gzip.decompress(reply.body).splitlines()]
    kit.require(len(found) == item["count"], "%s has %d lines, not %d", item["url"], len(found), item["count"])
    return found


def exported(client, manifest):
    found = {}
    for item in manifest["output"]:
        for r in lines_of(client, item):
            name = f"{r['resourceType']}/{r['id']}"
            kit.require(name not in found, "%s is exported twice", name)
            found[name] = r
    return found


class Kills:
    def __init__(self, kith, folder, seed):
        self.node = kit.Node(kith, folder + "/node")
        self.random = random.Random(seed)
        self.folder = folder
        self.kills = {"import": 0, "export": 0}
        # Jobs that were killed with a further place noted from which to go on.
        self.resumed = {"import": 0, "export": 0}
        self.tag = 0
        self.node.create()
        self.node.start()

    def kill(self, most):
        time.sleep(self.random.uniform(0.0, most))
        self.node.kill()

    def restart(self, kind):
        self.node.start()
        self.kills[kind] += 1
        return self.node.client()

    def file(self):
        """Half of the lines with an id, half without, one in 500 bad. Returns name, tag, lines, numbers of bad ones."""
        self.tag += 1
        tag, bad, out = f"bulk-{self.tag}", [], []
        for i in range(LINES):
            r = kit.observation(self.random, f"{tag}-{i}", tag=tag)
            r.pop("id", None)
            if i % 2:
                r["id"] = f"{tag}-{i}"
            if i % 500 == 7:
                r["status"] = "nonsense"
                bad.append(i + 1)
            out.append(json.dumps(r))
        data = ("\n".join(out) + "\n").encode()
        name = f"{tag}.ndjson" + (".gz" if self.tag % 2 else "")
        with open(f"{self.folder}/node/import/{name}", "wb") as file:
            file.write(gzip.compress(data) if self.tag % 2 else data)
        return name, tag, bad

    def an_import(self, most_kills):
        name, tag, bad = self.file()
        url = "file://" + os.path.realpath(self.folder) + "/node/import/" + name
        client = self.node.client()
        job = kick_off(client, "/fhir/$import", {"resourceType": "Parameters", "parameter": [
            {"name": "input", "part": [{"name": "type", "valueCode": "Observation"}, {"name": "url", "valueUrl": url}]}]})
        kills = line = resumed = 0
        while kills < most_kills and client.get(job).status == 202:
            client.close()
            if kills % 2:
                self.until_further(self.line, job, line)
            self.kill(0.3 if kills % 2 else 0.7)
            was, line = line, self.line(job)
            resumed += line not in (None, 0, was)
            client = self.restart("import")
            kills += 1
        self.resumed["import"] += resumed
        manifest = wait(client, job)
        counts = manifest["extension"]
        kit.require(counts["written"] + counts["unchanged"] == LINES - len(bad), "lines taken: %s", counts)
        kit.require(counts["refused"] == len(bad), "lines refused: %s, not %d", counts, len(bad))
        outcomes = [o for item in manifest["error"] for o in lines_of(client, item)]
        numbers = [int(o["issue"][0]["diagnostics"].rsplit(" ", 1)[1]) for o in outcomes]
        kit.require(numbers == bad, "the report names lines %s, not %s", numbers[:10], bad[:10])
        total = client.get(f"/fhir/Observation?_tag={kit.TAG_SYSTEM}|{tag}&_summary=count").json()["total"]
        kit.require(total == LINES - len(bad), "%d resources are there, not %d", total, LINES - len(bad))
        for i in self.random.sample(range(1, LINES, 2), 50):
            reply = client.get(f"/fhir/Observation/{tag}-{i}")
            if i + 1 not in bad:
                kit.require((reply.status, reply.version()) == (200, 1), "line %d: %s version %s", i + 1, reply.status,
                            reply.version())
        print(f"import: {kills} kills, {resumed} of them further on, {counts['written']} written, {counts['unchanged']} repeated, none lost or twice",
              flush=True)
        client.close()

    def progress(self, job):
        """What a job has noted; {}: nothing yet. None: it has ended."""
        with open(f"{self.folder}/node/jobs/{job.rsplit('/', 1)[1]}/state.json", encoding="ascii") as file:
            state = json.load(file)
        return None if state["state"] in ("done", "failed") else state.get("progress", {})

    def line(self, job):
        """Behind which line an import goes on after a kill. None: it has ended."""
        progress = self.progress(job)
        return progress and progress["line"] if progress != {} else 0

    def place(self, job):
        """Where the scan of an export goes on after a kill; 0: at its start. None: it has ended."""
        progress = self.progress(job)
        return progress and (progress["next"] or None) if progress != {} else 0

    def until_further(self, place, job, was):
        """Waits until the job has noted another place or has ended; now and then only for a moment."""
        until = time.monotonic() + (0.2 if self.random.random() < 0.2 else 20)
        while time.monotonic() < until and place(job) == was:
            time.sleep(0.01)

    def an_export(self, most_kills):
        """What was current at the kick-off, although it is changed while the export runs and is killed."""
        client = self.node.client()
        before = exported(client, wait(client, kick_off(client, "/fhir/$export")))
        job = kick_off(client, "/fhir/$export", SLOW)
        whole = {n: r for n, r in before.items() if r.get("status") in ("final", "preliminary", "amended")}
        names = sorted(before)
        kills = place = resumed = 0
        while kills < most_kills and client.get(job).status == 202:
            for name in self.random.sample(names, 20):
                kind, ident = name.split("/")
                if self.random.random() < 0.3:
                    client.request("DELETE", "/fhir/" + name)
                else:
                    subject = {"reference": f"Patient/moved{self.random.randrange(40)}"}
                    client.request("PUT", "/fhir/" + name, dict(before[name], id=ident, subject=subject))
            client.close()
            self.until_further(self.place, job, place)
            self.kill(0.3)
            was, place = place, self.place(job)
            resumed += place not in (None, 0, was)
            client = self.restart("export")
            kills += 1
        self.resumed["export"] += resumed
        found = exported(client, wait(client, job))
        kit.require(set(found) == set(whole), "lost %s, more %s", sorted(set(whole) - set(found))[:3],
                    sorted(set(found) - set(whole))[:3])
        for name, r in found.items():
            kit.require(r == whole[name], "%s is not what it was", name)
        print(f"export: {kills} kills, {resumed} of them further on in the scan, {len(found)} resources as they were",
              flush=True)
        for each in os.listdir(self.folder + "/node/jobs"):
            client.request("DELETE", "/fhir/_jobs/" + each)
        kit.require(os.listdir(self.folder + "/node/jobs") == [], "folders of deleted jobs are left behind")
        client.close()

    def end(self):
        kit.require(self.node.stop() == 0, "SIGTERM: exit status is not 0")
        self.node.check()


def kills(kith, folder, seed, cycles):
    run = Kills(kith, folder, seed)
    try:
        while min(run.kills.values()) < cycles:
            if run.kills["import"] < cycles:
                run.an_import(6)
            while run.tag < FILES:
                run.an_import(0)
            if run.kills["export"] < cycles:
                run.an_export(6)
        kit.require(cycles < 6 or min(run.resumed.values()) >= RESUMED, "too few jobs went on in the middle: %s", run.resumed)
        run.end()
    finally:
        run.node.end()
    print(f"{run.kills['import']} kills of imports, {run.kills['export']} of exports")


# --- full disks ------------------------------------------------------------------------------------------------------


def paused(client, job):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        reply = client.get(job)
        kit.require(reply.status == 202, "a job on a full disk: %d %s", reply.status, reply.body[:300])
        if "disk is full" in reply.fields["x-progress"]:
            return
        time.sleep(0.02)
    raise kit.Failed("the job never says that the disk is full")


def full_upload(node):
    """Refused, and nothing is left of it that would take up room."""
    folder = node.folder + "/jobs"
    there = sorted(os.listdir(folder))
    for lines in (10, 10_000):
        client = node.client()
        reply = client.request("POST", "/fhir/$import", b'{"resourceType":"Patient"}\n' * lines,
                               dict(ASYNC, **{"Content-Type": "application/fhir+ndjson"}))
        kit.require(reply.status == 507, "an upload on a full disk: %d %s", reply.status, reply.body[:300])
        client.close()
    until = time.monotonic() + 10
    while sorted(os.listdir(folder)) != there and time.monotonic() < until:
        time.sleep(0.02)
    kit.require(sorted(os.listdir(folder)) == there, "a refused upload left %s", os.listdir(folder))


def full_import(node, client, disk, data):
    job = kick_off(client, "/fhir/$import", {"resourceType": "Parameters", "parameter": [
        {"name": "input", "part": [{"name": "url", "valueUrl": "file://" + os.path.realpath(data)}]}]})
    paused(client, job)
    disk.fill()
    kit.require(kick_off(client, "/fhir/$export") is None, "a kick-off on a full disk is not answered 507")
    full_upload(node)
    disk.make_room()
    counts = wait(client, job)["extension"]
    kit.require(counts["written"] + counts["unchanged"] == BINARIES and counts["refused"] == 0, "after a full disk: %s", counts)
    print("  import: paused, went on when there was room, all lines taken", flush=True)


def full_export(client, disk):
    whole = exported(client, wait(client, kick_off(client, "/fhir/$export")))
    kit.require(len(whole) == BINARIES, "%d of %d are there", len(whole), BINARIES)
    for each in os.listdir(disk.at + "/node/jobs"):
        client.request("DELETE", "/fhir/_jobs/" + each)
    disk.fill()
    disk.leave(4 << 20)
    job = kick_off(client, "/fhir/$export")
    kit.require(job, "there is room for a kick-off")
    paused(client, job)
    disk.take_back()
    found = exported(client, wait(client, job))
    kit.require(found == whole, "an export that met a full disk is not whole")
    print("  export: paused, went on when there was room, complete", flush=True)


def full_disk(kith, seed, disk):
    node = disk.node(kith)
    r = random.Random(seed)
    lines = disk.at + "-in"
    os.mkdir(lines)
    with open(lines + "/data.ndjson", "w", encoding="ascii") as file:
        for i in range(BINARIES):
            file.write(json.dumps(dict(kit.binary(r, 60_000), id=f"b{i}")) + "\n")
    try:
        node.create()
        node.start("--import-dir", lines)
        client = node.client(120)
        full_import(node, client, disk, lines + "/data.ndjson")
        full_export(client, disk)
        client.close()
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
    finally:
        node.end()


def test(kith, folder):
    disks.own_namespace()
    seed = kit.settings()
    kills(kith, folder, seed, int(os.environ.get("KITH_KILL_CYCLES") or kit.size(12, 6)))

    def full(disk):
        full_disk(kith, seed, disk)

    disks.on_each(folder, SIZE_MB, BALLAST_MB, full)
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
