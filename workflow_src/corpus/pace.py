"""One pace for all download jobs of a node: so many clips an hour, none when blocked.

The jobs share two files in a folder: `pace.lock`, which the kernel lets go of when
its holder dies, and `pace.json`, replaced as a whole. A job that waits has reserved
nothing, so a killed one holds nobody up.
"""

import json
import logging
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from workflow_src.errors import InputError
from workflow_src.files import write_atomically

logger = logging.getLogger(__name__)

LOCK = "pace.lock"
STATE = "pace.json"


@dataclass(frozen=True)
class PaceState:
    """What the jobs know of each other; all times in seconds since 1970.

    Attributes:
        last_request: when any job last began a clip.
        blocked_until: when the last block ends, or ended.
        block_wait: seconds that it was taken to last; 0 after a success.
        reason: what the server said.
    """

    last_request: float = 0.0
    blocked_until: float = 0.0
    block_wait: float = 0.0
    reason: str = ""


class SharedPace:
    """A limiter and a circuit breaker that all jobs with the same folder share.

    Attributes:
        per_hour: clips that all jobs together begin in an hour; None: no limit.
        block_wait: seconds that the first block is waited for; doubles while it
            lasts.
        longest_block: seconds that one of these waits lasts at most.
        give_up_after: seconds of nothing but blocks after which the job stops.
    """

    def __init__(
        self,
        folder: str | Path,
        per_hour: float | None = None,
        block_wait: float = 900.0,
        longest_block: float = 3600.0,
        give_up_after: float = 86400.0,
    ):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.per_hour = per_hour
        self.block_wait = block_wait
        self.longest_block = longest_block
        self.give_up_after = give_up_after
        self._state_file = folder / STATE
        self._lock = FileLock(str(folder / LOCK))
        self._blocked_since: float | None = None

    def wait_for_turn(self) -> None:
        """Return when this job may begin a clip."""
        while (wait := self._take_turn()) > 0:
            # Not less than a clock can tell apart: it must move.
            time.sleep(max(wait, 0.001))

    def report_block(self, reason: str) -> None:
        """Stop all jobs for a while, because the server blocks this machine.

        Raises:
            InputError: if this job has met nothing but blocks for too long.
        """
        now = time.time()
        if self._blocked_since is None:
            self._blocked_since = now
        if (blocked := now - self._blocked_since) > self.give_up_after:
            raise InputError(
                f"the server has blocked this machine for {blocked / 3600:.1f} hours "
                f"({reason}), longer than audiocaps.blocked_hours allows: run the same "
                "command again later, and it goes on with this clip"
            )
        with self._lock:
            state = self._read()
            if self._blocked(state, now):
                return  # another job, which had asked before, has said so
            wait = 2 * state.block_wait or self.block_wait
            wait = min(wait, self.longest_block)
            self._write(PaceState(state.last_request, now + wait, wait, reason))
        logger.warning("blocked: %s", reason)

    def report_success(self) -> None:
        """Say that a clip came: the next block is again taken to be short."""
        self._blocked_since = None
        with self._lock:
            state = self._read()
            if state.block_wait:
                self._write(PaceState(state.last_request))

    def _take_turn(self) -> float:
        """Seconds to wait until asking again; 0: it is this job's turn."""
        interval = 3600.0 / self.per_hour if self.per_hour else 0.0
        with self._lock:
            state = self._read()
            now = time.time()
            if self._blocked(state, now):
                until = datetime.fromtimestamp(state.blocked_until, UTC)
                logger.warning(
                    "all download jobs wait until %s UTC, because the server blocks "
                    "this machine (%s); no clip counts as failed for it",
                    until.strftime("%Y-%m-%d %H:%M:%S"),
                    state.reason,
                )
                return state.blocked_until - now
            since = now - state.last_request
            if 0 <= since < interval:  # less than 0: the clock was set back
                return interval - since
            if interval:
                self._write(
                    PaceState(now, state.blocked_until, state.block_wait, state.reason)
                )
            return 0.0

    def _blocked(self, state: PaceState, now: float) -> bool:
        # One that ends later than any can: the clock was set back.
        return now < state.blocked_until <= now + self.longest_block

    def _read(self) -> PaceState:
        try:
            return PaceState(**json.loads(self._state_file.read_bytes()))
        except FileNotFoundError:
            return PaceState()
        except (ValueError, TypeError):
            logger.warning("%s is damaged and is written anew", self._state_file)
            return PaceState()

    def _write(self, state: PaceState) -> None:
        write_atomically(self._state_file, json.dumps(asdict(state)))
