"""Service level policies: which tickets they are for, by which calendar and clocks."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.calendar import CalendarId
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.support.clock_rules import ClockRule
from crmkit.domain.support.clocks import Retarget
from crmkit.domain.support.sla import Level
from crmkit.domain.support.ticket import SlaPolicyId
from crmkit.errors import InvalidValue


@keeps()
@entity("sla_policy", unique=[Unique("name")], labels={"en": "SLA policy", "zh": "服务级别协议"})
@attrs.frozen(kw_only=True)
class SlaPolicy(Aggregate):
    """Clocks for the tickets that fit a filter; of several that fit, the highest precedence wins.

    `selector` is the JSON of a filter on tickets.
    """

    id: SlaPolicyId
    name: Annotated[str, Text(max_length=100)]
    calendar_id: CalendarId
    clocks: tuple[ClockRule, ...]
    selector: Mapping[str, Any] = attrs.field(factory=lambda: {"all": []})
    precedence: int = 0
    mode: Retarget = Retarget.CARRY
    from_at: datetime | None = None
    until_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a policy without clocks, or with two of one name."""
        super().__attrs_post_init__()
        names = {rule.name for rule in self.clocks}
        if not names or len(names) != len(self.clocks):
            raise InvalidValue(
                "clocks are one or more, each of its own name",
                path="sla_policy.clocks",
                fix="give one, and other names",
            )

    def is_in_force(self, at: datetime) -> bool:
        """Say whether the policy holds at an instant."""
        begun = self.from_at is None or self.from_at <= at
        return begun and (self.until_at is None or at < self.until_at)

    def level(self, calendar: BusinessCalendar) -> Level:
        """Return what it asks, with its calendar at hand."""
        label = f"{self.name} v{self.version}"
        return Level(clocks=self.clocks, calendar=calendar, policy=label, mode=self.mode)


@attrs.frozen(kw_only=True)
class PolicyVerdict:
    """Whether a policy was chosen for a ticket, and why or why not."""

    policy: str
    chosen: bool
    reason: str


@attrs.frozen(kw_only=True)
class PolicyChoice:
    """The policy of a ticket, None when none fits, and the verdict on each."""

    policy: SlaPolicy | None
    verdicts: tuple[PolicyVerdict, ...]


def choose_policy(judged: Iterable[tuple[SlaPolicy, bool]], at: datetime) -> PolicyChoice:
    """Choose of policies, each with whether its filter fits: precedence decides, then the name."""
    chosen: SlaPolicy | None = None
    verdicts: list[PolicyVerdict] = []
    for policy, fits in sorted(judged, key=lambda pair: (-pair[0].precedence, pair[0].name)):
        if not policy.is_in_force(at):
            reason = "is not in force"
        elif not fits:
            reason = "does not fit the ticket"
        elif chosen is not None:
            reason = f"fits, but {chosen.name} goes before"
        else:
            chosen, reason = policy, f"fits, with precedence {policy.precedence}"
        verdicts.append(PolicyVerdict(policy=policy.name, chosen=policy is chosen, reason=reason))
    return PolicyChoice(policy=chosen, verdicts=tuple(verdicts))
