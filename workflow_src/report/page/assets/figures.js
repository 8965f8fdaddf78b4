// Figure 4 for every metric, and the learning curves of every run.

const PLAIN = "no TTA";
const GRID_COLORS = { "TTA": "var(--c3)", "Mid-TTA": "var(--c1)", "Multi-TTA": "var(--c2)" };

{
  const select = byId("grid-metric");
  const { metrics, rows } = data.grid;
  for (const task of ["captioning", "retrieval"]) {
    const own = metrics.filter((metric) => metric.task === task);
    if (!own.length) continue;
    select.append(make("optgroup", { label: task }, ...own.map(({ name, falls: down }) =>
      make("option", { value: name }, `${name} ${down ? "↓" : "↑"}`))));
  }
  const names = metrics.map((metric) => metric.name);
  select.value = ["SPIDEr", "CIDEr"].find((name) => names.includes(name)) || names[0];

  const show = () => {
    const metric = select.value;
    const measured = rows.filter((row) => row.figures[metric]);
    const plain = measured.find((row) => row.method === PLAIN);
    const methods = [...new Set(measured.map((row) => row.method))].filter((name) => name !== PLAIN);
    const series = methods.map((name) => ({
      name,
      color: GRID_COLORS[name] || "var(--c4)",
      points: measured.filter((row) => row.method === name).map((row) => {
        const [value, difference, low, high] = row.figures[metric];
        const band = difference === undefined ? [undefined, undefined]
          : [value + low - difference, value + high - difference];
        const tag = name === "Multi-TTA" ? `${row["|P_hE|"]}×${row["|P_H|"]}` : "";
        return [Number(row.tau), value, ...band, tag];
      }).sort((a, b) => a[0] - b[0]),
    }));
    const taus = [...new Set(series.flatMap((own) => own.points.map(([x]) => x)))].sort((a, b) => a - b);
    lineChart(byId("grid-chart"), {
      series,
      log: true,
      label: `${metric} over the number of views`,
      xLabel: "augmented views τ",
      xTicks: taus,
      level: plain ? { name: `${PLAIN} ${number(plain.figures[metric][0], 2)}`, y: plain.figures[metric][0] } : null,
    });
  };
  if (names.length) {
    select.addEventListener("change", show);
    show();
  }
}

{
  const task = byId("curve-task"), column = byId("curve-column"), box = byId("curve-chart");
  const runs = data.histories;
  const tasks = [...new Set(runs.map((run) => run.task))];
  const several = new Set(runs.map((run) => run.seed)).size > 1;

  const showColumns = () => {
    const own = runs.filter((run) => run.task === task.value);
    const names = [...new Set(own.flatMap((run) => Object.keys(run.columns)))]
      .filter((name) => name !== "epoch");
    const kept = names.includes(column.value) ? column.value : "loss";
    fillSelect(column, names.map((name) => [name, name === "selection" ? "selection (validation)" : name]), kept);
    show();
  };
  const show = () => {
    const own = runs.filter((run) => run.task === task.value && run.columns[column.value]);
    const recipes = [...new Set(own.map((run) => run.recipe))];
    const series = own.map((run) => ({
      name: several ? `${run.recipe}, seed ${run.seed}` : run.recipe,
      color: `var(--c${recipes.indexOf(run.recipe) % 11})`,
      points: run.columns.epoch
        .map((epoch, place) => [epoch + 1, run.columns[column.value][place]])
        .filter(([, y]) => y !== null),
    }));
    const last = Math.max(1, ...series.flatMap((one) => one.points.map(([x]) => x)));
    lineChart(box, {
      series,
      label: `${column.value} by epoch, ${task.value}`,
      xLabel: "epoch",
      xTicks: niceTicks(1, Math.max(2, last), 8).filter((x) => x % 1 === 0),
    });
  };
  if (tasks.length) {
    fillSelect(task, tasks.map((name) => [name, name]), tasks[0]);
    task.addEventListener("change", showColumns);
    column.addEventListener("change", show);
    showColumns();
    addEventListener("resize", () => box.repaint && box.repaint());
  } else {
    box.textContent = "No run's folder on this machine has a history.";
  }
}
