"""Sphinx configuration; built by ``make docs`` with warnings as errors."""

from teleinfo_gateway import __version__

project = "teleinfo-gateway"
author = "The teleinfo-gateway authors"
copyright = author
version = release = __version__

extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"teleinfo-gateway {release}"
html_logo = "../design/icon.svg"
html_favicon = "../design/icon.svg"
