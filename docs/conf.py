"""How Sphinx builds this site: `make docs`. Built pages ask no other site for anything."""

project = "sealrun"
author = "the sealrun maintainers"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = "sealrun"
html_static_path: list[str] = []
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
