"""Strings that some link of the chain from Pulumi to Backstage could misread."""

import random

WHOLE = [
    *("089", "0128", "1e5", "12e3", "0o17", "0x1F", "5432", "-1", "1.0", ".inf", ".nan", "1_000", "12:30:45"),
    *("yes", "no", "on", "true", "False", "null", "~", "2026-01-01", "<<", "=", "---", "...", "-", "?", "[]", "{}"),
    *("y", "N", "e", "1", ".5", "+.5", "0b1", "0X_1", "1e-5", "1E+5", ".", "+", "_", ":", "10.0.0.1", "1.2.3", "::1"),
    *("$", "$$", "${", "${X}", "$${X}", "$$${X}", "${X:-y}", "${}", "${ }", "$X", "$(x)", "${abc", "a${b{c}", "}${X}{"),
    *("pa$$word", "${HOME}", "$HOME", "${POSTGRES_USER}", r"\${X}", r"\$X", "$env", "$file", "$include"),
    *("'", '"', "`", "''", '"a"', "'a'", "it's", 'a"b', "'\"", "\\", "\\\\", r"C:\new", r"\n", r"\r", r"\u0041", "a\\"),
    *("#", "a#b", "a #b", "# a", ": ", "a: b", "a:", "- a", "? a", "&a", "*a", "!a", "!!int 5", "|", ">", "%", "@a"),
    *(" ", " a", "a ", "a b", "\ta", "\u00a0a", "a\u3000", "\ufeffa", "a\u2028", "a\nb", "a\r\nb", "a\rb", "\n"),
    *("\x01", "\x1b[0m", "\x7f", "\x80", "\x85", "\x9f", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\u200b"),
    *("å", "a\u030a", "漢字", "😀", "\U0010ffff", "שלום", "\u202eabc", "👩\u200d👩\u200d👧", "İ", "ß", "\x00"),
]

# Each string is made of one of these: of pieces, of what numbers and dates are made of, or of any characters.
ALPHABETS = [
    [*WHOLE, *"${}$${}\\'\"`#:=%,[]&*!|>@ ab09"],
    [*"${}\\'\"`# "],
    [*"0123456789+-._:eExXoObBfFtTzZ "],
    [*"0123456789", *"-:. TtZz_", "e", "E", "+", "0x", "0o", "0b"],
    [*"yesnotruefalsNULINf.~"],
]
# All of Unicode but halves of surrogate pairs, which are not text. Common ranges come up as often as all the rest.
RANGES = [
    (0, 0x7F),
    (0x80, 0xFF),
    (0x2000, 0x206F),
    (0x3000, 0x30FF),
    (0, 0xD7FF),
    (0xE000, 0xFFFF),
    (0x10000, 0x10FFFF),
]


def tricky_strings(count: int, seed: int = 1) -> list[str]:
    """Returns `count` different strings: all of WHOLE, then random ones, the same for the same `seed`."""
    dice = random.Random(seed)
    found = dict.fromkeys(WHOLE)
    while len(found) < count:
        found[_string(dice)] = None
    return list(found)[:count]


def _string(dice: random.Random) -> str:
    length = dice.randint(1, 10)
    if dice.random() < 0.3:
        text = "".join(chr(dice.randint(*dice.choice(RANGES))) for _ in range(length))
    else:
        text = "".join(dice.choices(dice.choice(ALPHABETS), k=length))
    return text if dice.random() < 0.95 else (text * 2000)[:2000]
