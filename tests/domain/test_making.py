"""Generated code that makes objects of values known to be right."""

from datetime import UTC, datetime
from uuid import UUID

import attrs
import pytest

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Change, Operation, OutboxMessage, plain_event
from crmkit.domain.making import maker_of
from crmkit.testing.sample import Maker
from crmkit.work.telling import RecordChanged

ONE = UUID(int=1)
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CHANGE = {
    "id": ONE,
    "tenant": "acme",
    "changeset_id": ONE,
    "entity": "gadget",
    "record_id": ONE,
    "record_version": 1,
    "operation": Operation.CREATED,
    "at": NOW,
    "by": "li",
    "after": {"name": "lamp"},
}
MESSAGE = {
    "id": ONE,
    "tenant": "acme",
    "subscriber": "mail",
    "topic": "RecordChanged",
    "record_key": "gadget:1",
    "position": 1,
    "payload": {},
    "changeset_id": ONE,
    "created_at": NOW,
    "available_at": NOW,
}


@pytest.mark.parametrize(("cls", "given"), [(Change, CHANGE), (OutboxMessage, MESSAGE)])
def test_made_object_is_the_one_that_its_class_makes(cls: type[object], given: object) -> None:
    """Class, every field and every default are the same, and it is as frozen."""
    assert isinstance(given, dict)
    made = maker_of(cls)(**given)
    assert type(made) is cls
    assert made == cls(**given)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.tenant = "other"  # type: ignore[attr-defined]


def test_field_without_a_lasting_default_must_be_given() -> None:
    """A default that is made anew for each object is not shared between objects."""
    with pytest.raises(TypeError, match="custom"):
        maker_of(Maker)(id=ONE, name="lamp")
    made = maker_of(Maker)(id=ONE, name="lamp", custom={})
    assert isinstance(made, Aggregate)
    assert made == attrs.evolve(made)


def test_event_tells_every_field_as_plain_json() -> None:
    """Ids and members are text, in the order of the fields."""
    event = RecordChanged(
        entity="gadget", record_id=ONE, record_version=3, operation=Operation.REMOVED
    )
    assert list(plain_event(event).items()) == [
        ("entity", "gadget"),
        ("record_id", str(ONE)),
        ("record_version", 3),
        ("operation", "removed"),
    ]
