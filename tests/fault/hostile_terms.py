#!/usr/bin/env python3
"""Definitions, validations, expansions and patches that mean harm: each is answered with a clear outcome within its
deadline and in bounded memory, and small requests of others go on meanwhile.

    hostile_terms.py KITH

Everything here may be sent by somebody who may write: profiles whose rules never end, value sets that import each
other, code systems as deep as they are long, and whatever is asked with them.
"""

import json
import multiprocessing
import os
import sys
import time

import kit

DEADLINE = 3     # validate_seconds and search_seconds of the node
SLACK = 4.0 * (4 if os.environ.get("KITH_SMALL") == "yes" else 1)  # for reading, sending and a busy machine
MEMORY_MB = 1600  # definitions_memory, two requests at their cap, and what the node has itself
DEFINITIONS = 64 << 20
OTHERS_MS = 500  # the slowest that a small request may be, while one of these runs
SMALL = kit.size(1, 8)  # what only repeats is done less often under sanitizers

BASE = "http://hostile.example/"
CORE = "http://hl7.org/fhir/StructureDefinition/"
JSON = {"Content-Type": "application/fhir+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
XML = {"Content-Type": "application/fhir+xml"}
XML_PATCH = {"Content-Type": "application/xml-patch+xml"}


# --- definitions -----------------------------------------------------------------------------------------------------


def profile(name, elements, of="Patient", base=None, **more):
    made = {"resourceType": "StructureDefinition", "id": name, "url": BASE + name, "name": "N" + name.replace("-", ""),
            "status": "active", "kind": "resource", "abstract": False, "type": of, "baseDefinition": base or CORE + of,
            "derivation": "constraint", "differential": {"element": elements}}
    return made | more


def rule(key, expression, path="Patient"):
    return {"id": path, "path": path,
            "constraint": [{"key": key, "severity": "error", "human": "holds", "expression": expression}]}


def value_set(name, include, **more):
    return {"resourceType": "ValueSet", "id": name, "url": BASE + name, "status": "active",
            "compose": {"include": include} | more}


def code_system(name, concepts, **more):
    return {"resourceType": "CodeSystem", "id": name, "url": BASE + name, "status": "active", "content": "complete",
            "concept": concepts} | more


def chain_of_parents(n):
    """Each below the one before: its closure is quadratic."""
    return [{"code": f"c{i}"} | ({"property": [{"code": "parent", "valueCode": f"c{i - 1}"}]} if i else {}) for i in range(n)]


def many_slices(n):
    elements = [{"id": "Patient", "path": "Patient"},
                {"id": "Patient.identifier", "path": "Patient.identifier",
                 "slicing": {"discriminator": [{"type": "pattern", "path": "type"}], "rules": "open"}}]
    for i in range(n):
        elements.append({"id": f"Patient.identifier:s{i}", "path": "Patient.identifier", "sliceName": f"s{i}"})
        elements.append({"id": f"Patient.identifier:s{i}.type", "path": "Patient.identifier.type",
                         "patternCodeableConcept": {"coding": [{"system": "urn:s", "code": f"c{i}"}]}})
    return elements


def definitions():
    """(resource, whether it may be refused when it is written)."""
    bombs = {
        "repeats": "repeat(descendants()).count() + repeat(descendants() | $this).count() > 0",
        "products": "descendants().all(%resource.descendants().all(%resource.descendants().exists()))",
        "regex": "identifier.all(value.matches('^(a+)+$'))",
        "strings": "('a'.replace('a','aaaaaaaaaa')" + ".replace('a','aaaaaaaaaa')" * 12 + ").length() > 0",
        "deep": "(" * 200 + "true" + ")" * 200,
        "deeper": "not(" * 20000 + "true" + ")" * 20000,
        "itself": f"conformsTo('{BASE}itself')",
    }
    for name, expression in bombs.items():
        yield profile(name, [rule("x-1", expression)])
    yield profile("circle-a", [{"id": "Patient", "path": "Patient"}], base=BASE + "circle-b")
    yield profile("circle-b", [{"id": "Patient", "path": "Patient"}], base=BASE + "circle-a")
    for i in range(80):
        yield profile(f"step-{i}", [{"id": "Patient", "path": "Patient"}], base=BASE + f"step-{i + 1}" if i < 79 else None)
    yield profile("many-rules", [{"id": "Patient", "path": "Patient", "constraint": [
        {"key": f"k-{i}", "severity": "error", "human": "holds", "expression": f"descendants().where($this is string and length() = {i}).count() >= 0"}
        for i in range(300)]}])
    yield profile("inside-itself", [
        {"id": "Patient.contained", "path": "Patient.contained", "type": [{"code": "Patient", "profile": [BASE + "inside-itself"]}]},
        {"id": "Patient.managingOrganization", "path": "Patient.managingOrganization",
         "type": [{"code": "Reference", "targetProfile": [BASE + "inside-itself"]}]}])
    yield profile("nest", [
        {"id": "Extension", "path": "Extension", "constraint": [
            {"key": "n-1", "severity": "error", "human": "holds", "expression": f"%resource.conformsTo('{BASE}step-60')"}]},
        {"id": "Extension.extension", "path": "Extension.extension",
         "slicing": {"discriminator": [{"type": "profile", "path": "$this"}], "rules": "open"}},
        {"id": "Extension.extension:in", "path": "Extension.extension", "sliceName": "in",
         "type": [{"code": "Extension", "profile": [BASE + "nest"]}]},
        {"id": "Extension.url", "path": "Extension.url", "fixedUri": BASE + "nest"}], of="Extension", kind="complex-type",
                  context=[{"type": "element", "expression": "Element"}])
    yield profile("many-slices", many_slices(3000 // SMALL))
    yield profile("long", [{"id": "Patient", "path": "Patient"}] + [
        {"id": f"Patient.extension:e{i}", "path": "Patient.extension", "sliceName": f"e{i}",
         "type": [{"code": "Extension", "profile": [BASE + f"e{i}"]}]} for i in range(20000 // SMALL)])
    yield profile("strange", [
        {"id": "Patient.name", "path": "Patient.name", "slicing": {"rules": "closed", "discriminator": [
            {"type": "value", "path": "resolve().resolve().resolve()"}, {"type": "profile", "path": "$this.$this.$this"},
            {"type": "type", "path": "extension('" + "x" * 1000 + "')"}, {"type": "exists", "path": "." * 500}]}},
        {"id": "Patient.name:a", "path": "Patient.name", "sliceName": "a"}])
    yield value_set("ring-a", [{"valueSet": [BASE + "ring-b"]}])
    yield value_set("ring-b", [{"valueSet": [BASE + "ring-a"]}])
    for i in range(100):
        yield value_set(f"row-{i}", [{"valueSet": [BASE + f"row-{i + 1}"]}])
    yield value_set("crowd", [{"system": "urn:x", "concept": [{"code": f"c{i}"}]} for i in range(100000 // SMALL)])
    yield value_set("tree", [{"valueSet": [BASE + f"branch-0-{j}" for j in range(2)]}] * 2)
    for i in range(30):
        for j in range(2):
            yield value_set(f"branch-{i}-{j}", [{"valueSet": [BASE + f"branch-{i + 1}-{k}"]} for k in range(2)])
    yield code_system("letters", [{"code": "a" * 60 + str(i)} for i in range(5000 // SMALL)])
    yield value_set("letters-regex", [{"system": BASE + "letters", "filter": [
        {"property": "code", "op": "regex", "value": "(a+)+b"}]}])
    yield value_set("letters-many", [{"system": BASE + "letters", "filter": [
        {"property": "code", "op": "regex", "value": f".*a{{{i}}}.*b?"} for i in range(1, 500)]}])
    yield value_set("minus", [{"system": BASE + "letters"}],
                    exclude=[{"system": BASE + "letters", "concept": [{"code": f"none{i}"}]} for i in range(100000 // SMALL)])
    yield code_system("ladder", chain_of_parents(40000 // SMALL), property=[{"code": "parent", "type": "code"}])
    yield value_set("ladder-all", [{"system": BASE + "ladder", "filter": [{"property": "concept", "op": "is-a", "value": "c0"}]}])
    for a, b in (("map-a", "map-b"), ("map-b", "map-a")):
        yield {"resourceType": "ConceptMap", "id": a, "url": BASE + a, "status": "active", "group": [
            {"source": "urn:x", "target": "urn:y", "element": [{"code": "q"}],
             "unmapped": {"mode": "other-map", "url": BASE + b}}]}
    yield {"resourceType": "Questionnaire", "id": "tall", "url": BASE + "tall", "status": "active", "item": [
        {"linkId": f"q{i}", "type": "choice", "answerOption": [{"valueCoding": {"code": f"a{j}"}} for j in range(20)],
         "enableBehavior": "any", "enableWhen": [{"question": f"q{(i + 1) % 3000}", "operator": "=", "answerCoding": {"code": "z"}}] * 5}
        for i in range(3000 // SMALL)]}
    yield {"resourceType": "Patient", "id": "p", "name": [{"family": "Penny", "given": ["A"] * 50}]}


# --- what is asked ---------------------------------------------------------------------------------------------------


def parameters(*pairs):
    return {"resourceType": "Parameters", "parameter": [dict({"name": name}, **{kind: value}) for name, kind, value in pairs]}


def patient(**more):
    return {"resourceType": "Patient"} | more


def nested_items(depth, leaf):
    item = leaf
    for i in range(depth):
        item = {"linkId": f"g{i}", "item": [item]}
    return item


def operation(kind, path, *more):
    return {"name": "operation", "part": [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}, *more]}


def validations():
    text = {"system": "urn:s", "value": "a" * 4000 + "!"}
    big = patient(identifier=[text] * 20, name=[{"family": f"f{i}", "given": ["x"] * 20} for i in range(500 // SMALL)])
    for name in ("repeats", "products", "regex", "strings", "deep", "deeper", "itself", "circle-a", "step-0", "step-40", "many-rules",
                 "inside-itself", "strange"):
        yield "profile " + name, "POST", f"/fhir/Patient/$validate?profile={BASE}{name}", big, JSON
    ids = [{"type": {"coding": [{"system": "urn:s", "code": f"x{i}"}]}, "value": "1"} for i in range(3000 // SMALL)]
    yield "slices times items", "POST", f"/fhir/Patient/$validate?profile={BASE}many-slices", patient(identifier=ids), JSON
    yield "20,000 slices", "POST", f"/fhir/Patient/$validate?profile={BASE}long", patient(
        extension=[{"url": f"urn:e{i}", "valueString": "x"} for i in range(3000 // SMALL)]), JSON
    yield "regex extension", "POST", "/fhir/StructureDefinition/$validate", profile("r", [
        {"id": "Patient.id", "path": "Patient.id", "extension": [{"url": CORE + "regex", "valueString": "(a*)*b"}]}]), JSON
    inner = patient(contained=[patient(id=f"c{i}", managingOrganization={"reference": f"#c{i + 1}"}) for i in range(2000 // SMALL)])
    yield "contained in a ring", "POST", f"/fhir/Patient/$validate?profile={BASE}inside-itself", inner, JSON
    yield "extensions", "POST", "/fhir/Patient/$validate", patient(
        extension=[{"url": f"{BASE}e{i}", "valueString": "x"} for i in range(50000 // SMALL)]), JSON
    nested = {"url": BASE + "nest", "valueString": "x"}
    for _ in range(28):
        nested = {"url": BASE + "nest", "extension": [nested]}
    yield "extensions in themselves", "POST", "/fhir/Patient/$validate", patient(extension=[nested]), JSON
    yield "profiles in meta", "POST", "/fhir/Patient/$validate", patient(
        meta={"profile": [f"{BASE}nowhere-{i}" for i in range(20000 // SMALL)]}), JSON
    yield "code systems", "POST", "/fhir/Observation/$validate", {
        "resourceType": "Observation", "status": "final", "code": {"coding": [
            {"system": f"{BASE}nothing-{i}", "code": "x"} for i in range(50000 // SMALL)]}}, JSON
    entries = [{"fullUrl": f"urn:uuid:00000000-0000-4000-8000-{i:012}", "resource": patient(
        link=[{"other": {"reference": f"urn:uuid:00000000-0000-4000-8000-{i + 1:012}"}, "type": "seealso"}])} for i in range(20000 // SMALL)]
    yield "20,000 entries", "POST", "/fhir/Bundle/$validate", {"resourceType": "Bundle", "type": "collection", "entry": entries}, JSON
    head = {"fullUrl": "urn:uuid:10000000-0000-4000-8000-000000000000", "resource": {
        "resourceType": "Composition", "status": "final", "type": {"text": "t"}, "date": "2020", "title": "t",
        "author": [{"display": "x"}], "section": [{"entry": [{"reference": e["fullUrl"]} for e in entries]}]}}
    yield "document of 20,000", "POST", "/fhir/Bundle/$validate", {
        "resourceType": "Bundle", "type": "document", "timestamp": "2020-01-01T00:00:00Z",
        "identifier": {"system": "urn:s", "value": "1"}, "entry": [head] + entries}, JSON
    same = [{"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000000", "resource": patient()}] * (20000 // SMALL)
    yield "one fullUrl", "POST", "/fhir/Bundle/$validate", {"resourceType": "Bundle", "type": "collection", "entry": same}, JSON
    answers = [{"linkId": f"q{i}", "answer": [{"valueCoding": {"code": f"b{j}"}} for j in range(20)]} for i in range(3000 // SMALL)]
    yield "answers", "POST", "/fhir/QuestionnaireResponse/$validate", {
        "resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": BASE + "tall", "item": answers[::-1]}, JSON
    yield "one linkId", "POST", "/fhir/Questionnaire/$validate", {
        "resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "q", "type": "group", "item": [{"linkId": "q", "type": "string"}] * (20000 // SMALL)}]}, JSON
    yield "deep items", "POST", "/fhir/Questionnaire/$validate", json.dumps({
        "resourceType": "Questionnaire", "status": "active",
        "item": [nested_items(20, {"linkId": "x", "type": "string"})]}).encode(), JSON
    yield "10,000 levels", "POST", "/fhir/Questionnaire/$validate", (
        b'{"resourceType":"Questionnaire","status":"active"' + b',"item":[{"linkId":"a","type":"group"' * 10000 + b"}]" * 10000 + b"}"), JSON


def terminology():
    for name in ("ring-a", "row-0", "crowd", "tree", "minus", "letters-regex", "letters-many", "ladder-all"):
        yield "expand " + name, "GET", f"/fhir/ValueSet/$expand?url={BASE}{name}&count=10", None, {}
        yield "validate in " + name, "GET", f"/fhir/ValueSet/$validate-code?url={BASE}{name}&system=urn:x&code=c9", None, {}
    flood = [("tx-resource", "resource", code_system(f"tx{i}", [{"code": "a"}])) for i in range(20000 // SMALL)]
    yield "tx-resources", "POST", "/fhir/ValueSet/$validate-code", parameters(
        ("url", "valueUri", BASE + "ring-a"), ("code", "valueCode", "a"), ("system", "valueUri", BASE + "tx1"), *flood), JSON
    ladder = code_system("ladder-tx", chain_of_parents(40000 // SMALL), property=[{"code": "parent", "type": "code"}])
    inline = value_set("in", [{"system": BASE + "ladder-tx", "filter": [{"property": "concept", "op": "is-a", "value": "c0"}]}])
    yield "deep tx-resource", "POST", "/fhir/ValueSet/$expand", parameters(
        ("valueSet", "resource", inline), ("tx-resource", "resource", ladder)), JSON
    full = [{"code": f"l{i}-{j}", "property": [{"code": "parent", "valueCode": f"l{i - 1}-{k}"} for k in range(100)] if i else []}
            for i in range(40 // SMALL) for j in range(100)]
    yield "many parents", "POST", "/fhir/CodeSystem/$lookup", parameters(
        ("system", "valueUri", BASE + "full"), ("code", "valueCode", "l3-1"),
        ("tx-resource", "resource", code_system("full", full, property=[{"code": "parent", "type": "code"}]))), JSON
    yield "many regexes", "POST", "/fhir/ValueSet/$expand", parameters(("valueSet", "resource", value_set("in", [
        {"system": BASE + "letters", "filter": [{"property": "code", "op": "regex", "value": "(" * 40 + "a+" + ")+" * 40 + "b"}]}] * 200))), JSON
    yield "translate in a ring", "GET", f"/fhir/ConceptMap/$translate?url={BASE}map-a&system=urn:x&code=none", None, {}
    yield "filter of 8,000", "GET", f"/fhir/ValueSet/$expand?url={BASE}letters-regex&filter=" + "a%20" * 2000, None, {}
    yield "ECL of ECLs", "GET", "/fhir/ValueSet/$expand?url=http://snomed.info/sct?fhir_vs=ecl/" + "(" * 3000 + "*" + ")" * 3000, None, {}
    yield "huge name", "POST", "/fhir/Patient/$match", parameters(
        ("resource", "resource", patient(name=[{"family": "a" * 1000000, "given": ["b" * 1000000]}]))), JSON
    yield "many names", "POST", "/fhir/Patient/$match", parameters(("resource", "resource", patient(
        name=[{"family": f"Penny{i}", "given": [f"A{j}" for j in range(50)]} for i in range(2000 // SMALL)]))), JSON


def patches():
    at = "/fhir/Patient/p"
    double = [{"op": "add", "path": "/extension", "value": []}] + [
        {"op": "copy", "from": "/extension", "path": "/extension/0"} for _ in range(100)]
    yield "copies of copies", "PATCH", at, json.dumps(double).encode(), JSON_PATCH
    doubled = [{"op": "add", "path": "/x", "value": "a" * 1000}] + [{"op": "copy", "from": "", "path": f"/x{i}"} for i in range(64)]
    yield "the whole into itself", "PATCH", at, json.dumps(doubled).encode(), JSON_PATCH
    yield "100,000 tests", "PATCH", at, json.dumps(
        [{"op": "test", "path": "/name/0/family", "value": "Penny"}] * (100000 // SMALL)).encode(), JSON_PATCH
    yield "fronts", "PATCH", at, json.dumps([{"op": "add", "path": "/name/0", "value": {"family": "x"}}] * (50000 // SMALL)).encode(), JSON_PATCH
    yield "paths that repeat", "PATCH", at, {"resourceType": "Parameters", "parameter": [
        operation("delete", "Patient.repeat(descendants() | $this).where(false)")] * 50}, JSON
    yield "deep path", "PATCH", at, {"resourceType": "Parameters", "parameter": [
        operation("delete", "(" * 100000 + "Patient" + ")" * 100000)]}, JSON
    yield "many additions", "PATCH", at, {"resourceType": "Parameters", "parameter": [
        operation("insert", "Patient.name", {"name": "index", "valueInteger": 0},
                  {"name": "value", "valueHumanName": {"family": "x"}})] * (5000 // SMALL)}, JSON
    select = "//*" + "[//*" * 20 + "]" * 20
    yield "XPath of XPaths", "PATCH", at, f'<diff><remove sel="{select}"/></diff>'.encode(), XML_PATCH
    yield "XPath that counts", "PATCH", at, (
        '<diff><remove sel="' + "//*[count(//*[count(//*[count(//*[count(//*)>0])>0])>0])>0]" + '"/></diff>').encode(), XML_PATCH
    yield "entities", "POST", "/fhir/Patient/$validate", (
        '<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa">' + "".join(f'<!ENTITY a{i} "{"&a%s;" % (i - 1 if i else "") * 10}">' for i in range(9)) +
        ']><Patient xmlns="http://hl7.org/fhir"><id value="&a8;"/></Patient>').encode(), XML


def cases():
    return [*validations(), *terminology(), *patches()]


# --- the run ---------------------------------------------------------------------------------------------------------


def memory_mb(node):
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


class Other(multiprocessing.Process):
    """Small requests, all the time, as people at work send them."""

    def __init__(self, port, stopping, told):
        super().__init__(daemon=True)
        self.port, self.stopping, self.told = port, stopping, told

    def run(self):
        slowest = []
        try:
            self.ask(slowest)
        except kit.Broken as why:
            slowest.append((60.0, f"no answer: {why}", time.monotonic() - 60, 0))
        self.told.put(slowest)

    def ask(self, slowest):
        client = kit.Client(self.port, 60)
        small = json.dumps(patient(name=[{"family": "x"}])).encode()
        while not self.stopping.is_set():
            for what, method, path, body in (("read", "GET", "/fhir/Patient/p", None), ("search", "GET", "/fhir/Patient?name=penny", None),
                                             ("validate", "POST", "/fhir/Patient/$validate", small)):
                began = time.monotonic()
                reply = client.request(method, path, body, JSON if body else None)
                slowest.append((time.monotonic() - began, what, began, reply.status))
            time.sleep(0.005)


def problem(name, reply, took):
    if reply.status not in (200, 201, 400, 403, 404, 409, 412, 413, 422, 503):
        return f"{name}: status {reply.status}: {reply.body[:300]}"
    if reply.status >= 400:
        try:
            issue = reply.json()["issue"][0]
            clear = issue.get("details", {}).get("text") or issue.get("diagnostics")
        except (ValueError, KeyError, IndexError):
            clear = None
        if not clear:
            return f"{name}: no clear outcome: {reply.body[:300]}"
    return f"{name}: took {took:.1f} s" if took > DEADLINE + SLACK else None


def attack(node, name, method, path, body, fields):
    client = node.client(60)
    began = time.monotonic()
    reply = client.request(method, path, body, fields)
    took = time.monotonic() - began
    client.close()
    return reply, began, took


def store_all(node, wrong):
    """What is refused when it is written does no harm later."""
    for resource in definitions():
        name = f"{resource['resourceType']}/{resource['id']}"
        reply, _, took = attack(node, name, "PUT", "/fhir/" + name, resource, JSON)
        bad = problem(name, reply, took)
        wrong += [bad] if bad else []
        if reply.status >= 300 or took > 0.5:
            print(f"  {name}: {reply.status} after {took:.3f} s {reply.body[:150] if reply.status >= 300 else ''}", flush=True)


def delays(slowest, times):
    """The slowest of the others' requests, with what ran at that time."""
    out = []
    for took, what, began, status in sorted(slowest, reverse=True)[:8]:
        running = [name for name, start, end in times if start < began + took and end > began]
        out.append((took, f"{what} {took * 1000:.0f} ms (status {status}) during {', '.join(running) or 'nothing'}"))
    return out


def test(kith, folder):
    node = kit.Node(kith, folder + "/node")
    stopping, told, wrong, times = multiprocessing.Event(), multiprocessing.Queue(), [], []
    try:
        node.create()
        node.start("--limit", f"validate_seconds={DEADLINE}", "--limit", f"search_seconds={DEADLINE}",
                   "--limit", f"definitions_memory={DEFINITIONS}")
        store_all(node, wrong)
        other = Other(node.port, stopping, told)
        other.start()
        most = 0.0
        for name, method, path, body, fields in cases():
            if os.environ.get("KITH_ONLY", "") not in name:
                continue
            try:
                reply, began, took = attack(node, name, method, path, body, fields)
            except kit.Broken as why:
                raise kit.Failed(f"{name}: no answer: {why} (exit status {node.process.poll()})") from why
            times.append((name, began, began + took))
            most = max(most, memory_mb(node))
            bad = problem(name, reply, took)
            wrong += [bad] if bad else []
            print(f"  {name}: {reply.status} after {took:.3f} s, {most:.0f} MB, {len(reply.body)} bytes "
                  f"{reply.body[:int(os.environ.get('KITH_SHOW', '0'))]}", flush=True)
        reply, _, _ = attack(node, "", "GET", f"/fhir/ValueSet/$expand?url={BASE}letters-regex", None, {})
        kit.require(reply.status == 200, "the node has not recovered: %d %s", reply.status, reply.body[:300])
        stopping.set()
        answers = told.get(timeout=120)
        wrong += [f"others: {what}, status {status}" for _, what, _, status in answers if status not in (200, 503)][:5]
        slowest = delays(answers, times)
        for _, words in slowest:
            print("  others:", words, flush=True)
        kit.require(not wrong, "%d wrong answers: %s", len(wrong), "; ".join(wrong[:10]))
        kit.require(os.environ.get("KITH_TIMINGS") == "no" or slowest[0][0] * 1000 < OTHERS_MS, "others waited: %s", slowest[0][1])
        kit.require(most < MEMORY_MB or SMALL > 1, "the node used %.0f MB", most)
        kit.require(node.stop() == 0, "SIGTERM: exit status is not 0")
        node.check()
        kit.require(not node.failures_logged(), "the log tells of faults: %s", node.failures_logged()[:3])
    finally:
        stopping.set()
        node.end()
    return 0


if __name__ == "__main__":
    sys.exit(kit.run(test))
