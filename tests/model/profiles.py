"""How long the machines run: short and always alike in the gate, long and by chance in `make soak`."""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

_PATIENT = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
    "print_blob": True,
}
_PROFILES = {
    "quick": settings(derandomize=True, max_examples=22, stateful_step_count=40, **_PATIENT),
    "soak": settings(max_examples=1000, stateful_step_count=80, **_PATIENT),
}


def explore(machine: type[RuleBasedStateMachine], *, share: float = 1.0) -> None:
    """Run a machine as HYPOTHESIS_PROFILE says; `share` is its part of the examples and steps.

    Its failures are shrunk: the test prints the shortest story that breaks a promise.
    """
    profile = _PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "quick")]
    run_state_machine_as_test(
        machine,
        settings=settings(
            profile,
            max_examples=max(1, int(profile.max_examples * share)),
            phases=[Phase.generate, Phase.shrink],
        ),
    )
