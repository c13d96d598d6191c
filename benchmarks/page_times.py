"""How long a page takes in a slow phone's browser until a tap is answered, and what it asks for.

The page notes the times itself, so that nothing waits for the program that asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PHONE = {"width": 390, "height": 844}
SLOWED = 4
WAIT_MS = 120_000
ANSWER_MS = 8_000
PLACES_TRIED = 20

# The page itself notes when it can be tapped and when the answer is on the screen: the first
# frame that shows it, and the one after, when that has been painted.
WATCH = """
window.measured = {};
const note = (name, seen) => {
  const look = () => {
    if (!seen()) { requestAnimationFrame(look); return; }
    requestAnimationFrame(() => { measured[name] = performance.now() / 1000; });
  };
  requestAnimationFrame(look);
};
const shown = node => node && node.offsetParent !== null && node.textContent.length > 0;
note("ready", () => READY);
note("complete", () => COMPLETE);
note("answer", () => shown(document.querySelector(ANSWER)));
addEventListener("pointerdown", event => { measured.tap = event.timeStamp / 1000; }, true);
"""
PLAIN_MAP = (
    'window[Object.getOwnPropertyNames(window).find(name => name.startsWith("map_") && '
    "window[name] && window[name].latLngToContainerPoint)]"
)


@dataclass(frozen=True)
class Kind:
    """How a page is asked: its map, when it is ready, drawn and answered, and what is tapped."""

    script: str
    leaflet_map: str
    answer: str


def kind_of(ready: str, complete: str, answer: str, leaflet_map: str) -> Kind:
    """Put the script together that notes times."""
    script = WATCH.replace("READY", ready).replace("COMPLETE", complete)
    return Kind(script.replace("ANSWER", f"{answer!r}"), leaflet_map, answer)


OURS = kind_of(
    'document.querySelector("[data-ready]")',
    'document.querySelector("[data-ready=all][data-hazard=drawn]")',
    ".rg-card:not([hidden])",
    "map_resilience_geo",
)
PEER = kind_of(
    f'document.readyState !== "loading" && typeof L !== "undefined" && {PLAIN_MAP}',
    f'document.readyState === "complete" && typeof L !== "undefined" && {PLAIN_MAP}',
    ".leaflet-popup-content",
    PLAIN_MAP,
)


class AddressFinder(HTMLParser):
    """Collects the addresses that a page loads from outside itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at what an element loads."""
        values = dict(attrs)
        address = values.get("href") if tag == "link" else values.get("src")
        if address and not address.startswith(("data:", "#")):
            self.found.add(address)

    def handle_data(self, data: str) -> None:
        """Look for tiles."""
        self.found.update(re.findall(r'L\.tileLayer\(\s*"(http[^"]+)"', data))


def addresses_outside(path: Path) -> int:
    """Return how many addresses outside itself a page needs."""
    finder = AddressFinder()
    finder.feed(path.read_text("utf-8"))
    return len(finder.found)


def open_page(browser: Any, path: Path, kind: Kind, *, network: str) -> tuple[Any, list[str]]:
    """Open a file as a slow phone would; return the page, and the addresses it asked for.

    `network` is `cut`, or `served`: Leaflet and jQuery from this machine, nothing for all others.
    """
    context = browser.new_context(viewport=PHONE)
    asked: list[str] = []
    if network == "cut":
        context.set_offline(True)
    else:
        context.route(re.compile("^https?:"), serve)
    page = context.new_page()
    page.on("request", lambda one: asked.append(one.url) if one.url.startswith("http") else None)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    page.add_init_script(kind.script)
    page.goto(path.as_uri(), wait_until="commit")
    return page, asked


def serve(route: Any) -> None:
    """Answer a request with the file of an XStatic package, or with nothing."""
    file = static_file(route.request.url)
    if file is not None:
        route.fulfill(path=file)
        return
    if route.request.resource_type in {"script", "stylesheet"}:
        route.fulfill(body="")
        return
    route.abort()


def static_file(address: str) -> Path | None:
    """Return the file of Leaflet or jQuery that lies at an address, from its XStatic package."""
    from xstatic.pkg import jquery, leaflet  # noqa: PLC0415  only here

    name = address.rsplit("/", 1)[-1]
    if "/leaflet@" in address:
        found = Path(leaflet.BASE_DIR) / ("images" if "/images/" in address else "") / name
    else:  # its address has the version in it, the package has not
        found = Path(jquery.BASE_DIR) / re.sub(r"^jquery-[\d.]+(?=\.min\.js$)", "jquery", name)
    return found if found.is_file() else None


def spots(page: Any, kind: Kind, points: list[list[float]]) -> list[list[float]]:
    """Return where places (latitude, longitude) lie in the window, if it shows them."""
    script = f"""points => points.map(at => {{
        const map = {kind.leaflet_map}, frame = map.getContainer().getBoundingClientRect();
        const point = map.latLngToContainerPoint(at), size = map.getSize();
        const inside = point.x > 0 && point.y > 0 && point.x < size.x && point.y < size.y;
        return inside ? [point.x + frame.left, point.y + frame.top] : null;
    }}).filter(Boolean)"""
    found: list[list[float]] = page.evaluate(script, points)
    return found


def answered(page: Any, spot: list[float]) -> dict[str, float] | None:
    """Tap as soon as the page is ready; return the times it noted, None where nothing answers."""
    page.wait_for_function("measured.ready", timeout=WAIT_MS)
    page.mouse.click(*spot)
    try:
        page.wait_for_function("measured.answer", timeout=ANSWER_MS)
        page.wait_for_function("measured.complete", timeout=WAIT_MS)
    except Exception as error:
        if "Timeout" not in str(error):
            raise
        return None
    times: dict[str, float] = page.evaluate("measured")
    return times


def interactive(
    browser: Any, path: Path, kind: Kind, points: list[list[float]], *, network: str
) -> Callable[[], tuple[dict[str, float], int]]:
    """Look for a place that answers a tap; return what measures one opening of the page there."""
    page, _ = open_page(browser, path, kind, network=network)
    page.wait_for_function("measured.complete", timeout=WAIT_MS)
    candidates = spots(page, kind, points)
    page.context.close()

    def once(spot: list[float]) -> tuple[dict[str, float], int] | None:
        page, asked = open_page(browser, path, kind, network=network)
        times = answered(page, spot)
        page.context.close()
        return None if times is None else (times, len(asked))

    spot = next(spot for spot in candidates[:PLACES_TRIED] if once(spot) is not None)

    def measure() -> tuple[dict[str, float], int]:
        result = once(spot)
        if result is None:
            message = f"{path.name} answered a tap before, and now does not"
            raise RuntimeError(message)
        return result

    return measure


def blank(browser: Any, path: Path) -> str:
    """Say what a page shows without a network."""
    page, asked = open_page(browser, path, PEER, network="cut")
    page.wait_for_load_state("load", timeout=WAIT_MS)
    page.wait_for_timeout(500)
    leaflet = page.evaluate("typeof L")
    drawn = page.locator(".folium-map canvas, .folium-map path, .folium-map img").count()
    page.context.close()
    return f"L is {leaflet}, {drawn} drawings on the map, {len(asked)} requests in vain"
