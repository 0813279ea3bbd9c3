"""Readings -> facts, samples and feedback: gives each reading to the rule that its device is for.

A machine. What a work place says is wrapped in `AtWorkPlace`, and so are the outbox's answers that go back to it and what a
person enters on a screen there. A `Measured` that comes out is one to keep as a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeAlias, TypeVar

from onebook_edge.capture.bench_tags import BenchTags
from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.dialogue_messages import (
    DialogueInput,
    DialogueOutput,
    NoteAdded,
    NothingScanned,
    NotRecorded,
    Recorded,
    Scanned,
    TagsSeen,
)
from onebook_edge.capture.dialogue_state import DialogueState
from onebook_edge.capture.knowledge import Knowledge
from onebook_edge.capture.sample_batch import unit_code
from onebook_edge.capture.sampled_measurement import SampledMeasurement
from onebook_edge.capture.scan_dialogue import NextNumber, ScanDialogue
from onebook_edge.capture.settings import CaptureSettings, DialogueDevice, GateDevice, WeighingDevice
from onebook_edge.capture.stable_weight import UNIT_CODES, StableWeight, StableWeightRule
from onebook_edge.capture.tag_presence import PresenceFull, PresenceOutput, TagPresence
from onebook_edge.device import (
    CodeScanned,
    CommandAnswered,
    Faulted,
    Measured,
    NothingRead,
    Reading,
    TagRead,
    Weighed,
)
from onebook_edge.machine import Instant, Woken
from onebook_schemas.uplink import LiveReading

_Said_co = TypeVar("_Said_co", covariant=True)


@dataclass(frozen=True, slots=True)
class AtWorkPlace(Generic[_Said_co]):
    """Something said by a work place, or to it."""

    work_place: str
    said: _Said_co


@dataclass(frozen=True, slots=True)
class ReadingUnused:
    """A reading that no rule could use: a wrong unit, or a device whose role in the settings does not fit what it reads."""

    device_id: str
    fault: Faulted


CaptureInput: TypeAlias = Reading | AtWorkPlace[Scanned | NoteAdded | Recorded | NotRecorded] | Woken
CaptureOutput: TypeAlias = AtWorkPlace[DialogueOutput] | Measured | PresenceOutput | CommandAnswered | ReadingUnused


class Pipeline:
    """The capture rules of one edge. `states` are those of its work places, as they were kept over a restart."""

    def __init__(
        self,
        settings: CaptureSettings,
        catalogue: Catalogue,
        next_id: Callable[[], str],
        states: Mapping[str, DialogueState] | None = None,
        next_number: NextNumber = lambda kind, day: None,
    ) -> None:
        self._settings = settings
        self.catalogue = catalogue
        kept = states or {}
        self._dialogues = {
            name: ScanDialogue(place, catalogue, next_id, kept.get(name), next_number)
            for name, place in settings.work_places.items()
        }
        self._work_place_of: dict[str, str] = {}
        self._scales: dict[str, StableWeightRule] = {}
        self._benches: dict[str, BenchTags] = {}
        self._gates: dict[str, TagPresence] = {}
        self._place_devices()
        self._sampled: dict[tuple[str, str], SampledMeasurement] = {}
        self._measured: dict[tuple[str, str], Measured] = {}

    @property
    def dialogues(self) -> Mapping[str, ScanDialogue]:
        """By work place: what a screen draws and what is kept over a restart (`state`)."""
        return self._dialogues

    def use_catalogue(self, catalogue: Catalogue) -> None:
        """From now on codes mean what this catalogue says."""
        self.catalogue = catalogue
        for dialogue in self._dialogues.values():
            dialogue.catalogue = catalogue

    def use_knowledge(self, known: Knowledge) -> None:
        """From now on every work place goes by these documents and this stock."""
        for dialogue in self._dialogues.values():
            dialogue.known = known

    def handle(self, message: CaptureInput, now: Instant) -> list[CaptureOutput]:
        match message:
            case Measured():
                return [*self.sample(message, now)]
            case Weighed():
                return self._weigh(message, now)
            case TagRead():
                return self._tag(message, now)
            case CodeScanned(device_id=device, text=text):
                return self._scan(device, Scanned(text, device), now)
            case NothingRead(device_id=device):
                return self._scan(device, NothingScanned(), now)
            case CommandAnswered():
                return [message]
            case AtWorkPlace(work_place, answer):
                return self._tell(work_place, answer, now)
            case Woken():
                return self._wake(now)

    def sample(self, reading: Measured, now: Instant) -> list[Measured]:
        """What `handle` gives for a probe's reading. It never changes `wakeup_at`."""
        key = reading.device_id, reading.quantity
        self._measured[key] = reading
        rule = self._sampled.get(key)
        if rule is None:
            rule = self._sampled[key] = SampledMeasurement(self._settings.sample_rule(*key))
        return rule.handle(reading, now)

    def wakeup_at(self) -> int | None:
        machines: Iterable[ScanDialogue | BenchTags | TagPresence] = chain(
            self._dialogues.values(), self._benches.values(), self._gates.values()
        )
        return min((at for machine in machines if (at := machine.wakeup_at()) is not None), default=None)

    @property
    def measured(self) -> Iterable[Measured]:
        """The latest reading of every quantity of every probe."""
        return self._measured.values()

    def live(self) -> tuple[LiveReading, ...]:
        """The latest reading of every probe and scale, kept or not, settled or not."""
        weighed = [(latest, scale.unit) for scale in self._scales.values() if (latest := scale.peek())]
        return (*map(_live_measured, self._measured.values()), *(_live_weighed(*latest) for latest in weighed))

    def _place_devices(self) -> None:
        for device, use in self._settings.devices.items():
            match use:
                case DialogueDevice(work_place=place, tags=tags):
                    self._work_place_of[device] = place
                    quiet_ms = self._settings.work_places[place].tags_quiet_ms
                    self._benches[device] = BenchTags(device, tags, quiet_ms)
                case WeighingDevice(work_place=place, scale=scale):
                    self._work_place_of[device] = place
                    self._scales[device] = StableWeightRule(scale)
                case GateDevice(tags=tags):
                    self._gates[device] = TagPresence(device, tags)
                case _:
                    pass  # A probe needs no place: what it measures becomes samples.

    def _weigh(self, reading: Weighed, now: Instant) -> list[CaptureOutput]:
        scale = self._scales.get(reading.device_id)
        if scale is None:
            return [_no_role(reading.device_id, "weighing")]
        outputs: list[CaptureOutput] = []
        for output in scale.handle(reading, now):
            if isinstance(output, StableWeight):
                outputs += self._tell(self._work_place_of[reading.device_id], output, now)
            else:
                outputs.append(ReadingUnused(reading.device_id, output))
        return outputs

    def _tag(self, reading: TagRead, now: Instant) -> list[CaptureOutput]:
        if gate := self._gates.get(reading.device_id):
            return [*gate.handle(reading, now)]
        if reading.device_id in self._benches:
            return self._bench(reading.device_id, reading, now)
        return [_no_role(reading.device_id, "gate or dialogue")]

    def _bench(self, device: str, message: TagRead | Woken, now: Instant) -> list[CaptureOutput]:
        outputs: list[CaptureOutput] = []
        for output in self._benches[device].handle(message, now):
            outputs += [output] if isinstance(output, PresenceFull) else self._scan(device, output, now)
        return outputs

    def _scan(self, device: str, message: Scanned | NothingScanned | TagsSeen, now: Instant) -> list[CaptureOutput]:
        place = self._work_place_of.get(device)
        return self._tell(place, message, now) if place else [_no_role(device, "dialogue")]

    def _tell(self, work_place: str, message: DialogueInput, now: Instant) -> list[CaptureOutput]:
        return [AtWorkPlace(work_place, output) for output in self._dialogues[work_place].handle(message, now)]

    def _wake(self, now: Instant) -> list[CaptureOutput]:
        outputs: list[CaptureOutput] = []
        for work_place in self._dialogues:
            outputs += self._tell(work_place, Woken(), now)
        for device in self._benches:
            outputs += self._bench(device, Woken(), now)
        for gate in self._gates.values():
            outputs += gate.handle(Woken(), now)
        return outputs


def _no_role(device_id: str, role: str) -> ReadingUnused:
    return ReadingUnused(device_id, Faulted("no-role", f"give the device {device_id} the role {role} in the settings"))


def _live_measured(reading: Measured) -> LiveReading:
    return LiveReading(
        device=reading.device_id,
        quantity=reading.quantity,
        unit=unit_code(reading.unit),
        value=None if reading.value is None else float(reading.value),
        quality=reading.quality.value,
    )


def _live_weighed(reading: Weighed, unit: str) -> LiveReading:
    return LiveReading(
        device=reading.device_id,
        quantity="weight",
        unit=UNIT_CODES[reading.unit or unit],
        value=None if reading.value is None else float(reading.value),
        quality="unstable" if reading.stable is False else reading.quality.value,
    )
