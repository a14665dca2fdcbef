"""Estimates by plugins: lines, modules, profiles and methods of their own, beside crmkit's."""

from collections.abc import Iterator
from decimal import Decimal

import attrs
import pytest

from crmkit import estimates
from crmkit.domain.estimates.costing import Costing
from crmkit.domain.estimates.practice import Practice
from crmkit.domain.estimates.words import Label
from crmkit.domain.money import Money
from crmkit.errors import InvalidSettings, InvalidValue, PluginError
from crmkit.plugins import Plugins, hookimpl
from crmkit.plugins.builtin import SecurityReviews
from crmkit.testing.plugins import PluginContract

SCOPE = estimates.Scope(modules=["customers"])
LOYALTY = estimates.ModuleKind(
    name="loyalty",
    label=Label("Loyalty", "会员积分"),
    functions=estimates.FunctionCount(ilf=1, ei=3, eq=1),
    source="our counts",
)


class HalfTime:
    """Foretells half of the standard's hours."""

    name = "half-time"
    label = Label("half time", "折半")
    source = "our own guess"

    def hours(self, sized: estimates.SizedScope) -> Decimal:
        """Take two hours a point."""
        return sized.points * 2


class OurVendor:
    """A vendor with a profile, a module, a line and a method of its own."""

    name = "our-vendor"

    @hookimpl
    def register_estimate_profiles(self):
        """Give our profile."""
        return [attrs.evolve(estimates.LIAOCHENG, name="ours", percentile="P10")]

    @hookimpl
    def register_estimate_modules(self):
        """Give our module."""
        return [LOYALTY]

    @hookimpl
    def register_estimate_lines(self):
        """Give our line."""
        return [self.travel]

    @hookimpl
    def register_estimate_methods(self):
        """Give our method."""
        return [HalfTime()]

    def travel(self, costing: Costing) -> Iterator[estimates.Draft]:
        """Two days of travel, where the client is elsewhere."""
        if costing.scope.city not in {None, costing.profile.city}:
            days = estimates.Factor(
                name="days", label=Label("days", "天"), value=Decimal(2), source="our-vendor"
            )
            yield estimates.Draft(
                key="travel",
                group=estimates.LineGroup.SERVICES,
                label=Label("Travel", "差旅"),
                unit=Label("days", "天"),
                quantity_from=(days,),
                price_from=costing.day_price,
            )


class Answers:
    """Gives one wrong answer to one hook."""

    name = "answers"

    def __init__(self, answer: object) -> None:
        self.answer = answer

    @hookimpl
    def register_estimate_profiles(self):
        """Answer."""
        return [self.answer] if self.answer == "profile" else []

    @hookimpl
    def register_estimate_modules(self):
        """Answer."""
        return [self.answer] if self.answer == "module" else []

    @hookimpl
    def register_estimate_lines(self):
        """Answer."""
        return [self.answer] if self.answer == "lines" else []

    @hookimpl
    def register_estimate_methods(self):
        """Answer."""
        return [self.answer] if self.answer == "method" else []


class TestSecurityReviews(PluginContract):
    """Keeps the promises of every plugin."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give the plugin."""
        return SecurityReviews()


class TestOurVendor(PluginContract):
    """Keeps the promises of every plugin."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give the plugin."""
        return OurVendor()


def practice(*plugins: object, **options: object) -> Practice:
    """Return the practice of some plugins beside crmkit's own."""
    return Plugins(plugins, plugin_names=(), **options).practice()


def test_without_plugins_it_is_crmkits_own() -> None:
    """The same lines, the same total, the same methods."""
    made, own = practice().estimate(SCOPE), estimates.estimate(SCOPE)
    assert (made.lines, made.total) == (own.lines, own.total)
    assert made.cross_check() == own.cross_check()


def test_plugin_adds_profile_module_line_and_method() -> None:
    """All four come beside crmkit's."""
    ours = practice(OurVendor())
    scope = SCOPE.with_(modules=["customers", "loyalty"], city="北京")
    made = ours.estimate(scope, "ours")
    assert made.line("module:loyalty")
    assert made.line("travel")
    assert ours.estimate(SCOPE).line("travel") is None
    assert made.cross_check().opinions[-1].name == "half-time"
    assert Money.total(line.amount for line in made.lines) == made.total


def test_security_review_is_bought() -> None:
    """At the published median of its level, with its page."""
    for level, price in (("level_2", "50000"), ("level_3", "60000")):
        made = practice(SecurityReviews(level)).estimate(SCOPE)
        line = made.line("security_review")
        assert line
        assert line.amount == Money(price, "CNY")
        assert line.factors[-1].cited() == "CSBMK-202510 p.35"
    with pytest.raises(InvalidSettings, match="level: there is no 'level_9'"):
        SecurityReviews("level_9")


def test_crmkits_own_can_be_left_out() -> None:
    """Then a plugin must bring everything; a practice without profiles is refused."""
    with pytest.raises(InvalidSettings, match="profiles: there is no profile"):
        practice(disable=["crmkit.estimates"])
    bare = practice(OurVendor(), disable=["crmkit.estimates"])
    with pytest.raises(InvalidValue, match=r"scope\.modules\.customers"):
        bare.estimate(SCOPE)


@pytest.mark.parametrize("answer", ["profile", "module", "lines", "method"])
def test_wrong_answers_name_the_plugin(answer: str) -> None:
    """What is no profile, module, function or model."""
    with pytest.raises(PluginError, match=r"plugins\.answers: .+expected"):
        practice(Answers(answer))


def test_names_are_given_once() -> None:
    """Two profiles or two modules of one name are refused."""
    with pytest.raises(InvalidSettings, match="profiles: profiles need different names"):
        Practice(profiles=(estimates.LIAOCHENG, estimates.LIAOCHENG))
    with pytest.raises(InvalidSettings, match=r"catalogue\.loyalty: two modules"):
        estimates.Catalogue([LOYALTY, LOYALTY])
