// The room, drawn: this page in the middle, a line to whom it is linked directly,
// and a broken one to whom others relay.

import {svg} from './dom.js';
import {color, nameOf} from './room.js';

const width = 288, height = 168, named = 8; // more have no room for names
const middle = {x: width / 2, y: height / 2};

const calm = 1000; // ms without a word, after which one is worth a movement
let last = 0;

// drawRoom draws members and returns {spoke(instance)}.
export function drawRoom(el, room, members) {
	const shown = members.slice(0, 64);
	const at = new Map(shown.map((p, i) => [p.instance, place(i, shown.length)]));
	const small = shown.length > 16;
	const lines = shown.map(p => {
		const from = p.via && at.get(p.via.instance) || middle;
		const to = at.get(p.instance);
		return svg('line', {x1: from.x, y1: from.y, x2: to.x, y2: to.y, class: color(p) + (p.via ? ' through' : '')});
	});
	const dots = new Map(shown.map(p => {
		const {x, y} = at.get(p.instance);
		const dot = svg('g', {class: color(p)}, svg('circle', {cx: x, cy: y, r: small ? 4.5 : 7.5}));
		if (shown.length <= named) {
			const name = svg('text', {x, y: y < middle.y - 8 ? y - 13 : y + 20});
			name.textContent = cut(nameOf(p));
			dot.append(name);
		}
		return [p.instance, dot];
	}));
	el.replaceChildren(...lines, ...dots.values(), svg('circle', {cx: middle.x, cy: middle.y, r: small ? 5 : 8, class: 'you'}));
	const through = members.filter(p => p.via).length;
	el.setAttribute('aria-label', `${members.length - through} linked directly, ${through} through others`);
	return {
		spoke(instance) {
			const dot = dots.get(instance);
			const quiet = performance.now() - last > calm;
			last = performance.now();
			if (!dot || !quiet || document.hidden) return;
			dot.classList.remove('spoke');
			requestAnimationFrame(() => dot.classList.add('spoke'));
		},
	};
}

// place returns where the i-th of n is: around the middle, from the top.
function place(i, n) {
	const turn = 2 * Math.PI * (i + 0.5) / n - Math.PI / 2 + (n === 1 ? -Math.PI / 2 : 0);
	return {x: middle.x + Math.cos(turn) * (width / 2 - 36), y: middle.y + Math.sin(turn) * (height / 2 - 28)};
}

function cut(name) {
	const runes = Array.from(name);
	return runes.length > 12 ? runes.slice(0, 11).join('') + '…' : name;
}
