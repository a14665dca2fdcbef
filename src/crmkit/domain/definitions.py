"""Definitions: what a tenant has defined and rules rest on, and the mark that tells its state."""

from typing import Final
from uuid import UUID

import attrs

from crmkit.domain.approvals.flow import ApprovalFlow
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.entity import entity
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.pipeline import Pipeline

DEFINITIONS: Final = frozenset({ApprovalFlow, CustomField, Pipeline})
MARK_ID: Final = UUID("00000000-0000-7000-8000-000000000000")
"""The id of the mark; each tenant has one."""


@keeps()
@entity("definition_mark")
@attrs.frozen(kw_only=True)
class DefinitionMark:
    """Names the changeset that last changed a definition of a tenant; written along with it.

    What was read of the definitions under one mark is what they say as long as it is there.
    """

    id: UUID
    tenant: str
    version: int = 1
    changeset_id: UUID
