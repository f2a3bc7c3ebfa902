"""Where things are: the checkout, what bootstrap keeps between checkouts, and the environment that uses both."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
SETTINGS = CHECKOUT / "Pulumi.dev.yaml"
# Where Pulumi's file backend keeps the stack of `make up`, next to a passphrase that it is encrypted with.
STATE = CHECKOUT / ".pulumi"
OWN_BACKEND = CHECKOUT.as_uri()
PASSPHRASE = STATE / "passphrase"

# The XDG specification: a relative path is invalid and to be ignored.
_CACHE_HOME = Path(os.environ.get("XDG_CACHE_HOME", ""))
CACHE = (_CACHE_HOME if _CACHE_HOME.is_absolute() else Path.home() / ".cache") / "backstage-database"
LOGS = CACHE / "logs"
# Programs built here from source.
BUILT = CACHE / "bin"
# The vendor's release of the Pulumi CLI.
PULUMI_HOME = CACHE / "pulumi"


def environment() -> dict[str, str]:
    """The variables that make every program of ours use what bootstrap brought; what you set yourself comes first."""
    values = dict(os.environ)
    ours = [str(place) for place in (VENV / "bin", BUILT, PULUMI_HOME) if place.is_dir()]
    values["PATH"] = os.pathsep.join([*ours, values.get("PATH", os.defpath)])
    values["VIRTUAL_ENV"] = str(VENV)
    values.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    values.setdefault("PULUMI_BACKEND_URL", OWN_BACKEND)
    if "PULUMI_CONFIG_PASSPHRASE" not in values:
        values.setdefault("PULUMI_CONFIG_PASSPHRASE_FILE", str(PASSPHRASE))
    return values
