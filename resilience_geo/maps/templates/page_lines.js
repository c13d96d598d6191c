// Lines in world coordinates: web mercator, 0 to 1 from west to east and from north to south.

function worldX(lon) { return (lon + 180) / 360; }

function worldY(lat) {
  var sine = Math.sin(lat * Math.PI / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

function worldPoint(at) { return [worldX(at[1]), worldY(at[0])]; }

function latLngOf(x, y) {
  return L.latLng(Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180 / Math.PI, x * 360 - 180);
}

// Whole numbers from text: five bits to a letter, the sign in the lowest.
function unpackNumbers(text) {
  var values = [], index = 0, length = text.length;
  while (index < length) {
    var value = 0, shift = 1, bits;
    do {
      bits = text.charCodeAt(index++) - 63;
      value += (bits & 31) * shift;
      shift *= 32;
    } while (bits >= 32);
    values.push(value % 2 ? -(value + 1) / 2 : value / 2);
  }
  return values;
}

// Unpacks an encoded polyline into x, y, x, y, ... with the box around it.
function unpack(text) { return unpackLines([text, null])[0]; }

// Unpacks many lines: the steps from point to point of all of them, and how many points each has.
function unpackLines(pack) {
  var steps = unpackNumbers(pack[0]), at = 0, lat = 0, lon = 0;
  var sizes = pack[1] === null ? [steps.length / 2] : unpackNumbers(pack[1]);
  return sizes.map(function (size) {
    var line = new Float64Array(2 * size);
    for (var index = 0; index < size; index++, at += 2) {
      lat += steps[at];
      lon += steps[at + 1];
      line[2 * index] = worldX(lon / 1e5);
      line[2 * index + 1] = worldY(lat / 1e5);
    }
    return boxed(line);
  });
}

function boxed(line) {
  line.west = line.north = Infinity;
  line.east = line.south = -Infinity;
  for (var index = 0; index < line.length; index += 2) {
    line.west = Math.min(line.west, line[index]);
    line.east = Math.max(line.east, line[index]);
    line.north = Math.min(line.north, line[index + 1]);
    line.south = Math.max(line.south, line[index + 1]);
  }
  return line;
}

function inRing(ring, x, y) {
  var inside = false;
  for (var one = 0, two = ring.length - 2; one < ring.length; two = one, one += 2) {
    if (ring[one + 1] > y !== ring[two + 1] > y &&
      x < (ring[two] - ring[one]) * (y - ring[one + 1]) / (ring[two + 1] - ring[one + 1]) +
      ring[one]) { inside = !inside; }
  }
  return inside;
}

function inRings(rings, x, y) {
  return rings.reduce(function (inside, ring) {
    return inRing(ring, x, y) ? !inside : inside;
  }, false);
}

// Chains of one route, in walking order: number 3 is the third chain as stored, -3 against it.
function joined(chains, numbers) {
  var values = [];
  numbers.forEach(function (number) {
    var chain = chains[Math.abs(number) - 1], count = chain.length / 2;
    for (var step = 0; step < count; step++) {
      var at = 2 * (number > 0 ? step : count - 1 - step), end = values.length;
      if (end && values[end - 2] === chain[at] && values[end - 1] === chain[at + 1]) { continue; }
      values.push(chain[at], chain[at + 1]);
    }
  });
  return boxed(Float64Array.from(values));
}
