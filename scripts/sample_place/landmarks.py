"""What people find their way by, as a table: prayer houses, schools, posts, the market."""

from __future__ import annotations

from typing import NamedTuple


class Landmark(NamedTuple):
    """A place everyone knows: its tags, where it lies in local km, and how large it is."""

    name: str
    tags: dict[str, str]
    x_km: float
    y_km: float
    size_m: tuple[float, float]


def _tags(text: str) -> dict[str, str]:
    """Tags written as "key=value key=value"."""
    return dict(pair.split("=") for pair in text.split())


WORSHIP = _tags("amenity=place_of_worship religion=muslim building=mosque")
SCHOOL = _tags("amenity=school building=school")
NURSERY = _tags("amenity=kindergarten building=yes")
OFFICE = _tags("office=government building=government")
HALL = _tags("amenity=community_centre building=yes")
HEALTH = _tags("amenity=clinic building=yes")
POSYANDU = _tags("amenity=health_post building=yes")
FIELD = _tags("leisure=pitch sport=soccer")
COUNTER = _tags("amenity=post_office building=yes")
HOSPITAL = _tags("amenity=hospital building=yes")
POLICE = _tags("amenity=police building=yes")
FIRE = _tags("amenity=fire_station building=yes")
MARKET = _tags("amenity=marketplace building=yes")
FUEL = _tags("amenity=fuel building=roof")
BUSES = _tags("amenity=bus_station building=yes")
BANK = _tags("amenity=bank building=yes")
GRAVES = _tags("landuse=cemetery religion=muslim")

# Tags of shelters by their kind.
SHELTER_TAGS = {
    "school": SCHOOL,
    "place_of_worship": WORSHIP,
    "village_hall": _tags("amenity=townhall building=government"),
    "sports_hall": _tags("leisure=sports_hall building=sports_hall"),
    "community_centre": HALL,
}
LANDMARKS = [
    Landmark("Kantor Camat Sungai Contoh", OFFICE, 5.62, 6.80, (22, 14)),
    Landmark("Puskesmas Sungai Contoh", HOSPITAL, 4.98, 7.02, (24, 16)),
    Landmark("Polsek Sungai Contoh", POLICE, 5.15, 6.94, (16, 12)),
    Landmark("Pos Damkar Sungai Contoh", FIRE, 4.60, 7.02, (14, 10)),
    Landmark("Pasar Rakyat Sungai Contoh", MARKET, 5.36, 6.72, (34, 24)),
    Landmark("SPBU Simpang Tiga", FUEL, 4.30, 6.99, (20, 14)),
    Landmark("Terminal Simpang Tiga", BUSES, 4.72, 6.90, (24, 12)),
    Landmark("Kantor Pos Sungai Contoh", COUNTER, 5.50, 6.60, (12, 9)),
    Landmark("KUD Tani Makmur", BANK, 5.55, 6.88, (12, 9)),
    Landmark("Lapangan Pasar Atas", FIELD, 5.85, 7.18, (90, 58)),
    Landmark("Lapangan Kampung Baru", FIELD, 6.25, 7.92, (80, 52)),
    Landmark("Lapangan Simpang Lubuk", FIELD, 1.70, 7.66, (85, 55)),
    Landmark("Lapangan Danau Lamo", FIELD, 8.45, 7.98, (80, 52)),
    Landmark("Lapangan Kelumpang", FIELD, 7.95, 3.75, (85, 55)),
    Landmark("Lapangan Muara", FIELD, 3.95, 4.30, (80, 50)),
    Landmark("Lapangan Sungai Kijang", FIELD, 10.75, 4.05, (80, 50)),
    Landmark("Lapangan Tampui", FIELD, 6.20, 2.45, (70, 45)),
    Landmark("TPU Pasar Atas", GRAVES, 5.95, 7.40, (60, 40)),
    Landmark("TPU Lubuk Rengas", GRAVES, 1.05, 7.70, (50, 35)),
    Landmark("TPU Kelumpang", GRAVES, 8.15, 3.70, (50, 35)),
    Landmark("Pustu Lubuk Rengas", HEALTH, 1.60, 7.50, (12, 9)),
    Landmark("Pustu Tanjung Kembang", HEALTH, 7.95, 6.55, (12, 9)),
    Landmark("Pustu Muara Pinang", HEALTH, 4.90, 4.15, (12, 9)),
    Landmark("Pustu Kelumpang", HEALTH, 7.60, 3.68, (12, 9)),
    Landmark("Polindes Bukit Tampui", HEALTH, 6.45, 2.30, (10, 8)),
    Landmark("Polindes Sungai Kijang", HEALTH, 10.95, 4.25, (10, 8)),
    Landmark("Posyandu Mawar", POSYANDU, 6.20, 7.80, (9, 7)),
    Landmark("Posyandu Cempaka", POSYANDU, 3.30, 7.02, (9, 7)),
    Landmark("Posyandu Seroja", POSYANDU, 8.60, 7.65, (9, 7)),
    Landmark("Posyandu Anggrek", POSYANDU, 2.75, 3.78, (9, 7)),
    Landmark("PAUD Tunas Harapan", NURSERY, 5.25, 6.62, (14, 9)),
    Landmark("PAUD Bina Kasih", NURSERY, 1.40, 7.68, (14, 9)),
    Landmark("PAUD Pelangi", NURSERY, 7.70, 3.50, (14, 9)),
    Landmark("MI Nurul Ulum", SCHOOL, 4.85, 7.10, (32, 10)),
    Landmark("MTs Darul Falah", SCHOOL, 5.20, 4.02, (34, 10)),
    Landmark("Balai Desa Seberang Kelumpang", SHELTER_TAGS["village_hall"], 7.45, 3.72, (18, 12)),
    Landmark("Masjid Nurul Iman", WORSHIP, 4.70, 7.12, (18, 16)),
    Landmark("Masjid Al-Falah", WORSHIP, 1.95, 6.62, (16, 15)),
    Landmark("Masjid Al-Hidayah", WORSHIP, 5.05, 4.18, (17, 15)),
    Landmark("Masjid Baiturrahim", WORSHIP, 7.65, 3.80, (17, 15)),
    Landmark("Masjid Nurul Yaqin", WORSHIP, 3.68, 4.28, (15, 14)),
    Landmark("Masjid Al-Muhajirin", WORSHIP, 6.00, 7.92, (16, 14)),
    Landmark("Masjid Jabal Nur", WORSHIP, 6.30, 2.28, (15, 13)),
    Landmark("Masjid Darussalam", WORSHIP, 7.90, 6.35, (15, 14)),
    Landmark("Masjid Al-Amin", WORSHIP, 10.60, 8.12, (15, 13)),
    Landmark("Musala Al-Ikhwan", WORSHIP, 5.95, 7.00, (9, 9)),
    Landmark("Musala Ar-Rahman", WORSHIP, 5.50, 6.44, (9, 9)),
    Landmark("Musala An-Nur", WORSHIP, 6.42, 5.55, (9, 9)),
    Landmark("Musala Nurul Hikmah", WORSHIP, 2.05, 6.20, (8, 8)),
    Landmark("Musala Al-Barokah", WORSHIP, 0.75, 8.68, (8, 8)),
    Landmark("Musala Miftahul Jannah", WORSHIP, 9.00, 5.40, (8, 8)),
    Landmark("Musala Nurul Falah", WORSHIP, 2.55, 3.80, (9, 9)),
    Landmark("Musala Al-Mukmin", WORSHIP, 0.65, 4.22, (9, 9)),
    Landmark("Musala Babussalam", WORSHIP, 4.20, 1.55, (8, 8)),
    Landmark("Musala Al-Istiqomah", WORSHIP, 7.70, 1.42, (8, 8)),
    Landmark("Musala Nurul Hidayah", WORSHIP, 7.85, 5.95, (8, 8)),
    Landmark("Musala At-Taubah", WORSHIP, 10.05, 6.48, (8, 8)),
]
