"""Text that every store keeps alike: what is refused, how it is compared, how it is searched."""

import unicodedata

from crmkit.errors import InvalidValue, OutOfRange, WrongType

MAX_TEXT = 1_000_000
MAX_NEEDLE = 1_000
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def check_text(value: object, *, path: str = "text", max_length: int = MAX_TEXT) -> str:
    """Return `value` when it is text that every store keeps, else say what is wrong with it.

    What derives from text, such as a member of a `StrEnum`, becomes plain text. Refused are other
    types (`WrongType`), U+0000 and lone surrogates (`InvalidValue`), and more than `max_length`
    code points (`OutOfRange`).
    """
    if type(value) is not str and not isinstance(value, str):
        raise WrongType(f"expected text, got {type(value).__name__}", path=path)
    if type(value) is not str:
        value = str.__str__(value)
    if len(value) > max_length:
        raise OutOfRange(
            f"{len(value)} characters, at most {max_length} are kept", path=path, fix="shorten it"
        )
    if value.isascii():
        if "\x00" in value:
            raise InvalidValue("text holds U+0000", path=path, fix="remove the NUL character")
        return value
    return _check_unicode(value, path)


def search_key(text: str) -> str:
    """Fold `text` for searching: Unicode NFKC and full case folding, stable under repetition."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


def prefix_end(prefix: str) -> str | None:
    """Return the least text above every text that starts with `prefix`; None when there is none.

    A prefix search is then the indexable range `prefix <= key < prefix_end(prefix)`.
    """
    for position in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[position]) + 1
        if following in _SURROGATES:
            following = _SURROGATES.stop
        if following <= _LAST_CODE_POINT:
            return prefix[:position] + chr(following)
    return None


def _check_unicode(value: str, path: str) -> str:
    if "\x00" in value:
        raise InvalidValue("text holds U+0000", path=path, fix="remove the NUL character")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as broken:
        raise InvalidValue(
            f"text holds a lone surrogate at position {broken.start}",
            path=path,
            fix="decode the source with its true encoding",
        ) from None
    return value
