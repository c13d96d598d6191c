"""The index page of a run and the small pictures on it."""

from __future__ import annotations

import dataclasses
import functools
import html.parser
import itertools
import re
import shutil
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import resilience_geo as rg
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import InputError, Message
from resilience_geo.hazard_classes import HIGH, LOW, MEDIUM, NONE, UNKNOWN
from resilience_geo.maps import style
from resilience_geo.maps.index_page import save_index_page
from resilience_geo.maps.offline import external_loads
from resilience_geo.maps.thumbnail import MOST_LETTERS, WIDTH, legend_signs, thumbnail_svg
from resilience_geo.maps.words_index import ENGLISH, INDONESIAN
from resilience_geo.village_run import VillageRun

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIZES = {"phone": (390, 844), "desktop": (1366, 768)}
FILES = ("map.html", "map.pdf", "plan.gpkg", "plan.xlsx", "routes.gpx", "routes.kml")
EVIL = (
    "<b>Tebal</b>\"'</script><script>window.hacked=1</script>",
    "{{ 7*7 }} {% if x %} <img src=x onerror=window.hacked=2>",
    'Muara & "Pinang" \\ `${window.hacked=3}` \u2028 <!-- ',
    "<svg onload=window.hacked=4><a href=javascript:window.hacked=5>x</a>",
    "\u202eterbalik\u202c \u200f\u2067 \x07 //evil.example/x.png",
    "</title></style></textarea><iframe srcdoc='<script>parent.hacked=7</script>'>",
    "N" * 4000,
)


# ---- the small picture -------------------------------------------------------------------------

SIDE = 960.0  # of the village (m): a tenth of a pixel to a metre, from (32, 12) to (128, 108)


def _square_plan(toy, classes, *, cell=40.0, shelters=None, routes=None):
    """Return a plan of one square village over a raster that begins at its upper left corner."""
    plan = toy.toy_plan()
    grid = toy.Grid(Affine(cell, 0, toy.EAST, 0, -cell, toy.NORTH + SIDE), classes.shape, toy.CRS)
    villages = plan.villages.iloc[:1].copy()
    villages["geometry"] = [shapely.box(*toy.at(0, 0), *toy.at(SIDE, SIDE))]
    return dataclasses.replace(
        plan,
        villages=villages,
        hazard=toy.ToyHazard(grid=grid, values=classes),
        routes=plan.routes.iloc[:0] if routes is None else routes,
        shelters=plan.shelters.iloc[:0] if shelters is None else shelters,
    )


def _elements(svg):
    return [
        {**node.attrib, "tag": node.tag.rpartition("}")[2]} for node in ET.fromstring(svg).iter()
    ]


def _rings(data):
    """Return the rings of a path of M, h, v and z; written apart from the code that draws them."""
    rings = []
    for part in filter(None, data.split("z")):
        begin, *steps = re.findall(r"([Mhv])(-?\d+(?:[ -]\d+)?)", part)
        x, y = (int(value) for value in re.findall(r"-?\d+", begin[1]))
        points = [(x, y)]
        for letter, step in steps:
            x, y = (x + int(step), y) if letter == "h" else (x, y + int(step))
            points.append((x, y))
        rings.append(shapely.Polygon(points))
    return rings


def _area_of(svg, colour):
    """Return what is filled with a colour, in pixels."""
    area = shapely.Polygon()
    for one in _elements(svg):
        if one.get("fill") == colour and one.get("shape-rendering") == "crispEdges":
            for ring in _rings(one["d"]):  # even-odd
                area = shapely.symmetric_difference(area, ring)
    return area


def test_a_village_half_in_high_hazard_is_drawn_as_on_paper(toy):
    classes = np.full((24, 24), NONE, dtype=np.uint8)
    classes[:, :12] = HIGH
    svg = thumbnail_svg(_square_plan(toy, classes))
    assert _area_of(svg, style.HAZARD_COLOURS[HIGH]).equals(shapely.box(32, 12, 80, 108))
    veil = next(one["d"] for one in _elements(svg) if one.get("fill-rule") and "l" in one["d"])
    corners = {
        tuple(point)
        for point in np.cumsum(
            [
                [int(value) for value in pair]
                for pair in re.findall(r"(-?\d+)[ ]?(-?\d+)", veil.partition("z")[2])
            ],
            axis=0,
        ).tolist()
    }
    assert corners == {(32, 12), (128, 12), (128, 108), (32, 108)}


def test_land_beyond_the_hazard_layer_is_hatched_and_never_blank(toy):
    svg = thumbnail_svg(_square_plan(toy, np.full((24, 12), NONE, dtype=np.uint8)))
    assert _area_of(svg, style.UNKNOWN_COLOUR).equals(shapely.box(80, 12, 128, 108))
    hatch = [one for one in _elements(svg) if one.get("stroke-linecap") == "butt"]
    starts = re.findall(r"M(\d+) (\d+)l(\d+)(-\d+)", hatch[0]["d"])
    assert len(starts) > 10
    for x, y, across, down in (map(int, start) for start in starts):
        assert across == -down
        assert 80 <= x < x + across <= 128
        assert 12 <= y + down < y <= 108


GRAVITY = {NONE: 0, LOW: 1, UNKNOWN: 2, MEDIUM: 3, HIGH: 4}


@given(
    arrays(np.uint8, (12, 12), elements=st.sampled_from([NONE, LOW, MEDIUM, HIGH, UNKNOWN])),
    st.integers(0, 18),
    st.integers(0, 18),
)
@settings(max_examples=25, deadline=None)
def test_each_cell_has_the_gravest_of_its_four_places(toy, some, down, across):
    # Cells of 20 m are 2 pixels, so each of 4 pixels has four of them.
    classes = np.full((48, 48), NONE, dtype=np.uint8)
    classes[2 * down : 2 * down + 12, 2 * across : 2 * across + 12] = some
    svg = thumbnail_svg(_square_plan(toy, classes, cell=20.0))
    colours = {number: style.colour_of(number) for number in (LOW, MEDIUM, HIGH, UNKNOWN)}
    areas = {number: _area_of(svg, colour) for number, colour in colours.items()}
    for row, column in itertools.product(range(24), range(24)):
        four = classes[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].ravel().tolist()
        worst = max(four, key=GRAVITY.__getitem__)
        middle = shapely.Point(32 + 4 * column + 2, 12 + 4 * row + 2)
        drawn = [number for number, area in areas.items() if area.contains(middle)]
        assert drawn == ([worst] if worst != NONE else [])


def test_polygons_show_the_gravest_class_and_what_none_covers_is_unknown(toy):
    shapes = [shapely.box(*toy.at(0, 0), *toy.at(480, 960))] * 2
    polygons = gpd.GeoDataFrame({"hazard_class": [LOW, HIGH]}, geometry=shapes, crs=toy.CRS)
    plan = _square_plan(toy, np.zeros((24, 24), dtype=np.uint8))
    hazard = toy.ToyHazard(polygons=polygons.to_crs(4326))
    svg = thumbnail_svg(dataclasses.replace(plan, hazard=hazard))
    half = shapely.box(32, 12, 80, 108)
    assert _area_of(svg, style.HAZARD_COLOURS[HIGH]).symmetric_difference(half).area <= 2 * 4 * 96
    assert _area_of(svg, style.HAZARD_COLOURS[LOW]).is_empty
    assert _area_of(svg, style.UNKNOWN_COLOUR).area >= 44 * 96


def _shelters(toy, rows):
    return gpd.GeoDataFrame(
        {
            "shelter_id": [row[0] for row in rows],
            "capacity_people": [row[1] for row in rows],
            "allocated_people": [row[2] for row in rows],
            "departure": "early",
        },
        geometry=[shapely.Point(toy.at(*row[3])) for row in rows],
        crs=toy.CRS,
    )


def _routes(toy, rows):
    return gpd.GeoDataFrame(
        {
            "shelter_id": [row[0] for row in rows],
            "evacuees": [row[1] for row in rows],
            "rank": [row[2] for row in rows],
            "departure": [row[3] for row in rows],
        },
        geometry=[toy.line(*row[4]) for row in rows],
        crs=toy.CRS,
    )


def test_shelters_and_routes_are_those_of_the_people_of_the_village(toy):
    shelters = _shelters(
        toy,
        [
            ("room", 50.0, 10, (200, 960)),
            ("full", 50.0, 50, (400, 960)),
            ("of_others", 50.0, 50, (600, 960)),
            ("unknown", np.nan, 0, (800, 960)),
            ("far", 50.0, 10, (9000, 960)),
        ],
    )
    routes = _routes(
        toy,
        [
            ("room", 10, 1, "early", ((200, 0), (200, 960))),
            ("full", 10, 1, "early", ((400, 0), (400, 960))),
            ("far", 10, 1, "early", ((0, 480), (9000, 480))),
            ("full", 10, 2, "early", ((900, 0), (900, 960))),
            ("room", 10, 1, "late", ((700, 0), (700, 960))),
        ],
    )
    nothing = np.zeros((24, 24), dtype=np.uint8)
    svg = thumbnail_svg(_square_plan(toy, nothing, shelters=shelters, routes=routes))
    marks = {
        (one["stroke"], one["stroke-linecap"]): one["d"]
        for one in _elements(svg)
        if one.get("d", "").endswith("h0")
    }
    assert marks[style.SHELTER_USABLE, "round"] == "M52 12h0"
    assert marks[style.SHELTER_USABLE, "square"] == "M72 12h0"
    assert marks[style.SHELTER_UNUSABLE, "round"] == "M92 12h0M112 12h0"
    ways = next(one["d"] for one in _elements(svg) if one.get("stroke") == style.ROUTE.colour)
    xs = {int(x) for x in re.findall(r"M(-?\d+)", ways)}
    assert xs <= {32, 52, 72, 162} | set(range(32, 163, 2))
    assert "M112" not in ways
    assert "M102" not in ways
    numbers = [int(value) for value in re.findall(r"-?\d+", ways)]
    assert max(numbers) <= WIDTH + 2  # cut at the frame


def test_of_many_routes_to_a_shelter_those_of_most_people_are_drawn(toy):
    routes = _routes(
        toy,
        [("s", people, 1, "early", ((x, 0), (x, 960))) for x, people in
         ((100, 1), (200, 9), (300, 2), (400, 8), (500, 3), (600, 7))],
    )  # fmt: skip
    nothing = np.zeros((24, 24), dtype=np.uint8)
    svg = thumbnail_svg(_square_plan(toy, nothing, routes=routes))
    ways = next(one["d"] for one in _elements(svg) if one.get("stroke") == style.ROUTE.colour)
    assert {int(x) for x in re.findall(r"M(\d+)", ways)} == {52, 72, 92}


@pytest.mark.parametrize("palette", ["colour_blind", "official"])
def test_the_wildest_village_stays_small_and_plain(toy, palette):
    numbers = np.random.default_rng(1)
    classes = numbers.integers(0, 5, (200, 200)).astype(np.uint8)
    places = numbers.uniform(0, SIDE, (300, 2))
    shelters = _shelters(
        toy, [(f"s{n}", 9.0, n % 10, tuple(place)) for n, place in enumerate(places)]
    )
    routes = _routes(
        toy,
        [
            (f"s{n}", n, 1, "early", tuple(map(tuple, numbers.uniform(0, SIDE, (30, 2)))))
            for n in range(300)
        ],
    )
    plan = _square_plan(toy, classes, cell=5.0, shelters=shelters, routes=routes)
    svg = thumbnail_svg(plan, palette)
    assert len(svg.encode()) <= MOST_LETTERS
    assert svg == thumbnail_svg(plan, palette)
    elements = _elements(svg)
    assert {one["tag"] for one in elements} == {"svg", "path"}
    assert "".join(ET.fromstring(svg).itertext()) == ""
    allowed = {"tag", "d", "fill", "fill-rule", "shape-rendering", "viewBox", "width", "height"}
    allowed |= {"aria-hidden", "focusable"}
    for one in elements:
        assert all(name in allowed or name.startswith("stroke") for name in one)
        assert re.fullmatch(r"[MlhvHz0-9 -]*", one.get("d", ""))


@pytest.mark.parametrize("palette", ["colour_blind", "official"])
def test_the_legend_has_a_sign_for_every_class_and_words_in_both_languages(palette):
    signs = legend_signs(palette)
    assert len({sign for _, sign in signs}) == len(signs) == 9
    colours = [colour for _, sign in signs for colour in re.findall(r'fill="(#\w+)"', sign)]
    assert [style.colour_of(number, palette) for number in (LOW, MEDIUM, HIGH, UNKNOWN)] == colours
    for _, sign in signs:
        ET.fromstring(sign)


# ---- the page ----------------------------------------------------------------------------------


@functools.cache
def _pictures(toy):
    plan = toy.toy_plan()
    return {code: thumbnail_svg(rg.village_plan(plan, code)) for code in toy.CODES}


def _run(toy, *, names=None, failures=(), departure="both", **changes):
    """Return a run of the three villages of the toy, with the files on paper only."""
    plan = toy.toy_plan(departure=departure, **({"names": names} if names else {}))
    table = pd.DataFrame(plan.villages.drop(columns="geometry"))
    table = table.join(plan.exposure[["people_total", "people_unknown"]])
    bad = [code for code, _ in failures]
    summary = table.loc[[toy.CODES[2], toy.CODES[1], toy.CODES[0]]]  # 71, 12 and 0 without a place
    summary = summary[~summary.index.isin(bad)]
    villages = plan.villages[["village_name", "geometry"]].reset_index().to_crs(4326)
    name_of = dict(zip(villages["village_code"], villages["village_name"], strict=True))
    codes = [str(code) for code in summary.index]
    values = {
        "summary": summary,
        "villages": villages,
        "shelters": plan.shelters,
        "unserved": plan.unserved,
        "failures": pd.DataFrame(
            [(code, name_of[code], reason) for code, reason in failures],
            columns=["village_code", "village_name", "reason"],
        ),
        "folders": {code: code for code in codes},
        "files": dict.fromkeys(codes, FILES),
        "thumbnails": {code: _pictures(toy)[code] for code in codes},
        "assumptions": EvacuationAssumptions(),
        "provenance": plan.provenance,
        "notes": (Message("a note about {count} cells", count=3),),
        "departure": departure,
        "hazard_kind": "flood",
        "seats": "run",
        "is_sample": False,
    }  # fmt: skip
    return VillageRun(**{**values, **changes})


class _Table(html.parser.HTMLParser):
    """Collects the rows of the table of a page, apart from the code that writes it."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.rows, self.links, self.titles, self._cell, self._title = [], [], [], None, False

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._cell = True
        if tag == "a":
            self.links.append(values["href"])

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data):
        if self._cell:
            self.rows[-1][-1] += data


def _read(path):
    parser = _Table()
    parser.feed(path.read_text("utf-8"))
    parser.close()
    return parser


def _count(text):
    return int(text.replace(".", ""))


def test_the_table_holds_every_village_and_adds_up(toy, tmp_path):
    run = _run(toy)
    path = save_index_page(run, tmp_path / "index.html")
    rows = _read(path).rows[2:]
    assert [row[0] for row in rows[:3]] == ["Muara Pinang", "Tanjung Kembang", "Lubuk Rengas"]
    assert [row[1] for row in rows[:3]] == list(reversed(toy.CODES))
    figures = np.array([[_count(cell) for cell in row[2:]] for row in rows[:3]])
    # evacuees; early with and without a place; late with and without; lost; hazard unknown
    assert figures.tolist() == [
        [71, 0, 71, 0, 71, 0, 0],
        [92, 80, 12, 80, 12, 0, 0],
        [150, 150, 0, 120, 30, 30, 20],
    ]
    assert rows[3][0] == "Jumlah 3 desa yang ada rencananya"
    assert [_count(cell) for cell in rows[3][1:]] == [313, 230, 83, 200, 113, 30, 20]
    assert (figures[:, 1] + figures[:, 2] == figures[:, 0]).all()


def test_one_departure_has_no_late_figures(toy, tmp_path):
    run = _run(toy, departure="late")
    page = save_index_page(run, tmp_path / "index.html").read_text("utf-8")
    rows = _read(tmp_path / "index.html").rows[2:]
    assert [_count(cell) for cell in rows[-1][1:]] == [313, 200, 113, 20]
    assert INDONESIAN["index_sort_lost"] not in page.partition("</main>")[0]


def test_failed_villages_stand_on_top_with_their_reason_and_in_no_sum(toy, tmp_path):
    run = _run(toy, failures=[(toy.CODES[0], "tidak ada jalan dalam 3 km")])
    path = save_index_page(run, tmp_path / "index.html")
    page = path.read_text("utf-8")
    top = page.partition('class="rg-summary"')[0].partition("<main>")[2]
    assert "Belum ada rencana: 1 desa/kelurahan" in top
    assert "Lubuk Rengas" in top
    assert "tidak ada jalan dalam 3 km" in top
    assert "Bukan berarti aman" in top
    assert "gagal.csv" in top
    assert "2 dari 3 desa/kelurahan sudah ada rencananya." in page
    assert "belum termasuk 1 desa/kelurahan" in page
    rows = _read(path).rows[2:]
    assert rows[0] == [
        "Lubuk Rengas",
        toy.CODES[0],
        "Belum ada rencana: tidak ada jalan dalam 3 km",
    ]
    assert _count(rows[-1][1]) == 92 + 71


def test_a_village_nobody_speaks_of_has_no_plan_either(toy, tmp_path):
    whole = _run(toy)
    run = dataclasses.replace(whole, summary=whole.summary.iloc[:2])
    page = save_index_page(run, tmp_path / "index.html").read_text("utf-8")
    assert "Belum ada rencana: 1 desa/kelurahan" in page
    assert "sebabnya tidak tercatat" in page


def test_a_run_in_which_everything_failed_says_so(toy, tmp_path):
    run = _run(toy, failures=[(code, "rusak") for code in toy.CODES])
    page = save_index_page(run, tmp_path / "index.html").read_text("utf-8")
    assert "Belum ada rencana: 3 desa/kelurahan" in page
    assert "Belum ada satu pun" in page
    assert "rg-figure" not in page.partition("</style>")[2]


def test_what_failed_for_a_planned_village_is_no_missing_plan(toy, tmp_path):
    whole = _run(toy)
    failures = pd.DataFrame(
        {"village_code": [toy.CODES[1]], "village_name": ["x"], "reason": ["map.pdf: huruf hilang"]}
    )
    run = dataclasses.replace(whole, failures=failures)
    page = save_index_page(run, tmp_path / "index.html").read_text("utf-8")
    assert "Rencana ada, tetapi ada yang gagal: 1 desa/kelurahan" in page
    assert "Semua 3 desa/kelurahan sudah ada rencananya." in page


def test_codes_that_only_number_rows_are_not_printed(toy, tmp_path):
    run = _run(toy)
    codes = dict(zip(toy.CODES, ("71", "72", "73"), strict=True))
    run = dataclasses.replace(
        run,
        summary=run.summary.rename(index=codes),
        villages=run.villages.replace({"village_code": codes}),
        folders={new: f"desa-{new}" for new in codes.values()},
        files=dict.fromkeys(codes.values(), FILES),
    )
    path = save_index_page(run, tmp_path / "index.html")
    assert "Kode wilayah" not in [cell for row in _read(path).rows for cell in row]
    assert all("72" not in cell for row in _read(path).rows for cell in row)


def test_links_lead_to_the_files_that_are_there_whatever_folders_are_called(toy, tmp_path):
    folders = dict(zip(toy.CODES, ("a b#c?d%41", "javascript:alert(1)", "//evil é"), strict=True))
    run = _run(toy, folders=folders, files=dict.fromkeys(toy.CODES, ("map.html", "plan.xlsx")))
    path = save_index_page(run, tmp_path / "index.html")
    base = path.as_uri()
    targets = set()
    for link in _read(path).links:
        whole = urllib.parse.urljoin(base, link)
        assert whole.startswith(tmp_path.as_uri() + "/")
        targets.add(urllib.request.url2pathname(urllib.parse.urlparse(whole).path))
    expected = {str(tmp_path / name) for name in ("kabupaten.xlsx", "kabupaten.gpkg")}
    expected |= {f"{tmp_path}/{folder}/map.html" for folder in folders.values()}
    assert {re.sub("/{2,}", "/", one) for one in targets} == {
        re.sub("/{2,}", "/", one) for one in expected
    }


def test_the_same_run_gives_the_same_bytes_and_loads_nothing(toy, tmp_path):
    run = _run(toy, names=EVIL[:3], failures=[(toy.CODES[1], EVIL[3])])
    first = save_index_page(run, tmp_path / "a.html", agency=EVIL[5])
    second = save_index_page(run, tmp_path / "b.html", agency=EVIL[5])
    assert first.read_bytes() == second.read_bytes()
    found = external_loads(first.read_text("utf-8"))
    assert all(re.match(r"<a href=\./", one) for one in found)
    assert 'content="default-src &#39;none&#39;; img-src data:;' in first.read_text("utf-8")


@given(st.lists(st.text(max_size=60), min_size=3, max_size=3), st.text(max_size=80))
@settings(max_examples=12, deadline=None)
def test_no_name_and_no_reason_adds_an_element(toy, tmp_path_factory, names, reason):
    folder = tmp_path_factory.getbasetemp()
    tags = []

    class Tags(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, sorted(name for name, _ in attrs)))

    for words, why in ((tuple(names), reason), (("A", "B", "C"), "x")):
        run = _run(toy, names=words, failures=[(toy.CODES[1], why)])
        found = []
        parser = Tags()
        path = save_index_page(run, folder / "tags.html", agency=reason or "-")
        parser.feed(path.read_text("utf-8"))
        parser.close()
        tags.append(found)
    assert tags[0] == tags[1]


def test_a_language_without_words_is_refused(toy, tmp_path):
    with pytest.raises(InputError, match="language"):
        save_index_page(_run(toy), tmp_path / "index.html", language="jv")


def test_both_languages_have_the_same_terms_and_placeholders():
    assert INDONESIAN.keys() == ENGLISH.keys()
    for term, words in INDONESIAN.items():
        assert set(re.findall(r"\{\w+\}", words)) == set(re.findall(r"\{\w+\}", ENGLISH[term]))


def test_seats_of_each_village_alone_are_said_to_count_twice(toy, tmp_path):
    page = save_index_page(_run(toy, seats="village"), tmp_path / "index.html").read_text("utf-8")
    assert "tiap desa dihitung sendiri" in page
    page = save_index_page(_run(toy), tmp_path / "index.html").read_text("utf-8")
    assert "tiap desa dihitung sendiri" not in page


# ---- in a real browser -------------------------------------------------------------------------

browser_test = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield opened
        opened.close()


@pytest.fixture
def look(browser):
    contexts = []

    def opened(path, size="desktop", **more):
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.asked, page.errors = [], []
        page.on(
            "request",
            lambda request: (
                None
                if request.url == path.as_uri() or request.url.startswith("data:")
                else page.asked.append(request.url)
            ),
        )
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda said: page.errors.append(said.text))
        page.goto(path.as_uri())
        if more.get("java_script_enabled", True):
            page.wait_for_selector("[data-ready=all]")
        return page

    yield opened
    for context in contexts:
        context.close()


def _names(page):
    return page.locator(".rg-village h3").all_text_contents()


def _many(toy, count, **changes):
    """Return a run of so many villages: `n` people of village n go, n % 7 have no place."""
    one = _run(toy)
    number = np.arange(count)
    codes = [f"16.02.{20 + n // 9000:02d}.{n % 9000 + 1000}" for n in number]
    left = number % 7
    summary = pd.DataFrame(
        {
            "village_name": [f"Désa {chr(65 + n % 26)} {n}" for n in number],
            "people_unknown": np.where(number % 10 == 3, 5.0, 0.0),
            "evacuees": number,
            "allocated": np.maximum(number - left, 0),
            "late_evacuees": number,
            "late_allocated": np.maximum(number - left, 0) // 2,
            "lost_if_late_people": np.maximum(number - left, 0) - np.maximum(number - left, 0) // 2,
        },
        index=pd.Index(codes, name="village_code"),
    )
    summary = summary.iloc[np.argsort(-(summary["evacuees"] - summary["allocated"]), kind="stable")]
    picture = next(iter(one.thumbnails.values()))
    villages = gpd.GeoDataFrame(
        {"village_code": codes, "village_name": [f"Désa {n}" for n in number]},
        geometry=[shapely.box(106, -6, 107, -5)] * count,
        crs=4326,
    )
    values = {
        "summary": summary,
        "villages": villages,
        "folders": {code: code for code in codes},
        "files": dict.fromkeys(codes, FILES),
        "thumbnails": dict.fromkeys(codes, picture),
    }
    return dataclasses.replace(one, **{**values, **changes})


@browser_test
@pytest.mark.parametrize("size", list(SIZES))
def test_the_page_opens_without_a_network_and_fits_the_window(look, toy, tmp_path, size):
    run = _run(toy, failures=[(toy.CODES[1], "rusak")], is_sample=True)
    page = look(save_index_page(run, tmp_path / "index.html", agency="BPBD"), size)
    assert (page.asked, page.errors) == ([], [])
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert "DATA CONTOH" in page.locator(".rg-sample").inner_text()
    assert page.locator(".rg-failed").bounding_box()["y"] < SIZES[size][1] / 2
    assert _names(page) == ["Muara Pinang", "Lubuk Rengas", "Tanjung Kembang"]
    sizes = page.evaluate(
        """[...document.querySelectorAll('p, h1, h2, h3, a, li, input, select, summary')]
           .filter(node => node.offsetParent)
           .map(node => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert min(sizes) >= 16
    pictures = page.evaluate(
        "[...document.images].map(image => [image.complete, image.naturalWidth])"
    )
    assert pictures == [[True, WIDTH]] * 2
    boxes = page.evaluate(
        """[...document.querySelectorAll('.rg-button, input, select, .rg-links a')]
           .map(node => node.getBoundingClientRect()).filter(box => box.width)
           .map(box => [box.width, box.height])"""
    )
    assert len(boxes) >= 15
    assert all(width >= 32 and height >= 44 for width, height in boxes)


@browser_test
def test_cards_say_what_the_table_says(look, toy, tmp_path):
    page = look(save_index_page(_run(toy), tmp_path / "index.html"))
    card = page.locator(".rg-village", has_text="Lubuk Rengas")
    words = card.inner_text()
    for part in (
        "150 jiwa perlu mengungsi",
        "Sebelum: 150 dapat tempat, 0 belum",
        "Terlambat: 120 dapat tempat, 30 belum",
        "30 jiwa kehilangan tempat",
        "Bahaya bagi 20 jiwa tidak diketahui: belum tentu aman",
        toy.CODES[0],
    ):
        assert part in words
    widths = (
        card.locator(".rg-bar")
        .nth(1)
        .evaluate("bar => [...bar.children].map(part => [part.className, part.style.width])")
    )
    assert widths == [["rg-placed", "80%"], ["rg-unplaced", "20%"]]
    links = card.locator(".rg-links a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    order = ("map.html", "map.pdf", "plan.xlsx", "plan.gpkg", "routes.gpx", "routes.kml")
    assert links == [f"./{toy.CODES[0]}/{name}" for name in order]


@browser_test
def test_search_finds_names_without_accents_and_codes_without_dots(look, toy, tmp_path):
    page = look(save_index_page(_many(toy, 300), tmp_path / "index.html"))
    search, status = page.locator("#rg-search"), page.locator("#rg-count")
    assert status.get_attribute("aria-live") == "polite"
    assert status.inner_text() == "300 dari 300 desa/kelurahan"
    search.fill("DESA k 166")
    assert _names(page) == ["Désa K 166"]
    assert status.inner_text() == "1 dari 300 desa/kelurahan"
    search.fill("16.02.20.1299")
    assert _names(page) == ["Désa N 299"]
    search.fill("1602201299")
    assert _names(page) == ["Désa N 299"]
    search.fill("tak ada <b>")
    assert _names(page) == []
    assert status.inner_text() == INDONESIAN["index_none"]
    search.fill("")
    assert status.inner_text() == "300 dari 300 desa/kelurahan"


@browser_test
def test_sorting_and_filters(look, toy, tmp_path):
    run = _many(toy, 60)
    failed = [str(code) for code in run.summary.index[:2]]
    run = dataclasses.replace(
        run,
        summary=run.summary.iloc[2:],
        failures=pd.DataFrame(
            {"village_code": failed, "village_name": ["Zulu", "Alfa"], "reason": "rusak"}
        ),
    )
    page = look(save_index_page(run, tmp_path / "index.html"))
    page.locator("#rg-more").evaluate("node => node.click()")
    by_default = [*run.summary["village_name"], "Alfa", "Zulu"]
    page.wait_for_selector(".rg-village:nth-child(60)", state="attached")
    assert _names(page) == by_default
    for value, column in (("evacuees", "evacuees"), ("lost", "lost_if_late_people")):
        page.select_option("#rg-sort", value)
        page.locator("#rg-more").evaluate("node => node.click()")
        page.wait_for_selector(".rg-village:nth-child(60)", state="attached")
        order = run.summary.sort_values(column, ascending=False, kind="stable")
        assert _names(page) == [*order["village_name"], "Alfa", "Zulu"]
    page.select_option("#rg-sort", "name")
    assert _names(page)[:3] == ["Alfa", "Désa A 0", "Désa A 26"]
    page.select_option("#rg-show", "failed")
    assert _names(page) == ["Alfa", "Zulu"]
    page.select_option("#rg-show", "unknown")
    wanted = set(run.summary.loc[run.summary["people_unknown"] > 0, "village_name"])
    assert set(_names(page)) == wanted | {"Alfa", "Zulu"}
    page.select_option("#rg-show", "unserved")
    page.locator("#rg-more").evaluate("node => node.click()")
    late = run.summary["late_evacuees"] > run.summary["late_allocated"]
    either = late | (run.summary["evacuees"] > run.summary["allocated"])
    shown = f"{int(either.sum()) + 2} dari 60 desa/kelurahan, 2 di antaranya belum ada rencananya"
    assert page.locator("#rg-count").inner_text() == shown
    assert (page.asked, page.errors) == ([], [])


@browser_test
def test_hostile_names_stay_text(look, toy, tmp_path):
    for start in (0, 3, 4):
        names = EVIL[start : start + 3]
        run = _run(
            toy,
            names=names,
            failures=[(toy.CODES[1], EVIL[(start + 4) % 7])],
            folders=dict(zip(toy.CODES, names, strict=True)),
        )
        page = look(save_index_page(run, tmp_path / f"{start}.html", agency=EVIL[start]), "phone")
        assert page.evaluate("window.hacked") is None
        assert page.locator("iframe, svg[onload], img[onerror], b:has(script)").count() == 0
        assert (page.asked, page.errors) == ([], [])
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", page.locator("body").inner_text())
        assert page.locator(".rg-village").count() == 3
    page.evaluate(
        """() => { const node = document.createElement('script');
           node.textContent = 'window.hacked = 9'; document.body.appendChild(node); }"""
    )
    assert page.evaluate("window.hacked") is None  # the policy of the page, should a name get in


@browser_test
def test_two_thousand_villages_open_with_few_cards(look, toy, tmp_path):
    page = look(save_index_page(_many(toy, 2000), tmp_path / "index.html"))
    assert page.locator(".rg-village").count() <= 200
    cards = page.evaluate("document.querySelectorAll('#rg-villages *').length")
    assert cards <= 200 * 40
    assert page.evaluate("document.querySelectorAll('*').length") <= 2000 * 14
    page.locator("#rg-search").fill("X 1999")
    assert _names(page) == ["Désa X 1999"]
    page.locator("#rg-search").fill("")
    for _ in range(3):
        before = page.locator(".rg-village").count()
        page.locator("#rg-more").scroll_into_view_if_needed()
        page.wait_for_selector(f".rg-village:nth-child({before + 1})", state="attached")


@browser_test
def test_paper_and_a_browser_without_scripts_show_the_table(look, toy, tmp_path):
    path = save_index_page(_many(toy, 70), tmp_path / "index.html")
    page = look(path)
    assert not page.locator(".rg-table").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".rg-table tbody tr").count() == 71
    assert page.locator(".rg-table").is_visible()
    assert not page.locator("#rg-villages").is_visible()
    assert not page.locator(".rg-finder").is_visible()
    plain = look(path, java_script_enabled=False)
    assert plain.locator(".rg-table").is_visible()
    assert not plain.locator(".rg-finder").is_visible()


@browser_test
def test_the_keyboard_reaches_every_map(look, toy, tmp_path):
    page = look(save_index_page(_run(toy), tmp_path / "index.html"))
    page.locator("#rg-search").focus()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    for name in toy.NAMES:
        assert f"Buka peta: {name}" in reached
