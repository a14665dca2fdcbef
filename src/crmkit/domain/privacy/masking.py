"""Masking: what somebody may see of a value without knowing it, by its class."""

import re
from datetime import date
from typing import Any, Final

from crmkit.domain.privacy.terms import DataClass

HIDDEN: Final = "***"
_EMAIL: Final = re.compile(r"([^@\s])[^@\s]*(@[^@\s]+)")
_NUMBER: Final = re.compile(r"\+?[\d\s()./-]{7,}")


def mask(value: Any, data_class: DataClass) -> Any:
    """Return what is shown of a value: all of a plain one, a hint of a personal one.

    Of a name the first sign stays (张**), of a phone number its beginning and end (138****8000), of
    an e-mail address the first sign and the domain (z***@example.com), of a date the year. Of a
    sensitive or financial value, and of one that is no text or date, nothing stays.
    """
    if value is None or data_class is DataClass.PLAIN:
        return value
    if data_class is not DataClass.PERSONAL:
        return HIDDEN
    match value:
        case str():
            return _masked_text(value)
        case date():
            return f"{value.year}-**-**"
        case _:
            return HIDDEN


def _masked_text(text: str) -> str:
    email = _EMAIL.fullmatch(text.strip())
    if email:
        return f"{email[1]}***{email[2]}"
    if _NUMBER.fullmatch(text.strip()):
        digits = re.sub(r"\D", "", text)
        return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 9 else HIDDEN
    return f"{text[:1]}**" if text else text
