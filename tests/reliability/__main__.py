"""Writes docs/reliability.md from what is measured now: `make reliability`, some 12 minutes."""

import argparse
import datetime
import random
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.backstage.readers import misread, summary
from tests.backstage.tricky_strings import tricky_strings
from tests.engine.stack import REPOSITORY

from .drills import drills, passes, run_drills
from .fuzz import Fuzzed, fuzz_rules
from .load import Loaded, loaded
from .whole_components import fuzz_components

FILE = REPOSITORY / "docs" / "reliability.md"
RULE_INPUTS, COMPONENT_INPUTS, COMPONENTS = 300, 500, 100
STRING_COUNT, STRINGS_AT_ONCE = 20_000, 2_000

HEAD = """\
# Reliability

Written on {date} by `make reliability`, which runs all of this and writes nothing if anything fails. `make test` runs
the same drills, and the rest with smaller numbers.

## Drills

Something goes wrong on purpose, on the real Pulumi engine: LocalPostgres with real Docker, the other two against
simulated clouds that enforce the services' rules. A drill with several ways to go wrong counts each.
"""

FUZZ = """
## Hostile arguments

{inputs:,} inputs: text with whitespace, digits and letters of other alphabets, halves of characters, endless numbers,
and values that differ little from an allowed one. Each was accepted, and then what is allowed was checked a second
time in other words than the rule's, or it was refused with a sentence that says what is allowed. Nothing else ever
happened: no other exception, no value that cannot be sent to a cloud.

| argument's rule, or component | inputs | accepted | refused |
|---|--:|--:|--:|
"""

STRINGS = """
## Strings in the app-config document

{count:,} random strings of what readers of YAML disagree about (seed {seed}), each as a value, and as a key where the
reader is not Backstage. The document has quotes only where some reader needs them.

| reader | strings | misread |
|---|--:|--:|
"""

LOAD = """
## {count} components in one stack

Created, left alone, destroyed, against the simulated clouds, which answer at once: the time is that of Pulumi's
engine and of the program. Each component got a server of its own and a block that names it, a second `up` changed
nothing, and `destroy` left nothing behind. Times are of one run on two cores; those of a stack of one component are
next to them. Above some dozens of components most of the time goes into the state, which the engine writes whole after
each step.

| component | resources | `up` | `up`, no change | `destroy` | memory: program | engine |
|---|--:|--:|--:|--:|--:|--:|
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument(
        "--drills", type=Path, metavar="REPORT", help="the JUnit report of a test run that has just passed all drills"
    )
    report = parser.parse_args().drills
    page = "".join(
        [
            HEAD.format(date=datetime.date.today()),
            *drill_lines(passes(report) if report else run_drills()),
            *fuzz_lines([*fuzz_rules(RULE_INPUTS), *fuzz_components(COMPONENT_INPUTS)]),
            *string_lines(STRING_COUNT, seed=random.randrange(10**6)),
            LOAD.format(count=COMPONENTS),
            *load_lines([*loaded(1), *loaded(COMPONENTS)]),
        ]
    )
    FILE.write_text(page)
    print(f"wrote {FILE}")


def drill_lines(passed: Counter[tuple[str, str]]) -> Iterator[str]:
    for file, found in drills():
        yield f"\n### {file}\n\n| what was broken | what survived | passed | test |\n|---|---|--:|---|\n"
        for drill in found:
            yield f"| {drill.broken} | {drill.survived} | {passed[file, drill.test]} | `{drill.test}` |\n"


def fuzz_lines(fuzzed: list[Fuzzed]) -> Iterator[str]:
    yield FUZZ.format(inputs=sum(one.accepted + one.refused for one in fuzzed))
    for one in fuzzed:
        yield f"| `{one.name}` | {one.accepted + one.refused} | {one.accepted} | {one.refused} |\n"


def string_lines(count: int, seed: int) -> Iterator[str]:
    yield STRINGS.format(count=count, seed=seed)
    strings = tricky_strings(count, seed)
    found: dict[str, list[tuple[Any, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, count, STRINGS_AT_ONCE):
            for reader, wrong in misread(Path(folder), strings[start : start + STRINGS_AT_ONCE]).items():
                found.setdefault(reader, []).extend(wrong)
    for reader, wrong in found.items():
        assert not wrong, f"{reader}: {summary(wrong)}; the seed was {seed}"
        yield f"| {reader} | {count:,} | {len(wrong)} |\n"


def load_lines(runs: Iterable[Loaded]) -> Iterator[str]:
    for run in sorted(runs, key=lambda run: (run.component, run.count)):
        seconds = " | ".join(f"{seconds:.1f} s" for seconds in run.seconds.values())
        memory = " | ".join(f"{megabytes} MB" for megabytes in run.megabytes.values())
        yield f"| {run.count} {run.component} | {run.resources} | {seconds} | {memory} |\n"


if __name__ == "__main__":
    main()
