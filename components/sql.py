"""Quotes strings for the SQL that the components hand to people."""


def literal(text: str) -> str:
    """Returns an SQL string that means `text`, whatever standard_conforming_strings is."""
    escaped = text.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in text else f"'{escaped}'"


def identifier(text: str) -> str:
    """Returns `text` as the name of a role, database or schema."""
    return '"' + text.replace('"', '""') + '"'
