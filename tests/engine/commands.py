"""Runs the commands of a documentation page in a stack's folder."""

import subprocess

from .stack import Stack, succeeded


def follow(stack: Stack, script: str) -> str:
    """Runs a page's commands, `pulumi up` and `pulumi destroy` through the stack runner; returns what they printed."""
    printed, waiting = "", ""
    for line in [*script.splitlines(), "pulumi end"]:
        if line in ("pulumi up", "pulumi destroy", "pulumi end"):
            printed += shell(stack, waiting)
            waiting = ""
            if line == "pulumi up":
                succeeded(stack.up())
            elif line == "pulumi destroy":
                succeeded(stack.destroy())
        else:
            waiting += f"{line}\n"
    return printed


def shell(stack: Stack, script: str) -> str:
    """Runs shell lines that must work; returns what they printed on standard output."""
    done = subprocess.run(
        ["bash", "-ec", script], cwd=stack.folder, env=stack.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout
