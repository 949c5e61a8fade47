#!/usr/bin/env python3
"""The constants of docs/scale.md: what five nodes, each in a network of its own, send and keep. Needs the right to make namespaces.

    bench/wire.py KITH
"""

import os
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'tests', 'fault'))
import netns  # noqa: E402

IDLE = 60
VIEWS = 300


def sent(networks):
    """Bytes that all nodes have sent."""
    total = 0
    for i in range(len(netns.MEMBERS)):
        with open('/sys/class/net/%sv%d/statistics/rx_bytes' % (networks.tag, i), encoding='ascii') as f:
            total += int(f.read())
    return total


def cpu(nodes):
    ticks = 0
    for n in nodes:
        with open('/proc/%d/stat' % n.process.pid, encoding='ascii') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK')


def logs(nodes):
    """Bytes of the access logs' entries and tiles."""
    return sum(os.path.getsize(os.path.join(at, f)) for n in nodes for at, _, files in os.walk(n.dir + '/audit') for f in files
               if 'ballast' not in f)


def rows(nodes):
    return {kind: sum(len(k) + len(v) for n in nodes for k, v in n.rows(kind).items()) for kind in ('exchange', 'place', 'sent', 'in', 'contact')}


def measure(nodes, networks, doctor):
    play = netns.Play(nodes, doctor, 1)
    netns.one_record(play)
    time.sleep(15)
    before, busy = sent(networks), cpu(nodes)
    time.sleep(IDLE)
    count = len(nodes)
    idle = (sent(networks) - before) / count / IDLE
    print('idle, %d members: %.0f bytes a second sent by each node, %.2f ms of CPU a second' % (count, idle, (cpu(nodes) - busy) * 1000 / count / IDLE))
    size = len(nodes[0].run('locality', 'list', nodes[0].dir, '--json'))
    before, busy, kept, log, began = sent(networks), cpu(nodes), rows(nodes), logs(nodes), time.monotonic()
    for i in range(VIEWS):
        play.view(i % netns.PATIENTS)
    took = time.monotonic() - began
    print('a joined view of %d places: %.0f bytes on the wire, %.1f ms of CPU, %.0f ms' % (
        count, (sent(networks) - before - idle * count * took) / VIEWS, (cpu(nodes) - busy) * 1000 / VIEWS, took * 1000 / VIEWS))
    time.sleep(5)
    print('kept of it by all nodes: log %.0f bytes, exchanges %.0f bytes' % ((logs(nodes) - log) / VIEWS, (rows(nodes)['exchange'] - kept['exchange']) / VIEWS))
    places = netns.PATIENTS * (count - 1)
    print('a place in a list: %s' % {k: round(v / places) for k, v in rows(nodes).items() if k != 'exchange'})
    print('the list of members as words: %d bytes a member' % (size / count))


def main():
    folder = tempfile.mkdtemp(prefix='wire-')
    netns.certificate(folder)
    with netns.Networks() as networks:
        nodes = [netns.Node(os.path.abspath(sys.argv[1]), folder, networks, i) for i in range(len(netns.MEMBERS))]
        try:
            for node in nodes:
                node.start()
                netns.fill(node)
                node.end(signal.SIGTERM)
                node.start()
            netns.form(nodes)
            measure(nodes, networks, netns.Doctor(nodes[0]))
        finally:
            for node in nodes:
                node.end(signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)


main()
