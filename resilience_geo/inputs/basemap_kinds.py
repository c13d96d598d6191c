"""What the land around a village is called: tags of OpenStreetMap and words of Indonesian layers.

Tags are as the OpenStreetMap wiki documents them (Map features, WikiProject Indonesia).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from resilience_geo.inputs.village_codes import clean_code

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYERS: tuple[str, ...] = ("water", "waterways", "buildings", "places", "landmarks")
WATERWAY_KINDS: tuple[str, ...] = ("river", "canal", "drain", "stream", "ditch")
PLACE_KINDS: tuple[str, ...] = (
    "city", "borough", "town", "suburb", "quarter", "village", "neighbourhood", "hamlet",
    "isolated_dwelling",
)  # fmt: skip
LANDMARK_KINDS: tuple[str, ...] = (
    "worship", "school", "health", "government", "market", "police", "fire_station", "fuel", "hall",
    "field", "other",
)  # fmt: skip
TAG_KEYS: tuple[str, ...] = (
    "natural", "waterway", "landuse", "building", "place", "amenity", "healthcare", "office",
    "shop", "leisure", "railway", "historic", "man_made",
)  # fmt: skip
"""A feature without any of these tags is never on the map."""
NAMED_LAYERS: frozenset[str] = frozenset({"places", "landmarks"})
"""What stands in these is of use only with its name."""

_STANDING_WATER = {
    "natural": {"water"},
    "waterway": {"riverbank"},
    "landuse": {"reservoir", "basin"},
}
_LANDMARK_TAGS: tuple[tuple[str, str, str], ...] = (
    ("amenity", "place_of_worship monastery", "worship"),
    ("amenity", "school kindergarten college university prep_school", "school"),
    ("amenity", "hospital clinic doctors health_post", "health"),
    ("healthcare", "hospital clinic doctor centre midwife community_health_worker", "health"),
    ("amenity", "police", "police"),
    ("amenity", "fire_station", "fire_station"),
    ("amenity", "fuel", "fuel"),
    ("amenity", "marketplace", "market"),
    ("shop", "mall supermarket department_store", "market"),
    ("amenity", "townhall public_building courthouse", "government"),
    ("office", "government", "government"),
    ("amenity", "community_centre social_centre events_venue conference_centre", "hall"),
    ("leisure", "sports_hall sports_centre", "hall"),
    ("leisure", "pitch stadium park common", "field"),
    ("landuse", "recreation_ground village_green", "field"),
    ("building", "mosque church temple chapel cathedral shrine religious", "worship"),
    ("building", "school kindergarten college university", "school"),
    ("building", "hospital clinic", "health"),
    ("building", "government public", "government"),
    ("building", "civic sports_hall", "hall"),
    ("amenity", "bus_station ferry_terminal bank post_office library prison grave_yard", "other"),
    ("landuse", "cemetery military", "other"),
    ("railway", "station halt", "other"),
    ("historic", "monument memorial", "other"),
    ("man_made", "water_tower lighthouse communications_tower", "other"),
)
_LANDMARKS: dict[tuple[str, str], str] = {
    (key, value): kind for key, values, kind in _LANDMARK_TAGS for value in values.split()
}
_LANDMARK_KEYS = tuple(dict.fromkeys(key for key, _, _ in _LANDMARK_TAGS))

# Words of names and of columns of kinds; the first that fits counts. A hall of a desa may house
# its office too: people call it by the first word.
_LANDMARK_WORDS: tuple[tuple[str, str], ...] = (
    ("worship", ("masjid mesjid musala musalla mushola mushalla musholla langgar surau gereja pura "
      "vihara wihara klenteng kelenteng mosque church temple place_of_worship worship ibadah")),
    ("school", ("sekolah sd sdn sdit smp smpn sma sman smk smkn tk paud madrasah mi min mts mtsn "
      "man pesantren kampus universitas school kindergarten college university pendidikan")),
    ("health", ("puskesmas pustu poskesdes polindes posyandu klinik rs rsud rsu hospital clinic "
      "doctors health kesehatan")),
    ("police", "polisi polsek polres polda polsubsektor police"),
    ("fire_station", "damkar pemadam fire_station"),
    ("fuel", "spbu pom pertashop fuel"),
    ("market", "pasar market marketplace mall"),
    ("hall", "balai gor gedung_serbaguna aula gsg community_centre hall sports_hall sports_centre"),
    ("government", "kantor kelurahan kecamatan koramil townhall government pemerintahan"),
    ("field", "lapangan alun stadion field pitch stadium park recreation_ground"),
)  # fmt: skip
_WATERWAY_WORDS: tuple[tuple[str, str], ...] = (
    ("ditch", "parit selokan ditch"),
    ("drain", "drainase got drain pembuang"),
    ("canal", "kanal irigasi saluran terusan canal banjir_kanal"),
    ("stream", "anak stream creek alur"),
    ("river", "sungai kali river batang"),
)
_PLACE_WORDS: tuple[tuple[str, str], ...] = (
    ("neighbourhood", "rt rw lingkungan perumahan neighbourhood neighborhood"),
    ("hamlet", "dusun kampung dukuh jorong hamlet lorong padukuhan banjar"),
    ("village", "desa kelurahan nagari gampong village"),
    ("town", "kecamatan town"),
    ("city", "kota city"),
)
_WORDS = {
    layer: {word: kind for kind, words in reversed(table) for word in words.split()}
    for layer, table in (
        ("landmarks", _LANDMARK_WORDS),
        ("waterways", _WATERWAY_WORDS),
        ("places", _PLACE_WORDS),
    )
}
_ALLOWED = {"landmarks": LANDMARK_KINDS, "waterways": WATERWAY_KINDS, "places": PLACE_KINDS}
USUAL_KIND: dict[str, str] = {"landmarks": "other", "waterways": "river", "places": "hamlet"}
"""The kind where a layer file says nothing that is understood."""


def plain_name(text: object) -> str:
    r"""Return a name on one line: every run of blanks and line ends as one blank.

    Examples
    --------
    >>> plain_name("  Masjid\n Nurul   Huda "), plain_name(None)
    ('Masjid Nurul Huda', '')
    """
    return " ".join(clean_code(text).split())


def layers_of_tags(tags: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the layers a feature of OpenStreetMap belongs to, each with its kind there.

    Parameters
    ----------
    tags
        Its tags.

    Returns
    -------
    list of (layer, kind)
        The kind is empty for water and buildings. Wetland is no open water and is left out, as is
        a watercourse in a tunnel, which nobody sees. Whether the geometry fits is not judged here.

    Examples
    --------
    >>> layers_of_tags({"building": "mosque", "amenity": "place_of_worship"})
    [('buildings', ''), ('landmarks', 'worship')]
    >>> layers_of_tags({"waterway": "river"}), layers_of_tags({"natural": "wetland"})
    ([('waterways', 'river')], [])
    """
    found: list[tuple[str, str]] = []
    if any(tags.get(key) in values for key, values in _STANDING_WATER.items()):
        found.append(("water", ""))
    kind = tags.get("waterway", "")
    if kind in WATERWAY_KINDS and tags.get("tunnel", "no") == "no":
        found.append(("waterways", kind))
    building = tags.get("building", "no")
    if building != "no" and tags.get("location") != "underground":
        found.append(("buildings", ""))
    if tags.get("place") in PLACE_KINDS:
        found.append(("places", tags["place"]))
    for key in _LANDMARK_KEYS:
        landmark = _LANDMARKS.get((key, tags.get(key, "")))
        if landmark is not None:
            found.append(("landmarks", landmark))
            break
    return found


def kind_of_words(layer: str, *texts: str) -> str:
    """Return the kind that words of a layer file mean.

    Parameters
    ----------
    layer
        `landmarks`, `waterways` or `places`.
    texts
        What the row says of its kind, then its name; the first that is understood counts.

    Examples
    --------
    >>> kind_of_words("landmarks", "", "SDN 02 Lubuk"), kind_of_words("waterways", "Kanal Barat")
    ('school', 'canal')
    >>> kind_of_words("places", "?")
    'hamlet'
    """
    known = _WORDS[layer]
    for text in texts:
        plain = text.strip().lower()
        if plain in _ALLOWED[layer]:
            return plain
        for word in (plain.replace(" ", "_"), *re.findall(r"[a-z_]+", plain)):
            if word in known:
                return known[word]
    return USUAL_KIND[layer]
