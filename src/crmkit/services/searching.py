"""Searching: what somebody types leads to the customers, contacts and leads that are meant."""

from collections.abc import Sequence
from typing import Final, TypeVar

from crmkit.domain.filters.tree import And, Filter, Or
from crmkit.domain.filters.where import Field, where
from crmkit.domain.parties.contact import Contact
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.lead import Lead
from crmkit.domain.parties.match_keys import keys_of_text
from crmkit.domain.text import MAX_NEEDLE, check_text
from crmkit.errors import OutOfRange
from crmkit.work import UnitOfWork

MAX_WORDS: Final = 20
MAX_NUMBER: Final = 100

P = TypeVar("P", Customer, Contact, Lead)


def search(work: UnitOfWork, text: str, *, limit: int = 20) -> list[Customer | Contact | Lead]:
    """Return the customers, contacts and leads that the text may mean, at most `limit` of each.

    Of each, first come those with this phone, e-mail address, website, account, registered number
    or customer number, and companies of this name in another spelling; then those whose name
    begins with the text; then those whose name holds all its words, in any order. Case and width
    make no difference. A blank text means nothing. What the actor may not ask for is not looked at.
    """
    wanted = check_text(text, path="text", max_length=MAX_NEEDLE).strip()
    words = wanted.split()
    if len(words) > MAX_WORDS:
        raise OutOfRange(f"{len(words)} words, at most {MAX_WORDS}", path="text", fix="use fewer")
    if limit < 1:
        raise OutOfRange("the limit is at least 1", path="limit")
    if not words:
        return []
    customer, contact, lead = where(Customer), where(Contact), where(Lead)
    keys = keys_of_text(wanted)
    numbers = [number for number in (wanted, wanted.upper()) if len(number) <= MAX_NUMBER]
    numbered, keyed = customer.number.in_(numbers), customer.match_keys.has_any(keys)
    either = keyed | numbered if work.may_ask(keyed) else numbered
    known = contact.match_keys.has_any(keys)
    heard = lead.match_keys.has_any(keys)
    return [
        *_found(work, Customer, (either, *_named(words, customer.name)), limit),
        *_found(work, Contact, (known, *_named(words, contact.name)), limit),
        *_found(work, Lead, (heard, *_named(words, lead.name, lead.company)), limit),
    ]


def _named(words: Sequence[str], *names: Field) -> tuple[Filter, Filter]:
    begins = Or(tuple(name.starts_with(" ".join(words)) for name in names))
    holds = And(tuple(Or(tuple(name.contains(word) for name in names)) for word in words))
    return begins, holds


def _found(work: UnitOfWork, party: type[P], ways: Sequence[Filter], limit: int) -> list[P]:
    """Return the records that fit the first way, then the second, and so on, each once."""
    found: dict[object, P] = {}
    for way in ways:
        if len(found) < limit and work.may_ask(way):
            near = work.of(party).find(way, order=[where(party).name.asc()], limit=limit)
            for record in near:
                found.setdefault(record.id, record)
    return list(found.values())[:limit]
