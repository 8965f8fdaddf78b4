// The browser of test clips: order, filter, one clip in full, and its keys.

const MEAN_RANK = "text-to-audio mean rank", OWN_RANK = "audio-to-text rank";
const controls = Object.fromEntries(
  ["task", "metric", "a", "b", "order", "words", "new"].map((name) => [name, byId(`clip-${name}`)]),
);
const ORDERS = [
  ["sample", "random sample"],
  ["random", "all, random order"],
  ["a-better", "A best against B"],
  ["b-better", "B best against A"],
  ["best", "A best first"],
  ["worst", "A worst first"],
];
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
let listed = [], current = 0, inView = false;

const systems = () => data[controls.task.value];

function valueOf(own, metric, clip) {
  if (metric === OWN_RANK) return own.a2t[clip];
  if (metric === MEAN_RANK) return mean(own.t2a[clip]);
  return own.scores[metric] ? own.scores[metric][clip] : null;
}

function metricsOf(task) {
  if (task === "retrieval") return [OWN_RANK, MEAN_RANK];
  return [...new Set(data.captioning.flatMap((own) => Object.keys(own.scores)))];
}

// More is better, whatever the metric.
const merit = (own, clip) =>
  (falls(controls.metric.value) ? -1 : 1) * valueOf(own, controls.metric.value, clip);

function showTask() {
  const metrics = metricsOf(controls.task.value);
  fillSelect(controls.metric, metrics.map((name) => [name, name]), metrics.includes("CIDEr") ? "CIDEr" : metrics[0]);
  const names = systems().map((own, place) => [place, systemName(own)]);
  const place = (recipe) => systems().findIndex((own) => own.recipe === recipe && !own.tta);
  fillSelect(controls.a, names, Math.max(0, place("all")));
  fillSelect(controls.b, names, Math.max(0, place("specaugment")));
  showList();
}

const searched = data.clips.map((clip, number) => [
  clip.name, ...clip.references, ...data.captioning.map((own) => own.captions[number]),
].join("\n").toLowerCase());

function showList() {
  const [a, b] = [systems()[controls.a.value], systems()[controls.b.value]];
  const order = controls.order.value;
  const words = controls.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  listed = data.clips.map((_, clip) => clip)
    .filter((clip) => words.every((word) => searched[clip].includes(word)))
    .filter((clip) => !controls.new.checked || data.clips[clip].new);
  // Who searches means all clips, not the sample alone.
  if (order === "sample" && !words.length) listed = listed.slice(0, data.sample);
  const against = (clip) => merit(a, clip) - merit(b, clip);
  const sorters = {
    "a-better": (x, y) => against(y) - against(x),
    "b-better": (x, y) => against(x) - against(y),
    best: (x, y) => merit(a, y) - merit(a, x),
    worst: (x, y) => merit(a, x) - merit(a, y),
  };
  if (sorters[order]) listed.sort(sorters[order]);
  const compares = order.endsWith("better");
  byId("clip-list").replaceChildren(...listed.map((clip) => {
    const metric = controls.metric.value;
    const shown = compares ? signed(valueOf(a, metric, clip) - valueOf(b, metric, clip))
      : number(valueOf(a, metric, clip));
    const button = make("button", { type: "button" },
      make("span", { className: "words" }, data.clips[clip].references[0]),
      make("span", { className: "score" }, shown));
    button.dataset.clip = clip;
    button.addEventListener("click", () => open(clip));
    return make("li", {}, button);
  }));
  if (!listed.length) byId("clip-list").append(make("li", { className: "empty" }, "No clip has these words."));
  byId("clip-count").textContent = `${listed.length} of ${data.clips.length} clips; beside each: `
    + `${controls.metric.value} of ${systemName(a)}${compares ? ` less that of ${systemName(b)}` : ""}.`;
  if (listed.length) open(listed.includes(current) ? current : listed[0]);
  else { player.stop(); byId("clip").replaceChildren(); }
}

function captionsTable(clip) {
  const captioning = controls.task.value === "captioning";
  const chosen = captioning ? [controls.a.value, controls.b.value] : [];
  const metrics = metricsOf("captioning");
  const first = captioning ? controls.metric.value : metrics.includes("CIDEr") ? "CIDEr" : metrics[0];
  const head = make("tr", {}, ...["recipe", "caption", first].map((name, place) =>
    make("th", { className: place > 1 ? "number" : "", scope: "col" }, name)));
  const rows = data.captioning.map((own, place) => make("tr", { className: chosen.includes(String(place)) ? "chosen" : "" },
    make("th", { className: "system", scope: "row" }, systemName(own)),
    make("td", {}, own.captions[clip], make("small", {}, metrics.filter((name) => name !== first)
      .map((name) => `${name} ${number(valueOf(own, name, clip))}`).join(" · "))),
    make("td", { className: "number", "data-name": first }, number(valueOf(own, first, clip)))));
  return make("table", { className: "said" }, make("thead", {}, head), make("tbody", {}, ...rows));
}

function open(clip) {
  current = clip;
  player.stop();
  const own = data.clips[clip];
  const place = listed.indexOf(clip);
  const step = (text, label, by) => {
    const button = make("button", { type: "button", "aria-label": label, disabled: listed[place + by] === undefined }, text);
    button.addEventListener("click", () => move(by));
    return button;
  };
  const play = own.sound ? make("button", { type: "button", className: "play", id: "clip-play", "aria-pressed": "false" }, "Play") : null;
  const link = own.youtube ? make("a", { href: own.youtube, rel: "noreferrer" }, "on YouTube") : null;
  const picture = make("div", { className: "picture" },
    own.picture ? make("img", { src: own.picture, alt: "Log-mel spectrogram" }) : null,
    make("span", { className: "playhead", hidden: true }));
  if (own.sound) picture.dataset.sound = own.sound;
  connect(picture, play);
  const silent = own.sound || own.youtube ? null : make("span", { className: "badge" }, "its sound is not in this page");
  const retriever = data.retrieval.length
    && (controls.task.value === "retrieval" ? data.retrieval[controls.a.value]
      : data.retrieval.find((one) => !one.tta && one.recipe === systems()[controls.a.value].recipe) || data.retrieval[0]);
  const parts = [
    data.captioning.length
      ? make("div", {}, make("h4", {}, "What each captioner says"), captionsTable(clip)) : null,
    retriever ? answers(retriever, clip, open) : null,
  ].filter(Boolean);
  byId("clip").replaceChildren(...[
    make("div", { className: "head" }, play, make("h3", {}, own.name), link, silent,
      own.new ? make("span", { className: "badge" }, "new combination") : null,
      make("span", { className: "steps" }, step("←", "Previous clip", -1), step("→", "Next clip", 1))),
    own.picture ? picture : null,
    own.picture ? make("div", { className: "axis" }, make("span", {}, "start"), make("span", {}, "log-mel: low sounds below"), make("span", {}, "end")) : null,
    make("h4", {}, "References"),
    make("ul", { className: "references" }, ...own.references.map((text) => make("li", {}, text))),
    // The task that was chosen comes first.
    ...(controls.task.value === "retrieval" ? parts.reverse() : parts),
  ].filter(Boolean));
  for (const button of byId("clip-list").querySelectorAll("button")) {
    const here = Number(button.dataset.clip) === clip;
    button.setAttribute("aria-current", String(here));
    if (here) keepInList(button);
  }
}

// As scrollIntoView, but never of the page.
function keepInList(button) {
  const list = byId("clip-list"), item = button.parentElement;
  const top = item.offsetTop - list.offsetTop;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + item.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = top + item.offsetHeight - list.clientHeight;
  }
}

function move(by) {
  const next = listed[listed.indexOf(current) + by];
  if (next !== undefined) open(next);
}

new IntersectionObserver(([entry]) => { inView = entry.isIntersecting; }).observe(byId("clips"));

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    controls.words.focus();
  } else if (inView && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    event.preventDefault();
    move(event.key === "ArrowRight" ? 1 : -1);
  } else if (inView && event.key === " " && !event.target.closest("button, a, summary")) {
    event.preventDefault();
    const play = byId("clip-play");
    if (play) play.click();
  }
});

{
  const tasks = ["captioning", "retrieval"].filter((task) => data[task].length);
  fillSelect(controls.task, tasks.map((name) => [name, name]), tasks[0]);
  fillSelect(controls.order, ORDERS, "sample");
  byId("clip-new-box").hidden = !data.clips.some((clip) => clip.new);
  controls.task.addEventListener("change", showTask);
  for (const name of ["metric", "a", "b", "order", "new"]) controls[name].addEventListener("change", showList);
  controls.words.addEventListener("input", showList);
  showTask();
}
