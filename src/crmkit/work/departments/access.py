"""The collections of those who work with the CRM."""

from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (User,)


class AccessRecords(Reaching):
    """The collections of those who work with the CRM."""

    @property
    def users(self) -> Collection[User]:
        """Return the users."""
        return self.of(User)
