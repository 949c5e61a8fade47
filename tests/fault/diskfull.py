#!/usr/bin/env python3
"""A full disk: clear 507, reads go on, nothing half-written, and the access log is whole; writes resume when there is
room, without a restart.

    diskfull.py KITH

Needs small disks (disk.py). Skipped (77) where no mount is allowed.
"""

import json
import os
import random
import subprocess
import sys
import time

import disk as disks
import kit
import reindex
import verify

SIZE_MB = 120
# More than a whole write-ahead log, which is copied into the store when there is room, and twice what the access log keeps for
# a full disk: it takes back what it gave away before writes resume.
BALLAST_MB = 52
LOG_BALLAST = 16 << 20
A_LITTLE = 512 << 10
STARTS = kit.size(3, 1)


class Clerk:
    """Writes transactions and remembers what was acknowledged."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0
        self.known = {}
        self.refused = []

    def write(self, client):
        """True: acknowledged. False: 507."""
        self.count += 1
        name = f"full-{self.count}"
        resources = [kit.observation(self.random, f"{name}-{i}", tag=name) for i in range(3)]
        resources.append(kit.binary(self.random, 60_000))
        entries = [{"resource": r, "request": {"method": "POST", "url": r["resourceType"]}} for r in resources]
        reply = client.request("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
        if reply.status == 200:
            for resource, entry in zip(resources, reply.json()["entry"]):
                parts = entry["response"]["location"].split("/")
                self.known[(parts[-4], parts[-3], int(parts[-1]))] = kit.content_hash(resource)
            return True
        kit.require(reply.status == 507, "a write on a full disk was answered %d %s", reply.status, reply.body[:300])
        outcome = reply.json()
        kit.require(outcome["resourceType"] == "OperationOutcome", "507 without an OperationOutcome: %s", outcome)
        kit.require(outcome["issue"][0]["details"]["text"], "507 without words")
        self.refused.append(name)
        return False

    def verify(self, client):
        verify.verify_versions(client, self.known)
        for name in self.refused[:20] + self.refused[-20:]:
            found = verify.count_found(client, f"Observation?_tag={kit.TAG_SYSTEM}|{name}")
            kit.require(found == 0, "%s was refused with 507, and %d of its resources are there", name, found)


def health(client):
    reply = client.get("/health")
    return reply.status, reply.json()["status"]


def refused_while_full(node, clerk, disk):
    """A full disk that stays full."""
    client = node.client()
    until = 0
    while clerk.write(client):
        until += 1
        kit.require(until < 2000, "the disk is never full")
    disk.fill()
    refused = sum(not clerk.write(client) for _ in range(30))
    kit.require(refused >= 25, "only %d of 30 writes were refused on a full disk", refused)
    clerk.verify(client)
    read_on(node, clerk, client, disk)
    status, word = health(client)
    kit.require((status, word) == (200, "warn"), "/health of a node with a full disk says %d %s", status, word)
    client.close()
    return until


def ballast_left(node):
    return os.path.getsize(node.folder + "/audit/ballast")


def read_on(node, clerk, client, disk):
    """Reads have to be noted in the access log, which gives up what it has kept; whoever wants that room, too, does not get it."""
    paths = [f"/fhir/{kind}/{name}" for kind, name, _ in list(clerk.known)[:500]]
    while ballast_left(node) > LOG_BALLAST - (1 << 20):
        for path, reply in client.get_all(paths):
            kit.require(reply.status == 200, "%s on a full disk: %d %s", path, reply.status, reply.body[:300])
        disk.fill()
        kit.require(not clerk.write(client), "a write was taken while the access log lives on what it has kept")


def unread_without_entry(node, clerk, disk):
    """Not even the access log has room: nothing is shown. Its folder is the node's, so what it keeps can be taken away."""
    client = node.client()
    path = "/fhir/{}/{}".format(*next(iter(clerk.known))[:2])
    disk.fill()
    os.truncate(node.folder + "/audit/ballast", 0)
    disk.fill()
    shown = 0
    while (reply := client.get(path)).status == 200:
        shown += 1
        kit.require(shown < 100_000, "the access log never lacks room")
    for _ in range(20):
        client.close()
        client = node.client()  # a reply that could not be noted ends its connection
        reply = client.get(path)
        kit.require(reply.status == 507, "a read that cannot be noted was answered %d %s", reply.status, reply.body[:300])
        kit.require(b"room" in reply.body, "507 does not say what to do: %s", reply.body[:300])
    client.close()
    client = node.client()
    kit.require(health(client) == (200, "warn"), "/health while the access log is full: %s", health(client))
    client.close()
    return shown


def starts_or_says(node, disk):
    """Nothing is kept any more and nothing is free: it starts and shows nothing, or says what to do; a little room is enough."""
    kit.require(node.stop() == 0, "SIGTERM on a full disk: exit status is not 0")
    disk.fill()
    at = os.path.getsize(node.log.name)
    try:
        node.start()
    except kit.Failed:
        with open(node.log.name, encoding="utf-8") as log:
            log.seek(at)
            words = log.read()
        kit.require(node.process.returncode == 3 and "make room on the disk of" in words, "a start without any room: %s %s",
                    node.process.returncode, words[-500:])
        disk.leave(A_LITTLE)
        node.start()
    client = node.client()
    kit.require(health(client) == (200, "warn"), "/health of a node that was started on a full disk: %s", health(client))
    client.close()


def resumed(node, clerk):
    client = node.client()
    started = time.monotonic()
    while not clerk.write(client):
        kit.require(time.monotonic() - started < 10, "there is room again, and writes are refused for 10 s")
        time.sleep(0.05)
    took = time.monotonic() - started
    for _ in range(10):
        kit.require(clerk.write(client), "there is room again, and a write is refused")
    clerk.verify(client)
    kit.require(health(client) == (200, "pass"), "/health does not see that there is room: %s", health(client))
    client.close()
    return took


def writing(kith, seed, disk):
    clerk = Clerk(seed)
    node = disk.node(kith)
    try:
        node.create()
        node.start()
        count = refused_while_full(node, clerk, disk)
        print(f"  full after {count} transactions; 507, reads go on", flush=True)
        node.check()
        node.kill()
        node.start()
        client = node.client()
        clerk.verify(client)
        client.close()
        print("  killed while full, started again: all of it is there", flush=True)
        for _ in range(STARTS):
            kit.require(node.stop() == 0, "SIGTERM on a full disk: exit status is not 0")
            verify_log(node)
            disk.fill()  # whatever it left
            node.start()
            client = node.client()
            path = "/fhir/{}/{}".format(*next(iter(clerk.known))[:2])
            kit.require(client.get(path).status == 200, "a read after a start on a full disk")
            kit.require(not clerk.write(client), "a write was taken on a full disk")
            client.close()
        client = node.client()
        clerk.verify(client)
        client.close()
        print(f"  stopped while full, not a byte left, started again, {STARTS} times: all of it is there", flush=True)
        disk.make_room()
        took = resumed(node, clerk)
        print(f"  room again: writes resumed after {took * 1000:.0f} ms, without a restart", flush=True)
        node.check()
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
        node.start()
        client = node.client()
        clerk.verify(client)
        client.close()
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        verify_log(node)
    finally:
        node.end()


def noting(kith, seed, disk):
    """What the access log has kept is used up as well."""
    clerk = Clerk(seed)
    node = disk.node(kith)
    try:
        node.create()
        node.start()
        client = node.client()
        for _ in range(5):
            kit.require(clerk.write(client), "an empty disk is full")
        client.close()
        shown = unread_without_entry(node, clerk, disk)
        print(f"  no room for entries after {shown} more reads: 507, and nothing is shown", flush=True)
        starts_or_says(node, disk)
        disk.make_room()
        took = resumed(node, clerk)
        kit.require(ballast_left(node) == LOG_BALLAST, "the access log has not taken its room back: %d", ballast_left(node))
        print(f"  room again: reads and writes resumed after {took * 1000:.0f} ms, without a restart", flush=True)
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        verify_log(node)
        lines = node._run("audit", "list", node.folder, "--json").splitlines()
        starts = sum(json.loads(line)["event"]["kind"] == "start" for line in lines)
        kit.require(starts == 2, "the log tells of %d starts, not 2: the second was noted when there was room", starts)
    finally:
        node.end()


def verify_log(node):
    done = subprocess.run([node.kith, "audit", "verify", node.folder + "/audit"], capture_output=True, text=True, check=False)
    kit.require(done.returncode == 0, "kith audit verify: %d %s %s", done.returncode, done.stdout, done.stderr)


def fill_but(disk, left):
    """Leaves so many bytes, and never fewer on the way: an entry of the access log may come at any moment."""
    at = os.statvfs(disk.at)
    with open(disk.more, "ab", buffering=0) as file:
        size = os.path.getsize(disk.more) + at.f_bavail * at.f_frsize - left
        os.posix_fallocate(file.fileno(), 0, size)


def load(client, r, count):
    """Observations of two codes; how many have the first."""
    first = 0
    for start in range(0, count, 500):
        made = [kit.observation(r, f"index-{i}") for i in range(start, start + 500)]
        for resource in made:
            del resource["note"]
        first += sum(m["code"]["coding"][0]["code"] == "8867-4" for m in made)
        entries = [{"resource": m, "request": {"method": "POST", "url": "Observation"}} for m in made]
        reply = client.request("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": entries},
                               {"Prefer": "return=minimal"})
        kit.require(reply.status == 200, "loading: %d %s", reply.status, reply.body[:300])
    return first


def indexing(kith, seed, disk):
    """The disk fills while a search parameter is built and $reindex runs: both end when there is room, and are right."""
    node = disk.node(kith)
    try:
        node.create()
        node.start()
        client = node.client()
        first = load(client, random.Random(seed), 10_000)
        client.close()
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.start()  # its write-ahead log is empty now: an index would have room in that of the load
        client = node.client()
        fill_but(disk, 300_000)
        added = reindex.definition("code2")
        reply = client.request("PUT", "/fhir/SearchParameter/code2", added)
        for _ in range(5):  # the access log may have taken what little there was
            if reply.status == 507:
                os.truncate(disk.more, os.path.getsize(disk.more) - 100_000)
                time.sleep(0.3)
                reply = client.request("PUT", "/fhir/SearchParameter/code2", added)
        kit.require(reply.status == 201, "a parameter with little room: %d %s", reply.status, reply.body[:300])
        asked = client.request("POST", "/fhir/$reindex")
        kit.require(asked.status in (202, 507), "$reindex with little room: %d %s", asked.status, asked.body[:300])
        time.sleep(1)
        built_before = reindex.is_usable(client, "code2")
        kit.require(not built_before, "there was room enough: the disk was not full while the index was built")
        found = verify.count_found(client, "Observation?code=8867-4")
        kit.require(found == first, "with a full disk a search finds %d of %d", found, first)
        node.kill()
        node.start()
        client = node.client()
        disk.make_room()
        reindex.until("the parameter is usable", 60, lambda: reindex.is_usable(client, "code2"))
        found = verify.count_found(client, "Observation?code2=8867-4")
        kit.require(found == first, "the added parameter finds %d of %d", found, first)
        if asked.status == 202:
            reindex.finish_reindex(client)
        client.close()
        node.check()
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
        print("  full while an index was built, killed, room again: it is complete", flush=True)
    finally:
        node.end()


def test(kith, folder):
    disks.own_namespace()
    seed = kit.settings()
    kinds = disks.on_each(folder, SIZE_MB, BALLAST_MB, lambda disk: writing(kith, seed, disk),
                          lambda disk: noting(kith, seed, disk), lambda disk: indexing(kith, seed, disk))
    return 0 if kinds else kit.SKIPPED


if __name__ == "__main__":
    sys.exit(kit.run(test))
