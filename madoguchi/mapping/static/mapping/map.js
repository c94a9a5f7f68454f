// The map on the page. The page says all in words without it; this draws what the same form chooses. Other modules build
// on what `ready` gives: {map, config, layers, view, say, address}.
import { AttributionControl, GeolocateControl, Map, NavigationControl, ScaleControl, addProtocol, prewarm } from "../maplibre/maplibre-gl.mjs";
import { readAddress, writeAddress } from "./address.js";
import { crediting } from "./credits.js";
import { Layers } from "./layers.js";
import { measuring } from "./measuring.js";
import { pointing } from "./pointing.js";
import { listing } from "./words.js";

const page = document.getElementById("map-page");
const config = JSON.parse(document.getElementById("map-config").textContent);
const said = document.getElementById("map-said");
const form = document.getElementById("map-layers");

/** Words for whoever looks and whoever listens. */
export function say(words) {
  said.textContent = words;
}

async function begin() {
  prewarm(); // its worker is fetched while the style is
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const style = await (await fetch(`${config.style}?dark=${dark.matches ? 1 : 0}`)).json();
  if (window.pmtiles) addProtocol("pmtiles", new window.pmtiles.Protocol().tile);
  const view = readAddress() ?? {
    zoom: Number(page.dataset.zoom),
    lat: Number(page.dataset.lat),
    lon: Number(page.dataset.lon),
    codes: null,
    area: [],
    at: null,
    on: null,
  };
  const map = new Map({
    container: "map",
    style,
    center: [view.lon, view.lat],
    zoom: view.zoom,
    minZoom: 8,
    maxZoom: 20,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    fadeDuration: 0,
    locale: {
      "Map.Title": config.words.canvas,
      "NavigationControl.ZoomIn": config.words.zoom_in,
      "NavigationControl.ZoomOut": config.words.zoom_out,
      "GeolocateControl.FindMyLocation": config.words.locate,
      "GeolocateControl.LocationNotAvailable": config.words.denied,
      "Marker.Title": config.words.here,
      "AttributionControl.ToggleAttribution": config.words.credits,
    },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }));
  map.addControl(new GeolocateControl({ positionOptions: { enableHighAccuracy: true }, showAccuracyCircle: true }));
  map.addControl(new ScaleControl({ maxWidth: 120 }), "top-left"); // below, the credits would lie on it on a telephone
  map.addControl(new AttributionControl({ compact: true }), "bottom-right");
  await new Promise((done) => map.once("load", done));
  crediting(map);

  const layers = new Layers(map, config, form);
  if (view.codes) layers.choose(view.codes);
  layers.bring();
  if (view.on !== null) layers.setDay(view.on);
  layers.draw();
  const here = { map, config, layers, view: () => viewOf(map, layers), say, form, at: null, area: [] };
  const remember = () => writeAddress({ ...here.view(), at: here.at, area: here.area });
  here.remember = remember;
  map.on("moveend", remember);
  layers.addEventListener("change", remember);
  pointing(here, view.at);
  measuring(here, view.area);
  listing(here);
  legending(here);
  sharing(here);
  printing(here);
  if (config.gsi) stateTiles(here);
  remember();
  // When all of the first view is drawn and answers, for whoever waits for it or measures it. Asked for only now, because
  // a style without tiles is idle in the very frame in which it is loaded.
  map.once("idle", () => (document.getElementById("map").dataset.drawn = performance.now().toFixed(0)));
  map.triggerRepaint();
  return here;
}

function viewOf(map, layers) {
  const { lng, lat } = map.getCenter();
  return { zoom: map.getZoom(), lat, lon: lng, codes: layers.codes(), on: layers.day };
}

// What the colours of what is shown mean, below the map: the list of all layers is long, and folded on a telephone.
function legending({ layers, form, config: { words } }) {
  const legend = document.getElementById("map-legend");
  const show = () => {
    const shown = form.querySelectorAll(".map-layer:has(input:checked)");
    legend.replaceChildren(...[...shown].map((box) => {
      const one = document.createElement("li");
      const silent = layers.knowsNothing(box.dataset.layer);
      const parts = box.querySelectorAll(silent ? ".choice > span" : ".choice > span, .map-keys");
      one.append(...[...parts].map((part) => part.cloneNode(true)), silent ? words.unknown : "");
      return one;
    }));
  };
  layers.addEventListener("change", show);
  show();
}

// An address of another view, typed or followed while this one is open, is another page that differs behind # alone.
addEventListener("hashchange", () => readAddress() && location.reload());

// The address of this view; the address bar has it already, but telephones hide that.
function sharing({ config: { words } }) {
  document.querySelector("[data-tool=share]").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      say(words.copied);
    } catch {
      say(location.href);
    }
  });
}

// What is printed is what is seen.
function printing({ map, layers }) {
  const sheet = document.getElementById("map-print");
  sheet.addEventListener("submit", () => {
    const { lng, lat } = map.getCenter();
    sheet.elements.lat.value = lat.toFixed(7);
    sheet.elements.lon.value = lng.toFixed(7);
    sheet.elements.zoom.value = map.getZoom().toFixed(2);
    sheet.elements.layers.value = layers.codes().join(",");
    sheet.elements.on.value = layers.day;
  });
}

// 地理院タイル, where the city offers them: a browser loads them only once it is asked to.
function stateTiles({ map, config: { gsi, words } }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button outline small";
  button.textContent = words.gsi;
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const on = !map.getLayer("gsi");
    if (on) {
      const credit = `<a href="https://maps.gsi.go.jp/development/ichiran.html" rel="noopener">${words.gsi}</a>`;
      map.addSource("gsi", { type: "raster", tiles: [gsi], tileSize: 256, maxzoom: 18, attribution: credit });
      map.addLayer({ id: "gsi", type: "raster", source: "gsi" }, layersBelow(map));
    } else {
      map.removeLayer("gsi");
      map.removeSource("gsi");
    }
    button.setAttribute("aria-pressed", String(on));
  });
  document.querySelector(".map-tools").append(button);
}

function layersBelow(map) {
  return map.getStyle().layers.find((one) => one.source?.startsWith("layer-"))?.id;
}

document.getElementById("map-words").open = false;
if (matchMedia("(max-width: 47.99rem)").matches) document.querySelector("[data-fold]").open = false;

export const ready = begin().catch((error) => {
  // Without WebGL there is no drawing, and the list is there for everybody.
  document.getElementById("map-frame").hidden = true;
  document.getElementById("map-words").open = true;
  const note = document.createElement("p");
  note.className = "banner";
  note.textContent = config.words.failed;
  document.getElementById("map-frame").before(note);
  document.documentElement.classList.add("without-map");
  console.warn(error);
  return null;
});
