#!/usr/bin/env python3
"""The XML that is written says what the JSON says, to a reader that is not ours.

usage: xml_roundtrip.py FOLDER XML_TRIP LEAST

xml_trip compares JSON -> XML -> JSON; a fault that both directions share would escape it. So each file's XML is read with
Python's own parser too: at every path the same values in the same order, the same ids and urls, the same narrative.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

folder, xml_trip, least = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
FHIR, XHTML = "{http://hl7.org/fhir}", "{http://www.w3.org/1999/xhtml}"


def canonical(div):
    return ET.canonicalize(div, strip_text=False)


def from_json(value, path, name, found):
    if isinstance(value, dict):
        if "resourceType" in value:
            path = path + (value["resourceType"],)
        for key, inner in value.items():
            if key == "resourceType":
                continue
            if key == "div":
                found[path + ("div",)].append(canonical(inner.strip()))
            elif isinstance(inner, str) and (key == "id" and "resourceType" not in value or
                                             key == "url" and name in ("extension", "modifierExtension")):
                found[path + ("@" + key,)].append(inner)
            else:
                from_json(inner, path + (key.lstrip("_"),), key, found)
    elif isinstance(value, list):
        for item in value:
            from_json(item, path, name, found)
    elif value is not None:
        found[path].append(value if isinstance(value, str) else "true" if value is True else "false")


def from_xml(node, path, found):
    if node.tag == XHTML + "div":
        found[path + ("div",)].append(canonical(ET.tostring(node, encoding="unicode").rstrip()))
        return
    assert node.tag.startswith(FHIR), node.tag
    path = path + (node.tag[len(FHIR):],)
    for key, value in node.attrib.items():
        found[path if key == "value" else path + ("@" + key,)].append(value)
    assert not (node.text or "").strip()
    for child in node:
        from_xml(child, path, found)
        assert not (child.tail or "").strip()


def main():
    with tempfile.TemporaryDirectory() as into:
        done = subprocess.run([xml_trip, folder, least, into], capture_output=True, text=True)
        print(done.stdout, end="")
        failed = done.returncode != 0
        compared = 0
        ET.register_namespace("", XHTML[1:-1])
        for path in sorted(folder.rglob("*.json")):
            written = pathlib.Path(into) / (str(path.relative_to(folder)).replace("/", "_") + ".xml")
            if not written.exists():
                continue
            told, read = collections.defaultdict(list), collections.defaultdict(list)
            digits = {"parse_float": str, "parse_int": str}
            from_json(json.loads(path.read_text(encoding="utf-8"), **digits), (), "", told)
            from_xml(ET.parse(written).getroot(), (), read)
            compared += 1
            if told != read:
                failed = True
                differ = [key for key in set(told) | set(read) if told.get(key) != read.get(key)]
                print(f"FAILED {path.name}: {differ[:3]}: {told.get(differ[0])} but {read.get(differ[0])}")
    print(f"{compared} files compared by another reader")
    sys.exit(1 if failed or not compared else 0)


main()
