"""Explains Pulumi's errors: what they mean here, and what to do.

`CAUSES` is the table of known errors. README's troubleshooting table follows it.
"""

import errno
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .console import quote, say

SETTINGS = paths.SETTINGS.name


@dataclass
class ExplainedError(Exception):
    """Raised when a `make` command fails: holds the failed program's message, what it means and what to do."""

    words: str
    meaning: str
    remedy: str

    def report(self, command: str) -> None:
        say(f"\n`make {command}` failed:\n")
        say(_indented(self.words))
        say()
        if self.meaning:
            say(f"What it means: {self.meaning}")
        if self.remedy:
            say(f"What to do: {self.remedy}")


@dataclass(frozen=True)
class Cause:
    """A known error, what it means and what to do. Empty texts are for messages that say so themselves."""

    pattern: str
    """Matches the message of the CLI, of a provider or of our program."""
    meaning: str
    remedy: str


_SET_AGAIN = "python3 -m bootstrap run pulumi config set --stack dev --path --secret local.password"
_OTHER_BACKEND = "or unset PULUMI_BACKEND_URL to keep the state in this checkout."

CAUSES = (
    Cause(
        r"incorrect passphrase",
        f"The stack dev, or a value in {SETTINGS}, was encrypted with another passphrase than that of {{key}}.",
        "Set PULUMI_CONFIG_PASSPHRASE to the passphrase that it was encrypted with. If that is lost and only "
        f"{SETTINGS} was encrypted with it: delete its `encryptionsalt` line and its `secure:` values, and set them "
        f"again after `make up`: {_SET_AGAIN}",
    ),
    Cause(
        r"unable to read PULUMI_CONFIG_PASSPHRASE_FILE|passphrase must be set with",
        "The file that holds the passphrase of the stack dev cannot be read.",
        "Restore it from a backup, or correct PULUMI_CONFIG_PASSPHRASE_FILE.",
    ),
    Cause(
        r"mapping key .* already defined",
        f"{SETTINGS} names one key twice; the line number is that of the second.",
        "Delete one of the two, then run `make {command}` again.",
    ),
    Cause(
        r"invalid YAML file|yaml: (line|unmarshal|found|did not)",
        f"{SETTINGS} is not valid YAML; a wrong indent or a tab is the usual reason.",
        "Correct that line, then run `make {command}` again.",
    ),
    Cause(
        r"does not support environments",
        f"`environment:` in {SETTINGS} needs Pulumi Cloud, but the state is in {{backend}}.",
        f"Delete `environment:` from {SETTINGS}, or set PULUMI_BACKEND_URL=https://api.pulumi.com and run "
        "`pulumi login`.",
    ),
    Cause(
        r"validating stack config: bad value|failed to decrypt|could not decrypt|message authentication failed",
        f"A `secure:` value in {SETTINGS} is damaged, or was encrypted for another stack.",
        f"Delete it there and set it again after `make up`: {_SET_AGAIN}",
    ),
    Cause(
        r"currently locked by",
        "Another command is working on the stack dev, or one was killed on another machine. Locks of processes that "
        "died on this machine are removed automatically.",
        "Wait until it has ended. The line above names its process and machine: if the process is certainly dead, "
        "delete the file that the line names.",
    ),
    Cause(
        r"no space left on device",
        "The disk is full; the message above names what could not be written.",
        "Free some space, then run `make {command}` again.",
    ),
    Cause(
        r"read-only file system|\.pulumi/.*permission denied|permission denied.*\.pulumi",
        "Pulumi may not write its state.",
        f"Make {quote(paths.STATE)} writable for you (`ls -la` shows who owns it), then run `make {{command}}` again.",
    ),
    Cause(
        r"PULUMI_ACCESS_TOKEN must be set|Unauthorized|invalid access token",
        "PULUMI_BACKEND_URL={backend} is not a folder (file://…), bucket or database, so Pulumi logs in there.",
        f"Correct it, run `pulumi login`, or set PULUMI_ACCESS_TOKEN, {_OTHER_BACKEND}",
    ),
    Cause(
        r"unable to open state directory",
        "The folder in PULUMI_BACKEND_URL={backend} does not exist.",
        f"Create it, correct the variable, {_OTHER_BACKEND}",
    ),
    Cause(
        r"performing HTTP request|unable to open (bucket|state database)|blob \(.*(dial tcp|no such host|resolve)",
        "The backend in PULUMI_BACKEND_URL={backend} cannot be reached from here.",
        f"Check the network and the variable, {_OTHER_BACKEND}",
    ),
    Cause(
        r"Minimum version requirement failed|does not satisfy the version range",
        "The Pulumi CLI that is first on your PATH is too old for this project.",
        "Update it, or remove it from the PATH: `make up` then installs its own.",
    ),
    Cause(
        r"permission denied while trying to connect to the Docker|docker\.sock.*permission denied",
        "You may not use the Docker engine.",
        "Run: sudo usermod -aG docker $USER, then log in again.",
    ),
    Cause(
        r"Error pinging Docker server|Cannot connect to the Docker daemon|Is the docker daemon running",
        "No Docker engine answers.",
        "Start it, then run `make {command}` again: the stack has not changed.",
    ),
    Cause(
        r"Error loading Docker context|unable to parse docker host|failed to create tls config",
        "The setting that chooses the Docker engine is wrong.",
        f"Correct DOCKER_CONTEXT, DOCKER_HOST or DOCKER_CERT_PATH, or `docker:context` or `docker:host` in {SETTINGS}; "
        "then run `make {command}` again.",
    ),
    Cause(
        r"network \S+ not found|No such network",
        "The Docker network in `local.network` does not exist.",
        "Create it with `docker network create NAME`, or correct the name, then run `make {command}` again.",
    ),
    Cause(
        # LocalPostgres's own messages say what to do.
        r"has port \d|runs PostgreSQL on the volume|cannot log in to|The Docker engine is on another machine",
        "",
        "",
    ),
    Cause(
        r"container failed to be in healthy state|container exited immediately|never accepted a login",
        "The container exists, but its PostgreSQL accepts no login.",
        "Its log says why. Fix the cause, then run `make {command}` again: the volume with the data is kept, and the "
        "container is recreated.",
    ),
    Cause(
        r"unable to pull image|pull access denied|manifest unknown|manifest for .* not found",
        "The image in `local.image` cannot be pulled.",
        "Correct the name, or bring the image from a machine that can pull it: docker save, then docker load.",
    ),
    Cause(
        r"no (resource|language) plugin|failed to load .* plugin",
        "A Pulumi plugin is missing.",
        "Run `make up`: it installs what this project needs.",
    ),
    Cause(
        r"Postgres \"[^\"]*\": |config \"[\w-]+:",
        "",
        f"Correct it under `config:` in {SETTINGS}, then run `make {{command}}` again.",
    ),
)


def explain_file(error: OSError) -> ExplainedError:
    """Returns what it means that a file or folder cannot be used."""
    file = str(error.filename or "")
    words = f"{file}: {error.strerror}" if file else str(error)
    if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ExplainedError(words, "", "Correct the cause, then run the same command again.")
    if paths.CACHE.is_relative_to(file):
        return ExplainedError(
            words,
            f"Downloads and built programs are kept in {quote(paths.CACHE)}, which you may not create.",
            "Choose a folder where you may: export XDG_CACHE_HOME=/path/to/folder",
        )
    place = next(
        (folder for folder in (paths.STATE, paths.VENV, paths.CACHE) if Path(file).is_relative_to(folder)), file
    )
    return ExplainedError(
        words,
        "It belongs to another user, as after `sudo make up`, or its file system is read-only.",
        f'Make it yours, then run the same command again: sudo chown -R "$(id -u)" {quote(place)}',
    )


def explain_encoding(error: UnicodeDecodeError) -> ExplainedError:
    """Returns what it means that the settings are not UTF-8."""
    line = error.object[: error.start].count(b"\n") + 1
    return ExplainedError(
        f"{SETTINGS} is not UTF-8: byte 0x{error.object[error.start]:02x} in line {line}.",
        "An editor or PowerShell's `>` wrote it in another encoding.",
        "Save it as UTF-8.",
    )


def explain(words: str, *, command: str, backend: str, key: str) -> ExplainedError:
    """Returns an explanation of a failure of Pulumi. `key` is the source of the passphrase."""
    known = {"command": command, "backend": _without_password(backend), "key": key}
    words = _without_password(words)
    for cause in CAUSES:
        if re.search(cause.pattern, words, re.IGNORECASE):
            return ExplainedError(words, cause.meaning.format(**known), cause.remedy.format(**known))
    return ExplainedError(words, "", f"Fix the cause, then run `make {command}` again.")


def _without_password(text: str) -> str:
    """Returns the text, in which addresses have no password: the CLI repeats that of its backend."""
    return re.sub(r"(//[^/@:\s]*):[^@\s]*@", r"\1:[secret]@", text)


def essence(out: str, err: str) -> str:
    """Returns the CLI's error messages, each line once: the diagnostics in its output, and its standard error.

    The engine repeats an error of our program as "an unhandled error occurred".
    """
    _, marker, diagnostics = out.partition("Diagnostics:\n")
    diagnostics = re.split(r"(?m)^(?:Resources|Outputs|Duration):", diagnostics)[0] if marker else ""
    lines: list[str] = []
    seen: set[str] = set()
    for line in [*diagnostics.splitlines(), *err.splitlines()]:
        text = re.sub(
            r"^error: (an unhandled error occurred: |python inline source runtime error: )*", "", line.strip()
        )
        noise = text in ("", "update failed", "error: update failed", "destroy failed") or "from $PATH at" in text
        if text not in seen and not noise:
            seen.add(text)
            lines.append(line.rstrip())
    # LocalPostgres's messages are for people who run Pulumi themselves.
    return "\n".join(lines).replace("run `pulumi up` again", "run `make up` again") or "\n".join(out.splitlines()[-5:])


def _indented(text: str) -> str:
    return textwrap.indent(text, "  ")
