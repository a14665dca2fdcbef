"""What is believed about a vendor before any project of his own is known."""

import attrs

from crmkit.domain.estimates.calibration.quantities import above_zero


@attrs.frozen(kw_only=True)
class Prior:
    """Deviations, in logarithms, from what the standard foretells.

    A vendor's level lies within 0.6 of the standard two times in three, his exponent of size
    within 0.2, and a feature moves the effort by 0.4 over four of its deviations or between no
    and yes (Gelman 2008, Scaling regression inputs by dividing by two standard deviations,
    Statistics in Medicine 27, p. 2865-2873). Projects of one vendor lie 0.8 around his own level,
    a figure that weighs as much as ten projects. `credit` says how many projects of his own the
    standard is worth beside models of them. How the figures were found stands in the explanation
    of accuracy; none is fitted to a single data set.
    """

    level: float = 0.6
    exponent: float = 0.2
    feature: float = 0.4
    noise: float = 0.8
    noise_weight: float = 10.0
    credit: float = 5.0

    def __attrs_post_init__(self) -> None:
        """Refuse figures that are not above zero."""
        for field in attrs.fields(Prior):
            above_zero(getattr(self, field.name), field.name)
