// A tap, or Enter at the middle: what is there, in the same sentences as the page of what applies.
import { Marker } from "../maplibre/maplibre-gl.mjs";

/** ``marked``: the point that the address brought. */
export function pointing(here, marked = null) {
  const { map, config, layers } = here;
  const box = document.getElementById("map-at");
  const words = document.getElementById("map-at-words");
  let marker = null;
  let asked = 0;

  function mark(point) {
    marker?.remove();
    marker = new Marker({ color: "#c2185b" }).setLngLat(point).addTo(map);
    here.at = point;
  }

  async function ask({ lng, lat }) {
    const mine = ++asked;
    mark([Number(lng.toFixed(6)), Number(lat.toFixed(6))]);
    here.remember();
    const where = new URLSearchParams({
      lat: lat.toFixed(6),
      lon: lng.toFixed(6),
      zoom: map.getZoom().toFixed(2),
      layers: layers.codes().join(","),
      on: layers.day,
    });
    box.hidden = false;
    words.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${config.at}?${where}`, { headers: { Accept: "application/json, text/html;q=0.9" } });
      if (mine !== asked) return;
      if (answer.headers.get("Content-Type").startsWith("application/json")) words.textContent = (await answer.json()).message;
      else if (answer.ok) words.innerHTML = await answer.text();
      else throw new Error(String(answer.status));
      document.dispatchEvent(new CustomEvent("map:pointed", { detail: { lng, lat } }));
    } catch {
      if (mine === asked) words.textContent = config.words.offline;
    } finally {
      words.removeAttribute("aria-busy");
    }
  }

  /** Where the answer would be below the screen, it comes up beside the point, which stays in view. */
  function reveal() {
    const { top } = box.getBoundingClientRect();
    if (top < innerHeight * 0.75) return;
    const by = Math.min(top - innerHeight * 0.6, marker.getElement().getBoundingClientRect().top - 16);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (by > 0) scrollBy({ top: by, behavior: still ? "auto" : "smooth" });
  }

  if (marked) mark(marked);
  map.on("click", async (event) => {
    if (here.busy) return;
    await ask(event.lngLat);
    reveal();
  });
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || here.busy) return;
    ask(map.getCenter());
    box.focus();
  });
  document.querySelector("[data-tool=at]").addEventListener("click", () => {
    ask(map.getCenter());
    box.focus();
  });
}
