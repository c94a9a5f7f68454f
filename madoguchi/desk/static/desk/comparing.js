// What was and what will be, on the map of the city instead of on grey paper. Without this the sketch is enough.
import { AttributionControl, LngLatBounds, Map, NavigationControl, ScaleControl, addProtocol } from "../maplibre/maplibre-gl.mjs";

const BEFORE = ["==", ["get", "side"], "before"];
const AFTER = ["==", ["get", "side"], "after"];
const corners = (one) => (typeof one[0] === "number" ? [one] : one.flatMap(corners));

async function show(frame) {
  const shapes = JSON.parse(frame.dataset.shapes);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? 1 : 0;
  const answer = await fetch(`${frame.dataset.style}?dark=${dark}`);
  if (!answer.ok) return;
  const box = new LngLatBounds();
  for (const one of shapes.features) for (const corner of corners(one.geometry.coordinates)) box.extend(corner);
  const container = document.createElement("div");
  container.className = "drawing-map";
  frame.prepend(container);
  const map = new Map({
    container,
    style: await answer.json(),
    bounds: box,
    fitBoundsOptions: { padding: 48, maxZoom: 18 },
    maxZoom: 21,
    dragRotate: false,
    pitchWithRotate: false,
    scrollZoom: false, // the page scrolls; + and - are there
    attributionControl: false,
    fadeDuration: 0,
    locale: { "Map.Title": frame.dataset.title },
  });
  map.addControl(new NavigationControl({ showCompass: false }));
  map.addControl(new ScaleControl({ maxWidth: 120 }), "top-left");
  map.addControl(new AttributionControl({ compact: true }), "bottom-right");
  await new Promise((done) => map.once("load", done));
  const [was, is] = dark ? ["#f2f2f2", "#ff8fb8"] : ["#1a1a1a", "#c2185b"];
  map.addSource("shapes", { type: "geojson", data: shapes });
  const area = ["==", ["geometry-type"], "Polygon"];
  const point = ["==", ["geometry-type"], "Point"];
  map.addLayer({ id: "area", type: "fill", source: "shapes", filter: ["all", AFTER, area], paint: { "fill-color": is, "fill-opacity": 0.15 } });
  map.addLayer({ id: "after", type: "line", source: "shapes", filter: AFTER, paint: { "line-color": is, "line-width": 4 } });
  map.addLayer({ id: "before", type: "line", source: "shapes", filter: BEFORE, paint: { "line-color": was, "line-width": 2, "line-dasharray": [2, 2] } });
  map.addLayer({ id: "after-point", type: "circle", source: "shapes", filter: ["all", AFTER, point], paint: { "circle-color": is, "circle-radius": 7 } });
  map.addLayer({ id: "before-point", type: "circle", source: "shapes", filter: ["all", BEFORE, point], paint: { "circle-color": "transparent", "circle-radius": 7, "circle-stroke-color": was, "circle-stroke-width": 2 } });
  frame.querySelector(".sketch").remove();
  Object.assign(frame, { map }); // for whoever tests it
  frame.dataset.ready = "1";
}

if (window.pmtiles) addProtocol("pmtiles", new window.pmtiles.Protocol().tile);
for (const frame of document.querySelectorAll("[data-shapes]")) {
  show(frame).catch((error) => {
    frame.querySelector(".drawing-map")?.remove(); // without WebGL there is the sketch
    console.warn(error);
  });
}
