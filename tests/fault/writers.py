"""Processes that write without pause and note down every write that was acknowledged, and every one whose outcome they
were not told. They outlive the node: what they know is what an outside client knows."""

import json
import multiprocessing
import os
import random
import time

from kit import Broken, Client, Failed, TAG_SYSTEM, binary, content_hash, observation, patient, token

JSON_NONE = {"Prefer": "return=minimal"}


class Writer:
    """One process. A line of its log is one fact:
    {"ack": [[type, id, vid, hash or null for a deletion], ...], "kind": ...}
    {"maybe": kind, ...}        outcome not known
    {"end": cycle}              nothing more in this cycle
    """

    def __init__(self, number, seed, log, port, sign, cycle, big):
        self.number = number
        self.random = random.Random(f"{seed}-{number}")
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.port = port
        self.sign = sign
        self.cycle = cycle
        self.big = big
        self.count = 0
        self.own = []

    def note(self, fact):
        os.write(self.log, json.dumps(fact).encode() + b"\n")

    def name(self):
        self.count += 1
        return f"w{self.number}-{self.count}"

    def acknowledged(self, reply, kind, resource, type_and_id=None):
        if reply.status not in (200, 201):
            raise Failed(f"{kind}: {reply.status} {reply.body[:300]!r}")
        if not type_and_id:
            type_and_id = reply.fields["location"].split("/fhir/")[1].split("/_history/")[0]
        kind_of, _, identity = type_and_id.partition("/")
        self.note({"kind": kind, "ack": [[kind_of, identity, reply.version(), content_hash(resource)]]})

    def create(self, client):
        name = self.name()
        resource = observation(self.random, name)
        try:
            reply = client.request("POST", "/fhir/Observation", resource, JSON_NONE)
        except Broken:
            self.note({"maybe": "create", "name": name, "hash": content_hash(resource)})
            raise
        self.acknowledged(reply, "create", resource)

    def update(self, client):
        if len(self.own) < 8 or self.random.random() < 0.05:
            self.own.append("p-" + self.name())
        identity = self.random.choice(self.own)
        resource = patient(self.random, self.name()) | {"id": identity}
        try:
            reply = client.request("PUT", "/fhir/Patient/" + identity, resource, JSON_NONE)
        except Broken:
            self.note({"maybe": "update", "id": identity, "hash": content_hash(resource)})
            raise
        self.acknowledged(reply, "update", resource, "Patient/" + identity)

    def delete(self, client):
        if not self.own:
            return
        identity = self.random.choice(self.own)
        try:
            reply = client.request("DELETE", "/fhir/Patient/" + identity)
        except Broken:
            self.note({"maybe": "update", "id": identity, "hash": None})
            raise
        if reply.status not in (200, 204):
            raise Failed(f"delete: {reply.status} {reply.body[:300]!r}")
        if reply.version():
            self.note({"kind": "delete", "ack": [["Patient", identity, reply.version(), None]]})

    def conditional(self, client):
        """All writers count through the same identifiers, so they race."""
        name = f"shared-{self.cycle.value}-{self.count // 8}"
        self.count += 1
        resource = observation(self.random, name)
        condition = {"If-None-Exist": f"identifier={TAG_SYSTEM}|{name}"} | JSON_NONE
        try:
            reply = client.request("POST", "/fhir/Observation", resource, condition)
        except Broken:
            self.note({"maybe": "conditional", "name": name})
            raise
        identity = reply.fields.get("location", "").split("Observation/")[-1].split("/")[0]
        if reply.status not in (200, 201) or not identity:
            raise Failed(f"conditional create: {reply.status} {reply.body[:300]!r}")
        fact = {"kind": "conditional", "name": name, "id": identity}
        if reply.status == 201:
            fact["ack"] = [["Observation", identity, reply.version(), content_hash(resource)]]
        self.note(fact)

    def transaction(self, client):
        """A patient with a name given here, and observations that get theirs from the node; all with one tag."""
        name = self.name()
        count = self.random.randrange(2, 12)
        whole = [patient(self.random, name, name) | {"id": "t-" + name}]
        whole += [observation(self.random, f"{name}-{i}", f"Patient/t-{name}", name) for i in range(count)]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": []}
        for resource in whole:
            path = f"Patient/t-{name}" if "id" in resource else "Observation"
            method = "PUT" if "id" in resource else "POST"
            bundle["entry"].append({"resource": resource, "request": {"method": method, "url": path}})
        try:
            reply = client.request("POST", "/fhir", bundle, JSON_NONE)
        except Broken:
            self.note({"maybe": "transaction", "name": name, "count": count})
            raise
        if reply.status != 200:
            raise Failed(f"transaction: {reply.status} {reply.body[:300]!r}")
        acknowledged = []
        for resource, entry in zip(whole, reply.json()["entry"]):
            parts = entry["response"]["location"].split("/")
            acknowledged.append([parts[-4], parts[-3], int(parts[-1]), content_hash(resource)])
        self.note({"kind": "transaction", "name": name, "count": count, "ack": acknowledged})

    def large(self, client):
        resource = binary(self.random, 300_000)
        try:
            reply = client.request("POST", "/fhir/Binary", resource, JSON_NONE)
        except Broken:
            self.note({"maybe": "large"})
            raise
        self.acknowledged(reply, "large", resource)

    def write(self, client):
        choices = [self.create] * 4 + [self.update] * 4 + [self.transaction] * 3 + [self.conditional] * 2 + [self.delete]
        if self.big.value:
            choices += [self.large] * 6
        self.random.choice(choices)(client)

    def run_cycle(self):
        client = None
        try:
            client = Client(self.port.value, sign=self.sign.value.decode())
            while True:
                self.write(client)
        except Broken:
            pass
        except Failed as why:
            self.note({"wrong": str(why)})
        except (KeyError, ValueError, IndexError) as why:
            self.note({"wrong": f"a reply that cannot be understood: {why!r}"})
        if client:
            client.close()

    def run(self):
        done = 0
        while self.cycle.value >= 0:
            if self.cycle.value == done:
                time.sleep(0.002)
                continue
            done = self.cycle.value
            if done > 0:
                self.run_cycle()
                self.note({"end": done})


class Writers:
    def __init__(self, count, seed, folder):
        self.port = multiprocessing.Value("i", 0)
        self.sign = multiprocessing.Array("c", 600)  # the token: the writers were there before the node
        self.cycle = multiprocessing.Value("i", 0)
        self.big = multiprocessing.Value("i", 0)
        self.logs = [f"{folder}/writer-{i}.log" for i in range(count)]
        self.files = []
        self.processes = []
        for i, log in enumerate(self.logs):
            writer = Writer(i, seed, log, self.port, self.sign, self.cycle, self.big)
            self.processes.append(multiprocessing.Process(target=writer.run, daemon=True))
            self.files.append(open(log, encoding="utf-8"))
        for process in self.processes:
            process.start()

    def go(self, port, big=False):
        """Lets them write to this port until their connections break."""
        self.port.value = port
        self.sign.value = token(port).encode()
        self.big.value = 1 if big else 0
        self.cycle.value += 1

    def facts(self, seconds=60):
        """What each has noted in this cycle, in its own order. Waits until all have noticed that the node is gone."""
        until = time.monotonic() + seconds
        found = []
        for number, file in enumerate(self.files):
            rest = ""
            while True:
                line = file.readline()
                if not line.endswith("\n"):
                    rest += line
                    if time.monotonic() > until:
                        raise Failed(f"writer {number} does not end")
                    time.sleep(0.005)
                    continue
                fact = json.loads(rest + line)
                rest = ""
                if "wrong" in fact:
                    raise Failed(f"writer {number}: {fact['wrong']}")
                if "end" in fact:
                    break
                found.append((number, fact))
        return found

    def end(self):
        self.cycle.value = -1
        for process in self.processes:
            process.join(5)
            if process.is_alive():
                process.kill()
