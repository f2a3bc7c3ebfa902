"""Names the paths of the checkout and of bootstrap's cache, and sets the environment that uses both."""

import os
import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
SETTINGS = CHECKOUT / "Pulumi.dev.yaml"
# Pulumi's file backend with the stack of `make up`, and the passphrase that encrypts its secrets.
STATE = CHECKOUT / ".pulumi"
OWN_BACKEND = CHECKOUT.as_uri()
PASSPHRASE = STATE / "passphrase"

# The XDG specification says to ignore a relative path.
_CACHE_HOME = Path(os.environ.get("XDG_CACHE_HOME", ""))
CACHE = (_CACHE_HOME if _CACHE_HOME.is_absolute() else Path.home() / ".cache") / "backstage-database"
LOGS = CACHE / "logs"
# Programs built here from source.
BUILT = CACHE / "bin"
# The Pulumi CLI, as released by its vendor.
PULUMI_HOME = CACHE / "pulumi"


def backend() -> str:
    """Returns the address of Pulumi's backend: PULUMI_BACKEND_URL, or the checkout's own.

    A relative folder is in the checkout: Pulumi itself would look below bootstrap's copy of the project.
    """
    given = os.environ.get("PULUMI_BACKEND_URL") or OWN_BACKEND
    relative = re.fullmatch(r"file:(?://)?(?![/~])(.*)", given)
    return (CHECKOUT / relative[1]).resolve().as_uri() if relative else given


def uses_own_backend() -> bool:
    """Returns whether the state is in the checkout's own backend."""
    return backend() == OWN_BACKEND


def passphrase_file() -> Path:
    """Returns PULUMI_CONFIG_PASSPHRASE_FILE, or the file with the generated passphrase."""
    return CHECKOUT / (os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE") or PASSPHRASE)


def environment() -> dict[str, str]:
    """Returns the environment in which programs use what bootstrap installed. Variables that the user set stay."""
    values = dict(os.environ)
    ours = [str(place) for place in (VENV / "bin", BUILT, PULUMI_HOME) if place.is_dir()]
    values["PATH"] = os.pathsep.join([*ours, values.get("PATH", os.defpath)])
    values["VIRTUAL_ENV"] = str(VENV)
    values.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    # The engine, its plugins and the program talk to each other on this machine, which no proxy can reach.
    for name in ("no_proxy", "NO_PROXY"):
        values[name] = ",".join(filter(None, [values.get(name), "127.0.0.1", "localhost"]))
    values["PULUMI_BACKEND_URL"] = backend()
    if "PULUMI_CONFIG_PASSPHRASE" not in values:
        values["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(passphrase_file())
    return values
