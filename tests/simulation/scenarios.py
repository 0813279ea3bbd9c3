"""Named cases, told in the order in which they happen. What the simulation once found is here for good."""

from __future__ import annotations

from collections.abc import Callable

from onebook_collector.ingest.decide import Outcome, Pace
from onebook_collector.ledger.book import VerdictKind
from onebook_edge.outbox.retention import DiskBudget
from onebook_edge.uplink.machine import HaltReason
from tests.simulation.network import Line
from tests.simulation.story import Story
from tests.simulation.trial import quiet

SMALL = DiskBudget(journal_bytes=8_000, telemetry_bytes=2_500, free_bytes_min=0)
HOUR_MS = 3_600_000
Teller = Callable[..., Story]
"""Begins a story; takes the arguments of `Story`."""


def power_cut_takes_telemetry_back(story: Teller) -> None:
    """Its numbers go to other events; nobody has seen the lost ones, so nothing is mistaken for a duplicate."""
    (
        story().measures(5).passes(100).line(Line.CUT).measures(5).dies(power=True).passes(8_000)
        .line(Line.OPEN).measures(8).settles()
    )  # fmt: skip


def power_cut_in_the_middle_of_work(story: Teller) -> None:
    story().works(3_000, every_ms=30).dies(power=True).passes(6_000).works(2_000).settles()


def storage_is_replaced(story: Teller) -> None:
    """A new card is a new epoch, and begins at 1. The broker repeats acks of the old one, which began at 1 too."""
    (
        story().network(repeat=1).books(1).passes(1_000).works(2_000).line(Line.CUT).gets_new_card().passes(8_000)
        .books(3).network(drop=1).line(Line.OPEN).passes(4_000).network().works(2_000).settles()
    )  # fmt: skip


def outbox_is_cloned(story: Teller) -> None:
    """Two boxes of one name: both contents are kept, and nobody is answered until the twin is gone and a person says so."""
    (
        story().books(3).passes(3_000).is_cloned().passes(2_000)
        .on(0).books(2).on(1).books(2).passes(20_000).saw("journal fork")
        .on(1).retires().passes(5_000).releases().on(0).settles()
    )  # fmt: skip


def old_copy_is_put_back(story: Teller) -> None:
    """The collector holds more of this epoch than the card does: a new epoch begins, and nothing stays behind in the old one."""
    (
        story().works(3_000).copies_card().works(5_000).line(Line.CUT).puts_copy_back().passes(8_000)
        .line(Line.OPEN).passes(5_000).works(2_000).settles().saw("journal outbox_is_old_copy")
    )  # fmt: skip


def acks_of_another_life_reach_an_old_copy(story: Teller) -> None:
    """The broker repeats acks after the card was changed: they name the numbers, but not the content, that the box sends now."""
    (
        story().passes(2_000).copies_card().network(repeat=1).books(1).passes(1_000).line(Line.CUT).books(3)
        .line(Line.OPEN).passes(5_000).line(Line.CUT).puts_copy_back().uploads_at_most(1).passes(8_000)
        .books(3).network(drop=1).line(Line.OPEN).passes(4_000).saw("journal outbox_is_old_copy").network().settles()
    )  # fmt: skip


def old_copy_measures_while_it_learns(story: Teller) -> None:
    """What the old epoch has told the machine about its end is void in the new one."""
    (
        story().measures(3).passes(3_000).copies_card().measures(250).passes(6_000).line(Line.CUT).puts_copy_back()
        .passes(8_000).line(Line.OPEN).dials()
        .measures_until_it_saw("telemetry outbox_is_old_copy").settles()
    )  # fmt: skip


def bad_events_do_not_block_good_ones(story: Teller) -> None:
    (
        story().books(2).books_badly(12).books(2).passes(3_000).settles().saw(VerdictKind.QUARANTINED, times=12)
    )  # fmt: skip


def disk_fills_up(story: Teller) -> None:
    """Days without a line: telemetry is thinned, then refused and counted; the journal refuses out loud."""
    (
        story(budget=SMALL).line(Line.CUT).works(60_000, every_ms=1_000).line(Line.OPEN).settles()
        .saw("telemetry thinned").saw("samples told as refused").saw("work refused")
    )  # fmt: skip


def others_fill_the_disk(story: Teller) -> None:
    (
        story().works(2_000).card_has_left(900).works(5_000).saw("work refused").card_has_left(500_000)
        .works(2_000).settles()
    )  # fmt: skip


def thinned_event_begins_before_the_cursor(story: Teller) -> None:
    """The collector is further than the box remembers, and the box has thinned across that place."""
    (
        story(budget=SMALL).network(drop_acks=1).measures(5).passes(500).dies(power=False).line(Line.CUT).network()
        .uploads_at_most(2).passes(6_000).measures(5).network(drop_acks=1).line(Line.OPEN).passes(4_000)
        .makes_room().network().settles().saw("telemetry began before the cursor")
    )  # fmt: skip


def clock_is_wrong_and_jumps(story: Teller) -> None:
    """Order is by sequence. Once the clock is known, earlier events of that boot are dated; a time that stays unknown says so."""
    (
        story().clock_is_off(-30 * HOUR_MS).line(Line.CUT).works(3_000).clock_is_off(5 * HOUR_MS).works(2_000)
        .clock_is_set().works(2_000).line(Line.OPEN).settles().saw("time estimated").saw("time synced")
        .clock_is_off(-30 * HOUR_MS).works(2_000).settles()
    )  # fmt: skip


def boot_without_a_clock(story: Teller) -> None:
    """The boot is over before the time was known: the collector bounds it by what it received before and after."""
    (
        story().line(Line.CUT).clock_is_off(-50_000 * HOUR_MS).works(3_000).dies(power=True).passes(8_000)
        .line(Line.OPEN).settles().saw("time unknown")
    )  # fmt: skip


def clock_was_in_1970_and_leaps_years_ahead(story: Teller) -> None:
    """Nothing delivered is let go for that: the collector is restored from a backup before, and refilled."""
    (
        story().passes(3_000).backs_up().clock_is_off(-500_000 * HOUR_MS).books(5).passes(3_000).clock_is_set().books(5)
        .passes(3_000).makes_room().clock_is_off(200_000 * HOUR_MS).makes_room().passes(9_000).books(2).passes(3_000)
        .restores().settles().saw("journal stepped back")
    )  # fmt: skip


def collector_is_restored(story: Teller) -> None:
    """Last night's backup: the edges refill it, idle ones too, without anyone doing anything."""
    (
        story(boxes=3).works(5_000).backs_up().works(5_000).passes(3_000).restores().settles()
        .saw("journal stepped back").saw("telemetry stepped back")
    )  # fmt: skip


def collector_is_restored_in_the_middle_of_work(story: Teller) -> None:
    """What comes then lies beyond the cursor: nothing of it is taken before what lies between."""
    (
        story(boxes=2).works(3_000).backs_up().works(3_000).restores().works(3_000).settles()
        .saw(f"journal {Outcome.GAP}").saw(f"telemetry {Outcome.GAP}")
    )  # fmt: skip


def bytes_change_on_the_way(story: Teller) -> None:
    """What does not match its checksum or its chain is not answered, and sent again."""
    (
        story(boxes=3, events_max=1).bad_share(0.5).network(damage=0.4).works(40_000, every_ms=2_000)
        .bad_share(0).network().settles().saw("rejected").saw(f"journal {Outcome.DAMAGED}")
    )  # fmt: skip


def restore_asks_for_telemetry_that_is_gone(story: Teller) -> None:
    """Delivered telemetry that the budget has let go is stood for by one event that says so."""
    (
        story(budget=SMALL).measures(2).passes(2_000).backs_up().works(20_000).makes_room().passes(3_000)
        .restores().settles().saw("telemetry stood for")
    )  # fmt: skip


def restore_asks_for_the_journal_where_it_is_gone(story: Teller) -> None:
    """The next event is kept, the hash before it is not: a person is told, rather than an upload sent that nobody can check."""
    (
        story().books(5).passes(3_000).backs_up().books(5).passes(3_000)
        .forgets_journal_that_is_backed_up().restores().settles().saw(f"journal {HaltReason.HISTORY_GONE}")
    )  # fmt: skip


def silent_hole(story: Teller) -> None:
    """The connection looks alive and swallows everything: the box gives it up by itself."""
    story().works(2_000).line(Line.HOLE).works(4_000).passes(20_000).line(Line.OPEN).settles().saw("gave up")


def broker_loses_everything(story: Teller) -> None:
    tale = story(boxes=2).works(3_000)
    for _ in range(4):
        tale.simulation.network.lose_everything()
        tale.works(1_500)
    tale.settles()


def two_collectors_share_the_work(story: Teller) -> None:
    """Uploads and their resends reach now one, now the other."""
    (
        story(boxes=3, collectors=2).network(duplicate=0.5, drop=0.2, delay_ms_max=3_000).works(20_000)
        .network().settles().saw(f"journal {Outcome.DUPLICATE}")
    )  # fmt: skip


def collector_dies_between_commit_and_ack(story: Teller) -> None:
    """What was committed is found committed when it is sent again."""
    (
        story().collector_dies_at("after the commit").books(3).measures(3).settles()
        .saw(f"journal {Outcome.DUPLICATE}")
    )  # fmt: skip


def collector_dies_before_the_cursor_moves(story: Teller) -> None:
    """The points were written: they are written again, and change nothing."""
    story().collector_dies_at("before the commit").measures(3).books(3).settles()


def paced_fleet(story: Teller) -> None:
    """A province comes back at once: the collector asks for a pause and small uploads, and gets both."""
    (
        story(boxes=3).on(0).line(Line.CUT).on(1).line(Line.CUT).on(2).line(Line.CUT).works(10_000)
        .asks_for_pace(Pace(1_000, 4)).on(0).line(Line.OPEN).on(1).line(Line.OPEN).on(2).line(Line.OPEN)
        .passes(6_000).settles()
    )  # fmt: skip


SCENARIOS: dict[str, Callable[[Teller], None]] = {
    scenario.__name__: scenario
    for scenario in (
        power_cut_takes_telemetry_back,
        power_cut_in_the_middle_of_work,
        storage_is_replaced,
        outbox_is_cloned,
        old_copy_is_put_back,
        acks_of_another_life_reach_an_old_copy,
        old_copy_measures_while_it_learns,
        bad_events_do_not_block_good_ones,
        disk_fills_up,
        others_fill_the_disk,
        thinned_event_begins_before_the_cursor,
        clock_is_wrong_and_jumps,
        boot_without_a_clock,
        clock_was_in_1970_and_leaps_years_ahead,
        collector_is_restored,
        collector_is_restored_in_the_middle_of_work,
        bytes_change_on_the_way,
        restore_asks_for_telemetry_that_is_gone,
        restore_asks_for_the_journal_where_it_is_gone,
        silent_hole,
        broker_loses_everything,
        two_collectors_share_the_work,
        collector_dies_between_commit_and_ack,
        collector_dies_before_the_cursor_moves,
        paced_fleet,
    )
}


def run_scenario(name: str, *, tracing: bool = False) -> None:
    def story(**options: object) -> Story:
        return Story(tracing=tracing, **options)  # type: ignore[arg-type]

    with quiet():
        SCENARIOS[name](story)
