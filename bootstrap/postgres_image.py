"""Provides the PostgreSQL image: pulls it, or else builds a stand-in for it from Debian's packages."""

import contextlib
import hashlib
import os
import platform
import re
import shutil
import tempfile
from pathlib import Path

from . import debian, paths
from .steps import CommandError, Progress, StepError

# LocalPostgres's default image.
DEFAULT = "postgres:17-trixie"
SOURCE = paths.CHECKOUT / "bootstrap" / "image"
# Label of images that were built here.
STAND_IN = "backstage-database.stand-in"
# Makes the tree in $1 look like the official image: listening, and without the cluster that Debian's package creates.
_CUSTOMIZE = r"""set -e
sample=$(ls "$1"/usr/share/postgresql/*/postgresql.conf.sample)
sed -i "s/^#*listen_addresses\b.*/listen_addresses = '*'/" "$sample"
grep -q "^listen_addresses = '\*'$" "$sample"
rm -r "$1"/var/lib/postgresql/*
"""
TEMPORARY = Path("/var/tmp")  # noqa: S108 - mkdtemp creates a name that nobody can guess
_ROOTFS = "rootfs.tar"
NO_OTHER_KEYS = "no-other-keys"
# Debian's packages must be signed by one of these keys.
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def configured_image(progress: Progress) -> str:
    """Returns the image in Pulumi.dev.yaml, else the default. Runs the Python of .venv, which can read YAML."""
    try:
        command = [paths.VENV / "bin" / "python", "-m", "bootstrap.configuration", "image"]
        return progress.ask(command, cwd=paths.CHECKOUT) or DEFAULT
    except CommandError as error:
        problem = f"{paths.SETTINGS.name} cannot be read: {' '.join(error.output.split())}"
        raise StepError(problem, "Correct it; the original is in git.") from error


def ensure(progress: Progress, image: str) -> str:
    label = _label(progress, image)
    if label is None:
        progress.begin(f"pulling {image}", "10 to 60 s")
        try:
            progress.run(["docker", "pull", image])
        except CommandError as error:
            progress.log(f"{image} cannot be pulled: {_reason(error)[:120]}")
            _build(progress, image)
            label = _label(progress, image)
    return f"{image}, the stand-in built from Debian's packages" if label else image


def remove_stand_ins(progress: Progress) -> None:
    """Removes the remains of killed builds, and the images built here, except those that a container uses."""
    _remove_leftovers(progress, "*")
    command = ["docker", "image", "ls", "--filter", f"label={STAND_IN}", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"]
    for line in progress.run(command).splitlines():
        number, name = line.split(maxsplit=1)
        image = number if "<none>" in name else name
        try:
            progress.run(["docker", "image", "rm", image])
            progress.log(f"removed the image {image}, which was built here")
        except CommandError as error:
            progress.log(f"the image {image}, which was built here, stays: {_reason(error)}")


def _label(progress: Progress, image: str) -> str | None:
    """Returns the stand-in's label; "" for any other image, None if there is no such image.

    Raises StepError if Docker does not answer, because an image that may exist must not be overwritten.
    """
    try:
        labels = progress.run(["docker", "image", "inspect", "--format", "{{json .Config.Labels}}", image])
    except CommandError as error:
        if "no such image" in error.output.lower():
            return None
        raise StepError(
            f"Docker does not say whether the image {image} is here: {_reason(error)}",
            f"Make `docker image inspect {image}` work, then try again. Nothing was changed.",
        ) from error
    return STAND_IN if STAND_IN in labels else ""


def _build(progress: Progress, image: str) -> None:
    tag = re.fullmatch(r"postgres:(\d+)-([a-z]+)", image)
    remedy = (
        f"Bring it from a machine that can pull it (docker save {image}, then docker load), "
        "or name an image that you can pull as local.image in Pulumi.dev.yaml."
    )
    if tag is None or platform.system() != "Linux":
        raise StepError(f"{image} is not here and cannot be pulled", remedy)
    major, suite = tag.groups()
    _ensure_mmdebstrap(progress)

    progress.begin(f"building {image} from Debian's packages", "1 to 2 min, once")
    own_tag = f"backstage-database/stand-in:{major}-{suite}"
    work = _work_folder(progress, f"{major}-{suite}")
    try:
        progress.run(_mmdebstrap(major, suite, work), env={"TMPDIR": str(work)})
        # Labelled from the start, so that `make clean` finds it even after an interruption.
        rootfs = progress.run(["docker", "import", "--change", f"LABEL {STAND_IN}=rootfs", work / _ROOTFS]).split()[-1]
        arguments = ["--build-arg", f"ROOTFS={rootfs}", "--build-arg", f"PG_MAJOR={major}"]
        # Without BuildKit, which a minimal engine does not have.
        progress.run(["docker", "build", "--tag", own_tag, *arguments, SOURCE], env={"DOCKER_BUILDKIT": "0"})
        if _label(progress, image) is not None:
            progress.log(f"{image} has appeared in the meantime and stays as it is.")
            return
        progress.run(["docker", "tag", own_tag, image])
    except CommandError as error:
        raise StepError(f"{image} cannot be pulled, and building it failed: {_reason(error)}", remedy) from error
    finally:
        # Also removes what a killed build, which needs seconds to end, has written since its folder was removed.
        _remove_leftovers(progress, f"{major}-{suite}")
    progress.log(f"NOTE: on this Docker engine, {image} is now a stand-in that was built here from Debian's packages.")
    progress.log("It is not the official image, and every project that uses this name gets it.")
    progress.log(f"To remove it: make clean. To replace it where that works: docker pull {image}")


def _ensure_mmdebstrap(progress: Progress) -> None:
    needs = {"mmdebstrap": shutil.which("mmdebstrap"), "debian-archive-keyring": KEYRING.exists()}
    if os.geteuid() != 0:  # mmdebstrap then runs in a user namespace, with the user's range of ids.
        needs["uidmap"] = shutil.which("newuidmap")
    missing = [package for package, found in needs.items() if not found]
    if missing:
        debian.install(progress, missing, f"{missing[0]}, to build the image with,")


def _mmdebstrap(major: str, suite: str, work: Path) -> list[str | Path]:
    """Returns the command that writes Debian with PostgreSQL into an archive in `work`, like the official image.

    In the mode unshare, everything happens in its own namespaces: mounts are not visible outside, and none stay when it
    is killed. Only packages with Debian's signatures are accepted, however this machine's apt is configured.
    """
    options = {
        "aptopt": ['Acquire::AllowInsecureRepositories "false"', 'APT::Get::AllowUnauthenticated "false"'],
        "dpkgopt": ["path-exclude=/usr/share/man/*", "path-exclude=/usr/share/doc/*"],
        "customize-hook": [_CUSTOMIZE],
    }
    return [
        "mmdebstrap",
        "--mode=unshare",
        "--variant=minbase",
        "--skip=cleanup/run",  # /run/postgresql is for the server's socket
        f"--include=postgresql-{major},gosu,tzdata,locales",
        f"--keyring={KEYRING}",
        f"--keyring={work / NO_OTHER_KEYS}",  # in place of /etc/apt/trusted.gpg.d
        *(f"--{name}={value}" for name, values in options.items() for value in values),
        suite,
        work / _ROOTFS,
    ]


def _work_folder(progress: Progress, name: str) -> Path:
    """Creates a folder for the tree and its archive. It is not below home, which a user namespace cannot enter."""
    _remove_leftovers(progress, name)
    folder = Path(tempfile.mkdtemp(prefix=_prefix(name), dir=TEMPORARY))
    folder.chmod(0o755)
    (folder / NO_OTHER_KEYS).mkdir()
    return folder


def _remove_leftovers(progress: Progress, name: str) -> None:
    """Removes the work folders of killed builds. A build that still runs fails without its folder."""
    for folder in TEMPORARY.glob(f"{_prefix(name)}*"):
        _remove(progress, folder)


def _prefix(name: str) -> str:
    """Returns the prefix of our work folders, which differs for other users and for builds into other caches."""
    return f"backstage-database-{os.geteuid()}-{hashlib.sha256(str(paths.CACHE).encode()).hexdigest()[:8]}-{name}-"


def _remove(progress: Progress, folder: Path) -> None:
    if os.geteuid() != 0:  # The files then belong to ids of a user namespace.
        with contextlib.suppress(CommandError):
            progress.run(["mmdebstrap", "--unshare-helper", "find", folder, "-mindepth", "1", "-delete"])
    shutil.rmtree(folder, ignore_errors=True)


def _reason(error: CommandError) -> str:
    """Returns the most useful line of a failed command's output: mmdebstrap's first error, else the last line."""
    lines = error.output.strip().splitlines() or [str(error)]
    return next((line for line in lines if line.startswith("E: ")), lines[-1])
