// Evacuation routes: one line for all who share a road, as wide as they are many, with green signs
// that point the way they walk.

var SIGN_GREEN = "#00703C";

function widthClass(cuts, people) {
  var number = -1;
  while (number + 1 < cuts.length && people >= cuts[number + 1]) { number++; }
  return number;
}

function trunkLayer(view) {
  var data = view.data, look = data.style.flow, color = data.style.route.color;

  return new Painted(function (context, frame) {
    var people = view.flows(view.departure), groups = look.widths.map(function () { return []; });
    var share = Math.min(1, Math.max(0.12, (frame.zoom - 10) / 7)) * (view.far ? 0.4 : 0.62);
    var walks = view.firstWalks(view.departure), short = [];
    view.chains().forEach(function (chain, index) {
      if (people[index] > 0 && frame.shows(chain, 20)) {
        (walks[index] ? short : groups[Math.max(0, widthClass(look.cuts, people[index]))])
          .push(chain);
      }
    });
    context.lineJoin = context.lineCap = "round";
    // From afar the many short walks of few people would hide the roads they lead to.
    var faint = frame.zoom < 14 ? Math.max(0.25, (frame.zoom - 11) / 3) : 1;
    function paint(casing) {
      groups.forEach(function (lines, number) {
        if (!lines.length || (casing && faint < 1 && !number)) { return; }
        var width = Math.max(view.far ? 0.5 : 1.2, look.widths[number] * share);
        context.globalAlpha = number || casing ? 1 : faint;
        strokeLines(context, frame, lines, casing ? "#fff" : color, casing ? width + 3.2
          : number ? width : width * faint);
        context.globalAlpha = 1;
      });
    }
    // Straight lines from houses to the road are no paths: only from near, and faint.
    context.globalAlpha = 0.4;
    if (!view.far && frame.zoom >= 16) { strokeLines(context, frame, short, color, 0.8); }
    context.globalAlpha = 1;
    if (!view.far) { paint(true); }
    paint(false);
    if (!view.far && frame.zoom >= 12) { paintWays(context, frame, view); }
  }, { pane: "rg-trunks" });
}

// Which chains are the first steps from where people live: straight, and nobody comes from behind.
// `ways`: in which direction each chain is walked.
function firstWalks(chains, ways) {
  var ends = {};
  function key(chain, at) { return chain[at] + "," + chain[at + 1]; }
  chains.forEach(function (chain) {
    [0, chain.length - 2].forEach(function (at) {
      ends[key(chain, at)] = (ends[key(chain, at)] || 0) + 1;
    });
  });
  return chains.map(function (chain, index) {
    return chain.length === 4 && !!ways[index] && ends[key(chain, ways[index] > 0 ? 0 : 2)] === 1;
  });
}

// Signs along the trunks: those of most people first, none on top of another.
function paintWays(context, frame, view) {
  var people = view.flows(view.departure), ways = view.ways(view.departure);
  var cuts = view.data.style.flow.cuts, taken = spaced(frame, 40), order = [], walks = view.firstWalks(view.departure);
  view.chains().forEach(function (chain, index) {
    if (people[index] > 0 && ways[index] && !walks[index] && frame.shows(chain, 0)) { order.push(index); }
  });
  order.sort(function (one, other) { return people[other] - people[one] || one - other; });
  order.forEach(function (index) {
    var number = Math.max(0, widthClass(cuts, people[index]));
    var size = [15, 17, 19, 22, 25][number], apart = [120, 108, 96, 88, 80][number];
    alongLine(view.chains()[index], frame, apart, function (x, y, angle) {
      if (taken(x, y, apart * 0.8)) {
        wayArrow(context, x, y, ways[index] > 0 ? angle : angle + Math.PI, size);
      }
    });
  });
}

// Calls with points every so many pixels along a line, or with its middle, and the angle there.
function alongLine(line, frame, apart, call) {
  var length = 0, index, x, y, steps = [];
  for (index = 2; index < line.length; index += 2) {
    x = (line[index] - line[index - 2]) * frame.scale;
    y = (line[index + 1] - line[index - 1]) * frame.scale;
    steps.push(Math.hypot(x, y));
    length += steps[steps.length - 1];
  }
  if (length < 14) { return; }
  var count = Math.max(1, Math.round(length / apart)), next = length / count / 2, passed = 0;
  for (index = 0; index < steps.length; index++) {
    while (count && passed + steps[index] >= next && steps[index]) {
      var share = (next - passed) / steps[index], at = 2 * index;
      x = frame.x(line[at] + (line[at + 2] - line[at]) * share);
      y = frame.y(line[at + 1] + (line[at + 3] - line[at + 1]) * share);
      if (x > -20 && y > -20 && x < frame.width + 20 && y < frame.height + 20) {
        call(x, y, Math.atan2(line[at + 3] - line[at + 1], line[at + 2] - line[at]));
      }
      next += length / count;
      if (next > length + 1e-6) { return; }
    }
    passed += steps[index];
  }
}

// Says whether a place is still free, and takes it; a grid of squares keeps this quick.
function spaced(frame, square) {
  var squares = {};
  return function (x, y, apart) {
    var reach = Math.ceil(apart / square), column = Math.floor(x / square);
    var row = Math.floor(y / square);
    for (var across = -reach; across <= reach; across++) {
      for (var down = -reach; down <= reach; down++) {
        var others = squares[(column + across) + ":" + (row + down)] || [];
        for (var index = 0; index < others.length; index++) {
          if (Math.hypot(others[index][0] - x, others[index][1] - y) < apart) { return false; }
        }
      }
    }
    var key = column + ":" + row;
    (squares[key] = squares[key] || []).push([x, y]);
    return true;
  };
}

// A white arrow on an upright green sign with a white rim, as on the signs of evacuation routes.
function wayArrow(context, x, y, angle, size) {
  context.save();
  context.translate(x, y);
  context.scale(size / 32, size / 32);
  roundedBox(context, -17, -17, 34, 34, 5);
  context.fillStyle = "#fff";
  context.fill();
  roundedBox(context, -14.5, -14.5, 29, 29, 3.5);
  context.fillStyle = SIGN_GREEN;
  context.fill();
  context.rotate(angle);
  context.beginPath();
  [[-11.4, -3.4], [-0.4, -3.4], [-0.4, -10.6], [12, 0], [-0.4, 10.6], [-0.4, 3.4], [-11.4, 3.4]]
    .forEach(function (point, index) {
      context[index ? "lineTo" : "moveTo"](point[0], point[1]);
    });
  context.closePath();
  context.fillStyle = "#fff";
  context.fill();
  context.restore();
}

// The route that was asked for, above everything else; its second route beside it.
function chosenLayer(view) {
  return new Painted(function (context, frame) {
    var chosen = view.chosen;
    if (!chosen) { return; }
    context.lineJoin = context.lineCap = "round";
    if (chosen.second) {
      var second = view.data.style.second;
      context.lineCap = "butt";
      strokeLines(context, frame, [chosen.second], "#fff", second.weight + 5);
      strokeLines(context, frame, [chosen.second], second.casing, second.weight + 1.5);
      strokeLines(context, frame, [chosen.second], "#fff", second.weight - 1);
      strokeLines(context, frame, [chosen.second], second.color, second.weight, second.dash);
      context.lineCap = "round";
    }
    if (chosen.line) {
      strokeLines(context, frame, [chosen.line], "#fff", 14);
      strokeLines(context, frame, [chosen.line], view.data.style.route.color, 9);
      var taken = spaced(frame, 40);
      alongLine(chosen.line, frame, 78, function (x, y, angle) {
        if (taken(x, y, 40)) { wayArrow(context, x, y, angle, 25); }
      });
    }
    paintStart(context, frame.x(chosen.at[0]), frame.y(chosen.at[1]), chosen.line
      ? view.data.style.route.color : view.data.style.unserved);
  }, { pane: "rg-chosen" });
}

function paintStart(context, x, y, color) {
  [[11, "#fff"], [8.5, color], [3.5, "#fff"]].forEach(function (ring) {
    context.beginPath();
    context.arc(x, y, ring[0], 0, 2 * Math.PI);
    context.fillStyle = ring[1];
    context.fill();
  });
}
