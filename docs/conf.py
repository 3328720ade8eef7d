"""How Sphinx builds the site.

Sphinx, since the docstrings are written for it; MyST, so that the pages read well in a repository,
too; furo, which looks good on a telephone and at night. Nothing is fetched, here or by a reader.

    sphinx-build -W --keep-going -b html docs build/site

The pictures are made by ``python -m tests.documents.picture`` and ``tests.emulator.pictures``, the
table of KOE codes by ``tests.documents.koe_table``.
"""

from pygments.lexers.shell import BashLexer
from sphinx.application import Sphinx

from kakao_session import __version__

project = "kakao-session"
author = "The kakao-session developers"
copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]

myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
add_module_names = False
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = "kakao-session"
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["narrow.css"]


def setup(app: Sphinx) -> None:
    app.add_lexer("crontab", BashLexer)
