"""Contact points: how somebody is reached, as given and as compared."""

import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.parties.checks import check_fields, refuse
from crmkit.domain.parties.contact_keys import (
    MAX_RAW,
    account_key,
    email_key,
    mobile_key,
    other_key,
    phone_key,
    qq_key,
    website_key,
)
from crmkit.domain.text import check_text

__all__ = ["ContactKind", "ContactPoint", "email_key", "phone_key"]


class ContactKind(StrEnum):
    """How somebody is reached."""

    EMAIL = "email"
    PHONE = "phone"
    MOBILE = "mobile"
    FAX = "fax"
    WECHAT = "wechat"
    QQ = "qq"
    WEBSITE = "website"
    OTHER = "other"


@attrs.frozen(kw_only=True)
class ContactPoint:
    """One way to reach somebody: `raw` as it was given, `key` for comparing.

    The key of an e-mail is folded; of a phone it is `+` and digits, with 86 where no country is
    said, and `x` before an extension. It always follows from `raw`.
    """

    kind: ContactKind
    raw: Annotated[str, Text(max_length=MAX_RAW)]
    label: Annotated[str, Text(max_length=100)] | None = None
    is_primary: bool = False
    key: Annotated[str, Text(max_length=MAX_RAW)] = ""

    def __attrs_post_init__(self) -> None:
        """Check the text and derive the key."""
        if isinstance(self.kind, str) and not isinstance(self.kind, ContactKind):
            object.__setattr__(self, "kind", _kind(self.kind))
        check_fields(self)
        if self.label and any(unicodedata.category(sign) == "Cc" for sign in self.label):
            raise refuse("holds a control character", "label", "remove line breaks and the like")
        key = _KEYS[self.kind](self.raw)
        object.__setattr__(self, "key", check_text(key, path="raw", max_length=MAX_RAW))


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
    ContactKind.MOBILE: mobile_key,
    ContactKind.FAX: phone_key,
    ContactKind.WECHAT: account_key,
    ContactKind.QQ: qq_key,
    ContactKind.WEBSITE: website_key,
    ContactKind.OTHER: other_key,
}
