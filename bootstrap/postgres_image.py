"""The PostgreSQL image: present, else pulled, else built from Debian's packages as a stand-in for the official one."""

import os
import platform
import re
import shutil
import sys
from pathlib import Path

from . import debian, paths
from .steps import CommandError, Progress, StepError

DEFAULT = "postgres:17-trixie"
"""LocalPostgres's default image."""
SOURCE = paths.CHECKOUT / "bootstrap" / "image"
STAND_IN = "backstage-database.stand-in"
"""The label of images that were built here."""


def configured_image(progress: Progress) -> str:
    """The image that Pulumi.dev.yaml names, else the default. Asks the Python of .venv, which can read YAML."""
    try:
        command = [paths.VENV / "bin" / "python", "-m", "bootstrap.configuration", "image"]
        return progress.run(command, cwd=paths.CHECKOUT).strip() or DEFAULT
    except CommandError as error:
        problem = f"{paths.SETTINGS.name} cannot be read: {' '.join(error.output.split())}"
        raise StepError(problem, "Correct it; the original is in git.") from error


def ensure(progress: Progress, image: str) -> str:
    try:
        progress.run(["docker", "image", "inspect", image])
    except CommandError:
        progress.begin(f"pulling {image}", "10 to 60 s")
        try:
            progress.run(["docker", "pull", image])
        except CommandError as refused:
            progress.log(f"{image} cannot be pulled: {refused.output.strip().splitlines()[-1][:120]}")
            _build(progress, image)
            return f"{image}, a stand-in built from Debian's packages"
    return image


def remove_stand_ins(progress: Progress) -> None:
    images = progress.run(["docker", "image", "ls", "--quiet", "--filter", f"label={STAND_IN}"]).split()
    if images:
        progress.run(["docker", "image", "rm", "--force", *sorted(set(images))])
        progress.log(f"removed {len(set(images))} images that were built here")


def _build(progress: Progress, image: str) -> None:
    tag = re.fullmatch(r"postgres:(\d+)-([a-z]+)", image)
    remedy = (
        f"Bring it from a machine that can pull it (docker save {image}, then docker load), "
        "or name an image that you can pull as local.image in Pulumi.dev.yaml."
    )
    if tag is None or platform.system() != "Linux" or os.geteuid() != 0:
        raise StepError(f"{image} is not here and cannot be pulled", remedy)
    major, suite = tag.groups()
    if not shutil.which("debootstrap"):
        debian.install(progress, ["debootstrap"], "debootstrap, to build the image with,")

    progress.begin(f"building {image} from Debian's packages", "1 to 2 min, once")
    context = paths.CACHE / f"image-{major}"
    shutil.rmtree(context, ignore_errors=True)
    root = context / "root"
    packages = f"postgresql-{major},gosu,tzdata,locales"
    try:
        progress.run(["debootstrap", "--variant=minbase", f"--include={packages}", suite, root])
        _prepare_rootfs(root, major)
        progress.run(["tar", "-C", root, "-cf", context / "rootfs.tar", "."])
        shutil.rmtree(root)
        for file in ("Dockerfile", "docker-entrypoint.sh"):
            shutil.copy(SOURCE / file, context)
        # The classic builder: a bare engine has no other.
        env = {"DOCKER_BUILDKIT": "0"}
        progress.run(["docker", "build", "--tag", image, "--build-arg", f"PG_MAJOR={major}", context], env=env)
    except CommandError as error:
        raise StepError(f"{image} cannot be pulled, and building it failed: {error}", remedy) from error
    finally:
        shutil.rmtree(context, ignore_errors=True)


def _prepare_rootfs(root: Path, major: str) -> None:
    """Makes Debian's installation look like the official image's: listening, without a cluster, without caches."""
    sample = root / "usr/share/postgresql" / major / "postgresql.conf.sample"
    text, count = re.subn(r"(?m)^#?listen_addresses\b.*", "listen_addresses = '*'", sample.read_text())
    if count != 1:
        sys.exit(f"{sample} has {count} settings of listen_addresses")
    sample.write_text(text)
    for emptied in ("var/lib/postgresql", "var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / emptied)
        (root / emptied).mkdir()
