"""One operation on a stack through the Automation API, in a process of its own: see stack.py.

A second inline program in one process would see the modules and hooks of the first.
"""

import json
import runpy
import sys
from typing import Any

from pulumi import automation


def main() -> None:
    request = json.load(sys.stdin)
    lines: list[str] = []
    answer: dict[str, Any] = {"ok": True, "outputs": {}, "changes": {}}
    program = request["program"]
    workspace = automation.LocalWorkspace(
        work_dir=request["folder"],
        program=None if program is None else lambda: void(runpy.run_path(program, run_name="__main__")),
    )
    try:
        stack = automation.Stack.create_or_select(request["stack"], workspace)
        operation = getattr(stack, request["operation"])
        result = operation(on_output=lines.append, on_error=lines.append, color="never", **request["options"])
        changes = result.change_summary if request["operation"] == "preview" else result.summary.resource_changes
        answer["changes"] = {getattr(kind, "value", kind): count for kind, count in (changes or {}).items()}
        if request["operation"] == "up":
            answer["outputs"] = {key: output.value for key, output in result.outputs.items()}
            answer["secret_outputs"] = [key for key, output in result.outputs.items() if output.secret]
    except automation.CommandError as error:
        answer["ok"] = False
        lines.append(str(error))
    answer["output"] = "\n".join(lines)
    json.dump(answer, sys.stdout)


def void(_: object) -> None:
    """An inline program must return None."""


if __name__ == "__main__":
    main()
