// Photos and files sent in parts as soon as they are chosen (tus 1.0): progress in words, and on from where it stopped.
// Without this script the button beside the field sends them with the form. A small client of our own: what it needs of
// the protocol is less than a page, and a telephone on a slow network loads it with the form.

const form = document.querySelector("form[data-uploads]");
const words = document.getElementById("upload-words");
if (form && words) listen();

/** A part takes about this long (milliseconds): long enough to be quick, short enough to lose little. */
const WANTED = 1500;
const SMALLEST = 64 * 1024;
const LARGEST = 4 * 1024 * 1024;

/** What the server said in words: trying again would not help. */
class Refusal extends Error {}

function say(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function size(bytes) {
  return bytes < 1024 * 1024 ? Math.max(1, Math.round(bytes / 1024)) + " KB" : (bytes / 1024 / 1024).toFixed(1) + " MB";
}

function listen() {
  let queue = Promise.resolve();
  let sending = 0;
  let pressed = null;

  form.addEventListener("change", (event) => {
    const box = event.target.closest("[data-upload]");
    if (!box || event.target.type !== "file") return;
    const files = [...event.target.files];
    event.target.value = "";
    for (const file of files) {
      const row = line(box, file);
      sending += 1;
      queue = queue.then(() => deliver(box, file, row)).finally(() => {
        sending -= 1;
        if (!sending && pressed) {
          const button = pressed;
          pressed = null;
          form.requestSubmit(button);
        }
      });
    }
  });

  // Going on would cut what is on its way; the press is done when all has arrived.
  form.addEventListener("submit", (event) => {
    if (!sending) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pressed = event.submitter;
    const box = form.querySelector("[data-upload-sending]:not([hidden])").closest("[data-upload]");
    tell(box, words.dataset.then);
  }, true);
  window.addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
}

function tell(box, text) {
  box.querySelector("[data-upload-state]").textContent = text;
}

/** The line of a file on its way: name, how far, and a button that stops it. */
function line(box, file) {
  const list = box.querySelector("[data-upload-sending]");
  const row = document.createElement("li");
  row.innerHTML = '<span class="doc"></span><span><span class="name"></span><span class="size"></span><progress max="100" value="0"></progress></span><button type="button" class="button text danger small"></button>';
  row.querySelector(".name").textContent = file.name;
  row.querySelector("progress").setAttribute("aria-label", file.name);
  const button = row.querySelector("button");
  const label = (text) => {
    button.innerHTML = '<span></span><span class="unseen"></span>';
    button.firstChild.textContent = text;
    button.lastChild.textContent = "（" + file.name + "）";
  };
  label(words.dataset.stop);
  const control = new AbortController();
  button.addEventListener("click", () => control.abort(), { once: true });
  list.append(row);
  list.hidden = false;
  const how = row.querySelector(".size");
  how.textContent = words.dataset.waits;
  return {
    row, list, control,
    far(at) {
      const percent = Math.floor(at * 100 / file.size);
      row.querySelector("progress").value = percent;
      how.textContent = say(words.dataset.far, { there: size(at), all: size(file.size), percent });
    },
    says(text) { how.textContent = text; },
    failed(text) {
      how.textContent = text;
      how.classList.add("problem");
      row.querySelector("progress").remove();
      label(words.dataset.close);
      button.addEventListener("click", () => this.gone(), { once: true });
    },
    gone() {
      row.remove();
      list.hidden = !list.children.length;
    },
  };
}

async function deliver(box, file, row) {
  const name = { name: file.name };
  if (row.control.signal.aborted) return row.gone();
  try {
    if (file.size > Number(form.dataset.largest)) throw new Refusal(words.dataset.large);
    tell(box, say(words.dataset.sending, name));
    await send(box, file, row);
    await refresh(box);
    row.gone();
    tell(box, say(words.dataset.sent, name));
  } catch (error) {
    if (row.control.signal.aborted) {
      row.gone();
      await refresh(box).catch(() => {});
      tell(box, say(words.dataset.stopped, name));
    } else {
      const text = error instanceof Refusal ? error.message : words.dataset.failed;
      row.failed(text);
      tell(box, file.name + "：" + text);
    }
  }
}

/** All of one file, over as many broken connections as it takes. */
async function send(box, file, row) {
  const { signal } = row.control;
  let url = "";
  let at = 0;
  let sure = false;
  let part = 256 * 1024;
  let pause = 1000;
  let told = 25;
  signal.addEventListener("abort", () => { if (url) call(url, "DELETE").catch(() => {}); });
  for (;;) {
    try {
      if (!url) {
        const answer = await call(form.dataset.uploads, "POST", { signal, headers: {
          "Upload-Length": String(file.size),
          "Upload-Metadata": [["path", box.dataset.upload], ["filename", file.name], ["modified", String(file.lastModified)]]
            .map(([key, value]) => key + " " + base64(value)).join(","),
        } });
        url = answer.headers.get("Location");
        at = Number(answer.headers.get("Upload-Offset"));
      } else if (!sure) {
        at = Number((await call(url, "HEAD", { signal })).headers.get("Upload-Offset"));
      }
      sure = true;
      do {
        row.far(at);
        const began = performance.now();
        const answer = await call(url, "PATCH", {
          signal, body: file.slice(at, at + part),
          headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(at) },
        });
        at = Number(answer.headers.get("Upload-Offset"));
        pause = 1000;
        const took = performance.now() - began;
        part = Math.round(Math.min(LARGEST, Math.max(SMALLEST, part * Math.min(2, WANTED / Math.max(took, 1)))));
        if (at * 100 / file.size >= told && at < file.size) {
          tell(box, say(words.dataset.percent, { name: file.name, percent: told }));
          told += 25;
        }
      } while (at < file.size);
      return row.far(at);
    } catch (error) {
      if (error instanceof Refusal || signal.aborted) throw error;
      sure = false;
      part = Math.max(SMALLEST, part / 2);
      row.says(words.dataset.offline);
      tell(box, words.dataset.offline);
      await until(pause, signal);
      pause = Math.min(pause * 2, 15000);
    }
  }
}

/** One request of the protocol. Throws Refusal with the server's words, anything else where trying again may help. */
async function call(url, method, { signal, body, headers } = {}) {
  const late = AbortSignal.timeout(60000);
  const answer = await fetch(url, {
    method, body, redirect: "error", credentials: "same-origin",
    signal: signal && AbortSignal.any ? AbortSignal.any([signal, late]) : signal || late,
    headers: { ...headers, "Accept": "application/json", "Tus-Resumable": "1.0.0", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
  });
  if (answer.ok) return answer;
  if (answer.status === 409 || answer.status === 423 || answer.status >= 500) throw new Error("again");
  const said = await answer.json().catch(() => ({}));
  throw new Refusal(said.message || words.dataset.failed);
}

/** Until some time has passed, or the network is back. */
function until(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    window.addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true, signal });
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** What is kept now, as the server shows it. Inputs stay as they are: a camera may be open over one of them. */
async function refresh(box) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(box.id);
  if (!answer.ok || !fresh) return;
  box.querySelector("[data-upload-kept]").replaceWith(document.importNode(fresh.querySelector("[data-upload-kept]"), true));
  for (const part of ["room", "full"]) {
    box.querySelector(`[data-upload-${part}]`).hidden = fresh.querySelector(`[data-upload-${part}]`).hidden;
  }
  const problem = box.querySelector("#" + box.id + "-problem");
  if (problem && !fresh.querySelector("#" + box.id + "-problem")) problem.remove();
}
