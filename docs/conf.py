"""Sphinx configuration; built by ``make docs`` with warnings as errors."""

import sys
from pathlib import Path

from teleinfo_gateway import __version__

sys.path.insert(0, str(Path(__file__).parent))  # label_tables

project = "teleinfo-gateway"
author = "The teleinfo-gateway authors"
copyright = author
version = release = __version__

extensions = ["sphinx.ext.autodoc", "label_tables"]
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"teleinfo-gateway {release}"
html_logo = "../design/icon.svg"
html_favicon = "../design/icon.svg"
html_static_path = ["style"]
html_css_files = ["tables-and-drawings.css"]
