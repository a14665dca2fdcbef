"""Contact points: how somebody is reached."""

import attrs

from crmkit.domain.text import search_key


@attrs.frozen(kw_only=True)
class ContactPoint:
    """One way to reach somebody: raw as given, and a key for comparing."""

    kind: str
    raw: str
    key: str = attrs.field(
        default=attrs.Factory(lambda self: search_key(self.raw), takes_self=True)
    )
