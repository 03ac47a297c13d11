// What takes longest is begun before the modules of the page have come: start.js
// takes it over. A browser that cannot do it so does it there.

if (typeof WebAssembly === 'object' && WebAssembly.compileStreaming) {
	globalThis.lanyapEarly = {
		module: WebAssembly.compileStreaming(fetch(new URL('lanyap.wasm', document.currentScript.src), {credentials: 'same-origin'})),
		about: fetch('/page.json', {cache: 'no-store'}),
	};
	// Whoever takes them over is told of errors; nobody else is.
	globalThis.lanyapEarly.module.catch(function () {});
	globalThis.lanyapEarly.about.catch(function () {});
}
