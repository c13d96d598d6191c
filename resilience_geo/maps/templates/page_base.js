// The land: water, buildings, roads by class, borders, and a veil over all that is not planned.

var LAND = { water: "#A9CFE6", building: "#CFC6BA", wall: "#A79B8C", canal: "#7FB2D3" };

function baseLayers(view) {
  var base = view.data.base, roads = { major: [], minor: [], path: [] }, ready = false;
  var water = [], waterways = [], buildings = [];

  function unpackAll() {
    if (ready) { return; }
    ready = true;
    water = [].concat.apply([], base.water.map(function (rings) { return rings.map(unpack); }));
    waterways = unpackLines(base.waterways);
    buildings = unpackLines(base.buildings);
    Object.keys(roads).forEach(function (kind) { roads[kind] = unpackLines(base.roads[kind]); });
  }

  var ground = new Painted(function (context, frame) {
    unpackAll();
    context.lineJoin = context.lineCap = "round";
    fillRings(context, frame, water, LAND.water);
    strokeLines(context, frame, waterways, LAND.canal, frame.zoom < 14 ? 1.5 : 3);
    if (frame.zoom >= 14.5) {
      fillRings(context, frame, buildings, LAND.building);
      context.strokeStyle = LAND.wall;
      context.lineWidth = 0.6;
      context.stroke();
    }
  }, { pane: "rg-ground" });

  var streets = new Painted(function (context, frame) {
    unpackAll();
    var zoom = frame.zoom, share = Math.min(1, Math.max(0.25, (zoom - 11) / 6));
    context.lineJoin = context.lineCap = "round";
    if (zoom >= 15) { strokeLines(context, frame, roads.path, "#8A8276", 1.4, [4, 4]); }
    if (zoom >= 15.5) {
      strokeLines(context, frame, roads.minor, "#8A8A8A", 5.5 * share + 0.8);
    }
    strokeLines(context, frame, roads.major, zoom < 14 ? "#A3A3A3" : "#7A7A7A",
      Math.max(1.6, 8 * share + 0.8));
    if (zoom >= 12.5) {
      strokeLines(context, frame, roads.minor, zoom < 15.5 ? "#9A9A9A" : "#FFFFFF",
        zoom < 15.5 ? 0.5 + share : 5.5 * share - 0.8);
    }
    strokeLines(context, frame, roads.major, "#FFFFFF", Math.max(0.7, 8 * share - 1));
  }, { pane: "rg-streets" });

  return [ground, streets];
}

// What is not part of the plan lies under a grey veil; roads and hazard show through it.
function veilLayer(view) {
  var look = view.data.style.outside;
  return new Painted(function (context, frame) {
    context.beginPath();
    context.rect(-9, -9, frame.width + 18, frame.height + 18);
    view.villages.forEach(function (village) {
      village.rings.forEach(function (ring) { trace(context, frame, ring, true); });
    });
    context.fillStyle = look.color;
    context.globalAlpha = look.opacity;
    context.fill("evenodd");
    context.globalAlpha = 1;
  }, { pane: "rg-veil" });
}

function borderLayer(view) {
  var look = view.data.style.village;
  return new Painted(function (context, frame) {
    var rings = [].concat.apply([], view.villages.map(function (one) { return one.closed; }));
    var width = view.far ? 0.9 : look.weight;
    context.lineJoin = "round";
    if (!view.far) { strokeLines(context, frame, rings, "rgba(255,255,255,0.8)", width + 2.5); }
    strokeLines(context, frame, rings, look.color, width, view.far ? [] : [9, 4, 2, 4]);
  }, { pane: "rg-borders" });
}

function closedRing(ring) {
  var line = new Float64Array(ring.length + 2);
  line.set(ring);
  line[ring.length] = ring[0];
  line[ring.length + 1] = ring[1];
  return boxed(line);
}

// Roads that do not stay open; before the water comes they are drawn lightly.
function stateLayer(view) {
  var roads = view.data.roads, lines = null;
  return new Painted(function (context, frame) {
    var late = view.departure === "late" || view.data.departures.length === 1;
    var share = Math.min(1, Math.max(0.22, (frame.zoom - 11.5) / 4)) * (late ? 1 : 0.7);
    lines = lines || { slowed: unpackLines(roads.slowed), unknown: unpackLines(roads.unknown),
      closed: unpackLines(roads.closed) };
    context.lineJoin = "round";
    context.globalAlpha = view.far ? 0.3 : late ? 1 : 0.4;
    ["slowed", "unknown", "closed"].forEach(function (state) {
      var look = view.data.style.roads[state], width = Math.max(0.6, look.weight * share);
      if (!view.far) { strokeLines(context, frame, lines[state], "#fff", width + 2 * share); }
      strokeLines(context, frame, lines[state], look.color, width, look.dash.map(function (part) {
        return Math.max(1.5, part * Math.max(share, 0.5));
      }));
    });
    context.globalAlpha = 1;
  }, { pane: "rg-states" });
}

// Settlements: a thin border; hatched in the colour of people without a place where nobody has one.
function settlementLayer(view) {
  var tiles = {};
  return new Painted(function (context, frame) {
    var color = view.data.style.unserved, ratio = frame.ratio;
    tiles[ratio] = tiles[ratio] || hatchTile("lines", "rgba(122,1,119,0.08)", color, ratio);
    context.lineJoin = "round";
    view.settlements.forEach(function (one) {
      var lost = one.people > 0 && !one[view.departure][0], rings = one.closed;
      if (!rings.length) { return; }
      if (lost) {
        context.globalAlpha = 0.55;
        fillRings(context, frame, rings, groundPattern(context, frame, tiles[ratio]));
        context.globalAlpha = 1;
      }
      if (frame.zoom >= 13 || lost) {
        strokeLines(context, frame, rings, lost ? color : "rgba(60,60,60,0.75)",
          lost ? 2.5 : 1, lost ? [] : [3, 3]);
      }
    });
  }, { pane: "rg-borders" });
}
