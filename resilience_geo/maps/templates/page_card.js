// The card of a tap place: where to go in letters for the back row, then what else to know.

function showCard(view) {
  var card = document.querySelector(".rg-card"), chosen = view.chosen;
  card.textContent = "";
  card.hidden = !chosen;
  if (!chosen) { return; }
  var speech = view.speech, main = chosen.answers[0], total = 0;
  chosen.answers.forEach(function (answer) { total += answer.people; });
  var close = button("rg-close", "×", function () { view.choose(-1); });
  close.setAttribute("aria-label", speech.say("web_close"));
  card.appendChild(close);
  card.appendChild(make("p", "rg-from",
    speech.say("web_from", { place: placeOf(view, chosen.tap) })));
  if (main.status === 0) {
    servedPart(view, card, main);
  } else {
    lostPart(view, card, main, chosen);
  }
  othersPart(view, card, chosen);
  otherDeparture(view, card, chosen);
  card.appendChild(make("p", "rg-fact", speech.say("web_people_here",
    { people: speech.number(total) }) + "."));
  var village = view.villages[view.tapVillage[chosen.tap]];
  if (village) {
    card.appendChild(button("rg-wide", speech.say("web_village_table", { village: village.name }),
      function () { showVillage(view, village); }));
  }
  card.scrollTop = 0;
  card.parentNode.scrollTop = 0;
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

function servedPart(view, card, answer) {
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

function lostPart(view, card, answer, chosen) {
  var speech = view.speech, cause = view.data.statuses[answer.status], lost = 0;
  chosen.answers.forEach(function (other) {  // groups that are planned apart count together
    if (other.status === answer.status) { lost += other.people; }
  });
  var strong = make("div", "rg-lost");
  strong.appendChild(make("strong", "",
    speech.say("web_no_place", { people: speech.number(lost) })));
  strong.appendChild(make("span", "", speech.say("web_why_" + cause)));
  card.appendChild(strong);
  var nearest = nearestShelter(view, chosen.at);
  if (nearest) {
    card.appendChild(make("p", "rg-fact", speech.say("web_nearest", {
      shelter: nearest.shelter.name, distance: speech.distance(nearest.metres),
      state: seatsOf(view, nearest.shelter)
    })));
  }
  var act = make("div", "rg-act"), list = make("ul", "rg-facts");
  act.appendChild(make("p", "rg-second-title", speech.say("web_do")));
  var early = view.departure === "late" && view.data.departures.length > 1 &&
    orderedAnswers(view, chosen.tap, "early")[0];
  [speech.say("web_do_" + (early && early.status === 0 ? "leave" : cause)), speech.say("web_do_prepare"),
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

// Others at the same place who go elsewhere or nowhere; by group where groups are planned apart.
function othersPart(view, card, chosen) {
  var groups = view.data.groups || [];
  if (chosen.answers.length < 2) { return; }
  var list = make("ul", "rg-facts");
  chosen.answers.forEach(function (answer, index) {
    var group = groups[answer.group];
    if (!index && !group) { return; }
    list.appendChild(factOf(answer.status ? "rg-warn" : "", partWords(view, answer, group)));
  });
  card.appendChild(make("p", "rg-second-title", view.speech.say("web_also")));
  card.appendChild(list);
}

function partWords(view, answer, group) {
  var speech = view.speech, values = {
    group: group, people: speech.number(answer.people),
    shelter: shelterName(view, view.departure, answer.shelter), minutes: speech.minutes(answer.seconds),
    cause: lower(view.data.causes[view.data.statuses[answer.status]])
  };
  return speech.say("web_" + (group ? "group" : "part") + (answer.status ? "_left" : "_to"), values);
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
  if (then.status !== 0) {
    words = speech.say("web_then_left",
      { cause: lower(view.data.causes[view.data.statuses[then.status]]) });
  } else if (now.status === 0 && then.shelter === now.shelter && Math.abs(then.seconds - now.seconds) < 30 &&
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
