from workflow_src.report.learning_rates import draw_learning_rates
from workflow_src.training.settings import CaptioningOptimization, RetrievalOptimization


def test_draws_the_same_picture_twice(tmp_path):
    paths = [tmp_path / "a.svg", tmp_path / "b.svg"]
    settings = {
        "captioning": CaptioningOptimization(),
        "retrieval": RetrievalOptimization(),
    }
    for path in paths:
        draw_learning_rates(settings, path)
    first, second = (path.read_text() for path in paths)
    assert first == second
    assert first.startswith("<?xml")
