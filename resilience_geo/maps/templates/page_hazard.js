// The hazard: every class in its colour and under its own hatch, cells crisp at every zoom.

var HAZARD_OPACITY = 0.62, GREY_STEP = 50;

function hazardLayer(view) {
  var looks = view.data.hazard.looks, cells = null, tiles = {}, layer;

  function tileOf(look, ratio) {
    var key = look.value + "/" + ratio;
    tiles[key] = tiles[key] ||
      hatchTile(look.hatch, groundOf(look), "rgba(0,0,0," + (look.ground < 1 ? 0.8 : 0.5) + ")", ratio);
    return tiles[key];
  }

  layer = new Painted(function (context, frame) {
    if (!cells) { return; }
    looks.forEach(function (look) {
      var parts = cells.parts[look.value / GREY_STEP];
      if (!parts || !parts.length) { return; }
      context.globalAlpha = HAZARD_OPACITY;
      context.fillStyle = frame.zoom < 11.5 ? groundOf(look)
        : groundPattern(context, frame, tileOf(look, frame.ratio));
      paintCells(context, frame, cells, parts);
      context.globalAlpha = 1;
    });
  }, { pane: "rg-hazard" });

  var picture = new Image();
  picture.onload = function () {
    cells = cellsOf(picture, view.data.hazard.bounds);
    layer.repaint();
    view.container.setAttribute("data-hazard", "drawn");
  };
  picture.src = view.data.hazard.classes;
  return layer;
}

// The colour of a class, lighter where it is drawn faintly.
function groundOf(look) {
  return look.ground < 1 ? look.color + Math.round(255 * look.ground).toString(16) : look.color;
}

// Reads the class of each cell and joins equal ones: column, row, last column, last row, ...
function cellsOf(picture, bounds) {
  var wide = picture.naturalWidth, high = picture.naturalHeight, canvas = make("canvas");
  canvas.width = wide;
  canvas.height = high;
  var context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  var pixels = context.getImageData(0, 0, wide, high).data, parts = [[], [], [], [], []];
  var above = {};
  for (var row = 0; row < high; row++) {
    var here = {};
    for (var start = 0, end; start < wide; start = end) {
      var value = Math.round(pixels[4 * (row * wide + start)] / GREY_STEP);
      end = start + 1;
      while (end < wide && Math.round(pixels[4 * (row * wide + end)] / GREY_STEP) === value) { end++; }
      if (!value || value > 4) { continue; }
      var key = value + ":" + start + ":" + end, list = parts[value];
      if (above[key] !== undefined) {
        list[above[key] + 3] = row + 1;
        here[key] = above[key];
      } else {
        here[key] = list.length;
        list.push(start, row, end, row + 1);
      }
    }
    above = here;
  }
  var west = worldX(bounds[0][1]), north = worldY(bounds[1][0]);
  return {
    parts: parts, west: west, north: north,
    wide: (worldX(bounds[1][1]) - west) / wide, high: (worldY(bounds[0][0]) - north) / high
  };
}

// Edges are whole pixels of the screen, so that neighbours meet without a seam.
function paintCells(context, frame, cells, parts) {
  var ratio = frame.ratio, scale = frame.scale;
  var left = cells.west * scale - frame.left, top = cells.north * scale - frame.top;
  var wide = cells.wide * scale, high = cells.high * scale;
  function whole(value) { return Math.round(value * ratio) / ratio; }
  for (var index = 0; index < parts.length; index += 4) {
    var x = left + parts[index] * wide, right = left + parts[index + 2] * wide;
    var y = top + parts[index + 1] * high, bottom = top + parts[index + 3] * high;
    if (right < 0 || bottom < 0 || x > frame.width || y > frame.height) { continue; }
    x = whole(x);
    y = whole(y);
    context.fillRect(x, y, whole(right) - x, whole(bottom) - y);
  }
}
