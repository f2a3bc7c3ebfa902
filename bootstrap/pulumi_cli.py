"""The Pulumi CLI, its language hosts and the plugin of its Docker provider."""

import platform
import re
import shutil
import tarfile
import urllib.request

from . import go_build, paths
from .steps import CommandError, Progress, StepError

MINIMUM = (3, 230)
"""The first release with both `pulumi.Stash` and error hooks; Pulumi.yaml asks for the same."""
VERSION = "3.259.0"
"""What is downloaded or built: the newest version that can still be built from Go modules."""
RELEASES = "https://get.pulumi.com/releases/sdk"
LANGUAGE_HOSTS = {
    "pulumi-language-yaml": "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    "pulumi-language-nodejs": ".",
}
"""Those that programs in other languages are tested with, and the Go package of each."""


def ensure_cli(progress: Progress) -> str:
    """A Pulumi CLI that is new enough: installed, else the vendor's release, else built from source."""
    program = shutil.which("pulumi", path=paths.environment()["PATH"])
    if program:
        version = _version(progress, program)
        if version >= MINIMUM:
            return f"Pulumi {'.'.join(map(str, version))} ({program})"
        progress.log(f"{program} is older than {'.'.join(map(str, MINIMUM))}: getting {VERSION} for this project")
    try:
        progress.begin(f"downloading Pulumi {VERSION}", "10 to 30 s")
        _download(progress, RELEASES)
    except (OSError, tarfile.TarError) as problem:
        progress.log(f"{RELEASES} is out of reach ({problem})")
        progress.begin(f"building Pulumi {VERSION} from Go modules", "4 to 6 min, once")
        version_flag = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
        go_build.build(progress, "pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", linker_flags=version_flag)
    return f"Pulumi {VERSION}"


def ensure_docker_provider(progress: Progress) -> str:
    """The Docker provider's plugin: installed, else the vendor's release, else built from source."""
    env = paths.environment()
    if shutil.which("pulumi-resource-docker", path=env["PATH"]):
        return "Docker provider, built from source"
    python = paths.VENV / "bin" / "python"
    sdk = progress.run([python, "-c", "import importlib.metadata as m; print(m.version('pulumi-docker'))"]).strip()
    if re.search(rf"^docker\s+resource\s+{re.escape(sdk)}\b", progress.run(["pulumi", "plugin", "ls"], env=env), re.M):
        return f"Docker provider {sdk}"
    try:
        progress.begin(f"downloading the Docker provider {sdk}", "10 to 30 s")
        progress.run(["pulumi", "plugin", "install", "resource", "docker", sdk], env=env)
    except CommandError:
        progress.log("its download is out of reach")
        progress.begin("building the Docker provider from Go modules", "2 to 3 min, once")
        go_build.build(progress, "pulumi-resource-docker", ".")
    return f"Docker provider {sdk}"


def ensure_language_hosts(progress: Progress) -> str:
    """What runs programs in YAML and generates the SDK for Node: part of a complete CLI, else built from source."""
    for program, package in LANGUAGE_HOSTS.items():
        if not shutil.which(program, path=paths.environment()["PATH"]):
            progress.begin(f"building {program} from Go modules", "1 to 2 min, once")
            go_build.build(progress, program, package)
    return " and ".join(LANGUAGE_HOSTS)


def _version(progress: Progress, program: str) -> tuple[int, ...]:
    """(3, 259, 0), or () for a program that does not answer like a Pulumi CLI."""
    try:
        numbers = re.search(r"v(\d+)\.(\d+)\.(\d+)", progress.run([program, "version"]))
    except CommandError:
        return ()
    return tuple(int(number) for number in numbers.groups()) if numbers else ()


def archive_name() -> str:
    """The vendor's file for this kind of machine."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower())
    if machine is None:
        raise StepError(f"there is no Pulumi CLI for {platform.machine()}", "Install the Pulumi CLI yourself.")
    return f"pulumi-v{VERSION}-{platform.system().lower()}-{machine}.tar.gz"


def _download(progress: Progress, releases: str) -> None:
    """Unpacks the vendor's release: the CLI and the language hosts beside it."""
    archive = paths.CACHE / "pulumi.tar.gz"
    unpacked = paths.CACHE / "pulumi.unfinished"
    shutil.rmtree(unpacked, ignore_errors=True)
    url = f"{releases}/{archive_name()}"
    with urllib.request.urlopen(url, timeout=20) as response, archive.open("wb") as file:  # noqa: S310 - https
        shutil.copyfileobj(response, file)
    with tarfile.open(archive) as release:
        if hasattr(tarfile, "data_filter"):  # Python 3.10.12, 3.11.4 and later
            release.extraction_filter = tarfile.data_filter
        release.extractall(unpacked)  # noqa: S202 - the vendor's own archive
    archive.unlink()
    shutil.rmtree(paths.PULUMI_HOME, ignore_errors=True)
    (unpacked / "pulumi").rename(paths.PULUMI_HOME)
    unpacked.rmdir()
    progress.log(f"unpacked into {paths.PULUMI_HOME}")
