// What every page does beyond being HTML: it keeps itself and its relative times fresh, and copies what has a button.

const LONGEST_PAUSE_S = 120;
const TIMEOUT_MS = 10_000;

// --- relative times, written as formats.py writes them ---

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function since(seconds) {
  const amount = Math.abs(seconds);
  if (amount < 5) return "now";
  const [length, name] = UNITS.find(([length]) => amount >= length);
  const words = `${Math.floor(amount / length)}\u00a0${name}`;
  return seconds < 0 ? `in ${words}` : `${words} ago`;
}

function freshenTimes() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const words = since((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== words) time.textContent = words;
  }
}

// --- copy buttons ---

function announce(words) {
  document.querySelector("[data-announce]").textContent = words;
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {  // no permission, or not over https: selected, it is one key away
    getSelection().selectAllChildren(source);
    announce("Selected; copy it with the keyboard");
    return;
  }
  const label = button.textContent;
  button.textContent = "Copied";
  announce("Copied");
  setTimeout(() => { button.textContent = label; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button && button.textContent !== "Copied") copy(button);
});

// --- parts that take their time: fetched from pages of their own once this one is there ---

async function load(region) {
  const response = await fetch(region.dataset.load, { headers: { Accept: "text/html", "X-O11Y-Fragment": region.id }, redirect: "error" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = response.ok && page.getElementById(region.id);
  if (found) region.replaceChildren(...found.childNodes);
  else region.append("No answer at the moment.");
  freshenTimes();
}

for (const region of document.querySelectorAll("[data-load][id]")) {
  region.setAttribute("aria-busy", "true");
  load(region).catch(() => region.append("No answer at the moment.")).finally(() => region.removeAttribute("aria-busy"));
}

// --- refresh: the same address again, of which the elements with data-refresh take the place of those shown ---
// A page that has got other such elements is loaded anew, once nobody writes or selects anything on it.

const freshness = document.getElementById("freshness");
const state = { paused: false, failures: 0, due: 0, at: Date.now(), busy: false };

const regions = (page = document) => [...page.querySelectorAll("[data-refresh][id]")];

function inUse(region) {
  const active = document.activeElement;
  if (region.contains(active) && active.matches("input, select, textarea, [contenteditable]")) return true;
  const selection = getSelection();
  return !selection.isCollapsed && region.contains(selection.anchorNode);
}

function everySeconds() {
  return Math.min(...regions().map((region) => Math.max(5, Number(region.dataset.refresh))));
}

/** Whether what somebody is writing, or has selected, would be lost with the page. */
function isWorkedOn() {
  const field = "input:not([type=hidden]), select, textarea";
  if (document.activeElement?.matches(`${field}, [contenteditable]`) || !getSelection().isCollapsed) return true;
  return [...document.querySelectorAll(field)].some(hasChanged);
}

function hasChanged(field) {
  if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((each) => each.defaultSelected));
  if (["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

function hasOtherParts(page) {
  const ids = (found) => found.map((region) => region.id).sort().join(" ");
  return ids(regions(page)) !== ids(regions());
}

const KEPT = "[data-plot], [data-table]";  // what charts.js has drawn

function morph(region, fresh) {
  Idiomorph.morph(region, fresh, {
    ignoreActiveValue: true,
    callbacks: {
      beforeNodeMorphed: (node) => !(node instanceof Element && node.matches(KEPT)),
      beforeAttributeUpdated: (name, node) => !(name === "open" && node instanceof HTMLDetailsElement),
    },
  });
}

async function refresh(shown) {
  const response = await fetch(location.href, {
    headers: { "X-O11Y-Fragment": shown.map((region) => region.id).join(" "), Accept: "text/html" },
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status === 401) {
    location.reload();
    return;
  }
  if (!response.ok) throw new Error(`status ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (hasOtherParts(page) && !isWorkedOn()) {  // such as a first table, and the form above it
    location.reload();
    return;
  }
  for (const region of shown) {
    const fresh = page.getElementById(region.id);
    if (fresh) morph(region, fresh);
  }
  freshenTimes();
  document.dispatchEvent(new CustomEvent("o11y:refreshed"));
}

function say() {
  const words = freshness.querySelector("[data-freshness]");
  const at = new Date(state.at).toISOString().slice(11, 19);
  words.textContent = state.failures ? `Not updated since ${at}: no answer` : `As of ${at}`;
  freshness.classList.toggle("stale", state.failures > 0);
}

async function tick() {
  freshenTimes();
  if (state.paused || state.busy || document.hidden || Date.now() < state.due) return;
  const shown = regions().filter((region) => !inUse(region));
  if (!shown.length) return;
  state.busy = true;
  try {
    await refresh(shown);
    if (state.failures) announce("Updated again");
    Object.assign(state, { failures: 0, at: Date.now() });
  } catch {
    state.failures += 1;
    if (state.failures === 2) announce("This page is not updated at the moment");
  } finally {
    state.busy = false;
    state.due = Date.now() + 1000 * Math.min(everySeconds() * 2 ** state.failures, LONGEST_PAUSE_S);
    say();
  }
}

freshness.querySelector("[data-pause]").addEventListener("click", ({ currentTarget: button }) => {
  state.paused = !state.paused;
  state.due = 0;
  button.setAttribute("aria-pressed", String(state.paused));
});

document.addEventListener("visibilitychange", tick);
freshenTimes();
if (regions().length) {
  freshness.hidden = false;
  state.due = Date.now() + 1000 * everySeconds();
}
setInterval(tick, 1000);
