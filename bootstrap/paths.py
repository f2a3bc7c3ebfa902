"""Where things are: the checkout, what bootstrap keeps between checkouts, and the environment that uses both."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
STATE = CHECKOUT / ".pulumi"
"""Where Pulumi's file backend keeps the stack of `make up`, beside a passphrase that it is encrypted with."""
PASSPHRASE = STATE / "passphrase"

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "backstage-database"
LOGS = CACHE / "logs"
BUILT = CACHE / "bin"
"""Programs built here from source."""
PULUMI_HOME = CACHE / "pulumi"
"""The vendor's release of the Pulumi CLI."""


def environment() -> dict[str, str]:
    """The variables that make every program of ours use what bootstrap brought; what you set yourself comes first."""
    values = dict(os.environ)
    ours = [str(place) for place in (VENV / "bin", BUILT, PULUMI_HOME) if place.is_dir()]
    values["PATH"] = os.pathsep.join([*ours, values.get("PATH", os.defpath)])
    values["VIRTUAL_ENV"] = str(VENV)
    values.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    values.setdefault("PULUMI_BACKEND_URL", STATE.parent.as_uri())
    if "PULUMI_CONFIG_PASSPHRASE" not in values:
        values.setdefault("PULUMI_CONFIG_PASSPHRASE_FILE", str(PASSPHRASE))
    return values
