// Whose data is drawn. Where the map is narrow, the credits of six layers would lie over a third of it: there they are
// folded from the start, one tap away, and what the base map asks to be named by (© OpenStreetMap) stays in the corner.
const NARROW = 640; // pixels, as the library has it

export function crediting(map) {
  const all = map.getContainer().querySelector(".maplibregl-ctrl-attrib");
  const short = document.createElement("div");
  short.className = "maplibregl-ctrl maplibregl-ctrl-attrib map-credit";
  all.before(short);
  let folded = map.getContainer().clientWidth > NARROW; // once: whoever opens them has them open
  const show = () => {
    const { base, gsi } = map.getStyle().sources;
    short.innerHTML = [gsi, base].map((one) => one?.attribution).filter(Boolean).join(" | ");
    if (folded || !all.classList.contains("maplibregl-compact-show")) return;
    folded = true;
    all.querySelector("summary").click();
  };
  map.on("sourcedata", (event) => event.sourceDataType === "metadata" && show());
  map.on("styledata", show);
  show();
}
