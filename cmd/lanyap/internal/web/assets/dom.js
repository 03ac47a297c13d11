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

let due = new Set();
let frame = 0, timer = 0;

// soon calls what draws something once with all that happens until the next
// frame. A hidden tab has no frames, and draws four times a second at most.
export function soon(draw) {
	due.add(draw);
	if (document.hidden) {
		timer ||= setTimeout(run, 250);
	} else {
		frame ||= requestAnimationFrame(run);
		timer ||= setTimeout(run, 250); // hidden before the frame came
	}
}

function run() {
	cancelAnimationFrame(frame);
	clearTimeout(timer);
	frame = timer = 0;
	const now = due;
	due = new Set();
	for (const draw of now) draw();
}
