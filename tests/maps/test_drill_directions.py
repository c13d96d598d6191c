from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience_geo.maps.drill_directions import main_roads, short_name, way_steps

TURNS = ("straight", "slight_left", "left", "sharp_left", "slight_right", "right", "sharp_right")


def leg(turn, road="", metres=100.0, **values):
    return {
        "turn": turn,
        "bearing_degrees": 90.0,
        "road_name": road,
        "highway": "residential",
        "on_bridge": False,
        "distance_m": metres,
        "hazardous_m": 0.0,
        "landmark": "",
        "x": 0.0,
        "y": 0.0,
        **values,
    }


def legs(*rows):
    return pd.DataFrame([*rows, leg("arrive", metres=0.0)])


def words_of(*rows, language="id", most=10):
    return [step.words for step in way_steps(legs(*rows), "SDN 01", language, most=most)]


def test_a_way_is_told_as_on_paper():
    told = words_of(
        leg("start", "Jl. Melati", 120.0, hazardous_m=80.0),
        leg("left", "Gang Mawar", 61.0, landmark="Masjid Al-Huda"),
        leg("right", "Gang Mawar", 1240.0, on_bridge=True),
        leg("slight_right", "", 34.0, highway="path"),
    )
    assert told == [
        "Ke arah timur lewat Jl. Melati, 120 m (bahaya 80 m)",
        "Di Masjid Al-Huda belok kiri ke Gang Mawar, 60 m",
        "Belok kanan, tetap di Gang Mawar, menyeberang jembatan, 1,2 km",
        "Serong kanan ke jalan setapak, 30 m",
        "Sampai di SDN 01",
    ]


def test_walks_off_the_road_begin_at_home_and_end_at_the_shelter():
    told = words_of(
        leg("start", highway="walk", metres=4.0, bearing_degrees=310.0),
        leg("right", "Jl. Melati"),
        leg("left", highway="walk", metres=22.0),
    )
    assert told[0] == "Dari rumah ke arah barat laut, menuju jalan, 10 m"
    assert told[2] == "Belok kiri menuju SDN 01, 20 m"


def test_a_start_without_a_direction_still_has_words():
    assert words_of(leg("start", "Jl. A", bearing_degrees=math.nan))[0].startswith("Ke arah utara")


def test_hazard_that_nobody_knows_is_not_printed():
    assert words_of(leg("start", "Jl. A", hazardous_m=math.nan))[0].endswith("100 m")


def test_the_shortest_neighbours_are_joined_and_both_turns_said():
    told = words_of(
        leg("start", "Jl. A", 500.0),
        leg("left", "Gang B", 20.0),
        leg("right", "Gang C", 30.0),
        leg("right", "Jl. D", 400.0),
        most=4,
    )
    assert told[1] == "Belok kiri ke Gang B, lalu belok kanan ke Gang C, 50 m"
    assert len(told) == 4


def test_of_many_joined_turns_the_direction_is_told():
    rows = [leg("start", "Jl. A", 500.0), *(leg("left", f"Gang {n}", 10.0) for n in range(6))]
    # All begin at one place but the last, south of it.
    end = leg("arrive", metres=0.0, y=-40.0)
    told = [step.words for step in way_steps(pd.DataFrame([*rows, end]), "SDN", "id", most=3)]
    assert told[1] == "Belok kiri ke Gang 0, lalu lewat jalan-jalan kecil ke arah selatan, 60 m"


def test_of_many_joined_turns_the_main_road_and_the_next_are_named():
    rows = [
        leg("start", "Jl. A", 500.0),
        leg("left", "Gang B", 20.0),
        leg("right", "Gang C", 30.0),
        leg("left", "Gang D", 10.0),
        leg("right", "Jl. E", 400.0, x=90.0, y=5.0),
    ]
    assert words_of(*rows, most=4)[1] == (
        "Belok kiri ke Gang B, lalu terutama lewat Gang C ke arah timur sampai Jl. E, 60 m"
    )


def test_the_last_metres_before_the_door_are_not_told():
    told = words_of(leg("start", "Jl. A", 500.0), leg("sharp_right", "", 20.0, landmark="SDN 01"))
    assert told == ["Ke arah timur lewat Jl. A, 500 m", "Sampai di SDN 01"]
    wet = words_of(leg("start", "Jl. A", 500.0), leg("right", "", 20.0, hazardous_m=20.0))
    assert len(wet) == 3


def test_a_turn_at_the_place_itself_names_no_landmark():
    told = words_of(leg("start", "Jl. A", 500.0), leg("left", "Jl. B", 90.0, landmark="SDN 01"))
    assert told[1] == "Belok kiri ke Jl. B, 90 m"


def test_english_has_the_same_turns():
    told = words_of(
        leg("start", "Jl. Melati", 120.0),
        leg("sharp_left", "", 61.0, highway="track", landmark="Masjid"),
        language="en",
    )
    assert told == [
        "Go east along Jl. Melati, 120 m",
        "At Masjid turn sharp left onto a dirt road, 60 m",
        "Arrive at SDN 01",
    ]


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(TURNS),
            st.sampled_from(["", "Jl. A", "Jl. B"]),
            st.floats(0.0, 3000.0),
        ),
        min_size=1,
        max_size=40,
    ),
    most=st.integers(2, 12),
)
def test_steps_keep_every_metre_and_never_are_too_many(rows, most):
    given_legs = [leg(turn, road, metres) for turn, road, metres in rows]
    steps = way_steps(legs(*given_legs), "SDN 01", "id", most=most)
    assert sum(step.distance_m for step in steps) == pytest.approx(sum(row[2] for row in rows))
    *_, last = rows
    at_the_door = len(rows) > 1 and last[1] == "" and last[2] < 30.0
    assert len(steps) == min(len(rows) + 1 - at_the_door, most)
    assert steps[-1].turn == "arrive"
    assert steps[0].turn == rows[0][0]


def test_the_longest_roads_are_named_in_the_order_of_the_way():
    rows = legs(
        leg("start", "Jl. A", 50.0),
        leg("left", "Jl. B", 300.0),
        leg("left", "Gang C", 10.0),
        leg("left", "Jl. D", 200.0),
        leg("left", "Jl. A", 100.0),
    )
    assert main_roads(rows, "id") == "Jl. A, Jl. B dan Jl. D"
    assert main_roads(legs(leg("start", highway="steps")), "id") == "tangga"


def test_a_name_in_a_sentence_is_short():
    assert short_name("a" * 60) == "a" * 60
    assert short_name("a" * 61) == "a" * 57 + "..."
