"""What the tests of the dropbox share: files to deliver, and the two kinds of dropbox."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engage_portal.fallback.dropbox import Delivered, Outgoing, Step, deliver, opened
from tests.fallback import server as ssh

NAME = "20260412093015_000042_transactions.xml"
PART = f"{NAME}.part"
FOLDER = "integration/transactionImport"
CONTENT = bytes(range(256)) * 4096 + b"the end"

needs_sshd = [
    pytest.mark.xdist_group("sftp"),
    pytest.mark.skipif(
        ssh.SSHD is None, reason="NO SSHD: openssh-server is not installed, SFTP is not tested"
    ),
]
if ssh.SSHD is None:
    print("SFTP is NOT tested: openssh-server is not installed")


@dataclass
class Sender:
    """Whoever delivers: keeps the step for good, dies where a test says so, and tries again."""

    root: Path
    """The dropbox's root as the test sees it."""
    local: Path
    step: Step = Step.NOT_BEGUN
    steps: list[Step] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.root / FOLDER

    def deliver(
        self,
        *,
        begin: Callable[[], None] | None = None,
        before: Callable[[Step], None] | None = None,
        after: Callable[[Step], None] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Delivered:
        """Try once; `before` and `after` are called around keeping a step."""

        def note(step: Step) -> None:
            if before:
                before(step)
            self.step = step
            self.steps.append(step)
            if after:
                after(step)

        with opened() as box:
            return deliver(
                box,
                Outgoing(FOLDER, NAME, self.local.stat().st_size, lambda: nullcontext(self.local)),
                step=self.step,
                begin=begin or (lambda: None),
                note=note,
                progress=progress,
            )

    def lies_there(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def pick_up(self) -> None:
        """What Engage does."""
        (self.folder / NAME).unlink()
