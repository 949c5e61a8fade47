"""What the programs of this folder share: a node to measure, the rows of a table, where and when it was."""

import collections
import datetime
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICKS = os.sysconf("SC_CLK_TCK")


class Row(collections.namedtuple("Row", "name target measured passed")):
    def line(self):
        word = {True: "yes", False: "**no**", None: ""}[self.passed]
        return f"| {self.name} | {self.target} | {self.measured} | {word} |"


def thousands(number):
    return f"{number:,.0f}"


def at_least(name, target, value, unit, more=""):
    return Row(name, f"≥ {thousands(target)} {unit}", f"{thousands(value)} {unit}{more}", value >= target)


def at_most(name, target, value, unit, digits=0, more=""):
    return Row(name, f"≤ {target:g} {unit}", f"{value:,.{digits}f} {unit}{more}", value <= target)


def command(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


# --- the node --------------------------------------------------------------------------------------------------------


class Node:
    def __init__(self, kith, folder, fresh=True):
        self.kith = kith
        self.folder = folder
        self.token = ""
        if fresh:
            command(kith, "init", folder, "--organisation", "Y90001", "--name", "Benchmark", "--json")

    def fill(self, people):
        """Returns what kith import says, with the processor time that it took."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = json.loads(command(self.kith, "import", self.folder, people, "--json"))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        result["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return result

    def start(self, *options):
        """Returns the seconds from the spawn to the first answer."""
        began = time.monotonic()
        self.process = subprocess.Popen([self.kith, "serve", self.folder, "--listen", "127.0.0.1:0", "--json", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("kith serve did not start")
        self.url = json.loads(line)["address"]
        if not self.token:
            self.token = command(self.kith, "token", self.folder).strip()
        os.environ["KITH_TOKEN"] = self.token  # for bench/load and wrk
        self.address = self.url.split("//")[1]
        with urllib.request.urlopen(self.url + "/health") as reply:
            reply.read()
        return time.monotonic() - began

    def ask(self, url, body=None, **fields):
        """An open reply."""
        fields = {"Authorization": "Bearer " + self.token} | {name.replace("_", "-"): value for name, value in fields.items()}
        return urllib.request.urlopen(urllib.request.Request(url, body, fields))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def share(self):
        """MB: resident, each page counted once however often it is mapped."""
        return int(first_of(f"/proc/{self.process.pid}/smaps_rollup", "Pss:").split()[0]) / 1024

    def memory(self):
        """MB: all that is resident; what is its own; what is pages of its files, once for every mapping of each."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            values = dict(line.split(":", 1) for line in file)
        return tuple(int(values[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon", "RssFile"))

    def settle(self):
        """Waits until it does nothing: after an import, older bodies are packed anew."""
        quiet = 0
        while quiet < 3:
            before = self.cpu()
            time.sleep(0.3)
            quiet = quiet + 1 if self.cpu() - before < 0.02 else 0

    def bytes(self):
        return sum(os.path.getsize(os.path.join(self.folder, name)) for name in os.listdir(self.folder))


# --- where and when --------------------------------------------------------------------------------------------------


def first_of(path, key):
    with open(path, encoding="utf-8") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "unknown")


def fsync_ms(folder):
    """How long this disk takes to keep 4 kB: what every commit waits for."""
    times = []
    with open(f"{folder}/fsync", "wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(4096))
            began = time.monotonic()
            os.fdatasync(file.fileno())
            times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def commit():
    def git(*words):
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    short = git("rev-parse", "--short=10", "HEAD") or "unknown"
    return short + ("+changes" if git("status", "--porcelain") else "")


def header(folder, load_before):
    return [
        f"- machine: {first_of('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, "
        f"{int(first_of('/proc/meminfo', 'MemTotal').split()[0]) / 1048576:.0f} GB; the load runs on the same cores",
        f"- system: {platform.system()} {platform.release()}; a write of 4 kB with fdatasync takes "
        f"{fsync_ms(folder):.2f} ms on this disk",
        f"- commit: {commit()}",
        f"- date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC; load average before: {load_before:.2f}",
    ]
