// Keeps the tracks of a recording together: one clock of the page leads, every audio and video element follows it.

const TICK = 100; // ms between looks at the tracks
const JUMP = 0.3; // s apart from which a track is set anew
const LEAN = 0.04; // s apart from which a track runs a little faster or slower
const EVEN = 0.01; // s apart at which it runs as the clock again
const MOST = 0.08; // of the speed that is given to catch up
const PATIENCE = 6000; // ms that all wait for one track; then they go on without it

const clamp = (value, most) => Math.max(-most, Math.min(most, value));

// Track is one element and where it belongs.
export class Track {
    constructor(element, about) {
        this.element = element;
        this.offset = about.offset;
        this.duration = about.duration;
        this.leaning = false;
        this.waitingSince = 0;
        this.refused = false;
    }

    covers(at) { return at >= this.offset && at < this.offset + this.duration; }

    // ready says whether the clock may run; a track that does not come is left behind.
    ready(at, now) {
        if (!this.covers(at) || this.element.error || this.element.ended) return true;
        if (this.element.readyState >= 3 && !this.element.seeking) {
            this.waitingSince = 0;
            return true;
        }
        this.waitingSince ||= now;
        return now - this.waitingSince > PATIENCE;
    }

    // follow brings the element to where it belongs.
    follow(at, running, rate) {
        const element = this.element;
        if (!this.covers(at) || element.error) {
            if (!element.paused) element.pause();
            return;
        }
        const wanted = (at - this.offset) / 1000;
        const drift = element.currentTime - wanted;
        if (!element.seeking && (Math.abs(drift) > JUMP || (!running && Math.abs(drift) > LEAN))) {
            element.currentTime = wanted;
        }
        if (!running) {
            if (!element.paused) element.pause();
            return;
        }
        if (element.paused && !element.ended) element.play().catch((error) => { this.refused = error.name === "NotAllowedError"; });
        this.leaning = Math.abs(drift) > (this.leaning ? EVEN : LEAN);
        const speed = this.leaning ? rate * (1 - clamp(drift, MOST)) : rate;
        if (Math.abs(element.playbackRate - speed) > 0.001) element.playbackRate = speed;
    }
}

// Clock says where the replay is, in milliseconds from the beginning. It tells of "tick", "state" and "refused" (the browser
// plays nothing before the reader has pressed something).
export class Clock extends EventTarget {
    constructor(duration) {
        super();
        this.duration = duration;
        this.tracks = [];
        this.playing = false;
        this.stalled = false;
        this.rate = 1;
        this.base = 0;
        this.since = 0;
        setInterval(() => this.tick(), TICK);
    }

    now() {
        if (!this.playing || this.stalled) return this.base;
        return Math.min(this.duration, this.base + (performance.now() - this.since) * this.rate);
    }

    // hold makes the present the base, so that what follows counts from here.
    hold() {
        this.base = this.now();
        this.since = performance.now();
    }

    set(change) {
        this.hold();
        change();
        this.since = performance.now();
        this.tick();
        this.dispatchEvent(new Event("state"));
    }

    play() {
        for (const track of this.tracks) track.element.preload = "auto";
        this.set(() => {
            if (this.base >= this.duration) this.base = 0;
            this.playing = true;
        });
    }

    pause() { this.set(() => { this.playing = false; }); }
    seek(at) { this.set(() => { this.base = Math.max(0, Math.min(this.duration, at)); }); }
    speed(rate) { this.set(() => { this.rate = rate; }); }

    tick() {
        const now = performance.now();
        if (this.playing && this.now() >= this.duration) {
            this.hold();
            this.playing = false;
            this.dispatchEvent(new Event("state"));
        }
        const at = this.now();
        const waits = this.playing && this.tracks.some((track) => !track.ready(at, now));
        if (waits !== this.stalled) {
            this.hold();
            this.stalled = waits;
            this.dispatchEvent(new Event("state"));
        }
        for (const track of this.tracks) track.follow(this.now(), this.playing && !this.stalled, this.rate);
        if (this.playing && this.tracks.some((track) => track.refused)) {
            for (const track of this.tracks) track.refused = false;
            this.pause();
            this.dispatchEvent(new Event("refused"));
        }
        this.dispatchEvent(new Event("tick"));
    }
}
