"""Run the examples of README and manual as tests; keep what belongs together on one worker."""

import contextlib
import tempfile
from doctest import ELLIPSIS

import pytest
from sybil import Sybil
from sybil.parsers.markdown import ClearNamespaceParser, SkipParser
from sybil.parsers.myst import PythonCodeBlockParser


def _enter_an_empty_folder(namespace):
    """Let the examples of a page write their files where they are in nobody's way."""
    rooms = namespace["rooms"] = contextlib.ExitStack()
    folder = rooms.enter_context(tempfile.TemporaryDirectory(prefix="crmkit-page-"))
    rooms.enter_context(contextlib.chdir(folder))


def _leave_it(namespace):
    namespace["rooms"].close()


pytest_collect_file = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=ELLIPSIS),
        SkipParser(),
        ClearNamespaceParser(),
    ],
    patterns=["README.md", "README.zh.md", "docs/*.md", "docs/*/*.md", "docs/*/*/*.md"],
    setup=_enter_an_empty_folder,
    teardown=_leave_it,
).pytest()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give a worker whole modules, classes and pages, whose examples go on from each other."""
    from xdist.scheduler import LoadScopeScheduling

    if config.getvalue("dist") != "load":
        return None
    return LoadScopeScheduling(config, log)
