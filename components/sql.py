"""Quotes strings for the SQL that the components hand to people."""


def literal(text: str) -> str:
    """Returns the SQL string literal for `text`, valid with standard_conforming_strings on or off."""
    escaped = text.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in text else f"'{escaped}'"


def identifier(text: str) -> str:
    """Returns `text` as a quoted SQL identifier, for a role, database or schema."""
    return '"' + text.replace('"', '""') + '"'
