"""Contact points: how somebody is reached, as given and as compared."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.parties.checks import check_fields, refuse
from crmkit.domain.text import search_key

_EMAIL: Final = re.compile(
    r"[^@\s<>(),;:\"\[\]\\]{1,64}@[^@\s<>(),;:\"\[\]\\.]+(\.[^@\s<>(),;:\"\[\]\\.]+)+"
)
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_HOME_COUNTRY: Final = "86"


class ContactKind(StrEnum):
    """How somebody is reached."""

    EMAIL = "email"
    PHONE = "phone"
    WECHAT = "wechat"
    QQ = "qq"
    WEBSITE = "website"
    OTHER = "other"


@attrs.frozen(kw_only=True)
class ContactPoint:
    """One way to reach somebody: `raw` as it was given, `key` for comparing.

    The key of an e-mail is folded; of a phone it is `+` and digits, with 86 where no country is
    said, and `x` before an extension.
    """

    kind: ContactKind
    raw: Annotated[str, Text(max_length=320)]
    label: Annotated[str, Text(max_length=100)] | None = None
    is_primary: bool = False
    key: Annotated[str, Text(max_length=1000)] = ""

    def __attrs_post_init__(self) -> None:
        """Check the text and derive the key."""
        if isinstance(self.kind, str) and not isinstance(self.kind, ContactKind):
            object.__setattr__(self, "kind", _kind(self.kind))
        check_fields(self)
        if any(unicodedata.category(sign) == "Cc" for sign in self.raw):
            raise refuse("holds a control character", "raw", "remove line breaks and the like")
        object.__setattr__(self, "key", _KEYS.get(self.kind, search_key)(self.raw.strip()))
        if not self.key:
            raise refuse("is empty", "raw")


def email_key(text: str) -> str:
    """Return the folded e-mail address, or raise when it has not the shape of one."""
    folded = search_key(text)
    if not _EMAIL.fullmatch(folded):
        raise refuse(f"{text!r} is not an e-mail address", "raw", "write name@example.com")
    return folded


def phone_key(text: str) -> str:
    """Return a phone number as `+` and digits, or raise when it has none."""
    plain = unicodedata.normalize("NFKC", text).lower()
    plain, extension = _split_extension(plain)
    digits = "".join(sign for sign in plain if sign.isdecimal() and sign.isascii())
    if not 5 <= len(digits) <= 18 or re.search(r"[^\d\s()+\-./转]", plain):
        raise refuse(f"{text!r} is not a phone number", "raw", "write +86 138 0013 8000")
    international = plain.lstrip().startswith("+") or digits.startswith("00")
    if not international and not _MOBILE.fullmatch(digits):
        digits = digits.removeprefix("0") if digits.startswith("0") else digits
    number = digits.removeprefix("00") if international else _HOME_COUNTRY + digits
    return f"+{number}" + (f"x{extension}" if extension else "")


def _split_extension(text: str) -> tuple[str, str]:
    for sign in ("转", "ext.", "ext", "x", "#"):
        before, found, after = text.partition(sign)
        if found and after.strip(" .:-").isdecimal():
            return before, after.strip(" .:-")
    return text, ""


def _kind(text: str) -> ContactKind:
    try:
        return ContactKind(text)
    except ValueError:
        raise refuse(
            f"{text!r} is not a kind of contact point", "kind", f"one of {', '.join(ContactKind)}"
        ) from None


_KEYS: Final[Mapping[ContactKind, Callable[[str], str]]] = {
    ContactKind.EMAIL: email_key,
    ContactKind.PHONE: phone_key,
}
