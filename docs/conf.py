"""Settings of the manual."""

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
