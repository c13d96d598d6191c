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
      context.font = "700 15px sans-serif";
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

  // A popup comes to rest beside the controls, not below them.
  L.Popup.mergeOptions({ autoPanPaddingTopLeft: [60, 12], autoPanPaddingBottomRight: [60, 40] });
  map.createPane("rg-hazard").style.zIndex = 250;
  map.createPane("rg-roads").style.zIndex = 390;
  map.getPane("rg-roads").style.pointerEvents = "none";
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
    }, { maxWidth: narrow ? 300 : 420, minWidth: narrow ? 240 : 320, maxHeight: narrow ? 300 : 480 });
    borders.addLayer(polygon);
    label(groups.villages, village.at, village.name, "rg-label-village", village.people + 1e9, null);
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

  function label(group, at, text, className, weight, needs) {
    var node = make("span", "", text);
    var holder = make("div");
    holder.appendChild(node);
    var marker = L.marker(at, {
      icon: L.divIcon({ className: "rg-label " + className, html: holder, iconSize: [0, 0] }),
      interactive: false, keyboard: false, zIndexOffset: 1000
    });
    group.addLayer(marker);
    labels.push({ marker: marker, node: node, weight: weight, needs: needs });
  }

  // Roads: one layer per state.
  var roadLayers = [];
  ["open", "slowed", "unknown", "closed"].forEach(function (state) {
    var lines = data.roads[state].map(unpack);
    if (!lines.length) { return; }
    var look = style.roads[state];
    var common = { renderer: roadCanvas, interactive: false, lineCap: "butt" };
    if (look.dash.length) {
      var casing = L.polyline(lines, L.extend({ color: "#fff", weight: look.weight + 2.5 }, common));
      groups.roads.addLayer(casing);
      roadLayers.push([casing, look.weight + 2.5]);
    }
    var line = L.polyline(lines, L.extend(
      { color: look.color, weight: look.weight, dashArray: look.dash.join(" ") || null }, common));
    groups.roads.addLayer(line);
    if (look.dash.length) { roadLayers.push([line, look.weight]); }
  });

  // What depends on when people leave.
  var parts = { flow: {}, routes: {}, unserved: {}, shelters: {} };
  data.departures.forEach(function (name) {
    var flow = parts.flow[name] = L.featureGroup();
    data.flows[name].forEach(function (lines, width) {
      if (!lines.length) { return; }
      L.polyline(lines.map(unpack), {
        color: style.flow.color, weight: style.flow.widths[width], opacity: 0.75, lineCap: "round"
      }).bindTooltip(function () { return make("span", "", data.flowLabels[width]); },
        { sticky: true }).addTo(flow);
    });
    data.bridges[name].forEach(function (bridge) {
      L.marker(bridge[0], {
        icon: L.divIcon({ className: "rg-icon", html: icons.bridge, iconSize: [20, 20] })
      }).bindTooltip(function () {
        return make("span", "", (bridge[1] ? bridge[1] + ": " : "") + bridge[2]);
      }).addTo(flow);
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
    var shelters = parts.shelters[name] = L.featureGroup();
    var crowded = data.shelters[name].length > 600;
    data.shelters[name].forEach(function (shelter) {
      var size = shelter.people ? (narrow ? 28 : 34) : (crowded ? 14 : (narrow ? 18 : 24));
      L.marker(shelter.at, {
        icon: L.divIcon({
          className: "rg-icon", html: icons[shelter.state], iconSize: [size, size]
        }),
        title: shelter.name, alt: shelter.name, zIndexOffset: shelter.people ? 500 : 0
      }).bindPopup(function () { return popup(shelter.name, "", shelter.rows); },
        { maxWidth: 300 }).addTo(shelters);
      if (shelter.people) {
        label(shelters, shelter.at, shelter.label, "rg-label-shelter", shelter.people, shelters);
      }
    });
  });

  // Signs that would lie on one another at this zoom become one sign with their people together.
  var signZoom = {};
  function placeSigns() {
    var zoom = map.getZoom(), layer = parts.unserved[departure];
    if (signZoom[departure] === zoom) { return; }
    signZoom[departure] = zoom;
    layer.clearLayers();
    var cells = [], crowded = data.unserved[departure].length > 300;
    data.unserved[departure].forEach(function (group) {
      var point = map.project(group[0], zoom);
      var cell = cells.find(function (one) {
        return one.cause === group[1] && Math.hypot(one.start.x - point.x, one.start.y - point.y) < (crowded ? 84 : 46);
      });
      if (!cell) {
        cell = { cause: group[1], start: point, people: 0, x: 0, y: 0 };
        cells.push(cell);
      }
      cell.people += group[2];
      cell.x += point.x * group[2];
      cell.y += point.y * group[2];
    });
    cells.reverse().forEach(function (cell) {
      var count = numbers.format(cell.people);
      var words = data.causes[cell.cause] + ": " + count + " " + data.people;
      new Signed(map.unproject([cell.x / cell.people, cell.y / cell.people], zoom), {
        radius: Math.min(crowded ? 14 : 18, 9 + Math.sqrt(cell.people) / 4), sign: style.signs[cell.cause],
        count: count, color: "#fff", weight: 1.5, fillColor: style.unserved, fillOpacity: 1
      }).bindTooltip(function () { return make("span", "", words); })
        .bindPopup(function () { return make("strong", "", words); }).addTo(layer);
    });
  }

  function inOrder() {
    placeSigns();
    borders.bringToBack();
    ["flow", "routes", "unserved"].forEach(function (key) {
      if (map.hasLayer(groups[key])) { parts[key][departure].bringToFront(); }
    });
    placeLabels();
  }

  // Labels that would cover another one stay hidden; the place of most people wins.
  function placeLabels() {
    var taken = [], icons = [];
    parts.shelters[departure].eachLayer(function (marker) {
      if (marker.options.alt && marker.options.zIndexOffset && marker._icon) {
        icons.push(marker._icon.getBoundingClientRect());
      }
    });
    map.getContainer().classList.toggle("rg-far", icons.length > 60 && map.getZoom() < 13.5);
    var few = data.shelters[departure].filter(function (one) { return one.people; }).length < 9;
    labels.forEach(function (one) {
      var here = map.hasLayer(one.marker);
      var shown = here && (!one.needs || few || map.getZoom() >= 14);
      if (shown) {
        var rect = one.node.getBoundingClientRect();
        var others = one.needs ? taken.concat(icons) : taken;
        shown = !others.some(function (other) {
          return rect.left < other.right && rect.right > other.left &&
            rect.top < other.bottom && rect.bottom > other.top;
        });
        if (shown) { taken.push(rect); }
      }
      one.node.classList.toggle("rg-hidden", !shown);
    });
  }
  labels.sort(function (one, other) { return other.weight - one.weight; });

  function leave(name) {
    departure = name;
    Object.keys(parts).forEach(function (key) {
      groups[key].clearLayers();
      groups[key].addLayer(parts[key][name]);
    });
    var late = name === "late" || data.departures.length === 1;
    roadLayers.forEach(function (pair) {
      pair[0].setStyle({ opacity: late ? 1 : 0.6, weight: late ? pair[1] : pair[1] * 0.6 });
    });
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
