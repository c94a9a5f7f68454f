// The list of what is in view goes along with the map while it is open.
export function listing(here) {
  const { map, config, layers } = here;
  const fold = document.getElementById("map-words");
  const list = document.getElementById("map-list");
  const sorts = new Map(new URLSearchParams(location.search).getAll("sort").map((one) => one.split(":", 2)));
  let later = 0;
  let asked = 0;

  async function fetchList() {
    const mine = ++asked;
    list.setAttribute("aria-busy", "true"); // what stands there is of another view
    const bounds = map.getBounds();
    const asking = new URLSearchParams({
      box: [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((one) => one.toFixed(6)).join(","),
      lat: map.getCenter().lat.toFixed(6),
      lon: map.getCenter().lng.toFixed(6),
      zoom: map.getZoom().toFixed(2),
      layers: layers.codes().join(","),
      on: layers.day,
    });
    for (const [code, by] of sorts) if (by) asking.append("sort", `${code}:${by}`);
    try {
      const answer = await fetch(`${config.list}?${asking}`, { headers: { Accept: "application/json, text/html;q=0.9" } });
      if (mine !== asked) return;
      if (answer.headers.get("Content-Type").startsWith("application/json")) list.textContent = (await answer.json()).message;
      else list.innerHTML = await answer.text();
    } catch {
      if (mine === asked) list.textContent = config.words.offline;
    } finally {
      if (mine === asked) list.removeAttribute("aria-busy");
    }
  }

  const soon = () => {
    clearTimeout(later);
    if (fold.open) later = setTimeout(fetchList, 400);
  };
  fold.addEventListener("toggle", () => fold.open && fetchList());
  map.on("moveend", soon);
  layers.addEventListener("change", soon);
  // What stands above a column puts the lines in its order; whoever came by the keyboard stays there.
  list.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-sort]");
    if (!link) return;
    event.preventDefault();
    const [code, by] = link.dataset.sort.split(":", 2);
    sorts.set(code, by);
    await fetchList();
    const above = [...list.querySelectorAll("a[data-sort]")];
    above.find((one) => one.dataset.column === link.dataset.column)?.focus();
  });
  // A line of the list brings its feature into the middle instead of loading the page anew.
  list.addEventListener("click", (event) => {
    const link = event.target.closest("a[href*='lat=']:not([data-sort])");
    if (!link) return;
    const to = new URL(link.href).searchParams;
    event.preventDefault();
    map.jumpTo({ center: [Number(to.get("lon")), Number(to.get("lat"))], zoom: Number(to.get("zoom")) });
    map.getCanvas().focus();
  });
}
