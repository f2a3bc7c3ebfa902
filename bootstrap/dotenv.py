"""Writes the `.env` file with the variables of Backstage's guide, so that every tool reads the same values."""

import re
from collections.abc import Mapping

from components.backstage import WHITESPACE_AROUND

# These tools all treat quotes differently, so values have no quotes: all of them read those alike.
_READERS = "dotenv-cli, env-cmd, `set -a; . ./.env`, `docker run --env-file` and `kubectl … --from-env-file`"

# Characters that one of the readers changes in a value without quotes.
_CHANGED = {
    r"[\0\n\r\u2028\u2029]": "a line break or NUL, which none of them can read",
    WHITESPACE_AROUND: "whitespace at its start or end, which Backstage removes",
    r"#": "a #, which dotenv-cli and env-cmd take for the start of a comment",
    r"\\": r"a \, which the shell removes and env-cmd reads as part of \n",
    r"\$": "a $, which the shell and dotenv-cli take for the start of a variable",
    r"[\s\x00-\x1f\x7f-\x9f'\"`&|;<>()~]|(\A|:)=": "whitespace, a quote or another character that the shell interprets",
}


def dotenv(variables: Mapping[str, str]) -> str:
    """Returns a .env file from which each of READERS gets exactly `variables`.

    Raises ValueError for a value that one of them, or Backstage, would change.
    """
    return "".join(f"{name}={_unchanged(name, value)}\n" for name, value in variables.items())


def _unchanged(name: str, value: str) -> str:
    for pattern, reason in _CHANGED.items():
        if re.search(pattern, value):
            raise ValueError(
                f"{name} cannot be written to a .env file, which {_READERS} must read alike: it has {reason}. Use "
                "app-config.local.yaml, which `make up` writes and which can hold any value, or choose another value."
            )
    return value
