"""A vendor's practice: the profiles, modules, lines and methods that estimates are made with."""

from collections.abc import Callable, Iterable
from decimal import localcontext
from typing import Final

import attrs

from crmkit.domain.estimates.catalogue import CRM_CATALOGUE, Catalogue
from crmkit.domain.estimates.costing import Costing
from crmkit.domain.estimates.drafting import STANDARD_LINES
from crmkit.domain.estimates.estimate import Estimate
from crmkit.domain.estimates.figures import EXACT
from crmkit.domain.estimates.lines import Draft, settle
from crmkit.domain.estimates.methods import Cocomo2, NesmaEstimated, NesmaIndicative, SizedBy
from crmkit.domain.estimates.profiles import PROFILES, Profile
from crmkit.domain.estimates.protocols import EffortModel
from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.sizing import measure
from crmkit.domain.estimates.standard_effort import StandardEffort
from crmkit.domain.estimates.words import check_language
from crmkit.errors import InvalidSettings, InvalidValue, WrongType

METHODS: Final = (
    StandardEffort(),
    SizedBy(NesmaEstimated()),
    SizedBy(NesmaIndicative()),
    Cocomo2(),
)
"""The methods of every cross-check; the first is the one that prices are made with."""

LineMaker = Callable[[Costing], Iterable[Draft]]
"""What drafts lines from the costs of a scope."""


@attrs.frozen(kw_only=True)
class Practice:
    """What a vendor estimates with; `attrs.evolve` or plugins make one of your own.

    The first profile is taken where none is named.
    """

    profiles: tuple[Profile, ...] = PROFILES
    catalogue: Catalogue = CRM_CATALOGUE
    lines: tuple[LineMaker, ...] = STANDARD_LINES
    methods: tuple[EffortModel, ...] = METHODS

    def __attrs_post_init__(self) -> None:
        """Refuse profiles that cannot be told apart, or none at all."""
        names = [profile.name for profile in self.profiles]
        if not names or len(set(names)) < len(names):
            raise InvalidSettings(
                "profiles need different names" if names else "there is no profile",
                path="profiles",
                fix="give each a name of its own" if names else "give one",
            )

    def profile(self, name: str) -> Profile:
        """Return the profile of a name, or raise with those there are."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        raise InvalidValue(
            f"there is no profile {name!r}",
            path="profile",
            fix=f"one of {', '.join(profile.name for profile in self.profiles)}",
        )

    def estimate(
        self, scope: Scope, profile: Profile | str | None = None, *, language: str = "en"
    ) -> Estimate:
        """Price a scope: the same scope and profile give the same estimate, to the byte."""
        if not isinstance(scope, Scope):
            raise WrongType(
                f"expected a Scope, got {type(scope).__name__}",
                path="scope",
                fix="write Scope(modules=['customers']), or read one with Scope.from_dict",
            )
        chosen = self._chosen(profile)
        with localcontext(EXACT):
            costing = Costing(sized=measure(scope, chosen, self.catalogue))
            drafts = [draft for maker in self.lines for draft in maker(costing)]
            lines, total = settle(drafts)
        return Estimate(
            costing=costing,
            lines=lines,
            total=total,
            practice=self,
            language=check_language(language),
        )

    def _chosen(self, profile: Profile | str | None) -> Profile:
        if isinstance(profile, Profile):
            return profile
        return self.profiles[0] if profile is None else self.profile(profile)


STANDARD_PRACTICE: Final = Practice()


def estimate(
    scope: Scope, profile: Profile | str | None = None, *, language: str = "en"
) -> Estimate:
    """Price a scope with crmkit's own practice; see `Practice.estimate`."""
    return STANDARD_PRACTICE.estimate(scope, profile, language=language)
