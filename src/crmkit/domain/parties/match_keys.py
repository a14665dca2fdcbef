"""Match keys: short texts of which two records of one party are likely to share one.

They are kept with a record, so that its likely duplicates are one look-up away.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from crmkit.domain.parties.company_names import company_key
from crmkit.domain.parties.contact_keys import account_key, email_key, phone_key, website_key
from crmkit.domain.parties.duplicate_rules import Rules
from crmkit.domain.parties.duplicates import Features, blocking_keys
from crmkit.domain.parties.identifiers import USCC, VAT, check_uscc, check_vat
from crmkit.errors import InvalidValue


def match_keys(features: Features, rules: Rules) -> tuple[str, ...]:
    """Return the blocking keys of a record's features, in the order of their signs."""
    return tuple(sorted(blocking_keys(features, rules)))


def keys_of_text(text: str) -> tuple[str, ...]:
    """Return the keys of parties that somebody who writes this text may look for.

    It is read as a company's name, a phone number, an e-mail address, a website, an account and a
    registered number (of a scheme of one's own with the scheme in front); what it is not is left
    out.
    """
    features: dict[str, tuple[str, ...]] = {}
    for name, read in _READERS.items():
        try:
            features[name] = tuple(read(text))
        except InvalidValue:
            continue
    return match_keys(features, _EACH)


def _phones(text: str) -> Iterable[str]:
    key = phone_key(text)
    return key, key.partition("x")[0]


def _hosts(text: str) -> Iterable[str]:
    host = website_key(text).partition("/")[0].partition("?")[0]
    return (host.partition(":")[0],)


def _accounts(text: str) -> Iterable[str]:
    key = account_key(text)
    return f"wechat {key}", f"qq {key}"


def _identifiers(text: str) -> Iterable[str]:
    for scheme, check in ((USCC, check_uscc), (VAT, check_vat)):
        try:
            yield f"{scheme} {check(text)}"
        except InvalidValue:
            continue
    yield text


_READERS: Final[Mapping[str, Callable[[str], Iterable[str]]]] = {
    "name": lambda text: (company_key(text),),
    "phone": _phones,
    "email": lambda text: (email_key(text),),
    "domain": _hosts,
    "account": _accounts,
    "uscc": lambda text: (check_uscc(text),),
    "vat": lambda text: (check_vat(text),),
    "number": lambda text: (text,),
    "identifier": _identifiers,
}
_EACH: Final = Rules(blocks=tuple((name,) for name in _READERS), weights={}, threshold=0.0)
