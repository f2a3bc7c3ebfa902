"""Installs the Pulumi CLI, its language hosts and the plugin of its Docker provider."""

import hashlib
import io
import platform
import re
import shutil
import tarfile

from . import go_build, paths
from .go_build import Program
from .steps import CommandError, Progress, StepError

# The first release with both `pulumi.Stash` and error hooks; Pulumi.yaml requires the same.
MINIMUM = (3, 230)
# The version to download or build: the newest that can still be built from Go modules.
VERSION = "3.259.0"
RELEASES = "https://get.pulumi.com/releases/sdk"
# The vendor publishes the SHA-256 of each archive on GitHub, not on the host of the archives. The Automation API's
# `PulumiCommand.install` runs an installer that verifies none.
CHECKSUMS = f"https://github.com/pulumi/pulumi/releases/download/v{VERSION}/pulumi-{VERSION}-checksums.txt"

_VERSION_FLAG = f"-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
CLI = Program("pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", (_VERSION_FLAG,))
DOCKER_PROVIDER = Program("pulumi-resource-docker", ".", ("-tags=no_compose",))
# Language hosts with which programs in other languages are tested.
LANGUAGE_HOSTS = (
    Program("pulumi-language-yaml", "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"),
    Program("pulumi-language-nodejs", "."),
)


def ensure_cli(progress: Progress) -> str:
    """Makes sure that a recent Pulumi CLI exists: uses the installed one, else downloads or builds it."""
    program = go_build.find(CLI)
    if program == str(CLI.file):
        return f"Pulumi {VERSION} ({program})"
    if program:
        version = _version(progress, program)
        if version >= MINIMUM:
            go_build.discard_outdated(CLI)
            return f"Pulumi {'.'.join(map(str, version))} ({program})"
        progress.log(f"{program} is older than {'.'.join(map(str, MINIMUM))}: getting {VERSION} for this project")
    try:
        progress.begin(f"downloading Pulumi {VERSION}", "10 to 30 s")
        _download(progress)
        go_build.discard_outdated(CLI)
    except (OSError, ValueError, tarfile.TarError) as problem:
        progress.log(f"the vendor's release cannot be downloaded: {problem}")
        progress.begin(f"building Pulumi {VERSION} from Go modules", "3 to 5 min, once")
        go_build.build(progress, CLI)
    return f"Pulumi {VERSION}"


def ensure_docker_provider(progress: Progress) -> str:
    """Makes sure that the Docker provider's plugin exists: uses the installed one, else downloads or builds it."""
    env = paths.environment()
    if go_build.find(DOCKER_PROVIDER):
        go_build.discard_outdated(DOCKER_PROVIDER)
        return "Docker provider, built from source"
    python = paths.VENV / "bin" / "python"
    sdk = progress.ask([python, "-c", "import importlib.metadata as m; print(m.version('pulumi-docker'))"])
    if re.search(rf"^docker\s+resource\s+{re.escape(sdk)}\b", progress.run(["pulumi", "plugin", "ls"], env=env), re.M):
        go_build.discard_outdated(DOCKER_PROVIDER)
        return f"Docker provider {sdk}"
    try:
        progress.begin(f"downloading the Docker provider {sdk}", "10 to 30 s")
        progress.run(["pulumi", "plugin", "install", "resource", "docker", sdk], env=env)
        go_build.discard_outdated(DOCKER_PROVIDER)
    except CommandError:
        progress.log("it cannot be downloaded")
        progress.begin("building the Docker provider from Go modules", "1 to 2 min, once")
        go_build.build(progress, DOCKER_PROVIDER)
    return f"Docker provider {sdk}"


def ensure_language_hosts(progress: Progress) -> str:
    """Makes sure that the language hosts for YAML and Node.js exist: uses those of the CLI, else builds them."""
    for program in LANGUAGE_HOSTS:
        if not go_build.find(program):
            progress.begin(f"building {program.name} from Go modules", "1 to 2 min, once")
            go_build.build(progress, program)
        go_build.discard_outdated(program)
    return " and ".join(program.name for program in LANGUAGE_HOSTS)


def _version(progress: Progress, program: str) -> tuple[int, ...]:
    """Returns the version, such as (3, 259, 0); () for a program that does not answer like a Pulumi CLI."""
    try:
        numbers = re.search(r"v(\d+)\.(\d+)\.(\d+)", progress.run([program, "version"]))
    except CommandError:
        return ()
    return tuple(int(number) for number in numbers.groups()) if numbers else ()


def archive_name() -> str:
    """Returns the name of the vendor's archive for this kind of machine."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower())
    if machine is None:
        raise StepError(f"there is no Pulumi CLI for {platform.machine()}", "Install the Pulumi CLI yourself.")
    return f"pulumi-v{VERSION}-{platform.system().lower()}-{machine}.tar.gz"


def _download(progress: Progress) -> None:
    """Downloads the vendor's release of the CLI and its language hosts. Raises ValueError for a wrong SHA-256."""
    name = archive_name()
    published = re.search(rf"(?m)^([0-9a-f]{{64}}) [ *]{re.escape(name)}$", _fetch(CHECKSUMS).decode(errors="replace"))
    if published is None:
        raise ValueError(f"{CHECKSUMS} has no SHA-256 of {name}")
    archive = _fetch(f"{RELEASES}/{name}")
    if hashlib.sha256(archive).hexdigest() != published[1]:
        raise ValueError(f"{RELEASES}/{name} does not have the SHA-256 that the vendor published, so it is not used")

    unpacked = paths.CACHE / "pulumi.unfinished"
    shutil.rmtree(unpacked, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as release:
        if hasattr(tarfile, "data_filter"):  # Python 3.10.12, 3.11.4 and later
            release.extraction_filter = tarfile.data_filter
        release.extractall(unpacked)  # noqa: S202 - the vendor's own archive
    shutil.rmtree(paths.PULUMI_HOME, ignore_errors=True)
    (unpacked / "pulumi").rename(paths.PULUMI_HOME)
    unpacked.rmdir()
    progress.log(f"unpacked into {paths.PULUMI_HOME}")


def _fetch(url: str) -> bytes:
    # Imported only for a download, because it takes longer to import than all other modules together.
    import urllib.request

    with urllib.request.urlopen(url, timeout=20) as response:  # noqa: S310 - https
        return response.read()
