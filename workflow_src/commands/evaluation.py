"""Steps that ask trained models and score what they say."""

from workflow_src.commands.arguments import add_run, add_split, add_step


def add(steps) -> None:
    """Add the steps of this stage to the command line."""
    caption = add_step(steps, "caption", _caption)
    add_run(caption, with_task=False)
    prepare = add_step(steps, "prepare-references", _prepare_references)
    evaluate = add_step(steps, "evaluate", _evaluate)
    add_run(evaluate, with_task=True)
    for step in (caption, prepare, evaluate):
        add_split(step)
    add_run(add_step(steps, "caption-grid", _caption_grid), with_task=False)
    add_run(add_step(steps, "evaluate-grid", _evaluate_grid), with_task=True)


def _caption_grid(parsed, config, layout) -> None:
    """Caption the test clips at every point of the test-time augmentation grid."""
    from workflow_src.evaluation.tta_grid import caption_grid

    caption_grid(config, layout, parsed.recipe, parsed.seed)


def _evaluate_grid(parsed, config, layout) -> None:
    """Score every point of the test-time augmentation grid."""
    if parsed.task == "captioning":
        from workflow_src.evaluation.caption_scores import evaluate_grid
    else:
        from workflow_src.evaluation.tta_grid import evaluate_grid
    evaluate_grid(config, layout, parsed.recipe, parsed.seed)


def _caption(parsed, config, layout) -> None:
    """Caption the clips of a split with a trained model."""
    from workflow_src.evaluation.captioning import caption_split

    caption_split(config, layout, parsed.recipe, parsed.seed, parsed.split)


def _prepare_references(parsed, config, layout) -> None:
    """Prepare a split's references for METEOR and SPICE, once for all runs."""
    from workflow_src.evaluation.caption_scores import prepare_references

    prepare_references(config, layout, parsed.split)


def _evaluate(parsed, config, layout) -> None:
    """Score a trained model on a split."""
    if parsed.task == "captioning":
        from workflow_src.evaluation.caption_scores import evaluate
    else:
        from workflow_src.evaluation.retrieval import evaluate
    evaluate(config, layout, parsed.recipe, parsed.seed, parsed.split)
