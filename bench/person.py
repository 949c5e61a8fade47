"""A professional who signs in at a node as people do, and who looks after every patient there."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import secrets
import struct
import time
import urllib.parse

from kit import command

PRACTITIONER = "bench-doctor"


def code_of(secret):
    """RFC 6238: six digits, SHA-1, 30 s."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time() // 30)), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06}"


def episodes(patients):
    """The practitioner, and an episode of care of each patient in their hands: the relationship by which the record is open."""
    made = [{"resourceType": "Practitioner", "id": PRACTITIONER, "active": True, "name": [{"family": "Bench", "given": ["Ada"]}]}]
    made += [{"resourceType": "EpisodeOfCare", "id": f"bench-episode-{i}", "status": "active",
              "patient": {"reference": "Patient/" + patient}, "period": {"start": "2020-01-01"},
              "careManager": {"reference": "Practitioner/" + PRACTITIONER}} for i, patient in enumerate(patients)]
    return {"resourceType": "Bundle", "type": "transaction",
            "entry": [{"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in made]}


class Person:
    """An account with a session: invited, a password, a one-time code. The node must be running."""

    def __init__(self, node, login, *options):
        self.address, self.cookies, self.csrf, self.token = node.address, {}, "", ""
        made = command(node.kith, "user", "add", node.folder, login, "--login", login, *options)
        invite = re.search(r"/invite/([A-Za-z0-9_\-]+)", made)[1]
        self.csrf = self.ask("GET", "/auth/session").get("csrf", "")
        got = self.ask("POST", "/auth/invite/" + invite, {"login": login, "password": "a long and quiet pass phrase " + login})
        self.csrf = got.get("csrf", self.csrf)
        if got.get("step") == "enrol":
            secret = self.ask("POST", "/auth/totp/new", {})["secret"]
            self.ask("POST", "/auth/totp/confirm", {"code": code_of(secret)})
        got = self.ask("GET", "/auth/session")
        self.csrf = got["csrf"]
        if got.get("step") != "done":
            raise RuntimeError(f"{login} could not sign in: {got}")
        self.renew()

    def renew(self):
        """A token as the portal gets it: it lasts 15 minutes."""
        own = "http://" + self.address
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        app = {"client_id": "kith-portal", "redirect_uri": own + "/"}
        asked = {"response_type": "code", "scope": "user/*.cruds", "state": "s", "aud": own + "/fhir", "prompt": "none",
                 "code_challenge": challenge, "code_challenge_method": "S256", **app}
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request("GET", "/oauth/authorize?" + urllib.parse.urlencode(asked), None, self.fields())
        reply = connection.getresponse()
        reply.read()
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(reply.getheader("Location")).query)["code"][0]
        connection.request("POST", "/oauth/token", urllib.parse.urlencode(
            {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, **app}),
            {"Content-Type": "application/x-www-form-urlencoded"})
        self.token = json.load(connection.getresponse())["access_token"]
        connection.close()

    def fields(self):
        """What a browser sends with each request of this session."""
        fields = {"Origin": "http://" + self.address, "Sec-Fetch-Site": "same-origin"}
        if self.token:
            fields["Authorization"] = "Bearer " + self.token
        if self.csrf:
            fields["X-Kith-CSRF"] = self.csrf
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return fields

    def lines(self):
        """The same, as KITH_FIELDS has it, with a token that has just begun."""
        self.renew()
        return "\n".join(f"{name}: {value}" for name, value in self.fields().items())

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        sent = self.fields()
        if body is not None:
            sent["Content-Type"] = "application/fhir+json" if path.startswith("/fhir") else "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        reply = connection.getresponse()
        text = reply.read()
        for value in reply.headers.get_all("Set-Cookie") or []:
            name, _, rest = value.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        connection.close()
        if reply.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {reply.status} {text[:400]}")
        return json.loads(text or b"{}")
