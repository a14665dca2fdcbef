"""Taking over: records that come from another system as they stood, past the rules of steps."""

from collections.abc import Generator
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

    def frees(self, spec: EntitySpec, record: Any, before: Any) -> bool:
        """Say whether a record is taken over; raises what makes it impossible as it stands."""
        if spec.cls not in self._classes:
            return False
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
