// A shape on a map, above the text that says the same: what is drawn is written there, and what is typed there is drawn.
// Corners go to those of what is beside it. Without this the text is enough.
//
// terra-draw knows shapes of one part without holes. So every part and every hole is drawn as a shape of its own, and
// together they are what the text says: an outline within another is a hole in it.
import { AttributionControl, Map, NavigationControl, ScaleControl, addProtocol } from "../maplibre/maplibre-gl.mjs";
import {
  TerraDraw, TerraDrawLineStringMode, TerraDrawPointMode, TerraDrawPolygonMode, TerraDrawSelectMode,
} from "../terra-draw/terra-draw.mjs";
import { TerraDrawMapLibreGLAdapter } from "../terra-draw/adapter.mjs";

const frame = document.getElementById("drawing");
const text = document.getElementById("shape");
const said = document.getElementById("drawing-said");
const { kind, words } = { kind: frame.dataset.kind, words: frame.dataset };
const MODE = { point: "point", line: "linestring", polygon: "polygon" }[kind];
const TYPE = { point: "Point", line: "LineString", polygon: "Polygon" }[kind];
const MOST = { pieces: 100, corners: 2000 }; // more than that nobody drags
const COLOUR = "#c2185b";
const NEAR = 14; // pixels within which a corner goes to another's
const QUIET = 400; // milliseconds without a movement after which a step can be undone
const BLANK = { version: 8, sources: {}, layers: [{ id: "paper", type: "background", paint: { "background-color": "#f2f2f2" } }] };

/** What the text says as pieces (a point, a line, an outline), or null: WKT, another kind of shape, too much to drag. */
function read() {
  const words = text.value.trim();
  try {
    if (words.startsWith("{")) {
      const one = JSON.parse(words);
      const { type, coordinates } = one.geometry ?? one;
      if (type !== TYPE && type !== `Multi${TYPE}`) return null;
      const parts = type === TYPE ? [coordinates] : coordinates;
      const pieces = kind === "polygon" ? parts.flat() : parts;
      const corners = kind === "point" ? pieces.length : pieces.flat().length;
      return pieces.length && pieces.length <= MOST.pieces && corners <= MOST.corners ? pieces : null;
    }
    const points = words.split("\n").filter((line) => line.trim()).map((line) => line.split(/[,\s]+/).filter(Boolean).map(Number));
    if (!points.length || points.some((one) => one.length !== 2 || one.some(Number.isNaN))) return null;
    if (kind === "point") return points;
    return [kind === "line" ? points : [...points, points[0]]];
  } catch {
    return null;
  }
}

/** The shape of which these are the pieces. */
function composed(pieces) {
  const parts = kind === "polygon" ? nested(pieces) : pieces;
  return parts.length === 1 ? { type: TYPE, coordinates: parts[0] } : { type: `Multi${TYPE}`, coordinates: parts };
}

/** Outlines as polygons: one that lies within an odd number of others is a hole in the smallest of them. */
function nested(rings) {
  const around = rings.map((one) => rings.filter((other) => other !== one && lies(one, other)));
  const parts = rings.filter((_, at) => around[at].length % 2 === 0).map((one) => [one]);
  rings.forEach((one, at) => {
    if (around[at].length % 2 === 0) return;
    const whose = parts.filter(([outer]) => around[at].includes(outer)).sort(([a], [b]) => size(a) - size(b));
    whose[0]?.push(one);
  });
  return parts;
}

/** Whether most corners of a ring lie within another, on whose border some may be. */
function lies(ring, within) {
  const corners = ring.slice(1);
  return corners.filter((one) => inside(one, within)).length * 2 > corners.length;
}

function inside([x, y], ring) {
  let is = false;
  for (let at = 1; at < ring.length; at++) {
    const [[ax, ay], [bx, by]] = [ring[at - 1], ring[at]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) is = !is;
  }
  return is;
}

const size = (ring) => Math.abs(ring.slice(1).reduce((sum, [x, y], at) => sum + ring[at][0] * y - x * ring[at][1], 0));

// The drawing holds nine digits, a tenth of a millimetre.
const round = (one) => (Array.isArray(one) ? one.map(round) : Number(one.toFixed(9)));

const corners = (one) => (typeof one[0] === "number" ? [one] : one.flatMap(corners));

async function begin() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? 1 : 0;
  const answer = await fetch(`${frame.dataset.style}?dark=${dark}`);
  if (window.pmtiles) addProtocol("pmtiles", new window.pmtiles.Protocol().tile);
  const first = read();
  const centre = first ? corners(first)[0] : [Number(frame.dataset.lon), Number(frame.dataset.lat)];
  const map = new Map({
    container: "drawing-map",
    style: answer.ok ? await answer.json() : BLANK,
    center: centre,
    zoom: first ? 17 : 14,
    maxZoom: 21,
    dragRotate: false,
    pitchWithRotate: false,
    attributionControl: false,
    fadeDuration: 0,
    locale: { "Map.Title": words.title },
  });
  map.addControl(new NavigationControl({ showCompass: false }));
  map.addControl(new ScaleControl({ maxWidth: 120 }), "top-left");
  map.addControl(new AttributionControl({ compact: true }), "bottom-right");
  await new Promise((done) => map.once("load", done));
  if (first && kind !== "point") {
    const all = corners(first);
    const of = (index) => all.map((one) => one[index]);
    map.fitBounds([[Math.min(...of(0)), Math.min(...of(1))], [Math.max(...of(0)), Math.max(...of(1))]], { padding: 60, maxZoom: 19, animate: false });
  }

  map.addSource("beside", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  const colour = dark ? "#b0b0b0" : "#595959";
  map.addLayer({ id: "beside-lines", type: "line", source: "beside", paint: { "line-color": colour, "line-width": 1.5 } });
  map.addLayer({ id: "beside-points", type: "circle", source: "beside", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": colour, "circle-radius": 4 } });
  let others = [];
  let looked = 0;
  async function lookAround() {
    const mine = ++looked; // an answer about where the map looked before may come after that about here
    const box = map.getBounds().toArray().flat().map((one) => one.toFixed(6)).join(",");
    const near = frame.dataset.near;
    if (!near) return;
    const found = await fetch(`${near}${near.includes("?") ? "&" : "?"}box=${box}`);
    if (!found.ok) return;
    const beside = await found.json();
    if (mine !== looked) return;
    others = beside.features.flatMap((one) => corners(one.geometry.coordinates));
    map.getSource("beside").setData(beside);
  }
  map.addSource("whole", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({ id: "whole", type: "fill", source: "whole", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": COLOUR, "fill-opacity": 0.2 } });
  map.on("moveend", lookAround);
  lookAround();

  const snap = (event) => {
    let best = null;
    for (const one of others) {
      const { x, y } = map.project(one);
      const away = Math.hypot(x - event.containerX, y - event.containerY);
      if (away <= NEAR && (!best || away < best.away)) best = { away, one };
    }
    return best ? round(best.one) : undefined;
  };
  const snapping = { toCustom: snap };
  const draw = new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map }),
    modes: [
      new TerraDrawPointMode({ snapping }),
      new TerraDrawLineStringMode({ snapping }),
      new TerraDrawPolygonMode({ snapping, styles: { fillColor: COLOUR, fillOpacity: 0, outlineColor: COLOUR, outlineWidth: 2 } }),
      new TerraDrawSelectMode({
        styles: { selectedPolygonFillOpacity: 0, selectedPolygonColor: COLOUR, selectedPolygonOutlineColor: COLOUR, selectedPolygonOutlineWidth: 4 },
        flags: {
          point: { feature: { draggable: true } },
          linestring: { feature: { coordinates: { midpoints: true, draggable: true, deletable: true, snappable: snapping } } },
          polygon: { feature: { coordinates: { midpoints: true, draggable: true, deletable: true, snappable: snapping } } },
        },
      }),
    ],
  });
  draw.start();

  const steps = [];
  let quiet = 0;
  let held = false; // a corner that is being drawn along is no step yet, however slowly
  let adding = false;
  let selected = null;
  const tool = (name) => frame.querySelector(`[data-tool=${name}]`);
  const drawn = () => draw.getSnapshot().filter((one) => one.properties.mode === MODE && one.geometry.type === TYPE);
  const say = (what) => (said.textContent = what);
  const pieceOf = ({ coordinates }) => (kind === "polygon" ? coordinates[0] : coordinates);
  function show(pieces) {
    draw.clear();
    selected = null;
    if (!pieces) return begun();
    const shapes = pieces.map((one) => ({ type: TYPE, coordinates: round(kind === "polygon" ? [one] : one) }));
    const kept = draw.addFeatures(shapes.map((geometry) => ({ type: "Feature", geometry, properties: { mode: MODE } })));
    if (!kept.every((one) => one.valid)) {
      draw.clear();
      fill();
      return say(words.many);
    }
    draw.setMode("select");
    draw.selectFeature(kept[0].id);
    fill();
  }
  function begun() {
    draw.setMode(MODE);
    say(words.begin);
    fill();
  }
  function fill() {
    const pieces = drawn().map((one) => pieceOf(one.geometry));
    const whole = kind === "polygon" && pieces.length && draw.getMode() === "select" ? [{ type: "Feature", properties: {}, geometry: composed(pieces) }] : [];
    map.getSource("whole").setData({ type: "FeatureCollection", features: whole });
    const many = pieces.length > 1 && draw.getMode() === "select";
    for (const name of ["next", "remove"]) if (tool(name)) tool(name).disabled = !many;
    if (tool("add")) tool("add").disabled = !pieces.length || draw.getMode() !== "select";
  }
  function remember() {
    if (held) return;
    if (steps.at(-1) !== text.value) steps.push(text.value);
    tool("undo").disabled = steps.length < 2;
  }
  function write() {
    const pieces = drawn().map((one) => pieceOf(one.geometry));
    if (!pieces.length || (draw.getMode() !== "select" && kind !== "point")) return;
    text.value = kind === "point" && pieces.length === 1 ? pieces[0].join(", ") : JSON.stringify(composed(pieces));
    text.dispatchEvent(new Event("input", { bubbles: true }));
    fill();
    clearTimeout(quiet);
    quiet = setTimeout(remember, QUIET);
  }
  map.getCanvas().addEventListener("pointerdown", () => (held = true));
  addEventListener("pointerup", () => {
    held = false;
    clearTimeout(quiet);
    quiet = setTimeout(remember, QUIET);
  });
  draw.on("change", (_, type) => type !== "styling" && write());
  draw.on("select", (id) => (selected = id));
  draw.on("deselect", () => (selected = null));
  draw.on("finish", (id, { action }) => {
    if (action !== "draw") return;
    if (!adding) for (const one of drawn()) if (one.id !== id) draw.removeFeatures([one.id]);
    adding = false;
    draw.setMode("select");
    draw.selectFeature(id);
    write();
    say(words.done);
  });
  text.addEventListener("change", () => {
    const pieces = read();
    if (pieces) show(pieces);
    remember();
  });

  tool("undo").addEventListener("click", () => {
    clearTimeout(quiet);
    if (steps.at(-1) === text.value) steps.pop();
    text.value = steps.at(-1) ?? text.value;
    show(read());
    clearTimeout(quiet);
    tool("undo").disabled = steps.length < 2;
    say(words.undone);
  });
  tool("anew").addEventListener("click", () => {
    adding = false;
    draw.clear();
    begun();
  });
  tool("add")?.addEventListener("click", () => {
    adding = true;
    draw.setMode(MODE);
    fill();
    say(words.add);
  });
  tool("next")?.addEventListener("click", () => {
    const ids = drawn().map((one) => one.id);
    const next = ids[(ids.indexOf(selected) + 1) % ids.length];
    if (selected !== null) draw.deselectFeature(selected);
    draw.selectFeature(next);
  });
  tool("remove")?.addEventListener("click", () => {
    const gone = selected ?? drawn().at(-1).id;
    if (selected !== null) draw.deselectFeature(selected);
    draw.removeFeatures([gone]);
    write();
    say(words.removed);
  });
  remember();
  const now = read(); // the text could be typed in while the map was on its way
  if (now || !text.value.trim()) show(now);
  else say(words.many);
  Object.assign(frame, { map, draw }); // for whoever tests it
  frame.dataset.ready = "1";
}

begin().catch((error) => {
  frame.hidden = true; // without WebGL there is the text
  console.warn(error);
});
