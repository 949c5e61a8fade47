"""What the fault tests share: a node that can be killed, a plain HTTP client, resources, and how they are compared."""

import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
TAG_SYSTEM = "urn:kith:fault"


class Broken(Exception):
    """The connection ended before the whole reply was there: the outcome is not known."""


class Failed(Exception):
    """The test has found something wrong."""


def require(condition, words, *values):
    if not condition:
        raise Failed(words % values if values else words)


# --- HTTP ------------------------------------------------------------------------------------------------------------


class Reply:
    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    def json(self):
        return json.loads(self.body)

    def version(self):
        """The number in the ETag, or None."""
        etag = self.fields.get("etag", "")
        return int(etag[3:-1]) if etag.startswith('W/"') else None


TOKEN = "KITH_TEST_TOKEN_"  # and the port: the environment goes to processes that a test starts


def token(port):
    return os.environ.get(f"{TOKEN}{port}", "")


class Client:
    """One connection. Slower than it could be, but every byte of it is here to be read."""

    def __init__(self, port, timeout=30.0, sign=None):
        self.sign = f"Authorization: Bearer {sign or token(port)}"
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.file = self.socket.makefile("rb", 1 << 16)
        except OSError as why:
            raise Broken(str(why)) from why

    def close(self):
        self.file.close()
        self.socket.close()

    def request(self, method, path, resource=None, fields=None):
        body = resource if isinstance(resource, bytes) else b""
        if resource is not None and not body:
            body = json.dumps(resource, separators=(",", ":")).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", self.sign]
        fields = dict(fields or {})
        if resource is not None:
            fields.setdefault("Content-Type", "application/fhir+json")
            fields["Content-Length"] = len(body)
        lines += [f"{name}: {value}" for name, value in fields.items()]
        try:
            self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            return self._reply()
        except OSError as why:
            raise Broken(str(why)) from why

    def get(self, path):
        return self.request("GET", path)

    def get_all(self, paths, at_once=100):
        """Many GETs, pipelined."""
        for i in range(0, len(paths), at_once):
            part = paths[i : i + at_once]
            try:
                head = f" HTTP/1.1\r\nHost: localhost\r\n{self.sign}\r\n\r\n".encode()
                self.socket.sendall(b"".join(b"GET %s" % p.encode() + head for p in part))
                for path in part:
                    yield path, self._reply()
            except OSError as why:
                raise Broken(str(why)) from why

    def _reply(self):
        line = self.file.readline()
        if not line.startswith(b"HTTP/1.1 ") or not line.endswith(b"\r\n"):
            raise Broken("no reply")
        status = int(line.split()[1])
        fields = {}
        while (line := self.file.readline()) != b"\r\n":
            if not line.endswith(b"\r\n"):
                raise Broken("the head is cut off")
            name, _, value = line.decode("latin-1").partition(":")
            fields[name.lower()] = value.strip()
        if fields.get("transfer-encoding") == "chunked":
            return Reply(status, fields, self._chunks())
        return Reply(status, fields, self._bytes(int(fields.get("content-length", "0"))))

    def _bytes(self, n):
        body = self.file.read(n)
        if len(body) != n:
            raise Broken("the body is cut off")
        return body

    def _chunks(self):
        body = []
        while True:
            line = self.file.readline()
            if not line.endswith(b"\r\n"):
                raise Broken("a chunk is cut off")
            n = int(line.split(b";")[0], 16)
            body.append(self._bytes(n))
            if self.file.readline() != b"\r\n":
                raise Broken("a chunk is cut off")
            if n == 0:
                return b"".join(body)


# --- the node --------------------------------------------------------------------------------------------------------


class Node:
    def __init__(self, kith, folder, log=None):
        self.kith = os.path.abspath(kith)
        self.folder = folder
        self.process = None
        self.port = 0
        self.token = ""
        self.log = open(log or folder + ".log", "ab")

    def create(self):
        self._run("init", self.folder, "--organisation", "Y90001", "--name", "Fault tests")

    def _run(self, *words):
        done = subprocess.run([self.kith, *words], capture_output=True, text=True, errors="replace", check=False)
        require(done.returncode == 0, "kith %s ended with %d: %s", " ".join(words), done.returncode, done.stderr)
        return done.stdout.strip()

    def spawn(self, *options, before=None):
        """Starts it without waiting for anything."""
        self.process = subprocess.Popen(
            [self.kith, "serve", self.folder, "--listen", "127.0.0.1:0", "--json", *options],
            stdout=subprocess.PIPE,
            stderr=self.log,
            preexec_fn=before,
        )

    def wait_ready(self):
        line = self.process.stdout.readline()
        if not line.startswith(b"{"):
            status = None
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self.process.wait(10)
            raise Failed(f"kith serve did not start (status {status}); see {self.log.name}")
        self.port = int(json.loads(line)["address"].rsplit(":", 1)[1])
        self.token = self.token or self._run("token", self.folder)
        os.environ[f"{TOKEN}{self.port}"] = self.token
        os.environ["KITH_TOKEN"] = self.token  # for bench/load

    def start(self, *options, before=None):
        self.spawn(*options, before=before)
        self.wait_ready()

    def client(self, timeout=30.0):
        return Client(self.port, timeout)

    def kill(self):
        """As a power cut would, except that what the kernel holds is kept."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Gracefully. Returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.process.stdout.close()
        return status

    def end(self):
        """Whatever state it is in."""
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.close()

    def check(self):
        done = subprocess.run([self.kith, "check", self.folder], capture_output=True, text=True, errors="replace", check=False)
        require(done.returncode == 0, "kith check ended with %d:\n%s%s", done.returncode, done.stdout[:2000], done.stderr[:500])

    def failures_logged(self):
        """Lines of the log that a healthy node never writes."""
        with open(self.log.name, encoding="utf-8", errors="replace") as lines:
            return [line for line in lines if "store lost" in line or '"level":"error"' in line]


# --- resources -------------------------------------------------------------------------------------------------------


def observation(r, name, patient=None, tag=None):
    """One whose content is its own: `name` is in its identifier."""
    resource = {
        "resourceType": "Observation",
        "identifier": [{"system": TAG_SYSTEM, "value": name}],
        "status": r.choice(["final", "amended", "preliminary"]),
        "code": {"coding": [{"system": "http://loinc.org", "code": r.choice(["8867-4", "8310-5", "29463-7"])}]},
        "effectiveDateTime": f"20{r.randrange(10, 27)}-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}",
        "valueQuantity": {"value": r.randrange(1, 1000) / 10, "unit": "kg"},
        "note": [{"text": r.randbytes(r.randrange(4, 200)).hex()}],
    }
    if patient:
        resource["subject"] = {"reference": patient}
    if tag:
        resource["meta"] = {"tag": [{"system": TAG_SYSTEM, "code": tag}]}
    return resource


def patient(r, name, tag=None):
    resource = {
        "resourceType": "Patient",
        "identifier": [{"system": TAG_SYSTEM, "value": name}],
        "name": [{"family": r.choice(["Ashworth", "Okafor", "Singh"]), "given": [r.randbytes(6).hex()]}],
        "birthDate": f"19{r.randrange(30, 99)}-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}",
    }
    if tag:
        resource["meta"] = {"tag": [{"system": TAG_SYSTEM, "code": tag}]}
    return resource


def binary(r, size):
    """One that cannot be compressed, so that it fills the disk."""
    data = base64.b64encode(r.randbytes(size * 3 // 4)).decode()
    return {"resourceType": "Binary", "contentType": "application/octet-stream", "data": data}


def content_hash(resource):
    """Of all that the client sent: what the server sets in id and meta is left out."""
    copy = dict(resource)
    copy.pop("id", None)
    meta = {k: v for k, v in copy.pop("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    if meta:
        copy["meta"] = meta
    return hashlib.sha256(json.dumps(copy, sort_keys=True).encode()).hexdigest()[:24]


# --- people ----------------------------------------------------------------------------------------------------------


def code_of(secret):
    """A one-time code: RFC 6238, six digits, SHA-1, 30 s."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time() // 30)), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06}"


# --- running ---------------------------------------------------------------------------------------------------------


def settings(default_seed=None):
    """The seed is printed, so that a failing run can be repeated: KITH_SEED."""
    seed = int(os.environ.get("KITH_SEED", default_seed or random.SystemRandom().randrange(1, 1 << 31)))
    print(f"seed {seed} (repeat with KITH_SEED={seed})", flush=True)
    return seed


def size(full, small):
    """How often something is done that only repeats: less under sanitizers (KITH_SMALL), which make it several times slower."""
    return small if os.environ.get("KITH_SMALL") == "yes" else full


def several(at_once, work, *items):
    """work() of the items, as map() does it, so many at once, each in a process of its own: they wait for the disk more than they work. Results in
    order; what one of them has found wrong is raised."""
    with concurrent.futures.ProcessPoolExecutor(at_once) as pool:
        yield from pool.map(work, *items)


def run(test):
    """Runs a test in a folder of its own, which is kept when it fails. Exit status for Meson."""
    if len(sys.argv) < 2:
        print(f"usage: {sys.argv[0]} KITH [LOAD]")
        return 2
    folder = tempfile.mkdtemp(prefix="kith-fault-")
    started = time.monotonic()
    try:
        status = test(sys.argv[1], folder) or 0
    except Failed as why:
        print(f"FAILED: {why}\n(the folder is kept: {folder})", flush=True)
        return 1
    subprocess.run(["rm", "-rf", folder], check=False)
    if status == 0:
        print(f"passed in {time.monotonic() - started:.1f} s", flush=True)
    return status
