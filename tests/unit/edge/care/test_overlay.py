"""The centre may set what a warehouse needs, and cannot turn a box into something else."""

from __future__ import annotations

import pytest

from onebook_edge.care.configuration import problems_of
from onebook_edge.care.overlay import laid_over
from onebook_edge.errors import ConfigurationError

OWN = {"edge_id": "edge-hz-01", "data_folder": "/var/lib/onebook-edge", "broker": {"host": "10.0.0.1", "port": 8883}}
SCANNER = '[[devices]]\nid = "scanner-1"\ndriver = "serial_scanner"\n'


def test_what_the_centre_sets_takes_the_place_of_the_boxs_own() -> None:
    merged = laid_over(OWN | {"log_level": "INFO"}, 'log_level = "DEBUG"\nbroker = {host = "10.0.0.2"}')
    assert merged["log_level"] == "DEBUG"
    assert merged["broker"] == {"host": "10.0.0.2", "port": 8883}
    assert merged["edge_id"] == "edge-hz-01"


@pytest.mark.parametrize(
    ("toml", "place"),
    [
        ('edge_id = "edge-hz-02"', "edge_id"),
        ('data_folder = "/root"', "data_folder"),
        ('catalogue_file = "/etc/shadow"', "catalogue_file"),
        ('[broker.tls]\nca_file = "/tmp/ca.pem"', "broker.tls"),
        (SCANNER + 'link = {kind = "replay", file = "/etc/shadow"}', "devices.0.link.kind"),
        (SCANNER + 'link = {kind = "serial", port = "/etc/shadow"}', "devices.0.link.port"),
        (SCANNER + 'link = {kind = "serial", port = "/dev/../etc/shadow"}', "devices.0.link.port"),
        ('[[buses]]\nid = "bus"\nlink = {kind = "replay", file = "/etc/shadow"}', "buses.0.link.kind"),
        ("broker = 1", "broker"),
        ("= = =", "TOML"),
        ("x = " + "[" * 10_000, "TOML"),
    ],
)
def test_what_belongs_to_the_box_is_refused_by_name(toml: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        laid_over(OWN, toml)
    assert place in refused.value.problems[0]


def test_every_problem_is_told_at_once() -> None:
    problems = problems_of(OWN, 'log_level = "LOUD"\nlive_interval_s = -1\n' + SCANNER)
    assert len(problems) >= 3
