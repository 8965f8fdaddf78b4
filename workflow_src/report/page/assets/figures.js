// Figure 4 and the sweep for every metric, and the learning curves of every run.

const PLAIN = "no TTA";
const GRID_COLORS = { "TTA": "var(--c3)", "Mid-TTA": "var(--c1)", "Multi-TTA": "var(--c2)" };

// A select of the metrics of a table, by task; what is shown first is as at the top.
function fillMetrics(select, metrics) {
  for (const task of ["captioning", "retrieval"]) {
    const own = metrics.filter((metric) => metric.task === task);
    if (!own.length) continue;
    select.append(make("optgroup", { label: task }, ...own.map(({ name, falls: down }) =>
      make("option", { value: name }, `${name} ${down ? "↓" : "↑"}`))));
  }
  const names = metrics.map((metric) => metric.name);
  select.value = ["SPIDEr", "CIDEr"].find((name) => names.includes(name)) || names[0];
}

// [value, low, high]: the interval of its difference, laid about the figure.
function withBand([value, difference, low, high]) {
  return difference === undefined ? [value, undefined, undefined]
    : [value, value + low - difference, value + high - difference];
}

{
  const select = byId("grid-metric");
  const { metrics, rows } = data.grid;
  fillMetrics(select, metrics);

  const show = () => {
    const metric = select.value;
    const measured = rows.filter((row) => row.figures[metric]);
    const plain = measured.find((row) => row.method === PLAIN);
    const methods = [...new Set(measured.map((row) => row.method))].filter((name) => name !== PLAIN);
    const series = methods.map((name) => ({
      name,
      color: GRID_COLORS[name] || "var(--c4)",
      points: measured.filter((row) => row.method === name).map((row) => {
        const tag = name === "Multi-TTA" ? `${row["|P_hE|"]}×${row["|P_H|"]}` : "";
        return [Number(row.tau), ...withBand(row.figures[metric]), tag];
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
  if (metrics.length) {
    select.addEventListener("change", show);
    show();
  }
}

if (data.sweep) {
  const select = byId("sweep-metric");
  const { metrics, rows } = data.sweep;
  fillMetrics(select, metrics);
  const show = () => {
    const metric = select.value;
    const measured = rows.filter((row) => row.figures[metric]);
    const lambdas = [...new Set(measured.map((row) => row.lambda))];
    lineChart(byId("sweep-chart"), {
      series: lambdas.map((lambda, place) => ({
        name: `λ: ${lambda}`,
        color: `var(--c${place % 11})`,
        points: measured.filter((row) => row.lambda === lambda)
          .map((row) => [Number(row.K), ...withBand(row.figures[metric])])
          .sort((a, b) => a[0] - b[0]),
      })),
      label: `${metric} over the share of generated samples`,
      xLabel: "share K of generated samples",
      xTicks: [...new Set(measured.map((row) => Number(row.K)))].sort((a, b) => a - b),
    });
  };
  select.addEventListener("change", show);
  show();
}

// Runs of one recipe as one line: the mean over its seeds, from the lowest to the highest.
function overSeeds(runs, column) {
  const byEpoch = new Map();
  for (const { columns } of runs) {
    columns.epoch.forEach((epoch, place) => {
      const value = columns[column][place];
      if (value !== null) byEpoch.set(epoch, [...(byEpoch.get(epoch) || []), value]);
    });
  }
  return [...byEpoch].sort((a, b) => a[0] - b[0]).map(([epoch, values]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const band = values.length > 1 ? [Math.min(...values), Math.max(...values)] : [];
    return [epoch + 1, mean, ...band];
  });
}

{
  const task = byId("curve-task"), column = byId("curve-column"), box = byId("curve-chart");
  const seeds = byId("curve-seeds");
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
    const each = several && seeds.value === "each";
    const lines = each ? own.map((run) => [`${run.recipe}, seed ${run.seed}`, run.recipe, [run]])
      : recipes.map((recipe) => [recipe, recipe, own.filter((run) => run.recipe === recipe)]);
    const series = lines.map(([name, recipe, runs]) => ({
      name,
      color: `var(--c${recipes.indexOf(recipe) % 11})`,
      points: overSeeds(runs, column.value),
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
    fillSelect(seeds, [["mean", "mean and range"], ["each", "each by itself"]], "mean");
    byId("curve-seeds-box").hidden = !several;
    seeds.addEventListener("change", show);
    showColumns();
  } else {
    box.textContent = "No run's folder on this machine has a history.";
  }
}
