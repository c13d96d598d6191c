"""What holds for roads from any file: the file itself, the area, lightness of import."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import requests
import shapely
from osmnx import _overpass, settings

from resilience_geo.errors import CrsError, InputError, InputFileError, NetworkError
from resilience_geo.inputs.road_area import area_around
from resilience_geo.inputs.roads import download_roads, read_roads

if TYPE_CHECKING:
    from pathlib import Path

VILLAGE = gpd.GeoSeries([shapely.box(107.0, -6.01, 107.01, -6.0)], crs=4326)
BOMB = (
    '<?xml version="1.0"?>{padding}<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    "<{root}>&b;</{root}>"
)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"tiada\.osm\.pbf: found no such file"):
        read_roads(tmp_path / "tiada.osm.pbf")


def test_folder(tmp_path: Path) -> None:
    (tmp_path / "jalan.shp").mkdir()
    with pytest.raises(InputFileError, match="found a folder"):
        read_roads(tmp_path / "jalan.shp")


@pytest.mark.parametrize("name", ["a.osm.pbf", "a.osm", "a.graphml", "a.shp", "a.zip", "a.kml"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(InputFileError, match="found an empty file"):
        read_roads(tmp_path / name)


@pytest.mark.parametrize("name", ["jalan.docx", "jalan", "jalan.pickle"])
def test_unknown_kind(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputFileError, match=r"expected one of \.osm\.pbf"):
        read_roads(tmp_path / name)


@pytest.mark.parametrize("padding", ["", "<!--" + "x" * 200_000 + "-->"])
@pytest.mark.parametrize(
    ("name", "root"), [("a.osm", "osm"), ("a.graphml", "graphml"), ("a.kml", "kml")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_doctype_is_refused(
    tmp_path: Path, name: str, root: str, padding: str, encoding: str
) -> None:
    (tmp_path / name).write_text(BOMB.format(root=root, padding=padding), encoding=encoding)
    with pytest.raises(InputFileError, match="found XML with a DOCTYPE"):
        read_roads(tmp_path / name)


def test_area_is_measured_in_metres() -> None:
    area = area_around(VILLAGE, 1000.0)
    west, south, east, north = shapely.bounds(area)
    # 1 km is 0.00903 degrees of longitude and 0.00904 of latitude at 6 S
    assert (west, east) == pytest.approx((107.0 - 0.00904, 107.01 + 0.00904), abs=3e-5)
    assert (south, north) == pytest.approx((-6.01 - 0.00904, -6.0 + 0.00904), abs=3e-5)
    projected = area_around(VILLAGE.to_crs(32748), 1000.0)
    assert projected.symmetric_difference(area).area < 1e-9


def test_area_passes_over_rows_without_geometry_and_mends_bow_ties() -> None:
    bow_tie = shapely.Polygon([(107, -6), (107.01, -6.01), (107.01, -6), (107, -6.01)])
    area = area_around(gpd.GeoSeries([None, bow_tie, shapely.Polygon()], crs=4326), 0)
    assert area.is_valid
    assert area.area == pytest.approx(0.5e-4, rel=1e-3)


@pytest.mark.parametrize("buffer_m", [-1, float("nan"), float("inf"), "3 km"])
def test_impossible_buffer(tmp_path: Path, buffer_m) -> None:
    with pytest.raises(InputError, match="a distance in metres"):
        read_roads(tmp_path / "x.osm", within=VILLAGE, buffer_m=buffer_m)


def test_villages_without_crs_or_without_geometry(tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="villages without a coordinate reference system"):
        read_roads(tmp_path / "x.osm", within=gpd.GeoSeries([shapely.box(0, 0, 1, 1)]))
    with pytest.raises(InputError, match="no village with a geometry"):
        read_roads(tmp_path / "x.osm", within=gpd.GeoSeries([None], crs=4326))


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = (
        "import sys, resilience_geo.inputs.roads; "
        "print(sorted({'osmnx', 'osmium', 'networkx', 'pyogrio', 'scipy'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def overpass(monkeypatch: pytest.MonkeyPatch, answer) -> None:
    """Let OSMnx get this answer instead of asking the server."""
    monkeypatch.setattr(_overpass, "_download_overpass_network", answer)


def test_download(monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(settings.useful_tags_way)
    asked = []

    def answer(polygon, *_):
        asked.append((polygon, settings.useful_tags_way))
        nodes = [
            {"type": "node", "id": n, "lon": round(107.001 + n / 1000, 7), "lat": -6.005}
            for n in range(1, 6)
        ]
        ways = [
            {
                "type": "way",
                "id": 10,
                "nodes": [1, 2, 3],
                "tags": {"highway": "path", "ford": "yes"},
            },
            {"type": "way", "id": 11, "nodes": [3, 4], "tags": {"highway": "path", "foot": "no"}},
            {
                "type": "way",
                "id": 12,
                "nodes": [5, 4],
                "tags": {"highway": "track", "oneway": "-1"},
            },
        ]
        yield {"elements": nodes + ways}

    overpass(monkeypatch, answer)
    graph = download_roads(VILLAGE, buffer_m=1000)
    assert sorted((u, v, d["osmid"]) for u, v, d in graph.edges(data=True)) == [
        (1, 3, 10), (3, 1, 10), (3, 4, 11), (4, 3, 11), (4, 5, 12),
    ]  # fmt: skip
    assert graph.edges[1, 3, 0]["ford"] == "yes"
    assert graph.edges[3, 4, 0]["foot"] == "no"
    assert graph.edges[1, 3, 0]["length"] == pytest.approx(2 * 110.714, abs=0.01)
    assert list(graph.edges[4, 5, 0]["geometry"].coords) == [(107.005, -6.005), (107.006, -6.005)]
    assert graph.graph["crs"] == "epsg:4326"
    assert graph.graph["notes"] == ()
    assert "surface" in asked[0][1]
    assert list(settings.useful_tags_way) == before


@pytest.mark.parametrize(
    "error", [requests.exceptions.ConnectionError("x"), requests.exceptions.Timeout("x")]
)
def test_server_out_of_reach(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def answer(*_):
        raise error

    overpass(monkeypatch, answer)
    with pytest.raises(NetworkError, match="read an OSM file with read_roads"):
        download_roads(VILLAGE)


def test_server_knows_no_road(monkeypatch: pytest.MonkeyPatch) -> None:
    overpass(monkeypatch, lambda *_: iter([{"elements": []}]))
    with pytest.raises(NetworkError, match="no road in this area"):
        download_roads(VILLAGE)
