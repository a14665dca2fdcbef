"""The policy: all roles and rules of a tenant as one record, so that they change together."""

from typing import Annotated, Any, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.access.rules import FieldRule, Grant, ParentRule, Restriction, Role
from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import RuleBroken

PolicyId = NewType("PolicyId", UUID)
ACCESS = "access"


class PolicyUnsound(RuleBroken):
    """The rules contradict themselves or speak of what does not exist; every fault is named."""


@attrs.frozen(kw_only=True)
class PolicyChanged(Event):
    """Roles or rules changed."""

    policy_id: PolicyId
    policy_version: int


@attrs.frozen(kw_only=True)
class Rules:
    """Roles and rules as plain data; order and repetition mean nothing."""

    roles: tuple[Role, ...] = ()
    grants: tuple[Grant, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    field_rules: tuple[FieldRule, ...] = ()
    parent_rules: tuple[ParentRule, ...] = ()

    def __add__(self, other: "Rules") -> "Rules":
        """Return the rules of both; a role that both have is kept once."""
        return Rules(
            **{
                field.name: _once(getattr(self, field.name) + getattr(other, field.name))
                for field in attrs.fields(Rules)
            }
        )


def _once(rules: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(rule for at, rule in enumerate(rules) if rule not in rules[:at])


@keeps()
@entity(
    "policy",
    unique=[Unique("name")],
    labels={"en": "Policy", "zh": "权限策略"},
    events=(PolicyChanged,),
)
@attrs.frozen(kw_only=True)
class Policy(Aggregate):
    """The roles and rules of a tenant; there is one live policy, and each change is a version."""

    id: PolicyId
    name: Annotated[str, Text(max_length=60)] = ACCESS
    rules: Rules = attrs.field(factory=Rules)

    def change(self, rules: Rules) -> Self:
        """Have other rules from now on."""
        changed = PolicyChanged(policy_id=self.id, policy_version=self.version + 1)
        return self if rules == self.rules else self.evolve(rules=rules).recording(changed)
