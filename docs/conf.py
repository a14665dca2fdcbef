"""Settings of the manual."""

from typing import Any

import crmkit

project = "crmkit"
author = "the crmkit authors"
copyright = "2026, the crmkit authors"
version = release = crmkit.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"crmkit {release}"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
suppress_warnings = ["myst.xref_missing", "ref.ref", "docutils"]
nitpicky = False


def setup(app: Any) -> None:
    """Let the page of actions be made from the code."""
    app.connect("source-read", _bring_actions)


def _bring_actions(_app: Any, name: str, source: list[str]) -> None:
    if name == "reference/actions":
        from crmkit.services.listing import actions_table

        source[0] = source[0].replace("<!-- actions -->", actions_table())
