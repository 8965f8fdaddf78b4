"""Programs that stall, and what they have started."""

import sys
import time
from pathlib import Path

import pytest

from workflow_src.corpus.processes import Finished, run_limited

# Starts a child that ends for no kind request, and waits for it, or does not.
FAMILY = """
import signal, subprocess, sys
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " \\
    "print('child', flush=True); time.sleep(60)"
process = subprocess.Popen([sys.executable, "-c", child, sys.argv[2]])
print("parent", flush=True)
if sys.argv[1] == "wait":
    process.wait()
"""


def running(mark):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(path)
        except OSError:
            continue
    return found


def test_what_a_program_says():
    script = "import sys; print('é'); print('no', file=sys.stderr); sys.exit(3)"
    ended = run_limited([sys.executable, "-c", script], 20)
    assert ended == Finished(3, "é\n", "no\n")


def test_bytes_that_are_no_text_are_read():
    script = "import sys; sys.stdout.buffer.write(b'a\\xff')"
    assert run_limited([sys.executable, "-c", script], 20).output == "a\ufffd"


@pytest.mark.parametrize("way", ["wait", "leave"])
def test_a_stalled_program_ends_with_all_it_started(tmp_path, way):
    mark = str(tmp_path)
    start = time.monotonic()
    ended = run_limited([sys.executable, "-c", FAMILY, way, mark], 1.0)
    assert ended.status is None
    assert sorted(ended.output.split()) == ["child", "parent"]
    assert time.monotonic() - start < 10
    assert running(mark) == []


def test_an_interrupt_ends_it_too(tmp_path, monkeypatch):
    mark = str(tmp_path)
    import subprocess

    communicate, calls = subprocess.Popen.communicate, []

    def interrupted(self, *arguments, **how):
        calls.append(how)
        if len(calls) == 1:
            time.sleep(0.5)
            raise KeyboardInterrupt
        return communicate(self, *arguments, **how)

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_limited([sys.executable, "-c", FAMILY, "wait", mark], 20)
    assert running(mark) == []
