"""Text that some link of the chain from Pulumi to Backstage could misread."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

WHOLE = [
    *("089", "0128", "1e5", "12e3", "0o17", "0x1F", "5432", "-1", "1.0", ".inf", ".nan", "1_000", "12:30:45"),
    *("yes", "no", "on", "true", "False", "null", "~", "2026-01-01", "<<", "=", "---", "...", "-", "?", "[]", "{}"),
    *("$", "$$", "${", "${X}", "$${X}", "$$${X}", "${X:-y}", "${}", "${ }", "$X", "$(x)", "${abc", "a${b{c}", "}${X}{"),
    *("pa$$word", "${HOME}", "$HOME", "${POSTGRES_USER}", r"\${X}", r"\$X", "$env", "$file", "$include"),
    *("'", '"', "`", "''", '"a"', "'a'", "it's", 'a"b', "'\"", "\\", "\\\\", r"C:\new", r"\n", r"\r", r"\u0041", "a\\"),
    *("#", "a#b", "a #b", "# a", ": ", "a: b", "a:", "- a", "? a", "&a", "*a", "!a", "!!int 5", "|", ">", "%", "@a"),
    *(" ", " a", "a ", "a b", "\ta", "\u00a0a", "a\u3000", "\ufeffa", "a\u2028", "a\nb", "a\r\nb", "a\rb", "\n"),
    *("\x01", "\x1b[0m", "\x7f", "\x80", "\x85", "\x9f", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\u200b"),
    *("å", "a\u030a", "漢字", "😀", "\U0010ffff", "שלום", "\u202eabc", "👩\u200d👩\u200d👧", "İ", "ß", "\x00"),
]
PIECES = [*WHOLE, *"${}$${}\\'\"`#:=%,[]&*!|>@ ab09"]

CHARACTERS = st.characters(exclude_categories=["Cs"])
"""All of Unicode but halves of surrogate pairs, which are not text."""

LINES = st.lists(
    st.one_of(st.sampled_from(PIECES), st.sampled_from("${}\\'\"`# "), CHARACTERS), min_size=1, max_size=10
)
HARD_TEXT = st.builds(
    lambda line, repeated: (line * repeated)[:2000], LINES.map("".join), st.sampled_from([1] * 15 + [2000])
)


def tricky_strings(examples: int) -> list[str]:
    """WHOLE and at most `examples` generated texts, all different, for tests that put them through one process."""
    found = dict.fromkeys(WHOLE)

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(HARD_TEXT)
    def collect(text: str) -> None:
        found[text] = None

    collect()
    return list(found)
