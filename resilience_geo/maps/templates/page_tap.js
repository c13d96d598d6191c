// A tap on the map: the route of the people who live there, and what they must know.

var REACH_M = 150, REACH_PX = 25;

function tapPlaces(view) {
  var line = unpack(view.data.taps.at), places = [];
  for (var index = 0; index < line.length; index += 2) {
    places.push([line[index], line[index + 1]]);
  }
  return places;
}

// Answers by tap place: who goes where, by which walk, and their second way.
function unpackAnswers(data, departure) {
  var packed = data.answers[departure], columns = {}, places = [], place = 0, seconds = 0;
  Object.keys(packed).forEach(function (key) { columns[key] = unpackNumbers(packed[key]); });
  unpackNumbers(data.taps.village).forEach(function () { places.push([]); });
  columns.place.forEach(function (step, row) {
    place += step;
    var answer = { second: null };
    ["people", "status", "shelter", "seconds", "metres", "hazardMetres", "unknownMetres", "walk",
      "sharing", "group"].forEach(function (key) { answer[key] = columns[key][row]; });
    if (columns.second[row]) {
      answer.second = {
        shelter: columns.secondShelter[seconds], seconds: columns.secondSeconds[seconds],
        metres: columns.secondMetres[seconds], hazardMetres: columns.secondHazardMetres[seconds],
        unknownMetres: columns.secondUnknownMetres[seconds],
        shared: columns.secondShared[seconds], walk: columns.secondWalk[seconds]
      };
      seconds += 1;
    }
    places[place].push(answer);
  });
  return places;
}

// The chains of a walk in order: each piece knows how far back the piece after it is stored.
function walker(data) {
  var chain = null, next;
  return function (node) {
    chain = chain || unpackNumbers(data.walks.chain);
    next = next || unpackNumbers(data.walks.next);
    var numbers = [chain[node]];
    while (next[node]) {
      node -= next[node];
      numbers.push(chain[node]);
    }
    return numbers;
  };
}

function metresPerWorld(y) {
  return 40075016.7 / Math.cosh(Math.PI * (1 - 2 * y));
}

// The place where people leave from that is nearest to a point, -1 for none within reach.
function nearestTap(view, latlng, reachM, fits) {
  var x = worldX(latlng.lng), y = worldY(latlng.lat), best = -1;
  var least = reachM / metresPerWorld(y);
  view.taps().forEach(function (place, index) {
    var away = Math.hypot(place[0] - x, place[1] - y);
    if (away <= least && (!fits || fits(index))) {
      least = away;
      best = index;
    }
  });
  return best;
}

function reachAt(view, latlng) {
  var y = worldY(latlng.lat), scale = view.map.options.crs.scale(view.map.getZoom());
  return Math.max(REACH_M, REACH_PX / scale * metresPerWorld(y));
}

function answerTaps(view) {
  view.map.on("click", function (event) {
    var point = event.containerPoint, found = null, least = Infinity;
    view.notify("", 0);
    view.hits.forEach(function (hit) {
      var away = Math.hypot(hit.point.x - point.x, hit.point.y - point.y);
      if (away <= hit.reach && away < least) {
        least = away;
        found = hit;
      }
    });
    if (found) {
      found.open();
      return;
    }
    var tap = nearestTap(view, event.latlng, reachAt(view, event.latlng));
    if (tap >= 0 && view.chosen && view.chosen.tap === tap) {
      view.choose(-1);
    } else if (tap >= 0) {
      view.choose(tap);
    } else {
      view.choose(-1);
      openVillage(view, event.latlng);
    }
  });
  view.tapSign = function (sign) {
    var status = view.data.statuses.indexOf(sign.cause);
    var tap = nearestTap(view, sign.at, 1e6, function (index) {
      return view.answers(view.departure)[index].some(function (answer) {
        return answer.status === status;
      });
    });
    view.choose(tap, status);
  };
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    view.map.closePopup();  // Leaflet does so only while the map has the focus
    view.choose(-1);
  });
}

function openVillage(view, latlng) {
  var x = worldX(latlng.lng), y = worldY(latlng.lat);
  var village = view.villages.find(function (one) { return inRings(one.rings, x, y); });
  if (village) { showVillage(view, village, latlng); }
}

function showVillage(view, village, at) {
  openTable(view, at || village.at,
    tableOf(village.name, village.code, village.rows, view.data.columns), true);
}

// A table at a place, never taller than the map: what does not fit is scrolled to.
function openTable(view, at, table, wide) {
  L.popup({
    maxWidth: !wide || view.narrow ? 300 : 420, minWidth: !wide ? 50 : view.narrow ? 240 : 320,
    maxHeight: Math.max(120, Math.min(480, view.map.getSize().y - 90)),
    autoPanPadding: [12, 12]
  }).setLatLng(at).setContent(table).openOn(view.map);
}

// Chooses a tap place, or none (-1). `status`: whose answer comes first, where people there differ.
function chooser(view) {
  return function (tap, status, still) {
    if (tap < 0 && !view.chosen) { return; }
    var answers = tap < 0 ? [] : orderedAnswers(view, tap, view.departure, status);
    showChosen(view, answers.length ? chosenOf(view, tap, answers) : null, still);
  };
}

// Shows card and route of what is chosen; null: of nothing.
function showChosen(view, chosen, still) {
  view.map.closePopup();
  view.chosen = chosen;
  var stood = view.container.clientHeight;
  showCard(view);
  if (chosen) { view.notify("", 0); }
  document.documentElement.classList.toggle("rg-carded", !!chosen);
  view.container.classList.toggle("rg-choosing", !!chosen);
  view.pulse(chosen);
  if (view.container.clientHeight !== stood) {
    view.map.invalidateSize({ pan: false, animate: false });
  }
  if (chosen && !still) { view.bring(chosen); }
  view.repaint();
}

// Chooses a whole settlement: its card, and the way of its largest part.
function settlementChooser(view) {
  return function (number, still) {
    var one = view.settlements[number], goal = one.goals[view.departure][0], best = null;
    var chosen = { tap: -1, settlement: number, answers: [], at: worldPoint(one.at), shelter: -1,
      line: null, second: null, box: boxOf(one) };
    view.answers(view.departure).forEach(function (answers, tap) {
      if (view.tapSettlement[tap] !== number || !goal) { return; }
      answers.forEach(function (answer) {
        if (answer.status === 0 && answer.shelter === goal[0] &&
          (!best || answer.people > best.answer.people)) { best = { tap: tap, answer: answer }; }
      });
    });
    // Where most have no place, no way is lit: it would not be theirs.
    if (best && 2 * one[view.departure][0] > one.people) {
      var way = chosenOf(view, best.tap, [best.answer]);
      chosen.at = way.at;
      chosen.line = way.line;
      chosen.shelter = way.shelter;
    }
    showChosen(view, chosen, still);
  };
}

// Where a settlement lies: its border, or its place where it has none.
function boxOf(settlement) {
  var box = L.latLngBounds([settlement.at]);
  settlement.rings.forEach(function (ring) {
    box.extend(latLngOf(ring.west, ring.north));
    box.extend(latLngOf(ring.east, ring.south));
  });
  return box;
}

// Counts people with and without a place, and the latter by status, most first.
function countsOf(answers) {
  var counts = { people: 0, lost: 0, causes: [] }, by = {};
  answers.forEach(function (answer) {
    counts.people += answer.people;
    if (answer.status === 0) { return; }
    counts.lost += answer.people;
    by[answer.status] = (by[answer.status] || 0) + answer.people;
  });
  counts.causes = Object.keys(by).map(function (status) { return [Number(status), by[status]]; })
    .sort(function (one, other) { return other[1] - one[1]; });
  return counts;
}

// Those who were asked for first, then those of the greater part: with a place, or without.
function orderedAnswers(view, tap, departure, status) {
  var counts = countsOf(view.answers(departure)[tap]);
  var sign = 2 * counts.lost >= counts.people ? -1 : 1;
  return view.answers(departure)[tap].slice().sort(function (one, other) {
    return (other.status === status) - (one.status === status) ||
      sign * ((other.status === 0) - (one.status === 0)) || other.people - one.people;
  });
}

function chosenOf(view, tap, answers) {
  var main = answers[0];
  function lineOf(walk) {
    return walk >= 0 ? joined(view.chains(), view.walk(walk)) : null;
  }
  return {
    tap: tap, answers: answers, at: view.taps()[tap], shelter: main.shelter,
    line: lineOf(main.walk), second: main.second ? lineOf(main.second.walk) : null
  };
}

// Brings a route wholly into sight and large enough, unless it is that already.
function bringer(view) {
  return function (chosen) {
    var map = view.map, box = L.latLngBounds([latLngOf(chosen.at[0], chosen.at[1])]);
    [chosen.line, chosen.second].forEach(function (line) {
      if (!line) { return; }
      box.extend(latLngOf(line.west, line.north));
      box.extend(latLngOf(line.east, line.south));
    });
    if (chosen.box) {
      // People look for their home in the settlement: a long way to go must not make it small.
      var home = chosen.box.getNorthEast().distanceTo(chosen.box.getSouthWest());
      box = box.getNorthEast().distanceTo(box.getSouthWest()) > 1.5 * Math.max(home, 300)
        ? L.latLngBounds(chosen.box.getSouthWest(), chosen.box.getNorthEast())
        : box.extend(chosen.box);
    }
    // The columns of buttons left and right cover what lies below them.
    var size = map.getSize(), aside = size.x > 320 ? 66 : 44;
    var seen = L.latLngBounds(map.containerPointToLatLng([aside, 30]),
      map.containerPointToLatLng([size.x - aside, size.y - 40]));
    var wide = map.latLngToContainerPoint(box.getSouthEast())
      .distanceTo(map.latLngToContainerPoint(box.getNorthWest()));
    if (!seen.contains(box) || ((chosen.line || chosen.box) && wide < 0.65 * Math.min(size.x, size.y))) {
      map.fitBounds(box, { padding: [aside, 44], maxZoom: Math.max(16, map.getZoom()),
        animate: false });
    }
  };
}

// A ring that pulses around the place to go to.
function pulser(view) {
  var ring = null;
  return function (chosen) {
    if (ring) { ring.remove(); }
    ring = null;
    if (!chosen || chosen.shelter < 0) { return; }
    ring = L.marker(view.shelters[view.departure][chosen.shelter].at, {
      icon: L.divIcon({ className: "rg-icon rg-pulse", iconSize: [64, 64] }),
      interactive: false, keyboard: false, zIndexOffset: -100
    }).addTo(view.map);
  };
}
