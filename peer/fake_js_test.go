package peer

import (
	"syscall/js"
	"testing"
)

// fakes is a browser as far as this package needs one: RTCPeerConnections that reach
// each other by what their descriptions say, in memory, and events as a browser
// delivers them, one at a time and never from within a call.
const fakes = `(() => {
	const peers = new Map();
	let last = 0;
	globalThis.alive = 0;
	const later = f => setTimeout(f, 0);
	class Channel extends EventTarget {
		constructor(pc, label) {
			super();
			Object.assign(this, {pc, label, ordered: true, maxRetransmits: null, maxPacketLifeTime: null, bufferedAmount: 0, other: null});
		}
		fire(type, more) { later(() => { if (!this.pc.closed || type === "close") this.dispatchEvent(Object.assign(new Event(type), more)) }) }
		send(data) {
			if (!this.other || this.pc.closed) throw new Error("InvalidStateError");
			const copy = typeof data === "string" ? data : new Uint8Array(data).buffer;
			this.other.fire("message", {data: copy});
		}
	}
	globalThis.RTCPeerConnection = class extends EventTarget {
		constructor() {
			super();
			this.number = ++last;
			this.channels = new Map();
			this.connectionState = this.iceGatheringState = "new";
			this.closed = false;
			peers.set(this.number, this);
			globalThis.alive++;
		}
		sdp() {
			const print = this.number.toString(16).padStart(64, "0").match(/../g).join(":");
			return "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 " + print + "\r\na=ice-ufrag:" + String(this.number).padStart(4, "0") + "\r\n";
		}
		fire(type, more) { later(() => { if (!this.closed) this.dispatchEvent(Object.assign(new Event(type), more)) }) }
		createDataChannel(label, options) {
			const dc = new Channel(this, label);
			if (options && options.negotiated) this.channels.set(0, dc);
			else later(() => {
				const far = this.far && new Channel(this.far, label);
				if (!far) return;
				far.other = dc; dc.other = far;
				this.far.fire("datachannel", {channel: far});
				later(() => dc.fire("open"));
			});
			return dc;
		}
		async createOffer() { return {type: "offer", sdp: this.sdp()} }
		async createAnswer() { return {type: "answer", sdp: this.sdp()} }
		async setLocalDescription(d) {
			const candidate = globalThis.noCandidates ? "" : "a=candidate:1 1 udp 1 " + this.number + ".local " + (10000 + this.number) + " typ host\r\n";
			this.localDescription = {type: d.type, sdp: d.sdp + candidate};
			if (candidate) this.fire("icecandidate", {candidate: {candidate}});
			later(() => this.fire("icecandidate", {candidate: null}));
		}
		async setRemoteDescription(d) {
			this.remote = d.sdp;
			this.far = peers.get(parseInt(d.sdp.match(/ice-ufrag:(\d+)/)[1], 10));
			if (d.type === "answer" && this.far && !globalThis.noPackets) this.connect(this.far);
		}
		connect(far) {
			for (const [id, dc] of this.channels) {
				const other = far.channels.get(id);
				dc.other = other; other.other = dc;
				dc.fire("open"); other.fire("open");
			}
		}
		become(state) { this.connectionState = state; this.fire("connectionstatechange") }
		async getStats() {
			return new Map([
				["p", {type: "candidate-pair", state: "succeeded", nominated: true, remoteCandidateId: "r"}],
				["r", {type: "remote-candidate", address: "10.0.0.9", port: 40000}]]);
		}
		close() {
			if (this.closed) return;
			this.closed = true;
			globalThis.alive--;
			peers.delete(this.number);
			if (!this.far) return;
			const far = this.far;
			for (const dc of this.channels.values()) if (dc.other) dc.other.fire("close");
		}
	};
	globalThis.sockets = [];
	globalThis.WebSocket = class extends EventTarget {
		constructor(url) {
			super();
			this.url = url;
			sockets.push(this);
			if (globalThis.answering !== undefined) later(() => this.become(globalThis.answering ? "open" : "close"));
		}
		become(state) { this.state = state; this.dispatchEvent(new Event(state)) }
		close() { this.closed = true }
	};
	globalThis.windowEvents = new EventTarget();
	globalThis.addEventListener = (...a) => windowEvents.addEventListener(...a);
	globalThis.removeEventListener = (...a) => windowEvents.removeEventListener(...a);
})()`

// fakeBrowser makes this process a page that a node at 10.0.0.7:7475 has served.
func fakeBrowser(t *testing.T) {
	t.Helper()
	js.Global().Call("eval", fakes)
	js.Global().Set("location", map[string]any{"host": "10.0.0.7:7475"})
	t.Cleanup(func() {
		for _, name := range []string{"RTCPeerConnection", "WebSocket", "location", "noCandidates", "noPackets", "answering"} {
			js.Global().Delete(name)
		}
	})
}
