// What the page is made of. Nothing here takes markup: text is only ever text.

export const $ = id => document.getElementById(id);

// make returns an element of a class with children: strings, elements, or
// nothing.
export function make(tag, className, ...children) {
	const el = document.createElement(tag);
	if (className) el.className = className;
	el.append(...children.filter(c => c !== null && c !== undefined && c !== ''));
	return el;
}

// named returns a name, kept apart from the direction of what is around it.
export function named(name, className = '') { return make('bdi', ('who ' + className).trim(), name); }

// svg returns an element of a drawing.
export function svg(tag, attributes = {}, ...children) {
	const el = document.createElementNS('http://www.w3.org/2000/svg', tag);
	for (const [k, v] of Object.entries(attributes)) el.setAttribute(k, v);
	el.append(...children);
	return el;
}

// listed puts commas between elements, and "and" before the last.
export function listed(elements) {
	return elements.flatMap((el, i) => i === 0 ? [el] : [i === elements.length - 1 ? ' and ' : ', ', el]);
}

const apart = 200; // ms between drawings: a flood drawn with each frame takes half a core
const hidden = 250; // ms after which a tab draws that has no frames

let due = new Set();
let frame = 0, timer = 0, last = -Infinity;

// soon calls what draws something once with all that happens until then: with the
// next frame, if nothing was drawn just before or somebody waits for it.
export function soon(draw, awaited = false) {
	due.add(draw);
	if (frame || timer && !awaited) return;
	const wait = awaited ? 0 : apart - (performance.now() - last);
	if (wait > 0) timer = setTimeout(nextFrame, wait);
	else nextFrame();
}

function nextFrame() {
	clearTimeout(timer);
	frame = requestAnimationFrame(run);
	timer = setTimeout(run, hidden);
}

function run() {
	cancelAnimationFrame(frame);
	clearTimeout(timer);
	frame = timer = 0;
	last = performance.now();
	const now = due;
	due = new Set();
	for (const draw of now) draw();
}
