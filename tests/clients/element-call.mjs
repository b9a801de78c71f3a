// Two browsers with fake cameras and microphones show Element Call as a widget, each served by its user's hospital, and meet. Says what
// it saw in lines of JSON, which the Go test judges.
import { join } from "node:path";
import { chromium } from "playwright-core";

const input = JSON.parse(process.env.INPUT);
const patience = 90_000;
const report = (step, seen) => process.stdout.write(JSON.stringify({ step, ...seen }) + "\n");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function keepConnections() {
    globalThis.connections = [];
    const Plain = globalThis.RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Plain {
        constructor(...args) { super(...args); globalThis.connections.push(this); }
    };
}

// Visitor is a browser with a client and its widget.
class Visitor {
    constructor(seat) { Object.assign(this, { seat, calls: new Map(), complaints: [] }); }

    async open() {
        this.server = await chromium.launchServer({ executablePath: input.chromium, args: [
            "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
            "--autoplay-policy=no-user-gesture-required", "--disable-features=WebRtcHideLocalIpsWithMdns",
        ] });
        const browser = await chromium.connect(this.server.wsEndpoint());
        const context = await browser.newContext({ viewport: { width: 1240, height: 860 }, permissions: ["camera", "microphone"] });
        context.setDefaultTimeout(patience);
        if (input.mode) await context.addInitScript((mode) => { try { localStorage["matrix-setting-matrix-rtc-mode"] = JSON.stringify(mode); } catch { /* about:blank */ } }, input.mode);
        this.page = await context.newPage();
        await this.page.addInitScript(keepConnections);
        this.page.on("console", (m) => { if (m.type() === "error") this.complaints.push(m.text()); if (input.verbose) console.error(this.seat.user, m.text()); });
        this.page.on("pageerror", (error) => this.complaints.push(String(error)));
        this.page.on("response", (response) => this.note(response));
        this.page.on("requestfailed", (request) => { if (!/abort/i.test(request.failure()?.errorText)) this.complaints.push(`${request.failure()?.errorText} ${request.url()}`); });
        this.page.on("websocket", (socket) => this.count(`WebSocket ${this.where(socket.url())}`));
        await this.page.goto(input.page);
        await this.page.waitForFunction(() => globalThis.host);
        this.userId = await this.page.evaluate((seat) => host.login(seat), this.seat);
    }

    where(url) {
        const { host, pathname, search } = new URL(url);
        const query = [...new URLSearchParams(search).keys()].filter((k) => k.includes("msc")).map((k) => `?${k}`).join("");
        const at = Object.entries(input.names).find(([address]) => address === host)?.[1] ?? host;
        return at + " " + decodeURIComponent(pathname).replace(/![^/]+/, "ROOM").replace(/\/m\d+\.\d+$/, "/TXN").replace(/mdx[a-z]*_[^/]+/, "ID").replace(/(delayed_events\/)[^/]+/, "$1ID").replace(/_@[^/]+_m\.call/, "KEY") + query;
    }

    count(what) { this.calls.set(what, (this.calls.get(what) ?? 0) + 1); }

    note(response) {
        const asked = `${response.request().method()} ${this.where(response.url())}`;
        if (!/\/element-call\/|livekit|rtc|msc|call|delayed|sticky|openid|turn|well-known/.test(asked)) {
            if (response.status() >= 400 && !/favicon/.test(asked)) this.complaints.push(`${response.status()} ${asked}`);
            return;
        }
        if (/\/element-call\/assets\//.test(asked) && response.status() < 400) return;
        this.count(`${asked} ${response.status()}`);
        const body = response.request().postData() ?? "";
        if (body.includes("delay_id")) this.count(`${asked} with delay_id`);
    }

    frame() { return this.page.frames().find((f) => f.url().includes("/element-call/")); }

    async show() {
        await this.page.evaluate((room) => host.joined(room), input.room);
        await this.page.evaluate((what) => host.show(what), { packaged: this.seat.url + "/element-call/index.html", room: input.room, intent: "join_existing", lang: "en" });
    }

    async arriving() {
        const frame = this.frame();
        if (!frame) return { frames: 0, energy: 0, from: 0 };
        return frame.evaluate(async () => {
            const seen = { frames: 0, energy: 0 };
            for (const connection of globalThis.connections ?? []) {
                if (connection.connectionState === "closed") continue;
                for (const stat of (await connection.getStats()).values()) {
                    if (stat.type !== "inbound-rtp") continue;
                    seen.frames += stat.framesDecoded ?? 0;
                    seen.energy += stat.totalAudioEnergy ?? 0;
                }
            }
            return seen;
        }).catch(() => ({ frames: 0, energy: 0 }));
    }

    async untilArriving() {
        const began = Date.now();
        for (let seen; Date.now() - began < patience; await pause(200)) {
            seen = await this.arriving();
            if (seen.frames > 20 && seen.energy > 0) return { ...seen, ms: Date.now() - began };
        }
        await this.shot("nothing");
        throw new Error(`${this.seat.user} sees nothing: ${await this.frame()?.evaluate(() => document.body.innerText)}\n${this.complaints.join("\n")}\n${this.asked().join("\n")}`);
    }

    async untilMembers(n) {
        const began = Date.now();
        for (let seen; ; await pause(100)) {
            seen = await this.page.evaluate((room) => host.members(room), input.room);
            const who = [...new Set([...seen.state, ...seen.sticky])];
            if (who.length === n) return { ...seen, ms: Date.now() - began };
            if (Date.now() - began > patience) throw new Error(`${this.seat.user} sees ${JSON.stringify(seen)} in the call, not ${n}`);
        }
    }

    async shot(name) { if (input.shots) await this.page.screenshot({ path: join(input.shots, `${input.name}-${this.seat.user}-${name}.png`) }); }
    asked() { return [...this.calls].map(([what, n]) => `${n}× ${what}`).sort((a, b) => a.slice(a.indexOf(" ")).localeCompare(b.slice(b.indexOf(" ")))); }
}

const [ana, bo] = input.seats.map((seat) => new Visitor(seat));
await ana.open();
await bo.open();
await ana.show();
await ana.untilMembers(1);
await bo.show();
report("ana", await ana.untilArriving());
report("bo", await bo.untilArriving());
report("members", { ana: await ana.untilMembers(2), bo: await bo.untilMembers(2) });
await pause(1000);
await ana.shot("both");
await bo.shot("both");
report("tiles", { ana: await ana.frame().locator("[data-testid=videoTile]").count(), bo: await bo.frame().locator("[data-testid=videoTile]").count() });

await ana.page.evaluate(() => host.hangup());
report("hungup", { bo: await bo.untilMembers(1), actions: await ana.page.evaluate(() => host.actions) });
await bo.shot("alone");

await ana.page.reload();
await ana.page.waitForFunction(() => globalThis.host);
await ana.page.evaluate((seat) => host.login(seat), ana.seat);
await ana.show();
report("again", { ...(await ana.untilArriving()), members: await bo.untilMembers(2) });
await bo.server.process().kill("SIGKILL");
report("killed", { ana: await ana.untilMembers(1) });
await ana.shot("after-kill");
report("asked", { ana: ana.asked(), bo: bo.asked() });
report("complaints", { ana: ana.complaints, bo: bo.complaints });
await ana.server.kill();
process.exit(0);
