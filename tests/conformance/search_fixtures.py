#!/usr/bin/env python3
"""Search cases over fixtures of a server test suite.

    search_fixtures.py FOLDER KITH
"""

import json
import sys

import search_table
from search_table import kit

BUNDLES = ["Normative/Includes-TestResources.json"]
RESOURCES = ["ObservationWith1MinuteApgarScore", "ObservationWith20MinuteApgarScore", "ObservationWithTPMTDiplotype",
             "ObservationWithTPMTHaplotypeOne"]


def load(folder):
    resources = []
    for name in BUNDLES:
        with open(f"{folder}/{name}", encoding="utf-8-sig") as file:
            resources += [entry["resource"] for entry in json.load(file)["entry"]]
    for name in RESOURCES:
        with open(f"{folder}/Normative/{name}.json", encoding="utf-8-sig") as file:
            resources.append(json.load(file))
    # The reports of the bundle have one object where R4 has an array: they are not R4.
    return [made for made in resources if made["resourceType"] != "DiagnosticReport"]


def test(kith, folder):
    return search_table.run_cases(kith, folder, load(sys.argv[2]), "cases_fixtures.txt", "")


if __name__ == "__main__":
    sys.argv[1:3] = [sys.argv[2], sys.argv[1]]
    sys.exit(kit.run(test))
