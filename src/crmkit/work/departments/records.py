"""The collections that belong to no department: fields of tenants, imports, views."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.imports.attestation import Attestation
from crmkit.domain.imports.import_run import ImportRun
from crmkit.domain.saved_view import SavedView
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (CustomField, ImportRun, Attestation, SavedView)


class Records(Reaching):
    """The collections that belong to no department: fields of tenants, imports, views."""

    @property
    def field_definitions(self) -> Collection[CustomField]:
        """Return the tenant's own field definitions."""
        return self.of(CustomField)

    @property
    def imports(self) -> Collection[ImportRun]:
        """Return the import runs."""
        return self.of(ImportRun)

    @property
    def attestations(self) -> Collection[Attestation]:
        """Return who vouches for what was taken over."""
        return self.of(Attestation)

    @property
    def saved_views(self) -> Collection[SavedView]:
        """Return the saved views."""
        return self.of(SavedView)
