"""Runs over the villages of the sample, for the tests of batch."""

import hashlib
import sys
from pathlib import Path

import resilience_geo as rg

FILES = rg.sample_files()
OPTIONS = {
    "villages": FILES["villages"],
    "hazard": FILES["flood"],
    "hazard_unit": "m",
    "population": FILES["population"],
    "roads": FILES["roads"],
    "shelters": FILES["shelters"],
    "vulnerable": FILES["vulnerable"],
}


def command(out, *more):
    """Return the command that makes the same run."""
    named = [part for name, path in OPTIONS.items() for part in (flag(name), str(path))]
    program = str(Path(sys.executable).with_name("resilience-geo"))
    return [program, "batch", *named, "--out", str(out), *map(str, more)]


def flag(name):
    return "--" + name.replace("_", "-")


def files_of(folder):
    """Return digests of all files people see; what is under way and times of making are hidden."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(folder).parts)
    }
