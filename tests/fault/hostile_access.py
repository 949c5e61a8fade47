#!/usr/bin/env python3
"""Somebody who wants in, or wants the log gone: a flood of sign-ins from many addresses costs bounded memory and keeps
nobody from reading; a second process does not get the folder; a node whose journal is deleted, cut or exchanged while
it runs shows nothing more, and says so.

    hostile_access.py KITH [LOAD]
"""

import collections
import http.client
import json
import os
import subprocess
import sys
import threading
import time

import kit
from hostile import memory_mb

CANARY = "Zyxcanary"
PATIENT = "/fhir/Patient/p"
FLOOD_MB = 150  # four times Argon2id's 19 MiB, and the connections
TRUE_MEMORY = os.environ.get("KITH_SMALL") != "yes"  # a sanitizer keeps what was freed
SECONDS = kit.size(8, 12)
FLOODERS = 60


# --- a flood ------------------------------------------------------------------------------------------------------------


def flood(port, number, until, told):
    """Wrong passwords from an address of its own, a name each."""
    for i in range(1000):
        if time.monotonic() > until:
            return
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(f"127.0.9.{number}", 0))
        try:
            connection.request("POST", "/auth/password", json.dumps({"login": f"n{number}-{i}", "password": "wrong but long enough"}),
                               {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"})
            got = connection.getresponse()
            told.append((got.status, b"signed_in" in got.read()))
        except OSError as why:
            told.append((type(why).__name__, False))
        connection.close()


def sign_in_now_and_then(port, until, flooded, told):
    # The flood is there, and each of its addresses has had turns: before that they are strangers like anybody else.
    while sum(status == 403 for status, _ in list(flooded)) < 2 * FLOODERS and time.monotonic() < until - 1:
        time.sleep(0.05)
    while time.monotonic() < until - 0.5:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=("127.0.8.1", 0))
        connection.request("POST", "/auth/password", json.dumps({"login": f"owner-{len(told)}", "password": "wrong but long enough"}),
                           {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"})
        told.append(connection.getresponse().status)
        connection.close()
        time.sleep(2)


def sign_ins(node):
    before = memory_mb(node)
    most = before
    told = []
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=flood, args=(node.port, n, until, told)) for n in range(1, FLOODERS + 1)]
    for thread in threads:
        thread.start()
    client = node.client()
    reads = 0
    tries = []  # of somebody who has nothing to do with it, at an address of their own
    owner = threading.Thread(target=sign_in_now_and_then, args=(node.port, until, told, tries))
    owner.start()
    while any(t.is_alive() for t in threads):
        kit.require(client.get(PATIENT).status == 200, "a read during the flood")
        reads += 1
        most = max(most, memory_mb(node))
        time.sleep(0.02)
    for thread in [*threads, owner]:
        thread.join()
    client.close()
    print(f"somebody else meanwhile: {tries}", flush=True)
    kit.require(tries and set(tries) == {403}, "somebody at another address was kept from signing in: %s", tries)
    statuses = collections.Counter(status for status, _ in told)
    print(f"{len(told)} sign-ins: {dict(statuses)}; {reads} reads meanwhile; {before:.0f} MB, at most {most:.0f}", flush=True)
    kit.require(not any(inside for _, inside in told), "somebody was let in")
    kit.require(set(statuses) <= {403, 429, 503}, "refused in another way: %s", statuses)
    kit.require(statuses[403] > 0, "none was even tried")
    kit.require(reads > 10, "reads were held up: %d in %d s", reads, SECONDS)
    kit.require(most - before < FLOOD_MB or not TRUE_MEMORY, "%.0f MB for a flood of sign-ins", most - before)


# --- the folder ---------------------------------------------------------------------------------------------------------


def second_process(node):
    for words in (["serve", node.folder, "--listen", "127.0.0.1:0"], ["audit", "erase", node.folder, "1"]):
        done = subprocess.run([node.kith, *words], capture_output=True, text=True, timeout=60, check=False)
        kit.require(done.returncode != 0 and "another process" in done.stderr, "kith %s beside a node: %s", words[0], done.stderr)


def cut(journal):
    os.truncate(journal, os.path.getsize(journal) - 8)


def delete(journal):
    os.unlink(journal)


def exchange(journal):
    """What is written goes to a file that nobody looks at any more."""
    with open(journal, "rb") as old:
        content = old.read()
    os.rename(journal, journal + ".old")
    with open(journal, "wb") as new:
        new.write(content)


def get(node, path):
    """On a connection of its own: a node in trouble ends them."""
    client = node.client()
    reply = client.get(path)
    client.close()
    return reply


def put_canary(node):
    client = node.client()
    client.request("PUT", PATIENT, {"resourceType": "Patient", "id": "p", "name": [{"family": CANARY}]})
    client.close()


def without_journal(kith, folder, how):
    node = kit.Node(kith, folder)
    node.create()
    try:
        node.start()
        put_canary(node)
        kit.require(get(node, PATIENT).status == 200, "before")
        time.sleep(1.5)  # a checkpoint
        how(folder + "/audit/journal")
        first = get(node, PATIENT)  # by its name the journal is looked at with each checkpoint, a second later
        time.sleep(1.5)
        then = get(node, PATIENT)
        kit.require(how is exchange or first.status >= 500, "shown without an entry: %s", first.status)
        kit.require(then.status >= 500 and CANARY.encode() not in then.body, "shown without an entry: %s", then.status)
        health = get(node, "/health")
        kit.require(b'"fail"' in health.body, "health does not know: %s", health.body[:300])
        kit.require(folder.encode() not in then.body, "the error tells where the node keeps its files: %s", then.body)
        node.kill()
        done = subprocess.run([kith, "audit", "verify", folder], capture_output=True, text=True, timeout=60, check=False)
        kit.require(done.returncode == 1 or how is exchange, "verify: %s", done.stdout)
        print(f"{how.__name__}: nothing more is shown", flush=True)
    finally:
        node.end()


def test(kith, folder):
    node = kit.Node(kith, folder + "/node")
    node.create()
    try:
        node.start()
        put_canary(node)
        sign_ins(node)
        second_process(node)
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
        kit.require(not node.failures_logged(), "the log tells of faults: %s", node.failures_logged()[:3])
    finally:
        node.end()
    for how in (cut, delete, exchange):
        without_journal(os.path.abspath(kith), folder + "/" + how.__name__, how)
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
