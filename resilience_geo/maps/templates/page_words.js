// Words, numbers and nodes. Whatever a user named enters the page through textContent only.

function make(tag, className, text) {
  var node = document.createElement(tag);
  if (className) { node.className = className; }
  if (text !== undefined && text !== null) { node.textContent = text; }
  return node;
}

function button(className, text, act) {
  var node = make("button", className, text);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

// Says a term with its placeholders filled, numbers and lengths as the rest of the maps write them.
function speech(language, words) {
  var whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  var tenths = new Intl.NumberFormat(language,
    { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  function say(term, values) {
    return words[term].replace(/\{(\w+)\}/g, function (all, name) {
      return values && name in values ? String(values[name]) : all;
    });
  }
  return {
    say: say,
    number: function (value) { return whole.format(value); },
    people: function (value) { return whole.format(value) + " " + words.people; },
    minutes: function (seconds) {
      if (seconds < 60) { return words.under_one_minute; }
      return say("minutes", { minutes: whole.format(Math.ceil(seconds / 60 - 1e-9)) });
    },
    distance: function (metres) {
      if (metres < 995) { return whole.format(Math.round(metres / 10) * 10) + " m"; }
      return tenths.format(metres / 1000) + " km";
    }
  };
}

// "{people} jiwa ..." with the numbers and names in bold.
function strongly(template, values) {
  var node = make("span");
  template.split(/(\{\w+\})/).forEach(function (part) {
    var name = /^\{(\w+)\}$/.exec(part);
    node.appendChild(name && name[1] in values
      ? make("b", "", values[name[1]]) : document.createTextNode(part));
  });
  return node;
}

function tableOf(title, code, rows, columns) {
  var box = make("div", "rg-popup");
  box.appendChild(make("h2", "", title));
  if (code) { box.appendChild(make("p", "rg-code", code)); }
  var table = make("table");
  if (columns && columns.length) {
    var head = table.createTHead().insertRow();
    head.appendChild(make("th"));
    columns.forEach(function (name) { head.appendChild(make("th", "", name)); });
  }
  var body = table.createTBody();
  rows.forEach(function (row) {
    var line = body.insertRow(), values = Array.isArray(row[1]) ? row[1] : [row[1]];
    if (row[2]) { line.className = "rg-main"; }
    line.appendChild(make("th", "", row[0]));
    values.forEach(function (value) {
      var cell = line.insertCell();
      cell.textContent = value;
      if (!Array.isArray(row[1]) && value.length > 24) { cell.className = "rg-text"; }
      if (columns && columns.length && values.length === 1) {
        cell.colSpan = columns.length;
        cell.className = "rg-both" + (value.length > 24 ? " rg-text" : "");
      }
    });
  });
  box.appendChild(table);
  return box;
}
