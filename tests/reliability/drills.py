"""The engine tests in which something goes wrong on purpose: those with the mark `drill`."""

import importlib
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.engine.stack import REPOSITORY

ENGINE_TESTS = REPOSITORY / "tests" / "engine"


@dataclass(frozen=True)
class Drill:
    test: str
    broken: str
    survived: str


def drills() -> Iterator[tuple[str, list[Drill]]]:
    """Yields each file of tests, with its drills in order."""
    for file in sorted(ENGINE_TESTS.glob("test_*.py")):
        tests = vars(importlib.import_module(f"tests.engine.{file.stem}"))
        found = [
            Drill(name, **mark.kwargs)
            for name, test in tests.items()
            for mark in getattr(test, "pytestmark", [])
            if name.startswith("test_") and mark.name == "drill"
        ]
        if found:
            yield file.name, found


def run_drills() -> Counter[tuple[str, str]]:
    """Runs the drills and counts how often each passed, by file and test. Exits if one did not pass."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-n", "3", "--dist", "loadgroup", "-m", "drill", ENGINE_TESTS]
        if subprocess.run([*command, f"--junit-xml={report}"], cwd=REPOSITORY, check=False).returncode:
            sys.exit("a drill failed: docs/reliability.md is left as it is")
        return passes(report)


def passes(report: Path) -> Counter[tuple[str, str]]:
    """Counts how often each test passed in a JUnit report, by file and test, without parameters and xdist's group."""
    return Counter(
        (f"{case.attrib['classname'].rpartition('.')[2]}.py", re.split(r"[\[@]", case.attrib["name"])[0])
        for case in ElementTree.parse(report).iter("testcase")
        if not {"skipped", "failure", "error"} & {child.tag for child in case}
    )
