// Line charts as SVG, drawn to the width that there is.

const SVG = "http://www.w3.org/2000/svg";

function draw(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Round steps from low to high, about so many.
function niceTicks(low, high, count) {
  const rough = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const ticks = [];
  for (let n = Math.ceil(low / step); n * step <= high + step / 1e6; n += 1) {
    ticks.push(Number((n * step).toPrecision(12)));
  }
  return ticks;
}

// chart: {series: [{name, color, dashed, points: [[x, y, low, high, tag]]}],
//         xTicks, xLabel, log, level: {name, y}}; a point without low has no band.
function lineChart(box, chart) {
  const hidden = new Set();
  const legend = make("div", { className: "legend" });
  const svg = draw("svg", { role: "img", "aria-label": chart.label });
  box.replaceChildren(svg, legend);
  let strong = null;

  function paint() {
    const width = Math.max(280, box.clientWidth - 26), height = Math.min(360, 150 + width / 3);
    const left = 52, right = 14, top = 12, bottom = 40;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    svg.replaceChildren();
    const shown = chart.series.filter((own) => !hidden.has(own.name));
    const points = shown.flatMap((own) => own.points);
    const ys = points.flatMap(([, y, low, high]) => [y, low ?? y, high ?? y]);
    if (chart.level) ys.push(chart.level.y);
    if (!ys.length) return;
    let low = Math.min(...ys), high = Math.max(...ys);
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    [low, high] = [low - room, high + room];
    const along = (x) => (chart.log ? Math.log(x) : x);
    const first = along(chart.xTicks[0]), last = along(chart.xTicks.at(-1));
    const X = (x) => left + ((along(x) - first) / (last - first || 1)) * (width - left - right - 16) + 8;
    const Y = (y) => top + ((high - y) / (high - low)) * (height - top - bottom);
    const ticks = niceTicks(low, high, 5);
    const digits = Math.max(0, ...ticks.map((y) => (String(y).split(".")[1] || "").length));
    for (const y of ticks) {
      svg.append(draw("path", { class: "grid", d: `M${left} ${Y(y)}H${width - right}` }));
      svg.append(draw("text", { x: left - 8, y: Y(y) + 4, "text-anchor": "end" }, number(y, digits)));
    }
    for (const x of chart.xTicks) {
      svg.append(draw("text", { x: X(x), y: height - 22, "text-anchor": "middle" }, x));
    }
    svg.append(draw("text", { x: (left + width) / 2, y: height - 5, "text-anchor": "middle" }, chart.xLabel));
    if (chart.level) {
      const line = draw("path", { class: "line dashed", d: `M${left} ${Y(chart.level.y)}H${width - right}` });
      line.style.stroke = "var(--muted)";
      svg.append(line, draw("text", { x: width - right, y: Y(chart.level.y) - 5, "text-anchor": "end" }, chart.level.name));
    }
    for (const own of shown) {
      const group = draw("g", strong && strong !== own.name ? { class: "faded" } : {});
      const banded = own.points.filter((point) => point[2] !== undefined);
      if (banded.length) {
        const upper = banded.map(([x, , , h]) => `${X(x)} ${Y(h)}`);
        const lower = banded.map(([x, , l]) => `${X(x)} ${Y(l)}`).reverse();
        const band = draw("path", { class: "band", d: `M${upper.join("L")}L${lower.join("L")}Z` });
        band.style.fill = own.color;
        group.append(band);
      }
      const line = draw("path", {
        class: own.dashed ? "line dashed" : "line",
        d: `M${own.points.map(([x, y]) => `${X(x)} ${Y(y)}`).join("L")}`,
      });
      line.style.stroke = own.color;
      group.append(line);
      for (const [x, y, , , tag] of own.points) {
        const dot = draw("circle", { cx: X(x), cy: Y(y), r: 3.2 });
        dot.style.fill = own.color;
        group.append(dot);
        if (tag) group.append(draw("text", { class: "tag", x: X(x), y: Y(y) - 9, "text-anchor": "middle" }, tag));
      }
      svg.append(group);
    }
    const tip = draw("text", { class: "tip", "text-anchor": "middle" });
    svg.append(tip);
    svg.onpointermove = (event) => {
      const at = svg.getBoundingClientRect(), scale = width / at.width;
      const px = (event.clientX - at.left) * scale, py = (event.clientY - at.top) * scale;
      let best = null;
      for (const own of shown) {
        for (const [x, y] of own.points) {
          const distance = Math.hypot(X(x) - px, Y(y) - py);
          if (distance < 40 && (!best || distance < best.distance)) best = { distance, own, x, y };
        }
      }
      tip.textContent = best ? `${best.own.name}: ${number(best.y, 2)}` : "";
      if (!best) return;
      tip.setAttribute("x", Math.min(Math.max(X(best.x), 90), width - 90));
      tip.setAttribute("y", Math.max(Y(best.y) - 12, 14));
    };
    svg.onpointerleave = () => { tip.textContent = ""; };
  }

  for (const own of chart.series) {
    const button = make("button", { type: "button", "aria-pressed": "true" }, own.name);
    button.style.setProperty("--swatch", own.color);
    button.addEventListener("click", () => {
      if (!hidden.delete(own.name)) hidden.add(own.name);
      button.setAttribute("aria-pressed", String(!hidden.has(own.name)));
      paint();
    });
    const emphasise = (name) => () => { strong = name; paint(); };
    button.addEventListener("pointerenter", emphasise(own.name));
    button.addEventListener("pointerleave", emphasise(null));
    legend.append(button);
  }
  box.repaint = paint;
  paint();
}

const widths = new ResizeObserver((entries) => {
  for (const entry of entries) {
    // Its height follows from its width: only that matters.
    const width = Math.round(entry.contentRect.width);
    if (entry.target.drawnWidth !== width && entry.target.repaint) entry.target.repaint();
    entry.target.drawnWidth = width;
  }
});
for (const box of document.querySelectorAll(".chart")) widths.observe(box);
