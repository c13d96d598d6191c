// A canvas over the map that is painted anew whenever the map stands still.

var MOST_PIXEL_RATIO = 2;  // more costs a cheap phone its memory, and nobody sees it

var Painted = L.Renderer.extend({
  options: { padding: 0.1, pane: "overlayPane" },

  initialize: function (paint, options) {
    this._paint = paint;
    L.Renderer.prototype.initialize.call(this, options);
  },

  _initContainer: function () {
    this._container = make("canvas", "rg-canvas");
  },

  _destroyContainer: function () {
    L.DomUtil.remove(this._container);
    delete this._container;
  },

  _updatePaths: function () {},

  // Leaflet asks for this after the map stood still, which has painted everything already.
  _reset: function () {},

  _update: function () {
    if (!this._map || (this._map._animatingZoom && this._bounds)) { return; }
    L.Renderer.prototype._update.call(this);
    var size = this._bounds.getSize(), canvas = this._container;
    var ratio = this._map.rgRatio || Math.min(window.devicePixelRatio || 1, MOST_PIXEL_RATIO);
    var wide = Math.round(size.x * ratio), high = Math.round(size.y * ratio);
    L.DomUtil.setPosition(canvas, this._bounds.min);
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
    }
    var context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, high);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this._paint(context, frameOf(this._map, this._bounds, size, ratio));
  },

  repaint: function () { this._update(); }
});

// Where world coordinates lie on a canvas, in pixels of the page.
function frameOf(map, bounds, size, ratio) {
  var zoom = map.getZoom(), origin = map.getPixelOrigin().add(bounds.min);
  var scale = map.options.crs.scale(zoom);
  return {
    zoom: zoom, scale: scale, left: origin.x, top: origin.y, ratio: ratio,
    width: size.x, height: size.y, inset: map.containerPointToLayerPoint([0, 0])
      .subtract(bounds.min),
    x: function (x) { return x * scale - origin.x; },
    y: function (y) { return y * scale - origin.y; },
    shows: function (line, margin) {
      return line.east * scale - origin.x > -margin &&
        line.west * scale - origin.x < size.x + margin &&
        line.south * scale - origin.y > -margin && line.north * scale - origin.y < size.y + margin;
    }
  };
}

// Adds a line to the path of a context; points closer than half a pixel are passed over.
function trace(context, frame, line, closed) {
  var scale = frame.scale, left = frame.left, top = frame.top, last = line.length - 2;
  var x = line[0] * scale - left, y = line[1] * scale - top;
  context.moveTo(x, y);
  for (var index = 2; index <= last; index += 2) {
    var nextX = line[index] * scale - left, nextY = line[index + 1] * scale - top;
    if (index < last && Math.abs(nextX - x) < 0.7 && Math.abs(nextY - y) < 0.7) { continue; }
    x = nextX;
    y = nextY;
    context.lineTo(x, y);
  }
  if (closed) { context.closePath(); }
}

function strokeLines(context, frame, lines, color, width, dash) {
  context.beginPath();
  lines.forEach(function (line) {
    if (frame.shows(line, width)) { trace(context, frame, line); }
  });
  context.strokeStyle = color;
  context.lineWidth = width;
  context.setLineDash(dash || []);
  context.stroke();
  context.setLineDash([]);
}

function fillRings(context, frame, rings, color) {
  context.beginPath();
  rings.forEach(function (ring) {
    if (frame.shows(ring, 0)) { trace(context, frame, ring, true); }
  });
  context.fillStyle = color;
  context.fill("evenodd");
}

function roundedBox(context, x, y, width, height, radius) {
  context.beginPath();
  context.moveTo(x + radius, y);
  context.arcTo(x + width, y, x + width, y + height, radius);
  context.arcTo(x + width, y + height, x, y + height, radius);
  context.arcTo(x, y + height, x, y, radius);
  context.arcTo(x, y, x + width, y, radius);
  context.closePath();
}

// A pattern that keeps its place on the ground while the map is moved.
function groundPattern(context, frame, tile) {
  var pattern = context.createPattern(tile, "repeat"), size = tile.width / frame.ratio;
  var shift = new DOMMatrix();
  shift.translateSelf(-(frame.left % size), -(frame.top % size));
  shift.scaleSelf(1 / frame.ratio);
  pattern.setTransform(shift);
  return pattern;
}

// Draws the hatch of a hazard class, or of settlements without a place, on a small square.
function hatchTile(hatch, ground, ink, ratio) {
  var size = { dots: 12, lines: 9, cross: 11, dashes: 14 }[hatch] || 10;
  var tile = make("canvas"), pixels = Math.round(size * ratio);
  tile.width = tile.height = pixels;
  var context = tile.getContext("2d");
  context.scale(pixels / size, pixels / size);
  if (ground) {
    context.fillStyle = ground;
    context.fillRect(0, 0, size, size);
  }
  context.fillStyle = context.strokeStyle = ink;
  context.lineWidth = 1.1;
  context.beginPath();
  if (hatch === "dots") {
    context.arc(size / 4, size / 4, 1, 0, 7);
    context.arc(size * 3 / 4, size * 3 / 4, 1, 0, 7);
    context.fill();
    return tile;
  }
  if (hatch === "dashes") {
    context.lineWidth = 2;
    context.moveTo(1, size / 4);
    context.lineTo(size / 2 + 1, size / 4);
    context.moveTo(0, size * 3 / 4);
    context.lineTo(1, size * 3 / 4);
    context.moveTo(size / 2 + 1, size * 3 / 4);
    context.lineTo(size, size * 3 / 4);
    context.stroke();
    return tile;
  }
  [-size, 0, size].forEach(function (shift) {
    context.moveTo(shift - 1, size + 1);
    context.lineTo(shift + size + 1, -1);
    if (hatch === "cross") {
      context.moveTo(shift - 1, -1);
      context.lineTo(shift + size + 1, size + 1);
    }
  });
  context.stroke();
  return tile;
}
