"""The place as tables: its desa, dusun, roads and shelters, in local kilometres."""

from __future__ import annotations

from typing import NamedTuple

# Codes begin with a province that does not exist.
DISTRICT_CODE = "99.01.01"
KECAMATAN, KABUPATEN = "Kecamatan Sungai Contoh", "Kabupaten Contoh"


class Dusun(NamedTuple):
    """A hamlet: where its middle lies, who lives in it and how far its lanes reach."""

    desa: str
    number: str
    name: str
    x_km: float
    y_km: float
    people: int
    reach_m: int


class RoadPlan(NamedTuple):
    """A named road: led over the land between its waypoints, it joins what is there already."""

    name: str
    highway: str
    surface: str
    width: str | None
    waypoints: str


class Shelter(NamedTuple):
    """A place to flee to; None = nobody has counted, or nobody knows."""

    name: str
    kind: str
    x_km: float
    y_km: float
    capacity: int | None
    floor_m2: float | None
    accessible: bool | None


# Code of the desa within the kecamatan, and name.
DESA = {
    "2001": "Pasar Sungai Contoh",
    "2002": "Lubuk Rengas",
    "2003": "Tanjung Kembang",
    "2004": "Muara Pinang",
    "2005": "Bukit Tampui",
    "2006": "Seberang Kelumpang",
}
DUSUN = [
    Dusun("2001", "01", "Pasar Bawah", 5.35, 6.58, 1700, 480),
    Dusun("2001", "02", "Pasar Atas", 5.70, 7.02, 1600, 520),
    Dusun("2001", "03", "Simpang Tiga", 4.75, 7.02, 1200, 450),
    Dusun("2001", "04", "Kampung Baru", 6.10, 7.85, 950, 420),
    Dusun("2001", "05", "Ujung Jembatan", 6.40, 5.62, 520, 330),
    Dusun("2002", "01", "Lubuk Dalam", 2.00, 6.72, 800, 420),
    Dusun("2002", "02", "Simpang Lubuk", 1.50, 7.62, 1150, 480),
    Dusun("2002", "03", "Rantau Panjang", 3.35, 6.98, 900, 420),
    Dusun("2002", "04", "Seberang Lubuk", 2.02, 6.15, 230, 260),
    Dusun("2002", "05", "Talang Buluh", 0.75, 8.60, 380, 300),
    Dusun("2003", "01", "Tanjung Luar", 7.85, 6.42, 620, 380),
    Dusun("2003", "02", "Danau Lamo", 8.55, 7.72, 980, 430),
    Dusun("2003", "03", "Pulau Keliling", 9.02, 5.32, 190, 280),
    Dusun("2003", "04", "Kebun Tinggi", 10.70, 8.20, 620, 380),
    Dusun("2003", "05", "Ujung Tanjung", 11.35, 5.08, 45, 180),
    Dusun("2004", "01", "Muara", 3.75, 4.22, 720, 380),
    Dusun("2004", "02", "Pinang Tengah", 5.10, 4.10, 850, 400),
    Dusun("2004", "03", "Tebing Tinggi", 2.60, 3.72, 700, 380),
    Dusun("2004", "04", "Rantau Gedang", 0.60, 4.30, 430, 330),
    Dusun("2005", "01", "Talang Pinang", 4.75, 2.55, 430, 320),
    Dusun("2005", "02", "Tampui", 6.35, 2.35, 560, 330),
    Dusun("2005", "03", "Ulu Pinang", 4.15, 1.45, 170, 260),
    Dusun("2005", "04", "Lereng Sejuk", 7.75, 1.35, 260, 260),
    Dusun("2006", "01", "Kelumpang", 7.75, 3.62, 1000, 480),
    Dusun("2006", "02", "Tepian", 7.80, 5.85, 330, 280),
    Dusun("2006", "03", "Lubuk Tapah", 10.10, 6.58, 240, 260),
    Dusun("2006", "04", "Sungai Kijang", 10.90, 4.12, 880, 430),
]
# People with no lane of their own: huts in the back swamp, and a hamlet whose paths join nothing
# (local km, people).
HUTS = [(11.55, 6.55, 9), (11.75, 6.75, 7), (0.45, 5.25, 26), (7.35, 4.35, 6)]


OXBOW = "8.2 6.65, 7.95 6.95, 8.05 7.2, 8.45 7.25, 8.7 7.05, 8.65 6.8"

# fmt: off
ROADS = [
    RoadPlan("Jalan Lintas Contoh", "trunk", "asphalt", "7",
     ("-0.6 7.45, 1.5 7.55, 3.35 6.95, 4.75 6.98, 5.9 6.72, 6.35 5.75, "
      "6.45 5, 7.2 3.8, 8.8 4.05, 9.9 4.1, 10.9 4.2, 12.65 4")),
    RoadPlan("Jalan Tepian Sungai", "secondary", "asphalt", "5",
     "4.75 6.98, 4.75 6.35, 5.3 6.52, 5.75 6.3, 6.3 5.85"),
    RoadPlan("Jalan Pasar Lama", "residential", "concrete", "4", "5.3 6.92, 5.3 6.52"),
    RoadPlan("Jalan Pasar Baru", "residential", "concrete", "4", "5.42 6.52, 5.42 6.9"),
    RoadPlan("Jalan Bukit Kesuma", "tertiary", "asphalt", "4.5",
     "5.7 6.8, 5.8 7.3, 6.1 7.85, 8.3 7.95, 10.7 8.2"),
    RoadPlan("Jalan Danau Lamo", "tertiary", "asphalt", "4",
     "6.3 5.85, 7.2 6.2, 7.85 6.4, 7.85 7, 8.3 7.95"),
    RoadPlan("Jalan Pulau Keliling", "unclassified", "gravel", "3", "7.85 6.4, 8.6 5.75, 9.02 5.3"),
    RoadPlan("Jalan Lubuk Dalam", "tertiary", "asphalt", "4",
     "1.5 7.55, 1.75 6.75, 2.05 6.68, 2.5 6.55, 3.35 6.95"),
    RoadPlan("Jalan Talang Buluh", "unclassified", "gravel", "3", "1.2 7.55, 0.75 8.6"),
    RoadPlan("Jalan Muara Pinang", "secondary", "asphalt", "5",
     "7.2 3.8, 6.2 3.95, 5.1 4.1, 4.65 4.05, 3.75 4.2, 2.6 3.72"),
    RoadPlan("Jalan Rantau Gedang", "tertiary", "gravel", "4",
     "2.6 3.72, 1.5 3.9, 0.6 4.3, -0.5 4.2"),
    RoadPlan("Jalan Bukit Tampui", "tertiary", "asphalt", "4",
     "5.1 4.05, 4.95 3.3, 4.75 2.55, 5.6 2.5, 6.35 2.35"),
    RoadPlan("Jalan Lereng Sejuk", "unclassified", "gravel", "3", "6.35 2.35, 7.1 1.9, 7.75 1.35"),
    RoadPlan("Jalan Ulu Pinang", "track", "dirt", None, "4.75 2.55, 4.45 2, 4.15 1.5, 4.05 1.1"),
    RoadPlan("Jalan Tepian Kelumpang", "unclassified", "gravel", "3", "8 3.85, 7.9 4.8, 7.8 5.85"),
    RoadPlan("Jalan Lubuk Tapah", "unclassified", "dirt", "3", "10.6 4.2, 10.15 5.2, 10.1 6.55"),
    RoadPlan("Jalan Tanggul", "path", "dirt", "1.5",
     "9.02 5.3, 9.25 5.75, 9.4 6.6, 10.05 7.1, 10.85 6.4, 10.9 5.4, 11.35 5.08"),
    RoadPlan("Jembatan Gantung", "path", "wood", "1.2", "2.03 6.68, 2.03 6.33, 2.02 6.15"),
    RoadPlan("Jalan Kebun Karet", "track", "dirt", None, "2.6 3.72, 2.3 2.6, 1.9 1.7"),
    RoadPlan("Jalan Kebun Sawit", "track", "unpaved", None, "6.1 7.85, 6.6 9, 7.6 9.5"),
    RoadPlan("Jalan Kebun Seberang", "track", "dirt", None,
     "4.75 2.55, 4.55 2.75, 4.1 2.8, 3.5 2.5"),
    RoadPlan("Jalan Usaha Tani", "track", "dirt", "2.5", "5.6 4.1, 5.75 5, 5.2 5.6"),
    RoadPlan("Jalan Usaha Tani", "track", "dirt", "2.5", "3.35 6.9, 3.9 6.1, 3.6 5.2"),
    RoadPlan("Jalan Simpang Kijang", "unclassified", "gravel", "3", "10.9 4.12, 10.9 3.2, 9.9 2.6"),
]
# fmt: on
LOOSE_PATHS = ("0.30 5.30, 0.42 5.22, 0.55 5.24", "0.42 5.22, 0.45 5.10", "0.42 5.22, 0.40 5.36")
# All but the last stand beside a road.
SHELTERS = [
    Shelter("SDN 01 Pasar Atas", "school", 5.75, 7.10, 280, 1240.0, True),
    Shelter("Masjid Raya Al-Ikhlas", "place_of_worship", 5.45, 7.00, 320, 1450.0, True),
    Shelter("SMPN 1 Sungai Contoh", "school", 6.05, 7.75, 360, 1720.0, True),
    Shelter("Balai Desa Pasar Sungai Contoh", "village_hall", 5.20, 7.10, 150, 610.0, True),
    Shelter("GOR Kecamatan Sungai Contoh", "sports_hall", 4.55, 7.20, 360, 1560.0, True),
    Shelter("SDN 02 Simpang Lubuk", "school", 1.50, 7.65, 220, 940.0, False),
    Shelter("Masjid Nurul Huda", "place_of_worship", 3.45, 7.10, None, 760.0, None),
    Shelter("Balai Desa Lubuk Rengas", "village_hall", 1.15, 7.60, None, 480.0, True),
    Shelter("SDN 03 Talang Buluh", "school", 0.80, 8.50, 120, 590.0, False),
    Shelter("SDN 04 Danau Lamo", "school", 8.55, 7.85, 200, 930.0, True),
    Shelter("Masjid Baitul Makmur", "place_of_worship", 8.30, 7.95, None, None, None),
    Shelter("SDN 05 Kebun Tinggi", "school", 10.75, 8.25, 200, 900.0, False),
    Shelter("Balai Desa Muara Pinang", "village_hall", 3.75, 4.12, 160, 640.0, True),
    Shelter("SDN 06 Tebing Tinggi", "school", 2.70, 3.65, 200, 880.0, None),
    Shelter("Balai Desa Bukit Tampui", "village_hall", 6.35, 2.40, 180, 720.0, False),
    Shelter("Musala Talang Pinang", "place_of_worship", 4.95, 2.60, None, None, False),
    Shelter("Balai Dusun Ulu Pinang", "community_centre", 3.95, 1.55, None, None, None),
    Shelter("SDN 07 Kelumpang", "school", 7.80, 3.55, 200, 880.0, True),
    Shelter("Masjid At-Taqwa", "place_of_worship", 11.05, 4.00, 200, 830.0, None),
    Shelter("Posyandu Lereng Sejuk", "community_centre", 7.75, 1.35, 60, 210.0, False),
    Shelter("SDN 08 Lubuk Dalam", "school", 2.10, 6.80, 210, 930.0, True),
    Shelter("Masjid Jami Pasar Bawah", "place_of_worship", 5.30, 6.75, 300, 1240.0, True),
    Shelter("Balai Desa Tanjung Kembang", "village_hall", 7.85, 6.60, 150, 600.0, True),
    Shelter("SDN 09 Tepian", "school", 7.80, 5.75, 120, 560.0, False),
    Shelter("Pondok Kelompok Tani Rimbo", "community_centre", 9.10, 3.10, 40, None, None),
]
# Roads that lead somewhere; houses gather along them.
THROUGH = ("trunk", "secondary", "tertiary", "unclassified", "residential")
# Names of lanes.
GANG = (
    "Mawar Kenanga Rambutan Durian Duku Manggis Cempaka Pinang Kelapa Mushola "
    "Sawo Nangka Rotan Jelutung Anggrek Bambu Seroja Merbau Petai Sepakat"
)
