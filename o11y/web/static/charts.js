// Draws every <figure data-chart> with uPlot from JSON, its own or that of data-src:
//
// { unit: "percent" (fractions of 1) | "per_minute" | "ms" | "burn" | "count",
//   x: [unix seconds], range: [from, to],
//   series: [{ label, values: [number | null], tone: "page" | "ticket" | "ok" | "muted" | 1..6, kind: "line" | "area" | "bars" }],
//   thresholds: [{ label, value, tone }], periods: [{ from, to | null, tone, label }],
//   most: a value from which on nothing more is known than that it was reached, if there is one }
//
// Charts of a page share their cursor. Lines differ by dash as well as by colour.

const DASHES = [undefined, [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];
const HEIGHT = 190;
const MOST_ROWS = 500;
const DAY_S = 86_400;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const three = (value) => Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });

const FORMATS = {
  percent: (value) => `${three(value * 100)}\u00a0%`,
  per_minute: (value) => `${three(value)}/min`,
  ms: (value) => (value < 1000 ? `${three(value)}\u00a0ms` : `${three(value / 1000)}\u00a0s`),
  burn: (value) => `${three(value)}×`,
  count: (value) => (value < 10_000 ? three(value) : Intl.NumberFormat("en", { notation: "compact" }).format(value)),
};

const plainly = (data) => FORMATS[data.unit] ?? FORMATS.count;

function telling(data) {
  const format = plainly(data);
  return (value) => (data.most != null && value >= data.most ? `≥\u00a0${format(data.most)}` : format(value));
}

const colour = (tone) => getComputedStyle(document.documentElement).getPropertyValue(`--${tone}`).trim();
const toneOf = (tone) => colour(/^\d$/.test(String(tone)) ? `series-${tone}` : tone ?? "series-1");
const two = (number) => String(number).padStart(2, "0");

function moment(seconds) {
  const at = new Date(seconds * 1000);
  return `${at.toISOString().slice(0, 10)} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

function ticks(_, splits, __, ___, increment) {
  return splits.map((seconds) => {
    const at = new Date(seconds * 1000);
    const day = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
    if (increment >= DAY_S || seconds % DAY_S === 0) return day;
    return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  });
}

function shadePeriods(plot, periods) {
  const { ctx, bbox } = plot;
  const now = plot.scales.x.max;
  for (const period of periods) {
    const left = Math.max(plot.valToPos(period.from, "x", true), bbox.left);
    const right = Math.min(plot.valToPos(period.to ?? now, "x", true), bbox.left + bbox.width);
    if (right <= left) continue;
    ctx.save();
    ctx.fillStyle = toneOf(period.tone);
    ctx.globalAlpha = 0.13;
    ctx.fillRect(left, bbox.top, Math.max(right - left, 2), bbox.height);
    ctx.globalAlpha = 0.7;
    ctx.fillRect(left, bbox.top, Math.max(right - left, 2), 2 * devicePixelRatio);
    ctx.restore();
  }
}

function drawThresholds(plot, thresholds) {
  const { ctx, bbox } = plot;
  let written = Infinity;  // where the last label is: others that close would cover it
  for (const { value, label, tone } of [...thresholds].sort((a, b) => a.value - b.value)) {
    const y = Math.round(plot.valToPos(value, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = toneOf(tone);
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textAlign = "right";
    const above = y - bbox.top > 16 * devicePixelRatio;
    ctx.textBaseline = above ? "bottom" : "top";
    const place = [label, bbox.left + bbox.width - 4 * devicePixelRatio, y + (above ? -2 : 3) * devicePixelRatio];
    ctx.setLineDash([]);
    if (Math.abs(written - y) > 14 * devicePixelRatio) {
      written = y;
      ctx.lineWidth = 3 * devicePixelRatio;
      ctx.strokeStyle = colour("surface");
      ctx.strokeText(...place);
      ctx.fillText(...place);
    }
    ctx.restore();
  }
}

function showLast(plot) {
  if (plot.cursor.idx == null) plot.setLegend({ idx: plot.data[0].length - 1 }, false);
}

function seriesOf(one, index, format) {
  const stroke = toneOf(one.tone ?? (index % 6) + 1);
  const drawn = { label: one.label, stroke, width: 1.6, points: { show: false }, dash: DASHES[index % DASHES.length] };
  drawn.value = (_, value) => (value == null ? "–" : format(value));
  if (one.kind === "area") Object.assign(drawn, { fill: `color-mix(in srgb, ${stroke} 18%, transparent)`, dash: undefined });
  if (one.kind === "bars") {
    Object.assign(drawn, { fill: stroke, width: 0, dash: undefined, paths: uPlot.paths.bars({ size: [0.8, 24] }) });
  }
  return drawn;
}

function options(data, width) {
  const thresholds = data.thresholds ?? [];
  const highest = Math.max(0, ...thresholds.map(({ value }) => value));
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: `11px ${getComputedStyle(document.body).fontFamily}` };
  return {
    width,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { sync: { key: "o11y" }, y: false, drag: { x: false, y: false } },
    legend: { live: true, markers: { width: 2 } },
    scales: {
      x: { time: true, range: data.range ? () => data.range : undefined },
      y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 0, highest) * 1.12 || 1] },
    },
    axes: [
      { ...axis, values: ticks, space: 60, size: 28 },
      { ...axis, values: (_, splits) => splits.map(plainly(data)), size: 58, space: 36 },
    ],
    series: [{ label: "Time", value: (_, seconds) => (seconds == null ? "–" : moment(seconds)) },
      ...data.series.map((one, index) => seriesOf(one, index, telling(data)))],
    hooks: {
      ready: [showLast],
      setCursor: [showLast],
      drawClear: [(plot) => shadePeriods(plot, data.periods ?? [])],
      draw: [(plot) => drawThresholds(plot, thresholds)],
    },
  };
}

function summary(title, data) {
  const format = telling(data);
  const parts = data.series.map(({ label, values }) => {
    const known = values.filter((value) => value != null);
    return known.length ? `${label}: last ${format(known.at(-1))}, highest ${format(known.reduce((a, b) => Math.max(a, b)))}` : `${label}: no data`;
  });
  return `Chart of ${title}. ${parts.join("; ")}`;
}

function table(data) {
  const format = telling(data);
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const label of ["Time (UTC)", ...data.series.map((one) => one.label)]) {
    const cell = document.createElement("th");
    Object.assign(cell, { textContent: label, scope: "col" });
    head.append(cell);
  }
  const body = made.createTBody();
  for (let i = data.x.length - 1; i >= Math.max(0, data.x.length - MOST_ROWS); i -= 1) {
    const row = body.insertRow();
    row.insertCell().textContent = moment(data.x[i]);
    for (const { values } of data.series) {
      const cell = row.insertCell();
      cell.className = "num";
      cell.textContent = values[i] == null ? "–" : format(values[i]);
    }
  }
  return made;
}

class Chart {
  constructor(figure) {
    this.figure = figure;
    this.mount = figure.querySelector("[data-plot]");
    this.numbers = figure.querySelector("details.numbers");
    this.numbers.addEventListener("toggle", () => this.fill());
    new ResizeObserver(() => this.resize()).observe(this.mount);
    this.load();
  }

  async load() {
    const own = this.figure.querySelector("script[data-numbers]");
    let text = own?.textContent;
    if (this.figure.dataset.src) {
      try {
        const response = await fetch(this.figure.dataset.src, { headers: { Accept: "application/json" } });
        text = response.ok ? await response.text() : undefined;
      } catch {
        text = undefined;
      }
    }
    if (text === undefined) {
      if (!this.plot) this.say("No answer at the moment");
      return;
    }
    if (text === this.text) return;
    this.text = text;
    this.data = JSON.parse(text);
    this.draw();
    this.fill();
  }

  say(words) {
    const note = document.createElement("p");
    Object.assign(note, { className: "muted plot-note", textContent: words });
    this.mount.replaceChildren(note);
  }

  draw() {
    if (!this.data) return;
    this.plot?.destroy();
    this.plot = undefined;
    if (!this.data.x.length) {
      this.say("No data in this range");
      return;
    }
    this.mount.replaceChildren();
    const columns = [this.data.x, ...this.data.series.map((one) => one.values)];
    this.plot = new uPlot(options(this.data, this.mount.clientWidth), columns, this.mount);
    const canvas = this.mount.querySelector("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", summary(this.figure.querySelector("h3").textContent, this.data));
  }

  resize() {
    const width = this.mount.clientWidth;
    if (this.plot && width && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  fill() {
    if (this.numbers.open && this.data) this.numbers.querySelector("[data-table]").replaceChildren(table(this.data));
  }
}

const charts = new Map();

function attend() {
  for (const [figure] of charts) if (!figure.isConnected) charts.delete(figure);
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    if (charts.has(figure)) charts.get(figure).load();
    else charts.set(figure, new Chart(figure));
  }
}

attend();
document.addEventListener("o11y:refreshed", attend);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((chart) => chart.draw()));
