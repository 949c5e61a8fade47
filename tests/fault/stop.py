#!/usr/bin/env python3
"""SIGTERM under load: requests that are under way are answered, every acknowledged write is there afterwards, and the
exit status is 0.

    stop.py KITH
"""

import random
import sys
import time

import kit
import verify
import writers

ROUNDS = 8


def test(kith, folder):
    seed = kit.settings()
    r = random.Random(seed)
    node = kit.Node(kith, folder + "/node")
    node.create()
    crowd = writers.Writers(6, seed, folder)
    ledger = verify.Ledger()
    try:
        for _ in range(ROUNDS):
            node.start()
            crowd.go(node.port)
            time.sleep(r.uniform(0.1, 0.6))
            started = time.monotonic()
            status = node.stop()
            took = time.monotonic() - started
            kit.require(status == 0, "SIGTERM: exit status %d", status)
            kit.require(took < 5, "SIGTERM: it took %.1f s to stop", took)
            facts = crowd.facts()
            node.check()
            node.start()
            client = node.client()
            new = verify.verify_cycle(client, ledger, facts)
            client.close()
            kit.require(node.stop() == 0, "SIGTERM when idle: exit status is not 0")
            print(f"stopped in {took * 1000:.0f} ms under load; {new} versions acknowledged and there", flush=True)
        logged = node.failures_logged()
        kit.require(not logged, "the node's log has %d errors: %s", len(logged), logged[:3])
    finally:
        crowd.end()
        node.end()
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
