"""Records are frozen: a change makes another one, checked as strictly as the first."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import entity
from crmkit.domain.kinds import Text
from crmkit.errors import InvalidValue, OutOfRange, UnknownField, WrongType
from crmkit.testing.sample import Colour, Gadget, GadgetId, GadgetPainted


@entity("span")
@attrs.frozen(kw_only=True)
class Span(Aggregate):
    """A vendor's class with a rule over two fields and a derived one."""

    first: int
    last: int
    size: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse an end before the beginning."""
        super().__attrs_post_init__()
        if self.last < self.first:
            raise InvalidValue("ends before it begins", path="last")

    def derived(self) -> Mapping[str, Any]:
        """Return the size."""
        return {"size": self.last - self.first}


@entity("tag")
@attrs.frozen(kw_only=True)
class Tag(Aggregate):
    """A vendor's class whose fields convert and validate as attrs lets them."""

    name: Annotated[str, Text(max_length=20)] = attrs.field(converter=str.strip)
    weight: int = attrs.field(default=1, validator=attrs.validators.gt(0))


@entity("label")
@attrs.frozen(kw_only=True)
class Label(Aggregate):
    """A vendor's class with a derived field and no rules."""

    name: str
    key: str = ""

    def derived(self) -> Mapping[str, Any]:
        """Return the key."""
        return {"key": self.name.lower()}


def gadget(**more: Any) -> Gadget:
    """Return a gadget."""
    return Gadget(id=GadgetId(UUID(int=1)), **{"name": "lamp", **more})


def test_record_cannot_be_changed_in_place() -> None:
    """It is frozen and has no room for anything else."""
    lamp: Any = gadget()
    for name in ("name", "version", "nickname"):
        with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
            setattr(lamp, name, "x")


@pytest.mark.parametrize(
    ("changes", "error", "path"),
    [
        ({"name": None}, WrongType, "name"),
        ({"name": 5}, WrongType, "name"),
        ({"name": "a" * 2001}, OutOfRange, "name"),
        ({"colour": "red"}, WrongType, "colour"),
        ({"made_at": datetime(2026, 1, 1)}, InvalidValue, "made_at"),
        ({"parts": "abc"}, WrongType, "parts"),
        ({"custom": {"size": 1.5}}, WrongType, "custom.size"),
        ({"tags": ("a", None)}, WrongType, "tags[1]"),
    ],
)
def test_no_invalid_record_can_exist(
    changes: dict[str, Any], error: type[InvalidValue], path: str
) -> None:
    """Neither made anew nor by a change."""
    for make in (lambda: gadget(**changes), lambda: gadget().evolve(**changes)):
        with pytest.raises(InvalidValue) as caught:
            make()
        assert type(caught.value) is error
        assert caught.value.path == path


def test_values_are_brought_to_their_kept_form() -> None:
    """When the record is made and when it changes."""
    moment = datetime(2026, 11, 24, 9, 0, 0, 1999, tzinfo=UTC)
    kept = moment.replace(microsecond=1000)
    made: Any = gadget(made_at=moment, parts=["a"])
    assert (made.made_at, made.parts) == (kept, ("a",))
    changed: Any = gadget().evolve(made_at=moment, parts=["a"])
    assert (changed.made_at, changed.parts) == (kept, ("a",))


@pytest.mark.parametrize("name", ["colours", "events", "is_live", ""])
def test_change_of_an_unknown_field_is_told(name: str) -> None:
    """With the names of all that there are; events are recorded, not set."""
    with pytest.raises(UnknownField, match="gadget has no field") as caught:
        gadget().evolve(**{name: 1})
    assert caught.value.path == f"gadget.{name}"
    assert "colour" in caught.value.fix


@given(name=st.text("ab", max_size=5), rank=st.none() | st.integers(-9, 9))
def test_change_leaves_the_rest_alone(name: str, rank: int | None) -> None:
    """The old record stays, the new one differs in what was asked for, and equality sees it."""
    lamp = gadget(rank=3)
    changed = lamp.evolve(name=name, rank=rank)
    assert (lamp.name, lamp.rank) == ("lamp", 3)
    assert attrs.asdict(changed) == {**attrs.asdict(lamp), "name": name, "rank": rank}
    assert changed.evolve(name="lamp", rank=3) == lamp
    assert lamp.evolve() == lamp


def test_change_keeps_the_rules_of_a_class() -> None:
    """What refuses a new record refuses a changed one."""
    span = Span(id=UUID(int=1), first=1, last=5)
    with pytest.raises(InvalidValue, match="ends before") as caught:
        span.evolve(last=0)
    assert caught.value.path == "last"
    assert span.evolve(first=2, last=9).size == 7


def test_converters_and_validators_of_a_class_count_too() -> None:
    """When a record is made and when it changes."""
    tag = Tag(id=UUID(int=1), name=" hot ")
    assert tag.name == "hot"
    assert tag.evolve(name=" cold ").name == "cold"
    for make in (lambda: Tag(id=UUID(int=1), name="a", weight=0), lambda: tag.evolve(weight=0)):
        with pytest.raises(ValueError):
            make()


def test_derived_fields_follow() -> None:
    """Whatever was given for them."""
    label = Label(id=UUID(int=1), name="HOT", key="wrong")
    assert label.key == "hot"
    assert label.evolve(name="COLD").key == "cold"
    assert label.evolve(key="wrong").key == "hot"
    assert Span(id=UUID(int=1), first=1, last=5).size == 4


def test_events_travel_with_the_record() -> None:
    """In the order in which they were recorded, through changes, outside of equality."""
    lamp = gadget()
    painted = lamp.paint(Colour.RED).paint(Colour.BLUE)
    assert [event.colour for event in painted.events] == [Colour.RED, Colour.BLUE]
    assert painted.evolve(name="x").events == painted.events
    assert painted == lamp.evolve(colour=Colour.BLUE)
    assert lamp.events == ()
    assert "events" not in repr(painted)
    event = GadgetPainted(gadget_id=lamp.id, colour=Colour.RED)
    assert lamp.recording(event, event).events == (event, event)


def test_events_travel_through_rules() -> None:
    """A class with rules of its own loses no event either."""
    event = GadgetPainted(gadget_id=GadgetId(UUID(int=1)), colour=Colour.RED)
    span = Span(id=UUID(int=1), first=1, last=5).recording(event)
    assert span.evolve(last=6).events == (event,)


def test_replacing_checks_nothing() -> None:
    """For values that are known to be right."""
    assert gadget().replaced(version=5).version == 5
    odd: Any = gadget().replaced(name=5)
    assert odd.name == 5


def test_record_lives_until_it_is_removed() -> None:
    """The mark of removal decides."""
    assert gadget().is_live
    assert not gadget(deleted_at=datetime(2026, 1, 1, tzinfo=UTC)).is_live
