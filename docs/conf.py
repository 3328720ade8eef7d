"""How Sphinx builds the documentation site.

    sphinx-build -W --keep-going -b html docs build/site

People read the same pages on GitHub, which does not know directives. So the directives are in HTML
comments that begin with ``<!-- site``. GitHub hides them, and this file shows them to Sphinx.

The site loads nothing from other servers. The pictures are made by ``python -m
tests.documents.picture`` and ``tests.emulator.pictures``, the tables of error codes by
``tests.documents.error_tables``.
"""

import re
from configparser import ConfigParser
from pathlib import Path

from pygments.lexers.shell import BashLexer

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

config = ConfigParser()
config.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")
repository = config["kakao-session"]["repository"].rstrip("/")
if repository:
    html_theme_options = {
        "source_view_link": f"{repository}/blob/main/docs/{{filename}}",
        "source_edit_link": f"{repository}/edit/main/docs/{{filename}}",
        "footer_icons": [{"name": "Source code", "url": repository, "html": "Source code"}],
    }


def prepare(app, docname, source):
    text = re.sub(r"<!-- site\n(.*?)-->", r"\1", source[0], flags=re.DOTALL)
    # Files outside this folder are not on the site.
    outside = re.escape("../" * (docname.count("/") + 1))
    linked = rf"[\1]({repository}/blob/main/\2)" if repository else r"\1"
    source[0] = re.sub(rf"\[([^\]]*)\]\({outside}([^)]+)\)", linked, text)


def set_language(app, pagename, templatename, context, doctree):
    if pagename.startswith("ko/"):
        context["language"] = "ko"


def setup(app):
    app.add_lexer("crontab", BashLexer)
    app.connect("source-read", prepare)
    app.connect("html-page-context", set_language)
