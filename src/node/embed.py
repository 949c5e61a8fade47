#!/usr/bin/env python3
"""Makes one C file of the built page, so that the program needs no files beside it.

embed.py FOLDER OUTPUT.c

FOLDER/index.html becomes "/", sw.js "/sw.js" (a worker is for what is below it), every other file "/assets/<name>". The output depends on the bytes of
the files alone: same files, same output.
"""
import gzip
import hashlib
import os
import re
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
HASHED = re.compile(r"-(?:[0-9a-f]{12}|[0-9A-Z]{8})\.[a-z0-9]+$")


def fail(message):
    sys.exit("embed.py: " + message)


def read(folder):
    """The files as (path, content type, cache control, bytes), in the order of their paths."""
    if not os.path.isfile(os.path.join(folder, "index.html")):
        fail(f"{folder} has no index.html. Build the page first: "
             "npm ci --prefix web && npm run --prefix web build")
    files = []
    for name in os.listdir(folder):
        if name.startswith("."):
            continue
        kind = os.path.splitext(name)[1]
        if kind not in TYPES:
            fail(f"{name} is of a type that is not known here; add it to TYPES")
        if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
            fail(f"{name} cannot be a part of an address; use letters, digits, . _ and -")
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        path = {"index.html": "/", "sw.js": "/sw.js"}.get(name, "/assets/" + name)
        cache = "public, max-age=31536000, immutable" if HASHED.search(name) else "no-cache"
        files.append((path, TYPES[kind], cache, content))
    return sorted(files, key=lambda f: f[0].encode())


def array(name, content):
    rows = [content[at:at + 24] for at in range(0, len(content), 24)]
    body = ",\n    ".join(",".join(map(str, row)) for row in rows)
    return f"static const unsigned char {name}[] = {{\n    {body}}};\n"


def slice_of(literal):
    return '{"%s", %d}' % (literal.replace('"', '\\"'), len(literal))


def bytes_of(name, content):
    return f"{{(const char *){name}, sizeof {name}}}" if content else "{NULL, 0}"


def main():
    if len(sys.argv) != 3:
        fail("usage: embed.py FOLDER OUTPUT.c")
    folder, output = sys.argv[1:]
    arrays, rows = [], []
    for number, (path, kind, cache, content) in enumerate(read(folder)):
        packed = gzip.compress(content, 9, mtime=0)
        if len(packed) > len(content) * 9 // 10:
            packed = b""
        etag = 'W/"%s"' % hashlib.sha256(content).hexdigest()[:32]
        for suffix, data in (("", content), ("_gz", packed)):
            if data:
                arrays.append(array(f"file_{number}{suffix}", data))
        rows.append("    {%s,\n     %s,\n     %s,\n     %s,\n     %s,\n     %s}" % (
            slice_of(path), slice_of(kind), slice_of(etag), slice_of(cache),
            bytes_of(f"file_{number}", content), bytes_of(f"file_{number}_gz", packed)))
    text = ("/* Made by embed.py of the built page. */\n#include \"node/assets.h\"\n\n"
            + "\n".join(arrays)
            + "\nconst struct asset assets_all[] = {\n" + ",\n".join(rows) + "};\n"
            + f"\nconst size_t assets_count = {len(rows)};\n")
    with open(output, "w", encoding="ascii") as file:
        file.write(text)


if __name__ == "__main__":
    main()
