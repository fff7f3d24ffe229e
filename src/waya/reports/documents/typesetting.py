"""Pages from papers: one template, in process, with fonts that come with typst.

typst takes a paper as JSON and draws its values as text; nothing is put together as source. A
compiler is kept for each thread: the first page costs its making, those after a few
milliseconds (`python -m waya bench documents` says how many).
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import segno
import typst

TEMPLATE = Path(__file__).parent / "paper.typ"
_here = threading.local()


def pdf(paper: Mapping[str, Any], at: datetime) -> bytes:
    """A paper as PDF; the same paper of the same moment gives the same bytes."""
    return _typeset(paper, "pdf", at)


def png(paper: Mapping[str, Any], at: datetime, ppi: int = 96) -> bytes:
    """A paper of one page as a picture, for looking at."""
    return _typeset(paper, "png", at, ppi=ppi)


def qr(text: str) -> str:
    """A QR code as SVG, without the quiet zone, which the page around it gives."""
    drawn = io.BytesIO()
    # Any mask can be read; weighing all eight would cost more than the page.
    code = segno.make(text, error="m", boost_error=False, mask=4, micro=False)
    code.save(drawn, kind="svg", border=0, dark="#15171c", xmldecl=False)
    return drawn.getvalue().decode()


def _typeset(
    paper: Mapping[str, Any], kind: Literal["pdf", "png"], at: datetime, **options: Any
) -> bytes:
    compiler: typst.Compiler | None = getattr(_here, "compiler", None)
    if compiler is None:
        compiler = _here.compiler = typst.Compiler(str(TEMPLATE), ignore_system_fonts=True)
    inputs = {"paper": json.dumps(paper)}
    page = compiler.compile(
        format=kind, sys_inputs=inputs, timestamp=at.replace(microsecond=0), **options
    )
    if not isinstance(page, bytes):
        raise TypeError("a document of several pages is no picture")
    return page
