// The map under a question for a place: a tap, or the button for its middle, gives the point. It is loaded when somebody
// asks for it; whoever does not writes the words, which lead to the same.
import { AttributionControl, Map, Marker, NavigationControl, addProtocol } from "../../maplibre/maplibre-gl.mjs";

const loaded = (element) => new Promise((done, failed) => {
  element.addEventListener("load", done, { once: true });
  element.addEventListener("error", failed, { once: true });
  document.head.append(element);
});

/** Show the map in `box` (the question), once. `said`: addresses, the middle of the city and words, from the page. */
export async function open(box, said, submit) {
  const frame = box.querySelector("[data-map-frame]");
  const part = (name) => box.querySelector(`[name$=".${name}"]`);
  frame.hidden = false;
  if (frame.dataset.drawn) return;
  frame.dataset.drawn = "yes";
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: said.css });
  const tiles = Object.assign(document.createElement("script"), { src: said.pmtiles });
  await Promise.all([loaded(sheet), loaded(tiles)]);
  addProtocol("pmtiles", new window.pmtiles.Protocol().tile);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? 1 : 0;
  const style = await (await fetch(`${said.style}?dark=${dark}`)).json();
  const given = part("lat").value !== "";
  const center = given ? [Number(part("lon").value), Number(part("lat").value)] : [Number(said.lon), Number(said.lat)];
  const map = new Map({
    container: frame.querySelector("[data-map-canvas]"), style, center, zoom: given ? 16 : 13, minZoom: 10, maxZoom: 20,
    dragRotate: false, pitchWithRotate: false, touchPitch: false, attributionControl: false, fadeDuration: 0,
    locale: { "Map.Title": said.title },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }));
  map.addControl(new AttributionControl({ compact: true }), "bottom-right");
  if (given) new Marker().setLngLat(center).addTo(map);

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
