"""What each kind of fault does to the world, and how it ends."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Mapping
from functools import partial

from onebook_firmware_sim.line import LineState
from tests.chaos.plan import BROKER, COLLECTOR, Fault, Kind
from tests.chaos.world import World

Ending = Callable[[], None]
Strike = Callable[[World, Fault, random.Random], Ending]

_HOUR_MS = 3_600_000
_STEPS_MS = {"edge": 48 * _HOUR_MS, COLLECTOR: 2 * _HOUR_MS}


def _kill(world: World, fault: Fault, dice: random.Random) -> Ending:
    world.kill(fault.victim)
    return partial(world.revive, fault.victim)


def _freeze(world: World, fault: Fault, dice: random.Random) -> Ending:
    world.send_signal(fault.victim, signal.SIGSTOP)
    return partial(world.send_signal, fault.victim, signal.SIGCONT)


def _forget(world: World, fault: Fault, dice: random.Random) -> Ending:
    world.kill(BROKER)
    (world.plant.broker.folder / "mosquitto.db").unlink(missing_ok=True)
    return partial(world.revive, BROKER)


def _cut(world: World, fault: Fault, dice: random.Random) -> Ending:
    return _line(world, fault, LineState.CUT)


def _hole(world: World, fault: Fault, dice: random.Random) -> Ending:
    return _line(world, fault, LineState.HOLE)


def _line(world: World, fault: Fault, state: LineState) -> Ending:
    line = world.lines[fault.victim]
    line.set(state)
    return partial(line.set, LineState.UP)


def _half_open(world: World, fault: Fault, dice: random.Random) -> Ending:
    world.lines[fault.victim].forget_far_ends()
    return lambda: None  # Whoever still waits on that connection has to find out.


def _slow(world: World, fault: Fault, dice: random.Random) -> Ending:
    line = world.lines[fault.victim]
    line.slow_down(dice.uniform(0.05, 0.4))
    return partial(line.slow_down, 0.0)


def _disk_full(world: World, fault: Fault, dice: random.Random) -> Ending:
    world.fill_disk(fault.victim)
    return partial(world.make_room, fault.victim)


def _clock_step(world: World, fault: Fault, dice: random.Random) -> Ending:
    most_ms = _STEPS_MS.get(fault.victim, _STEPS_MS["edge"])
    hardware = world.hardware[fault.victim]
    hardware.set_clock_wrong(dice.choice((-1, 1)) * dice.choice((1_000, most_ms // 48, dice.randrange(most_ms))))
    return partial(hardware.set_clock_wrong, 0)


def _power_cut(world: World, fault: Fault, dice: random.Random) -> Ending:
    world.kill(fault.victim)
    world.hardware[fault.victim].lose_power(dice)
    return partial(world.revive, fault.victim)


def _restore(world: World, fault: Fault, dice: random.Random) -> Ending:
    world.kill(COLLECTOR)
    world.restore()
    return partial(world.revive, COLLECTOR)


def _new_card(world: World, fault: Fault, dice: random.Random) -> Ending:
    world.kill(fault.victim)
    world.replace_card(fault.victim)
    return partial(world.revive, fault.victim)


def _expired(world: World, fault: Fault, dice: random.Random) -> Ending:
    assert world.certificates is not None
    place = world.certificates.place

    def begin_again(*, is_valid: bool) -> None:
        world.kill(fault.victim)
        place(fault.victim, is_valid=is_valid)
        world.revive(fault.victim)

    begin_again(is_valid=False)
    return partial(begin_again, is_valid=True)


def _clone(world: World, fault: Fault, dice: random.Random) -> Ending:
    world.twins.make(fault.victim)
    return partial(world.twins.decide, fault.victim, twin_stays=dice.random() < 0.5)


STRIKES: Mapping[Kind, Strike] = {
    Kind.KILL: _kill,
    Kind.FREEZE: _freeze,
    Kind.CUT: _cut,
    Kind.HOLE: _hole,
    Kind.HALF_OPEN: _half_open,
    Kind.SLOW: _slow,
    Kind.FORGET: _forget,
    Kind.DISK_FULL: _disk_full,
    Kind.CLOCK_STEP: _clock_step,
    Kind.POWER_CUT: _power_cut,
    Kind.RESTORE: _restore,
    Kind.NEW_CARD: _new_card,
    Kind.EXPIRED: _expired,
    Kind.CLONE: _clone,
}
