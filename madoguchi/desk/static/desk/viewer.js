// Documents beside the answers: photographs and PDF, with zoom, rotation and paging, by pointer and by keyboard.
// Without this script a photograph opens in its own window and a PDF is kept as a file. PDF.js runs no program of the
// document: scripting, forms and links in it are not even asked for.
const viewer = document.getElementById("viewer");
const sides = document.getElementById("sides");
const part = (name) => document.getElementById(`viewer-${name}`);
const links = [...document.querySelectorAll("a[data-view]")];
const WIDEST = 4;

let at = -1; // which document
let paper = null; // the open PDF
let leaf = 1; // its page
let zoom = 1; // 1 is as wide as the stage
let turned = 0;
let drawing = 0; // the newest drawing: an older one that is late draws nothing
let library = null;

function pdfjs() {
  library ??= import(viewer.dataset.pdf).then((loaded) => {
    loaded.GlobalWorkerOptions.workerSrc = viewer.dataset.worker;
    return loaded;
  });
  return library;
}

// A letter that was set just now has its bytes; any other file is fetched.
async function opened(link) {
  const { getDocument } = await pdfjs();
  const { maps, fonts, wasm } = viewer.dataset;
  return getDocument({
    ...(link.content ? { data: new Uint8Array(link.content.slice(0)) } : { url: link.href }),
    cMapUrl: maps,
    cMapPacked: true,
    standardFontDataUrl: fonts,
    wasmUrl: wasm,
    useWasm: false,
    useSystemFonts: true,
    isEvalSupported: false,
    enableXfa: false,
  }).promise;
}

async function show(number) {
  const link = links[number];
  if (!link) return;
  at = number;
  [zoom, turned, leaf] = [1, 0, 1];
  paper?.destroy();
  paper = null;
  viewer.hidden = false;
  sides.classList.add("viewing");
  part("title").textContent = link.dataset.name;
  part("count").textContent = `${number + 1} / ${links.length}`;
  part("file").href = link.href;
  part("file").toggleAttribute("download", Boolean(link.content));
  if (link.content) part("file").download = `${link.dataset.name}.pdf`;
  part("problem").hidden = true;
  part("stage").replaceChildren();
  for (const one of links) one.toggleAttribute("data-shown", one === link);
  tick(link.dataset.tick);
  const mine = ++drawing;
  if (link.dataset.view === "pdf") {
    try {
      const document_ = await opened(link);
      if (mine !== drawing) return document_.destroy();
      paper = document_;
    } catch {
      return broken();
    }
  }
  await draw();
}

function broken() {
  part("problem").textContent = viewer.dataset.broken;
  part("problem").hidden = false;
}

async function draw() {
  if (paper === null && links[at]?.dataset.view === "pdf") return; // it is still being opened
  const mine = ++drawing;
  const stage = part("stage");
  part("pages").hidden = paper === null;
  if (paper === null) return drawPicture(stage);
  part("page").textContent = `${leaf} / ${paper.numPages}`;
  try {
    const page = await paper.getPage(leaf);
    const rotation = (page.rotate + turned) % 360;
    const natural = page.getViewport({ scale: 1, rotation });
    const scale = ((stage.clientWidth - 16) / natural.width) * zoom;
    const sharp = Math.min(window.devicePixelRatio || 1, 2);
    const viewport = page.getViewport({ scale: scale * sharp, rotation });
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.floor(viewport.width), Math.floor(viewport.height)];
    canvas.style.width = `${Math.floor(natural.width * scale)}px`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${links[at].dataset.name} ${leaf} / ${paper.numPages}`);
    await page.render({ canvas, viewport, annotationMode: 0 }).promise;
    if (mine === drawing) stage.replaceChildren(canvas);
  } catch {
    if (mine === drawing) broken();
  }
}

function drawPicture(stage) {
  let image = stage.querySelector("img");
  if (!image) {
    image = new Image();
    image.src = links[at].href;
    image.alt = links[at].dataset.name;
    image.addEventListener("load", draw, { once: true });
    image.addEventListener("error", broken, { once: true });
    const box = document.createElement("div");
    box.className = "viewer-box";
    box.append(image);
    stage.replaceChildren(box);
  }
  if (!image.naturalWidth) return;
  // A picture lying on its side takes the place of one that stands: the box around it has the size that is seen.
  const lies = turned % 180 !== 0;
  const [across, down] = lies ? [image.naturalHeight, image.naturalWidth] : [image.naturalWidth, image.naturalHeight];
  const widest = stage.clientWidth - 16;
  const whole = zoom === 1 ? Math.min(1, (stage.clientHeight - 16) / ((down * widest) / across)) : 1;
  const [width, height] = [widest * zoom * whole, (widest * zoom * whole * down) / across];
  const box = image.parentElement;
  [box.style.width, box.style.height] = [`${width}px`, `${height}px`];
  [image.style.width, image.style.height] = lies ? [`${height}px`, `${width}px`] : [`${width}px`, `${height}px`];
  image.style.transform = `translate(-50%, -50%) rotate(${turned}deg)`;
}

// The tick of the document that is shown is the one beside it in the answers: pressed here, it is pressed there.
function tick(id) {
  const button = id && document.getElementById(id);
  const holder = part("tick");
  holder.replaceChildren();
  if (!button || button.tagName !== "BUTTON") return;
  const copy = button.cloneNode(true);
  copy.id = "";
  copy.setAttribute("type", "button");
  copy.setAttribute("aria-keyshortcuts", "c");
  copy.addEventListener("click", () => button.click());
  new MutationObserver(() => copy.setAttribute("aria-pressed", button.getAttribute("aria-pressed"))).observe(button, {
    attributes: true,
  });
  holder.append(copy);
}

const deeds = {
  next: () => show((at + 1) % links.length),
  previous: () => show((at - 1 + links.length) % links.length),
  forth: () => paper && turnTo(leaf + 1),
  back: () => paper && turnTo(leaf - 1),
  larger: () => zoomTo(zoom * 1.25),
  smaller: () => zoomTo(zoom / 1.25),
  fit: () => zoomTo(1),
  turn: () => {
    turned = (turned + 90) % 360;
    draw();
  },
  check: () => part("tick").querySelector("button")?.click(),
  close: () => {
    const link = links[at];
    viewer.hidden = true;
    sides.classList.remove("viewing");
    link?.removeAttribute("data-shown");
    paper?.destroy();
    paper = null;
    link?.focus();
  },
};

function turnTo(wanted) {
  leaf = Math.min(Math.max(wanted, 1), paper.numPages);
  part("stage").scrollTop = 0;
  draw();
}

function zoomTo(wanted) {
  zoom = Math.min(Math.max(wanted, 0.25), WIDEST);
  draw();
}

for (const [number, link] of links.entries()) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(number);
    part("title").focus();
  });
}
for (const button of viewer.querySelectorAll("button[data-do]")) {
  button.addEventListener("click", () => deeds[button.dataset.do]());
}
// The desk's keyboard (desk.js) says what is wanted; "open" shows the documents of the line where the reader is.
document.addEventListener("desk:viewer", ({ detail }) => {
  if (detail !== "open") {
    if (!viewer.hidden) deeds[detail]?.();
    return;
  }
  const line = document.activeElement?.closest("[data-line]");
  const first = links.findIndex((link) => line?.contains(link));
  show(first >= 0 ? first : Math.max(at, 0));
  part("title").focus();
});
// A letter before it goes out, with what is typed now. Without this script it is kept as a file.
for (const button of document.querySelectorAll("button[data-draft]")) {
  const problem = button.parentElement.querySelector(".problem");
  let letter = null; // its place among the documents, once it was looked at
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    problem.hidden = true;
    try {
      const body = new URLSearchParams(new FormData(button.form));
      const answer = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "application/pdf, application/json" } });
      if (!answer.ok) throw new Error((await answer.json()).message);
      const file = await answer.blob();
      if (letter) URL.revokeObjectURL(letter.href);
      else links.push((letter = document.createElement("a")));
      letter.href = URL.createObjectURL(file);
      letter.content = await file.arrayBuffer();
      letter.focus = () => button.focus();
      Object.assign(letter.dataset, { view: "pdf", name: button.dataset.draft });
      await show(links.indexOf(letter));
      part("title").focus();
    } catch (trouble) {
      problem.textContent = trouble instanceof TypeError || trouble instanceof SyntaxError ? viewer.dataset.unset : trouble.message;
      problem.hidden = false;
    } finally {
      button.ariaBusy = null;
    }
  });
}
let width = 0;
new ResizeObserver(() => {
  if (viewer.hidden || part("stage").clientWidth === width) return;
  width = part("stage").clientWidth;
  draw();
}).observe(part("stage"));
