"""GPUs are handed out, on a machine that pretends to have some."""

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from workflow_src import gpus
from workflow_src.gpus import Gpu

MACHINE = ("GPU-aa11", "GPU-ab22", "GPU-cc33")
TWO = [Gpu("0", MACHINE[0]), Gpu("1", MACHINE[1])]
# Takes one of TWO, says which, and keeps it until its input ends.
JOB = f"""
import sys
from pathlib import Path
from workflow_src.gpus import Gpu, take
gpus = [Gpu("0", {MACHINE[0]!r}), Gpu("1", {MACHINE[1]!r})]
taken = take(gpus, Path(sys.argv[1]))
print(taken.gpu.number, taken.sharers, "torch" in sys.modules, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def nothing_held(monkeypatch):
    """What a test takes is given back."""
    monkeypatch.setattr(gpus, "_held", {})
    yield
    for descriptor in gpus._held.values():
        os.close(descriptor)


@pytest.fixture
def jobs(tmp_path):
    """Starts processes that take a GPU each."""
    started = []

    def start():
        pipe = subprocess.PIPE
        words = [sys.executable, "-c", JOB, tmp_path / "locks"]
        started.append(subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def said(job):
    number, sharers, torch = job.stdout.readline().split()
    assert torch == "False"
    return number, int(sharers)


def test_processes_take_different_gpus_and_then_share_them_evenly(jobs):
    competing = [jobs() for _ in range(4)]
    taken = sorted(map(said, competing))
    assert taken == [("0", 0), ("0", 1), ("1", 0), ("1", 1)]


def test_a_process_that_ends_or_is_killed_frees_its_gpu(jobs):
    first = jobs()
    assert said(first) == ("0", 0)
    second = jobs()
    assert said(second) == ("1", 0)
    first.send_signal(signal.SIGKILL)
    first.wait()
    third = jobs()
    assert said(third) == ("0", 0)
    second.stdin.close()
    assert second.wait() == 0
    assert said(jobs()) == ("1", 0)


def test_a_process_keeps_what_it_has_and_a_named_gpu_is_kept_from_others(
    jobs, tmp_path
):
    locks = tmp_path / "locks"
    assert gpus.take(TWO, locks, index=1) == (1, TWO[1], 0)
    assert gpus.take(TWO, locks) == (1, TWO[1], 0)
    assert said(jobs()) == ("0", 0)
    assert gpus.take(TWO, locks, index=0) == (0, TWO[0], 1)


@pytest.mark.parametrize(
    ("named", "numbers"),
    [
        (None, ["0", "1", "2"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("2,0", ["2", "0"]),
        ("1, 2", ["1", "2"]),
        ("1,7,0", ["1"]),  # CUDA's list ends there
        ("GPU-cc33,GPU-aa", ["GPU-cc33", "GPU-aa"]),
        ("GPU-a", []),  # two begin so
        ("MIG-5", ["MIG-5"]),
    ],
)
def test_an_outer_choice_counts(named, numbers):
    environment = {} if named is None else {gpus.VISIBLE: named}
    seen = gpus.visible(environment, MACHINE)
    assert [gpu.number for gpu in seen] == numbers


def test_one_gpu_has_one_lock_by_whatever_name():
    by_index = gpus.visible({gpus.VISIBLE: "2"}, MACHINE)
    by_uuid = gpus.visible({gpus.VISIBLE: "GPU-cc"}, MACHINE)
    assert by_index[0].uuid == by_uuid[0].uuid == "GPU-cc33"
    assert gpus.visible({gpus.VISIBLE: "0"}, ()) == []


@pytest.mark.parametrize(
    ("device", "machine", "built", "expected"),
    [
        ("auto", MACHINE, True, (True, 3)),
        ("auto", MACHINE, False, (False, 3)),
        ("auto", (), True, (False, 1)),
        ("cpu", MACHINE, True, (False, 3)),
        ("cuda", (), False, (True, 1)),  # a cluster's login node
        ("cuda", MACHINE, True, (True, 3)),
        ("cuda:1", MACHINE, True, (True, 1)),
    ],
)
def test_what_the_rules_ask(device, machine, built, expected, monkeypatch):
    monkeypatch.delenv(gpus.VISIBLE, raising=False)
    monkeypatch.setattr(gpus, "installed", lambda: machine)
    monkeypatch.setattr(gpus, "torch_is_built_for_gpus", lambda: built)
    assert (gpus.wanted(device), gpus.jobs_at_once(device)) == expected


def test_the_version_file_tells_what_torch_itself_would():
    import torch

    assert gpus.torch_is_built_for_gpus() == (torch.version.cuda is not None)


class Nvml:
    """NVIDIA's management library, as far as it is asked."""

    def __init__(self, uuids, status=0):
        self.uuids, self.status, self.shut = uuids, status, False

    def nvmlInit_v2(self):
        return self.status

    def nvmlDeviceGetCount_v2(self, count):
        count._obj.value = len(self.uuids)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index, handle):
        handle._obj.value = 1 + index
        return 0

    def nvmlDeviceGetUUID(self, handle, text, size):
        uuid = self.uuids[handle.value - 1]
        assert len(uuid) < size
        text.value = uuid.encode()
        return 0 if uuid else 3

    def nvmlShutdown(self):
        self.shut = True


def test_the_driver_is_asked_by_bus():
    nvml = Nvml(MACHINE)
    assert gpus.driver_uuids(nvml) == MACHINE
    assert nvml.shut
    assert gpus.driver_uuids(Nvml(["GPU-a", ""])) == ("GPU-a", "index-1")
    assert gpus.driver_uuids(Nvml(MACHINE, status=9)) == ()
    assert gpus.driver_uuids(SimpleNamespace(nvmlInit_v2=lambda: 18)) == ()


@pytest.mark.parametrize(("outer", "order"), [(None, "PCI_BUS_ID"), ("2,1", None)])
def test_the_others_are_hidden(outer, order, monkeypatch):
    for name, value in ((gpus.VISIBLE, outer), ("CUDA_DEVICE_ORDER", None)):
        monkeypatch.setenv(name, "")  # put back afterwards, whatever it was
        monkeypatch.delenv(name)
        if value:
            monkeypatch.setenv(name, value)
    gpus.show_only(Gpu("1", "GPU-ab22"))
    assert os.environ[gpus.VISIBLE] == "1"
    assert os.environ.get("CUDA_DEVICE_ORDER") == order
