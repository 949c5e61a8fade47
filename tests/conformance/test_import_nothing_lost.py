#!/usr/bin/env python3
"""Nothing is lost on the way in: real records are imported, exported again, and compared with the input.

usage: test_import_nothing_lost.py KITH ARCHIVE

KITH_SMALL=yes (with sanitizers): only one in EVERY of the archive's people, beside those whom all refer to.

Counts by type equal the input's; each body equals its input apart from id, meta and resolved references (numbers compared
by their digits); every resolved reference leads to what it meant; `kith check` is clean.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

kith, archive = sys.argv[1], pathlib.Path(os.environ.get("KITH_DATA", "../shared/data")) / sys.argv[2]
if not archive.exists():
    print(f"skipped: {archive} is not there (set KITH_DATA)")
    sys.exit(77)


EVERY = 4 if os.environ.get("KITH_SMALL") == "yes" else 1


def left_out(folder):
    """Files of people; hospitals and practitioners have files of their own, which all of them need."""
    people = [path for path in sorted(folder.glob("*.json")) if "Information" not in path.name]
    return [path for i, path in enumerate(people) if i % EVERY]


def load(text):
    return json.loads(text, parse_float=lambda digits: {"number": digits}, parse_int=lambda digits: {"number": digits})


def is_resolved(reference):
    return reference.startswith("urn:") or "?" in reference.split("#")[0]


def shape(value, hide):
    """Canonical text; references that an import resolves are replaced by a word."""
    if isinstance(value, dict):
        return {k: ("REFERENCE" if k == "reference" and isinstance(v, str) and hide(v) else shape(v, hide))
                for k, v in value.items()}
    if isinstance(value, list):
        return [shape(v, hide) for v in value]
    return value


def key(resource, hide):
    body = {k: v for k, v in resource.items() if k not in ("id", "meta")}
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    return json.dumps([shape(body, hide), meta], sort_keys=True)


def references(value):
    if isinstance(value, dict):
        for k, v in value.items():
            if k == "reference" and isinstance(v, str):
                yield v
            else:
                yield from references(v)
    elif isinstance(value, list):
        for v in value:
            yield from references(v)


def inputs(folder):
    """(full url or None, resource) of every resource in the folder."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".ndjson":
            for line in path.read_text().splitlines():
                resource = load(line)
                if "resourceType" in resource:
                    yield None, resource
        elif path.suffix == ".json":
            for entry in load(path.read_text())["entry"]:
                yield entry.get("fullUrl"), entry["resource"]


def run(*args, statuses=(0,)):
    done = subprocess.run(args, capture_output=True, text=True)
    if done.returncode not in statuses:
        sys.exit(f"{' '.join(args[:2])} gave {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


with tempfile.TemporaryDirectory() as work:
    work = pathlib.Path(work)
    with tarfile.open(archive) as tar:
        tar.extractall(work)
    folder = work / archive.name.split(".")[0]
    for log in folder.glob("log.ndjson"):
        log.unlink()
    for path in left_out(folder):
        path.unlink()
    run(kith, "init", str(work / "node"), "--organisation", "Y90001", "--name", "Test")
    summary = json.loads(run(kith, "import", str(work / "node"), str(folder), "--json"))
    run(kith, "export", str(work / "node"), str(work / "out"), "--json")
    checked = run(kith, "check", str(work / "node"))

    problems = []
    wanted = list(inputs(folder))
    counts = collections.Counter(r["resourceType"] for _, r in wanted)
    if dict(counts) != summary["by_type"]:
        problems.append(f"counts differ: {sorted(counts.items())} was given, {sorted(summary['by_type'].items())} taken")

    stored = [load(line) for path in (work / "out").glob("*.ndjson") for line in path.read_text().splitlines()]
    known = {f"{r['resourceType']}/{r['id']}" for r in stored}
    has_urls = any(url for url, _ in wanted)
    hide_in = is_resolved
    # Bundles: every reference between entries was resolved. Lines: literal ones stay, conditional ones were resolved.
    literal = {ref for _, r in wanted for ref in references(r) if not is_resolved(ref)}
    hide_out = lambda ref: ref not in literal and not ref.startswith("#")

    wanted = [(url, r, key(r, hide_in)) for url, r in wanted]
    stored_by_key = {}
    after = collections.Counter()
    for r in stored:
        k = key(r, hide_out)
        after[k] += 1
        stored_by_key[k] = r
    before = collections.Counter(k for _, _, k in wanted)
    lost, added = before - after, after - before
    for what, some in (("lost or changed", lost), ("not in the input", added)):
        for text, n in list(some.items())[:3]:
            problems.append(f"{what} ({n} times): {text[:600]}")
        if some:
            problems.append(f"{sum(some.values())} resources {what}")

    # Where a body is unique, input and stored resource can be paired, and references followed on both sides.
    pair = {}
    for url, r, k in wanted:
        if url and before[k] == 1 and k in stored_by_key:
            pair[url] = f"{r['resourceType']}/{stored_by_key[k]['id']}"
    followed = wrong = 0
    for _, r, k in wanted:
        if before[k] == 1 and k in stored_by_key:
            for ref_in, ref_out in zip(references(r), references(stored_by_key[k])):
                if ref_in in pair:
                    followed += 1
                    wrong += pair[ref_in] != ref_out
                elif is_resolved(ref_in) and ref_out not in known:
                    problems.append(f"{ref_in} became {ref_out}, which is not there")
    if wrong:
        problems.append(f"{wrong} of {followed} references lead to something else")
    if has_urls and followed < 1000:
        problems.append(f"only {followed} references could be followed")

    print(f"{len(wanted)} resources, {len(counts)} types, {followed} references followed; check: {checked.strip()}")
    print("\n".join(problems[:20]))
    sys.exit(1 if problems else 0)
