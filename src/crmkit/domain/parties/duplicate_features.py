"""Features of parties: what duplicates are compared by, taken from a record's values."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.chinese_places import cut_place
from crmkit.domain.parties.company_names import company_key, company_key_and_place
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.parties.identifiers import USCC, VAT, Identifier
from crmkit.domain.text import check_text, search_key

_ACCOUNTS: Final = frozenset({ContactKind.WECHAT, ContactKind.QQ})
_PHONES: Final = frozenset({ContactKind.PHONE, ContactKind.MOBILE, ContactKind.FAX})
_MAILBOXES: Final = (
    "qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn "
    "aliyun.com gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com "
    "icloud.com me.com aol.com gmx.de gmx.net web.de t-online.de mail.ru yandex.ru proton.me"
)
_OF_EVERYBODY: Final = frozenset(_MAILBOXES.split())


def organisation_features(
    name: str,
    *,
    identifiers: Iterable[Identifier] = (),
    contact_points: Iterable[ContactPoint] = (),
    address: Address | None = None,
) -> dict[str, tuple[str, ...]]:
    """Return what tells an organisation: core of the name, places, numbers, phones, domains.

    Extensions are left out of phones, and mailboxes open to everybody out of domains.
    """
    numbers, points = tuple(identifiers), tuple(contact_points)
    core, place = company_key_and_place(name)
    return {
        "name": (core,),
        "place": _distinct(place, _city(address)),
        "uscc": _distinct(*(one.value for one in numbers if one.scheme == USCC)),
        "vat": _distinct(*(one.value for one in numbers if one.scheme == VAT)),
        "number": _distinct(
            *(f"{one.scheme} {one.value}" for one in numbers if one.scheme not in {USCC, VAT})
        ),
        "phone": _distinct(*(one.key.partition("x")[0] for one in points if one.kind in _PHONES)),
        "email": _distinct(*(one.key for one in points if one.kind is ContactKind.EMAIL)),
        "account": _accounts(points),
        "domain": _distinct(*map(_domain, points)),
    }


def person_features(
    name: str,
    *,
    birthday: date | None = None,
    identifiers: Iterable[Identifier] = (),
    contact_points: Iterable[ContactPoint] = (),
    address: Address | None = None,
) -> dict[str, tuple[str, ...]]:
    """Return what tells a person: words of the name in any order, birthday, phones, address."""
    points = tuple(contact_points)
    words = sorted(search_key(check_text(name, path="name")).split())
    return {
        "name": _distinct(" ".join(words)),
        "birthday": _distinct(birthday.isoformat() if birthday else ""),
        "identifier": _distinct(*(f"{one.scheme} {one.value}" for one in identifiers)),
        "phone": _distinct(*(one.key for one in points if one.kind in _PHONES)),
        "email": _distinct(*(one.key for one in points if one.kind is ContactKind.EMAIL)),
        "account": _accounts(points),
        "city": _distinct(_city(address)),
        "street": _distinct((address and address.street) or ""),
        "postal_code": _distinct((address and address.postal_code) or ""),
    }


def lead_features(
    name: str, company: str | None, *, contact_points: Iterable[ContactPoint] = ()
) -> dict[str, tuple[str, ...]]:
    """Return what tells a lead: the person with phones and addresses, the core of the company."""
    told = person_features(name, contact_points=contact_points)
    return {**told, "company": _distinct(company_key(company) if company else "")}


def _accounts(points: Iterable[ContactPoint]) -> tuple[str, ...]:
    return _distinct(*(f"{one.kind} {one.key}" for one in points if one.kind in _ACCOUNTS))


def _distinct(*values: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _city(address: Address | None) -> str:
    """Return the city with its province in front where it is a known one, else as it is."""
    if address is None:
        return ""
    written = (address.city or "").strip() or (address.region or "").strip()
    place, rest = cut_place(written)
    return place.path if place and not rest else written


def _domain(point: ContactPoint) -> str:
    if point.kind is ContactKind.EMAIL:
        domain = point.key.rpartition("@")[2]
        return "" if domain in _OF_EVERYBODY else domain
    if point.kind is ContactKind.WEBSITE:
        return point.key.partition("/")[0].partition("?")[0].partition(":")[0]
    return ""
