"""A working day: goods come and go, somebody errs, a zone gets hot, a plug is pulled, cables hum. More goes out than comes in, so
that the bins never overflow."""

from __future__ import annotations

from onebook_firmware_sim.scenario import Scenario


def working_day() -> Scenario:
    """Times are seconds of the day, which the speed shortens."""
    return (
        Scenario("working day")
        .receive(sheets=1, lines=2)
        .issue(sheets=1)
        .heat(by_c=14, for_s=1_800)
        .receive_wrongly_and_correct()
        .lose_some_and_count()
        .move()
        .receive_tagged(pieces=6)
        .weigh_in()
        .issue(sheets=3)
        .while_the_plug_is_pulled(for_s=40)
        .receive(sheets=2, lines=2)
        .issue(sheets=2)
        .disturb(for_s=120)
        .issue(sheets=3)
        .weigh_in()
        .issue(sheets=3)
        .count()
    )
