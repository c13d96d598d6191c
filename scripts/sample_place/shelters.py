"""The shelters: each beside its road, with what is known of it and what nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sample_place.frame import away, km, lonlat
from sample_place.network import Road
from sample_place.people import on_the_ground
from sample_place.places import SHELTERS

if TYPE_CHECKING:
    from sample_place.frame import Array


def place_shelters(roads: list[Road]) -> tuple[Array, list[Road]]:
    """Find where each shelter stands beside its road.

    Parameters
    ----------
    roads
        Every way of the place.

    Returns
    -------
    tuple of numpy.ndarray and list of Road
        Longitude and latitude; the driveway to each but the last, which has none.
    """
    vertices = np.vstack([r.line for r in on_the_ground(roads) if r.tags["highway"] != "track"])
    places, drives = km([(shelter.x_km, shelter.y_km) for shelter in SHELTERS]), []
    for k, wanted in enumerate(places[:-1]):
        gate = vertices[away(vertices, wanted).argmin()]
        far = np.hypot(*(wanted - gate))
        places[k] = gate + (wanted - gate) / max(far, 1.0) * np.clip(far, 18.0, 40.0)
        line = np.vstack([gate, places[k]])
        drives.append(Road(line, {"highway": "service", "service": "driveway"}))
    return lonlat(places, 6), drives


def shelter_features(places: Array) -> list[dict[str, Any]]:
    """Describe the shelters as GeoJSON features in which what nobody knows is null.

    Parameters
    ----------
    places
        Longitude and latitude of each.

    Returns
    -------
    list of dict
        One feature per shelter.
    """
    return [
        {
            "type": "Feature",
            "properties": {
                "shelter_id": f"TE-{k:02d}",
                "name": shelter.name,
                "kind": shelter.kind,
                "kapasitas": shelter.capacity,
                "luas_lantai_m2": shelter.floor_m2,
                "accessible": shelter.accessible,
            },
            "geometry": {"type": "Point", "coordinates": place},
        }
        for k, (shelter, place) in enumerate(zip(SHELTERS, places.tolist(), strict=True), 1)
    ]
