"""Policies: roles and rules as data, looked through, compared and applied whole."""

from typing import Any

import attrs

from crmkit.domain.access.acting import Action, Right
from crmkit.domain.access.conditions import Conditions
from crmkit.domain.access.policy import Policy, PolicyId, PolicyUnsound, Rules
from crmkit.domain.access.soundness import Finding, Soundness
from crmkit.domain.privacy.audit import AuditKind
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down

APPLY_POLICY = Action("policy:apply", "Change roles and rules", zh="修改权限策略", right=Right.EDIT)


@attrs.frozen(kw_only=True)
class Difference:
    """What a policy has that another has not, rule by rule; order means nothing."""

    added: tuple[Any, ...]
    removed: tuple[Any, ...]


def current_rules(work: UnitOfWork) -> Rules:
    """Return the roles and rules in force, none where no policy was applied yet."""
    policy = work.policies.first()
    return Rules() if policy is None else policy.rules


def look_through(work: UnitOfWork, rules: Rules) -> tuple[Finding, ...]:
    """Return what is wrong or in vain in rules, faults first."""
    conditions = Conditions(work.registry, work.custom_parts)
    return Soundness(work.registry, conditions, work.custom_parts).findings(rules)


def tell_apart(before: Rules, after: Rules) -> Difference:
    """Return the rules that come and go between two policies."""
    old, new = _all_rules(before), _all_rules(after)
    return Difference(
        added=tuple(rule for rule in new if rule not in old),
        removed=tuple(rule for rule in old if rule not in new),
    )


def apply_policy(work: UnitOfWork, rules: Rules) -> Policy:
    """Put rules in force, whole, from the next unit of work on; raises `PolicyUnsound`."""
    work.permit(APPLY_POLICY)
    faults = [finding for finding in look_through(work, rules) if finding.is_fault]
    if faults:
        raise PolicyUnsound(
            "; ".join(map(str, faults[:20])), path=faults[0].path, fix=faults[0].fix
        )
    policy = work.policies.first()
    if policy is None:
        applied = work.policies.add(Policy(id=PolicyId(work.new_id()), rules=rules))
    else:
        applied = work.policies.save(policy.change(rules))
    told = {"version": applied.version}
    write_down(work, AuditKind.POLICY_CHANGE, APPLY_POLICY, about=[applied], payload=told)
    return applied


def _all_rules(rules: Rules) -> list[Any]:
    several: list[Any] = []
    for field in attrs.fields(Rules):
        several += getattr(rules, field.name)
    return several
