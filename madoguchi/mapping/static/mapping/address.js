// Where the map looks, in the address behind #: zoom/lat/lon&layers=a,b&on=2020-04-01&at=lon,lat (what is marked)
// &area=lon,lat;lon,lat;lon,lat (what was drawn on it). It never leaves the browser.
const PLACE = /^#(\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)/;

/** The view that the address names; null where it names none. */
export function readAddress() {
  const found = PLACE.exec(location.hash);
  if (!found) return null;
  const [zoom, lat, lon] = found.slice(1).map(Number);
  if (zoom > 22 || Math.abs(lat) > 85 || Math.abs(lon) > 180) return null;
  const more = new URLSearchParams(location.hash.slice(found[0].length));
  const layers = more.get("layers");
  const on = more.get("on");
  return {
    zoom,
    lat,
    lon,
    codes: layers === null ? null : layers.split(",").filter(Boolean),
    area: cornersOf(more.get("area") ?? ""),
    at: pointOf(more.get("at") ?? ""),
    on: /^\d{4}-\d\d-\d\d$/.test(on ?? "") ? on : null,
  };
}

/** The corners of the area; none where they cannot be read. */
function cornersOf(text) {
  const corners = text.split(";").map(pointOf);
  return corners.length > 2 && corners.length <= 100 && corners.every(Boolean) ? corners : [];
}

function pointOf(text) {
  const [lon, lat, ...more] = text.split(",").map(Number);
  return !more.length && Math.abs(lon) <= 180 && Math.abs(lat) <= 85 ? [lon, lat] : null;
}

/** Put the view into the address without a step in the browser's history. */
export function writeAddress({ zoom, lat, lon, codes, on, at, area }) {
  const place = `#${zoom.toFixed(2)}/${lat.toFixed(6)}/${lon.toFixed(6)}`;
  history.replaceState(history.state, "", `${place}&layers=${codes.join(",")}${on ? `&on=${on}` : ""}${at ? `&at=${at.join(",")}` : ""}${area.length > 2 ? `&area=${area.map((one) => one.join(",")).join(";")}` : ""}`);
}
