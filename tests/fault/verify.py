"""Compares a node with what its clients know."""

import collections

from kit import TAG_SYSTEM, content_hash, require


class Ledger:
    """All that was acknowledged, and what has an unknown outcome."""

    def __init__(self):
        self.versions = {}  # (type, id, vid) -> hash, None for a deletion
        self.newest = {}  # (type, id) -> vid
        self.shared = {}  # name -> id
        self.counts = collections.Counter()

    def add(self, facts):
        """Returns the new versions and the open questions."""
        new = {}
        maybe = []
        for _, fact in facts:
            if "maybe" in fact:
                maybe.append(fact)
                self.counts["unknown " + fact["maybe"]] += 1
                continue
            self.counts[fact["kind"]] += 1
            for kind, identity, vid, digest in fact.get("ack", []):
                key = (kind, identity, vid)
                known = self.versions.get(key, digest)
                require(known == digest, "%s/%s: version %s was acknowledged twice, for different contents", *key)
                new[key] = digest
                newest = self.newest.get(key[:2], 0)
                self.newest[key[:2]] = max(vid, newest)
            if fact["kind"] == "conditional":
                first = self.shared.setdefault(fact["name"], fact["id"])
                require(first == fact["id"], "identifier %s was given to two resources: %s and %s", fact["name"], first,
                        fact["id"])
        self.versions.update(new)
        return new, maybe


def verify_versions(client, versions):
    """Each acknowledged version is there, with the content that was sent."""
    keys = list(versions)
    paths = [f"/fhir/{kind}/{identity}/_history/{vid}" for kind, identity, vid in keys]
    for key, (path, reply) in zip(keys, client.get_all(paths)):
        digest = versions[key]
        if digest is None:
            require(reply.status == 410, "%s: the acknowledged deletion is lost (%d)", path, reply.status)
            continue
        require(reply.status == 200, "%s: an acknowledged write is lost (%d %s)", path, reply.status, reply.body[:300])
        resource = reply.json()
        require(resource["meta"]["versionId"] == str(key[2]), "%s has version %s", path, resource["meta"]["versionId"])
        require(content_hash(resource) == digest, "%s: the content is not what was acknowledged: %s", path, resource)


def verify_newest(client, ledger, maybe):
    """What is current is the last acknowledged version, or one newer whose outcome was not known."""
    asked = collections.defaultdict(set)
    for fact in maybe:
        if fact["maybe"] == "update":
            asked[("Patient", fact["id"])].add(fact["hash"])
    for key, digests in asked.items():
        reply = client.get(f"/fhir/{key[0]}/{key[1]}")
        last = ledger.newest.get(key, 0)
        if reply.status == 404:
            require(last == 0, "%s/%s had version %d and is gone", *key, last)
            continue
        require(reply.status in (200, 410), "%s/%s: %d", *key, reply.status)
        vid = reply.version()
        require(vid in (last, last + 1), "%s/%s has version %s; %d is the last known", *key, vid, last)
        digest = None if reply.status == 410 else content_hash(reply.json())
        if vid > last:
            require(digest in digests, "%s/%s has a version that nobody wrote", *key)
            ledger.versions[key + (vid,)] = digest
            ledger.newest[key] = vid
            ledger.counts["unknown, was stored"] += 1
        elif last:
            require(digest == ledger.versions[key + (last,)], "%s/%s has other content than version %d", *key, last)


def search(client, query):
    reply = client.get("/fhir/" + query)
    require(reply.status == 200, "%s: %d %s", query, reply.status, reply.body[:300])
    return reply.json()


def count_found(client, query):
    return search(client, query + "&_summary=count")["total"]


def found(client, query):
    return [entry["resource"] for entry in search(client, query).get("entry", [])]


def verify_maybe(client, ledger, maybe):
    """What has an unknown outcome is there whole, or not at all."""
    for fact in maybe:
        if fact["maybe"] == "transaction":
            count = count_found(client, f"Observation?_tag={TAG_SYSTEM}|{fact['name']}")
            patient = client.get(f"/fhir/Patient/t-{fact['name']}").status
            whole = count == fact["count"] and patient == 200
            require(whole or (count == 0 and patient == 404), "half a transaction: %d of %d observations, patient %d (%s)",
                    count, fact["count"], patient, fact["name"])
            ledger.counts["unknown, was stored"] += whole
        elif fact["maybe"] == "create":
            resources = found(client, f"Observation?identifier={TAG_SYSTEM}|{fact['name']}")
            require(len(resources) <= 1, "%s was created %d times", fact["name"], len(resources))
            for resource in resources:
                require(content_hash(resource) == fact["hash"], "%s has other content", fact["name"])
                ledger.counts["unknown, was stored"] += 1


def verify_shared(client, facts, ledger):
    """Whatever the writers raced for exists once."""
    names = {fact["name"] for _, fact in facts if "conditional" in (fact.get("kind"), fact.get("maybe"))}
    for name in sorted(names):
        resources = found(client, f"Observation?identifier={TAG_SYSTEM}|{name}")
        known = name in ledger.shared
        require(len(resources) == 1 or (not resources and not known), "identifier %s has %d resources", name,
                len(resources))
        if known:
            require(resources[0]["id"] == ledger.shared[name], "identifier %s has moved", name)


def verify_transactions(client, facts):
    """The index agrees, too: a transaction is found by its tag, whole. Some of them, for time's sake."""
    for _, fact in [f for f in facts if f[1].get("kind") == "transaction"][:10]:
        count = count_found(client, f"Observation?_tag={TAG_SYSTEM}|{fact['name']}")
        require(count == fact["count"], "transaction %s: %d of %d observations are found", fact["name"], count,
                fact["count"])


def verify_cycle(client, ledger, facts):
    new, maybe = ledger.add(facts)
    verify_newest(client, ledger, maybe)
    verify_versions(client, new)
    verify_maybe(client, ledger, maybe)
    verify_shared(client, facts, ledger)
    verify_transactions(client, facts)
    return len(new)
