"""Rows of bench/run: what sign-in, policy and the access log cost. The requests are a professional's, with a session."""

import contextlib
import json
import os
import re
import shutil
import statistics
import tempfile

from kit import Node, Row, at_least, at_most, command
from person import PRACTITIONER, Person, episodes

CONNECTIONS = (1, 16, 64, 128)
MEMORY = "/dev/shm"


def relate(node, folder, patients):
    """The node must not be running. All patients get into the hands of the practitioner."""
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/episodes.json", "w", encoding="utf-8") as out:
        json.dump(episodes(patients), out)
    node.fill(folder)


def sign_in(node):
    return Person(node, "bench-doctor", "--person", "Practitioner/" + PRACTITIONER, "--role", "R8000")


@contextlib.contextmanager
def asking_as(person):
    """bench/load asks in this session."""
    os.environ["KITH_FIELDS"] = person.lines()
    try:
        yield
    finally:
        del os.environ["KITH_FIELDS"]


def times(got):
    return f"p50 {got['p50_ms']:.2f} ms, p99 {got['p99_ms']:.2f} ms, {got['server_cpu_us']:.1f} µs of CPU"


def rows(bench):
    """The node runs; relate() was called before its start."""
    paths, patients = f"{bench.folder}/paths", bench.file("patients", bench.population.patients)
    some = bench.file("of-patients", [f"/fhir/Observation?patient={p}&code=http://loinc.org|85354-9"
                                      for p in bench.population.patients])
    with asking_as(sign_in(bench.node)):
        for n in CONNECTIONS:
            got = bench.load("get", "--paths", paths, "--connections", str(n))
            name = f"point read by a signed-in professional, {n} connection{'s' * (n > 1)}, policy and access log on"
            bench.add(at_least(name, 25000, got["per_second"], "/s", f" ({times(got)})") if n == 64
                      else Row(name, "", f"{got['per_second']:,.0f} /s, {times(got)}", None))
        got = bench.load("get", "--paths", some, "--connections", "16")
        bench.add(Row("search in one patient's record by a signed-in professional", "",
                      f"{got['per_second']:,.0f} /s, {times(got)}", None))
        got = bench.load("create", "--patients", patients)
        bench.add(Row("create by a signed-in professional, 64 connections", "", f"{got['per_second']:,.0f} /s, {times(got)}", None))
    append(bench)


def append(bench):
    """CPU in the program, an entry: printed, hashed, chained, written; without the kernel's part."""
    program = os.path.join(os.path.dirname(bench.load_program), "bench_audit")
    costs = []
    for run in range(bench.runs):
        said = command(program, f"{bench.folder}/log-{run}", "20000" if bench.quick else "200000", "4")
        costs.append(float(re.search(r"CPU each: ([\d.]+) us in the program", said)[1]))
        shutil.rmtree(f"{bench.folder}/log-{run}")
    bench.add(at_most("entry of the access log, CPU in the program", 3, statistics.median(costs), "µs", 2))


def handler_us(node):
    """Microseconds in the steps of requests so far, and how many requests: the wait for the disk is in none of them."""
    with node.ask(node.url + "/metrics") as reply:
        lines = [line.split() for line in reply.read().decode().splitlines() if not line.startswith("#")]
    values = {line[0]: float(line[1]) for line in lines if len(line) == 2}
    steps = sum(value for name, value in values.items() if re.search(r"step_\w+_seconds_total$", name))
    return steps * 1e6, sum(value for name, value in values.items() if "interactions_read_total" in name)


def added(bench, before, people):
    """Beside a program from before sign-in and policy, both with their folders in memory: there the disk costs nothing."""
    folder = tempfile.mkdtemp(prefix="kith-bench-", dir=MEMORY)
    paths, p50 = f"{bench.folder}/paths", {}
    kept, last, token = bench.node, {}, os.environ["KITH_TOKEN"]
    try:
        for name, program in (("before", before), ("now", bench.kith)):
            bench.node = Node(program, f"{folder}/{name}")
            bench.node.fill(people)
            if name == "now":
                relate(bench.node, f"{folder}/related", bench.population.patients)
                bench.node.token = ""
            else:
                bench.node.token = "none"
            bench.node.start()
            with asking_as(sign_in(bench.node)) if name == "now" else contextlib.nullcontext():
                for n in (1, 64):
                    us, count = handler_us(bench.node)
                    p50[name, n] = bench.load("get", "--paths", paths, "--connections", str(n))
                    more, all_of_them = handler_us(bench.node)
                    last[name, n] = (more - us) / max(all_of_them - count, 1)
            bench.node.stop()
    finally:
        bench.node = kept
        os.environ["KITH_TOKEN"] = token
        shutil.rmtree(folder, ignore_errors=True)
    for n in (1, 64):
        old, new = p50["before", n], p50["now", n]
        percent = (new["p50_ms"] / old["p50_ms"] - 1) * 100
        bench.add(at_most(f"p50 that is added to a point read, log in memory, {n} connection{'s' * (n > 1)}", 15, percent, "%", 0,
                          f" ({old['p50_ms'] * 1000:.0f} µs before, {new['p50_ms'] * 1000:.0f} now; in the handler "
                          f"{last['before', n]:.1f} and {last['now', n]:.1f}; CPU {old['server_cpu_us']:.1f} and "
                          f"{new['server_cpu_us']:.1f})"))
