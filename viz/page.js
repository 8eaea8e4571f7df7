'use strict';
(function () {
  const $ = id => document.getElementById(id);
  const data = JSON.parse($('data').textContent);
  const graph = $('graph'), inspector = $('inspector'), found = $('found'), search = $('search');
  const numbers = text => text ? text.split(' ').map(Number) : [];
  let boxes = [], users = [], slopes = [], svg, here = null, zoom = 1, pinned = false;

  // show puts one drawing on the page and notes who reads whom.
  function show(state) {
    graph.replaceChildren($('s' + state).content.cloneNode(true));
    svg = graph.querySelector('svg');
    boxes = [...svg.querySelectorAll('.box')];
    boxes.sort((a, b) => a.id.slice(1) - b.id.slice(1));
    users = boxes.map(() => []);
    slopes = [];
    boxes.forEach((b, i) => {
      numbers(b.dataset.in).forEach(u => users[u].push(i));
      if (b.dataset.kind === 'gradient' && b.dataset.of >= 0) slopes[b.dataset.of] = i;
      if (b.dataset.scope) b.setAttribute('aria-expanded', 'false');
    });
    here = null;
    scale();
    document.body.dataset.state = state;
  }

  function scale() {
    const v = svg.viewBox.baseVal;
    svg.setAttribute('width', v.width * zoom);
    svg.setAttribute('height', v.height * zoom);
  }

  const index = b => Number(b.id.slice(1));

  // go makes a box the current one.
  function go(i, focus) {
    const b = boxes[i];
    if (!b) return;
    if (here !== null && boxes[here]) boxes[here].classList.remove('here');
    here = i;
    b.classList.add('here');
    if (focus) b.focus({preventScroll: false});
    light(i);
    inspect(b);
  }

  // light shows the ways of the value in a box, and of those it reads.
  function light(i) {
    const ways = new Set([i]);
    svg.classList.toggle('lit', i !== null);
    svg.querySelectorAll('path[data-v]').forEach(p => p.classList.toggle('on', ways.has(Number(p.dataset.v))));
  }

  function add(parent, name, text) {
    const e = document.createElement(name);
    e.textContent = text;
    parent.append(e);
    return e;
  }

  function math(parent, title, markup) {
    if (!markup) return;
    add(parent, 'h3', title);
    const parsed = new DOMParser().parseFromString('<body>' + markup, 'text/html');
    parent.append(...parsed.body.childNodes);
  }

  function inspect(b) {
    inspector.replaceChildren();
    const ids = b.dataset.n ? b.dataset.n.split(' ') : [];
    const title = b.querySelector('text');
    add(inspector, 'h2', title ? title.textContent : '');
    if (b.dataset.scope) {
      add(inspector, 'p', 'A closed group: ' + b.dataset.scope + '. Enter or a click opens it.');
      return;
    }
    ids.slice().reverse().forEach((id, k) => {
      const n = data.notes[id];
      if (!n) return;
      if (ids.length > 1) add(inspector, 'h3', n.op);
      if (n.text) add(inspector, 'p', n.text);
      const list = add(inspector, 'dl', '');
      const row = (name, value) => { if (value) { add(list, 'dt', name); add(list, 'dd', value); } };
      row('op', n.op);
      row('type', n.type + ' ' + n.shape);
      row('scope', n.scope);
      row('made at', n.at);
      row('flops', n.flops);
      row('value', n.value);
      row('gradient', n.slope);
      math(inspector, 'formula', n.formula);
      math(inspector, 'gradient', n.gradient);
    });
  }

  // toggle opens or closes a group and stays near it.
  function toggle(path, open) {
    const state = data.state[(open ? '+' : '-') + path];
    if (state === undefined) return;
    show(state);
    const again = open ? boxes.find(b => (data.notes[b.dataset.n.split(' ')[0]] || {}).scope === path)
                       : boxes.find(b => b.dataset.scope === path);
    if (again) {
      go(index(again), true);
      again.scrollIntoView({block: 'center', inline: 'center'});
    }
  }

  graph.addEventListener('click', e => {
    const b = e.target.closest('.box'), f = e.target.closest('.fold');
    if (f) toggle(f.dataset.path, false);
    else if (b && b.dataset.scope) toggle(b.dataset.scope, true);
    else if (b) { pinned = true; go(index(b), true); }
    else { pinned = false; svg.classList.remove('lit'); }
  });
  graph.addEventListener('pointerover', e => {
    const b = e.target.closest('.box');
    if (b && !pinned) go(index(b), false);
  });

  const steps = {
    ArrowUp: i => numbers(boxes[i].dataset.in)[0] ?? (i > 0 ? i - 1 : i),
    ArrowDown: i => users[i][0] ?? Math.min(i + 1, boxes.length - 1),
    ArrowRight: i => slopes[i] ?? i,
    ArrowLeft: i => boxes[i].dataset.of >= 0 ? Number(boxes[i].dataset.of) : i,
  };
  graph.addEventListener('keydown', e => {
    if (steps[e.key]) {
      e.preventDefault();
      pinned = true;
      go(here === null ? 0 : steps[e.key](here), true);
    } else if (e.key === 'Enter' || e.key === ' ') {
      e.preventDefault();
      const b = boxes[here];
      if (b && b.dataset.scope) toggle(b.dataset.scope, true);
      else if (b) {
        const n = data.notes[b.dataset.n.split(' ')[0]];
        let path = n && n.scope;
        while (path && data.state['-' + path] === undefined) path = path.slice(0, Math.max(0, path.lastIndexOf('.')));
        if (path) toggle(path, false);
      }
    } else if (e.key === 'Escape') { pinned = false; svg.classList.remove('lit'); }
  });
  document.addEventListener('keydown', e => {
    if (e.key === '/' && e.target !== search) { e.preventDefault(); search.focus(); }
  });

  search.addEventListener('input', () => {
    found.replaceChildren();
    const want = search.value.trim().toLowerCase();
    if (!want) return;
    let n = 0;
    for (const [id, note] of Object.entries(data.notes)) {
      if (!(note.op + ' ' + (note.box || '') + ' ' + (note.scope || '') + ' ' + note.at + ' ' + note.shape).toLowerCase().includes(want) || ++n > 30) continue;
      const b = add(add(found, 'li', ''), 'button', note.op + (note.box ? ' in ' + note.box : '') + '  ' + note.shape + '  ' + (note.scope || '') + '  ' + note.at);
      b.addEventListener('click', () => {
        found.replaceChildren();
        show(note.state);
        const at = boxes.find(b => b.dataset.n.split(' ').includes(id));
        if (at) { pinned = true; go(index(at), true); at.scrollIntoView({block: 'center', inline: 'center'}); }
      });
    }
    if (n === 0) add(found, 'li', 'nothing found');
  });
  search.addEventListener('keydown', e => {
    if (e.key === 'Enter') { const b = found.querySelector('button'); if (b) b.click(); }
    if (e.key === 'Escape') { search.value = ''; found.replaceChildren(); graph.focus(); }
  });

  $('zoom').addEventListener('click', e => {
    const z = e.target.dataset.zoom;
    if (z === undefined) return;
    zoom = z === '0' ? 1 : zoom * (z === '1' ? 1.25 : 0.8);
    scale();
  });

  show(0);
})();
