#!/usr/bin/env python3
"""A full disk: clear 507, reads go on, nothing half-written; writes resume when there is room, without a restart.

    diskfull.py KITH

Needs small disks (disk.py). Skipped (77) where no mount is allowed.
"""

import functools
import random
import sys
import time

import disk as disks
import kit
import reindex
import verify

SIZE_MB = 48
BALLAST_MB = 20  # more than a whole write-ahead log, which is copied into the store when there is room


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
    status, word = health(client)
    kit.require((status, word) == (200, "warn"), "/health of a node with a full disk says %d %s", status, word)
    client.close()
    return until


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
        kit.require(node.stop() == 0, "SIGTERM on a full disk: exit status is not 0")
        node.start()
        client = node.client()
        clerk.verify(client)
        client.close()
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
    finally:
        node.end()


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
        disk.fill()
        disk.leave(300_000)
        added = reindex.definition("code2")
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
                          lambda disk: indexing(kith, seed, disk))
    return 0 if kinds else kit.SKIPPED


if __name__ == "__main__":
    sys.exit(kit.run(test))
