"""Gates: no record takes a step that needs approval unless what it says was approved.

Every write of every record passes here, whoever brings it: a service, an import, an undo, a merge.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.flow import ApprovalFlow
from crmkit.domain.approvals.gatekeeper import Gatekeeper
from crmkit.domain.approvals.telling import ApprovalRequired
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.lowered import All, Check, Lowered, Test
from crmkit.domain.filters.paths import path_to
from crmkit.domain.named_kinds import Identity
from crmkit.domain.parties.merge import Merge
from crmkit.ports import Ask

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork

_FLOW = spec_of(ApprovalFlow)
_APPROVAL = spec_of(Approval)
_MERGE = spec_of(Merge)


class Gates:
    """The approval flows in force, and the steps that need them."""

    def __init__(self, work: "UnitOfWork") -> None:
        """Belong to a work."""
        self._work = work

    def check(self, spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]) -> None:
        """Return when every record may take its step, or raise `ApprovalRequired`."""
        for keeper in self.of(spec):
            self._work.definitions.rely_on(_FLOW, keeper.flow)
            for record, before in zip(records, befores, strict=True):
                hashed = keeper.content_to_approve(before, record)
                if hashed is not None and not self._is_only_merged(keeper, before, record):
                    self._must_be_approved(keeper, record, hashed)

    def of(self, spec: EntitySpec) -> Sequence[Gatekeeper]:
        """Return the gatekeepers of an entity."""
        return self._work.definitions.get(("keepers", spec.name), partial(self._of, spec))

    def keeper(self, flow: ApprovalFlow) -> Gatekeeper:
        """Read the filters of a flow, or raise what is wrong with them."""
        spec = self._work.registry[flow.entity]
        reader = FilterReader(self._work.registry, self._work.custom_parts)
        return Gatekeeper(
            flow=flow,
            spec=spec,
            exit=reader.read(spec, dict(flow.exit)),
            when=reader.read(spec, dict(flow.when)),
        )

    def _of(self, spec: EntitySpec) -> Sequence[Gatekeeper]:
        flows = self._work.definitions.get("flows", self._in_force)
        return tuple([self.keeper(flow) for flow in flows.get(spec.name, ())])

    def _in_force(self) -> dict[str, list[ApprovalFlow]]:
        flows: dict[str, list[ApprovalFlow]] = {}
        for flow in self._find(_FLOW, _none(_FLOW, "retired_at"), _none(_FLOW, "deleted_at")):
            if flow.is_in_force:
                flows.setdefault(flow.entity, []).append(flow)
        return flows

    def _must_be_approved(self, keeper: Gatekeeper, record: Any, hashed: str) -> None:
        for approval in self._find(_APPROVAL, _is(_APPROVAL, "record_id", record.id)):
            if keeper.is_passed_by(approval, hashed, at=self._work.now):
                self._work.rely_on(_APPROVAL, approval)
                return
        raise ApprovalRequired(
            f"what {keeper.spec.name} {record.id} says needs approval by {keeper.flow.code}",
            path=keeper.spec.name,
            fix="submit it, and take this step when it is approved",
        )

    def _is_only_merged(self, keeper: Gatekeeper, before: Any, after: Any) -> bool:
        """Say whether nothing differs but the id of a party that was merged or taken apart."""
        if before is None or before.deleted_at is not None:
            return False
        turned: dict[str, Any] = {}
        for name in keeper.flow.content_names(keeper.spec):
            old, new = getattr(before, name), getattr(after, name)
            if old == new:
                continue
            kind = keeper.spec.parts[name].kind
            if not isinstance(kind, Identity) or not self._is_one(kind.target, old, new):
                return False
            turned[name] = new
        return keeper.content_to_approve(before.replaced(**turned), after) is None

    def _is_one(self, party: str, old: Any, new: Any) -> bool:
        """Say whether a merge that stands, or is being taken apart, makes both one party."""
        with self._work.storing() as session:
            for lost in session.get_many(self._work.registry[party], [old] if old else []):
                if getattr(lost, "merged_into_id", None) == new:
                    return True
        back = (_is(_MERGE, "winner_id", old), _is(_MERGE, "loser_id", new))
        return bool(self._find(_MERGE, *back, _none(_MERGE, "undone_at")))

    def _find(self, spec: EntitySpec, *conditions: Lowered) -> list[Any]:
        with self._work.storing() as session:
            batches = session.find(spec, Ask(where=All(conditions)))
            return [record for batch in batches for record in batch]


def _is(spec: EntitySpec, name: str, value: Any) -> Lowered:
    return Check(path_to(spec, name, {}).leaf, Test.EQ, value)


def _none(spec: EntitySpec, name: str) -> Lowered:
    return Check(path_to(spec, name, {}).leaf, Test.NONE)
