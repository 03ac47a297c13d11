// What a line in the box means. A line that begins with a slash is never said by
// mistake: it may hold what is for one alone.

import {excerpt} from './words.js';

// What somebody does travels as this text.
const action = '/me ';

// read returns {say}, {say, to} where to is a name or an ID, {invite}, or
// {mistake, hint}.
export function read(entered) {
	const start = entered.trimStart();
	if (!start.startsWith('/')) return {say: entered};
	if (start.startsWith('//')) return {say: start.slice(1)};
	const [, name, arg] = /^\/(\S*)\s*([^]*)$/.exec(start);
	switch (name.toLowerCase()) {
	case 'me':
		return arg ? {say: action + arg} : {mistake: 'there is nothing that you do', hint: 'write /me waves'};
	case 'msg':
		return message(arg);
	case 'invite':
		return {invite: true};
	}
	return {
		mistake: `there is no command /${excerpt(name)} here; not sent`,
		hint: '/me, /msg and /invite are; with // before it, it is said as it is',
	};
}

function message(arg) {
	const m = /^"((?:[^"\\]|\\[^])*)"\s*([^]*)$/.exec(arg) ?? /^([^\s"]\S*)\s+([^]*)$/.exec(arg);
	if (!m || !m[2]) {
		return {mistake: 'there is no name or no text; not sent', hint: 'write /msg bo hello, or /msg "Ana B" hello'};
	}
	return {to: m[1].replace(/\\([^])/g, '$1'), say: m[2]};
}

// deed returns what a text says that its sender does, or ''.
export function deed(text) { return text.startsWith(action) ? text.slice(action.length) : ''; }
