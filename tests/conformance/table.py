#!/usr/bin/env python3
"""The tables of the public suites in README.md and docs/conformance.md, from what the suites printed.

    table.py RESULTS KITH [--write]

Every conformance test leaves what it printed in RESULTS (see `noted`); this runs last, and runs no suite itself. A line of the
tables that differs from the run fails. What was not run since KITH was built, or was skipped since its data is absent, is not
compared; --write, which tools/conformance-table uses, wants all of it.
"""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SKIPPED = 77
FAR = "docs/conformance.md"
LISTS = "tests/conformance/"

SETS = {
    "r4_examples": "Official R4 examples (`hl7.fhir.r4.examples` 4.0.1, two thirds of them)",
    "r4_definitions": "Official R4 definitions (`hl7.fhir.r4.core` 4.0.1)",
    "synthea_2021": "Synthea 2021 (transaction and batch bundles)",
    "synthea_2019": "Synthea 2019 (transaction bundles)",
    "synthea_bulk": "Bulk export, 10 patients",
    "synthea_people": "Bulk export, demographics of 1,000 patients (half)",
    "uk_eps": "NHS England: Electronic Prescription Service",
    "uk_bars": "NHS England: Booking and Referral Standard",
    "uk_pds": "NHS England: Personal Demographics Service",
    "uk_scr": "NHS England: Summary Care Record",
    "uk_immunisation": "NHS England: Immunisation API",
    "uk_ers": "NHS England: e-Referral Service",
}
# What of these sets goes through XML too, and how README.md calls them in one line.
TRIPS = {
    "xml_r4_examples": ("Official R4 examples", "R4 examples"),
    "xml_r4_definitions": ("Official R4 definitions", "R4 definitions"),
    "xml_synthea_2021": ("Synthea 2021", "Synthea 2021"),
    "xml_synthea_2019": ("Synthea 2019", "Synthea 2019"),
    "xml_synthea_bulk": ("Bulk export, 10 patients", "bulk export"),
    "xml_synthea_people": ("Bulk export, demographics of 1,000 patients (half)", "its demographics"),
    "xml_uk_scr": ("NHS England: Summary Care Record", "Summary Care Record"),
    "xml_ukcore_definitions": ("UK Core: definitions", "UK Core definitions"),
    "xml_ukcore_examples": ("UK Core: examples", "UK Core examples"),
}
Table = collections.namedtuple("Table", "file name head rows")


class Run:
    """What the tests of this run printed."""

    def __init__(self, folder, kith):
        self.folder, self.built, self.absent = folder, kith.stat().st_mtime, set()

    def said(self, test):
        file = self.folder / test
        if file.is_file() and file.stat().st_mtime >= self.built:
            return file.read_text()
        self.absent.add(test)
        return None

    def numbers(self, test, pattern):
        """The numbers of the line that says it; None: the test was not run."""
        text = self.said(test)
        if text is None:
            return None
        found = re.search(pattern.replace("#", r"(\d+)"), text)
        if not found:
            sys.exit(f"{test} did not print '{pattern}' but: {text[-300:]}")
        return [int(number) for number in found.groups()]

    def trip(self, test):
        return self.numbers(test, "# resources made the trip, # XML files read, # refused, # not accepted, # failed")


def link(words, target, file):
    return f"[{words}]({target if file == 'README.md' else '../' + target})"


def suite(run, title, test, pattern, make):
    """One line, or None."""
    numbers = run.numbers(test, pattern)
    return numbers and f"| {title} | " + " | ".join(make(*numbers)) + " |"


def suite_rows(run, file):
    """A line for each suite that is not of validation by sets of data."""
    conformance = FAR if file == "README.md" else ""

    def here(words, anchor):
        return f"[{words}]({conformance}#{anchor})"

    def listed(name):
        return link(name, LISTS + name, file)

    return [
        suite(run, "FHIRPath: official suite", "fhirpath", "# of # ", lambda right, all_: (
            f"{right:,} of {all_:,}", f"what differs, with the reason: {listed('fhirpath_exceptions.txt')}")),
        suite(run, "Terminology: HL7 `tx-ecosystem`, general suites", "terminology", "# of # as expected, # of them exceptions", lambda right, all_, but: (
            f"{right - but:,} of {all_:,}", f"against a running node; what differs, with the reason: {listed('terminology_exceptions.txt')}")),
        suite(run, "JSONTestSuite", "json_suite", "# that must be read, # that must be refused, # either: # failed", lambda yes, no, either, bad: (
            f"{yes + no - bad:,} of {yes + no:,}", f"{yes} that a reader must accept, {no} that it must refuse; the {either} where it may choose: {here('choices', 'json')}")),
        trips_row(run, here),
        suite(run, "XML of others: definitions of UK Core", "xml_ukcore_definitions", "trip, # XML files read, # refused", lambda right, wrong: (
            f"{right:,} of {right + wrong:,}", f"the other is not well formed as FHIR: {here('where', 'xml')}")),
        suite(run, "XML of others: examples of UK Core", "xml_ukcore_examples", "trip, # XML files read, # refused", lambda right, wrong: (
            f"{right:,} of {right + wrong:,}", "read and given back as the same data")),
        suite(run, "Snapshots: profiles of R4, made anew", "snapshots_r4", "# definitions, # snapshots made, # compared, # failures", lambda all_, made, same, bad: (
            f"{made:,} of {all_:,}", f"{same:,} compared with those that were published; what differs: {listed('snapshots.c')}")),
        suite(run, "Snapshots: profiles of UK Core", "snapshots_ukcore", "# definitions, # snapshots made, # compared, # failures", lambda all_, made, same, bad: (
            f"{made:,} of {all_:,}", "published without; every element of a differential has its place")),
        suite(run, "Search: fixtures of a public server's tests", "search_fixtures", "# cases, # wrong", lambda all_, bad: (
            f"{all_ - bad:,} of {all_:,}", f"its resources, cases of our own: {listed('search/cases_fixtures.txt')}")),
        suite(run, "Search: our own cases", "search_table", "# cases, # wrong", lambda all_, bad: (
            f"{all_ - bad:,} of {all_:,}", f"{listed('search/cases.txt')}")),
        suite(run, "Validation: our own broken set", "broken_set", "# broken resources and # that pass: # not as expected", lambda broken, right, bad: (
            f"{broken + right - bad:,} of {broken + right:,}", f"{broken} resources broken in one way each, {right} twins that pass: {link('cases', LISTS + 'broken', file)}")),
        suite(run, "Validation: examples of UK Core, broken", "validation", "# examples broken, # not as it should be", lambda all_, bad: (
            f"{all_ - bad:,} of {all_:,}", f"each in one way that its profile forbids, and the finding has to come: {listed('validation_broken.py')}")),
        suite(run, "Same person: near twins", "near_twins", "# pairs, # wrong joins, # missed, # wrong", lambda pairs, joined, missed, bad: (
            f"{pairs - bad:,} of {pairs:,}", f"invented pairs, hard to tell apart; no two people joined: {listed('near_twins.py')}")),
    ]


def trips_row(run, here):
    trips = {name: run.trip(name) for name in TRIPS}
    if None in trips.values():
        return None
    made, bad = sum(one[0] for one in trips.values()), sum(one[4] for one in trips.values())
    each = ", ".join(f"{TRIPS[name][1]} {one[0]:,}" for name, one in trips.items())
    return f"| JSON → XML → JSON: the same data | {made:,} of {made + bad:,} | of the resources that R4 allows ({here('the others', 'xml')}): {each} |"


def accepted_rows(run, file):
    for name, title in SETS.items():
        numbers = run.numbers(name, "# accepted, # refused, 0 failed")
        yield numbers and f"| {title} | {numbers[0]:,} | {numbers[1]:,} |"


def trip_rows(run, file):
    for name, (title, _) in TRIPS.items():
        numbers = run.trip(name)
        if numbers:
            made, read, refused, _, _ = numbers
            of = f" of {read + refused:,}" if refused else ""
            yield f"| {title} | {made:,} | {f'{read:,}{of}' if read else ''} |"
        else:
            yield None


def validation_rows(run, file):
    """validation.py prints the lines itself, and which sets it has left out."""
    text = run.said("validation")
    if text is None:
        return [None]
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return rows + [None] * len(re.findall(r"^skipped:", text, re.M))


HEADS = {
    "suites": (["| Suite | As they should be | |", "|---|---:|---|"], suite_rows),
    "validation": (["| Data | Files | Resources | Files without errors | Files with errors that are right |", "|---|---:|---:|---:|---:|"], validation_rows),
    "accepted": (["| Data | Accepted | Refused |", "|---|---:|---:|"], accepted_rows),
    "xml": (["| Data | Made the trip | XML files read |", "|---|---:|---:|"], trip_rows),
}
PLACES = {"README.md": ["suites", "validation"], FAR: ["suites", "accepted", "xml", "validation"]}


def tables(run):
    for file, names in PLACES.items():
        for name in names:
            head, rows = HEADS[name]
            yield Table(file, name, head, list(rows(run, file)))


def parts(table):
    """What stands before, between and behind the marks of a table."""
    text = (ROOT / table.file).read_text()
    found = re.search(rf"(.*<!-- {table.name}: begin[^>]*-->\n)(.*?)(<!-- {table.name}: end -->.*)", text, re.S)
    if not found:
        sys.exit(f"{table.file} has no '<!-- {table.name}: begin -->' with its end")
    return found.groups()


def is_current(table):
    there = parts(table)[1].strip().splitlines()
    rows = [row for row in table.rows if row]
    wrong = [row for row in rows if row not in there]
    if not wrong and len(rows) == len(table.rows) and there != table.head + rows:
        wrong = ["a line too many, or lines in another order"]
    for row in wrong:
        print(f"{table.file}: the table '{table.name}' differs from the run: {row}\n    run tools/conformance-table")
    return not wrong


def main():
    run = Run(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    made = list(tables(run))
    absent = ", ".join(sorted(run.absent))
    if "--write" in sys.argv:
        if absent or any(None in table.rows for table in made):
            sys.exit(f"not everything was run, or its data is absent: {absent or 'sets of validation'}")
        for table in made:
            before, _, behind = parts(table)
            (ROOT / table.file).write_text(before + "\n".join(table.head + table.rows) + "\n" + behind)
        return 0
    current = [is_current(table) for table in made]
    count = sum(bool(row) for table in made for row in table.rows)
    print(f"{count} lines compared with the run" + (f"; not run: {absent}" if absent else ""))
    return 1 if not all(current) else 0 if count else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
