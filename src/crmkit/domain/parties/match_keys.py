"""Match keys: short texts that two records of one customer or person are likely to share."""

from collections.abc import Iterable, Iterator
from datetime import date

from crmkit.domain.parties.company_names import company_key
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.identifiers import Identifier
from crmkit.domain.text import search_key


def organisation_keys(
    name: str,
    identifiers: Iterable[Identifier],
    contact_points: Iterable[ContactPoint],
    _birthday: date | None = None,
) -> tuple[str, ...]:
    """Return the keys of an organisation: its core name, its registered numbers, its addresses."""
    keys = {f"n:{company_key(name)}", *_shared(identifiers, contact_points)}
    return tuple(sorted(keys))


def person_keys(
    name: str,
    identifiers: Iterable[Identifier],
    contact_points: Iterable[ContactPoint],
    birthday: date | None = None,
) -> tuple[str, ...]:
    """Return the keys of a person: the words of the name in any order, birthday, addresses."""
    words = " ".join(sorted(search_key(name).split()))
    keys = {f"p:{words}", *_shared(identifiers, contact_points)}
    if birthday is not None:
        keys.add(f"b:{birthday.isoformat()}:{words[:1]}")
    return tuple(sorted(keys))


def _shared(
    identifiers: Iterable[Identifier], contact_points: Iterable[ContactPoint]
) -> Iterator[str]:
    for identifier in identifiers:
        yield f"i:{identifier.scheme}:{identifier.value}"
    for point in contact_points:
        yield f"c:{point.key}"
