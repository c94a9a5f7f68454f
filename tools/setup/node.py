"""Node, the packages of package-lock.json, and the few files of them that the pages serve."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.setup.console import ROOT, VENV, Stop, run, say

#: oidc-provider (the demo's identity provider) needs it.
OLDEST_NODE = 22
LOCK = ROOT / "package-lock.json"
STAMP = ROOT / "node_modules" / ".lock.sha256"

#: Beside the code, not with a node's data (MADOGUCHI_VAR): it belongs to this version of the pages.
VENDOR_ROOT = ROOT / "var" / "vendor"

#: What pages load, by its place under /static/: all of it from npm.
VENDOR = {
    "design-tokens/tokens.css": ROOT / "node_modules/@digital-go-jp/design-tokens/dist/tokens.css",
    "htmx/htmx.min.js": ROOT / "node_modules/htmx.org/dist/htmx.min.js",
    "maplibre/maplibre-gl.mjs": ROOT / "node_modules/maplibre-gl/dist/maplibre-gl.mjs",
    "maplibre/maplibre-gl-worker.mjs": ROOT / "node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs",
    "maplibre/maplibre-gl.css": ROOT / "node_modules/maplibre-gl/dist/maplibre-gl.css",
    "terra-draw/terra-draw.mjs": ROOT / "node_modules/terra-draw/dist/terra-draw.modern.js",
    "pmtiles/pmtiles.js": ROOT / "node_modules/pmtiles/dist/pmtiles.js",
    "pdfjs/pdf.min.mjs": ROOT / "node_modules/pdfjs-dist/legacy/build/pdf.min.mjs",
    "pdfjs/pdf.worker.min.mjs": ROOT / "node_modules/pdfjs-dist/legacy/build/pdf.worker.min.mjs",
}

#: Whole folders: how PDF.js reads Japanese text whose font is not in the file, the standard fonts, and JPEG 2000.
VENDOR_FOLDERS = {
    "pdfjs/cmaps": ROOT / "node_modules/pdfjs-dist/cmaps",
    "pdfjs/standard_fonts": ROOT / "node_modules/pdfjs-dist/standard_fonts",
    "pdfjs/wasm": ROOT / "node_modules/pdfjs-dist/wasm",
}


def bring() -> None:
    """Node 22 or later, from PyPI where the system's is missing or older."""
    if _node_folder() is not None:
        return
    seen = _version(shutil.which("node"))
    say(f"installing Node from PyPI into .venv ({f'the system has {seen}' if seen else 'the system has none'})")
    pip: list[str | Path] = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes"]
    run([*pip, "--requirement", ROOT / "requirements" / "node.txt"], "Node could not be installed")
    if _node_folder() is None:
        raise Stop(f"Node from PyPI does not run here. Please install Node {OLDEST_NODE} or later and start again.")


def install() -> None:
    """Exactly the locked npm packages, by the Node that `bring` has seen to."""
    folder = _node_folder()
    if folder is None or stamp_matches():
        return
    say("installing JavaScript packages from package-lock.json")
    environ = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm: list[str | Path] = [folder / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run(npm, "npm ci failed", environ)
    STAMP.write_text(_wanted())


def copy_vendor() -> None:
    """Put what pages load under ``var/vendor``, from where it is served; never committed, never fetched at run time."""
    folders = {f"{place}/{one.name}": one for place, folder in VENDOR_FOLDERS.items() for one in folder.glob("*")}
    for place, source in {**VENDOR, **folders}.items():
        target = VENDOR_ROOT / place
        if not source.exists():
            raise Stop(f"{source} is missing, although its package is installed. Delete node_modules and start again.")
        if target.exists() and (target.stat().st_mtime, target.stat().st_size) == (
            source.stat().st_mtime,
            source.stat().st_size,
        ):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        Path(f"{target}.br").unlink(missing_ok=True)
        shutil.copy2(source, target)
    _adapter()
    _pack()


#: Bytes from which a file is worth packing better than whitenoise packs it (gzip).
WORTH = 20_000
#: Brotli at its best takes seconds for a file of a megabyte: once, at set-up.
_PACK = """
const { readFileSync, writeFileSync } = require("fs");
const { brotliCompressSync } = require("zlib");
for (const one of process.argv.slice(1)) writeFileSync(one + ".br", brotliCompressSync(readFileSync(one)));
"""


def _pack() -> None:
    """Put a ``.br`` beside each large program and style sheet. Browsers get it over HTTPS: a fifth less than gzip."""
    large = [
        one
        for one in VENDOR_ROOT.rglob("*")
        if one.suffix in (".js", ".mjs", ".css", ".wasm") and one.stat().st_size >= WORTH
    ]
    missing = [one for one in large if not Path(f"{one}.br").exists()]
    folder = _node_folder()
    if missing and folder is not None:
        say("packing what pages load")
        run([folder / "node", "-e", _PACK, *missing], "The files that pages load could not be packed")


def _adapter() -> None:
    """The adapter of terra-draw names its package as only a bundler finds it; a browser wants the file beside it."""
    source = ROOT / "node_modules/terra-draw-maplibre-gl-adapter/dist/terra-draw-maplibre-gl-adapter.modern.js"
    text = source.read_text()
    if 'from"terra-draw"' not in text:
        raise Stop(f"{source.name} is not as it was. Keep the version of package-lock.json.")
    (VENDOR_ROOT / "terra-draw/adapter.mjs").write_text(text.replace('from"terra-draw"', 'from"./terra-draw.mjs"'))


def stamp_matches() -> bool:
    """Whether node_modules holds what the lock file says, and a Node to run it."""
    return STAMP.exists() and STAMP.read_text() == _wanted() and _node_folder() is not None


def _wanted() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _node_folder() -> Path | None:
    """The directory of a Node that is new enough and has npm beside it; the environment's own first."""
    for folder in (VENV / "bin", *(Path(one) for one in os.environ.get("PATH", "").split(os.pathsep) if one)):
        version = _version(folder / "node") if os.access(folder / "npm", os.X_OK) else None
        if version and int(version.split(".")[0]) >= OLDEST_NODE:
            return folder
    return None


def _version(node: str | Path | None) -> str | None:
    """The version of this Node, like ``22.1.0``; None where it is missing or does not run."""
    if node is None or not os.access(node, os.X_OK):
        return None
    try:
        said = subprocess.run([str(node), "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    match = re.fullmatch(r"v(\d+\.\d+\.\d+)\S*", said.strip())
    return match.group(1) if match else None
