"""Import runs: how far a file came, so that it can go on, be told about and be undone."""

from datetime import datetime
from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps

ImportRunId = NewType("ImportRunId", UUID)


@keeps()
@entity(
    "import_run",
    indexes=[Index("fingerprint")],
    labels={"en": "Import", "zh": "导入"},
)
@attrs.frozen(kw_only=True)
class ImportRun(Aggregate):
    """One file on its way in; its changesets are caused by this record.

    `fingerprint` names the file's content and mapping; `last_line` is the last line that took
    effect, so a run that was cut off goes on behind it.
    """

    id: ImportRunId
    file: Annotated[str, Text(max_length=500)]
    entity: Annotated[str, Text(max_length=63)]
    fingerprint: Annotated[str, Text(max_length=64)]
    last_line: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    conflicts: int = 0
    finished_at: datetime | None = None
    undone_at: datetime | None = None
