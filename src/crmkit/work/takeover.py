"""Taking over: records that come from another system as they stood, past the rules of steps."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec
from crmkit.domain.sales.moving import check_standing

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork


class Takeover:
    """Frees new records of some entities from the rules of steps, while it is open."""

    def __init__(self, work: "UnitOfWork") -> None:
        """Belong to a work."""
        self._work = work
        self._classes: tuple[type[Aggregate], ...] = ()
        self._taken: dict[Any, EntitySpec] = {}

    @contextmanager
    def opened(self, *classes: type[Aggregate]) -> Generator[dict[Any, EntitySpec]]:
        """Free new records of these classes; gives those that came, by id.

        A failure within ends the work, so that nothing stays that nobody vouches for.
        """
        self._classes, self._taken = classes, {}
        try:
            yield self._taken
        except BaseException:
            self._work.doom()
            raise
        finally:
            self._classes = ()

    def bound(
        self, spec: EntitySpec, records: Sequence[Any], befores: Sequence[Any]
    ) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the records that are bound by the rules of steps, and what they were before.

        Raises what makes it impossible to take one of the others over as it stands.
        """
        if spec.cls not in self._classes:
            return records, befores
        pairs = zip(records, befores, strict=True)
        bound = [(one, was) for one, was in pairs if not self._frees(spec, one, was)]
        return [one for one, _was in bound], [was for _one, was in bound]

    def _frees(self, spec: EntitySpec, record: Any, before: Any) -> bool:
        if before is not None:
            return record.id in self._taken
        record.check_taken_over()
        self._check_stage(record)
        self._taken[record.id] = spec
        return True

    def _check_stage(self, record: Any) -> None:
        """Refuse a stage that the pipeline does not have, or that is not for the outcome."""
        pipeline_id = getattr(record, "pipeline_id", None)
        if pipeline_id is not None:
            check_standing(self._work.definitions.pipeline(pipeline_id), record)
