// Shelters: a sign each where there is room, else a dot of the colour and shape of its state.

function shelterLayer(view) {
  var layer = L.featureGroup();
  Object.keys(view.data.shelters).forEach(function (name) {
    view.shelters[name] = view.data.shelters[name].map(function (shelter, index) {
      return shelterMark(view, shelter, index);
    });
  });
  view.placeShelters = function () { placeShelters(view, layer); };
  return layer;
}

function shelterMark(view, shelter, index) {
  var size = shelter.people ? (view.narrow ? 30 : 36) : (view.narrow ? 18 : 24);
  var role = shelter.state === "usable" ? shelter.role || "shelter" : "shelter";
  var mark = {
    index: index, shelter: shelter, size: size, usual: size, at: L.latLng(shelter.at),
    world: worldPoint(shelter.at)
  };
  mark.open = function () {
    openTable(view, mark.at, tableOf(shelter.name,
      view.speech.say("web_role_" + (shelter.role || "shelter")), shelter.rows));
  };
  mark.symbol = function () {
    if (!mark.marker) {
      var holder = make("div", "rg-sign");
      holder.insertAdjacentHTML("beforeend",
        view.icons[shelter.state + "/" + role] || view.icons[shelter.state + "/shelter"]);
      mark.marker = L.marker(mark.at, {
        icon: L.divIcon({ className: "rg-icon rg-place", html: holder, iconSize: [size, size] }),
        title: shelter.name, alt: shelter.name, zIndexOffset: shelter.people ? 500 : 0
      }).on("click", mark.open);
      mark.marker.rgResize = function (pixels) {
        var look = mark.marker.getElement() && mark.marker.getElement().style;
        if (!look || look.width === pixels + "px") { return; }
        look.width = look.height = pixels + "px";
        look.marginLeft = look.marginTop = -pixels / 2 + "px";
      };
    }
    return mark.marker;
  };
  return mark;
}

// Where most signs would crowd, every shelter is a dot; else only one that another sign covers.
function placeShelters(view, layer) {
  var map = view.map, zoom = map.getZoom(), marks = view.shelters[view.departure];
  var points = marks.map(function (mark) { return map.latLngToContainerPoint(mark.at); });
  var size = map.getSize(), near = view.planned.pad(0.15), placed = [];
  var here = points.filter(function (point, index) {
    return marks[index].shelter.people && near.contains(marks[index].at);
  });
  var crowd = here.filter(function (point) {
    return here.some(function (other) {
      return other !== point && Math.abs(other.x - point.x) < 56 &&
        Math.abs(other.y - point.y) < 56;
    });
  }).length;
  view.far = here.length > 40 && crowd > here.length / 2;
  map.getContainer().classList.toggle("rg-far", view.far);
  view.hint.hidden = !view.far || !!view.chosen;
  view.dots = [];
  view.symbols = [];
  var order = marks.map(function (mark, index) { return index; });
  order.sort(function (one, other) {
    return (goal(view, other) - goal(view, one)) ||
      marks[other].shelter.people - marks[one].shelter.people || one - other;
  });
  var shown = {};
  var share = zoom < 12.5 ? 0.7 : zoom < 14 ? 0.85 : 1;
  order.forEach(function (index) {
    var mark = marks[index], point = points[index];
    mark.size = Math.round(mark.usual * share);
    if (point.x < -40 || point.y < -40 || point.x > size.x + 40 || point.y > size.y + 40) {
      return;
    }
    var first = goal(view, index);
    if ((view.far && !first) || placed.some(function (other) {
      var room = (other[1] + mark.size) / 2 - 2;
      return Math.abs(other[0].x - point.x) < room && Math.abs(other[0].y - point.y) < room;
    })) {
      // From afar those nobody goes to would hide the hazard.
      if (!view.far || mark.shelter.people) { view.dots.push([mark, point]); }
      return;
    }
    placed.push([point, mark.size]);
    view.symbols.push([mark, point]);
    shown[L.stamp(mark.symbol())] = true;
  });
  layer.eachLayer(function (marker) {
    if (!shown[L.stamp(marker)]) { layer.removeLayer(marker); }
  });
  view.symbols.forEach(function (pair) {
    layer.addLayer(pair[0].symbol());
    pair[0].marker.rgResize(pair[0].size);
  });
}

function goal(view, index) {
  return view.chosen && view.chosen.shelter === index ? 1 : 0;
}

function paintDot(context, view, point, state) {
  var style = view.data.style;
  var color = state === "unknown_hazard" ? style.unknownShelter : style.usable;
  context.save();
  context.translate(point.x, point.y);
  if (view.narrow && view.far) { context.scale(0.7, 0.7); }
  context.beginPath();
  if (state === "in_hazard") {
    context.moveTo(-4, -4);
    context.lineTo(4, 4);
    context.moveTo(4, -4);
    context.lineTo(-4, 4);
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
      context.moveTo(0, -6);
      context.lineTo(6, 0);
      context.lineTo(0, 6);
      context.lineTo(-6, 0);
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

function outlined(context, color, outer, inner) {
  context.strokeStyle = "#fff";
  context.lineWidth = outer;
  context.stroke();
  context.strokeStyle = color;
  context.lineWidth = inner;
  context.stroke();
}
