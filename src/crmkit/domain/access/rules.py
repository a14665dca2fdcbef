"""Rules: what a role may do with which records, and what nobody may; plain data, in no order."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import attrs

from crmkit.domain.access.veils import Level
from crmkit.domain.composite_kinds import Labels
from crmkit.domain.kinds import Text

Name = Annotated[str, Text(max_length=60)]
ALL = "*"
"""Every entity, or every action."""
EVERYBODY = ""
"""The role that a rule names when it concerns everybody."""


class Scope(StrEnum):
    """Whose records: each scope includes those before it.

    `own` are those of the user and of the users for whom they are deputy; `team` also those owned
    by members of their teams; `unit` those owned in their unit, or in units of which they are head;
    `below` also those of all units below; `all` every record, also those without an owner.
    """

    OWN = "own"
    TEAM = "team"
    UNIT = "unit"
    BELOW = "below"
    ALL = "all"


class FieldLevel(StrEnum):
    """How far a role gets with a field, from nothing to everything."""

    HIDDEN = "hidden"
    MASKED = "masked"
    READ = "read"
    EDIT = "edit"

    @property
    def level(self) -> Level:
        """Return the level that can be compared."""
        return Level[self.name]


@attrs.frozen(kw_only=True)
class Role:
    """A part that users play; whoever plays it also plays the roles that it includes.

    Of each work of somebody who plays a `watched` role the audit log keeps what they asked about.
    """

    name: Name
    includes: tuple[Name, ...] = ()
    labels: Annotated[Mapping[str, str], Labels()] = attrs.field(factory=dict)
    watched: bool = False


@attrs.frozen(kw_only=True)
class Grant:
    """A role may do these actions with the records of an entity in a scope that fit a condition.

    Actions are rights (`read`, `edit`), names of single actions (`deal:win`) or `*`. The condition
    is a filter as JSON; instead of a value it may say `{"user": "unit_id"}`: that of the user.
    """

    role: Name
    entity: Name
    actions: tuple[Name, ...]
    scope: Scope = Scope.OWN
    condition: Any | None = None


@attrs.frozen(kw_only=True)
class Restriction:
    """What a role, or with `""` everybody, may not do, whatever is granted or shared."""

    role: Name = EVERYBODY
    entity: Name
    actions: tuple[Name, ...]
    condition: Any | None = None


@attrs.frozen(kw_only=True)
class FieldRule:
    """How far a role gets with some fields of an entity; a custom field is `custom.key`.

    Of a user's roles the highest level counts. A role without a rule for a field has the level of
    the rule for `""`, and edits the field where there is none. With `at_most` the rule cuts what
    all roles give together.
    """

    role: Name = EVERYBODY
    entity: Name
    fields: tuple[Name, ...]
    level: FieldLevel
    at_most: bool = False


@attrs.frozen(kw_only=True)
class ParentRule:
    """Who may do these actions with a parent may do them with what belongs to it.

    `path` is the field that refers to the parent, such as `customer_id`. Where a third entity ties
    the two, `through` names it and `back` its field that refers here.
    """

    entity: Name
    path: Name
    actions: tuple[Name, ...] = ("read",)
    through: Name | None = None
    back: Name | None = None
