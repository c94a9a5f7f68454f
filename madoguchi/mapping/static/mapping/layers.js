// The city's layers on the map: each a source of tiles and up to four ways of drawing it. The ticks of the form choose.
const BEHIND = "label"; // names lie above all shapes

/** Tells of "change" when what is shown changes. */
export class Layers extends EventTarget {
  constructor(map, config, form) {
    super();
    Object.assign(this, { map, config, form, day: form.elements.on?.value ?? "" });
    this.known = new Map(config.layers.map((one) => [one.code, one]));
    this.opacities = new Map();
    this.shown = new Set();
    form.addEventListener("change", (event) => {
      if (event.target.name === "on") this.setDay(event.target.value);
      this.draw();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const box of form.querySelectorAll("[data-layer]")) this.#slider(box);
    this.#time();
    for (const code of config.quiet) this.#add(this.known.get(code), true);
  }

  /** The codes of the layers that are switched on, the lowest first. */
  codes() {
    return this.#ticks().filter((one) => one.checked).map((one) => one.value);
  }

  /** Switch on these, and no others. */
  choose(codes) {
    for (const tick of this.#ticks()) tick.checked = codes.includes(tick.value);
  }

  /** Bring what is switched on to the top of the panel, however far down its section stands, and into what it shows. */
  bring() {
    const panel = this.form.querySelector("[data-fold]");
    const on = [...this.form.querySelectorAll(".map-layer:has(input:checked)")];
    panel.querySelector("summary").after(...new Set(on.map((one) => one.closest(".map-group"))));
    if (!on.length) return;
    const [shown, first] = [panel, on[0]].map((one) => one.getBoundingClientRect());
    if (first.bottom > shown.bottom) panel.scrollTop += first.top - shown.top - 48;
  }

  /** Show how it was on a day ("2020-04-01"), or is ("" for today). */
  setDay(day) {
    this.day = day;
    const field = this.form.elements.on;
    if (field && [...field.options].some((one) => one.value === day)) field.value = day;
    for (const code of this.shown) this.map.getSource(`layer-${code}`).setTiles([this.#tiles(this.known.get(code))]);
    this.slide?.();
    this.dispatchEvent(new Event("change"));
  }

  /** Whether the day that is shown is before the first of which anything of this layer is known. */
  knowsNothing(code) {
    return this.day !== "" && this.day < (this.known.get(code).days[0] ?? "");
  }

  /** Fetch the tiles of a layer anew, after an edit has made it another edition. */
  refresh(code, version) {
    const layer = this.known.get(code);
    layer.version = version;
    this.map.getSource(`layer-${code}`)?.setTiles([this.#tiles(layer)]);
  }

  /** Bring the map to what is ticked. */
  draw() {
    const wanted = new Set(this.codes());
    for (const code of this.shown) if (!wanted.has(code)) this.#remove(code);
    for (const { code } of this.config.layers) if (wanted.has(code) && !this.shown.has(code)) this.#add(this.known.get(code));
    for (const box of this.form.querySelectorAll("[data-layer]")) {
      box.querySelector(".map-opacity").hidden = !wanted.has(box.dataset.layer);
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Where a click on the map may have hit: the drawn layers of those that are on. */
  drawn() {
    return [...this.shown].flatMap((code) => WAYS.map((way) => `${code}:${way}`)).filter((id) => this.map.getLayer(id));
  }

  #ticks() {
    const order = this.config.layers.map((one) => one.code);
    return [...this.form.querySelectorAll("input[name=layer]")].sort((a, b) => order.indexOf(a.value) - order.indexOf(b.value));
  }

  #tiles({ code, version }) {
    const path = this.config.tile.replace("{code}", code);
    return `${location.origin}${path}?v=${version}${this.day ? `&on=${this.day}` : ""}`;
  }

  #add(layer, quiet = false) {
    const { map } = this;
    const source = quiet ? `quiet-${layer.code}` : `layer-${layer.code}`;
    map.addSource(source, {
      type: "vector",
      tiles: [this.#tiles(layer)],
      minzoom: Math.min(layer.from, 16),
      maxzoom: 16,
      attribution: layer.credit.replace(/[<>&]/g, ""),
    });
    for (const one of quiet ? quietly(layer) : loudly(layer, this.config.font)) {
      const above = quiet || one.type === "symbol" ? undefined : this.#next(layer, one.id);
      map.addLayer({ ...one, source, "source-layer": layer.code, minzoom: one.type === "symbol" ? layer.labelFrom : layer.from }, above);
    }
    if (quiet) return;
    this.shown.add(layer.code);
    if (this.opacities.has(layer.code)) this.#fade(layer.code);
  }

  /** What this way of drawing lies below: the next layer of the order that is drawn, or else the names. */
  #next(layer) {
    const order = this.config.layers.map((one) => one.code);
    const later = order.slice(order.indexOf(layer.code) + 1).filter((code) => this.shown.has(code));
    const ids = this.map.getStyle().layers.map((one) => one.id);
    const first = ids.find((id) => later.some((code) => WAYS.slice(0, 3).some((way) => id === `${code}:${way}`)));
    return first ?? ids.find((id) => id.endsWith(`:${BEHIND}`));
  }

  #remove(code) {
    for (const way of WAYS) if (this.map.getLayer(`${code}:${way}`)) this.map.removeLayer(`${code}:${way}`);
    this.map.removeSource(`layer-${code}`);
    this.shown.delete(code);
  }

  #slider(box) {
    const label = document.createElement("label");
    label.className = "map-opacity";
    label.hidden = true;
    const range = Object.assign(document.createElement("input"), { type: "range", min: 10, max: 100, step: 10, value: 100 });
    label.append(`${this.config.words.opacity} `, range);
    range.addEventListener("input", () => {
      this.opacities.set(box.dataset.layer, Number(range.value) / 100);
      this.#fade(box.dataset.layer);
    });
    box.append(label);
  }

  #fade(code) {
    const share = this.opacities.get(code);
    for (const [way, property, whole] of [
      ["fill", "fill-opacity", this.known.get(code).opacity],
      ["line", "line-opacity", 1],
      ["circle", "circle-opacity", 1],
    ]) {
      if (this.map.getLayer(`${code}:${way}`)) this.map.setPaintProperty(`${code}:${way}`, property, whole * share);
    }
  }

  // The days of the list as a line to slide along.
  #time() {
    const field = this.form.elements.on;
    if (!field) return;
    const range = Object.assign(document.createElement("input"), { type: "range", min: 0, max: field.options.length - 1 });
    range.className = "map-time";
    range.setAttribute("aria-labelledby", field.labels[0].id || (field.labels[0].id = "on-label"));
    this.slide = () => {
      range.value = field.selectedIndex;
      range.setAttribute("aria-valuetext", field.selectedOptions[0].textContent);
    };
    range.addEventListener("input", () => this.setDay(field.options[range.value].value));
    this.slide();
    field.closest(".field").append(range);
  }
}

const WAYS = ["fill", "line", "circle", "label"];

function colour({ by, colours, colour: otherwise }) {
  const pairs = Object.entries(colours).flat();
  return by && pairs.length ? ["match", ["to-string", ["get", by]], ...pairs, otherwise] : otherwise;
}

function* loudly(layer, font) {
  const drawn = colour(layer);
  const id = (way) => `${layer.code}:${way}`;
  const line = { "line-color": drawn, "line-width": layer.width };
  const round = { "line-cap": "round", "line-join": "round" };
  if (layer.shape === "polygon") {
    yield { id: id("fill"), type: "fill", paint: { "fill-color": drawn, "fill-opacity": layer.opacity } };
    yield { id: id("line"), type: "line", layout: round, paint: line };
  } else if (layer.shape === "line") {
    yield { id: id("line"), type: "line", layout: round, paint: line };
  } else {
    const circle = { "circle-color": drawn, "circle-radius": layer.radius, "circle-stroke-color": "#ffffff", "circle-stroke-width": 1.5 };
    yield { id: id("circle"), type: "circle", paint: circle };
  }
  if (layer.label) yield { id: id("label"), type: "symbol", ...written(layer, font) };
}

function written(layer, font) {
  const layout = { "text-field": ["to-string", ["get", layer.label]], "text-font": font, "text-size": 12, "text-max-width": 9 };
  if (layer.shape === "line") Object.assign(layout, { "symbol-placement": "line" });
  if (layer.shape === "point") Object.assign(layout, { "text-anchor": "left", "text-offset": [0.8, 0], "text-optional": true });
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return { layout, paint: { "text-color": dark ? "#ffffff" : "#1a1a1a", "text-halo-color": dark ? "#16181d" : "#ffffff", "text-halo-width": 1.6 } };
}

function* quietly(layer) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  yield {
    id: `quiet:${layer.code}`,
    type: layer.shape === "point" ? "circle" : "line",
    paint: layer.shape === "point" ? { "circle-color": "#9a9a9a", "circle-radius": 3 } : { "line-color": dark ? "#6b7280" : "#b4ad9e", "line-width": 1 },
  };
}
