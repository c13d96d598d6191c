// Buttons and notices around the map.

function addControl(view, position, node) {
  var control = L.control({ position: position });
  control.onAdd = function () {
    L.DomEvent.disableClickPropagation(node);
    return node;
  };
  return control.addTo(view.map);
}

var PICTURES = {
  locate: '<svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true"><circle cx="12" ' +
    'cy="12" r="6" fill="none" stroke="#111" stroke-width="2"/><circle cx="12" cy="12" r="2.4" ' +
    'fill="#111"/><path d="M12 1v5M12 18v5M1 12h5M18 12h5" stroke="#111" stroke-width="2"/></svg>',
  print: '<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M6 8V2h12v6' +
    'M6 18H2V8h20v10h-4" fill="none" stroke="#111" stroke-width="2"/><path d="M6 14h12v8H6z" ' +
    'fill="#fff" stroke="#111" stroke-width="2"/></svg>'
};

function pictureButton(view, name, act) {
  var node = button("rg-button rg-" + name, "", act);
  node.insertAdjacentHTML("beforeend", PICTURES[name]);
  node.title = view.speech.say("web_" + name);
  node.setAttribute("aria-label", node.title);
  return node;
}

function addControls(view) {
  var map = view.map, data = view.data;
  L.control.scale({ imperial: false, maxWidth: 150, position: "bottomleft" }).addTo(map);
  var north = make("div", "rg-north", data.north);
  north.insertAdjacentHTML("beforeend", view.icons.north);
  addControl(view, "topleft", north);
  addControl(view, "topright", pictureButton(view, "locate", function () { locate(view); }));
  addControl(view, "topright", pictureButton(view, "print", function () { window.print(); }));
  if (data.sample) {
    var stamp = make("div", "rg-stamp");
    stamp.appendChild(make("span", "", data.sample));
    map.getContainer().appendChild(stamp);
  }
  map.attributionControl.setPrefix(false);
  map.attributionControl.addAttribution(make("span", "", data.osm).innerHTML);
  name(".leaflet-control-zoom-in", view.speech.say("web_zoom_in"));
  name(".leaflet-control-zoom-out", view.speech.say("web_zoom_out"));
  name(".leaflet-control-layers-toggle", data.layers);
  map.on("popupopen popupclose", function (event) {
    map.getContainer().classList.toggle("rg-popped", event.type === "popupopen");
    view.notify("", 0);
    name(".leaflet-popup-close-button", view.speech.say("web_close"));
  });
  function name(selector, words) {
    map.getContainer().querySelectorAll(selector).forEach(function (node) {
      node.title = words;
      node.setAttribute("aria-label", words);
    });
  }
}

// A notice at the foot of the map that goes by itself.
function notifier(view) {
  var node = make("div", "rg-notice"), timer = 0;
  node.setAttribute("role", "status");
  node.hidden = true;
  view.map.getContainer().appendChild(node);
  return function (words, seconds) {
    node.textContent = words;
    node.hidden = !words;
    window.clearTimeout(timer);
    if (words) { timer = window.setTimeout(function () { node.hidden = true; }, seconds * 1000); }
  };
}

// The position of the phone, when it is allowed; the nearest card opens.
function locate(view) {
  var map = view.map, say = view.speech.say;
  if (!navigator.geolocation) {
    view.notify(say("web_locate_failed"), 8);
    return;
  }
  view.notify(say("web_locating"), 20);
  navigator.geolocation.getCurrentPosition(function (position) {
    var at = L.latLng(position.coords.latitude, position.coords.longitude);
    view.here = { at: at, world: worldPoint([at.lat, at.lng]), metres: position.coords.accuracy };
    if (!view.everything.pad(0.3).contains(at)) {
      view.here = null;
      view.notify(say("web_locate_outside"), 10);
      return;
    }
    map.setView(at, Math.max(16, map.getZoom()), { animate: false });
    var tap = nearestTap(view, at, Math.max(300, view.here.metres));
    if (tap >= 0) { view.choose(tap); }
    view.notify(say("web_located", { distance: view.speech.distance(view.here.metres) }), 8);
    view.repaint();
  }, function (problem) {
    view.notify(say(problem.code === 1 ? "web_locate_refused" : "web_locate_failed"), 10);
  }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
}

function paintHere(context, frame, here) {
  var x = frame.x(here.world[0]), y = frame.y(here.world[1]);
  var radius = here.metres / metresPerWorld(here.world[1]) * frame.scale;
  context.beginPath();
  context.arc(x, y, Math.max(10, radius), 0, 2 * Math.PI);
  context.fillStyle = "rgba(0,90,200,0.15)";
  context.fill();
  context.strokeStyle = "#0050B4";
  context.lineWidth = 1.5;
  context.stroke();
  paintStart(context, x, y, "#0050B4");
}

// The online map, where there is one: hidden as soon as it does not answer.
function watchTiles(view) {
  view.map.eachLayer(function (layer) {
    if (!(layer instanceof L.TileLayer)) { return; }
    var failed = 0, loaded = 0;
    layer.on("tileload", function () { loaded += 1; });
    layer.on("tileerror", function () {
      failed += 1;
      if (failed > 3 && !loaded && view.map.hasLayer(layer)) {
        view.map.removeLayer(layer);
        view.notify(view.speech.say("web_tiles_failed"), 8);
      }
    });
  });
}

// Where people have no place, by settlement or village, most first; a tap leads there.
function listUnserved(view) {
  var part = document.querySelector(".rg-unserved");
  if (!part) { return; }
  var list = part.querySelector("ul"), rows = unservedRows(view);
  list.textContent = "";
  part.hidden = !rows.length;
  rows.forEach(function (row) {
    var line = make("li"), act = button("rg-wide", "", function () {
      if (row.settlement >= 0) {
        view.chooseSettlement(row.settlement);
      } else {
        view.choose(row.tap, row.status);
      }
      view.container.scrollIntoView({ block: "nearest" });
    });
    act.appendChild(make("b", "", row.name));
    var causes = Object.keys(row.causes).sort(function (one, other) {
      return row.causes[other] - row.causes[one];
    });
    if (causes.length > 1) {
      act.appendChild(make("span", "rg-total", view.speech.people(row.people)));
    }
    causes.forEach(function (cause) {
      act.appendChild(make("span", "", view.speech.say("web_unserved_row", {
        people: view.speech.number(row.causes[cause]), cause: lower(view.data.causes[cause])
      })));
    });
    line.appendChild(act);
    list.appendChild(line);
  });
}

// One row per settlement; people outside all settlements by village.
function unservedRows(view) {
  var rows = {}, statuses = view.data.statuses;
  view.settlements.forEach(function (one, number) {
    var village = view.villages[one.village], lost = one.people - one[view.departure][0];
    if (!lost) { return; }
    rows["s" + number] = { settlement: number, people: lost, causes: one.causes[view.departure],
      name: one.name + (village && village.name !== one.name ? ", " + village.name : "") };
  });
  view.answers(view.departure).forEach(function (answers, tap) {
    if (view.tapSettlement[tap] >= 0) { return; }
    answers.forEach(function (answer) {
      if (answer.status === 0) { return; }
      var key = "v" + view.tapVillage[tap], cause = statuses[answer.status];
      var row = rows[key] = rows[key] || { name: placeOf(view, tap), people: 0, most: 0, causes: {},
        settlement: -1 };
      row.people += answer.people;
      row.causes[cause] = (row.causes[cause] || 0) + answer.people;
      if (answer.people > row.most) {
        row.most = answer.people;
        row.tap = tap;
        row.status = answer.status;
      }
    });
  });
  return Object.keys(rows).map(function (key) { return rows[key]; })
    .sort(function (one, other) { return other.people - one.people; });
}
