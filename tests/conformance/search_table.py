#!/usr/bin/env python3
"""The table of search cases (search/cases.txt) against a real node.

    search_table.py KITH [WORDS]     WORDS: only the cases whose line has them
"""

import json
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fault"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "search"))
import data
import kit

SHORT = {"{L}": "http://loinc.org", "{S}": "http://snomed.info/sct", "{U}": "http://unitsofmeasure.org",
         "{H}": "http://hosp/mrn", "{V}": "http://acme.org/fhir/ValueSet",
         "{W}": "word%20" * 300}
CASE = re.compile(r"(\S+) (?:(lenient|post) )?(\S+) =>(.*)")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGES_MAX = 50


def cases(name, words):
    """(line number, line, how it is sent, query, what is expected)"""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "search", name), encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#") or words not in line:
                continue
            found = CASE.fullmatch(line)
            kit.require(found, "%s:%d is not a case: %s", name, number, line)
            query = found.group(3)
            for short, long in SHORT.items():
                query = query.replace(short, long)
            yield number, line, found.group(2), query, found.group(4).strip()


def fill(client, resources):
    entries = [{"resource": made, "request": {"method": "PUT", "url": f"{made['resourceType']}/{made['id']}"}}
               for made in resources]
    reply = client.request("POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": entries})
    bad = [e["response"] for e in reply.json()["entry"] if not e["response"]["status"].startswith("201")]
    kit.require(reply.status == 200 and not bad, "the resources were refused: %s", json.dumps(bad)[:2000])


def ask(client, how, query):
    path = "/fhir/" + query if not query.startswith("?") else "/fhir" + query
    if how == "post":
        resource, _, form = query.partition("?")
        return client.request("POST", f"/fhir/{resource}/_search", form.encode(), FORM)
    return client.request("GET", path, None, {"Prefer": "handling=lenient"} if how == "lenient" else {})


def read(client, reply):
    """All pages: the ids of the matches in order, those of what was included, the total."""
    matches, included, total = [], set(), None
    for _ in range(PAGES_MAX):
        bundle = reply.json()
        total = bundle.get("total", total)
        for entry in bundle.get("entry", []):
            mode = entry["search"]["mode"]
            if mode == "match":
                matches.append(entry["resource"]["id"])
            elif mode == "include":
                included.add(entry["resource"]["id"])
        following = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        if not following:
            return matches, included, total
        url = urllib.parse.urlsplit(following)
        reply = client.request("GET", url.path + "?" + url.query)
        if reply.status != 200:
            return ["the next page failed"], included, total
    return ["there is no end to the pages"], included, total


def judge(client, reply, expected):
    """None, or what is wrong."""
    status = re.match(r"([45](?:\d\d|\.\.))(?: (.*))?$", expected)
    if status:
        if not re.fullmatch(status.group(1), str(reply.status)):
            return f"status {reply.status}: {reply.body[:300]}"
        words = status.group(2)
        return f"the outcome does not speak of it: {reply.body[:400]}" if words and words not in reply.body.decode() else None
    if reply.status != 200:
        return f"status {reply.status}: {reply.body[:400]}"
    matches, included, total = read(client, reply)
    if expected.startswith("total="):
        return None if str(total) == expected[6:] else f"total is {total}"
    ids, plus, more = expected.partition("+")
    ordered = ids.startswith(">")
    ids = ids.removeprefix(">").split()
    if ordered and matches != ids or not ordered and sorted(matches) != sorted(ids):
        return f"found {' '.join(matches)}"
    if plus and included != set(more.split()):
        return f"included {' '.join(sorted(included))}"
    return None if plus or not included else f"included {' '.join(sorted(included))}"


def run_cases(kith, folder, resources, name, words):
    node = kit.Node(kith, folder + "/node")
    wrong = done = 0
    try:
        node.create()
        node.start()
        client = node.client()
        fill(client, resources)
        for number, line, how, query, expected in cases(name, words):
            done += 1
            problem = judge(client, ask(client, how, query), expected)
            if problem:
                wrong += 1
                print(f"{name}:{number}: {line}\n    {problem}", flush=True)
        client.close()
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
    finally:
        node.end()
    print(f"{done} cases, {wrong} wrong")
    kit.require(not wrong, "%d of %d cases are wrong", wrong, done)
    return 0


def test(kith, folder):
    return run_cases(kith, folder, data.RESOURCES, "cases.txt", sys.argv[2] if len(sys.argv) > 2 else "")


if __name__ == "__main__":
    sys.exit(kit.run(test))
