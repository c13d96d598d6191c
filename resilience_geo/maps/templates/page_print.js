// Printing from the browser: the map takes the width of the sheet and is painted once more.

var PRINT_PIXEL_RATIO = 3;

function answerPrinting(view) {
  var map = view.map, before = null, sheet = null;
  function resize(ratio) {
    map.rgRatio = ratio;
    map.invalidateSize({ animate: false, pan: false });
  }
  window.addEventListener("beforeprint", function () {
    if (before) { return; }
    before = { center: map.getCenter(), zoom: map.getZoom(), bounds: map.getBounds(),
      open: [] };
    document.querySelectorAll(".rg-panel details").forEach(function (part) {
      before.open.push([part, part.open]);
      part.open = true;
    });
    document.documentElement.classList.add("rg-printing");
    resize(PRINT_PIXEL_RATIO);
    map.fitBounds(view.printed(before), { animate: false, padding: [6, 6] });
    view.repaint();
    sheet = onOneCanvas(view);
  });
  window.addEventListener("afterprint", function () {
    if (!before) { return; }
    document.documentElement.classList.remove("rg-printing");
    sheet.remove();
    before.open.forEach(function (pair) { pair[0].open = pair[1]; });
    resize(0);
    map.setView(before.center, before.zoom, { animate: false });
    before = null;
    view.repaint();
  });
}

// Chromium prints the steps by which a canvas was painted, and wiping it clean, the first of them,
// would wipe out what lies below it. So all are copied to a new one that was never wiped.
function onOneCanvas(view) {
  var map = view.map, size = map.getSize(), sheet = make("canvas", "rg-sheet");
  sheet.width = size.x * PRINT_PIXEL_RATIO;
  sheet.height = size.y * PRINT_PIXEL_RATIO;
  sheet.style.width = size.x + "px";
  sheet.style.height = size.y + "px";
  var context = sheet.getContext("2d"), corner = map.containerPointToLayerPoint([0, 0]);
  map.getContainer().querySelectorAll(".rg-canvas").forEach(function (canvas) {
    var at = L.DomUtil.getPosition(canvas).subtract(corner).multiplyBy(PRINT_PIXEL_RATIO);
    context.globalAlpha = Number(getComputedStyle(canvas.parentNode).opacity);
    context.drawImage(canvas, at.x, at.y);
  });
  map.getPane("rg-front").appendChild(sheet);
  L.DomUtil.setPosition(sheet, corner);
  return sheet;
}
