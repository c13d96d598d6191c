"""The limits that are printed with a plan."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

import resilience_geo as rg
from resilience_geo.errors import Message
from tests.analysis.toys import flood_patches, people, rect, road_graph, shelters, villages

NAN = float("nan")
WET = (300, 200, 400, 300, 1.0)


def plan_of(*patches, kind="flood", targets=None, counts=None, frame=None, **assumptions):
    if counts is None:
        counts = np.full((6, 10), 2.0)
    return rg.plan_evacuation(
        villages(A=rect(0, 0, 1000, 600)) if frame is None else frame,
        flood_patches(*patches, kind=kind),
        people(counts, cell=100),
        road_graph({1: (105, 105), 2: (905, 105)}, (1, 2)),
        shelters((905, 105)) if targets is None else targets,
        assumptions=rg.EvacuationAssumptions(**assumptions),
    )


def text_of(plan):
    return " | ".join(plan.notes)


def test_every_note_is_a_message_that_can_be_translated():
    notes = plan_of(WET).notes
    assert notes
    assert all(isinstance(note, Message) for note in notes)
    assert len(set(notes)) == len(notes)


def test_straight_walks_are_always_told():
    assert "straight lines" in text_of(plan_of(WET))


def test_people_in_unknown_hazard_are_told_and_not_called_safe():
    # One cell of 100 m with 2 people of whom nothing is known.
    assert "2 people live where the hazard is unknown" in text_of(
        plan_of(WET, (500, 500, 600, 600, NAN))
    )
    assert "unknown" not in text_of(plan_of(WET))


def test_villages_mostly_outside_the_population_layer_are_told():
    # A third of B lies on the layer, more than half of C.
    frame = villages(A=rect(0, 0, 900, 600), B=rect(900, 0, 1200, 300), C=rect(950, 300, 1040, 310))
    assert "1 villages lie for more than half outside" in text_of(plan_of(WET, frame=frame))


def test_hazard_without_depth_is_told():
    landslide = plan_of((300, 200, 400, 300, 0.9), kind="landslide")
    assert "not a water depth" in text_of(landslide)
    assert "not a water depth" not in text_of(plan_of(WET))


@pytest.mark.parametrize(("capacity", "told"), [(1.0, True), (2.0, False), (500.0, False)])
def test_people_for_whom_there_is_no_room_are_told(capacity, told):
    plan = plan_of(WET, targets=shelters((905, 105), capacity=capacity))
    assert plan.villages["allocated"].sum() == min(2, capacity)
    assert ("1 people find every shelter" in text_of(plan)) == told


def test_unknown_capacity_is_told_with_the_people_it_could_change():
    plan = plan_of(WET, targets=shelters((905, 105), capacity=NAN))
    assert plan.villages["capacity_unknown"].sum() == 2
    assert "2 more people would have a place" in text_of(plan)


def test_provenance_is_json_and_names_inputs_versions_and_time():
    provenance = json.loads(json.dumps(plan_of(WET).provenance))
    assert provenance["crs"] == "EPSG:32748"
    assert provenance["inputs"]["hazard"]["cuts"] == [0.1, 0.76, 1.5]
    assert provenance["inputs"]["population"]["unit"] == "people_per_cell"
    assert "OpenStreetMap" in provenance["inputs"]["roads"]["attribution"]
    made = dt.datetime.fromisoformat(provenance["created"])
    assert abs(dt.datetime.now(tz=dt.UTC) - made) < dt.timedelta(minutes=5)


def test_those_who_must_wade_out_late_are_counted():
    # The two people of (350, 250) stand in 1 m of water, 50 m from its edge, 145 m from the road.
    told = "2 of the people with a place stand where a road would be closed"
    assert told in text_of(plan_of((300, 200, 400, 300, 1.0)))
    # Low water closes nothing; and nobody need leave it.
    assert "stand where a road" not in text_of(plan_of((300, 200, 400, 300, 0.2)))
