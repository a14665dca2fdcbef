"""How plugins are found, named, put in order and let in."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from crmkit.errors import InvalidSettings, PluginError
from crmkit.plugins import HookKind, PluginRow, Plugins, hookimpl
from crmkit.plugins.hookspecs import KINDS, Hooks

OWN = ("crmkit.numbering", "crmkit.change_words", "crmkit.estimates")


def plugin(name: str, **attributes: object) -> object:
    """Make a plugin that observes, with these attributes."""

    class Observes:
        @hookimpl
        def before_commit(self, event):
            """See an event."""

    made = Observes()
    made.__dict__.update(attributes, name=name)
    return made


def order_of(*plugins: object, **wishes: object) -> list[str]:
    """Return the names of the plugins in the order in which they are called."""
    loaded = Plugins(plugins, plugin_names=(), **wishes)
    return [row.plugin for row in loaded.describe() if row.hook == "before_commit"]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Give a function that installs a package with one entry point for plugins."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules: list[str] = []

    def installed(name: str, source: str, *, module: str | None = None) -> None:
        module = module or f"plugin_{name.replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        folder = tmp_path / f"{module}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[crmkit.plugins]\n{name} = {module}:Plugin\n")
        modules.append(module)

    yield installed
    for module in modules:
        sys.modules.pop(module, None)


GOOD = """
from crmkit.plugins import hookimpl

class Plugin:
    @hookimpl
    def before_commit(self, event):
        pass
"""


def test_every_hook_is_described_with_its_kind() -> None:
    """The page of hooks gives each hook a kind and a docstring."""
    declared = [name for name in vars(Hooks) if not name.startswith("_")]
    assert declared == list(KINDS)
    assert all(vars(Hooks)[name].__doc__ for name in declared)


def test_describe_tells_who_does_what() -> None:
    """Rows are frozen values: plugin, hook, kind."""
    rows = Plugins([plugin("a")], plugin_names=()).describe()
    assert PluginRow(plugin="a", hook="before_commit", kind=HookKind.VETO) in rows
    assert {row.plugin for row in rows} == {"a", *OWN}


def test_plugins_are_called_as_given() -> None:
    """Without wishes the order is that of the list."""
    assert order_of(plugin("b"), plugin("a"), plugin("c")) == ["b", "a", "c"]


def test_plugins_may_wish_for_a_place() -> None:
    """`before` and `after` name other plugins; one that is not there is no obstacle."""
    assert order_of(plugin("a", after="c"), plugin("b"), plugin("c", before=("b", "gone"))) == [
        "c",
        "a",
        "b",
    ]


def test_the_host_has_the_last_word() -> None:
    """`order` wins over the wishes of the plugins that it lists."""
    plugins = (plugin("a", after=["b"]), plugin("b"), plugin("c"))
    assert order_of(*plugins, order=["c", "a", "b"]) == ["c", "a", "b"]


def test_wishes_in_a_circle_are_refused() -> None:
    """The refusal names the circle."""
    with pytest.raises(InvalidSettings, match=r"(a > b > a|b > a > b)"):
        order_of(plugin("a", before="b"), plugin("b", before="a"))


@pytest.mark.parametrize("order", [["x"], ["a", "a"]], ids=["unknown", "twice"])
def test_an_order_that_cannot_be_meant_is_refused(order: list[str]) -> None:
    """Unknown names and names listed twice."""
    with pytest.raises(InvalidSettings, match="order"):
        order_of(plugin("a"), order=order)


def test_a_wish_that_is_no_name_is_refused() -> None:
    """`before = 3` cannot be meant."""
    with pytest.raises(InvalidSettings, match="before"):
        order_of(plugin("a", before=3))


def test_first_and_last_within_a_hook() -> None:
    """Marks of `hookimpl` hold within a hook: tryfirst, trylast."""

    class First:
        @hookimpl(tryfirst=True)
        def before_commit(self):
            """Come first."""

    class Last:
        @hookimpl(trylast=True)
        def before_commit(self):
            """Come last."""

    assert order_of(Last, plugin("a"), First) == ["First", "a", "Last"]


def test_a_module_and_a_class_are_plugins_too() -> None:
    """A module goes by its name, a class is made an instance."""
    module = ModuleType("house_rules")
    exec(  # the source of a module
        "from crmkit.plugins import hookimpl\n@hookimpl\ndef before_commit(event): pass",
        module.__dict__,
    )
    assert order_of(module, type(plugin("Observes"))) == ["house_rules", "Observes"]


def test_two_plugins_of_one_name_are_refused() -> None:
    """The name is the address of the outbox; it must be clear."""
    with pytest.raises(InvalidSettings, match="two plugins are called 'a'"):
        order_of(plugin("a"), plugin("a"))


@pytest.mark.parametrize("name", ["", " ", 7, "nul \x00", "x" * 201], ids=repr)
def test_a_bad_name_is_refused(name: object) -> None:
    """A name is a short text."""
    with pytest.raises(PluginError, match="name"):
        order_of(_named(name))


def _named(name: object) -> object:
    class Named:
        pass

    made = Named()
    made.name = name
    return made


def test_a_misspelt_hook_is_refused_with_the_right_name() -> None:
    """It would never be called; the nearest hook is named."""

    class Misspelt:
        @hookimpl
        def before_comit(self, event):
            """Never be called."""

    with pytest.raises(PluginError, match="is before_commit meant") as refused:
        Plugins([Misspelt])
    assert (refused.value.plugin, refused.value.hook) == ("Misspelt", "before_comit")


def test_an_unknown_argument_is_refused() -> None:
    """A hook gives only the arguments of its page."""

    class Wrong:
        @hookimpl
        def before_commit(self, evnt):
            """Ask for what is not given."""

    with pytest.raises(PluginError, match="evnt") as refused:
        Plugins([Wrong])
    assert refused.value.hook == "before_commit"


def test_hooks_that_would_never_run_are_refused() -> None:
    """Async functions, generators, wrappers and keyword-only arguments."""

    class Async:
        @hookimpl
        async def after_commit(self, message):
            """Return a coroutine that nobody awaits."""

    class Yields:
        @hookimpl
        def before_commit(self, event):
            """Return a generator that nobody walks."""
            yield event

    class Wraps:
        @hookimpl(wrapper=True)
        def before_commit(self):
            """Wrap."""
            return (yield)

    class KeywordOnly:
        @hookimpl
        def before_commit(self, *, event):
            """Need what is not given."""

    for wrong, reason in (
        (Async, "async"),
        (Yields, "yield"),
        (Wraps, "wrap"),
        (KeywordOnly, "event"),
    ):
        with pytest.raises(PluginError, match=reason):
            Plugins([wrong])


def test_topics_must_be_events_or_names() -> None:
    """A single name in place of a set would be read letter by letter."""
    for topics in ("DealWon", 3, {"not a name"}, {int}):
        with pytest.raises(PluginError, match="topics"):
            Plugins([plugin("a", topics=topics)])


def test_installed_plugins_load_by_name(install: object) -> None:
    """Sorted by the name of their entry point, before the given ones."""
    install("zeta", GOOD)
    install("alpha", GOOD)
    assert _names(Plugins([plugin("given")])) == ["alpha", "zeta", "given"]


def test_installed_plugins_can_be_left_out(install: object) -> None:
    """By picking some, by picking none, or by disabling."""
    install("zeta", GOOD)
    install("alpha", GOOD)
    assert _names(Plugins(plugin_names=["zeta"])) == ["zeta"]
    assert _names(Plugins(plugin_names=())) == []
    assert _names(Plugins(disable=["alpha"])) == ["zeta"]
    with pytest.raises(InvalidSettings, match="alpha, zeta"):
        Plugins(plugin_names=["omega"])


@pytest.mark.parametrize(
    "source",
    [
        "import no_such_module",
        "1/0",
        "Plugin = lambda",
        "class Plugin:\n    def __init__(self): raise ValueError('no')",
        GOOD.replace("before_commit", "before_comit"),
        GOOD.replace("(self, event)", "(self, nothing)"),
    ],
)
def test_a_broken_installed_plugin_is_reported_and_left_out(
    install: object, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The others work; the failure is logged, listed, and with `strict` refused."""
    install("broken", source)
    install("sound", GOOD)
    with caplog.at_level(logging.WARNING, logger="crmkit.plugins"):
        loaded = Plugins([plugin("given")], order=["given", "broken", "sound"])
    assert _names(loaded) == ["given", "sound"]
    assert [failed.name for failed in loaded.failures] == ["broken"]
    assert "broken" in caplog.text
    with pytest.raises(PluginError, match="broken"):
        Plugins(strict=True)


def test_two_packages_with_one_plugin_name_are_reported(install: object) -> None:
    """Neither is taken by chance."""
    install("twin", GOOD, module="one")
    install("twin", GOOD, module="other")
    loaded = Plugins()
    assert _names(loaded) == []
    assert "two packages" in loaded.failures[0].reason


def test_crmkit_s_own_plugins_can_be_replaced_and_disabled() -> None:
    """A given plugin of the same name takes the place."""
    assert "crmkit.numbering" not in Plugins(disable=["crmkit.numbering"]).names
    replaced = Plugins([plugin("crmkit.numbering")])
    assert {row.hook for row in replaced.describe() if row.plugin == "crmkit.numbering"} == {
        "before_commit"
    }


def _names(plugins: Plugins) -> list[str]:
    return [name for name in plugins.names if name not in OWN]
