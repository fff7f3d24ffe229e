"""What may be a logo: SVG or PNG that a document can draw, and nothing that reaches out."""

from __future__ import annotations

import base64
import json
import re
import struct

import typst

from waya.kernel.errors import Refused

MOST_BYTES = 200_000
_PNG = b"\x89PNG\r\n\x1a\n"
# What an SVG of shapes needs none of: declarations, scripts, and anything from elsewhere.
_STRANGE = re.compile(
    r"<!(?:doctype|entity)|<\s*(?:script|foreignobject|iframe)"
    r"|href\s*=\s*[\"'](?!#|data:image/)|url\(\s*[\"']?(?!#)|@import",
    re.IGNORECASE,
)
_WRAPPED = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
    '<image width="{width}" height="{height}" href="data:image/png;base64,{dots}"/></svg>'
)
_SHAPES = b'#image(bytes(sys.inputs.logo), format: "svg", height: 14mm)'
_DOTS = b'#image(bytes(json(bytes(sys.inputs.logo))), format: "png", height: 14mm)'


def as_svg(image: bytes) -> str:
    """A picture as documents draw it; PNG is wrapped.

    Refuses `logo_too_large` with how many KB there may be, and `logo_unreadable` for what is
    neither, cannot be drawn, or has something in it that runs or reaches out.
    """
    if len(image) > MOST_BYTES:
        raise Refused("logo_too_large", most=MOST_BYTES // 1000)
    if image.startswith(_PNG):
        _draw(_DOTS, json.dumps(list(image)))
        svg = _wrapped(image)
    else:
        svg = _read(image)
    _draw(_SHAPES, svg)
    return svg


def _draw(page: bytes, logo: str) -> None:
    try:
        typst.compile(page, format="svg", sys_inputs={"logo": logo}, ignore_system_fonts=True)
    except typst.TypstError as error:
        raise Refused("logo_unreadable") from error


def _wrapped(dots: bytes) -> str:
    width, height = struct.unpack(">II", dots[16:24])
    return _WRAPPED.format(width=width, height=height, dots=base64.b64encode(dots).decode())


def _read(image: bytes) -> str:
    try:
        text = image.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise Refused("logo_unreadable") from error
    if "<svg" not in text[:2000] or not text.endswith("</svg>") or _STRANGE.search(text):
        raise Refused("logo_unreadable")
    return text
