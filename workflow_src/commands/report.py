"""Steps that make tables and figures, and the command that scores any captions."""

from pathlib import Path

from workflow_src.commands.arguments import add_split, add_step


def add(steps) -> None:
    """Add the steps of this stage to the command line."""
    step = add_step(steps, "table", _table)
    step.add_argument("table", choices=["table1", "table2", "table3", "table4"])
    add_split(step)
    add_step(steps, "sanity", _sanity)
    add_step(steps, "figure4", _figure4)
    add_step(steps, "layer-search", _layer_search)
    add_step(steps, "sweep", _sweep)
    add_step(steps, "pictures", _pictures)
    add_step(steps, "metrics", _metrics)
    _add_score(steps)


def _add_score(steps) -> None:
    """Add the command that scores anybody's captions; it reads no config."""
    from workflow_src.metrics import score_command

    step = steps.add_parser("score", help="Score anybody's captions.")
    score_command.add_arguments(step)
    step.set_defaults(run=score_command.run, needs_config=False)


def _layer_search(parsed, config, layout) -> None:
    """Try each stage of the retriever's audio encoder as the middle layer."""
    from workflow_src.evaluation.layer_search import layer_search
    from workflow_src.files import write_atomically

    table = layer_search(config, layout)
    write_atomically("results/layer_search.csv", table.to_csv(index=False))


def _sweep(parsed, config, layout) -> None:
    """Write and draw the sweep of Section 4.3."""
    from workflow_src.files import write_atomically
    from workflow_src.report.sweep import draw_sweep, sweep_table

    table = sweep_table(config)
    write_atomically("results/sweep.csv", table.to_csv(index=False))
    draw_sweep(table, ["results/sweep.png", "results/sweep.svg"])


def _pictures(parsed, config, layout) -> None:
    """Draw the pictures of docs/: augmentations, and learning rates."""
    from workflow_src.report.pictures import draw_pictures

    draw_pictures(config, layout)


def _figure4(parsed, config, layout) -> None:
    """Write and draw the test-time augmentation grid, the paper's Figure 4."""
    from workflow_src.files import write_atomically
    from workflow_src.report.grid import grid_table
    from workflow_src.report.tta_figure import draw_tta_figure

    table = grid_table(config)
    write_atomically("results/figure4.csv", table.to_csv(index=False))
    drawn = ["results/figure4.png", "results/figure4.svg"]
    draw_tta_figure("results/figure4.csv", drawn)


def _table(parsed, config, layout) -> None:
    """Write one of the paper's tables."""
    from workflow_src.files import write_atomically
    from workflow_src.report.tables import table

    content = table(config, parsed.table, parsed.split)
    results = Path("results") / ("" if parsed.split == "test" else parsed.split)
    write_atomically(results / f"{parsed.table}.csv", content.to_csv(index=False))
    print(content.to_string(index=False))


def _sanity(parsed, config, layout) -> None:
    """Compare the trained models with trivial ones and with chance."""
    from workflow_src.files import write_atomically
    from workflow_src.report.sanity import sanity

    content = sanity(config, layout)
    write_atomically("results/sanity.csv", content.to_csv(index=False))
    print(content.to_string(index=False))


def _metrics(parsed, config, layout) -> None:
    """Write the headline figures of each recipe as JSON."""
    from workflow_src.files import write_atomically
    from workflow_src.report.metrics import TABLES, headlines

    tables = [Path("results") / f"{table}.csv" for table in TABLES]
    for recipe, content in headlines(tables).items():
        write_atomically(f"results/metrics/{recipe}.json", content)
