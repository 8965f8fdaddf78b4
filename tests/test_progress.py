"""Progress in a log: few lines, the last one at the end."""

from workflow_src import progress


def test_a_log_gets_a_line_at_the_end_and_one_now_and_then(capsys, monkeypatch):
    clock = iter(range(0, 1000, 4))  # seconds at each look
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    assert list(progress.track(range(10), "working")) == list(range(10))
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("working: 10/10")
    assert lines[-1].endswith("done")
    assert lines[0] == "working: 3/10, 12 s"
    assert len(lines) == 4
    assert not any("\r" in line for line in lines)


def test_the_total_is_left_out_where_nobody_knows_it(capsys):
    assert list(progress.track(iter("ab"), "reading")) == ["a", "b"]
    assert capsys.readouterr().err.startswith("reading: 2, ")


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    list(progress.track(range(3), "working"))
    assert "100%" in capsys.readouterr().err
