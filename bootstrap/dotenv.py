"""The `.env` file that dotenv-cli and env-cmd start a Backstage with: the first way of Backstage's guide."""

import re
from collections.abc import Mapping

from components.backstage import WHITESPACE_AROUND

_NOT_IN_A_DOTENV_FILE = {
    r"[\0\n\r\u2028\u2029]": "a line break or NUL",
    WHITESPACE_AROUND: "a blank at its start or end, which Backstage removes",
    r"\$[A-Za-z_]|\$\{[^{}]+\}|\\\$": r"$NAME, ${NAME} or \$, which dotenv-cli replaces",
    r"\\n": r"\n, which env-cmd turns into a line break",
}


def dotenv(variables: Mapping[str, str]) -> str:
    """A .env file from which dotenv-cli and env-cmd both read exactly `variables`.

    Raises ValueError for a value that one of the two, or Backstage, would change however it is written.
    """
    return "".join(f"{name}={_dotenv_value(name, value)}\n" for name, value in variables.items())


def _dotenv_value(name: str, value: str) -> str:
    reasons = [reason for pattern, reason in _NOT_IN_A_DOTENV_FILE.items() if re.search(pattern, value)]
    quoted = _quoted(value)
    if quoted is None:
        reasons.append("quotes, # or \\ in a mixture that no way of quoting covers")
    if quoted is None or reasons:
        raise ValueError(
            f"{name} cannot be carried in a .env file: it has {reasons[0]}. Use the app-config document with literal "
            "values instead (the stack's output appConfig), or choose another value."
        )
    return quoted


def _quoted(value: str) -> str | None:
    """`value` in the first way that both tools read back as it is; neither has an escape for its quotes.

    dotenv-cli takes a final backslash for the escape of the closing quote, `#` behind an inner quote for a comment,
    and `\\r` in double quotes for a carriage return.
    """
    for quote in sorted("'\"", key=value.count):
        commented = quote in value and "#" in value
        if not (value.endswith("\\") or commented or (quote == '"' and r"\r" in value)):
            return f"{quote}{value}{quote}"
    return None if "#" in value or value.startswith(("'", '"', "`")) else value
