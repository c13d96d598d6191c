// Search by name: settlements, villages, places, shelters, landmarks and roads of this map.

var MOST_HITS = 8;

function plainText(text) {
  return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().trim();
}

// Everything that has a name: what people look for most comes first.
function searchIndex(view) {
  var data = view.data, entries = [], known = {};
  function add(name, kind, at, reach, open) {
    var plain = plainText(name), key = plain + "/" + kind;
    if (!plain || (known[key] && kind.indexOf("road") >= 0)) { return; }
    known[key] = true;
    entries.push({ name: name, plain: plain, kind: kind, at: at, reach: reach, open: open,
      rank: entries.length });
  }
  view.settlements.forEach(function (one, number) {
    add(one.name, "settlement", one.at, 0, function () { view.chooseSettlement(number); });
  });
  data.villages.forEach(function (one) { add(one.name, "village", one.at, 0); });
  view.shelters[data.departures[0]].forEach(function (mark) {
    add(mark.shelter.name, "shelter", mark.shelter.at, 0, mark.open);
  });
  data.base.places.forEach(function (one) {
    if (!sameSettlement(view, one)) { add(one[0], "place", [one[1], one[2]], 400); }
  });
  data.base.landmarks.forEach(function (one) { add(one[0], one[3], [one[1], one[2]], 150); });
  data.base.roadNames.forEach(function (one) { add(one[0], "road", [one[1], one[2]], 150); });
  return entries;
}

// Whether a settlement of the same name, but for what it is called, holds a place or is beside it.
function sameSettlement(view, place) {
  var bare = bareName(place[0]), at = L.latLng(place[1], place[2]);
  return view.settlements.some(function (one) {
    return bareName(one.name) === bare && (inRings(one.rings, worldX(at.lng), worldY(at.lat)) ||
      at.distanceTo(one.at) < 500);
  });
}

function bareName(name) {
  return plainText(name)
    .replace(/^(dusun|dukuh|dk|kampung|kampong|kp|lingkungan|banjar|jorong|padukuhan)\b\.?\s+/, "");
}

function searchHits(entries, asked) {
  var plain = plainText(asked), found = [];
  if (!plain) { return []; }
  entries.forEach(function (entry) {
    var place = entry.plain.indexOf(plain);
    if (place < 0) { return; }
    var starts = place === 0 ? 0 : /[^\p{L}\p{N}]/u.test(entry.plain[place - 1]) ? 1 : 2;
    found.push([entry.plain === plain ? -1 : starts, entry.rank, entry]);
  });
  found.sort(function (one, other) { return one[0] - other[0] || one[1] - other[1]; });
  return found.slice(0, MOST_HITS).map(function (one) { return one[2]; });
}

function addSearch(view) {
  var box = document.querySelector(".rg-search"), entries = null, shown = [], active = -1;
  var input = box.querySelector("input"), list = box.querySelector("ul");

  function close() {
    list.hidden = true;
    shown = [];
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(number) {
    active = (number + shown.length) % shown.length;
    Array.prototype.forEach.call(list.children, function (line, index) {
      line.setAttribute("aria-selected", String(index === active));
    });
    input.setAttribute("aria-activedescendant", "rg-hit-" + active);
    list.children[active].scrollIntoView({ block: "nearest" });
  }

  function take(entry) {
    close();
    input.value = entry.name;
    input.blur();
    goTo(view, entry);
  }

  function show() {
    entries = entries || searchIndex(view);
    shown = searchHits(entries, input.value);
    active = -1;
    list.textContent = "";
    shown.forEach(function (entry, index) {
      var line = make("li", "", "");
      line.id = "rg-hit-" + index;
      line.setAttribute("role", "option");
      line.appendChild(make("span", "rg-hit", entry.name));
      line.appendChild(make("small", "", kindWords(view, entry.kind)));
      line.addEventListener("mousedown", function (event) { event.preventDefault(); });
      line.addEventListener("click", function () { take(entry); });
      list.appendChild(line);
    });
    if (!shown.length && plainText(input.value)) {
      list.appendChild(make("li", "rg-none", view.speech.say("web_search_none")));
    }
    list.hidden = !list.children.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
  }

  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { close(); }
    if (!shown.length) { return; }
    if (event.key === "ArrowDown") { mark(active + 1); }
    if (event.key === "ArrowUp") { mark(active < 0 ? shown.length - 1 : active - 1); }
    if (event.key === "Enter") { take(shown[Math.max(0, active)]); }
    if (event.key.indexOf("Arrow") === 0 || event.key === "Enter") { event.preventDefault(); }
  });
}

function kindWords(view, kind) {
  var term = "web_kind_" + kind;
  return view.speech.say(term in view.words ? term : "web_kind_other");
}

function goTo(view, entry) {
  var at = L.latLng(entry.at), map = view.map;
  view.choose(-1);
  map.setView(at, Math.max(16, map.getZoom()), { animate: false });
  var tap = entry.reach ? nearestTap(view, at, entry.reach) : -1;
  if (tap >= 0) {
    view.choose(tap);
  } else if (entry.open) {
    entry.open();
  } else {
    var village = entry.kind === "village" && view.villages.find(function (one) {
      return one.name === entry.name;
    });
    if (village) {
      showVillage(view, village);
    } else {
      openTable(view, at, tableOf(entry.name, kindWords(view, entry.kind), []));
    }
  }
}
