"""What maps show besides a plan: what cannot be shown is refused at once, and all of it."""

from __future__ import annotations

import pytest

import resilience_geo as rg
from resilience_geo.errors import InputError


def test_everything_may_be_left_out():
    options = rg.MapOptions()
    assert options.basemap is None
    assert options.settlements is None
    assert options.procedure is True


def test_what_was_read_is_taken():
    files = rg.sample_files()
    villages = rg.read_villages(files["villages"])
    options = rg.MapOptions(
        basemap=rg.read_basemap(files["basemap"], within=villages),
        settlements=rg.read_settlements(files["hamlets"], within=villages),
        palette="official",
        emergency_numbers={"BPBD": "0000"},
        procedure={"before": ("Kenali jalur.",)},
    )
    assert len(options.settlements) == 27


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"basemap": "jalan.osm.pbf"}, "read_basemap"),
        ({"settlements": "dusun.gpkg"}, "read_settlements"),
        ({"emergency_numbers": "112"}, "emergency_numbers"),
        ({"palette": "rainbow"}, "colour_blind"),
        ({"procedure": {"later": ("x",)}}, "before, during, after"),
        ({"link": "x" * 4000}, "4000"),
    ],
)
def test_what_cannot_be_shown_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        rg.MapOptions(**given)


def test_everything_wrong_is_said_at_once():
    with pytest.raises(InputError) as caught:
        rg.MapOptions(palette="rainbow", basemap="x", settlements="y", link="z" * 600)
    assert len(caught.value.problems) == 4
