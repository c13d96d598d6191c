// Draws a plan on a Leaflet map: puts the parts of the page together.

function drawEvacuationPlan(map, groups, layerControl, data, icons) {
  var view = viewOf(map, groups, data, icons);
  ["ground", "hazard", "veil", "streets", "borders", "states", "trunks", "chosen", "front"]
    .forEach(function (name, index) {
      var pane = map.createPane("rg-" + name);
      pane.style.zIndex = name === "front" ? 590 : 240 + 10 * index;
      pane.style.pointerEvents = "none";
    });
  var layers = {
    base: baseLayers(view), hazard: [hazardLayer(view)], villages: [borderLayer(view)],
    roads: [stateLayer(view)], routes: [trunkLayer(view)], shelters: [shelterLayer(view)]
  };
  if (groups.settlements) { layers.settlements = [settlementLayer(view)]; }
  var free = [veilLayer(view), chosenLayer(view), frontLayer(view), hereLayer(view)];

  view.choose = chooser(view);
  view.chooseSettlement = settlementChooser(view);
  view.bring = bringer(view);
  view.container.setAttribute("role", "region");
  view.container.setAttribute("aria-label", document.title);
  view.pulse = pulser(view);
  view.notify = notifier(view);
  view.hint = make("div", "rg-hint", view.words.zoom_in);
  view.hint.hidden = true;
  map.getContainer().appendChild(view.hint);
  addControls(view);
  if (view.narrow) { document.querySelector(".rg-all").open = false; }
  map.invalidateSize({ animate: false });
  map.fitBounds(view.planned, { padding: view.narrow ? [8, 8] : [24, 24], animate: false });
  view.placeShelters();
  // Shelters move before everything is painted: their signs say where names may stand.
  map.on("moveend", view.placeShelters);

  var painted = [];
  Object.keys(layers).forEach(function (key) {
    layers[key].forEach(function (layer) {
      groups[key].addLayer(layer);
      if (layer.repaint) { painted.push(layer); }
    });
  });
  free.forEach(function (layer) { painted.push(layer.addTo(map)); });
  view.repaint = function () {
    view.placeShelters();
    painted.forEach(function (layer) { layer.repaint(); });
  };
  view.repaintSoon = function () {
    window.clearTimeout(view.soon);
    view.soon = window.setTimeout(view.repaint, 60);
  };
  map.on("overlayadd overlayremove", view.repaint);
  new ResizeObserver(function () {
    map.invalidateSize({ pan: false, animate: false });
  }).observe(map.getContainer());
  answerTaps(view);
  answerDepartures(view);
  answerPrinting(view);
  answerMoreText();
  watchTiles(view);
  view.container.setAttribute("data-ready", "map");
  // What nobody needs in the first second comes after the first picture.
  window.setTimeout(function () {
    addSearch(view);
    listUnserved(view);
    if (view.taps().length && !view.chosen && !view.far) { view.notify(view.words.web_tap_hint, 12); }
    view.container.setAttribute("data-ready", "all");
  }, 0);
  map.evacuation = view;
}

// What the parts of the page know together.
function viewOf(map, groups, data, icons) {
  var chains = null, taps = null, view = {
    map: map, container: map.getContainer(), groups: groups, data: data, icons: icons,
    words: data.words, speech: speech(data.language, data.words), departure: data.departures[0],
    narrow: window.matchMedia("(max-width: 767px)").matches,
    far: false, chosen: null, here: null, shelters: {}, symbols: [], dots: [], signs: [], hits: [],
    labels: [], pictures: {}
  };
  view.chains = function () { return (chains = chains || unpackLines(data.chains)); };
  view.flows = memoized(function (name) { return unpackNumbers(data.flows[name]); });
  view.ways = memoized(function (name) { return unpackNumbers(data.ways[name]); });
  view.firstWalks = memoized(function (name) { return firstWalks(view.chains(), view.ways(name)); });
  view.answers = memoized(function (name) { return unpackAnswers(data, name); });
  view.unserved = memoized(function (name) { return unpackUnserved(data, name); });
  view.walk = walker(data);
  view.tapVillage = unpackNumbers(data.taps.village);
  view.tapSettlement = unpackNumbers(data.taps.settlement);
  view.taps = function () { return (taps = taps || tapPlaces(view)); };
  view.everything = L.latLngBounds(data.bounds);
  view.planned = L.latLngBounds([]);
  view.villages = data.villages.map(function (village) {
    var rings = village.rings.map(unpack), box = L.latLngBounds([]);
    rings.forEach(function (ring) {
      box.extend(latLngOf(ring.west, ring.north));
      box.extend(latLngOf(ring.east, ring.south));
    });
    view.planned.extend(box);
    return L.extend({}, village, { rings: rings, closed: rings.map(closedRing),
      west: box.getWest(), east: box.getEast(), north: box.getNorth(), south: box.getSouth() });
  });
  view.settlements = (data.settlements || []).map(function (one) {
    var rings = one.rings.map(unpack);
    return L.extend({}, one, { rings: rings, closed: rings.map(closedRing) });
  });
  // On paper a chosen route is shown whole, else all villages.
  view.printed = function (before) { return view.chosen ? before.bounds : view.planned; };
  return view;
}

function memoized(make) {
  var known = {};
  return function (key) { return (known[key] = known[key] || make(key)); };
}

function hereLayer(view) {
  return new Painted(function (context, frame) {
    if (view.here) { paintHere(context, frame, view.here); }
  }, { pane: "rg-chosen" });
}

function answerDepartures(view) {
  var buttons = document.querySelectorAll("[data-departure]");
  buttons.forEach(function (node) {
    node.addEventListener("click", function () {
      view.departure = node.getAttribute("data-departure");
      view.map.closePopup();  // its figures are of the other departure
      buttons.forEach(function (other) {
        other.setAttribute("aria-pressed", String(other === node));
      });
      if (view.chosen && view.chosen.settlement >= 0) {
        view.chooseSettlement(view.chosen.settlement, true);
      } else if (view.chosen) {
        view.choose(view.chosen.tap, undefined, true);
      }
      view.repaint();
      listUnserved(view);
    });
  });
}

// On a phone the first sentence stands alone until one asks for the others.
function answerMoreText() {
  document.querySelectorAll(".rg-more").forEach(function (node) {
    node.addEventListener("click", function () {
      var open = node.parentNode.classList.toggle("rg-open");
      node.setAttribute("aria-expanded", String(open));
      node.textContent = node.getAttribute(open ? "data-less" : "data-more");
    });
  });
}

window.drawEvacuationPlan = drawEvacuationPlan;
