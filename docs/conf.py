"""The documentation as a site: `make docs` writes build/docs, warnings are errors."""

from __future__ import annotations

from edgel3_deploy import __version__

project = "edgel3-deploy"
author = "the edgel3-deploy developers"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]
exclude_patterns = ["README.md"]
html_theme = "furo"
html_title = "edgel3-deploy"
html_static_path: list[str] = []
html_copy_source = False
html_show_sphinx = False

myst_heading_anchors = 4
# Pages link to files of the repository, which lie outside the site; tests/docs/test_links.py follows them.
suppress_warnings = ["myst.xref_missing"]

autodoc_typehints = "description"
autodoc_member_order = "bysource"
nitpicky = False
