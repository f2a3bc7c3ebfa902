"""The bootstrap's decisions, with stand-ins for the programs that it looks for. Its real run is `make up` itself."""

import functools
import hashlib
import http.server
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from bootstrap import __main__ as bootstrap_main
from bootstrap import (
    clean,
    configuration,
    debian,
    dev_stack,
    docker_engine,
    errors,
    go_build,
    node_packages,
    paths,
    port_owner,
    postgres_image,
    proof,
    pulumi_cli,
    python_environment,
    stack,
    stale_locks,
    state_file,
    steps,
)
from components import LocalPostgres
from components.local import checks
from components.local.engine import Engine as DockerEngine
from components.testing import run
from tests.unit.local.cases import IMAGE


class Machine:
    """A machine with nothing on its PATH but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs"
        self.programs.mkdir()

    def install(self, name: str, script: str, folder: Path | None = None) -> None:
        program = (folder or self.programs) / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("PATH", str(machine.programs))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    for place, folder in {"CACHE": "", "LOGS": "logs", "BUILT": "bin", "PULUMI_HOME": "pulumi"}.items():
        monkeypatch.setattr(paths, place, cache / folder)
    monkeypatch.setattr(paths, "VENV", tmp_path / "venv")
    monkeypatch.setattr(docker_engine, "SYSTEM_PATH", str(machine.programs))
    monkeypatch.setattr(docker_engine.platform, "system", lambda: "Linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return machine


@pytest.fixture
def progress(machine: Machine) -> steps.Progress:
    return steps.Progress("step")


# --- Running steps


def test_steps_that_depend_on_a_failed_one_are_not_tried_and_all_others_are(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def succeed(progress: steps.Progress) -> str:
        done.append(progress.name)
        return "fine"

    def fail(_: steps.Progress) -> str:
        raise steps.StepError("no disk", "Buy a disk.")

    ok = steps.run(
        [
            steps.Step("broken", fail),
            steps.Step("dependent", succeed, after=("broken",)),
            steps.Step("other", succeed),
            steps.Step("last", succeed, after=("other",)),
        ]
    )
    printed = capsys.readouterr().out
    assert not ok
    assert done == ["other", "last"]
    assert "broken          FAILED after 0 s: no disk" in printed
    assert "what to do: Buy a disk." in printed
    assert "log: " in printed
    assert "dependent       not tried: it needs broken" in printed


def test_a_failed_command_shows_the_end_of_its_output_and_keeps_all_of_it_in_the_log(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.install("tool", "for n in 1 2 3 4 5 6 7 8 9; do echo line $n; done; exit 3")

    def ensure(progress: steps.Progress) -> str:
        return progress.run(["tool"])

    assert not steps.run([steps.Step("broken", ensure)])
    printed = capsys.readouterr().out
    assert "`tool` failed" in printed
    assert "| line 9" in printed
    assert "line 1\n" not in printed
    assert "line 1\n" in (paths.LOGS / "broken.log").read_text()


# --- What a machine has is used


def test_an_installed_cli_of_a_new_enough_version_is_used_as_it_is(machine: Machine, progress: steps.Progress) -> None:
    machine.install("pulumi", "echo v3.230.0")
    assert pulumi_cli.ensure_cli(progress) == f"Pulumi 3.230.0 ({machine.programs / 'pulumi'})"


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The vendor's download site, on this machine, with whatever a test puts into the folder."""
    folder = tmp_path / "site"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    monkeypatch.setattr(handler.func, "log_message", lambda *_: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(pulumi_cli, "RELEASES", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(pulumi_cli, "CHECKSUMS", f"http://127.0.0.1:{server.server_port}/checksums.txt")
        yield folder
        server.shutdown()


def release(folder: Path) -> Path:
    """The vendor's release for this machine, with a CLI that only tells its version, and its published SHA-256."""
    script = f"#!/bin/sh\necho v{pulumi_cli.VERSION}\n".encode()
    file = folder / pulumi_cli.archive_name()
    with tarfile.open(file, "w:gz") as archive:
        member = tarfile.TarInfo("pulumi/pulumi")
        member.mode, member.size = 0o755, len(script)
        archive.addfile(member, io.BytesIO(script))
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "checksums.txt").write_text(f"{'0' * 64}  other.tar.gz\n{checksum}  {file.name}\n")
    return file


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Records the names of the programs that would have been built from source."""
    names: list[str] = []
    monkeypatch.setattr(go_build, "build", lambda _progress, program: names.append(program.name))
    return names


@pytest.mark.parametrize("installed", [None, "echo v3.229.9", "exit 1"], ids=["absent", "old", "broken"])
def test_without_a_cli_that_is_new_enough_the_vendors_release_is_unpacked(
    machine: Machine, progress: steps.Progress, releases: Path, installed: str | None
) -> None:
    if installed:
        machine.install("pulumi", installed)
    release(releases)
    pulumi_cli.ensure_cli(progress)
    version = subprocess.run([paths.PULUMI_HOME / "pulumi", "version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"v{pulumi_cli.VERSION}\n"
    assert str(paths.PULUMI_HOME) in paths.environment()["PATH"].split(os.pathsep)


@pytest.mark.parametrize("site", ["nothing", "a proxy's login page", "no checksum", "another file's checksum"])
def test_where_the_vendors_release_cannot_be_had_the_cli_is_built(
    machine: Machine, progress: steps.Progress, releases: Path, built: list[str], site: str
) -> None:
    if site == "a proxy's login page":
        for name in (pulumi_cli.archive_name(), "checksums.txt"):
            (releases / name).write_text("<html>Please log in to the proxy</html>")
    elif site != "nothing":
        release(releases)
        checksums = releases / "checksums.txt"
        checksums.write_text("" if site == "no checksum" else checksums.read_text().replace("pulumi-v", "pulumi-w"))
    pulumi_cli.ensure_cli(progress)
    assert built == ["pulumi"]


def test_a_release_that_was_tampered_with_is_not_unpacked(
    machine: Machine, progress: steps.Progress, releases: Path, built: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with release(releases).open("ab") as archive:
        archive.write(b"\0")
    pulumi_cli.ensure_cli(progress)
    assert not paths.PULUMI_HOME.exists()
    assert not [*paths.CACHE.glob("pulumi*")]
    assert "does not have the SHA-256 that the vendor published" in capsys.readouterr().out
    assert built == ["pulumi"]


def test_only_the_language_hosts_that_the_cli_lacks_are_built(
    machine: Machine, progress: steps.Progress, built: list[str]
) -> None:
    machine.install("pulumi-language-nodejs", "exit")
    pulumi_cli.ensure_language_hosts(progress)
    assert built == ["pulumi-language-yaml"]


def test_a_program_built_by_an_older_bootstrap_stays_until_its_successor_works(
    machine: Machine, progress: steps.Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    yaml, nodejs = pulumi_cli.LANGUAGE_HOSTS
    for program in (yaml, nodejs):
        machine.install(program.name, "exit", paths.BUILT)
    monkeypatch.setattr(go_build, "build", lambda _progress, program: found.append(program.file.exists()))
    found: list[bool] = []
    pulumi_cli.ensure_language_hosts(progress)
    assert found == [True, True]


def test_your_own_cli_is_used_in_place_of_an_outdated_one_that_was_built_here(
    machine: Machine, progress: steps.Progress
) -> None:
    machine.install("pulumi", "echo v3.255.0", paths.BUILT)
    machine.install("pulumi", "echo v3.260.0")
    assert pulumi_cli.ensure_cli(progress) == f"Pulumi 3.260.0 ({machine.programs / 'pulumi'})"
    assert not pulumi_cli.CLI.file.exists()


# --- Building from Go modules


@pytest.fixture
def program(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> go_build.Program:
    """A program to build, with an overlay, and a Go that prints the files that it would compile into the program."""
    monkeypatch.setattr(go_build, "SOURCES", tmp_path / "go")
    monkeypatch.setattr(go_build, "WORKSPACE", paths.CACHE / "go")
    source, module = tmp_path / "go" / "tool", tmp_path / "module"
    (source / "overlay").mkdir(parents=True)
    (source / "overlay" / "ours.go").write_text("ours")
    changes = {"big.go": "ours.go", "unused.go": None, "slow.go": {"func init": "func Load", "eager": "lazy"}}
    (source / "overlay.json").write_text(json.dumps({"example.org/m": changes}))
    module.mkdir()
    for name, text in {"big": "big", "unused": "unused", "needed": "needed", "slow": "func init eager"}.items():
        (module / f"{name}.go").write_text(text)
    machine.install(
        "go",
        f"""
        if [ "$1" = version ]; then echo go version go1.21.0; exit; fi
        if [ "$1" = list ]; then echo {module}; exit; fi
        if [ "$1" = mod ]; then exit; fi
        while [ "$1" != -o ]; do shift; done
        : >"$GOTMPDIR/left-by-a-killed-build"
        cat modules/example.org/m/*.go > "$2"
        """,
    )
    monkeypatch.setenv("PATH", f"{machine.programs}:/usr/bin:/bin")
    return go_build.Program("tool", "example.org/m/tool")


def test_a_program_is_built_with_our_files_and_edits_and_without_what_is_left_out(
    program: go_build.Program, progress: steps.Progress
) -> None:
    assert not program.is_built
    go_build.build(progress, program)
    assert program.file.read_text() == "oursneededfunc Load lazy"
    assert program.is_built
    go_build.tidy()
    assert not go_build.WORKSPACE.exists()


@pytest.mark.parametrize("change", ["source", "overlay", "flags"])
def test_a_program_of_another_recipe_is_discarded_and_that_of_this_one_stays(
    program: go_build.Program, progress: steps.Progress, change: str
) -> None:
    go_build.build(progress, program)
    go_build.discard_outdated(program)
    assert program.file.exists()
    if change == "flags":
        program = go_build.Program(program.name, program.package, ("-tags=more",))
    else:
        (go_build.SOURCES / "tool" / {"source": "main.go", "overlay": "overlay/ours.go"}[change]).write_text("new")
    go_build.discard_outdated(program)
    assert not program.file.exists()


def test_a_file_that_a_new_version_no_longer_has_stops_the_build(
    program: go_build.Program, progress: steps.Progress, tmp_path: Path
) -> None:
    (tmp_path / "module" / "unused.go").unlink()
    with pytest.raises(FileNotFoundError, match=r"unused\.go"):
        go_build.build(progress, program)
    assert not program.is_built


@pytest.mark.parametrize("text", ["func Load eager", "func init eager eager"])
def test_text_that_a_new_version_has_not_exactly_once_stops_the_build(
    program: go_build.Program, progress: steps.Progress, tmp_path: Path, text: str
) -> None:
    (tmp_path / "module" / "slow.go").write_text(text)
    with pytest.raises(ValueError, match=r"slow\.go has '(func init' 0|eager' 2) times"):
        go_build.build(progress, program)
    assert not program.is_built


def test_a_module_from_before_go_mod_gets_one(program: go_build.Program, progress: steps.Progress) -> None:
    go_build.build(progress, program)
    copy = go_build.WORKSPACE / program.name / "modules" / "example.org" / "m"
    assert (copy / "go.mod").read_text() == "module example.org/m\n"


@pytest.mark.parametrize("program", [pulumi_cli.CLI, pulumi_cli.DOCKER_PROVIDER], ids=lambda program: program.name)
def test_each_overlay_names_modules_of_its_go_mod_and_files_of_ours(program: go_build.Program) -> None:
    folder = paths.CHECKOUT / "bootstrap" / "go" / program.name
    overlay = json.loads((folder / "overlay.json").read_text())
    assert all(f"{module} v" in (folder / "go.mod").read_text() for module in overlay)
    ours = {change for changes in overlay.values() for change in changes.values() if isinstance(change, str)}
    assert ours == {file.name for file in (folder / "overlay").iterdir()}


# --- The Docker engine and the image


def test_a_running_docker_is_used_as_it_is(machine: Machine, progress: steps.Progress) -> None:
    machine.install("docker", "echo 28.0.1")
    assert docker_engine.ensure(progress) == "Docker 28.0.1"


def test_a_warning_of_docker_is_not_part_of_its_version(machine: Machine, progress: steps.Progress) -> None:
    machine.install("docker", "echo 'WARNING: Error parsing config file' >&2; echo 28.1.0")
    assert docker_engine.ensure(progress) == "Docker 28.1.0"


def test_the_context_chosen_with_docker_context_use_becomes_docker_host(machine: Machine) -> None:
    machine.install("docker", "echo unix:///home/me/.colima/docker.sock")
    assert docker_engine.host_of_context() == {"DOCKER_HOST": "unix:///home/me/.colima/docker.sock"}


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "DOCKER_CONTEXT"])
def test_an_engine_chosen_by_the_environment_stays_chosen(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    machine.install("docker", "echo unix:///elsewhere.sock")
    monkeypatch.setenv(variable, "mine")
    assert docker_engine.host_of_context() == {}


def test_an_image_that_is_there_is_not_pulled(machine: Machine, progress: steps.Progress) -> None:
    machine.install("docker", 'test "$1 $2" = "image inspect" && echo null')
    assert postgres_image.ensure(progress, "postgres:17-trixie") == "postgres:17-trixie"


def test_an_image_that_can_be_pulled_is_pulled(machine: Machine, progress: steps.Progress) -> None:
    machine.install("docker", 'test "$1" = pull || { echo "Error: No such image: postgres:17-trixie" >&2; exit 1; }')
    assert postgres_image.ensure(progress, "postgres:17-trixie") == "postgres:17-trixie"


@pytest.mark.parametrize(
    "answer",
    ["echo 'Cannot connect to the Docker daemon' >&2; exit 1", "exit 1", "kill -9 $$", "kill -2 $$; sleep 9"],
    ids=["no engine", "silence", "killed", "interrupted"],
)
def test_an_image_that_docker_may_have_is_neither_pulled_nor_built(
    machine: Machine, progress: steps.Progress, answer: str, tmp_path: Path
) -> None:
    machine.install("docker", f'echo "$1 $2" >> {tmp_path / "asked"}; {answer}')
    with pytest.raises(steps.StepError):
        postgres_image.ensure(progress, "postgres:17-trixie")
    assert (tmp_path / "asked").read_text() == "image inspect\n"


class Engine:
    """A Docker engine without Docker Hub, whose images are files with their labels, and an mmdebstrap."""

    def __init__(self, machine: Machine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machine, self.images, self.commands = machine, folder / "images", folder / "commands"
        self.images.mkdir()
        self.temporary = folder / "var-tmp"
        self.temporary.mkdir()
        monkeypatch.setattr(postgres_image, "TEMPORARY", self.temporary)
        (folder / "keyring.gpg").touch()
        monkeypatch.setattr(postgres_image, "KEYRING", folder / "keyring.gpg")
        machine.install("newuidmap", "exit 1")
        machine.install("docker", self.script(self.DOCKER))
        self.mmdebstrap('echo tree > "$last"')

    def script(self, body: str) -> str:
        return f"""
            PATH=/usr/bin:/bin; cd {self.images}
            for argument in "$0" "$@"; do echo "$argument"; done >> {self.commands}
            for last in "$@"; do :; done
            file() {{ echo "$1" | tr /: __; }}
            {body}
        """

    DOCKER = """
        case "$1 $2" in
        "image inspect") cat "$(file "$last")" 2>/dev/null || { echo "No such image: $last" >&2; exit 1; } ;;
        "image ls") for name in *; do echo "0123 $(echo "$name" | tr _ :)"; done ;;
        "image rm") test "$last" != postgres:busy || { echo "conflict: container x is using it" >&2; exit 1; }
                    rm "$(file "$last")" ;;
        pull*) echo "lookup registry: no such host" >&2; exit 1 ;;
        import*) echo sha256:0123 ;;
        build*) echo '{"backstage-database.stand-in": "built"}' > "$(file "$3")" ;;
        tag*) cp "$(file "$2")" "$(file "$3")" ;;
        esac
    """

    def mmdebstrap(self, body: str) -> None:
        helper = """if [ "$1" = --unshare-helper ]; then shift; exec "$@"; fi"""
        self.machine.install("mmdebstrap", self.script(f"{helper}\n{body}"))

    def image(self, name: str) -> Path:
        return self.images / name.replace("/", "_").replace(":", "_")


@pytest.fixture
def engine(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(machine, tmp_path, monkeypatch)


def test_a_stand_in_says_what_it_is_and_how_to_remove_it(
    engine: Engine, progress: steps.Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "the stand-in built from Debian's packages" in postgres_image.ensure(progress, "postgres:17-trixie")
    assert postgres_image.STAND_IN in engine.image("postgres:17-trixie").read_text()
    printed = capsys.readouterr().out
    assert "not the official image" in printed
    assert "every project" in printed
    assert "To remove it: make clean" in printed
    assert "the stand-in" in postgres_image.ensure(progress, "postgres:17-trixie"), "said again when it is used"


def test_a_stand_in_is_made_of_packages_with_debians_signatures_only(engine: Engine, progress: steps.Progress) -> None:
    postgres_image.ensure(progress, "postgres:17-trixie")
    options = engine.commands.read_text().splitlines()
    keyrings = [option for option in options if option.startswith("--keyring=")]
    assert keyrings[0] == f"--keyring={postgres_image.KEYRING}"
    assert keyrings[1].endswith(postgres_image.NO_OTHER_KEYS), "in place of this machine's /etc/apt/trusted.gpg.d"
    assert '--aptopt=Acquire::AllowInsecureRepositories "false"' in options
    assert '--aptopt=APT::Get::AllowUnauthenticated "false"' in options
    assert "--mode=unshare" in options, "no mount outside of a namespace of its own"


def test_an_image_that_appears_during_the_build_is_not_overwritten(engine: Engine, progress: steps.Progress) -> None:
    engine.mmdebstrap('echo tree > "$last"; echo official > "$(file postgres:17-trixie)"')
    assert postgres_image.ensure(progress, "postgres:17-trixie") == "postgres:17-trixie"
    assert engine.image("postgres:17-trixie").read_text() == "official\n"


def test_a_build_that_fails_names_its_cause_and_leaves_nothing(engine: Engine, progress: steps.Progress) -> None:
    engine.mmdebstrap('echo half > "$last"; echo "E: The repository is not signed."; echo "I: done"; exit 1')
    with pytest.raises(steps.StepError, match="E: The repository is not signed"):
        postgres_image.ensure(progress, "postgres:17-trixie")
    assert not [*engine.images.iterdir()]
    assert not [*engine.temporary.iterdir()]


def test_what_a_killed_build_left_is_removed_by_the_next(engine: Engine, progress: steps.Progress) -> None:
    engine.mmdebstrap('mkdir -p "$TMPDIR"/mmdebstrap.x/proc; echo half > "$last"; kill -9 $$')
    with pytest.raises(steps.StepError, match="SIGKILL"):
        postgres_image.ensure(progress, "postgres:17-trixie")
    engine.mmdebstrap('test "$(ls -A "$TMPDIR")" = no-other-keys && echo tree > "$last"')
    postgres_image.ensure(progress, "postgres:17-trixie")
    assert engine.image("postgres:17-trixie").exists()
    assert not [*engine.temporary.iterdir()]


def test_what_a_killed_build_writes_during_the_next_one_is_removed_too(
    engine: Engine, progress: steps.Progress
) -> None:
    """The processes of a mmdebstrap whose parent was killed need some seconds to notice."""
    engine.mmdebstrap('echo tree > "$last"; mkdir -p "${TMPDIR%-*}-killed/late"')
    postgres_image.ensure(progress, "postgres:17-trixie")
    assert not [*engine.temporary.iterdir()]


def test_make_clean_removes_stand_ins_except_those_in_use(
    engine: Engine, progress: steps.Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("postgres:17-trixie", "postgres:busy"):
        engine.image(name).touch()
    postgres_image.remove_stand_ins(progress)
    assert not engine.image("postgres:17-trixie").exists()
    assert "postgres:busy, which was built here, stays: conflict: container x is using it" in capsys.readouterr().out


def test_without_mmdebstrap_the_packages_to_install_are_named(engine: Engine, progress: steps.Progress) -> None:
    engine.machine.install("apt-get", "exit 1")
    for name in ("mmdebstrap", "newuidmap"):
        (engine.machine.programs / name).unlink()
    ensure = functools.partial(postgres_image.ensure, image="postgres:17-trixie")
    command = "apt-get update && apt-get install --yes --no-install-recommends mmdebstrap uidmap"
    assert remedy(progress, ensure) == f'Run: sudo sh -c "{command}"'


# --- Not root: the command to run is named, and nothing is changed


def remedy(progress: steps.Progress, ensure: object) -> str:
    with pytest.raises(steps.StepError) as stopped:
        ensure(progress)  # pyright: ignore[reportCallIssue]
    return stopped.value.remedy


def test_without_docker_the_command_that_installs_it_is_named(machine: Machine, progress: steps.Progress) -> None:
    expected = 'Run: sudo sh -c "apt-get update && apt-get install -y docker.io; service docker start"'
    assert remedy(progress, docker_engine.ensure) == expected


def test_with_a_docker_that_does_not_run_the_command_that_starts_it_is_named(
    machine: Machine, progress: steps.Progress
) -> None:
    machine.install("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    machine.install("dockerd", "exit 1")
    assert remedy(progress, docker_engine.ensure) == 'Run: sudo sh -c "service docker start"'


def test_a_docker_that_others_may_use_asks_for_its_group(machine: Machine, progress: steps.Progress) -> None:
    machine.install("docker", "echo 'permission denied while trying to connect to the socket' >&2; exit 1")
    assert "sudo usermod -aG docker" in remedy(progress, docker_engine.ensure)


def test_an_engine_chosen_by_the_environment_is_not_replaced_by_another(
    machine: Machine, progress: steps.Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://build:2375")
    machine.install("docker", "echo 'Cannot connect' >&2; exit 1")
    assert remedy(progress, docker_engine.ensure) == "Start that engine, or unset DOCKER_HOST to use the local one."


def test_a_mac_is_told_of_its_own_engines(
    machine: Machine, progress: steps.Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_engine.platform, "system", lambda: "Darwin")
    assert "Docker Desktop or Colima" in remedy(progress, docker_engine.ensure)


def test_an_image_that_cannot_be_had_says_how_to_bring_it(machine: Machine, progress: steps.Progress) -> None:
    machine.install("docker", "echo 'No such image: timescale/timescaledb' >&2; exit 1")
    ensure = functools.partial(postgres_image.ensure, image="timescale/timescaledb")
    assert "docker save timescale/timescaledb, then docker load" in remedy(progress, ensure)


def test_system_packages_are_installed_by_root_only(machine: Machine, progress: steps.Progress) -> None:
    machine.install("apt-get", "exit 1")
    ensure = functools.partial(debian.install, packages=["mmdebstrap"], why="mmdebstrap")
    assert remedy(progress, ensure).startswith('Run: sudo sh -c "apt-get update && apt-get install')


def test_without_node_the_tests_stop_and_say_so(machine: Machine, progress: steps.Progress) -> None:
    assert "Install Node.js 20" in remedy(progress, node_packages.ensure)
    machine.install("node", "echo v18.1.0")
    machine.install("npm", "exit 1")
    assert "Install Node.js 20" in remedy(progress, node_packages.ensure)


# --- Lock files


LOCKED = ("dev", "test", "go")


def requirements(file: Path) -> Iterator[Requirement]:
    """Returns the requirements of a file and of those that it includes."""
    for line in file.read_text().splitlines():
        included = re.match(r"-r\s+(\S+)", line)
        if included:
            yield from requirements(file.parent / included[1])
        elif line and not line.startswith("#"):
            yield Requirement(line)


def locked(name: str) -> list[tuple[Requirement, str]]:
    """Returns the pins of a lock file, each with the lines of its hashes."""
    lock = python_environment.lock_file(paths.CHECKOUT / "requirements" / f"{name}.txt").read_text()
    found = re.findall(r"(?m)^(\S+==[^\\\n]+?) \\\n((?:    --hash=\S+(?: \\)?\n)+)", lock)
    assert len(found) == len(re.findall(r"(?m)^\w", lock)), "every pin has hashes"
    return [(Requirement(pin), hashes) for pin, hashes in found]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("name", LOCKED)
def test_a_lock_file_has_one_version_of_each_requirement(name: str, python: str, platform: str) -> None:
    """On every Python that the product supports. `make lock` writes the files."""
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    environment["sys_platform"] = platform
    pins = [pin for pin, _ in locked(name) if pin.marker is None or pin.marker.evaluate(environment)]
    for requirement in requirements(paths.CHECKOUT / "requirements" / f"{name}.txt"):
        versions = [str(pin.specifier)[2:] for pin in pins if canonical(pin.name) == canonical(requirement.name)]
        assert len(versions) == 1, f"{requirement} in {name}.lock: {versions}. Run `make lock`"
        assert requirement.specifier.contains(versions[0]), f"{requirement} is locked at {versions[0]}. Run `make lock`"


@pytest.mark.parametrize("name", LOCKED)
def test_a_lock_file_has_hashes_and_no_address(name: str) -> None:
    lock = python_environment.lock_file(paths.CHECKOUT / "requirements" / f"{name}.txt").read_text()
    assert all("--hash=sha256:" in hashes for _, hashes in locked(name))
    assert "://" not in lock


def test_packages_are_installed_by_their_hashes_and_again_only_when_the_lock_changes(
    machine: Machine, progress: steps.Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    (tmp_path / "dev.lock").write_text("pulumi==3.259.0")
    machine.install("python", f'echo "$@" >> {tmp_path / "ran"}', paths.VENV / "bin")
    machine.install("pip", "exit", paths.VENV / "bin")
    for lock in ("pulumi==3.259.0", "pulumi==3.259.0", "pulumi==3.260.0", "pulumi==3.259.0"):
        (tmp_path / "dev.lock").write_text(lock)
        python_environment.ensure(progress, "dev.txt")
    runs = (tmp_path / "ran").read_text().splitlines()
    assert len(runs) == 3
    assert all(line.endswith(f"install --require-hashes --requirement {tmp_path / 'dev.lock'}") for line in runs)


# --- What is said


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("config:\n  local: {image: 'postgres:16-bookworm', port: 5}\n", "postgres:16-bookworm"),
        ("config:\n  backstage-database:local:\n    image: postgres:16 # pinned\n", "postgres:16"),
        ('{"config": {"local": {"image": "postgres:16"}}}', "postgres:16"),
        ("config:\n  azure:\n    image: none\n", None),
        ("config:\n", None),
        ("", None),
    ],
    ids=["flow style", "with the project's name", "JSON", "of something else", "empty config", "empty file"],
)
def test_the_image_is_read_from_the_settings_in_every_style_of_yaml(
    tmp_path: Path, text: str, image: str | None
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    assert configuration.local_argument("image", tmp_path / "Pulumi.dev.yaml") == image


@pytest.mark.parametrize(("given", "used"), [("relative/cache", False), ("/absolute/cache", True), ("", False)])
def test_a_relative_cache_folder_is_ignored_as_the_xdg_specification_says(given: str, used: bool) -> None:
    printed = subprocess.run(
        [sys.executable, "-c", "from bootstrap import paths; print(paths.CACHE)"],
        cwd=paths.CHECKOUT,
        env={**os.environ, "XDG_CACHE_HOME": given, "HOME": "/home/jo"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert printed == ("/absolute/cache" if used else "/home/jo/.cache") + "/backstage-database"


def test_what_the_engine_says_twice_is_shown_once() -> None:
    out = (
        "Updating (dev):\n\nDiagnostics:\n  pulumi:pulumi:Stack (backstage-database-dev):\n"
        '    error: LocalPostgres "backstage": no.\n'
        '    error: an unhandled error occurred: LocalPostgres "backstage": no.\n\n'
        "Resources:\n    1 errored\n\nDuration: 1s\n"
    )
    words = errors.essence(out, "error: update failed")
    assert words.count('LocalPostgres "backstage": no.') == 1
    assert "Resources" not in words


def test_settings_in_another_encoding_are_named_with_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = tmp_path / "Pulumi.dev.yaml"
    settings.write_bytes("config:\n  database: local # café\n".encode("latin-1"))
    monkeypatch.setattr(paths, "SETTINGS", settings)
    monkeypatch.setenv("PULUMI_BACKEND_URL", paths.OWN_BACKEND)
    with pytest.raises(errors.ExplainedError) as error:
        dev_stack.DevStack("down").open(create=False)
    assert "Pulumi.dev.yaml is not UTF-8: byte 0xe9 in line 2." in error.value.words

    monkeypatch.setattr(sys, "argv", ["configuration", "image"])
    with pytest.raises(SystemExit, match="not UTF-8: byte 0xe9 in line 2"):
        configuration.main()


@pytest.mark.parametrize("cause", errors.CAUSES, ids=lambda cause: cause.pattern[:30])
def test_every_known_cause_says_what_to_do(cause: errors.Cause) -> None:
    known = {"command": "up", "backend": "file:///state", "key": "a file"}
    assert cause.remedy == "" or cause.remedy.format(**known).endswith((".", "local.password"))
    assert "{" not in cause.meaning.format(**known) + cause.remedy.format(**known)


def test_the_password_in_a_backends_address_is_never_shown() -> None:
    explained = errors.explain(
        'unable to open state database "postgres://jo:s3cret@db/pulumi"',
        command="up",
        backend="postgres://jo:s3cret@db/pulumi",
        key="",
    )
    assert "s3cret" not in explained.words + explained.meaning + explained.remedy
    assert "db/pulumi" in explained.meaning


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("config:\n  local: {volume: mine, user: jo}\n", "`local.volume` is mine"),
        ("config:\n  backstage-database:local:\n    volume: mine\n", "`local.volume` is mine"),
        ("config:\n  database: existing\n  existing: {host: db}\n", "`database` is existing"),
    ],
    ids=["a volume", "with the project's name", "another database"],
)
def test_up_is_refused_if_it_would_delete_the_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: str, said: str
) -> None:
    """`make up` shows no preview, and the page about LocalPostgres recommends `volume` for data that must last."""
    monkeypatch.setattr(paths, "SETTINGS", tmp_path / "Pulumi.dev.yaml")
    paths.SETTINGS.write_text(settings)
    monkeypatch.setattr(
        state_file, "ids", lambda type_: ["backstage-data-1"] if "volume" in type_ else ["0123456789abcd"]
    )
    stack_dev = type(
        "StackDev", (), {"__init__": void, "open": lambda *_, **__: True, "up": lambda *_: pytest.fail("up")}
    )
    monkeypatch.setattr(stack, "DevStack", stack_dev)
    with pytest.raises(errors.ExplainedError) as error:
        stack.up()
    assert said in error.value.words
    assert "backstage-data-1" in error.value.words
    assert f"docker exec 0123456789ab pg_dumpall -U {'jo' if 'jo' in settings else 'postgres'} >" in error.value.remedy


@pytest.mark.parametrize(
    ("settings", "in_state", "said"),
    [
        ("config:\n", ("volume", "container"), "The database, its data, app-config.local.yaml and .env are deleted."),
        ("config:\n  local: {volume: mine}\n", ("container",), "Its data stays on the volume mine."),
        ("config:\n  database: existing\n", (), "The database's server has not changed."),
    ],
    ids=["a volume of the stack", "a volume that outlives the stack", "an existing server"],
)
def test_down_says_what_it_deletes_and_what_stays(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    settings: str,
    in_state: tuple[str, ...],
    said: str,
) -> None:
    use_checkout(monkeypatch, tmp_path)
    monkeypatch.setattr(paths, "SETTINGS", tmp_path / "Pulumi.dev.yaml")
    monkeypatch.setattr(stack, "_APP_CONFIG", tmp_path / "app-config.local.yaml")
    monkeypatch.setattr(stack, "_DOTENV", tmp_path / ".env")
    monkeypatch.setattr(stack, "_forget_what_nothing_needs", void)
    paths.SETTINGS.write_text(settings)
    monkeypatch.setattr(state_file, "ids", lambda type_: ["id"] if any(word in type_ for word in in_state) else [])
    operations = {"__init__": void, "open": lambda *_, **__: True, "destroy": void}
    monkeypatch.setattr(stack, "DevStack", type("StackDev", (), operations))
    stack.down()
    printed = capsys.readouterr().out
    assert said in printed
    assert ("its data," in printed) == ("volume" in in_state)


def use_checkout(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(paths, "CHECKOUT", folder)
    monkeypatch.setattr(paths, "STATE", folder / ".pulumi")


def test_a_copied_checkout_does_not_manage_the_database_of_the_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`make down` in a copy that someone made to try something would delete the data."""
    original, copy, moved = tmp_path / "original", tmp_path / "a copy", tmp_path / "moved"
    (original / ".pulumi" / "stacks" / "project").mkdir(parents=True)
    (original / ".pulumi" / "stacks" / "project" / "dev.json").write_text("{}")
    use_checkout(monkeypatch, original)
    state_file.refuse_copy()
    state_file.note_checkout()
    state_file.refuse_copy()
    shutil.copytree(original, copy)

    use_checkout(monkeypatch, copy)
    with pytest.raises(errors.ExplainedError) as error:
        state_file.refuse_copy()
    assert f"is a copy of {original}." in error.value.words
    subprocess.run(["sh", "-ec", error.value.remedy.rpartition("\n")[2]], check=True)
    state_file.refuse_copy()
    assert not state_file.find()

    original.rename(moved)
    use_checkout(monkeypatch, moved)
    state_file.refuse_copy()
    assert state_file.find()


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The outputs of a stack whose container the command `docker` does not know."""
    monkeypatch.setattr(proof.containers, "find", void)
    connection = {"host": "127.0.0.1", "port": 1, "user": "postgres", "password": "secret"}
    return {"containerName": "backstage-postgres", "host": "127.0.0.1", "databaseConfig": {"connection": connection}}


def test_a_login_counts_although_docker_does_not_know_the_container(
    monkeypatch: pytest.MonkeyPatch, outputs: dict[str, Any]
) -> None:
    """With `docker:host` in the settings the provider uses another engine than the command `docker`."""
    monkeypatch.setattr(proof, "log_in", void)
    assert proof.login_problem(outputs) is None


@pytest.mark.parametrize(
    ("docker", "said"),
    [("echo Client; exit 0", "has no container backstage-postgres"), ("echo 'not TLS' >&2; exit 1", "does not reach")],
)
def test_a_container_that_docker_does_not_know_is_absent_only_if_docker_works(
    machine: Machine, outputs: dict[str, Any], docker: str, said: str
) -> None:
    machine.install("docker", docker)
    with pytest.raises(errors.ExplainedError) as error:
        proof.require_login(outputs)
    assert said in error.value.meaning
    assert ("not TLS" in error.value.words) == ("not TLS" in docker)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", paths.OWN_BACKEND),
        ("file://state", f"{paths.OWN_BACKEND}/state"),
        ("file://./state", f"{paths.OWN_BACKEND}/state"),
        ("file:state", f"{paths.OWN_BACKEND}/state"),
        ("file://~", "file://~"),
        ("file:///state", "file:///state"),
        ("s3://bucket", "s3://bucket"),
    ],
)
def test_an_empty_backend_is_none_and_a_relative_one_is_in_the_checkout(
    monkeypatch: pytest.MonkeyPatch, given: str, used: str
) -> None:
    """It would otherwise be in a folder that `make down` deletes."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", given)
    assert paths.environment()["PULUMI_BACKEND_URL"] == used


@pytest.mark.parametrize(("given", "used"), [("", paths.PASSPHRASE), ("pass", paths.CHECKOUT / "pass")])
def test_an_empty_passphrase_file_is_none_and_a_relative_one_is_in_the_checkout(
    monkeypatch: pytest.MonkeyPatch, given: str, used: Path
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", given)
    assert paths.environment()["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(used)


def test_programs_on_this_machine_are_not_asked_for_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "corp.example.com")
    assert paths.environment()["no_proxy"] == "corp.example.com,127.0.0.1,localhost"


# --- Make


def test_variables_that_hide_pythons_modules_have_no_effect() -> None:
    """Some are set for every program, such as PYTHONPATH by ROS."""
    hidden = {"PYTHONPATH": "/elsewhere", "PYTHONHOME": "/nonexistent", "PYTHONSAFEPATH": "1"}
    variables = {"PATH": os.environ["PATH"], **hidden}
    command = ["make", "--eval", "show: ; @env", "show"]
    shown = subprocess.run(
        command, cwd=paths.CHECKOUT, env=variables, capture_output=True, text=True, check=True
    ).stdout
    assert not [name for name in hidden if f"{name}=" in shown]


def test_targets_of_one_call_run_one_after_the_other_also_with_jobs(machine: Machine, tmp_path: Path) -> None:
    """Many have `MAKEFLAGS=-j8` in their environment."""
    log = tmp_path / "log"
    machine.install("python", f'shift 2; echo "$1 begins" >>{log}; sleep 0.2; echo "$1 ends" >>{log}')
    make = shutil.which("make", path=os.defpath)
    assert make
    variables = {"PATH": f"{machine.programs}:{os.defpath}", "MAKEFLAGS": "-j4"}
    subprocess.run([make, "PYTHON=python", "up", "env"], cwd=paths.CHECKOUT, env=variables, check=True)
    assert log.read_text().split("\n") == ["up begins", "up ends", "env begins", "env ends", ""]


# --- A taken port


@pytest.mark.parametrize(
    "words",
    [
        "Bind for 127.0.0.1:5433 failed: port is already allocated",
        "Error starting userland proxy: listen tcp4 127.0.0.1:5433: bind: address already in use",
        "failed to bind host port for 127.0.0.1:5433:172.17.0.2:5432/tcp: address already in use",
        "failed to bind host port 127.0.0.1:5433/tcp: address already in use",
    ],
)
def test_a_taken_port_is_recognised_in_the_words_of_each_version_of_docker(words: str) -> None:
    nobody = DockerEngine("unix:///nowhere/docker.sock")
    explained = checks.explain_failure(nobody, "an owner", words, {"ports": [{"external": 5433.0}]})
    found = port_owner.TAKEN.search(explained or "")
    assert found
    assert found[1] == "5433"


# --- Files that one may not use


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        ("{STATE}", "chown -R \"$(id -u)\" '{STATE}'"),
        ("{STATE}/stacks", "chown -R \"$(id -u)\" '{STATE}'"),
        ("{VENV}/bin/python", "chown -R \"$(id -u)\" '{VENV}'"),
        ("{CACHE}/lock", "chown -R \"$(id -u)\" '{CACHE}'"),
        ("{CHECKOUT}/.env", "chown -R \"$(id -u)\" '{CHECKOUT}/.env'"),
        ("{HOME}", "export XDG_CACHE_HOME="),
        ("{HOME}/.cache", "export XDG_CACHE_HOME="),
    ],
)
def test_a_file_that_one_may_not_use_is_named_with_what_helps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: str, remedy: str
) -> None:
    """What `sudo make up` made is root's; a container's user may have no home."""
    home, checkout = Path("/home/j o"), Path("/src/check out")
    places = {"STATE": checkout / ".pulumi", "VENV": checkout / ".venv", "CACHE": home / ".cache/backstage-database"}
    for name, place in places.items():
        monkeypatch.setattr(paths, name, place)
    names = {**places, "HOME": home, "CHECKOUT": checkout}
    refusal = PermissionError(13, "Permission denied", file.format(**names))
    errors.explain_file(refusal).report("down")
    printed = capsys.readouterr().out
    assert f"{file.format(**names)}: Permission denied" in printed
    assert f"{remedy.format(**names)}" in printed


@pytest.mark.parametrize("command", ["env", "down", "clean"])
def test_a_state_of_another_user_ends_no_command_with_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(paths.STATE / "stacks"))

    monkeypatch.setattr(bootstrap_main.signals, "listen", void)
    monkeypatch.setattr(Path, "rglob", refuse)
    monkeypatch.setattr(sys, "argv", ["bootstrap", command])
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    assert bootstrap_main.main() == 1
    assert f"`make {command}` failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("project", "found"),
    [("name: backstage-database\n", True), ("runtime: python\nname: renamed\n", False), ("runtime: python\n", False)],
)
def test_a_state_counts_as_the_stacks_only_under_the_projects_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: str, found: bool
) -> None:
    """Of a renamed project, the CLI says that it has no such stack."""
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    monkeypatch.setattr(paths, "STATE", tmp_path / ".pulumi")
    (tmp_path / "Pulumi.yaml").write_text(project)
    state = tmp_path / ".pulumi" / "stacks" / "backstage-database" / "dev.json"
    assert not state_file.is_of_this_project()
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    assert state_file.is_of_this_project() is found


# --- Clean


def test_clean_says_what_a_link_keeps_and_what_is_gone(
    tmp_path: Path, progress: steps.Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere, folder = tmp_path / "else where", tmp_path / "folder"
    elsewhere.mkdir()
    folder.mkdir()
    (tmp_path / "link").symlink_to(elsewhere)
    for place in (tmp_path / "link", folder, tmp_path / "absent"):
        clean.remove(place, progress)
    printed = capsys.readouterr().out
    assert f"removed the link {tmp_path}/link; '{elsewhere}' stays" in printed
    assert f"removed {folder}\n" in printed
    assert "absent" not in printed
    assert elsewhere.is_dir()
    assert not folder.exists()
    assert not (tmp_path / "link").is_symlink()


def test_clean_says_what_could_not_be_removed(
    tmp_path: Path, progress: steps.Progress, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "rmdir", refuse)
    clean.remove(tmp_path / "folder", progress)
    printed = capsys.readouterr().out
    assert "is not completely removed" in printed
    assert "Operation not permitted" in printed


# --- Locks of Pulumi


def test_a_backend_that_is_no_folder_has_no_locks_to_remove() -> None:
    assert stale_locks.remove("https://api.pulumi.com", "dev") == []
    assert stale_locks.remove("s3://bucket", "dev") == []


def test_a_lock_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    lock = tmp_path / ".pulumi" / "locks" / "organization" / "project" / "dev" / "lock.json"
    lock.parent.mkdir(parents=True)
    for text in ("", "{}", '{"pid": "x", "hostname": 5, "timestamp": "now"}'):
        lock.write_text(text)
        assert stale_locks.remove(tmp_path.as_uri(), "dev") == []
        assert lock.exists()


# --- Facts that stand in two paths


def test_the_image_that_bootstrap_brings_is_the_components_default() -> None:
    image = run(lambda: void(LocalPostgres("db", {}))).resource(IMAGE).inputs["name"]
    assert image == postgres_image.DEFAULT


def test_pulumi_yaml_asks_for_the_version_that_bootstrap_looks_for() -> None:
    minimum = ".".join(map(str, pulumi_cli.MINIMUM))
    assert f'requiredPulumiVersion: ">={minimum}.0"' in (paths.CHECKOUT / "Pulumi.yaml").read_text()


def test_pulumi_yaml_names_the_virtual_environment_that_bootstrap_makes() -> None:
    assert "virtualenv: .venv\n" in (paths.CHECKOUT / "Pulumi.yaml").read_text()


def test_the_entrypoint_of_the_stand_in_image_can_be_executed() -> None:
    assert (postgres_image.SOURCE / "docker-entrypoint.sh").stat().st_mode & stat.S_IXUSR


def void(*_: object) -> None:
    """A program under test returns its outputs; this one has none."""
