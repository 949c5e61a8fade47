#!/usr/bin/env python3
"""An OpenID provider for tests, with nothing but the standard library: NHS login and CIS2 in shape.

    oidc_provider.py [--port N] [--alg ES256|RS256|RS512]

Prints its issuer, then serves until it is ended. Code flow with PKCE (S256), private_key_jwt, vectors of trust, userinfo,
keys that rotate. /authorize approves at once, as the current user. What a test changes, by POST of JSON:

    /test/client  {"client_id","jwk","redirect_uris":[]}     registers a client
    /test/user    {"user":"ann"}                             who is at the screen
    /test/fault   {"fault":"wrong_nonce"}                    one thing wrong from now on ("": nothing)
    /test/rotate  {"keep":false}                             signs with a new key
    /test/count   {}                                         how often each address was asked for
"""
import argparse
import base64
import hashlib
import hmac
import http.server
import json
import secrets
import threading
import time
import urllib.parse

USERS = {
    "ann": {"sub": "ann-0001", "given_name": "Ann", "family_name": "Example", "birthdate": "1971-03-04",
            "nhs_number": "9434765919", "identity_proofing_level": "P9", "vot": "P9.Cp.Cd"},
    "weak": {"sub": "weak-0002", "name": "Wes Weak", "birthdate": "1990-01-01", "nhs_number": "9434765919",
             "identity_proofing_level": "P5", "vot": "P5.Cp.Cd"},
    "key": {"sub": "key-0003", "name": "Kay Key", "nhs_number": "9434765919", "identity_proofing_level": "P9",
            "vot": "P9.Ck"},
    "levels": {"sub": "levels-0006", "name": "Lee Levels", "nhs_number": "9434765919", "identity_proofing_level": "P5",
               "vot": "P9.Cp.Cd"},
    "number": {"sub": "number-0005", "name": "Nora Number", "nhs_number": "9434765918", "birthdate": "4 March",
               "identity_proofing_level": "P9", "vot": "P9.Cm"},
    "nurse": {"sub": "555036632103", "name": "NURSE Nina", "acr": "AAL2_OR_AAL3_ANY", "authentication_assurance_level": "3",
              "nhsid_nrbac_roles": [{"org_code": "Y90001", "role_code": "S8000:G8000:R8001", "person_roleid": "1"}]},
    "password": {"sub": "555036632104", "name": "PLAIN Paul", "acr": "AAL1_USERPASS", "authentication_assurance_level": "1"},
}
HASHES = {"ES256": hashlib.sha256, "RS256": hashlib.sha256, "RS384": hashlib.sha384, "RS512": hashlib.sha512}
# DigestInfo before the hash (RFC 8017, 9.2).
DIGEST_INFO = {"RS256": "3031300d060960864801650304020105000420", "RS384": "3041300d060960864801650304020205000430",
               "RS512": "3051300d060960864801650304020305000440"}


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def whole(raw):
    return int.from_bytes(raw, "big")


class P256:
    """The curve (FIPS 186-4, D.1.2.3): not in constant time, which a test does not need."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    g = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
         0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)

    @classmethod
    def add(cls, a, b):
        if a is None or b is None:
            return a or b
        if a[0] == b[0] and (a[1] + b[1]) % cls.p == 0:
            return None
        if a == b:
            slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, cls.p)
        else:
            slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, cls.p)
        x = (slope * slope - a[0] - b[0]) % cls.p
        return x, (slope * (a[0] - x) - a[1]) % cls.p

    @classmethod
    def times(cls, k, point):
        total = None
        while k:
            if k & 1:
                total = cls.add(total, point)
            point = cls.add(point, point)
            k >>= 1
        return total


def probable_prime(bits):
    while True:
        n = secrets.randbits(bits) | 3 << (bits - 2) | 1
        if any(n % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)) or (n - 1) % 65537 == 0:
            continue
        if all(pow(base, n - 1, n) == 1 for base in (2, 3, 5, 7)):
            return n


class Key:
    """A signing key with its kid."""

    def __init__(self, alg):
        self.alg, self.kid = alg, secrets.token_hex(8)
        if alg == "ES256":
            self.d = secrets.randbelow(P256.n - 1) + 1
            self.public = P256.times(self.d, P256.g)
        else:
            p, q = probable_prime(1024), probable_prime(1024)
            self.n, self.d = p * q, pow(65537, -1, (p - 1) * (q - 1))

    def jwk(self):
        if self.alg == "ES256":
            parts = {"kty": "EC", "crv": "P-256", "x": b64(self.public[0].to_bytes(32, "big")),
                     "y": b64(self.public[1].to_bytes(32, "big"))}
        else:
            parts = {"kty": "RSA", "n": b64(self.n.to_bytes(256, "big")), "e": "AQAB"}
        return {**parts, "kid": self.kid, "use": "sig"}

    def sign(self, data):
        digest = HASHES[self.alg](data).digest()
        if self.alg == "ES256":
            k = secrets.randbelow(P256.n - 1) + 1
            r = P256.times(k, P256.g)[0] % P256.n
            s = pow(k, -1, P256.n) * (whole(digest) + r * self.d) % P256.n
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return pow(whole(padded(self.alg, digest)), self.d, self.n).to_bytes(256, "big")


def padded(alg, digest, size=256):
    tail = bytes.fromhex(DIGEST_INFO[alg]) + digest
    return b"\0\1" + b"\xff" * (size - 3 - len(tail)) + b"\0" + tail


def holds(jwk, alg, data, signature):
    """Whether it is a signature of the owner of jwk. The algorithm is the key's."""
    if jwk.get("alg") != alg or alg not in HASHES:
        return False
    digest = HASHES[alg](data).digest()
    if alg == "ES256":
        r, s = whole(signature[:32]), whole(signature[32:])
        if len(signature) != 64 or not (0 < r < P256.n and 0 < s < P256.n):
            return False
        w = pow(s, -1, P256.n)
        public = whole(unb64(jwk["x"])), whole(unb64(jwk["y"]))
        point = P256.add(P256.times(whole(digest) * w % P256.n, P256.g), P256.times(r * w % P256.n, public))
        return point is not None and point[0] % P256.n == r
    n, e = whole(unb64(jwk["n"])), whole(unb64(jwk["e"]))
    size = (n.bit_length() + 7) // 8
    return len(signature) == size and pow(whole(signature), e, n).to_bytes(size, "big") == padded(alg, digest, size)


class Refused(Exception):
    """What OAuth answers with."""

    def __init__(self, error, words, status=400):
        super().__init__(error)
        self.error, self.words, self.status = error, words, status


class Provider:
    def __init__(self, issuer, alg):
        self.issuer, self.alg = issuer, alg
        self.lock = threading.RLock()
        self.keys = [Key(alg)]
        self.clients, self.codes, self.tokens, self.assertions, self.counts = {}, {}, {}, set(), {}
        self.user, self.fault = "ann", ""

    def discovery(self):
        return {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/jwks",
                "userinfo_endpoint": self.issuer + "/userinfo", "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": [self.alg],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "RS384", "RS512"],
                "scopes_supported": ["openid", "profile"], "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True}

    def authorize(self, ask):
        client = self.clients.get(ask.get("client_id"))
        if not client or ask.get("redirect_uri") not in client["redirect_uris"]:
            raise Refused("invalid_request", "unknown client, or a redirect address that is not registered")
        for name, value in {"response_type": "code", "code_challenge_method": "S256"}.items():
            if ask.get(name) != value:
                raise Refused("invalid_request", f"{name} has to be {value}")
        if "openid" not in ask.get("scope", "").split() or not ask.get("nonce") or not ask.get("state"):
            raise Refused("invalid_request", "scope openid, nonce and state are required")
        if len(ask.get("code_challenge", "")) != 43 or len(ask["nonce"]) < 22:
            raise Refused("invalid_request", "code_challenge or nonce is too short")
        if "vtr" in ask and not (isinstance(json.loads(ask["vtr"]), list) and json.loads(ask["vtr"])):
            raise Refused("invalid_request", "vtr is a list of vectors")
        answer = {"state": ask["state"], "iss": self.issuer}
        if self.fault == "denied":
            answer["error"] = "access_denied"
        else:
            answer["code"] = secrets.token_urlsafe(24)
            self.codes[answer["code"]] = {"ask": ask, "user": self.user, "until": time.time() + 60}
        if self.fault == "other_issuer":
            answer["iss"] = "https://other.example"
        elif self.fault == "no_issuer":
            del answer["iss"]
        elif self.fault == "other_state":
            answer["state"] = answer["state"][:-2] + "AA"
        return ask["redirect_uri"] + "?" + urllib.parse.urlencode(answer)

    def check_client(self, form):
        client = self.clients.get(form.get("client_id"))
        if not client or form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            raise Refused("invalid_client", "private_key_jwt is required", 401)
        head, body, signature = form["client_assertion"].split(".")
        header, claims = json.loads(unb64(head)), json.loads(unb64(body))
        if header.get("kid") != client["jwk"].get("kid"):
            raise Refused("invalid_client", "unknown kid", 401)
        if not holds(client["jwk"], header.get("alg"), f"{head}.{body}".encode(), unb64(signature)):
            raise Refused("invalid_client", "the signature does not hold", 401)
        now = time.time()
        if claims["iss"] != form["client_id"] or claims["sub"] != form["client_id"]:
            raise Refused("invalid_client", "iss and sub are the client", 401)
        if claims["aud"] != self.issuer + "/token" or claims["jti"] in self.assertions:
            raise Refused("invalid_client", "aud is the token endpoint; each jti counts once", 401)
        if not now - 120 < claims["exp"] < now + 420:
            raise Refused("invalid_client", "exp has passed, or is more than five minutes ahead", 401)
        self.assertions.add(claims["jti"])

    def token(self, form):
        self.check_client(form)
        code = self.codes.pop(form.get("code"), None)
        if form.get("grant_type") != "authorization_code" or not code or code["until"] < time.time():
            raise Refused("invalid_grant", "no such code, or it was used")
        ask = code["ask"]
        if form.get("redirect_uri") != ask["redirect_uri"] or form["client_id"] != ask["client_id"]:
            raise Refused("invalid_grant", "the code was given to another client or address")
        if b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest()) != ask["code_challenge"]:
            raise Refused("invalid_grant", "code_verifier does not fit")
        access = secrets.token_urlsafe(32)
        self.tokens[access] = code["user"]
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 300,
                  "id_token": self.id_token(ask, USERS[code["user"]], access)}
        if self.fault == "no_id_token":
            del answer["id_token"]
        elif self.fault == "other_type":
            answer["token_type"] = "mac"
        elif self.fault == "injected":
            answer["access_token"] = "x\r\nX-Evil: 1"
        return answer

    def claims(self, ask, user, access):
        now = int(time.time())
        half = HASHES[self.alg](access.encode()).digest()
        claims = {"iss": self.issuer, "sub": user["sub"], "aud": ask["client_id"], "iat": now, "exp": now + 300,
                  "nonce": ask["nonce"], "jti": secrets.token_hex(8), "auth_time": now - 20,
                  "at_hash": b64(half[:len(half) // 2])}
        claims.update({name: user[name] for name in ("vot", "acr", "authentication_assurance_level") if name in user})
        wrong = {"wrong_nonce": {"nonce": "x" * 43}, "wrong_aud": {"aud": "another"}, "wrong_iss": {"iss": self.issuer + "/"},
                 "expired": {"exp": now - 61, "iat": now - 300}, "future": {"iat": now + 400, "exp": now + 700},
                 "stale": {"iat": now - 700}, "low_vot": {"vot": "P0.Cp"}, "odd_vot": {"vot": "P9.P9.Cp.Cd"},
                 "other_azp": {"azp": "another"}, "several": {"aud": [ask["client_id"], "another"]},
                 "several_azp": {"aud": [ask["client_id"], "another"], "azp": ask["client_id"]},
                 "wrong_at_hash": {"at_hash": b64(half[:16][::-1])}, "old_sign_in": {"auth_time": now - 7200},
                 "no_sub": {"sub": ""}}
        claims.update(wrong.get(self.fault, {}))
        if self.fault.startswith("without_"):
            claims.pop(self.fault[len("without_"):], None)
        return claims

    def id_token(self, ask, user, access):
        key = self.keys[-1]
        header = {"alg": key.alg, "kid": key.kid, "typ": "JWT"}
        body = json.dumps(self.claims(ask, user, access))
        if self.fault == "twice":
            body = body[:-1] + ', "sub": "somebody-else"}'
        if self.fault == "alg_none":
            header["alg"] = "none"
        elif self.fault == "alg_hmac":
            header["alg"] = "HS256"
        elif self.fault == "logout_token":
            header["typ"] = "logout+jwt"
        elif self.fault == "unknown_kid":
            header["kid"] = "nobody"
        elif self.fault == "crit":
            header["crit"] = ["exp"]
        elif self.fault == "other_key":
            key = Key(self.alg)
        elif self.fault == "header_key":
            key = Key(self.alg)
            header["jwk"] = key.jwk()
            header["jku"] = self.issuer + "/jwks"
        data = b64(json.dumps(header).encode()) + "." + b64(body.encode())
        signature = key.sign(data.encode())
        if self.fault == "alg_none":
            signature = b""
        elif self.fault == "alg_hmac":
            public = json.dumps(self.keys[-1].jwk()).encode()
            signature = hmac.new(public, data.encode(), hashlib.sha256).digest()
        return data + "." + b64(signature)

    def userinfo(self, bearer):
        if bearer not in self.tokens:
            raise Refused("invalid_token", "no such token", 401)
        user = {k: v for k, v in USERS[self.tokens[bearer]].items() if k not in ("vot", "acr")}
        return {**user, "sub": "somebody-else"} if self.fault == "other_sub" else user

    def test(self, what, given):
        if what == "client":
            self.clients[given["client_id"]] = given
        elif what == "user":
            self.user = given["user"]
        elif what == "fault":
            self.fault = given["fault"]
        elif what == "rotate":
            self.keys = (self.keys if given.get("keep") else []) + [Key(self.alg)]
        elif what != "count":
            raise Refused("not_found", what, 404)
        return self.counts


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, location=None):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(raw)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(raw)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()

    def serve(self, path, query):
        provider = self.server.provider
        provider.counts[path] = provider.counts.get(path, 0) + 1
        if self.command == "POST" and path.startswith("/test/"):
            return self.answer(200, provider.test(path[6:], json.loads(self.body())))
        if self.command == "GET" and path == "/.well-known/openid-configuration":
            return self.answer(200, provider.discovery())
        if self.command == "GET" and path == "/jwks":
            return self.answer(200, {"keys": [key.jwk() for key in provider.keys]})
        if self.command == "GET" and path == "/authorize":
            return self.answer(302, b"", provider.authorize(dict(urllib.parse.parse_qsl(query, strict_parsing=True))))
        if self.command == "POST" and path == "/token":
            form = dict(urllib.parse.parse_qsl(self.body(), strict_parsing=True))
            if provider.fault == "elsewhere":
                return self.answer(307, b"", provider.issuer + "/token")
            if provider.fault == "broken":
                return self.answer(500, {"error": "server_error"})
            if provider.fault == "huge":
                return self.answer(200, b"{" + b" " * 100000 + b"}")
            return self.answer(200, provider.token(form))
        if self.command == "GET" and path == "/userinfo":
            return self.answer(200, provider.userinfo(self.headers.get("Authorization", "").removeprefix("Bearer ")))
        raise Refused("not_found", path, 404)

    def handle_one(self):
        path, _, query = self.path.partition("?")
        with self.server.provider.lock:
            try:
                self.serve(path, query)
            except Refused as why:
                self.answer(why.status, {"error": why.error, "error_description": why.words})
            except (KeyError, ValueError) as why:
                self.answer(400, {"error": "invalid_request", "error_description": repr(why)})

    do_GET = do_POST = handle_one


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that hangs up is no fault of this server."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--alg", choices=["ES256", "RS256", "RS512"], default="ES256")
    args = parser.parse_args()
    server = Server(("127.0.0.1", args.port), Handler)
    server.provider = Provider(f"http://127.0.0.1:{server.server_port}", args.alg)
    print(server.provider.issuer, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
