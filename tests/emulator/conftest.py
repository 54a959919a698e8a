from __future__ import annotations

import pytest

from debugger.emulator.core import Emulator, Settings
from tests.emulator.faces import Caller, Clock, InProcess, make_emulator
from tests.emulator.sandbox import Sandbox


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(clock: Clock) -> Emulator:
    return make_emulator(clock)


@pytest.fixture
def alice(emulator: Emulator) -> Caller:
    return Caller.arrive(InProcess(emulator))


@pytest.fixture
def charlie(emulator: Emulator) -> Caller:
    """A stranger: another account of the same emulator."""
    return Caller.arrive(InProcess(emulator))


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def sending() -> Sandbox:
    """A sandbox whose deliveries somebody else sends."""
    return Sandbox(settings=Settings(real_deliveries=True, local_webhooks=True))
