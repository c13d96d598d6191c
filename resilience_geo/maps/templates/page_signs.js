// People without a place: a sign with the cause and how many, impossible to overlook.

// Places without a place to go to, most people first: place, cause, people.
function unpackUnserved(data, departure) {
  var packed = data.unserved[departure], steps = unpackNumbers(packed.at), lat = 0, lon = 0;
  var status = unpackNumbers(packed.status);
  return unpackNumbers(packed.people).map(function (people, index) {
    lat += steps[2 * index];
    lon += steps[2 * index + 1];
    return [[lat / 1e5, lon / 1e5], data.statuses[status[index]], people];
  });
}

// Signs that would lie on one another at this zoom become one sign with their people together.
function placeSigns(view) {
  var map = view.map, groups = view.unserved(view.departure), cells = [];
  var apart = view.far ? 90 : groups.length > 300 || view.narrow ? 72 : 50;
  var key = view.departure + map.getZoom() + view.far;
  if (view.signKey === key) { return view.signs; }
  view.signKey = key;
  groups.forEach(function (group) {
    var point = map.project(group[0]), cell = cells.find(function (one) {
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
  var stood = [], step = view.far ? 18 : 28;
  cells.forEach(function (cell) {
    cell.x /= cell.people;
    cell.y /= cell.people;
    for (var turn = 0; turn < 6 && stood.some(function (other) {
      return Math.abs(other.x - cell.x) < 62 && Math.abs(other.y - cell.y) < step;
    }); turn++) { cell.y += step; }
    stood.push(cell);
  });
  view.signs = cells.reverse().map(function (cell) {
    return {
      at: map.unproject([cell.x, cell.y]), cause: cell.cause, people: cell.people,
      radius: view.far ? 8 : Math.min(15, 10 + Math.sqrt(cell.people) / 5),
      text: view.speech.number(cell.people)
    };
  });
  return view.signs;
}

function paintSign(context, view, sign, point, spot) {
  var color = view.data.style.unserved;
  context.beginPath();
  context.arc(point.x, point.y, sign.radius, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.strokeStyle = "#fff";
  context.lineWidth = 2;
  context.stroke();
  context.fillStyle = "#fff";
  context.font = "700 " + Math.round(sign.radius * 1.5) + "px sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(view.data.style.signs[sign.cause], point.x, point.y + 1);
  context.font = "700 " + (view.far ? 14 : 16) + "px sans-serif";
  context.textAlign = spot.align;
  haloed(context, sign.text, spot.x, spot.y, color, 4);
}

function haloed(context, text, x, y, color, width) {
  context.lineJoin = "round";
  context.lineWidth = width;
  context.strokeStyle = "rgba(255,255,255,0.92)";
  context.strokeText(text, x, y);
  context.fillStyle = color;
  context.fillText(text, x, y);
}

// Bridges and landmarks: small and neutral.
function paintBridge(context, point) {
  context.save();
  context.translate(point.x, point.y);
  context.beginPath();
  context.moveTo(-7, -6);
  context.quadraticCurveTo(-4, -2.5, 0, -2.5);
  context.quadraticCurveTo(4, -2.5, 7, -6);
  context.moveTo(-7, 6);
  context.quadraticCurveTo(-4, 2.5, 0, 2.5);
  context.quadraticCurveTo(4, 2.5, 7, 6);
  context.strokeStyle = "#fff";
  context.lineWidth = 5;
  context.stroke();
  context.strokeStyle = "#111";
  context.lineWidth = 2.2;
  context.stroke();
  context.restore();
}

// A landmark's picture is drawn once from its SVG; until it is there, a dot stands for it.
function paintLandmark(context, view, point, kind, size) {
  var picture = landmarkPicture(view, kind);
  if (picture.complete && picture.naturalWidth) {
    context.drawImage(picture, point.x - size / 2, point.y - size / 2, size, size);
    return;
  }
  context.beginPath();
  context.arc(point.x, point.y, 4, 0, 2 * Math.PI);
  context.fillStyle = "#444";
  context.fill();
}

function landmarkPicture(view, kind) {
  var known = view.pictures[kind];
  if (!known) {
    known = view.pictures[kind] = new Image();
    known.onload = function () { view.repaintSoon(); };
    known.src = "data:image/svg+xml," + encodeURIComponent(
      view.icons["landmark/" + kind] || view.icons["landmark/other"] || "");
  }
  return known;
}
