"""The files: rasters, GeoPackages, OSM data, GeoJSON and CSV, with the same bytes every run."""

from __future__ import annotations

import csv
import json
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import osmium
import pyogrio
import rasterio
from osmium.osm.mutable import Node, Relation, Way

from sample_place.frame import TO_LONLAT, lonlat
from sample_place.network import Road

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from pyproj import Transformer
    from rasterio.transform import Affine

    from sample_place.frame import Array
    from sample_place.surroundings import Multipolygon, Spot


class Numbers(NamedTuple):
    """Where the numbers of OSM data begin; no two files of the sample share any."""

    node: int
    way: int
    relation: int


ROADS = Numbers(9_900_000_001, 990_000_001, 9_900_001)
SURROUNDINGS = Numbers(9_910_000_001, 991_000_001, 9_910_001)


class Band(NamedTuple):
    """What a raster says of its one band; `nodata` None = there is none."""

    description: str
    unit: str
    nodata: float | None = None


def write_raster(
    path: Path,
    values: Array,
    transform: Affine,
    crs: str,
    band: Band,
    tags: dict[str, str] | None = None,
) -> None:
    """Write a compressed float32 GeoTIFF of one band.

    Parameters
    ----------
    path
        Replaced where it exists.
    values
        Shape (rows, columns).
    transform, crs
        Where the grid lies.
    band
        What the values mean.
    tags
        Metadata of the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, cols = values.shape
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "height": rows, "width": cols}
    profile |= {"crs": crs, "transform": transform, "nodata": band.nodata}
    profile |= {"compress": "deflate", "zlevel": 9, "predictor": 3}
    with rasterio.open(path, "w", **profile, tiled=True, blockxsize=256, blockysize=256) as raster:
        raster.update_tags(**tags or {})
        raster.write(values.astype("float32"), 1)
        raster.set_band_description(1, band.description)
        raster.units = (band.unit,)


def write_vector(path: Path, table: gpd.GeoDataFrame, layer: str) -> None:
    """Write a GeoPackage of one layer.

    Parameters
    ----------
    path
        Replaced where it exists.
    table
        Features.
    layer
        Name of the layer.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2025-01-01T00:00:00.000Z"})
    pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG")


def write_osm(
    path: Path,
    roads: list[Road],
    spots: list[Spot] | None = None,
    areas: list[Multipolygon] | None = None,
    first: Numbers = ROADS,
    *,
    generator: str = "resilience_geo sample",
    to_lonlat: Transformer = TO_LONLAT,
) -> None:
    """Write ways as OSM data; ways that share a vertex share its node.

    Parameters
    ----------
    path
        Replaced where it exists.
    roads
        Ways in the order of their numbers; tags without a value are left out.
    spots
        Nodes with tags.
    areas
        Relations, whose rings are ways without tags.
    first
        Numbers of the first node, way and relation.
    generator
        Who made the file, as its header says.
    to_lonlat
        From the coordinates of the ways.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    areas = areas or []
    nodes: dict[tuple[float, float], int] = {}
    ways = roads + [Road(ring, {}) for area in areas for ring in area.rings]
    vertices = np.vstack([np.round(road.line, 2) for road in ways])
    corners = map(tuple, lonlat(vertices, to_lonlat=to_lonlat).tolist())
    refs = [
        [nodes.setdefault(at, first.node + len(nodes)) for at in islice(corners, len(road.line))]
        for road in ways
    ]
    header = osmium.io.Header()
    header.set("generator", generator)
    header.set("sorting", "Type_then_ID")
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for place, number in nodes.items():
            writer.add_node(Node(id=number, version=1, visible=True, location=place))
        for number, spot in enumerate(spots or [], first.node + len(nodes)):
            place = tuple(lonlat(np.array([[spot.x, spot.y]]), to_lonlat=to_lonlat)[0].tolist())
            about = {"id": number, "version": 1, "visible": True, "tags": spot.tags}
            writer.add_node(Node(**about, location=place))
        for number, (road, of_way) in enumerate(zip(ways, refs, strict=True), first.way):
            tags = {key: value for key, value in road.tags.items() if value}
            writer.add_way(Way(id=number, version=1, visible=True, nodes=of_way, tags=tags))
        ring = first.way + len(roads)
        for number, area in enumerate(areas, first.relation):
            roles = ["outer"] + ["inner"] * (len(area.rings) - 1)
            members = [("w", way, role) for way, role in enumerate(roles, ring)]
            tags = {"type": "multipolygon", **area.tags}
            writer.add_relation(
                Relation(id=number, version=1, visible=True, members=members, tags=tags)
            )
            ring += len(roles)


def write_geojson(path: Path, features: list[dict[str, Any]]) -> None:
    """Write GeoJSON (RFC 7946), one feature a line.

    Parameters
    ----------
    path
        Replaced where it exists.
    features
        Features in longitude and latitude.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    head = '{"type": "FeatureCollection", "features": [\n'
    body = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    path.write_text(f"{head}{body}\n]}}\n", encoding="utf-8", newline="\n")


def write_table(path: Path, rows: list[list[object]]) -> None:
    """Write a table as CSV (UTF-8, comma).

    Parameters
    ----------
    path
        Replaced where it exists.
    rows
        Rows, the head first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
