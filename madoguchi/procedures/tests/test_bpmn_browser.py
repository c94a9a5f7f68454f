"""The exported BPMN opens drawn in bpmn-js, the editor that most others are made of: without a warning, with words in
their boxes. Its files come from npm at set-up and are served from loopback."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from madoguchi.procedures.rules.bpmn import export
from madoguchi.procedures.tests.shipped import catalogue

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[3]
CATALOGUE = catalogue()
VIEWER = ROOT / "node_modules" / "bpmn-js" / "dist"

PAGE = b"""<!doctype html><html lang="ja"><meta charset="utf-8"><title>BPMN</title>
<link rel="stylesheet" href="/assets/bpmn-js.css"><link rel="stylesheet" href="/assets/diagram-js.css">
<div id="canvas" style="width:100vw;height:100vh"></div>
<script src="/bpmn-navigated-viewer.production.min.js"></script></html>"""

OPEN = """async xml => {
  const viewer = new BpmnJS({ container: '#canvas' });
  const { warnings } = await viewer.importXML(xml);
  viewer.get('canvas').zoom(1);
  const all = viewer.get('elementRegistry');
  const drawn = all.filter(one => one.parent && one.type !== 'label');
  const outside = drawn.filter(one => /Task$/.test(one.type)).filter(one => {
    const box = one.di.bounds;
    const words = document.querySelector(`[data-element-id="${one.id}"] .djs-label`).getBBox();
    const right = words.x + words.width, bottom = words.y + words.height;
    return words.x < 0 || words.y < 0 || right > box.width || bottom > box.height;
  });
  return {
    warnings: warnings.map(String),
    drawn: drawn.map(one => one.id),
    labels: all.filter(one => one.type === 'label').length,
    outside: outside.map(one => one.id),
    saved: (await viewer.saveXML()).xml,
  };
}"""


class Viewer(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: Any) -> None:
        """Not a word: the tests' output is for tests."""


@pytest.fixture(scope="module")
def viewer() -> Iterator[str]:
    assert VIEWER.is_dir(), "bpmn-js is missing: make setup-test fetches it from npm"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Viewer, directory=str(VIEWER))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.browser
@pytest.mark.parametrize("code", sorted(CATALOGUE.packages))
def test_every_package_opens_drawn(code: str, viewer: str, browser: "Browser") -> None:
    package = CATALOGUE.packages[code]
    document = export(package.graph, package.procedure.title).decode()
    page = browser.new_page(viewport={"width": 1800, "height": 900})
    try:
        page.goto(viewer)
        found = page.evaluate(OPEN, document)
    finally:
        page.close()
    assert found["warnings"] == []
    assert len(found["drawn"]) == document.count("<bpmndi:BPMNShape") + document.count("<bpmndi:BPMNEdge")
    assert {node.id for node in package.graph.steps} <= set(found["drawn"])
    assert found["labels"] > 0
    assert found["outside"] == [], "words that run out of their box"
    for ours in ("<madoguchi:step", "<madoguchi:digitalBreak", "<bpmn:conditionExpression"):
        assert found["saved"].count(ours) == document.count(ours), "what is ours survives their saving"
