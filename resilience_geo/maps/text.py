"""Words, numbers and dates that people read, in Indonesian and in English: one place for all.

The words follow BNPB usage: jiwa, warga yang mengungsi, tempat evakuasi, jalur evakuasi, bahaya
rendah/sedang/tinggi, lansia, penyandang disabilitas. "Lari" is never said: people are told to walk
briskly (BPBD Padang, tsunami outreach).
"""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING

from resilience_geo.errors import InputError, Message, Problem
from resilience_geo.maps.assumption_words import (
    ASSUMPTION_CHOICES,
    ASSUMPTION_NAMES,
    ASSUMPTION_UNITS,
)
from resilience_geo.maps.messages import MESSAGES_ID

if TYPE_CHECKING:
    from collections.abc import Iterable

LANGUAGES: tuple[str, ...] = ("id", "en")

_INDONESIAN: dict[str, str] = {
    "inputs_are_fine": "Semua masukan dapat dipakai.",
    "interrupted": "Dihentikan.",
    "problem": "Masalah",
    "problem_layer": "lapisan",
    "problem_column": "kolom",
    "problem_row": "baris",
    "problem_found": "Ditemukan",
    "problem_expected": "Diharapkan",
    "problem_remedy": "Perbaikan",
    "more_villages": "... dan {count} desa/kelurahan lain; semuanya ada di plan.xlsx",
    "evacuation_map": "Peta Evakuasi",
    "flood": "Banjir",
    "landslide": "Tanah Longsor",
    "tsunami": "Tsunami",
    "generic": "Bahaya",
    "and": "dan",
    "villages_count": "{count} desa/kelurahan",
    "area_code": "Kode wilayah",
    "made_on": "Dibuat",
    "sample": "DATA CONTOH",
    "sample_note": "Data contoh rekaan: tempat, jalan, dan angka di sini tidak nyata.",
    "hazard": "Bahaya",
    "hazard_none": "Tidak ada bahaya",
    "hazard_low": "Bahaya rendah",
    "hazard_medium": "Bahaya sedang",
    "hazard_high": "Bahaya tinggi",
    "hazard_unknown": "Bahaya tidak diketahui",
    "unknown": "tidak diketahui",
    "early": "Berangkat sebelum air datang",
    "early_landslide": "Berangkat sebelum longsor",
    "early_generic": "Berangkat sebelum bahaya datang",
    "late": "Berangkat terlambat",
    "early_short": "Sebelum",
    "late_short": "Terlambat",
    "departure": "Waktu berangkat",
    "summary_need": "{evacuees} jiwa perlu mengungsi.",
    "summary_one": "{allocated} jiwa mendapat tempat evakuasi, {unserved} jiwa belum.",
    "reach": "{people} jiwa sampai",
    "summary_lost": "Bila terlambat, {lost} jiwa kehilangan jalan ke tempat evakuasi.",
    "summary_unknown": "{unknown} jiwa tinggal di daerah yang bahayanya tidak diketahui.",
    "summary_nobody": "Tidak ada warga yang perlu mengungsi menurut data bahaya ini.",
    "legend": "Keterangan",
    "layers": "Lapisan",
    "villages": "Desa/kelurahan",
    "village": "Desa/kelurahan",
    "village_border": "Batas desa (indikatif, bukan acuan resmi)",
    "outside_area": "Di luar wilayah rencana",
    "roads": "Jalan",
    "road_open": "Jalan tetap bisa dilalui",
    "road_slowed": "Jalan melambat bila bahaya datang",
    "road_closed": "Jalan tertutup bila bahaya datang",
    "road_unknown": "Jalan: keadaan tidak diketahui",
    "bridge": "Jembatan",
    "routes": "Jalur evakuasi",
    "route": "Jalur evakuasi utama (arah panah)",
    "route_to": "Jalur ke",
    "flow": "Arus warga",
    "flow_legend": "Arus warga (makin tebal makin banyak jiwa)",
    "flow_people": "{low}-{high} jiwa lewat sini",
    "flow_people_over": "lebih dari {low} jiwa lewat sini",
    "shelters": "Tempat evakuasi",
    "shelter": "Tempat evakuasi",
    "shelter_usable": "Tempat evakuasi bisa dipakai",
    "shelter_unknown_capacity": "Tempat evakuasi, daya tampung tidak diketahui",
    "shelter_in_hazard": "Di daerah bahaya: jangan dipakai",
    "shelter_unknown_hazard": "Tempat evakuasi, bahayanya tidak diketahui",
    "shelter_unreachable": "Tempat evakuasi tidak terjangkau",
    "settlement": "Tempat berangkat warga",
    "kind": "Jenis",
    "status": "Keadaan",
    "capacity": "Daya tampung",
    "people_coming": "Warga yang datang",
    "why_usable": "berdiri di daerah tanpa bahaya atau bahaya rendah",
    "why_in_hazard": "berdiri di daerah bahaya sedang atau tinggi",
    "why_unknown_hazard": "tidak ada data bahaya di tempatnya",
    "why_unreachable": "tidak ada jalan yang sampai ke sana",
    "why_unknown_capacity": "daya tampung tidak diketahui, jadi belum diisi",
    "full": "penuh",
    "over_capacity": "melebihi daya tampung, {excess} jiwa lebih",
    "unserved": "Warga belum terlayani",
    "no_road": "Terlalu jauh dari jalan",
    "cut_off": "Jalan terputus",
    "too_far": "Terlalu lama berjalan",
    "shelters_full": "Tempat evakuasi penuh",
    "capacity_unknown": "Daya tampung tidak diketahui",
    "people": "jiwa",
    "people_total": "Penduduk",
    "people_none": "Tanpa bahaya",
    "people_low": "Di bahaya rendah",
    "people_medium": "Di bahaya sedang",
    "people_high": "Di bahaya tinggi",
    "people_unknown": "Bahaya tidak diketahui",
    "people_outside": "Di luar semua desa",
    "all_villages": "Jumlah semua desa",
    "evacuees": "Warga yang mengungsi",
    "allocated": "Mendapat tempat evakuasi",
    "lost_if_late": "Kehilangan jalan bila terlambat",
    "median_time": "Waktu jalan kaki (median)",
    "within_minutes": "Sampai dalam {minutes} menit",
    "minutes": "{minutes} menit",
    "under_one_minute": "kurang dari 1 menit",
    "walk": "jalan kaki",
    "motorcycle": "sepeda motor",
    "car": "mobil",
    "truck": "truk",
    "distance": "Jarak",
    "travel_time": "Waktu tempuh",
    "hazardous_m": "Lewat bahaya (m)",
    "unknown_m": "Bahaya tidak diketahui (m)",
    "cause": "Sebab",
    "sources": "Sumber data",
    "data_of": "data {date}",
    "cuts_at": "batas kelas {cuts}",
    "nodata_is_none": "tanpa data dianggap tidak ada bahaya",
    "source_villages": "Batas desa",
    "source_hazard": "Bahaya",
    "source_population": "Penduduk",
    "source_roads": "Jalan",
    "source_shelters": "Tempat evakuasi",
    "osm": "© kontributor OpenStreetMap (ODbL)",
    "limits": "Batas data",
    "assumptions": "Asumsi yang dipakai",
    "assumption": "Asumsi",
    "value": "Nilai",
    "unit": "Satuan",
    "source": "Sumber",
    "confidence": "Keyakinan",
    "changed": "Diubah",
    "yes": "ya",
    "no": "tidak",
    "disclaimer": "Alat bantu perencanaan dan sosialisasi, bukan prakiraan dan bukan peringatan "
    "dini. Ikuti arahan BPBD dan perangkat desa. Periksa jalur di lapangan sebelum dipakai.",
    "north": "U",
    "north_up": "Utara di atas",
    "worst_villages": "Desa dengan warga belum terlayani terbanyak",
    "software": "Perangkat lunak",
    "crs": "Sistem koordinat",
    "scale": "Skala",
    "sheet_summary": "Ringkasan",
    "sheet_exposure": "Paparan",
    "sheet_villages": "Desa",
    "sheet_shelters": "Tempat evakuasi",
    "sheet_routes": "Jalur",
    "sheet_unserved": "Tidak terlayani",
    "sheet_assumptions": "Asumsi",
    "sheet_sources": "Sumber & batas",
    "code": "Kode",
    "name": "Nama",
    "origins": "Titik berangkat",
    "item": "Butir",
    "field": "Nama di perangkat lunak",
    "min": "menit",
    "routes_note": "Satu baris untuk tiap desa dan tempat evakuasi: jalur dengan warga terbanyak.",
}

_ENGLISH: dict[str, str] = {
    "inputs_are_fine": "All inputs can be used.",
    "interrupted": "Interrupted.",
    "problem": "Problem",
    "problem_layer": "layer",
    "problem_column": "column",
    "problem_row": "row",
    "problem_found": "Found",
    "problem_expected": "Expected",
    "problem_remedy": "Remedy",
    "more_villages": "... and {count} more villages; all of them are in plan.xlsx",
    "evacuation_map": "Evacuation Map",
    "flood": "Flood",
    "landslide": "Landslide",
    "tsunami": "Tsunami",
    "generic": "Hazard",
    "and": "and",
    "villages_count": "{count} villages",
    "area_code": "Area code",
    "made_on": "Made on",
    "sample": "SAMPLE DATA",
    "sample_note": "Made-up sample data: the places, roads and numbers here are not real.",
    "hazard": "Hazard",
    "hazard_none": "No hazard",
    "hazard_low": "Low hazard",
    "hazard_medium": "Medium hazard",
    "hazard_high": "High hazard",
    "hazard_unknown": "Hazard unknown",
    "unknown": "unknown",
    "early": "Leaving before the water comes",
    "early_landslide": "Leaving before the slide",
    "early_generic": "Leaving before the hazard comes",
    "late": "Leaving too late",
    "early_short": "Before",
    "late_short": "Too late",
    "departure": "Departure",
    "summary_need": "{evacuees} people need to evacuate.",
    "summary_one": "{allocated} people have a shelter, {unserved} do not.",
    "reach": "{people} people arrive",
    "summary_lost": "If they leave too late, {lost} people lose their way to a shelter.",
    "summary_unknown": "{unknown} people live where the hazard is unknown.",
    "summary_nobody": "Nobody needs to evacuate according to this hazard data.",
    "legend": "Legend",
    "layers": "Layers",
    "villages": "Villages",
    "village": "Village",
    "village_border": "Village border (indicative, not an official reference)",
    "outside_area": "Outside the planned area",
    "roads": "Roads",
    "road_open": "Road stays open",
    "road_slowed": "Road slows when the hazard comes",
    "road_closed": "Road closes when the hazard comes",
    "road_unknown": "Road: state unknown",
    "bridge": "Bridge",
    "routes": "Evacuation routes",
    "route": "Main evacuation route (arrows show the way)",
    "route_to": "Route to",
    "flow": "Flow of people",
    "flow_legend": "Flow of people (wider is more people)",
    "flow_people": "{low}-{high} people pass here",
    "flow_people_over": "more than {low} people pass here",
    "shelters": "Shelters",
    "shelter": "Shelter",
    "shelter_usable": "Usable shelter",
    "shelter_unknown_capacity": "Shelter of unknown capacity",
    "shelter_in_hazard": "In the hazard zone: do not use",
    "shelter_unknown_hazard": "Shelter, its hazard unknown",
    "shelter_unreachable": "Shelter out of reach",
    "settlement": "Where people leave from",
    "kind": "Kind",
    "status": "Status",
    "capacity": "Capacity",
    "people_coming": "People coming",
    "why_usable": "it stands where there is no or low hazard",
    "why_in_hazard": "it stands in medium or high hazard",
    "why_unknown_hazard": "no hazard data where it stands",
    "why_unreachable": "no road leads to it",
    "why_unknown_capacity": "its capacity is unknown, so nobody is sent there yet",
    "full": "full",
    "over_capacity": "{excess} people more than it holds",
    "unserved": "People not served",
    "no_road": "Too far from a road",
    "cut_off": "Cut off",
    "too_far": "Too long to walk",
    "shelters_full": "Shelters full",
    "capacity_unknown": "Capacity unknown",
    "people": "people",
    "people_total": "Population",
    "people_none": "No hazard",
    "people_low": "In low hazard",
    "people_medium": "In medium hazard",
    "people_high": "In high hazard",
    "people_unknown": "Hazard unknown",
    "people_outside": "Outside all villages",
    "all_villages": "All villages",
    "evacuees": "Evacuees",
    "allocated": "With a shelter",
    "lost_if_late": "Lose their way if late",
    "median_time": "Median walking time",
    "within_minutes": "Safe within {minutes} minutes",
    "minutes": "{minutes} min",
    "under_one_minute": "under 1 min",
    "walk": "walking",
    "motorcycle": "motorcycle",
    "car": "car",
    "truck": "truck",
    "distance": "Distance",
    "travel_time": "Travel time",
    "hazardous_m": "Through hazard (m)",
    "unknown_m": "Hazard unknown (m)",
    "cause": "Cause",
    "sources": "Data sources",
    "data_of": "data of {date}",
    "cuts_at": "class cuts {cuts}",
    "nodata_is_none": "no data is taken as no hazard",
    "source_villages": "Village borders",
    "source_hazard": "Hazard",
    "source_population": "Population",
    "source_roads": "Roads",
    "source_shelters": "Shelters",
    "osm": "© OpenStreetMap contributors (ODbL)",
    "limits": "Limits of the data",
    "assumptions": "Assumptions used",
    "assumption": "Assumption",
    "value": "Value",
    "unit": "Unit",
    "source": "Source",
    "confidence": "Confidence",
    "changed": "Changed",
    "yes": "yes",
    "no": "no",
    "disclaimer": "An aid for planning and outreach, not a forecast and not a warning. Follow the "
    "BPBD and the village officials. Check the routes on the ground before use.",
    "north": "N",
    "north_up": "North is up",
    "worst_villages": "Villages with most people not served",
    "software": "Software",
    "crs": "Coordinate system",
    "scale": "Scale",
    "sheet_summary": "Summary",
    "sheet_exposure": "Exposure",
    "sheet_villages": "Villages",
    "sheet_shelters": "Shelters",
    "sheet_routes": "Routes",
    "sheet_unserved": "Not served",
    "sheet_assumptions": "Assumptions",
    "sheet_sources": "Sources & limits",
    "code": "Code",
    "name": "Name",
    "origins": "Origins",
    "item": "Item",
    "field": "Name in the software",
    "min": "min",
    "routes_note": "One row per village and shelter: the route of the most people.",
}

WORDS: dict[str, dict[str, str]] = {"id": _INDONESIAN, "en": _ENGLISH}

_MONTHS: dict[str, tuple[str, ...]] = {
    "id": (
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}


def check_language(language: str) -> str:
    """Return `language` when there are words in it.

    Raises
    ------
    InputError
        There are none.
    """
    if language not in WORDS:
        raise InputError(
            Problem(
                found=Message("language {language}", language=repr(language)),
                expected=Message("one of {names}", names=", ".join(LANGUAGES)),
                remedy=Message("choose one of them"),
            )
        )
    return language


def word(term: str, language: str, **values: object) -> str:
    """Return the words for a term, with its placeholders filled.

    Examples
    --------
    >>> word("summary_need", "id", evacuees=number(1234, "id"))
    '1.234 jiwa perlu mengungsi.'
    """
    return WORDS[language][term].format(**values)


def number(value: float | None, language: str, decimals: int = 0) -> str:
    """Return a number as it is written in a language; not a number is "unknown".

    Examples
    --------
    >>> number(1234.5, "id", 1), number(1234.5, "en", 1), number(float("nan"), "id")
    ('1.234,5', '1,234.5', 'tidak diketahui')
    """
    if value is None or math.isnan(value):
        return word("unknown", language)
    text = f"{value:,.{decimals}f}"
    if text.strip("-0.,") == "":
        text = text.lstrip("-")
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def plain_number(value: float, language: str) -> str:
    """Return a number with as many decimals as it has.

    Examples
    --------
    >>> plain_number(0.76, "id"), plain_number(500.0, "id")
    ('0,76', '500')
    """
    shown = f"{value:.10f}".rstrip("0")
    return number(value, language, len(shown.partition(".")[2]))


def people(value: float | None, language: str) -> str:
    """Return a number of people as whole people; a share of one person counts as "<1"."""
    if value is not None and 0 < value < 0.5:  # noqa: PLR2004  half a person rounds to none
        return "<1"
    return number(value, language)


def minutes(seconds: float | None, language: str) -> str:
    """Return a time in whole minutes, never shorter than it is."""
    if seconds is None or math.isnan(seconds):
        return word("unknown", language)
    if seconds < 60:  # noqa: PLR2004  seconds in a minute
        return word("under_one_minute", language)
    return word("minutes", language, minutes=number(math.ceil(seconds / 60.0 - 1e-9), language))


def distance(metres: float | None, language: str) -> str:
    """Return a distance in steps of 10 m, from 1 km on in tenths of a kilometre."""
    if metres is None or math.isnan(metres):
        return word("unknown", language)
    if metres < 995:  # noqa: PLR2004  what rounds to less than a kilometre
        return f"{number(round(metres, -1), language)} m"
    return f"{number(metres / 1000.0, language, 1)} km"


def date(text: object, language: str) -> str:
    """Return an ISO date or time as a date people read; any other text as it is.

    Examples
    --------
    >>> date("2026-11-22T05:02:00+00:00", "id")
    '22 November 2026'
    """
    try:
        day = datetime.datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def listing(names: Iterable[str], language: str) -> str:
    """Return names as a list with "and" before the last.

    Examples
    --------
    >>> listing(["Alak", "Manutapen", "Mantasi"], "id")
    'Alak, Manutapen dan Mantasi'
    """
    parts = list(names)
    if len(parts) < 2:  # noqa: PLR2004  nothing to join
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word('and', language)} {parts[-1]}"


def message(note: object, language: str) -> str:
    """Return a note of a plan in a language; one without a translation stays English."""
    if language == "id" and isinstance(note, Message):
        return note.in_words_of(MESSAGES_ID)
    return str(note)


def departure_name(departure: str, hazard_kind: str, language: str) -> str:
    """Return the name of a departure, fitting the kind of hazard."""
    if departure == "early" and hazard_kind in ("landslide", "generic"):
        return word(f"early_{hazard_kind}", language)
    return word(departure, language)


def assumption_name(name: str, language: str) -> str:
    """Return what an assumption is called; one without words keeps its field name."""
    return ASSUMPTION_NAMES[language].get(name, name)


def assumption_choice(value: str, language: str) -> str:
    """Return a value of an assumption that is a word, as people say it."""
    return ASSUMPTION_CHOICES[language].get(value, value)


def assumption_unit(unit: str, language: str) -> str:
    """Return the unit of an assumption, in words where it is one."""
    return ASSUMPTION_UNITS[language].get(unit, unit)
