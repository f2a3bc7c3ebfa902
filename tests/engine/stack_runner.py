"""Operations on one stack through the Automation API, a line of JSON for each: see stack.py.

Each in a child process, because a second inline program in one process would see the modules and hooks of the first;
what they have in common, the SDK and the selected stack, is there before.
"""

import json
import os
import runpy
import sys
import traceback
from typing import Any

from pulumi import automation


def main() -> None:
    first = json.loads(sys.stdin.readline())
    program = first["program"]
    workspace = automation.LocalWorkspace(
        work_dir=first["folder"],
        program=None if program is None else lambda: void(runpy.run_path(program, run_name="__main__")),
    )
    stack = automation.Stack.create_or_select(first["stack"], workspace)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            print(json.dumps(answer(stack, json.loads(line))), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"broke_down": f"it ended with status {status}"}), flush=True)


def answer(stack: automation.Stack, request: dict[str, Any]) -> dict[str, Any]:
    os.environ.clear()
    os.environ.update(request["environment"])
    lines: list[str] = []
    answer: dict[str, Any] = {"ok": True, "outputs": {}, "changes": {}}
    try:
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
    except BaseException:
        return {"broke_down": traceback.format_exc()}
    answer["output"] = "\n".join(lines)
    return answer


def void(_: object) -> None:
    """An inline program must return None."""


if __name__ == "__main__":
    main()
