"""Options of a product: what may be chosen, what needs or excludes what, and why a choice fails."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import combinations
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue, RuleBroken

Code = Annotated[str, Text(max_length=60)]
MOST_CHANGES: Final = 3
"""A way out of a conflict changes at most so many options."""
_MANY_CODES: Final = 40


class OptionRuleKind(StrEnum):
    """What one option says about others."""

    REQUIRES = "requires"
    EXCLUDES = "excludes"


@attrs.frozen(kw_only=True)
class OptionChoice:
    """One option; `surcharge` is added to the unit price."""

    code: Code
    name: Annotated[str, Text(max_length=200)] = ""
    surcharge: Money | None = None


@attrs.frozen(kw_only=True)
class OptionGroup:
    """Options of which between `least` and `most` are chosen."""

    name: Annotated[str, Text(max_length=200)]
    choices: tuple[OptionChoice, ...]
    least: int = 0
    most: int = 1

    def __attrs_post_init__(self) -> None:
        """Refuse a group that nobody can choose from."""
        if not 0 <= self.least <= self.most or self.least > len(self.choices):
            raise InvalidValue(
                f"nobody can choose {self.least} to {self.most} of {len(self.choices)}",
                path="options.least",
                fix="let least be at most most, and at most the number of choices",
            )


@attrs.frozen(kw_only=True)
class OptionRule:
    """`option` requires one of `others`, or excludes all of them; `reason` is told to people."""

    kind: OptionRuleKind
    option: Code
    others: tuple[Code, ...]
    reason: Annotated[str, Text(max_length=500)] = ""


@attrs.frozen(kw_only=True)
class OptionConflict:
    """Why a choice of options cannot be built, and the options at fault."""

    reason: str
    codes: tuple[str, ...]


class OptionsConflict(RuleBroken):
    """The chosen options do not go together; `conflicts` says each reason."""

    def __init__(self, conflicts: Sequence[OptionConflict], nearest: frozenset[str] | None) -> None:
        """Tell every conflict at once, and the nearest choice that can be built."""
        self.conflicts = tuple(conflicts)
        self.nearest = nearest
        super().__init__(
            "; ".join(conflict.reason for conflict in conflicts),
            path="options",
            fix=f"choose {', '.join(sorted(nearest)) or 'none'}" if nearest is not None else "",
        )


def check_options(groups: Sequence[OptionGroup], rules: Sequence[OptionRule]) -> None:
    """Refuse codes that come twice, and rules about codes that are not there."""
    codes = _codes(groups)
    if len(set(codes)) != len(codes):
        raise InvalidValue("two options have one code", path="product.options")
    for rule in rules:
        for code in (rule.option, *rule.others):
            if code not in codes:
                raise InvalidValue(
                    f"there is no option {code!r}",
                    path="product.option_rules",
                    fix=f"one of {', '.join(codes)}",
                )


def check_choice(
    groups: Sequence[OptionGroup], rules: Sequence[OptionRule], chosen: Iterable[str]
) -> tuple[OptionChoice, ...]:
    """Return the chosen options in the order of the product, or raise `OptionsConflict`."""
    wanted = frozenset(chosen)
    found = conflicts(groups, rules, wanted)
    if found:
        raise OptionsConflict(found, nearest_choice(groups, rules, wanted))
    return tuple(choice for group in groups for choice in group.choices if choice.code in wanted)


def conflicts(
    groups: Sequence[OptionGroup], rules: Sequence[OptionRule], chosen: frozenset[str]
) -> list[OptionConflict]:
    """Return every reason why a choice cannot be built, in the order of groups and rules."""
    unknown = sorted(chosen.difference(_codes(groups)))
    found = [OptionConflict(reason=f"there is no option {code}", codes=(code,)) for code in unknown]
    for group in groups:
        taken = tuple(choice.code for choice in group.choices if choice.code in chosen)
        if not group.least <= len(taken) <= group.most:
            span = f"{group.least} to {group.most}" if group.least != group.most else group.most
            reason = f"{group.name} takes {span}, not {len(taken)}"
            found.append(OptionConflict(reason=reason, codes=taken))
    found += [broken for rule in rules if (broken := _broken(rule, chosen)) is not None]
    return found


def nearest_choice(
    groups: Sequence[OptionGroup], rules: Sequence[OptionRule], chosen: frozenset[str]
) -> frozenset[str] | None:
    """Return a choice that can be built with the fewest changes; None when it takes too many.

    Unknown options are left out first. Of equals the one earlier in the product's order is taken.
    """
    codes = _codes(groups)
    start = chosen.intersection(codes)
    changes = MOST_CHANGES if len(codes) <= _MANY_CODES else MOST_CHANGES - 1
    for count in range(changes + 1):
        for changed in combinations(codes, count):
            choice = start.symmetric_difference(changed)
            if not conflicts(groups, rules, choice):
                return choice
    return None


def _codes(groups: Sequence[OptionGroup]) -> list[str]:
    return [choice.code for group in groups for choice in group.choices]


def _broken(rule: OptionRule, chosen: frozenset[str]) -> OptionConflict | None:
    if rule.option not in chosen:
        return None
    present = tuple(code for code in rule.others if code in chosen)
    told = f" ({rule.reason})" if rule.reason else ""
    if rule.kind is OptionRuleKind.EXCLUDES and present:
        return OptionConflict(
            reason=f"{rule.option} excludes {' and '.join(present)}{told}",
            codes=(rule.option, *present),
        )
    if rule.kind is OptionRuleKind.REQUIRES and not present:
        return OptionConflict(
            reason=f"{rule.option} requires {' or '.join(rule.others)}{told}", codes=(rule.option,)
        )
    return None
