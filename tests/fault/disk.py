"""Small disks that can be filled.

They need mounts: tmpfs, and ext4 in a file where mkfs.ext4 and loop devices are there. As an ordinary user a test tries a
user namespace of its own.
"""

import os
import subprocess
import sys

import kit

TRIED = "KITH_FAULT_NAMESPACE"


def attempt(*command):
    """None, or why it did not work."""
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as why:
        return str(why)
    if done.returncode == 0:
        return None
    return f"{command[0]}: {done.stderr.decode(errors='replace').strip() or done.returncode}"


def own_namespace():
    """Runs this program again where it may mount. Does not return when that works."""
    if os.geteuid() == 0 or os.environ.get(TRIED):
        return
    if not attempt("unshare", "-Urm", "true"):
        os.environ[TRIED] = "1"
        os.execvp("unshare", ["unshare", "-Urm", sys.executable, *sys.argv])


def mount(kind, at, size):
    """None, or why not."""
    os.mkdir(at)
    if kind == "tmpfs":
        return attempt("mount", "-t", "tmpfs", "-o", f"size={size}", "kith-fault", at)
    image = at + ".image"
    with open(image, "wb") as file:
        file.truncate(size)
    # Blocks as on a disk of real size; few inodes and a small journal, so that there is room for anything else.
    shape = ["-b", "4096", "-N", "4096", "-J", "size=8"]
    return attempt("mkfs.ext4", "-q", "-F", "-m", "0", *shape, image) or attempt("mount", "-o", "loop", image, at)


class Disk:
    """A mounted one, with a node's folder to be and a ballast that makes room when it goes."""

    def __init__(self, at, ballast_mb):
        self.at = at
        self.ballast = at + "/ballast"
        self.more = at + "/more"
        with open(self.ballast, "wb") as file:
            file.write(os.urandom(ballast_mb << 20))

    def node(self, kith):
        """Its log is not on the disk."""
        return kit.Node(kith, self.at + "/node", self.at + ".log")

    def fill(self):
        """Takes the last free blocks, too, as another program's log might."""
        with open(self.more, "ab", buffering=0) as file:
            for size in (1 << 16, 4096, 512, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def leave(self, size):
        """After fill(): so many bytes are free again."""
        os.truncate(self.more, max(0, os.path.getsize(self.more) - size))

    def take_back(self):
        """Whatever fill() took is free again."""
        os.remove(self.more)

    def make_room(self):
        os.remove(self.ballast)


def on_each(folder, size_mb, ballast_mb, *scenarios):
    """Calls each scenario with a new disk of each kind. Returns how many kinds there were; says why others were left out."""
    kinds = 0
    for kind in ("tmpfs", "ext4"):
        for number, scenario in enumerate(scenarios):
            at = f"{folder}/{kind}-{number}"
            reason = mount(kind, at, size_mb << 20)
            if reason:
                print(f"left out: {kind}: {reason}", flush=True)
                break
            print(kind, flush=True)
            try:
                scenario(Disk(at, ballast_mb))
            finally:
                attempt("umount", "-l", at)
        else:
            kinds += 1
    return kinds
