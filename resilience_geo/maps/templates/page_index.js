// The index of a run: cards made as one scrolls, search by name and code, sorting and filters.

var CARDS_AT_ONCE = 48;

function bare(text) {
  return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().trim();
}

function sum(values) {
  return values.reduce(function (total, value) { return total + value; }, 0);
}

// The bar of those with and without a place: its second part is hatched, not only coloured.
function fillBar(bar, placed, left) {
  [["rg-placed", placed], ["rg-unplaced", left]].forEach(function (part) {
    if (!part[1]) { return; }
    var piece = make("i", part[0]);
    piece.style.width = 100 * part[1] / (placed + left) + "%";
    bar.appendChild(piece);
  });
  bar.setAttribute("aria-hidden", "true");
  return bar;
}

function showIndex(read) {
  var settings = read("rg-words"), villages = read("rg-data"), pictures = null;
  var speak = speech(settings.language, settings.words), say = speak.say;
  var list = document.getElementById("rg-villages"), more = document.getElementById("rg-more");
  var search = document.getElementById("rg-search"), sort = document.getElementById("rg-sort");
  var show = document.getElementById("rg-show"), count = document.getElementById("rg-count");
  var departures = list.dataset.departures.split("|");
  var collator = new Intl.Collator(settings.language, { numeric: true, sensitivity: "base" });
  var chosen = [], made = 0;

  function people(value) { return value > 0 && value < 0.5 ? "<1" : speak.number(value); }

  function index(village, number) {
    village.number = number;
    village.plain = bare(village.name) + " " + village.code.toLowerCase() + " " +
      village.code.replace(/\D/g, "");
  }

  // No figures are known of a village without a plan: it comes last here, and stands on top of the
  // page with its reason.
  var orders = {
    unserved: function (one, other) { return one.number - other.number; },
    name: function (one, other) { return collator.compare(one.name, other.name); },
    evacuees: function (one, other) { return other.evacuees - one.evacuees; },
    lost: function (one, other) { return (other.lost || 0) - (one.lost || 0); }
  };
  var filters = {
    all: function () { return true; },
    unserved: function (one) { return "failed" in one || sum(one.left) > 0; },
    unknown: function (one) { return "failed" in one || one.unknown > 0; },
    failed: function (one) { return "failed" in one; }
  };

  function ordered(found, by) {
    if (by === "name") { return found.sort(orders.name); }
    return found.sort(function (one, other) {
      return ("failed" in one) - ("failed" in other) ||
        ("failed" in one ? collator.compare(one.name, other.name) : orders[by](one, other)) ||
        one.number - other.number;
    });
  }

  function heading(village, picture) {
    var top = make("div", "rg-heading"), words = make("div");
    if (picture) {
      var image = make("img");
      image.alt = "";
      image.width = 160;
      image.height = 120;
      image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(picture);
      var place = village.links.length ? make("a") : make("span");
      if (village.links.length) {
        place.href = village.links[0][1];
        place.tabIndex = -1;
        place.setAttribute("aria-hidden", "true");
      }
      place.appendChild(image);
      top.appendChild(place);
    } else {
      top.appendChild(make("span", "rg-blank", "?"));
    }
    words.appendChild(make("h3", "", village.name));
    if (village.code) { words.appendChild(make("p", "rg-code", village.code)); }
    if (village.evacuees) {
      words.appendChild(make("p", "rg-need",
        say("index_evacuees", { people: speak.number(village.evacuees) })));
    }
    top.appendChild(words);
    return top;
  }

  function departed(name, placed, left) {
    var part = make("div", "rg-departed"), line = make("p");
    if (departures.length > 1) { line.appendChild(document.createTextNode(name + ": ")); }
    line.appendChild(make("b", "", speak.number(placed)));
    line.appendChild(document.createTextNode(" " + settings.words.index_placed_here + ", "));
    var rest = make("span", left ? "rg-some" : "");
    rest.appendChild(make("b", "", speak.number(left)));
    rest.appendChild(document.createTextNode(" " + settings.words.index_left_here));
    line.appendChild(rest);
    part.appendChild(line);
    part.appendChild(fillBar(make("div", "rg-bar"), placed, left));
    return part;
  }

  function links(village) {
    var line = make("p", "rg-links");
    village.links.forEach(function (pair, position) {
      var link = make("a", position ? "" : "rg-button", say(pair[0]));
      link.href = pair[1];
      var long = say(pair[0] + "_long" in settings.words ? pair[0] + "_long" : pair[0]);
      link.title = long;
      link.setAttribute("aria-label", long + ": " + village.name);
      line.appendChild(link);
    });
    return line;
  }

  function card(village) {
    var node = make("li", "rg-village");
    if ("failed" in village) {
      node.classList.add("rg-no-plan");
      node.appendChild(heading(village, ""));
      node.appendChild(make("p", "rg-lost", say("index_failed") + "."));
      node.appendChild(make("p", "", village.failed));
      node.appendChild(make("p", "", say("index_failed_note")));
      return node;
    }
    node.appendChild(heading(village, pictures[village.number]));
    if (village.evacuees) {
      departures.forEach(function (name, position) {
        node.appendChild(departed(name, village.placed[position], village.left[position]));
      });
    } else {
      node.appendChild(make("p", "rg-need", say("index_nobody")));
    }
    if (village.lost) {
      node.appendChild(make("p", "rg-lost",
        say("index_lost_here", { people: speak.number(village.lost) })));
    }
    if (village.unknown) {
      node.appendChild(make("p", "rg-unknown",
        say("index_unknown_here", { people: people(village.unknown) })));
    }
    if (village.remark) { node.appendChild(make("p", "rg-lost", village.remark)); }
    if (village.links.length) { node.appendChild(links(village)); }
    return node;
  }

  function add() {
    pictures = pictures || read("rg-pictures");
    var some = document.createDocumentFragment();
    chosen.slice(made, made + CARDS_AT_ONCE).forEach(function (village) {
      some.appendChild(card(village));
    });
    made = Math.min(made + CARDS_AT_ONCE, chosen.length);
    list.appendChild(some);
    more.hidden = made >= chosen.length;
  }

  function renew() {
    var parts = bare(search.value).split(/\s+/).filter(Boolean);
    var wanted = filters[show.value] || filters.all;
    chosen = ordered(villages.filter(function (one) {
      return wanted(one) && parts.every(function (part) { return one.plain.indexOf(part) >= 0; });
    }), sort.value);
    list.textContent = "";
    made = 0;
    add();
    var failed = chosen.filter(filters.failed).length;
    count.textContent = chosen.length
      ? say(failed ? "index_count_failed" : "index_count", { shown: speak.number(chosen.length),
        total: speak.number(villages.length), failed: speak.number(failed) })
      : say("index_none");
  }

  villages.forEach(index);
  document.querySelectorAll(".rg-bar[data-placed]").forEach(function (bar) {
    fillBar(bar, Number(bar.dataset.placed), Number(bar.dataset.left));
  });
  search.addEventListener("input", renew);
  sort.addEventListener("change", renew);
  show.addEventListener("change", renew);
  // The first new card takes the focus of the button, so that the keyboard goes on from there.
  more.addEventListener("click", function () {
    var before = made;
    add();
    var link = list.children[before] && list.children[before].querySelector(".rg-links a");
    if (link) { link.focus(); }
  });
  if ("IntersectionObserver" in window) {
    new IntersectionObserver(function (seen) {
      if (seen[0].isIntersecting && made < chosen.length) { add(); }
    }, { rootMargin: "1200px" }).observe(more);
  }
  // Paper has nothing to open.
  var closed = [];
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open])").forEach(function (part) {
      closed.push(part);
      part.open = true;
    });
  });
  window.addEventListener("afterprint", function () {
    closed.splice(0).forEach(function (part) { part.open = false; });
  });
  document.documentElement.classList.add("rg-js");
  document.querySelector(".rg-finder").hidden = false;
  list.hidden = false;
  renew();
  document.documentElement.dataset.ready = "all";
}

showIndex(function (id) { return JSON.parse(document.getElementById(id).textContent); });
