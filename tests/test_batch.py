"""Runs over many villages: the same figures as one plan, whatever way the run is divided."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

import resilience_geo as rg
from resilience_geo import batch, batch_files, batch_tiles
from resilience_geo.errors import InputError
from resilience_geo.maps.web import save_web_map
from tests.batch_runs import FILES, OPTIONS, files_of

LAYERS = ("exposure", "villages", "origins", "routes", "unserved")


@pytest.fixture(scope="module")
def whole():
    villages = rg.read_villages(FILES["villages"])
    return rg.plan_evacuation(
        villages,
        rg.read_hazard(FILES["flood"], unit="m"),
        rg.read_population(FILES["population"]),
        rg.read_roads(FILES["roads"], within=villages),
        rg.read_shelters(FILES["shelters"]),
        vulnerable=rg.read_vulnerable(FILES["vulnerable"], villages),
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    return out, rg.plan_villages(out=out, workers=1, **OPTIONS)


def said(value):
    return "" if value is None or value is pd.NA or value != value else str(value)  # noqa: PLR0124


def layer(out, code, name):
    return gpd.read_file(out / code / "plan.gpkg", layer=name)


def test_figures_are_those_of_one_plan(done, whole):
    _, run = done
    expected = whole.summary()
    assert list(run.summary.index) == list(expected.index)
    pd.testing.assert_frame_equal(
        run.summary[list(expected.columns)], expected, check_dtype=False, rtol=1e-9
    )


def test_shelters_hold_the_people_of_all_villages(done, whole):
    _, run = done
    keys = ["departure", "shelter_id"]
    found = run.shelters.set_index(keys)["allocated_people"].sort_index()
    expected = whole.shelters.set_index(keys)["allocated_people"].sort_index()
    assert found.to_dict() == expected[found.index].to_dict()
    assert expected.sum() == found.sum()
    held = run.shelters["capacity_people"].fillna(0.0)
    assert (run.shelters["allocated_people"] <= held).all()


@pytest.mark.parametrize("name", LAYERS)
def test_tables_of_a_village_are_its_part_of_one_plan(done, whole, name):
    out, run = done
    for code in run.summary.index:
        expected = getattr(rg.village_plan(whole, code), name)
        if expected.index.name:
            expected = expected.reset_index()
        found = layer(out, code, name)
        assert len(found) == len(expected)
        for column in set(expected.columns) - {"geometry"}:
            values = expected[column].to_numpy()
            if pd.api.types.is_numeric_dtype(expected[column]):
                np.testing.assert_allclose(
                    found[column].to_numpy(dtype=float), values.astype(float), rtol=1e-9, atol=1e-6
                )
            else:
                assert list(map(said, found[column])) == list(map(said, values))


def test_people_of_neighbours_are_on_the_roads_of_a_village(done, whole):
    out, run = done
    whole_roads = whole.roads.set_index("road_id")
    for code in run.summary.index:
        roads = layer(out, code, "roads").set_index("road_id")
        for name in ("evacuees_early", "evacuees_late"):
            assert (roads[name] == whole_roads.loc[roads.index, name]).all()


def test_two_processes_give_the_same_bytes_as_one(done, tmp_path):
    out, _ = done
    began = json.loads(next(out.glob(".batch/*/run.json")).read_text())
    rg.plan_villages(out=tmp_path, workers=2, **OPTIONS)
    again = json.loads(next(tmp_path.glob(".batch/*/run.json")).read_text())
    first, second = files_of(out), files_of(tmp_path)
    assert first.keys() == second.keys()
    if began == again:  # begun within the same second
        assert first == second


@pytest.fixture(scope="module")
def divided(tmp_path_factory):
    """Return a run in tiles of two villages and blocks of one."""
    out = tmp_path_factory.mktemp("divided")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_tiles.blocks_of, "__kwdefaults__", {"block_villages": 1})
        patch.setattr(batch_tiles.tiles_of, "__kwdefaults__", {"tile_villages": 2})
        patch.setattr(batch, "BLOCK_VILLAGES", 1)
        return out, rg.plan_villages(out=out, workers=1, **OPTIONS)


def test_blocks_and_tiles_change_no_figure(done, divided):
    figures = ["evacuees", "allocated", "late_evacuees", "late_allocated", "people_total"]
    pd.testing.assert_frame_equal(
        divided[1].summary[figures].sort_index(), done[1].summary[figures].sort_index(), rtol=1e-9
    )
    keys = ["departure", "shelter_id"]
    first, second = (
        run.shelters.set_index(keys)["allocated_people"].sort_index()
        for run in (done[1], divided[1])
    )
    assert first.to_dict() == second.to_dict()


def test_people_of_other_tiles_are_on_the_roads_of_a_village(done, divided):
    ends = ["u", "v", "key", "osmid"]
    for code in done[1].summary.index:
        tables = [layer(out, code, "roads").set_index(ends) for out, _ in (done, divided)]
        first, second = (table[["evacuees_early", "evacuees_late"]] for table in tables)
        common = first.index.intersection(second.index)
        assert len(common) > 0.9 * len(first)
        assert first.loc[common].sort_index().equals(second.loc[common].sort_index())


def test_roads_of_several_tiles_are_stored_once(divided):
    out, _ = divided
    assert len(list(out.glob(".batch/*.roads"))) == 1


@pytest.fixture(scope="module")
def each_alone(tmp_path_factory):
    """Return a run in which every village has all seats to itself."""
    out = tmp_path_factory.mktemp("alone")
    return out, rg.plan_villages(out=out, workers=1, seats="village", **OPTIONS)


def test_alone_every_village_is_served_as_if_it_had_no_neighbours(each_alone, done):
    _, run = each_alone
    villages = rg.read_villages(FILES["villages"])
    code = run.summary.index[0]
    one = villages[villages["village_code"] == code].reset_index(drop=True)
    one.attrs = villages.attrs
    plan = rg.plan_evacuation(
        one,
        rg.read_hazard(FILES["flood"], unit="m"),
        rg.read_population(FILES["population"]),
        rg.read_roads(FILES["roads"], within=villages),
        rg.read_shelters(FILES["shelters"]),
        vulnerable=rg.read_vulnerable(FILES["vulnerable"], villages),
    )
    names = ["evacuees", "allocated", "late_allocated"]
    assert run.summary.loc[code, names].tolist() == plan.summary().loc[code, names].tolist()
    assert run.summary["allocated"].sum() > done[1].summary["allocated"].sum()


def test_alone_shelters_show_that_they_are_promised_twice(each_alone):
    out, run = each_alone
    both = run.summary["allocated"].sum() + run.summary["late_allocated"].sum()
    assert run.shelters["allocated_people"].sum() == both
    assert (run.shelters["allocated_people"] > run.shelters["capacity_people"]).any()
    for code in run.summary.index:
        shelters, villages = layer(out, code, "shelters"), layer(out, code, "villages")
        early = shelters[shelters["departure"] == "early"]["allocated_people"].sum()
        assert early == villages["allocated"].sum()


def test_a_village_outside_the_people_is_failed_not_empty(tmp_path):
    villages = gpd.read_file(FILES["villages"])
    far = villages.iloc[[0]].copy()
    far.geometry = far.geometry.translate(2.0, 0.0)
    code = next(name for name in villages.columns if (villages[name] == "99.01.01.2001").any())
    far[code] = "99.01.01.2999"
    path = tmp_path / "villages.gpkg"
    pd.concat([villages, far], ignore_index=True).to_file(path)
    run = rg.plan_villages(out=tmp_path / "out", workers=1, **{**OPTIONS, "villages": path})
    assert run.failures["village_code"].tolist() == ["99.01.01.2999"]
    assert "luar data penduduk" in run.failures["reason"].iloc[0]
    assert "99.01.01.2999" not in run.summary.index
    assert (tmp_path / "out" / "gagal.csv").exists()
    assert not (tmp_path / "out" / "99.01.01.2999").exists()


def test_a_village_partly_outside_the_people_is_marked(tmp_path):
    villages = gpd.read_file(FILES["villages"])
    code = next(name for name in villages.columns if (villages[name] == "99.01.01.2001").any())
    _, south, east, north = villages.total_bounds
    part = villages.iloc[[0]].copy()
    part.geometry = [box(east - 0.002, south, east + 2.0, north)]
    part[code] = "99.01.01.2999"
    path = tmp_path / "villages.gpkg"
    pd.concat([villages, part], ignore_index=True).to_file(path)
    run = rg.plan_villages(out=tmp_path / "out", workers=1, **{**OPTIONS, "villages": path})
    assert 0.0 < run.summary.loc["99.01.01.2999", "population_known_share"] < 0.5
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert page.count('"remark"') == 1
    assert "tidak mencakup sebagian besar desa ini" in page


def test_one_village_that_cannot_be_written_keeps_no_other_from_it(tmp_path, monkeypatch, done):
    def broken(plan, path, **options):
        if plan.villages.index[0] == "99.01.01.2003":
            msg = "no ink"
            raise ValueError(msg)
        return save_web_map(plan, path, **options)

    monkeypatch.setattr(batch_files, "save_web_map", broken)
    run = rg.plan_villages(out=tmp_path, workers=1, **OPTIONS)
    assert run.failures["reason"].tolist() == ["ValueError: no ink"]
    assert len(run.summary) == 5
    # Its people keep their seats: they are only not written.
    assert run.shelters["allocated_people"].sum() == done[1].shelters["allocated_people"].sum()
    assert not any("could not be planned" in str(note) for note in run.notes)
    monkeypatch.undo()
    again = rg.plan_villages(out=tmp_path, workers=1, **OPTIONS)
    assert again.failures.empty
    assert not (tmp_path / "gagal.csv").exists()
    pd.testing.assert_frame_equal(again.summary, done[1].summary)


def test_nothing_that_can_be_written_is_said(tmp_path, monkeypatch):
    def broken(*_, **__):
        msg = "no ink"
        raise ValueError(msg)

    monkeypatch.setattr(batch_files, "save_web_map", broken)
    with pytest.raises(InputError, match="no ink"):
        rg.plan_villages(out=tmp_path, workers=1, **OPTIONS)


def test_what_earlier_runs_made_does_not_lie_beside_what_is_new(tmp_path):
    rg.plan_villages(out=tmp_path, workers=1, **OPTIONS)
    index = (tmp_path / "index.html").read_bytes()
    run = rg.plan_villages(out=tmp_path, workers=1, village=["99.01.01.2001"], **OPTIONS)
    assert [path.name for path in tmp_path.glob("99.*")] == ["99.01.01.2001"]
    assert len(list((tmp_path / "lama").glob("99.*"))) == 6
    assert (tmp_path / "lama" / "index.html").read_bytes() == index
    # Its neighbours may need the same seats, and the pages say so.
    assert run.seats == "chosen"
    assert "hanya desa yang dipilih" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_people_who_stand_in_water_late_are_counted_for_the_whole(done, whole):
    said = [note for note in done[1].notes if "stand where a road would be closed" in note]
    expected = [note for note in whole.notes if "stand where a road would be closed" in note]
    assert said == expected
    assert len(said) == 1


def test_hostile_codes_stay_in_the_folder(tmp_path):
    villages = gpd.read_file(FILES["villages"])
    code = next(name for name in villages.columns if (villages[name] == "99.01.01.2001").any())
    odd = ["../../etc", "index.html", "CON", "a" * 300, "Desa/Ünï", "desa/ünï"]
    villages[code] = odd
    path = tmp_path / "villages.gpkg"
    villages.to_file(path)
    options = {name: value for name, value in OPTIONS.items() if name != "vulnerable"}
    out = tmp_path / "deep" / "er" / "out"
    run = rg.plan_villages(out=out, workers=1, **{**options, "villages": path})
    assert run.failures.empty
    assert len({name.casefold() for name in run.folders.values()}) == 6
    assert all((out / folder / "map.html").is_file() for folder in run.folders.values())
    assert (out / "index.html").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "villages.gpkg"]


def test_options_are_checked_all_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        rg.plan_villages(out=tmp_path / "out", villages="x", seats="mine", colour="red")
    said = str(caught.value)
    assert all(word in said for word in ("seats", "colour", "hazard", "roads"))
    assert not (tmp_path / "out").exists()
