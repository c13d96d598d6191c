"use strict";
// Draws a plan on a Leaflet map. Whatever a user named enters the page through textContent only.
function drawEvacuationPlan(map, groups, layerControl, data, icons) {
  var narrow = window.matchMedia("(max-width: 767px)").matches;
  var style = data.style;
  var departure = data.departures[0];
  var numbers = new Intl.NumberFormat(data.language);

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined && text !== null) { node.textContent = text; }
    return node;
  }

  function unpack(text) {
    var points = [], lat = 0, lon = 0, index = 0;
    function next() {
      var value = 0, shift = 1, bits;
      do {
        bits = text.charCodeAt(index++) - 63;
        value += (bits & 31) * shift;
        shift *= 32;
      } while (bits >= 32);
      return value % 2 ? -(value + 1) / 2 : value / 2;
    }
    while (index < text.length) {
      lat += next();
      lon += next();
      points.push([lat / 1e5, lon / 1e5]);
    }
    return points;
  }

  function popup(title, code, rows, columns) {
    var box = make("div", "rg-popup");
    box.appendChild(make("h2", "", title));
    if (code) { box.appendChild(make("p", "rg-code", code)); }
    var table = make("table");
    if (columns && columns.length) {
      var head = table.createTHead().insertRow();
      head.appendChild(make("th"));
      columns.forEach(function (name) { head.appendChild(make("th", "", name)); });
    }
    var body = table.createTBody();
    rows.forEach(function (row) {
      var line = body.insertRow();
      if (row[2]) { line.className = "rg-main"; }
      line.appendChild(make("th", "", row[0]));
      var values = Array.isArray(row[1]) ? row[1] : [row[1]];
      values.forEach(function (value) {
        var cell = line.insertCell();
        cell.textContent = value;
        if (!Array.isArray(row[1]) && value.length > 24) { cell.className = "rg-text"; }
        if (columns && columns.length && values.length === 1) {
          cell.colSpan = columns.length;
          cell.className = "rg-both";
        }
      });
    });
    box.appendChild(table);
    return box;
  }

  // Lines with a white casing and arrows that point the way people walk.
  var Arrowed = L.Polyline.extend({
    _updatePath: function () {
      var renderer = this._renderer;
      if (!renderer._drawing) { return; }
      var options = this.options, color = options.color, weight = options.weight;
      options.color = options.casing;
      options.weight = weight + 4;
      renderer._updatePoly(this);
      options.color = color;
      options.weight = weight;
      renderer._updatePoly(this);
      this._parts.forEach(function (part) { arrows(renderer._ctx, part, options); });
    }
  });

  function arrows(context, part, options) {
    var spacing = 95, next = 30, passed = 0;
    for (var index = 1; index < part.length; index++) {
      var from = part[index - 1], to = part[index], length = from.distanceTo(to);
      while (length > 0 && passed + length >= next) {
        var share = (next - passed) / length;
        var angle = Math.atan2(to.y - from.y, to.x - from.x);
        context.save();
        context.translate(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share);
        context.rotate(angle);
        context.beginPath();
        context.moveTo(10, 0);
        context.lineTo(-7, 8.5);
        context.lineTo(-3, 0);
        context.lineTo(-7, -8.5);
        context.closePath();
        context.globalAlpha = 1;
        context.fillStyle = options.color;
        context.strokeStyle = "#fff";
        context.lineWidth = 2.5;
        context.lineJoin = "round";
        context.setLineDash([]);
        context.stroke();
        context.fill();
        context.restore();
        next += spacing;
      }
      passed += length;
    }
  }

  // A disc with a sign in it: people who are not served.
  var Signed = L.CircleMarker.extend({
    _updatePath: function () {
      var renderer = this._renderer;
      renderer._updateCircle(this);
      if (!renderer._drawing || this._empty()) { return; }
      var context = renderer._ctx;
      context.save();
      context.fillStyle = "#fff";
      context.font = "700 " + Math.round(this._radius * 1.5) + "px sans-serif";
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(this.options.sign, this._point.x, this._point.y + 1);
      context.font = "700 " + (far ? 14 : 15) + "px sans-serif";
      context.textAlign = "left";
      context.lineJoin = "round";
      context.lineWidth = 3.5;
      context.strokeStyle = "#fff";
      context.strokeText(this.options.count, this._point.x + this._radius + 3, this._point.y);
      context.fillStyle = this.options.fillColor;
      context.fillText(this.options.count, this._point.x + this._radius + 3, this._point.y);
      context.restore();
    }
  });

  // A shelter where symbols would crowd: small, and still its own colour and shape for each state.
  var Dot = L.CircleMarker.extend({
    _updatePath: function () {
      if (!this._renderer._drawing || this._empty()) { return; }
      var context = this._renderer._ctx, state = this.options.state;
      var color = state === "unknown_hazard" ? style.unknownShelter : style.usable;
      context.save();
      context.translate(this._point.x, this._point.y);
      if (narrow && far) { context.scale(0.7, 0.7); }
      context.globalAlpha = 1;
      context.setLineDash([]);
      context.beginPath();
      if (state === "in_hazard") {
        context.moveTo(-4, -4); context.lineTo(4, 4); context.moveTo(4, -4); context.lineTo(-4, 4);
        outlined(context, "#000", 5.5, 2.5);
      } else if (state === "unreachable") {
        context.arc(0, 0, 3.8, 0, 2 * Math.PI);
        context.fillStyle = "#fff";
        context.fill();
        outlined(context, style.unusable, 4.5, 2.2);
      } else if (state === "unknown_capacity") {
        context.rect(-3.8, -3.8, 7.6, 7.6);
        context.fillStyle = "#fff";
        context.fill();
        outlined(context, color, 4.5, 2.4);
      } else {
        if (state === "unknown_hazard") {
          context.moveTo(0, -6); context.lineTo(6, 0); context.lineTo(0, 6); context.lineTo(-6, 0);
          context.closePath();
        } else {
          context.rect(-4.2, -4.2, 8.4, 8.4);
        }
        context.strokeStyle = "#fff";
        context.lineWidth = 2.5;
        context.stroke();
        context.fillStyle = color;
        context.fill();
      }
      context.restore();
    }
  });

  function outlined(context, color, outer, inner) {
    context.strokeStyle = "#fff";
    context.lineWidth = outer;
    context.stroke();
    context.strokeStyle = color;
    context.lineWidth = inner;
    context.stroke();
  }

  // A popup comes to rest beside the controls, not below them.
  L.Popup.mergeOptions({ autoPanPaddingTopLeft: [60, 12], autoPanPaddingBottomRight: [60, 40] });
  map.createPane("rg-hazard").style.zIndex = 250;
  map.createPane("rg-roads").style.zIndex = 390;
  map.getPane("rg-roads").style.pointerEvents = "none";
  var hint = make("div", "rg-hint", data.zoomIn);
  hint.hidden = true;
  var roadCanvas = L.canvas({ pane: "rg-roads", padding: 0.15 });

  // Hazard, and grey over everything outside the plan.
  groups.hazard.addLayer(L.imageOverlay(data.hazard.picture, data.hazard.bounds,
    { className: "rg-pixels", interactive: false, pane: "rg-hazard" }));
  var rings = [];
  data.villages.forEach(function (village) { village.points = village.rings.map(unpack); });

  // Villages: a border, a label, a table.
  var labels = [];
  var everything = L.latLngBounds([]);
  var borders = L.featureGroup();
  data.villages.forEach(function (village) {
    everything.extend(L.latLngBounds([].concat.apply([], village.points)));
    var polygon = L.polygon(village.points.map(function (ring) { return [ring]; }), {
      color: style.village.color, weight: style.village.weight, dashArray: "8 4 2 4",
      fillColor: "#fff", fillOpacity: 0.01
    });
    polygon.bindPopup(function () {
      return popup(village.name, village.code, village.rows, data.columns);
    }, {
      maxWidth: narrow ? 300 : 420, minWidth: narrow ? 240 : 320, maxHeight: narrow ? 300 : 480
    });
    borders.addLayer(polygon);
    label(village.at, village.name, "rg-label-village", village.people + 1e9, polygon)
      .addTo(groups.villages);
  });
  groups.villages.addLayer(borders);
  var box = data.hazard.bounds;
  borders.eachLayer(function (polygon) {
    polygon.getLatLngs().forEach(function (part) { rings.push(part[0]); });
  });
  L.polygon([[[box[0][0] - 5, box[0][1] - 5], [box[0][0] - 5, box[1][1] + 5],
    [box[1][0] + 5, box[1][1] + 5], [box[1][0] + 5, box[0][1] - 5]]].concat(rings), {
    renderer: roadCanvas, interactive: false, stroke: false,
    fillColor: style.outside.color, fillOpacity: style.outside.opacity
  }).addTo(map);

  function label(at, text, className, weight, polygon) {
    var node = make("span", "", text);
    var holder = make("div");
    holder.appendChild(node);
    var marker = L.marker(at, {
      icon: L.divIcon({ className: "rg-label " + className, html: holder, iconSize: [0, 0] }),
      interactive: false, keyboard: false, zIndexOffset: 1000
    });
    labels.push({ marker: marker, node: node, weight: weight, polygon: polygon });
    return marker;
  }

  // Roads: one layer per state.
  var roadLayers = [];
  ["open", "slowed", "unknown", "closed"].forEach(function (state) {
    var lines = data.roads[state].map(unpack);
    if (!lines.length) { return; }
    var look = style.roads[state];
    var common = { renderer: roadCanvas, interactive: false, lineCap: "butt" };
    if (look.dash.length) {
      var casing = L.polyline(lines, L.extend(
        { color: "#fff", weight: look.weight + 2.5 }, common));
      groups.roads.addLayer(casing);
      roadLayers.push([casing, look.weight + 2.5]);
    }
    var line = L.polyline(lines, L.extend(
      { color: look.color, weight: look.weight, dashArray: look.dash.join(" ") || null }, common));
    groups.roads.addLayer(line);
    if (look.dash.length) { roadLayers.push([line, look.weight]); }
  });

  // What depends on when people leave.
  var parts = { flow: {}, bridges: {}, routes: {}, unserved: {}, shelters: {} };
  var homes = { flow: "flow", bridges: "flow", routes: "routes", unserved: "unserved",
    shelters: "shelters" };
  var marks = {};
  data.departures.forEach(function (name) {
    var flow = parts.flow[name] = L.featureGroup();
    data.flows[name].forEach(function (lines, width) {
      if (!lines.length) { return; }
      L.polyline(lines.map(unpack), {
        color: style.flow.color, weight: style.flow.widths[width], opacity: 0.75, lineCap: "round",
        usual: style.flow.widths[width]
      }).bindTooltip(function () { return make("span", "", data.flowLabels[width]); },
        { sticky: true }).addTo(flow);
    });
    var bridges = parts.bridges[name] = L.featureGroup();
    data.bridges[name].forEach(function (bridge) {
      L.marker(bridge[0], {
        icon: L.divIcon({ className: "rg-icon", html: icons.bridge, iconSize: [20, 20] })
      }).bindTooltip(function () {
        return make("span", "", (bridge[1] ? bridge[1] + ": " : "") + bridge[2]);
      }).addTo(bridges);
    });
    var routes = parts.routes[name] = L.featureGroup();
    data.routes[name].forEach(function (route) {
      var line = new Arrowed(route[0].map(unpack), {
        color: style.route.color, weight: style.route.weight, casing: style.route.casing
      });
      function table() { return popup("→ " + route[1], "", route[2]); }
      line.bindTooltip(table, { sticky: true });
      line.bindPopup(table, { maxWidth: 300 });
      routes.addLayer(line);
    });
    parts.unserved[name] = L.featureGroup();
    parts.shelters[name] = L.featureGroup();
    marks[name] = data.shelters[name].map(function (shelter) {
      var size = shelter.people ? (narrow ? 25 : 34) : (narrow ? 17 : 24);
      function table() { return popup(shelter.name, "", shelter.rows); }
      return {
        people: shelter.people, size: size, at: L.latLng(shelter.at),
        symbol: L.marker(shelter.at, {
          icon: L.divIcon({
            className: "rg-icon rg-place", html: icons[shelter.state], iconSize: [size, size]
          }),
          title: shelter.name, alt: shelter.name, zIndexOffset: shelter.people ? 500 : 0
        }).bindPopup(table, { maxWidth: 300 }),
        dot: new Dot(shelter.at, { radius: 7, weight: 1, state: shelter.state })
          .bindTooltip(function () { return make("span", "", shelter.label || shelter.name); })
          .bindPopup(table, { maxWidth: 300 }),
        label: shelter.people
          ? label(shelter.at, shelter.label, "rg-label-shelter", shelter.people, null) : null
      };
    }).sort(function (one, other) { return other.people - one.people; });
  });

  // Where most symbols would crowd, every shelter is a dot; else only one that a symbol covers.
  var near = everything.pad(0.15), far = false, symbols = [], placedAt = "";
  function placeShelters() {
    var zoom = map.getZoom(), key = departure + " " + zoom;
    if (placedAt === key) { return; }
    placedAt = key;
    var all = marks[departure], layer = parts.shelters[departure];
    var points = all.map(function (mark) { return map.project(mark.at, zoom); });
    var here = points.filter(function (point, index) { return near.contains(all[index].at); });
    var crowd = here.filter(function (point) {
      return here.some(function (other) {
        return other !== point && Math.abs(other.x - point.x) < 56 &&
          Math.abs(other.y - point.y) < 56;
      });
    }).length;
    far = here.length > 40 && crowd > here.length / 2;
    var placed = [];
    symbols = [];
    all.forEach(function (mark, index) {
      var point = points[index];
      var shown = !far && !placed.some(function (other) {
        var room = (other[1] + mark.size) / 2 - 2;
        return Math.abs(other[0].x - point.x) < room && Math.abs(other[0].y - point.y) < room;
      });
      if (shown) {
        placed.push([point, mark.size]);
        symbols.push(mark);
      }
      [[mark.symbol, shown], [mark.label, shown], [mark.dot, !shown]].forEach(function (pair) {
        if (pair[0] && layer.hasLayer(pair[0]) !== pair[1]) {
          layer[pair[1] ? "addLayer" : "removeLayer"](pair[0]);
        }
      });
    });
    thin();
  }

  // From afar the hazard comes first: hair lines for roads and flow, no arrows, no bridges.
  function thin() {
    map.getContainer().classList.toggle("rg-far", far);
    hint.hidden = !far;
    parts.flow[departure].eachLayer(function (line) {
      var usual = line.options.usual, share = Math.min(1, Math.max(0.5, (map.getZoom() - 11) / 4));
      line.setStyle({
        weight: far ? usual / 7 : Math.max(2, usual * share),
        opacity: !far ? 0.75 : usual < 8 ? 0 : 0.7
      });
    });
    borders.setStyle({ weight: far ? 0.8 : style.village.weight, opacity: far ? 0.7 : 1 });
    ["bridges", "routes"].forEach(function (key) {
      groups[homes[key]][far ? "removeLayer" : "addLayer"](parts[key][departure]);
    });
    var share = departure === "late" || data.departures.length === 1 ? 1 : 0.6;
    roadLayers.forEach(function (pair) {
      pair[0].setStyle({
        opacity: far ? 0.25 : share, weight: far ? Math.max(0.4, pair[1] * 0.22) : pair[1] * share
      });
    });
  }

  // Signs that would lie on one another at this zoom become one sign with their people together.
  var signZoom = {};
  function placeSigns() {
    var zoom = map.getZoom(), layer = parts.unserved[departure];
    if (signZoom[departure] === zoom) { return; }
    signZoom[departure] = zoom;
    layer.clearLayers();
    var cells = [], apart = far ? 90 : data.unserved[departure].length > 300 ? 72 : 46;
    data.unserved[departure].forEach(function (group) {
      var point = map.project(group[0], zoom);
      var cell = cells.find(function (one) {
        return one.cause === group[1] &&
          Math.hypot(one.start.x - point.x, one.start.y - point.y) < apart;
      });
      if (!cell) {
        cell = { cause: group[1], start: point, people: 0, x: 0, y: 0 };
        cells.push(cell);
      }
      cell.people += group[2];
      cell.x += point.x * group[2];
      cell.y += point.y * group[2];
    });
    // Signs of two causes at one place stand below one another.
    var stood = [];
    cells.forEach(function (cell) {
      cell.x /= cell.people;
      cell.y /= cell.people;
      for (var turn = 0; turn < 6 && stood.some(function (other) {
        return Math.abs(other.x - cell.x) < 58 && Math.abs(other.y - cell.y) < (far ? 18 : 26);
      }); turn++) { cell.y += far ? 18 : 26; }
      stood.push(cell);
    });
    cells.reverse().forEach(function (cell) {
      var count = numbers.format(cell.people);
      var words = data.causes[cell.cause] + ": " + count + " " + data.people;
      new Signed(map.unproject([cell.x, cell.y], zoom), {
        radius: far ? 8 : Math.min(14, 9 + Math.sqrt(cell.people) / 4),
        sign: style.signs[cell.cause],
        count: count, color: "#fff", weight: 1.5, fillColor: style.unserved, fillOpacity: 1
      }).bindTooltip(function () { return make("span", "", words); })
        .bindPopup(function () { return make("strong", "", words); }).addTo(layer);
    });
  }

  function inOrder() {
    placeShelters();
    placeSigns();
    borders.bringToBack();
    ["flow", "routes"].forEach(function (key) {
      if (map.hasLayer(parts[key][departure])) { parts[key][departure].bringToFront(); }
    });
    marks[departure].forEach(function (mark) {
      if (map.hasLayer(mark.dot)) { mark.dot.bringToFront(); }
    });
    if (map.hasLayer(groups.unserved)) { parts.unserved[departure].bringToFront(); }
    placeLabels();
  }

  // A label moves aside for symbols and signs; one that would cover another stays hidden, and the
  // place of most people wins. From afar only so many are shown that the hazard stays in sight.
  function placeLabels() {
    var size = map.getSize(), taken = [], signs = [], shown = 0;
    var most = far ? size.x * size.y / 26000 : Infinity;
    function around(at, left, right, half) {
      var point = map.latLngToContainerPoint(at);
      return [point.x - left, point.y - half, point.x + right, point.y + half];
    }
    if (map.hasLayer(groups.shelters)) {
      symbols.forEach(function (mark) {
        signs.push(around(mark.at, mark.size / 2, mark.size / 2, mark.size / 2));
      });
    }
    if (map.hasLayer(groups.unserved)) {
      parts.unserved[departure].eachLayer(function (sign) {
        var wide = 4 + sign.options.count.length * 9;
        signs.push(around(sign.getLatLng(), sign._radius, sign._radius + wide, sign._radius));
      });
    }
    var frame = map.getContainer().getBoundingClientRect();
    map.getContainer().querySelectorAll(".leaflet-control").forEach(function (control) {
      var rect = control.getBoundingClientRect();
      taken.push([rect.left - frame.left, rect.top - frame.top, rect.right - frame.left,
        rect.bottom - frame.top]);
    });
    function hits(box, others) {
      return others.some(function (other) {
        return box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1];
      });
    }
    labels.forEach(function (one) {
      var found = null;
      if (map.hasLayer(one.marker) && shown < most) {
        var point = map.latLngToContainerPoint(one.marker.getLatLng());
        if (size.contains(point) && point.x > 0 && point.y > 0) {
          found = (one.polygon ? besideVillage : besideShelter)(one, point);
        }
      }
      one.node.classList.toggle("rg-hidden", !found);
      if (!found) { return; }
      shown += 1;
      taken.push(found);
    });

    function boxOf(one, point, dx, dy) {
      var wide = one.node.offsetWidth / 2, high = one.node.offsetHeight / 2;
      return [point.x + dx - wide, point.y + dy - high, point.x + dx + wide, point.y + dy + high];
    }
    function move(one, dx, dy) {
      one.node.style.transform =
        "translate(-50%, -50%) translate(" + Math.round(dx) + "px, " + Math.round(dy) + "px)";
    }
    function besideVillage(one, point) {
      var bounds = one.polygon.getBounds();
      var low = map.latLngToContainerPoint(bounds.getSouthWest());
      var high = map.latLngToContainerPoint(bounds.getNorthEast());
      var least = far ? 0 : 110;
      var tall = Math.max(least, Math.min(240, low.y - high.y));
      var wide = Math.max(least, Math.min(300, high.x - low.x));
      var spare = null, fewest = Infinity;
      var edge = far ? 14 : 0;
      for (var turn = 0; turn < 45; turn++) {
        var dy = [0, -0.14, 0.14, -0.28, 0.28, -0.4, 0.4, -0.55, 0.55][turn % 9] * tall;
        var dx = [0, -0.15, 0.15, -0.3, 0.3][Math.floor(turn / 9)] * wide;
        var box = boxOf(one, point, dx, dy);
        if (turn && !one.polygon._containsPoint(
          map.containerPointToLayerPoint([point.x + dx, point.y + dy]))) { continue; }
        if (turn && (box[0] < 0 || box[2] > size.x)) { continue; }
        var spaced = [box[0] - edge, box[1] - edge / 2, box[2] + edge, box[3] + edge / 2];
        if (hits(spaced, taken)) { continue; }
        var covered = signs.filter(function (sign) { return hits(box, [sign]); }).length;
        if (!covered) {
          move(one, dx, dy);
          return spaced;
        }
        if (covered < fewest) {
          fewest = covered;
          spare = spaced;
        }
      }
      if (far || !spare) { return null; }
      move(one, (spare[0] + spare[2]) / 2 - point.x, (spare[1] + spare[3]) / 2 - point.y);
      return spare;
    }
    function besideShelter(one, point) {
      if (narrow && symbols.length > 8 && map.getZoom() < 14) { return null; }
      var wide = one.node.offsetWidth / 2 + 20;
      var places = [[wide, 0], [-wide, 0], [0, 28], [0, -28]];
      for (var turn = 0; turn < places.length; turn++) {
        var box = boxOf(one, point, places[turn][0], places[turn][1]);
        if (box[0] > 0 && box[2] < size.x && !hits(box, taken) && !hits(box, signs)) {
          move(one, places[turn][0], places[turn][1]);
          return box;
        }
      }
      return null;
    }
  }
  labels.sort(function (one, other) { return other.weight - one.weight; });

  function leave(name) {
    departure = name;
    ["flow", "routes", "unserved", "shelters"].forEach(function (key) {
      groups[key].clearLayers();
    });
    Object.keys(parts).forEach(function (key) { groups[homes[key]].addLayer(parts[key][name]); });
    document.querySelectorAll("[data-departure]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-departure") === name));
    });
    inOrder();
  }
  document.querySelectorAll("[data-departure]").forEach(function (button) {
    button.addEventListener("click", function () { leave(button.getAttribute("data-departure")); });
  });

  // The frame: scale, north, stamp, attribution; on a phone the panels start closed.
  L.control.scale({ imperial: false, maxWidth: 160, position: "bottomleft" }).addTo(map);
  var north = L.control({ position: "topleft" });
  north.onAdd = function () {
    var holder = make("div", "rg-north", data.north);
    holder.insertAdjacentHTML("beforeend", icons.north);
    return holder;
  };
  north.addTo(map);
  if (data.sample) {
    var stamp = make("div", "rg-stamp");
    stamp.appendChild(make("span", "", data.sample));
    map.getContainer().appendChild(stamp);
  }
  map.getContainer().appendChild(hint);
  map.attributionControl.setPrefix(false);
  map.attributionControl.addAttribution(data.osm);
  var toggle = layerControl.getContainer().querySelector(".leaflet-control-layers-toggle");
  toggle.title = data.layers;
  toggle.setAttribute("aria-label", data.layers);
  if (narrow) {
    document.querySelectorAll(".rg-panel details").forEach(function (one) {
      one.open = one.classList.contains("rg-legend");
    });
  }
  map.invalidateSize({ animate: false });
  map.fitBounds(everything, { padding: [28, 28], animate: false });
  leave(departure);
  map.on("zoomend moveend overlayadd overlayremove", inOrder);
  new ResizeObserver(function () { map.invalidateSize(); }).observe(map.getContainer());
}
