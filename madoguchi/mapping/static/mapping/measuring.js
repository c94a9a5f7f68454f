// How long, how large: taps (or Enter at the middle) make a line, the server measures it in the city's plane.
/** ``drawn``: the corners of an area that the address brought. */
export function measuring(here, drawn = []) {
  const { map, config, say } = here;
  const tools = [...document.querySelectorAll("[data-tool=length], [data-tool=area]")];
  const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
  const area = document.getElementById("map-area");
  let points = [];
  let closed = false;
  let asked = 0;

  map.addSource("measured", { type: "geojson", data: shape() });
  const paint = { "line-color": "#c2185b", "line-width": 3, "line-dasharray": [2, 1] };
  map.addLayer({ id: "measured-line", type: "line", source: "measured", paint });
  const dot = { "circle-color": "#ffffff", "circle-radius": 4, "circle-stroke-color": "#c2185b", "circle-stroke-width": 2 };
  map.addLayer({ id: "measured-points", type: "circle", source: "measured", paint: dot });

  function shape() {
    const ring = closed && points.length > 2 ? [...points, points[0]] : points;
    const features = points.map((one) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: one } }));
    if (ring.length > 1) features.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: ring } });
    return { type: "FeatureCollection", features };
  }

  function show() {
    map.getSource("measured").setData(shape());
    here.area = closed ? points : [];
    here.remember();
  }

  function begin(tool) {
    const again = tool?.getAttribute("aria-pressed") === "true";
    for (const one of tools) one.setAttribute("aria-pressed", String(one === tool && !again));
    points = [];
    closed = tool?.dataset.tool === "area";
    here.busy = Boolean(tool) && !again;
    area.hidden = true;
    show();
    map.getCanvas().style.cursor = here.busy ? "crosshair" : "";
    say(here.busy ? config.words.draw : "");
  }

  function add({ lng, lat }) {
    points.push([Number(lng.toFixed(7)), Number(lat.toFixed(7))]);
    return measure();
  }

  async function measure() {
    const mine = ++asked;
    show();
    if (points.length < (closed ? 3 : 2)) return;
    try {
      const answer = await fetch(config.measure, {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify({ points, closed }),
      });
      const told = await answer.json();
      if (mine !== asked) return;
      area.hidden = !closed || !answer.ok;
      area.elements.area.value = JSON.stringify({ type: "Polygon", coordinates: [[...points, points[0]]] });
      if (!answer.ok) return say(told.message);
      const metres = `${config.words.metres} ${number(told.metres)}m`;
      say(closed ? `${config.words.area} ${number(told.square_metres)}m²　${metres}` : metres);
    } catch {
      if (mine === asked) say(config.words.offline);
    }
  }

  const number = (value) => value.toLocaleString("ja-JP", { maximumFractionDigits: value < 100 ? 1 : 0 });
  for (const tool of tools) tool.addEventListener("click", () => begin(tool));
  if (drawn.length) {
    closed = true;
    points = drawn;
    measure();
  }
  map.on("click", (event) => {
    if (here.busy && tools.some((one) => one.getAttribute("aria-pressed") === "true")) add(event.lngLat);
  });
  map.getCanvas().addEventListener("keydown", (event) => {
    if (!tools.some((one) => one.getAttribute("aria-pressed") === "true")) return;
    if (event.key === "Enter") add(map.getCenter());
    if (event.key === "Escape") begin(null);
  });
}
