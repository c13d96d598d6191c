"""The configuration file: what is written can be read, and everything wrong is said at once."""

from __future__ import annotations

import re
import tomllib

import pytest

from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import InputError, InputFileError
from resilience_geo.run_config import config_text, read_config, sections


def written(tmp_path, text):
    path = tmp_path / "kabupaten.toml"
    path.write_text(text, encoding="utf-8")
    return path


NEEDED = "".join(
    f'[{name}]\npath = "{name}.x"\n' for name in ("villages", "population", "roads", "shelters")
)


def test_what_init_writes_can_be_read_and_changes_nothing(tmp_path):
    options = read_config(written(tmp_path, config_text()))
    assert options.pop("assume") == ()
    assert options == {
        "villages": tmp_path / "desa.gpkg",
        "hazard": (tmp_path / "banjir.tif",),
        "population": tmp_path / "jiwa.tif",
        "roads": tmp_path / "jalan.osm.pbf",
        "shelters": tmp_path / "tes.geojson",
    }


def test_every_key_taken_out_of_its_comment_is_valid(tmp_path):
    lines = [re.sub(r"^# ((\[|\w+ = ).*)", r"\1", line) for line in config_text().splitlines()]
    text = "\n".join(lines)
    given = tomllib.loads(text)
    for section, keys in sections().items():
        table = given[section][0] if section == "hazard" else given[section]
        assert set(table) == set(keys), section
    options = read_config(written(tmp_path, text))
    assert options["departure"] == "both"
    assert options["scale"] == 0
    chosen = dict(pair.split("=", 1) for pair in options["assume"])
    assert EvacuationAssumptions.from_texts(chosen) == EvacuationAssumptions()


def test_values_reach_the_options_by_their_names(tmp_path):
    text = (
        NEEDED
        + """
        [[hazard]]
        path = "banjir.tif"
        unit = "m"
        [[hazard]]
        path = "longsor.tif"
        kind = "landslide"
        [vulnerable]
        path = "national"
        [assumptions]
        walking_speed_mps = 0.9
        evacuating_classes = ["high"]
        unknown_roads_pass_late = true
        [maps]
        emergency = {BPBD = "0000", "RT 01" = "1111"}
        logo = "logo.png"
        [plan]
        language = "en"
        """
    )
    text = text.replace('[villages]\npath = "villages.x"', '[villages]\npath = "a.x"\nonly = ["1"]')
    options = read_config(written(tmp_path, text))
    assert options["villages"] == tmp_path / "a.x"
    assert options["village"] == ("1",)
    assert options["hazard"] == (tmp_path / "banjir.tif", tmp_path / "longsor.tif")
    assert options["hazard_unit"] == ("m", "")
    assert options["hazard_kind"] == ("flood", "landslide")
    assert options["vulnerable"] == "national"
    assert options["emergency"] == ("BPBD=0000", "RT 01=1111")
    assert options["logo"] == tmp_path / "logo.png"
    assert options["language"] == "en"
    assumed = EvacuationAssumptions.from_texts(
        dict(pair.split("=", 1) for pair in options["assume"])
    )
    assert assumed.walking_speed_mps == 0.9
    assert assumed.evacuating_classes == ("high",)
    assert assumed.unknown_roads_pass_late is True


def test_everything_wrong_is_said_at_once(tmp_path):
    text = NEEDED + (
        '[hazrad]\npath = "x"\n[[hazard]]\nunit = "feet"\n[maps]\nscale = "big"\nlink = 3\n'
        'emergency = ["x"]\n[plan]\ndepature = "both"\n[assumptions]\nwalking_speed_mps = "fast"\n'
    )
    with pytest.raises(InputError) as caught:
        read_config(written(tmp_path, text))
    places = {(one.layer, one.column) for one in caught.value.problems}
    assert places == {
        (None, "hazrad"),
        ("[hazard]", "unit"),
        ("[hazard]", "path"),
        ("[maps]", "scale"),
        ("[maps]", "link"),
        ("[maps]", "emergency"),
        ("[plan]", "depature"),
        ("[assumptions]", "walking_speed_mps"),
    }
    assert all(one.file.endswith("kabupaten.toml") for one in caught.value.problems)
    said = str(caught.value)
    assert "did you mean hazard" in said
    assert "did you mean departure" in said


@pytest.mark.parametrize("text", ["[villages", "\x00", "a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_refused(tmp_path, text):
    with pytest.raises(InputFileError, match="kabupaten"):
        read_config(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputFileError, match="init"):
        read_config(tmp_path / "none.toml")


def test_addresses_are_no_paths(tmp_path):
    text = NEEDED.replace("population.x", "https://example.org/jiwa.tif")
    assert read_config(written(tmp_path, text))["population"] == "https://example.org/jiwa.tif"
