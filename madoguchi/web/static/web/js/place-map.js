// The map under a question for a place: a tap, or the button for its middle, gives the point. It is loaded when somebody
// asks for it; whoever does not writes the words, which lead to the same.
import { AttributionControl, Map, Marker, NavigationControl, addProtocol } from "../../maplibre/maplibre-gl.mjs";

const loaded = (element) => new Promise((done, failed) => {
  element.addEventListener("load", done, { once: true });
  element.addEventListener("error", failed, { once: true });
  document.head.append(element);
});

// Where the question says that the place is: given by a point, or found by its words and then less sure.
function known(box) {
  const found = box.querySelector("[data-known]");
  if (!found) return null;
  const { lon, lat, error } = found.dataset;
  return { center: [Number(lon), Number(lat)], zoom: Number(error) > 100 ? 15 : 17 };
}

/** Show the map in `box` (the question), once. `said`: addresses, the middle of the city and words, from the page. */
export async function open(box, said, submit) {
  const frame = box.querySelector("[data-map-frame]");
  const part = (name) => box.querySelector(`[name$=".${name}"]`);
  frame.hidden = false;
  if (frame.dataset.drawn) return frame.look?.();
  frame.dataset.drawn = "yes";
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: said.css });
  const tiles = Object.assign(document.createElement("script"), { src: said.pmtiles });
  await Promise.all([loaded(sheet), loaded(tiles)]);
  addProtocol("pmtiles", new window.pmtiles.Protocol().tile);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? 1 : 0;
  const style = await (await fetch(`${said.style}?dark=${dark}`)).json();
  const view = known(box) ?? { center: [Number(said.lon), Number(said.lat)], zoom: 13 };
  const map = new Map({
    container: frame.querySelector("[data-map-canvas]"), style, ...view, minZoom: 10, maxZoom: 20,
    dragRotate: false, pitchWithRotate: false, touchPitch: false, attributionControl: false, fadeDuration: 0,
    locale: { "Map.Title": said.title },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }));
  map.addControl(new AttributionControl({ compact: true }), "bottom-right");
  const marker = new Marker({ color: "#c2185b" });
  // Words may have been found since the map was opened.
  frame.look = () => {
    const now = known(box);
    if (now) map.jumpTo({ center: now.center, zoom: Math.max(map.getZoom(), now.zoom) });
    if (now) marker.setLngLat(now.center).addTo(map);
    else marker.remove();
  };
  frame.look();

  // A finger covers some pixels: so many metres are they at this scale.
  const take = ({ lng, lat }) => {
    const metres = (12 * 78271.5 * Math.cos((lat * Math.PI) / 180)) / 2 ** map.getZoom();
    part("lon").value = lng.toFixed(6);
    part("lat").value = lat.toFixed(6);
    part("error").value = metres.toFixed(1);
    submit();
  };
  map.on("click", (event) => take(event.lngLat));
  frame.querySelector("[data-map-middle]").addEventListener("click", () => take(map.getCenter()));
  frame.scrollIntoView({ block: "nearest" });
}
