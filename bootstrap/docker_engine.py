"""Finds a Docker engine: uses the one that answers; otherwise starts it, and installs it first if necessary."""

import os
import platform
import shutil
import signal
import subprocess
import time
from pathlib import Path

from . import debian, paths
from .steps import CommandError, Progress, StepError

_PID_FILE = paths.CACHE / "dockerd.pid"
_LOG = paths.LOGS / "dockerd.log"
# Docker's own PID files. After a crash these ids may belong to other processes, and dockerd would not start.
_PID_FILES = {
    "dockerd": Path("/var/run/docker.pid"),
    "containerd": Path("/var/run/docker/containerd/containerd.pid"),
}
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def ensure(progress: Progress) -> str:
    """Makes sure that a Docker engine answers; returns its version."""
    version, problem = _server_version(progress)
    if version:
        return f"Docker {version}"

    chosen = next((name for name in ("DOCKER_HOST", "DOCKER_CONTEXT") if os.environ.get(name)), None)
    if "permission denied" in problem.lower():
        where = f" at {chosen}={os.environ[chosen]}" if chosen else ""
        raise StepError(
            f"you may not use the Docker engine{where}", "Run: sudo usermod -aG docker $USER, then log in again."
        )
    if chosen:
        raise StepError(
            f"Docker at {chosen}={os.environ[chosen]} does not answer: {problem}",
            f"Start that engine, or unset {chosen} to use the local one.",
        )
    if platform.system() != "Linux":
        raise StepError("no Docker engine answers", "Start Docker Desktop or Colima (`colima start`).")
    if os.geteuid() != 0:
        install = (
            "" if shutil.which("dockerd", path=SYSTEM_PATH) else "apt-get update && apt-get install -y docker.io; "
        )
        raise StepError("no Docker engine runs", f'Run: sudo sh -c "{install}service docker start"')

    if not shutil.which("dockerd", path=SYSTEM_PATH) or not shutil.which("docker"):
        debian.install(progress, ["docker.io", "iptables"], "a Docker engine")
    version, _ = _server_version(progress)
    if not version:
        progress.begin("starting the Docker engine", "2 to 5 s")
        version = _start(progress)
    return f"Docker {version}"


def host_of_context() -> dict[str, str]:
    """Returns DOCKER_HOST for the context of `docker context use`, which Pulumi's provider does not read."""
    if os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT") or not shutil.which("docker"):
        return {}
    command = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    host = done.stdout.strip()
    return {"DOCKER_HOST": host} if done.returncode == 0 and host else {}


def stop() -> None:
    """Stops the engine if `ensure` has started it."""
    if _program(_PID_FILE) == "dockerd":
        pid = int(_PID_FILE.read_text())
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        print(f"  stopped the Docker engine that was started here (process {pid})")
    _PID_FILE.unlink(missing_ok=True)


def _program(pid_file: Path) -> str | None:
    """Returns the name of the process whose id is in the file; None without the file or the process."""
    try:
        return Path(f"/proc/{int(pid_file.read_text())}/comm").read_text().strip()
    except (OSError, ValueError):
        return None


def _server_version(progress: Progress) -> tuple[str, str]:
    """Returns the version of the engine that answers, and why none does; one of them is empty."""
    if not shutil.which("docker"):
        return "", "there is no `docker` command"
    try:
        return progress.ask(["docker", "version", "--format", "{{.Server.Version}}"]), ""
    except CommandError as error:
        return "", error.output.strip().splitlines()[-1] if error.output.strip() else str(error)


def _start(progress: Progress) -> str:
    """Starts the engine, and returns its version when it answers."""
    if Path("/run/systemd/system").is_dir():
        progress.run(["systemctl", "start", "docker"])
    else:
        for program, pid_file in _PID_FILES.items():
            if _program(pid_file) != program:
                pid_file.unlink(missing_ok=True)
        # In its own session and without our output: it outlives us, and must keep no terminal or pipe open.
        with _LOG.open("ab") as log:
            daemon = subprocess.Popen(
                [shutil.which("dockerd", path=SYSTEM_PATH) or "dockerd"],
                env={**os.environ, "PATH": SYSTEM_PATH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _PID_FILE.write_text(str(daemon.pid))
    deadline = time.monotonic() + 60
    while True:
        version, problem = _server_version(progress)
        if version:
            return version
        if time.monotonic() > deadline:
            raise StepError(f"the Docker engine does not start: {problem}", f"See {_LOG} or `systemctl status docker`.")
        time.sleep(0.3)
