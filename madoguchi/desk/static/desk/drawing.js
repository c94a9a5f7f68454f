// The shape of a feature on a map, above the text that says the same: what is drawn is written there, and what is typed
// there is drawn. Corners go to those of the layer's other features near by. Without this the text is enough.
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
const NEAR = 14; // pixels within which a corner goes to another's
const QUIET = 400; // milliseconds without a movement after which a step can be undone
const BLANK = { version: 8, sources: {}, layers: [{ id: "paper", type: "background", paint: { "background-color": "#f2f2f2" } }] };

/** What the text says as a shape of one part, or null: a multi-part shape and anything else stays text. */
function read() {
  const words = text.value.trim();
  try {
    if (words.startsWith("{")) {
      const one = JSON.parse(words);
      const shape = one.geometry ?? one;
      return shape.type === TYPE ? shape : null;
    }
    const points = words.split("\n").filter((line) => line.trim()).map((line) => line.split(/[,\s]+/).filter(Boolean).map(Number));
    if (!points.length || points.some((one) => one.length !== 2 || one.some(Number.isNaN))) return null;
    if (kind === "point") return { type: TYPE, coordinates: points[0] };
    return { type: TYPE, coordinates: kind === "line" ? points : [[...points, points[0]]] };
  } catch {
    return null;
  }
}

// The drawing holds nine digits, a tenth of a millimetre.
const round = (one) => (Array.isArray(one) ? one.map(round) : Number(one.toFixed(9)));

function corners(shape) {
  const flat = (one) => (typeof one[0] === "number" ? [one] : one.flatMap(flat));
  return flat(shape.coordinates);
}

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
  map.addControl(new ScaleControl({ maxWidth: 120 }), "bottom-left");
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
  async function lookAround() {
    const box = map.getBounds().toArray().flat().map((one) => one.toFixed(6)).join(",");
    const near = frame.dataset.near;
    const found = await fetch(`${near}${near.includes("?") ? "&" : "?"}box=${box}`);
    if (!found.ok) return;
    const beside = await found.json();
    others = beside.features.flatMap((one) => (one.geometry.type.startsWith("Multi") ? one.geometry.coordinates.flatMap((part) => corners({ coordinates: part })) : corners(one.geometry)));
    map.getSource("beside").setData(beside);
  }
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
      new TerraDrawPolygonMode({ snapping }),
      new TerraDrawSelectMode({
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
  const drawn = () => draw.getSnapshot().filter((one) => one.properties.mode === MODE);
  const say = (what) => (said.textContent = what);
  function show(shape) {
    draw.clear();
    if (!shape) return begun();
    const [kept] = draw.addFeatures([{ type: "Feature", geometry: { ...shape, coordinates: round(shape.coordinates) }, properties: { mode: MODE } }]);
    if (!kept.valid) return say(words.many);
    draw.setMode("select");
    draw.selectFeature(kept.id);
  }
  function begun() {
    draw.setMode(MODE);
    say(words.begin);
  }
  function remember() {
    if (held) return;
    if (steps.at(-1) !== text.value) steps.push(text.value);
    undo.disabled = steps.length < 2;
  }
  function write() {
    const [one] = drawn();
    if (!one || (draw.getMode() !== "select" && kind !== "point")) return;
    text.value = kind === "point" ? one.geometry.coordinates.join(", ") : JSON.stringify(one.geometry);
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
  draw.on("finish", (id, { action }) => {
    if (action !== "draw") return;
    for (const one of drawn()) if (one.id !== id) draw.removeFeatures([one.id]);
    draw.setMode("select");
    draw.selectFeature(id);
    write();
    say(words.done);
  });
  text.addEventListener("change", () => {
    const shape = read();
    if (shape) show(shape);
    remember();
  });

  const undo = frame.querySelector("[data-tool=undo]");
  undo.addEventListener("click", () => {
    clearTimeout(quiet);
    if (steps.at(-1) === text.value) steps.pop();
    text.value = steps.at(-1) ?? text.value;
    show(read());
    clearTimeout(quiet);
    undo.disabled = steps.length < 2;
    say(words.undone);
  });
  frame.querySelector("[data-tool=anew]").addEventListener("click", () => {
    draw.clear();
    begun();
  });
  remember();
  if (first || !text.value.trim()) show(first);
  else say(words.many);
  Object.assign(frame, { map, draw }); // for whoever tests it
  frame.dataset.ready = "1";
}

begin().catch((error) => {
  frame.hidden = true; // without WebGL there is the text
  console.warn(error);
});
