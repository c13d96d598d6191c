// Names on the map: those of most people first, none on another, on a sign or below a button.

var LONGEST_LABEL = 46;

function frontLayer(view) {
  return new Painted(function (context, frame) {
    context.translate(frame.inset.x, frame.inset.y);
    context.direction = "ltr";
    paintFront(context, view);
  }, { pane: "rg-front" });
}

function paintFront(context, view) {
  var map = view.map, size = map.getSize(), zoom = map.getZoom();
  var controls = controlBoxes(map);
  var room = { size: size, controls: controls, taken: controls.slice(), context: context, labels: [] };
  var signs = map.hasLayer(view.groups.unserved) ? placeSigns(view) : [];
  view.hits = [];
  function shows(point) {
    return point.x > -20 && point.y > -20 && point.x < size.x + 20 && point.y < size.y + 20;
  }
  if (map.hasLayer(view.groups.shelters)) {
    view.dots.forEach(function (pair) {
      paintDot(context, view, pair[1], pair[0].shelter.state);
      view.hits.push({ point: pair[1], reach: 11, open: pair[0].open });
    });
    view.symbols.forEach(function (pair) {
      var half = pair[0].size / 2 + 1;
      room.taken.push([pair[1].x - half, pair[1].y - half, pair[1].x + half, pair[1].y + half]);
    });
  }
  if (!view.far && zoom >= 13 && map.hasLayer(view.groups.routes)) {
    view.data.bridges[view.departure].forEach(function (bridge) {
      var point = map.latLngToContainerPoint(bridge[0]);
      if (!shows(point)) { return; }
      paintBridge(context, point);
      view.hits.push({ point: point, reach: 12, open: function () { openBridge(view, bridge); } });
    });
  }
  var placed = [];
  signs.forEach(function (sign) {
    var point = map.latLngToContainerPoint(sign.at), wide = sign.radius + 6 + sign.text.length * 9;
    if (!shows(point)) { return; }
    point = freeSpot(view, placed, point, sign.radius);
    var spot = signSpot(room, point, sign.radius, wide - sign.radius);
    // While a route is shown, the signs of others step back.
    context.globalAlpha = view.chosen && view.chosen.line ? 0.45 : 1;
    paintSign(context, view, sign, point, spot);
    context.globalAlpha = 1;
    room.taken.push([point.x - sign.radius, point.y - sign.radius, point.x + sign.radius,
      point.y + sign.radius], spot.box);
    view.hits.push({ point: point, reach: sign.radius + 8,
      open: function () { view.tapSign(sign); } });
  });
  labelsInOrder(view, room, zoom);
  view.labels = room.labels;
}

// Where the number of a sign stands: right, left, below or above it, wherever it covers least.
function signSpot(room, point, radius, wide) {
  var out = radius + 3, best = null;
  [[out, 0, "left"], [-out, 0, "right"], [0, radius + 9, "center"], [0, -radius - 9, "center"]]
    .forEach(function (spot) {
      var start = point.x + spot[0] - { left: 0, right: wide, center: wide / 2 }[spot[2]];
      var y = point.y + spot[1], box = [start, y - 8, start + wide, y + 8];
      var covers = room.taken.filter(function (other) { return hits(box, [other]); }).length +
        (box[0] < 0 || box[2] > room.size.x ? 1 : 0);
      if (!best || covers < best.covers) {
        best = { x: point.x + spot[0], y: y, align: spot[2], box: box, covers: covers };
      }
    });
  return best;
}

// A sign never hides below a shelter or another sign: it steps down until it is free.
function freeSpot(view, placed, point, radius) {
  function covered() {
    return view.symbols.some(function (pair) {
      var room = pair[0].size / 2 + radius;
      return Math.abs(pair[1].x - point.x) < room && Math.abs(pair[1].y - point.y) < room;
    }) || placed.some(function (other) {
      return Math.hypot(other[0].x - point.x, other[0].y - point.y) < other[1] + radius;
    });
  }
  for (var turn = 0; turn < 12 && covered(); turn++) { point = L.point(point.x, point.y + 7); }
  placed.push([point, radius]);
  return point;
}

function openBridge(view, bridge) {
  L.popup().setLatLng(bridge[0]).setContent(make("strong", "",
    (bridge[1] ? bridge[1] + ": " : "") + bridge[2])).openOn(view.map);
}

function controlBoxes(map) {
  var frame = map.getContainer().getBoundingClientRect();
  return Array.prototype.map.call(map.getContainer().querySelectorAll(
    ".leaflet-control, .rg-hint:not([hidden])"), function (control) {
    var rect = control.getBoundingClientRect();
    return [rect.left - frame.left, rect.top - frame.top, rect.right - frame.left,
      rect.bottom - frame.top];
  });
}

function labelsInOrder(view, room, zoom) {
  var map = view.map, data = view.data, groups = view.groups;
  function at(place) { return map.latLngToContainerPoint(place); }
  if (view.chosen && view.chosen.shelter >= 0) {
    var mark = view.shelters[view.departure][view.chosen.shelter];
    beside(room, mark.shelter.name, at(mark.at), mark.size / 2 + 4,
      { size: 18, color: "#00461F", kind: "shelter" }, true);
  }
  if (view.chosen && view.chosen.second) {
    var line = view.chosen.second, half = 2 * Math.floor(line.length / 4);
    beside(room, view.speech.say("web_second_short"), at(latLngOf(line[half], line[half + 1])), 8,
      { size: 15, color: view.data.style.second.casing, kind: "second" });
  }
  if (map.hasLayer(groups.villages)) {
    view.villages.forEach(function (village) { villageLabel(view, room, village, at); });
  }
  if (map.hasLayer(groups.shelters) && !view.far) {
    view.symbols.forEach(function (pair) {
      var chosen = view.chosen && view.chosen.shelter === pair[0].index;
      if (!chosen && pair[0].shelter.label && zoom > (view.narrow ? 12.5 : 11)) {
        beside(room, pair[0].shelter.label, pair[1], pair[0].size / 2 + 4,
          { size: 15, color: "#00461F", kind: "shelter" });
      }
    });
  }
  if (groups.settlements && map.hasLayer(groups.settlements) && zoom >= 12) {
    view.settlements.forEach(function (one) {
      beside(room, one.name, at(one.at), 0, { size: 15, color: "#3A3A3A", kind: "settlement" });
    });
  }
  if (!map.hasLayer(groups.base) || view.far) { return; }
  if (zoom >= 12.5) {
    data.base.places.forEach(function (place) {
      beside(room, place[0], at([place[1], place[2]]), 0,
        { size: 15, color: "#4A4A4A", kind: "place", style: "italic " });
    });
  }
  if (zoom >= 15) {
    data.base.landmarks.forEach(function (landmark) {
      landmarkLabel(view, room, landmark, at([landmark[1], landmark[2]]), zoom);
    });
  }
  if (zoom >= 14.5) {
    data.base.roadNames.forEach(function (name) { roadLabel(room, name, at([name[1], name[2]])); });
  }
}

function hits(box, others) {
  return others.some(function (other) {
    return box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1];
  });
}

function shortened(text) {
  var letters = Array.from(text);
  return letters.length > LONGEST_LABEL
    ? letters.slice(0, LONGEST_LABEL - 1).join("").trim() + "…" : text;
}

function setFont(room, look) {
  room.context.font = (look.style || "") + "700 " + look.size + "px " + MAP_FONT;
}
var MAP_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif';

function write(room, text, x, y, look, box) {
  setFont(room, look);
  room.context.textAlign = "center";
  room.context.textBaseline = "middle";
  haloed(room.context, shortened(text), x, y, look.color, 4);
  room.taken.push(box);
  room.labels.push({ text: text, box: box, kind: look.kind });
}

// Writes a name on its place (no distance) or beside it; nothing where it would cover another,
// unless it must be there: then where it covers least.
function beside(room, text, point, distance, look, always) {
  if (point.x < 0 || point.y < 0 || point.x > room.size.x || point.y > room.size.y) { return; }
  setFont(room, look);
  var wide = room.context.measureText(shortened(text)).width / 2, high = look.size * 0.62;
  var far = distance + wide, down = distance + high, best = null;
  (!distance ? [[0, 0], [0, 16], [0, -16]] : [[far, 0], [-far, 0], [0, down], [0, -down]].concat(
    always ? [[wide, -down], [-wide, -down], [wide, down], [-wide, down], [0, 2 * down],
      [0, -2 * down], [0, 3 * down], [0, -3 * down]] : [])).forEach(function (spot) {
    var x = point.x + spot[0], y = point.y + spot[1];
    if (always) { x = Math.max(wide + 4, Math.min(room.size.x - wide - 4, x)); }
    var box = [x - wide - 3, y - high, x + wide + 3, y + high], covers = room.taken.filter(
      function (other) { return hits(box, [other]); }).length;
    if (box[0] < 0 || box[1] < 0 || box[2] > room.size.x || box[3] > room.size.y) { covers += 20; }
    if (hits(box, room.controls)) { covers += 9; }
    if (!best || covers < best.covers) { best = { x: x, y: y, box: box, covers: covers }; }
  });
  if (always || !best.covers) { write(room, text, best.x, best.y, look, best.box); }
}

// The name of a village moves about inside its border until it covers nothing.
function villageLabel(view, room, village, at) {
  var look = { size: view.far || view.narrow ? 16 : 18, color: "#111", kind: "village" };
  var low = at([village.south, village.west]), high = at([village.north, village.east]);
  var tall = Math.min(240, low.y - high.y), wide = Math.min(300, high.x - low.x);
  var point = at(village.at), edge = view.far ? 8 : 3;
  setFont(room, look);
  var half = room.context.measureText(shortened(village.name)).width / 2;
  if (view.far && room.labels.length > room.size.x * room.size.y / 26000) { return; }
  for (var turn = 0; turn < 45; turn++) {
    var x = point.x + [0, -0.15, 0.15, -0.3, 0.3][Math.floor(turn / 9)] * wide;
    var y = point.y + [0, -0.14, 0.14, -0.28, 0.28, -0.4, 0.4, -0.5, 0.5][turn % 9] * tall;
    var box = [x - half - edge, y - 11 - edge, x + half + edge, y + 11 + edge];
    if (box[0] < 0 || box[1] < 0 || box[2] > room.size.x || box[3] > room.size.y) { continue; }
    if (hits(box, room.taken)) { continue; }
    var ground = view.map.containerPointToLatLng([x, y]);
    if (turn && !inRings(village.rings, worldX(ground.lng), worldY(ground.lat))) { continue; }
    write(room, village.name, x, y, look, box);
    return;
  }
}

function landmarkLabel(view, room, landmark, point, zoom) {
  var half = 9, box = [point.x - half, point.y - half, point.x + half, point.y + half];
  if (point.x < 0 || point.y < 0 || point.x > room.size.x || point.y > room.size.y ||
    hits(box, room.taken)) { return; }
  paintLandmark(room.context, view, point, landmark[3], 2 * half);
  room.taken.push(box);
  view.hits.push({ point: point, reach: 12, open: function () {
    openTable(view, [landmark[1], landmark[2]],
      tableOf(landmark[0], kindWords(view, landmark[3]), []));
  } });
  if (zoom >= 16 && landmark[0]) {
    beside(room, landmark[0], point, half + 3, { size: 14, color: "#333", kind: "landmark" });
  }
}

// A name along its road, as boxes small enough to lie aslant.
function roadLabel(room, name, point) {
  if (point.x < 0 || point.y < 0 || point.x > room.size.x || point.y > room.size.y) { return; }
  var look = { size: 14, color: "#3B3B3B", kind: "road" }, angle = -name[3] * Math.PI / 180;
  setFont(room, look);
  var text = shortened(name[0]), wide = room.context.measureText(text).width, boxes = [];
  var count = Math.max(1, Math.ceil(wide / 16));
  for (var step = 0; step < count; step++) {
    var along = ((step + 0.5) / count - 0.5) * wide;
    var x = point.x + Math.cos(angle) * along, y = point.y + Math.sin(angle) * along;
    boxes.push([x - 9, y - 9, x + 9, y + 9]);
  }
  if (boxes.some(function (box) { return hits(box, room.taken); })) { return; }
  room.context.save();
  room.context.translate(point.x, point.y);
  room.context.rotate(angle);
  room.context.textAlign = "center";
  room.context.textBaseline = "middle";
  haloed(room.context, text, 0, 0, look.color, 4);
  room.context.restore();
  room.taken = room.taken.concat(boxes);
  room.labels.push({ text: name[0], kind: "road",
    box: [point.x - 9, point.y - 9, point.x + 9, point.y + 9] });
}
