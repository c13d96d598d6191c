// The card of a tap place: where to go in letters for the back row, then what else to know.

function showCard(view) {
  var card = document.querySelector(".rg-card"), chosen = view.chosen;
  card.textContent = "";
  card.hidden = !chosen;
  if (!chosen) { return; }
  var close = button("rg-close", "×", function () { view.choose(-1); });
  close.setAttribute("aria-label", view.speech.say("web_close"));
  card.appendChild(close);
  var village = chosen.settlement >= 0 ? settlementPart(view, card, chosen)
    : placePart(view, card, chosen);
  if (village) {
    card.appendChild(button("rg-wide", view.speech.say("web_village_table", { village: village.name }),
      function () { showVillage(view, village); }));
  }
  card.scrollTop = 0;
  card.parentNode.scrollTop = 0;
}

// What people of one place must know; returns their village.
function placePart(view, card, chosen) {
  var speech = view.speech, main = chosen.answers[0], counts = countsOf(chosen.answers);
  card.appendChild(make("p", "rg-from",
    speech.say("web_from", { place: placeOf(view, chosen.tap) })));
  if (main.status === 0) {
    servedPart(view, card, main, counts);
  } else {
    lostBox(view, card, counts);
  }
  if (counts.lost) { lostPart(view, card, counts, chosen); }
  othersPart(view, card, chosen);
  otherDeparture(view, card, chosen);
  card.appendChild(make("p", "rg-fact", speech.say("web_people_here",
    { people: speech.number(counts.people) }) + "."));
  return view.villages[view.tapVillage[chosen.tap]];
}

// What people of a whole settlement must know; returns its village.
function settlementPart(view, card, chosen) {
  var speech = view.speech, one = view.settlements[chosen.settlement], placed = one[view.departure][0];
  var village = view.villages[one.village], causes = one.causes[view.departure];
  var names = [one.name].concat(village && village.name !== one.name ? [village.name] : []);
  card.appendChild(make("p", "rg-from", speech.say("web_whole", { place: names.join(", ") })));
  if (!one.people) {
    card.appendChild(make("p", "rg-goal rg-whole", speech.say("web_whole_nobody")));
    // Unknown is not safe.
    if (one.doubtful) {
      card.appendChild(make("p", "rg-fact rg-warn", speech.say("part_unknown")));
    }
    card.appendChild(make("p", "rg-fact", speech.say("web_do_prepare")));
    return village;
  }
  var counts = { people: one.people, lost: one.people - placed,
    causes: Object.keys(causes).map(function (cause) {
      return [view.data.statuses.indexOf(cause), causes[cause]];
    }).sort(function (some, other) { return other[1] - some[1]; }) };
  if (counts.lost) { lostBox(view, card, counts); }
  if (placed) {
    card.appendChild(make("p", "rg-goal rg-whole", speech.say("web_whole_placed",
      { people: speech.number(placed), total: speech.number(one.people) })));
    var list = make("ul", "rg-facts");
    one.goals[view.departure].forEach(function (goal) {
      list.appendChild(factOf("", speech.say("web_whole_to", {
        people: speech.number(goal[1]), shelter: shelterName(view, view.departure, goal[0]),
        minutes: speech.minutes(goal[2])
      })));
    });
    card.appendChild(list);
  }
  card.appendChild(make("p", "rg-tap", speech.say("web_whole_tap")));
  if (chosen.line) {
    card.appendChild(make("p", "rg-fact", speech.say("web_whole_lit",
      { shelter: shelterName(view, view.departure, chosen.shelter) })));
  }
  if (counts.lost) {
    var other = view.departure === "late" && one.early && 2 * one.early[0] > one.people;
    advicePart(view, card, other ? "leave" : view.data.statuses[counts.causes[0][0]]);
  }
  return village;
}

function placeOf(view, tap) {
  var settlement = view.settlements[view.tapSettlement[tap]];
  var village = view.villages[view.tapVillage[tap]];
  var names = [settlement, village].filter(Boolean).map(function (one) { return one.name; });
  return names.filter(function (name, index) { return names.indexOf(name) === index; }).join(", ");
}

function shelterName(view, departure, number) {
  var shelter = view.data.shelters[departure][number];
  return shelter ? shelter.name : "";
}

function servedPart(view, card, answer, counts) {
  var speech = view.speech, shelter = view.data.shelters[view.departure][answer.shelter];
  card.appendChild(make("p", "rg-go", speech.say("web_go_to")));
  var name = make("p", "rg-goal");
  var sign = make("span", "rg-sign");
  sign.insertAdjacentHTML("beforeend", view.icons[shelter.state + "/" +
    (shelter.state === "usable" ? shelter.role || "shelter" : "shelter")] ||
    view.icons["usable/shelter"]);
  name.appendChild(sign);
  name.appendChild(make("strong", "", shelter.name));
  card.appendChild(name);
  if (counts.lost) { lostBox(view, card, counts); }
  var facts = make("p", "rg-figures");
  facts.appendChild(make("b", "", speech.minutes(answer.seconds)));
  facts.appendChild(make("b", "", speech.distance(answer.metres)));
  card.appendChild(facts);
  var list = make("ul", "rg-facts");
  hazardFacts(view, list, answer);
  if (answer.sharing > 0) {
    list.appendChild(factOf("", speech.say("web_sharing", { people: speech.number(answer.sharing) })));
  }
  list.appendChild(factOf("", roleWords(view, shelter)));
  card.appendChild(list);
  secondPart(view, card, answer.second);
}

function factOf(className, text) { return make("li", className, text); }

function roleWords(view, shelter) {
  var role = view.speech.say("web_role_" + (shelter.role || "shelter"));
  var words = role.charAt(0).toUpperCase() + role.slice(1);
  return typeof shelter.capacity !== "number" ? words + "." : words + ", " +
    view.speech.say("web_holds", { people: view.speech.number(shelter.capacity) });
}

function hazardFacts(view, list, answer) {
  var speech = view.speech;
  if (answer.hazardMetres >= 5) {
    list.appendChild(factOf("rg-warn", speech.say("web_through_hazard",
      { distance: speech.distance(answer.hazardMetres) })));
  }
  if (answer.unknownMetres >= 5) {
    list.appendChild(factOf("rg-warn", speech.say("web_through_unknown",
      { distance: speech.distance(answer.unknownMetres) })));
  }
  if (answer.hazardMetres < 5 && answer.unknownMetres < 5) {
    list.appendChild(factOf("", speech.say("web_through_nothing")));
  }
}

function secondPart(view, card, second) {
  var speech = view.speech, part = make("div", "rg-second");
  if (!second) {
    part.appendChild(make("p", "rg-warn", speech.say("web_second_none")));
    card.appendChild(part);
    return;
  }
  part.appendChild(make("p", "rg-second-title", speech.say("web_second")));
  part.appendChild(make("p", "rg-second-goal", [
    speech.say("web_second_to", { shelter: shelterName(view, view.departure, second.shelter) }),
    speech.minutes(second.seconds), speech.distance(second.metres)
  ].join(" · ")));
  var list = make("ul", "rg-facts");
  hazardFacts(view, list, second);
  list.appendChild(factOf("", second.shared >= 5
    ? speech.say("web_second_shared", { distance: speech.distance(second.shared) })
    : speech.say("web_second_apart")));
  part.appendChild(list);
  card.appendChild(part);
}

// How many have no place, and why; impossible to overlook.
function lostBox(view, card, counts) {
  var speech = view.speech, strong = make("div", "rg-lost");
  strong.appendChild(make("strong", "", speech.say(counts.lost < counts.people
    ? "web_no_place_of" : "web_no_place",
  { people: speech.number(counts.lost), total: speech.number(counts.people) })));
  counts.causes.forEach(function (cause) {
    var why = speech.say("web_why_" + view.data.statuses[cause[0]]);
    strong.appendChild(make("span", "", counts.causes.length < 2 ? why
      : speech.say("web_no_place_why", { people: speech.number(cause[1]), why: lower(why) })));
  });
  card.appendChild(strong);
}

function lostPart(view, card, counts, chosen) {
  var speech = view.speech, nearest = nearestShelter(view, chosen.at);
  if (nearest && chosen.answers[0].status !== 0) {
    card.appendChild(make("p", "rg-fact", speech.say("web_nearest", {
      shelter: nearest.shelter.name, distance: speech.distance(nearest.metres),
      state: seatsOf(view, nearest.shelter)
    })));
  }
  var early = view.departure === "late" && view.data.departures.length > 1 &&
    orderedAnswers(view, chosen.tap, "early")[0];
  advicePart(view, card, early && early.status === 0 && 2 * counts.lost >= counts.people
    ? "leave" : view.data.statuses[counts.causes[0][0]]);
}

// What people without a place should do.
function advicePart(view, card, first) {
  var speech = view.speech, act = make("div", "rg-act"), list = make("ul", "rg-facts");
  act.appendChild(make("p", "rg-second-title", speech.say("web_do")));
  [speech.say("web_do_" + first), speech.say("web_do_prepare"),
    speech.say(view.data.contact ? "web_ask_contact" : "web_ask", { contact: view.data.contact })]
    .forEach(function (words) { list.appendChild(factOf("", words)); });
  act.appendChild(list);
  card.appendChild(act);
}

function seatsOf(view, shelter) {
  if (typeof shelter.left !== "number") { return view.speech.say("capacity_unknown"); }
  return shelter.left > 0
    ? view.speech.say("seats_free", { seats: view.speech.number(shelter.left) })
    : view.speech.say("full");
}

function nearestShelter(view, at) {
  var best = null;
  view.shelters[view.departure].forEach(function (mark) {
    if (mark.shelter.state !== "usable" && mark.shelter.state !== "unknown_capacity") { return; }
    var metres = Math.hypot(mark.world[0] - at[0], mark.world[1] - at[1]) * metresPerWorld(at[1]);
    if (!best || metres < best.metres) { best = { shelter: mark.shelter, metres: metres }; }
  });
  return best;
}

// Others at the same place who go elsewhere; by group, with those who go nowhere, where groups
// are planned apart: each group without a place once, whatever the causes.
function othersPart(view, card, chosen) {
  var groups = view.data.groups || [], list = make("ul", "rg-facts"), left = {};
  chosen.answers.forEach(function (answer, index) {
    var group = groups[answer.group];
    if (!group && (answer.status || !index)) { return; }
    if (!answer.status) {
      list.appendChild(factOf("", partWords(view, answer, group)));
    } else if (!left[group]) {
      left[group] = chosen.answers.reduce(function (sum, other) {
        return sum + (other.status && other.group === answer.group ? other.people : 0);
      }, 0);
      list.appendChild(factOf("rg-warn",
        partWords(view, L.extend({}, answer, { people: left[group] }), group)));
    }
  });
  if (!list.children.length || chosen.answers.length < 2) { return; }
  card.appendChild(make("p", "rg-second-title", view.speech.say("web_also")));
  card.appendChild(list);
}

function partWords(view, answer, group) {
  var speech = view.speech;
  return speech.say("web_" + (group ? "group" : "part") + (answer.status ? "_left" : "_to"), {
    group: group, people: speech.number(answer.people),
    shelter: shelterName(view, view.departure, answer.shelter), minutes: speech.minutes(answer.seconds)
  });
}

function lower(words) { return words ? words.charAt(0).toLowerCase() + words.slice(1) : ""; }

// One line on what changes when the same people leave late, or had left early.
function otherDeparture(view, card, chosen) {
  var speech = view.speech, other = view.data.departures.find(function (name) {
    return name !== view.departure;
  });
  if (!other) { return; }
  var then = orderedAnswers(view, chosen.tap, other)[0], now = chosen.answers[0], words;
  if (!then) { return; }
  var counts = countsOf(view.answers(other)[chosen.tap]);
  if (counts.lost && counts.lost < counts.people) {
    words = speech.say("web_then_part",
      { people: speech.number(counts.lost), total: speech.number(counts.people) });
  } else if (then.status !== 0) {
    words = speech.say("web_then_left",
      { cause: lower(view.data.causes[view.data.statuses[then.status]]) });
  } else if (now.status === 0 && !countsOf(chosen.answers).lost &&
    then.shelter === now.shelter && Math.abs(then.seconds - now.seconds) < 30 &&
    Math.abs(then.metres - now.metres) < 10) {
    words = speech.say("web_then_same");
  } else {
    words = speech.say("web_then_to", {
      shelter: shelterName(view, other, then.shelter), minutes: speech.minutes(then.seconds),
      distance: speech.distance(then.metres)
    });
  }
  var line = make("p", "rg-then");
  line.appendChild(make("b", "", speech.say(other === "late" ? "web_if_late" : "web_if_early") +
    ": "));
  line.appendChild(document.createTextNode(words));
  card.appendChild(line);
}
