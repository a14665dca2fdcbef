"""Formulas: text that a spreadsheet would run is marked on the way out, unmarked on the way in.

A leading apostrophe marks a text. Every text that begins like a formula, or with an apostrophe,
gets one; so reading takes one apostrophe away and nothing is ambiguous. Source of the list: OWASP,
"CSV Injection", with full-width signs and leading blanks added.
"""

from typing import Final

MARK: Final = "'"
_FORMULA_SIGNS: Final = frozenset("=+-@＝＋－＠\t\r\n|%")
_IGNORED: Final = " \ufeff\u200b\u200c\u200d\u2060\u00a0\u3000"


def escape(text: str) -> str:
    """Mark a text that a spreadsheet could take for a formula."""
    if not text:
        return text
    first = text[0]
    if first.isascii() and first.isalnum():
        return text
    return MARK + text if first == MARK or _is_formula(text) else text


def unescape(text: str) -> str:
    """Take away the mark that `escape` has set."""
    if text.startswith(MARK) and (text[1:2] == MARK or _is_formula(text[1:])):
        return text[1:]
    return text


def _is_formula(text: str) -> bool:
    bare = text.lstrip(_IGNORED)
    return bare[:1] in _FORMULA_SIGNS if bare else False
