"""The page as one text: template, style, scripts and data put into each other.

What comes from outside (captions, names) is escaped by the template, or travels as
JSON that cannot end its element; scripts put it into the page as text alone. The
page's own policy lets nothing else run, and nothing be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from workflow_src.report.formats.html import TEMPLATES, environment

ASSETS = Path(__file__).with_name("assets")
SCRIPTS = ("data.js", "charts.js", "figures.js", "player.js", "answers.js", "clips.js")
STYLES = ("page.css", "clips.css")


def json_text(values: Any) -> Markup:
    """JSON for a script element: no `<` that could end it."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    for sign, escape in (
        ("<", "\\u003c"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(sign, escape)
    return Markup(text)


def render(
    content: dict[str, Any], data: dict[str, Any], sounds: dict[str, str]
) -> str:
    """Make the page.

    Args:
        content: what the template shows.
        data: what the scripts show.
        sounds: key -> `data:` address; apart, so that it is read when one plays.
    """
    script = "\n".join(_asset(ASSETS / name) for name in SCRIPTS)
    sheets = [TEMPLATES / "table.css", *(ASSETS / name for name in STYLES)]
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            **content,
            style=Markup("\n".join(map(_asset, sheets))),
            script=Markup(script),
            policy=_policy(script),
            data=json_text(data),
            sounds=json_text(sounds),
        )
    )


def _asset(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """What the browser allows: our script by its digest, and what is in the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'sha256-{digest}'",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "media-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
